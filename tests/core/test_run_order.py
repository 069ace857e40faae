"""Which run starts next, which is skipped, who is asked to end, and what the others wait for: table by table."""

from typing import Any

import pytest

from arco_sched.core import run_decisions as decide
from arco_sched.core.attempts import End
from arco_sched.core.run_order import Capacity, Running, Waiting, WorkerTerms, choose, running, waiting, waiting_for
from arco_sched.core.runs import Group, fold, initial
from tests.core.run_world import World, request, row

NOW = 100
WORKER = WorkerTerms(frozenset({"p", "q"}), "me", is_root=False)
A, B, OLD = Group("a", False), Group("b", False), Group("a", True)
FREE = Capacity(9, {})


def runs(*members: tuple[int, str]) -> list[Running]:
    """What counts as running, as (number, `open`, `asked` or `retry`)."""
    return [
        Running(f"r{number}", (number, number), open=how != "retry", asked_to_end=how == "asked")
        for number, how in members
    ]


def answer(rows: list[Waiting], beside: dict[Group, list[Running]], capacity: Capacity) -> dict[str, Any]:
    """What becomes of each run: `start` with its place, why it is skipped or ended, or `: ` and what it waits for."""
    choice = choose(rows, beside, [WORKER], capacity, NOW)
    return (
        dict.fromkeys(choice.canceled, "canceled")
        | dict.fromkeys(choice.asked, "asked")
        | {run_id: f"start {place}" for place, run_id in enumerate(choice.started, 1)}
        | dict(choice.skipped)
        | {run_id: f": {reason}" for run_id, reason in choice.waiting.items()}
    )


@pytest.mark.parametrize(
    ("rows", "capacity", "expected"),
    [
        # Priority, then scheduled and manual before backfilled, then scheduled_for, then the request.
        (
            [
                row(1, None, "first", "queue", due_at=50),
                row(2, None, "first", "queue", due_at=40),
                row(3, None, "first", "queue", due_at=90, priority=1),
                row(4, Group("z", True), "first", "queue", due_at=10),
                row(5, None, "first", "queue", due_at=40),
            ],
            FREE,
            {"r3": "start 1", "r2": "start 2", "r5": "start 3", "r1": "start 4", "r4": "start 5"},
        ),
        # What can't start stands in nobody else's way.
        (
            [
                row(1, None, "first", "queue", pool="q"),
                row(2, None, "first", "queue"),
                row(3, None, "first", "queue", retry_at=101),
                row(4, None, "first", "queue"),
                row(5, None, "first", "queue"),
            ],
            Capacity(2, {"q": 0}),
            {"r1": ": pool", "r2": "start 1", "r3": ": retry", "r4": "start 2", "r5": ": slot"},
        ),
        # A pool fills up while runs are chosen; a limit that was lowered below its usage holds.
        (
            [row(number, None, "first", "queue") for number in (1, 2, 3)],
            Capacity(9, {"p": 2}),
            {"r1": "start 1", "r2": "start 2", "r3": ": pool"},
        ),
        ([row(1, None, "first", "queue")], Capacity(9, {"p": -1}), {"r1": ": pool"}),
        ([row(1, None, "first", "queue")], Capacity(-1, {}), {"r1": ": slot"}),
        # The deadline is the last instant; it also holds for what no worker takes.
        (
            [
                row(1, None, "first", "queue", deadline_at=100),
                row(2, None, "first", "queue", deadline_at=99),
                row(3, None, "first", "queue", deadline_at=99, external=True),
                row(4, None, "first", "queue", deadline_at=99, pool="elsewhere"),
            ],
            FREE,
            {"r1": "start 1", "r2": "deadline", "r3": "deadline", "r4": "deadline"},
        ),
    ],
)
def test_order(rows: list[Waiting], capacity: Capacity, expected: dict[str, str]) -> None:
    """Who starts first, and why the others wait."""
    assert answer(rows, {}, capacity) == expected


