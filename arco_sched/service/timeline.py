"""`arco timeline`: the history of schedules, counted between edges."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from arco_sched.core.errors import InvalidInput
from arco_sched.core.evaluate import Stretch, stretches
from arco_sched.core.ports import Transaction
from arco_sched.service.not_found import numbers_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineCell:
    """What lies between two edges of a timeline: ticks by status, occurrences that lapsed, wait, or are to come.

    `lapsed` counts what can be counted; `unevaluable` says that an uncounted lapse or a version that can't be evaluated
    touches the cell. `pruned` says that history of it was removed.
    """

    triggered: int
    skipped: int
    failed: int
    lapsed: int
    waiting: int
    future: int
    unevaluable: bool
    pruned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """The timeline of one schedule: a cell between each two edges."""

    schedule_id: str
    timezone: str
    cells: tuple[TimelineCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The history of schedules between `edges` (instants, in order), as of `now`."""

    now: int
    edges: tuple[int, ...]
    rows: tuple[TimelineRow, ...]


def draw(transaction: Transaction, edges: Sequence[int], now: int, schedules: Iterable[str] = ()) -> Timeline:
    """The history of the named schedules (default: all that are not deleted) between the edges; see
    `Workspace.timeline`."""
    if len(edges) < 2 or list(edges) != sorted(set(edges)):
        raise InvalidInput("a timeline needs two or more instants in order")
    numbers = numbers_of(transaction, tuple(schedules) or transaction.definitions.ids())
    return Timeline(now=now, edges=tuple(edges), rows=tuple(row(transaction, number, edges, now) for number in numbers))


def row(transaction: Transaction, schedule: int, edges: Sequence[int], now: int) -> TimelineRow:
    """The row of one schedule; its cost follows the number of cells, and the ticks and lapses between the edges."""
    state = transaction.definitions.state(schedule)
    terms = transaction.definitions.terms(schedule)
    parts = stretches(terms, edges[0], edges[-1])
    ticks = transaction.history.tick_buckets(schedule, edges)
    lapses = transaction.history.lapses_within(schedule, edges[0], edges[-1])
    pruned = transaction.history.pruned_through(schedule)
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
                triggered=counts.get("triggered", 0),
                skipped=counts.get("skipped", 0),
                failed=counts.get("failed", 0),
                lapsed=lapsed,
                waiting=_count(due, start, min(stop, now + 1)),
                future=_count(due, max(start, now + 1), stop),
                unevaluable=unevaluable,
                pruned=pruned is not None and start <= pruned and stop > terms[-1].start_at,
            )
        )
    return TimelineRow(schedule_id=state.schedule_id, timezone=terms[0].timezone, cells=tuple(cells))


def _count(parts: Sequence[Stretch], start: int, stop: int) -> int:
    return sum(part.occurring(start, stop) for part in parts) if start < stop else 0
