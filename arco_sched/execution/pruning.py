"""The files of attempts that are no longer needed: tokens and output of runs that have long been final."""

import os
from itertools import islice
from typing import Final

from arco_sched.core.executor import AttemptId, Executor
from arco_sched.core.ports import Store
from arco_sched.core.run_subjects import Life
from arco_sched.execution import folder

_PAGE: Final = 500


def discard_old(store: Store, executor: Executor, path: str, *, before: int, dry_run: bool = False) -> int:
    """Remove the files of all attempts of runs that are final since before `before`, or were pruned, and of no others;
    how many.

    `path` is the runs folder. A run that was canceled or skipped while it waited for a retry stays: when that was, its
    attempts do not say. Raises `OSError`, and `NotOurs` if the folder is another database's.
    """
    if not os.path.isdir(f"{path}/attempts"):
        return 0
    with store.read() as transaction:
        folder.require(path, transaction.queue.store_id() or "")
    names = iter(list(folder.names(path)))
    count = 0
    while page := list(islice(names, _PAGE)):
        attempts = [(run_id, int(number)) for run_id, _, number in (name.rpartition(".") for name in page)]
        with store.read() as transaction:
            lives = transaction.queue.lives({run_id for run_id, _ in attempts})
        # What the database does not know any more was pruned: the start of an attempt is recorded before it has files.
        old = {run_id for run_id, _ in attempts if run_id not in lives or _is_old(lives[run_id], before)}
        gone = [AttemptId(run_id, number, "") for run_id, number in attempts if run_id in old]
        if not dry_run:
            executor.discard(gone)
        count += len(gone)
    return count


def _is_old(life: Life, before: int) -> bool:
    last = life.state.attempt
    if last is None or last.end is None or last.end.ended_at >= before:
        return False
    return life.state.status in {"succeeded", "failed"} or life.state.status == last.end.outcome == "canceled"
