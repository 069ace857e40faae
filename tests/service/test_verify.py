"""`verify`: each kind of damage is named, and a database in which everything has happened is clean."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition, RequestContent
from arco_sched.core.errors import ArcoError, DatabaseUnusable
from arco_sched.service.verification.findings import Verification
from arco_sched.store.sqlite.fold import TICKED
from tests.database import opened, spoil, sql
from tests.story import DAY, END, HOUR, START


@pytest.fixture
def path(copy_of_told: Path) -> Path:
    """A copy of the story's database."""
    return copy_of_told


def verify(path: Path) -> Verification:
    """What `verify` says of the file."""
    with Workspace.open(path) as workspace:
        return workspace.verify()


# Clean.


def test_a_story_is_clean(path: Path) -> None:
    """A database in which everything has happened has no difference, and verify writes nothing."""
    before = path.read_bytes()
    [(events, schedules)] = sql(path, "SELECT (SELECT count(*) FROM event_log), (SELECT count(*) FROM schedule_rows)")
    assert verify(path) == Verification(ok=True, events=events, schedules=schedules, differences=(), notes=())
    assert path.read_bytes() == before


def test_the_story_has_everything(path: Path) -> None:
    """The story is worth verifying: every type of event, status, reason and origin is in it."""
    assert sql(path, "SELECT group_concat(DISTINCT type) FROM (SELECT type FROM event_log ORDER BY 1)") == [
        ("1,2,3,4,5,6,7",)
    ]
    assert {reason for (reason,) in sql(path, "SELECT DISTINCT reason FROM lapse_rows")} == {
        "window",
        "superseded",
        "discarded",
        "unevaluable",
    }
    assert {status for (status,) in sql(path, "SELECT DISTINCT status FROM tick_rows")} == {
        "triggered",
        "skipped",
        "failed",
    }
    assert sql(path, "SELECT count(DISTINCT origin) FROM tick_rows") == [(4,)]
    assert sql(path, "SELECT count(*) > 0 FROM conflict_rows") == [(1,)]
    assert sql(path, "SELECT count(*) > 0 FROM definition_rows WHERE deleted") == [(1,)]
    assert sql(path, "SELECT count(*) > 0 FROM schedule_rows WHERE rewound_from AND pruned_through") == [(1,)]


def test_progress_ends_at_all(path: Path) -> None:
    """Progress is told of events and of schedules, and ends where all is done."""
    said: dict[str, tuple[int, int]] = {}
    with Workspace.open(path) as workspace:
        workspace.verify(lambda what, done, total: said.update({what: (done, total)}))
    assert {what: done == total for what, (done, total) in said.items()} == {"events": True, "schedules": True}


# Damage: (what is done, words that a difference must have).

A_TICK = "(SELECT max(instant) FROM tick_rows WHERE schedule = 1 AND origin = 0)"
"""The newest tick of the first schedule, `oldest`."""
A_LAPSE = "(SELECT max(lapse) FROM lapse_rows WHERE reason = 'window')"
AN_EVENT = (
    f"(SELECT seq FROM event_log WHERE type = {TICKED.code} AND schedule = 1 AND origin = 0 AND instant = {A_TICK})"
)

