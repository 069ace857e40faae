"""Clocks that lie: back an hour, years ahead and back again, standing still, two hosts a minute apart."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.errors import InvalidInput
from arco_sched.core.evaluate import check_now
from arco_sched.core.instants import CLOCK_TOLERANCE
from tests.database import path_of
from tests.story import DAY, HOUR, MINUTE, START

YEAR = 365 * DAY


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A schedule every ten minutes, whose bounds do not bind, and one that takes the newest three of each visit."""
    plain = Definition(
        cron_expression="*/10 * * * *", catchup_window_minutes=60 * 24 * 365 * 20, max_catchup_ticks=1_000_000
    )
    with Workspace.create(tmp_path / "arco.db") as made:
        made.create_schedule("plain", plain, now=START)
        made.create_schedule("latest", replace(plain, catchup_policy="latest", max_catchup_ticks=3), now=START)
        yield made


def instants(workspace: Workspace, name: str = "plain") -> list[int]:
    """When the ticks of a schedule are, oldest first."""
    return sorted(tick.scheduled_for for tick in workspace.ticks(schedule_id=name, limit=10_000).rows)


def every(start: int, through: int, step: int = 10 * MINUTE) -> list[int]:
    """The instants from `start` through `through`."""
    return list(range(start, through + 1, step))


def is_right(workspace: Workspace) -> None:
    """It verifies, and no run was requested twice."""
    assert workspace.verify().differences == ()
    keys = Counter(run.run_key for run in workspace.runs(limit=10_000).rows)
    assert set(keys.values()) <= {1}


def test_back_an_hour(workspace: Workspace) -> None:
    """A clock that goes back an hour finds nothing due until it has caught up, and then goes on where it was."""
    workspace.evaluate(START + 5 * HOUR)
    for minutes in (0, 10, 59):
        assert workspace.evaluate(START + 4 * HOUR + minutes * MINUTE).triggered == 0
    assert workspace.evaluate(START + 5 * HOUR).triggered == 0
    assert workspace.evaluate(START + 5 * HOUR + 10 * MINUTE).triggered == 2
    assert instants(workspace) == every(START, START + 5 * HOUR + 10 * MINUTE)
    is_right(workspace)


def test_standing_still(workspace: Workspace) -> None:
    """A clock that stands still makes everything once, and changes within its second count in their order."""
    for _ in range(5):
        workspace.evaluate(START + HOUR)
    workspace.update_schedule("plain", {"code_version": "b"}, now=START + HOUR)
    workspace.evaluate(START + HOUR)
    assert instants(workspace) == every(START, START + HOUR)
    assert {tick.definition_version for tick in workspace.ticks(schedule_id="plain").rows} == {1}
    is_right(workspace)


@pytest.mark.parametrize("apart", [1, 60, 3600])
def test_two_hosts(workspace: Workspace, apart: int) -> None:
    """Two hosts whose clocks are apart, taking turns, make what one of them would have made."""
    for minutes in range(0, 180, 5):
        workspace.evaluate(START + minutes * MINUTE)
        workspace.evaluate(START + minutes * MINUTE - apart)
    assert instants(workspace) == every(START, START + 175 * MINUTE)
    is_right(workspace)


@pytest.mark.parametrize(("ahead", "refused"), [(0, False), (60, False), (61, True), (10 * YEAR, True)])
def test_a_now_in_the_future(ahead: int, refused: bool) -> None:
    """A `now` is refused from 61 seconds ahead of the clock on."""
    assert CLOCK_TOLERANCE == 60
    if refused:
        with pytest.raises(InvalidInput, match="allow_future"):
            check_now(START + ahead, START)
    else:
        check_now(START + ahead, START)


