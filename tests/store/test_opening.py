"""Opening and making the file: what is refused, odd names, permissions, another writer, a copy."""

import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.errors import Conflict, DatabaseUnusable
from arco_sched.core.instants import parse_instant
from tests.busy import busy_history
from tests.database import locked, sql

DAY = parse_instant("2025-03-04T00:00:00Z")
MINUTELY = Definition(cron_expression="* * * * *", catchup_window_minutes=100_000, max_catchup_ticks=100_000)


def _no_file(path: Path) -> None:
    pass


def _folder(path: Path) -> None:
    path.mkdir()


def _empty(path: Path) -> None:
    path.touch()


def _text(path: Path) -> None:
    path.write_text("This is not a database, but it is long enough to be one.\n" * 40)


def _other_sqlite(path: Path) -> None:
    sql(path, "CREATE TABLE something (else_ TEXT)")


def _newer(path: Path) -> None:
    Workspace.create(path).close()
    sql(path, "PRAGMA user_version = 99")


def _dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nothing")


def _cut(path: Path) -> None:
    Workspace.create(path).close()
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize("make", [_no_file, _folder, _empty, _text, _other_sqlite, _newer, _dangling, _cut])
def test_what_can_not_be_opened(path: Path, make: Callable[[Path], None]) -> None:
    """What is no database of ours is refused in one line that names it, and left as it is."""
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(DatabaseUnusable) as refusal:
        Workspace.open(path).evaluate(DAY)
    assert str(path) in str(refusal.value)
    assert str(refusal.value).isprintable()
    assert (path.read_bytes() if path.is_file() else None) == before


@pytest.mark.parametrize("make", [_empty, _text, _other_sqlite, _newer])
def test_a_refused_file_is_let_go(path: Path, make: Callable[[Path], None]) -> None:
    """A file that is refused is not kept open."""
    make(path)
    open_files = Path("/proc/self/fd")
    if not open_files.is_dir():
        pytest.skip("the machine does not show its open files")
    refused = []  # kept, with what their tracebacks hold
    for _ in range(3):
        with pytest.raises(DatabaseUnusable) as refusal:
            Workspace.open(path)
        refused.append(refusal)
    held = [link for link in open_files.iterdir() if link.is_symlink() and str(path) in str(link.readlink())]
    assert held == []


@pytest.mark.parametrize("make", [_folder, _text, _other_sqlite, _newer])
def test_what_is_not_made_over(path: Path, make: Callable[[Path], None]) -> None:
    """Making a database where something else is leaves that as it is."""
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(DatabaseUnusable):
        Workspace.create(path)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_no_folder_to_make_it_in(tmp_path: Path) -> None:
    """A database in a folder that is not there can't be made."""
    with pytest.raises(DatabaseUnusable, match="can't create the database"):
        Workspace.create(tmp_path / "none" / "arco.db")


def test_only_its_owner_reads_it(path: Path) -> None:
    """The file is made readable and writable by its owner only, whatever the umask, as is what SQLite puts by it."""
    before = os.umask(0)
    try:
        with Workspace.create(path) as workspace:
            workspace.create_schedule("a", MINUTELY, now=DAY)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(modes, 0o600)
    assert "arco.db" in modes


@pytest.mark.parametrize("name", ["a b?c#d%41&e.db", "日本.db", "-x.db", "a'b\"c.db", "file:x.db"])
def test_odd_file_names(tmp_path: Path, name: str) -> None:
    """The database is in the file of that very name."""
    with Workspace.create(tmp_path / name) as workspace:
        workspace.create_schedule("a", MINUTELY, now=DAY)
    assert (tmp_path / name).is_file()
    with Workspace.open(tmp_path / name) as workspace:
        assert len(workspace.schedules()) == 1


def test_a_path_with_two_slashes(tmp_path: Path) -> None:
    """A path that begins with two slashes is the same file as with one."""
    Workspace.create("/" + str(tmp_path / "arco.db")).close()
    Workspace.open(tmp_path / "arco.db").close()


def test_busy(workspace: Workspace, path: Path) -> None:
    """A database that another process keeps for itself is unusable, with a line that says so, and is not harmed."""
    workspace.create_schedule("a", MINUTELY, now=DAY)
    with Workspace.open(path, busy_timeout=0.05) as second:
        with locked(path):
            with pytest.raises(DatabaseUnusable, match="is busy"):
                second.evaluate(DAY)
            assert len(second.schedules()) == 1  # reading goes on
        assert second.evaluate(DAY).triggered == 1


def test_the_name_is_fixed(path: Path) -> None:
    """The workspace name is fixed when the database is made."""
    with Workspace.create(path, "prod") as workspace:
        assert workspace.made
    with Workspace.create(path) as workspace:
        assert (workspace.name, workspace.made) == ("prod", False)
    with pytest.raises(Conflict):
        Workspace.create(path, "dev")


def test_a_copy_of_the_file_is_the_database(workspace: Workspace, path: Path, tmp_path: Path) -> None:
    """A closed database is its one file, and another machine goes on with it where it was."""
    busy_history(workspace, path)
    workspace.close()
    assert [file.name for file in tmp_path.iterdir()] == ["arco.db"]
    shutil.copy(path, tmp_path / "copy.db")
    with Workspace.open(tmp_path / "copy.db") as copy, Workspace.open(path) as original:
        one, two = copy.evaluate(DAY + 9000), original.evaluate(DAY + 9000)
        assert list(one.ticks) == list(two.ticks) != []
        assert json.dumps([str(it) for it in one.lapses]) == json.dumps([str(it) for it in two.lapses])
