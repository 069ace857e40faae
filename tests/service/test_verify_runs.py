"""`arco verify` holds the order of what happened to runs, and the queue: what somebody forges is named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arco_sched.api import Workspace
from arco_sched.core import run_decisions
from arco_sched.core.attempts import End
from arco_sched.core.definitions import Definition
from arco_sched.core.fields import normal_content
from arco_sched.core.instants import parse_instant
from arco_sched.core.policy import Policy
from arco_sched.core.run_decisions import Decision
from arco_sched.service import working
from arco_sched.service.working import Terms, drafts_of
from tests.database import path_of, sql

START = parse_instant("2025-03-03T00:00:00Z")
COMMAND = normal_content(command="true")
TERMS = Terms("w", "here", "local", "boot", ("default", "small"), 1, "root", is_root=True)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Two runs that wait of each of some schedules; `small` has one slot."""
    policies = {
        "queue": Policy(max_retries=1),
        "small": Policy(overlap="allow", pool="small"),
        "spread": Policy(overlap="allow", spread_seconds=1000),
    }
    with Workspace.create(tmp_path / "arco.db") as made:
        for name, policy in policies.items():
            definition = Definition(cron_expression="*/10 * * * *", request=COMMAND, policy=policy)
            made.create_schedule(name, definition, now=START)
        made.evaluate(START + 600)
        made.backfill("queue", start=START - 1200, stop=START, now=START + 600)
        made.set_pool("small", 1, now=START)
        yield made


def runs_of(workspace: Workspace, schedule: str) -> list[str]:
    """The runs of a schedule's own occurrences, oldest first."""
    rows = [run for run in workspace.runs(schedule_id=schedule, limit=100).rows if "backfill" not in run.run_key]
    return [run.run_id for run in reversed(rows)]


def forge(workspace: Workspace, run_id: str, decide: Any) -> None:
    """Record what was decided about one run, whatever runs beside it."""
    with workspace._store.write() as transaction:
        life = transaction.queue.lives([run_id])[run_id]
        decided: Decision = decide(life)
        drafts = drafts_of(life, decided, START + 600)
        assert drafts, decided
        transaction.append(drafts)


def start(workspace: Workspace, run_id: str, at: int = START + 600) -> None:
    """A worker starts a run without asking."""
    by: Any = {"executor": "local", "worker": "w", "host": "h", "place": "boot", "now": at}
    forge(workspace, run_id, lambda life: run_decisions.start(life.state, **by))


def end(workspace: Workspace, run_id: str, outcome: Any, at: int = START + 600) -> None:
    """The first attempt of a run ends."""
    how = End(outcome=outcome, ended_at=at, exit_code=int(outcome != "succeeded"))
    forge(workspace, run_id, lambda life: run_decisions.finish(life.request.policy, life.state, attempt=1, end=how))


def found(workspace: Workspace) -> list[str]:
    """What verify says, without the places of events."""
    return [
        text.partition(": ")[2] if text.startswith("event seq=") else text for text in workspace.verify().differences
    ]


def test_what_a_worker_does_is_clean(workspace: Workspace) -> None:
    """Claims, ends and retries in turn, until all is over."""
    now = START + 600
    for _ in range(20):
        now += 300
        claimed = working.claim(workspace._store, TERMS, now).started
        for one in claimed:
            end_ = End(outcome="failed", ended_at=now, exit_code=1)
            ended = working.Ended(one.run.run_id, one.attempt.attempt.number, end_)
            working.record(workspace._store, TERMS, working.News(ended=[ended]), now)
            assert found(workspace) == []
    assert working.open_attempts(workspace._store, "local") == []


def test_two_runs_of_a_schedule_at_once(workspace: Workspace) -> None:
    """With overlap `queue` the second must wait for the first, also while that waits for its retry."""
    first, second = runs_of(workspace, "queue")
    start(workspace, first)
    end(workspace, first, "failed")
    assert found(workspace) == []
    start(workspace, second)
    assert found(workspace) == [
        f"RunStarted of run {second}, attempt 1: run {first} of the same schedule counted as running"
    ]


