"""Answers as tables, one function an answer. Instants are on the schedule's own clock, see `Clocks`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from arco_sched.core.definitions import Field, RequestContent, Version
from arco_sched.core.fields import BY_NAME, CONTENT, GIVEN
from arco_sched.core.history import Event, LapseRecord, Run, RunConflict, Schedule, Tick
from arco_sched.core.instants import format_span
from arco_sched.core.kinds import Many, Pairs
from arco_sched.render import sentences
from arco_sched.render.drawing import Cell, Column, Page, Styled, status
from arco_sched.render.json import overdue
from arco_sched.render.times import Clocks, distance, instant_in, span

if TYPE_CHECKING:
    from arco_sched.service.definitions import PreviewedOccurrence, ScheduleDetail, VersionChange
    from arco_sched.service.evaluation import Evaluation
    from arco_sched.service.requests import TickDetail

NOTES: Final = {
    None: "",
    "gap": "clocks go forward: gap's end",
    "overlap-first": "clocks go back: first time",
    "overlap-second": "clocks go back: second time",
}


def state(schedule: Schedule) -> str:
    """One word for how a schedule stands: deleted, failing, paused, ended (nothing is due any more) or enabled."""
    if schedule.version.deleted:
        return "deleted"
    if schedule.failing:
        return "failing"
    if not schedule.version.enabled:
        return "paused"
    return "ended" if schedule.next_due_at is None else "enabled"


# Schedules.


def schedules(rows: Sequence[Schedule], now: int, clocks: Clocks) -> None:
    """`arco schedule list`."""
    page = Page()
    if page.wide:
        columns = [
            Column("SCHEDULE"),
            Column("VERSION", right=True),
            Column("CRON", whole=True),
            Column("ZONE"),
            Column("STATE", whole=True),
            Column("LAST TICK", whole=True),
            Column("NEXT DUE", whole=True),
            Column("", whole=True),
        ]
        page.table(columns, (_wide_schedule(row, now, clocks) for row in rows))
        return
    columns = [
        Column("SCHEDULE"),
        Column("CRON"),
        Column("STATE", whole=True),
        Column("LAST TICK"),
        Column("NEXT DUE", whole=True),
    ]
    page.table(columns, (_narrow_schedule(row, now, clocks) for row in rows))


def _wide_schedule(row: Schedule, now: int, clocks: Clocks) -> list[Cell]:
    version = row.version
    return [
        version.schedule_id,
        f"v{version.definition_version}",
        version.definition.cron_expression,
        version.definition.timezone,
        status(state(row)),
        clocks.show(row.last_scheduled_for, version.schedule_id),
        clocks.show(row.next_due_at, version.schedule_id),
        _next_due(row, now),
    ]


def _narrow_schedule(row: Schedule, now: int, clocks: Clocks) -> list[Cell]:
    version = row.version
    due = clocks.show(row.next_due_at, version.schedule_id)
    return [
        version.schedule_id,
        version.definition.cron_expression,
        status(state(row)),
        "never" if row.last_scheduled_for is None else distance(row.last_scheduled_for, now),
        [(due, ""), _next_due(row, now)] if due else "",
    ]


def _next_due(row: Schedule, now: int) -> Styled:
    if row.next_due_at is None:
        return "", ""
    if overdue(row, now):
        since = now - row.next_due_at
        return status("overdue", f"by {span(since)}" if since else "")
    return distance(row.next_due_at, now), ""


def schedule_detail(detail: ScheduleDetail, now: int, clocks: Clocks) -> None:
    """`arco schedule show`."""
    page = Page()
    row = detail.schedule
    version = row.version
    schedule_id = version.schedule_id
    last = ""
    if row.last_scheduled_for is not None:
        last = f"{clocks.show(row.last_scheduled_for, schedule_id)}, {distance(row.last_scheduled_for, now)}"
    due = clocks.show(row.next_due_at, schedule_id)
    fields: list[tuple[str, Cell]] = [
        ("schedule", schedule_id),
        ("state", status(state(row))),
        *_definition(version, clocks),
        ("last tick", f"{last} ({row.last_tick_id})" if last else "never"),
        ("next due", [(due, ""), _next_due(row, now)] if due else "nothing"),
        ("waiting", str(detail.waiting)),
    ]
    upcoming: list[Styled] = [
        (f"{clocks.show(at, schedule_id)}, {distance(at, now)}", "") for at in detail.next_occurrences
    ]
    page.fields([*fields, ("next occurrences", upcoming or "none")])
    if row.failing:
        page.line("It can't be evaluated here: `arco ticks list --status failed` says why.", "bold red")


def _definition(version: Version, clocks: Clocks) -> Iterator[tuple[str, Cell]]:
    definition = version.definition
    schedule_id = version.schedule_id
    yield "version", f"{version.definition_version}, in force from {clocks.show(version.effective_from, schedule_id)}"
    yield "cron", f"{definition.cron_expression} in {definition.timezone}"
    yield "clock changes", f"gap: {definition.dst_gap}, overlap: {definition.dst_overlap}"
    window = format_span(definition.catchup_window_minutes, "minutes")
    yield "catch-up", f"{window} back, {definition.max_catchup_ticks} ticks at most, {definition.catchup_policy}"
    yield from _content(definition.request)
    for field in GIVEN:
        if field not in CONTENT and field.name not in _TOLD and field.value(version) != field.default:
            yield _line(field, field.value(version))
    if definition.code_version is not None:
        yield "code version", definition.code_version
    yield "start", clocks.show(version.start_at, schedule_id)
    if definition.end_at is not None:
        yield "end", clocks.show(definition.end_at, schedule_id)


def _content(content: RequestContent) -> Iterator[tuple[str, Cell]]:
    for field in CONTENT:
        value = getattr(content, field.name)
        if value != field.default:
            yield _line(field, value)


_CALLED: Final = {"asset_selection": "assets", "partition_selection": "partitions"}

_TOLD: Final = {
    "cron_expression", "timezone", "dst_gap", "dst_overlap", "catchup_window_minutes", "max_catchup_ticks",
    "catchup_policy", "code_version", "start_at", "end_at", "enabled",
}  # fmt: skip
"""The fields that `_definition` has words of its own for."""


def _line(field: Field, value: Any) -> tuple[str, Cell]:
    called = _CALLED.get(field.name) or field.stem.replace("_", " ")
    if isinstance(field.kind, Many | Pairs):
        return called, [(field.kind.show((each,)), "") for each in value]
    return called, field.kind.show(value)


def versions(changes: Sequence[VersionChange], clocks: Clocks) -> None:
    """`arco schedule versions`: each version with what changed in it, and to what."""
    page = Page()
    columns = [Column("VERSION", right=True), Column("IN FORCE FROM", whole=True), Column("CHANGE")]
    if page.wide:
        columns.insert(2, Column("MADE AT", whole=True))
    page.table(columns, (_version_row(page, each, clocks) for each in changes))


def _version_row(page: Page, each: VersionChange, clocks: Clocks) -> list[Cell]:
    version = each.version
    shown = {
        "enabled": "enabled" if version.enabled else "disabled",
        "deleted": "deleted" if version.deleted else "made anew",
        "start_at": f"start: {clocks.show(version.start_at, version.schedule_id)}",
        "end_at": f"end: {clocks.show(version.definition.end_at, version.schedule_id) or 'none'}",
    }
    if each.changed:
        change = [(shown.get(name) or f"{name}: {_value(version, name)}", "") for name in each.changed]
    else:
        change = [(f"created: {version.definition.cron_expression} in {version.definition.timezone}", "")]
    row: list[Cell] = [f"v{version.definition_version}", clocks.show(version.effective_from, version.schedule_id)]
    if page.wide:
        row.append(clocks.show(version.created_at, version.schedule_id))
    return [*row, change]


def _value(version: Version, name: str) -> str:
    field = BY_NAME[name]
    value = field.value(version)
    return "none" if value in (None, ()) else field.kind.show(value)


def preview(occurrences: Sequence[PreviewedOccurrence], now: int) -> None:
    """`arco schedule preview`."""
    page = Page()
    notes = any(each.note for each in occurrences)
    columns = [Column("LOCAL TIME", whole=True), Column("UTC", whole=True), Column("", whole=not notes)]
    rows = (
        [
            instant_in(each.at, each.offset),
            instant_in(each.at, None),
            (NOTES[each.note], "yellow") if each.note else distance(each.at, now),
        ]
        for each in occurrences
    )
    page.table(columns, rows)


# Ticks and lapses.


def ticks(rows: Iterable[Tick], clocks: Clocks, *, page: Page | None = None) -> None:
    """`arco ticks list`."""
    page = page or Page()
    columns = [Column("TICK"), Column("SCHEDULED FOR", whole=True)]
    columns += [Column("VERSION", right=True, spare=True), Column("STATUS")]
    if page.wide:
        columns += [Column("RUN", whole=True, spare=True), Column("EVALUATED AT", whole=True, spare=True)]
    page.table(columns, (_tick_row(page, tick, clocks) for tick in rows))


def _tick_row(page: Page, tick: Tick, clocks: Clocks) -> list[Cell]:
    row: list[Cell] = [
        tick.tick_id,
        clocks.show(tick.scheduled_for, tick.schedule_id),
        f"v{tick.definition_version}",
        status(tick.status, _why(tick)),
    ]
    if page.wide:
        row += [tick.run_id or "", clocks.show(tick.evaluated_at, tick.schedule_id)]
    return row


def _why(tick: Tick) -> str:
    reason = tick.skip_reason or tick.error
    return f"({reason})" if reason else ""


def tick_detail(detail: TickDetail, clocks: Clocks) -> None:
    """`arco ticks show`."""
    page = Page()
    tick, run = detail.tick, detail.run
    schedule_id = tick.schedule_id
    fields: list[tuple[str, Cell]] = [
        ("tick", tick.tick_id),
        ("status", status(tick.status, _why(tick))),
        ("scheduled for", clocks.show(tick.scheduled_for, schedule_id)),
        ("evaluated at", clocks.show(tick.evaluated_at, schedule_id)),
        *_definition(detail.version, clocks),
    ]
    if tick.run_key is not None:
        fields += [
            ("run key", tick.run_key),
            ("run", f"{tick.run_id}, {run.status if run else 'not recorded'}"),
            ("fingerprint", tick.request_fingerprint or ""),
        ]
    page.fields(fields)
    _conflicts(page, detail.conflicts, clocks, schedule_id)


def _conflicts(page: Page, conflicts: Sequence[RunConflict], clocks: Clocks, schedule_id: str | None) -> None:
    for conflict in conflicts:
        page.line("")
        page.line("Conflict: the run key was reserved for another content, and the run stayed as it was.", "bold red")
        page.fields(
            [
                ("first fingerprint", conflict.first_fingerprint),
                ("requested fingerprint", conflict.requested_fingerprint),
                ("requested at", clocks.show(conflict.requested_at, schedule_id)),
                ("requested by", conflict.tick_id or "`arco runs request`"),
            ]
        )


def lapses(rows: Iterable[LapseRecord], clocks: Clocks, *, page: Page | None = None) -> None:
    """`arco lapses list`."""
    page = page or Page()
    columns = [
        Column("SCHEDULE"),
        Column("FROM", whole=True),
        Column("BEFORE", whole=True),
        Column("MISSED", right=True),
        Column("REASON", whole=True),
    ]
    if page.wide:
        columns.append(Column("RECORDED AT", whole=True, spare=True))
    page.table(columns, (_lapse_row(page, lapse, clocks) for lapse in rows))


def _lapse_row(page: Page, lapse: LapseRecord, clocks: Clocks) -> list[Cell]:
    row: list[Cell] = [
        lapse.schedule_id,
        clocks.show(lapse.after + 1, lapse.schedule_id),
        clocks.show(lapse.before, lapse.schedule_id),
        "unknown" if lapse.missed is None else str(lapse.missed),
        lapse.reason,
    ]
    return [*row, clocks.show(lapse.recorded_at, lapse.schedule_id)] if page.wide else row


# Runs and events.


def runs(rows: Iterable[Run], clocks: Clocks) -> None:
    """`arco runs list`."""
    page = Page()
    columns = [Column("RUN", whole=True), Column("RUN KEY"), Column("STATUS")]
    if page.wide:
        columns += [Column("REQUESTED AT", whole=True, spare=True), Column("ASKED FOR", spare=True)]
    page.table(columns, (_run_row(page, run, clocks) for run in rows))


def _run_row(page: Page, run: Run, clocks: Clocks) -> list[Cell]:
    clash = f", {len(run.conflicts)} in conflict" if run.conflicts else ""
    row: list[Cell] = [run.run_id, run.run_key, (run.status + clash, "bold red" if clash else "")]
    if page.wide:
        content = run.content
        asked = (
            *content.asset_selection,
            *content.partition_selection,
            *([content.command] if content.command else []),
        )
        row += [clocks.show(run.requested_at, run.schedule_id), ", ".join(asked)]
    return row


def run_detail(run: Run, clocks: Clocks) -> None:
    """`arco runs show`."""
    page = Page()
    fields: list[tuple[str, Cell]] = [
        ("run", run.run_id),
        ("status", run.status),
        ("run key", run.run_key),
        ("schedule", run.schedule_id or "none"),
        ("tick", run.tick_id or "none"),
        ("requested at", clocks.show(run.requested_at, run.schedule_id)),
        *_content(run.content),
        ("fingerprint", run.request_fingerprint),
    ]
    if run.code_version is not None:
        fields.append(("code version", run.code_version))
    page.fields(fields)
    _conflicts(page, run.conflicts, clocks, run.schedule_id)


def events(rows: Iterable[Event], clocks: Clocks) -> None:
    """`arco events list`."""
    page = Page()
    columns = [Column("SEQ", right=True), Column("TYPE", whole=True), Column("EVENT")]
    if page.wide:
        columns.insert(1, Column("RECORDED AT", whole=True))
    page.table(columns, (_event_row(page, event, clocks) for event in rows))


def _event_row(page: Page, event: Event, clocks: Clocks) -> list[Cell]:
    row: list[Cell] = [str(event.seq), event.type, event.idempotency_key]
    if page.wide:
        row.insert(1, clocks.show(event.recorded_at, event.schedule_id))
    return row


def event_line(event: Event, clocks: Clocks) -> str:
    """One event of `arco events list --follow`."""
    at = clocks.show(event.recorded_at, event.schedule_id)
    return f"{event.seq:>8}  {at}  {event.type:<26}  {event.idempotency_key}\n"


# One evaluation.


def evaluation(
    answer: Evaluation,
    first_ticks: Sequence[Tick],
    first_lapses: Sequence[LapseRecord],
    conflicting: list[str],
    clocks: Clocks,
) -> None:
    """`arco tick`: the counts, the first ticks and lapses, and what to look at."""
    page = Page()
    page.line(sentences.evaluation(answer))
    if first_ticks:
        page.line("")
        ticks(first_ticks, clocks, page=page)
        more = answer.triggered + answer.skipped - sum(tick.status != "failed" for tick in first_ticks)
        if more > 0:
            page.line(f"and {more:,} more" + ("." if answer.dry_run else ": `arco ticks list`"))
    if first_lapses:
        page.line("")
        page.line("Lapsed, since it was too late or too much to catch up:")
        lapses(first_lapses, clocks, page=page)
        if answer.lapsed > sum(lapse.missed or 0 for lapse in first_lapses):
            page.line("and more" + ("." if answer.dry_run else ": `arco lapses list`"))
    rest = [
        *([(sentences.deferred(answer.deferred), "yellow")] if answer.deferred else []),
        *([(sentences.conflicts(answer.conflicts, conflicting), "bold red")] if answer.conflicts else []),
        *([(sentences.failed(answer.failed), "bold red")] if answer.failed else []),
    ]
    if rest:
        page.line("")
    for content, style in rest:
        page.line(content, style)
