"""Several users of one database: who may only read asks everything, and nobody's look locks anybody out."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.errors import DatabaseUnusable
from arco_sched.service.workspace import Workspace as Asked
from arco_sched.store.sqlite import SCHEMA_VERSION
from tests import ROOT
from tests.runner import Arco, Result
from tests.store.pin_schema import PINNED
from tests.system.users import NAMELESS, NOBODY, needs_root, run_all_as, run_as

OWNER: Final = NAMELESS
READER: Final = NOBODY
TEAM: Final = 4712

QUESTIONS: Final = (
    "status", "check", "why a", "schedule list", "schedule show a", "schedule versions a", "timeline", "verify",
    "export", "schedule preview a --count 2", "events list", "ticks list", "lapses list", "runs list", "next",
    "pool list", "workers", "status --json", "tick --dry-run", "schedule rewind --dry-run", "setup cron",
    "prune --older-than 1d --dry-run",
    "backfill a --from 2025-01-14 --to 2025-01-15 --dry-run", "schedule discard a --dry-run",
)  # fmt: skip
CHANGES: Final = (
    "tick", "tick --quiet", "schedule create b --cron @daily", "schedule update a --max-catchup 3", "init",
    "schedule rewind", "prune --older-than 1d", "schedule trigger a", "work --once",
    "work --once --tick --quiet", "runs request --key k",
)  # fmt: skip


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of the owner, in which anybody can make files, with a database of the owner that all may read."""
    made = Path(tempfile.mkdtemp(prefix="arco-"))
    arco = Arco(made / "arco.db", at="2025-01-13T12:30:00Z")
    arco.ok('schedule create a --cron "0 * * * *" --command true --max-catchup 100')
    arco.ok("tick", at="2025-01-15T11:00:00Z")
    (made / "arco.db").chmod(0o644)
    if os.geteuid() == 0:
        os.chown(made / "arco.db", OWNER, OWNER)
        os.chown(made, OWNER, OWNER)
    made.chmod(0o777)
    try:
        yield made
    finally:
        made.chmod(0o700)
        shutil.rmtree(made)


