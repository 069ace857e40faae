"""The plans of the queries that are asked at every evaluation and for a first page."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.instants import parse_instant
from arco_sched.store.sqlite.transaction import Transaction
from tests.busy import busy_history
from tests.database import opened

DAY = parse_instant("2025-03-04T00:00:00Z")


def plans(path: Path, ask: Callable[[Transaction], object]) -> list[str]:
    """The lines of SQLite's plans of the questions that a function asks."""
    asked: list[str] = []
    with opened(path) as connection:
        connection.set_trace_callback(asked.append)
        try:
            result = ask(Transaction(connection))
            if isinstance(result, Iterator):
                list(result)
        finally:
            connection.set_trace_callback(None)
        return [
            line
            for statement in asked
            if statement.startswith("SELECT")
            for *_, line in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
        ]


OF_ONE_INSTANT = {"USE TEMP B-TREE FOR RIGHT PART OF ORDER BY", "USE TEMP B-TREE FOR LAST TERM OF ORDER BY"}
"""Sorts the ticks of one instant at a time; SQLite's words for it changed."""


@pytest.mark.parametrize(
    ("ask", "first"),
    [
        (lambda it: it.agenda.due(DAY), "SEARCH agenda USING COVERING INDEX agenda_due (due_at<?)"),
        (lambda it: it.history.ticks(limit=5), "SCAN t USING INDEX tick_order"),
        (lambda it: it.history.ticks(limit=5, before=(DAY, "a")), "SEARCH t USING INDEX tick_order"),
        (lambda it: it.history.ticks(limit=5, schedule=1), "SEARCH t USING PRIMARY KEY (schedule=?)"),
        (lambda it: it.history.ticks(limit=5, status="skipped"), "SCAN t USING INDEX tick_skipped"),
        (lambda it: it.history.ticks(limit=5, status="failed"), "SCAN t USING INDEX tick_failed"),
        (lambda it: it.history.ticks(limit=5, since=DAY), "SEARCH t USING INDEX tick_order (instant>?)"),
    ],
)
def test_plans(workspace: Workspace, path: Path, ask: Callable[[Transaction], object], first: str) -> None:
    """What is asked at every evaluation and for a first page goes along an index, and sorts no table."""
    busy_history(workspace, path)
    lines = plans(path, ask)
    assert lines[0].startswith(first)
    for line in lines[1:]:
        assert line.startswith("SEARCH") or line in OF_ONE_INSTANT


@pytest.mark.parametrize("type_", [None, "ScheduleDefinitionUpserted", "OccurrencesLapsed", "ScheduleTicked"])
@pytest.mark.parametrize("schedule", [None, 1])
def test_plans_of_events(workspace: Workspace, path: Path, type_: str | None, schedule: int | None) -> None:
    """Events are found along an index or in their own order, never by reading all of them."""
    busy_history(workspace, path)
    for line in plans(path, lambda it: it.events.page(type_=type_, schedule=schedule, limit=5)):
        assert not line.startswith("SCAN event_log") or "USING" in line


def test_nothing_due_reads_one_row(workspace: Workspace) -> None:
    """An evaluation with nothing due looks into the agenda, and not at the schedules."""
    for number in range(20):
        workspace.create_schedule(f"s{number}", Definition(cron_expression="0 0 1 1 *"), now=DAY)
    asked: list[str] = []
    workspace._store._connection.set_trace_callback(asked.append)
    assert workspace.evaluate(DAY + 60).evaluated == 0
    workspace._store._connection.set_trace_callback(None)
    assert len(asked) < 12
    assert not [statement for statement in asked if "definition_rows" in statement or "event_log" in statement]


@pytest.mark.parametrize("status", ["failed", "running", "canceled", "skipped"])
@pytest.mark.parametrize("before", [None, 100])
def test_plans_of_runs_by_status(workspace: Workspace, path: Path, status: str, before: int | None) -> None:
    """The runs that somebody looks for are found among their like, newest first, however many succeeded."""
    busy_history(workspace, path)
    lines = plans(path, lambda it: it.runs.page(status=status, before=before, limit=5))
    assert any(line.startswith("SEARCH r USING COVERING INDEX run_by_status (status=?") for line in lines)
    assert not any(line.startswith("SCAN r") for line in lines)


@pytest.mark.parametrize(
    "ask",
    [
        lambda it: it.runs.by_id("run_jyjmvqeugbqyzhavqtlo2wz25a"),
        lambda it: it.runs.by_ids(["run_jyjmvqeugbqyzhavqtlo2wz25a"]),
        lambda it: it.runs.by_key("import-42", None, None),
        lambda it: it.runs.meant("run_jyjmvq", ()),
        lambda it: it.runs.meant("a", ("failed",)),
        lambda it: it.runs.attempts("run_jyjmvqeugbqyzhavqtlo2wz25a"),
        lambda it: it.queue.lives(["run_jyjmvqeugbqyzhavqtlo2wz25a"]),
    ],
)
def test_plans_of_one_run(workspace: Workspace, path: Path, ask: Callable[[Transaction], object]) -> None:
    """A run is found by its name in any history. SQLite puts a constant that a column equals into every other condition
    on that column, where an index on an expression of it is no use any more."""
    busy_history(workspace, path)
    assert not [line for line in plans(path, ask) if line.startswith(("SCAN run_rows", "SCAN r ", "SCAN a "))]


@pytest.mark.parametrize(
    "ask",
    [
        lambda it: it.standing.failed_last(DAY, 10),
        lambda it: it.standing.results(),
        lambda it: it.standing.stale(DAY, 10),
        lambda it: it.definitions.schedule("a"),
        lambda it: it.standing.count_running(),
        lambda it: it.standing.worked_pools(),
        lambda it: it.standing.ready(DAY, DAY, 10),
        lambda it: it.standing.waiting_of(1),
        lambda it: it.standing.runs_due(DAY - 3600, DAY),
        lambda it: it.standing.run_buckets([1, 2], [DAY - 3600, DAY], DAY, 300),
        lambda it: it.runs.count_conflicts([(1, DAY, 1)]),
    ],
)
def test_plans_of_how_things_stand(workspace: Workspace, path: Path, ask: Callable[[Transaction], object]) -> None:
    """Monitoring reads the schedules, what is open and what waits; of history only what an index gives as the last."""
    busy_history(workspace, path)
    for line in plans(path, ask):
        history = any(
            line.split()[:2] == ["SCAN", name] for name in ("r", "l", "f", "x", "a", "t", "run_rows", "tick_rows")
        )
        assert not history or "USING INDEX run_open" in line or "USING COVERING INDEX run_open" in line, line
