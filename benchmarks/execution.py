"""What the local executor costs: starts of `true` against a bare spawn, a poll of many against as many lock checks, and
the memory of a supervisor. Run: `python -m benchmarks.execution [COUNT]`."""

import fcntl
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from arco_sched.core.executor import Attempt, AttemptId, Cancellation, Command, Outcome, State
from arco_sched.execution import folder, processes
from arco_sched.execution.local import LocalExecutor


def _executor(path: str) -> LocalExecutor:
    folder.create(path, "measured")
    return LocalExecutor(path, "measured", worker_environment={"PATH": "/usr/bin:/bin", "HOME": "/"})


def _attempt(executor: LocalExecutor, run_id: str, command: str) -> AttemptId:
    place = executor.place()
    executor.submit(Attempt(run_id=run_id, attempt=1, place=place, command=Command(command=command)))
    return AttemptId(run_id, 1, place)


def _settled(executor: LocalExecutor, ids: list[AttemptId], wanted: State) -> None:
    while any(seen.state is not wanted for seen in executor.poll(ids)):
        time.sleep(0.002)


def _cost(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall, and of processor (children included)."""
    before, start = os.times(), time.perf_counter()
    work()
    after = os.times()
    return time.perf_counter() - start, sum(after[:4]) - sum(before[:4])


def starts(count: int) -> None:
    """Start `true` over and over: bare, and as attempts, a hundred at a time."""

    def bare() -> None:
        for _ in range(count):
            os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", "true"], {}, setsid=True), 0)

    with tempfile.TemporaryDirectory() as path:
        executor = _executor(f"{path}/runs")

        def attempts() -> None:
            for first in range(0, count, 100):
                ids = [_attempt(executor, f"r{number}", "true") for number in range(first, min(first + 100, count))]
                _settled(executor, ids, State.ENDED)

        for name, (wall, cpu) in (("bare sh -c true", _cost(bare)), ("local executor", _cost(attempts))):
            print(f"{name:20} {count / wall:7.0f}/s, {cpu / count * 1000:.2f} ms of processor each")


def poll(count: int) -> None:
    """Poll `count` running attempts; check as many locks; look at a supervisor's memory."""
    with tempfile.TemporaryDirectory() as path:
        executor = _executor(f"{path}/runs")
        ids = [_attempt(executor, f"r{number}", "exec sleep 1000") for number in range(count)]
        try:
            _settled(executor, ids, State.RUNNING)
            locks = [f"{path}/runs/attempts/r{number}.1/lock" for number in range(count)]

            def check() -> None:
                for name in locks:
                    descriptor = os.open(name, os.O_RDONLY)
                    try:
                        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    finally:
                        os.close(descriptor)

            fastest = min(_cost(check)[0] for _ in range(10))
            polled = min(_cost(lambda: executor.poll(ids))[0] for _ in range(10))
            tended = min(_cost(lambda: executor.tend(ids))[0] for _ in range(10))
            print(f"{count} lock checks {fastest * 1e3:.1f} ms, poll {polled * 1e3:.1f} ms, tend {tended * 1e3:.1f} ms")
            token = Path(f"{path}/runs/attempts/r0.1/token").read_text().split()
            rollup = Path(f"/proc/{token[0]}/smaps_rollup").read_text()
            print(
                "supervisor:", ", ".join(line for line in rollup.splitlines() if line.startswith(("Private", "Pss:")))
            )
        finally:
            wishes = [Cancellation(one, Outcome.CANCELED) for one in ids]
            seconds, _ = _cost(lambda: executor.cancel(wishes, now=processes.uptime(), grace=0))
            print(f"cancelling {count}, one step: {seconds:.2f} s")
            while any(one.left for one in executor.cancel(wishes, now=processes.uptime(), grace=0)):
                time.sleep(0.01)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    starts(number)
    poll(number)
