"""Changes of a schedule: (its newest definition version, what is asked, now) -> the next version, or none. Pure.

The rules are those of docs/semantics.md, "Schedules and definition versions".
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from arco_sched.core.definitions import CATCHUP_POLICIES, DST_GAPS, DST_OVERLAPS, Definition, RequestContent, Version
from arco_sched.core.errors import Conflict, InvalidInput, NotFound
from arco_sched.core.identity import SCHEDULE_ID
from arco_sched.core.instants import MAX_MINUTES, format_instant, parse_instant

MAX_TICKS: Final = 1_000_000_000
MAX_NAME: Final = 1000
MAX_COMMAND: Final = 100_000
_FIELDS: Final = tuple(name for name in Definition._fields if name not in {"request", "end_at"})
_CONTENT: Final = RequestContent._fields
VERSION_NAMES: Final = (*_FIELDS, *_CONTENT, "start_at", "end_at", "enabled", "deleted")
"""The fields of a version that a person can change, by their JSON names."""


class Current(NamedTuple):
    """The newest definition version of an id, and the cursor."""

    version: Version
    cursor: int


def create(
    schedule_id: str,
    definition: Definition,
    current: Current | None,
    now: int,
    *,
    start_at: int | None = None,
    enabled: bool | None = None,
) -> Version | None:
    """The version that creating (or re-creating) makes, or None when the same content is there already.

    Raises `Conflict` when the id exists with other content, `InvalidInput` for an end that is not after the start or a
    start before the deletion of an earlier schedule of that id.
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
        raise Conflict(
            f"schedule {schedule_id} exists with other content (version {newest.definition_version}): "
            f"change it with `arco schedule update {schedule_id}`"
        )
    if start_at is not None and start_at < newest.effective_from:
        raise InvalidInput(
            f"--start {format_instant(start_at)} is before the deletion of {schedule_id} "
            f"({format_instant(newest.effective_from)}): history before it can't be made again"
        )
    start = max(now, newest.effective_from) if start_at is None else start_at
    _check_span(start, definition.end_at)
    number, begin = newest.definition_version + 1, max(start, current.cursor + 1)
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
    expect_version: int | None = None,
) -> Version | None:
    """The version that an update (the new `definition`), an enable or a disable makes, or None when nothing changes.

    It is in force from `now`, or from the second after the cursor where that is later. Raises `NotFound` for an id
    that does not exist or is deleted, `Conflict` when `expect_version` is not the current version, `InvalidInput` for
    an end that is not after the start.
    """
    newest = existing(schedule_id, current)
    _expect(newest, expect_version)
    definition = newest.definition if definition is None else definition
    state = newest.enabled if enabled is None else enabled
    if definition == newest.definition and state == newest.enabled:
        return None
    _check_span(newest.start_at, definition.end_at)
    return _next(current, now, definition=definition, enabled=state)


def delete(schedule_id: str, current: Current | None, now: int, *, expect_version: int | None = None) -> Version | None:
    """The version that ends the schedule, or None when it is deleted already; raises `NotFound` and `Conflict`."""
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
    """The error for an id that is not there."""
    if deleted:
        return NotFound(f"schedule {schedule_id} is deleted: `arco schedule create {schedule_id}` makes it anew")
    return NotFound(f"no schedule {schedule_id}: `arco schedule list` shows those there are")


def merge(definition: Definition, values: Mapping[str, Any]) -> Definition:
    """The definition with some fields replaced; those of the request content are named like the others."""
    content = {name: value for name, value in values.items() if name in _CONTENT}
    rest = {name: value for name, value in values.items() if name not in _CONTENT}
    if content:
        rest["request"] = definition.request._replace(**content)
    return definition._replace(**rest)


def _next(current: Current | None, now: int, **differences: Any) -> Version:
    if current is None:
        raise AssertionError
    return current.version._replace(
        definition_version=current.version.definition_version + 1,
        created_at=now,
        effective_from=max(now, current.cursor + 1),
        **differences,
    )


def _expect(newest: Version, expected: int | None) -> None:
    if expected is not None and expected != newest.definition_version:
        raise Conflict(
            f"schedule {newest.schedule_id} is at version {newest.definition_version}, not {expected}: "
            "look at `arco schedule versions` and decide again"
        )


def _check_span(start_at: int, end_at: int | None) -> None:
    if end_at is not None and end_at <= start_at:
        raise InvalidInput(f"--end {format_instant(end_at)} is not after the start {format_instant(start_at)}")


