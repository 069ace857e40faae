"""The executor `slurm` on a real Slurm: what goes wrong there, and what its words mean."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.core.errors import InvalidInput
from arco_sched.core.executor import (
    Attempt,
    AttemptId,
    Cancellation,
    Command,
    NotStarted,
    Observation,
    Outcome,
    State,
    outcome,
)
from arco_sched.execution import folder, slurm_words
from arco_sched.execution.calls import Answer
from arco_sched.execution.engine import Unreachable
from arco_sched.execution.slurm import SlurmExecutor
from arco_sched.execution.slurm_words import Job, Sbatch, check_option
from tests.execution.engines import Driver, Slurm
from tests.execution.slurm_host import SlurmHost

slow = pytest.mark.slow
kills = pytest.mark.skipif(
    "ARCO_SLURM_FAULTS" not in os.environ,
    reason="kills Slurm's own daemons, which take minutes to settle on a busy machine: `make faults` runs it",
)


@pytest.fixture
def kind(slurm_host: SlurmHost, tmp_path: Path) -> Slurm:
    """A database's attempts on the host."""
    slurm_host.ready()
    Slurm.host = slurm_host
    return Slurm(tmp_path)


@pytest.fixture
def driver(kind: Slurm) -> Iterator[Driver]:
    """A worker."""
    made = Driver(kind)
    yield made
    made.close()


def executor(driver: Driver) -> SlurmExecutor:
    """Its executor."""
    assert isinstance(driver.executor, SlurmExecutor)
    return driver.executor


def jobs(host: SlurmHost, driver: Driver) -> list[tuple[str, str, str]]:
    """The jobs of this database: id, state, reason."""
    prefix = executor(driver)._job_name("")
    lines = host.run("squeue", "-h", "--states=all", "--format=%i|%T|%r|%j").splitlines()
    return [(a, b, c) for a, b, c, name in (line.split("|") for line in lines) if name.startswith(prefix)]


def submitted(driver: Driver, name: str) -> str:
    """The id of its job."""
    driver.until(lambda: driver.ids[name], "it has an id")
    return str(driver.ids[name])


@slow
def test_copies_are_found_by_name_and_the_lowest_is_kept(driver: Driver, kind: Slurm, slurm_host: SlurmHost) -> None:
    """A worker was killed with its submissions under way: nobody recorded an id."""
    one = kind.attempt("a", "exit 3")
    executor(driver)._prepare(one)
    options = executor(driver)._sbatch.arguments(
        one, executor(driver)._job_name("a.1"), executor(driver)._spool.home("a.1")
    )
    copies = [slurm_host.run("sbatch", *options, *executor(driver)._spool.arguments(one)).strip() for _ in range(3)]
    driver.attempts["a.1"], driver.ids["a.1"] = one, None
    (seen,) = driver.end("a.1")
    assert (seen.exit_code, driver.ids["a.1"], kind.begun()) == (3, min(copies, key=int), {"a.1": 1})
    driver.until(
        lambda: {state for _, state, _ in jobs(slurm_host, driver)} == {"FAILED", "CANCELLED"}, "they are over"
    )


@slow
def test_copies_that_both_run_begin_once(driver: Driver, kind: Slurm, slurm_host: SlurmHost) -> None:
    """The guard, and nothing that Slurm knows, makes an attempt begin once."""
    one = kind.attempt("a", "sleep 0.5; exit 3")
    executor(driver)._prepare(one)
    options = executor(driver)._sbatch.arguments(
        one, executor(driver)._job_name("a.1"), executor(driver)._spool.home("a.1")
    )
    options.remove("--hold")
    for _ in range(4):
        slurm_host.run("sbatch", *options, *executor(driver)._spool.arguments(one))
    driver.attempts["a.1"], driver.ids["a.1"] = one, None
    (seen,) = driver.end("a.1")
    assert (seen.exit_code, kind.begun()) == (3, {"a.1": 1})


