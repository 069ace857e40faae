"""Histories with wrong clocks: starts ahead, rewinds, deletions, prunings. Every occurrence is a tick or in a lapse.

The account is taken by the naive reading of `tests.service.oracle` from the rows alone, beside `arco verify`.
"""

import pytest
from hypothesis import example, given, note, settings
from hypothesis import strategies as st

from arco_sched.api import Workspace
from arco_sched.core import errors
from arco_sched.core.definitions import Definition
from tests.service.oracle import BASE, Kept, Schedule
from tests.service.test_stories import fresh, rows

pytestmark = pytest.mark.slow

HOUR, DAY = 3600, 86_400
CRONS = ("*/20 * * * *", "7,37 * * * *", "0 */3 * * *", "30 2 * * *")
STEPS = st.tuples(
    st.sampled_from(
        ["evaluate"] * 4
        + ["update", "start", "start", "delete", "create", "create", "rewind", "rewind", "prune", "discard"]
        + ["disable", "enable", "backfill", "trigger"]
    ),
    st.sampled_from([0, 1, 60, 600, 1800, HOUR, 5 * HOUR]),  # how much later than the step before
    st.sampled_from([0, 0, 0, 0, 30, 90, 5 * HOUR, DAY, 2 * DAY]),  # how far the clock is ahead
    st.sampled_from(CRONS),
    st.sampled_from([-DAY, -HOUR, -1, 0, 1, HOUR, 2 * DAY]),
)


def do(workspace: Workspace, what: str, now: int, cron: str, offset: int) -> None:
    """One step at an instant."""
    definition = Definition(cron_expression=cron, catchup_window_minutes=180, max_catchup_ticks=5)
    try:
        match what:
            case "evaluate":
                workspace.evaluate(now)
            case "update":
                workspace.update_schedule("a", {"cron_expression": cron}, now=now)
            case "start":
                workspace.update_schedule("a", {}, now=now, start_at=now + offset)
            case "delete":
                workspace.delete_schedule("a", now=now)
            case "create":
                workspace.create_schedule("a", definition, now=now, start_at=None if offset == 1 else now + offset)
            case "rewind":
                workspace.rewind(now=now)
                assert workspace.rewind(now=now) == []
                assert workspace.status(now=now).ahead == ()
            case "prune":
                workspace.prune(before=now + offset, now=now)
            case "discard":
                workspace.discard("a", now=now)
            case "backfill":
                workspace.backfill("a", start=now - DAY, stop=now, now=now, limit=20)
            case "trigger":
                workspace.trigger("a", now=now)
            case _:
                workspace.set_enabled("a", what == "enable", now=now)
    except (errors.Conflict, errors.InvalidInput, errors.NotFound):
        pass


def account(workspace: Workspace) -> None:
    """Through the cursor every occurrence is a tick, or in one lapse, and what each lapse says is what it covers."""
    found = rows(workspace, "SELECT cursor, pruned_through FROM schedule_rows JOIN schedule_ids USING (schedule)")
    if not found:
        return
    [(cursor, pruned)] = found
    schedule = Schedule()
    for version in (change.version for change in workspace.versions("a")):
        definition = version.definition
        fields = {"cron_expression": definition.cron_expression, "timezone": "UTC", "end_at": None}
        number, since, start = version.definition_version, version.effective_from, version.start_at
        schedule.versions.append(Kept(number, since, start, fields, enabled=True, deleted=version.deleted))
    first = min(kept.since for kept in schedule.versions)
    first = first if pruned is None else max(first, pruned + 1)
    ticks = [at for (at,) in rows(workspace, "SELECT instant FROM tick_rows WHERE origin = 0 ORDER BY instant")]
    lapses = rows(workspace, "SELECT after, before, missed FROM lapses ORDER BY after")
    covered: list[int] = []
    for after, before, missed in lapses:
        inside = schedule.between(after + 1, before)
        assert len(inside) == missed
        assert not [at for at in ticks if after < at < before]
        covered += inside
    assert len(set(covered)) == len(covered)
    due = set(schedule.between(first, cursor + 1))
    assert due <= set(ticks) | set(covered)
    assert {at for at in covered if at > cursor} == set()


@settings(max_examples=60)
@example([("create", 0, 90, "*/20 * * * *", 0), ("update", 0, 0, "7,37 * * * *", -86_400)])
@given(st.lists(STEPS, min_size=2, max_size=14))
def test_wrong_clocks(story: list[tuple[str, int, int, str, int]]) -> None:
    """Whatever the clocks said: nothing accounted for is made again, verify is clean, and every occurrence is in it."""
    now = BASE
    seen: dict[str, int] = {}
    with fresh() as workspace:
        for what, later, ahead, cron, offset in story:
            now += later
            note(f"{what} at {now - BASE}, {ahead} ahead, {cron}, {offset}")
            do(workspace, what, now + ahead, cron, offset)
            # One event makes a tick: one that is there is not made again, and no run is requested twice.
            made = dict(rows(workspace, "SELECT tick_id, evaluated_at FROM ticks"))
            assert {name: at for name, at in seen.items() if name in made and made[name] != at} == {}
            seen = made
            [(runs, keys)] = rows(workspace, "SELECT count(*), count(DISTINCT run_key) FROM runs")
            assert runs == keys
            assert workspace.verify().differences == ()
            account(workspace)
        workspace.rewind(now=now)
        workspace.evaluate(now)
        assert workspace.verify().differences == ()
        account(workspace)
