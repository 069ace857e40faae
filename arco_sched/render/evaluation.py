"""What one evaluation did, on a screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from arco_sched.core.history import LapseRecord, Tick
from arco_sched.render import sentences
from arco_sched.render.drawing import ALARM, NOTE, Screen
from arco_sched.render.tables import lapses, ticks
from arco_sched.render.times import Clocks

if TYPE_CHECKING:
    from arco_sched.service.evaluation import Evaluation


def draw(
    answer: Evaluation,
    first_ticks: Sequence[Tick],
    first_lapses: Sequence[LapseRecord],
    conflicting: list[str],
    clocks: Clocks,
) -> None:
    """`arco tick`: the counts, the first ticks and lapses, and what to look at."""
    screen = Screen()
    screen.line(sentences.evaluation(answer))
    if first_ticks:
        screen.line("")
        ticks(first_ticks, clocks, screen=screen)
        more = answer.triggered + answer.skipped - sum(tick.status != "failed" for tick in first_ticks)
        if more > 0:
            screen.line(f"and {more:,} more" + ("." if answer.dry_run else ": see `arco ticks list`"))
    if first_lapses:
        screen.line("")
        screen.line("Lapsed (too old, or too many to catch up):")
        lapses(first_lapses, clocks, screen=screen)
        if answer.lapsed > sum(lapse.missed or 0 for lapse in first_lapses):
            screen.line("and more" + ("." if answer.dry_run else ": see `arco lapses list`"))
    rest = [
        *([(sentences.deferred(answer.deferred), NOTE)] if answer.deferred else []),
        *([(sentences.conflicts(answer.conflicts, conflicting), ALARM)] if answer.conflicts else []),
        *([(sentences.failed(answer.failed), ALARM)] if answer.failed else []),
    ]
    if rest:
        screen.line("")
    for content, style in rest:
        screen.line(content, style)
