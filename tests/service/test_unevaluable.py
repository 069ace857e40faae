"""Stored content that can't be evaluated: one failed tick a version, and all others go on."""

from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.instants import parse_instant
from tests.database import sql
from tests.service.answers import counts

DAY = parse_instant("2025-03-04T00:00:00Z")
MINUTELY = Definition(cron_expression="* * * * *", catchup_window_minutes=100_000, max_catchup_ticks=100_000)


def break_zone(path: Path, schedule_id: str = "a") -> None:
    """Replace the zone of the newest version by a bad name, straight in the database."""
    number = "(SELECT schedule FROM schedule_ids WHERE schedule_id = ?)"
    newest = f"(SELECT version FROM schedule_rows WHERE schedule = {number})"
    statement = f"UPDATE definition_rows SET timezone = 'No/Where' WHERE schedule = {number} AND version = {newest}"
    sql(path, statement, schedule_id, schedule_id)


def test_a_zone_that_is_lost(workspace: Workspace, path: Path) -> None:
    """One failed tick and no run, others evaluated, no second failed tick a minute later, and an update repairs it."""
    for name in ("a", "b"):
        workspace.create_schedule(name, MINUTELY, now=DAY)
    workspace.evaluate(DAY + 60)
    break_zone(path)
    first = workspace.evaluate(DAY + 120)
    assert counts(first) == (1, 0, 1, 0, 0)
    [failed] = [tick for tick in first.ticks if tick.status == "failed"]
    assert (failed.tick_id, failed.scheduled_for, failed.run_key, failed.run_id) == (
        "a:failed:1",
        DAY + 120,
        None,
        None,
    )
    assert failed.error is not None
    assert "No/Where" in failed.error
    assert workspace.tick("a:failed:1").tick == failed
    second = workspace.evaluate(DAY + 180)
    assert counts(second) == (1, 0, 1, 0, 0)
    assert [tick.schedule_id for tick in second.ticks] == ["b"]
    assert counts(workspace.evaluate(DAY + 180)) == (0, 0, 1, 0, 0)
    shown = workspace.schedule("a", now=DAY + 180)
    assert (shown.schedule.failing, shown.schedule.next_due_at, shown.schedule.cursor) == (True, None, DAY + 60)
    assert len(workspace.ticks(status="failed").rows) == 1
    workspace.update_schedule("a", {"timezone": "UTC"}, now=DAY + 200)
    repaired = workspace.evaluate(DAY + 240)
    assert counts(repaired) == (2, 0, 0, 0, 0)
    [lapse] = repaired.lapses
    assert (lapse.after, lapse.before, lapse.missed, lapse.reason) == (DAY + 60, DAY + 200, None, "unevaluable")
    assert not workspace.schedule("a", now=DAY + 240).schedule.failing


def test_a_lost_zone_of_a_disabled_schedule(workspace: Workspace, path: Path) -> None:
    """A disabled version that can't be evaluated makes neither a failed tick nor a failure; enabled, it does."""
    workspace.create_schedule("a", MINUTELY, now=DAY, enabled=False)
    break_zone(path)
    for now in (DAY + 60, DAY + 120):
        assert counts(workspace.evaluate(now)) == (0, 0, 0, 0, 0)
    assert workspace.ticks().rows == ()
    workspace.set_enabled("a", enabled=True, now=DAY + 150)
    assert counts(workspace.evaluate(DAY + 180)) == (0, 0, 1, 0, 0)
    [lapse] = workspace.lapses().rows
    assert (lapse.before, lapse.reason) == (DAY + 150, "unevaluable")


@pytest.mark.parametrize("batch", [1, 2, 10_000])
def test_a_failure_behind_what_waits(workspace: Workspace, path: Path, batch: int) -> None:
    """Earlier versions are evaluated as ever before the broken one fails, however small the transactions."""
    workspace.create_schedule("a", MINUTELY, now=DAY)
    workspace.update_schedule("a", {"code_version": "2"}, now=DAY + 190)
    break_zone(path)
    evaluation = workspace.evaluate(DAY + 600, batch=batch)
    assert counts(evaluation) == (4, 0, 1, 0, 0)
    assert [tick.status for tick in evaluation.ticks] == ["triggered"] * 4 + ["failed"]
    assert workspace.schedule("a", now=DAY + 600).schedule.cursor == DAY + 180