@slow
def test_a_held_copy_of_what_is_over_is_cancelled(driver: Driver, kind: Slurm, slurm_host: SlurmHost) -> None:
    """It would stay in the queue for ever."""
    one = kind.attempt("a")
    name = driver.submit(one)
    driver.end(name)
    options = executor(driver)._sbatch.arguments(
        one, executor(driver)._job_name(name), executor(driver)._spool.home(name)
    )
    copy = slurm_host.run("sbatch", *options, *executor(driver)._spool.arguments(one)).strip()
    other = driver.submit(kind.attempt("b", "sleep 0.5"))
    driver.end(other)
    driver.until(
        lambda: (copy, "CANCELLED") in [each[:2] for each in jobs(slurm_host, driver)] or _again(driver, kind), ""
    )


def _again(driver: Driver, kind: Slurm) -> bool:
    """Something has to be open, or nobody asks."""
    name = driver.submit(kind.attempt(f"c{time.monotonic_ns()}"))
    driver.end(name)
    return False


@slow
@kills
def test_a_controller_that_is_killed_just_after_it_acknowledged(
    driver: Driver, kind: Slurm, slurm_host: SlurmHost
) -> None:
    """It forgets most of them: those are submitted again, and each begins once and ends as it was."""
    names = [driver.submit(kind.attempt(f"r{number}", f"sleep 0.3; exit {number}")) for number in range(1, 21)]
    driver.until(lambda: all(driver.ids[name] for name in names), "all are acknowledged")
    slurm_host.kill("slurmctld")
    slurm_host.begin("slurmctld")
    driver.until(lambda: slurm_host.ready() or all(map(driver.outcome, names)), "all are over")
    lost = [name for name in names if driver.outcome(name) == "lost"]
    ended = {name: driver.seen[name].exit_code for name in names if name not in lost}
    assert ended == {f"r{number}.1": number for number in range(1, 21) if f"r{number}.1" not in lost}
    assert max(kind.begun().values()) == 1


@slow
@kills
def test_a_controller_that_lost_everything(driver: Driver, kind: Slurm, slurm_host: SlurmHost) -> None:
    """What waited is submitted again as the same attempt; what had begun ends truly or is lost, never a success."""
    begun = driver.submit(kind.attempt("begun", "sleep 60"))
    driver.running(begun)
    slurm_host.run("scontrol", "update", "PartitionName=p", "State=DOWN")
    waits = driver.submit(kind.attempt("waits", "exit 3"))
    first = submitted(driver, waits)
    slurm_host.forget()
    driver.cancel(begun)
    driver.end(waits, begun)
    assert (driver.seen[waits].exit_code, kind.begun()) == (3, {begun: 1, waits: 1})
    assert driver.outcome(begun) in {"lost", "canceled", "failed"}  # Slurm ends what it does not know
    assert first is not None


@slow
def test_canceled_by_somebody_else(driver: Driver, kind: Slurm, slurm_host: SlurmHost) -> None:
    """Before it begins, and while it runs: `canceled`, with a message."""
    slurm_host.run("scontrol", "update", "PartitionName=p", "State=DOWN")
    waits = driver.submit(kind.attempt("waits"))
    job = submitted(driver, waits)
    driver.until(lambda: executor(driver)._spool.has(waits, "released"), "it is released")
    slurm_host.run("scancel", job)
    driver.end(waits)
    slurm_host.run("scontrol", "update", "PartitionName=p", "State=UP")
    runs = driver.submit(kind.attempt("runs", "sleep 60"))
    driver.running(runs)
    slurm_host.run("scancel", submitted(driver, runs))
    driver.end(runs)
    assert [driver.outcome(name) for name in (waits, runs)] == ["canceled", "canceled"]
    assert all("canceled in Slurm" in str(driver.seen[name].message) for name in (waits, runs))
    assert kind.begun() == {runs: 1}


def _processes_of(job: str) -> list[int]:
    """The processes of a job: what Slurm started for it, and what came of that."""
    found = []
    for each in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if each.name.isdecimal() and (
                f"[{job}.batch]".encode() in (each / "cmdline").read_bytes()
                or f"SLURM_JOB_ID={job}\0".encode() in (each / "environ").read_bytes()
            ):
                found.append(int(each.name))
    return found


