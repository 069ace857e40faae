"""Ticks, lapses and events as tables. Instants are on the schedule's own clock, see `Clocks`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from arco_sched.core.history import Event, LapseRecord, RunConflict, Tick
from arco_sched.render.drawing import ALARM, Cell, Column, Screen, Styled, status
from arco_sched.render.schedules import definition_fields
from arco_sched.render.times import Clocks, brief

if TYPE_CHECKING:
    from arco_sched.service.requests import TickDetail

_FINGERPRINT: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")

# Ticks and lapses.


def ticks(rows: Iterable[Tick], clocks: Clocks, *, screen: Screen | None = None) -> None:
    """`arco ticks list`."""
    screen, found = screen or Screen(), list(rows)
    lateness = [late(tick) for tick in found]
    columns = [Column("TICK", whole=True), Column("SCHEDULED FOR", whole=True)]
    columns += [Column("LATE", right=True, whole=True)] if any(lateness) else []
    columns += [Column("VERSION", right=True, spare=True), Column("STATUS")]
    if screen.wide:
        columns += [Column("RUN", whole=True, spare=True), Column("EVALUATED AT", whole=True, spare=True)]
    screen.table(
        columns,
        (
            _tick_row(screen, tick, clocks, [each] if any(lateness) else [])
            for tick, each in zip(found, lateness, strict=True)
        ),
    )


def _tick_row(screen: Screen, tick: Tick, clocks: Clocks, lateness: list[Cell]) -> list[Cell]:
    row: list[Cell] = [
        tick.tick_id,
        clocks.show(tick.scheduled_for, tick.schedule_id),
        *lateness,
        f"v{tick.definition_version}",
        status(tick.status, _why(tick)),
    ]
    if screen.wide:
        row += [tick.run_id or "", clocks.show(tick.evaluated_at, tick.schedule_id)]
    return row


def late(tick: Tick) -> str:
    """How late a scheduled tick was evaluated; empty if it was on time, or isn't a scheduled one."""
    is_scheduled = tick.tick_id == f"{tick.schedule_id}:{tick.scheduled_for}"
    return (
        brief(tick.evaluated_at - tick.scheduled_for) if is_scheduled and tick.evaluated_at > tick.scheduled_for else ""
    )


_LAPSED: Final = {"window": "window (too old)", "superseded": "superseded (newer kept)"}
"""The reasons of lapses that don't explain themselves, with what they mean."""


def _why(tick: Tick) -> str:
    reason = tick.skip_reason or tick.error
    return f"({reason})" if reason else ""


def tick_fields(screen: Screen, detail: TickDetail, run_status: Styled | None, clocks: Clocks) -> None:
    """The tick of `arco ticks show`; `run_status` is the status of its run, None if it has none."""
    tick = detail.tick
    schedule_id = tick.schedule_id
    fields: list[tuple[str, Cell]] = [
        ("tick", tick.tick_id),
        ("status", status(tick.status, _why(tick))),
        ("scheduled for", clocks.show(tick.scheduled_for, schedule_id)),
        ("evaluated at", clocks.show(tick.evaluated_at, schedule_id) + (f", {late(tick)} late" if late(tick) else "")),
        *definition_fields(detail.version, clocks),
    ]
    if tick.run_key is not None:
        fields += [
            ("run key", tick.run_key),
            ("run", tick.run_id or ""),
            ("run status", run_status or "not recorded"),
            ("fingerprint", tick.request_fingerprint or ""),
        ]
    screen.fields(fields)


def conflicts(screen: Screen, found: Sequence[RunConflict], clocks: Clocks, schedule_id: str | None) -> None:
    """Requests under the run key of a run with different content."""
    for conflict in found:
        screen.line("")
        screen.line(
            "Conflict: the run key was requested again with different content. The run was left as it is.", ALARM
        )
        screen.fields(
            [
                ("reserved for", conflict.first_fingerprint),
                ("requested", conflict.requested_fingerprint),
                ("requested at", clocks.show(conflict.requested_at, schedule_id)),
                ("requested by", conflict.tick_id or "`arco runs request`"),
            ]
        )


def lapses(rows: Iterable[LapseRecord], clocks: Clocks, *, screen: Screen | None = None) -> None:
    """`arco lapses list`."""
    screen = screen or Screen()
    columns = [Column("SCHEDULE"), Column("MISSED", right=True)]
    if screen.wide:
        columns += [Column("FIRST", whole=True), Column("LAST", whole=True), Column("REASON", whole=True)]
        columns.append(Column("RECORDED AT", whole=True, spare=True))
    else:
        columns += [Column("FIRST AND LAST", whole=True), Column("REASON", whole=True)]
    screen.table(columns, (_lapse_row(screen, lapse, clocks) for lapse in rows))


def _lapse_row(screen: Screen, lapse: LapseRecord, clocks: Clocks) -> list[Cell]:
    schedule_id = lapse.schedule_id
    # If the occurrences aren't known, show the ends of the lapse.
    first = clocks.show(lapse.after + 1 if lapse.first_missed is None else lapse.first_missed, schedule_id)
    last = clocks.show(lapse.before - 1 if lapse.last_missed is None else lapse.last_missed, schedule_id)
    row: list[Cell] = [schedule_id, "unknown" if lapse.missed is None else f"{lapse.missed:,}"]
    if screen.wide:
        return [*row, first, last, _LAPSED.get(lapse.reason, lapse.reason), clocks.show(lapse.recorded_at, schedule_id)]
    return [*row, [(first, ""), *([] if last == first else [(last, "")])], _LAPSED.get(lapse.reason, lapse.reason)]


# Events.


def events(rows: Iterable[Event], clocks: Clocks) -> None:
    """`arco events list`."""
    screen = Screen()
    columns = [
        Column("SEQ", right=True, whole=True),
        Column("RECORDED AT", whole=True),
        *([Column("TYPE", whole=True), Column("KEY")] if screen.wide else [Column("TYPE AND KEY", whole=True)]),
    ]
    screen.table(columns, (_event_row(screen, event, clocks) for event in rows))


def _event_row(screen: Screen, event: Event, clocks: Clocks) -> list[Cell]:
    row: list[Cell] = [str(event.seq), clocks.show(event.recorded_at, event.schedule_id)]
    return [*row, event.type, _key(event)] if screen.wide else [*row, [(event.type, ""), (_key(event), "")]]


def _key(event: Event) -> str:
    """The key of an event, with its fingerprint shortened; `--json` has all of it."""
    return _FINGERPRINT.sub(lambda found: found[0][:8], event.idempotency_key)


def event_line(event: Event, clocks: Clocks) -> str:
    """One event of `arco events list --follow`."""
    at = clocks.show(event.recorded_at, event.schedule_id)
    return f"{event.seq:>8}  {at}  {event.type:<26}  {_key(event)}\n"
