"""Calls to an engine's programs: nothing waits for them, and each has its time."""

import time
from pathlib import Path

import pytest

from arco_sched.execution.calls import Answer, Calls, Request, ask
from tests.execution.world import alive, until

PATH = {"PATH": "/usr/bin:/bin"}


def made(calls: Calls, request: Request) -> Answer:
    """The answer to a call, harvested until it is there."""
    answers: list[Answer] = []
    calls.start("a", request, answers.append)
    assert calls.count("a") == 1

    def harvested() -> list[Answer]:
        calls.harvest()
        return answers

    until(harvested, "it is answered")
    assert (calls.count("a"), calls.pids()) == (0, set())
    return answers[0]


def test_what_goes_in_and_what_comes_out() -> None:
    """stdin, stdout, stderr, the exit code, and no environment but what was given."""
    script = "cat; echo out; echo first >&2; echo last >&2; echo $HOME-$A >&2; exit 7"
    answer = made(Calls({**PATH, "A": "b"}, time.monotonic), Request(("/bin/sh", "-c", script), b"in\n"))
    assert (answer.code, answer.out, answer.complaint) == (7, b"in\nout\n", "-b")


def test_a_large_text_blocks_nobody() -> None:
    """More than a pipe takes, in both directions."""
    text = b"x" * (1 << 20)
    answer = made(Calls(PATH, time.monotonic), Request(("/bin/cat",), text))
    assert answer.out == text


def test_a_call_that_takes_too_long_is_ended_with_what_it_started(tmp_path: Path) -> None:
    """Its whole process group."""
    script = f"sleep 60 & echo $! > {tmp_path}/child; wait"
    answer = made(Calls(PATH, time.monotonic), Request(("/bin/sh", "-c", script), seconds=0.5))
    assert (answer.timed_out, answer.code) == (True, -9)
    until(lambda: not alive(int((tmp_path / "child").read_text())), "its child is gone")


def test_what_was_said_before_the_time_was_over_is_there() -> None:
    """A batch of submissions that hangs has told of those before."""
    answer = ask(Request(("/bin/sh", "-c", "echo 17; sleep 60"), seconds=0.5), PATH)
    assert (answer.timed_out, answer.out) == (True, b"17\n")


def test_a_program_that_is_not_there() -> None:
    """It is told at once, and nothing stays open."""
    calls = Calls(PATH, time.monotonic)
    with pytest.raises(FileNotFoundError):
        calls.start("a", Request(("/no/such/program",)), lambda _: None)
    assert calls.count("a") == 0


def test_a_worker_that_ends_leaves_its_calls_to_themselves(tmp_path: Path) -> None:
    """What they began goes on."""
    calls = Calls(PATH, time.monotonic)
    calls.start("a", Request(("/bin/sh", "-c", f"sleep 0.3; echo done > {tmp_path}/done")), lambda _: None)
    calls.close()
    until((tmp_path / "done").exists, "it went on")
