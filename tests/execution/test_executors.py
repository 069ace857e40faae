"""What every executor promises, asked of each of them through the port (`core/executor.py`)."""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from arco_sched.core.executor import Outcome, State
from arco_sched.execution.local import LocalExecutor
from tests.execution.engines import Driver, Kind, Local, Program, Slurm

KINDS = [Local, Program, pytest.param(Slurm, marks=pytest.mark.slow)]
STEPS = frozenset({"open", "os.mkdir", "os.remove", "os.rename", "os.link", "subprocess.Popen", "os.posix_spawn"})


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Kind:
    """A kind of executor."""
    if request.param is Slurm:
        Slurm.host = request.getfixturevalue("slurm_host")
        Slurm.host.ready()
    made: Kind = request.param(tmp_path)
    return made


@pytest.fixture
def driver(kind: Kind) -> Iterator[Driver]:
    """A worker with its executor; what it leaves open is ended."""
    made = Driver(kind)
    yield made
    made.close()


@pytest.fixture(params=["down", "slow", "forgets", "lies", "nonsense"])
def fault(request: pytest.FixtureRequest, kind: Kind) -> str:
    """A fault that the engine behind an executor can have."""
    if request.param not in kind.faults:
        pytest.skip(f"{kind.name} can't be {request.param}")
    return str(request.param)


@pytest.mark.parametrize(
    ("command", "how", "code", "signalled"),
    [
        ("true", "succeeded", 0, None),
        ("exit 7", "failed", 7, None),
        ("kill -KILL $$", "failed", 137, 9),
        ("exit 143", "failed", 143, 15),
    ],
)
def test_an_attempt_ends_as_its_command_does(
    driver: Driver, kind: Kind, command: str, how: str, code: int, signalled: int | None
) -> None:
    """Exit code and signal, as a shell tells them."""
    name = driver.submit(kind.attempt("a", command))
    (seen,) = driver.end(name)
    assert (driver.outcome(name), seen.exit_code, seen.signal) == (how, code, signalled)
    assert kind.begun() == {name: 1}


@pytest.mark.parametrize(
    "fields", [{"shell": "/no/such/shell"}, {"working_directory": "/no/such/folder"}, {"environment_file": "/no/file"}]
)
def test_what_cant_be_started_is_not_started(driver: Driver, kind: Kind, fields: dict[str, str]) -> None:
    """With a message that names it; nothing begins."""
    name = driver.submit(kind.attempt("a", **fields))
    (seen,) = driver.end(name)
    assert (driver.outcome(name), next(iter(fields.values())) in str(seen.message)) == ("not-started", True), seen
    assert kind.begun() == {}


def test_an_attempt_knows_which_one_it_is(driver: Driver, kind: Kind) -> None:
    """Its variables, its folder, and what the definition says of its environment."""
    tell = 'echo "$ARCO_RUN_ID $ARCO_ATTEMPT $A $PWD $(umask)"; read x; echo "[$x]"'
    name = driver.submit(kind.attempt("a", tell, number=3, environment=(("A", 'it\'s "a"\n$b'),)))
    driver.end(name)
    assert driver.log(name) == f'a 3 it\'s "a"\n$b {kind.path} 0022\n[]\n'


def test_submitting_twice_is_submitting_once(driver: Driver, kind: Kind) -> None:
    """At once, by another worker, while it runs, and after its end."""
    one = kind.attempt("a", "sleep 0.3; exit 3")
    name = driver.submit(one)
    driver.submit(one)
    driver.round()
    other = driver.another()
    other.submit(one)
    driver.running(name)
    driver.submit(one)
    (seen,) = driver.end(name)
    other.end(name)
    late = driver.another()
    late.submit(one)
    late.end(name)
    assert [each.seen[name].exit_code for each in (driver, other, late)] == [3, 3, 3]
    assert (kind.begun(), seen.exit_code) == ({name: 1}, 3)


def test_many_at_a_time(driver: Driver, kind: Kind) -> None:
    """Each has its own end and its own output."""
    names = [driver.submit(kind.attempt(f"r{number}", f"echo {number}; exit {number % 3}")) for number in range(30)]
    seen = driver.end(*names)
    assert [each.exit_code for each in seen] == [number % 3 for number in range(30)]
    assert [driver.log(name) for name in names] == [f"{number}\n" for number in range(30)]
    assert kind.begun() == dict.fromkeys(names, 1)


def test_cancel_before_it_was_submitted(driver: Driver, kind: Kind) -> None:
    """It is canceled, and whoever comes late begins nothing."""
    one = kind.attempt("a")
    driver.attempts["a.1"], driver.ids["a.1"] = one, None
    driver.cancel("a.1")
    driver.end("a.1")
    late = driver.another()
    late.submit(one)
    late.end("a.1")
    assert (driver.outcome("a.1"), late.outcome("a.1"), kind.begun()) == ("canceled", "canceled", {})


