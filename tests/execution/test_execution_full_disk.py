"""A full disk: nothing is begun that could not be recorded, no end is lost, and what fills it can be ended."""

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from execution_world import World, alive, until

from arco_sched.core.executor import CannotStart, Outcome, State, outcome
from arco_sched.execution import protocol


@pytest.fixture
def small(tmp_path: Path) -> Iterator[World]:
    """A runs folder on a disk of 256 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "arco", disk], check=False)
    if mounted.returncode:
        pytest.skip("needs the right to mount")
    try:
        made = World(disk)
        made.scratch = tmp_path
        yield made
        (disk / "full").unlink(missing_ok=True)
        made.close()
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def fill(world: World) -> Path:
    """Fill the disk."""
    path = world.path.parent / "full"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with pytest.raises(OSError, match="No space left") as error:
        while True:
            os.write(descriptor, b"x" * 4096)
    os.close(descriptor)
    assert error.value.errno == errno.ENOSPC
    return path


def test_nothing_begins(small: World) -> None:
    """A start on a full disk is no attempt: the same one begins when there is room."""
    full = fill(small)
    attempt = small.attempt("echo x >> begun")
    with pytest.raises(CannotStart, match=r"[Nn]o space"):
        small.executor.submit(attempt)
    assert small.see(small.adopt(attempt.run_id)).state is State.NOT_BEGUN
    full.unlink()
    small.submit(attempt)
    assert small.end(small.started[0]).exit_code == 0
    assert (small.scratch / "begun").read_text() == "x\n"


def test_an_end_waits_for_room(small: World) -> None:
    """A supervisor that can't write the end goes on trying, and the attempt is running until it is there."""
    os.mkfifo(small.scratch / "gate")
    one = small.start("echo $$ > pid; read line < gate; exit 9")
    pid = small.number("pid")
    full = fill(small)
    (small.scratch / "gate").write_text("on\n")
    until(lambda: not alive(pid), "the command has ended")
    until((small.home(one) / "end").exists, "the supervisor has tried to write the end")
    assert small.see(one).state is State.RUNNING
    full.unlink()
    assert small.end(one).exit_code == 9


def test_what_fills_the_disk_can_be_ended(small: World) -> None:
    """That the first signal can't be noted keeps nobody from sending it."""
    one = small.start("echo $$ > pid; trap '' TERM; while :; do sleep 0.01; done")
    small.number("pid")
    full = fill(small)
    first = small.step(one, grace=100)
    assert (first.signalled, first.left > 0) == (True, True)
    assert protocol.read_ending(str(small.home(one))) is None
    small.step(one, grace=100, after=101)
    assert small.see(one).state is State.RUNNING
    full.unlink()
    until(lambda: small.step(one, grace=100, after=101).left == 0, "it is over")
    until(lambda: small.see(one).state is State.ENDED, "its end is written")
    assert protocol.read_ending(str(small.home(one))) is not None
    assert outcome(small.see(one)) is Outcome.CANCELED
