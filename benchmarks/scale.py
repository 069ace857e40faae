"""Rows 2 and 3: what a million schedules add to the minute in which none or a hundred of them are due."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from benchmarks import databases
from benchmarks.harness import START, Bench, Row, compared, in_turns, run


def rows(bench: Bench) -> Iterator[Row]:
    """`arco tick` as a whole process, on many schedules and on few."""
    many, rounds = bench.size(1_000_000, 1000), bench.size(12, 1)
    busy = ("busy", 100, databases.EVERY_MINUTE)
    bench.say(f"building databases of {many:,} schedules")
    none_large = databases.by_sets(bench.path("none-large"), [("s", many, databases.ONCE_A_YEAR)])
    none_small = databases.by_sets(bench.path("none-small"), [("s", 100, databases.ONCE_A_YEAR)])
    due_large = databases.by_sets(bench.path("due-large"), [busy, ("s", many - 100, databases.ONCE_A_YEAR)])
    due_small = databases.by_sets(bench.path("due-small"), [busy])
    bench.say(f"whole processes in turns, {rounds} rounds")
    ours, yardstick = in_turns(
        2 * rounds if rounds > 1 else 1,
        lambda: run(bench.arco(none_large, "tick"), now=START + 60),
        lambda: run(bench.arco(none_small, "tick"), now=START + 60),
    )
    yield compared("2", f"arco tick, {many:,} schedules, none due : 100 schedules", ours, yardstick, 1.15)
    ours, yardstick = in_turns(rounds, _minutes(bench, due_large), _minutes(bench, due_small))
    yield compared("3", f"arco tick, {many:,} schedules, 100 due : 100 schedules, 100 due", ours, yardstick, 1.3)
    for path in (none_large, none_small, due_large, due_small):
        databases.remove(path)


def _minutes(bench: Bench, path: Path) -> Callable[[], float]:
    """Evaluates one minute after the other, so that the same hundred schedules are due each time."""
    minutes = count(START, 60)
    return lambda: run(bench.arco(path, "tick"), now=next(minutes))
