"""`arco work` in the foreground: as the first process of a container, and beside a newer arco."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

import pytest

from arco_sched.execution import processes
from arco_sched.execution.containers import reap_orphans
from tests.execution.world import until, work
from tests.runner import Arco


@pytest.fixture
def arco(tmp_path: Path) -> Arco:
    """`arco` on the real clock, on a new database."""
    arco = Arco(tmp_path / "arco.db", at=None)
    arco.ok("init")
    return arco


def working(
    arco: Arco, *before: str, json: bool = False, stdout: IO[str] | int = subprocess.PIPE
) -> AbstractContextManager["subprocess.Popen[str]"]:
    """`arco work` that evaluates too, below the program `before`."""
    return work(arco, "--tick", "--drain", "10s", *["--json"] * json, before=before, stdout=stdout)


def children(pid: int) -> list[processes.Process]:
    """The children of a process, zombies too."""
    found = (processes.process(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit())
    return [one for one in found if one is not None and one.parent == pid]


def workers(arco: Arco) -> int:
    """How many workers have given a sign of life."""
    with contextlib.closing(sqlite3.connect(arco.db)) as connection:
        return int(connection.execute("SELECT count(*) FROM worker_rows").fetchone()[0])


def test_it_ends_when_a_newer_arco_brought_the_database_forward(arco: Arco) -> None:
    """Within a second, with exit code 0 and a line, and what it no longer knows it leaves alone."""
    with working(arco) as worker:
        until(lambda: workers(arco), "it works")
        with contextlib.closing(sqlite3.connect(arco.db)) as connection, connection:
            connection.execute("PRAGMA user_version = 99")
        assert worker.wait(10) == 0
        assert worker.stderr is not None
        assert "a newer arco has upgraded the database" in worker.stderr.read()
    assert workers(arco) == 1


def test_it_starts_what_it_requested_itself(arco: Arco) -> None:
    """Alone on a database, `--tick` starts the run of each due second within that second."""
    notes = arco.folder / "notes"
    arco.ok(
        "schedule", "create", "s", "--cron", "* * * * * *", "--command", f"date +%s >> {notes}", "--overlap", "allow"
    )
    with working(arco):
        until(lambda: notes.exists() and len(notes.read_text().split()) >= 4, "it runs again and again", within=60)


def test_a_line_of_json_an_event(arco: Arco) -> None:
    """In the foreground `--json` prints what this worker records, as `events list --follow --json` does."""
    with working(arco, json=True) as worker:
        until(lambda: workers(arco), "it works")
        arco.ok("runs", "request", "--key", "a", "--command", "exit 3")
        until(lambda: "failed" in arco("runs list --json").out, "its run is over")
        os.kill(worker.pid, signal.SIGTERM)
        out, err = worker.communicate(timeout=20)
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["type"] for event in events] == ["RunStarted", "RunFinished"], err
    assert events[1]["payload"]["exit_code"] == 3
    assert events == arco.json("events list --json --after 1")["events"]


def test_a_full_stdout_does_not_end_it(arco: Arco) -> None:
    """It says once that the events can't be printed, and works on."""
    with Path("/dev/full").open("w") as full, working(arco, json=True, stdout=full) as worker:
        until(lambda: workers(arco), "it works")
        arco.ok("runs", "request", "--key", "a", "--command", "exit 3")
        until(lambda: "failed" in arco("runs list --json").out, "its run is over")
        arco.ok("runs", "request", "--key", "b", "--command", "true")
        until(lambda: "succeeded" in arco("runs list --json").out, "the next one too")
        os.kill(worker.pid, signal.SIGTERM)
        _, err = worker.communicate(timeout=20)
    assert worker.returncode == 0
    assert err == "arco: events can't be printed: No space left on device: they follow when they can\n"


def test_the_first_process_of_a_container_collects_its_orphans(arco: Arco) -> None:
    """A daemon that a command leaves behind becomes its child, and is no zombie once it ends; SIGTERM still drains."""
    unshare = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
    if os.geteuid() != 0 or subprocess.run([*unshare, "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("needs root and pid namespaces")
    gate, orphaned, slow = (arco.folder / name for name in ("gate", "orphaned", "slow"))
    os.mkfifo(gate)
    arco.ok("runs", "request", "--key", "a", "--command", f"setsid sh -c 'echo > {orphaned}; read x < {gate}' &")
    with working(arco, *unshare) as outer:
        first = until(lambda: children(outer.pid), "it runs")[0]
        until(orphaned.exists, "the orphan runs")
        until(lambda: [one for one in children(first.pid) if one.alive], "it is a child of the first process")
        until(lambda: "succeeded" in arco("runs list --json").out, "its run is over")
        gate.write_text("\n")
        until(lambda: not children(first.pid), "nothing is left of it")
        arco.ok("runs", "request", "--key", "b", "--command", f"echo > {slow}; sleep 0.3; exit 3")
        until(slow.exists, "another command runs")
        os.kill(first.pid, signal.SIGTERM)
        assert outer.wait(20) == 0
    with contextlib.closing(sqlite3.connect(arco.db)) as connection:
        ends = connection.execute("SELECT outcome, exit_code FROM attempt_rows ORDER BY run").fetchall()
    assert ends == [("succeeded", 0), ("failed", 3)]


def test_what_somebody_waits_for_is_left_to_them() -> None:
    """Orphans are collected, a child of one's own keeps its exit code."""
    with subprocess.Popen(["sh", "-c", "exit 7"]) as own:
        until(lambda: os.waitid(os.P_PID, own.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT), "it has ended")
        reap_orphans({own.pid})  # may collect what other tests left behind, and leaves this one
        assert own.wait() == 7
    other = os.posix_spawn("/bin/true", ["true"], {})
    until(lambda: os.waitid(os.P_PID, other, os.WEXITED | os.WNOHANG | os.WNOWAIT), "it has ended")
    assert reap_orphans(set()) >= 1
    with pytest.raises(ChildProcessError):
        os.waitpid(other, 0)