ROWS = {
    "tick removed": (f"DELETE FROM tick_rows WHERE schedule = 1 AND instant = {A_TICK}", "tick schedule_id=oldest"),
    "tick's version": (f"UPDATE tick_rows SET version = 1 WHERE schedule = 1 AND instant = {A_TICK}", "version is 1"),
    "tick's status": (
        f"UPDATE tick_rows SET status = 'skipped', content = NULL WHERE schedule = 1 AND instant = {A_TICK}",
        "status is 'skipped' instead of 'triggered'",
    ),
    "tick's id": (f"UPDATE tick_rows SET tick_id = 'oldest:7' WHERE schedule = 1 AND instant = {A_TICK}", "'oldest:7'"),
    "tick's time": (f"UPDATE tick_rows SET recorded_at = 7 WHERE instant = {A_TICK}", "recorded_at is 7"),
    "tick's error": ("UPDATE tick_rows SET error = 'none' WHERE status = 'failed'", "error is 'none'"),
    "tick added": (
        f"INSERT INTO tick_rows SELECT schedule, instant + 1, origin, 'oldest:1', version, status, content, "
        f"recorded_at, error, skip_reason FROM tick_rows WHERE schedule = 1 AND instant = {A_TICK}",
        "this row of tick_rows doesn't follow",
    ),
    "lapse removed": (f"DELETE FROM lapse_rows WHERE lapse = {A_LAPSE}", "the row of lapse_rows"),
    "lapse's count": (f"UPDATE lapse_rows SET missed = missed + 1 WHERE lapse = {A_LAPSE}", "missed is"),
    "lapse's reason": (f"UPDATE lapse_rows SET reason = 'discarded' WHERE lapse = {A_LAPSE}", "reason is 'discarded'"),
    "lapse's span": (f"UPDATE lapse_rows SET before = before + 1 WHERE lapse = {A_LAPSE}", "before is"),
    "lapse added": ("INSERT INTO lapse_rows VALUES (999999, 1, 5, 9, 1, 'window', 9)", "lapse lapse=999999"),
    "run removed": ("DELETE FROM run_rows WHERE run = (SELECT max(run) FROM run_rows)", "the row of run_rows"),
    "run's id": (
        "UPDATE run_rows SET run_id = 'run_a' WHERE run = (SELECT max(run) FROM run_rows)",
        "run_id is 'run_a'",
    ),
    "run's content": ("UPDATE run_rows SET content = 1 WHERE key = 'by-hand'", "content is 1"),
    "run's key": ("UPDATE run_rows SET key = 'by-foot' WHERE key = 'by-hand'", "key is 'by-foot' instead of 'by-hand'"),
    "run's status": ("UPDATE run_rows SET status = 'lost' WHERE key = 'by-hand'", "status is 'lost'"),
    "run added": (
        "INSERT INTO run_rows (run, key, content, run_id, status, requested_at) "
        "VALUES (999999, 'k', 1, 'r', 'requested', 1)",
        "run run=999999",
    ),
    "run twice": (
        "DROP INDEX run_of_key",
        "INSERT INTO run_rows SELECT 999999, schedule, origin, instant, key, version, content, run_id, status, "
        "requested_at, policy FROM run_rows WHERE key = 'by-hand'",
        "run run=999999",
    ),
    "conflict removed": ("DELETE FROM conflict_rows", "the row of conflict_rows"),
    "conflict's content": ("UPDATE conflict_rows SET content = 1", "conflict conflict="),
    "conflict added": ("INSERT INTO conflict_rows VALUES (999999, 1, 1, 1)", "conflict conflict=999999"),
    "definition removed": ("DELETE FROM definition_rows WHERE schedule = 1 AND version = 2", "version=2"),
    "definition's expression": (
        "UPDATE definition_rows SET cron_expression = '* * * * *' WHERE schedule = 1 AND version = 1",
        "cron_expression is '* * * * *'",
    ),
    "definition's zone": ("UPDATE definition_rows SET timezone = 'UTC' WHERE schedule = 4", "timezone is 'UTC'"),
    "definition's bound": (
        "UPDATE definition_rows SET max_catchup_ticks = 11 WHERE schedule = 2",
        "is 11 instead of 3",
    ),
    "definition's state": ("UPDATE definition_rows SET enabled = 0 WHERE schedule = 1 AND version = 1", "enabled is 0"),
    "definition's begin": (
        "UPDATE definition_rows SET effective_from = effective_from + 1 WHERE schedule = 1 AND version = 2",
        "effective_from is",
    ),
    "definition added": (
        "INSERT INTO definition_rows SELECT schedule, 99, cron_expression, timezone, catchup_window_minutes, "
        "max_catchup_ticks, catchup_policy, dst_gap, dst_overlap, content, policy, other, start_at, end_at, enabled, "
        "deleted, created_at, effective_from, excluded_days, paused_until FROM definition_rows "
        "WHERE schedule = 1 AND version = 1",
        "version=99: this row of",
    ),
    "schedule removed": ("DELETE FROM schedule_rows WHERE schedule = 2", "schedule schedule_id=latest"),
    "cursor forward": ("UPDATE schedule_rows SET cursor = cursor + 86400 WHERE schedule = 1", "cursor is"),
    "cursor back": ("UPDATE schedule_rows SET cursor = cursor - 86400 WHERE schedule = 1", "cursor is"),
    "last tick": ("UPDATE schedule_rows SET last_instant = 7 WHERE schedule = 1", "last_instant is 7"),
    "last run": ("UPDATE schedule_rows SET last_run = NULL WHERE schedule = 1", "last_run is None"),
    "schedule's version": ("UPDATE schedule_rows SET version = 1 WHERE schedule = 1", "version is 1"),
    "schedule added": (
        "INSERT INTO schedule_rows (schedule, version, cursor) VALUES (77, 1, 1)",
        "doesn't follow from any event",
    ),
    "agenda later": ("UPDATE agenda SET due_at = due_at + 60 WHERE schedule = 1", "the agenda says"),
    "agenda removed": ("DELETE FROM agenda WHERE schedule = 1", "the agenda says never"),
    "agenda failing": ("UPDATE agenda SET failing = 1 WHERE schedule = 1", "agenda"),
    "agenda of nobody": ("INSERT INTO agenda VALUES (77, 1, 0)", "agenda"),
    "workspace's name": ("UPDATE workspace SET name = 'other'", "doesn't fit the run key"),
}

