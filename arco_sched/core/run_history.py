"""Whether a whole history of runs is possible: each run on its own, and all of them together, in event order."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from arco_sched.core.attempts import EXTERNAL
from arco_sched.core.run_events import Event, PoolSet, RunCanceled, RunFinished, RunSkipped, RunStarted, RunSubmitted
from arco_sched.core.runs import Group, ImpossibleEvent, Request, RunState, apply, initial

RequestOf = Callable[[str], Request]


def check_history(events: Sequence[Event], request_of: RequestOf) -> Iterator[str]:
    """A sentence about each impossible event: first as runs are folded one at a time, then as they overlap.

    `request_of` gives the request of a run id.
    """
    yield from check_runs(events, request_of)
    yield from check_order(events, request_of)


def check_runs(events: Iterable[Event], request_of: RequestOf) -> Iterator[str]:
    """A sentence about each event that can't follow the others of its run; such an event is skipped.

    The events of one run must be in order; how runs alternate doesn't matter. Keeps one state for each run.
    """
    states: dict[str, RunState] = {}
    for event in events:
        if isinstance(event, PoolSet):
            continue
        state = states.get(event.run_id) or initial(request_of(event.run_id))
        try:
            states[event.run_id] = apply(state, event)
        except ImpossibleEvent as refusal:
            yield str(refusal)


def check_order(events: Iterable[Event], request_of: RequestOf) -> Iterator[str]:
    """A sentence about each start that came too early, or broke at its turn the rule of one open attempt, overlap, or a
    pool's limit.

    All events must be in event order. Starts by executors of your own ignore overlap and pools, but count for others.
    Keeps only what runs or waits for a retry at one time, however long the history is.
    """
    limits: dict[str, int] = {}
    retries: dict[str, int] = {}
    open_: dict[str, int] = {}
    used: Counter[str] = Counter()
    groups: dict[Group, set[str]] = {}
    for event in events:
        if isinstance(event, PoolSet):
            if event.slots is None:
                limits.pop(event.pool, None)
            else:
                limits[event.pool] = event.slots
            continue
        request = request_of(event.run_id)
        pool, members = request.policy.pool, set[str]()
        if request.group is not None:
            members = groups.setdefault(request.group, members)
        if isinstance(event, RunStarted | RunSubmitted):
            if open_.get(event.run_id) == event.attempt:
                continue
            if event.run_id in open_:
                yield f"{_what(event)}: attempt {open_[event.run_id]} was open"
                continue
            yield from _too_early(request, retries.pop(event.run_id, None), event)
            if event.executor != EXTERNAL:
                yield from _beside(request, event, members)
                if used[pool] >= limits.get(pool, used[pool] + 1):
                    yield f"{_what(event)}: pool {pool} has {limits[pool]} slots, but {used[pool]} attempts were open"
            open_[event.run_id] = event.attempt
            used[pool] += 1
            members.add(event.run_id)
        elif isinstance(event, RunFinished | RunSkipped | RunCanceled):
            if isinstance(event, RunFinished) and open_.get(event.run_id) == event.attempt:
                del open_[event.run_id]
                used[pool] -= 1
            retries.pop(event.run_id, None)
            if isinstance(event, RunFinished) and event.status == "requested":
                retries[event.run_id] = event.retry_at or 0
            else:
                members.discard(event.run_id)
        if request.group is not None and not members:
            del groups[request.group]


def _beside(request: Request, event: RunStarted | RunSubmitted, members: set[str]) -> Iterator[str]:
    """What is wrong with a start while `members` of its group count as running; a retry of one of them is fine."""
    if event.run_id in members or (request.policy.overlap == "allow" and request.source != "backfill"):
        return
    if members:
        yield f"{_what(event)}: run {min(members)} of the same schedule counted as running"


def _too_early(request: Request, retry_at: int | None, event: RunStarted | RunSubmitted) -> Iterator[str]:
    at = event.started_at if isinstance(event, RunStarted) else event.submitted_at
    if request.starts_at is not None and at < request.starts_at:
        yield f"{_what(event)}: the run was not due yet"
    if retry_at is not None and at < retry_at:
        yield f"{_what(event)}: its retry was not due yet"


def _what(event: RunStarted | RunSubmitted) -> str:
    return f"{event.name} of run {event.run_id}, attempt {event.attempt}"
