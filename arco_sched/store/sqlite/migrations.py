"""Migrating a database of an older schema, keeping a copy of it.

To change the schema: edit schema.sql, add the script that makes the change to `STEPS`, raise `SCHEMA_VERSION` in
`__init__.py` by one, and pin the new version with `python -m tests.store.pin_schema`. Tables that verify compares must
come out as schema.sql has them; a step must not lose an event. Words and views are made anew after the last step, so a
change of theirs alone (a new event type, a new definition field) is an empty step.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from arco_sched.core.errors import DatabaseUnusable, InvalidInput
from arco_sched.store.sqlite.script import derived, statements

if TYPE_CHECKING:
    from arco_sched.store.sqlite.database import Database

_TO_2: Final = """
-- The run id in the event; definition fields that no evaluation reads in one column.
ALTER TABLE event_log RENAME TO event_log_1;
CREATE TABLE event_log (
    seq         INTEGER PRIMARY KEY,
    type        INTEGER NOT NULL,
    schedule    INTEGER,
    origin      INTEGER,
    instant     INTEGER,
    version     INTEGER,
    status      INTEGER,
    content     INTEGER,
    key         TEXT,
    run_id      TEXT CHECK ((run_id IS NOT NULL) = (type = 4)),
    recorded_at INTEGER NOT NULL,
    payload     TEXT CHECK (payload IS NULL OR json_valid(payload))
) STRICT;
INSERT INTO event_log
SELECT e.seq, e.type, e.schedule, e.origin, e.instant, e.version, e.status, e.content, e.key,
    CASE WHEN e.type <> 4 THEN NULL
        WHEN e.key IS NOT NULL THEN (SELECT r.run_id FROM run_rows r WHERE r.key = e.key)
        ELSE (SELECT r.run_id FROM run_rows r
            WHERE r.schedule = e.schedule AND r.origin = e.origin AND r.instant = e.instant) END,
    e.recorded_at, e.payload
FROM event_log_1 e ORDER BY e.seq;
DROP TABLE event_log_1;
CREATE UNIQUE INDEX event_tick ON event_log (schedule, origin, instant) WHERE type = 2;
CREATE UNIQUE INDEX event_request ON event_log (schedule, origin, instant, content)
    WHERE type = 4 AND schedule IS NOT NULL;
CREATE UNIQUE INDEX event_keyed_request ON event_log (key, content) WHERE type = 4 AND key IS NOT NULL;
CREATE UNIQUE INDEX event_key ON event_log (key) WHERE type <> 4 AND key IS NOT NULL;
CREATE INDEX event_rare ON event_log (schedule, type) WHERE type NOT IN (2, 4);
ALTER TABLE definition_rows RENAME TO definition_rows_1;
CREATE TABLE definition_rows (
    schedule               INTEGER NOT NULL,
    version                INTEGER NOT NULL CHECK (version >= 1),
    cron_expression        TEXT NOT NULL,
    timezone               TEXT NOT NULL,
    catchup_window_minutes INTEGER NOT NULL CHECK (catchup_window_minutes >= 1),
    max_catchup_ticks      INTEGER NOT NULL CHECK (max_catchup_ticks >= 1),
    catchup_policy         TEXT NOT NULL CHECK (catchup_policy IN ('oldest-first', 'latest')),
    dst_gap                TEXT NOT NULL CHECK (dst_gap IN ('next', 'skip')),
    dst_overlap            TEXT NOT NULL CHECK (dst_overlap IN ('first', 'last', 'both')),
    content                INTEGER NOT NULL,
    policy                 TEXT CHECK (policy IS NULL OR json_valid(policy)),
    other                  TEXT NOT NULL CHECK (json_valid(other)),
    start_at               INTEGER NOT NULL,
    end_at                 INTEGER CHECK (end_at > start_at),
    enabled                INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    deleted                INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    created_at             INTEGER NOT NULL,
    effective_from         INTEGER NOT NULL,
    PRIMARY KEY (schedule, version)
) STRICT, WITHOUT ROWID;
INSERT INTO definition_rows
SELECT schedule, version, cron_expression, timezone, catchup_window_minutes, max_catchup_ticks, catchup_policy, dst_gap,
    dst_overlap, content, NULL, json_object('code_version', code_version), start_at, end_at, enabled, deleted,
    created_at, effective_from
