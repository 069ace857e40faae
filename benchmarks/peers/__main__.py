"""`python -m benchmarks.peers`: the same due schedules evaluated by arco, by Dagster's scheduler and by APScheduler.

Whole processes, in turns, each durable on SQLite, each in an environment of its own under the folder that is named.
Dagster takes minutes for a thousand schedules; `--sizes 20,40,60` measures fewer and draws the line on to a thousand.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import databases
from benchmarks.__main__ import table
from benchmarks.harness import START, Bench, Row, environment, in_turns, install, run, seconds

HERE: Final = Path(__file__).resolve().parent
NEEDS: Final = {"dagster": ["dagster>=1.11,<2"], "apscheduler": ["apscheduler>=3.11,<4", "sqlalchemy>=2,<3"]}
DUE: Final = 1000


def main(arguments: list[str] | None = None) -> int:
    """Measure both peers and print the table; returns 0 when both targets are met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--venvs", type=Path, required=True, help="where the environments are, or are made")
    parser.add_argument("--sizes", default="100,1000", help="how many schedules Dagster evaluates, rising")
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    options = parser.parse_args(arguments)
    sizes = [int(size) for size in options.sizes.split(",")]
    if sizes[-1] != DUE and len(sizes) == 1:
        parser.error(f"a line needs two sizes, or one that is {DUE}")
    pythons = {name: environment_of(options.venvs / name, needs) for name, needs in NEEDS.items()}
    with tempfile.TemporaryDirectory(prefix="arco-peers-") as name:
        folder = Path(name)
        bench = Bench(folder, quick=False, bin=install(folder), say=_say)
        rows = [*_apscheduler(bench, pythons["apscheduler"]), *_dagster(bench, pythons["dagster"], sizes)]
    shown = {"rows": [asdict(row) | {"met": row.met} for row in rows]}
    print(json.dumps(shown, indent=2) if options.json else table(rows))
    return 0 if all(row.met for row in rows) else 1


def environment_of(venv: Path, needs: list[str]) -> str:
    """The interpreter of an environment in which these packages are, made where there is none."""
    python = venv / "bin" / "python"
    if not (venv / ".installed").exists():
        _say(f"installing {', '.join(needs)}")
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *needs], check=True, env=environment())
        (venv / ".installed").touch()
    return str(python.absolute())


class _Ours:
    """`arco tick --quiet`, as cron calls it, on a thousand schedules of every minute; each call is the next minute."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._path = databases.by_sets(bench.path(f"ours-{time.monotonic_ns()}"), [("s", DUE, databases.EVERY_MINUTE)])
        self._minutes = count(START, 60)
        self()

    def __call__(self) -> float:
        return run(self._bench.arco(self._path, "tick", "--quiet"), now=next(self._minutes))


def _apscheduler(bench: Bench, python: str) -> list[Row]:
    _say(f"APScheduler, {DUE:,} jobs due, three rounds in turns with ours")
    folders = count()

    def round_of_theirs() -> float:
        folder = bench.folder / f"apscheduler-{next(folders)}"
        folder.mkdir()
        program = [python, str(HERE / "apscheduler_peer.py"), str(folder)]
        run([*program, "prepare", str(DUE)])
        return run([*program, "run", str(DUE)])

    best, theirs = in_turns(3, _Ours(bench), round_of_theirs)
    what = f"{DUE:,} due schedules, whole process : APScheduler 3, SQLAlchemy store, WAL"
    return [Row("20", what, seconds(best), seconds(theirs), theirs / best, 5, at_least=True)]


def _dagster(bench: Bench, python: str, sizes: list[int]) -> list[Row]:
    ours, own, found = _Ours(bench), [], []
    for size in sizes:
        _say(f"Dagster, {size} schedules due, in turns with ours")
        folder = bench.folder / f"dagster-{size}"
        os.environ["SCHEDULES"] = str(size)
        os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
        program = [python, str(HERE / "dagster_peer.py"), str(folder)]
        run([*program, str(START + 30), "0"])
        taken = []
        for minute in range(1, 2 if size == DUE else 3):  # a thousand once: it takes long enough to be past chance
            own.append(ours())
            taken.append(run([*program, str(START + 30 + 60 * minute), str(size * minute)]))
        found.append(min(taken))
        _say(f"  {found[-1]:.1f} s")
    best, theirs = median(own), found[-1]
    what = f"{DUE:,} due schedules, whole process : Dagster's scheduler"
    if sizes[-1] != DUE:
        theirs += (found[-1] - found[0]) / (sizes[-1] - sizes[0]) * (DUE - sizes[-1])
        steps = ", ".join(f"{size}: {taken:.1f} s" for size, taken in zip(sizes, found, strict=True))
        what += f", in a line from {steps}"
    return [Row("21", what, seconds(best), seconds(theirs), theirs / best, 1000, at_least=True)]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
