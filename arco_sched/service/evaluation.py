"""One evaluation of the database: what is due, in transactions of a bounded size; and its rehearsal."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from arco_sched.core import identity
from arco_sched.core.cron import tzdata_release
from arco_sched.core.evaluate import Outcome, Ticks, agenda, evaluate
from arco_sched.core.history import Lapse, LapseRecord, Tick
from arco_sched.service.answers import Evaluation
from arco_sched.service.not_found import missing
from arco_sched.service.visit import nothing_due
from arco_sched.service.zone_rules import note_zone_rules, replan_all
from arco_sched.store.sqlite import append as writing
from arco_sched.store.sqlite import reading
from arco_sched.store.sqlite.agenda import visit
from arco_sched.store.sqlite.database import Database
from arco_sched.store.sqlite.fold import learn

T = TypeVar("T")

BATCH: Final = 10_000
"""How many ticks one transaction of an evaluation makes at most (a schedule without ticks counts as one)."""

PIECE: Final = 1_000
"""How many events' rows of an evaluation are read at a time."""

Progress = Callable[[int, int], None]
"""Called after each transaction with the number of schedules done, and of those that were due."""


@dataclass(slots=True)
class _Tally:
    """What an evaluation has done so far; `ranges` are the event ranges `(after, through)` of its transactions."""

    now: int
    evaluated: int = 0
    triggered: int = 0
    skipped: int = 0
    failed: int = 0
    lapsed: int = 0
    deferred: int = 0
    conflicts: int = 0
    ranges: list[tuple[int, int]] = field(default_factory=list)

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
            self.now,
            self.evaluated,
            self.triggered,
            self.skipped,
            self.failed,
            self.lapsed,
            self.deferred,
            self.conflicts,
            dry_run,
            ticks,
            lapses,
        )


class _Recorded(Iterable[T]):
    """The rows that the transactions of an evaluation recorded, read whenever they are iterated."""

    def __init__(
        self,
        database: Database,
        ranges: list[tuple[int, int]],
        read: Callable[[sqlite3.Connection, int, int], Iterator[T]],
    ) -> None:
        self._database, self._ranges, self._read = database, ranges, read

    def __iter__(self) -> Iterator[T]:
        # In pieces, and no transaction between them, so that whoever iterates may write.
        for begin, end in self._ranges:
            for after in range(begin, end, PIECE):
                with self._database.read() as connection:
                    rows = list(self._read(connection, after, min(after + PIECE, end)))
                yield from rows


def perform(
    database: Database,
    workspace: str,
    now: int,
    schedules: Iterable[str],
    progress: Progress | None = None,
    batch: int = BATCH,
) -> Evaluation:
    """Evaluate and record. Raises `NotFound` for a schedule that is not there."""
    names = tuple(dict.fromkeys(schedules))
    tally = _Tally(now)
    if names:
        with database.read() as connection:
            _due(connection, names, now)  # who is not there is refused before anything is written
    since = replan_all(database, now)
    with database.write() as connection:
        if not names and nothing_due(connection, now):
            return Evaluation.of_nothing(now)
        learn(connection, workspace)
        note_zone_rules(connection, now, since)
        due = _due(connection, names, now)
        visit(connection, now)
        position, quota = _batch(connection, due, 0, None, tally, batch)
    while True:
        if progress is not None and due:
            progress(position, len(due))
        if position == len(due):
            break
        database.let_others()
        with database.write() as connection:
            position, quota = _batch(connection, due, position, quota, tally, batch)
    return tally.report(
        _Recorded(database, tally.ranges, reading.ticks_of), _Recorded(database, tally.ranges, reading.lapses_of)
    )


def _due(connection: sqlite3.Connection, names: tuple[str, ...], now: int) -> Sequence[int]:
    if not names:
        return reading.due(connection, now)
    numbers = []
    for name in names:
        number = reading.schedule_number(connection, name)
        if number is None:
            raise missing(connection, name)
        numbers.append(number)
    return [number for number in numbers if reading.still_due(connection, number, now)]


def _due_under_other_rules(connection: sqlite3.Connection, names: tuple[str, ...], now: int) -> list[int]:
    """What `_due` would say if the agenda had been seen anew under the installed zone rules, longest due first."""
    found = []
    for schedule in reading.all_schedules(connection):
        state = reading.state(connection, schedule)
        planned = agenda(state.terms, state.cursor, state.ahead)
        if planned is not None and planned.due_at <= now and (not names or state.schedule_id in names):
            found.append((planned.due_at, schedule))
    _due(connection, names, now)  # a name that is not there is refused all the same
    return [schedule for _, schedule in sorted(found)]


