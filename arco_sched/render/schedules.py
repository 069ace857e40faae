"""Schedules, their versions and occurrences as tables. Instants are on the schedule's own clock, see `Clocks`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from arco_sched.core.definitions import RequestContent, Version
from arco_sched.core.fields import BY_NAME, CONTENT, GIVEN
from arco_sched.core.history import Schedule
from arco_sched.core.instants import format_span
from arco_sched.core.kinds import Many, Pairs
from arco_sched.core.rows import Field
from arco_sched.render import changes
from arco_sched.render.drawing import ALARM, FAINT, NOTE, Cell, Column, Screen, Styled, status
from arco_sched.render.json import overdue
from arco_sched.render.lives import later
from arco_sched.render.phrases import counted
from arco_sched.render.times import Clocks, brief, distance, instant_in

if TYPE_CHECKING:
    from arco_sched.service.definitions import PreviewedOccurrence, ScheduleDetail, VersionChange

NOTES: Final = {
    None: "",
    "gap": "moved, clocks go forward",
    "overlap-first": "first of two, clocks go back",
    "overlap-second": "second of two, clocks go back",
}


def state(schedule: Schedule, now: int) -> str:
    """The state of a schedule in one word: deleted, failing, paused, ended (never due again) or enabled."""
    if schedule.version.deleted:
        return "deleted"
    if schedule.failing:
        return "failing"
    if schedule.version.is_paused(now):
        return "paused"
    return "ended" if schedule.next_due_at is None else "enabled"


def schedules(rows: Sequence[Schedule], now: int, clocks: Clocks) -> None:
    """`arco schedule list`."""
    screen = Screen()
    ran = any(row.last_run_status not in {None, "requested"} or row.is_stale(now) for row in rows)
    if screen.wide:
        columns = [
            Column("SCHEDULE"),
            Column("VERSION", right=True),
            Column("CRON", whole=True),
            Column("ZONE"),
            Column("STATE", whole=True),
            Column("LAST TICK", whole=True),
            *([Column("LAST RUN")] if ran else []),
            Column("NEXT DUE", whole=True),
            Column("", whole=True),
        ]
        screen.table(columns, (_wide_schedule(row, now, clocks, ran=ran) for row in rows))
        return
    columns = [
        Column("SCHEDULE"),
        Column("CRON", spare=True),
        Column("STATE", whole=True),
        Column("LAST TICK"),
        *([Column("LAST RUN")] if ran else []),
        Column("NEXT DUE", whole=True),
    ]
    screen.table(columns, (_narrow_schedule(row, now, clocks, ran=ran) for row in rows))


def _last_run(row: Schedule, now: int) -> list[Cell]:
    """The status of the last run; and below it that the schedule is stale, where it is."""
    lines: list[Styled] = [] if row.last_run_status is None else [status(row.last_run_status)]
    return [[*lines, status("stale")] if row.is_stale(now) else lines or ""]


def _wide_schedule(row: Schedule, now: int, clocks: Clocks, *, ran: bool) -> list[Cell]:
    version = row.version
    return [
        version.schedule_id,
        f"v{version.definition_version}",
        version.definition.cron_expression,
        version.definition.timezone,
        status(state(row, now)),
        clocks.show(row.last_scheduled_for, version.schedule_id),
        *(_last_run(row, now) if ran else ()),
        clocks.show(row.next_due_at, version.schedule_id),
        _next_due(row, now),
    ]


def _narrow_schedule(row: Schedule, now: int, clocks: Clocks, *, ran: bool) -> list[Cell]:
    version = row.version
    due = clocks.show(row.next_due_at, version.schedule_id)
    return [
        version.schedule_id,
        version.definition.cron_expression,
        status(state(row, now)),
        "never" if row.last_scheduled_for is None else distance(row.last_scheduled_for, now, short=True),
        *(_last_run(row, now) if ran else ()),
        [(due, ""), _next_due(row, now)] if due else "",
    ]


def _next_due(row: Schedule, now: int) -> Styled:
    if row.next_due_at is None:
        return "", ""
    if overdue(row, now):
        since = now - row.next_due_at
        return status("overdue", f"by {brief(since)}" if since else "")
    return distance(row.next_due_at, now, short=True), ""


def schedule_detail(detail: ScheduleDetail, now: int, clocks: Clocks) -> None:
    """`arco schedule show`."""
    screen = Screen()
    row = detail.schedule
    version = row.version
    schedule_id = version.schedule_id
    last: Cell = "never"
    if row.last_scheduled_for is not None:
        last = [(_when(row.last_scheduled_for, row, now, clocks), ""), (row.last_tick_id or "", "")]
    fields: list[tuple[str, Cell]] = [
        ("schedule", schedule_id),
        ("state", status(state(row, now))),
        *definition_fields(version, clocks),
        ("last tick", last),
        *_results(row, now, clocks),
    ]
    if row.next_due_at is not None and overdue(row, now):
        since = f"since {clocks.show(row.next_due_at, schedule_id)}, {distance(row.next_due_at, now)}"
        fields.append(("overdue", (f"{counted(detail.waiting, 'occurrence')} {since}", ALARM)))
    upcoming: list[Styled] = [
        (f"{_when(at, row, now, clocks)}{f', skipped ({detail.skips[at]})' if at in detail.skips else ''}", "")
        for at in detail.next_occurrences
    ]
    screen.fields([*fields, ("next due", upcoming or "nothing")])
    if row.failing:
        see = f"`arco ticks list --schedule {schedule_id} --status failed`"
        screen.line(f"This schedule can't be evaluated: see {see}.", ALARM)


def _when(at: int, row: Schedule, now: int, clocks: Clocks) -> str:
    return f"{clocks.show(at, row.version.schedule_id)}, {distance(at, now)}"


def _results(row: Schedule, now: int, clocks: Clocks) -> Iterator[tuple[str, Cell]]:
    """The last run, the last success, and whether the schedule is stale."""
    if row.last_run_status is not None:
        yield "last run", status(row.last_run_status)
    if row.last_success_at is not None:
        when = clocks.show(row.last_success_at, row.version.schedule_id)
        yield "last success", f"{when}, {distance(row.last_success_at, now)}"
    if row.is_stale(now):
        within = BY_NAME["success_within_seconds"]
        yield "stale", (f"no success within {within.kind.show(within.value(row.version))}", ALARM)


def definition_fields(version: Version, clocks: Clocks) -> Iterator[tuple[str, Cell]]:
    """The names and values of a definition version, without the defaults."""
    definition = version.definition
    schedule_id = version.schedule_id
    yield "version", f"{version.definition_version}, in force from {clocks.show(version.effective_from, schedule_id)}"
    yield "cron", f"{definition.cron_expression} in {definition.timezone}"
    yield "clock changes", f"skipped times: {definition.dst_gap}; repeated times: {definition.dst_overlap}"
    window = format_span(definition.catchup_window_minutes, "minutes")
    ticks = counted(definition.max_catchup_ticks, "tick")
    yield "catch-up", f"{window} back, at most {ticks} per evaluation, {definition.catchup_policy}"
    yield from content_fields(definition.request)
    for field in GIVEN:
        if field not in CONTENT and field.name not in _TOLD and field.value(version) != field.default:
            yield _line(field, field.value(version))
    if definition.paused_until is not None:
        yield "paused until", clocks.show(definition.paused_until, schedule_id)
    if definition.code_version is not None:
        yield "code version", definition.code_version
    yield "start", clocks.show(version.start_at, schedule_id)
    if definition.end_at is not None:
        yield "end", clocks.show(definition.end_at, schedule_id)


def content_fields(content: RequestContent) -> Iterator[tuple[str, Cell]]:
    """The names and values of a request content, without the defaults."""
    for field in CONTENT:
        value = getattr(content, field.name)
        if value != field.default:
            yield _line(field, value)


_CALLED: Final = {
    "asset_selection": "assets",
    "partition_selection": "partitions",
    "working_directory": "workdir",
}

_TOLD: Final = {
    "cron_expression", "timezone", "dst_gap", "dst_overlap", "catchup_window_minutes", "max_catchup_ticks",
    "catchup_policy", "code_version", "start_at", "end_at", "enabled", "paused_until",
}  # fmt: skip
"""The fields that `definition_fields` words itself."""


def _line(field: Field, value: Any) -> tuple[str, Cell]:
    called = _CALLED.get(field.name) or field.stem.replace("_", " ")
    if isinstance(field.kind, Many | Pairs):
        return called, [(field.kind.show((each,)), "") for each in value]
    return called, field.kind.show(value)


def versions(made: Sequence[VersionChange], clocks: Clocks) -> None:
    """`arco schedule versions`: each version with what changed in it, and to what."""
    screen = Screen()
    columns = [Column("VERSION", right=True), Column("IN FORCE FROM", whole=True), Column("CHANGE")]
    if screen.wide:
        columns.insert(2, Column("MADE AT", whole=True))
    screen.table(columns, (_version_row(screen, each, clocks) for each in made))


def _version_row(screen: Screen, each: VersionChange, clocks: Clocks) -> list[Cell]:
    version = each.version
    if each.changed and each.previous is not None:
        change = [(told, "") for told in changes.between(each.previous, version, clocks)]
    else:
        change = [(f"created: {version.definition.cron_expression} in {version.definition.timezone}", "")]
    if each.by is not None:
        change.append((f"by {each.by}" + (f": {each.note}" if each.note else ""), FAINT))
    row: list[Cell] = [f"v{version.definition_version}", clocks.show(version.effective_from, version.schedule_id)]
    if screen.wide:
        row.append(clocks.show(version.created_at, version.schedule_id))
    return [*row, change]


def preview(occurrences: Sequence[PreviewedOccurrence], now: int) -> None:
    """`arco schedule preview`."""
    screen = Screen()
    spread = any(each.starts_at != each.at for each in occurrences)
    local = any(each.offset for each in occurrences)
    columns = [
        *([Column("LOCAL TIME", whole=True)] if local else []),
        Column("UTC", whole=True),
        *([Column("STARTS", whole=True)] if spread else []),
        Column(""),
    ]
    rows: list[list[Cell]] = []
    for each in occurrences:
        here: list[Cell] = [instant_in(each.at, each.offset)] if local else []
        starts: list[Cell] = [later(each.at, each.starts_at)] if spread else []
        rows.append([*here, instant_in(each.at, None), *starts, _said(each, now)])
    screen.table(columns, rows)


def _said(each: PreviewedOccurrence, now: int) -> Styled:
    said = [NOTES[each.note]] if each.note else []
    said += [f"skipped ({each.skipped})"] if each.skipped else []
    return (", ".join(said), NOTE) if said else (distance(each.at, now, short=True), "")
