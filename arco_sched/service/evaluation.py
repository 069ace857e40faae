"""One evaluation of the database, in transactions of a bounded size. `rehearsal` tells what it would do."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from arco_sched.core import events
from arco_sched.core.evaluate import AgendaEntry, Failure, Outcome, Ticks, agenda, evaluate, failed_at
from arco_sched.core.events import Draft, TickSeries
from arco_sched.core.history import Lapse, LapseRecord, Tick
from arco_sched.core.ports import Store, Transaction
from arco_sched.core.subjects import State
from arco_sched.service.not_found import numbers_of
from arco_sched.service.states import STATES
from arco_sched.service.zone_rules import catch_up

T = TypeVar("T")

BATCH: Final = 10_000
"""Maximum ticks in one transaction of an evaluation (a schedule without ticks counts as one)."""

PAGE: Final = 1_000
"""How many rows of an evaluation are read at a time."""

Progress = Callable[[int, int], None]
"""Called after each transaction with the numbers of schedules done and of schedules that were due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What one evaluation did, or with `dry_run` would do.

    `evaluated` counts the schedules with something due, waiting or failing; `lapsed` occurrences, not records;
    `deferred` counts the occurrences that wait for the next evaluation. `ticks` and `lapses` are read while they are
    iterated, so that a catch-up of any size fits in memory.
    """

    now: int
    evaluated: int
    triggered: int
    skipped: int
    failed: int
    lapsed: int
    deferred: int
    conflicts: int
    dry_run: bool
    ticks: Iterable[Tick]
    lapses: Iterable[LapseRecord]


def perform(
    store: Store,
    workspace: str,
    now: int,
    schedules: Iterable[str] = (),
    progress: Progress | None = None,
    batch: int = BATCH,
) -> Evaluation:
    """Evaluate and record. Raises `NotFound` for an unknown schedule."""
    names = tuple(schedules)
    if names:
        with store.read() as transaction:
            numbers_of(transaction, names)  # an unknown id is refused before anything is written
    catch_up(store, now)
    with store.write() as transaction:
        transaction.agenda.record_visit(now)
        evaluator = _Evaluator(workspace, now, due_schedules(transaction, names, now))
        evaluator.evaluate_batch(transaction, batch)
    while True:
        if progress is not None and evaluator.due:
            progress(evaluator.position, len(evaluator.due))
        if evaluator.is_done():
            return evaluator.answer(store)
        store.yield_to_writers()
        with store.write() as transaction:
            evaluator.evaluate_batch(transaction, batch)


def due_schedules(transaction: Transaction, names: Sequence[str], now: int) -> Sequence[int]:
    """The schedules to evaluate: those that are due, of `names` or of all."""
    if not names:
        return transaction.agenda.due(now)
    numbers = numbers_of(transaction, names)
    due = transaction.agenda.due_among(numbers, now)
    return [number for number in numbers if number in due]


class _Evaluator:
    """What is due, how far the evaluation has got, and its results."""

    def __init__(self, workspace: str, now: int, due: Sequence[int]) -> None:
        self._workspace, self._now = workspace, now
        self.due = due
        self.position = 0
        self._tally = Tally(now)
        self._ranges: list[tuple[int, int]] = []
        """The events that each transaction recorded, as (after, through)."""
        self._quota: int | None = None
        """The ticks left for the schedule at `position`, if a batch ended in the middle of it."""
        self._states = STATES

    def is_done(self) -> bool:
        """Whether all that is due is evaluated."""
        return self.position == len(self.due)

    def evaluate_batch(self, transaction: Transaction, room: int) -> None:
        """Evaluate schedules from `position` on until there is no room for another tick, and record it."""
        batch, began = _Batch(room), self.position
        while not self.is_done() and batch.room > 0:
            numbers = self.due[self.position : self.position + self._states]
            states = self._still_due(transaction, numbers)
            for number in numbers:
                if batch.room <= 0:
                    break
                if number in states and not self._decide(states[number], batch):
                    break
                self.position, self._quota = self.position + 1, None
        # As many states as one batch has room for, so that none is read twice.
        self._states = max(1, min(STATES, self.position - began + 1))
        self._record(transaction, batch)

    def _still_due(self, transaction: Transaction, numbers: Sequence[int]) -> dict[int, State]:
        """The states of those schedules that no other evaluator has evaluated meanwhile."""
        due = transaction.agenda.due_among(numbers, self._now)
        states = transaction.definitions.states([number for number in numbers if number in due])
        return {state.schedule: state for state in states}

    def _decide(self, state: State, batch: "_Batch") -> bool:
        """Decide what becomes of one schedule; returns whether the batch had room for all of it."""
        outcome = evaluate(state.terms, state.cursor, self._now, self._quota, batch.room, state.ahead)
        batch.drafts += self._drafts(state, outcome)
        if outcome.failure is not None and not outcome.more:
            batch.failures.append((state, outcome.failure))
        batch.planned[state.schedule] = agenda(state.terms, outcome.cursor, state.ahead)
        batch.room -= max(outcome.taken, 1)
        self._quota = outcome.quota - outcome.taken if outcome.more else None
        self._tally.add(outcome)
        return not outcome.more

    def _drafts(self, state: State, outcome: Outcome) -> list[Draft | TickSeries]:
        """The events of what was decided about one schedule."""
        schedule, schedule_id, now = state.schedule, state.schedule_id, self._now
        drafts: list[Draft | TickSeries] = []
        for step in outcome.steps:
            if isinstance(step, Ticks):
                drafts += events.scheduled_ticks(self._workspace, schedule, schedule_id, *step[:2], now, step.skipped)
            else:
                drafts.append(events.lapse(schedule, schedule_id, step, now))
        return drafts

    def _failed(self, transaction: Transaction, failures: Sequence[tuple[State, Failure]]) -> list[Draft]:
        """Failed ticks for the versions that don't have one yet."""
        if not failures:
            return []
        failed, drafts = transaction.history.failures([state.schedule for state, _ in failures]), []
        for state, (term, error) in failures:
            at = failed_at(failed, state.schedule, term.version, self._now)
            if at is not None:
                drafts.append(events.failure(state.schedule, state.schedule_id, term.version, error, at, self._now))
        return drafts

    def _record(self, transaction: Transaction, batch: "_Batch") -> None:
        if not batch.planned:  # nothing was due, or another evaluator was faster
            return
        appended = transaction.append([*batch.drafts, *self._failed(transaction, batch.failures)])
        transaction.agenda.set(batch.planned)
        self._tally.conflicts += appended.conflicts
        self._ranges.append((appended.before, appended.through))

    def answer(self, store: Store) -> Evaluation:
        """What was done; its rows are read from the store."""
        return self._tally.answer(
            _Recorded(store, self._ranges, lambda transaction, *span: transaction.history.ticks_of(*span)),
            _Recorded(store, self._ranges, _lapses_of),
        )


