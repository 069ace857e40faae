"""A full disk: nothing is begun that could not be recorded, no end is lost, and what fills it can be ended."""

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from arco_sched.core.executor import CannotStart, Outcome, State, outcome
from arco_sched.execution import protocol
from tests.execution.world import World, until


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
    try:
        while os.write(descriptor, b"x" * 4096):
            pass
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
    finally:
        os.close(descriptor)
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


def test_an_end_needs_no_room(small: World) -> None:
    """An end that comes while the disk is full is written all the same."""
    os.mkfifo(small.scratch / "gate")
    one = small.start("read line < gate; exit 9")
    small.state(one, State.RUNNING)
    fill(small)
    (small.scratch / "gate").write_text("on\n")
    assert small.end(one).exit_code == 9


def test_what_fills_the_disk_can_be_ended(small: World) -> None:
    """That the first signal can't be noted keeps nobody from sending it."""
    one = small.start("echo $$ > pid; trap '' TERM; while :; do sleep 0.01; done")
    small.number("pid")
    full = fill(small)
    first = small.step(one, grace=100)
    assert (first.signalled, first.left > 0) == (True, True)
    assert protocol.read_ending(str(small.home(one))) is None
    assert small.step(one, grace=100, after=50).left > 0
    until(lambda: small.step(one, grace=100, after=101).left == 0, "it is over")
    full.unlink()
    until(lambda: small.see(one).state is State.ENDED, "its end is seen")
    assert protocol.read_ending(str(small.home(one))) is not None
    assert outcome(small.see(one)) is Outcome.CANCELED
