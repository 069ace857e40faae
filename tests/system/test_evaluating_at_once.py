"""Many processes that evaluate, or make the database, at once."""

import subprocess
import sys
from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.instants import parse_instant
from tests import ROOT
from tests.database import sql

pytestmark = pytest.mark.slow

DAY = parse_instant("2025-03-04T00:00:00Z")
MINUTELY = Definition(cron_expression="* * * * *", catchup_window_minutes=100_000, max_catchup_ticks=100_000)


EVALUATE = """
import sys
from arco_sched.api import Workspace
path, now, batch, times = sys.argv[1], *map(int, sys.argv[2:])
sys.stdin.read()
made = lapsed = 0
with Workspace.open(path) as workspace:
    for _ in range(times):
        evaluation = workspace.evaluate(now, batch=batch)
        assert len(list(evaluation.ticks)) == evaluation.triggered + evaluation.skipped
        made += evaluation.triggered + evaluation.skipped
        lapsed += evaluation.lapsed
print(made, lapsed)
"""

CREATE = """
import sys
from arco_sched.core.definitions import Definition
from arco_sched.api import Workspace
path, number = sys.argv[1:]
sys.stdin.read()
with Workspace.create(path) as workspace:
    workspace.create_schedule("s" + number, Definition(cron_expression="0 * * * *"), now=0)
    workspace.create_schedule("same", Definition(cron_expression="0 * * * *"), now=0)
    print(int(workspace.made))
"""


def at_once(script: str, arguments: list[list[str]]) -> list[list[int]]:
    """The script in as many processes, all let go together; what each printed. None of them may fail."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, *own],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for own in arguments
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    said = [process.communicate(timeout=120) for process in processes]
    assert [(process.returncode, errors) for process, (_, errors) in zip(processes, said, strict=True)] == [
        (0, "") for _ in processes
    ]
    return [[int(word) for word in out.split()] for out, _ in said]


@pytest.mark.parametrize(("processes", "batch"), [(2, 10_000), (2, 7), (8, 50)])
def test_evaluating_at_once(path: Path, workspace: Workspace, processes: int, batch: int) -> None:
    """Any number of processes that evaluate at once make every tick and run once, and none of them fails."""
    for number in range(6):
        workspace.create_schedule(f"s{number}", MINUTELY, now=DAY, enabled=number != 5)
    said = at_once(EVALUATE, [[str(path), str(DAY + 60 * 59), str(batch), "3"] for _ in range(processes)])
    assert sum(made for made, _ in said) == 6 * 60
    assert sql(path, "SELECT schedule_id, count(*), count(run_id) FROM ticks GROUP BY 1 ORDER BY 1") == [
        *[(f"s{number}", 60, 60) for number in range(5)],
        ("s5", 60, 0),
    ]
    assert sql(path, "SELECT count(*), count(DISTINCT run_key), count(DISTINCT run_id) FROM runs") == [(300, 300, 300)]
    assert workspace.verify().differences == ()


def test_evaluating_at_once_at_different_instants(path: Path, workspace: Workspace) -> None:
    """Evaluators at different instants, bounds binding, both policies: nothing is lost and nothing is made twice."""
    for number, policy in enumerate(("oldest-first", "latest", "oldest-first", "latest")):
        definition = Definition(
            cron_expression="* * * * *", max_catchup_ticks=3 + number, catchup_window_minutes=40, catchup_policy=policy
        )
        workspace.create_schedule(f"s{number}", definition, now=DAY)
    said = at_once(EVALUATE, [[str(path), str(DAY + 600 * number), "2", "4"] for number in range(8)])
    ticks = sql(path, "SELECT count(*) FROM ticks")[0][0]
    lapsed = sql(path, "SELECT sum(missed) FROM lapses")[0][0]
    assert (sum(made for made, _ in said), sum(lost for _, lost in said)) == (ticks, lapsed)
    assert workspace.verify().differences == ()


@pytest.mark.parametrize("round_", range(3))
def test_creating_at_once(path: Path, round_: int) -> None:
    """Processes that make the database at once make it once, and all of them can use it."""
    said = at_once(CREATE, [[str(path), str(number)] for number in range(6)])
    assert sum(made for [made] in said) == 1
    assert len(sql(path, "SELECT * FROM schedules")) == 7
