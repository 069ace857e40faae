"""Row 5: the peak memory of a catch-up, whatever its size."""

from collections.abc import Iterator
from dataclasses import replace

from arco_sched import Workspace
from benchmarks import databases
from benchmarks.harness import START, Bench, Row, compared, peak_memory


def rows(bench: Bench) -> Iterator[Row]:
    """`arco tick` as a whole process, its answer as text and as JSON."""
    schedules, many, few = bench.size(1000, 50), bench.size(1000, 100), bench.size(10, 2)
    definition = replace(databases.EVERY_MINUTE, max_catchup_ticks=many)
    empty = databases.by_sets(bench.path("memory"), [("s", schedules, definition)])
    for number, options in (("5", ()), ("5 --json", ("--json",))):
        bench.say(f"catching up {schedules * many:,} ticks, then {schedules * few:,}")
        peaks = []
        for each in (many, few):
            path = databases.copy(empty, "memory-run")
            now = START + 60 * (each - 1)
            peaks.append(peak_memory(bench.arco(path, "tick", *options), now=now))
            with Workspace.open(path) as workspace:
                if (
                    workspace.ticks(limit=1).rows[0].scheduled_for != now
                    or workspace.evaluate(now, dry_run=True).evaluated
                ):
                    raise AssertionError("not all was caught up")
        databases.remove(path)
        what = f"peak memory of catching up {schedules * many:,} ticks : {schedules * few:,} ticks"
        yield compared(number, what, peaks[0], peaks[1], 1.5, unit="KiB")
    databases.remove(empty)
