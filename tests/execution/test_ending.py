"""A timeout or a cancellation ends all of an attempt, and nothing else (section 4, promise 4)."""

import os
import signal
import subprocess
import time

import pytest

from arco_sched.core.executor import Cancellation, Ending, Outcome, State, outcome
from arco_sched.execution import folder, processes
from arco_sched.execution.scene import take_scene
from tests.execution.world import World, alive, python, until

DAEMON = """
(cd /; setsid sh -c 'exec >/dev/null 2>&1 </dev/null; echo $$ > "$OLDPWD/pid"; exec sleep 60' & ) &
exec sleep 60
"""
# Each command writes the pid of its last process into `pid`, then goes on for a minute.
INNER = "sh -c 'echo $$ > pid; exec sleep 60'"
TREES = {
    "the command itself": f"exec {INNER}",
    "a child": f"{INNER}; true",
    "a background child": f"{INNER} & wait",
    "a grandchild in a session of its own": f"setsid {INNER} & wait",
    "a daemon: forked twice, its own session, closed files": "exec sh daemon.sh",
    "a child without the mark": f"env -i PATH=/bin:/usr/bin {INNER} & wait",
    "a daemon without the mark, below the supervisor": f"setsid env -i PATH=/bin:/usr/bin {INNER} & wait",
    "closed descriptors": f"exec {INNER} >&- 2>&- <&-",
    "stopped": "sh -c 'echo $$ > pid; kill -STOP $$; exec sleep 60' & wait",
    "nohup": f"nohup {INNER} >/dev/null 2>&1 & wait",
    "a process group of its own": "exec bash -m daemon.sh",
}


@pytest.mark.parametrize("command", TREES.values(), ids=TREES.keys())
def test_all_of_it_ends(world: World, command: str) -> None:
    """SIGTERM reaches every process, wherever it went; the attempt is what it was ended for."""
    (world.scratch / "daemon.sh").write_text(DAEMON)
    one = world.start(command)
    pid = world.number("pid")
    seen = world.cancel(one, reason="timed-out")
    assert not alive(pid)
    assert (seen.state, outcome(seen)) == (State.ENDED, Outcome.TIMED_OUT)


def test_who_ignores_sigterm_is_killed_after_the_grace(world: World) -> None:
    """SIGTERM, then nothing until the grace has passed by the worker's clock, then SIGKILL; no step waits."""
    one = world.start("trap '' TERM; echo $$ > pid; while :; do sleep 0.01; done")
    pid = world.number("pid")
    begin = time.monotonic()
    first = world.step(one, grace=1000)
    assert (first.signalled, first.left >= 2) == (True, True)
    for after in (0, 500, 999):
        assert world.step(one, grace=1000, after=after).left >= 2
    assert time.monotonic() - begin < 10
    assert alive(pid)
    until(lambda: world.step(one, grace=1000, after=1001).left == 0, "it is killed")
    seen = world.see(one)
    assert (seen.exit_code, seen.signal, outcome(seen)) == (137, 9, Outcome.CANCELED)


def test_nobody_gets_a_second_sigterm(world: World) -> None:
    """To many programs a second SIGTERM means `at once`: one process gets one, newcomers get theirs."""
    one = world.start(
        "trap 'echo term >> terms' TERM; echo $$ > pid; while [ ! -e done ]; do sleep 0.01; done; exit 0",
    )
    world.number("pid")
    for _ in range(5):
        world.step(one)
        until((world.scratch / "terms").exists, "it was told")
    (world.scratch / "done").write_text("")
    seen = world.end(one)
    assert (seen.exit_code, outcome(seen)) == (0, Outcome.CANCELED)
    assert (world.scratch / "terms").read_text() == "term\n"


def test_one_that_ended_before_is_recorded_as_it_ended(world: World) -> None:
    """No signal, no cancellation: what ended by itself stays what it was, and its daemons are left alone."""
    one = world.start("setsid sh -c 'echo $$ > pid; exec sleep 60' >/dev/null 2>&1 & exit 3")
    assert world.end(one).exit_code == 3
    pid = world.number("pid")
    assert world.step(one, grace=0) == (False, 0, None)
    assert outcome(world.see(one)) is Outcome.FAILED
    assert alive(pid)
    os.kill(pid, signal.SIGKILL)


def test_the_end_was_there_before_the_first_signal(world: World) -> None:
    """Whoever signals while a supervisor writes down an earlier end changes nothing about it."""
    one = world.start("exit 3")
    end = world.end(one)
    (world.home(one) / "ending").write_text(f"canceled {processes.uptime() + 1:.2f} 0.000 .\n")
    assert world.see(one) == end


@pytest.mark.parametrize("files", [None, {}, {"token": ""}, {"token": "12 34 "}])
def test_what_has_not_begun_never_begins(world: World, files: dict[str, str] | None) -> None:
    """Cancelled before it began: whoever recorded the start and submits it late, begins nothing."""
    one = world.adopt("never")
    if files is not None:
        world.home(one).mkdir()
        for name, text in {"lock": "", **files}.items():
            (world.home(one) / name).write_text(text)
    assert world.step(one) == (False, 0, None)
    world.worker().submit(world.attempt("touch begun", run_id="never"))
    seen = world.worker().poll([one])[0]
    assert (seen.state, seen.exit_code, outcome(seen)) == (State.ENDED, None, Outcome.CANCELED)
    assert world.step(one, grace=0, after=60) == (False, 0, None)
    assert not (world.scratch / "begun").exists()