@slow
@kills
def test_a_node_that_fails(driver: Driver, kind: Slurm, slurm_host: SlurmHost) -> None:
    """What runs there is lost; what had not begun is submitted again."""
    runs = driver.submit(kind.attempt("runs", "sleep 60"))
    driver.running(runs)
    job = submitted(driver, runs)
    slurm_host.kill("slurmd")
    for pid in _processes_of(job):
        os.kill(pid, signal.SIGKILL)
    slurm_host.run("scontrol", "update", f"NodeName={slurm_host.host}", "State=DOWN", "Reason=test")
    driver.end(runs)
    assert (driver.outcome(runs), "node failure" in str(driver.seen[runs].message)) == ("lost", True), driver.seen
    again = driver.submit(kind.attempt("again", "exit 3"))
    driver.until(lambda: driver.ids[again], "it is submitted")
    slurm_host.begin("slurmd")
    slurm_host.run("scontrol", "update", f"NodeName={slurm_host.host}", "State=RESUME")
    slurm_host.wait()
    (seen,) = driver.end(again)
    assert seen.exit_code == 3


@slow
def test_what_slurm_refuses(kind: Slurm) -> None:
    """`not-started`, with Slurm's reason; and nothing is left to begin."""
    driver = Driver(kind)
    executor(driver)._sbatch = Sbatch(partition="nowhere")
    name = driver.submit(kind.attempt("a"))
    (seen,) = driver.end(name)
    assert (driver.outcome(name), seen.message) == (
        "not-started",
        "Slurm rejected it: Invalid partition name specified",
    )
    driver.close()


@slow
def test_preempted(driver: Driver, kind: Slurm, slurm_host: SlurmHost) -> None:
    """It is a failure by a signal, or lost, and the message says why."""
    name = driver.submit(kind.attempt("a", "sleep 300"))
    driver.running(name)
    script = kind.path / "urgent"
    script.write_text("#!/bin/sh\nsleep 1\n")
    slurm_host.run("sbatch", "--partition=urgent", "--exclusive", "--output=/dev/null", str(script))
    driver.end(name)
    assert driver.outcome(name) in {"failed", "lost"}
    assert "preempted" in str(driver.seen[name].message)


@slow
def test_resources_and_options_are_slurms(kind: Slurm, slurm_host: SlurmHost) -> None:
    """cpus, memory, and what was given to sbatch as it is."""
    driver = Driver(kind)
    executor(driver)._sbatch = Sbatch(partition="urgent", more=("--nice=7", "--begin=now+1hour"))
    one = kind.attempt("a")
    name = driver.submit(
        Attempt(
            run_id="a", attempt=1, place=one.place, command=one.command, resources=(("cpus", 2), ("memory_mib", 64))
        )
    )
    job = submitted(driver, name)
    shown = slurm_host.run("scontrol", "show", "job", job)
    for each in ("Partition=urgent", "Nice=7", "CPUs/Task=2", "MinMemoryNode=64M", "Requeue=0"):
        assert each in shown, shown
    driver.close()


@slow
def test_a_job_that_a_person_holds_stays_held(driver: Driver, kind: Slurm, slurm_host: SlurmHost) -> None:
    """Only what was never released is released."""
    slurm_host.run("scontrol", "update", "PartitionName=p", "State=DOWN")
    name = driver.submit(kind.attempt("a", "exit 3"))
    job = submitted(driver, name)
    driver.until(lambda: executor(driver)._spool.has(name, "released"), "it is released")
    slurm_host.run("scontrol", "uhold", job)
    slurm_host.run("scontrol", "update", "PartitionName=p", "State=UP")
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        driver.round()
        time.sleep(0.02)
    assert [(state, reason) for _, state, reason in jobs(slurm_host, driver)] == [("PENDING", "JobHeldUser")]
    slurm_host.run("scontrol", "release", job)
    (seen,) = driver.end(name)
    assert seen.exit_code == 3


@slow
@kills
def test_a_controller_that_forgot_a_release_is_told_again(driver: Driver, kind: Slurm, slurm_host: SlurmHost) -> None:
    """It was killed before it wrote it down: the job is held, as by a person, but since before the controller began."""
    slurm_host.run("scontrol", "update", "PartitionName=p", "State=DOWN")
    name = driver.submit(kind.attempt("a", "exit 3"))
    job = submitted(driver, name)
    driver.until(lambda: executor(driver)._spool.has(name, "released"), "it is released")
    slurm_host.run("scontrol", "uhold", job)
    time.sleep(1)
    slurm_host.kill("slurmctld", signal.SIGTERM)
    slurm_host.begin("slurmctld")
    slurm_host.wait()
    slurm_host.run("scontrol", "update", "PartitionName=p", "State=UP")
    (seen,) = driver.end(name)
    assert (seen.exit_code, driver.ids[name]) == (3, job)


