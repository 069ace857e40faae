"""Changes to a schedule: (newest definition version, requested change, now) -> the next version, or none. Pure.

The rules are those of docs/semantics/schedules.md.
"""

from dataclasses import replace
from typing import Any, NamedTuple

from arco_sched.core.definitions import Definition, Version
from arco_sched.core.errors import Conflict, InvalidInput, NotFound
from arco_sched.core.identity import SCHEDULE_ID
from arco_sched.core.instants import CLOCK_TOLERANCE, MAX_INSTANT, MIN_INSTANT, format_instant
from arco_sched.core.problems import Problem, said


class Current(NamedTuple):
    """The newest definition version of an id, the cursor, and what has begun.

    `is_untouched`: no tick (of any instant) and no lapse of the id exists. `not_begun`: the instant from which the
    schedule is in force, as long as nothing is accounted for since it was created or recreated; None afterwards.
    `deleted_at` is when an earlier schedule with this id was deleted.
    """

    version: Version
    cursor: int
    is_untouched: bool = False
    not_begun: int | None = None
    deleted_at: int | None = None

    @property
    def next_change(self) -> int:
        """The first instant that is not accounted for: the earliest from which a change can be in force."""
        return MIN_INSTANT if self.is_untouched else min(self.cursor + 1, MAX_INSTANT)


def create(
    schedule_id: str,
    definition: Definition,
    current: Current | None,
    now: int,
    *,
    start_at: int | None = None,
    enabled: bool | None = None,
) -> Version | None:
    """The version that creating (or recreating) a schedule makes, or None if it exists with the same content.

    A deleted id can start again at its deletion at the earliest. Raises `Conflict` if the id exists with different
    content, `InvalidInput` for an end that is not after the start or a start before the deletion.
    """
    if current is None:
        start = now if start_at is None else start_at
        _check_span(start, definition.end_at)
        return _first(schedule_id, 1, definition, start, enabled is not False, now, start)
    newest = current.version
    if not newest.deleted:
        same_start = start_at is None or start_at == newest.start_at
        same_state = enabled is None or enabled == newest.enabled
        if newest.definition == definition and same_start and same_state:
            return None
        what = f"schedule {schedule_id} already exists with different content (version {newest.definition_version})"
        raise Conflict(said(what, hint="update_schedule", schedule_id=schedule_id))
    start = default_start(newest, now) if start_at is None else start_at
    problem = before_deletion(schedule_id, newest.created_at, start, now)
    if problem is not None:
        raise InvalidInput(problem)
    _check_span(start, definition.end_at)
    number, begin = newest.definition_version + 1, max(start, current.next_change)
    return _first(schedule_id, number, definition, start, enabled is not False, now, begin)


def _first(
    schedule_id: str, number: int, definition: Definition, start_at: int, enabled: bool, now: int, effective_from: int
) -> Version:
    return Version(
        schedule_id=schedule_id,
        definition_version=number,
        definition=definition,
        start_at=start_at,
        enabled=enabled,
        deleted=False,
        created_at=now,
        effective_from=effective_from,
    )


def change(
    schedule_id: str,
    current: Current | None,
    now: int,
    *,
    definition: Definition | None = None,
    enabled: bool | None = None,
    start_at: int | None = None,
    expect_version: int | None = None,
) -> Version | None:
    """The version that an update (to `definition` or `start_at`), an enable or a disable makes, or None if nothing
    changes.

    It is in force from `now`, or from the second after the cursor if that is later; a new start applies as if it had
    been given at the creation. Raises `NotFound` for an id that does not exist or is deleted, `Conflict` if
    `expect_version` is not the current version, `InvalidInput` for an end that is not after the start, or for a start
    that can no longer be changed.
    """
    newest = existing(schedule_id, current)
    _expect(newest, expect_version)
    definition = newest.definition if definition is None else definition
    state = newest.enabled if enabled is None else enabled
    start = newest.start_at if start_at is None else start_at
    if definition == newest.definition and state == newest.enabled and start == newest.start_at:
        return None
    found = start_problems(current, start, now)
    if found:
        raise InvalidInput(*found)
    _check_span(start, definition.end_at)
    return _next(current, now, definition=definition, enabled=state, start_at=start)


