"""`arco status`: one look at everything."""

from arco_sched.core.evaluate import waiting
from arco_sched.core.instants import DAY
from arco_sched.core.ports import Transaction
from arco_sched.service.answers import Status

NAMED = 10
"""How many overdue, failing or ahead schedules are named."""

READ = 1_000
"""How many schedules' states are read at a time."""


def look(transaction: Transaction, now: int) -> Status:
    """The state of everything as of `now`; its cost follows what is due and what the last day recorded."""
    agenda, definitions, history = transaction.agenda, transaction.definitions, transaction.history
    about = definitions.about()
    counts = definitions.count_by_state()
    since = now - DAY
    ticks = history.tick_counts(since, now)
    overdue = agenda.overdue(now)
    backlog = 0
    for first in range(0, len(overdue), READ):
        for state in definitions.states([schedule for schedule, _ in overdue[first : first + READ]]):
            backlog += waiting(state.terms, state.cursor, now + 1, state.ahead)
    named = definitions.states([schedule for schedule, _ in overdue[:NAMED]])
    ahead = definitions.states(definitions.accounted_beyond(now, NAMED))
    return Status(
        now=now,
        workspace=about.name,
        zone_rules=about.zone_rules,
        visited_at=about.visited_at,
        lag_seconds=None if about.visited_at is None else now - about.visited_at,
        enabled=counts.get("enabled", 0),
        paused=counts.get("paused", 0),
        deleted=counts.get("deleted", 0),
        failing=agenda.count_failing(now),
        overdue=len(overdue),
        backlog=backlog,
        overdue_schedules=tuple((state.schedule_id, since) for state, (_, since) in zip(named, overdue, strict=False)),
        ahead=tuple((state.schedule_id, state.cursor) for state in ahead),
        next_due_at=agenda.next_due_after(now),
        triggered_last_day=ticks.get("triggered", 0),
        skipped_last_day=ticks.get("skipped", 0),
        failed_last_day=ticks.get("failed", 0),
        lapsed_last_day=history.count_lapsed(since, now),
        conflicts_last_day=transaction.runs.count_conflicted(since, now),
        failing_schedules=tuple(agenda.failing(now, NAMED)),
    )
