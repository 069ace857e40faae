"""Histories as a whole: what must hold between runs, in event order."""

from typing import Any

import pytest

from arco_sched.core.run_events import PoolSet, RunCanceled, RunFinished, RunRetryRequested, RunStarted, RunSubmitted
from arco_sched.core.run_history import check_history, check_order
from arco_sched.core.runs import Request
from tests.core.run_world import request

POOL = PoolSet(pool="default", number=1, slots=1)
TWO = PoolSet(pool="default", number=1, slots=2)
HOLD = PoolSet(pool="default", number=2, slots=0)
FREE = PoolSet(pool="default", number=2, slots=None)


def start(run_id: str, attempt: int = 1, at: int = 2000, executor: str = "local") -> RunStarted:
    """An attempt begins."""
    return RunStarted(
        run_id=run_id, attempt=attempt, executor=executor, worker=None, host=None, external_id=None, started_at=at
    )


def submit(run_id: str, attempt: int = 1) -> RunSubmitted:
    """An attempt is opened for an engine."""
    return RunSubmitted(
        run_id=run_id, attempt=attempt, submission=1, executor="slurm", worker="w", host="h", external_id=None,
        submitted_at=2000,
    )  # fmt: skip


def end(run_id: str, attempt: int = 1, retry_at: int | None = None) -> RunFinished:
    """An attempt fails."""
    return RunFinished(
        run_id=run_id, attempt=attempt, outcome="failed", exit_code=1, signal=None, message=None, ended_at=2000,
        duration_ms=1, status="failed" if retry_at is None else "requested", reason=None, retry_at=retry_at,
    )  # fmt: skip


BESIDE = "RunStarted of run 2, attempt 1: run 1 of the same schedule counted as running"
FULL = "RunStarted of run 2, attempt 1: pool default has 1 slots, but 1 attempts were open"


@pytest.mark.parametrize(
    ("requests", "events", "problems"),
    [
        # Overlap: from the first attempt to the final state, waits for retries included.
        ({}, [start("1"), start("2")], [BESIDE]),
        ({}, [start("1"), end("1"), start("2")], []),
        ({}, [start("1"), end("1", retry_at=2000), start("2")], [BESIDE]),
        ({}, [start("1"), end("1", retry_at=2000), start("1", 2), end("1", 2), start("2")], []),
        ({}, [start("1"), end("1", retry_at=2000), RunCanceled(run_id="1", round=0, reason="overlap"), start("2")], []),
        ({}, [submit("1"), start("2")], [BESIDE]),
        ({}, [submit("1"), start("1", executor="slurm"), end("1"), start("2")], []),
        ({"2": {"overlap": "allow"}}, [start("1"), start("2")], []),
        ({"2": {"overlap": "skip"}}, [start("1"), start("2")], [BESIDE]),
        ({"2": {"overlap": "cancel"}}, [start("1"), start("2")], [BESIDE]),
        ({"2": {"schedule_id": "b"}}, [start("1"), start("2")], []),
        ({"1": {"schedule_id": None}, "2": {"schedule_id": None}}, [start("1"), start("2")], []),
        ({"2": {"source": "backfill"}}, [start("1"), start("2")], []),
        (
            {"1": {"source": "backfill"}, "2": {"source": "backfill", "overlap": "allow"}},
            [start("1"), start("2")],
            [BESIDE],
        ),
        ({}, [start("1"), start("2", executor="external")], []),
        ({}, [start("1", executor="external"), start("2")], [BESIDE]),
        # A retry by hand begins a new round, which does not count before its first attempt.
        ({}, [start("1"), end("1"), RunRetryRequested(run_id="1", number=1, forced=False), start("2")], []),
        # Pools, by the limit at that point of the events.
        ({"2": {"schedule_id": "b"}}, [POOL, start("1"), start("2")], [FULL]),
        ({"2": {"schedule_id": "b"}}, [POOL, start("1"), end("1"), start("2")], []),
        ({"2": {"schedule_id": "b"}}, [POOL, start("1"), end("1", retry_at=2000), start("2")], []),
        ({"2": {"schedule_id": "b"}}, [start("1"), POOL, start("2")], [FULL]),
        ({"2": {"schedule_id": "b"}}, [POOL, start("1"), FREE, start("2")], []),
        ({"2": {"schedule_id": "b", "pool": "p"}}, [POOL, start("1"), start("2")], []),
        ({"2": {"schedule_id": "b"}}, [POOL, start("1"), start("2", executor="external")], []),
        (
            {},
            [HOLD, start("1")],
            ["RunStarted of run 1, attempt 1: pool default has 0 slots, but 0 attempts were open"],
        ),
        ({"2": {"schedule_id": "b"}}, [FREE, start("1"), start("2")], []),
        (
            {"2": {"schedule_id": "b"}, "3": {"schedule_id": "c"}},
            [TWO, start("1"), start("2"), start("3")],
            ["RunStarted of run 3, attempt 1: pool default has 2 slots, but 2 attempts were open"],
        ),
        (
            {"2": {"schedule_id": "b"}, "3": {"schedule_id": "c"}},
            [POOL, start("1"), end("1"), start("2"), start("3")],
            ["RunStarted of run 3, attempt 1: pool default has 1 slots, but 1 attempts were open"],
        ),
        # What comes after a change of a pool, and after an attempt that begins, is looked at too.
        ({}, [POOL, start("1"), start("1")], ["RunStarted of run 1: attempt 1 has already begun"]),
        ({}, [submit("1"), start("1", executor="slurm"), start("2")], [BESIDE]),
        # Due times and retries.
        ({}, [start("1", at=999)], ["RunStarted of run 1, attempt 1: the run was not due yet"]),
        (
            {},
            [start("1"), end("1", retry_at=2001), start("1", 2)],
            ["RunStarted of run 1, attempt 2: its retry was not due yet"],
        ),
    ],
)
def test_history(requests: dict[str, dict[str, Any]], events: list[Any], problems: list[str]) -> None:
    """Runs of one schedule in an unlimited pool, with what differs from that; what is wrong with their events."""
    made: dict[str, Request] = {
        run_id: request(run_id, number=int(run_id), **requests.get(run_id, {})) for run_id in "123"
    }
    assert list(check_history(events, made.__getitem__)) == problems


def test_two_open_attempts_are_told_by_the_order_alone() -> None:
    """Without folding the states of all runs."""
    found = check_order([start("1"), start("1", 2), start("2")], request)
    assert list(found) == ["RunStarted of run 1, attempt 2: attempt 1 was open", BESIDE]