def test_ten_years_ahead_and_back(workspace: Workspace) -> None:
    """A clock that was ten years ahead: status shows it, and one rewind brings it all back, with nothing made twice."""
    workspace.update_schedule("plain", {"catchup_window_minutes": 1440}, now=START)
    workspace.evaluate(START + HOUR)
    before = instants(workspace)
    workspace.evaluate(START + 10 * YEAR)  # a lapse of ten years, and a day of ticks
    far = instants(workspace)
    assert len(far) == 7 + 145
    assert workspace.evaluate(START + 2 * HOUR).evaluated == 0
    status = workspace.status(now=START + 2 * HOUR)
    assert {name for name, _ in status.ahead} == {"plain", "latest"}
    assert {through for _, through in status.ahead} == {START + 10 * YEAR}
    told = workspace.rewind(now=START + 2 * HOUR, dry_run=True)
    assert workspace.rewind(now=START + 2 * HOUR) == told
    assert [(each.schedule_id, each.before, each.cursor) for each in told] == [
        ("plain", START + 10 * YEAR, START + 2 * HOUR),
        ("latest", START + 10 * YEAR, START + 2 * HOUR),
    ]
    assert workspace.rewind(now=START + 2 * HOUR) == []
    assert workspace.status(now=START + 2 * HOUR).ahead == ()
    is_right(workspace)
    workspace.evaluate(START + DAY)
    assert instants(workspace)[:-145] == before + every(START + 2 * HOUR + 10 * MINUTE, START + DAY)
    # What lapsed before the clock was put right stays lapsed, to the second.
    [cut] = workspace.lapses(schedule_id="plain").rows
    assert (cut.after, cut.before, cut.missed) == (START + HOUR, START + 2 * HOUR + 1, 6)
    is_right(workspace)
    # And when the ten years are over, the ticks that were made then are found.
    made = workspace.evaluate(START + 10 * YEAR)
    assert made.triggered == 3  # of `latest` alone, whose own were made ahead as well
    is_right(workspace)


def test_changes_while_ahead(workspace: Workspace) -> None:
    """Versions that were made while the cursor was ahead take effect when it is brought back."""
    workspace.evaluate(START + 30 * DAY)
    changed = workspace.update_schedule("plain", {"cron_expression": "0 * * * *"}, now=START + HOUR)
    paused = workspace.set_enabled("latest", enabled=False, now=START + HOUR)
    assert changed.schedule.version.effective_from == START + 30 * DAY + 1
    workspace.rewind(now=START + 2 * HOUR)
    assert {each.version.schedule_id: each.version.effective_from for each in workspace.schedules()} == {
        "plain": START + 2 * HOUR + 1,
        "latest": START + 2 * HOUR + 1,
    }
    assert paused.schedule.version.definition_version == 2
    workspace.evaluate(START + 31 * DAY)
    late = [at for at in instants(workspace) if at > START + 30 * DAY]
    assert late == every(START + 30 * DAY + HOUR, START + 31 * DAY, HOUR)
    is_right(workspace)


@pytest.mark.slow
def test_ahead_again_and_again(workspace: Workspace) -> None:
    """Being ahead and brought back many times, with changes between, loses nothing and creates nothing twice."""
    for turn in range(1, 5):
        now = START + turn * DAY
        workspace.evaluate(now)
        workspace.evaluate(now + turn * 3 * DAY)
        workspace.update_schedule("plain", {"code_version": str(turn)}, now=now + MINUTE)
        workspace.rewind(now=now + MINUTE)
        is_right(workspace)
    workspace.evaluate(START + 20 * DAY)
    assert instants(workspace) == every(START, START + 20 * DAY)
    is_right(workspace)


def test_pruned_while_ahead(workspace: Workspace) -> None:
    """What was pruned by a clock that was years ahead is due again when its time comes, and requests no run twice."""
    workspace.update_schedule("plain", {"catchup_window_minutes": 60}, now=START)
    workspace.evaluate(START + HOUR)
    workspace.evaluate(START + 5 * DAY)
    workspace.prune(before=START + 5 * DAY - 30 * MINUTE, now=START + 5 * DAY)
    is_right(workspace)
    workspace.rewind(now=START + DAY)
    is_right(workspace)
    workspace.evaluate(START + DAY)
    workspace.discard("plain", now=START + 2 * DAY)
    is_right(workspace)
    for hours in range(49, 6 * 24):
        workspace.evaluate(START + hours * HOUR)
    assert instants(workspace) == every(START + 2 * DAY + 10 * MINUTE, START + 6 * DAY - HOUR)
    is_right(workspace)
    pruned = workspace.prune(before=START + 3 * DAY, now=START + 6 * DAY)
    assert pruned.schedules == 2
    is_right(workspace)


def test_pruned_up_to_an_earlier_instant(workspace: Workspace) -> None:
    """Pruning again, but less far, takes what a clock that went back has added, and what was pruned before stays so."""
    workspace.evaluate(START + 10 * HOUR)
    workspace.prune(before=START + 9 * HOUR, now=START + 10 * HOUR)
    workspace.trigger("plain", now=START + HOUR)
    assert workspace.prune(before=START + 2 * HOUR, now=START + 10 * HOUR).ticks == 1
    is_right(workspace)


