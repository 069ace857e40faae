"""Which waiting runs start next, which are skipped, which running ones are asked to end, and why the others wait.

A store keeps a row for each run that waits (`Waiting`) and for each that counts as running (`Running`). `choose` looks
at all of them or at a part: what starts is the same where the part has, for a worker with `n` free slots,

1. of each lane (pool and user) that the worker serves, the first `2 n` heads by `rank` that are ready. Heads are the
   runs that heed nobody (retries, `overlap: allow`, no schedule), and of the others of a group the first by `rank` in
   each lane. Left out are the heads of a busy group that heed it, and what is older than the group's champion: the
   newest ready run with `overlap: cancel` that waits for its first attempt, unless something newer of the group runs.
   A group is busy where something of it runs that no champion can cancel at once;
2. of each group of which there is a row, all that counts as running;
3. each champion that has yet to ask somebody to end or to be canceled, or that has first attempts that are ready and
   older than it, with those: they are superseded;
4. some of what can only be skipped: past its deadline (also in lanes that nobody serves), with `overlap: skip` in a
   busy group, with `overlap: cancel` while something newer runs. Each is skipped once, so some at a time are enough.

So a round costs its free slots times the lanes, however long the queue and the history are. Rounds at one instant,
until one decides nothing, come to the same as such rounds over the whole queue.

An index on (lane, head, priority descending, backfill, due_at, number) of the runs that are ready gives 1, one on
`ready_at` those that become ready, one on `deadline_at` the late ones, one on (group, newness) the champions. The heads
of a group change only where one of it becomes ready, starts, or no longer waits.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from arco_sched.core.policy import Overlap
from arco_sched.core.runs import Group, Request, RunState, is_external

WaitingFor = Literal["due", "retry", "external", "worker", "overlap", "pool", "slot"]
Stage = Literal["first", "retry", "again"]


class Waiting(NamedTuple):
    """A run that waits for an attempt, as the store keeps it; see `waiting`.

    `stage`: its `first` attempt, a `retry` within a round, or once more (`again`) because somebody retried it by hand.
    `overlap` is how it heeds its group: `queue` for whatever its policy says where the run is backfilled or repeated by
    hand, `allow` where it heeds nobody. `deadline_at` is None if no deadline holds (any more).
    """

    run_id: str
    number: int
    group: Group | None
    stage: Stage
    overlap: Overlap
    priority: int
    backfill: bool
    due_at: int
    newness: tuple[int, int]
    pool: str
    run_as: str | None
    external: bool
    starts_at: int | None
    retry_at: int | None
    deadline_at: int | None

    @property
    def rank(self) -> tuple[int, bool, int, int]:
        """Runs start in ascending order of it: priority, then backfilled ones last, then by when they were due."""
        return (-self.priority, self.backfill, self.due_at, self.number)

    @property
    def ready_at(self) -> int | None:
        """The instant from which a worker may take the run, capacity and overlap aside; None: at any instant."""
        return max((at for at in (self.starts_at, self.retry_at) if at is not None), default=None)


class Running(NamedTuple):
    """A run that counts as running for overlap: `open` while an attempt is, else it waits for a retry."""

    run_id: str
    newness: tuple[int, int]
    open: bool
    asked_to_end: bool


class WorkerTerms(NamedTuple):
    """What a worker takes: the runs of its pools that it may run, as its user (root: as any user)."""

    pools: frozenset[str]
    user: str
    is_root: bool

    def serves(self, pool: str, run_as: str | None) -> bool:
        """Whether it takes the runs of a lane."""
        return pool in self.pools and (run_as is None or self.is_root or run_as == self.user)


class Capacity(NamedTuple):
    """What is free: `slots` attempts in all, and `room` in each limited pool (no entry: no limit); both may be < 0."""

    slots: int
    room: Mapping[str, int]


class Choice(NamedTuple):
    """What one look at the queue decides, as run ids; recorded in this order, each decision is valid when it is made.

    `canceled` wait for a retry and are canceled at once, `asked` have an open attempt that is to end (both for
    `overlap: cancel`); then the `started` in their order; then the `skipped` with their reasons. `waiting` says of
    every other run what it waits for, None for one that the next round starts or skips (a round decides once about
    each).
    """

    canceled: tuple[str, ...]
    asked: tuple[str, ...]
    started: tuple[str, ...]
    skipped: tuple[tuple[str, Literal["deadline", "overlap", "superseded"]], ...]
    waiting: Mapping[str, WaitingFor | None]


def waiting(request: Request, state: RunState) -> Waiting | None:
    """The row of a run that waits; None for one that does not (final, or with an open attempt)."""
    if not state.waits:
        return None
    stage: Stage = "retry" if state.occupies else "first" if state.round == 0 else "again"
    overlap = request.policy.overlap
    if request.group is None or stage == "retry":
        overlap = "allow"
    elif request.group.backfill or (stage == "again" and overlap != "allow"):
        overlap = "queue"
    return Waiting(
        run_id=request.run_id,
        number=request.number,
        group=request.group,
        stage=stage,
        overlap=overlap,
        priority=request.policy.priority,
        backfill=request.source == "backfill",
        due_at=request.due_at,
        newness=request.newness,
        pool=request.policy.pool,
        run_as=request.run_as,
        external=is_external(request, state),
        starts_at=request.starts_at,
        retry_at=state.retry_at,
        deadline_at=request.deadline_at if stage == "first" else None,
    )


def running(request: Request, state: RunState) -> Running | None:
    """The row of a run that counts as running for overlap; None for one that does not, or heeds nobody."""
    if request.group is None or not state.occupies:
        return None
    return Running(
        run_id=request.run_id,
        newness=request.newness,
        open=state.open_attempt is not None,
        asked_to_end=state.cancel is not None,
    )


def is_ready(run: Waiting, workers: Iterable[WorkerTerms], now: int) -> bool:
    """Whether only overlap, pool and slot can keep the run from starting, and its deadline hasn't passed."""
    return not is_late(run, now) and _before_overlap(run, workers, now) is None


