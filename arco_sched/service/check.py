"""`arco check`: what needs attention, a finding each. `arco status` shows the same."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from arco_sched.core.attempts import EXTERNAL, times_out_at
from arco_sched.core.instants import CLOCK_TOLERANCE, format_instant, format_span
from arco_sched.core.ports import Transaction
from arco_sched.core.run_order import Capacity, WorkerTerms, champions, waiting, waiting_for
from arco_sched.core.run_subjects import Worker
from arco_sched.core.standing import Ready
from arco_sched.service.serving import Served, Serving, told

if TYPE_CHECKING:
    from datetime import timedelta

FindingKind = Literal["lag", "unevaluable", "failed", "stale", "late", "unserved", "overdue", "waiting"]

LAG: Final = 300
"""Seconds without an evaluation after which, by default, the scheduler counts as not running."""

LATE: Final = 300
"""Seconds for which, by default, a run may be ready without starting."""

SCHEDULES: Final = 1000
"""Schedules that are named of a kind, at most."""

RUNS: Final = 20
"""Runs that are named of a kind, at most; one more finding counts the others."""

LOOKED_AT: Final = 1000
"""Ready runs that are looked at, the longest waiting first."""

IsHere = Callable[[Worker], bool]
"""Whether a worker that was seen still works."""


class Finding(NamedTuple):
    """Something that needs attention; `message` is a sentence with what to do, without a full stop."""

    kind: FindingKind
    schedule_id: str | None
    run_id: str | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to judge: seconds, a number of runs, or whether; None and False leave it out.

    With `late` goes what no worker serves, and attempts of executors of one's own that are past their timeout.
    """

    max_lag: int | None = None
    late: int | None = None
    waiting: int | None = None
    stale: bool = False
    failed: bool = False
    unevaluable: bool = False
    unless_idle: bool = False
    """No evaluation is missed where no schedule is enabled."""

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            max_lag: timedelta | int | None = None,
            late: timedelta | int | None = None,
            waiting: int | None = None,
            stale: bool = False,
            failed: bool = False,
            unevaluable: bool = False,
            unless_idle: bool = False,
        ) -> None:
            """What a workspace takes; the types above are what it is kept as."""


ALL: Final = Asked(max_lag=LAG, late=LATE, stale=True, failed=True, unevaluable=True, unless_idle=True)
"""All that can be judged without being told more."""


OF_RUNS: Final = Asked(late=LATE, stale=True, failed=True)
"""What `arco status` has no words of its own for."""


def unserved(pool: str) -> str:
    """That no worker takes the runs of a pool, and the command that helps."""
    work = "`arco work`" if pool == "default" else f"`arco work --pool {pool}`"
    return f"no worker serves pool {pool}: start {work}"


def look(transaction: Transaction, now: int, asked: Asked, is_here: IsHere) -> list[Finding]:
    """The findings as of `now`; the cost follows the schedules, what runs and what waits."""
    found: list[Finding] = []
    if asked.max_lag is not None:
        found += _lag(transaction, now, asked.max_lag, unless_idle=asked.unless_idle)
    if asked.unevaluable:
        found += _unevaluable(transaction, now)
    if asked.failed:
        found += _failed(transaction, now)
    if asked.stale:
        found += _stale(transaction, now)
    if asked.late is not None:
        works = Works(transaction, now, is_here)
        found += _ready(transaction, now, asked.late, works)
        found += _overdue(transaction, now)
    if asked.waiting is not None:
        found += _waiting(transaction, asked.waiting)
    return found


class Works(Serving):
    """Who works: the workers that are here or come by, what they serve, and what is free.

    `next_visit` has the pools that are served by workers that come by: seconds within which one certainly does.
    """

    def __init__(self, transaction: Transaction, now: int, is_here: IsHere) -> None:
        super().__init__(transaction, now, (worker for worker in transaction.queue.workers() if is_here(worker)))
        self.next_visit = {
            pool: 2 * visit.interval
            for pool, visit in self.visited.items()
            if visit.interval and pool not in self.staying
        }
        # An attempt that is open was started by somebody.
        self.pools |= transaction.standing.worked_pools()

    @property
    def terms(self) -> list[WorkerTerms]:
        """All of them as one that takes every run of the pools that are served."""
        return [WorkerTerms(frozenset(self.pools), "", is_root=True)]


