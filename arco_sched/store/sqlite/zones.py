"""The zone rules that are recorded, what of the agenda was made under others, and what changes of rules left behind."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from arco_sched.core.cron.zones import zone_data
from arco_sched.core.errors import InvalidInput
from arco_sched.core.instants import parse_instant
from arco_sched.core.zone_changes import Moved, ZoneChange
from arco_sched.core.zone_rules import tzdata_release

_AMONG: Final = "IN (SELECT value FROM json_each(?))"


class Zones:
    """Queries about zone rules (`arco_sched.core.subjects.Zones`)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def kept(self) -> dict[str, bytes]:
        """The data of each zone, if known, under the rules recorded."""
        return dict(self._connection.execute("SELECT timezone, data FROM zone_data ORDER BY timezone"))

    def keep_installed(self) -> None:
        """Keep the installed data of every zone that definitions have."""
        self._connection.execute("DELETE FROM zone_data")
        ask = "SELECT DISTINCT timezone FROM definition_rows"
        keep(self._connection, [timezone for (timezone,) in self._connection.execute(ask)])

    def used(self) -> dict[str, tuple[int, int]]:
        """Of each zone that definitions have: the first start of them, and the furthest cursor."""
        ask = (
            "SELECT d.timezone, min(d.start_at), max(s.cursor) FROM definition_rows d JOIN schedule_rows s "
            "USING (schedule) GROUP BY d.timezone ORDER BY d.timezone"
        )
        return {timezone: (first, last) for timezone, first, last in self._connection.execute(ask)}

    def planned_elsewhere(self) -> list[int]:
        """The schedules whose entry of the agenda was made under other rules than those recorded, in order."""
        ask = "SELECT schedule FROM agenda_elsewhere ORDER BY schedule"
        return [schedule for (schedule,) in self._connection.execute(ask)]

    def not_planned_under(self, release: str) -> list[int]:
        """The schedules whose entry of the agenda was not made under the rules of a release, which are not those
        recorded; in order."""
        ask = (
            "SELECT schedule FROM schedule_rows WHERE schedule NOT IN "
            "(SELECT schedule FROM agenda_elsewhere WHERE zone_rules = ?) ORDER BY schedule"
        )
        return [schedule for (schedule,) in self._connection.execute(ask, (release,))]

    def settle(self, schedules: Sequence[int] | None = None) -> None:
        """From now on the entries of these schedules (default: all) count as made under the rules recorded."""
        if schedules is None:
            self._connection.execute("DELETE FROM agenda_elsewhere")
            return
        ask = f"DELETE FROM agenda_elsewhere WHERE schedule {_AMONG}"
        self._connection.execute(ask, (json.dumps(list(schedules)),))

    def changes(self) -> list[ZoneChange]:
        """Every recorded change of the rules, oldest first; what can't be read of one is not known."""
        ask = (
            "SELECT seq, recorded_at, payload FROM event_log "
            "WHERE type NOT IN (2, 4) AND type = 5 AND schedule IS NULL ORDER BY seq"
        )
        return [ZoneChange(seq, at, _moved(payload)) for seq, at, payload in self._connection.execute(ask)]

    def served(self, schedules: Sequence[int]) -> dict[int, list[int]]:
        """The occurrences of each schedule that were accounted for already when the rules changed, oldest first."""
        found: dict[int, list[int]] = {schedule: [] for schedule in schedules}
        ask = f"SELECT schedule, instant FROM served_rows WHERE schedule {_AMONG} ORDER BY schedule, instant"
        for schedule, instant in self._connection.execute(ask, (json.dumps(list(schedules)),)):
            found[schedule].append(instant)
        return found


def keep(connection: sqlite3.Connection, timezones: Iterable[str]) -> None:
    """Keep the installed data of zones."""
    found = ((timezone, zone_data(timezone)) for timezone in timezones)
    connection.executemany(
        "INSERT INTO zone_data (timezone, data) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(timezone, data) for timezone, data in found if data is not None],
    )


def keep_new(connection: sqlite3.Connection, after: int, through: int) -> None:
    """Keep the data of the zones that the definitions of a range of events brought, where the installed rules are those
    recorded."""
    ask = (
        "SELECT DISTINCT d.timezone FROM event_log e JOIN definition_rows d "
        "ON d.schedule = e.schedule AND d.version = e.version "
        "WHERE e.seq > ? AND e.seq <= ? AND e.type = 1 AND d.timezone NOT IN (SELECT timezone FROM zone_data) "
        "AND (SELECT zone_rules FROM workspace) = ?"
    )
    keep(connection, [timezone for (timezone,) in connection.execute(ask, (after, through, tzdata_release()))])


def _moved(payload: str | None) -> Mapping[str, Sequence[Moved] | None] | None:
    try:
        zones = json.loads(payload or "").get("zones")
        if zones is None:
            return None
        return {
            zone: None
            if moves is None
            else [
                Moved(parse_instant(start), parse_instant(stop), before, after) for start, stop, before, after in moves
            ]
            for zone, moves in zones.items()
        }
    except (AttributeError, InvalidInput, TypeError, ValueError, RecursionError):
        return None