def state(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """What is in a folder, and whose it is."""
    files = sorted(each for each in folder.iterdir() if each.is_file())
    return {each.name: (each.read_bytes(), each.stat().st_uid, each.stat().st_mtime_ns) for each in files}


def asked(folder: Path, elsewhere: Path, uid: int = READER) -> list[Result]:
    """Every question and then every change, by a user; what is asked must be answered and change nothing."""
    # A worker that is root has more to refuse, and does so first.
    before = state(folder)
    commands = [command.split() for command in (*QUESTIONS, *CHANGES)]
    answers = run_all_as(uid, folder / "arco.db", elsewhere, [*commands, ["backup", f"{elsewhere}/no/copy.db"]])
    for command, result in zip(QUESTIONS, answers, strict=False):
        assert result.code == (7 if command == "check" else 0), (command, result)
    for command, result in zip(CHANGES, answers[len(QUESTIONS) :], strict=False):
        assert (result.out, result.err.count("\n")) == ("", 1), (command, result)
        if uid or not command.startswith("work"):
            assert result.code == 6, (command, result)
            assert f"{folder}/arco.db can't be written: " in result.err
    assert state(folder) == before
    return answers


@needs_root
@pytest.mark.slow
@pytest.mark.parametrize("mode", [0o777, 0o755])
def test_who_may_only_read(folder: Path, tmp_path: Path, mode: int) -> None:
    """Also in a folder that others may write: no log file of theirs is left there, and the owner goes on."""
    folder.chmod(mode)
    answers = asked(folder, tmp_path)
    assert f"it belongs to {OWNER}:{OWNER}, mode 644, and this user may only read it" in answers[-2].err
    assert run_as(OWNER, folder / "arco.db", tmp_path, "tick").out.startswith("1 schedule")


@needs_root
@pytest.mark.slow
@pytest.mark.parametrize("left", ["log and index", "log alone"])
def test_a_log_that_was_left(folder: Path, tmp_path: Path, left: str) -> None:
    """What a killed process committed is seen, although nobody may bring it into the file."""
    killed(folder, "left")
    if left == "log alone":
        (folder / "arco.db-shm").unlink()
    own_all(folder)
    answers = asked(folder, tmp_path)
    assert "left" in answers[QUESTIONS.index("schedule list")].out
    assert run_as(OWNER, folder / "arco.db", tmp_path, "schedule", "show", "left").code == 0


KILLED = """
import os, sys
from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
workspace = Workspace.open(sys.argv[1])
workspace.create_schedule(sys.argv[2], Definition(cron_expression="@daily"), now=1736942400)
os._exit(0)
"""


def killed(folder: Path, name: str) -> None:
    """A process that dies without closing the database."""
    subprocess.run([sys.executable, "-c", KILLED, folder / "arco.db", name], check=True, cwd=ROOT)
    assert (folder / "arco.db-wal").stat().st_size


def own_all(folder: Path) -> None:
    """Give all files to the owner."""
    for each in folder.iterdir():
        os.chown(each, OWNER, OWNER)


@contextmanager
def read_only(folder: Path, place: Path) -> Iterator[Path]:
    """The folder, mounted where nothing can be written."""
    place.mkdir(mode=0o755)
    for options in (["--bind", str(folder), str(place)], ["-o", "remount,bind,ro", str(place)]):
        done = subprocess.run(["mount", *options], check=False, capture_output=True)
        if done.returncode != 0:
            pytest.skip(f"nothing can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@needs_root
@pytest.mark.slow
@pytest.mark.parametrize("left", [None, "log and index", "log alone"])
def test_a_mount_that_is_read_only(folder: Path, tmp_path: Path, left: str | None) -> None:
    """Its owner asks too, with and without a log that was left."""
    if left:
        killed(folder, "left")
    if left == "log alone":
        (folder / "arco.db-shm").unlink()
    own_all(folder)
    place = Path(tempfile.mkdtemp(prefix="arco-mount-"))
    place.chmod(0o755)
    try:
        with read_only(folder, place / "ro") as mounted:
            for uid in (0, OWNER, READER):
                answers = asked(mounted, tmp_path, uid)
                assert "its file system is mounted read-only" in answers[-2].err
                assert ("left" in answers[QUESTIONS.index("schedule list")].out) == bool(left)
    finally:
        shutil.rmtree(place)


@needs_root
def test_log_files_of_somebody_else(folder: Path, tmp_path: Path) -> None:
    """Where they are there, the owner is told which, whose, and what to do, and it helps."""
    for name in ("arco.db-wal", "arco.db-shm"):
        (folder / name).touch()
        os.chown(folder / name, READER, READER)
    result = run_as(OWNER, folder / "arco.db", tmp_path, "tick", "--quiet")
    assert (result.code, result.out, result.err.count("\n")) == (6, "", 1), result
    assert f"{folder}/arco.db-wal next to it belongs to" in result.err
    advice = result.err.split("`")[1]
    assert advice.startswith("chown --reference=")
    subprocess.run(["/bin/sh", "-c", advice], check=True)
    assert run_as(OWNER, folder / "arco.db", tmp_path, "tick").code == 0


@needs_root
def test_a_group_that_writes(folder: Path, tmp_path: Path) -> None:
    """In a folder of mode 2770 its members evaluate in turns, also while another has the database open."""
    path = folder / "arco.db"
    os.chown(folder, OWNER, TEAM)
    os.chown(path, OWNER, TEAM)
    folder.chmod(0o2770)
    path.chmod(0o660)
    with Workspace.open(path) as held:  # root, whose log files are the owner's
        held.create_schedule("held", Definition(cron_expression="@daily"), now=1736942400)
        assert {(each.stat().st_uid, each.stat().st_gid) for each in folder.iterdir()} == {(OWNER, TEAM)}
        for uid in (READER, OWNER, READER):
            member = run_all_as(uid, path, tmp_path, [["tick"], ["schedule", "list"], ["verify"]], groups=[TEAM])
            assert [result.code for result in member] == [0, 0, 0], member
            assert "held" in member[1].out
    assert [each.name for each in folder.iterdir()] == ["arco.db"]


@needs_root
def test_a_member_who_dies_in_a_folder_without_the_group_bit(folder: Path, tmp_path: Path) -> None:
    """The log files are given to the group of the database all the same."""
    path = folder / "arco.db"
    os.chown(path, OWNER, TEAM)
    os.chown(folder, OWNER, TEAM)
    path.chmod(0o660)
    folder.chmod(0o770)
    script = KILLED.replace(
        "workspace = ", f"os.setgroups([{TEAM}]); os.setgid({READER}); os.setuid({READER})\nworkspace = "
    )
    first = f"Workspace.create('{tmp_path}/first.db')"
    elsewhere = f"{first}.create_schedule('a', Definition(cron_expression='@daily'), now=0)"
    script = script.replace("os.setgroups", f"{elsewhere}\nos.setgroups")
    done = subprocess.run([sys.executable, "-c", script, path, "b"], check=False, cwd=ROOT, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    assert {each.stat().st_gid for each in folder.iterdir()} == {TEAM}
    (listed,) = run_all_as(OWNER, path, tmp_path, [["schedule", "list"]], groups=[TEAM])
    assert "b  " in listed.out


@needs_root
def test_what_a_run_printed(folder: Path, tmp_path: Path) -> None:
    """It is its owner's alone, and others are told so; whether a worker lives they tell by its last sign of life."""
    arco = Arco(folder / "arco.db", at="2025-01-15T11:00:00Z")
    (folder / "arco.db.runs" / "attempts").mkdir(parents=True)
    (folder / "arco.db.runs").chmod(0o700)
    run = arco.json("runs list --limit 1")["runs"][0]["run_id"]
    commands = [["runs", "log", run], ["runs", "show", run], ["workers"], ["status"]]
    log, *others = run_all_as(READER, folder / "arco.db", tmp_path, commands)
    assert (log.code, log.out) == (2, "")
    assert log.err == f"arco: the output of runs is in {folder}/arco.db.runs, which this user can't read\n"
    assert [each.code for each in others] == [0, 0, 0]


# What holds for whoever reads without writing, tried without another user.


@contextmanager
def reading(path: Path, busy_timeout: float = 5) -> Iterator[Asked]:
    """The database as a user who may only read it finds it."""
    from arco_sched.store.sqlite.reading import _Reader

    reader = _Reader(path, busy_timeout)
    try:
        yield Asked(reader)
    finally:
        reader.close()


def names(asked: Asked) -> list[str]:
    """The schedules that are seen."""
    return [each.version.schedule_id for each in asked.schedules()]


def test_a_reader_sees_what_was_committed_meanwhile(path: Path) -> None:
    """At each question, whether other processes have the database open, closed it, or were killed; and never writes."""
    with Workspace.create(path) as workspace:
        workspace.create_schedule("a", Definition(cron_expression="@daily"), now=0)
    with reading(path) as asked:
        seen = asked._store.changes()
        assert names(asked) == ["a"]
        with Workspace.open(path) as workspace:
            workspace.create_schedule("b", Definition(cron_expression="@daily"), now=0)
            assert names(asked) == ["a", "b"]
            workspace.create_schedule("c", Definition(cron_expression="@daily"), now=0)
            assert names(asked) == ["a", "b", "c"]
        assert asked._store.changes() != seen
        assert names(asked) == ["a", "b", "c"]
        with pytest.raises(DatabaseUnusable):
            asked.trigger("a", now=5)
    with Workspace.open(path) as workspace:
        workspace.create_schedule("d", Definition(cron_expression="@daily"), now=0)
    killed(path.parent, "e")
    (path.parent / "arco.db-shm").unlink()
    before = state(path.parent)
    with reading(path) as asked:
        assert names(asked) == ["a", "b", "c", "d", "e"]
        assert asked.verify().ok
    assert state(path.parent) == before


def test_a_reader_holds_off_whoever_closes(path: Path) -> None:
    """While a question is asked, nobody takes the log into the file by closing the database; afterwards they do."""
    with Workspace.create(path) as workspace:
        workspace.create_schedule("a", Definition(cron_expression="@daily"), now=0)
    before = path.read_bytes()
    with reading(path) as asked, asked._store.read() as transaction:
        with Workspace.open(path) as workspace:
            workspace.create_schedule("b", Definition(cron_expression="@daily"), now=0)
        assert path.read_bytes() == before
        assert len(list(transaction.definitions.schedules(deleted=True))) == 1
    assert names_of(path) == ["a", "b"]
    assert [each.name for each in path.parent.iterdir()] == ["arco.db"]


def names_of(path: Path) -> list[str]:
    """The schedules, asked as their owner does."""
    with Workspace.open(path) as workspace:
        return names(workspace)


def test_a_file_that_changes_while_it_is_read(path: Path) -> None:
    """Where somebody takes a log into it in the middle of a question, the answer is refused, never mixed."""
    with Workspace.create(path) as workspace:
        workspace.create_schedule("a", Definition(cron_expression="@daily"), now=0)
    with reading(path) as asked, closing(sqlite3.connect(path, isolation_level=None)) as connection:

        def disturbed() -> None:
            with asked._store.read():
                connection.execute("UPDATE workspace SET visited_at = 77")
                connection.execute("PRAGMA wal_checkpoint(FULL)")

        with pytest.raises(DatabaseUnusable, match="try again"):
            disturbed()
        assert names(asked) == ["a"]


@pytest.mark.slow
def test_readers_beside_a_writer(path: Path) -> None:
    """Hundreds of questions beside one who opens, evaluates and closes again and again: each sees a whole state."""
    with Workspace.create(path) as workspace:
        for name in "abc":
            workspace.create_schedule(name, Definition(cron_expression="* * * * *", max_catchup_ticks=50), now=0)
    script = (
        "import sys\nfrom arco_sched.api import Workspace\n"
        "for minute in range(1, 10**6):\n"
        "    with Workspace.open(sys.argv[1]) as workspace:\n"
        "        workspace.evaluate(minute * 600, batch=40)\n"
        "    if minute % 7 == 0: print(minute, flush=True)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE, cwd=ROOT)
    try:
        deadline, whole, refused = time.monotonic() + 8, 0, 0
        while time.monotonic() < deadline:
            said = ""
            try:
                with reading(path) as asked:
                    assert asked.verify().ok
            except DatabaseUnusable as error:
                said = str(error)
            assert not said or "try again" in said
            whole, refused = whole + (not said), refused + bool(said)
    finally:
        writer.kill()
        writer.communicate()
    assert whole > 5 * refused
    with Workspace.open(path) as workspace:
        assert workspace.verify().ok


# Older schemas.


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_asking_an_older_schema(tmp_path: Path, version: int) -> None:
    """It answers, from a private copy that is brought forward; the file is as it was, until a command writes."""
    path = tmp_path / "arco.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript((PINNED / f"v{version}.dump.sql").read_text())
    before = state(tmp_path)
    arco = Arco(path, at="2025-01-20T00:00:00Z")
    assert arco.ok("verify").out.startswith("ok")
    listed = arco.ok("ticks list --csv --limit 10000").out
    assert listed.count("\n") > 5
    arco.ok("status")
    assert state(tmp_path) == before
    arco.ok("tick")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["arco.db", f"arco.db.v{version}-backup"]
    assert arco.ok("verify").out.startswith("ok")


def test_no_copy_is_left(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A private copy is gone with the question, and is for nobody else meanwhile."""
    copies = tmp_path / "copies"
    copies.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(copies))
    with Workspace.create(path) as workspace:
        workspace.create_schedule("a", Definition(cron_expression="@daily"), now=0)
    killed(path.parent, "b")
    (path.parent / "arco.db-shm").unlink()
    with reading(path) as asked:
        assert names(asked) == ["a", "b"]
        (copy,) = copies.iterdir()
        assert stat.S_IMODE(copy.stat().st_mode) == 0o700
    assert not list(copies.iterdir())
