"""What an evaluation would record, without writing anything."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from arco_sched.core import identity
from arco_sched.core.evaluate import Failure, Outcome, Ticks, agenda, evaluate, failed_at
from arco_sched.core.history import Lapse, LapseRecord, Tick
from arco_sched.core.ports import Store, Transaction
from arco_sched.core.subjects import State
from arco_sched.core.zone_rules import tzdata_release
from arco_sched.service.evaluation import Evaluation, Tally, due_schedules
from arco_sched.service.missed import with_ends
from arco_sched.service.not_found import numbers_of
from arco_sched.service.states import sets_of_states
from arco_sched.service.zone_rules import ahead_under_others


def rehearse(store: Store, workspace: str, now: int, schedules: Iterable[str] = ()) -> Evaluation:
    """What an evaluation would record; writes nothing. Raises `NotFound` for an unknown schedule."""
    names = tuple(schedules)
    tally = Tally(now)
    ticks: list[Tick] = []
    lapses: list[LapseRecord] = []
    with store.read() as transaction:
        others = transaction.definitions.about().zone_rules != tzdata_release()
        replanned = others or transaction.zones.planned_elsewhere()
        due = _due_anew(transaction, names, now) if replanned else due_schedules(transaction, names, now)
        for states in _sets_of_states(transaction, due):
            decided = [_Decided(state, evaluate(state.terms, state.cursor, now, ahead=state.ahead)) for state in states]
            for _, outcome in decided:
                tally.add(outcome)
            known = _known(transaction, decided)
            tally.conflicts += known.conflicts
            for each in decided:
                ticks += _ticks(workspace, each, known, now)
                lapses += _lapses(each, now)
        lapses = with_ends(transaction, lapses)
    return tally.answer(ticks, lapses, dry_run=True)


def _sets_of_states(transaction: Transaction, schedules: Sequence[int]) -> Iterator[list[State]]:
    """The states as they are under the installed zone rules."""
    others = transaction.definitions.about().zone_rules != tzdata_release()
    for states in sets_of_states(transaction, schedules):
        yield [state for state, _ in ahead_under_others(transaction, states)] if others else states


def _due_anew(transaction: Transaction, names: Sequence[str], now: int) -> list[int]:
    """What would be due if the agenda had been replanned under the installed zone rules, longest due first."""
    numbers = numbers_of(transaction, names) if names else transaction.definitions.numbers()
    found = []
    for states in _sets_of_states(transaction, numbers):
        for state in states:
            planned = agenda(state.terms, state.cursor, state.ahead)
            if planned is not None and planned.due_at <= now:
                found.append((planned.due_at, state.schedule))
    return [schedule for _, schedule in sorted(found)]


class _Decided(NamedTuple):
    """What would become of a schedule."""

    state: State
    outcome: Outcome

    def triggered(self) -> Iterator[tuple[int, int, int]]:
        """The ticks that would request a run, as (schedule, instant, content)."""
        for step in self.outcome.steps:
            if isinstance(step, Ticks) and step.skipped is None:
                yield from ((self.state.schedule, at, step.term.content) for at in step.instants)


class _Known(NamedTuple):
    """The recorded facts that the ticks of some schedules depend on."""

    fingerprints: dict[int, str]
    conflicts: int
    failures: dict[tuple[int, int], int]


def _known(transaction: Transaction, decided: Sequence[_Decided]) -> _Known:
    asked = [request for each in decided for request in each.triggered()]
    failing = [each.state.schedule for each in decided if each.outcome.failure is not None]
    return _Known(
        fingerprints=transaction.definitions.fingerprints({content for _, _, content in asked}),
        conflicts=transaction.runs.count_conflicts(asked),
        failures=transaction.history.failures(failing),
    )


def _lapses(decided: _Decided, now: int) -> Iterator[LapseRecord]:
    for step in decided.outcome.steps:
        if isinstance(step, Lapse):
            yield LapseRecord(decided.state.schedule_id, *step, recorded_at=now)


def _ticks(workspace: str, decided: _Decided, known: _Known, now: int) -> Iterator[Tick]:
    """The ticks that recording an outcome would make."""
    state, outcome = decided
    for step in outcome.steps:
        if isinstance(step, Ticks):
            yield from _scheduled(workspace, state.schedule_id, step, known, now)
    failure = outcome.failure
    if failure is not None:
        at = failed_at(known.failures, state.schedule, failure.term.version, now)
        if at is not None:
            yield _failed(state.schedule_id, failure, at, now)


def _scheduled(workspace: str, schedule_id: str, step: Ticks, known: _Known, now: int) -> Iterator[Tick]:
    ids = [identity.tick_id(schedule_id, "scheduled", at) for at in step.instants]
    version = step.term.version
    if step.skipped is not None:
        for tick_id, at in zip(ids, step.instants, strict=True):
            nothing = (step.skipped, None, None, None, None)
            yield Tick(tick_id, schedule_id, at, version, "skipped", *nothing, evaluated_at=now)
        return
    fingerprint = known.fingerprints[step.term.content]
    keys = [f"sched:{tick_id}" for tick_id in ids]
    run_ids = identity.run_ids(workspace, [key.encode() for key in keys])
    for tick_id, at, key, run_id in zip(ids, step.instants, keys, run_ids, strict=True):
        asked = (None, None, key, run_id, fingerprint)
        yield Tick(tick_id, schedule_id, at, version, "triggered", *asked, evaluated_at=now)


def _failed(schedule_id: str, failure: Failure, at: int, now: int) -> Tick:
    tick_id = identity.tick_id(schedule_id, "failed", failure.term.version)
    error = (None, failure.error, None, None, None)
    return Tick(tick_id, schedule_id, at, failure.term.version, "failed", *error, evaluated_at=now)