def test_cancel_at_once_after_submitting(driver: Driver, kind: Kind) -> None:
    """Whether it began or not, it is canceled, and nothing of it goes on."""
    names = [driver.submit(kind.attempt(f"r{number}", "sleep 60")) for number in range(5)]
    for name in names:
        driver.cancel(name)
    driver.end(*names)
    assert {driver.outcome(name) for name in names} == {"canceled"}


@pytest.mark.parametrize("reason", [Outcome.CANCELED, Outcome.TIMED_OUT])
def test_cancel_while_it_runs(driver: Driver, kind: Kind, reason: Outcome) -> None:
    """It is what it was ended for, whatever it exits with: SIGTERM first."""
    name = driver.submit(kind.attempt("a", "trap 'echo term; exit 0' TERM; echo on; while :; do sleep 0.05; done"))
    driver.grace = 30.0
    driver.running(name)
    driver.until(lambda: "on" in driver.log(name), "it is on")
    driver.cancel(name, reason)
    driver.end(name)
    assert (driver.outcome(name), driver.log(name).endswith("term\n")) == (reason.value, True)


def test_cancel_of_what_ignores_it(driver: Driver, kind: Kind) -> None:
    """SIGKILL after the grace."""
    name = driver.submit(kind.attempt("a", "trap '' TERM; echo on; while :; do sleep 0.05; done"))
    driver.until(lambda: "on" in driver.log(name), "it is on")
    driver.cancel(name)
    (seen,) = driver.end(name)
    assert (driver.outcome(name), seen.exit_code) == ("canceled", 137)


def test_cancel_ends_the_whole_tree(driver: Driver, kind: Kind) -> None:
    """Children, and what made itself a daemon."""
    daemon = "setsid sh -c 'echo $$ > daemon; sleep 61' >/dev/null 2>&1 &" if kind.tree else ""
    name = driver.submit(kind.attempt("a", f"{daemon} sh -c 'echo $$ > child; sleep 61' & sleep 61"))
    wanted = [kind.path / each for each in (("child", "daemon") if kind.tree else ("child",))]
    driver.until(lambda: all(each.exists() and each.read_text() for each in wanted), "they are there")
    driver.cancel(name)
    driver.end(name)
    assert driver.outcome(name) == "canceled"
    deadline = time.monotonic() + 20
    while alive := [each.name for each in wanted if _alive(int(each.read_text()))]:
        assert time.monotonic() < deadline, alive
        time.sleep(0.05)


def test_cancel_after_its_end_changes_nothing(driver: Driver, kind: Kind) -> None:
    """What ended by itself stays as it ended."""
    name = driver.submit(kind.attempt("a", "exit 4"))
    driver.until(kind.begun, "it begins")
    time.sleep(0.5)
    driver.cancel(name)
    (seen,) = driver.end(name)
    assert (driver.outcome(name), seen.exit_code) == ("failed", 4)


def test_the_log_can_be_read_while_it_runs(driver: Driver, kind: Kind) -> None:
    """Both streams, as they come."""
    name = driver.submit(kind.attempt("a", "echo one; echo two >&2; until test -e go; do sleep 0.02; done; echo three"))
    driver.until(lambda: driver.log(name) == "one\ntwo\n", "its output is there")
    assert driver.outcome(name) is None
    (kind.path / "go").touch()
    driver.end(name)
    assert driver.log(name) == "one\ntwo\nthree\n"


def test_the_machines_clock_says_how_long_it_took(driver: Driver, kind: Kind) -> None:
    """From its beginning, not from the submission."""
    name = driver.submit(kind.attempt("a", "sleep 1"))
    (seen,) = driver.end(name)
    assert seen.elapsed_ms is not None
    assert 950 <= seen.elapsed_ms <= 3000


def test_another_worker_goes_on_where_one_was_killed(driver: Driver, kind: Kind) -> None:
    """What runs goes on, and its end is seen by the next."""
    name = driver.submit(kind.attempt("a", "until test -e go; do sleep 0.02; done; exit 5"))
    driver.running(name)
    other = driver.another()
    other.adopt(driver)
    driver.executor.close()
    other.round()
    (kind.path / "go").touch()
    (seen,) = other.end(name)
    assert (seen.exit_code, kind.begun()) == (5, {name: 1})
    driver.seen |= other.seen


@pytest.mark.slow
def test_killed_at_each_step(kind: Kind) -> None:
    """A worker that is killed at any of its steps in the file system, or before any process that it starts: each
    command begins once, and its end is recorded as it was."""
    step, killed = 0, True
    while killed and (kind.name == "local" or step < 50):
        before = Driver(kind)
        name = f"s{step}.1"
        before.attempts[name], before.ids[name] = kind.attempt(f"s{step}", f"exit {step % 100}"), None
        pid = os.fork()
        if pid == 0:
            _work_until_killed(before, name, step)
        killed = os.waitpid(pid, 0)[1] == signal.SIGKILL
        before.executor.close()
        after = Driver(kind)
        after.adopt(before)
        (seen,) = after.end(name)
        assert (after.outcome(name), seen.exit_code) == ("failed" if step % 100 else "succeeded", step % 100)
        after.executor.close()
        step += 1 if kind.name == "local" else 1 + step // 4  # later steps are the same ones again, of another poll
    assert step > 8
    assert set(kind.begun().values()) == {1}


