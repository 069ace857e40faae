"""What a machine does to a worker: files that go, copies of the database, clocks that jump while a command runs."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from arco_sched.core.executor import State
from tests import IMPORTABLE
from tests.execution.world import World, until
from tests.runner import Arco

NOON = "2025-01-01T12:00:00Z"


@pytest.fixture
def arco(tmp_path: Path) -> Arco:
    """`arco` on a new database, on which a worker was once."""
    arco = Arco(tmp_path / "arco.db", at=NOON)
    arco.ok("init")
    arco.ok("work", "--once")
    return arco


def request(arco: Arco, command: str, *more: str) -> None:
    """A run that waits."""
    arco.ok("runs", "request", "--key", "k", "--command", command, *more)


@contextlib.contextmanager
def started(arco: Arco) -> Iterator["subprocess.Popen[str]"]:
    """`arco work --once` as a process."""
    command = [sys.executable, "-m", "arco_sched", "--db", str(arco.db), "work", "--once"]
    environment = {**os.environ, "PYTHONPATH": IMPORTABLE, "ARCO_NOW": NOON}
    with subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def attempts(arco: Arco) -> list[tuple[str | None, str | None]]:
    """(outcome, message) of each attempt of the one run."""
    [run] = arco.json("runs list --json")["runs"]
    shown = arco.json("runs", "show", run["run_id"], "--json")
    return [(each["outcome"], each["message"]) for each in shown["attempts"]]


def processes_in(folder: Path) -> list[str]:
    """The processes whose working directory lies below a folder, or lay there before it was removed."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append(process.name)
    return found


@pytest.mark.parametrize("how", ["deleted", "emptied"])
def test_the_runs_folder_goes_while_a_command_runs(arco: Arco, how: str) -> None:
    """What is open is lost, and the worker ends with a word on it; nothing begins again before --adopt-copy."""
    begun, runs = arco.folder / "begun", Path(f"{arco.db}.runs")
    request(arco, f"echo x >> {begun}; sleep 2")
    with started(arco) as worker:
        until(begun.exists, "it runs")
        shutil.rmtree(runs)
        if how == "emptied":
            runs.mkdir()
        said, _ = worker.communicate(timeout=30)
    assert worker.returncode == 5
    assert "Traceback" not in said
    assert attempts(arco) == [("lost", f"{runs} is missing or is not a runs folder")]
    refused = arco("work --once")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "if this database is a copy, add --adopt-copy" in refused.err
    arco.ok("work --once --adopt-copy")
    assert begun.read_text() == "x\n"
    assert arco.json("verify --json")["differences"] == []
    until(lambda: not processes_in(runs), "its supervisor ends too, though nobody will read what it writes")


def test_a_new_database_beside_the_runs_of_another(arco: Arco) -> None:
    """The same run keys give the same run ids: no end that the other one saw becomes an end of this one."""
    begun, runs = arco.folder / "begun", Path(f"{arco.db}.runs")
    request(arco, f"echo x >> {begun}")
    arco.ok("backup", str(arco.folder / "early.db"))
    arco.ok("work --once")
    arco.db.unlink()
    request(arco, f"echo x >> {begun}")
    refused = arco("work --once")
    assert (refused.code, refused.err.count("\n"), begun.read_text()) == (2, 1, "x\n")
    assert f"{runs} has the runs of another database" in refused.err
    assert attempts(arco) == []
    runs.rename(arco.folder / "kept.runs")
    arco.ok("work --once")
    assert begun.read_text() == "x\nx\n"

    # A copy from before the first worker is told to take the folder: what ran since runs no second time.
    arco.db.unlink()
    (arco.folder / "early.db").rename(arco.db)
    assert arco("work --once").code == 2
    arco.ok("work --once --adopt-copy")
    assert (attempts(arco), begun.read_text()) == ([("succeeded", None)], "x\nx\n")


def test_a_cleaner_removes_the_files_of_an_attempt(world: World) -> None:
    """While anything of it lives it runs, then it is lost; its own worker begins it no second time."""
    gate = world.scratch / "gate"
    os.mkfifo(gate)
    one = world.start(f"echo x >> begun; read line < {gate}")
    until((world.scratch / "begun").exists, "it runs")
    shutil.rmtree(world.home(one))
    assert world.see(one)[:2] == (State.RUNNING, "its files are gone")
    gate.write_text("\n")
    world.state(one, State.LOST)
    assert (world.scratch / "begun").read_text() == "x\n"


