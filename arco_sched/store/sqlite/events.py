"""The event table."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Final

from arco_sched.core.events import BACKFILLED, BY_NAME, PRUNED, REQUESTED, REWOUND, TICKED, UPSERTED, EventType
from arco_sched.core.history import Event, Signature
from arco_sched.store.sqlite.append import last_seq
from arco_sched.store.sqlite.judging import check_instants, damaged
from arco_sched.store.sqlite.runs import read_json

_EVENT: Final = "SELECT seq, type, idempotency_key, schedule_id, recorded_at, payload, author, note FROM events "


class Events:
    """Queries about events (`arco_sched.core.subjects.Events`)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def last_seq(self) -> int:
        """The `seq` of the newest event, 0 when there is none."""
        return last_seq(self._connection)

    def is_rewritten(self, schedule: int, since: int) -> bool:
        """Whether an event after the number `since` changed what holds of a schedule's past: a version, a rewind, a
        pruning or a backfill."""
        ask = (
            "SELECT EXISTS (SELECT 1 FROM event_log WHERE seq > ? AND schedule = ? "
            "AND (type IN (?, ?, ?) OR type = ? AND origin = ?))"
        )
        types = (UPSERTED.code, REWOUND.code, PRUNED.code, TICKED.code, BACKFILLED)
        return bool(self._connection.execute(ask, (since, schedule, *types)).fetchone()[0])

    def count(self, type_: EventType, schedule: int | None = None) -> int:
        """How many events of a rare type there are, of one schedule, or of those without one (None)."""
        ask = "SELECT count(*) FROM event_log WHERE type NOT IN (2, 4) AND type = ? AND schedule IS ?"
        return int(self._connection.execute(ask, (type_.code, schedule)).fetchone()[0])

    def counts(self, type_: EventType, schedules: Sequence[int]) -> dict[int, int]:
        """How many events of a rare type there are of each schedule that has some."""
        ask = (
            "SELECT schedule, count(*) FROM event_log WHERE type NOT IN (2, 4) AND type = ? "
            "AND schedule IN (SELECT value FROM json_each(?)) GROUP BY schedule"
        )
        return dict(self._connection.execute(ask, (type_.code, json.dumps(list(schedules)))))

    def signatures(self, schedule: int) -> dict[int, Signature]:
        """Who made each definition version of a schedule, and why, if known."""
        ask = (
            "SELECT version, author, note FROM event_log WHERE type NOT IN (2, 4) AND type = ? AND schedule = ? "
            "AND author IS NOT NULL"
        )
        rows = self._connection.execute(ask, (UPSERTED.code, schedule))
        return {version: Signature(by, note) for version, by, note in rows}

    def newest_signatures(self) -> dict[str, tuple[int, Signature]]:
        """The number of the newest version of each schedule, and who made it and why, if known."""
        ask = (
            "SELECT i.schedule_id, e.version, e.author, e.note FROM event_log e JOIN schedule_ids i USING (schedule) "
            "JOIN schedule_rows s ON s.schedule = e.schedule AND s.version = e.version "
            "WHERE e.type NOT IN (2, 4) AND e.type = ? AND e.author IS NOT NULL"
        )
        rows = self._connection.execute(ask, (UPSERTED.code,))
        return {schedule_id: (version, Signature(by, note)) for schedule_id, version, by, note in rows}

    def signature_at(
        self, schedule: int, instant: int, type_: EventType, origin: int | None = None
    ) -> Signature | None:
        """Who made a tick (of this origin), or the lapse before an instant, by hand, and why; None for nobody."""
        which = "type = 2 AND origin = :origin" if type_ is TICKED else "type NOT IN (2, 4) AND type = :type"
        ask = f"SELECT author, note FROM event_log WHERE {which} AND schedule = :schedule AND instant = :instant"
        bounds = {"type": type_.code, "schedule": schedule, "instant": instant, "origin": origin}
        row = self._connection.execute(f"{ask} AND author IS NOT NULL", bounds).fetchone()
        return None if row is None else Signature(*row)

    def page(
        self,
        *,
        after: int = 0,
        type_: str | None = None,
        schedule: int | None = None,
        limit: int,
    ) -> list[Event]:
        """Events with `seq > after`, oldest first."""
        page = _event_page(schedule, None if type_ is None else BY_NAME[type_].code)
        ask = f"{_EVENT}WHERE seq IN (SELECT seq FROM ({page}) ORDER BY seq LIMIT :limit) ORDER BY seq"
        rows = self._connection.execute(ask, {"after": after, "schedule": schedule, "limit": limit})
        found = [Event(row[0], row[1], row[2], row[3], row[4], read_json(row[5]), *row[6:]) for row in rows]
        check_instants([event.recorded_at for event in found], "an event")
        if any(None in event[1:3] for event in found):
            raise damaged("an event refers to what is not there")
        return found


def _event_page(schedule: int | None, code: int | None) -> str:
    """The seqs to choose from, such that an index serves each choice: the types of every tick, and the rare ones."""
    if schedule is None and code is None:
        return "SELECT seq FROM event_log WHERE seq > :after"
    of = "" if schedule is None else "AND schedule = :schedule "
    if code in {TICKED.code, REQUESTED.code} and schedule is None:
        return f"SELECT seq FROM event_log WHERE seq > :after AND +type = {code}"  # every other row: read on in order
    parts = {
        TICKED.code: f"SELECT seq FROM event_log WHERE type = {TICKED.code} {of}AND seq > :after",
        REQUESTED.code: (
            f"SELECT seq FROM event_log WHERE type = {REQUESTED.code} AND schedule IS NOT NULL {of}AND seq > :after"
        ),
    }
    rare = f"SELECT seq FROM event_log WHERE type NOT IN ({TICKED.code}, {REQUESTED.code}) {of}AND seq > :after"
    if code in parts:
        return parts[code]
    if code is not None:
        return f"{rare} AND type = {code}"
    return " UNION ALL ".join((*parts.values(), rare))