@pytest.mark.parametrize(
    ("rows", "beside", "expected"),
    [
        # queue: no other of the schedule runs.
        ([row(2, A, "first", "queue")], {A: runs((1, "open"))}, {"r2": ": overlap"}),
        ([row(2, A, "first", "queue")], {A: runs((1, "retry"))}, {"r2": ": overlap"}),
        ([row(2, A, "first", "queue")], {B: runs((1, "open"))}, {"r2": "start 1"}),
        ([row(1, A, "first", "queue"), row(2, A, "first", "queue")], {}, {"r1": "start 1", "r2": ": overlap"}),
        # allow: always.
        ([row(2, A, "first", "allow")], {A: runs((1, "open"))}, {"r2": "start 1"}),
        ([row(1, A, "first", "allow"), row(2, A, "first", "queue")], {}, {"r1": "start 1", "r2": ": overlap"}),
        # A retry holds its place, whoever else runs meanwhile.
        ([row(1, A, "retry", "queue")], {A: runs((1, "retry"))}, {"r1": "start 1"}),
        ([row(1, A, "retry", "skip")], {A: runs((1, "retry"), (2, "open"))}, {"r1": "start 1"}),
        # skip: skipped while another runs; not what was repeated by hand.
        ([row(2, A, "first", "skip")], {A: runs((1, "open"))}, {"r2": "overlap"}),
        ([row(1, A, "first", "skip"), row(2, A, "first", "skip")], {}, {"r1": "start 1", "r2": "overlap"}),
        ([row(2, A, "again", "skip")], {A: runs((1, "open"))}, {"r2": ": overlap"}),
        ([row(2, A, "first", "skip", starts_at=101)], {A: runs((1, "open"))}, {"r2": ": due"}),
        ([row(2, A, "first", "skip", pool="elsewhere")], {A: runs((1, "open"))}, {"r2": ": worker"}),
        # cancel: the running one is asked to end, the newest begins when it has, older ones are superseded.
        ([row(2, A, "first", "cancel")], {A: runs((1, "open"))}, {"r1": "asked", "r2": ": overlap"}),
        ([row(2, A, "first", "cancel")], {A: runs((1, "asked"))}, {"r2": ": overlap"}),
        (
            [row(1, A, "retry", "cancel"), row(2, A, "first", "cancel")],
            {A: runs((1, "retry"))},
            {"r1": "canceled", "r2": "start 1"},
        ),
        (
            [row(2, A, "first", "cancel"), row(3, A, "first", "cancel"), row(4, A, "first", "cancel")],
            {A: runs((1, "open"))},
            {"r1": "asked", "r2": "superseded", "r3": "superseded", "r4": ": overlap"},
        ),
        ([row(1, A, "first", "queue"), row(2, A, "first", "cancel")], {}, {"r1": "superseded", "r2": "start 1"}),
        # It is older than what runs already.
        ([row(1, A, "first", "cancel")], {A: runs((2, "open"))}, {"r1": "superseded"}),
        # What is not ready asks nobody to end and supersedes nobody.
        (
            [row(2, A, "first", "cancel", starts_at=101), row(1, A, "first", "cancel")],
            {},
            {"r1": "start 1", "r2": ": due"},
        ),
        ([row(2, A, "first", "cancel", deadline_at=99)], {A: runs((1, "open"))}, {"r2": "deadline"}),
        # One that is repeated by hand neither ends nor replaces others, and lets a newer one go first.
        ([row(2, A, "again", "cancel")], {A: runs((1, "open"))}, {"r2": ": overlap"}),
        ([row(1, A, "again", "cancel"), row(2, A, "first", "cancel")], {}, {"r1": ": overlap", "r2": "start 1"}),
        # Backfilled runs are queued among themselves, and beside the others.
        ([row(2, OLD, "first", "skip")], {OLD: runs((1, "open"))}, {"r2": ": overlap"}),
        ([row(2, OLD, "first", "allow")], {OLD: runs((1, "open"))}, {"r2": ": overlap"}),
        ([row(2, OLD, "first", "cancel")], {A: runs((1, "open"))}, {"r2": "start 1"}),
        ([row(2, A, "first", "cancel")], {OLD: runs((1, "open"))}, {"r2": "start 1"}),
        ([row(2, A, "first", "skip")], {OLD: runs((1, "open"))}, {"r2": "start 1"}),
    ],
)
def test_overlap(rows: list[Waiting], beside: dict[Group, list[Running]], expected: dict[str, str]) -> None:
    """What becomes of the runs of a schedule beside those that count as running."""
    assert answer(rows, beside, FREE) == expected


