"""Schedules that are not there, and which one was probably meant."""

from sqlite3 import Connection
from typing import Final

from arco_sched.core import changes
from arco_sched.core.errors import NotFound
from arco_sched.store.sqlite import reading

COMPARED: Final = 20_000
"""Ids among which the nearest is looked for, which takes a millisecond for every few dozen of them."""


def missing(connection: Connection, schedule_id: str) -> NotFound:
    """The error for an id that has no schedule, with the nearest ids there are; raises `InvalidInput` for what can't
    be an id."""
    changes.check_schedule_id(schedule_id)
    known = reading.known_ids(connection, COMPARED)
    if schedule_id not in known:
        from difflib import get_close_matches

        nearest = get_close_matches(schedule_id, known, n=3)
        if nearest:
            return NotFound(f"no schedule {schedule_id}: did you mean {' or '.join(nearest)}?")
    return changes.not_found(schedule_id)