def test_rewinding_some(workspace: Workspace) -> None:
    """A rewind of named schedules leaves the others where they are."""
    workspace.evaluate(START + 30 * DAY)
    assert [each.schedule_id for each in workspace.rewind(now=START + DAY, schedules=["latest"])] == ["latest"]
    assert [name for name, _ in workspace.status(now=START + DAY).ahead] == ["plain"]
    is_right(workspace)


def test_not_before_the_start(workspace: Workspace) -> None:
    """A rewind does not go behind the start of a schedule, before which there is nothing to account for."""
    workspace.create_schedule("later", Definition(cron_expression="0 * * * *"), now=START, start_at=START + 40 * DAY)
    workspace.evaluate(START + 41 * DAY)
    [later] = [each for each in workspace.rewind(now=START + DAY) if each.schedule_id == "later"]
    assert later.cursor == START + 40 * DAY - 1
    assert workspace.status(now=START + DAY).ahead == ()
    is_right(workspace)


@pytest.mark.parametrize("back", [1, 9 * MINUTE, 10 * MINUTE, 10 * MINUTE + 1, HOUR])
def test_to_any_second(workspace: Workspace, back: int) -> None:
    """Wherever between two occurrences the clock is put, the occurrences after it are due once and in their time."""
    workspace.evaluate(START + 2 * HOUR)
    workspace.rewind(now=START + 2 * HOUR - back)
    assert workspace.evaluate(START + 2 * HOUR - back).triggered == 0
    workspace.evaluate(START + 3 * HOUR)
    assert instants(workspace) == every(START, START + 3 * HOUR)
    is_right(workspace)


def test_discarding_while_ahead(workspace: Workspace) -> None:
    """A backlog that is discarded before a rewind is due again only after the clock, and counted once."""
    workspace.evaluate(START + HOUR)
    workspace.discard("plain", now=START + 3 * DAY)
    workspace.rewind(now=START + DAY)
    [lapse] = workspace.lapses(schedule_id="plain").rows
    assert (lapse.after, lapse.before, lapse.missed) == (START + HOUR, START + DAY + 1, 138)
    workspace.evaluate(START + 2 * DAY)
    expected = every(START, START + HOUR) + every(START + DAY + 10 * MINUTE, START + 2 * DAY)
    assert instants(workspace) == expected
    is_right(workspace)


# After a rewind.


def test_the_last_tick_is_the_latest(workspace: Workspace) -> None:
    """`last_scheduled_for` and its like are of the latest tick, and not of the one made last."""
    workspace.evaluate(START + 3 * DAY)
    workspace.rewind(now=START + DAY)
    workspace.set_enabled("plain", enabled=False, now=START + DAY)
    workspace.evaluate(START + DAY + HOUR)
    workspace.prune(before=START + 12 * HOUR, now=START + DAY + HOUR)
    shown = workspace.schedule("latest", now=START + DAY + HOUR).schedule
    assert (shown.last_scheduled_for, shown.last_run_key) == (START + 3 * DAY, f"sched:latest:{START + 3 * DAY}")
    is_right(workspace)


@pytest.mark.parametrize("how", ["window", "superseded", "discarded"])
def test_no_lapse_spans_a_tick(workspace: Workspace, how: str) -> None:
    """What lapses after a rewind does so between the ticks that are there already, and a timeline counts each once."""
    workspace.update_schedule("plain", {"catchup_window_minutes": 60}, now=START)
    workspace.evaluate(START + HOUR)
    workspace.evaluate(START + 2 * HOUR)
    workspace.rewind(now=START + HOUR + 30 * MINUTE)
    workspace.rewind(now=START + 30 * MINUTE)
    name = "latest" if how == "superseded" else "plain"
    if how == "discarded":
        workspace.discard(name, now=START + 6 * HOUR)
    workspace.evaluate(START + 6 * HOUR)
    lapses = [lapse for lapse in workspace.lapses(schedule_id=name).rows if lapse.reason == how]
    ticks = instants(workspace, name)
    assert lapses
    assert not [at for at in ticks for lapse in lapses if lapse.after < at < lapse.before]
    missed = [at for at in every(START, START + 6 * HOUR) if at not in ticks]
    assert sum(lapse.missed or 0 for lapse in workspace.lapses(schedule_id=name).rows) == len(missed)
    [row] = workspace.timeline([START, START + 6 * HOUR + 1], now=START + 6 * HOUR, schedules=[name]).rows
    assert (row.cells[0].triggered, row.cells[0].lapsed) == (len(ticks), len(missed))
    is_right(workspace)


