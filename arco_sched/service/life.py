"""What people do to runs and pools by hand: cancel, skip, retry, and report what executors of their own do."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from arco_sched.core import events, identity, run_decisions, run_reports
from arco_sched.core.attempts import Attempt
from arco_sched.core.errors import Conflict, InvalidInput, NotFound
from arco_sched.core.events import Draft
from arco_sched.core.history import RUN_STATUSES, Run
from arco_sched.core.kinds import problems_of
from arco_sched.core.policy import MAX_EXIT_CODE, MAX_SLOTS
from arco_sched.core.ports import Store, Transaction
from arco_sched.core.problems import Problem, said
from arco_sched.core.run_decisions import Decision, Refused
from arco_sched.core.run_events import PoolSet
from arco_sched.core.run_order import Capacity, WaitingFor, WorkerTerms, champions, waiting, waiting_for
from arco_sched.core.run_subjects import SILENT, Life, Worker
from arco_sched.core.runs import Request, RunState
from arco_sched.core.special_kinds import Name
from arco_sched.service.lists import check_choice
from arco_sched.service.not_found import nearest, number_of
from arco_sched.service.serving import Served, Serving

BATCH: Final = 2_000
"""Maximum runs that one transaction changes by hand."""

RunChange = Literal["changed", "existing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLife:
    """A run with its life: its request, its state, and what it waits for (None: nothing).

    `attempts` are all attempts if a single run was asked for; `state` always has the last one. `served` is how its pool
    is served, if it waits for a slot or only for a worker to start it.
    """

    run: Run
    request: Request
    state: RunState
    attempts: tuple[Attempt, ...]
    waiting_for: WaitingFor | None
    timezone: str | None
    served: Served | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What was done by hand to some runs; `existing` where everything was so already."""

    runs: tuple[RunLife, ...]
    change: RunChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A pool: its limit of attempts at once (None: no limit), and how many attempts run and how many runs wait."""

    pool: str
    slots: int | None
    running: int
    waiting: int


def cancel(store: Store, run_ids: Sequence[str], *, now: int) -> Changed:
    """Cancel runs: a waiting one immediately; a running one is asked to end. Raises `Conflict` for a final one."""
    return _by_hand(store, run_ids, lambda life: run_decisions.cancel(life.state), now)


def skip(store: Store, run_ids: Sequence[str], *, now: int) -> Changed:
    """Skip runs that wait, with the reason `discarded`."""
    return _by_hand(store, run_ids, lambda life: run_decisions.skip(life.state), now)


def retry(store: Store, run_ids: Sequence[str], *, now: int, force: bool = False) -> Changed:
    """Make final runs wait again; a success only with `force`."""
    return _by_hand(store, run_ids, lambda life: run_decisions.retry(life.state, force=force), now)


def start(store: Store, run_id: str, *, external_id: str, now: int) -> Changed:
    """An executor of one's own begins the next attempt; the same id again is `existing`, another a `Conflict`."""
    return _by_hand(
        store,
        [run_id],
        lambda life: run_reports.start_by_hand(life.request, life.state, external_id=external_id, now=now),
        now,
    )


def finish(store: Store, run_id: str, *, attempt: int, exit_code: int, message: str | None, now: int) -> Changed:
    """An executor of one's own tells how its attempt ended."""
    if not 0 <= exit_code <= MAX_EXIT_CODE:
        raise InvalidInput(f"the exit code must be between 0 and {MAX_EXIT_CODE}")
    return _by_hand(
        store,
        [run_id],
        lambda life: run_reports.finish_by_hand(
            life.request.policy, life.state, attempt=attempt, exit_code=exit_code, message=message, now=now
        ),
        now,
    )


def fail(store: Store, run_id: str, *, attempt: int | None, message: str | None, now: int) -> Changed:
    """The open attempt of an executor of one's own failed, without an exit code; `Conflict` where it is another one."""
    return _by_hand(
        store,
        [run_id],
        lambda life: run_reports.fail_by_hand(
            life.request.policy, life.state, attempt=attempt, message=message, now=now
        ),
        now,
    )


def _by_hand(store: Store, run_ids: Sequence[str], decide: Callable[[Life], Decision], now: int) -> Changed:
    """Decide about each run and record it, all or nothing; many runs in transactions of a bounded size, after checking
    that none is refused."""
    names = list(dict.fromkeys(run_ids))
    parts = [names[first : first + BATCH] for first in range(0, len(names), BATCH)]
    if len(parts) > 1:
        with store.read() as transaction:
            _decided(transaction, names, decide, now)
    runs: list[RunLife] = []
    is_changed = False
    for part in parts:
        with store.write() as transaction:
            drafts = _decided(transaction, part, decide, now)
            transaction.append(drafts)
            found = transaction.runs.by_ids(part)
            runs += look_at_all(transaction, [found[run_id] for run_id in part], now)
        is_changed |= bool(drafts)
        if len(parts) > 1:
            store.yield_to_writers()
    return Changed(runs=tuple(runs), change="changed" if is_changed else "existing")