def set_enabled(
    schedule_id: str,
    current: Current | None,
    now: int,
    *,
    enabled: bool,
    until: int | None = None,
    expect_version: int | None = None,
) -> Version | None:
    """The version that an enable or a disable makes, or None if nothing changes; raises like `change`.

    With `until`, a disable is a pause with an end: occurrences from that instant on are triggered again.
    """
    definition = existing(schedule_id, current).definition
    if not enabled and until is not None and until <= now:
        raise InvalidInput(Problem("until", "not_ahead", {"until": format_instant(until), "now": format_instant(now)}))
    # A pause that is over has no effect, so removing it would not be a change.
    over = definition.paused_until is not None and definition.paused_until <= now
    if not (enabled and over):
        definition = replace(definition, paused_until=None if enabled else until)
    enabled = enabled or until is not None
    return change(schedule_id, current, now, definition=definition, enabled=enabled, expect_version=expect_version)


def delete(schedule_id: str, current: Current | None, now: int, *, expect_version: int | None = None) -> Version | None:
    """The version that ends the schedule, or None if it is already deleted; raises `NotFound` and `Conflict`."""
    if current is None:
        raise not_found(schedule_id)
    _expect(current.version, expect_version)
    return None if current.version.deleted else _next(current, now, deleted=True)


def existing(schedule_id: str, current: Current | None) -> Version:
    """The newest version of a schedule that exists and is not deleted; raises `NotFound`."""
    if current is None or current.version.deleted:
        raise not_found(schedule_id, deleted=current is not None)
    return current.version


def not_found(schedule_id: str, *, deleted: bool = False) -> NotFound:
    """The error for an id that doesn't exist."""
    if deleted:
        what = f"schedule {schedule_id} is deleted"
        return NotFound(said(what, hint="create_schedule", schedule_id=schedule_id))
    return NotFound(said(f"no schedule {schedule_id}", hint="schedules"))


def _next(current: Current | None, now: int, **differences: Any) -> Version:
    if current is None:
        raise AssertionError
    start = differences.get("start_at", current.version.start_at)
    begin = now
    if start != current.version.start_at and current.not_begun is not None:
        # It replaces all earlier versions, so nothing before the new start is an occurrence any longer.
        begin = min(now, start, current.not_begun)
    return replace(
        current.version,
        definition_version=current.version.definition_version + 1,
        created_at=now,
        effective_from=max(begin, current.next_change),
        **differences,
    )


def _expect(newest: Version, expected: int | None) -> None:
    if expected is not None and expected != newest.definition_version:
        what = f"schedule {newest.schedule_id} is at version {newest.definition_version}, not {expected}"
        raise Conflict(said(what, hint="versions", schedule_id=newest.schedule_id))


def span_problems(start_at: int, end_at: int | None) -> list[Problem]:
    """What is wrong with an end: it must be after the start."""
    if end_at is None or end_at > start_at:
        return []
    return [Problem("end_at", "end", {"end": format_instant(end_at), "start": format_instant(start_at)})]


def start_problems(current: Current | None, start_at: int, now: int) -> list[Problem]:
    """What is wrong with a start for an existing schedule: it can change until the schedule has begun."""
    if current is None or start_at == current.version.start_at:
        return []
    schedule_id, start = current.version.schedule_id, format_instant(current.version.start_at)
    if current.not_begun is None:
        said = {"schedule_id": schedule_id, "start": start}
        return [Problem("start_at", "fixed_start", said)]
    problem = None
    if current.deleted_at is not None:
        problem = before_deletion(schedule_id, current.deleted_at, start_at, now)
    return [] if problem is None else [problem]


def default_start(deleted: Version, now: int) -> int:
    """Where a recreated schedule starts: now, or at its deletion if that is a little later."""
    return max(now, _deletion(deleted.created_at, now))


def before_deletion(schedule_id: str, deleted_at: int, start_at: int, now: int) -> Problem | None:
    """What is wrong with a start, if it lies before an earlier schedule of the same id was deleted."""
    deleted = _deletion(deleted_at, now)
    if start_at >= deleted:
        return None
    said = {"start": format_instant(start_at), "deleted": format_instant(deleted)}
    return Problem("start_at", "deleted_later", {**said, "schedule_id": schedule_id})


def _deletion(deleted_at: int, now: int) -> int:
    """When a schedule was deleted, by today's clock: an instant far in the future came from a wrong clock."""
    return deleted_at if deleted_at <= now + CLOCK_TOLERANCE else now


def _check_span(start_at: int, end_at: int | None) -> None:
    found = span_problems(start_at, end_at)
    if found:
        raise InvalidInput(*found)


def check_schedule_id(schedule_id: str) -> None:
    """Raise `InvalidInput` unless the id is 1 to 100 of A-Z a-z 0-9 . _ -, beginning with a letter or digit."""
    if SCHEDULE_ID.fullmatch(schedule_id) is None:
        raise InvalidInput(Problem("schedule_id", "schedule_id", {"value": schedule_id}))