@pytest.mark.parametrize(
    ("later", "outcome", "times"), [("2025-01-01T13:00:00Z", "lost", 1), ("2025-01-01T12:59:59Z", "succeeded", 2)]
)
def test_a_cleaner_was_there_before_the_next_worker(arco: Arco, later: str, outcome: str, times: int) -> None:
    """An attempt of a killed worker that left no file may have run: after an hour, less than any cleaner waits, it is
    lost and not begun. Before that it was never begun."""
    begun = arco.folder / "begun"
    request(arco, f"echo x >> {begun}; sleep 1")
    with started(arco) as worker:
        until(begun.exists, "it runs")
        worker.kill()
    until(lambda: not processes_in(Path(f"{arco.db}.runs")), "it ended")
    [home] = Path(f"{arco.db}.runs", "attempts").iterdir()
    shutil.rmtree(home)
    arco.at = later
    arco("work --once")
    assert [each for each, _ in attempts(arco)] == [outcome]
    assert begun.read_text() == "x\n" * times
    assert arco.json("verify --json")["differences"] == []


def test_a_copy_of_the_database_on_the_same_boot(arco: Arco) -> None:
    """A copy takes nothing until it is told; then what is open in the original is lost there, and goes on here."""
    gate, begun = arco.folder / "gate", arco.folder / "begun"
    os.mkfifo(gate)
    request(arco, f"echo x >> {begun}; read line < {gate}")
    with started(arco) as worker:
        until(begun.exists, "it runs")
        copy = Arco(arco.folder / "copy.db", at=NOON)
        arco.ok("backup", str(copy.db))
        refused = copy("work --once")
        assert (refused.code, "is missing or is not a runs folder" in refused.err) == (2, True)
        assert copy("work --once --adopt-copy").code == 5
        assert attempts(copy)[0][0] == "lost"
        assert begun.read_text() == "x\n"
        gate.write_text("\n")
        worker.communicate(timeout=30)
    assert attempts(arco) == [("succeeded", None)]


@pytest.mark.parametrize("later", ["2025-01-01T09:00:00Z", "2025-01-09T12:00:00Z"])
def test_the_clock_jumps_while_a_command_runs(arco: Arco, later: str) -> None:
    """It ended as long after its start as the machine's own clock says, whatever the calendar says by then."""
    begun, gate = arco.folder / "begun", arco.folder / "gate"
    os.mkfifo(gate)
    request(arco, f"echo x >> {begun}; read line < {gate}", "--timeout", "10m")
    with started(arco) as worker:
        until(begun.exists, "it runs")
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    with subprocess.Popen(["sh", "-c", f"sleep 0.2; echo > {gate}"]):
        arco.ok("work", "--once", at=later)
    [run] = arco.json("runs list --json")["runs"]
    assert (run["status"], run["started_at"], run["ended_at"][:18]) == ("succeeded", NOON, NOON[:18])
    assert 0 < run["duration_ms"] < 60_000
    assert arco.json("verify --json")["differences"] == []


def test_the_clock_was_set_back_and_the_supervisor_is_gone(arco: Arco, tmp_path: Path) -> None:
    """Lost, at its start at the earliest: nobody knows better, and the events stay in order."""
    begun = arco.folder / "begun"
    request(arco, f"echo $$ > {begun}; sleep 60")
    with started(arco) as worker:
        until(lambda: begun.exists() and begun.read_text().endswith("\n"), "it runs")
        worker.kill()
        worker.wait()
    pid = int(begun.read_text())
    os.kill(_parent(pid), signal.SIGKILL)
    os.killpg(pid, signal.SIGKILL)
    assert arco("work --once", ARCO_NOW="2025-01-01T09:00:00Z").code == 5
    [run] = arco.json("runs list --json")["runs"]
    assert (run["outcome"], run["ended_at"]) == ("lost", NOON)
    assert arco.json("verify --json")["differences"] == []


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
