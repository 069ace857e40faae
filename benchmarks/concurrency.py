"""Row 11: eight evaluators at once on one database, next to one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from arco_sched import Workspace
from benchmarks import databases
from benchmarks.harness import START, Bench, Row, compared, in_turns, run_all


def rows(bench: Bench) -> Iterator[Row]:
    """`arco tick --quiet` as whole processes: the wall time until the last of them ends."""
    schedules, each, rounds = bench.size(1000, 100), 100, bench.size(3, 1)
    definition = replace(databases.EVERY_MINUTE, max_catchup_ticks=each)
    empty = databases.by_sets(bench.path("concurrency"), [("s", schedules, definition)])
    bench.say(f"eight evaluators of {schedules * each:,} ticks, {rounds} rounds")
    ours, yardstick = in_turns(rounds, *(_at_once(bench, empty, count, each) for count in (8, 1)))
    yield compared("11", f"eight evaluators at once, {schedules * each:,} ticks : one evaluator", ours, yardstick, 1.25)
    databases.remove(empty)


def _at_once(bench: Bench, empty: Path, evaluators: int, each: int) -> Callable[[], float]:
    def once() -> float:
        path = databases.copy(empty, "concurrency-run")
        now = START + 60 * (each - 1)
        taken = run_all([bench.arco(path, "tick", "--quiet")] * evaluators, now=now)
        with Workspace.open(path) as workspace:
            if workspace.evaluate(now, dry_run=True).evaluated:
                raise AssertionError("something was left to do")
        databases.remove(path)
        return taken

    return once
