"""A worker that comes by (`work --once`) is a worker while it works: whatever tells of workers sees it."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arco_sched.configuration import open_store
from arco_sched.core.run_subjects import Worker as Sign
from arco_sched.execution import loop
from tests import IMPORTABLE
from tests.database import sql
from tests.execution.world import until
from tests.runner import Arco

NOON = "2025-01-01T12:00:00Z"


@pytest.fixture
def arco(tmp_path: Path) -> Arco:
    """`arco` on a database on which a worker was once, with two schedules whose commands wait for a gate."""
    arco = Arco(tmp_path / "arco.db", at="2025-01-01T11:59:00Z")
    arco.ok("work --once") if arco.ok("init").code == 0 else None
    for name in ("hang", "sync"):
        os.mkfifo(arco.folder / f"{name}.gate")
        line = f"echo > {arco.folder}/{name}; read line < {arco.folder}/{name}.gate"
        arco.ok("schedule", "create", name, "--cron", "0 12 * * *", "--command", line)
    return arco


@contextlib.contextmanager
def coming(arco: Arco, *options: str, at: str = NOON) -> Iterator["subprocess.Popen[str]"]:
    """`arco work --once --tick --quiet` as a process, as cron starts it."""
    command = [sys.executable, "-m", "arco_sched", "--db", str(arco.db), "work", "--once", "--tick", "--quiet"]
    environment = {**os.environ, "PYTHONPATH": IMPORTABLE, "ARCO_NOW": at}
    with subprocess.Popen([*command, *options], env=environment, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def open_gates(arco: Arco) -> None:
    """Let both commands end."""
    for name in ("hang", "sync"):
        (arco.folder / f"{name}.gate").write_text("\n")


def rows(arco: Arco) -> list[Any]:
    """The signs of life that are recorded."""
    return sql(arco.db, "SELECT worker, pid, pools, slots FROM worker_rows")


def test_it_is_a_worker_while_it_works(arco: Arco) -> None:
    """`workers`, `status` and Prometheus show it, with what it runs; once it has ended nothing is left of it."""
    with coming(arco, "--slots", "3") as worker:
        until(lambda: (arco.folder / "hang").exists() and (arco.folder / "sync").exists(), "both run")
        until(lambda: rows(arco), "it gave a sign of life")
        arco.at = NOON
        (row,) = arco.json("workers")["workers"]
        assert (row["pid"], row["pools"], row["slots"], row["running"]) == (worker.pid, ["default"], 3, 2)
        assert [each["pid"] for each in arco.json("status")["workers"]] == [worker.pid]
        text = arco.ok("status --prometheus -").out
        assert "\narco_workers 1\n" in text
        assert "\narco_worker_slots 3\n" in text
        open_gates(arco)
        assert worker.wait(20) == 0
    assert rows(arco) == []
    assert arco.json("workers") == {"workers": []}
    assert list(Path(f"{arco.db}.runs/workers").iterdir()) == []


@pytest.mark.parametrize("line", ["work --once", "work --once --tick", "work --once --tick --quiet"])
def test_with_nothing_to_do_it_writes_its_visit_alone(arco: Arco, line: str) -> None:
    """No sign of life, also where others hold every slot."""
    sql(arco.db, "CREATE TRIGGER nobody BEFORE INSERT ON worker_rows BEGIN SELECT raise(ABORT, 'a sign of life'); END")
    arco.ok(line)
    sql(arco.db, "DROP TRIGGER nobody")
    with coming(arco, "--slots", "2"):
        until(lambda: (arco.folder / "hang").exists() and (arco.folder / "sync").exists(), "both run")
        first = until(lambda: rows(arco), "it gave a sign of life")
        arco.at = NOON
        assert arco(f"{line} --slots 2").code == 0
        assert rows(arco) == first
        open_gates(arco)


def test_one_that_was_killed(arco: Arco) -> None:
    """Its lock tells that it is gone, its commands go on, and the next one takes them over and clears its row."""
    with coming(arco) as worker:
        until(lambda: (arco.folder / "hang").exists() and (arco.folder / "sync").exists(), "both run")
        until(lambda: rows(arco), "it gave a sign of life")
        worker.send_signal(signal.SIGKILL)
        worker.wait(20)
    arco.at = NOON
    assert len(rows(arco)) == 1
    assert arco.json("workers") == {"workers": []}
    with coming(arco) as worker:
        until(lambda: [pid for _, pid, *_ in rows(arco)] == [worker.pid], "the next one works")
        open_gates(arco)
        assert worker.wait(20) == 0
    assert rows(arco) == []
    assert arco.json("status")["runs_last_day"]["succeeded"] == 2


def test_only_one_stays_for_what_a_worker_left_that_was_killed(arco: Arco) -> None:
    """The next call takes it over; the calls after that find it looked after, and don't pile up until it ends."""
    with coming(arco) as worker:
        until(lambda: (arco.folder / "hang").exists() and (arco.folder / "sync").exists(), "both run")
        worker.send_signal(signal.SIGKILL)
        worker.wait(20)
    arco.at = NOON
    with coming(arco) as heir:
        until(lambda: [pid for _, pid, *_ in rows(arco)] == [heir.pid], "the next one works")
        assert [(each["pid"], each["running"]) for each in arco.json("workers")["workers"]] == [(heir.pid, 2)]
        with coming(arco) as third:
            assert third.wait(20) == 0
        assert heir.poll() is None
        heir.send_signal(signal.SIGKILL)
        heir.wait(20)
    with coming(arco) as fourth:
        until(lambda: [pid for _, pid, *_ in rows(arco)] == [fourth.pid], "another takes it over again")
        open_gates(arco)
        assert fourth.wait(20) == 0
    assert arco.json("status")["runs_last_day"]["succeeded"] == 2


def test_a_row_whose_lock_is_gone_is_cleared(arco: Arco) -> None:
    """A worker that could not say goodbye (a newer arco, a full disk) took its lock with it."""
    host = os.uname().nodename
    sql(arco.db, f"INSERT INTO worker_rows VALUES ('{host}:1:1:once', '{host}', 1, 'local', '[\"default\"]', 2, 0)")
    arco.ok("work --once")
    assert rows(arco) == []


def test_one_of_another_host_is_refused(arco: Arco) -> None:
    """SQLite is one machine's, for workers that come by too: both ways."""
    sql(
        arco.db,
        "INSERT INTO worker_rows VALUES ('far:1:1:once', 'far', 1, 'local', '[\"default\"]', 2, "
        f"CAST(strftime('%s', '{arco.at}') AS INTEGER))",
    )
    refused = arco("work --once")
    assert (refused.code, "a worker on far was seen 0 s ago" in refused.err) == (6, True)


def test_it_renews_its_sign(arco: Arco) -> None:
    """Each half minute, and it gives none before there is anything to do."""

    class Rounds:
        """A worker with something to look after for three rounds."""

        interval, tally = 0.0, type("Tally", (), {"started": ()})
        left = iter((1, 1, 1, 0))

        def round(self, *_: object, **__: object) -> int:
            return next(self.left)

    seen: list[list[tuple[int]]] = []

    def clock() -> int:
        seen.append(sql(arco.db, "SELECT seen_at FROM worker_rows"))
        return 1_000_000 + 20 * len(seen)

    store = open_store(arco.db)
    with contextlib.closing(store), loop.stopping() as stop:
        loop.once(store, Rounds(), Sign("w", "h", 1, "local", ("default",), 2, 0), clock, stop)  # type: ignore[arg-type]
    assert seen == [[], [(1_000_020,)], [(1_000_020,)], [(1_000_060,)]]
    assert rows(arco) == []
