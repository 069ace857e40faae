"""What a worker does with the store: claim runs, record how attempts end, ask what is open. Nothing here waits.

Every function is one transaction. The rules are those of docs/semantics/execution.md; `core.run_order` and
`core.run_decisions` make the decisions.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, NamedTuple

from arco_sched.core import events, run_decisions
from arco_sched.core.attempts import End
from arco_sched.core.events import Draft
from arco_sched.core.history import Run, RunStatus
from arco_sched.core.policy import Policy
from arco_sched.core.ports import Store, Transaction
from arco_sched.core.run_decisions import Decision, Refused
from arco_sched.core.run_events import FINAL, RunFinished
from arco_sched.core.run_order import Capacity, Choice, WorkerTerms, choose
from arco_sched.core.run_subjects import Life, OpenAttempt
from arco_sched.core.runs import fold

PAGE: Final = 8
"""Minimum of waiting runs of a pool that one claim looks at."""

LOOKED_AT: Final = 100
"""Final runs with pending hooks that one look finds: enough for those that other workers run, and some more."""

ROUNDS: Final = 20
"""Looks at the queue within one claim: each starts something, sets something aside, or is the last."""


class Terms(NamedTuple):
    """The terms of a worker: its name and host, its executor, its user, and its limits.

    `slots` limits the open attempts of the executor in this database, over all workers. `queues`: its attempts wait in
    an engine before they begin. `on_finish`: whether the worker has a hook for every run that ends.
    """

    worker: str
    host: str
    executor: str
    place: str
    pools: tuple[str, ...]
    slots: int
    user: str
    is_root: bool
    queues: bool = False
    on_finish: bool = False


class Started(NamedTuple):
    """An attempt that was recorded as started, with what is needed to start it."""

    attempt: OpenAttempt
    run: Run
    timezone: str | None
    version: int | None


class Claim(NamedTuple):
    """The result of one claim: attempts to start now, runs that were skipped, and running ones that were asked to
    end."""

    started: list[Started]
    skipped: list[str]
    asked: list[str]


def claim(store: Store, terms: Terms, now: int, *, through: int | None = None) -> Claim:
    """Record the start of what may start now, and skip what must be skipped; one bounded transaction.

    `through`: only runs requested up to that number.
    """
    with store.write() as transaction:
        return claim_within(transaction, terms, now, through)


def claim_within(transaction: Transaction, terms: Terms, now: int, through: int | None = None) -> Claim:
    """The same, within a transaction."""
    made = Claim([], [], [])
    for _ in range(ROUNDS):
        choice, free = _look(transaction, terms, now, through)
        drafts = _drafts(transaction, choice, terms, now)
        if drafts:
            transaction.append(drafts)
        behind = [run_id for run_id, why in choice.waiting.items() if why == "overlap"]
        transaction.queue.set_aside(behind)
        made.started.extend(_started(transaction, choice.started))
        made.skipped.extend(run_id for run_id, _ in choice.skipped)
        made.asked.extend(choice.asked)
        if not (drafts or behind) or free - len(choice.started) <= 0:
            break
    return made


def _look(transaction: Transaction, terms: Terms, now: int, through: int | None) -> tuple[Choice, int]:
    queue = transaction.queue
    used = queue.usage()
    free = terms.slots - queue.count_open(terms.executor)
    room = {pool: slots - used.get(pool, 0) for pool, (_, slots) in queue.pools().items() if slots is not None}
    pools = [pool for pool in terms.pools if room.get(pool, 1) > 0] if free > 0 else []
    waiting = queue.candidates(pools, now, max(PAGE, 2 * free), through)
    groups = {run.group for run in waiting if run.group is not None}
    worker = WorkerTerms(frozenset(terms.pools), terms.user, terms.is_root)
    return choose(waiting, queue.running_of(groups), [worker], Capacity(free, room), now), free


def _drafts(transaction: Transaction, choice: Choice, terms: Terms, now: int) -> list[Draft]:
    """The events of a choice, in its order."""
    skipped = dict(choice.skipped)
    lives = transaction.queue.lives([*choice.canceled, *choice.asked, *choice.started, *skipped])
    drafts: list[Draft] = []
    for run_id in (*choice.canceled, *choice.asked):
        drafts += drafts_of(lives[run_id], run_decisions.cancel(lives[run_id].state, "overlap"), now)
    for run_id in choice.started:
        open_next = run_decisions.submit if terms.queues else run_decisions.start
        decided = open_next(
            lives[run_id].state,
            executor=terms.executor,
            worker=terms.worker,
            host=terms.host,
            place=terms.place,
            now=now,
        )
        drafts += drafts_of(lives[run_id], decided, now)
    for run_id, reason in skipped.items():
        drafts += drafts_of(lives[run_id], run_decisions.skip(lives[run_id].state, reason), now)
    return drafts


def drafts_of(life: Life, decided: Decision, now: int) -> list[Draft]:
    """The drafts of a decision; a refusal gives none: another process was faster."""
    if isinstance(decided, Refused):
        return []
    return [events.life(event, life.schedule, now) for event in decided]


def _started(transaction: Transaction, run_ids: Sequence[str]) -> list[Started]:
    found: list[Started] = []
    if not run_ids:
        return found
    runs = transaction.runs.by_ids(run_ids)
    for run_id, life in transaction.queue.lives(run_ids).items():
        attempt = life.state.open_attempt
        if attempt is not None:
            zone = None
            if life.request.schedule_id is not None:
                zone = transaction.definitions.timezone(life.request.schedule_id)
            opened = OpenAttempt(life.schedule, life.request, life.state, attempt)
            found.append(Started(opened, runs[run_id], zone, life.version))
    return found


def open_attempts(store: Store, executor: str) -> list[OpenAttempt]:
    """The open attempts of an executor."""
    with store.read() as transaction:
        return transaction.queue.open_attempts(executor)


def to_start(store: Store, run_ids: Sequence[str]) -> list[Started]:
    """Attempts whose start is recorded, again with what is needed to start them."""
    if not run_ids:
        return []
    with store.read() as transaction:
        return _started(transaction, run_ids)


class Ended(NamedTuple):
    """How an attempt ended."""

    run_id: str
    attempt: int
    end: End


class Progress(NamedTuple):
    """What a worker (its name and host) learned about an attempt in an engine: its id there, when and where it began.

    `begun_at` is an epoch; None if unknown.
    """

    run_id: str
    attempt: int
    worker: str
    worker_host: str
    external_id: str | None = None
    begun_at: int | None = None
    host: str | None = None


def _progress_drafts(life: Life, each: Progress, now: int) -> list[Draft]:
    """The events for what became known; none for what is already known."""
    decided: list[Decision] = []
    state = life.state
    if each.external_id is not None:
        taken = run_decisions.submit_again(
            state,
            attempt=each.attempt,
            external_id=each.external_id,
            worker=each.worker,
            host=each.worker_host,
            now=now if each.begun_at is None else min(each.begun_at, now),
        )
        decided.append(taken)
        state = state if isinstance(taken, Refused) else fold(state, taken)
    if each.begun_at is not None:
        decided.append(run_decisions.begin(state, attempt=each.attempt, started_at=each.begun_at, host=each.host))
    return [draft for one in decided for draft in drafts_of(life, one, now)]


class News(NamedTuple):
    """The result of a look at open attempts: news of those in engines, how others ended, and which runs wait in an
    engine beyond their deadline."""

    progress: Sequence[Progress] = ()
    ended: Sequence[Ended] = ()
    late: Sequence[str] = ()


class Turn(NamedTuple):
    """What a round recorded: the runs that became final, its claim, and the `seq` of the last event before it and of
    its own last event."""

    final: list[str]
    claim: Claim
    before: int
    through: int


def record(store: Store, terms: Terms, news: News, now: int) -> Turn:
    """Record the news, in one transaction, and claim nothing."""
    if not any(news):
        return Turn([], Claim([], [], []), 0, 0)
    with store.write() as transaction:
        before = transaction.events.last_seq()
        final = _record(transaction, terms, news, now)
        return Turn(final, Claim([], [], []), before, transaction.events.last_seq())


def _record(transaction: Transaction, terms: Terms, news: News, now: int) -> list[str]:
    if news.progress:
        lives = transaction.queue.lives([each.run_id for each in news.progress])
        transaction.append([one for each in news.progress for one in _progress_drafts(lives[each.run_id], each, now)])
    final = _record_ends(transaction, terms, news.ended, now) if news.ended else []
    if news.late:
        lives = transaction.queue.lives(news.late)
        decided = [(life, run_decisions.expire(life.request, life.state, now)) for life in lives.values()]
        transaction.append([draft for life, one in decided for draft in drafts_of(life, one, now)])
    return final


def _record_ends(transaction: Transaction, terms: Terms, ended: Sequence[Ended], now: int) -> list[str]:
    lives = transaction.queue.lives([each.run_id for each in ended])
    drafts: list[Draft] = []
    final: dict[str, RunStatus] = {}
    for each in ended:
        life = lives[each.run_id]
        decided = run_decisions.finish(life.request.policy, life.state, attempt=each.attempt, end=each.end)
        drafts += drafts_of(life, decided, now)
        if not isinstance(decided, Refused):
            statuses = (event.status for event in decided if isinstance(event, RunFinished))
            final.update((each.run_id, status) for status in statuses if status in FINAL)
    transaction.append(drafts)
    # Most runs have no hooks: recording that now saves a look and a commit later.
    hookless = [
        (lives[run_id].request.number, lives[run_id].state.attempts)
        for run_id, status in final.items()
        if not hooks(lives[run_id].request.policy, status, on_finish=terms.on_finish)
    ]
    transaction.queue.hooks_done(hookless, now)
    return list(final)


def hooks(policy: Policy, status: RunStatus, *, on_finish: bool) -> bool:
    """Whether a run with this policy and this final status has hooks to run."""
    return on_finish or (status != "succeeded" and policy.on_failure is not None)


def turn(store: Store, terms: Terms, news: News, now: int, *, through: int | None = None) -> Turn:
    """Record the news, then claim what may start now, in one transaction and so one commit."""
    with store.write() as transaction:
        before = transaction.events.last_seq()
        final = _record(transaction, terms, news, now)
        claim = claim_within(transaction, terms, now, through)
        return Turn(final, claim, before, transaction.events.last_seq())


class Finished(NamedTuple):
    """A run with pending hooks. `name` is (run, attempt) as the store numbers them; `life` is its current life."""

    name: tuple[int, int]
    run: Run
    life: Life
    timezone: str | None


def take_hooks(
    store: Store,
    worker: str,
    is_here: Callable[[str | None], bool],
    *,
    besides: Collection[tuple[int, int]] = (),
    most: int,
) -> list[Finished]:
    """Take up to `most` runs with pending hooks that no other living worker has taken, except those in `besides`."""

    def free(owed: Iterable[tuple[int, int, str | None]]) -> list[tuple[int, int]]:
        names = ((run, attempt) for run, attempt, who in owed if who in {None, worker} or not is_here(who))
        return [name for name in names if name not in besides][:most]

    with store.read() as transaction:
        if not free(transaction.queue.hooks_owed(LOOKED_AT)):
            return []
    with store.write() as transaction:
        queue = transaction.queue
        mine = free(queue.hooks_owed(LOOKED_AT))
        queue.hooks_taken(mine, worker)
        lives = queue.by_number([run for run, _ in mine])
        runs = transaction.runs.by_ids([life.request.run_id for life in lives.values()])
        found = []
        for name in mine:
            life = lives[name[0]]
            schedule_id = life.request.schedule_id
            zone = None if schedule_id is None else transaction.definitions.timezone(schedule_id)
            found.append(Finished(name, runs[life.request.run_id], life, zone))
    return found


def hooks_ran(store: Store, names: Sequence[tuple[int, int]], now: int, worker: str) -> None:
    """Record that the hooks of these ends, which the worker has taken, have run or don't exist."""
    if names:
        with store.write() as transaction:
            transaction.queue.hooks_done(names, now, worker)
