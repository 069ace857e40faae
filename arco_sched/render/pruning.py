"""`arco prune`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arco_sched.core.instants import format_instant
from arco_sched.render.json import instant, line
from arco_sched.render.phrases import DRY_RUN, counted

if TYPE_CHECKING:
    from arco_sched.service.pruning import Pruning


def as_json(answer: Pruning) -> str:
    """`arco prune --json`."""
    return line(
        {
            "before": instant(answer.before),
            "schedules": answer.schedules,
            "ticks": answer.ticks,
            "lapses": answer.lapses,
            "dry_run": answer.dry_run,
        }
    )


def text(answer: Pruning) -> str:
    """`arco prune`."""
    before = format_instant(answer.before)
    if not answer.schedules:
        return f"Nothing is older than {before}.\n"
    verb = "would be removed" if answer.dry_run else "removed"
    what = f"{counted(answer.ticks, 'tick')} and {counted(answer.lapses, 'lapse record')}"
    of = counted(answer.schedules, "schedule")
    return f"{DRY_RUN if answer.dry_run else ''}{what} of {of} {verb}: history before {before}.\n"
