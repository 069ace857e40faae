"""Rows 30 to 35: what executing runs costs, from a thousand runs of `true` to the supervisor of one."""

import fcntl
import itertools
import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from arco_sched import Definition, RequestContent, Workspace
from arco_sched.configuration import open_store
from arco_sched.core.executor import Attempt, AttemptId, Cancellation, Command, Outcome, State
from arco_sched.core.policy import Policy
from arco_sched.core.ports import Store
from arco_sched.execution import folder, processes
from arco_sched.execution.local import LocalExecutor
from arco_sched.service import working
from arco_sched.service.working import Terms
from benchmarks import databases
from benchmarks.harness import Bench, Row, compared, environment, in_turns, run, seconds, timed

TRUE: Final = RequestContent(command="true")
NARROW: Final = Policy(pool="narrow")
TERMS: Final = Terms("w", "here", "local", "boot", ("default", "narrow"), 100, "root", is_root=True)

_SPAWN: Final = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("PRAGMA synchronous = FULL")
connection.execute("CREATE TABLE runs (run, status)")
for number in range(int(sys.argv[2])):
    connection.execute("INSERT INTO runs VALUES (?, 'running')", (number,))
    code = os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", "true"], os.environ), 0)[1]
    connection.execute("UPDATE runs SET status = ? WHERE rowid = ?", (code, number + 1))
"""


def rows(bench: Bench) -> Iterator[Row]:
    """Whole processes where a person or cron would start one; the rest by the calls that a worker makes."""
    for numbers, measure in (
        (("30",), _throughput),
        (("31",), _latency),
        (("32",), _idle),
        (("33",), _claims),
        (("34", "35"), _running),
    ):
        if bench.wants(*numbers):
            yield from measure(bench)


def _requested(path: Path, count: int, policy: Policy | None = None) -> Path:
    """A database in which so many runs of `true` are requested and wait."""
    now = int(time.time()) - 1
    with Workspace.create(path) as workspace:
        for number in range(count):
            workspace.request_run(f"k{number}", TRUE, now=now, **({} if policy is None else {"policy": policy}))
    return path


def _throughput(bench: Bench) -> Iterator[Row]:
    count, rounds = bench.size(1000, 20), bench.size(5, 1)
    bench.say(f"executing {count:,} runs of `true`, {rounds} rounds")
    made = _requested(bench.path("throughput"), count)

    # A new database in each round, and none is removed before the end: where thousands of files were just removed, some
    # file systems take three times as long to create one (ext4 without a journal passes over what it freed in the last
    # seconds). No worker removes what it just ran.
    numbers = itertools.count()

    def ours() -> float:
        path = databases.copy(made, f"throughput-{next(numbers)}")
        taken = run(bench.arco(path, "work", "--once", "--quiet", "--slots", "4"), cwd=bench.folder)
        with Workspace.open(path) as workspace:
            done = workspace.runs(status="succeeded", limit=count).rows
        if len(done) != count:
            raise AssertionError(len(done))
        return taken

    def theirs() -> float:
        path = bench.path("throughput-yardstick")
        databases.remove(path)
        return run([bench.python, "-c", _SPAWN, str(path), str(count)])

    best, yardstick = in_turns(rounds, ours, theirs)
    what = f"{count:,} runs of true, work --once --slots 4 : spawned one by one, two commits each"
    yield compared("30", what, best, yardstick, 3)
    rate = count / best
    yield Row("30", "runs of true that are executed in a second", f"{rate:,.0f}", "", rate, 200, True, "/s")


@contextmanager
def _worker(bench: Bench, path: Path) -> Iterator[int]:
    """The pid of `arco work --tick` in the foreground, once it has come to rest."""
    command = bench.arco(path, "work", "--tick", "--drain", "0s")
    with subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL, cwd=bench.folder) as process:
        try:
            time.sleep(2)
            yield process.pid
        finally:
            process.terminate()


def _latency(bench: Bench) -> Iterator[Row]:
    count = bench.size(100, 3)
    bench.say(f"from the due second to the command, {count} times")
    path, notes = bench.path("latency"), bench.folder / "notes"
    noting = RequestContent(command=f"date +%s.%N >> {notes}")
    now = int(time.time())
    with Workspace.create(path) as workspace:
        each = Definition(cron_expression="* * * * * *", request=noting, policy=Policy(overlap="allow"))
        workspace.create_schedule("each", each, now=now, start_at=now + 3)
    with _worker(bench, path):
        while not notes.exists() or len(notes.read_text().splitlines()) < count + 2:
            time.sleep(0.5)
    # The first two are of when it began. A run is due at a whole second, and the latest begins a second after another.
    late = [float(line) % 1 for line in notes.read_text().splitlines()[2 : count + 2]]
    middle, most = median(late), quantiles(late, n=100)[98] if count >= 100 else max(late)
    yield Row("31", "due second to the start of the command, median", seconds(middle), "", middle, 0.1, unit="s")
    yield Row("31", "the same, 99th of 100", seconds(most), "", most, 0.5, unit="s")


def _idle(bench: Bench) -> Iterator[Row]:
    span = bench.size(60, 2)
    bench.say(f"`arco work --tick` with nothing to do, {span} s")
    path = databases.by_face(bench.path("idle"), 10, databases.ONCE_A_YEAR, start=int(time.time()))
    with _worker(bench, path) as pid:
        before = _processor(pid)
        time.sleep(span)
        share = (_processor(pid) - before) / span * 100
        memory = _memory(pid, "Pss") / 1024
    yield Row("32", "arco work --tick, idle: of one processor", f"{share:.2f} %", "", max(share, 0.001), 0.5, unit="%")
    yield Row("32", "the same: memory", f"{memory:.1f} MiB", "", memory, 35, unit="MiB")


def _processor(pid: int) -> float:
    """Seconds of processor that a process has used, by the scheduler's clock. That of /proc/PID/stat counts hundredths,
    and by who runs as one ends."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _memory(pid: int, *names: str) -> int:
    """KiB of a process in these lines of smaps_rollup."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(tuple(f"{name}:" for name in names)))


def _claimed(store: Store) -> float:
    """The seconds that a claim takes, which is undone."""
    try:
        with store.write() as transaction:
            taken = timed(lambda: working.claim_within(transaction, TERMS, int(time.time())))
            raise InterruptedError  # noqa: TRY301 - nothing is to be kept
    except InterruptedError:
        return taken


def _claims(bench: Bench) -> Iterator[Row]:
    finished, waiting, rounds = bench.size(5_000_000, 5_000), bench.size(100_000, 1_000), bench.size(30, 1)
    bench.say(f"claiming 100 runs beside {finished:,} finished ones, and beside {waiting:,} behind a full pool")
    small = _requested(bench.path("claim-small"), 100)
    large, behind = databases.copy(small, "claim-large"), databases.copy(small, "claim-behind")
    _wait(behind, waiting)
    for path, count in ((small, 1000), (large, finished), (behind, 1000)):
        _finish(path, count)

    def claim(path: Path) -> Callable[[], float]:
        def once() -> float:
            store = open_store(path)
            try:
                return _claimed(store)
            finally:
                store.close()

        return once

    few, many, full = in_turns(rounds, claim(small), claim(large), claim(behind))
    yield compared("33", f"claiming 100 runs, {finished:,} finished ones : 1,000 finished", many, few, 1.2)
    yield compared("33", f"claiming 100 runs, {waiting:,} behind a full pool : none", full, few, 1.2)
    for path in (small, large, behind):
        databases.remove(path)


def _finish(path: Path, count: int) -> None:
    """Runs that are over, by sets: as the fold would leave them, without their events."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(
            f"""
            CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
                SELECT i + {10**9} AS i FROM n;
            INSERT INTO run_rows SELECT i, 1000000, 0, i, NULL, 1, (SELECT content FROM run_rows LIMIT 1),
                'run_' || lower(hex(randomblob(13))), 'succeeded', i, NULL FROM n;
            INSERT INTO run_states SELECT i, 1000000, 0, 'default', 'succeeded', 0, i, i, NULL,
                '{{"status":"succeeded","attempts":1,"round_attempts":1}}' FROM n;
            INSERT INTO attempt_rows (run, attempt, executor, worker, host, place, submissions, started_at, ended_at,
                duration_ms, outcome, exit_code) SELECT i, 1, 'local', 'w', 'h', 'b', 0, i, i, 1, 'succeeded', 0 FROM n;
            """
        )


