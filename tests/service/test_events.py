"""Events: whole, unique, and of any year."""

from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.instants import format_instant, parse_instant
from tests.busy import busy_history
from tests.database import sql
from tests.service.answers import after_page, all_rows

DAY = parse_instant("2025-03-04T00:00:00Z")


def test_events_are_whole(workspace: Workspace, path: Path) -> None:
    """Every event has a type, a unique idempotency key, and a JSON payload whose instants are RFC 3339."""
    busy_history(workspace, path)
    events = list(all_rows(lambda **page: after_page(workspace, **page), 3))
    assert [event.seq for event in events] == sorted(event.seq for event in events)
    assert {event.type for event in events} == {
        "ScheduleDefinitionUpserted",
        "ScheduleTicked",
        "OccurrencesLapsed",
        "RunRequested",
        "ZoneRulesChanged",
    }
    keys = [event.idempotency_key for event in events]
    assert len(set(keys)) == len(keys)
    instants = {"start_at", "end_at", "created_at", "effective_from", "scheduled_for", "after", "before"}
    for event in events:
        for name in instants & set(event.payload):
            value = event.payload[name]
            assert value is None or format_instant(parse_instant(value)) == value
    by_key = {event.idempotency_key: event.payload for event in events}
    tick = by_key[f"sched_tick:a:{DAY}"]
    assert tick == {
        "tick_id": f"a:{DAY}",
        "schedule_id": "a",
        "scheduled_for": "2025-03-04T00:00:00Z",
        "definition_version": 1,
        "status": "triggered",
        "skip_reason": None,
        "error": None,
        "run_key": f"sched:a:{DAY}",
        "run_id": tick["run_id"],
        "request_fingerprint": tick["request_fingerprint"],
    }
    run = by_key[f"run_req:sched:a:{DAY}:{tick['request_fingerprint']}"]
    assert (run["run_id"], run["labels"], run["asset_selection"]) == (tick["run_id"], {"a": "b"}, ["x"])
    assert by_key["sched_tick:a:failed:1"]["error"]
    assert sql(path, "SELECT count(*) FROM events WHERE NOT json_valid(payload)") == [(0,)]


@pytest.mark.parametrize("first", ["0001-01-01T00:00:00Z", "0999-12-31T23:59:59Z", "1969-12-31T23:59:59Z"])
def test_instants_of_all_years(workspace: Workspace, first: str) -> None:
    """Instants of any year from 1 on go through the event table and the fold unharmed."""
    start = parse_instant(first)
    workspace.create_schedule("a", Definition(cron_expression="* * * * *", max_catchup_ticks=2), now=start)
    workspace.evaluate(start + 90)
    workspace.trigger("a", now=start + 90)
    workspace.evaluate(parse_instant("9999-12-31T23:59:59Z"))
    assert workspace.verify().differences == ()
    for tick in workspace.ticks().rows:
        assert workspace.tick(tick.tick_id).tick == tick