FROM definition_rows_1;
DROP TABLE definition_rows_1;
-- Execution: what was requested before is for nobody to take.
ALTER TABLE workspace ADD COLUMN held_through INTEGER NOT NULL DEFAULT 0;
ALTER TABLE workspace ADD COLUMN store_id TEXT;
UPDATE workspace SET held_through = (SELECT coalesce(max(run), 0) FROM run_rows);
ALTER TABLE run_rows RENAME TO run_rows_1;
CREATE TABLE run_rows (
    run          INTEGER PRIMARY KEY,
    schedule     INTEGER,
    origin       INTEGER,
    instant      INTEGER,
    key          TEXT,
    version      INTEGER,
    content      INTEGER NOT NULL,
    run_id       TEXT NOT NULL,
    status       TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    policy       TEXT CHECK (policy IS NULL OR json_valid(policy)),
    CHECK ((key IS NULL) = (origin IS NOT NULL) AND (origin IS NULL OR schedule IS NOT NULL))
) STRICT;
INSERT INTO run_rows
SELECT run, schedule, origin, instant, key, version, content, run_id, status, requested_at, NULL FROM run_rows_1;
DROP TABLE run_rows_1;
CREATE UNIQUE INDEX run_of_tick ON run_rows (schedule, origin, instant) WHERE schedule IS NOT NULL;
CREATE UNIQUE INDEX run_of_key ON run_rows (key) WHERE key IS NOT NULL;
CREATE INDEX run_by_id ON run_rows (substr(run_id, 5, 8));
CREATE TABLE run_states (
    run      INTEGER PRIMARY KEY,
    schedule INTEGER,
    backfill INTEGER NOT NULL CHECK (backfill IN (0, 1)),
    pool     TEXT NOT NULL,
    status   TEXT NOT NULL,
    occupies INTEGER NOT NULL CHECK (occupies IN (0, 1)),
    due_at   INTEGER NOT NULL,
    ended_at INTEGER,
    executor TEXT,
    state    TEXT NOT NULL CHECK (json_valid(state))
) STRICT;

CREATE INDEX run_occupies ON run_states (schedule, backfill) WHERE occupies = 1;
CREATE INDEX run_open ON run_states (executor, run) WHERE executor IS NOT NULL;
CREATE INDEX run_over ON run_states (schedule, due_at, run) WHERE status IN ('succeeded', 'failed');
CREATE INDEX run_success ON run_states (schedule, ended_at) WHERE status = 'succeeded';