def test_backfilled_runs_heed_each_other_alone(workspace: Workspace) -> None:
    """Beside a scheduled run one of them may run, and two may not."""
    first, _ = runs_of(workspace, "queue")
    old = [run.run_id for run in workspace.runs(schedule_id="queue", limit=100).rows if "backfill" in run.run_key]
    start(workspace, first)
    start(workspace, old[0])
    assert found(workspace) == []
    start(workspace, old[1])
    assert found(workspace) == [
        f"RunStarted of run {old[1]}, attempt 1: run {old[0]} of the same schedule counted as running"
    ]


def test_more_than_the_pool_allows(workspace: Workspace) -> None:
    """A start in a full pool; a pool that was made smaller later is no reason."""
    first, second = runs_of(workspace, "small")
    start(workspace, first)
    workspace.set_pool("small", 0, now=START)
    assert found(workspace) == []
    workspace.set_pool("small", 1, now=START)
    start(workspace, second)
    assert found(workspace) == [
        f"RunStarted of run {second}, attempt 1: pool small has 1 slots, but 1 attempts were open"
    ]


def test_before_its_time(workspace: Workspace) -> None:
    """Before scheduled_for plus spread, and before retry_at."""
    early, again = runs_of(workspace, "spread")[1], runs_of(workspace, "queue")[0]
    start(workspace, early, START + 600)
    start(workspace, again)
    end(workspace, again, "failed")
    start(workspace, again, START + 601)
    assert found(workspace) == [
        f"RunStarted of run {early}, attempt 1: the run was not due yet",
        f"RunStarted of run {again}, attempt 2: its retry was not due yet",
    ]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM queue WHERE run = {run}",
         "run run_id={id}: the row of queue that follows from the events is missing"),
        ("UPDATE queue SET priority = 7 WHERE run = {run}", "run run_id={id}: priority is 7 instead of 0"),
        ("UPDATE queue SET ready_at = NULL WHERE run = {run}", "run run_id={id}: ready_at is None instead of "),
        ("UPDATE queue SET schedule = NULL WHERE run = {run}", "run run_id={id}: schedule is None instead of "),
        ("UPDATE queue SET aside = 5 WHERE run = {run}", "run run_id={id}: aside is 5 instead of 2, by the events"),
        ("UPDATE queue SET aside = 1 WHERE schedule = (SELECT schedule FROM queue WHERE run = {run})",
         "run {id}: waits for others of its schedule, but there are none"),
        ("INSERT INTO queue SELECT 12345, pool, 0, 0, 0, 0, NULL, NULL, NULL, 0 FROM queue WHERE run = {run}",
         "run run_id=12345: this row of queue doesn't follow from any event"),
    ],
)  # fmt: skip
def test_a_forged_queue(workspace: Workspace, statement: str, words: str) -> None:
    """Rows that are missing, extra or otherwise than the states of the runs, and runs that nobody would look at."""
    run_id = runs_of(workspace, "spread")[0]
    [[number]] = sql(path_of(workspace), f"SELECT run FROM run_rows WHERE run_id = '{run_id}'")
    assert found(workspace) == []
    sql(path_of(workspace), statement.format(run=number))
    assert any(text.startswith(words.format(id=run_id)) for text in found(workspace)), found(workspace)


def test_a_run_that_is_over_does_not_wait(workspace: Workspace) -> None:
    """A row of the queue for a run that has begun is one too many."""
    first, _ = runs_of(workspace, "queue")
    [row] = sql(
        path_of(workspace), f"SELECT * FROM queue WHERE run = (SELECT run FROM run_rows WHERE run_id = '{first}')"
    )
    start(workspace, first)
    values = ", ".join("NULL" if value is None else repr(value) for value in row)
    sql(path_of(workspace), f"INSERT INTO queue VALUES ({values})")
    assert found(workspace) == [f"run run_id={first}: this row of queue doesn't follow from any event"]