EVENTS = {
    "tick": (f"DELETE FROM event_log WHERE seq = {AN_EVENT}", "this row of tick_rows doesn't follow"),
    "tick's version": (f"UPDATE event_log SET version = 1 WHERE seq = {AN_EVENT}", "instead of 1, by the events"),
    "tick's status": (f"UPDATE event_log SET status = 2, content = NULL WHERE seq = {AN_EVENT}", "'skipped'"),
    "tick's instant": (
        f"UPDATE event_log SET instant = instant + 1 WHERE seq = {AN_EVENT}",
        "doesn't follow from any event",
    ),
    "tick's time": (f"UPDATE event_log SET recorded_at = 7 WHERE seq = {AN_EVENT}", "instead of 7, by the events"),
    "tick's origin": (f"UPDATE event_log SET origin = 9 WHERE seq = {AN_EVENT}", "can't be folded"),
    "request": (
        f"DELETE FROM event_log WHERE type = 4 AND schedule = 1 AND instant = {A_TICK}",
        "this row of run_rows doesn't follow",
    ),
    "request by hand": (
        "DELETE FROM event_log WHERE type = 4 AND key = 'by-hand'",
        "this row of run_rows doesn't follow",
    ),
    "conflict": (
        "DELETE FROM event_log WHERE seq = (SELECT max(conflict) FROM conflict_rows)",
        "this row of conflict_rows doesn't follow",
    ),
    "lapse": (f"DELETE FROM event_log WHERE seq = {A_LAPSE}", "this row of lapse_rows doesn't follow"),
    "lapse's payload": (
        f"UPDATE event_log SET payload = json_set(payload, '$.missed', 7777) WHERE seq = {A_LAPSE}",
        "instead of 7777, by the events",
    ),
    "lapse's end": (
        f"UPDATE event_log SET payload = json_set(payload, '$.before', '2025-01-01T00:00:00Z') WHERE seq = {A_LAPSE}",
        "event",
    ),
    "lapse's schedule": (
        f"UPDATE event_log SET payload = json_set(payload, '$.schedule_id', 'nobody') WHERE seq = {A_LAPSE}",
        "event",
    ),
    "lapse's key": (f"UPDATE event_log SET key = 'sched_lapse:x' WHERE seq = {A_LAPSE}", "sched_lapse:x"),
    "definition": (
        "DELETE FROM event_log WHERE type = 1 AND schedule = 1 AND version = 2",
        "doesn't follow from any event",
    ),
    "definition's payload": (
        "UPDATE event_log SET payload = json_set(payload, '$.cron_expression', '0 0 * * *') "
        "WHERE type = 1 AND schedule = 1",
        "instead of '0 0 * * *', by the events",
    ),
    "definition's id": (
        "UPDATE event_log SET payload = json_set(payload, '$.schedule_id', 'nobody') WHERE type = 1 AND schedule = 1",
        "name different versions",
    ),
    "definition's key": (
        "UPDATE event_log SET key = 'sched_def:oldest:9' WHERE type = 1 AND schedule = 1 AND version = 1",
        "name different versions",
    ),
    "definition's content": (
        "UPDATE event_log SET payload = json_set(payload, '$.command', 'rm') "
        "WHERE type = 1 AND schedule = 1 AND version = 1",
        "its request content doesn't match its payload",
    ),
    "definition's creation": (
        "UPDATE event_log SET payload = json_set(payload, '$.created_at', '2001-01-01T00:00:00Z') WHERE type = 1 AND "
        "schedule = 1",
        "definition event",
    ),
    "definition that can't be": (
        "UPDATE event_log SET payload = json_set(payload, '$.catchup_policy', 'whatever') "
        "WHERE type = 1 AND schedule = 1",
        "event",
    ),
    "definition with nothing in it": (
        "UPDATE event_log SET payload = '{}' WHERE type = 1 AND schedule = 1 AND version = 1",
        "event",
    ),
    "definition that is a list": (
        "UPDATE event_log SET payload = '[1]' WHERE type = 1 AND schedule = 1 AND version = 1",
        "event",
    ),
    "definition with no payload": (
        "UPDATE event_log SET payload = NULL WHERE type = 1 AND schedule = 1 AND version = 1",
        "event",
    ),
    "definition that is no JSON": (
        "UPDATE event_log SET payload = 'no' WHERE type = 1 AND schedule = 1 AND version = 1",
        "event",
    ),
    "failure's key": (
        "UPDATE event_log SET key = 'sched_tick:x:failed:1' WHERE type = 2 AND origin = 2 AND schedule = 6",
        "'x:failed:1'",
    ),
    "failure's error": (
        "UPDATE event_log SET payload = json_set(payload, '$.error', 'none') WHERE type = 2 AND origin = 2",
        "instead of 'none', by the events",
    ),
    "manual tick with all it made": (
        "DELETE FROM run_rows WHERE origin = 3",
        "DELETE FROM tick_rows WHERE origin = 3",
        "DELETE FROM event_log WHERE origin = 3",
        "missing",
    ),
    "zone rules": ("DELETE FROM event_log WHERE type = 5", "missing"),
    "rewind": (
        "DELETE FROM event_log WHERE seq = (SELECT max(seq) FROM event_log WHERE type = 6)",
        ", by the events",
    ),
    "rewind's names": (
        "UPDATE event_log SET payload = replace(payload, 'versions', 'vebsions') WHERE type = 6 AND schedule = 1",
        "its payload has unexpected or missing keys: 'vebsions', 'versions'",
    ),
    "rewind's entries": (
        "UPDATE event_log SET payload = replace(payload, 'definition_version', 'version') "
        "WHERE type = 6 AND schedule = 1",
        "its payload has unexpected or missing keys: 'versions.definition_version', 'versions.version'",
    ),
    "rewind's payload": (
        "UPDATE event_log SET payload = json_set(payload, '$.from', '2025-03-05T00:00:00Z') WHERE type = 6",
        "rewound_from is",
    ),
    "rewind's end": (
        "UPDATE event_log SET payload = json_set(payload, '$.to', '2025-03-04T00:00:07Z') WHERE type = 6",
        "it goes to '2025-03-04T00:00:07Z' instead of",
    ),
    "rewind's version": (
        "UPDATE event_log SET payload = json_set(payload, '$.versions[0].effective_from', '2025-03-04T00:00:07Z') "
        "WHERE type = 6 AND schedule = 1",
        "it moves version 3 to '2025-03-04T00:00:07Z'",
    ),
    "pruning": (
        "DELETE FROM event_log WHERE seq = (SELECT max(seq) FROM event_log WHERE type = 7)",
        ", by the events",
    ),
    "pruning's count": (
        "UPDATE event_log SET payload = json_set(payload, '$.ticks', 7777) WHERE type = 7 AND schedule = 1",
        "were pruned, but there are",
    ),
    "added tick": (
        "INSERT INTO event_log (type, schedule, origin, instant, version, status, content, recorded_at) "
        f"VALUES (2, 1, 0, {END} - 1, 1, 2, NULL, {END})",
        "the row of tick_rows that follows from the events is missing",
    ),
    "added tick twice": (
        "DROP INDEX event_tick",
        "INSERT INTO event_log (type, schedule, origin, instant, version, status, content, key, recorded_at, payload) "
        f"SELECT type, schedule, origin, instant, version, status, content, key, recorded_at, payload FROM event_log "
        f"WHERE seq = {AN_EVENT}",
        "event",
    ),
    "added event of no type": (
        f"INSERT INTO event_log (type, recorded_at) VALUES (99, {END})",
        "type",
    ),
    "changed order": (
        "UPDATE event_log SET seq = 999999 WHERE type = 6 AND schedule = 1",
        ", by the events",
    ),
}

