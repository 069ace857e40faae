"""`arco timeline`: the history of schedules, counted between edges."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from arco_sched.core.errors import InvalidInput
from arco_sched.core.evaluate import Stretch, beginning, stretches
from arco_sched.core.ports import Transaction
from arco_sched.core.subjects import State
from arco_sched.service.check import LATE, usual_lag
from arco_sched.service.not_found import numbers_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineCell:
    """What lies between two edges of a timeline: ticks by status, occurrences that lapsed, wait, or are still to come.

    `lapsed` counts what can be counted; `unevaluable` says that an uncounted lapse or a version that can't be evaluated
    touches the cell. `pruned` says that some of its history was removed. The `runs_…` fields say what became of the
    runs of triggered ticks that have a command; `runs_late` ones could have started minutes ago. `late` scheduled ticks
    were evaluated later than usual (five minutes, or more if evaluations are set to be rarer), by at most
    `late_seconds`. `absent` says that the schedule didn't exist: not begun, ended or deleted. `unattended` says that
    there was no evaluation in a part of the cell.
    """

    triggered: int
    skipped: int
    failed: int
    lapsed: int
    waiting: int
    future: int
    unevaluable: bool
    pruned: bool
    runs_succeeded: int = 0
    runs_failed: int = 0
    runs_running: int = 0
    runs_waiting: int = 0
    runs_late: int = 0
    runs_skipped: int = 0
    runs_canceled: int = 0
    late: int = 0
    late_seconds: int = 0
    absent: bool = False
    unattended: bool = False

    @property
    def runs(self) -> int:
        """The triggered ticks whose runs have a command."""
        return (
            self.runs_succeeded
            + self.runs_failed
            + self.runs_running
            + self.runs_waiting
            + self.runs_late
            + self.runs_skipped
            + self.runs_canceled
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """The timeline of one schedule: a cell between each two edges."""

    schedule_id: str
    timezone: str
    cells: tuple[TimelineCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The history of schedules between `edges` (instants, in order), as of `now`.

    `unattended` are the stretches, each from an instant to before another, in which something of these schedules was
    due for longer than usual without an evaluation.
    """

    now: int
    edges: tuple[int, ...]
    rows: tuple[TimelineRow, ...]
    unattended: tuple[tuple[int, int], ...] = ()


def draw(transaction: Transaction, edges: Sequence[int], now: int, schedules: Iterable[str] = ()) -> Timeline:
    """The history of the named schedules (default: all that are not deleted) between the edges; see
    `Workspace.timeline`."""
    if len(edges) < 2 or list(edges) != sorted(set(edges)):
        raise InvalidInput("a timeline needs two or more instants in order")
    numbers = numbers_of(transaction, tuple(schedules) or transaction.definitions.ids())
    history = _History(transaction, numbers, edges, now)
    states = transaction.definitions.states(numbers)
    return Timeline(
        now=now,
        edges=tuple(edges),
        rows=tuple(history.row(state) for state in states),
        unattended=history.unattended,
    )


