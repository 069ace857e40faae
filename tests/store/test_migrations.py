"""Schemas: the pinned ones do not change, every one is brought forward, and nothing is lost on the way."""

import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.core import identity
from arco_sched.core.attempts import End
from arco_sched.core.errors import DatabaseUnusable
from arco_sched.core.fields import normal_content
from arco_sched.service import life, working
from arco_sched.store.sqlite import SCHEMA_VERSION
from arco_sched.store.sqlite.audit_schema import described
from arco_sched.store.sqlite.migrations import STEPS, bring_forward
from arco_sched.store.sqlite.opening import open_database
from arco_sched.store.sqlite.script import statements
from tests import ROOT
from tests.database import sql
from tests.store.pin_schema import PINNED

HOW = """schema.sql is not what was pinned as schema {version}, which may be in use. To change it:
write the change as a script into STEPS of arco_sched/store/sqlite/migrations.py, raise SCHEMA_VERSION in
arco_sched/store/sqlite/__init__.py, and pin the new version: python -m tests.store.pin_schema"""

# Steps that there are not, for the mechanism's sake.
COLOUR = """
ALTER TABLE workspace ADD COLUMN colour TEXT;
UPDATE workspace SET colour = 'blue; -- not green';
"""
NOTES = """
CREATE TABLE notes (
    note INTEGER PRIMARY KEY, -- a number; nothing more
    said TEXT NOT NULL
) STRICT;
INSERT INTO notes (said) SELECT tick_id FROM tick_rows;
"""


@pytest.fixture
def path(copy_of_told: Path) -> Path:
    """A copy of the story's database."""
    return copy_of_told


def user_version(path: Path) -> int:
    """The schema version of a file."""
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def dump(path: Path) -> list[str]:
    """All that is in a file."""
    with closing(sqlite3.connect(path)) as connection:
        return [f"{connection.execute('PRAGMA user_version').fetchone()}", *connection.iterdump()]


def of(script: str) -> dict[tuple[str, str], str]:
    """The tables, indexes and views that a script makes."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in statements(script):
            connection.execute(statement)
        return described(connection)


def restored(version: int, path: Path) -> None:
    """The pinned database of a version."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript((PINNED / f"v{version}.dump.sql").read_text())


# What is pinned.


def test_the_schema_is_the_pinned_one() -> None:
    """schema.sql is the text that was pinned under its version: a change of it is a new version and a step."""
    from arco_sched.store.sqlite.script import schema

    pinned = (PINNED / f"v{SCHEMA_VERSION}.sql").read_text()
    assert of(schema()) == of(pinned), HOW.format(version=SCHEMA_VERSION)


def test_every_version_is_pinned() -> None:
    """There is a step from each version to the next, and a schema and a database of each."""
    assert len(STEPS) + 1 == SCHEMA_VERSION
    for version in range(1, SCHEMA_VERSION + 1):
        assert (PINNED / f"v{version}.sql").exists()
        assert (PINNED / f"v{version}.dump.sql").exists()


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_every_version_is_brought_forward(tmp_path: Path, version: int) -> None:
    """A database of any version is opened, has the newest schema then, verifies, and goes on."""
    path = tmp_path / "arco.db"
    restored(version, path)
    with Workspace.open(path) as workspace:
        with workspace._store.audit() as audit:
            assert audit.schema_differences() == []
        assert workspace.verify().differences == ()
        assert workspace.evaluate(1_741_000_000 + 50 * 3600).triggered == 10
        assert workspace.verify().differences == ()
    assert user_version(path) == SCHEMA_VERSION
    assert path.with_name(f"arco.db.v{version}-backup").exists() == (version < SCHEMA_VERSION)


def test_what_was_requested_before_execution_is_for_nobody(tmp_path: Path) -> None:
    """An upgrade executes no history: no worker takes a run of before, whatever its pool, until somebody retries it."""
    path = tmp_path / "arco.db"
    restored(1, path)
    body = identity.content_text(normal_content(command="touch /tmp/never"))
    sql(path, "UPDATE contents SET body = ?, fingerprint = ? WHERE content = 1", body, identity.fingerprint(body))
    sql(path, "UPDATE run_rows SET content = 1")
    terms = working.Terms("w", "h", "local", "boot", ("default",), 1000, "nobody", is_root=True)
    with Workspace.open(path) as workspace:
        store, now = workspace._store, 1_741_000_000 + 50 * 3600
        old = [run.run_id for run in workspace.runs(limit=1000).rows]
        assert len(old) > 10
        [(held, last)] = sql(path, "SELECT held_through, (SELECT max(run) FROM run_rows) FROM workspace")
        assert held == last
        assert sql(path, "SELECT * FROM queue") == []
        assert working.claim(store, terms, now) == ([], [], [])
        with store.read() as transaction:
            assert {life.look(transaction, run_id, now).waiting_for for run_id in old} == {"external"}
        assert workspace.trigger("a", now=now).run.run_id not in old
        life.retry(store, old[:1], now=now)
        first = working.claim(store, terms, now).started
        assert [each.run.run_id for each in first] == old[:1]
        life.cancel(store, old[:1], now=now)
        ended = working.Ended(old[0], 1, End(outcome="canceled", ended_at=now))
        assert working.record(store, terms, working.News(ended=[ended]), now).final == old[:1]
        [then] = working.claim(store, terms, now).started
        assert then.run.run_id not in old