@pytest.mark.parametrize(
    ("said", "known"),
    [
        (b"ClusterName = x\nBOOT_TIME               = 2026-11-28T14:43:06\nRebootProgram = y\n", True),
        (b"BOOT_TIME = soon\n", False),
        (b"BOOT_TIME = 2026-19-28T14:43:06\n", False),
        (b"", False),
    ],
)
def test_when_a_controller_began(said: bytes, known: bool) -> None:
    """By the clock of the machine that asks, as Slurm's commands tell it."""
    at = slurm_words.boot_time(Answer(0, said, b""))
    assert (at is not None) == known
    assert at is None or datetime.fromtimestamp(at).isoformat() == "2026-11-28T14:43:06"  # noqa: DTZ006
    assert slurm_words.boot_time(Answer(1, said, b"")) is None


@slow
def test_a_spool_that_the_node_cant_use(driver: Driver, kind: Slurm) -> None:
    """`not-started`, with where it was: nothing began, and nothing will."""
    script = Path(executor(driver)._spool._script)
    script.parent.mkdir()
    script.write_text("#!/bin/sh\nexit 97\n")
    name = driver.submit(kind.attempt("a"))
    (seen,) = driver.end(name)
    assert (driver.outcome(name), "the spool has no guard" in str(seen.message)) == ("not-started", True), seen


@slow
def test_a_spool_that_is_not_mounted_concludes_nothing(driver: Driver, kind: Slurm) -> None:
    """It is told, and once it is there again the end is seen."""
    name = driver.submit(kind.attempt("a", "sleep 0.3; exit 3"))
    driver.running(name)
    spool = Path(executor(driver)._spool.path)
    other = driver.another()
    other.adopt(driver)
    spool.rename(spool.with_name("away"))
    time.sleep(1)
    for _ in range(40):
        other.round()
        time.sleep(0.02)
    assert (other.seen[name].state, "is it mounted?" in str(other.seen[name].message)) == (State.UNKNOWN, True)
    spool.with_name("away").rename(spool)
    (seen,) = driver.end(name)
    assert seen.exit_code == 3


@slow
def test_a_thousand_are_asked_about_in_one_question(driver: Driver, kind: Slurm) -> None:
    """Whatever their number: one squeue."""
    names = [driver.submit(kind.attempt(f"r{number}", "sleep 0.2")) for number in range(40)]
    driver.until(lambda: all(driver.ids[name] for name in names), "all are submitted")
    before = executor(driver)._asked
    calls: list[Any] = []
    start = executor(driver)._calls.start

    def count(lane: str, request: Any, done: Any) -> None:
        calls.append((lane, request.arguments[0]))
        start(lane, request, done)

    executor(driver)._calls.start = count  # type: ignore[method-assign]
    driver.end(*names)
    asked = executor(driver)._asked - before
    assert calls.count(("ask", "squeue")) == asked
    assert asked < 200


# What is seen, by what the spool and Slurm say.

BEGUN = "17 n1 another-boot 100.0 55 ."


class Files:
    """An executor whose spool and Slurm the test writes; no Slurm is asked."""

    def __init__(self, path: Path) -> None:
        folder.create(str(path / "runs"), "s")
        self.now = 1000.0
        self.executor = SlurmExecutor(
            str(path / "runs"),
            "s",
            spool=str(path),
            sbatch=Sbatch(),
            worker_environment={"PATH": "/no/where"},
            clock=lambda: self.now,
        )
        self.home = path / "s" / "attempts" / "r.1"
        self.home.mkdir(parents=True)
        self.executor._answered = self.executor._asked = 1
        self.executor._counts_from["r.1"] = 1

    def write(self, files: dict[str, str]) -> None:
        """Write files of the attempt."""
        for name, text in files.items():
            (self.home / name).write_text(text + "\n")

    def look(self, state: str | None, external_id: str | None = "17") -> Observation:
        """What is seen where squeue tells of a state, or of no job."""
        self.executor._jobs = {} if state is None else {"r.1": [Job(17, state, "None", "n1")]}
        one = AttemptId("r", 1, self.executor.place(), external_id)
        return self.executor._look(one, "r.1", known=True)


