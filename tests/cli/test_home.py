"""The database where none is named: in the home of the user, who may have none."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.users import NAMELESS, NOBODY, run_as

COMMANDS = (
    "init",
    "status",
    "tick --quiet",
    "tick",
    "schedule create a --cron @daily",
    "work --once --quiet",
    "export",
)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user without a name")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_user_without_a_name_or_a_home(tmp_path: Path, command: str) -> None:
    """One line, exit 6, and what to do; no file appears where the command was called."""
    done = run_as(NAMELESS, None, tmp_path, *command.split())
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (6, "", 1), done
    assert "name a database with --db or ARCO_DB" in done.stderr
    assert not Path("/.local").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user without a name")
def test_the_units_of_a_user_without_a_home(tmp_path: Path) -> None:
    """They have no place either."""
    (tmp_path / "arco.db").touch(0o666)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        database = Path(folder) / "arco.db"
        assert run_as(NAMELESS, database, tmp_path, "init").returncode == 0
        done = run_as(NAMELESS, database, tmp_path, "setup", "systemd")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
    assert "XDG_CONFIG_HOME" in done.stderr


@pytest.fixture
def closed_home() -> Iterator[Path]:
    """A home in which its user can make nothing."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        yield Path(folder)
        Path(folder).chmod(0o755)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("home", ["closed", "a file"])
def test_a_home_that_cant_be_written(closed_home: Path, tmp_path: Path, command: str, home: str) -> None:
    """One line, exit 6, and what to do."""
    place = closed_home if home == "closed" else Path("/dev/null")
    done = run_as(NOBODY, None, tmp_path, *command.split(), environ={"HOME": str(place)})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (6, "", 1), done
    assert str(place) in done.stderr
    assert "with --db or ARCO_DB" in done.stderr


def test_a_home_that_can_be_written(tmp_path: Path) -> None:
    """The folder of the database is made with the database."""
    environ = {"HOME": str(tmp_path)}
    assert run_as(0, None, tmp_path, "init", environ=environ).returncode == 0
    assert (tmp_path / ".local/share/arco/arco.db").is_file()