# The mechanism.


def test_steps(path: Path) -> None:
    """Steps are taken in order and in one transaction, and a copy of what it was is kept, for its owner only."""
    before = dump(path)
    database = open_database(path)
    kept = bring_forward(database, [*STEPS, COLOUR, NOTES])
    database.close()
    assert kept == path.with_name(f"arco.db.v{SCHEMA_VERSION}-backup")
    assert dump(kept) == before
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert user_version(path) == SCHEMA_VERSION + 2
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT colour FROM workspace").fetchall() == [("blue; -- not green",)]
        ask = (
            "SELECT (SELECT count(*) FROM notes) = (SELECT count(*) FROM tick_rows), (SELECT count(*) > 0 FROM lapses)"
        )
        assert connection.execute(ask).fetchone() == (1, 1)


def test_from_the_middle(path: Path) -> None:
    """A database that has some of the steps behind it takes the others only; a newest one none."""
    database = open_database(path)
    bring_forward(database, [*STEPS, COLOUR])
    kept = bring_forward(database, [*STEPS, COLOUR, NOTES])
    assert kept == path.with_name(f"arco.db.v{SCHEMA_VERSION + 1}-backup")
    assert bring_forward(database, [*STEPS, COLOUR, NOTES]) is None
    database.close()
    assert user_version(path) == SCHEMA_VERSION + 2
    assert user_version(kept) == SCHEMA_VERSION + 1


def test_a_step_that_fails(path: Path) -> None:
    """Where a step fails, nothing has changed, the copy is there, and the next attempt replaces it."""
    before = dump(path)
    database = open_database(path)
    with pytest.raises(DatabaseUnusable, match="no such table"):
        bring_forward(database, [*STEPS, COLOUR, NOTES + "INSERT INTO nowhere VALUES (1);"])
    assert dump(path) == before
    assert dump(path.with_name(f"arco.db.v{SCHEMA_VERSION}-backup")) == before
    assert bring_forward(database, [*STEPS, COLOUR]) is not None
    database.close()


CUT_SHORT = """
import os, sys
from arco_sched.store.sqlite.migrations import bring_forward
from tests.store.test_migrations import COLOUR, NOTES, STEPS
from arco_sched.store.sqlite.opening import open_database
database = open_database(sys.argv[1])
database._connection.create_function("die", 0, lambda: os._exit(9))
steps = [*STEPS, COLOUR, NOTES, "CREATE TABLE last (a);"]
for _ in range(int(sys.argv[2])):
    steps[-2] += "INSERT INTO notes (said) SELECT tick_id FROM tick_rows;\\n"
steps[-1] += "\\nSELECT die();"
bring_forward(database, steps)
"""


@pytest.mark.parametrize("rows", [0, 40])
def test_cut_short(path: Path, rows: int) -> None:
    """A process that dies in the middle of it, also when pages were written already, leaves the old schema whole."""
    before = dump(path)
    done = subprocess.run([sys.executable, "-c", CUT_SHORT, path, str(rows)], cwd=ROOT, check=False)
    assert done.returncode == 9
    assert dump(path) == before
    with Workspace.open(path) as workspace:
        assert workspace.verify().ok


AT_ONCE = """
import sys
from arco_sched.store.sqlite.migrations import bring_forward
from tests.store.test_migrations import COLOUR, NOTES, STEPS
from arco_sched.store.sqlite.opening import open_database
database = open_database(sys.argv[1])
print("ready", flush=True)
sys.stdin.read()
print(bring_forward(database, [*STEPS, COLOUR, NOTES]) is not None)
"""


@pytest.mark.slow
def test_at_once(path: Path) -> None:
    """Of any number of processes that open it at once, one brings it forward, and all of them can use it."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", AT_ONCE, path],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    said = [process.communicate("", timeout=60)[0].strip() for process in processes]
    assert sorted(said) == ["False"] * 5 + ["True"]
    assert user_version(path) == SCHEMA_VERSION + 2


def test_no_room_for_the_copy(path: Path) -> None:
    """Where the copy can't be kept, nothing is changed."""
    before = dump(path)
    path.with_name(f"arco.db.v{SCHEMA_VERSION}-backup").mkdir()
    database = open_database(path)
    with pytest.raises(DatabaseUnusable, match="is a folder"):
        bring_forward(database, [*STEPS, COLOUR])
    database.close()
    assert dump(path) == before


def test_an_open_reader_sees_it(path: Path) -> None:
    """Whoever has the database open already goes on with it afterwards."""
    with Workspace.open(path) as reader:
        rows = len(reader.ticks(limit=1000).rows)
        database = open_database(path)
        bring_forward(database, [*STEPS, COLOUR])
        database.close()
        assert len(reader.ticks(limit=1000).rows) == rows


def test_the_copies_are_databases(path: Path, tmp_path: Path) -> None:
    """What was kept aside is a database that can be used at once."""
    database = open_database(path)
    kept = bring_forward(database, [*STEPS, COLOUR])
    database.close()
    assert kept is not None
    kept.rename(tmp_path / "again.db")
    with Workspace.open(tmp_path / "again.db") as workspace:
        assert workspace.verify().ok
