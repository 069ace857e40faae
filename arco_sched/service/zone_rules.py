"""When a schedule is to be looked at next, and what other zone rules change about that."""

from sqlite3 import Connection
from typing import Final

from arco_sched.core.cron import tzdata_release
from arco_sched.core.evaluate import agenda
from arco_sched.store.sqlite import append as writing
from arco_sched.store.sqlite import reading
from arco_sched.store.sqlite.database import Database

PIECE: Final = 5_000
"""Schedules that one transaction sees anew: a fraction of a second for whoever waits to write."""


def replan(connection: Connection, writer: writing.Writer, schedule: int) -> None:
    """See anew, from what is recorded, when the schedule is due, and put it on the agenda."""
    state = reading.state(connection, schedule)
    writer.agenda(schedule, agenda(state.terms, state.cursor, state.ahead))


def replan_all(database: Database, now: int) -> int:
    """Where the installed zone rules are not those last recorded, see anew under them when each schedule is due.

    It works in transactions of a bounded size and records no change yet: `note_zone_rules` does, and needs to know
    what this returns: the `seq` of the last event before it began, 0 where it did nothing.
    """
    installed = tzdata_release()
    with database.read() as connection:
        if reading.workspace(connection).zone_rules == installed:
            return 0
        since = writing.last_seq(connection)
        schedules = reading.all_schedules(connection)
    for first in range(0, len(schedules), PIECE):
        with database.write() as connection:
            if reading.workspace(connection).zone_rules == installed:
                break  # another evaluator was here
            writer = writing.Writer(connection, now)
            for schedule in schedules[first : first + PIECE]:
                replan(connection, writer, schedule)
        database.let_others()
    return since


def note_zone_rules(connection: Connection, now: int, since: int) -> None:
    """Record a change of the installed zone rules, after `replan_all`; `since` is what that returned.

    What somebody who still had the former rules did to a schedule meanwhile is made good.
    """
    recorded, installed = reading.workspace(connection).zone_rules, tzdata_release()
    if recorded == installed:
        return
    writer = writing.Writer(connection, now)
    touched = reading.schedules_since(connection, since)
    writer.zone_rules(recorded, installed)
    writer.finish()
    for schedule in touched:
        replan(connection, writer, schedule)