# Columns that no fold reads.
COLUMNS = {
    "forged tick of no schedule": (
        "INSERT INTO event_log (type, schedule, origin, instant, version, status, recorded_at) "
        f"VALUES (2, NULL, 0, {END}, 1, 2, {END})",
        "its columns don't fit a ScheduleTicked",
    ),
    "forged tick of no origin": (
        "INSERT INTO event_log (type, schedule, origin, instant, version, status, recorded_at) "
        f"VALUES (2, 1, NULL, {END}, 1, 2, {END})",
        "its columns don't fit a ScheduleTicked",
    ),
    "forged tick of an unknown origin": (
        "INSERT INTO event_log (type, schedule, origin, instant, version, status, recorded_at) "
        f"VALUES (2, 1, 9, {END}, 1, 2, {END})",
        "its columns don't fit a ScheduleTicked",
    ),
    "key of a scheduled tick": (
        f"UPDATE event_log SET key = 'sched_tick:x' WHERE seq = {AN_EVENT}",
        "its columns don't fit a ScheduleTicked",
    ),
    "version of a lapse": (
        f"UPDATE event_log SET version = 7 WHERE seq = {A_LAPSE}",
        "its columns don't fit a OccurrencesLapsed",
    ),
    "pruning's uncounted": (
        "UPDATE event_log SET payload = json_set(payload, '$.uncounted', json_extract(payload, '$.lapses') + 1) "
        "WHERE type = 7 AND schedule = 1",
        "its counts contradict each other",
    ),
    "pruning's missed": (
        "UPDATE event_log SET payload = json_set(payload, '$.missed', NULL) WHERE type = 7 AND schedule = 1",
        "it has no count of missed",
    ),
    "lapse's count is none": (
        f"UPDATE event_log SET payload = json_set(payload, '$.missed', NULL) WHERE seq = {A_LAPSE}",
        "missed None for the reason 'window'",
    ),
    "rewind's begin": (
        "UPDATE event_log SET payload = json_set(payload, '$.from', json('[7]')) WHERE type = 6",
        "its payload can't be read",
    ),
    "a number of 5,000 digits": (
        f"UPDATE event_log SET payload = replace(payload, '\"missed\":', '\"missed\":{'9' * 5000}') "
        f"WHERE seq = {A_LAPSE}",
        "its payload is not a JSON object",
    ),
    "deep nesting": (
        f"UPDATE event_log SET payload = '{'[' * 900}{']' * 900}' WHERE seq = {A_LAPSE}",
        "its payload is not a JSON object",
    ),
}

