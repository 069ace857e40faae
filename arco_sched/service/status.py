"""`arco status`: one look at everything."""

from arco_sched.core.evaluate import waiting
from arco_sched.core.instants import DAY
from arco_sched.core.ports import Transaction
from arco_sched.service.answers import Status
from arco_sched.service.check import OF_RUNS, IsHere, Works, waiting_by_reason
from arco_sched.service.check import look as check

NAMED = 10
"""How many overdue, failing or ahead schedules are named."""

READ = 1_000
"""How many schedules' states are read at a time."""


def look(transaction: Transaction, now: int, is_here: IsHere, *, results: bool = False) -> Status:
    """The state of everything as of `now`; its cost follows what is due, runs and waits, and what the last day
    recorded. `results`: those of every schedule, too."""
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
    works, standing = Works(transaction, is_here), transaction.standing
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
        running=standing.count_running(),
        waiting_for=waiting_by_reason(transaction, now, works),
        queues=_queues(transaction),
        workers=tuple(works.workers),
        runs_last_day=standing.runs_due(since, now),
        findings=tuple(check(transaction, now, OF_RUNS, is_here)),
        results=tuple(standing.results()) if results else (),
    )


def _queues(transaction: Transaction) -> dict[str, tuple[int, int]]:
    """(open attempts, waiting runs) of each pool that has any."""
    used, waits = transaction.queue.usage(), transaction.queue.count_waiting()
    return {pool: (used.get(pool, 0), waits.get(pool, 0)) for pool in sorted({*used, *waits})}
