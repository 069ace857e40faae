"""What the benchmarks share: rows of the table, time in turns, whole processes, and an installed `arco`."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from arco_sched.core.instants import format_instant, parse_instant

ROOT: Final = Path(__file__).resolve().parent.parent
START: Final = parse_instant("2025-01-15T00:00:00Z")
"""When the schedules of the benchmarks begin."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a ratio of ours to the yardstick, and what it shall be."""

    number: str
    what: str
    ours: str
    yardstick: str
    ratio: float
    target: float
    at_least: bool = False
    """Whether the target is a floor (times faster) and not a ceiling."""
    unit: str = "x"
    """Of the ratio and its target; other than `x` where there is no yardstick."""

    @property
    def met(self) -> bool:
        """Whether the ratio is what it shall be."""
        return self.ratio >= self.target if self.at_least else self.ratio <= self.target


@dataclass(frozen=True, slots=True)
class Bench:
    """Where to measure: a folder that is removed afterwards, and an environment with `arco` installed in it."""

    folder: Path
    quick: bool
    bin: Path
    say: Callable[[str], None]
    only: frozenset[str] = frozenset()
    """Rows or subjects that were asked for; empty: all."""

    def wants(self, *numbers: str) -> bool:
        """Whether one of these rows is asked for: by its number, or with all of its subject."""
        rows = {each for each in self.only if each[0].isdigit()}
        return not rows or bool(rows.intersection(numbers))

    @property
    def python(self) -> str:
        """The interpreter that the installed `arco` runs in."""
        return str(self.bin / "python")

    def size(self, full: int, quick: int) -> int:
        """A size, smaller where the run shall be quick."""
        return quick if self.quick else full

    def arco(self, database: Path, *arguments: str) -> list[str]:
        """The command line of the installed console script."""
        return [str(self.bin / "arco"), "--db", str(database), *arguments]

    def path(self, name: str) -> Path:
        """A database in the folder."""
        return self.folder / f"{name}.db"


def environment(now: int | None = None) -> dict[str, str]:
    """The environment of a measured process: nothing of arco's or Python's own but the instant that it shall see."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("ARCO_", "PYTHON", "COVERAGE"))}
    return ours if now is None else ours | {"ARCO_NOW": format_instant(now)}


def run(command: Sequence[str], *, now: int | None = None, cwd: Path | None = None) -> float:
    """The seconds that a whole process takes, from its start to its end; it must end with 0."""
    return run_all([command], now=now, cwd=cwd)


def run_all(commands: Sequence[Sequence[str]], *, now: int | None = None, cwd: Path | None = None) -> float:
    """The seconds from the start of processes that run at once until the last of them ends; all must end with 0."""
    variables = environment(now)
    begin = time.perf_counter()
    started = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=variables, cwd=cwd)
        for command in commands
    ]
    said = [process.communicate()[1] for process in started]
    taken = time.perf_counter() - begin
    for process, text in zip(started, said, strict=True):
        if process.returncode:
            raise SystemExit(f"{process.args!r} ended with {process.returncode}: {text.decode()}")
    return taken


# A process counts the memory of the one that it was forked from until it runs a program of its own, and this one's may
# be large. So a small one stands between, which waits for the measured process and says how large that became.
_MEASURE: Final = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def peak_memory(command: Sequence[str], *, now: int | None = None) -> int:
    """The peak resident memory, in KiB, of a process that must end with 0."""
    program = [sys.executable, "-c", _MEASURE, *command]
    done = subprocess.run(program, check=True, capture_output=True, text=True, env=environment(now))
    return int(done.stdout) // (1024 if sys.platform == "darwin" else 1)


def timed(action: Callable[[], object]) -> float:
    """The seconds that a call takes."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def per_call(action: Callable[[], object], *, at_least: float = 0.02) -> float:
    """The seconds that one of many calls takes, as many as fill a fiftieth of a second."""
    count = 1
    while True:
        begin = time.perf_counter()
        for _ in range(count):
            action()
        taken = time.perf_counter() - begin
        if taken >= at_least:
            return taken / count
        count = max(count * 2, int(count * at_least / max(taken, 1e-9)))


def in_turns(rounds: int, *measurements: Callable[[], float]) -> list[float]:
    """The median of some rounds for each measurement, all taken in turns; one round before that is not counted.

    In turns, so that what else the machine does meanwhile slows all of them; the median, since the best of each may be
    of different moments.
    """
    for measure in measurements if rounds > 1 else ():
        measure()
    taken = [[measure() for measure in measurements] for _ in range(rounds)]
    return [median(times) for times in zip(*taken, strict=True)]


def seconds(value: float) -> str:
    """A time in a unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def compared(
    number: str, what: str, ours: float, yardstick: float, target: float, *, at_least: bool = False, unit: str = ""
) -> Row:
    """The row of two measurements: ours to the yardstick, or where the target is a floor the other way round."""
    ratio = yardstick / ours if at_least else ours / yardstick
    shown = (lambda value: f"{value:,.0f} {unit}") if unit else seconds
    return Row(number, what, shown(ours), shown(yardstick), ratio, target, at_least)


def install(folder: Path, python: str = sys.executable) -> Path:
    """Install the project as anybody would, with its bytecode compiled; returns the folder of its programs.

    With the newest pip, since the console scripts that pips of before 2025 write import `re`.
    """
    venv = folder / "venv"
    subprocess.run([python, "-m", "venv", str(venv)], check=True)
    pip = [str(venv / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--upgrade", "pip"], check=True, env=environment())
    subprocess.run([*pip, str(ROOT)], check=True, env=environment())
    return venv / "bin"
