"""Rows 1, 1b and 1c: what a minute costs in which nothing is due, as a whole process."""

import time
from collections.abc import Iterator

from benchmarks import databases
from benchmarks.harness import Bench, Row, compared, in_turns, run


def rows(bench: Bench) -> Iterator[Row]:
    """`arco tick`, `arco tick --quiet` and `arco work --once --tick --quiet` with nothing to do, next to the imports
    that they can't do without."""
    rounds = bench.size(30, 1)
    # The clock is the real one here, as it is under cron.
    path = databases.by_face(bench.path("startup"), 10, databases.ONCE_A_YEAR, start=int(time.time()))
    bench.say(f"whole processes in turns, {rounds} rounds")
    run(bench.arco(path, "work", "--once"), cwd=bench.folder)  # the first worker makes the runs folder
    ours, quiet, work, typer, sqlite = in_turns(
        rounds,
        lambda: run(bench.arco(path, "tick"), cwd=bench.folder),
        lambda: run(bench.arco(path, "tick", "--quiet"), cwd=bench.folder),
        lambda: run(bench.arco(path, "work", "--once", "--tick", "--quiet"), cwd=bench.folder),
        lambda: run([bench.python, "-c", "import typer, sqlite3"], cwd=bench.folder),
        lambda: run([bench.python, "-c", "import sqlite3"], cwd=bench.folder),
    )
    yield compared("1", "arco tick, nothing due : import typer, sqlite3", ours, typer, 1.35)
    yield compared("1b", "arco tick --quiet, nothing due : import sqlite3", quiet, sqlite, 1.35)
    yield compared("1c", "arco work --once --tick --quiet, idle : import sqlite3", work, sqlite, 2.0)
