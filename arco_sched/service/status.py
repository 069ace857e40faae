"""`arco status`: one look at everything."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from arco_sched.core.evaluate import agenda as planned_next
from arco_sched.core.evaluate import waiting
from arco_sched.core.instants import CLOCK_TOLERANCE, DAY
from arco_sched.core.ports import Transaction
from arco_sched.core.run_subjects import Worker
from arco_sched.core.standing import Results
from arco_sched.core.subjects import State
from arco_sched.service.check import OF_RUNS, Finding, IsHere, Works, usual_lag, waiting_by_reason
from arco_sched.service.check import look as check
from arco_sched.service.serving import Served
from arco_sched.service.states import sets_of_states

NAMED = 10
"""How many overdue, failing or ahead schedules are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One look at everything, as of `now`.

    `visited_at` is the `now` of the evaluator's last visit (None: none yet) and `lag_seconds` how long ago
    that was. Schedules are counted by state, and as `failing` where the version in force can't be evaluated. `overdue`
    schedules have occurrences that wait, `backlog` in all; `overdue_schedules` names the first of them with the instant
    since when, longest first. `ahead` names schedules that are ahead of the clock by more than a minute, with
    the instant through which nothing of them is due. The `…_last_day` fields are of the 24 hours before `now`: ticks
    scheduled for them and their runs by status, lapses and conflicts recorded then. `running` counts open attempts,
    `waiting_for` the runs that wait for a worker to start them by the first reason that holds (`ready`: none), `queues`
    has (open attempts, waiting runs) by pool, `full` who holds the slots where runs wait for one,
    `came_by_at` when a worker that doesn't stay came by last, if it's expected again. `workers` are those
    that work, `findings` what asks for attention about runs, `results` those of each schedule, where asked for.
    `evaluation_minutes` are to lie between two evaluations, where somebody said so.
    """

    now: int
    workspace: str
    zone_rules: str
    visited_at: int | None
    lag_seconds: int | None
    enabled: int
    paused: int
    deleted: int
    failing: int
    overdue: int
    backlog: int
    overdue_schedules: tuple[tuple[str, int], ...]
    ahead: tuple[tuple[str, int], ...]
    next_due_at: int | None
    triggered_last_day: int
    skipped_last_day: int
    failed_last_day: int
    lapsed_last_day: int
    conflicts_last_day: int
    failing_schedules: tuple[str, ...]
    running: int
    waiting_for: Mapping[str, int]
    queues: Mapping[str, tuple[int, int]]
    workers: tuple[Worker, ...]
    runs_last_day: Mapping[str, int]
    findings: tuple[Finding, ...]
    results: tuple[Results, ...]
    evaluation_minutes: int | None = None
    full: Served | None = None
    came_by_at: int | None = None

    @property
    def usual_lag(self) -> int:
        """The seconds that may pass between two evaluations before it attracts attention."""
        return usual_lag(self.evaluation_minutes)


def look(transaction: Transaction, now: int, is_here: IsHere, *, results: bool = False) -> Status:
    """The state of everything as of `now`; its cost follows what is due, runs and waits, and what the last day
    recorded. `results`: those of every schedule, too."""
    agenda, definitions, history = transaction.agenda, transaction.definitions, transaction.history
    about = definitions.about()
    counts = definitions.count_by_state(now)
    since = now - DAY
    ticks = history.tick_counts(since, now)
    overdue = agenda.overdue(now)
    backlog, coming = 0, _planned(transaction, now)
    for states in sets_of_states(transaction, (schedule for schedule, _ in overdue)):
        backlog += sum(waiting(state.terms, state.cursor, now + 1, state.ahead) for state in states)
        coming += _next_after(states, now)
    named = definitions.states([schedule for schedule, _ in overdue[:NAMED]])
    through = dict(definitions.ahead_of(now + CLOCK_TOLERANCE, NAMED))
    ahead = definitions.states(list(through))
    works, standing = Works(transaction, now, is_here), transaction.standing
    waits, full = waiting_by_reason(transaction, now, works)
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
        ahead=tuple((state.schedule_id, through[state.schedule]) for state in ahead),
        next_due_at=min(coming, default=None),
        triggered_last_day=ticks.get("triggered", 0),
        skipped_last_day=ticks.get("skipped", 0),
        failed_last_day=ticks.get("failed", 0),
        lapsed_last_day=history.count_lapsed(since, now),
        conflicts_last_day=transaction.runs.count_conflicted(since, now),
        failing_schedules=tuple(agenda.failing(now, NAMED)),
        running=standing.count_running(),
        waiting_for=waits,
        queues=_queues(transaction),
        workers=tuple(works.workers),
        runs_last_day=standing.runs_due(since, now),
        findings=tuple(check(transaction, now, OF_RUNS, is_here)),
        results=tuple(standing.results()) if results else (),
        evaluation_minutes=about.evaluation_minutes,
        full=full,
        came_by_at=max((visit.visited_at for visit in works.visited.values()), default=None),
    )


def _queues(transaction: Transaction) -> dict[str, tuple[int, int]]:
    """(open attempts, waiting runs) of each pool that has any."""
    used, waits = transaction.queue.usage(), transaction.queue.count_waiting()
    return {pool: (used.get(pool, 0), waits.get(pool, 0)) for pool in sorted({*used, *waits})}


def _planned(transaction: Transaction, now: int) -> list[int]:
    """The first instant after `now` at which a schedule is due that is not overdue; what was planned under other zone
    rules is looked at anew, as the next evaluation will."""
    found = [] if (first := transaction.agenda.next_due_after(now)) is None else [first]
    for states in sets_of_states(transaction, transaction.zones.planned_elsewhere()):
        found += _next_after(states, now)
    return found


def _next_after(states: Iterable[State], now: int) -> list[int]:
    """When each of the schedules is due next after `now`, whatever waits of it."""
    entries = (planned_next(state.terms, max(state.cursor, now), state.ahead) for state in states)
    return [entry.due_at for entry in entries if entry is not None and not entry.failing]
