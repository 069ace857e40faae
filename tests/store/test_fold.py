"""The fold, held against a second one that shares nothing with it: `verify` folds by the same statements as everybody.

What is asked of each step is that the tables are what the events give, whatever came before it.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.core import events, fields
from arco_sched.core.cron import tzdata_release
from arco_sched.core.definitions import Definition
from arco_sched.core.errors import Conflict
from arco_sched.core.fields import normal_content
from arco_sched.core.instants import parse_instant
from arco_sched.core.policy import Policy
from tests.database import path_of, sql
from tests.store.fold_oracle import folded, there

START = parse_instant("2025-03-03T00:00:00Z")
MINUTE, HOUR, DAY = 60, 3600, 86_400
EVERY_TEN = Definition(cron_expression="*/10 * * * *", max_catchup_ticks=1000, catchup_window_minutes=60)

FULL = Definition(
    cron_expression="@daily",
    request=normal_content(
        asset_selection=["a"], command="true", working_directory="/srv", environment={"B": "2", "A": "1"}, run_as="www"
    ),
    policy=Policy(timeout_seconds=60, retry_exit_codes=(2, 75), overlap="skip", pool="heavy", on_failure="mail root"),
    code_version="v1",
)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Two schedules every ten minutes, with a window of an hour."""
    with Workspace.create(tmp_path / "arco.db") as made:
        for name in ("b", "a"):  # so that the numbers of the schedules are not in the order of their names
            made.create_schedule(name, EVERY_TEN, now=START)
        yield made


def is_folded(workspace: Workspace) -> None:
    """Every folded table is what the events give, and `verify` thinks so too."""
    path = path_of(workspace)
    assert there(path) == folded(path, tzdata_release())
    assert workspace.verify().differences == ()


def test_ticks_lapses_and_pauses(workspace: Workspace) -> None:
    """Ticks and lapses move the cursor; the last run is of the last tick that requested one."""
    workspace.evaluate(START + 30 * MINUTE)
    is_folded(workspace)
    workspace.set_enabled("a", enabled=False, now=START + 35 * MINUTE)
    assert workspace.evaluate(START + 10 * HOUR, schedules=["a"]).conflicts == 0  # none of which requests anything
    is_folded(workspace)
    workspace.evaluate(START + 10 * HOUR)
    is_folded(workspace)
    [a] = [each for each in workspace.schedules() if each.version.schedule_id == "a"]
    assert (a.last_scheduled_for, a.last_run_key) == (START + 10 * HOUR, f"sched:a:{START + 30 * MINUTE}")
    assert len(workspace.lapses().rows) == 2


def test_requests(workspace: Workspace) -> None:
    """The first request of a run key makes the run, the same again is the same, another is a conflict."""
    workspace.request_run(f"sched:a:{START + 10 * MINUTE}", normal_content(asset_selection=["x"]), now=START)
    workspace.request_run("by-hand", normal_content(asset_selection=["x"]), now=START)
    workspace.request_run("by-hand", normal_content(asset_selection=["x"]), now=START + 1)
    for assets in (["y"], ["z"]):
        with pytest.raises(Conflict):
            workspace.request_run("by-hand", normal_content(asset_selection=assets), now=START + 2)
    is_folded(workspace)
    assert workspace.evaluate(START + 20 * MINUTE).conflicts == 1
    workspace.trigger("a", now=START + 20 * MINUTE)
    workspace.trigger("a", now=START + 20 * MINUTE)
    is_folded(workspace)


def test_a_lapse_that_is_cut_twice(workspace: Workspace) -> None:
    """Each rewind cuts from what the one before has left; an earlier one does not come back."""
    workspace.evaluate(START + 10 * DAY)
    for day in (5, 3, 1):
        workspace.rewind(now=START + day * DAY)
        is_folded(workspace)
        assert {lapse.before for lapse in workspace.lapses().rows} == {START + day * DAY + 1}
    workspace.evaluate(START + 2 * DAY)
    workspace.rewind(now=START + DAY, schedules=["a"])
    is_folded(workspace)


def test_a_lapse_that_is_withdrawn(workspace: Workspace) -> None:
    """A lapse that begins beyond the clock is gone, and those of others stay."""
    workspace.evaluate(START + 10 * DAY)
    workspace.discard("a", now=START + 20 * DAY)
    workspace.discard("b", now=START + 20 * DAY)
    workspace.rewind(now=START + 15 * DAY, schedules=["a"])
    is_folded(workspace)
    workspace.rewind(now=START + 9 * DAY, schedules=["a"])
    is_folded(workspace)
    assert [(lapse.schedule_id, lapse.reason) for lapse in workspace.lapses().rows] == [
        ("b", "discarded"),
        ("a", "window"),
        ("b", "window"),
    ]


def test_versions_that_were_pushed(workspace: Workspace) -> None:
    """A rewind brings back the versions of its schedule alone, and a later one does not move them again."""
    workspace.evaluate(START + 10 * DAY)
    for name in ("a", "b"):
        workspace.update_schedule(name, {"code_version": "2"}, now=START + HOUR)
    workspace.rewind(now=START + DAY, schedules=["b"])
    is_folded(workspace)
    workspace.evaluate(START + 2 * DAY)
    workspace.update_schedule("b", {"code_version": "3"}, now=START + DAY)
    workspace.rewind(now=START + DAY + HOUR)
    is_folded(workspace)
    assert {(each.version.schedule_id, each.version.effective_from) for each in workspace.schedules()} == {
        ("a", START + DAY + HOUR + 1),
        ("b", START + DAY + HOUR + 1),
    }


