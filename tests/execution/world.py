"""A runs folder with real attempts, for the tests of the executors."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, TypeVar

from arco_sched.core.executor import (
    Attempt,
    AttemptId,
    Cancellation,
    Command,
    Ending,
    Observation,
    Outcome,
    State,
    outcome,
)
from arco_sched.execution import folder, processes, protocol
from arco_sched.execution.local import LocalExecutor
from tests import IMPORTABLE
from tests.runner import Arco

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/",
    "USER": "somebody",
    "LOGNAME": "somebody",
    "LANG": "C.UTF-8",
}
Answer = TypeVar("Answer")


def until(ask: Callable[[], Answer | None], what: str, within: float = 20) -> Answer:
    """The first answer that is true, asked for again and again."""
    deadline = time.monotonic() + within
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        time.sleep(0.003)
    return answer


@contextlib.contextmanager
def work(
    arco: Arco, *options: str, before: Sequence[str] = (), stdout: IO[str] | int = subprocess.PIPE
) -> Iterator["subprocess.Popen[str]"]:
    """`arco work` as a process on the real clock, below the program `before`; killed at the end."""
    command = [*before, sys.executable, "-m", "arco_sched", "--db", str(arco.db), "work", *options]
    environment = {**os.environ, "PYTHONPATH": IMPORTABLE}
    environment.pop("ARCO_NOW", None)
    with subprocess.Popen(command, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def alive(pid: int) -> bool:
    """Whether a process lives (a zombie does not)."""
    one = processes.process(pid)
    return one is not None and one.alive


def importing() -> dict[str, str]:
    """The environment of a Python of its own that imports as the tests do."""
    return {**os.environ, "PYTHONPATH": IMPORTABLE}


def python(script: str) -> str:
    """What a Python of its own prints for a script that imports as the tests do; `os` and `sys` are there already."""
    ended = subprocess.run(
        [sys.executable, "-c", f"import os, sys\n{script}"],
        env=importing(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


class World:
    """An executor over a folder of its own. What it started is ended by `close`."""

    def __init__(self, path: Path, **options: object) -> None:
        self.path = path / "arco.db.runs"
        # Of no other test: processes are told apart by it.
        self.store = f"store:{path}"
        self.scratch = path
        self.options = options
        folder.create(str(self.path), self.store)
        self.executor = self.worker()
        self.started: list[AttemptId] = []

    def worker(self, **options: object) -> LocalExecutor:
        """Another worker's executor over the same folder."""
        chosen = {"worker_environment": ENVIRONMENT, **self.options, **options}
        return LocalExecutor(str(self.path), self.store, **chosen)  # type: ignore[arg-type]

    def attempt(self, command: str, *, run_id: str | None = None, number: int = 1, **fields: object) -> Attempt:
        """An attempt that nobody has submitted yet; it works in a scratch folder unless told otherwise."""
        given = {"working_directory": str(self.scratch), **fields}
        variables = given.pop("variables", ())
        return Attempt(
            run_id=run_id or f"run-{len(self.started)}",
            attempt=number,
            place=self.executor.place(),
            command=Command(command=command, **given),  # type: ignore[arg-type]
            variables=variables,  # type: ignore[arg-type]
        )

    def submit(self, attempt: Attempt) -> AttemptId:
        """Submit an attempt to the executor."""
        name = AttemptId(attempt.run_id, attempt.attempt, attempt.place)
        self.started.append(name)
        return name._replace(external_id=self.executor.submit(attempt))

    def start(self, command: str, **fields: object) -> AttemptId:
        """Submit a command."""
        return self.submit(self.attempt(command, **fields))

    def adopt(self, run_id: str, number: int = 1) -> AttemptId:
        """The id of an attempt that somebody else started, and that `close` ends."""
        one = AttemptId(run_id, number, self.executor.place())
        self.started.append(one)
        return one

    def see(self, one: AttemptId) -> Observation:
        """One poll."""
        return self.executor.poll([one])[0]

    def state(self, one: AttemptId, wanted: State) -> Observation:
        """The observation, once the attempt is in a state."""

        def ask() -> Observation | None:
            seen = self.see(one)
            return seen if seen.state is wanted else None

        return until(ask, f"{one.run_id} is {wanted}")

    def end(self, one: AttemptId) -> Observation:
        """The observation, once the attempt is over."""

        def ask() -> Observation | None:
            seen = self.see(one)
            return seen if outcome(seen) else None

        return until(ask, f"{one.run_id} is over")

    def run(self, command: str, **fields: object) -> tuple[Observation, str]:
        """How a command ended, and what it printed."""
        one = self.start(command, **fields)
        return self.end(one), self.output(one)

    def output(self, one: AttemptId) -> str:
        """The whole log, as text."""
        path = self.executor.log(one)
        return "" if path is None else Path(path).read_bytes().decode(errors="replace")

    def home(self, one: AttemptId) -> Path:
        """The folder of an attempt."""
        return self.path / "attempts" / f"{one.run_id}.{one.attempt}"

    def token(self, one: AttemptId) -> protocol.Token:
        """The token, once it is there with the process that becomes the command."""

        def ask() -> protocol.Token | None:
            found = protocol.read_token(str(self.home(one)))
            return found if found and found.leader else None

        return until(ask, "the token is written")

    def number(self, name: str) -> int:
        """A number that a command wrote into a scratch file with a newline behind it, once it is there."""
        path = self.scratch / name

        def ask() -> str | None:
            text = path.read_text() if path.exists() else ""
            return text if text.endswith("\n") else None

        return int(until(ask, f"{name} is written"))

    def step(self, one: AttemptId, *, after: float = 0, grace: float = 10, reason: str = "canceled") -> Ending:
        """One step of a cancellation, `after` seconds from now by the worker's clock."""
        wish = Cancellation(one, Outcome(reason))
        return self.executor.cancel([wish], now=processes.uptime() + after, grace=grace)[0]

    def cancel(self, one: AttemptId, *, grace: float = 10, reason: str = "canceled") -> Observation:
        """Cancel with the clock running, until nothing is left; then the observation."""
        until(lambda: self.step(one, grace=grace, reason=reason).left == 0, "nothing of it is left")
        return self.see(one)

    def close(self) -> None:
        """End all that was started and lives."""
        self.path.chmod(0o700)
        folder.create(str(self.path), self.store)
        wishes = [Cancellation(one, Outcome.CANCELED) for one in self.started]
        worker = self.worker()
        until(
            lambda: not any(one.left for one in worker.cancel(wishes, now=processes.uptime() + 60, grace=0.0)),
            "all that was started has ended",
        )
        worker.close()
        self.executor.close()
