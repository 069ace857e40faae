"""Appending events, and folding them in the same transaction."""

import itertools
import sqlite3
from collections.abc import Iterable
from typing import Final

from arco_sched.core import events
from arco_sched.core.definitions import RequestContent, Term, Version
from arco_sched.core.evaluate import Agenda
from arco_sched.core.history import Lapse, PrunedPart, Rewinding
from arco_sched.core.identity import ORIGINS, Origin, TickKey, content_text, fingerprint, tick_id
from arco_sched.store.sqlite.fold import (
    FAILED,
    LAPSED,
    PRUNED,
    REQUESTED,
    REWOUND,
    SCHEDULED,
    TICKED,
    UPSERTED,
    ZONE_RULES,
    fold,
)

TRIGGERED: Final = 1
SKIPPED: Final = 2
FAILED_STATUS: Final = 3

# An event whose idempotency key exists is not written again.
_APPEND: Final = (
    "INSERT INTO event_log (type, schedule, origin, instant, version, status, content, key, recorded_at, payload) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_APPEND_TICK: Final = (
    "INSERT INTO event_log (type, schedule, origin, instant, version, status, content, recorded_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)


class Writer:
    """The events of one transaction; `finish` folds them and must be called last.

    Every event is decided at the same instant, `now`. The methods that append one event return whether it was written,
    which is False when its idempotency key exists.
    """

    def __init__(self, connection: sqlite3.Connection, now: int) -> None:
        self._connection = connection
        self._now = now
        self._types: set[int] = set()
        self._before = last_seq(connection)
        self.repeated = False
        """Whether a scheduled tick's request was there before, made by hand."""

    def schedule_number(self, schedule_id: str) -> int:
        """The store's number for a schedule id, given now if it has none."""
        return self._number("schedule_ids", "schedule", {"schedule_id": schedule_id})

    def content_number(self, content: RequestContent) -> int:
        """The store's number for what a run is asked to do, given now if it has none."""
        body = content_text(content)
        return self._number("contents", "content", {"fingerprint": fingerprint(body), "body": body})

    def _number(self, table: str, column: str, values: dict[str, str]) -> int:
        key = next(iter(values))
        find = f"SELECT {column} FROM {table} WHERE {key} = ?"
        row = self._connection.execute(find, (values[key],)).fetchone()
        if row is None:
            row = self._connection.execute(
                f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))}) RETURNING {column}",
                tuple(values.values()),
            ).fetchone()
        return int(row[0])

    def definition(self, version: Version) -> int:
        """A definition version; returns the number of its schedule."""
        schedule = self.schedule_number(version.schedule_id)
        content = self.content_number(version.definition.request)
        key = f"sched_def:{version.schedule_id}:{version.definition_version}"
        self._append(
            UPSERTED,
            schedule=schedule,
            version=version.definition_version,
            content=content,
            key=key,
            payload=events.upserted(version),
        )
        return schedule

    def ticks(self, schedule: int, term: Term, instants: Iterable[int]) -> None:
        """Scheduled ticks under one definition version, and where it is enabled their run requests."""
        now, version, content = self._now, term.version, term.content
        self._types.add(TICKED)
        if not term.enabled:
            rows: list[tuple[int | None, ...]] = [
                (TICKED, schedule, SCHEDULED, instant, version, SKIPPED, None, now) for instant in instants
            ]
        else:
            self._types.add(REQUESTED)
            rows = [
                row
                for instant in instants
                for row in (
                    (TICKED, schedule, SCHEDULED, instant, version, TRIGGERED, content, now),
                    (REQUESTED, schedule, SCHEDULED, instant, version, None, content, now),
                )
            ]
        written = self._connection.executemany(_APPEND_TICK, rows).rowcount
        self.repeated |= written < len(rows)

    def single_tick(self, schedule: int, origin: Origin, instant: int, version: int, content: int) -> bool:
        """A triggered tick of another origin than the schedule itself, and its run request."""
        code = ORIGINS.index(origin)
        return self._append(
            TICKED, schedule=schedule, origin=code, instant=instant, version=version, status=TRIGGERED, content=content
        ) and self._append(REQUESTED, schedule=schedule, origin=code, instant=instant, version=version, content=content)

    def failure(self, schedule: int, schedule_id: str, version: int, error: str) -> bool:
        """The one failed tick of a definition version that can't be evaluated."""
        return self._append(
            TICKED,
            schedule=schedule,
            origin=FAILED,
            instant=self._now,
            version=version,
            status=FAILED_STATUS,
            key="sched_tick:" + tick_id(schedule_id, "failed", version),
            payload=events.failed(error),
        )

    def lapse(self, schedule: int, schedule_id: str, lapse: Lapse) -> None:
        """A lapse of a schedule.

        What the same key said before was withdrawn by a rewind, since a lapse begins at the cursor: it is recorded anew
        under a key with a number behind it.
        """
        key = f"sched_lapse:{schedule_id}:{lapse.after}:{lapse.before}:{lapse.reason}"
        payload = events.lapsed(schedule_id, lapse)
        for again in itertools.count(1):
            numbered = key if again == 1 else f"{key}:{again}"
            if self._append(LAPSED, schedule=schedule, instant=lapse.before, key=numbered, payload=payload):
                return

    def request(self, key: str, parsed: TickKey | None, content: int) -> bool:
        """A run request made by hand; `parsed` is what the key says where it has the form of a tick's run key."""
        if parsed is None:
            return self._append(REQUESTED, content=content, key=key)
        schedule = self.schedule_number(parsed.schedule_id)
        origin = ORIGINS.index(parsed.origin)
        return self._append(REQUESTED, schedule=schedule, origin=origin, instant=parsed.number, content=content)

    def zone_rules(self, before: str, after: str) -> None:
        """A change of the installed zone rules."""
        count = self._connection.execute("SELECT count(*) FROM event_log WHERE type = 5").fetchone()[0]
        self._append(ZONE_RULES, key=f"zone_rules:{count + 1}:{after}", payload=events.zone_rules(before, after))

    def rewind(self, schedule: int, rewinding: Rewinding) -> None:
        """A cursor brought back; to be the only event of its writer."""
        key = f"cursor_rewound:{rewinding.schedule_id}:{self._count(REWOUND, schedule) + 1}"
        self._append(REWOUND, schedule=schedule, key=key, payload=events.rewound(rewinding.schedule_id, rewinding))

    def prune(self, schedule: int, part: PrunedPart) -> None:
        """History of a schedule that goes, with its events; to be the only event of its writer."""
        key = f"history_pruned:{part.schedule_id}:{self._count(PRUNED, schedule) + 1}"
        self._append(PRUNED, schedule=schedule, key=key, payload=events.pruned(part))
        bounds = {"schedule": schedule, "through": part.through}
        self._connection.execute(
            f"DELETE FROM event_log WHERE type = {TICKED} AND schedule = :schedule AND instant <= :through "
            f"AND origin <> {FAILED}",
            bounds,
        )
        self._connection.execute(
            f"DELETE FROM event_log WHERE type = {LAPSED} AND schedule = :schedule AND seq IN "
            "(SELECT lapse FROM lapse_rows WHERE schedule = :schedule AND before <= :through + 1)",
            bounds,
        )

    def _count(self, type_: int, schedule: int) -> int:
        ask = "SELECT count(*) FROM event_log WHERE type = ? AND schedule = ?"
        return int(self._connection.execute(ask, (type_, schedule)).fetchone()[0])

    def agenda(self, schedule: int, agenda: Agenda | None) -> None:
        """When the evaluator must look at the schedule next."""
        if agenda is None:
            self._connection.execute("DELETE FROM agenda WHERE schedule = ?", (schedule,))
        else:
            self._connection.execute(
                "INSERT INTO agenda (schedule, due_at, failing) VALUES (?, ?, ?) ON CONFLICT (schedule) DO UPDATE "
                "SET due_at = excluded.due_at, failing = excluded.failing "
                "WHERE due_at <> excluded.due_at OR failing <> excluded.failing",
                (schedule, agenda.due_at, agenda.failing),
            )

    def finish(self) -> int:
        """Fold what was appended; returns how many conflicts it is."""
        if not self._types:
            return 0
        return fold(self._connection, self._before, last_seq(self._connection), self._types)

    def _append(self, type_: int, **columns: int | str | None) -> bool:
        self._types.add(type_)
        names = ("schedule", "origin", "instant", "version", "status", "content", "key")
        row = (type_, *(columns.get(name) for name in names), self._now, columns.get("payload"))
        return self._connection.execute(_APPEND, row).rowcount == 1


def last_seq(connection: sqlite3.Connection) -> int:
    """The `seq` of the newest event, 0 when there is none."""
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM event_log").fetchone()[0])