def test_pruning(workspace: Workspace) -> None:
    """A pruning removes the ticks and lapses of its schedule through its instant, to the second."""
    workspace.evaluate(START + 5 * HOUR)
    edge = workspace.lapses(schedule_id="a").rows[0].before
    pruned = workspace.prune(before=edge, now=START + 5 * HOUR)
    assert (pruned.schedules, pruned.ticks, pruned.lapses) == (2, 0, 2)
    is_folded(workspace)
    assert workspace.lapses().rows == ()
    pruned = workspace.prune(before=edge + 1, now=START + 5 * HOUR)
    assert (pruned.schedules, pruned.ticks, pruned.lapses) == (2, 2, 0)
    is_folded(workspace)


def test_what_comes_after_a_pruning_stays(workspace: Workspace) -> None:
    """A tick that a clock which went back makes before an instant that was pruned waits for the next pruning of its own
    schedule; that of another does not touch it."""
    workspace.evaluate(START + HOUR)
    workspace.prune(before=START + HOUR, now=START + HOUR)
    workspace.trigger("a", now=START + 5)
    workspace.set_enabled("a", enabled=False, now=START + HOUR)
    is_folded(workspace)
    workspace.evaluate(START + 8 * HOUR, schedules=["b"])
    pruned = workspace.prune(before=START + HOUR + 1, now=START + 8 * HOUR)
    assert (pruned.schedules, pruned.ticks) == (2, 3)
    is_folded(workspace)
    workspace.trigger("a", now=START + 6)
    workspace.backfill("b", start=START + 3 * HOUR, stop=START + 4 * HOUR, now=START + 8 * HOUR)
    pruned = workspace.prune(before=START + 5 * HOUR, now=START + 8 * HOUR)
    is_folded(workspace)


def test_what_comes_back_behind_a_pruning_stays(workspace: Workspace) -> None:
    """A lapse that a rewind to before a pruning made possible is not of that pruning."""
    workspace.evaluate(START + 10 * HOUR)
    workspace.prune(before=START + 9 * HOUR + 30 * MINUTE, now=START + 10 * HOUR)
    workspace.rewind(now=START + 5 * HOUR)
    workspace.discard("b", now=START + 7 * HOUR)
    workspace.trigger("a", now=START + 5 * HOUR)
    workspace.prune(before=START + 5 * HOUR + 1, now=START + 5 * HOUR + 1)
    is_folded(workspace)
    assert [lapse.schedule_id for lapse in workspace.lapses().rows] == ["b"]


def test_pruned_and_ahead(workspace: Workspace) -> None:
    """Prunings and rewinds in turns."""
    for day in (1, 2, 3):
        workspace.evaluate(START + day * DAY)
        workspace.evaluate(START + day * DAY + 12 * HOUR)
        workspace.rewind(now=START + day * DAY + HOUR)
        workspace.prune(before=START + day * DAY - 30 * MINUTE, now=START + day * DAY + HOUR)
        is_folded(workspace)


def test_two_changes_of_the_zone_rules_together(workspace: Workspace) -> None:
    """Of two changes in one range of events the later one holds."""
    with workspace._store.write() as transaction:
        changes = [(tzdata_release(), "1970a"), ("1970a", "1971b")]
        transaction.append([events.zone_rules(*change, count, START) for count, change in enumerate(changes, 1)])
    assert there(path_of(workspace))["workspace"] == {(): ("1971b",)}


def test_zone_rules_change_twice(workspace: Workspace) -> None:
    """The zone rules are those of the last change."""
    path = path_of(workspace)
    for release in ("1970a", "1971b"):
        sql(path, "UPDATE workspace SET zone_rules = ?", release)
        workspace.evaluate(START)
    assert there(path)["workspace"] == folded(path, "none")["workspace"] == {(): (tzdata_release(),)}


def test_the_views_have_every_field(workspace: Workspace) -> None:
    """By its name and with its default, so that whoever asks by hand sees what the answers say."""
    workspace.create_schedule("c", FULL, now=START)
    workspace.trigger("c", now=START)
    path = path_of(workspace)
    for schedule in workspace.schedules():
        said = {field.name: field.to_json(field.value(schedule.version)) for field in fields.FIELDS}
        lists = {name: json.dumps(value) for name, value in said.items() if isinstance(value, list | dict)}
        instants = {"start_at": schedule.version.start_at, "end_at": schedule.version.definition.end_at}
        for view in ("definitions", "schedules"):
            names = ", ".join(said)
            [row] = sql(path, f"SELECT {names} FROM {view} WHERE schedule_id = ?", schedule.version.schedule_id)
            found = {
                name: json.dumps(json.loads(value)) if name in lists else value
                for name, value in zip(said, row, strict=True)
            }
            assert found == said | lists | instants
    content = [field.name for field in fields.CONTENT]
    [row] = sql(path, f"SELECT {', '.join(content)} FROM runs")
    expected = fields.content_document(FULL.request)
    assert [
        json.loads(value) if isinstance(expected[name], list | dict) else value
        for name, value in zip(content, row, strict=True)
    ] == list(expected.values())


def test_what_a_wrong_clock_made(workspace: Workspace) -> None:
    """A rewind moves a start, and a version that is added before anything is accounted for takes the cursor along."""
    workspace.create_schedule("c", Definition(cron_expression="0 * * * *"), now=START + 300 * DAY)
    is_folded(workspace)
    workspace.rewind(now=START)
    is_folded(workspace)
    workspace.update_schedule("c", {}, now=START, start_at=START + 2 * DAY)
    is_folded(workspace)
    workspace.update_schedule("c", {}, now=START, start_at=START - DAY)
    is_folded(workspace)
    assert workspace.schedule("c", now=START).schedule.cursor == START - DAY - 1
