"""Executors as the conformance suite drives them: each over a folder of its own, with faults that can be switched on.

What stands here is what a worker does, without a database: submit what has not begun, keep the id that the engine gave,
poll, and cancel what is to end.
"""

import shlex
import shutil
import sys
import time
import uuid
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from arco_sched.core.executor import (
    Attempt,
    AttemptId,
    Cancellation,
    CannotStart,
    Command,
    Executor,
    NotStarted,
    Observation,
    Outcome,
    State,
    outcome,
)
from arco_sched.execution import folder, processes
from arco_sched.execution.local import LocalExecutor
from arco_sched.execution.program import ProgramExecutor
from arco_sched.execution.slurm import SlurmExecutor
from arco_sched.execution.slurm_words import Sbatch
from tests import IMPORTABLE
from tests.execution.slurm_host import COMMANDS, SlurmHost
from tests.execution.world import ENVIRONMENT

ROOT = Path(__file__).parents[2]
PATIENCE = 180.0


class Kind(ABC):
    """A kind of executor over `path`. `faults`: what can be switched on with `fail`."""

    name: str
    faults: frozenset[str] = frozenset()
    tree = True
    """Whether a cancel ends what an attempt made a daemon."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runs, self.store, self.notes = path / "runs", uuid.uuid4().hex, path / "notes"
        folder.create(str(self.runs), self.store)
        self.mode = path / "mode"

    @abstractmethod
    def executor(self) -> Executor:
        """A worker's executor."""

    def fail(self, mode: str) -> None:
        """Switch a fault on, or all of them off with an empty text."""
        self.mode.write_text(mode)

    def attempt(self, run_id: str, command: str = "true", number: int = 1, **fields: Any) -> Attempt:
        """An attempt that notes when its command begins and ends."""
        text = f"echo begin {run_id}.{number} >> {self.notes}; {command}"
        given = {"working_directory": str(self.path), **fields}
        return Attempt(run_id=run_id, attempt=number, place=self.place, command=Command(command=text, **given))

    @property
    def place(self) -> str:
        """Where attempts are recorded."""
        if not hasattr(self, "_place"):
            one = self.executor()
            self._place = one.place()
            one.close()
        return self._place

    def begun(self) -> Counter[str]:
        """How often each attempt's command began."""
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        return Counter(line.split(" ")[1] for line in lines if line.startswith("begin "))


class Local(Kind):
    """Processes of this machine."""

    name = "local"

    def executor(self) -> LocalExecutor:
        """A worker's executor."""
        return LocalExecutor(str(self.runs), self.store, worker_environment=ENVIRONMENT)


PROGRAM = """\
import os, subprocess, sys, time
given, mode = sys.stdin.buffer.read(), open({mode!r}).read() if os.path.exists({mode!r}) else ""
if mode == "down": sys.exit("the engine does not answer")
if mode == "slow": time.sleep(60)
if mode == "nonsense" and b'"capabilities"' not in given: print("?"); sys.exit()
about = {{"forgets": {{"state": "none"}}, "lies": {{"state": "ended", "exit_code": "0"}}}}.get(mode)
if about and b'"poll"' in given:
    import json
    said = {{one["name"]: about for one in json.loads(given)["attempts"]}}
    print(json.dumps({{"protocol": 1, "attempts": said}}))
    sys.exit()
sys.argv = ["folder_engine", {folder!r}, "--slots", "8"]
sys.stdin = open(os.memfd_create("x"), "w+"); sys.stdin.write(given.decode()); sys.stdin.seek(0)
import runpy; runpy.run_path({engine!r}, run_name="__main__")
"""


class Program(Kind):
    """The reference program over a folder, behind a program that can fail."""

    name = "program"
    faults = frozenset({"down", "slow", "forgets", "lies", "nonsense"})
    tree = False

    def executor(self) -> ProgramExecutor:
        """A worker's executor, which asks often."""
        behind = self.path / "program.py"
        if not behind.exists():
            engine = str(ROOT / "examples" / "folder_engine.py")
            behind.write_text(PROGRAM.format(mode=str(self.mode), folder=str(self.path / "engine"), engine=engine))
        return ProgramExecutor(
            str(self.runs),
            self.store,
            program=shlex.join([sys.executable, str(behind)]),
            worker_environment={**ENVIRONMENT, "PYTHONPATH": IMPORTABLE},
            ask=0.05,
            seconds=3.0,
        )


WRAPPER = """\
#!/bin/sh
mode=$(cat {mode} 2>/dev/null)
case $mode in
down) echo "{name}: error: Unable to contact slurm controller (connect failure)" >&2; exit 1 ;;
slow) exec sleep 60 ;;
esac
case $mode-{name} in
forgets-squeue) exit 0 ;;
nonsense-squeue) echo "?"; exit 0 ;;
lies-squeue) {real} "$@" >{mode}.said; sed 's/|[A-Z_]*|/|COMPLETED|/' {mode}.said; exit 0 ;;
esac
exec {real} "$@"
"""


