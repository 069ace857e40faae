"""Starts that lie ahead, by a typo or by a clock that was wrong, and how they are repaired."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition, Wanted
from arco_sched.core.errors import InvalidFields, InvalidInput
from tests.story import DAY, HOUR, START

HOURLY = Definition(cron_expression="0 * * * *", max_catchup_ticks=1000, catchup_window_minutes=60 * 24 * 3660)
YEARS = 26 * 365 * DAY
"""How far a typo (2052 for 2025) or a wrong clock was ahead."""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty one."""
    with Workspace.create(tmp_path / "arco.db") as made:
        yield made


def hours(workspace: Workspace, now: float) -> list[float]:
    """The hours after `START` of all scheduled ticks of `a`, after an evaluation at an hour; all is accounted for."""
    workspace.evaluate(START + round(now * HOUR))
    assert workspace.verify().differences == ()
    ticks = workspace.ticks(schedule_id="a", limit=1000).rows
    return sorted((tick.scheduled_for - START) / HOUR for tick in ticks if tick.tick_id == f"a:{tick.scheduled_for}")


def test_update_the_start(workspace: Workspace) -> None:
    """A start that was a typo can be changed, and what follows is as if it had been created so."""
    workspace.create_schedule("a", HOURLY, now=START, start_at=START + YEARS)
    answer = workspace.update_schedule("a", {}, now=START + HOUR, start_at=START + 2 * HOUR)
    assert (answer.change, answer.schedule.version.start_at, answer.waiting) == ("updated", START + 2 * HOUR, 0)
    assert answer.schedule.next_due_at == START + 2 * HOUR
    again = workspace.update_schedule("a", {}, now=START + HOUR, start_at=START + 2 * HOUR)
    assert again.change == "unchanged"
    assert hours(workspace, 4) == [2, 3, 4]


def test_update_the_start_to_the_past(workspace: Workspace) -> None:
    """A start in the past makes the occurrences since then due, as creating with it does."""
    workspace.create_schedule("a", HOURLY, now=START, start_at=START + YEARS)
    answer = workspace.update_schedule("a", {}, now=START, start_at=START - 2 * HOUR)
    assert answer.schedule.cursor == START - 2 * HOUR - 1
    assert hours(workspace, 1) == [-2, -1, 0, 1]


def test_a_later_start_takes_back_what_waits(workspace: Workspace) -> None:
    """What lies before the new start is no occurrence any more, though it waited."""
    workspace.create_schedule("a", HOURLY, now=START, start_at=START - YEARS)
    workspace.update_schedule("a", {"code_version": "b"}, now=START)
    workspace.update_schedule("a", {}, now=START + HOUR, start_at=START)
    assert hours(workspace, 2) == [0, 1, 2]
    assert workspace.lapses(schedule_id="a").rows == ()


def test_not_once_it_has_begun(workspace: Workspace) -> None:
    """Once a tick, a lapse, or a tick by a backfill is there, the start stays."""
    workspace.create_schedule("a", HOURLY, now=START)
    workspace.evaluate(START)
    workspace.create_schedule("b", HOURLY, now=START, start_at=START - 3 * HOUR)
    workspace.discard("b", now=START - HOUR)
    workspace.create_schedule("c", HOURLY, now=START, start_at=START + HOUR)
    workspace.backfill("c", start=START - HOUR, stop=START, now=START)
    for name in "abc":
        with pytest.raises(InvalidInput, match=f"start_at of {name} is .* and can no longer be changed"):
            workspace.update_schedule(name, {}, now=START, start_at=START + 5 * HOUR)


def test_an_evaluation_that_finds_nothing_is_no_beginning(workspace: Workspace) -> None:
    """What counts is whether anything is accounted for, not how much time went by."""
    workspace.create_schedule("a", HOURLY, now=START, start_at=START + YEARS)
    workspace.evaluate(START + DAY)
    workspace.update_schedule("a", {}, now=START + DAY, start_at=START + 25 * HOUR)
    assert hours(workspace, 26) == [25, 26]


@pytest.mark.parametrize("start", [None, START + 3 * HOUR])
def test_delete_and_create(workspace: Workspace, start: int | None) -> None:
    """One that has not begun is deleted at once, and created again it begins when that says."""
    workspace.create_schedule("a", HOURLY, now=START, start_at=START + YEARS)
    assert workspace.delete_schedule("a", now=START + HOUR).schedule.version.effective_from == START + HOUR
    made = workspace.create_schedule("a", HOURLY, now=START + 2 * HOUR, start_at=start)
    assert made.schedule.version.effective_from == (START + 2 * HOUR if start is None else start)
    assert hours(workspace, 4) == ([2, 3, 4] if start is None else [3, 4])


