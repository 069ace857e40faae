"""The fold of the rare events: an event -> what changes in the tables. Pure.

Ticks, run requests and lapses come by the hundred thousand, so a store folds them in sets with its own statements. All
other events are folded here, one at a time, into changes that any store can carry out.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from arco_sched.core.definitions import Version
from arco_sched.core.fields import version_of
from arco_sched.core.history import LapseCut
from arco_sched.core.instants import parse_instant
from arco_sched.core.run_events import Event, from_payload


class RareEvent(NamedTuple):
    """A recorded event, as the fold sees it; `schedule` and `content` are the store's numbers."""

    seq: int
    name: str
    schedule: int | None
    content: int | None
    recorded_at: int
    payload: Mapping[str, Any]


class VersionAdded(NamedTuple):
    """A definition version is added; the first one creates the schedule, with its cursor just before it. A later one
    that begins before the cursor, since nothing is accounted for yet, moves the cursor with it."""

    schedule: int
    content: int
    version: Version


class VersionMoved(NamedTuple):
    """A definition version is in force from another instant on, and has another start if `start_at` is given."""

    schedule: int
    version: int
    effective_from: int
    start_at: int | None


class CursorRewound(NamedTuple):
    """The cursor goes back to `cursor`; `abandoned` is where it was."""

    schedule: int
    cursor: int
    abandoned: int


class HistoryRemoved(NamedTuple):
    """Ticks (except failed ones) and lapses of a schedule through an instant are removed; the other fields stay."""

    schedule: int
    through: int
    cursor: int
    last_instant: int | None
    last_run: int | None


class RunsRemoved(NamedTuple):
    """Runs of a schedule are removed with their events: of those with `after < number <= through`, the ones that were
    final before `before`, or, with `unexecuted`, that nobody executed."""

    schedule: int
    before: int
    after: int
    through: int
    unexecuted: bool


class LifeWent(NamedTuple):
    """A run's life went on, or a pool was changed: `core.runs.apply` gives the state that follows."""

    schedule: int | None
    event: Event


class ZoneRulesSet(NamedTuple):
    """The recorded zone rules are now those of this tzdata release."""

    release: str


class OccurrencesServed(NamedTuple):
    """Occurrences of a schedule are already accounted for: their appointments were, under other zone rules."""

    schedule_id: str
    instants: tuple[int, ...]


RowChange = (
    LifeWent
    | VersionAdded
    | VersionMoved
    | CursorRewound
    | LapseCut
    | HistoryRemoved
    | RunsRemoved
    | ZoneRulesSet
    | OccurrencesServed
)


def fold_definition(event: RareEvent) -> Iterator[RowChange]:
    """A definition version was created, changed, or ended."""
    if event.content is None:
        raise ValueError("a definition without content")
    schedule_id = str(event.payload["schedule_id"])
    yield VersionAdded(_schedule(event), event.content, version_of(schedule_id, event.payload))


def fold_zone_rules(event: RareEvent) -> Iterator[RowChange]:
    """Other zone rules were installed."""
    yield ZoneRulesSet(str(event.payload["to"]))
    for schedule_id, instants in event.payload.get("served", {}).items():
        yield OccurrencesServed(schedule_id, tuple(parse_instant(at) for at in instants))


def fold_rewind(event: RareEvent) -> Iterator[RowChange]:
    """A cursor was brought back to the clock, with the versions and lapses that lay beyond it."""
    payload = event.payload
    schedule = _schedule(event)
    yield CursorRewound(schedule, parse_instant(payload["to"]), parse_instant(payload["from"]))
    for moved in payload["versions"]:
        begin, start = parse_instant(moved["effective_from"]), optional_instant(moved.get("start_at"))
        yield VersionMoved(schedule, moved["definition_version"], begin, start)
    for cut in payload["lapses"]:
        yield LapseCut(cut["seq"], optional_instant(cut["before"]), cut["missed"])


def fold_pruning(event: RareEvent) -> Iterator[RowChange]:
    """History of a schedule was removed with its events: only this event tells what stays."""
    payload = event.payload
    yield HistoryRemoved(
        _schedule(event),
        parse_instant(payload["through"]),
        parse_instant(payload["cursor"]),
        optional_instant(payload["last_scheduled_for"]),
        optional_instant(payload["last_run_for"]),
    )


def fold_runs_pruning(event: RareEvent) -> Iterator[RowChange]:
    """Runs of a schedule were removed, with their events."""
    payload = event.payload
    yield RunsRemoved(
        _schedule(event),
        parse_instant(payload["before"]),
        payload["after"],
        payload["through"],
        bool(payload["unexecuted"]),
    )


def fold_life(event: RareEvent) -> Iterator[RowChange]:
    """What happened to a run or a pool."""
    yield LifeWent(event.schedule, from_payload(event.name, event.payload, parse_instant))


def _schedule(event: RareEvent) -> int:
    if event.schedule is None:
        raise ValueError("an event without its schedule")
    return event.schedule


def optional_instant(text: str | None) -> int | None:
    """The instant, or None for none."""
    return None if text is None else parse_instant(text)
