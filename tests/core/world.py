"""A small world for the pure core: instants are minutes of one day, and a schedule occurs every ten minutes."""

from typing import Any

from arco_sched.core.definitions import Term
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
