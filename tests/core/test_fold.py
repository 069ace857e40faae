"""What each rare event changes: the event as it was drafted, and the changes of rows."""

import json
from dataclasses import replace
from typing import Any

import pytest

from arco_sched.core import events, run_events
from arco_sched.core.definitions import Definition, Version
from arco_sched.core.events import BY_CODE, BY_NAME, Draft
from arco_sched.core.fold import (
    CursorRewound,
    HistoryRemoved,
    LifeWent,
    OccurrencesServed,
    RareEvent,
    RowChange,
    RunsRemoved,
    VersionAdded,
    VersionMoved,
    ZoneRulesSet,
)
from arco_sched.core.history import LapseCut
from tests.core.world import PART, REWINDING, RUNS, at

NOW = at(600)
VERSION = Version(
    schedule_id="a",
    definition_version=3,
    definition=Definition(cron_expression="0 9 * * *", timezone="UTC"),
    start_at=at(0),
    enabled=True,
    deleted=False,
    created_at=NOW,
    effective_from=at(601),
)
STARTED = run_events.RunStarted(
    run_id="run_x", attempt=1, executor="local", worker="w", host="h", external_id=None, started_at=at(590)
)
POOL = run_events.PoolSet(pool="heavy", number=1, slots=2)


def recorded(draft: Draft) -> RareEvent:
    """A draft as it is read back."""
    assert draft[9] is not None
    return RareEvent(11, BY_CODE[draft[0]].name, draft[1], draft[6], draft[10], json.loads(draft[9]))


def folded(event: RareEvent) -> list[RowChange]:
    """What the event changes."""
    fold = BY_NAME[event.name].fold
    assert fold is not None
    return list(fold(event))


@pytest.mark.parametrize(
    ("draft", "changes"),
    [
        (events.definition(VERSION, 7, 4), [VersionAdded(7, 4, VERSION)]),
        (events.zone_rules("2025a", "2025b", 1, NOW), [ZoneRulesSet("2025b")]),
        (
            events.zone_rules("2025a", "2025b", 1, NOW, served={"b": [at(1), at(2)], "a": [at(3)]}),
            [ZoneRulesSet("2025b"), OccurrencesServed("a", (at(3),)), OccurrencesServed("b", (at(1), at(2)))],
        ),
        (
            events.rewound(7, REWINDING, 1, NOW),
            [
                CursorRewound(7, at(600), at(700)),
                VersionMoved(7, 1, at(601), None),
                VersionMoved(7, 2, at(602), at(603)),
                LapseCut(8, at(601), 3),
                LapseCut(9, None, None),
            ],
        ),
        (events.pruned(7, PART, 1, NOW), [HistoryRemoved(7, at(500), at(600), at(499), at(498))]),
        (
            events.pruned(7, replace(PART, last_instant=None, last_run=None), 1, NOW),
            [HistoryRemoved(7, at(500), at(600), None, None)],
        ),
        (events.runs_pruned(7, RUNS, 1, NOW), [RunsRemoved(7, at(500), 1, 9, True)]),
        (events.runs_pruned(7, replace(RUNS, unexecuted=False), 1, NOW), [RunsRemoved(7, at(500), 1, 9, False)]),
        (events.life(STARTED, 7, NOW), [LifeWent(7, STARTED)]),
        (events.life(POOL, None, NOW), [LifeWent(None, POOL)]),
    ],
)
def test_the_fold_reads_what_was_written(draft: Draft, changes: list[RowChange]) -> None:
    """Every rare event says all that it changes."""
    assert folded(recorded(draft)) == changes


def test_zone_rules_from_before_they_said_more() -> None:
    """The first such events named only both releases."""
    event = RareEvent(11, "ZoneRulesChanged", None, None, NOW, {"from": "2025a", "to": "2025b"})
    assert folded(event) == [ZoneRulesSet("2025b")]


@pytest.mark.parametrize(
    ("draft", "lacking", "says"),
    [
        (events.definition(VERSION, 7, 4), {"content": None}, "a definition without content"),
        (events.definition(VERSION, 7, 4), {"schedule": None}, "an event without its schedule"),
        (events.rewound(7, REWINDING, 1, NOW), {"schedule": None}, "an event without its schedule"),
        (events.pruned(7, PART, 1, NOW), {"schedule": None}, "an event without its schedule"),
        (events.runs_pruned(7, RUNS, 1, NOW), {"schedule": None}, "an event without its schedule"),
    ],
)
def test_an_event_that_lacks_something(draft: Draft, lacking: dict[str, Any], says: str) -> None:
    """It can't be folded, and `verify` says why."""
    with pytest.raises(ValueError, match=f"^{says}$"):
        folded(recorded(draft)._replace(**lacking))