def test_a_second_life(workspace: Workspace) -> None:
    """Of a schedule made anew the start can be changed, but not to before the deletion, and nothing is made again."""
    workspace.create_schedule("a", HOURLY, now=START)
    assert hours(workspace, 1) == [0, 1]
    workspace.delete_schedule("a", now=START + 3 * HOUR + 1)
    workspace.create_schedule("a", HOURLY, now=START + 4 * HOUR, start_at=START + YEARS)
    with pytest.raises(InvalidInput, match="before the deletion"):
        workspace.update_schedule("a", {}, now=START + 5 * HOUR, start_at=START + 3 * HOUR)
    workspace.update_schedule("a", {}, now=START + 8 * HOUR, start_at=START + 5 * HOUR)
    assert hours(workspace, 8) == [0, 1, 2, 3, 5, 6, 7, 8]


def test_apply(workspace: Workspace) -> None:
    """A file that says another start changes it, until the schedule has begun."""
    for start in (START + YEARS, START + HOUR, START + HOUR):
        applied = workspace.apply([Wanted("a", HOURLY, None, start)], now=START)
    assert [change.change for change in applied.changes] == ["unchanged"]
    assert hours(workspace, 2) == [1, 2]
    with pytest.raises(InvalidFields, match="can no longer be changed"):
        workspace.apply([Wanted("a", HOURLY, None, START)], now=START + 2 * HOUR)


def test_created_by_a_wrong_clock(workspace: Workspace) -> None:
    """A schedule that a wrong clock created, changed and deleted is brought back by a rewind, and status names it."""
    workspace.create_schedule("a", HOURLY, now=START + YEARS)
    workspace.create_schedule("told", HOURLY, now=START + YEARS, start_at=START + 10 * HOUR)
    status = workspace.status(now=START)
    assert [name for name, _ in status.ahead] == ["a"]
    told = workspace.rewind(now=START, dry_run=True)
    assert workspace.rewind(now=START) == told
    assert [each.schedule_id for each in told] == ["a"]
    assert workspace.rewind(now=START) == []
    assert workspace.status(now=START).ahead == ()
    assert workspace.schedule("a", now=START).schedule.version.start_at == START + 1
    assert workspace.schedule("told", now=START).schedule.version.start_at == START + 10 * HOUR
    assert hours(workspace, 2) == [1, 2]


def test_evaluated_by_a_wrong_clock(workspace: Workspace) -> None:
    """What a wrong clock created and evaluated stays requested where it was, and is found when its time comes."""
    workspace.create_schedule("a", HOURLY, now=START + YEARS)
    workspace.evaluate(START + YEARS + HOUR)
    workspace.rewind(now=START)
    assert hours(workspace, 2) == [1, 2, YEARS / HOUR, YEARS / HOUR + 1]
    with pytest.raises(InvalidInput, match="can no longer be changed"):
        workspace.update_schedule("a", {}, now=START + 2 * HOUR, start_at=START)


def test_changed_by_a_wrong_clock(workspace: Workspace) -> None:
    """A change that a wrong clock made takes effect after a rewind, though nothing was evaluated with it."""
    workspace.create_schedule("a", HOURLY, now=START)
    assert hours(workspace, 1) == [0, 1]
    workspace.update_schedule("a", {"cron_expression": "30 * * * *"}, now=START + YEARS)
    assert [name for name, _ in workspace.status(now=START + HOUR).ahead] == ["a"]
    [rewound] = workspace.rewind(now=START + HOUR)
    assert (rewound.before, rewound.cursor) == (START + HOUR, START + HOUR)
    assert hours(workspace, 3) == [0, 1, 1.5, 2.5]


def test_backfill_before_another_start(workspace: Workspace) -> None:
    """What lies before a start that was changed can be backfilled, as before any start."""
    workspace.create_schedule("a", HOURLY, now=START, start_at=START + YEARS)
    workspace.update_schedule("a", {}, now=START, start_at=START + 3 * HOUR)
    made = workspace.backfill("a", start=START - HOUR, stop=START + 5 * HOUR, now=START + 5 * HOUR)
    assert [(tick.scheduled_for - START) / HOUR for tick in made.ticks] == [-1, 0, 1, 2]
    assert (made.created, made.waiting) == (4, 2)