# A tick, a run or a lapse changed in the event and in the row alike: only counting again finds it.
BOTH = {
    "tick left out": (
        f"DELETE FROM run_rows WHERE schedule = 1 AND origin = 0 AND instant = {A_TICK}",
        f"DELETE FROM event_log WHERE type IN (2, 4) AND schedule = 1 AND origin = 0 AND instant = {A_TICK}",
        f"DELETE FROM tick_rows WHERE schedule = 1 AND origin = 0 AND instant = {A_TICK}",
        "is neither a tick nor counted in a lapse",
    ),
    "tick's version": (
        f"UPDATE event_log SET version = 1 WHERE schedule = 1 AND origin = 0 AND instant = {A_TICK}",
        f"UPDATE run_rows SET version = 1 WHERE schedule = 1 AND origin = 0 AND instant = {A_TICK}",
        f"UPDATE tick_rows SET version = 1 WHERE schedule = 1 AND origin = 0 AND instant = {A_TICK}",
        "has version 1, but 3 was in force",
    ),
    "tick skipped": (
        f"UPDATE event_log SET status = 2, content = NULL WHERE type = 2 AND schedule = 1 AND instant = {A_TICK}",
        f"UPDATE tick_rows SET status = 'skipped', content = NULL WHERE schedule = 1 AND instant = {A_TICK}",
        "is skipped, contrary to its version 3",
    ),
    "run of a skipped tick": (
        f"UPDATE event_log SET status = 2, content = NULL WHERE type = 2 AND schedule = 1 AND instant = {A_TICK}",
        f"UPDATE tick_rows SET status = 'skipped', content = NULL WHERE schedule = 1 AND instant = {A_TICK}",
        "skipped, but it requested a run",
    ),
    "run left out": (
        f"DELETE FROM run_rows WHERE schedule = 1 AND origin = 0 AND instant = {A_TICK}",
        f"DELETE FROM event_log WHERE type = 4 AND schedule = 1 AND origin = 0 AND instant = {A_TICK}",
        "triggered, but its run is missing",
    ),
    "lapse's count": (
        f"UPDATE event_log SET payload = json_set(payload, '$.missed', 7777) WHERE seq = {A_LAPSE}",
        f"UPDATE lapse_rows SET missed = 7777 WHERE lapse = {A_LAPSE}",
        "says 7777 missed, but there are",
    ),
    "lapse left out": (
        f"DELETE FROM event_log WHERE seq = {A_LAPSE}",
        f"DELETE FROM lapse_rows WHERE lapse = {A_LAPSE}",
        "is neither a tick nor counted in a lapse",
    ),
    "tick at no occurrence": (
        f"UPDATE event_log SET instant = instant - 1 WHERE schedule = 1 AND origin = 0 AND instant = {A_TICK}",
        f"UPDATE tick_rows SET instant = instant - 1 WHERE schedule = 1 AND origin = 0 AND instant = {A_TICK}",
        "is not at an occurrence of the version in force",
    ),
}

