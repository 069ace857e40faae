"""`arco backfill`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from arco_sched.render.drawing import ALARM, NOTE, Screen
from arco_sched.render.json import instant, line, tick_row
from arco_sched.render.phrases import DRY_RUN, counted
from arco_sched.render.tables import ticks
from arco_sched.render.times import Clocks

if TYPE_CHECKING:
    from arco_sched.service.backfill import Backfill

SHOWN: Final = 20
"""Ticks that are shown to a person; the others are in `arco ticks list`."""


def as_json(answer: Backfill) -> str:
    """`arco backfill --json`."""
    return line(
        {
            "schedule_id": answer.schedule_id,
            "from": instant(answer.start),
            "to": instant(answer.stop),
            "created": answer.created,
            "existing": answer.existing,
            "ran": answer.ran,
            "waiting": answer.waiting,
            "excluded": answer.excluded,
            "remaining": answer.remaining,
            "conflicts": answer.conflicts,
            "dry_run": answer.dry_run,
            "ticks": [tick_row(tick) for tick in answer.ticks],
        }
    )


def draw(answer: Backfill, clocks: Clocks) -> None:
    """`arco backfill`: what was made, and what of the range was not and why."""
    screen = Screen()
    start, stop = (clocks.show(at, answer.schedule_id) for at in (answer.start, answer.stop))
    verb = "would be backfilled" if answer.dry_run else "backfilled"
    parts = [f"{counted(answer.created, 'occurrence')} {verb}"]
    parts += [f"{answer.existing:,} already backfilled"] if answer.existing else []
    parts += [f"{answer.ran:,} already triggered"] if answer.ran else []
    parts += (
        [f"{answer.waiting:,} {'waits' if answer.waiting == 1 else 'wait'} for `arco tick`"] if answer.waiting else []
    )
    parts += [f"{answer.excluded:,} on excluded days"] if answer.excluded else []
    head = DRY_RUN if answer.dry_run else ""
    screen.line(f"{head}{answer.schedule_id} from {start} until {stop}: {', '.join(parts)}.")
    if answer.ticks:
        screen.line("")
        ticks(answer.ticks[:SHOWN], clocks, screen=screen)
        if len(answer.ticks) > SHOWN:
            screen.line(
                f"and {len(answer.ticks) - SHOWN:,} more" + ("." if answer.dry_run else ": see `arco ticks list`")
            )
    if answer.remaining or answer.conflicts:
        screen.line("")
    if answer.remaining:
        left = "1 more is" if answer.remaining == 1 else f"{answer.remaining:,} more are"
        screen.line(f"{left} left over by --limit: run the same command again.", NOTE)
    if answer.conflicts:
        count = counted(answer.conflicts, "run key was", "run keys were")
        kept = "already reserved for different content, and the first run was kept"
        screen.line(f"{count} {kept}: see `arco ticks show`.", ALARM)