@dataclass(slots=True)
class _Batch:
    """What one transaction will record, and how many more ticks it has room for."""

    room: int
    drafts: list[Draft | TickSeries] = field(default_factory=list)
    failures: list[tuple[State, Failure]] = field(default_factory=list)
    planned: dict[int, AgendaEntry | None] = field(default_factory=dict)


@dataclass(slots=True)
class Tally:
    """What an evaluation has done so far."""

    now: int
    evaluated: int = 0
    triggered: int = 0
    skipped: int = 0
    failed: int = 0
    lapsed: int = 0
    deferred: int = 0
    conflicts: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count what the outcome of a schedule makes."""
        for step in outcome.steps:
            if isinstance(step, Lapse):
                self.lapsed += step.missed or 0
            elif step.skipped is None:
                self.triggered += len(step.instants)
            else:
                self.skipped += len(step.instants)
        if not outcome.more:
            self.evaluated += 1
            self.deferred += outcome.deferred
            self.failed += outcome.failure is not None

    def answer(self, ticks: Iterable[Tick], lapses: Iterable[LapseRecord], *, dry_run: bool = False) -> Evaluation:
        """The answer, with its rows."""
        return Evaluation(
            now=self.now,
            evaluated=self.evaluated,
            triggered=self.triggered,
            skipped=self.skipped,
            failed=self.failed,
            lapsed=self.lapsed,
            deferred=self.deferred,
            conflicts=self.conflicts,
            dry_run=dry_run,
            ticks=ticks,
            lapses=lapses,
        )


def _lapses_of(transaction: Transaction, after: int, through: int) -> Iterator[LapseRecord]:
    from arco_sched.service.missed import with_ends

    yield from with_ends(transaction, transaction.history.lapses_of(after, through))


class _Recorded(Iterable[T]):
    """The rows that the transactions of an evaluation recorded, read each time they are iterated."""

    def __init__(
        self, store: Store, ranges: list[tuple[int, int]], read: Callable[[Transaction, int, int], Iterator[T]]
    ) -> None:
        self._store, self._ranges, self._read = store, ranges, read

    def __iter__(self) -> Iterator[T]:
        # In pages, with no transaction open between them: the caller may write while it iterates.
        for first, through in self._ranges:
            for after in range(first, through, PAGE):
                with self._store.read() as transaction:
                    rows = list(self._read(transaction, after, min(after + PAGE, through)))
                yield from rows