def waiting_by_reason(transaction: Transaction, now: int, works: Works) -> tuple[dict[str, int], Served | None]:
    """How many runs wait that a worker may take, by the first reason that holds; `ready` where none does. And where
    some wait for a slot, who holds those of the first such pool."""
    found: dict[str, int] = {}
    full: Served | None = None
    for pool, stage, count in transaction.standing.waiting(now):
        reason = stage
        if stage in {"overlap", "ready"} and pool not in works.pools:
            reason = "worker"
        elif stage == "ready" and works.room.get(pool, 1) <= 0:
            reason = "pool"
        elif stage == "ready" and works.free(pool) <= 0:
            reason, full = "slot", full or works.of(pool)
        found[reason] = found.get(reason, 0) + count
    return found, full


def usual_lag(minutes: int | None) -> int:
    """The seconds that may pass between two evaluations, of which one is to come each so many minutes (1)."""
    return LAG + 60 * ((minutes or 1) - 1)


def since_visit(visited: int, minutes: int | None, now: int) -> tuple[bool | None, str]:
    """Whether the next evaluation is overdue (False, else None), and why what became due since the last one waits."""
    if minutes is not None and now - visited <= 60 * minutes:
        every = "every minute" if minutes == 1 else f"every {minutes} minutes"
        return None, f"it waits for the next evaluation, expected {every}: the last was at {format_instant(visited)}"
    return False, f"no evaluation since {format_instant(visited)}: run `arco tick`"


def _lag(transaction: Transaction, now: int, most: int, *, unless_idle: bool) -> Iterator[Finding]:
    if unless_idle and not transaction.definitions.count_by_state(now).get("enabled"):
        return
    about = transaction.definitions.about()
    at = about.visited_at
    remedy = "let cron call `arco tick` every minute, or start `arco work --tick`"
    if at is None:
        yield Finding("lag", None, None, f"nothing has ever been evaluated: {remedy}")
    elif now - at > (max(most, usual_lag(about.evaluation_minutes)) if unless_idle else most):
        yield Finding("lag", None, None, f"no evaluation since {format_instant(at)}: {remedy}")
    elif at - now > CLOCK_TOLERANCE:
        text = f"the last evaluation was at {format_instant(at)}, ahead of the clock: see `arco status`"
        yield Finding("lag", None, None, text)


def _unevaluable(transaction: Transaction, now: int) -> Iterator[Finding]:
    for name in transaction.agenda.failing(now, SCHEDULES):
        text = f"{name} can't be evaluated: see `arco ticks list --schedule {name} --status failed`"
        yield Finding("unevaluable", name, None, text)


def _failed(transaction: Transaction, now: int) -> Iterator[Finding]:
    for name, run_id, ended_at in transaction.standing.failed_last(now, SCHEDULES):
        when = "" if ended_at is None else f" at {format_instant(ended_at)}"
        text = f"the last run of {name} failed{when}; see `arco runs show {run_id}`"
        yield Finding("failed", name, run_id, text)


def _stale(transaction: Transaction, now: int) -> Iterator[Finding]:
    for name, since, within, _ in transaction.standing.stale(now, SCHEDULES):
        span = format_span(within, "seconds")
        text = f"{name} has had no success since {format_instant(since)}, and one is expected within {span}"
        yield Finding("stale", name, None, text)