def _work_until_killed(driver: Driver, name: str, step: int) -> None:
    to_go = step

    def count(event: str, _: tuple[object, ...]) -> None:
        nonlocal to_go
        if event in STEPS:
            to_go -= 1
            if to_go < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.addaudithook(count)
        driver.submit(driver.attempts[name])
        driver.end(name)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def test_a_fault_before_the_submission(driver: Driver, kind: Kind, fault: str) -> None:
    """It is told; nothing is concluded; afterwards the attempt runs, once."""
    kind.place  # noqa: B018 - asked before the fault
    kind.fail(fault)
    name = driver.submit(kind.attempt("a", "sleep 0.2; exit 3"))
    if fault in {"down", "slow", "nonsense"}:
        driver.until(lambda: driver.problems, "it is told")
    else:
        driver.until(kind.begun, "it begins")
    _rounds(driver, 0.7)
    # A guard that this machine can read tells the truth whatever its engine says.
    assert driver.outcome(name) in {None, "failed"}
    kind.fail("")
    (seen,) = driver.end(name)
    assert (seen.exit_code, kind.begun()) == (3, {name: 1})


def test_a_fault_while_it_runs(driver: Driver, kind: Kind, fault: str) -> None:
    """It ends meanwhile; once the engine answers truly, its end is as it was, and nothing began twice."""
    name = driver.submit(kind.attempt("a", "until test -e go; do sleep 0.02; done; exit 3"))
    driver.running(name)
    kind.fail(fault)
    _rounds(driver, 0.7)
    assert driver.outcome(name) is None
    (kind.path / "go").touch()
    _rounds(driver, 0.7)
    assert driver.outcome(name) in {None, "failed"}
    kind.fail("")
    (seen,) = driver.end(name)
    assert (seen.exit_code, kind.begun()) == (3, {name: 1})


def test_a_cancel_while_the_engine_cant_be_reached(driver: Driver, kind: Kind, fault: str) -> None:
    """It is done once it answers."""
    name = driver.submit(kind.attempt("a", "sleep 61"))
    driver.running(name)
    kind.fail(fault)
    driver.cancel(name)
    _rounds(driver, 0.7)
    kind.fail("")
    driver.end(name)
    assert driver.outcome(name) == "canceled"


def test_no_round_waits_for_an_engine_that_is_slow(driver: Driver, kind: Kind) -> None:
    """A worker evaluates, too: an engine that takes a minute keeps nobody."""
    if "slow" not in kind.faults:
        pytest.skip("nothing there is slow")
    kind.place  # noqa: B018
    kind.fail("slow")
    driver.submit(kind.attempt("a", "true"))
    longest = 0.0
    for _ in range(20):
        begun = time.monotonic()
        driver.round()
        longest = max(longest, time.monotonic() - begun)
        time.sleep(0.02)
    assert longest < 0.5


def test_settle_and_discard_leave_nothing(driver: Driver, kind: Kind) -> None:
    """Once an end is recorded, files go; the output stays until the run is pruned, which knows no kind of executor."""
    names = [driver.submit(kind.attempt(f"r{number}", "echo x")) for number in range(2)]
    driver.end(*names)
    driver.executor.settle([driver.id(name) for name in names])
    assert [driver.log(name) for name in names] == ["x\n", "x\n"]
    driver.executor.discard([driver.id(names[0])])
    LocalExecutor(str(kind.runs), kind.store, worker_environment={}).discard([driver.id(names[1])])
    assert [driver.log(name) for name in names] == ["", ""]
    assert list((kind.runs / "attempts").iterdir()) == []
    assert not list(kind.path.glob("spool/*/attempts/*"))


def test_old_logs_go_and_those_of_what_runs_stay(driver: Driver, kind: Kind) -> None:
    """Also where another kind of worker looks for old logs in the same folder."""
    over, runs = driver.submit(kind.attempt("over", "echo x")), driver.submit(kind.attempt("runs", "echo x; sleep 60"))
    driver.end(over)
    driver.executor.settle([driver.id(over)])
    driver.until(lambda: driver.log(runs) == "x\n", "it prints")
    later = time.time() + 60
    other = LocalExecutor(str(kind.runs), kind.store, worker_environment={})
    removed = driver.executor.remove_old_logs(later) + other.remove_old_logs(later)
    assert (removed, driver.log(over), driver.log(runs)) == (1, "", "x\n")
    driver.attempts.pop(over)


def _rounds(driver: Driver, seconds: float, holds: Callable[[], object] = lambda: None) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not holds():
        driver.round()
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_states_are_final_once(driver: Driver, kind: Kind) -> None:
    """Asked again after its end, an executor says the same."""
    name = driver.submit(kind.attempt("a", "exit 6"))
    (first,) = driver.end(name)
    for _ in range(3):
        (seen,) = driver.executor.poll([driver.id(name)])
        assert (seen.state, seen.exit_code) == (State.ENDED, first.exit_code)
