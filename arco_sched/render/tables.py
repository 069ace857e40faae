"""Ticks, lapses, runs and events as tables. Instants are on the schedule's own clock, see `Clocks`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from arco_sched.core.history import Event, LapseRecord, Run, RunConflict, Tick
from arco_sched.render.drawing import Cell, Column, Screen, status
from arco_sched.render.schedules import content_fields, definition_fields
from arco_sched.render.times import Clocks

if TYPE_CHECKING:
    from arco_sched.service.requests import TickDetail


# Ticks and lapses.


def ticks(rows: Iterable[Tick], clocks: Clocks, *, screen: Screen | None = None) -> None:
    """`arco ticks list`."""
    screen = screen or Screen()
    columns = [Column("TICK"), Column("SCHEDULED FOR", whole=True)]
    columns += [Column("VERSION", right=True, spare=True), Column("STATUS")]
    if screen.wide:
        columns += [Column("RUN", whole=True, spare=True), Column("EVALUATED AT", whole=True, spare=True)]
    screen.table(columns, (_tick_row(screen, tick, clocks) for tick in rows))


def _tick_row(screen: Screen, tick: Tick, clocks: Clocks) -> list[Cell]:
    row: list[Cell] = [
        tick.tick_id,
        clocks.show(tick.scheduled_for, tick.schedule_id),
        f"v{tick.definition_version}",
        status(tick.status, _why(tick)),
    ]
    if screen.wide:
        row += [tick.run_id or "", clocks.show(tick.evaluated_at, tick.schedule_id)]
    return row


def _why(tick: Tick) -> str:
    reason = tick.skip_reason or tick.error
    return f"({reason})" if reason else ""


def tick_detail(detail: TickDetail, clocks: Clocks) -> None:
    """`arco ticks show`."""
    screen = Screen()
    tick, run = detail.tick, detail.run
    schedule_id = tick.schedule_id
    fields: list[tuple[str, Cell]] = [
        ("tick", tick.tick_id),
        ("status", status(tick.status, _why(tick))),
        ("scheduled for", clocks.show(tick.scheduled_for, schedule_id)),
        ("evaluated at", clocks.show(tick.evaluated_at, schedule_id)),
        *definition_fields(detail.version, clocks),
    ]
    if tick.run_key is not None:
        fields += [
            ("run key", tick.run_key),
            ("run", f"{tick.run_id}, {run.status if run else 'not recorded'}"),
            ("fingerprint", tick.request_fingerprint or ""),
        ]
    screen.fields(fields)
    _conflicts(screen, detail.conflicts, clocks, schedule_id)


def _conflicts(screen: Screen, conflicts: Sequence[RunConflict], clocks: Clocks, schedule_id: str | None) -> None:
    for conflict in conflicts:
        screen.line("")
        screen.line("Conflict: the run key was reserved for another content, and the run stayed as it was.", "bold red")
        screen.fields(
            [
                ("first fingerprint", conflict.first_fingerprint),
                ("requested fingerprint", conflict.requested_fingerprint),
                ("requested at", clocks.show(conflict.requested_at, schedule_id)),
                ("requested by", conflict.tick_id or "`arco runs request`"),
            ]
        )


def lapses(rows: Iterable[LapseRecord], clocks: Clocks, *, screen: Screen | None = None) -> None:
    """`arco lapses list`."""
    screen = screen or Screen()
    columns = [
        Column("SCHEDULE"),
        Column("FROM", whole=True),
        Column("BEFORE", whole=True),
        Column("MISSED", right=True),
        Column("REASON", whole=True),
    ]
    if screen.wide:
        columns.append(Column("RECORDED AT", whole=True, spare=True))
    screen.table(columns, (_lapse_row(screen, lapse, clocks) for lapse in rows))


def _lapse_row(screen: Screen, lapse: LapseRecord, clocks: Clocks) -> list[Cell]:
    row: list[Cell] = [
        lapse.schedule_id,
        clocks.show(lapse.after + 1, lapse.schedule_id),
        clocks.show(lapse.before, lapse.schedule_id),
        "unknown" if lapse.missed is None else str(lapse.missed),
        lapse.reason,
    ]
    return [*row, clocks.show(lapse.recorded_at, lapse.schedule_id)] if screen.wide else row


# Runs and events.


def runs(rows: Iterable[Run], clocks: Clocks) -> None:
    """`arco runs list`."""
    screen = Screen()
    columns = [Column("RUN", whole=True), Column("RUN KEY"), Column("STATUS")]
    if screen.wide:
        columns += [Column("REQUESTED AT", whole=True, spare=True), Column("ASKED FOR", spare=True)]
    screen.table(columns, (_run_row(screen, run, clocks) for run in rows))


def _run_row(screen: Screen, run: Run, clocks: Clocks) -> list[Cell]:
    clash = f", {len(run.conflicts)} in conflict" if run.conflicts else ""
    row: list[Cell] = [run.run_id, run.run_key, (run.status + clash, "bold red" if clash else "")]
    if screen.wide:
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
    screen = Screen()
    fields: list[tuple[str, Cell]] = [
        ("run", run.run_id),
        ("status", run.status),
        ("run key", run.run_key),
        ("schedule", run.schedule_id or "none"),
        ("tick", run.tick_id or "none"),
        ("requested at", clocks.show(run.requested_at, run.schedule_id)),
        *content_fields(run.content),
        ("fingerprint", run.request_fingerprint),
    ]
    if run.code_version is not None:
        fields.append(("code version", run.code_version))
    screen.fields(fields)
    _conflicts(screen, run.conflicts, clocks, run.schedule_id)


def events(rows: Iterable[Event], clocks: Clocks) -> None:
    """`arco events list`."""
    screen = Screen()
    columns = [Column("SEQ", right=True), Column("TYPE", whole=True), Column("EVENT")]
    if screen.wide:
        columns.insert(1, Column("RECORDED AT", whole=True))
    screen.table(columns, (_event_row(screen, event, clocks) for event in rows))


def _event_row(screen: Screen, event: Event, clocks: Clocks) -> list[Cell]:
    row: list[Cell] = [str(event.seq), event.type, event.idempotency_key]
    if screen.wide:
        row.insert(1, clocks.show(event.recorded_at, event.schedule_id))
    return row


def event_line(event: Event, clocks: Clocks) -> str:
    """One event of `arco events list --follow`."""
    at = clocks.show(event.recorded_at, event.schedule_id)
    return f"{event.seq:>8}  {at}  {event.type:<26}  {event.idempotency_key}\n"
