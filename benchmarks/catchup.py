"""Rows 4 and 10: a long catch-up next to writing its finished rows, and the bytes that a tick takes."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from arco_sched import Workspace
from arco_sched.store.sqlite import script
from benchmarks import databases
from benchmarks.harness import START, Bench, Row, compared, in_turns, timed


def rows(bench: Bench) -> Iterator[Row]:
    """1,000 schedules of every minute after 100 minutes of outage, evaluated durably through the Python face."""
    schedules, each, rounds = bench.size(1000, 50), 100, bench.size(3, 1)
    definition = replace(databases.EVERY_MINUTE, max_catchup_ticks=each)
    empty = databases.by_sets(bench.path("catchup"), [("s", schedules, definition)])
    done = bench.path("catchup-done")
    bench.say(f"catching up {schedules * each:,} ticks, {rounds} rounds")
    ours = _catch_up(empty, done, START + 60 * (each - 1), schedules * each)
    ours()
    size = done.stat().st_size - empty.stat().st_size
    with closing(sqlite3.connect(done)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}
    best, yardstick = in_turns(rounds, ours, _insert(bench.path("catchup-yardstick"), tables))
    what = f"catch-up of {schedules * each:,} ticks : executemany of its finished rows"
    yield compared("4", what, best, yardstick, 0.9)
    per_tick = size / (schedules * each)
    yield Row("10", "bytes a tick, with its events and run", f"{per_tick:.0f} B", "", per_tick, 800, unit="B")
    databases.remove(empty)
    databases.remove(done)


def _catch_up(empty: Path, done: Path, now: int, ticks: int) -> Callable[[], float]:
    def once() -> float:
        databases.copy(empty, done.stem)
        with Workspace.open(done) as workspace:
            taken = timed(lambda: workspace.evaluate(now))
            made = workspace.ticks(limit=1).rows
        if not made:
            raise AssertionError(ticks)
        return taken

    return once


def _insert(path: Path, tables: dict[str, list[tuple[Any, ...]]]) -> Callable[[], float]:
    def once() -> float:
        databases.remove(path)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(script.schema())
            connection.execute("DELETE FROM words")  # the one table that the schema fills
            taken = timed(lambda: _write(connection, tables))
        databases.remove(path)
        return taken

    return once


def _write(connection: sqlite3.Connection, tables: dict[str, list[tuple[Any, ...]]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for name, found in tables.items():
        if found:
            connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(found[0]))})", found)
    connection.execute("COMMIT")
