"""Check a definition before it is recorded, preview its occurrences, and show what is recorded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Literal

from arco_sched.core import changes, fields
from arco_sched.core.cron import check_expression, load_zone, read_expression, timetable_from
from arco_sched.core.cron.zones import in_zone
from arco_sched.core.days import DaySet
from arco_sched.core.definitions import Definition, DstGap, DstOverlap, RequestContent, Version
from arco_sched.core.errors import InvalidInput
from arco_sched.core.evaluate import in_force, occurrences, stretches, times_of, waiting
from arco_sched.core.history import Schedule, SkipReason
from arco_sched.core.instants import DAY, MAX_INSTANT, format_instant, format_span
from arco_sched.core.kinds import problems_of
from arco_sched.core.policy import spread_of, starts_at
from arco_sched.core.ports import Transaction
from arco_sched.core.problems import Problem
from arco_sched.core.skipping import skip_reason
from arco_sched.core.special_kinds import Days
from arco_sched.service.not_found import missing, number_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDetail:
    """`arco schedule show`: the schedule, how many occurrences wait, and the next ones after `now`.

    `skips` says why some of the next ones won't request a run, as things stand.
    """

    schedule: Schedule
    waiting: int
    next_occurrences: tuple[int, ...]
    skips: Mapping[int, SkipReason] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionChange:
    """A definition version and the names of the fields in which it differs from `previous`, the version before.

    `by` and `note` are who made it and why, if known.
    """

    version: Version
    changed: tuple[str, ...]
    previous: Version | None = None
    by: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedOccurrence:
    """One line of a preview: the instant, the offset of the zone's clock there, and what a clock change did.

    `starts_at` is the instant plus the spread; `skipped` is why the occurrence won't request a run, as things stand.
    """

    at: int
    offset: int
    note: Literal["gap", "overlap-first", "overlap-second"] | None
    starts_at: int
    skipped: SkipReason | None


def checked(definition: Definition, schedule_id: str) -> Definition:
    """The definition in its normal form; raises `InvalidInput` with all its problems."""
    found: list[Problem] = []
    try:
        changes.check_schedule_id(schedule_id)
    except InvalidInput as error:
        found += error.details
    raise_any(found + fields.problems(definition))
    return fields.normal(definition)


def normal(content: RequestContent) -> RequestContent:
    """The request content with its names sorted and without duplicates."""
    return fields.normal_content(**{field.name: getattr(content, field.name) for field in fields.CONTENT})


def raise_any(problems: Sequence[str | Problem]) -> None:
    """Raise `InvalidInput` with all problems, if there are any."""
    if problems:
        raise InvalidInput(*problems)


def warnings(version: Version, minutes: int | None = None) -> tuple[str, ...]:
    """What a person should know about a valid definition that is evaluated every `minutes` (default 1)."""
    return (*cautious(version.definition), *_never_or_late(version, minutes or 1))


def cautious(definition: Definition, said: Iterable[str] = ()) -> tuple[str, ...]:
    """Warnings about what the expression may mean unexpectedly; `said` are fields that were given, with any value."""
    from arco_sched.core.cron.cautions import cautions

    given = {name for name in _OF_CLOCK_CHANGES if getattr(definition, name) != _OF_CLOCK_CHANGES[name]}
    try:
        expression = read_expression(definition.cron_expression)
    except InvalidInput:
        return ()
    return tuple(cautions(expression, [name for name in _OF_CLOCK_CHANGES if name in given or name in said]))


_OF_CLOCK_CHANGES: Final = {"dst_gap": "next", "dst_overlap": "first"}
"""The fields that say what a clock change does to a fixed time, with their defaults."""


def _never_or_late(version: Version, every: int) -> tuple[str, ...]:
    definition = version.definition
    try:
        times = read_expression(definition.cron_expression).times_within(every)
    except InvalidInput:
        return ()  # a stored expression that can't be read is reported by the next evaluation, not by a pause
    if definition.cron_expression == "@once" and version.start_at < version.effective_from:
        start = format_instant(version.start_at)
        return (f"{version.schedule_id} is never due: @once is due at the start, {start}, which has passed",)
    return (*_cant_keep_up(version, times, every), *_window_too_short(version, every))


def _cant_keep_up(version: Version, times: int, every: int) -> Iterator[str]:
    definition = version.definition
    if times > definition.max_catchup_ticks:
        lost = "wait" if definition.catchup_policy == "oldest-first" else "lapse"
        how_often, meanwhile = ("minute", "a minute") if every == 1 else (f"{every} minutes", "in between")
        yield (
            f"evaluated every {how_often}, {version.schedule_id} can't keep up: it has {times} occurrences {meanwhile} "
            f"but max_catchup_ticks is {definition.max_catchup_ticks}, so the others {lost}: set it to {times} or more"
        )


def _window_too_short(version: Version, every: int) -> Iterator[str]:
    window = version.definition.catchup_window_minutes
    if window < every:
        yield (
            f"evaluated every {every} minutes, {version.schedule_id} loses occurrences: its catchup_window is "
            f"{format_span(window, 'minutes')}, so older ones lapse: set it to {every}m or more"
        )


def preview(
    cron_expression: str,
    timezone: str,
    *,
    start: int,
    count: int,
    dst_gap: DstGap = "next",
    dst_overlap: DstOverlap = "first",
    excluded_days: Sequence[str] = (),
) -> list[PreviewedOccurrence]:
    """The next `count` occurrences from `start` on (inclusive) of an expression in a zone; doesn't need a database.

    `@every` and `@once` count from `start`.
    """
    days = problems_of(Days(), "excluded_days", excluded_days)
    expression, zone = in_zone(check_expression, cron_expression, timezone, *days)
    times = timetable_from(expression.text, timezone, dst_gap, dst_overlap, start)
    excluded = DaySet(excluded_days)
    shown = []
    for at in times.take(start, MAX_INSTANT + 1, count):
        offset = zone.offset_at(at)
        skipped: SkipReason | None = "excluded" if (at + offset) // DAY in excluded else None
        shown.append(PreviewedOccurrence(at=at, offset=offset, note=times.note(at), starts_at=at, skipped=skipped))
    return shown


def preview_of(transaction: Transaction, schedule_id: str, start: int, count: int) -> list[PreviewedOccurrence]:
    """The next `count` occurrences of a schedule from `start` on (inclusive), each under its own version."""
    terms = transaction.definitions.terms(number_of(transaction, schedule_id), start - 1)
    found: list[PreviewedOccurrence] = []
    for part in stretches(terms, start, MAX_INSTANT + 1):
        if part.times is not None:
            term = part.term
            zone = load_zone(term.timezone)
            times = times_of(term)
            spread = spread_of(term.policy)
            found += [
                PreviewedOccurrence(
                    at=at,
                    offset=zone.offset_at(at),
                    note=times.note(at),
                    starts_at=starts_at(schedule_id, at, spread),
                    skipped=skip_reason(term, at),
                )
                for at in times.take(part.start, part.stop, count - len(found))
            ]
    return found


def detail(transaction: Transaction, schedule_id: str, now: int, count: int) -> ScheduleDetail:
    """A schedule, how many occurrences wait, and the `count` next ones after `now`."""
    schedule = transaction.definitions.schedule(schedule_id)
    if schedule is None:
        raise missing(transaction, schedule_id)
    state = transaction.definitions.state(number_of(transaction, schedule_id))
    coming = tuple(islice(occurrences(state.terms, max(state.cursor, now) + 1, MAX_INSTANT + 1), max(count, 0)))
    skips = {
        at: reason
        for at in coming
        if (term := in_force(state.terms, at)) is not None and (reason := skip_reason(term, at)) is not None
    }
    waits = waiting(state.terms, state.cursor, now + 1, state.ahead)
    return ScheduleDetail(schedule=schedule, waiting=waits, next_occurrences=coming, skips=skips)


def version_changes(transaction: Transaction, schedule_id: str) -> list[VersionChange]:
    """Every definition version, oldest first, with what changed in it."""
    schedule = number_of(transaction, schedule_id)
    found = transaction.definitions.versions(schedule)
    signed = transaction.events.signatures(schedule)
    changes = []
    for earlier, version in zip([None, *found], found, strict=False):
        by, note = signed.get(version.definition_version, (None, None))
        changed = fields.changed_fields(earlier, version)
        changes.append(VersionChange(version=version, changed=changed, previous=earlier, by=by, note=note))
    return changes
