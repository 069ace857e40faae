"""Output is kept as it is written, within its limit, and can be read while it grows (section 4, promise 5)."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from arco_sched.core.executor import State
from arco_sched.execution import logs
from tests.execution.world import World, until

KIB = 1024
HEAD, TAIL = b"first line\n", b"last line\n"


def refuse(descriptor: int, offset: int, length: int) -> bool:
    """A file system that can't free the middle of a file."""
    return False


def big(path: Path, size: int) -> bytes:
    """A log with a known beginning, end and size, of numbered lines."""
    middle = b"".join(b"line %d\n" % number for number in range(size // 8))[: size - len(HEAD) - len(TAIL) - 1] + b"\n"
    path.write_bytes(HEAD + middle + TAIL)
    os.sync()
    return path.read_bytes()


@pytest.mark.parametrize("free", [logs.punch, refuse])
def test_the_middle_goes(tmp_path: Path, free: logs.Punch) -> None:
    """Beginning and end stay, byte by byte, a line tells how much is gone, and the disk has it back."""
    path = tmp_path / "log"
    before = big(path, 1000 * KIB)
    writer = os.open(path, os.O_WRONLY | os.O_APPEND)
    assert logs.keep_within(str(path), 256 * KIB, free=free)
    os.write(writer, b"later\n")
    os.close(writer)
    after = b"".join(logs.whole(str(path)))
    start, stop = 64 * KIB, (1000 * KIB - 128 * KIB) // 4096 * 4096
    assert after == before[:start] + logs.gap(stop - start) + before[stop:] + b"later\n"
    os.sync()
    assert path.stat().st_blocks * 512 <= 256 * KIB
    assert not logs.keep_within(str(path), 256 * KIB, free=free)


@pytest.mark.parametrize("limit", [0, 1, 4096, 5000, 1 << 20])
def test_small_limits_and_small_logs(tmp_path: Path, limit: int) -> None:
    """A log within the limit is left alone; a limit below a block keeps what blocks allow."""
    path = tmp_path / "log"
    before = big(path, 40 * KIB)
    logs.keep_within(str(path), limit)
    after = b"".join(logs.whole(str(path)))
    assert (after == before) == (limit >= 40 * KIB)
    assert after.endswith(before[-(limit // 2) :] if limit >= 2 else b"")


def test_endless_output_neither_fills_the_disk_nor_blocks(world: World) -> None:
    """A command that prints without end goes on printing, while a worker tends its log."""
    limit = 1 << 20
    world.executor = world.worker(log_limit=limit)
    one = world.start("echo begin; exec yes 0123456789")
    world.state(one, State.RUNNING)
    path = world.executor.log(one)
    assert path
    sizes = []

    def grown() -> bool:
        world.executor.tend([one])
        status = os.stat(path)  # noqa: PTH116
        sizes.append(status.st_blocks * 512)
        return status.st_size > 64 << 20

    until(grown, "64 MiB are printed")
    world.cancel(one, grace=0.05)
    world.executor.tend([one])
    assert os.stat(path).st_blocks * 512 <= limit  # noqa: PTH116
    assert min(sizes[len(sizes) // 2 :]) < 16 << 20
    text = b"".join(logs.whole(path))
    assert text.startswith(b"begin\n0123456789\n")
    assert b"bytes are not kept" in text
    assert b"0123456789\n" * 10 in text[-200:]


@pytest.mark.parametrize(
    ("content", "lines", "most", "tail"),
    [
        (b"", 3, None, b""),
        (b"a\nb\nc\n", 2, None, b"b\nc\n"),
        (b"a\nb\nc", 2, None, b"b\nc"),
        (b"a\nb\nc\n", 9, None, b"a\nb\nc\n"),
        (b"a\nb\nc\n", 0, None, b""),
        (b"\n\n\n", 2, None, b"\n\n"),
        (b"x" * 200_000 + b"\nb\n", 1, None, b"b\n"),
        (b"x" * 200_000 + b"\nb\n", 2, 10, b"xxxxxxx\nb\n"),
        (b"\xff\xfe\n\x80", 1, None, b"\x80"),
    ],
)
def test_tail(tmp_path: Path, content: bytes, lines: int, most: int | None, tail: bytes) -> None:
    """The last lines; one without a newline at its end counts; at most so many bytes."""
    path = tmp_path / "log"
    path.write_bytes(content)
    assert logs.tail(str(path), lines, most) == tail


def test_tail_over_a_gap(tmp_path: Path) -> None:
    """The last lines of a shortened log lie on both sides of the gap, and the gap is a line of them."""
    path = tmp_path / "log"
    before = big(path, 1000 * KIB)
    logs.keep_within(str(path), 64 * KIB)
    lines = b"".join(logs.whole(str(path))).splitlines(keepends=True)
    assert logs.tail(str(path), 10) == before[: len(before)].splitlines(keepends=True)[-10] + b"".join(lines[-9:])
    assert logs.tail(str(path), 1 << 30) == b"".join(lines)


def test_invalid_bytes() -> None:
    """What is no text is replaced, and the rest stays."""
    assert logs.text(b"a\xff\xc3\xa4\x00b") == "a\ufffdä\0b"


def test_follow(world: World) -> None:
    """Everything that is printed comes, once, in order; it ends when the attempt has ended and all is read."""
    os.mkfifo(world.scratch / "gate")
    one = world.start("echo 1; echo 2; read line < gate; printf '3\\n4'")
    world.state(one, State.RUNNING)
    path = world.executor.log(one)
    assert path
    until(lambda: logs.tail(path, 1) == b"2\n", "it has printed")
    waited: list[bool] = []

    def wait() -> None:
        if not waited:
            (world.scratch / "gate").write_text("on\n")
        waited.append(True)
        world.see(one)

    def ended() -> bool:
        return world.see(one).state is State.ENDED

    assert b"".join(logs.follow(path, ended=ended, wait=wait)) == b"1\n2\n3\n4"
    assert waited
    assert b"".join(logs.follow(path, ended=ended, wait=wait, lines=2)) == b"3\n4"


def test_follow_a_log_that_is_made_shorter(tmp_path: Path) -> None:
    """A log that is truncated below its reader is read from its beginning again."""
    path = tmp_path / "log"
    path.write_bytes(b"long line\n")
    steps: Iterator[bytes] = iter([b"new\n"])
    over: list[bool] = []

    def wait() -> None:
        try:
            path.write_bytes(next(steps))
        except StopIteration:
            over.append(True)

    assert b"".join(logs.follow(str(path), ended=lambda: bool(over), wait=wait)) == b"long line\nnew\n"


def test_old_logs_go(world: World) -> None:
    """Old logs are removed, save those that somebody still writes to; the attempts stay what they were."""
    ended = world.start("echo old")
    running = world.start("echo old; exec sleep 60")
    fresh = world.start("echo new")
    for one in (ended, fresh):
        world.end(one)
    world.state(running, State.RUNNING)
    for one in (ended, running):
        until(lambda one=one: world.output(one), "it has printed")
        os.utime(world.executor.log(one) or "", (1000, 1000))
    assert world.executor.remove_old_logs(before=2000) == 1
    assert [world.executor.log(one) is None for one in (ended, running, fresh)] == [True, False, False]
    assert world.see(ended).exit_code == 0
    world.submit(world.attempt("touch again", run_id=ended.run_id))
    assert not (world.scratch / "again").exists()
    world.cancel(running)


@pytest.mark.parametrize("apart", [False, True])
def test_discard(world: World, apart: bool) -> None:
    """Nothing is left of a discarded attempt, its log included; one that runs is kept."""
    world.executor = world.worker(log_folder=str(world.scratch / "logs") if apart else None)
    over, running = world.start("echo x"), world.start("exec sleep 60")
    world.end(over)
    world.state(running, State.RUNNING)
    log = Path(world.executor.log(over) or "")
    assert log.exists()
    assert (log.parent == world.scratch / "logs") == apart
    world.executor.discard([over, running, over])
    assert not log.exists()
    assert not world.home(over).exists()
    assert world.see(running).state is State.RUNNING
    world.cancel(running)


def test_settle(world: World) -> None:
    """Once its end is recorded elsewhere, only the token and what was printed take room, and it never begins again."""
    silent, loud = world.start("true"), world.start("echo x")
    for one in (silent, loud):
        world.end(one)
    world.executor.settle([silent, loud])
    assert {path.name for path in world.home(silent).iterdir() if path.stat().st_size} == {"token"}
    assert {path.name for path in world.home(loud).iterdir() if path.stat().st_size} == {"log", "token"}
    assert world.output(loud) == "x\n"
    for one in (silent, loud):
        world.submit(world.attempt("touch again", run_id=one.run_id))
    assert not (world.scratch / "again").exists()
    world.executor.discard([silent, loud])
    assert not world.home(loud).exists()
