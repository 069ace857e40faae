"""The quick visit: done where nobody is beside it and nothing is due, and otherwise nothing is changed."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.configuration import visit_alone
from arco_sched.core.definitions import Definition
from arco_sched.core.instants import parse_instant
from tests.database import opened, sql

DAY = parse_instant("2025-03-04T00:00:00Z")
NOON = DAY + 12 * 3600
AFTER_2038 = 1 << 31


@pytest.fixture
def visited(path: Path) -> Path:
    """A database with a schedule that is due at noon, evaluated at the beginning of the day."""
    with Workspace.create(path) as workspace:
        workspace.create_schedule("s", Definition(cron_expression="0 12 * * *"), now=DAY)
        workspace.evaluate(DAY)
    return path


def visited_at(path: Path) -> int | None:
    """The evaluator's last visit."""
    return sql(path, "SELECT visited_at FROM workspace")[0][0]


def test_it_is_recorded(visited: Path) -> None:
    """Nothing is due: the visit is recorded, and the file is alone again."""
    assert visit_alone(visited, NOON - 1)
    assert [each.name for each in visited.parent.iterdir()] == ["arco.db"]
    assert visited_at(visited) == NOON - 1


@pytest.mark.parametrize("store_id", [None, "0" * 32])
def test_no_byte_but_its_own(visited: Path, store_id: str | None) -> None:
    """What is written without waiting for the disk is the instant's bytes, wherever the disk stops in between; before
    the first worker gave the database its id, and after."""
    sql(visited, f"UPDATE workspace SET store_id = {'NULL' if store_id is None else repr(store_id)}")
    before = visited.read_bytes()
    assert visit_alone(visited, DAY + 0x0101)
    after = visited.read_bytes()
    differing = [place for place, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    assert 1 <= len(differing) <= differing[-1] - differing[0] + 1 <= 4
    assert len(before) == len(after)


def test_through_a_symbolic_link(visited: Path, tmp_path: Path) -> None:
    """The log lies beside the file, and not beside the link."""
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(visited)
    assert visit_alone(link, DAY + 60)
    assert visited_at(visited) == DAY + 60


def test_relative_and_odd_names(visited: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is a name, whatever a URI would make of it."""
    odd = visited.with_name("a%20b?c#d.db")
    shutil.copyfile(visited, odd)
    monkeypatch.chdir(visited.parent)
    assert visit_alone(odd.name, DAY + 60)
    assert (visited_at(odd), visited_at(visited)) == (DAY + 60, DAY)


@contextmanager
def _read_by_somebody(path: Path) -> Iterator[None]:
    with opened(path) as connection:
        connection.execute("SELECT * FROM workspace").fetchall()
        yield


@contextmanager
def _written_by_somebody(path: Path) -> Iterator[None]:
    with opened(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def _with_the_log_of_a_process_that_was_killed(path: Path) -> Iterator[None]:
    copies = {name: path.with_name(name) for name in ("copy.db", "copy.db-wal")}
    with opened(path) as connection:
        connection.execute("UPDATE schedule_rows SET rewound_from = NULL")
        shutil.copyfile(path, copies["copy.db"])
        shutil.copyfile(f"{path}-wal", copies["copy.db-wal"])
    copies["copy.db"].replace(path)
    copies["copy.db-wal"].replace(f"{path}-wal")
    yield


@pytest.mark.parametrize(
    "beside", [_read_by_somebody, _written_by_somebody, _with_the_log_of_a_process_that_was_killed]
)
def test_not_beside_anybody(visited: Path, beside: Callable[[Path], AbstractContextManager[None]]) -> None:
    """What is not synced could be somebody's commit: it is left to the evaluation that syncs."""
    with beside(visited):
        assert not visit_alone(visited, DAY + 60)
    assert visited_at(visited) == DAY


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA journal_mode = DELETE",
        "PRAGMA user_version = 99",
        "PRAGMA application_id = 1",
        "UPDATE workspace SET zone_rules = '2001a'",
        "UPDATE workspace SET visited_at = NULL",
        "UPDATE workspace SET visited_at = 7",
        f"UPDATE workspace SET visited_at = {AFTER_2038}",
        "UPDATE agenda SET due_at = 0",
        "DROP TABLE agenda",
    ],
)
def test_not_of_anything_else(visited: Path, statement: str) -> None:
    """Another file, other zone rules, something due, an instant of another length: nothing is changed."""
    sql(visited, statement)
    before = visited.read_bytes()
    assert not visit_alone(visited, DAY + 60)
    assert visited.read_bytes() == before


def test_after_2038(visited: Path) -> None:
    """Instants of six bytes follow each other as those of four do."""
    sql(visited, f"UPDATE agenda SET due_at = {AFTER_2038 + 3600}")
    assert not visit_alone(visited, AFTER_2038)
    sql(visited, f"UPDATE workspace SET visited_at = {AFTER_2038}")
    assert visit_alone(visited, AFTER_2038 + 60)


def test_without_a_database(tmp_path: Path) -> None:
    """No file is made, and a folder is none."""
    assert not visit_alone(tmp_path / "none.db", DAY)
    assert not visit_alone(tmp_path, DAY)
    assert not visit_alone(tmp_path / "none" / "none.db", DAY)
    assert list(tmp_path.iterdir()) == []
