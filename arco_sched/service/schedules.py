"""Creating and changing schedules."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, NamedTuple

from arco_sched.core import changes, events, fields, run_decisions
from arco_sched.core.definitions import Definition, Version
from arco_sched.core.errors import NotFound
from arco_sched.core.evaluate import Ticks, discard, evaluate, waiting
from arco_sched.core.events import Draft
from arco_sched.core.history import Lapse, Schedule
from arco_sched.core.instants import format_instant
from arco_sched.core.ports import Store, Transaction
from arco_sched.core.problems import said
from arco_sched.core.subjects import State
from arco_sched.service.definitions import checked, warnings
from arco_sched.service.not_found import missing, numbers_of
from arco_sched.service.working import drafts_of
from arco_sched.service.zone_rules import replan

_REHEARSED: Final = 100_000
"""How many ticks of the next evaluation are looked at to tell what will be triggered."""

BATCH: Final = 2_000
"""Maximum waiting runs that one transaction skips."""

Decide = Callable[[changes.Current | None], Version | None]
"""What a change makes of the newest version: the next one, or None if nothing changes."""


Change = Literal["created", "updated", "unchanged", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleChange:
    """The answer to create, update, enable, disable and delete.

    `waiting` occurrences lie before the change and are not accounted for; `discarded` of them lapsed with it. Of the
    rest, `will_trigger` request runs if they are evaluated soon; the others are too old, too many, or in a pause.
    `runs_waiting` runs were requested and wait for a worker; `runs_discarded` of them were skipped with the change.
    `warnings` are sentences for people. `changed` has each field that differs, by its JSON name, with its value
    before and after; it is empty unless the schedule is updated.
    """

    schedule: Schedule
    change: Change
    changed: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
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
    """Create a schedule, or recreate a deleted one; see `Workspace.create_schedule`."""
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


def choose(transaction: Transaction, labels: Mapping[str, str]) -> list[str]:
    """The ids of the schedules that have all of these labels and are not deleted; raises `NotFound` for none."""
    found = [schedule.version.schedule_id for schedule in chosen(transaction, (), labels, deleted=False)]
    if not found:
        which = f" with {', '.join(f'{key}={value}' for key, value in labels.items())}" if labels else ""
        raise NotFound(said(f"no schedule{which}", hint="schedules"))
    return found


def chosen(
    transaction: Transaction, schedule_ids: Sequence[str], labels: Mapping[str, str], *, deleted: bool
) -> list[Schedule]:
    """The schedules named (none: every one that is not deleted, with `deleted` these too) that have all of the labels,
    sorted by id; raises `NotFound` for an id that doesn't exist."""
    numbers_of(transaction, schedule_ids)
    return [
        schedule
        for schedule in transaction.definitions.schedules(deleted=deleted or bool(schedule_ids))
        if (not schedule_ids or schedule.version.schedule_id in schedule_ids)
        and labels.items() <= dict(schedule.version.definition.request.labels).items()
    ]


def _change(
    store: Store, schedule_id: str, decide: Decide, change: Change, now: int, *, discard_waiting: bool = False
) -> ScheduleChange:
    return change_all(
        store, [schedule_id], lambda _, current: decide(current), change, now, discard_waiting=discard_waiting
    )[0]


def change_all(
    store: Store,
    schedule_ids: Sequence[str],
    decide: Callable[[str, changes.Current | None], Version | None],
    change: Change,
    now: int,
    *,
    discard_waiting: bool = False,
    discard_runs: bool = False,
) -> list[ScheduleChange]:
    """Record what `decide` makes of each schedule, all of them or none; `discard_waiting` lapses what waits, and with
    `discard_runs` skips the waiting runs too. Raises what `decide` raises, and `NotFound`."""
    for schedule_id in schedule_ids:
        changes.check_schedule_id(schedule_id)
    with store.write() as transaction:
        currents = transaction.definitions.currents(schedule_ids)
        if change != "created":
            for schedule_id in schedule_ids:
                if schedule_id not in currents:
                    raise missing(transaction, schedule_id)
        versions = {each: decide(each, currents.get(each)) for each in schedule_ids}
        numbers = transaction.definitions.numbers_of(schedule_ids)
        states = {state.schedule_id: state for state in transaction.definitions.states(list(numbers.values()))}
        effects: dict[str, _Effect] = {}
        room = BATCH if discard_waiting and discard_runs else 0
        for each, state in states.items():
            effects[each] = _effect(transaction, state, versions[each], now, room, discard_waiting=discard_waiting)
            room -= len(effects[each].skipped)
        drafts = [draft for effect in effects.values() for draft in (*effect.lapsed, *effect.skipped)]
        record(transaction, [version for version in versions.values() if version is not None], drafts)
        schedules = {each: transaction.definitions.schedule(each) for each in versions}
        minutes = transaction.definitions.about().evaluation_minutes
        said = {each: _said(transaction, version, minutes, now) for each, version in versions.items()}
    answers = []
    for each, version in versions.items():
        schedule, effect = schedules[each], effects.get(each)
        if schedule is None:
            raise AssertionError
        later = 0
        if effect is not None and discard_waiting and discard_runs:
            later = _skip_in_batches(store, effect.runs[len(effect.skipped) :], now)
        answer = _answer(schedule, said[each], "unchanged" if version is None else change, effect, later)
        before = currents.get(each)
        if version is not None and before is not None and change == "updated":
            answer = replace(answer, changed=fields.differences(before.version, version))
        answers.append(answer)
    return answers