@pytest.mark.parametrize(
    ("files", "state", "how", "message"),
    [
        ({}, "PENDING", None, None),
        ({}, "RUNNING", None, None),
        ({}, None, None, None),
        ({}, "COMPLETED", None, None),
        ({}, "NODE_FAIL", None, None),
        ({}, "PREEMPTED", None, None),
        ({}, "CANCELLED", None, None),
        ({}, "FAILED", "not-started", "the spool has no guard"),
        ({}, "OUT_OF_MEMORY", "not-started", "out of memory on n1"),
        ({"token": BEGUN}, "PENDING", None, None),
        ({"token": BEGUN}, "RUNNING", None, None),
        ({"token": BEGUN}, "COMPLETED", None, None),
        ({"token": BEGUN}, None, None, None),
        ({"token": BEGUN, "end": "0 105.5 - ."}, None, "succeeded", None),
        ({"token": BEGUN, "end": "0 105.5 - ."}, "RUNNING", "succeeded", None),
        ({"token": BEGUN, "end": "0 105.5 - ."}, "CANCELLED", "succeeded", None),
        ({"token": BEGUN, "end": "0 105.5"}, "RUNNING", None, None),
        ({"token": BEGUN, "end": "0 105.5 TERM ."}, "RUNNING", None, None),
        ({"token": BEGUN, "end": "0 105.5 TERM ."}, "CANCELLED", "canceled", "canceled in Slurm"),
        ({"token": BEGUN, "end": "143 105.5 - ."}, "CANCELLED", "canceled", "canceled in Slurm"),
        ({"token": BEGUN, "end": "143 105.5 TERM ."}, "TIMEOUT", "timed-out", "Slurm's time limit"),
        ({"token": BEGUN, "end": "143 105.5 TERM ."}, "PREEMPTED", "failed", "preempted"),
        ({"token": BEGUN, "end": "137 105.5 - ."}, "OUT_OF_MEMORY", "failed", "out of memory"),
        ({"token": BEGUN, "end": "137 105.5 - ."}, "FAILED", "failed", None),
        ({"token": BEGUN, "end": "7 105.5 - ."}, "FAILED", "failed", None),
        ({"token": BEGUN, "end": "0 105.5 TERM .", "ending": "timed-out 10.0 ."}, "RUNNING", "timed-out", None),
        ({"token": BEGUN, "end": "9 105.5 - .", "ending": "canceled 10.0 ."}, "RUNNING", "failed", None),
        ({"token": BEGUN, "end": "98 105.5 - .", "refused": "shell ."}, "FAILED", "not-started", "no such shell"),
        ({"token": "void - ."}, None, "not-started", "Slurm could not start it"),
        ({"token": "void canceled ."}, "PENDING", "canceled", "it was stopped before it began"),
        ({"token": "17 n1 boo"}, "RUNNING", None, None),
    ],
)
def test_what_is_seen(
    tmp_path: Path, files: dict[str, str], state: str | None, how: str | None, message: str | None
) -> None:
    """The guard's word counts; Slurm's is for what no guard can say, and never a success."""
    world = Files(tmp_path)
    world.write(files)
    seen = world.look(state)
    assert outcome(seen) == how
    assert message is None or message in str(seen.message)


@pytest.mark.parametrize(
    ("state", "how", "code", "message"),
    [
        (None, "lost", None, "Slurm no longer knows it, and no end was recorded"),
        ("NODE_FAIL", "lost", None, "node failure on n1 (job 17, NODE_FAIL), and no end was recorded"),
        ("PREEMPTED", "lost", None, "preempted"),
        ("COMPLETED", "lost", None, "it completed"),
        ("CANCELLED", "canceled", None, "canceled in Slurm"),
        ("TIMEOUT", "timed-out", None, "Slurm's time limit"),
        ("OUT_OF_MEMORY", "failed", 137, "out of memory"),
        ("RUNNING", None, None, None),
    ],
)
def test_a_guard_that_is_silent(
    tmp_path: Path, state: str | None, how: str | None, code: int | None, message: str
) -> None:
    """As long as it gives a sign of life it runs, whatever Slurm says; then it is over, and how, Slurm says."""
    world = Files(tmp_path)
    world.write({"token": BEGUN, "alive": "101.0 ."})
    for _ in range(3):
        assert world.look(state).state is State.RUNNING
        world.now += 59
        world.write({"alive": f"{world.now} ."})
    assert world.look(state).state is State.RUNNING
    world.now += 60
    seen = world.look(state)
    assert (outcome(seen), seen.exit_code) == (how, code)
    assert message is None or message in str(seen.message)