def test_backfill_and_a_paused_tick_ahead(workspace: Workspace) -> None:
    """What was skipped while the clock was ahead is not called waiting: no evaluation will make it, a backfill does."""
    workspace.set_enabled("plain", enabled=False, now=START)
    workspace.evaluate(START + HOUR)
    workspace.rewind(now=START + 30 * MINUTE - 1)
    workspace.set_enabled("plain", enabled=True, now=START + 30 * MINUTE)
    made = workspace.backfill("plain", start=START + 30 * MINUTE, stop=START + HOUR + 1, now=START + HOUR)
    assert (made.created, made.waiting) == (4, 0)
    workspace.evaluate(START + HOUR + 10 * MINUTE)
    assert instants(workspace)[-1] == START + HOUR + 10 * MINUTE
    is_right(workspace)


def test_ticks_ahead_that_no_version_in_force_explains(workspace: Workspace) -> None:
    """A tick that was made ahead stays what its own version says, where another is in force when its time comes."""
    workspace.evaluate(START + HOUR)
    workspace.rewind(now=START + 5 * MINUTE)
    workspace.update_schedule("plain", {"cron_expression": "5 * * * *"}, now=START + 6 * MINUTE)
    is_right(workspace)
    workspace.evaluate(START + 2 * HOUR)
    assert instants(workspace) == sorted([*every(START, START + HOUR), START + HOUR + 5 * MINUTE])
    is_right(workspace)
    with closing(sqlite3.connect(path_of(workspace))) as connection, connection:
        connection.execute(
            "UPDATE tick_rows SET instant = instant + 60, tick_id = 'plain:' || (instant + 60) "
            "WHERE schedule = 1 AND instant = ?",
            (START + 30 * MINUTE,),
        )
    [said] = [line for line in workspace.verify().differences if "version 1" in line]
    assert said == f"schedule plain: tick plain:{START + 31 * MINUTE} is not at an occurrence of its version 1"


def test_pruned_ahead_and_paused_when_its_time_comes(workspace: Workspace) -> None:
    """What was pruned beyond the clock is skipped when it is due again in a pause; its run of then is no difference."""
    workspace.evaluate(START + 2 * DAY)
    workspace.prune(before=START + DAY, now=START + 2 * DAY)
    workspace.rewind(now=START + HOUR)
    workspace.set_enabled("plain", enabled=False, now=START + HOUR)
    workspace.evaluate(START + 5 * HOUR)
    runs = {run.run_key: run for run in workspace.runs(schedule_id="plain", limit=10_000).rows}
    skipped = workspace.ticks(schedule_id="plain", status="skipped", limit=10_000).rows
    assert {tick.tick_id for tick in skipped} >= {f"plain:{START + 3 * HOUR}"}
    assert runs[f"sched:plain:{START + 3 * HOUR}"].tick_id is None
    is_right(workspace)
    # A skipped tick that asked for a run itself is one.
    with closing(sqlite3.connect(path_of(workspace))) as connection, connection:
        connection.execute("DELETE FROM event_log WHERE type = 7")
    assert any("skipped, but" in line for line in workspace.verify().differences)


@pytest.mark.parametrize("start", [None, START + 2 * HOUR])
def test_deleted_and_made_anew_while_ahead(workspace: Workspace, start: int | None) -> None:
    """Versions that were pushed ahead all come back: what was made anew is due after the rewind, and not days later."""
    workspace.evaluate(START + 3 * DAY)
    workspace.delete_schedule("plain", now=START + HOUR)
    definition = Definition(cron_expression="5 * * * *", max_catchup_ticks=1000)
    workspace.create_schedule("plain", definition, now=START + HOUR, start_at=start)
    workspace.rewind(now=START + HOUR)
    assert workspace.status(now=START + HOUR).ahead == ()
    workspace.evaluate(START + 4 * HOUR)
    first = START + HOUR + 5 * MINUTE if start is None else start + 5 * MINUTE
    made = [at for at in instants(workspace) if at % (10 * MINUTE) and at < START + 3 * DAY]
    assert made == every(first, START + 4 * HOUR, HOUR)
    is_right(workspace)


def test_a_clock_that_steps_back_alerts_nobody(workspace: Workspace) -> None:
    """Status, its gauge and a rewind bear a minute, as the evaluator's visit does."""
    workspace.evaluate(START + HOUR)
    for back, ahead in ((2, 0), (60, 0), (61, 2)):
        now = START + HOUR - back
        assert len(workspace.status(now=now).ahead) == ahead
        assert len(workspace.rewind(now=now, dry_run=True)) == ahead