def test_the_supervisor_gone_and_a_daemon_left(world: World) -> None:
    """Without its supervisor an attempt is ended all the same; that it was signalled makes it canceled, not lost."""
    one = world.start("sh -c 'trap \"\" TERM; echo $$ > pid; while :; do sleep 0.01; done'")
    pid = world.number("pid")
    os.kill(world.token(one).supervisor[0], signal.SIGKILL)
    until(lambda: world.see(one).message == "supervisor gone", "the supervisor is gone")
    seen = world.cancel(one, grace=0.05)
    assert not alive(pid)
    assert (seen.state, outcome(seen)) == (State.LOST, Outcome.CANCELED)


def test_one_worker_at_a_time_ends(world: World) -> None:
    """Of two workers that take over what a third left, one takes a step, and the first signal is noted once."""
    one = world.start("sleep 60")
    world.token(one)
    wish = [Cancellation(one, Outcome.CANCELED)]
    with folder.alone(str(world.path)) as got:
        assert got
        assert world.worker().cancel(wish, now=0, grace=60) == [Ending(False, 1)]
        assert not (world.home(one) / "ending").exists()
    assert world.worker().cancel(wish, now=0, grace=60)[0].signalled
    noted = (world.home(one) / "ending").read_text()
    world.worker().cancel(wish, now=1, grace=60)
    assert (world.home(one) / "ending").read_text() == noted
    assert outcome(world.end(one)) is Outcome.CANCELED


def test_only_its_open_log_betrays_it(world: World) -> None:
    """A daemon without mark, session or parents still has the log open: it is found, and ended."""
    os.mkfifo(world.scratch / "gate")
    one = world.start(f"(setsid env -i PATH=/bin:/usr/bin {INNER} &) ; read line < gate")
    pid = world.number("pid")
    token = world.token(one)
    assert token.leader
    for each in (token.supervisor[0], token.leader[0]):
        os.kill(each, signal.SIGKILL)
        until(lambda each=each: not alive(each), "it is killed")
    assert world.see(one).message == "supervisor gone"
    world.cancel(one, grace=0.05)
    assert not alive(pid)


def test_a_fork_bomb(world: World) -> None:
    """What forks without end is ended."""
    one = world.start(
        "trap '' TERM; echo $$ > pid; f() { while [ ! -e stop ]; do sh -c 'trap \"\" TERM; sleep 0.02' & sleep 0.02;"
        " done; }; f & f & wait",
    )
    world.number("pid")
    world.cancel(one, grace=0.05)
    living = take_scene()
    assert not living.marked.get(processes.Mark(world.store, one.run_id, "1"))


def test_a_step_for_many(world: World) -> None:
    """Many are asked in one step; one that ignores SIGTERM holds up nobody."""
    stubborn = world.start("trap '' TERM; echo $$ > pid; while :; do sleep 0.05; done")
    others = [world.start("exec sleep 60") for _ in range(8)]
    for one in others:
        world.state(one, State.RUNNING)
    world.number("pid")
    wishes = [Cancellation(one, Outcome.CANCELED) for one in (stubborn, *others)]

    def over() -> bool:
        left = [one.left for one in world.executor.cancel(wishes, now=processes.uptime(), grace=600)]
        return left[0] > 0 and not any(left[1:])

    until(over, "all but one have ended")
    assert {outcome(world.see(one)) for one in others} == {Outcome.CANCELED}
    assert world.see(stubborn).state is State.RUNNING


def test_another_worker_goes_on(world: World) -> None:
    """The first signal and its reason are written down: the next worker knows when the grace is up."""
    one = world.start("trap '' TERM; echo $$ > pid; while :; do sleep 0.01; done")
    world.number("pid")
    python(f"""
from arco_sched.core.executor import *
from arco_sched.execution import folder, processes
from arco_sched.execution.local import LocalExecutor
executor = LocalExecutor({str(world.path)!r}, {world.store!r}, worker_environment={{}})
one = AttemptId({one.run_id!r}, 1, executor.place())
assert executor.cancel([Cancellation(one, Outcome.TIMED_OUT)], now=processes.uptime(), grace=100)[0].signalled
""")
    assert world.step(one, grace=100, after=50).left >= 2
    until(lambda: world.step(one, grace=100, after=101).left == 0, "it is killed")
    assert outcome(world.see(one)) is Outcome.TIMED_OUT


def test_a_stopped_supervisor_is_continued(world: World) -> None:
    """Somebody stopped the supervisor: its command is ended, and it goes on to write the end."""
    one = world.start("echo $$ > pid; exec sleep 60")
    world.number("pid")
    os.kill(world.token(one).supervisor[0], signal.SIGSTOP)
    assert outcome(world.cancel(one)) is Outcome.CANCELED


def test_a_neighbour_is_left_alone(world: World) -> None:
    """Another attempt of the run, another run, half of the mark, and a run of the same id of another store go on."""
    neighbours = [world.start("exec sleep 60", run_id="same", number=2), world.start("exec sleep 60", run_id="same1")]
    marked = {"ARCO_STORE_ID": world.store, "ARCO_RUN_ID": "same", "ARCO_ATTEMPT": "11", "X": "ARCO_ATTEMPT=1"}
    copied = {"ARCO_STORE_ID": "another", "ARCO_RUN_ID": "same", "ARCO_ATTEMPT": "1"}
    with (
        subprocess.Popen(["/bin/sleep", "60"], env=marked, start_new_session=True) as other,
        subprocess.Popen(["/bin/sleep", "60"], env=copied, start_new_session=True) as copy,
    ):
        one = world.start("echo $$ > pid; exec sleep 60", run_id="same")
        world.number("pid")
        world.cancel(one)
        assert [world.state(each, State.RUNNING).state for each in neighbours] == [State.RUNNING] * 2
        assert alive(other.pid)
        assert alive(copy.pid)
        other.kill()
        copy.kill()