CREATE TABLE attempt_rows (
    run          INTEGER NOT NULL,
    attempt      INTEGER NOT NULL,
    executor     TEXT NOT NULL,
    worker       TEXT,
    host         TEXT,
    place        TEXT,
    external_id  TEXT,
    submissions  INTEGER NOT NULL,
    submitted_at INTEGER,
    started_at   INTEGER,
    ended_at     INTEGER,
    duration_ms  INTEGER,
    outcome      TEXT CHECK ((outcome IS NULL) = (ended_at IS NULL)),
    exit_code    INTEGER,
    signal       INTEGER,
    message      TEXT,
    PRIMARY KEY (run, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE pool_rows (
    pool   TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    slots  INTEGER CHECK (slots >= 0)
) STRICT, WITHOUT ROWID;
CREATE TABLE queue (
    run         INTEGER PRIMARY KEY,
    pool        TEXT NOT NULL,
    aside       INTEGER NOT NULL,
    priority    INTEGER NOT NULL,
    backfill    INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,
    ready_at    INTEGER,
    deadline_at INTEGER,
    schedule    INTEGER,
    cancels     INTEGER NOT NULL
) STRICT;

CREATE INDEX queue_order ON queue (pool, aside, priority DESC, backfill, due_at, run);
CREATE INDEX queue_ready ON queue (ready_at) WHERE aside = 2;
CREATE INDEX queue_group ON queue (schedule, backfill, aside, priority DESC, due_at, run) WHERE schedule IS NOT NULL;
CREATE INDEX queue_late ON queue (deadline_at) WHERE deadline_at IS NOT NULL;
CREATE INDEX queue_cancels ON queue (schedule) WHERE cancels = 1;
CREATE TABLE worker_rows (
    worker   TEXT PRIMARY KEY,
    host     TEXT NOT NULL,
    pid      INTEGER NOT NULL,
    executor TEXT NOT NULL,
    pools    TEXT NOT NULL CHECK (json_valid(pools)),
    slots    INTEGER NOT NULL,
    seen_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE hook_rows (
    run     INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    done_at INTEGER,
    PRIMARY KEY (run, attempt)
) STRICT, WITHOUT ROWID;

CREATE INDEX hook_owed ON hook_rows (run) WHERE done_at IS NULL;
"""

_TO_3: Final = """
-- Not released yet: each change of schema.sql since schema 2 adds its statements here.
-- The last tick and run of a schedule are the latest, and not those made last.
UPDATE schedule_rows SET
    last_instant = (SELECT max(at) FROM (SELECT last_instant AS at
        UNION ALL SELECT max(t.instant) FROM tick_rows t WHERE t.schedule = schedule_rows.schedule AND t.origin = 0
        UNION ALL SELECT max(CAST(strftime('%s', json_extract(e.payload, '$.last_scheduled_for')) AS INTEGER))
            FROM event_log e WHERE e.schedule = schedule_rows.schedule AND e.type = 7)),
    last_run = (SELECT max(at) FROM (SELECT last_run AS at
        UNION ALL SELECT max(t.instant) FROM tick_rows t
            WHERE t.schedule = schedule_rows.schedule AND t.origin = 0 AND t.status = 'triggered'
        UNION ALL SELECT max(CAST(strftime('%s', json_extract(e.payload, '$.last_run_for')) AS INTEGER))
            FROM event_log e WHERE e.schedule = schedule_rows.schedule AND e.type = 7))
WHERE rewound_from IS NOT NULL;
-- Who runs the hooks of a run that is final.
ALTER TABLE hook_rows ADD COLUMN worker TEXT;
-- When a worker came by that does not stay.
CREATE TABLE visit_rows (
    executor   TEXT NOT NULL,
    pool       TEXT NOT NULL,
    visited_at INTEGER NOT NULL,
    before     INTEGER CHECK (before < visited_at),
    PRIMARY KEY (executor, pool)
) STRICT, WITHOUT ROWID;
-- The runs that somebody looks for by their status.
CREATE INDEX run_by_status ON run_rows (status, run)
    WHERE status = 'failed' OR status = 'running' OR status = 'canceled' OR status = 'skipped';
-- Events whose columns are those of their type.
ALTER TABLE event_log RENAME TO event_log_2;
CREATE TABLE event_log (
    seq         INTEGER PRIMARY KEY,
    type        INTEGER NOT NULL,
    schedule    INTEGER,
    origin      INTEGER,
    instant     INTEGER,
    version     INTEGER,
    status      INTEGER,
    content     INTEGER,
    key         TEXT,
    run_id      TEXT CHECK ((run_id IS NOT NULL) = (type = 4)),
    recorded_at INTEGER NOT NULL,
    payload     TEXT CHECK (payload IS NULL OR json_valid(payload)),
    author      TEXT,
    note        TEXT CHECK (note IS NULL OR author IS NOT NULL),
    -- A column that a type does not use is null; one that it needs is not.
    CONSTRAINT columns_of_type CHECK (CASE type
        WHEN 1 THEN schedule IS NOT NULL AND version IS NOT NULL AND content IS NOT NULL AND key IS NOT NULL
            AND payload IS NOT NULL AND origin IS NULL AND instant IS NULL AND status IS NULL
        WHEN 2 THEN schedule IS NOT NULL AND origin IS NOT NULL AND instant IS NOT NULL AND version IS NOT NULL
            AND status IS NOT NULL AND origin BETWEEN 0 AND 3 AND status BETWEEN 1 AND 4
            AND (content IS NOT NULL) = (status = 1) AND (origin = 2) = (status = 3)
            AND (key IS NOT NULL) = (status = 3) AND (payload IS NOT NULL) = (status = 3)
        WHEN 3 THEN schedule IS NOT NULL AND instant IS NOT NULL AND key IS NOT NULL AND payload IS NOT NULL
            AND origin IS NULL AND version IS NULL AND status IS NULL AND content IS NULL
        WHEN 4 THEN content IS NOT NULL AND status IS NULL AND (key IS NULL) = (origin IS NOT NULL)
            AND (origin IS NULL OR (origin IN (0, 1, 3) AND schedule IS NOT NULL AND instant IS NOT NULL))
            AND (key IS NULL OR (schedule IS NULL) = (version IS NULL) AND (schedule IS NULL) = (instant IS NULL))
        ELSE key IS NOT NULL AND payload IS NOT NULL AND origin IS NULL AND instant IS NULL AND version IS NULL
            AND status IS NULL AND content IS NULL
            AND (schedule IS NULL) >= (type = 5) AND (schedule IS NOT NULL) >= (type IN (6, 7))
    END)
) STRICT;
INSERT INTO event_log
SELECT seq, type, schedule, origin, instant, version, status, content, key, run_id, recorded_at, payload, NULL, NULL
FROM event_log_2 ORDER BY seq;
DROP TABLE event_log_2;
CREATE UNIQUE INDEX event_tick ON event_log (schedule, origin, instant) WHERE type = 2;
CREATE UNIQUE INDEX event_request ON event_log (schedule, origin, instant, content)
    WHERE type = 4 AND schedule IS NOT NULL;
CREATE UNIQUE INDEX event_keyed_request ON event_log (key, content) WHERE type = 4 AND key IS NOT NULL;
CREATE UNIQUE INDEX event_key ON event_log (key) WHERE type <> 4 AND key IS NOT NULL;
CREATE INDEX event_rare ON event_log (schedule, type) WHERE type NOT IN (2, 4);
-- What changes of the zone rules need and leave behind.
CREATE TABLE served_rows (
    schedule INTEGER NOT NULL,
    instant  INTEGER NOT NULL,
    PRIMARY KEY (schedule, instant)
) STRICT, WITHOUT ROWID;
CREATE TABLE agenda_elsewhere (
    schedule   INTEGER PRIMARY KEY,
    zone_rules TEXT NOT NULL
) STRICT;
CREATE TABLE zone_data (
    timezone TEXT PRIMARY KEY,
    data     BLOB NOT NULL
) STRICT, WITHOUT ROWID;
ALTER TABLE definition_rows ADD COLUMN excluded_days TEXT CHECK (excluded_days IS NULL OR json_valid(excluded_days));
ALTER TABLE definition_rows ADD COLUMN paused_until INTEGER;
ALTER TABLE tick_rows ADD COLUMN skip_reason TEXT CHECK (skip_reason IS NULL OR status = 'skipped');
ALTER TABLE workspace ADD COLUMN evaluation_minutes INTEGER CHECK (evaluation_minutes BETWEEN 1 AND 60);
-- The row is written whole, so that a visit later changes none of its bytes but those of the instant.
UPDATE workspace SET evaluation_minutes = NULL;
"""

_NOT_OURS: Final = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH}
"""What SQLite says of a step where tables or rows aren't those that the schema's number promises."""

_KEEPS_ZONES: Final = 3

STEPS: Final[Sequence[str]] = (_TO_2, _TO_3)
"""Script by script, from schema 1 to 2, from 2 to 3, and so on."""

_REPORTS: Final = ("report_schedules", "report_ticks", "report_lapses", "report_runs", "report_attempts")
_VIEWS: Final = (*_REPORTS, "definitions", "schedules", "ticks", "lapses", "runs", "conflicts", "events")


def bring_forward(database: "Database", steps: Sequence[str] = STEPS, *, keep: bool = True) -> Path | None:
    """Bring the database to the schema behind the last of `steps`, in one transaction; returns the copy of what it was,
    or None if another process was first.

    The copy is `FILE.vN-backup` for schema N, and is there before anything changes. Cut short at any moment, the
    database is as it was. Raises `DatabaseUnusable`, also when the copy can't be written. Without `keep`, for a file
    that is a copy itself, no copy is made.
    """
    target = 1 + len(steps)
    with database.write() as transaction:
        version = transaction.schema_version()
        if version >= target:
            return None
        kept = Path(f"{database.path}.v{version}-backup") if keep else None
        # Through a connection of its own, since one that writes can't be copied; nobody else writes meanwhile. A copy
        # that is there was left by an attempt that was cut short, and what it holds is older.
        try:
            if kept is not None:
                with database.another() as reader:
                    reader.backup(kept, replace=True)
        except InvalidInput as error:  # about a name that nobody gave
            raise DatabaseUnusable(str(error)) from None
        try:
            transaction.change_schema(lambda connection: _take(connection, steps[version - 1 :], target))
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF not in _NOT_OURS:
                raise
            raise DatabaseUnusable(
                f"{database.path} has schema {version}, but can't be upgraded to schema {target} ({error}): a "
                "development version of arco made it, or another program changed it. Nothing was changed"
            ) from error
        return kept


def _take(connection: "sqlite3.Connection", steps: Sequence[str], target: int) -> None:
    for view in _VIEWS:  # a table that a view reads could not be made anew
        connection.execute(f"DROP VIEW IF EXISTS {view}")
    for script in steps:
        for statement in statements(script):
            connection.execute(statement)
    connection.execute("DELETE FROM words")
    for statement in statements(derived()):
        connection.execute(statement)
    _keep_zones(connection, target)
    connection.execute(f"PRAGMA user_version = {target}")


def _keep_zones(connection: "sqlite3.Connection", target: int) -> None:
    """Keep the zone data of now where they are those of the rules recorded: before schema 3 nobody did."""
    from arco_sched.core.zone_rules import tzdata_release
    from arco_sched.store.sqlite.zones import Zones

    if target >= _KEEPS_ZONES:
        [(recorded,)] = connection.execute("SELECT zone_rules FROM workspace")
        if recorded == tzdata_release():
            Zones(connection).keep_installed()