class Slurm(Kind):
    """A real Slurm of one host, its commands behind scripts that can fail."""

    name = "slurm"
    faults = frozenset({"down", "slow", "forgets", "lies", "nonsense"})
    host: ClassVar[SlurmHost | None] = None

    def executor(self) -> SlurmExecutor:
        """A worker's executor, which asks often and has little patience."""
        assert self.host is not None
        folder_of_commands = self.path / "bin"
        if not folder_of_commands.exists():
            folder_of_commands.mkdir()
            (self.path / "spool").mkdir()
            for name in COMMANDS:
                script = folder_of_commands / name
                script.write_text(WRAPPER.format(mode=self.mode, name=name, real=shutil.which(name)))
                script.chmod(0o755)
        path = f"{folder_of_commands}:{ENVIRONMENT['PATH']}"
        return SlurmExecutor(
            str(self.runs),
            self.store,
            spool=str(self.path / "spool"),
            sbatch=Sbatch(),
            worker_environment={**ENVIRONMENT, **self.host.environment, "PATH": path},
            beat=0.3,
            patience=3.0,
            skew=0.0,
            seconds=3.0,
            ask=0.05,
        )


class Driver:
    """What a worker does with its executor: a round at a time."""

    def __init__(self, kind: Kind) -> None:
        self.kind, self.executor = kind, kind.executor()
        self.attempts: dict[str, Attempt] = {}
        self.ids: dict[str, str | None] = {}
        self.seen: dict[str, Observation] = {}
        self.wishes: dict[str, Outcome] = {}
        self.grace = 0.5
        self.problems: set[str] = set()
        self.others: list[Driver] = []

    def another(self) -> "Driver":
        """Another worker."""
        other = Driver(self.kind)
        self.others.append(other)
        return other

    def submit(self, attempt: Attempt) -> str:
        """Submit an attempt; its name."""
        name = f"{attempt.run_id}.{attempt.attempt}"
        self.attempts[name] = attempt
        self.ids.setdefault(name, None)
        try:
            self.executor.submit(attempt)
        except NotStarted as error:
            self.seen[name] = Observation(State.NOT_STARTED, str(error))
        except CannotStart as error:
            self.problems.add(str(error))
        return name

    def adopt(self, other: "Driver") -> None:
        """Go on with what another worker had, as far as it had recorded it."""
        for name, attempt in other.attempts.items():
            if outcome(other.seen.get(name, Observation(State.UNKNOWN))) is None:
                self.attempts[name], self.ids[name] = attempt, other.ids[name]
        self.wishes |= other.wishes

    def id(self, name: str) -> AttemptId:
        """The id of an attempt, as it would be recorded."""
        one = self.attempts[name]
        return AttemptId(one.run_id, one.attempt, one.place, self.ids[name])

    def round(self) -> None:
        """A look at what is open; what has not begun is submitted again, what is to end takes a step."""
        try:
            self.executor.check()
        except CannotStart as error:
            self.problems.add(str(error))
        left = [name for name in self.attempts if outcome(self.seen.get(name, Observation(State.UNKNOWN))) is None]
        ids = [self.id(name) for name in left]
        wishes = []
        for name, look in zip(left, self.executor.poll(ids), strict=True):
            self.seen[name] = look
            if look.external_id is not None:
                self.ids[name] = look.external_id
            if outcome(look) is not None:
                continue
            if name in self.wishes:
                wishes.append(Cancellation(self.id(name), self.wishes[name]))
            elif look.state is State.NOT_BEGUN:
                self.submit(replace(self.attempts[name], again=True))
        self.executor.tend(ids)
        self.executor.cancel(wishes, now=processes.uptime(), grace=self.grace)

    def until(self, holds: Callable[[], object], what: str, within: float = PATIENCE) -> None:
        """Round after round until it holds."""
        deadline = time.monotonic() + within
        while not holds():
            assert time.monotonic() < deadline, f"not within {within} s: {what}; {self.seen} {self.problems}"
            self.round()
            time.sleep(0.01)

    def end(self, *names: str) -> list[Observation]:
        """How attempts end."""
        wanted = names or tuple(self.attempts)
        self.until(lambda: all(self.outcome(name) for name in wanted), f"{wanted} are over")
        return [self.seen[name] for name in wanted]

    def outcome(self, name: str) -> str | None:
        """How an attempt ended, as far as was seen."""
        how = outcome(self.seen.get(name, Observation(State.UNKNOWN)))
        return None if how is None else how.value

    def running(self, name: str) -> None:
        """Until an attempt runs."""
        self.until(lambda: self.seen.get(name, Observation(State.UNKNOWN)).state is State.RUNNING, f"{name} runs")

    def cancel(self, name: str, reason: Outcome = Outcome.CANCELED) -> None:
        """From now on it is to end."""
        self.wishes[name] = reason

    def log(self, name: str) -> str:
        """What it printed."""
        path = self.executor.log(self.id(name))
        return "" if path is None else Path(path).read_text(errors="replace")

    def close(self) -> None:
        """End what is still open."""
        self.kind.fail("")
        left = [name for name in self.attempts if self.outcome(name) is None]
        for name in left:
            self.cancel(name)
        self.grace = 0.0
        if left:
            self.end(*left)
        for each in (self, *self.others):
            each.executor.close()
