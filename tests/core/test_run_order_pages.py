"""What `choose` decides of a part of the queue is what it decides of the whole, if the part has what it promises."""

import math
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from arco_sched.core.run_order import Capacity, Running, Waiting, WorkerTerms, waiting_for
from arco_sched.core.run_order import champions as champions_of
from arco_sched.core.runs import Group
from tests.core.run_world import Queue, enough, row, whole

NOW = 100
WORKER = WorkerTerms(frozenset({"p", "q"}), "me", is_root=False)
GROUPS = (None, Group("a", False), Group("b", False), Group("c", False), Group("a", True))


Drawn = tuple[list[Waiting], dict[Group, list[Running]], Capacity]


CHOICES: tuple[tuple[Any, ...], ...] = (
    GROUPS,  # the group
    ("first", "first", "first", "again", "retry", "running"),
    ("queue", "skip", "cancel", "cancel", "allow"),
    tuple(range(10)),  # the age
    (0, 0, 1),  # the priority
    ("p", "p", "q", "q", "elsewhere"),
    (None, None, "me", "root"),
    (False,) * 9 + (True,),  # external
    (None, NOW, NOW + 1),  # starts_at
    (None, NOW, NOW + 1),  # retry_at
    (None, None, NOW, NOW - 1),  # deadline_at
)


def queue_of(codes: list[int], room: dict[str, int], slots: int) -> Drawn:
    """The rows that the codes stand for, with what counts as running beside them; each retry among the rows does."""
    rows: list[Waiting] = []
    running: dict[Group, list[Running]] = {}
    for number, code in enumerate(codes):
        picked = []
        for options in CHOICES:
            code, index = divmod(code, len(options))  # noqa: PLW2901 - the rest of a number of mixed bases
            picked.append(options[index])
        group, stage, overlap, age, priority, pool, run_as, external, starts_at, retry_at, deadline_at = picked
        if stage in {"running", "retry"} and group is not None:
            is_open = stage == "running"
            member = Running(f"r{number}", (age, number), open=is_open, asked_to_end=is_open and external)
            running.setdefault(group, []).append(member)
        if stage != "running":
            waits = {"starts_at": starts_at, "retry_at": retry_at if stage == "retry" else None}
            late = {"deadline_at": deadline_at if stage == "first" else None}
            place = {"priority": priority, "pool": pool, "run_as": run_as, "external": external}
            seen = {"due_at": age, "newness": (age, number)}
            rows.append(row(number, group, stage, overlap, **waits, **late, **place, **seen))
    return rows, running, Capacity(slots, room)


QUEUES = st.builds(
    queue_of,
    st.lists(st.integers(0, math.prod(map(len, CHOICES)) - 1), min_size=1, max_size=16),
    st.dictionaries(st.sampled_from(["p", "q"]), st.integers(-1, 3)),
    st.integers(0, 4),
)

A, B, C = Group("a", False), Group("b", False), Group("c", False)
BLOCKED_BY_A_START_ELSEWHERE = (
    [
        row(1, A, "first", "queue"),
        row(2, A, "first", "queue", pool="q"),
        row(3, B, "first", "queue", pool="q"),
        row(9, C, "first", "queue"),
    ],
    {},
    Capacity(2, {"q": 1}),
)
BEHIND_AN_ALLOWED_ONE = (
    [
        row(1, A, "first", "allow"),
        row(2, A, "first", "queue"),
        row(3, B, "first", "queue"),
        row(4, C, "first", "queue"),
    ],
    {},
    Capacity(2, {}),
)
A_RETRY_IN_THE_WAY_OF_THE_NEWEST = (
    [row(1, A, "retry", "queue", priority=1), row(2, A, "first", "cancel"), row(3, B, "first", "queue")],
    {A: [Running("r1", (1, 1), open=False, asked_to_end=False)]},
    Capacity(1, {}),
)

A_RETRY_ENDED_FOR_THE_NEWEST_WHICH_IS_OVERTAKEN = (
    [
        row(1, A, "retry", "queue"),
        row(2, A, "first", "cancel"),
        row(3, A, "first", "queue", priority=1),
        row(4, B, "first", "queue"),
    ],
    {A: [Running("r1", (1, 1), open=False, asked_to_end=False)]},
    Capacity(1, {}),
)


@settings(max_examples=1500)
@given(QUEUES)
@example(BLOCKED_BY_A_START_ELSEWHERE)
@example(BEHIND_AN_ALLOWED_ONE)
@example(A_RETRY_IN_THE_WAY_OF_THE_NEWEST)
@example(A_RETRY_ENDED_FOR_THE_NEWEST_WHICH_IS_OVERTAKEN)
def test_a_part_of_the_queue_decides_as_the_whole(
    drawn: Drawn,
) -> None:
    """The first round starts the same in the same order; and rounds until nothing changes come to the same."""
    rows, running, capacity = drawn
    every, some = (Queue(rows, running, [WORKER], capacity, NOW) for _ in range(2))
    every.settle(whole)
    some.settle(enough)
    assert some.decided() == every.decided()
    assert [choice.started for choice in some.rounds[:1]] == [choice.started for choice in every.rounds[:1]]
    assert some.rows == every.rows


@settings(max_examples=500)
@given(QUEUES)
def test_each_waits_for_what_holds_it(drawn: Drawn) -> None:
    """Once nothing changes any more, every run that waits has a reason, and it is the one that is told of it alone."""
    rows, running, capacity = drawn
    queue = Queue(rows, running, [WORKER], capacity, NOW)
    queue.settle(whole)
    left = whole(queue)
    waits = queue.look().waiting
    best = champions_of((it for it in left if waits[it.run_id] in {"overlap", "pool", "slot"}), queue.running)
    for it in left:
        group = it.group
        others, champion = ((), None) if group is None else (queue.running.get(group, []), best.get(group))
        assert waits[it.run_id] is not None
        assert waits[it.run_id] == waiting_for(it, NOW, [WORKER], queue.capacity, others, champion)


@settings(max_examples=500)
@given(QUEUES, st.integers(1, 3))
def test_a_few_slots_after_each_other_are_as_good_as_all(drawn: Drawn, few: int) -> None:
    """A worker that takes a few at a time, in one transaction each, comes to start the same runs.

    Except where a run that is repeated by hand under `allow` has let the newest of its schedule go first.
    """
    rows, running, capacity = drawn
    assume(not any(it.stage == "again" and it.overlap == "allow" for it in rows))
    every = Queue(rows, running, [WORKER], capacity, NOW)
    every.settle(whole)
    stepwise = Queue(rows, running, [WORKER], capacity, NOW)
    while True:
        before, free = len(stepwise.rounds), stepwise.capacity.slots
        stepwise.capacity = stepwise.capacity._replace(slots=min(free, few))
        stepwise.settle(enough)
        started = sum(len(choice.started) for choice in stepwise.rounds[before:])
        stepwise.capacity = stepwise.capacity._replace(slots=free - started)
        if len(stepwise.rounds) == before:
            break
    assert stepwise.decided() == every.decided()
