"""`arco status`: one look at everything."""

import sqlite3

from arco_sched.core.evaluate import waiting
from arco_sched.core.instants import DAY
from arco_sched.service.answers import Status
from arco_sched.store.sqlite import reading

NAMED = 10
"""How many overdue, failing or ahead schedules are named."""


def look(connection: sqlite3.Connection, now: int) -> Status:
    """The state of everything as of `now`; its cost follows what is due and what the last day recorded."""
    about = reading.workspace(connection)
    states = reading.states(connection)
    since = now - DAY
    ticks = reading.tick_counts(connection, since, now)
    backlog = overdue = 0
    named: list[tuple[str, int]] = []
    for schedule, due_at in reading.overdue(connection, now):
        state = reading.state(connection, schedule)
        overdue += 1
        backlog += waiting(state.terms, state.cursor, now + 1, state.ahead)
        if len(named) < NAMED:
            named.append((state.schedule_id, due_at))
    ahead = [reading.state(connection, schedule) for schedule in reading.accounted_beyond(connection, now, NAMED)]
    return Status(
        now=now,
        workspace=about.name,
        zone_rules=about.zone_rules,
        visited_at=about.visited_at,
        lag_seconds=None if about.visited_at is None else now - about.visited_at,
        enabled=states.get("enabled", 0),
        paused=states.get("paused", 0),
        deleted=states.get("deleted", 0),
        failing=reading.count_failing(connection, now),
        overdue=overdue,
        backlog=backlog,
        overdue_schedules=tuple(named),
        ahead=tuple((state.schedule_id, state.cursor) for state in ahead),
        next_due_at=reading.next_due_after(connection, now),
        triggered_last_day=ticks.get("triggered", 0),
        skipped_last_day=ticks.get("skipped", 0),
        failed_last_day=ticks.get("failed", 0),
        lapsed_last_day=reading.count_lapsed(connection, since, now),
        conflicts_last_day=reading.count_conflicted(connection, since, now),
        failing_schedules=tuple(reading.failing(connection, now, NAMED)),
    )