class _Effect(NamedTuple):
    """What a change does to the backlog: waiting occurrences, and runs that wait for a worker."""

    waiting: int
    will_trigger: int
    lapses: list[Lapse]
    lapsed: list[Draft]
    runs: list[str]
    skipped: list[Draft]


def _effect(
    transaction: Transaction, state: State, version: Version | None, now: int, room: int, *, discard_waiting: bool
) -> _Effect:
    """At most `room` of the runs are skipped with the change itself."""
    before = max(now, state.cursor + 1) if version is None else version.effective_from
    count = waiting(state.terms, state.cursor, before, state.ahead)
    runs = transaction.standing.waiting_of(state.schedule)
    lapses = discard(state.terms, state.cursor, before, state.ahead) if discard_waiting else []
    return _Effect(
        waiting=count,
        will_trigger=_will_trigger(state, before - 1, count) if count and not discard_waiting else 0,
        lapses=lapses,
        lapsed=[events.lapse(state.schedule, state.schedule_id, lapse, now) for lapse in lapses],
        runs=runs,
        skipped=_skip(transaction, runs[:room], now) if room > 0 else [],
    )


def _answer(
    schedule: Schedule, said: tuple[str, ...], change: Change, effect: _Effect | None, skipped_later: int
) -> ScheduleChange:
    if effect is None:
        return ScheduleChange(schedule=schedule, change=change, warnings=said)
    return ScheduleChange(
        schedule=schedule,
        change=change,
        waiting=effect.waiting,
        discarded=sum(lapse.missed or 0 for lapse in effect.lapses),
        warnings=said,
        runs_waiting=len(effect.runs),
        runs_discarded=len(effect.skipped) + skipped_later,
        will_trigger=effect.will_trigger,
    )


def _skip_in_batches(store: Store, run_ids: Sequence[str], now: int) -> int:
    """Skip waiting runs, in transactions of a bounded size; runs that no longer wait are left alone."""
    skipped = 0
    for first in range(0, len(run_ids), BATCH):
        store.yield_to_writers()
        with store.write() as transaction:
            drafts = _skip(transaction, run_ids[first : first + BATCH], now)
            transaction.append(drafts)
        skipped += len(drafts)
    return skipped


def _will_trigger(state: State, through: int, count: int) -> int:
    """How many of the `count` occurrences that wait through an instant would eventually become triggered ticks if they
    were evaluated then."""
    outcome = evaluate(state.terms, state.cursor, through, limit=_REHEARSED, ahead=state.ahead)
    for step in outcome.steps:
        if not isinstance(step, Ticks):
            count -= step.missed or 0
        elif step.skipped is not None:
            count -= len(step.instants)
    return max(count, 0)


def _said(transaction: Transaction, version: Version | None, minutes: int | None, now: int) -> tuple[str, ...]:
    """The sentences for people about a new version."""
    if version is None or version.deleted:
        return ()
    return (*warnings(version, minutes), *_since_then(transaction, version, now))


def _since_then(transaction: Transaction, version: Version, now: int) -> tuple[str, ...]:
    """What the next evaluation makes of the occurrences since a new start in the past; nothing for an older start."""
    number = transaction.definitions.number(version.schedule_id)
    if number is None or version.start_at >= now or version.effective_from > version.start_at:
        return ()
    state = transaction.definitions.state(number)
    if not waiting(state.terms, state.cursor, now, state.ahead):
        return ()
    outcome = evaluate(state.terms, state.cursor, now, limit=0, ahead=state.ahead)
    lapse = sum(step.missed or 0 for step in outcome.steps if isinstance(step, Lapse))
    made = min(outcome.quota, outcome.deferred)
    later = f", {outcome.deferred - made:,} wait for later ones" if outcome.deferred > made else ""
    ticks = "1 becomes a tick" if made == 1 else f"{made:,} become ticks"
    lapsed = "1 lapses" if lapse == 1 else f"{lapse:,} lapse"
    since = f"since the start {format_instant(version.start_at)}"
    return (
        f"of the occurrences {since}, {ticks} at the next evaluation{later}, and {lapsed if lapse else 'none lapses'}",
    )


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
    """How many occurrences before each of these versions, which aren't recorded yet, are not accounted for."""
    begins = {version.schedule_id: version.effective_from for version in versions}
    numbers = transaction.definitions.numbers_of(begins)
    states = transaction.definitions.states(list(numbers.values()))
    return {
        state.schedule_id: waiting(state.terms, state.cursor, begins[state.schedule_id], state.ahead)
        for state in states
    }
