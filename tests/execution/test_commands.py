"""A command begins as it should, and its end is seen as it was (the life of a run, sections 1 and 2)."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from arco_sched.core.executor import NotStarted, Outcome, State, outcome
from arco_sched.execution import logs
from tests.execution.world import World, alive, importing, python, until


@pytest.mark.parametrize(
    ("command", "exit_code", "number", "how"),
    [
        ("true", 0, None, "succeeded"),
        ("exit 3", 3, None, "failed"),
        ("exit 127", 127, None, "failed"),
        ("exit 255", 255, None, "failed"),
        ("kill -TERM $$", 143, 15, "failed"),
        ("kill -KILL $$", 137, 9, "failed"),
        ("exit 137", 137, 9, "failed"),
        ("kill -INT $$", 130, 2, "failed"),
        ("kill -QUIT $$", 131, 3, "failed"),
        ("kill -HUP 0; sleep 9", 129, 1, "failed"),
        ("kill -KILL 0", 137, 9, "failed"),
        ("/no/such/program", 127, None, "failed"),
        ("syntax ( error", 2, None, "failed"),
    ],
)
def test_ends(world: World, command: str, exit_code: int, number: int | None, how: str) -> None:
    """An exit code is reported as it is; 128 + n also names signal n, as a shell does."""
    seen, _ = world.run(command)
    assert (seen.state, seen.exit_code, seen.signal, outcome(seen)) == (State.ENDED, exit_code, number, Outcome(how))


def test_duration(world: World) -> None:
    """The duration is that of the command, by the machine's own clock, within its 10 ms."""
    seen, _ = world.run("exec sleep 0.2")
    assert seen.elapsed_ms is not None
    assert 190 <= seen.elapsed_ms < 5000


def test_running_then_ended(world: World) -> None:
    """A command that runs is running, with the time it has taken; another worker sees the same."""
    os.mkfifo(world.scratch / "gate")
    one = world.start("echo x > at; read line < gate")
    until((world.scratch / "at").exists, "the command runs")
    assert world.state(one, State.RUNNING).elapsed_ms is not None
    assert world.worker().poll([one])[0].state is State.RUNNING
    world.cancel(one)


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        ("printf 'no newline'", "no newline"),
        (r"printf '\377\000\200text'", "\ufffd\0\ufffdtext"),
        ("cat; echo empty", "empty\n"),
        ("echo out; echo err >&2", "out\nerr\n"),
        ("exec >&- 2>&-; echo lost", ""),
        ("exec 0<&- 1>&- 2>&- 3>&- 4>&- 5>&-; exit 0", ""),
        ("umask", "0022\n"),
        ("pwd", "{scratch}\n"),
        ("echo again >>/dev/stderr", "again\n"),
        ("ls /proc/self/fd | tr '\\n' ' '", "0 1 2 3 "),
        ("readlink /proc/self/fd/0", "/dev/null\n"),
        ("tty; true", "not a tty\n"),
    ],
)
def test_what_a_command_sees_and_prints(world: World, command: str, printed: str) -> None:
    """stdin is empty, both outputs go to the log byte by byte, and nothing else is inherited."""
    seen, output = world.run(command)
    assert (seen.state, output) == (State.ENDED, printed.format(scratch=world.scratch))


@pytest.mark.parametrize("shell", ["/bin/bash", sys.executable])
def test_shells(world: World, shell: str) -> None:
    """The shell is any program that takes `-c`."""
    command = "print(7)" if shell == sys.executable else "[[ a == a ]] && echo $((3 + 4))"
    seen, output = world.run(command, shell=shell)
    assert (seen.exit_code, output) == (0, "7\n")


def test_signals_are_as_they_were_made(world: World) -> None:
    """Whatever the worker ignores or blocks, a command gets default signals, and its exit code is seen."""
    script = f"""
import signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGTERM, signal.SIGUSR1}})
from tests.execution.world import World
from pathlib import Path
world = World(Path({str(world.scratch)!r}))
seen, output = world.run("grep -E 'Sig(Ign|Blk)' /proc/self/status; exit 7")
print(seen.exit_code, output)
world.close()
"""
    answer = python(script).split()
    assert answer[0] == "7"
    ours = set(range(1, 32)) | set(range(34, 65))
    for name, mask in zip(answer[1::2], answer[2::2], strict=True):
        assert not {number for number in ours if int(mask, 16) >> (number - 1) & 1}, name


