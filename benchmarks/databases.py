"""Databases to measure on: small ones by the project's own Python face, large ones by sets through its own fold."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from arco_sched import Definition, Workspace
from arco_sched.core import events
from arco_sched.core.definitions import RequestContent, Version
from arco_sched.core.evaluate import agenda
from arco_sched.core.identity import run_id
from arco_sched.store.sqlite.append import content_numbers, last_seq
from arco_sched.store.sqlite.fold import fold
from arco_sched.store.sqlite.transaction import Transaction
from arco_sched.store.sqlite.zones import keep_new
from benchmarks.harness import START

CONTENT: Final = RequestContent(asset_selection=("analytics.summary",))
EVERY_MINUTE: Final = Definition(cron_expression="* * * * *", timezone="America/New_York", request=CONTENT)
ONCE_A_YEAR: Final = Definition(cron_expression="0 0 1 1 *", timezone="America/New_York", request=CONTENT)


def by_face(path: Path, count: int, definition: Definition, *, start: int = START, prefix: str = "s") -> Path:
    """A database with schedules of one definition, `s000001` and so on, made one by one."""
    with Workspace.create(path) as workspace:
        for number in range(1, count + 1):
            workspace.create_schedule(f"{prefix}{number:07}", definition, now=start, start_at=start)
    return path


def by_sets(path: Path, groups: list[tuple[str, int, Definition]], *, start: int = START) -> Path:
    """The same database as `by_face` would make of groups of (prefix, count, definition), in a time that serves a
    million: their events are written as one set, and folded by the fold that folds all events."""
    Workspace.create(path).close()
    with closing(_connect(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        for prefix, count, definition in groups:
            sample = prefix + "0000000"
            version = Version(
                schedule_id=sample,
                definition_version=1,
                definition=definition,
                start_at=start,
                enabled=True,
                deleted=False,
                created_at=start,
                effective_from=start,
            )
            values = {
                "prefix": prefix,
                "count": count,
                "content": content_numbers(connection, [definition.request])[definition.request],
                "sample": f'"{sample}"',
                "payload": events.definition(version, 0, 0)[9],
                "start": start,
            }
            before = connection.execute("SELECT coalesce(max(schedule), 0) FROM schedule_ids").fetchone()[0]
            connection.execute(
                "INSERT INTO schedule_ids (schedule_id) WITH RECURSIVE n (i) AS "
                "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) SELECT printf('%s%07d', :prefix, i) FROM n",
                values,
            )
            after = last_seq(connection)
            connection.execute(
                "INSERT INTO event_log (type, schedule, version, content, key, recorded_at, payload) "
                f"SELECT {events.UPSERTED.code}, schedule, 1, :content, 'sched_def:' || schedule_id || ':1', :start, "
                "replace(:payload, :sample, '\"' || schedule_id || '\"') "
                "FROM schedule_ids WHERE schedule > :before ORDER BY schedule",
                values | {"before": before},
            )
            fold(connection, after, last_seq(connection), types={events.UPSERTED.code})
            keep_new(connection, after, last_seq(connection))
            state = Transaction(connection).definitions.state(before + 1)
            due = agenda(state.terms, state.cursor)
            if due is not None:
                connection.execute(
                    "INSERT INTO agenda (schedule, due_at, failing) "
                    "SELECT schedule, ?, 0 FROM schedule_ids WHERE schedule > ? ORDER BY schedule",
                    (due.due_at, before),
                )
        connection.execute("COMMIT")
    return path


def with_ticks(path: Path, schedules: int, each: int) -> Path:
    """A database in which schedules of every minute were evaluated every minute, `each` times, by sets."""
    by_sets(path, [("s", schedules, EVERY_MINUTE)])
    with closing(_connect(path)) as connection:
        slice_ = max(1, 100_000 // schedules)
        for first in range(0, each, slice_):
            connection.execute("BEGIN IMMEDIATE")
            before = last_seq(connection)
            connection.execute(
                "INSERT INTO event_log "
                "(type, schedule, origin, instant, version, status, content, run_id, recorded_at) "
                "WITH RECURSIVE n (i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :stop) "
                f"SELECT t.column1, s.schedule, {events.SCHEDULED}, :start + 60 * i, 1, t.column2, d.content, "
                f"CASE t.column1 WHEN {events.REQUESTED.code} THEN run_id(j.schedule_id, :start + 60 * i) END, "
                ":start + 60 * i "
                "FROM n CROSS JOIN schedule_rows s CROSS JOIN schedule_ids j ON j.schedule = s.schedule "
                f"CROSS JOIN (VALUES ({events.TICKED.code}, 1), ({events.REQUESTED.code}, NULL)) t "
                "CROSS JOIN definition_rows d ON d.schedule = s.schedule AND d.version = 1",
                {"first": first, "stop": min(first + slice_, each), "start": START},
            )
            fold(connection, before, last_seq(connection), types={events.TICKED.code, events.REQUESTED.code})
            connection.execute("COMMIT")
        state = Transaction(connection).definitions.state(1)
        due = agenda(state.terms, state.cursor)
        if due is None:
            raise AssertionError
        connection.execute("UPDATE agenda SET due_at = ?", (due.due_at,))
        connection.execute("UPDATE workspace SET visited_at = ?", (state.cursor,))
    return path


def copy(path: Path, name: str) -> Path:
    """A copy of a database that nobody has open, beside it."""
    other = path.with_name(f"{name}.db")
    remove(other)
    shutil.copyfile(path, other)
    return other


def remove(path: Path) -> None:
    """Remove a database with what SQLite and workers keep beside it."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    # The runs of a copy have the ids of the first: a worker that found how those ended would start nothing.
    shutil.rmtree(f"{path}.runs", ignore_errors=True)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")  # it is thrown away if the machine fails meanwhile
    connection.execute("PRAGMA cache_size = -500000")
    connection.create_function("run_id", 2, lambda name, at: run_id("default", f"sched:{name}:{at}"))
    return connection