def changed_fields(before: Version | None, after: Version) -> tuple[str, ...]:
    """The names, as in JSON, of what differs between two versions; for the first version, none."""
    if before is None:
        return ()
    old, new = flat(before), flat(after)
    return tuple(name for name in new if old[name] != new[name])


def flat(version: Version) -> dict[str, Any]:
    """The fields of a version that a person can change, by their JSON names, in the order of the JSON answers."""
    definition = version.definition
    values: dict[str, Any] = {name: getattr(definition, name) for name in _FIELDS if name != "code_version"}
    values |= {name: getattr(definition.request, name) for name in _CONTENT}
    values |= {"code_version": definition.code_version, "start_at": version.start_at, "end_at": definition.end_at}
    return values | {"enabled": version.enabled, "deleted": version.deleted}


def version_of(payload: Mapping[str, Any], *, created_at: int) -> Version:
    """The version that the payload of its event says; raises what a payload that is otherwise gives (`KeyError`, …)."""
    end_at = payload["end_at"]
    plain = {name: payload[name] for name in _FIELDS}
    content = normal_content(
        *(payload[name] for name in ("asset_selection", "partition_selection", "command", "labels"))
    )
    return Version(
        payload["schedule_id"],
        payload["definition_version"],
        Definition(**plain, request=content, end_at=None if end_at is None else parse_instant(end_at)),
        parse_instant(payload["start_at"]),
        payload["enabled"],
        payload["deleted"],
        created_at,
        parse_instant(payload["effective_from"]),
    )


def problems(definition: Definition) -> list[str]:
    """Everything that is wrong with the bounds, choices and texts of a definition, a sentence each.

    The cron expression and the zone are judged where they are read (`arco_sched.core.cron`).
    """
    found = []
    if not 1 <= definition.catchup_window_minutes <= MAX_MINUTES:
        found.append("--catchup-window must be between 1 minute and 100 years")
    if not 1 <= definition.max_catchup_ticks <= MAX_TICKS:
        found.append(f"--max-catchup must be between 1 and {MAX_TICKS}")
    for option, value, choices in (
        ("--catchup-policy", definition.catchup_policy, CATCHUP_POLICIES),
        ("--dst-gap", definition.dst_gap, DST_GAPS),
        ("--dst-overlap", definition.dst_overlap, DST_OVERLAPS),
    ):
        if value not in choices:
            found.append(f"{option} {value!r} must be one of {', '.join(choices)}")
    if definition.code_version is not None:
        found += text_problems("--code-version", definition.code_version)
    return found + content_problems(definition.request)


def content_problems(content: RequestContent) -> list[str]:
    """Everything that is wrong with what a run is asked to do."""
    found = []
    for option, names in (("--asset", content.asset_selection), ("--partition", content.partition_selection)):
        for name in names:
            found += text_problems(option, name)
    if content.command is not None:
        found += text_problems("--command", content.command, limit=MAX_COMMAND, lines=True)
    for key, value in content.labels:
        found += text_problems("--label key", key) + text_problems(f"--label {key}", value, empty=True)
    return found


def text_problems(
    what: str, text: str, *, limit: int = MAX_NAME, lines: bool = False, empty: bool = False
) -> list[str]:
    """What is wrong with a user's text: empty, over-long, or with characters that are no text."""
    if not text.strip() and not empty:
        return [f"{what} must not be empty"]
    if len(text) > limit:
        return [f"{what} is longer than {limit} characters"]
    allowed = "\n\t" if lines else ""
    if any(
        (char < " " and char not in allowed) or "\x7f" <= char < "\xa0" or "\ud800" <= char <= "\udfff" for char in text
    ):
        return [f"{what} {text[:60]!a} has control characters or is not valid UTF-8"]
    return []


def check_schedule_id(schedule_id: str) -> None:
    """Refuse an id that is not 1 to 100 of letters, digits, `.`, `_`, `-`, beginning with a letter or digit."""
    if SCHEDULE_ID.fullmatch(schedule_id) is None:
        raise InvalidInput(
            f"schedule id {schedule_id[:120]!a} must be 1 to 100 of A-Z a-z 0-9 . _ -, beginning with a letter or digit"
        )


def normal_content(
    asset_selection: Iterable[str] = (),
    partition_selection: Iterable[str] = (),
    command: str | None = None,
    labels: Mapping[str, str] | Iterable[tuple[str, str]] = (),
) -> RequestContent:
    """A request content in its normal form: names sorted without repeats, labels sorted by key."""
    return RequestContent(
        tuple(sorted(set(asset_selection))),
        tuple(sorted(set(partition_selection))),
        command,
        tuple(sorted(dict(labels).items())),
    )
