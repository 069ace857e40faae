"""Runs, their keys, and conflicts about them."""

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.errors import Conflict
from arco_sched.core.fields import normal_content
from arco_sched.core.instants import parse_instant

DAY = parse_instant("2025-03-04T00:00:00Z")
MINUTELY = Definition(cron_expression="* * * * *", catchup_window_minutes=100_000, max_catchup_ticks=100_000)


def test_a_conflict_that_was_asked_for_before(workspace: Workspace) -> None:
    """A tick whose run key is reserved for another content is counted as a conflict, whoever asked before; a rehearsal
    says the same."""
    content = normal_content(asset_selection=["x"])
    workspace.create_schedule("a", Definition(cron_expression="* * * * *", request=content), now=DAY)
    workspace.request_run(f"sched:a:{DAY}", normal_content(asset_selection=["other"]), now=DAY)
    with pytest.raises(Conflict):
        workspace.request_run(f"sched:a:{DAY}", content, now=DAY)
    assert workspace.evaluate(DAY, dry_run=True).conflicts == 1
    assert workspace.evaluate(DAY).conflicts == 1
    detail = workspace.tick(f"a:{DAY}")
    assert detail.run is not None
    assert detail.run.content == normal_content(asset_selection=["other"])
    [conflict] = detail.conflicts
    assert conflict.first_fingerprint == detail.run.request_fingerprint
    assert conflict.requested_fingerprint == detail.tick.request_fingerprint


@pytest.mark.parametrize("other_first", [False, True])
def test_conflicts_either_way_round(workspace: Workspace, other_first: bool) -> None:
    """Whoever asks second for another content conflicts, whichever content is older; the first run stays as it is."""
    mine, other = normal_content(asset_selection=["x"]), normal_content(asset_selection=["other"])
    workspace.create_schedule("a", Definition(cron_expression="* * * * *", request=mine), now=DAY)
    first, second = (other, mine) if other_first else (mine, other)
    workspace.request_run("k", first, now=DAY)
    for _ in range(2):
        with pytest.raises(Conflict):
            workspace.request_run("k", second, now=DAY + 1)
    [run] = workspace.runs().rows
    assert run.content == first
    [conflict] = run.conflicts
    assert (conflict.first_fingerprint, conflict.requested_at) == (run.request_fingerprint, DAY + 1)
    assert conflict.requested_fingerprint != conflict.first_fingerprint
    workspace.evaluate(DAY)
    with pytest.raises(Conflict):
        workspace.request_run(f"sched:a:{DAY}", other, now=DAY + 2)
    assert workspace.request_run(f"sched:a:{DAY}", mine, now=DAY + 2).change == "existing"
    [shown] = workspace.tick(f"a:{DAY}").conflicts
    assert (shown.run_key, shown.tick_id) == (f"sched:a:{DAY}", f"a:{DAY}")


def test_a_manual_tick_beside_the_scheduled_one(workspace: Workspace) -> None:
    """A trigger does not take the place of the scheduled tick at the same instant; a second one finds the first."""
    workspace.create_schedule("a", MINUTELY, now=DAY)
    assert workspace.trigger("a", now=DAY).change == "created"
    workspace.update_schedule("a", {"command": "another"}, now=DAY)
    assert workspace.trigger("a", now=DAY).change == "existing"
    evaluation = workspace.evaluate(DAY)
    assert [tick.tick_id for tick in evaluation.ticks] == [f"a:{DAY}"]
    assert [tick.tick_id for tick in workspace.ticks().rows] == [f"a:manual:{DAY}", f"a:{DAY}"]
    assert len(workspace.runs(schedule_id="a").rows) == 2


def test_runs_of_an_id_that_comes_later(workspace: Workspace) -> None:
    """A run key of a schedule that does not exist yet is reserved; the schedule finds it when it comes."""
    content = normal_content(asset_selection=["x"])
    run = workspace.request_run(f"sched:later:{DAY}", content, now=DAY - 100).run
    assert (run.schedule_id, run.tick_id) == ("later", None)
    workspace.create_schedule("later", Definition(cron_expression="* * * * *", request=content), now=DAY)
    assert workspace.evaluate(DAY).conflicts == 0
    found = workspace.run(run.run_id)
    assert (found.schedule_id, found.tick_id, found.requested_at) == ("later", f"later:{DAY}", DAY - 100)
    assert workspace.verify().differences == ()


def test_a_run_by_hand_and_a_tick_that_is_skipped(workspace: Workspace) -> None:
    """A run names a tick that was triggered: one that is skipped has no run key. The schedule has the run all the same,
    also when its tick was pruned, and its event says so in the envelope and in the payload."""
    content = normal_content(command="true")
    workspace.create_schedule("a", MINUTELY, now=DAY - 60)
    workspace.evaluate(DAY - 60)
    workspace.set_enabled("a", enabled=False, now=DAY)
    run = workspace.request_run(f"sched:a:{DAY}", content, now=DAY - 30).run
    workspace.evaluate(DAY)
    assert workspace.tick(f"a:{DAY}").tick.run_key is None
    assert (workspace.run(run.run_id).schedule_id, workspace.run(run.run_id).tick_id) == ("a", None)
    [event] = [event for event in workspace.events(limit=100).rows if event.payload.get("run_id") == run.run_id]
    assert (event.schedule_id, event.payload["schedule_id"], event.payload["tick_id"]) == ("a", "a", None)
    workspace.prune(before=DAY + 1, now=DAY + 90 * 86_400)
    assert run.run_id in [each.run_id for each in workspace.runs(schedule_id="a").rows]
    why = workspace.why("a", DAY, now=DAY + 90 * 86_400)
    assert why.verdict == "pruned"
    assert any(run.run_id in reason.text for reason in why.reasons)
    assert workspace.verify().differences == ()


def test_a_trigger_that_finds_a_run_by_hand(workspace: Workspace) -> None:
    """The first trigger of a second makes the tick, though the run had been requested by hand."""
    workspace.create_schedule("a", MINUTELY, now=DAY)
    made = workspace.request_run(f"sched:a:manual:{DAY}", MINUTELY.request, now=DAY).run
    first, second = workspace.trigger("a", now=DAY), workspace.trigger("a", now=DAY)
    assert (first.change, second.change) == ("created", "existing")
    assert first.run.run_id == second.run.run_id == made.run_id


def test_writing_while_reading_the_ticks(workspace: Workspace) -> None:
    """What an evaluation made can be acted upon while it is read."""
    workspace.create_schedule("a", MINUTELY, now=DAY)
    evaluation = workspace.evaluate(DAY + 600)
    seen = 0
    for tick in evaluation.ticks:
        workspace.request_run(f"after {tick.tick_id}", normal_content(asset_selection=["y"]), now=DAY + 600)
        seen += 1
    assert seen == 11
    next(iter(evaluation.ticks))
    workspace.evaluate(DAY + 660)
    assert len(list(evaluation.ticks)) == 11