def is_late(run: Waiting, now: int) -> bool:
    """Whether the run must be skipped because its first attempt didn't begin in time."""
    return run.deadline_at is not None and now > run.deadline_at


def champions(ready: Iterable[Waiting], running: Mapping[Group, Sequence[Running]]) -> dict[Group, Waiting]:
    """For each group, the newest ready run that begins in place of the others (`overlap: cancel`).

    A group in which something newer runs has none: that run already replaced it.
    """
    found: dict[Group, Waiting] = {}
    for run in ready:
        if run.overlap != "cancel" or run.group is None:
            continue
        other = found.get(run.group)
        overtaken = any(member.newness > run.newness for member in running.get(run.group, ()))
        if not overtaken and (other is None or run.newness > other.newness):
            found[run.group] = run
    return found


def waiting_for(
    run: Waiting,
    now: int,
    workers: Iterable[WorkerTerms],
    capacity: Capacity,
    others: Sequence[Running] = (),
    champion: Waiting | None = None,
) -> WaitingFor | None:
    """The first reason why the run doesn't start; None if it could start now.

    `others` of its group count as running, `champion` is the group's (see the module); `workers` are all that could
    take it, `capacity` is theirs.
    """
    first = _before_overlap(run, workers, now)
    if first is not None:
        return first
    if _is_blocked(run, others, champion):
        return "overlap"
    if capacity.room.get(run.pool, 1) <= 0:
        return "pool"
    return "slot" if capacity.slots <= 0 else None


def choose(
    runs: Iterable[Waiting],
    running: Mapping[Group, Sequence[Running]],
    workers: Sequence[WorkerTerms],
    capacity: Capacity,
    now: int,
) -> Choice:
    """What to start, to skip and to end of these runs now, and what each of the others waits for.

    `running` has the groups of the runs; the module says which runs are enough.
    """
    return _Round(runs, running, workers, capacity, now).choice()


def _before_overlap(run: Waiting, workers: Iterable[WorkerTerms], now: int) -> WaitingFor | None:
    if run.starts_at is not None and now < run.starts_at:
        return "due"
    if run.retry_at is not None and now < run.retry_at:
        return "retry"
    if run.external:
        return "external"
    return None if any(worker.serves(run.pool, run.run_as) for worker in workers) else "worker"