@pytest.mark.parametrize("capacity", [Capacity(0, {}), Capacity(9, {"p": 0})])
def test_skip_and_cancel_need_no_capacity(capacity: Capacity) -> None:
    """The run that holds the only slot is what others heed: they are skipped, or ask it to end, all the same."""
    beside = {A: runs((1, "open")), B: runs((3, "open"))}
    rows = [row(2, A, "first", "skip"), row(4, B, "first", "cancel")]
    assert answer(rows, beside, capacity) == {"r2": "overlap", "r3": "asked", "r4": ": overlap"}


@pytest.mark.parametrize(
    ("values", "others", "capacity", "reason"),
    [
        # The first that holds: due, retry, external, worker, overlap, pool, slot. Everything holds at first.
        ({"external": True, "starts_at": 101, "retry_at": 101, "pool": "x"}, True, Capacity(0, {"x": 0}), "due"),
        ({"external": True, "starts_at": 100, "retry_at": 101, "pool": "x"}, True, Capacity(0, {"x": 0}), "retry"),
        ({"external": True, "retry_at": 100, "pool": "x"}, True, Capacity(0, {"x": 0}), "external"),
        ({"retry_at": 100, "pool": "x"}, True, Capacity(0, {"x": 0}), "worker"),
        ({"run_as": "root"}, True, Capacity(0, {"p": 0}), "worker"),
        ({"run_as": "me"}, True, Capacity(0, {"p": 0}), "overlap"),
        ({}, False, Capacity(0, {"p": 0}), "pool"),
        ({}, False, Capacity(0, {"p": 1}), "slot"),
        ({}, False, Capacity(1, {"p": 1}), None),
    ],
)
def test_waiting_for(values: dict[str, Any], others: bool, capacity: Capacity, reason: str | None) -> None:
    """The reason that is told."""
    run = row(2, A, "first", "queue", **values)
    assert waiting_for(run, NOW, [WORKER], capacity, runs((1, "open")) if others else ()) == reason


ROOT = WorkerTerms(frozenset({"p"}), "root", is_root=True)


@pytest.mark.parametrize(
    ("worker", "pool", "run_as", "serves"),
    [
        (WORKER, "p", None, True),
        (WORKER, "elsewhere", None, False),
        (WORKER, "p", "me", True),
        (WORKER, "p", "other", False),
        (ROOT, "p", "other", True),
        (ROOT, "q", "other", False),
    ],
)
def test_serves(worker: WorkerTerms, pool: str, run_as: str | None, serves: bool) -> None:
    """A worker's pools, and the user that a run wants: root is any."""
    assert worker.serves(pool, run_as) is serves


@pytest.mark.parametrize(
    ("values", "steps", "row"),
    [
        ({"overlap": "skip"}, [], ("first", "skip", None)),
        ({"overlap": "skip", "start_within_seconds": 10}, [], ("first", "skip", 1010)),
        ({"overlap": "skip", "source": "manual"}, [], ("first", "skip", None)),
        ({"overlap": "skip", "source": "backfill"}, [], ("first", "queue", None)),
        ({"overlap": "allow", "source": "backfill"}, [], ("first", "queue", None)),
        ({"overlap": "skip", "schedule_id": None, "scheduled_for": None}, [], ("first", "allow", None)),
        ({"overlap": "skip", "start_within_seconds": 10}, ["skip", "retry"], ("again", "queue", None)),
        ({"overlap": "allow"}, ["skip", "retry"], ("again", "allow", None)),
        (
            {"overlap": "queue", "max_retries": 1, "start_within_seconds": 10},
            ["start", "fail"],
            ("retry", "allow", None),
        ),
        ({}, ["start"], None),
        ({}, ["submit"], None),
        ({}, ["skip"], None),
    ],
)
def test_row(values: dict[str, Any], steps: list[str], row: Any) -> None:
    """The stage, overlap and deadline of the row that a store keeps of a run that waits."""
    world = World(workers=[])
    made = request(**values)
    world.add(made)
    by: Any = {"executor": "local", "worker": "w", "host": "h", "now": 1000}
    for step in steps:
        state = world.states["r"]
        if step == "fail":
            assert world.end("r", "failed", 1)
        else:
            assert world.record(getattr(decide, step)(state, **(by if step in {"start", "submit"} else {})))
    found = waiting(made, world.states["r"])
    assert (found and (found.stage, found.overlap, found.deadline_at)) == row
    counts = running(made, world.states["r"])
    assert (counts is not None) == (steps[:1] in (["start"], ["submit"]))


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (row(1, A, "first", "allow"), "overlap"),  # the champion begins before it
        (row(1, A, "retry", "allow"), None),
        (row(1, None, "first", "allow"), None),
        (row(3, A, "first", "allow"), None),  # it is newer
        (row(3, A, "first", "queue"), "overlap"),
        (row(3, A, "retry", "allow"), None),
    ],
)
def test_who_heeds_others(run: Waiting, reason: str | None) -> None:
    """A retry and a run without a group heed neither the champion of a group nor what runs in it."""
    champion = row(2, A, "first", "cancel")
    assert waiting_for(run, NOW, [WORKER], FREE, runs((9, "open")), champion) == reason


