"""Creating, changing and ending schedules."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from arco_sched.core import changes, events, fields, run_decisions
from arco_sched.core.definitions import Definition, Version
from arco_sched.core.evaluate import Ticks, discard, evaluate, waiting
from arco_sched.core.events import Draft
from arco_sched.core.history import Schedule
from arco_sched.core.ports import Store, Transaction
from arco_sched.core.subjects import State
from arco_sched.service.definitions import checked, warnings
from arco_sched.service.not_found import missing
from arco_sched.service.working import drafts_of
from arco_sched.service.zone_rules import replan

_REHEARSED: Final = 100_000
"""Ticks of the next evaluation that are looked at to tell what will be triggered."""

BATCH: Final = 2_000
"""Waiting runs that one transaction skips."""

Decide = Callable[[changes.Current | None], Version | None]
"""What a change makes of the newest version: the next one, or None where nothing changes."""


Change = Literal["created", "updated", "unchanged", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleChange:
    """The answer to create, update, enable, disable and delete.

    `waiting` occurrences lie before the change and are not accounted for; `discarded` of them lapsed with it. Of those
    that did not, `will_trigger` request runs if they are evaluated soon; the others are too old or too many, or fell
    into a pause. `runs_waiting` runs were requested and wait for a worker; `runs_discarded` of them were skipped with
    it. `warnings` are sentences for people.
    """

    schedule: Schedule
    change: Change
    waiting: int = 0
    discarded: int = 0
    warnings: tuple[str, ...] = ()
    runs_waiting: int = 0
    runs_discarded: int = 0
    will_trigger: int = 0


def create(
    store: Store,
    schedule_id: str,
    definition: Definition,
    *,
    now: int,
    start_at: int | None = None,
    enabled: bool | None = None,
) -> ScheduleChange:
    """Create a schedule, or re-create a deleted one; see `Workspace.create_schedule`."""
    definition = checked(definition, schedule_id)

    def decide(current: changes.Current | None) -> Version | None:
        return changes.create(schedule_id, definition, current, now, start_at=start_at, enabled=enabled)

    return _change(store, schedule_id, decide, "created", now)


def update(
    store: Store,
    schedule_id: str,
    values: Mapping[str, Any],
    *,
    now: int,
    start_at: int | None = None,
    enabled: bool | None = None,
    expect_version: int | None = None,
    discard_waiting: bool = False,
) -> ScheduleChange:
    """Replace some fields of the definition; see `Workspace.update_schedule`."""

    def decide(current: changes.Current | None) -> Version | None:
        newest = changes.existing(schedule_id, current)
        definition = checked(fields.merge(newest.definition, values), schedule_id)
        return changes.change(
            schedule_id,
            current,
            now,
            definition=definition,
            enabled=enabled,
            start_at=start_at,
            expect_version=expect_version,
        )

    return _change(store, schedule_id, decide, "updated", now, discard_waiting=discard_waiting)


def set_enabled(
    store: Store,
    schedule_id: str,
    enabled: bool,
    *,
    now: int,
    expect_version: int | None = None,
    discard_waiting: bool = False,
) -> ScheduleChange:
    """Enable or disable (pause) a schedule."""

    def decide(current: changes.Current | None) -> Version | None:
        return changes.change(schedule_id, current, now, enabled=enabled, expect_version=expect_version)

    return _change(
        store, schedule_id, decide, "updated", now, discard_waiting=discard_waiting, discard_runs=not enabled
    )


def delete(
    store: Store, schedule_id: str, *, now: int, expect_version: int | None = None, discard_waiting: bool = False
) -> ScheduleChange:
    """End a schedule."""

    def decide(current: changes.Current | None) -> Version | None:
        return changes.delete(schedule_id, current, now, expect_version=expect_version)

    return _change(store, schedule_id, decide, "deleted", now, discard_waiting=discard_waiting, discard_runs=True)


def _change(
    store: Store,
    schedule_id: str,
    decide: Decide,
    change: Change,
    now: int,
    *,
    discard_waiting: bool = False,
    discard_runs: bool = False,
) -> ScheduleChange:
    changes.check_schedule_id(schedule_id)
    with store.write() as transaction:
        current = transaction.definitions.currents([schedule_id]).get(schedule_id)
        if current is None and change != "created":
            raise missing(transaction, schedule_id)
        version = decide(current)
        drafts: list[Draft] = []
        count = discarded = triggering = 0
        runs: list[str] = []
        skipped: list[Draft] = []
        number = transaction.definitions.number(schedule_id)
        if number is not None:
            state = transaction.definitions.state(number)
            before = max(now, state.cursor + 1) if version is None else version.effective_from
            count = waiting(state.terms, state.cursor, before, state.ahead)
            runs = transaction.standing.waiting_of(number)
            if discard_waiting and discard_runs:
                skipped = _skip(transaction, runs[:BATCH], now)
            if discard_waiting:
                for lapse in discard(state.terms, state.cursor, before, state.ahead):
                    drafts.append(events.lapse(number, schedule_id, lapse, now))
                    discarded += lapse.missed or 0
            elif count:
                triggering = _will_trigger(state, before - 1, count)
        record(transaction, [] if version is None else [version], [*drafts, *skipped])
        schedule = transaction.definitions.schedule(schedule_id)
        if schedule is None:
            raise AssertionError
        said = () if version is None or version.deleted else warnings(version)
    discarded_runs = len(skipped) + (_skip_in_batches(store, runs[BATCH:], now) if skipped else 0)
    return ScheduleChange(
        schedule=schedule,
        change="unchanged" if version is None else change,
        waiting=count,
        discarded=discarded,
        warnings=said,
        runs_waiting=len(runs),
        runs_discarded=discarded_runs,
        will_trigger=triggering,
    )


def _skip_in_batches(store: Store, run_ids: Sequence[str], now: int) -> int:
    """Skip waiting runs, in transactions of a bounded size; those that do not wait any more are left alone."""
    skipped = 0
    for first in range(0, len(run_ids), BATCH):
        store.yield_to_writers()
        with store.write() as transaction:
            drafts = _skip(transaction, run_ids[first : first + BATCH], now)
            transaction.append(drafts)
        skipped += len(drafts)
    return skipped


def _will_trigger(state: State, through: int, count: int) -> int:
    """How many of the `count` occurrences that wait through an instant would become triggered ticks in the end, were
    they evaluated then."""
    outcome = evaluate(state.terms, state.cursor, through, limit=_REHEARSED, ahead=state.ahead)
    for step in outcome.steps:
        if not isinstance(step, Ticks):
            count -= step.missed or 0
        elif not step.term.enabled:
            count -= len(step.instants)
    return max(count, 0)


def _skip(transaction: Transaction, run_ids: Sequence[str], now: int) -> list[Draft]:
    """The events that skip waiting runs, with the reason `discarded`."""
    drafts: list[Draft] = []
    for life in transaction.queue.lives(run_ids).values():
        drafts += drafts_of(life, run_decisions.skip(life.state), now)
    return drafts


def record(transaction: Transaction, versions: Sequence[Version], before: Iterable[Draft] = ()) -> None:
    """Record versions of different schedules, after the events of `before`, and replan the schedules of both."""
    drafts = list(before)
    numbers = transaction.schedule_numbers(version.schedule_id for version in versions)
    contents = transaction.content_numbers(version.definition.request for version in versions)
    touched = dict.fromkeys(draft[1] for draft in drafts if draft[1] is not None)
    for version in versions:
        number = numbers[version.schedule_id]
        drafts.append(events.definition(version, number, contents[version.definition.request]))
        touched[number] = None
    transaction.append(drafts)
    replan(transaction, list(touched))


def count_waiting(transaction: Transaction, versions: Iterable[Version]) -> dict[str, int]:
    """How many occurrences before each of these versions, which are not recorded yet, are not accounted for."""
    begins = {version.schedule_id: version.effective_from for version in versions}
    numbers = transaction.definitions.numbers_of(begins)
    states = transaction.definitions.states(list(numbers.values()))
    return {
        state.schedule_id: waiting(state.terms, state.cursor, begins[state.schedule_id], state.ahead)
        for state in states
    }