def test_a_broken_expression_can_be_disabled(workspace: Workspace, path: Path) -> None:
    """A schedule whose stored expression can't be read any more can be paused and deleted, without an error."""
    workspace.create_schedule("a", MINUTELY, now=DAY)
    sql(path, "UPDATE definition_rows SET cron_expression = 'every day'")
    assert workspace.set_enabled("a", enabled=False, now=DAY + 60).change == "updated"
    assert workspace.set_enabled("a", enabled=True, now=DAY + 120).change == "updated"
    assert counts(workspace.evaluate(DAY + 130)) == (0, 0, 1, 0, 0)
    assert workspace.delete_schedule("a", now=DAY + 180).change == "deleted"


def test_two_versions_that_fail_in_one_second(workspace: Workspace, path: Path) -> None:
    """Each broken version gets its failed tick, also where two fail in the same second."""
    workspace.create_schedule("a", MINUTELY, now=DAY)
    break_zone(path)
    workspace.evaluate(DAY + 60)
    workspace.update_schedule("a", {"timezone": "UTC"}, now=DAY + 60)
    break_zone(path)
    evaluation = workspace.evaluate(DAY + 60, dry_run=True)
    assert [(tick.tick_id, tick.scheduled_for) for tick in evaluation.ticks] == [("a:failed:2", DAY + 61)]
    assert workspace.evaluate(DAY + 60).failed == 1
    assert workspace.evaluate(DAY + 60).failed == 1
    assert {tick.tick_id: tick.scheduled_for for tick in workspace.ticks(status="failed").rows} == {
        "a:failed:1": DAY + 60,
        "a:failed:2": DAY + 61,
    }


def test_disabled_and_enabled_in_the_second_of_the_failure(workspace: Workspace, path: Path) -> None:
    """A broken version that is made in the second in which the one before failed has a failed tick at once."""
    workspace.create_schedule("a", MINUTELY, now=DAY)
    break_zone(path)
    workspace.evaluate(DAY + 60)
    workspace.set_enabled("a", enabled=False, now=DAY + 60)
    workspace.set_enabled("a", enabled=True, now=DAY + 60)
    workspace.evaluate(DAY + 60)
    assert [tick.tick_id for tick in workspace.ticks(status="failed").rows] == ["a:failed:3", "a:failed:1"]


def test_a_repaired_schedule_is_not_failing(workspace: Workspace, path: Path) -> None:
    """Once a version that can be evaluated is in force, the schedule is not failing, also before an evaluation."""
    workspace.create_schedule("a", MINUTELY, now=DAY)
    break_zone(path)
    workspace.evaluate(DAY + 60)
    answer = workspace.update_schedule("a", {"timezone": "UTC"}, now=DAY + 90)
    assert (answer.schedule.failing, answer.schedule.next_due_at) == (False, DAY + 120)
    assert workspace.status(now=DAY + 100).failing == 0
    assert counts(workspace.evaluate(DAY + 120)) == (1, 0, 0, 0, 0)
    [lapse] = workspace.lapses().rows
    assert (lapse.before, lapse.reason) == (DAY + 90, "unevaluable")


@pytest.mark.parametrize("end", ["delete", "end"])
def test_a_broken_version_that_ended(workspace: Workspace, path: Path, end: str) -> None:
    """The part of a broken version lapses too where nothing comes after it."""
    workspace.create_schedule("a", MINUTELY, now=DAY)
    break_zone(path)
    if end == "delete":
        workspace.delete_schedule("a", now=DAY + 90)
    else:
        workspace.update_schedule("a", {"timezone": "UTC", "end_at": DAY + 100}, now=DAY + 90)
    assert workspace.status(now=DAY + 100).failing == 0
    workspace.evaluate(DAY + 120)
    [lapse] = workspace.lapses().rows
    assert (lapse.before, lapse.reason) == (DAY + 90, "unevaluable")
    assert workspace.evaluate(DAY + 180).evaluated == 0