def _decided(
    transaction: Transaction, run_ids: Sequence[str], decide: Callable[[Life], Decision], now: int
) -> list[Draft]:
    lives = transaction.queue.lives(run_ids)
    drafts: list[Draft] = []
    refused: list[Refused] = []
    for run_id in run_ids:
        if run_id not in lives:
            raise NotFound(said(f"no run {run_id!a}", hint="runs"))
        decided = decide(lives[run_id])
        if isinstance(decided, Refused):
            refused.append(decided)
        else:
            drafts += [events.life(event, lives[run_id].schedule, now) for event in decided]
    if refused:
        raise Conflict(*(each.problem() for each in refused))
    return drafts


def look(transaction: Transaction, run_id: str, now: int) -> RunLife:
    """A run with its life; raises `NotFound`."""
    run = transaction.runs.by_id(run_id)
    if run is None:
        raise NotFound(said(f"no run {run_id!a}", hint="runs"))
    (life,) = look_at_all(transaction, [run], now)
    return replace(life, attempts=tuple(transaction.runs.attempts(run_id)))


def look_at_all(transaction: Transaction, runs: Sequence[Run], now: int) -> tuple[RunLife, ...]:
    """Runs with their lives, without the attempts before the last; takes a fixed number of queries."""
    lives = transaction.queue.lives([run.run_id for run in runs])
    schedules = list(dict.fromkeys(run.schedule_id for run in runs if run.schedule_id is not None))
    newest = transaction.definitions.currents(schedules)
    zones = {schedule_id: current.version.definition.timezone for schedule_id, current in newest.items()}
    why = why_waiting(transaction, lives, now)
    return tuple(
        RunLife(
            run=run,
            request=lives[run.run_id].request,
            state=lives[run.run_id].state,
            attempts=(),
            waiting_for=why[run.run_id][0] if run.run_id in why else None,
            timezone=None if run.schedule_id is None else zones.get(run.schedule_id),
            served=why[run.run_id][1] if run.run_id in why else None,
        )
        for run in runs
    )


def why_waiting(
    transaction: Transaction, lives: Mapping[str, Life], now: int
) -> dict[str, tuple[WaitingFor | None, Served | None]]:
    """What each of the runs that wait waits for, and how its pool is served where that decides; None for one that the
    next worker that looks starts."""
    rows = [row for life in lives.values() if (row := waiting(life.request, life.state)) is not None]
    if not rows:
        return {}
    queue = transaction.queue
    serving = Serving(transaction, now, (each for each in queue.workers() if abs(now - each.seen_at) <= SILENT))
    terms = [WorkerTerms(frozenset(serving.pools), "", is_root=True)]
    others = queue.running_of({row.group for row in rows if row.group is not None})
    found: dict[str, tuple[WaitingFor | None, Served | None]] = {}
    for row in rows:
        champion = None if row.group is None else champions([row], others).get(row.group)
        beside = () if row.group is None else others.get(row.group, ())
        why = waiting_for(row, now, terms, Capacity(serving.free(row.pool), serving.room), beside, champion)
        found[row.run_id] = (why, serving.of(row.pool) if why in {None, "slot"} else None)
    return found


def set_pool(store: Store, pool: str, slots: int | None, *, now: int) -> tuple[Pool, RunChange]:
    """Limit a pool over all workers (None: no limit); returns the pool, and `changed` or `existing`."""
    problems = problems_of(Name(), "pool", pool)
    if problems:
        raise InvalidInput(*problems)
    if slots is not None and not 0 <= slots <= MAX_SLOTS:
        raise InvalidInput(f"slots must be between 0 and {MAX_SLOTS}")
    with store.write() as transaction:
        known = transaction.queue.pools().get(pool)
        before = None if known is None else PoolSet(pool=pool, number=known[0], slots=known[1])
        event = run_decisions.set_pool(pool, before, slots)
        if event is not None:
            transaction.append([events.life(event, None, now)])
        (after,) = (each for each in pools(transaction, pool) if each.pool == pool)
        return after, "existing" if event is None else "changed"


