"""Whole stories of runs: eight workers, engines, executors of one's own, cancels, retries, and clocks that jump.

After every story the promises of docs/semantics/execution.md are checked against what was recorded,
independently of the code.
"""

import math
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from arco_sched.core import run_decisions as decide
from arco_sched.core import run_reports
from arco_sched.core.attempts import EXTERNAL
from arco_sched.core.policy import Policy
from arco_sched.core.run_events import EVENTS, PoolSet, RunFinished, RunStarted, RunSubmitted, from_payload, payload
from arco_sched.core.run_history import check_history
from arco_sched.core.run_order import WorkerTerms
from arco_sched.core.runs import Request, fold, initial, is_external
from tests.core.run_world import LEGAL, World

BOTH = frozenset({"default", "p"})
WORKERS = (
    WorkerTerms(BOTH, "0", is_root=False),
    WorkerTerms(BOTH, "1", is_root=True),
    WorkerTerms(frozenset({"default"}), "2", is_root=False),
    WorkerTerms(frozenset({"p"}), "3", is_root=False),
    WorkerTerms(frozenset({"default"}), "4", is_root=True),
    WorkerTerms(BOTH, "5", is_root=False),
    WorkerTerms(BOTH, "6", is_root=False),
    WorkerTerms(BOTH, "7", is_root=False),
)
EXECUTORS = ("local",) * 6 + ("slurm",) * 2

POLICY: dict[str, tuple[Any, ...]] = {
    "overlap": ("queue", "skip", "cancel", "cancel", "allow"),
    "max_retries": (0, 1, 2),
    "retry_exit_codes": ((), (), (75,)),
    "retry_delay_seconds": (0, 10),
    "on_lost": ("fail", "retry"),
    "start_within_seconds": (None, None, None, 5, 300),
    "spread_seconds": (0, 0, 0, 60),
    "pool": ("default", "default", "default", "p", "p", "external"),
    "priority": (0, 0, 5),
}


def policy_of(code: int) -> Policy:
    """The policy that a number of mixed bases stands for."""
    picked = {}
    for name, options in POLICY.items():
        code, index = divmod(code, len(options))
        picked[name] = options[index]
    return Policy(**picked)


OUTCOMES = (
    ("succeeded", 0, None),
    ("failed", 1, None),
    ("failed", 75, None),
    ("failed", None, 9),
    ("timed-out", 143, None),
    ("lost", None, None),
    ("not-started", None, None),
    ("canceled", 143, None),
)
WHAT = (
    *("ask",) * 8,
    *("work",) * 10,
    *("end",) * 4,
    *("begin", "cancel", "skip", "retry", "retry", "crash", "later", "later", "later", "pool", "answer"),
    *("own start", "own finish", "own fail"),
)
SCHEDULES = (None, "a", "a", "b")
SOURCES: tuple[Any, ...] = ("scheduled", "scheduled", "manual", "backfill", "request")