def test_all_of_a_row() -> None:
    """A store keeps of a run that waits whatever decides when it starts, and of one that runs what others heed."""
    values: dict[str, Any] = {"requested_at": 1200, "scheduled_for": 900, "run_as": "eve", "pool": "p", "priority": 3}
    first = waiting(made := request(number=7, spread_seconds=60, start_within_seconds=10, **values), initial(made))
    assert made.starts_at is not None
    assert first == Waiting(
        run_id="r",
        number=7,
        group=A,
        stage="first",
        overlap="queue",
        priority=3,
        backfill=False,
        due_at=900,
        newness=(900, 7),
        pool="p",
        run_as="eve",
        external=False,
        starts_at=made.starts_at,
        retry_at=None,
        deadline_at=made.starts_at + 10,
    )
    filled = waiting(made := request(number=8, source="backfill", has_command=False, **values), initial(made))
    assert filled == first._replace(
        number=8, newness=(900, 8), group=OLD, backfill=True, external=True, starts_at=None, deadline_at=None
    )
    by_hand = request(number=9, source="request", max_retries=1, **values)
    started = decide.start(initial(by_hand), executor="local", worker="w", host="h", now=1200)
    assert isinstance(started, tuple)
    state = fold(initial(by_hand), started)
    assert running(by_hand, state) == Running("r", (1200, 9), open=True, asked_to_end=False)
    asked = fold(state, decide.cancel(state))  # type: ignore[arg-type]
    assert running(by_hand, asked) == Running("r", (1200, 9), open=True, asked_to_end=True)
    end = End(outcome="failed", ended_at=1300)
    state = fold(state, decide.finish(by_hand.policy, state, attempt=1, end=end))  # type: ignore[arg-type]
    assert running(by_hand, state) == Running("r", (1200, 9), open=False, asked_to_end=False)
    assert waiting(by_hand, state) == first._replace(
        number=9, newness=(1200, 9), stage="retry", overlap="allow", starts_at=None, retry_at=1360, deadline_at=None
    )


def test_ready_at() -> None:
    """The later of due time with spread and retry; None for what may start at any time."""
    assert row(1, None, "first", "queue").ready_at is None
    assert row(1, None, "first", "queue", starts_at=5).ready_at == 5
    assert row(1, None, "first", "queue", starts_at=5, retry_at=7).ready_at == 7


def test_newness_of_what_is_requested_by_hand() -> None:
    """A run for an instant long past (`runs retry --current`) is as new as its request: it is not superseded."""
    by_hand = request("2", number=2, source="request", requested_at=5000, scheduled_for=1000, overlap="cancel")
    runs_now = request("1", number=1, scheduled_for=4000)
    started = decide.start(initial(runs_now), executor="local", worker="w", host="h", now=4000)
    assert isinstance(started, tuple)
    beside, waits = running(runs_now, fold(initial(runs_now), started)), waiting(by_hand, initial(by_hand))
    assert beside is not None
    assert waits is not None
    worker = WorkerTerms(frozenset({"default"}), "me", is_root=False)
    choice = choose([waits], {A: [beside]}, [worker], FREE, 5000)
    assert (choice.asked, choice.waiting) == (("1",), {"2": "overlap"})
