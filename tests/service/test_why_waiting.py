"""What `why` says of an occurrence that waits though somebody evaluated."""

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from tests.story import HOUR, START

HOURLY = Definition(cron_expression="0 * * * *", max_catchup_ticks=1)


def reasons(workspace: Workspace, at: int, now: int) -> list[str]:
    """Of an occurrence that waits."""
    answer = workspace.why("a", at, now=now)
    assert answer.verdict == "waiting"
    return [reason.text for reason in answer.reasons if reason.about in {"bounds", "evaluator"}]


def test_left_by_max_catchup_ticks(workspace: Workspace) -> None:
    """An evaluation that took up others of the schedule, and not this one, was bounded."""
    workspace.create_schedule("a", HOURLY, now=START)
    workspace.evaluate(START + 2 * HOUR)
    [said] = reasons(workspace, START + 2 * HOUR, START + 2 * HOUR + 5)
    assert said == "the evaluation at 2025-03-03T02:00:00Z reached max_catchup_ticks before it"


def test_the_last_visit_was_of_another_schedule(workspace: Workspace) -> None:
    """A visit that named other schedules took up nothing of this one."""
    workspace.create_schedule("a", HOURLY, now=START)
    workspace.create_schedule("b", HOURLY, now=START)
    workspace.evaluate(START)
    workspace.evaluate(START + HOUR, schedules=["b"])
    [said] = reasons(workspace, START + HOUR, START + HOUR + 5)
    assert said == "the evaluation at 2025-03-03T01:00:00Z left this schedule out: run `arco tick`"


def test_the_last_visit_was_before_it_existed(workspace: Workspace) -> None:
    """A schedule with a start in the past was not there at the last visit."""
    workspace.evaluate(START + 5 * HOUR)
    workspace.create_schedule("a", HOURLY, now=START + 6 * HOUR, start_at=START)
    [said] = reasons(workspace, START + HOUR, START + 6 * HOUR)
    assert said == (
        "the last evaluation, at 2025-03-03T05:00:00Z, was before version 1 was made at 2025-03-03T06:00:00Z: "
        "run `arco tick`"
    )