def _wait(path: Path, count: int) -> None:
    """Runs that wait behind a pool that is full."""
    now = int(time.time())
    with Workspace.open(path) as workspace:
        workspace.set_pool("narrow", 0, now=now)
        workspace.request_run("narrow", TRUE, now=now, policy=NARROW)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(
            f"""
            CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
                SELECT i + {2 * 10**9} AS i FROM n;
            INSERT INTO run_rows SELECT i, NULL, NULL, NULL, 'k' || i, NULL, r.content,
                'run_' || lower(hex(randomblob(13))), 'requested', r.requested_at, r.policy
                FROM n, run_rows r WHERE r.key = 'narrow';
            INSERT INTO queue SELECT i, q.pool, q.aside, 9, q.backfill, q.due_at, q.ready_at, q.deadline_at, q.schedule,
                q.cancels FROM n, queue q WHERE q.pool = 'narrow';
            """
        )


def _running(bench: Bench) -> Iterator[Row]:
    count = bench.size(1000, 20)
    bench.say(f"looking after {count:,} running attempts")
    path = f"{bench.folder}/many.runs"
    folder.create(path, "measured")
    executor = LocalExecutor(path, "measured", worker_environment={"PATH": "/usr/bin:/bin", "HOME": "/"})
    place = executor.place()
    ids = [AttemptId(f"r{number}", 1, place) for number in range(count)]
    try:
        for one in ids:
            command = Command(command="exec sleep 1000")
            executor.submit(Attempt(run_id=one.run_id, attempt=1, place=place, command=command))
        while any(seen.state is not State.RUNNING for seen in executor.poll(ids)):
            time.sleep(0.05)
        locks = [f"{path}/attempts/{one.run_id}.1/lock" for one in ids]

        def look() -> None:
            executor.poll(ids)
            executor.tend(ids)

        ours, yardstick = in_turns(bench.size(20, 1), lambda: timed(look), lambda: timed(lambda: _ask_all(locks)))
        yield compared("34", f"looking after {count:,} running attempts : as many lock checks", ours, yardstick, 10)
        token = Path(f"{path}/attempts/r0.1/token").read_text().split()
        private = _memory(int(token[0]), "Private_Clean", "Private_Dirty") / 1024
        what = "private memory of a running attempt's supervisor"
        yield Row("35", what, f"{private:.2f} MiB", "", private, 0.5, unit="MiB")
    finally:
        wishes = [Cancellation(one, Outcome.CANCELED) for one in ids]
        while any(one.left for one in executor.cancel(wishes, now=processes.uptime(), grace=0)):
            time.sleep(0.05)


def _ask_all(locks: list[str]) -> None:
    for name in locks:
        descriptor = os.open(name, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(descriptor)