class _History:
    """What is recorded of some schedules between the edges, read at once."""

    def __init__(self, transaction: Transaction, schedules: Sequence[int], edges: Sequence[int], now: int) -> None:
        self._edges, self._now = edges, now
        self._terms = transaction.definitions.all_terms(schedules)
        self._ticks = transaction.history.tick_buckets(schedules, edges)
        self._lapses = transaction.history.lapses_within(schedules, edges[0], edges[-1])
        self._pruned = transaction.history.pruned_through(schedules)
        self._runs = transaction.standing.run_buckets(schedules, edges, now, LATE)
        self._usual = usual_lag(transaction.definitions.about().evaluation_minutes)
        self._late = transaction.history.late_buckets(schedules, edges, self._usual)
        self.unattended = self._gaps(transaction, schedules)

    def _gaps(self, transaction: Transaction, schedules: Sequence[int]) -> tuple[tuple[int, int], ...]:
        """When nobody evaluated, as the records tell: from when something was due, or from the evaluation before it,
        until it was evaluated or lapsed; and until now where it still waits."""
        start, stop = self._edges[0], self._edges[-1]
        found = dict(transaction.history.evaluations(schedules, start, stop))
        for schedule, lapses in self._lapses.items():
            created = min(term.created_at for term in self._terms[schedule])
            for lapse in lapses:
                if lapse.reason in {"window", "superseded"}:
                    oldest = found.get(lapse.recorded_at, lapse.recorded_at)
                    found[lapse.recorded_at] = min(oldest, max(lapse.after + 1, created))
        visited = transaction.agenda.visited_at()
        overdue = [due_at for schedule, due_at in transaction.agenda.overdue(self._now) if schedule in self._terms]
        if visited is not None and visited < self._now:
            found.setdefault(visited, visited)
        if overdue and (visited is None or visited < self._now):
            found[self._now] = min(overdue)
        gaps = []
        before = start
        for at in sorted(found):
            since = max(found[at], before)
            if at - since > self._usual and since < stop:
                gaps.append((since, at))
            before = max(before, at)
        return tuple(gaps)

    def row(self, state: State) -> TimelineRow:
        """The row of one schedule."""
        edges, now, terms = self._edges, self._now, self._terms[state.schedule]
        parts = stretches(terms, edges[0], edges[-1])
        due = stretches(terms, max(state.cursor + 1, edges[0]), edges[-1], state.ahead)
        pruned = self._pruned.get(state.schedule)
        lapsed, unevaluable = self._lapsed(state.schedule, parts)
        there_at = [(part.start, part.stop) for part in parts]
        cells = []
        for number, (start, stop) in enumerate(pairwise(edges)):
            counts = self._ticks.get((state.schedule, number), {})
            became = self._runs.get((state.schedule, number), {})
            late, late_seconds = self._late.get((state.schedule, number), (0, 0))
            cells.append(
                TimelineCell(
                    triggered=counts.get("triggered", 0),
                    skipped=counts.get("skipped", 0),
                    failed=counts.get("failed", 0),
                    lapsed=lapsed[number],
                    waiting=_count(due, start, min(stop, now + 1)),
                    future=_count(due, max(start, now + 1), stop),
                    unevaluable=unevaluable[number],
                    pruned=pruned is not None and start <= pruned and stop > beginning(terms),
                    runs_succeeded=became.get("succeeded", 0),
                    runs_failed=became.get("failed", 0),
                    runs_running=became.get("running", 0),
                    runs_waiting=became.get("waiting", 0),
                    runs_late=became.get("late", 0),
                    runs_skipped=became.get("skipped", 0),
                    runs_canceled=became.get("canceled", 0),
                    late=late,
                    late_seconds=late_seconds,
                    absent=not any(start < there_until and stop > there for there, there_until in there_at),
                    unattended=_meets(self.unattended, start, stop),
                )
            )
        return TimelineRow(schedule_id=state.schedule_id, timezone=terms[0].timezone, cells=tuple(cells))

    def _lapsed(self, schedule: int, parts: Sequence[Stretch]) -> tuple[list[int], list[bool]]:
        """How many occurrences of each cell lapsed, and whether any part of it can't be evaluated."""
        edges = self._edges
        lapsed = [0] * (len(edges) - 1)
        unevaluable = [
            any(part.times is None and part.start < stop and part.stop > start for part in parts)
            for start, stop in pairwise(edges)
        ]
        for lapse in self._lapses[schedule]:
            cell = max(0, bisect_right(edges, lapse.after + 1) - 1)
            while cell < len(lapsed) and edges[cell] < lapse.before:
                low, high = max(edges[cell], lapse.after + 1), min(edges[cell + 1], lapse.before)
                if lapse.reason == "unevaluable":
                    unevaluable[cell] = True
                elif lapse.missed is not None and (low, high) == (lapse.after + 1, lapse.before):
                    lapsed[cell] += lapse.missed
                else:
                    lapsed[cell] += _count(parts, low, high)
                cell += 1
        return lapsed, unevaluable


def _count(parts: Sequence[Stretch], start: int, stop: int) -> int:
    return sum(part.occurring(start, stop) for part in parts) if start < stop else 0


def _meets(stretches_: Sequence[tuple[int, int]], start: int, stop: int) -> bool:
    """Whether one of the stretches, which are in order, has an instant in `[start, stop)`."""
    place = bisect_left(stretches_, stop, key=lambda each: each[0])
    return place > 0 and stretches_[place - 1][1] > start
