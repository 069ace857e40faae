"""Which workers serve a pool, how many of their slots are free, and who holds the others."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from arco_sched.core.instants import spoken
from arco_sched.core.ports import Transaction
from arco_sched.core.run_subjects import Visit, Worker

NAMED: Final = 3
"""Runs that hold slots and are named, at most."""


class Holder(NamedTuple):
    """A run that holds a slot, since an epoch (None: it waits in an engine's queue)."""

    run_id: str
    schedule_id: str | None
    since: int | None
    timeout_seconds: int | None


class Served(NamedTuple):
    """How the pool of a waiting run is served.

    `stays`: by a worker that stays. `visited_at`: when a worker came by last that doesn't (`work --once`), `interval`
    seconds after the one before (None if that isn't known). `slots` is how many attempts the workers at work allow
    at once (0: none is at work), and `holders` are the runs that hold them, where all are taken, longest first.
    """

    stays: bool
    visited_at: int | None
    interval: int | None
    slots: int
    holders: tuple[Holder, ...]


class Serving:
    """The workers at work, and the pools that they and those who come by serve.

    `workers` are those at work; `pools` are served as of `now`.
    """

    def __init__(self, transaction: Transaction, now: int, workers: Iterable[Worker]) -> None:
        self._queue = transaction.queue
        self.workers = list(workers)
        self._visits: dict[str, Visit] = {}
        for visit in self._queue.visits():
            other = self._visits.get(visit.pool)
            if other is None or other.visited_at < visit.visited_at:
                self._visits[visit.pool] = visit
        self.visited = {pool: visit for pool, visit in self._visits.items() if visit.serves(now)}
        self._slots: dict[str, dict[str, int]] = {}
        for worker in self.workers:
            for pool in worker.pools:
                most = self._slots.setdefault(pool, {})
                most[worker.executor] = max(worker.slots, most.get(worker.executor, 0))
        kinds = {worker.executor for worker in self.workers}
        self._taken = {kind: self._queue.count_open(kind) for kind in kinds}
        self.pools = {*self._slots, *self.visited}
        self.staying = {pool for worker in self.workers if worker.stays for pool in worker.pools}
        used = self._queue.usage()
        self.room: Mapping[str, int] = {
            pool: slots - used.get(pool, 0) for pool, (_, slots) in self._queue.pools().items() if slots is not None
        }
        self._holders: dict[str, tuple[Holder, ...]] = {}

    def free(self, pool: str) -> int:
        """How many runs of a pool its workers could start now.

        How many one takes that comes by isn't known before: as many as those at work, where there are any.
        """
        kinds = self._slots.get(pool)
        return 1 if kinds is None else max(slots - self._taken[kind] for kind, slots in kinds.items())

    def of(self, pool: str) -> Served:
        """How a pool is served, with who holds the slots where none is free."""
        kinds, visit = self._slots.get(pool, {}), self._visits.get(pool)
        full = bool(kinds) and self.free(pool) <= 0
        return Served(
            stays=pool in self.staying,
            visited_at=None if visit is None else visit.visited_at,
            interval=None if visit is None else visit.interval,
            slots=sum(kinds.values()),
            holders=tuple(holder for kind in kinds for holder in self._held(kind)) if full else (),
        )

    def _held(self, kind: str) -> tuple[Holder, ...]:
        if kind not in self._holders:
            found = [
                Holder(
                    each.request.run_id,
                    each.request.schedule_id,
                    each.attempt.started_at,
                    each.request.policy.timeout_seconds,
                )
                for each in self._queue.open_attempts(kind)
            ]
            found.sort(key=lambda each: (each.since is None, each.since))
            self._holders[kind] = tuple(found)
        return self._holders[kind]


def taken(served: Served, now: int) -> str:
    """Who holds the slots: `2 of 2 slots are taken by hang (for 12 minutes, no timeout) and sync (for 5 seconds)`."""
    count = len(served.holders)
    named = [_holder(each, now) for each in served.holders[: NAMED if count > NAMED + 1 else count]]
    if count > len(named):
        named.append(f"{count - len(named):,} more")
    names = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    slots = "the only slot is" if served.slots == 1 else f"{count:,} of {served.slots:,} slots are"
    return f"{slots} taken by {names}"


def _holder(each: Holder, now: int) -> str:
    about = [] if each.since is None else [f"for {spoken(max(now - each.since, 0))}"]
    about += ["no timeout"] if each.timeout_seconds is None else []
    name = each.schedule_id or each.run_id
    return f"{name} ({', '.join(about)})" if about else name


def remedy(served: Served) -> str:
    """What helps where all slots are taken."""
    unbounded = next((each for each in served.holders if each.timeout_seconds is None), None)
    more = "`arco work --slots N` runs more at once"
    if unbounded is None:
        return more
    if unbounded.schedule_id is None:
        return f"{more}, and `arco runs cancel {unbounded.run_id}` ends a run that hangs"
    name = unbounded.schedule_id
    return f"{more}, and `arco schedule update {name} --timeout T` keeps {name} from hanging forever"


def told(served: Served, now: int) -> str:
    """Who holds the slots, and what helps, without a full stop."""
    return f"{taken(served, now)}; {remedy(served)}"
