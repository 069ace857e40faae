"""Row 14: a minute in which 1,000 schedules are due, once there is a history, next to the first such minute."""

from collections.abc import Callable, Iterator
from pathlib import Path

from arco_sched import Workspace
from benchmarks import databases
from benchmarks.harness import START, Bench, Row, compared, in_turns, timed


def rows(bench: Bench) -> Iterator[Row]:
    """`Workspace.evaluate` of one minute, of databases that are copied for each round."""
    schedules, before, rounds = bench.size(1000, 50), bench.size(500, 5), bench.size(9, 1)
    bench.say(f"building a history of {before} minutes of {schedules:,} schedules")
    new = databases.by_sets(bench.path("minute-new"), [("s", schedules, databases.EVERY_MINUTE)])
    old = databases.with_ticks(bench.path("minute-old"), schedules, before)
    bench.say(f"evaluating a minute, {rounds} rounds")
    ours, yardstick = in_turns(rounds, _minute(old, START + 60 * before, schedules), _minute(new, START, schedules))
    what = f"a due minute of {schedules:,} schedules, the {before}th : the first"
    yield compared("14", what, ours, yardstick, 4)
    databases.remove(old)
    databases.remove(new)


def _minute(path: Path, now: int, schedules: int) -> Callable[[], float]:
    def once() -> float:
        copy = databases.copy(path, f"{path.stem}-copy")
        with Workspace.open(copy) as workspace:
            taken = timed(lambda: workspace.evaluate(now))
            made = workspace.ticks(since=now, limit=schedules).rows
        databases.remove(copy)
        if len(made) != schedules:
            raise AssertionError(len(made))
        return taken

    return once
