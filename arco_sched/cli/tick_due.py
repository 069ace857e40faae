"""What `arco tick` does where something is due, and what it prints.

cron's line comes here without its command line having been read (see `quick`), so nothing here needs typer.
"""

import time
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from arco_sched.cli.context import clocks
from arco_sched.cli.exits import ExitCode
from arco_sched.core.errors import NotFound
from arco_sched.render.terminal import is_terminal, write

if TYPE_CHECKING:
    from arco_sched.service.evaluation import Evaluation
    from arco_sched.service.workspace import Workspace

SHOWN: Final = 20
"""Ticks that are shown to a person; the others are in `arco ticks list`."""

SEARCHED: Final = 1000
"""Ticks among which the conflicts of an evaluation are looked for."""


def evaluate(
    workspace: "Workspace",
    at: int,
    schedules: Sequence[str] = (),
    *,
    dry_run: bool = False,
    quiet: bool = False,
    zone: str | None = None,
    as_json: bool = False,
) -> ExitCode:
    """Evaluate as of `at` and show what came of it; returns `FAILURES` where a schedule can't be evaluated."""
    answer = _evaluated(workspace, at, schedules, dry_run=dry_run, watched=not quiet)
    code = ExitCode.FAILURES if answer.failed else ExitCode.DONE
    try:
        _show(workspace, answer, quiet=quiet, zone=zone, as_json=as_json)
    except BrokenPipeError:
        # The evaluation is done, and its exit code holds whether or not the rest is read.
        if code is ExitCode.DONE:
            raise
    return code


def _evaluated(
    workspace: "Workspace", at: int, schedules: Sequence[str], *, dry_run: bool, watched: bool
) -> "Evaluation":
    if not (watched and is_terminal(to_stderr=True)):
        return workspace.evaluate(at, schedules=schedules, dry_run=dry_run)
    from arco_sched.render.progress import Bar

    started, bar = time.monotonic(), Bar()

    def progress(done: int, total: int) -> None:
        if time.monotonic() - started > 1:
            bar.update(done, total)

    try:
        return workspace.evaluate(at, schedules=schedules, dry_run=dry_run, progress=progress)
    finally:
        bar.close()


def show_nothing(now: int, *, as_json: bool) -> None:
    """Say that nothing is due."""
    if as_json:
        from arco_sched.render import json

        write(json.nothing_due(now))
    else:
        from arco_sched.render import sentences

        write(sentences.nothing_due(now))


def _show(workspace: "Workspace", answer: "Evaluation", *, quiet: bool, zone: str | None, as_json: bool) -> None:
    if as_json:
        from arco_sched.render.json import evaluation

        write(evaluation(answer))
        return
    if quiet and not (answer.failed or answer.conflicts):
        return
    from arco_sched.render import sentences

    if quiet:
        if answer.failed:
            write(sentences.failed(answer.failed) + "\n")
        if answer.conflicts:
            write(sentences.conflicts(answer.conflicts, _conflicting(workspace, answer)) + "\n")
    elif not answer.evaluated:
        write(sentences.nothing_due(answer.now))
    else:
        from arco_sched.render.evaluation import draw

        draw(
            answer,
            list(islice(answer.ticks, SHOWN)),
            list(islice(answer.lapses, SHOWN)),
            _conflicting(workspace, answer) if answer.conflicts else [],
            clocks(workspace, zone),
        )


def _conflicting(workspace: "Workspace", answer: "Evaluation") -> list[str]:
    """The first few ticks whose run key was reserved for another content; none of a dry run, which has no ticks yet."""
    found: list[str] = []
    if not answer.dry_run:
        for each in islice(answer.ticks, SEARCHED):
            if len(found) < 3 and _is_conflict(workspace, each):
                found.append(each.tick_id)
    return found


def _is_conflict(workspace: "Workspace", tick: Any) -> bool:
    try:
        detail = workspace.tick(tick.tick_id)
    except NotFound:
        return False
    return detail.run is not None and detail.run.request_fingerprint != tick.request_fingerprint
