"""What a timeline costs: each lapse is counted once, however many cells there are."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from arco_sched.api import Workspace
from arco_sched.core import events
from arco_sched.core.definitions import Definition
from arco_sched.core.history import Lapse
from arco_sched.core.instants import parse_instant

START = parse_instant("2024-01-01T00:00:00Z")


def calls(do: Callable[[], object]) -> int:
    """How many functions a call calls."""
    count = 0

    def seen(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(seen)
    try:
        do()
    finally:
        sys.setprofile(None)
    return count


def test_cells_times_lapses(workspace: Workspace, path: Path) -> None:
    """A timeline of sixty cells over a thousand lapses looks at each of them once, and counts them rightly."""
    workspace.create_schedule("a", Definition(cron_expression="* * * * *"), now=START, start_at=START)
    lapses = [Lapse(START - 1 + at, START + 120 + at, 2, "window") for at in range(0, 120_000, 120)]
    with workspace._store.write() as transaction:
        transaction.append([events.lapse(1, "a", lapse, START + 120_000) for lapse in lapses])

    def drawn(cells: int) -> list[int]:
        edges = [START + 7 + 119_000 * number // cells for number in range(cells + 1)]
        [row] = workspace.timeline(edges, now=START + 120_000).rows
        return [cell.lapsed for cell in row.cells]

    assert sum(drawn(60)) == sum(drawn(6)) == sum(drawn(1))
    assert calls(lambda: drawn(60)) < 2 * calls(lambda: drawn(6)) + 60 * 300
