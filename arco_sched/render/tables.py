"""Ticks, lapses and events as tables. Instants are on the schedule's own clock, see `Clocks`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from arco_sched.core.history import Event, LapseRecord, RunConflict, Tick
from arco_sched.render.drawing import Cell, Column, Screen, status
from arco_sched.render.schedules import definition_fields
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
    conflicts(screen, detail.conflicts, clocks, schedule_id)


def conflicts(screen: Screen, found: Sequence[RunConflict], clocks: Clocks, schedule_id: str | None) -> None:
    """Requests under the run key of a run, for another content."""
    for conflict in found:
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


# Events.


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