def test_an_inherited_pipe_is_not_passed_on(world: World) -> None:
    """Who waits for the end of a pipe that the worker holds does not wait for the worker's commands."""
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    one = world.start("echo $$ > pid; exec sleep 60")
    world.number("pid")
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == b""
    world.cancel(one)


def test_long_commands_and_environments(world: World) -> None:
    """What the kernel takes arrives; what it does not take is not started, with one line that says why."""
    big = "x" * 120_000
    seen, output = world.run(": " + "y" * 100_000 + '; echo "${#A} ${#B}"', environment=(("A", big), ("B", big)))
    assert (seen.exit_code, output) == (0, "120000 120000\n")
    with pytest.raises(NotStarted, match=r"^the command and its environment are longer than the kernel allows$"):
        world.start(": " + "y" * 200_000)
    with pytest.raises(NotStarted, match="can't be passed to a process"):
        world.start("echo \0")


def test_a_grandchild_that_goes_on(world: World) -> None:
    """An attempt ends with its command: a daemon that it left behind neither delays nor changes that."""
    seen, _ = world.run("setsid sh -c 'echo $$ > daemon; exec sleep 60' & exit 4")
    assert seen.exit_code == 4
    pid = world.number("daemon")
    assert alive(pid)
    os.kill(pid, signal.SIGKILL)


def test_the_worker_ends_first(world: World) -> None:
    """kill -9 of the worker and a closed terminal leave its commands alone, and the next worker sees their true end."""
    script = f"""
import os, sys
from tests.execution.world import World
from pathlib import Path
world = World(Path({str(world.scratch)!r}))
world.start("echo $$ > pid; read line < gate; echo $line; exit 21", run_id="left")
world.number("pid")
os.kill(os.getpid(), 9)
"""
    os.mkfifo(world.scratch / "gate")
    master, terminal = os.openpty()
    starter = subprocess.Popen(
        ["setsid", "--ctty", "--wait", sys.executable, "-c", script],
        env=importing(),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    starter.wait(timeout=20)
    os.close(master)
    one = world.adopt("left")
    assert world.see(one).state is State.RUNNING
    (world.scratch / "gate").write_text("on\n")
    assert world.end(one).exit_code == 21
    assert world.output(one) == "on\n"


def test_many_at_once_from_threads(world: World) -> None:
    """Attempts that begin at the same time from several threads do not hold each other's locks."""

    def some(first: int) -> None:
        for number in range(first, first + 5):
            world.start(f"exit {number}", run_id=f"r{number}")

    threads = [threading.Thread(target=some, args=(first,)) for first in (0, 5, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ends = {one.run_id: world.end(one).exit_code for one in world.started}
    assert ends == {f"r{number}": number for number in range(15)}


def test_the_supervisor_is_small_and_says_what_it_is(world: World) -> None:
    """At most 0.5 MiB of private memory; its arguments name the attempt, and no secret."""
    one = world.start("echo $$ > pid; exec sleep 60", environment=(("SECRET", "hush"),))
    world.number("pid")
    pid = world.token(one).supervisor[0]
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    private = sum(int(line.split()[1]) for line in rollup if line.startswith("Private_"))
    arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
    assert private <= 512
    assert arguments.endswith(b"arco-attempt:run-0.1\0")
    assert b"hush" not in arguments
    world.cancel(one)


def test_log_is_owner_only(world: World) -> None:
    """The log is 0600 in folders of 0700."""
    seen, _ = world.run("echo x")
    assert seen.exit_code == 0
    path = Path(world.executor.log(world.started[0]) or "")
    modes = [oct(one.stat().st_mode & 0o777) for one in (path, path.parent, path.parent.parent, world.path)]
    assert modes == ["0o600", "0o700", "0o700", "0o700"]
    assert logs.tail(str(path), 5) == b"x\n"