def _ready(transaction: Transaction, now: int, late: int, works: Works) -> Iterator[Finding]:
    """Runs that no worker serves, and runs that could start and have not."""
    ready = transaction.standing.ready(now, now, LOOKED_AT)
    for pool, stage, count in transaction.standing.waiting(now):
        if stage != "ready" or pool in works.pools:
            continue
        named = [row for row in ready if row.pool == pool][:RUNS]
        for row in named:
            yield Finding("unserved", row.schedule_id, row.run_id, f"{_who(row)} is waiting, but {unserved(pool)}")
        if count > len(named):
            yield Finding("unserved", None, None, f"{_more(count - len(named))} waiting, but {unserved(pool)}")
    since_long = [row for row in ready if row.pool in works.pools and row.since <= now - late]
    could_start, slotless = _could_start(transaction, since_long, now, works)
    found = [row for row in could_start if row.since <= now - works.next_visit.get(row.pool, 0)]
    for row in found[:RUNS]:
        text = (
            f"{_who(row)} has been ready since {format_instant(row.since)} but hasn't started: {_look_at(row, works)}"
        )
        yield Finding("late", row.schedule_id, row.run_id, text)
    if len(found) > RUNS:
        yield Finding("late", None, None, f"{_more(len(found) - RUNS)} ready but not started")
    if slotless:
        yield _no_slot(slotless, now, works)


def _look_at(row: Ready, works: Works) -> str:
    """Where to look for why a run that could start hasn't."""
    served = works.of(row.pool)
    if served.slots or served.visited_at is None:
        return "see `arco workers`"
    return (
        f"the last `arco work --once` was at {format_instant(served.visited_at)}; call it by hand to see what it says"
    )


def _no_slot(rows: Sequence[Ready], now: int, works: Works) -> Finding:
    """One finding for all that wait for a slot: what holds the slots is the same for each."""
    first, served = rows[0], works.of(rows[0].pool)
    text = f"{_who(first)} has been waiting for a slot since {format_instant(first.since)}"
    if len(rows) > 1:
        text += f", and {_more(len(rows) - 1)} waiting too"
    return Finding("late", first.schedule_id, first.run_id, f"{text}: {told(served, now)}")


def _more(count: int) -> str:
    return "1 more run is" if count == 1 else f"{count:,} more runs are"


def _who(row: Ready) -> str:
    return f"run {row.run_id}" if row.schedule_id is None else f"run {row.run_id} of {row.schedule_id}"


def _could_start(
    transaction: Transaction, rows: Sequence[Ready], now: int, works: Works
) -> tuple[list[Ready], list[Ready]]:
    """Those that wait for nothing, neither for others of their schedule nor for a slot; and those that wait for a slot,
    without backfilled runs: they are meant to queue."""
    lives = transaction.queue.by_number([row.run for row in rows])
    looked = {number: waiting(life.request, life.state) for number, life in lives.items()}
    groups = {run.group for run in looked.values() if run is not None and run.group is not None}
    others = transaction.queue.running_of(groups)
    first = champions([run for run in looked.values() if run is not None], others)
    found, slotless = [], []
    for row in rows:
        run = looked.get(row.run)
        if run is None:
            continue
        beside, champion = ((), None) if run.group is None else (others.get(run.group, ()), first.get(run.group))
        why = waiting_for(run, now, works.terms, Capacity(works.free(run.pool), works.room), beside, champion)
        if why is None:
            found.append(row)
        elif why == "slot" and not run.backfill:
            slotless.append(row)
    return found, slotless


def _overdue(transaction: Transaction, now: int) -> Iterator[Finding]:
    """Attempts of executors of one's own that are past their timeout: nobody else ends them."""
    for each in transaction.queue.open_attempts(EXTERNAL):
        at = times_out_at(each.attempt, each.request.policy.timeout_seconds)
        if at is not None and now > at:
            run_id, number = each.request.run_id, each.attempt.number
            text = (
                f"attempt {number} of run {run_id} has been past its timeout since {format_instant(at)}: "
                f"`arco runs fail {run_id}` ends it"
            )
            yield Finding("overdue", each.request.schedule_id, run_id, text)


def _waiting(transaction: Transaction, most: int) -> Iterator[Finding]:
    count = sum(transaction.queue.count_waiting().values())
    if count > most:
        wait = "1 run is" if count == 1 else f"{count:,} runs are"
        text = f"{wait} waiting, more than {most:,}: see `arco status`"
        yield Finding("waiting", None, None, text)