def _batch(
    connection: sqlite3.Connection, due: Sequence[int], position: int, quota: int | None, tally: _Tally, room: int
) -> tuple[int, int | None]:
    """Evaluate schedules from `position` on until there is no room for another tick.

    Returns where the next batch begins, and what it may still make of the first schedule there when the batch ended in
    the middle of it.
    """
    writer = writing.Writer(connection, tally.now)
    before = writing.last_seq(connection)
    while position < len(due) and room > 0:
        schedule = due[position]
        if not reading.still_due(connection, schedule, tally.now):
            position, quota = position + 1, None  # another evaluator was here
            continue
        state = reading.state(connection, schedule)
        outcome = evaluate(state.terms, state.cursor, tally.now, quota, room, state.ahead)
        for step in outcome.steps:
            if isinstance(step, Ticks):
                writer.ticks(schedule, step.term, step.instants)
            else:
                writer.lapse(schedule, state.schedule_id, step)
        if outcome.failure is not None and not outcome.more:
            writer.failure(schedule, state.schedule_id, outcome.failure.term.version, outcome.failure.error)
        writer.agenda(schedule, agenda(state.terms, outcome.cursor, state.ahead))
        tally.add(outcome)
        room -= max(outcome.taken, 1)
        if outcome.more:
            quota = outcome.quota - outcome.taken
        else:
            position, quota = position + 1, None
    conflicts = writer.finish()
    through = writing.last_seq(connection)
    # A conflict that somebody's own request recorded before is the tick's as well, though the tick records none.
    tally.conflicts += reading.conflicts_of(connection, before, through) if writer.repeated else conflicts
    tally.ranges.append((before, through))
    return position, quota


def rehearse(database: Database, workspace: str, now: int, schedules: Iterable[str]) -> Evaluation:
    """What an evaluation would record; it writes nothing. Raises `NotFound` for a schedule that is not there."""
    tally = _Tally(now)
    ticks: list[Tick] = []
    lapses: list[LapseRecord] = []
    with database.read() as connection:
        names = tuple(dict.fromkeys(schedules))
        stale = reading.workspace(connection).zone_rules != tzdata_release()
        for schedule in _due_under_other_rules(connection, names, now) if stale else _due(connection, names, now):
            state = reading.state(connection, schedule)
            outcome = evaluate(state.terms, state.cursor, now, ahead=state.ahead)
            tally.add(outcome)
            for step in outcome.steps:
                if isinstance(step, Lapse):
                    lapses.append(LapseRecord(state.schedule_id, *step, recorded_at=now))
                elif step.term.enabled:
                    content = step.term.content
                    tally.conflicts += reading.count_conflicts(connection, schedule, content, step.instants)
                    fingerprint = reading.fingerprint(connection, content)
                    ticks += _triggered(workspace, state.schedule_id, step, fingerprint, now)
                else:
                    ticks += _skipped(state.schedule_id, step, now)
            if outcome.failure is not None:
                ticks += _failed(connection, schedule, state.schedule_id, outcome, now)
    return tally.report(ticks, lapses, dry_run=True)


def _triggered(workspace: str, schedule_id: str, step: Ticks, fingerprint: str, now: int) -> Iterator[Tick]:
    for at in step.instants:
        key = identity.run_key(schedule_id, "scheduled", at)
        run_id = identity.run_id(workspace, key)
        tick_id = identity.tick_id(schedule_id, "scheduled", at)
        what = (None, None, key, run_id, fingerprint)
        yield Tick(tick_id, schedule_id, at, step.term.version, "triggered", *what, evaluated_at=now)


def _skipped(schedule_id: str, step: Ticks, now: int) -> Iterator[Tick]:
    for at in step.instants:
        tick_id = identity.tick_id(schedule_id, "scheduled", at)
        what = ("paused", None, None, None, None)
        yield Tick(tick_id, schedule_id, at, step.term.version, "skipped", *what, evaluated_at=now)


def _failed(
    connection: sqlite3.Connection, schedule: int, schedule_id: str, outcome: Outcome, now: int
) -> Iterator[Tick]:
    if outcome.failure is None:
        return
    version = outcome.failure.term.version
    if reading.tick(connection, schedule, identity.TickKey(schedule_id, "failed", version)) is None:
        tick_id = identity.tick_id(schedule_id, "failed", version)
        what = (None, outcome.failure.error, None, None, None)
        yield Tick(tick_id, schedule_id, now, version, "failed", *what, evaluated_at=now)
