"""`arco timeline`: the history of schedules, counted between edges."""

import sqlite3
from collections.abc import Sequence
from itertools import pairwise

from arco_sched.core.evaluate import Stretch, stretches
from arco_sched.core.instants import BEFORE_ALL
from arco_sched.service.answers import TimelineCell, TimelineRow
from arco_sched.store.sqlite import reading


def row(connection: sqlite3.Connection, schedule: int, edges: Sequence[int], now: int) -> TimelineRow:
    """The row of one schedule; its cost follows the number of cells, and the ticks and lapses between the edges."""
    state = reading.state(connection, schedule)
    terms = reading.terms(connection, schedule, BEFORE_ALL)
    parts = stretches(terms, edges[0], edges[-1])
    ticks = reading.tick_buckets(connection, schedule, edges)
    lapses = reading.lapses_within(connection, schedule, edges[0], edges[-1])
    pruned = reading.pruned_through(connection, schedule)
    due = stretches(terms, max(state.cursor + 1, edges[0]), edges[-1], state.ahead)
    cells = []
    for number, (start, stop) in enumerate(pairwise(edges)):
        counts = ticks.get(number, {})
        lapsed = 0
        unevaluable = any(part.times is None and part.start < stop and part.stop > start for part in parts)
        for lapse in lapses:
            low, high = max(start, lapse.after + 1), min(stop, lapse.before)
            if low >= high:
                continue
            if lapse.reason == "unevaluable":
                unevaluable = True
            else:
                lapsed += _count(parts, low, high)
        cells.append(
            TimelineCell(
                counts.get("triggered", 0),
                counts.get("skipped", 0),
                counts.get("failed", 0),
                lapsed,
                _count(due, start, min(stop, now + 1)),
                _count(due, max(start, now + 1), stop),
                unevaluable,
                pruned is not None and start <= pruned and stop > terms[-1].start_at,
            )
        )
    return TimelineRow(state.schedule_id, terms[0].timezone, tuple(cells))


def _count(parts: Sequence[Stretch], start: int, stop: int) -> int:
    return sum(part.occurring(start, stop) for part in parts) if start < stop else 0