def act(world: World, what: str, number: int, policies: list[Policy]) -> None:
    """One thing that somebody does, to whom and how the number says."""
    ids = list(world.states)
    if what == "ask" or not ids:
        _ask(world, number, policies)
        return
    if what == "work":
        world.work(WORKERS[number % 8], EXECUTORS[number % 8])
        return
    if what == "later":
        world.now += (0, 1, 10, 60, 60, 60, 4000, -30)[number % 8]
        return
    if what == "pool":
        world.set_pool(("default", "p")[number % 2], (None, 0, 1, 2)[number // 2 % 4])
        return
    open_runs = world.open_runs()
    of = open_runs if open_runs and what in {"end", "begin", "crash", "own finish", "own fail", "answer"} else ids
    run_id = of[number % len(of)]
    state, policy, choice = world.states[run_id], world.requests[run_id].policy, number // len(of)
    match what:
        case "end":
            outcome, exit_code, signal = OUTCOMES[choice % len(OUTCOMES)]
            if state.open_attempt is not None:
                world.end(run_id, outcome, exit_code, signal)
        case "crash":
            if state.open_attempt is not None:
                world.end(run_id, "lost")
        case "begin":
            world.begin(run_id)
        case "answer":
            world.record(
                decide.submit_again(
                    state, attempt=state.attempts, external_id=f"e{choice % 3}", worker="w", host="h", now=world.now
                )
            )
        case "cancel":
            world.record(decide.cancel(state))
        case "skip":
            world.record(decide.skip(state))
        case "retry":
            world.record(decide.retry(state, force=choice % 2 == 0))
        case "own start":
            world.record(
                run_reports.start_by_hand(world.requests[run_id], state, external_id=f"x{choice % 3}", now=world.now)
            )
        case "own finish":
            world.record(
                run_reports.finish_by_hand(
                    policy,
                    state,
                    attempt=max(state.attempts - choice % 3 // 2, 1),
                    exit_code=choice % 2,
                    message=None,
                    now=world.now,
                )
            )
        case "own fail":
            world.record(
                run_reports.fail_by_hand(policy, state, message="gone", now=world.now, orphaned=choice % 4 == 0)
            )


def _ask(world: World, number: int, policies: list[Policy]) -> None:
    count = len(world.requests)
    schedule_id = SCHEDULES[number % 4]
    source = SOURCES[number // 4 % 5] if schedule_id else "request"
    world.add(
        Request(
            run_id=f"r{count}",
            number=count,
            source=source,
            requested_at=world.now,
            schedule_id=schedule_id,
            scheduled_for=world.now - number // 20 % 3 * 60 if schedule_id else None,
            has_command=number // 60 % 8 != 7,
            run_as=(None, None, "0", "root")[number // 480 % 4],
            before_execution=number // 1920 % 8 == 7,
            policy=policies[number % len(policies)],
        )
    )


def settle(world: World) -> None:
    """Everything that can end does: attempts succeed, time passes, and everybody goes on until nothing is left."""
    for pool in ("default", "p"):
        world.set_pool(pool, 6)
    world.slots = 12
    idle = 0
    for step in range(400):
        acted = False
        for worker, executor in zip(WORKERS, EXECUTORS, strict=True):
            acted |= world.work(worker, executor)
        for run_id, state in world.states.items():
            if state.waits and is_external(world.requests[run_id], state):
                acted |= world.record(
                    run_reports.start_by_hand(world.requests[run_id], state, external_id=f"y{step}", now=world.now)
                )
        for run_id in world.open_runs():
            canceled = world.states[run_id].cancel is not None
            acted |= world.end(run_id, *(("canceled", None) if canceled else ("succeeded", 0)))
        world.now += 4000 if step % 2 else 0
        idle = 0 if acted else idle + 1
        if idle > 3:
            return
    raise AssertionError("the workers never come to rest")


def held_promises(world: World) -> list[str]:
    """What of the promises is broken by the events, judged by counting alone."""
    broken, limits = [], dict[str, int | None]()
    open_, occupied, used = dict[str, int](), dict[str, Any](), Counter[str]()
    for event in world.events:
        if isinstance(event, PoolSet):
            limits[event.pool] = event.slots
            continue
        request = world.requests[event.run_id]
        pool = request.policy.pool
        whom = (request.schedule_id, request.source == "backfill")
        if isinstance(event, RunSubmitted | RunStarted) and open_.get(event.run_id) != event.attempt:
            beside = [run_id for run_id, group in occupied.items() if group == whom and run_id != event.run_id]
            alone = request.schedule_id is not None and (request.policy.overlap != "allow" or whom[1])
            if event.run_id in open_:
                broken.append(f"{event.key}: two attempts")
            if event.executor != EXTERNAL:
                if alone and beside and event.run_id not in occupied:
                    broken.append(f"{event.key}: beside {beside}")
                limit = limits.get(pool)
                if limit is not None and used[pool] >= limit:
                    broken.append(f"{event.key}: {used[pool]} of {limit} in {pool}")
            open_[event.run_id], occupied[event.run_id] = event.attempt, whom
            used[pool] += 1
        elif isinstance(event, RunFinished):
            del open_[event.run_id]
            used[pool] -= 1
            if event.status != "requested":
                del occupied[event.run_id]
        elif event.name in {"RunSkipped", "RunCanceled"}:
            occupied.pop(event.run_id, None)
    return broken


@settings(max_examples=150)
@given(
    st.lists(st.integers(0, math.prod(map(len, POLICY.values())) - 1), min_size=1, max_size=4),
    st.lists(st.integers(0, (1 << 20) - 1), min_size=60, max_size=90),
    st.integers(1, 6),
)
def test_stories(policies: list[int], actions: list[int], slots: int) -> None:
    """One open attempt at most, legal transitions, overlap and pools kept, an end for all that can start."""
    world = World(workers=WORKERS, slots=slots)
    picked = [policy_of(code) for code in policies]
    for code in actions:
        act(world, WHAT[code % len(WHAT)], code // len(WHAT), picked)
        assert all(state.occupies or state.open_attempt is None for state in world.states.values())
        assert all((state.status == "running") <= (state.open_attempt is not None) for state in world.states.values())
    settle(world)
    assert held_promises(world) == []
    assert set(world.moves) <= LEGAL
    assert list(check_history(world.events, world.requests.__getitem__)) == []
    keys = [event.key for event in world.events]
    assert len(keys) == len(set(keys))
    for run_id, state in world.states.items():
        mine = [event for event in world.events if not isinstance(event, PoolSet) and event.run_id == run_id]
        assert fold(initial(world.requests[run_id]), mine) == state
        assert state.final, (run_id, state)
    for event in world.events:
        assert from_payload(event.name, payload(event, str), int) == event
        assert EVENTS[event.name] is type(event)