@pytest.mark.parametrize(
    ("reason", "says"),
    [("Priority", None), ("Resources", None), ("JobHeldUser", None), ("PartitionConfig", "job 17: PartitionConfig")],
)
def test_what_a_job_waits_for_is_told_where_it_may_need_somebody(tmp_path: Path, reason: str, says: str | None) -> None:
    """Its turn passes by itself; a node that no job can have does not come."""
    world = Files(tmp_path)
    world.executor._jobs = {"r.1": [Job(17, "PENDING", reason, "")]}
    seen = world.executor._look(AttemptId("r", 1, world.executor.place(), "17"), "r.1", known=True)
    assert (seen.state, says is None or says in str(seen.message)) == (State.STARTING, True)
    assert (seen.message is None) == (says is None)


@pytest.mark.parametrize(
    ("state", "known", "problem", "signals", "files"),
    [
        ("RUNNING", True, None, {"17"}, {"ending"}),
        (None, True, None, set(), {"ending", "term"}),
        (None, False, None, set(), set()),
        (None, False, "down", set(), {"ending", "term"}),
        ("COMPLETED", True, None, set(), {"ending", "term"}),
    ],
)
def test_who_sends_the_signal(
    tmp_path: Path, state: str | None, known: bool, problem: str | None, signals: set[str], files: set[str]
) -> None:
    """Slurm where it has the job; else the guard. An id alone is nobody's: after a loss of memory ids come again."""
    world = Files(tmp_path)
    world.write({"token": BEGUN})
    world.look(state)
    world.executor._answered = 1 if known else 0
    if problem is not None:
        world.executor._problems["ask"] = problem
    wish = Cancellation(AttemptId("r", 1, world.executor.place(), "17"), Outcome.TIMED_OUT)
    world.executor._step(wish, "r.1", now=5.0, grace=10.0)
    assert set(world.executor._terminate) == signals
    assert {each.name for each in world.home.iterdir()} - {"token"} == files


def test_an_end_by_a_signal_waits_for_slurms_word_only_so_long(tmp_path: Path) -> None:
    """A controller that is gone for good keeps no run open."""
    world = Files(tmp_path)
    world.write({"token": BEGUN, "end": "143 105.5 TERM ."})
    assert world.look("RUNNING").state is State.RUNNING
    world.now += 61
    seen = world.look("RUNNING")
    assert (outcome(seen), seen.exit_code, seen.signal, seen.elapsed_ms) == ("failed", 143, 15, 5500)


# Words.


@pytest.mark.parametrize(
    ("said", "found", "problem"),
    [
        ("17\n= a.1 0\n", {"a.1": "17"}, None),
        ("17;cluster\n= a.1 0\n", {"a.1": "17"}, None),
        ("sbatch: warning: x\n17\n= a.1 0\n18\n= b.1 0\n", {"a.1": "17", "b.1": "18"}, None),
        ("x\n= a.1 0\n", {}, "sbatch failed: x"),
        ("sbatch: error: Unable to contact slurm controller (connect failure)\n= a.1 1\n", {}, "Unable to contact"),
        ("17\n= a.1 0\n\n= b.1 124\n", {"a.1": "17"}, "sbatch didn't answer within 20 s"),
        ("", {}, "sbatch failed: exit code 0"),
    ],
)
def test_what_sbatch_says(said: str, found: dict[str, str], problem: str | None) -> None:
    """An id is an id only with exit code 0; what can't be reached is told."""
    told, why = slurm_words.submitted(Answer(0, said.encode(), b""))
    assert told == found
    assert (why is None) if problem is None else (problem in str(why))


