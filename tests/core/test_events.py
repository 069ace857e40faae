"""How each event is written: its columns, its idempotency key, and its payload."""

import json
from typing import Any

import pytest

from arco_sched.core import events, run_events
from arco_sched.core.definitions import Definition, Version
from arco_sched.core.events import Draft, TickSeries
from arco_sched.core.history import Lapse
from arco_sched.core.identity import TickKey, run_id
from arco_sched.core.zone_changes import Moved
from tests.core.world import PART, REWINDING, RUNS, at, term

NOW = at(600)
COLUMNS = (
    *("type", "schedule", "origin", "instant", "version", "status"),
    *("content", "key", "run_id", "payload", "recorded_at"),
)


def columns(draft: Draft) -> dict[str, Any]:
    """What a draft has in its columns, empty ones left out; it is recorded at 10:00."""
    values = {name: value for name, value in zip(COLUMNS, draft, strict=True) if value is not None}
    assert values.pop("recorded_at") == NOW
    return values


def of_tick(instant: int, **values: Any) -> dict[str, Any]:
    """The columns of a scheduled tick of schedule 7."""
    return {"type": 2, "schedule": 7, "origin": 0, "instant": instant, "version": 1} | values


def of_request(run_key: str, /, **values: Any) -> dict[str, Any]:
    """The columns of a request with this run key."""
    return {"type": 4, "run_id": run_id("test", run_key)} | values


def one(found: list[Draft | TickSeries]) -> TickSeries:
    """The only one, which is a series."""
    (series,) = found
    assert isinstance(series, TickSeries)
    return series


def test_codes_stay() -> None:
    """A type of event has its code for ever."""
    assert {type_.name: type_.code for type_ in events.TYPES} == {
        "ScheduleDefinitionUpserted": 1,
        "ScheduleTicked": 2,
        "OccurrencesLapsed": 3,
        "RunRequested": 4,
        "ZoneRulesChanged": 5,
        "CursorRewound": 6,
        "HistoryPruned": 7,
        "RunSubmitted": 8,
        "RunStarted": 9,
        "RunFinished": 10,
        "RunSkipped": 11,
        "RunCancelRequested": 12,
        "RunCanceled": 13,
        "RunRetryRequested": 14,
        "PoolSet": 15,
        "RunsPruned": 32,
    }


def test_definition() -> None:
    """A definition version: its number and its fields."""
    version = Version(
        schedule_id="crème",
        definition_version=3,
        definition=Definition(cron_expression="0 9 * * *", timezone="UTC"),
        start_at=at(0),
        enabled=True,
        deleted=False,
        created_at=NOW,
        effective_from=at(601),
    )
    found = columns(events.definition(version, 7, 4))
    payload = json.loads(found.pop("payload"))
    assert found == {"type": 1, "schedule": 7, "version": 3, "content": 4, "key": "sched_def:crème:3"}
    assert (payload["schedule_id"], payload["definition_version"]) == ("crème", 3)
    assert (payload["cron_expression"], payload["effective_from"]) == ("0 9 * * *", "2025-03-04T10:01:00Z")


def test_scheduled_ticks() -> None:
    """Each tick is followed by its run request, which has the run id of its key and says the policy."""
    series = one(events.scheduled_ticks("test", 7, "a", term(policy='{"priority":1}'), [at(590), at(600)], NOW))
    assert [columns(draft) for draft in events.drafts_of(series)] == [
        of_tick(at(590), status=1, content=1),
        of_tick(at(590), content=1, payload='{"policy":{"priority":1}}') | of_request(f"sched:a:{at(590)}"),
        of_tick(at(600), status=1, content=1),
        of_tick(at(600), content=1, payload='{"policy":{"priority":1}}') | of_request(f"sched:a:{at(600)}"),
    ]


def test_a_policy_of_defaults_is_not_said() -> None:
    """A request says nothing of a policy that is all default."""
    series = one(events.scheduled_ticks("test", 7, "a", term(), [at(590)], NOW))
    assert [draft[9] for draft in events.drafts_of(series)] == [None, None]


@pytest.mark.parametrize(("reason", "status"), [("paused", 2), ("excluded", 4)])
def test_skipped_ticks(reason: Any, status: int) -> None:
    """A skipped tick has no request, and its status says why."""
    found = events.scheduled_ticks("test", 7, "a", term(), [at(590), at(600)], NOW, reason)
    assert [draft if isinstance(draft, TickSeries) else columns(draft) for draft in found] == [
        of_tick(at(590), status=status),
        of_tick(at(600), status=status),
    ]


@pytest.mark.parametrize(
    ("origin", "number", "key"),
    [("manual", 3, f"sched:a:manual:{at(590)}"), ("backfill", 1, f"sched:a:backfill:{at(590)}")],
)
def test_single_tick(origin: Any, number: int, key: str) -> None:
    """A tick by hand or by a backfill, and its request."""
    tick, request = events.single_tick("test", 7, TickKey("a", origin, at(590)), (2, 4, '{"priority":1}'), NOW)
    expected = of_tick(at(590), origin=number, version=2, content=4)
    assert columns(tick) == expected | {"status": 1}
    assert columns(request) == expected | of_request(key) | {"payload": '{"policy":{"priority":1}}'}


def test_failure() -> None:
    """The failed tick of a definition version: its key is that of its only tick id, its payload the error."""
    assert columns(events.failure(7, "a", 2, "no zone “Ü”", at(590), NOW)) == of_tick(
        at(590), origin=2, version=2, status=3, key="sched_tick:a:failed:2", payload='{"error":"no zone “Ü”"}'
    )


