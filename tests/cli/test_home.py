"""The database where none is named: in the home of the user, who may have none."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.users import NAMELESS, NOBODY, needs_root, run_all_as, run_as

COMMANDS = (
    "init",
    "status",
    "tick --quiet",
    "tick",
    "schedule create a --cron @daily",
    "work --once --quiet",
    "export",
)


@needs_root
def test_a_user_without_a_name_or_a_home(tmp_path: Path) -> None:
    """One line, exit 6, and what to do; no file appears where the command was called."""
    for done in run_all_as(NAMELESS, None, tmp_path, [command.split() for command in COMMANDS]):
        assert (done.code, done.out, done.err.count("\n")) == (6, "", 1), done
        assert "choose a database with --db or ARCO_DB" in done.err
    assert not Path("/.local").exists()


@needs_root
def test_the_units_of_a_user_without_a_home(tmp_path: Path) -> None:
    """They have no place either."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        database = Path(folder) / "arco.db"
        made, done = run_all_as(NAMELESS, database, tmp_path, [["init"], ["setup", "systemd"]])
    assert made.code == 0
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
    assert "XDG_CONFIG_HOME" in done.err


@pytest.fixture
def closed_home() -> Iterator[Path]:
    """A home in which its user can make nothing."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        yield Path(folder)
        Path(folder).chmod(0o755)


@pytest.mark.parametrize("home", ["closed", "a file"])
def test_a_home_that_cant_be_written(closed_home: Path, tmp_path: Path, home: str) -> None:
    """One line, exit 6, and what to do."""
    place = closed_home if home == "closed" else Path("/dev/null")
    commands = [command.split() for command in COMMANDS]
    for done in run_all_as(NOBODY, None, tmp_path, commands, environ={"HOME": str(place)}):
        assert (done.code, done.out, done.err.count("\n")) == (6, "", 1), done
        assert str(place) in done.err
        assert "with --db or ARCO_DB" in done.err


def test_a_home_that_can_be_written(tmp_path: Path) -> None:
    """The folder of the database is made with the database."""
    assert run_as(0, None, tmp_path, "init", environ={"HOME": str(tmp_path)}).code == 0
    assert (tmp_path / ".local/share/arco/arco.db").is_file()