def _is_blocked(run: Waiting, others: Sequence[Running], champion: Waiting | None) -> bool:
    """Whether the run must wait for another of its group: one that runs, or the champion that begins before it."""
    if run.group is None or run.stage == "retry":
        return False
    if champion is not None and champion.newness > run.newness:
        return True
    return run.overlap != "allow" and bool(others)


class _Round:
    """One look at the queue; what it decides is gathered in its lists."""

    def __init__(
        self,
        runs: Iterable[Waiting],
        running: Mapping[Group, Sequence[Running]],
        workers: Sequence[WorkerTerms],
        capacity: Capacity,
        now: int,
    ) -> None:
        self._runs = sorted(runs, key=lambda run: run.rank)
        self._running = {group: list(members) for group, members in running.items()}
        self._workers = workers
        self._slots = capacity.slots
        self._room = dict(capacity.room)
        self._now = now
        self._champions: dict[Group, Waiting] = {}
        self._canceled: list[str] = []
        self._asked: list[str] = []
        self._started: list[str] = []
        self._skipped: dict[str, Literal["deadline", "overlap", "superseded"]] = {}

    def choice(self) -> Choice:
        """Decide about each run once, then say why the rest waits."""
        ready = []
        for run in self._runs:
            if is_late(run, self._now):
                self._skipped[run.run_id] = "deadline"
            elif is_ready(run, self._workers, self._now):
                ready.append(run)
        self._champions = champions(ready, self._running)
        for group in self._champions:
            self._make_way(group)
        for run in ready:
            if self._is_superseded(run):
                self._skipped[run.run_id] = "superseded"
        ready = self._rest(ready)
        for run in ready:
            if self._waiting_for(run) is None:
                self._start(run)
        ready = self._rest(ready)
        for run in ready:
            if run.overlap == "skip" and self._others(run):
                self._skipped[run.run_id] = "overlap"
        self._champions = champions(self._rest(ready), self._running)
        return Choice(
            canceled=tuple(self._canceled),
            asked=tuple(self._asked),
            started=tuple(self._started),
            skipped=tuple(self._skipped.items()),
            waiting={run.run_id: self._waiting_for(run) for run in self._rest(self._runs)},
        )

    def _rest(self, runs: Sequence[Waiting]) -> list[Waiting]:
        settled = {*self._canceled, *self._started, *self._skipped}
        return [run for run in runs if run.run_id not in settled]

    def _others(self, run: Waiting) -> Sequence[Running]:
        return () if run.group is None else self._running.get(run.group, ())

    def _waiting_for(self, run: Waiting) -> WaitingFor | None:
        champion = None if run.group is None else self._champions.get(run.group)
        capacity = Capacity(self._slots, self._room)
        return waiting_for(run, self._now, self._workers, capacity, self._others(run), champion)

    def _is_superseded(self, run: Waiting) -> bool:
        """Whether a first attempt is obsolete because of the champion or of something newer that runs."""
        if run.stage != "first" or run.group is None:
            return False
        champion = self._champions.get(run.group)
        if champion is not None and champion.newness > run.newness:
            return True
        return run.overlap == "cancel" and any(other.newness > run.newness for other in self._others(run))

    def _make_way(self, group: Group) -> None:
        """Ask everything that runs in the group to end; what only waits for a retry is canceled immediately."""
        members = self._running.get(group, [])
        self._canceled += [member.run_id for member in members if not member.open]
        self._asked += [member.run_id for member in members if member.open and not member.asked_to_end]
        self._running[group] = [member for member in members if member.open]

    def _start(self, run: Waiting) -> None:
        self._started.append(run.run_id)
        self._slots -= 1
        if run.pool in self._room:
            self._room[run.pool] -= 1
        if run.group is not None and run.stage != "retry":
            beside = Running(run.run_id, run.newness, open=True, asked_to_end=False)
            self._running.setdefault(run.group, []).append(beside)
