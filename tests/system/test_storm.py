"""A short storm of kills, and stopping on request."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.instants import parse_instant
from tests import ROOT
from tests.database import sql

pytestmark = pytest.mark.slow

NOW = parse_instant("2025-03-04T00:00:00Z")
ENVIRON = os.environ | {"PYTHONPATH": str(ROOT), "ARCO_NOW": "2025-03-04T00:00:00Z"}
BATCH = 10_000


def test_a_short_storm() -> None:
    """Processes killed while they evaluate, edit, pause and trigger, 150 of them: nothing is lost or double."""
    said = subprocess.run(
        [sys.executable, "-m", "tests.system.storm", "--kills", "150", "--seed", "3"],
        env=ENVIRON,
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert (said.returncode, said.stderr) == (0, ""), said.stdout
    assert " 0 problems" in said.stdout


def backlog(path: Path, ticks: int) -> None:
    """A database whose next evaluation makes so many ticks."""
    with Workspace.create(path) as workspace:
        definition = Definition(
            cron_expression="* * * * * *", catchup_window_minutes=100_000, max_catchup_ticks=1_000_000
        )
        workspace.create_schedule("a", definition, now=NOW - ticks + 1)


def made(path: Path) -> int:
    """How many ticks there are, in a database that verifies."""
    with Workspace.open(path) as workspace:
        assert workspace.verify().differences == ()
    return int(sql(path, "SELECT count(*) FROM tick_rows")[0][0])


def evaluating(path: Path, *command: str, **options: Any) -> "subprocess.Popen[str]":
    """`arco tick` in a process of its own that has begun to record."""
    arguments = [*(command or (sys.executable, "-m", "arco_sched")), "--db", str(path), "tick"]
    process = subprocess.Popen(
        arguments, env=ENVIRON, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, **options
    )
    while process.poll() is None:
        if sql(path, "SELECT EXISTS (SELECT 1 FROM tick_rows)") == [(1,)]:
            break
        time.sleep(0.002)
    return process


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_stopped_in_the_middle(tmp_path: Path, number: int, code: int) -> None:
    """Ctrl-C and SIGTERM stop an evaluation without a traceback and without half a transaction; the next goes on.

    A process that SIGTERM ends has the exit code 143 for a shell.
    """
    path = tmp_path / "arco.db"
    backlog(path, 30_000)
    process = evaluating(path)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    assert "Traceback" not in err
    assert made(path) % BATCH == 0
    assert made(path) < 30_000
    with Workspace.open(path) as workspace:
        workspace.evaluate(NOW)
    assert made(path) == 30_000


def test_the_code_in_a_shell(tmp_path: Path) -> None:
    """What a shell sees of an evaluation that SIGTERM ended is 143."""
    path = tmp_path / "arco.db"
    backlog(path, 10)
    script = f'{sys.executable} -c "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"; echo $?'
    said = subprocess.run(["sh", "-c", script], text=True, capture_output=True, check=True)
    assert said.stdout == "143\n"


@pytest.mark.parametrize("delay", [0.05, 0.1, 0.15, 0.2, 0.3, 0.4])
def test_interrupted_at_any_moment(tmp_path: Path, delay: float) -> None:
    """Ctrl-C while the command is being loaded or is leaving is no traceback either."""
    path = tmp_path / "arco.db"
    backlog(path, 3000)
    # What the interpreter itself does before our first line is not ours.
    script = "import sys\nfrom arco_sched.cli.entry import main\nprint('begun', file=sys.stderr, flush=True)\nmain()"
    process = subprocess.Popen(
        [sys.executable, "-c", script, "--db", str(path), "tick"],
        env=ENVIRON,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "begun\n"
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode in {0, 130, -signal.SIGINT}
    assert "Traceback" not in err
    assert made(path) in {0, 3000}


ENDLESS = """
import contextlib, os, signal, sqlite3, sys, threading
from arco_sched.store.sqlite import database
from arco_sched.store.sqlite import integrity as verifying

connection = sqlite3.connect(":memory:", check_same_thread=False)
endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"

class Large:
    def execute(self, statement):
        assert statement == "PRAGMA integrity_check"
        return connection.execute(endless)

    def interrupt(self):
        connection.interrupt()

class Other(database.Database):
    @contextlib.contextmanager
    def another(self):
        yield self

    def ask(self, question):
        return question(Large())

def statement():
    with verifying.interruptible(connection):
        database.Database("", connection).ask(lambda own: own.execute(endless).fetchall())

def integrity():
    with verifying.integrity(Other("", connection)) as checked:
        checked()

threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    globals()[sys.argv[1]]()
except KeyboardInterrupt:
    print("stopped")
"""


@pytest.mark.parametrize("what", ["statement", "integrity"])
def test_a_long_statement_is_interrupted(what: str) -> None:
    """Ctrl-C ends `arco verify` of a large file in the middle of a statement, and of SQLite's own check."""
    said = subprocess.run(
        [sys.executable, "-c", ENDLESS, what], env=ENVIRON, text=True, capture_output=True, timeout=60, check=False
    )
    assert (said.stdout, said.stderr) == ("stopped\n", "")
