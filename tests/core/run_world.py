"""A small world of runs, kept in memory: eight workers, engines, executors of one's own, and a clock that is set.

Every decision goes through the functions under test; the world only keeps what they answer, as a store would.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from arco_sched.core import run_decisions as decide
from arco_sched.core.attempts import EXTERNAL, End
from arco_sched.core.policy import Policy
from arco_sched.core.run_decisions import Decision, Refused
from arco_sched.core.run_events import Event, PoolSet, RunEvent
from arco_sched.core.run_order import (
    Capacity,
    Choice,
    Running,
    Waiting,
    WorkerTerms,
    choose,
    is_late,
    is_ready,
    running,
    waiting,
)
from arco_sched.core.runs import Group, Request, RunState, apply, initial

LEGAL = {
    ("requested", "requested"),
    ("requested", "running"),
    ("requested", "skipped"),
    ("requested", "canceled"),
    ("requested", "failed"),  # an engine refused or forgot an attempt that had not begun
    ("running", "running"),
    ("running", "requested"),
    ("running", "succeeded"),
    ("running", "failed"),
    ("running", "canceled"),
    ("succeeded", "requested"),
    ("failed", "requested"),
    ("canceled", "requested"),
    ("skipped", "requested"),
}


def request(run_id: str = "r", **values: Any) -> Request:
    """A scheduled run of schedule `a` at 1000, with a policy made of the values that are fields of one."""
    policy = {name: values.pop(name) for name in list(values) if name in Policy.__dataclass_fields__}
    known: dict[str, Any] = {
        "number": 1,
        "source": "scheduled",
        "requested_at": 1000,
        "schedule_id": "a",
        "scheduled_for": 1000,
    }
    return Request(run_id=run_id, policy=Policy(**policy), **(known | values))


def row(number: int, group: Group | None, stage: Any, overlap: Any, **values: Any) -> Waiting:
    """A row that is ready in pool `p`; the overlap is what `waiting` makes of it for such a stage and group."""
    if group is None or stage == "retry":
        overlap = "allow"
    elif group.backfill or (stage == "again" and overlap != "allow"):
        overlap = "queue"
    known: dict[str, Any] = {
        "priority": 0,
        "due_at": number,
        "newness": (number, number),
        "pool": "p",
        "run_as": None,
        "external": False,
        "starts_at": None,
        "retry_at": None,
        "deadline_at": None,
    }
    return Waiting(
        run_id=f"r{number}",
        number=number,
        group=group,
        stage=stage,
        overlap=overlap,
        backfill=group is not None and group.backfill,
        **(known | values),
    )


@dataclass
class World:
    """Requests, their states, every event so far, the pools, and the clock."""

    workers: Sequence[WorkerTerms]
    slots: int = 3
    now: int = 1000
    requests: dict[str, Request] = field(default_factory=dict)
    states: dict[str, RunState] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    pools: dict[str, PoolSet] = field(default_factory=dict)
    moves: list[tuple[str, str]] = field(default_factory=list)

    def add(self, made: Request) -> None:
        """A run is requested."""
        self.requests[made.run_id] = made
        self.states[made.run_id] = initial(made)

    def record(self, decision: Decision) -> bool:
        """Append and fold what was decided; whether there was anything."""
        if isinstance(decision, Refused):
            return False
        for event in decision:
            before = self.states[event.run_id]
            after = apply(before, event)
            self.moves.append((before.status, after.status))
            self.states[event.run_id] = after
            self.events.append(event)
        return bool(decision)

    def set_pool(self, pool: str, slots: int | None) -> None:
        """A pool gets another limit."""
        event = decide.set_pool(pool, self.pools.get(pool), slots)
        if event is not None:
            self.pools[pool] = event
            self.events.append(event)

    def open_runs(self) -> list[str]:
        """The runs with an open attempt, in the order of their requests."""
        return [run_id for run_id, state in self.states.items() if state.open_attempt is not None]

    def capacity(self) -> Capacity:
        """What is free: slots are those of attempts that workers look after."""
        used = Counter(self.requests[run_id].policy.pool for run_id in self.open_runs())
        room = {pool: event.slots - used[pool] for pool, event in self.pools.items() if event.slots is not None}
        taken = sum(self.states[run_id].attempt.executor != EXTERNAL for run_id in self.open_runs())  # type: ignore[union-attr]
        return Capacity(self.slots - taken, room)

    def waiting(self) -> list[Waiting]:
        """The rows of all that wait."""
        rows = (waiting(self.requests[run_id], state) for run_id, state in self.states.items())
        return [row for row in rows if row is not None]

    def running(self) -> dict[Group, list[Running]]:
        """The rows of all that count as running, by group."""
        found: dict[Group, list[Running]] = {}
        for run_id, state in self.states.items():
            row, group = running(self.requests[run_id], state), self.requests[run_id].group
            if row is not None and group is not None:
                found.setdefault(group, []).append(row)
        return found

    def look(self, workers: Sequence[WorkerTerms]) -> Choice:
        """What these workers would decide now."""
        return choose(self.waiting(), self.running(), workers, self.capacity(), self.now)

    def work(self, worker: WorkerTerms, executor: str = "local") -> bool:
        """A round of a worker, recorded; whether it decided anything."""
        choice = self.look([worker])
        name = "w" + worker.user
        for run_id in (*choice.canceled, *choice.asked):
            assert self.record(decide.cancel(self.states[run_id], "overlap"))
        opening = decide.start if executor == "local" else decide.submit
        for run_id in choice.started:
            assert self.record(opening(self.states[run_id], executor=executor, worker=name, host="h", now=self.now))
        for run_id, reason in choice.skipped:
            assert self.record(decide.skip(self.states[run_id], reason))
        expired = [
            self.record(decide.expire(self.requests[run_id], self.states[run_id], self.now))
            for run_id in self.open_runs()
        ]
        return any((choice.canceled, choice.asked, choice.started, choice.skipped, *expired))

    def begin(self, run_id: str) -> bool:
        """An attempt that waits in an engine begins."""
        return self.record(decide.begin(self.states[run_id], attempt=self.states[run_id].attempts, started_at=self.now))

    def end(self, run_id: str, outcome: Any, exit_code: int | None = None, signal: int | None = None) -> bool:
        """The open attempt of a run ends; one that has not begun begins first where it must have."""
        state = self.states[run_id]
        if outcome in {"succeeded", "failed", "timed-out"}:
            self.begin(run_id)
            state = self.states[run_id]
        end = End(outcome=outcome, ended_at=self.now, exit_code=exit_code, signal=signal)
        return self.record(decide.finish(self.requests[run_id].policy, state, attempt=state.attempts, end=end))


class Queue:
    """A queue of rows alone, to compare rounds over the whole of it with rounds over a part."""

    def __init__(
        self,
        rows: Sequence[Waiting],
        running: dict[Group, list[Running]],
        workers: Sequence[WorkerTerms],
        capacity: Capacity,
        now: int,
    ) -> None:
        self.rows = {row.run_id: row for row in rows}
        self.running = {group: list(members) for group, members in running.items()}
        self.workers, self.capacity, self.now = workers, capacity, now
        self.rounds: list[Choice] = []

    def settle(self, part: Any) -> None:
        """Rounds over `part(queue)` of the rows, until one decides nothing."""
        for _ in range(200):
            rows = part(self)
            choice = choose(rows, self._known(rows), self.workers, self.capacity, self.now)
            if not any((choice.canceled, choice.asked, choice.started, choice.skipped)):
                return
            self.rounds.append(choice)
            self._take(choice)
        raise AssertionError("the rounds don't come to an end")

    def look(self) -> Choice:
        """What a round over all of it would decide now."""
        return choose(whole(self), self.running, self.workers, self.capacity, self.now)

    def decided(self) -> tuple[set[str], set[str], set[str], dict[str, str]]:
        """All that was decided so far: canceled, asked, started, skipped."""
        return (
            {run_id for choice in self.rounds for run_id in choice.canceled},
            {run_id for choice in self.rounds for run_id in choice.asked},
            {run_id for choice in self.rounds for run_id in choice.started},
            {run_id: reason for choice in self.rounds for run_id, reason in choice.skipped},
        )

    def _known(self, rows: Sequence[Waiting]) -> dict[Group, list[Running]]:
        groups = {row.group for row in rows}
        return {group: members for group, members in self.running.items() if group in groups}

    def _take(self, choice: Choice) -> None:
        room = dict(self.capacity.room)
        for run_id in choice.started:
            row = self.rows.pop(run_id)
            if row.pool in room:
                room[row.pool] -= 1
            if row.group is not None:
                members = [member for member in self.running.get(row.group, []) if member.run_id != run_id]
                self.running[row.group] = [*members, Running(run_id, row.newness, open=True, asked_to_end=False)]
        self.capacity = Capacity(self.capacity.slots - len(choice.started), room)
        for run_id in (*choice.canceled, *(run_id for run_id, _ in choice.skipped)):
            self.rows.pop(run_id)
        for group, members in self.running.items():
            self.running[group] = [
                member._replace(asked_to_end=member.asked_to_end or member.run_id in choice.asked)
                for member in members
                if member.run_id not in choice.canceled
            ]


def whole(queue: Queue) -> list[Waiting]:
    """All rows."""
    return list(queue.rows.values())


def enough(queue: Queue) -> list[Waiting]:
    """The least that `run_order` promises to be enough, and of what can only be skipped one row at a time."""
    late = [row for row in queue.rows.values() if is_late(row, queue.now)]
    ready = [row for row in queue.rows.values() if is_ready(row, queue.workers, queue.now)]
    best = _champions(queue, ready)
    taken: dict[str, Waiting] = {}
    lanes: dict[Any, list[Waiting]] = {}
    for row in sorted(_heads(queue, ready, best), key=lambda row: row.rank):
        lanes.setdefault((row.pool, row.run_as), []).append(row)
    for lane in lanes.values():
        taken |= {row.run_id: row for row in lane[: 2 * max(queue.capacity.slots, 0)]}
    for group, champion in best.items():
        members = queue.running.get(group, [])
        older = [row for row in ready if row.group == group and row.stage == "first" and row.newness < champion.newness]
        if older or any(not (member.open and member.asked_to_end) for member in members):
            taken |= {row.run_id: row for row in (champion, *older)}
    only_skipped = late + [row for row in ready if _only_skipped(queue, row)]
    taken |= {row.run_id: row for row in only_skipped[:1]}
    return list(taken.values())


def _champions(queue: Queue, ready: Sequence[Waiting]) -> dict[Group, Waiting]:
    found: dict[Group, Waiting] = {}
    for row in sorted(ready, key=lambda row: row.newness):
        members = [] if row.group is None else queue.running.get(row.group, [])
        if row.group is not None and row.overlap == "cancel" and all(it.newness <= row.newness for it in members):
            found[row.group] = row
    return found


def _heads(queue: Queue, ready: Sequence[Waiting], best: dict[Group, Waiting]) -> list[Waiting]:
    found: dict[Any, Waiting] = {}
    for row in sorted(ready, key=lambda row: row.rank):
        champion = None if row.group is None else best.get(row.group)
        if champion is not None and row.newness < champion.newness:
            continue
        if row.overlap == "allow":
            found[row.run_id] = row
            continue
        members = [] if row.group is None else queue.running.get(row.group, [])
        if not any(member.open or champion is None for member in members):
            found.setdefault((row.group, row.pool, row.run_as), row)
    return list(found.values())


def _only_skipped(queue: Queue, row: Waiting) -> bool:
    members = [] if row.group is None else queue.running.get(row.group, [])
    newer = any(member.newness > row.newness for member in members)
    return bool(members) if row.overlap == "skip" else row.overlap == "cancel" and newer


def later(state: RunState, **values: Any) -> RunState:
    """A state that differs in these fields."""
    return replace(state, **values)


def named(events: Decision) -> Any:
    """What was decided, in short: the names of the events, or the code of the refusal."""
    return events.code if isinstance(events, Refused) else tuple(event.name for event in events)


__all__ = ["LEGAL", "Queue", "RunEvent", "World", "enough", "later", "named", "request", "row", "whole"]