def pools(transaction: Transaction, *named: str) -> list[Pool]:
    """Every pool that has a limit, or in which something runs or waits; and those that are named."""
    queue = transaction.queue
    limits, running, waiting = queue.pools(), queue.usage(), queue.count_waiting()
    return [
        Pool(
            pool=name, slots=limits.get(name, (0, None))[1], running=running.get(name, 0), waiting=waiting.get(name, 0)
        )
        for name in sorted({*limits, *running, *waiting, "default", *named})
    ]


def workers(transaction: Transaction) -> list[tuple[Worker, int]]:
    """The workers that were seen and haven't left, each with the number of open attempts that it started or took over.

    What workers left that are gone counts for the only one of its executor, if there is only one.
    """
    found = transaction.queue.workers()
    names = {worker.worker for worker in found}
    kinds = Counter(worker.executor for worker in found)
    alone = {worker.executor: worker.worker for worker in found if kinds[worker.executor] == 1}
    whose = Counter(
        each.attempt.worker if each.attempt.worker in names else alone.get(kind)
        for kind in kinds
        for each in transaction.queue.open_attempts(kind)
    )
    return [(worker, whose[worker.worker]) for worker in found]


def resolve_all(
    store: Store, texts: Iterable[str], *, wanted: Iterable[str] = (), canceling: bool = False
) -> list[str]:
    """The run ids that the texts refer to; see `resolve`."""
    statuses = tuple(wanted)
    with store.read() as transaction:
        return [resolve(transaction, text, wanted=statuses, canceling=canceling) for text in texts]


def chosen(store: Store, schedule_id: str, status: str) -> list[str]:
    """The ids of all runs of a schedule with a status, oldest request first. Raises `NotFound`."""
    check_choice("status", status, RUN_STATUSES)
    with store.read() as transaction:
        return transaction.runs.ids_of(number_of(transaction, schedule_id), status)


def _by_key(transaction: Transaction, text: str) -> Run | None:
    parsed = identity.parse_run_key(text)
    schedule = None if parsed is None else transaction.definitions.number(parsed.schedule_id)
    return transaction.runs.by_key(text, None if schedule is None else parsed, schedule)


def _check_only_one(transaction: Transaction, schedule_id: str) -> None:
    """Refuse the id of a schedule of which several runs are running: it would end any one of them."""
    number = transaction.definitions.number(schedule_id)
    running = [] if number is None else transaction.runs.ids_of(number, "running")
    if len(running) > 1:
        raise InvalidInput(
            f"{len(running)} runs of {schedule_id} are running: name one by its run id, such as {running[0]}"
        )


def _none_of(
    transaction: Transaction, schedule_id: str, number: int, statuses: tuple[str, ...], *, canceling: bool
) -> Problem:
    """That a schedule has no run with one of these statuses; with `canceling`, which ones could be canceled."""
    if statuses != ("running",):
        return said(f"{schedule_id} has no {' or '.join(statuses)} run", hint="runs_of", schedule_id=schedule_id)
    what = f"no run of {schedule_id} is running"
    waits = transaction.runs.ids_of(number, "requested") if canceling else []
    if not waits:
        return said(what, hint="runs_of", schedule_id=schedule_id)
    if len(waits) == 1:
        return said(f"{what}; 1 is waiting", hint="cancel", run_id=waits[0])
    return said(f"{what}; {len(waits):,} are waiting", hint="waiting_runs", schedule_id=schedule_id)


def resolve(transaction: Transaction, text: str, *, wanted: Iterable[str] = (), canceling: bool = False) -> str:
    """The run id that somebody means: an exact one, a tick id, a schedule id, the beginning of one, or a run key.

    Of a schedule it is the last run with one of the `wanted` statuses (default: the last); of those that are running,
    the only one. Raises `NotFound`, with `canceling` naming what is waiting, and `InvalidInput` if it may be one of
    several.
    """
    statuses = tuple(wanted)
    found = transaction.runs.meant(text, statuses)
    if len(found) == 1:
        if "running" in statuses and found != [text]:
            _check_only_one(transaction, text)
        return found[0]
    if found:
        raise InvalidInput(f"{text!a} is the beginning of {len(found)} run ids: write more of it")
    run = _by_key(transaction, text)
    if run is not None:
        return run.run_id
    number = transaction.definitions.number(text)
    if number is not None and statuses:
        raise NotFound(_none_of(transaction, text, number, statuses, canceling=canceling))
    if number is not None:
        raise NotFound(f"schedule {text} has no runs yet")
    meant = nearest(transaction, text)
    if meant is not None:
        raise NotFound(f"no run {text!a}: did you mean {meant}?")
    raise NotFound(said(f"no run {text[:80]!a}", hint="runs"))
