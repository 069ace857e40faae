"""Row 13: `arco verify` next to a script that reads every row of the view `events`."""

from collections.abc import Iterator
from typing import Final

from benchmarks import databases
from benchmarks.harness import Bench, Row, compared, in_turns, run

_SCRIPT: Final = """
import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute("SELECT * FROM events"):
    pass
"""


def rows(bench: Bench) -> Iterator[Row]:
    """Whole processes, on a history of ticks and the requests of their runs."""
    events, rounds = bench.size(1_000_000, 10_000), bench.size(5, 1)
    bench.say(f"building a history of {events:,} events")
    path = databases.with_ticks(bench.path("verification"), 1000, events // 2000)
    bench.say(f"verifying it, {rounds} rounds")
    ours, yardstick = in_turns(
        rounds, lambda: run(bench.arco(path, "verify")), lambda: run([bench.python, "-c", _SCRIPT, str(path)])
    )
    yield compared("13", f"arco verify, {events:,} events : reading the view events", ours, yardstick, 1.5)
    rate = events / ours
    yield Row("13", "events that arco verify checks in a second", f"{rate:,.0f}", "", rate, 100_000, True, "/s")
    databases.remove(path)
