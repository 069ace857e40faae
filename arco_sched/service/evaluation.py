"""One evaluation of the database: what is due, in transactions of a bounded size; and its rehearsal."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar

from arco_sched.core import events, identity
from arco_sched.core.evaluate import AgendaEntry, Outcome, Ticks, agenda, evaluate
from arco_sched.core.events import Draft
from arco_sched.core.history import Lapse, LapseRecord, Tick
from arco_sched.core.ports import Store, Transaction
from arco_sched.core.subjects import State
from arco_sched.core.zone_rules import tzdata_release
from arco_sched.service.not_found import numbers_of
from arco_sched.service.zone_rules import catch_up

T = TypeVar("T")

BATCH: Final = 10_000
"""How many ticks one transaction of an evaluation makes at most (a schedule without ticks counts as one)."""

STATES: Final = 1_000
"""How many schedules' states are read at a time."""

PAGE: Final = 1_000
"""How many events' rows of an evaluation are read at a time."""

Progress = Callable[[int, int], None]
"""Called after each transaction with the number of schedules done, and of those that were due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What one evaluation did, or with `dry_run` would do.

    `evaluated` counts the schedules with something due, waiting or failing; `lapsed` occurrences, not records;
    `deferred` the occurrences that wait for the next evaluation. `ticks` and `lapses` are read when they are iterated,
    so that a catch-up of any size fits in memory.
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
    """Evaluate and record. Raises `NotFound` for a schedule that is not there."""
    names = tuple(schedules)
    if names:
        with store.read() as transaction:
            numbers_of(transaction, names)  # who is not there is refused before anything is written
    catch_up(store, now)
    evaluator = _Evaluator(workspace, now)
    with store.write() as transaction:
        if not names and not transaction.agenda.is_due(now):
            transaction.agenda.record_visit(now)
            return evaluator.tally.report((), ())
        evaluator.due = _due(transaction, names, now)
        transaction.agenda.record_visit(now)
        evaluator.batch(transaction, batch)
    while True:
        if progress is not None and evaluator.due:
            progress(evaluator.position, len(evaluator.due))
        if evaluator.position == len(evaluator.due):
            break
        store.yield_to_writers()
        with store.write() as transaction:
            evaluator.batch(transaction, batch)
    return evaluator.tally.report(
        _Recorded(store, evaluator.ranges, lambda transaction, *span: transaction.history.ticks_of(*span)),
        _Recorded(store, evaluator.ranges, lambda transaction, *span: transaction.history.lapses_of(*span)),
    )


def _due(transaction: Transaction, names: Sequence[str], now: int) -> Sequence[int]:
    if not names:
        return transaction.agenda.due(now)
    numbers = numbers_of(transaction, names)
    due = transaction.agenda.due_among(numbers, now)
    return [number for number in numbers if number in due]


class _Evaluator:
    """What is due, how far it is evaluated, and what came of it; `batch` does the next part in one transaction."""

    def __init__(self, workspace: str, now: int) -> None:
        self._workspace, self._now = workspace, now
        self.tally = _Tally(now)
        self.due: Sequence[int] = ()
        self.position = 0
        self.ranges: list[tuple[int, int]] = []
        self._quota: int | None = None
        """What may still be made of the schedule at `position`, where a batch ended in the middle of it."""
        self._states = STATES

    def batch(self, transaction: Transaction, room: int) -> None:
        """Evaluate schedules from `position` on until there is no room for another tick, and record it."""
        drafts: list[Draft] = []
        planned: dict[int, AgendaEntry | None] = {}
        began = self.position
        while self.position < len(self.due) and room > 0:
            numbers = self.due[self.position : self.position + self._states]
            still = transaction.agenda.due_among(numbers, self._now)  # another evaluator may have been here
            states = transaction.definitions.states([number for number in numbers if number in still])
            room = self._slice(numbers, {state.schedule: state for state in states}, drafts, planned, room)
        # The states that one batch has room for: none are read twice.
        self._states = max(1, min(STATES, self.position - began + 1))
        appended = transaction.append(drafts)
        transaction.agenda.set(planned)
        self.tally.conflicts += appended.conflicts
        self.ranges.append((appended.before, appended.through))

    def _slice(
        self,
        numbers: Sequence[int],
        states: dict[int, State],
        drafts: list[Draft],
        planned: dict[int, AgendaEntry | None],
        room: int,
    ) -> int:
        for number in numbers:
            if room <= 0:
                break
            state = states.get(number)
            if state is not None:
                outcome = evaluate(state.terms, state.cursor, self._now, self._quota, room, state.ahead)
                self._draft(state, outcome, drafts)
                planned[number] = agenda(state.terms, outcome.cursor, state.ahead)
                self.tally.add(outcome)
                room -= max(outcome.taken, 1)
                if outcome.more:
                    self._quota = outcome.quota - outcome.taken
                    break
            self.position, self._quota = self.position + 1, None
        return room

    def _draft(self, state: State, outcome: Outcome, drafts: list[Draft]) -> None:
        """The events of what an evaluation of one schedule decided."""
        schedule, schedule_id, now = state.schedule, state.schedule_id, self._now
        for step in outcome.steps:
            if isinstance(step, Ticks):
                drafts += events.scheduled_ticks(self._workspace, schedule, schedule_id, step.term, step.instants, now)
            else:
                drafts.append(events.lapse(schedule, schedule_id, step, now))
        if outcome.failure is not None and not outcome.more:
            version, error = outcome.failure.term.version, outcome.failure.error
            drafts.append(events.failure(schedule, schedule_id, version, error, now))


@dataclass(slots=True)
class _Tally:
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
            elif step.term.enabled:
                self.triggered += len(step.instants)
            else:
                self.skipped += len(step.instants)
        if not outcome.more:
            self.evaluated += 1
            self.deferred += outcome.deferred
            self.failed += outcome.failure is not None

    def report(self, ticks: Iterable[Tick], lapses: Iterable[LapseRecord], *, dry_run: bool = False) -> Evaluation:
        """The answer."""
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


class _Recorded(Iterable[T]):
    """The rows that the transactions of an evaluation recorded, read whenever they are iterated."""

    def __init__(
        self, store: Store, ranges: list[tuple[int, int]], read: Callable[[Transaction, int, int], Iterator[T]]
    ) -> None:
        self._store, self._ranges, self._read = store, ranges, read

    def __iter__(self) -> Iterator[T]:
        # In pages, and no transaction between them, so that whoever iterates may write.
        for begin, end in self._ranges:
            for after in range(begin, end, PAGE):
                with self._store.read() as transaction:
                    rows = list(self._read(transaction, after, min(after + PAGE, end)))
                yield from rows


# The rehearsal.


def rehearse(store: Store, workspace: str, now: int, schedules: Iterable[str] = ()) -> Evaluation:
    """What an evaluation would record; it writes nothing. Raises `NotFound` for a schedule that is not there."""
    tally = _Tally(now)
    ticks: list[Tick] = []
    lapses: list[LapseRecord] = []
    with store.read() as transaction:
        names = tuple(schedules)
        stale = transaction.definitions.about().zone_rules != tzdata_release()
        due = iter(_due_under_other_rules(transaction, names, now) if stale else _due(transaction, names, now))
        while numbers := list(islice(due, STATES)):
            for state in transaction.definitions.states(numbers):
                outcome = evaluate(state.terms, state.cursor, now, ahead=state.ahead)
                tally.add(outcome)
                lapses += [
                    LapseRecord(state.schedule_id, *step, recorded_at=now)
                    for step in outcome.steps
                    if isinstance(step, Lapse)
                ]
                ticks += _rehearsed(transaction, workspace, state, outcome, now, tally)
    return tally.report(ticks, lapses, dry_run=True)


def _due_under_other_rules(transaction: Transaction, names: Sequence[str], now: int) -> list[int]:
    """What `_due` would say if the agenda had been replanned under the installed zone rules, longest due first."""
    numbers = numbers_of(transaction, names) if names else transaction.definitions.numbers()
    found = []
    for first in range(0, len(numbers), STATES):
        for state in transaction.definitions.states(numbers[first : first + STATES]):
            planned = agenda(state.terms, state.cursor, state.ahead)
            if planned is not None and planned.due_at <= now:
                found.append((planned.due_at, state.schedule))
    return [schedule for _, schedule in sorted(found)]


def _rehearsed(
    transaction: Transaction, workspace: str, state: State, outcome: Outcome, now: int, tally: _Tally
) -> Iterator[Tick]:
    """The ticks that recording an outcome would make."""
    schedule_id = state.schedule_id
    for step in outcome.steps:
        if isinstance(step, Lapse):
            continue
        ids = [identity.tick_id(schedule_id, "scheduled", at) for at in step.instants]
        version = step.term.version
        if not step.term.enabled:
            for tick_id, at in zip(ids, step.instants, strict=True):
                what = ("paused", None, None, None, None)
                yield Tick(tick_id, schedule_id, at, version, "skipped", *what, evaluated_at=now)
            continue
        content = step.term.content
        tally.conflicts += transaction.runs.count_conflicts(state.schedule, content, step.instants)
        fingerprint = transaction.definitions.fingerprints([content])[content]
        keys = [f"sched:{tick_id}" for tick_id in ids]
        run_ids = identity.run_ids(workspace, [key.encode() for key in keys])
        for tick_id, at, key, run_id in zip(ids, step.instants, keys, run_ids, strict=True):
            asked = (None, None, key, run_id, fingerprint)
            yield Tick(tick_id, schedule_id, at, version, "triggered", *asked, evaluated_at=now)
    if outcome.failure is not None:
        key_ = identity.TickKey(schedule_id, "failed", outcome.failure.term.version)
        if transaction.history.tick(state.schedule, key_) is None:
            failed = (None, outcome.failure.error, None, None, None)
            yield Tick(identity.tick_id(*key_), schedule_id, now, key_.number, "failed", *failed, evaluated_at=now)
