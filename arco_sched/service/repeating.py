"""Repeating runs with the current content of their schedules: `arco runs retry --current`."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from arco_sched.core import changes, events, run_decisions
from arco_sched.core.errors import Conflict, InvalidInput, NotFound
from arco_sched.core.events import Draft
from arco_sched.core.history import Run
from arco_sched.core.policy import policy_text
from arco_sched.core.ports import Store, Transaction
from arco_sched.core.problems import Problem, said
from arco_sched.core.run_decisions import Refused
from arco_sched.core.run_subjects import Life
from arco_sched.service.life import Changed, look_at_all

_REPEAT: Final = re.compile(r"(?P<first>.+):retry:[1-9][0-9]*", re.DOTALL)


def retry_current(store: Store, workspace: str, run_ids: Sequence[str], *, now: int, force: bool = False) -> Changed:
    """New runs for the occurrences of these runs, with the content and policy that their schedules have now.

    The run key is `{run key}:retry:{n}` with the first free `n`, also when a repeated run is repeated; so each call
    makes new runs. All of them or none: raises `InvalidInput` for a run without a schedule, `NotFound` for a deleted
    schedule, `Conflict` for a run that isn't over, and for a success without `force`.
    """
    with store.write() as transaction:
        lives = transaction.queue.lives(run_ids)
        found = transaction.runs.by_ids(run_ids)
        wanted = list(dict.fromkeys(run_ids))
        for run_id in wanted:
            if run_id not in lives:
                raise NotFound(said(f"no run {run_id!a}", hint="runs"))
        _check(lives, wanted, force=force)
        drafts: list[Draft] = []
        keys: list[str] = []
        for run_id in wanted:
            key = _free_key(transaction, found[run_id], keys)
            keys.append(key)
            drafts.append(_request(transaction, workspace, lives[run_id], key, now))
        transaction.append(drafts)
        made = [run for key in keys if (run := transaction.runs.by_key(key, None, None)) is not None]
        return Changed(runs=look_at_all(transaction, made, now), change="changed")


def _check(lives: Mapping[str, Life], wanted: Sequence[str], *, force: bool) -> None:
    refused: list[str | Problem] = []
    for run_id in wanted:
        life = lives[run_id]
        if life.request.schedule_id is None:
            raise InvalidInput(f"run {run_id} belongs to no schedule, so it can only be retried with its own content")
        decided = run_decisions.retry(life.state, force=force)
        if isinstance(decided, Refused):
            refused.append(decided.problem())
        elif not decided:
            refused.append(f"run {run_id} is waiting to start: skip it first, or let it run")
    if refused:
        raise Conflict(*refused)


def _free_key(transaction: Transaction, run: Run, taken: Sequence[str]) -> str:
    repeated = None if run.tick_id is not None else _REPEAT.fullmatch(run.run_key)
    first = run.run_key if repeated is None else repeated["first"]
    number = 1
    while (key := f"{first}:retry:{number}") in taken or transaction.runs.by_key(key, None, None) is not None:
        number += 1
    return key


def _request(transaction: Transaction, workspace: str, life: Life, key: str, now: int) -> Draft:
    schedule_id, at = life.request.schedule_id, life.request.scheduled_for
    if schedule_id is None or at is None or life.schedule is None:
        raise AssertionError
    newest = changes.existing(schedule_id, transaction.definitions.currents([schedule_id]).get(schedule_id))
    content = transaction.content_numbers([newest.definition.request])[newest.definition.request]
    term = (newest.definition_version, content, policy_text(newest.definition.policy))
    return events.repeat(workspace, key, life.schedule, term, at, now)
