"""Row 12: all schedules as JSON, next to a script that reads the same rows and dumps them."""

from collections.abc import Iterator
from typing import Final

from benchmarks import databases
from benchmarks.harness import Bench, Row, compared, in_turns, run

_SCRIPT: Final = """
import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.row_factory = sqlite3.Row
rows = connection.execute("SELECT * FROM schedules ORDER BY schedule_id")
print(json.dumps({"schedules": [dict(row) for row in rows]}))
"""


def rows(bench: Bench) -> Iterator[Row]:
    """`arco schedule list --json` as a whole process."""
    count, rounds = bench.size(10_000, 200), bench.size(8, 1)
    path = databases.by_sets(bench.path("listing"), [("s", count, databases.EVERY_MINUTE)])
    bench.say(f"{count:,} schedules to JSON, {rounds} rounds")
    ours, yardstick = in_turns(
        rounds,
        lambda: run(bench.arco(path, "schedule", "list", "--json")),
        lambda: run([bench.python, "-c", _SCRIPT, str(path)]),
    )
    yield compared("12", f"arco schedule list of {count:,} to JSON : sqlite3 and json.dumps", ours, yardstick, 2.5)
    databases.remove(path)
