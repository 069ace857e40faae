"""Another release of tzdata than the recorded one: one event, and the agenda is seen anew."""

from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.core.cron import tzdata_release
from arco_sched.core.definitions import Definition
from arco_sched.core.errors import NotFound
from arco_sched.core.instants import parse_instant
from arco_sched.service.zone_rules import catch_up
from tests.database import sql
from tests.pausing import Pausing
from tests.service.answers import counts

DAY = parse_instant("2025-03-04T00:00:00Z")


def test_zone_rules_that_changed(workspace: Workspace, path: Path) -> None:
    """Another tzdata release than the last recorded one adds one event, and the agenda is seen anew."""
    workspace.create_schedule("a", Definition(cron_expression="0 * * * *"), now=DAY + 60)
    workspace.create_schedule("b", Definition(cron_expression="0 * * * *"), now=DAY + 60)
    workspace.delete_schedule("b", now=DAY + 90)
    agenda = sql(path, "SELECT * FROM agenda")
    sql(path, "UPDATE workspace SET zone_rules = '2001a'")
    sql(path, "DELETE FROM agenda")  # as other rules could have it
    sql(path, "INSERT INTO agenda VALUES (2, ?, 0)", DAY)
    for _ in range(2):
        assert counts(workspace.evaluate(DAY + 120)) == (0, 0, 0, 0, 0)
        [event] = workspace.events(type_="ZoneRulesChanged").rows
        assert event.payload == {"from": "2001a", "to": tzdata_release(), "zones": {}}
        assert sql(path, "SELECT * FROM agenda") == agenda
    sql(path, "UPDATE workspace SET zone_rules = '2001a'")
    workspace.evaluate(DAY + 180)
    assert len(workspace.events(type_="ZoneRulesChanged").rows) == 2


def test_zone_rules_that_changed_for_many_schedules(workspace: Workspace, path: Path) -> None:
    """Schedules are replanned in transactions of a bounded size; what somebody who still has the former rules does
    between two of them is made good, and one who is cut short before the end leaves it all to the next."""
    for schedule_id in "abcd":
        workspace.create_schedule(schedule_id, Definition(cron_expression="0 * * * *"), now=DAY + 60)
    agenda = sql(path, "SELECT * FROM agenda")

    def spoil() -> None:
        sql(path, "UPDATE workspace SET zone_rules = '2001a'")
        sql(path, "UPDATE agenda SET due_at = 5, failing = 1")

    pauses = 0

    def pause() -> None:
        nonlocal pauses
        pauses += 1
        if pauses == 2:
            raise KeyboardInterrupt

    spoil()
    with pytest.raises(KeyboardInterrupt):
        catch_up(Pausing(workspace._store, pause), DAY + 120, batch=1)
    assert workspace.events(type_="ZoneRulesChanged").rows == ()

    def meddle() -> None:
        nonlocal pauses
        pauses += 1
        if pauses == 5:
            with Workspace.open(path) as other:
                other.update_schedule("a", {"max_catchup_ticks": 5}, now=DAY + 100)
            sql(path, "UPDATE agenda SET due_at = 5 WHERE schedule = 1")

    spoil()
    catch_up(Pausing(workspace._store, meddle), DAY + 120, batch=1)
    assert counts(workspace.evaluate(DAY + 120)) == (0, 0, 0, 0, 0)
    assert pauses == 2 + 4
    assert sql(path, "SELECT * FROM agenda") == agenda
    assert len(workspace.events(type_="ZoneRulesChanged").rows) == 1


def test_zone_rules_that_changed_and_nobody_to_evaluate(workspace: Workspace, path: Path) -> None:
    """A schedule that is not there is refused before anything is seen anew under other zone rules."""
    workspace.create_schedule("a", Definition(cron_expression="0 * * * *"), now=DAY)
    sql(path, "UPDATE workspace SET zone_rules = '1970a'")
    sql(path, "UPDATE agenda SET due_at = due_at + 1")
    before = sql(path, "SELECT * FROM agenda")
    with pytest.raises(NotFound):
        workspace.evaluate(DAY, schedules=["a", "nobody"])
    assert sql(path, "SELECT * FROM agenda") == before


def test_dry_run_under_zone_rules_that_changed(workspace: Workspace, path: Path) -> None:
    """A dry run looks at every schedule anew where the zone rules are others than those recorded (section 1)."""
    start = parse_instant("2025-01-01T00:00:00Z")
    workspace.create_schedule("daily", Definition(cron_expression="0 10 * * *"), now=start)
    sql(path, "UPDATE workspace SET zone_rules = '2001a'")
    sql(path, "UPDATE agenda SET due_at = due_at + 999999999")
    now = start + 2 * 86_400
    rehearsed = workspace.evaluate(now, dry_run=True)
    assert [tick.tick_id for tick in rehearsed.ticks] == ["daily:1735812000"]
    assert rehearsed.lapsed == 1
    assert [tick.tick_id for tick in workspace.evaluate(now).ticks] == [tick.tick_id for tick in rehearsed.ticks]


def test_zone_data_of_another_package(workspace: Workspace, path: Path) -> None:
    """Zones that are kept otherwise than the same release has them here are a note."""
    workspace.create_schedule("a", Definition(cron_expression="0 * * * *", timezone="Europe/Berlin"), now=DAY)
    assert sql(path, "SELECT timezone FROM zone_data") == [("Europe/Berlin",)]
    assert workspace.verify().notes == ()
    sql(path, "UPDATE zone_data SET data = x'00'")
    found = workspace.verify()
    assert (found.ok, len(found.notes)) == (True, 1)
