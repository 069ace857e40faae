"""`arco prune`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arco_sched.render.drawing import for_screen
from arco_sched.render.json import instant, line
from arco_sched.render.phrases import DRY_RUN, counted
from arco_sched.render.terminal import printable
from arco_sched.render.times import instant_in

if TYPE_CHECKING:
    from arco_sched.core.ports import Compaction
    from arco_sched.service.pruning import Pruning


def as_json(answer: Pruning) -> str:
    """`arco prune --json`."""
    return line(
        {
            "before": instant(answer.before),
            "schedules": answer.schedules,
            "ticks": answer.ticks,
            "lapses": answer.lapses,
            "runs": answer.runs,
            "dry_run": answer.dry_run,
        }
    )


def text(answer: Pruning) -> str:
    """`arco prune`."""
    before = instant_in(answer.before, None)
    if not answer.schedules:
        return f"Nothing is older than {before}.\n"
    verb = "would be removed" if answer.dry_run else "removed"
    what = (
        f"{counted(answer.ticks, 'tick')}, {counted(answer.lapses, 'lapse record')} and {counted(answer.runs, 'run')}"
    )
    of = counted(answer.schedules, "schedule")
    return for_screen(f"{DRY_RUN if answer.dry_run else ''}{what} of {of} {verb}: history before {before}.\n")


def compaction_as_json(answer: Compaction) -> str:
    """`arco compact --json`."""
    return line({"bytes_before": answer.before, "bytes": answer.after})


def compaction(path: str, answer: Compaction) -> str:
    """`arco compact`."""
    return f"{printable(path)}: {answer.before:,} bytes before, {answer.after:,} bytes now.\n"
