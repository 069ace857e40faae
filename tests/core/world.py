"""A small world for the pure core: instants are minutes of one day, and a schedule occurs every ten minutes."""

from typing import Any

from arco_sched.core.definitions import Definition, Term, Version
from arco_sched.core.history import LapseCut, PrunedPart, PrunedRuns, Rewinding, VersionShift
from arco_sched.core.instants import parse_instant

MINUTE = 60
DAY = parse_instant("2025-03-04T00:00:00Z")
TEN = "*/10 * * * *"
BROKEN = "No/Where"


def at(minute: float) -> int:
    """The epoch of a minute of the day."""
    return DAY + round(minute * MINUTE)


def term(version: int = 1, from_: float = 0, **fields: Any) -> Term:
    """A definition version in force from a minute of the day on."""
    end = fields.pop("end", None)
    created = fields.pop("created", None)
    values: dict[str, Any] = {
        "version": version,
        "effective_from": at(from_),
        "start_at": at(fields.pop("start", 0)),
        "end_at": None if end is None else at(end),
        "enabled": True,
        "deleted": False,
        "cron_expression": TEN,
        "timezone": "UTC",
        "dst_gap": "next",
        "dst_overlap": "first",
        "catchup_window_minutes": 1440,
        "max_catchup_ticks": 100,
        "catchup_policy": "oldest-first",
        "content": version,
        "created_at": 0 if created is None else at(created),
    }
    return Term(**(values | fields))


def minutes(instant: int) -> float:
    """Minutes of the day; a second before a minute reads as `.98`."""
    return round((instant - DAY) / MINUTE, 2)


DAILY = Version(
    schedule_id="daily",
    definition_version=1,
    definition=Definition(cron_expression="@daily"),
    start_at=0,
    enabled=True,
    deleted=False,
    created_at=0,
    effective_from=0,
)
REWINDING = Rewinding(
    schedule_id="a",
    before=at(700),
    cursor=at(600),
    versions=(VersionShift(1, at(601)), VersionShift(2, at(602), at(603))),
    lapses=(LapseCut(8, at(601), 3), LapseCut(9, None, None)),
    ticks=4,
)
PART = PrunedPart(
    schedule_id="a",
    through=at(500),
    cursor=at(600),
    last_instant=at(499),
    last_run=at(498),
    ticks=1,
    missed=2,
    uncounted=3,
    others=4,
    lapses=5,
)
RUNS = PrunedRuns(
    schedule_id="a", before=at(500), after=1, through=9, unexecuted=True, last_for=at(499), runs=3, events=7
)
