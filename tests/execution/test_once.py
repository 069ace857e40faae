"""A command begins at most once, and what is concluded of an attempt is certain (section 4, promises 1 to 3)."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from arco_sched.core.executor import Attempt, AttemptId, CannotStart, NotStarted, Outcome, State, outcome
from arco_sched.execution import folder, processes, protocol
from arco_sched.execution.local import LocalExecutor
from tests.execution.world import World, alive, importing, python, until

BOOT, NAMESPACE = processes.boot(), processes.pid_namespace()
NOBODY = "999999999 1.00"
"""A process that does not exist: Linux has no pid of this size."""


def made(world: World, run_id: str, **files: str) -> AttemptId:
    """The files of an attempt as a supervisor leaves them when it is killed after writing them."""
    home = world.path / "attempts" / f"{run_id}.1"
    home.mkdir()
    for name, text in {"lock": "", **files}.items():
        (home / name).write_text(text)
    return AttemptId(run_id, 1, world.executor.place())


FIRST = f"{NOBODY} {BOOT} {NAMESPACE} .\n"
TOKEN = f"{FIRST}about {{}} .\n"
LEADER, BEGUN = "leader 999999998 1.00 .\n", "begun 1.00 .\n"


@pytest.mark.parametrize(
    ("files", "state", "exit_code"),
    [
        ({}, State.NOT_BEGUN, None),
        ({"token": ""}, State.NOT_BEGUN, None),
        ({"token": "12 34 "}, State.NOT_BEGUN, None),
        ({"token": FIRST}, State.NOT_BEGUN, None),
        ({"token": FIRST + 'about {"log": "/x'}, State.NOT_BEGUN, None),
        ({"token": TOKEN}, State.LOST, None),
        ({"token": TOKEN + LEADER}, State.LOST, None),
        ({"token": TOKEN + "leader 99999"}, State.LOST, None),
        ({"token": TOKEN + LEADER, "begun": ""}, State.LOST, None),
        ({"token": TOKEN + LEADER + BEGUN}, State.LOST, None),
        ({"token": TOKEN + LEADER, "begun": BEGUN}, State.LOST, None),
        ({"token": TOKEN + LEADER + BEGUN + "end"}, State.LOST, None),
        ({"token": TOKEN + LEADER + BEGUN + "end 13"}, State.LOST, None),
        ({"token": TOKEN + LEADER + BEGUN + "end 137 4.0"}, State.LOST, None),
        ({"token": TOKEN + LEADER + BEGUN + "end 137 4.00 .\n"}, State.ENDED, 137),
        ({"token": TOKEN + LEADER + "end 137 4.00 .\n", "begun": BEGUN}, State.ENDED, 137),
        ({"token": TOKEN + "end none 0 .\n"}, State.NOT_BEGUN, None),
        ({"token": TOKEN + "end 99 4.00 .\n"}, State.NOT_BEGUN, None),
        ({"token": TOKEN + LEADER + "end 99 4.00 .\n", "begun": ""}, State.NOT_BEGUN, None),
        ({"token": TOKEN + LEADER + "end 1 4.00 .\n", "begun": "nonsense"}, State.NOT_STARTED, None),
        ({"token": TOKEN + LEADER + "refused shell .\nend 98 4.00 .\n"}, State.NOT_STARTED, None),
        ({"token": TOKEN + LEADER + BEGUN + "end 99 4.00 .\n"}, State.ENDED, 99),
        ({"token": TOKEN + LEADER + BEGUN + "end 98 4.00 .\n"}, State.ENDED, 98),
    ],
)
def test_each_step_that_a_kill_can_leave(
    world: World, files: dict[str, str], state: State, exit_code: int | None
) -> None:
    """What is concluded after kill -9 at each step; a submit begins an attempt only where it never began."""
    one = made(world, "left", **files)
    seen = world.see(one)
    assert (seen.state, seen.exit_code) == (state, exit_code)
    world.submit(world.attempt("touch begun", run_id="left"))
    if state is State.NOT_BEGUN:
        assert world.end(one).exit_code == 0
    assert (world.scratch / "begun").exists() == (state is State.NOT_BEGUN)
    assert world.see(one).state is (State.ENDED if state is State.NOT_BEGUN else state)


def test_submitting_again_changes_nothing(world: World) -> None:
    """While it runs and after it ended, the same attempt begins no second time, and its id is the same."""
    attempt = world.attempt("echo x >> begun; read line < gate")
    os.mkfifo(world.scratch / "gate")
    first = world.submit(attempt)
    again = world.worker().submit(attempt)
    until((world.scratch / "begun").exists, "it runs")
    world.worker().submit(attempt)
    (world.scratch / "gate").write_text("on\n")
    assert world.end(first).exit_code == 0
    world.worker().submit(attempt)
    assert again == first.external_id
    assert world.see(first).state is State.ENDED
    assert (world.scratch / "begun").read_text() == "x\n"


def test_another_attempt_of_the_run_begins(world: World) -> None:
    """A retry is another attempt with a token, an end and a log of its own."""
    one = world.start("echo 1; exit 1", run_id="r")
    assert world.end(one).exit_code == 1
    two = world.start("echo 2; exit 2", run_id="r", number=2)
    assert world.end(two).exit_code == 2
    assert (world.output(one), world.output(two)) == ("1\n", "2\n")


def _submit(path: str, store: str, attempt: Attempt, gate: "multiprocessing.synchronize.Barrier") -> None:
    executor = LocalExecutor(path, store, worker_environment={"PATH": "/usr/bin:/bin"})
    gate.wait()
    executor.submit(attempt)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_workers_that_submit_at_the_same_moment(world: World) -> None:
    """Of several workers that submit one attempt at once, one begins it."""
    fork = multiprocessing.get_context("fork")
    for number in range(4):
        attempt = world.attempt("echo x >> begun-$ARCO_RUN_ID", run_id=f"same{number}")
        gate = fork.Barrier(4)
        workers = [fork.Process(target=_submit, args=(str(world.path), world.store, attempt, gate)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert world.end(world.adopt(attempt.run_id)).exit_code == 0
        assert (world.scratch / f"begun-{attempt.run_id}").read_text() == "x\n"


def test_another_boot(world: World) -> None:
    """After a restart of the machine: what was written of an end wins; everything else is lost, and not begun again."""
    lost = world.attempt("touch begun", run_id="a")
    other = AttemptId("a", 1, "another-boot")
    assert world.see(other).state is State.LOST
    world.executor.submit(Attempt(run_id="a", attempt=1, place="another-boot", command=lost.command))
    token = f"1 1.00 another-boot {NAMESPACE} .\nabout {{}} .\nleader 1 1.00 .\n{BEGUN}"
    one = made(world, "b", token=token, ending="canceled 2.00 2.000 .\n")
    seen = world.see(one)
    assert (seen.state, outcome(seen)) == (State.LOST, Outcome.CANCELED)
    assert world.step(one).left == 0
    ended = made(world, "c", token=token + "end 0 3.25 .\n")
    assert world.see(ended)[:4] == (State.ENDED, None, 2250, 0)
    assert not (world.scratch / "begun").exists()


def test_a_pid_that_came_again(world: World) -> None:
    """A process with the pid of a supervisor or command, but another start, is somebody else: lost, and not touched."""
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
        token = f"{other.pid} 1.00 {BOOT} {NAMESPACE} .\nabout {{}} .\nleader {other.pid} 1.00 .\n{BEGUN}"
        one = made(world, "again", token=token)
        assert world.see(one).state is State.LOST
        assert world.step(one, grace=0).signalled is False
        assert world.step(one, grace=0, after=60).left == 0
        assert alive(other.pid)
        other.kill()


def test_another_pid_namespace(world: World) -> None:
    """From another container nothing is concluded and nobody is killed; an end that is written counts."""
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
        start = processes.process(other.pid)
        assert start
        token = f"{other.pid} {start.start / processes.TICKS} {BOOT} 4026530000-7 .\nabout {{}} .\n{BEGUN}"
        one = made(world, "elsewhere", token=token)
        assert world.see(one).state is State.UNKNOWN
        ending = world.step(one, grace=0)
        assert (ending.signalled, ending.left, ending.message) == (False, 1, "it is in another pid namespace")
        world.submit(world.attempt("touch begun", run_id="elsewhere"))
        assert world.see(one).state is State.UNKNOWN
        (world.home(one) / "token").write_text(token + "end 3 2.00 .\n")
        assert world.see(one).exit_code == 3
        assert alive(other.pid)
        other.kill()


def test_the_first_process_of_a_container(world: World) -> None:
    """Where the worker is its container's first process, the end of the container is known, so its runs are lost."""
    if os.geteuid() != 0:
        pytest.skip("needs root for a pid namespace")
    script = f"""
import os, sys
from tests.execution.world import World
from pathlib import Path
assert os.getpid() == 1
world = World(Path({str(world.scratch)!r}))
one = world.start("echo $$ > inside; exec sleep 60", run_id="in")
world.number("inside")
print("on", flush=True)
sys.stdin.readline()
os._exit(0)
"""
    container = subprocess.Popen(
        ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", script],
        env=importing(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with container:
        assert container.stdout
        if container.stdout.readline() != "on\n":
            pytest.skip("no pid namespaces here")
        one = AttemptId("in", 1, world.executor.place())
        assert world.see(one).state is State.RUNNING
    seen = world.state(one, State.LOST)
    assert seen.message == "its container is gone"


@pytest.mark.parametrize("how", ["missing", "another", "empty"])
def test_a_folder_that_is_not_ours(world: World, how: str) -> None:
    """A missing folder, or one with another database's id: open attempts are lost, and none is started."""
    one = world.start("echo $$ > pid; exec sleep 60")
    pid = world.number("pid")
    kept = world.path.rename(world.scratch / "kept")
    if how == "another":
        folder.create(str(world.path), "another")
    elif how == "empty":
        world.path.mkdir()
    assert world.see(one).state is State.LOST
    assert world.step(one, grace=0).signalled is False
    with pytest.raises(CannotStart, match=r"belongs to another database|is missing or is not a runs folder"):
        world.start("true", run_id="new")
    assert alive(pid)
    shutil.rmtree(world.path, ignore_errors=True)
    kept.rename(world.path)
    assert world.see(one).state is State.RUNNING
    world.cancel(one)


def test_a_folder_that_may_not_be_read(world: World) -> None:
    """Who may not read the folder neither concludes nor kills."""
    one = world.start("echo $$ > pid; exec sleep 60")
    pid = world.number("pid")
    script = f"""
from arco_sched.core.executor import *
from arco_sched.execution.local import LocalExecutor
if os.geteuid() == 0:
    os.setresuid(65534, 65534, 65534)
executor = LocalExecutor({str(world.path)!r}, {world.store!r}, worker_environment={{}})
one = AttemptId({one.run_id!r}, 1, executor.place())
print(executor.poll([one])[0].state, executor.cancel([Cancellation(one, Outcome.CANCELED)], now=0, grace=0)[0][:2])
try:
    executor.submit(Attempt(run_id="new", attempt=1, place=executor.place(), command=Command(command="true")))
except CannotStart as error:
    print(error)
"""
    if os.geteuid() != 0:
        world.path.chmod(0)
    answer = python(script)
    assert answer.splitlines()[0] == "unknown (False, 1)"
    assert "the runs folder can't be read: Permission denied" in answer
    assert alive(pid)
    world.path.chmod(0o700)
    world.cancel(one)


@pytest.mark.parametrize("escape", ["", "exec >/dev/null 2>&1;", "setsid ", "exec env -i "])
def test_the_supervisor_is_killed(world: World, escape: str) -> None:
    """While anything of the attempt lives it is running, with a word; once nothing does, it is lost."""
    one = world.start(f"{escape} sh -c 'echo $$ > pid; exec sleep 60'")
    pid = world.number("pid")
    os.kill(world.token(one).supervisor[0], signal.SIGKILL)
    until(lambda: not protocol.locked(f"{world.home(one)}/lock"), "the supervisor is gone")
    seen = world.see(one)
    assert (seen.state, seen.message) == (State.RUNNING, "supervisor gone")
    assert seen.elapsed_ms is not None
    world.worker().submit(world.attempt("touch again", run_id=one.run_id))
    os.kill(pid, signal.SIGKILL)
    until(lambda: not alive(pid), "the command is gone")
    seen = world.end(one)
    assert (seen.state, seen.message) == (State.LOST, "none of its processes is left, and no end was recorded")
    assert not (world.scratch / "again").exists()


def test_a_daemon_keeps_a_lost_supervisor_running(world: World) -> None:
    """A grandchild that left session, log and parents behind is found by the mark in its environment."""
    os.mkfifo(world.scratch / "gate")
    one = world.start("setsid sh -c 'echo $$ > pid; exec sleep 60' </dev/null >/dev/null 2>&1 & read line < gate")
    pid = world.number("pid")
    token = world.token(one)
    assert token.leader
    for each in (token.supervisor[0], token.leader[0]):
        os.kill(each, signal.SIGKILL)
        until(lambda each=each: not alive(each), "it is killed")
    assert world.see(one)[:2] == (State.RUNNING, "supervisor gone")
    os.kill(pid, signal.SIGKILL)
    assert world.end(one).state is State.LOST


def test_signals_to_the_supervisor_change_nothing(world: World) -> None:
    """The supervisor goes on through every signal that can be ignored; its command gets them all."""
    one = world.start("echo $$ > pid; trap 'exit 5' TERM; while :; do sleep 0.01; done")
    pid = world.number("pid")
    supervisor = world.token(one).supervisor[0]
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGPIPE):
        os.kill(supervisor, number)
    assert world.see(one).state is State.RUNNING
    os.kill(pid, signal.SIGTERM)
    assert world.end(one).exit_code == 5


@pytest.mark.parametrize("run_id", ["", "../x", "a/b", ".hidden", "x" * 300, "a\nb"])
def test_run_ids_that_name_no_folder(world: World, run_id: str) -> None:
    """A run id goes into the name of a folder: what could lead elsewhere is refused."""
    attempt = world.attempt("true")
    with pytest.raises(NotStarted, match="can't name a folder"):
        world.executor.submit(Attempt(run_id=run_id, attempt=1, place=world.executor.place(), command=attempt.command))


def test_what_the_worker_lacks_is_no_attempt(world: World, tmp_path: Path) -> None:
    """Without descriptors, processes or a place to write, nothing begins, and the same attempt can be submitted."""
    script = f"""
import resource
from arco_sched.core.executor import *
from arco_sched.execution.local import LocalExecutor
executor = LocalExecutor({str(world.path)!r}, {world.store!r}, worker_environment={{"HOME": "/"}})
attempt = Attempt(run_id="r", attempt=1, place=executor.place(), command=Command(command="true"))
kept = [os.open("/dev/null", os.O_RDONLY) for _ in range(20)]
used = len(os.listdir("/proc/self/fd"))
for limit in range(used - 1, used + 6):
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, 4096))
    try:
        executor.submit(attempt)
    except CannotStart as error:
        print(limit - used, error)
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 4096))
one = AttemptId("r", 1, executor.place())
print(executor.poll([one])[0].state, flush=True)
executor.submit(attempt)
"""
    answer = python(script)
    lines = answer.splitlines()
    assert len(lines) >= 5
    assert [line for line in lines[:-1] if "Too many open files" not in line] == []
    assert world.end(world.adopt("r")).exit_code == 0


def test_a_log_folder_that_cannot_be_written(world: World) -> None:
    """A file where the log folder should be: the executor can't start, and says why."""
    (world.scratch / "logs").write_text("")
    worker = world.worker(log_folder=str(world.scratch / "logs"))
    with pytest.raises(CannotStart, match=r"logs"):
        worker.submit(world.attempt("touch begun"))
    (world.scratch / "logs").unlink()
    worker.submit(world.attempt("echo x"))
    one = world.adopt("run-0")
    assert world.end(one).exit_code == 0
    assert (world.scratch / "logs" / "run-0.1.log").read_text() == "x\n"
    assert world.executor.log(one) == str(world.scratch / "logs" / "run-0.1.log")


def test_no_process_is_left_for_the_supervisor(common: World) -> None:
    """A supervisor that can't fork begins nothing and says so; the same attempt begins when it is submitted again."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to be a user with no other processes")
    for path in (common.path, common.path / "attempts", common.path / "identity"):
        os.chown(path, 54321, 54321)
    script = f"""
import resource
from arco_sched.core.executor import *
from arco_sched.execution.local import LocalExecutor
import time
os.setresgid(54321, 54321, 54321)
os.setresuid(54321, 54321, 54321)
executor = LocalExecutor({str(common.path)!r}, {common.store!r}, worker_environment={{"HOME": "/"}})
attempt = Attempt(run_id="r", attempt=1, place=executor.place(), command=Command(command="exit 6"))
one = AttemptId("r", 1, executor.place())
def wait():
    while (seen := executor.poll([one])[0]).state in (State.STARTING, State.RUNNING):
        time.sleep(0.005)
    print(seen.state, seen.exit_code, flush=True)
for limit in (1, 2, 100):
    resource.setrlimit(resource.RLIMIT_NPROC, (limit, 4096))
    try:
        executor.submit(attempt)
        wait()
    except CannotStart as error:
        print(error)
"""
    answer = python(script)
    assert answer.splitlines() == [
        "can't start a process: Resource temporarily unavailable",
        "not-begun None",
        "ended 6",
    ]


def test_a_poll_opens_one_file_an_attempt(world: World) -> None:
    """One lock is asked for each running attempt, however often, and /proc is not read (but for the clock)."""
    running = [world.start("exec sleep 60") for _ in range(12)]
    for one in running:
        world.state(one, State.RUNNING)
    answer = python(f"""
from arco_sched.core.executor import *
from arco_sched.execution.local import LocalExecutor
executor = LocalExecutor({str(world.path)!r}, {world.store!r}, worker_environment={{"HOME": "/"}})
ids = [AttemptId(f"run-{{number}}", 1, executor.place()) for number in range(12)]
executor.poll(ids)
opened = []
sys.addaudithook(lambda event, details: opened.append(details[0]) if event in ("open", "os.listdir") else None)
states = {{seen.state for seen in executor.poll(ids)}}
print(states == {{State.RUNNING}}, len(opened), sum(str(path).endswith("/lock") for path in opened))
""")
    assert answer == "True 14 12\n"