def test_lapse() -> None:
    """A lapse stands at its end."""
    assert columns(events.lapse(7, "a", Lapse(at(580), at(600), 19, "window"), NOW)) == {
        "type": 3,
        "schedule": 7,
        "instant": at(600),
        "key": f"sched_lapse:a:{at(580)}:{at(600)}:window",
        "payload": '{"schedule_id":"a","after":"2025-03-04T09:40:00Z","before":"2025-03-04T10:00:00Z","missed":19,'
        '"reason":"window"}',
    }


def test_requests_by_hand() -> None:
    """A run key of one's own is the event's key; one with the form of a tick's stands in the columns."""
    assert columns(events.request("test", "k", None, 4, NOW)) == of_request("k", content=4, key="k")
    found = events.request("test", f"sched:a:manual:{at(590)}", (7, "manual", at(590)), 4, NOW, '{"priority":1}')
    expected = {"schedule": 7, "origin": 3, "instant": at(590), "content": 4, "payload": '{"policy":{"priority":1}}'}
    assert columns(found) == of_request(f"sched:a:manual:{at(590)}") | expected
    found = events.request("test", "k", None, 4, NOW, '{"priority":1}')
    assert columns(found) == of_request("k", content=4, key="k", payload='{"policy":{"priority":1}}')


def test_a_repeated_run() -> None:
    """Another run of an occurrence has a key of its own and no origin; it says the instant, version and policy."""
    assert columns(events.repeat("test", "again", 7, (2, 4, '{"priority":1}'), at(590), NOW)) == of_request(
        "again", schedule=7, instant=at(590), version=2, content=4, key="again", payload='{"policy":{"priority":1}}'
    )


def test_life() -> None:
    """What happened to a run or a pool: the key of the event, and its fields."""
    canceled = run_events.RunCanceled(run_id="run_x", round=2, reason="hand")
    assert columns(events.life(canceled, 7, NOW)) == {
        "type": 13,
        "schedule": 7,
        "key": "run_canceled:run_x:2",
        "payload": '{"run_id":"run_x","round":2,"reason":"hand"}',
    }
    started = run_events.RunStarted(
        run_id="run_x", attempt=1, executor="local", worker="w", host="h", external_id=None, started_at=at(590)
    )
    assert columns(events.life(started, None, NOW)) == {
        "type": 9,
        "key": "run_started:run_x:1",
        "payload": '{"run_id":"run_x","attempt":1,"executor":"local","worker":"w","host":"h","external_id":null,'
        '"started_at":"2025-03-04T09:50:00Z","place":null}',
    }


def test_zone_rules() -> None:
    """Another tzdata release: where clocks moved and what was served, by name."""
    assert columns(events.zone_rules("2025a", "2025b", 2, NOW)) == {
        "type": 5,
        "key": "zone_rules:2:2025b",
        "payload": '{"from":"2025a","to":"2025b","zones":{}}',
    }
    moves = {"Z/Z": None, "A/A": [Moved(at(0), at(60), 3600, 7200)]}
    found = columns(events.zone_rules("2025a", "2025b", 2, NOW, moves, {"b": [at(1), at(2)], "a": [at(3)]}))
    assert found["payload"] == (
        '{"from":"2025a","to":"2025b",'
        '"zones":{"A/A":[["2025-03-04T00:00:00Z","2025-03-04T01:00:00Z",3600,7200]],"Z/Z":null},'
        '"served":{"a":["2025-03-04T00:03:00Z"],"b":["2025-03-04T00:01:00Z","2025-03-04T00:02:00Z"]}}'
    )


def test_rewound() -> None:
    """A rewind: both cursors, and what becomes of versions and lapses."""
    found = columns(events.rewound(7, REWINDING, 2, NOW))
    assert json.loads(found.pop("payload")) == {
        "schedule_id": "a",
        "from": "2025-03-04T11:40:00Z",
        "to": "2025-03-04T10:00:00Z",
        "versions": [
            {"definition_version": 1, "effective_from": "2025-03-04T10:01:00Z"},
            {"definition_version": 2, "effective_from": "2025-03-04T10:02:00Z", "start_at": "2025-03-04T10:03:00Z"},
        ],
        "lapses": [
            {"seq": 8, "before": "2025-03-04T10:01:00Z", "missed": 3},
            {"seq": 9, "before": None, "missed": None},
        ],
    }
    assert found == {"type": 6, "schedule": 7, "key": "cursor_rewound:a:2"}


def test_pruned() -> None:
    """A pruning of history: what was removed, and the state that stays."""
    found = columns(events.pruned(7, PART, 2, NOW))
    assert json.loads(found.pop("payload")) == {
        "schedule_id": "a",
        "through": "2025-03-04T08:20:00Z",
        "cursor": "2025-03-04T10:00:00Z",
        "last_scheduled_for": "2025-03-04T08:19:00Z",
        "last_run_for": "2025-03-04T08:18:00Z",
        "ticks": 1,
        "missed": 2,
        "uncounted": 3,
        "others": 4,
        "lapses": 5,
    }
    assert found == {"type": 7, "schedule": 7, "key": "history_pruned:a:2"}


def test_runs_pruned() -> None:
    """A pruning of runs: which ones, and how many."""
    found = columns(events.runs_pruned(7, RUNS, 2, NOW))
    assert json.loads(found.pop("payload")) == {
        "schedule_id": "a",
        "before": "2025-03-04T08:20:00Z",
        "after": 1,
        "through": 9,
        "unexecuted": True,
        "last_for": "2025-03-04T08:19:00Z",
        "runs": 3,
        "events": 7,
    }
    assert found == {"type": 32, "schedule": 7, "key": "runs_pruned:a:2"}