DICTIONARIES = {
    "content's text": (
        "UPDATE contents SET body = replace(body, 'raw', 'war')",
        "its fingerprint doesn't match its text",
    ),
    "content's fingerprint": ("UPDATE contents SET fingerprint = 'f' || fingerprint", "its fingerprint doesn't match"),
    "content removed": ("DELETE FROM contents WHERE content = 1", "content"),
    "content that is no JSON": ("UPDATE contents SET body = 'no' WHERE content = 1", "content"),
    "schedule id changed": ("UPDATE schedule_ids SET schedule_id = 'nobody' WHERE schedule = 1", "nobody"),
    "schedule id removed": ("DELETE FROM schedule_ids WHERE schedule = 1", "schedule"),
    "schedule ids swapped": (
        "UPDATE schedule_ids SET schedule_id = 'x' WHERE schedule = 1",
        "UPDATE schedule_ids SET schedule_id = 'oldest' WHERE schedule = 2",
        "UPDATE schedule_ids SET schedule_id = 'latest' WHERE schedule = 1",
        "name different versions",
    ),
    "a word": ("UPDATE words SET word = 'x' WHERE kind = 'origin' AND code = 3", "word"),
    "a word removed": ("DELETE FROM words WHERE kind = 'event' AND code = 3", "word"),
}

