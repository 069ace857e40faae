"""Calls to an engine: child processes with one text in and one out, each with a time limit; nothing here waits."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

LARGEST: Final = 64 << 20
"""Maximum bytes of an answer that are read."""


class Answer(NamedTuple):
    """The result of a call: its exit code (negative: a signal), what it printed, and whether it timed out."""

    code: int
    out: bytes
    err: bytes
    timed_out: bool = False

    @property
    def complaint(self) -> str:
        """The last nonempty line on stderr, cut to a length that can be shown; empty for none."""
        lines = [line.strip() for line in self.err.decode(errors="replace").splitlines() if line.strip()]
        return lines[-1][:300] if lines else ""


class Request(NamedTuple):
    """A call to make: its arguments, its stdin, and the seconds after which it is killed."""

    arguments: Sequence[str]
    stdin: bytes = b""
    seconds: float = 30.0


class _Running(NamedTuple):
    process: "subprocess.Popen[bytes]"
    lane: str
    ends_by: float
    out: int
    err: int
    done: Callable[[Answer], None]


class Calls:
    """The calls that run now, in lanes; `clock` is monotonic, `environment` is what the calls get."""

    def __init__(self, environment: Mapping[str, str], clock: Callable[[], float]) -> None:
        self._environment, self._clock = dict(environment), clock
        self._running: list[_Running] = []

    def count(self, lane: str) -> int:
        """How many calls of a lane run."""
        return sum(each.lane == lane for each in self._running)

    def start(self, lane: str, request: Request, done: Callable[[Answer], None]) -> None:
        """Start a call; `done` gets its answer in a later `harvest`. Raises `OSError` if no process can be had."""
        ends_by = self._clock() + request.seconds
        out, err = _scratch(b""), _scratch(b"")
        given = _scratch(request.stdin)
        try:
            process = _spawn(request, self._environment, given, out, err)
        except OSError:
            os.close(out)
            os.close(err)
            raise
        finally:
            os.close(given)
        self._running.append(_Running(process, lane, ends_by, out, err, done))

    def harvest(self) -> None:
        """Hand over the answers of finished calls, and kill those that timed out."""
        for each in list(self._running):
            late = False
            if each.process.poll() is None:
                late = self._clock() >= each.ends_by
                if not late:
                    continue
                _end(each.process)
            self._running.remove(each)
            each.done(_answer(each, timed_out=late))

    def pids(self) -> set[int]:
        """The processes of the calls that run."""
        return {each.process.pid for each in self._running}

    def close(self) -> None:
        """Forget the running calls; what they started goes on."""
        for each in self._running:
            os.close(each.out)
            os.close(each.err)
            # Nobody waits for it from now on, on purpose, so Python must not warn about a leak.
            each.process.returncode = 0
        self._running.clear()


def ask(request: Request, environment: Mapping[str, str]) -> Answer:
    """Make a call and wait for its answer. Raises `OSError` if no process can be had."""
    out, err, given = _scratch(b""), _scratch(b""), _scratch(request.stdin)
    try:
        process = _spawn(request, environment, given, out, err)
        timed_out = False
        try:
            process.wait(request.seconds)
        except subprocess.TimeoutExpired:
            timed_out = True
            _end(process)
        return Answer(process.returncode, _read(out), _read(err), timed_out)
    finally:
        for descriptor in (out, err, given):
            os.close(descriptor)


def _spawn(
    request: Request, environment: Mapping[str, str], given: int, out: int, err: int
) -> "subprocess.Popen[bytes]":
    # The program is the user's own choice (--program), or one of Slurm's.
    return subprocess.Popen(  # noqa: S603
        list(request.arguments), env=dict(environment), stdin=given, stdout=out, stderr=err, start_new_session=True
    )


def _scratch(text: bytes) -> int:
    """A file in memory: unlike a pipe, it never blocks the writer."""
    descriptor = os.memfd_create("arco", os.MFD_CLOEXEC)
    if text:
        view = memoryview(text)
        while view:
            view = view[os.write(descriptor, view) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _read(descriptor: int) -> bytes:
    size = min(os.fstat(descriptor).st_size, LARGEST)
    parts, offset = [], 0
    while offset < size and (piece := os.pread(descriptor, size - offset, offset)):
        parts.append(piece)
        offset += len(piece)
    return b"".join(parts)


def _answer(each: _Running, *, timed_out: bool) -> Answer:
    try:
        return Answer(each.process.returncode, _read(each.out), _read(each.err), timed_out)
    finally:
        os.close(each.out)
        os.close(each.err)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill a call and what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