def test_what_sbatch_refuses() -> None:
    """Slurm's words without what stands around them."""
    said = b"sbatch: error: Batch job submission failed: Requested node configuration is not available\n= a.1 1\n"
    told, why = slurm_words.submitted(Answer(0, said, b""))
    assert isinstance(told["a.1"], NotStarted)
    assert (str(told["a.1"]), why) == ("Slurm rejected it: Requested node configuration is not available", None)


def test_what_squeue_says() -> None:
    """Jobs of this database by their attempts; those of others are none of its business."""
    said = (
        b"17|PENDING|JobHeldUser||arco-x-r.1\n18|RUNNING|None|n1|arco-x-r.1\n19|RUNNING||n|a|b\n20_[1-3]|PENDING|||y\n"
    )
    assert slurm_words.jobs(Answer(0, said, b""), "arco-x-") == {
        "r.1": [Job(17, "PENDING", "JobHeldUser", ""), Job(18, "RUNNING", "None", "n1")]
    }


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(1, b"", b"slurm_load_jobs error: Unable to contact slurm controller\n"), "Unable to contact"),
        (Answer(-9, b"", b"", timed_out=True), "squeue didn't answer in time"),
        (Answer(0, b"what\n", b""), "squeue gave an unexpected answer: what"),
        (Answer(1, b"", b""), "squeue failed: exit code 1"),
    ],
)
def test_a_squeue_that_says_nothing(answer: Answer, says: str) -> None:
    """Slurm can't be reached."""
    with pytest.raises(Unreachable, match=says):
        slurm_words.jobs(answer, "arco-")


@given(st.binary(max_size=60))
def test_no_answer_breaks_the_reader(said: bytes) -> None:
    """Whatever Slurm prints."""
    with contextlib.suppress(Unreachable):
        slurm_words.jobs(Answer(0, said, said), "arco-")
    told, problem = slurm_words.submitted(Answer(0, said, said))
    assert problem is not None or told
    slurm_words.failed(Answer(1, said, said))


@pytest.mark.parametrize(
    ("state", "active", "again"),
    [
        ("PENDING", True, False),
        ("RUNNING", True, False),
        ("COMPLETING", True, False),
        ("SUSPENDED", True, False),
        ("REQUEUED", True, False),
        ("SOMETHING_NEW", True, False),
        ("COMPLETED", False, True),
        ("NODE_FAIL", False, True),
        ("PREEMPTED", False, True),
        ("BOOT_FAIL", False, True),
        ("FAILED", False, False),
        ("CANCELLED", False, True),
        ("OUT_OF_MEMORY", False, False),
    ],
)
def test_what_a_state_means(state: str, active: bool, again: bool) -> None:
    """A state that nobody knows is no end."""
    job = Job(1, state, "None", "n1")
    assert (job.active, job.begins_again) == (active, again)


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("--array=1-3", "arco sets that itself"),
        ("--arr=1-3", "arco sets that itself"),
        ("-a1", "arco sets that itself"),
        ("--wrap=x", "arco sets that itself"),
        ("--requeue", "arco sets that itself"),
        ("-W", "arco sets that itself"),
        ("script.sh", "is not an option of sbatch"),
        ("--", "is not an option of sbatch"),
        ("", "is not an option of sbatch"),
    ],
)
def test_options_that_would_break_a_promise_are_refused(option: str, says: str) -> None:
    """Whole words, their beginnings, letters; and what is no option."""
    with pytest.raises(InvalidInput, match=says):
        check_option(option)


@pytest.mark.parametrize(
    "option", ["--constraint=gpu", "--nice=10", "-C gpu", "--mail-type=END", "--comment=a b", "--time=1:00:00"]
)
def test_options_that_go_to_sbatch_as_they_are(option: str) -> None:
    """Nothing is changed in them."""
    check_option(option)
    one = Attempt(run_id="r", attempt=1, place="p", command=Command(command="true"))
    assert option in Sbatch(more=(option,)).arguments(one, "n", "/f")


def test_a_folder_with_a_percent_sign_is_a_folder() -> None:
    """Slurm would read a pattern into it."""
    one = Attempt(run_id="r", attempt=1, place="p", command=Command(command="true"), resources=(("gpus", 2),))
    arguments = Sbatch().arguments(one, "n", "/a%j")
    assert "--output=/a%%j/log" in arguments
    assert "--gres=gpu:2" in arguments