SCHEMA = {
    "an index": ("DROP INDEX event_tick", "event_tick"),
    "a folded table": ("DROP TABLE conflict_rows", "conflict_rows"),
    "the agenda": ("DROP TABLE agenda", "agenda"),
    "a view": ("DROP VIEW events", "events"),
    "a column": ("ALTER TABLE tick_rows RENAME COLUMN recorded_at TO when_recorded", "tick_rows"),
    "a trigger": ("CREATE TRIGGER t AFTER INSERT ON run_rows BEGIN DELETE FROM run_rows; END", "trigger"),
}


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        pytest.param(statements, words, id=f"{group}: {name}")
        for group, cases in (
            ("rows", ROWS),
            ("events", EVENTS),
            ("columns", COLUMNS),
            ("both", BOTH),
            ("dictionaries", DICTIONARIES),
            ("schema", SCHEMA),
        )
        for name, (*statements, words) in cases.items()
    ],
)
def test_damage_is_named(path: Path, statements: list[str], words: str) -> None:
    """Whatever is removed, changed or added behind the program's back is a difference that names it."""
    spoil(path, *statements)
    found = verify(path)
    assert not found.ok
    assert any(words in difference for difference in found.differences), found.differences[:5]


@pytest.mark.parametrize(
    "call",
    [
        lambda workspace: workspace.evaluate(END + DAY),
        lambda workspace: workspace.status(now=END),
    ],
)
def test_no_workspace_row(path: Path, call: Callable[[Workspace], object]) -> None:
    """A database that has lost the row about itself is unusable, and says so."""
    with Workspace.open(path) as workspace:
        spoil(path, "DELETE FROM workspace")
        assert workspace.verify().differences == ("workspace: 0 rows instead of one",)
        with pytest.raises(DatabaseUnusable, match="damaged"):
            call(workspace)
    with pytest.raises(DatabaseUnusable, match="damaged"):
        Workspace.open(path)


@pytest.mark.parametrize(
    "statement", ["CREATE VIEW mine AS SELECT 1 FROM ticks", "CREATE INDEX mine ON run_rows (status)"]
)
def test_what_somebody_added(path: Path, statement: str) -> None:
    """A view or an index of somebody's own is noted, and no difference."""
    sql(path, statement)
    found = verify(path)
    assert found.ok
    assert len(found.notes) == 1
    assert "mine is not one of arco's" in found.notes[0]


def test_many_differences_of_one_kind(path: Path) -> None:
    """A hundred differences of one kind are named one by one, and how many more there are in one line."""
    spoil(path, "UPDATE run_rows SET run_id = 'run_' || run")
    found = verify(path)
    rows = sql(path, "SELECT count(*) FROM run_rows")[0][0]
    assert len(found.differences) == 101
    assert found.differences[-1] == f"run_rows: {rows - 100:,} more of this kind"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_any_cell(path: Path, seed: int) -> None:
    """A cell of any table changed to anything, or a row removed, never makes verify raise anything foreign."""
    chance = random.Random(seed)
    with opened(path) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for _ in range(12):
            table = chance.choice(tables)
            columns = [(name, key) for _, name, _, _, _, key in connection.execute(f"PRAGMA table_info({table})")]
            keys = [name for name, key in columns if key]
            count = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            if not count:
                continue
            row = connection.execute(
                f"SELECT {', '.join(keys)} FROM {table} LIMIT 1 OFFSET ?", (chance.randrange(count),)
            ).fetchone()
            where = " AND ".join(f"{key} = ?" for key in keys)
            value = chance.choice(
                [None, 0, 1, 2, 3, -1, 7, START, END, 1 << 62, -(1 << 62), "", "x", "{}", "[]", "é" * 9]
            )
            with suppress(sqlite3.IntegrityError):  # what the schema refuses whoever asks
                if chance.random() < 0.2:
                    connection.execute(f"DELETE FROM {table} WHERE {where}", row)
                else:
                    column = chance.choice(columns)[0]
                    connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (value, *row))
    with suppress(ArcoError):
        assert not verify(path).ok


