"""A backup while others write: whole, consistent, for its owner only, and a database that goes on."""

import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.errors import ArcoError
from tests import ROOT
from tests.story import END, HOUR

WRITER = """
import itertools, sys
from arco_sched.api import Workspace
with Workspace.open(sys.argv[1]) as workspace:
    for minute in itertools.count(1):
        workspace.evaluate(int(sys.argv[2]) + minute * 300, batch=7)
        workspace.trigger("latest2", now=int(sys.argv[2]) + minute * 300)
        print(minute, flush=True)
"""


@pytest.fixture
def path(copy_of_told: Path) -> Path:
    """A copy of the story's database."""
    return copy_of_told


@pytest.mark.slow
def test_while_others_write(path: Path, tmp_path: Path) -> None:
    """Copies taken while another process evaluates and triggers verify, and hold a state that there was."""
    with Workspace.open(path) as workspace:
        for name in ("latest2", "every"):
            workspace.create_schedule(name, Definition(cron_expression="* * * * *", max_catchup_ticks=100), now=END)
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, path, str(END)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert writer.stdout is not None
        try:
            counts = []
            for number in range(6):
                assert writer.stdout.readline()
                copy = tmp_path / f"copy{number}.db"
                workspace.backup(copy)
                with Workspace.open(copy) as restored:
                    assert restored.verify().differences == ()
                    counts.append(len(restored.ticks(schedule_id="every", limit=10_000).rows))
                assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        finally:
            writer.kill()
            writer.communicate()
        assert counts == sorted(counts)
        assert counts[-1] > counts[0]
        assert workspace.verify().differences == ()


def test_a_backup_goes_on(path: Path, tmp_path: Path) -> None:
    """A restored copy says what the database says, and makes the very runs that it would make."""
    copy = tmp_path / "copy.db"
    with Workspace.open(path) as workspace:
        workspace.backup(copy)
        with Workspace.open(copy) as restored:
            assert restored.name == workspace.name
            assert restored.ticks(limit=10_000) == workspace.ticks(limit=10_000)
            assert restored.events(limit=10_000) == workspace.events(limit=10_000)
            made = [list(each.evaluate(END + HOUR).ticks) for each in (workspace, restored)]
            assert made[0] == made[1]
            assert restored.verify().ok


@pytest.mark.parametrize("what", ["file", "folder", "itself", "nowhere", "link to itself"])
def test_what_is_not_overwritten(path: Path, tmp_path: Path, what: str) -> None:
    """A file that is there, a folder, the database itself and a folder that is not there are refused, and stay."""
    target = {
        "file": tmp_path / "there",
        "folder": tmp_path,
        "itself": path,
        "nowhere": tmp_path / "no" / "copy.db",
        "link to itself": tmp_path / "link",
    }[what]
    (tmp_path / "there").write_text("mine")
    (tmp_path / "link").symlink_to(path)
    before = path.read_bytes()
    with Workspace.open(path) as workspace, pytest.raises(ArcoError) as refused:
        workspace.backup(target, replace=what in {"itself", "link to itself"})
    assert str(target) in str(refused.value)
    assert path.read_bytes() == before
    assert (tmp_path / "there").read_text() == "mine"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["arco.db", "link", "there"]


def test_replacing(path: Path, tmp_path: Path) -> None:
    """What may be replaced is replaced as a whole, and nothing is left beside it."""
    target = tmp_path / "copy.db"
    target.write_text("old")
    with Workspace.open(path) as workspace:
        workspace.backup(target, replace=True)
    with Workspace.open(target) as restored:
        assert restored.verify().ok
    assert sorted(each.name for each in tmp_path.iterdir()) == ["arco.db", "copy.db"]


KILLED = """
import sys
from arco_sched.api import Workspace
with Workspace.open(sys.argv[1]) as workspace:
    print("begins", flush=True)
    while True:
        workspace.backup(sys.argv[2], replace=True)
"""


@pytest.mark.parametrize("milliseconds", [1, 4, 9])
def test_killed_meanwhile(path: Path, tmp_path: Path, milliseconds: int) -> None:
    """A process that is killed while it makes a copy leaves none under its name, or a whole one."""
    target = tmp_path / "copy.db"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, path, target], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(milliseconds / 1000)
    process.kill()
    process.communicate()
    if target.exists():
        with Workspace.open(target) as restored:
            assert restored.verify().ok
    with Workspace.open(path) as workspace:
        workspace.backup(target, replace=True)
        assert workspace.verify().ok