@pytest.mark.parametrize(
    "moment", ["'$.ticks'", "FROM contents", "fresh.run_rows", "main.tick_rows a LEFT JOIN", "FROM agenda"]
)
def test_while_somebody_prunes(path: Path, moment: str) -> None:
    """What is checked is one state of the database, whatever others do between two statements."""
    with Workspace.open(path) as reader, Workspace.open(path) as other:
        pruned = []

        def meddle(statement: str) -> None:
            if moment in statement and not pruned:
                pruned.append(other.prune(before=END - 2 * DAY, now=END))

        reader._store._connection.set_trace_callback(meddle)
        assert reader.verify().differences == ()
        assert pruned[0].ticks > 0
        assert reader.verify().differences == ()


def test_many_notes_of_one_kind(path: Path) -> None:
    """Notes beyond the bound of their kind are counted in a note, hide no difference and are none."""
    for number in range(130):
        sql(path, f"CREATE VIEW mine{number} AS SELECT 1 FROM ticks")
    found = verify(path)
    assert (found.ok, found.differences, len(found.notes)) == (True, (), 101)
    assert found.notes[-1] == "schema: 30 more of this kind"
    spoil(path, "DROP INDEX event_tick")
    found = verify(path)
    assert (found.ok, len(found.differences), len(found.notes)) == (False, 1, 101)


@pytest.mark.parametrize("seq", [10**15, (1 << 63) - 1, -5])
def test_a_number_far_away(path: Path, seq: int) -> None:
    """An event whose number is far from the others is found, in the time of any other."""
    spoil(path, f"UPDATE event_log SET seq = {seq} WHERE type = 5")
    found = verify(path)
    assert any("missing" in difference for difference in found.differences)


def test_the_version_of_a_conflict(workspace: Workspace, path: Path) -> None:
    """A request that conflicts says the version of its tick."""
    workspace.create_schedule("a", Definition(cron_expression="0 * * * *"), now=START)
    workspace.update_schedule("a", {"command": "true"}, now=START + 1)
    workspace.request_run(f"sched:a:{START + HOUR}", RequestContent(command="false"), now=START + 1)
    workspace.evaluate(START + HOUR)
    assert workspace.verify().ok
    spoil(path, "UPDATE event_log SET version = 1 WHERE type = 4 AND version IS NOT NULL")
    assert [line for line in workspace.verify().differences if "its version differs from that of tick" in line]


def test_a_tick_inside_a_rewound_stretch(workspace: Workspace, path: Path) -> None:
    """Ticks that lie ahead after a rewind are those of their own version, and no others are taken for such."""
    workspace.create_schedule("a", Definition(cron_expression="0 * * * *"), now=START)
    workspace.evaluate(START + 3 * HOUR)
    workspace.rewind(now=START + HOUR)
    assert workspace.verify().ok
    moved = "UPDATE {} SET instant = instant - 60{} WHERE instant = ?"
    for table, more in (("event_log", ""), ("run_rows", ""), ("tick_rows", f", tick_id = 'a:{START + 3 * HOUR - 60}'")):
        sql(path, moved.format(table, more), START + 3 * HOUR)
    found = workspace.verify()
    assert [line for line in found.differences if "is not at an occurrence of its version 1" in line]


def test_a_run_that_was_requested_before_a_rewind(workspace: Workspace) -> None:
    """What a wrong clock made is pruned and comes again under a version that pauses: its run is no difference."""
    workspace.create_schedule("a", Definition(cron_expression="0 0 * * *", catchup_window_minutes=14_400), now=START)
    workspace.evaluate(START + 5 * DAY)
    workspace.prune(before=START + 4 * DAY, now=START + 5 * DAY)
    workspace.rewind(now=START + DAY)
    workspace.set_enabled("a", enabled=False, now=START + DAY + 1)
    workspace.evaluate(START + 3 * DAY)
    assert workspace.verify().differences == ()
