"""The fold of a run's events: the orders that can be, and a sentence about each that can't."""

from dataclasses import replace
from typing import Any

import pytest

from arco_sched.core.attempts import OUTCOMES, Attempt, End
from arco_sched.core.history import RUN_STATUSES
from arco_sched.core.run_events import (
    PoolSet,
    RunCanceled,
    RunCancelRequested,
    RunFinished,
    RunRetryRequested,
    RunSkipped,
    RunStarted,
    RunSubmitted,
    from_payload,
    payload,
)
from arco_sched.core.run_history import check_history
from arco_sched.core.runs import ImpossibleEvent, RunState, fold, initial, is_external
from tests.core.run_world import request

BY = {"executor": "local", "worker": "w", "host": "h", "external_id": None}
START = RunStarted(run_id="r", attempt=1, started_at=1000, **BY)  # type: ignore[arg-type]
SECOND = replace(START, attempt=2, started_at=1200)
SUBMIT = RunSubmitted(run_id="r", attempt=1, submission=1, submitted_at=1000, **(BY | {"executor": "slurm"}))  # type: ignore[arg-type]
BEGIN = replace(START, executor="slurm")
SKIP = RunSkipped(run_id="r", round=0, reason="discarded")
CANCEL = RunCanceled(run_id="r", round=0, reason="hand")
ASK = RunCancelRequested(run_id="r", attempt=1, reason="hand")
LATE = replace(ASK, reason="deadline")
RETRY = RunRetryRequested(run_id="r", number=1, forced=False)


def finish(outcome: Any, status: Any, retry_at: int | None = None, **values: Any) -> RunFinished:
    """Attempt 1 ends at 1100."""
    known: dict[str, Any] = {"attempt": 1, "exit_code": None, "signal": None, "message": None, "ended_at": 1100}
    known |= {"duration_ms": None, "reason": None}
    return RunFinished(run_id="r", outcome=outcome, status=status, retry_at=retry_at, **(known | values))


AGAIN = finish("failed", "requested", 1160)


@pytest.mark.parametrize(
    ("events", "answer"),
    [
        ([], ("requested", None, 0, 0)),
        ([START], ("running", None, 0, 1)),
        ([SUBMIT], ("requested", None, 0, 1)),
        ([SUBMIT, BEGIN], ("running", None, 0, 1)),
        ([START, finish("succeeded", "succeeded")], ("succeeded", None, 0, 1)),
        ([START, AGAIN], ("requested", None, 0, 1)),
        ([START, AGAIN, SECOND], ("running", None, 0, 2)),
        ([START, AGAIN, CANCEL], ("canceled", None, 0, 1)),
        ([START, AGAIN, SKIP], ("skipped", "discarded", 0, 1)),
        ([START, ASK, finish("canceled", "canceled")], ("canceled", None, 0, 1)),
        ([SUBMIT, LATE, finish("canceled", "skipped", reason="deadline")], ("skipped", "deadline", 0, 1)),
        ([SKIP, RETRY], ("requested", None, 1, 0)),
        ([SKIP, RETRY, replace(SKIP, round=1)], ("skipped", "discarded", 1, 0)),
        ([replace(CANCEL, reason="overlap")], ("canceled", "overlap", 0, 0)),
        ([START, finish("lost", "failed"), RETRY, SECOND], ("running", None, 1, 2)),
        ([START, finish("succeeded", "succeeded"), replace(RETRY, forced=True)], ("requested", None, 1, 1)),
    ],
)
def test_orders_that_can_be(events: list[Any], answer: Any) -> None:
    """The status, its reason, the rounds and attempts that a sequence of events leaves."""
    state = fold(initial(request()), events)
    assert (state.status, state.reason, state.round, state.attempts) == answer
    assert list(check_history(events, lambda _: request())) == []


LOCAL = Attempt(number=1, executor="local", worker="w", host="h", started_at=1000)
IN_ENGINE = Attempt(number=1, executor="slurm", worker="w", host="h", submissions=1, submitted_at=1000)
END = End(outcome="failed", ended_at=1100, duration_ms=100_250, exit_code=75, signal=9, message="m")
FAILS = finish("failed", "requested", 1160, duration_ms=100_250, exit_code=75, signal=9, message="m")
ENDED = replace(LOCAL, end=END)
GIVEN_UP = replace(FAILS, attempt=2, status="failed", retry_at=None)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([], RunState(run_id="r")),
        (
            [replace(START, external_id="x", place="boot")],
            RunState(
                run_id="r",
                status="running",
                attempts=1,
                round_attempts=1,
                attempt=replace(LOCAL, external_id="x", place="boot"),
            ),
        ),
        (
            [replace(SUBMIT, external_id="x", place="cluster")],
            RunState(
                run_id="r", attempts=1, round_attempts=1, attempt=replace(IN_ENGINE, external_id="x", place="cluster")
            ),
        ),
        (
            [
                replace(SUBMIT, place="cluster"),
                replace(SUBMIT, submission=2, worker="v", host="g", external_id="x", submitted_at=1001),
            ],
            RunState(
                run_id="r",
                attempts=1,
                round_attempts=1,
                attempt=replace(
                    IN_ENGINE,
                    worker="v",
                    host="g",
                    external_id="x",
                    place="cluster",
                    submissions=2,
                    submitted_at=1001,
                ),
            ),
        ),
        (
            [
                replace(SUBMIT, place="cluster"),
                replace(SUBMIT, submission=2, worker="v", host="g", external_id="x", submitted_at=1001),
                replace(BEGIN, worker="u", host="f", external_id="y"),
            ],
            RunState(
                run_id="r",
                status="running",
                attempts=1,
                round_attempts=1,
                attempt=Attempt(
                    number=1,
                    executor="slurm",
                    worker="u",
                    host="f",
                    external_id="y",
                    place="cluster",
                    submissions=2,
                    submitted_at=1001,
                    started_at=1000,
                ),
            ),
        ),
        (
            [START, FAILS],
            RunState(run_id="r", attempts=1, round_attempts=1, retries=1, retry_at=1160, attempt=ENDED),
        ),
        (
            [START, replace(FAILS, outcome="lost")],
            RunState(
                run_id="r",
                attempts=1,
                round_attempts=1,
                lost_in_row=1,
                retry_at=1160,
                attempt=replace(LOCAL, end=replace(END, outcome="lost")),
            ),
        ),
        (
            [START, FAILS, SECOND],
            RunState(
                run_id="r",
                status="running",
                attempts=2,
                round_attempts=2,
                retries=1,
                attempt=replace(LOCAL, number=2, started_at=1200),
            ),
        ),
        (
            [START, FAILS, replace(SKIP, reason="overlap")],
            RunState(
                run_id="r", status="skipped", reason="overlap", attempts=1, round_attempts=1, retries=1, attempt=ENDED
            ),
        ),
        (
            [START, FAILS, replace(CANCEL, reason="overlap")],
            RunState(
                run_id="r", status="canceled", reason="overlap", attempts=1, round_attempts=1, retries=1, attempt=ENDED
            ),
        ),
        (
            [START, replace(ASK, reason="overlap")],
            RunState(run_id="r", status="running", attempts=1, round_attempts=1, cancel="overlap", attempt=LOCAL),
        ),
        (
            [START, ASK, replace(FAILS, status="canceled", retry_at=None, reason="overlap")],
            RunState(run_id="r", status="canceled", reason="overlap", attempts=1, round_attempts=1, attempt=ENDED),
        ),
        # A retry by hand begins a new round and keeps the last attempt.
        (
            [START, FAILS, replace(START, attempt=2), replace(GIVEN_UP, outcome="lost"), RETRY],
            RunState(
                run_id="r",
                round=1,
                attempts=2,
                attempt=replace(LOCAL, number=2, end=replace(END, outcome="lost")),
            ),
        ),
        ([replace(SKIP, reason="deadline"), RETRY], RunState(run_id="r", round=1)),
    ],
)
def test_the_state(events: list[Any], state: RunState) -> None:
    """All that a sequence of events leaves."""
    assert fold(initial(request()), events) == state


def test_what_was_held() -> None:
    """A run from before the database knew execution is held until it is retried by hand, or somebody executes it."""
    state = initial(request(before_execution=True))
    assert state == RunState(run_id="r", held=True)
    assert fold(state, [RETRY]) == RunState(run_id="r", round=1)
    external = RunStarted(
        run_id="r", attempt=1, executor="external", worker=None, host=None, external_id="x", started_at=1000
    )
    assert fold(state, [external]) == RunState(
        run_id="r",
        status="running",
        attempts=1,
        round_attempts=1,
        attempt=Attempt(number=1, executor="external", external_id="x", started_at=1000),
    )


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        ([START, START], "RunStarted of run r: attempt 1 has already begun"),
        ([START, SECOND], "RunStarted of run r: attempt 1 is open"),
        ([SECOND], "RunStarted of run r: the next attempt is 1"),
        ([SKIP, START], "RunStarted of run r: the run is skipped"),
        ([START, SUBMIT], "RunSubmitted of run r: attempt 1 is open"),
        ([SUBMIT, START], "RunStarted of run r: attempt 1 belongs to the executor slurm"),
        ([SUBMIT, replace(SUBMIT, submission=3)], "RunSubmitted of run r: submission 1 was the last"),
        ([replace(SUBMIT, submission=2)], "RunSubmitted of run r: no attempt is open"),
        (
            [SUBMIT, replace(SUBMIT, submission=2, executor="k8s")],
            "RunSubmitted of run r: attempt 1 belongs to the executor slurm",
        ),
        ([SUBMIT, BEGIN, replace(SUBMIT, submission=2)], "RunSubmitted of run r: attempt 1 has begun"),
        ([replace(SUBMIT, executor="external")], "RunSubmitted of run r: an executor of your own has no submissions"),
        ([finish("failed", "failed")], "RunFinished of run r: no attempt is open"),
        ([START, finish("failed", "failed", attempt=2)], "RunFinished of run r: attempt 1 is the current one, not 2"),
        (
            [START, finish("failed", "failed"), finish("succeeded", "succeeded")],
            "RunFinished of run r: no attempt is open",
        ),
        (
            [START, finish("succeeded", "failed")],
            "RunFinished of run r: a run can't be failed after the outcome succeeded",
        ),
        (
            [START, finish("failed", "canceled")],
            "RunFinished of run r: a run can't be canceled after the outcome failed",
        ),
        (
            [START, ASK, finish("failed", "requested", 1200)],
            "RunFinished of run r: a run can't be requested after the outcome failed and a cancel",
        ),
        (
            [START, finish("canceled", "skipped", reason="deadline")],
            "RunFinished of run r: a run can't be skipped after the outcome canceled",
        ),
        (
            [SUBMIT, BEGIN, LATE, finish("canceled", "skipped", reason="deadline")],
            "RunFinished of run r: a run can't be skipped after the outcome canceled and a cancel",
        ),
        (
            [
                *(SUBMIT, replace(AGAIN, outcome="lost"), replace(SUBMIT, attempt=2), replace(LATE, attempt=2)),
                finish("canceled", "skipped", attempt=2, reason="deadline"),
            ],
            "RunFinished of run r: a run can't be skipped after the outcome canceled and a cancel",
        ),
        (
            [SUBMIT, LATE, finish("canceled", "skipped", reason="overlap")],
            "RunFinished of run r: a run can't be skipped after the outcome canceled and a cancel",
        ),
        (
            [SUBMIT, ASK, finish("canceled", "skipped", reason="deadline")],
            "RunFinished of run r: a run can't be skipped after the outcome canceled and a cancel",
        ),
        ([START, finish("failed", "running")], "RunFinished of run r: a run can't be running after the outcome failed"),
        (
            [START, finish("failed", "requested")],
            "RunFinished of run r: retry_at must be set exactly when the run will be retried",
        ),
        (
            [SUBMIT, finish("succeeded", "succeeded")],
            "RunFinished of run r: attempt 1 hasn't begun, so its outcome can't be succeeded",
        ),
        (
            [START, finish("failed", "failed", ended_at=999)],
            "RunFinished of run r: attempt 1 would end before it began",
        ),
        ([START, SKIP], "RunSkipped of run r: attempt 1 is open"),
        ([SUBMIT, SKIP], "RunSkipped of run r: attempt 1 is open"),
        ([SKIP, SKIP], "RunSkipped of run r: the run is skipped"),
        ([replace(SKIP, round=1)], "RunSkipped of run r: the run is in round 0"),
        ([START, CANCEL], "RunCanceled of run r: attempt 1 is open"),
        ([ASK], "RunCancelRequested of run r: no attempt is open"),
        ([START, ASK, ASK], "RunCancelRequested of run r: a cancel was already requested"),
        ([RETRY], "RunRetryRequested of run r: the run is requested"),
        ([START, RETRY], "RunRetryRequested of run r: the run is running"),
        ([SKIP, replace(RETRY, number=2)], "RunRetryRequested of run r: the next retry is 1"),
        (
            [START, finish("succeeded", "succeeded"), RETRY],
            "RunRetryRequested of run r: only a forced retry repeats a success",
        ),
        ([replace(SKIP, run_id="s")], "RunSkipped of run s is among the events of run r"),
    ],
)
def test_orders_that_cannot_be(events: list[Any], sentence: str) -> None:
    """The last event of each can't follow, and the sentence says why."""
    state = fold(initial(request()), events[:-1])
    with pytest.raises(ImpossibleEvent) as refusal:
        fold(state, events[-1:])
    assert str(refusal.value) == sentence
    if events[-1].run_id == "r":
        assert sentence in list(check_history(events, lambda _: request()))


@pytest.mark.parametrize("status", RUN_STATUSES)
@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("canceling", [False, True])
def test_what_a_run_can_become(outcome: str, status: str, canceling: bool) -> None:
    """A success is one whatever was asked. A failure is final or retried; after a cancel it is final or the cancel's
    doing. Only what was canceled is canceled otherwise."""
    failures = {"failed", "canceled" if canceling else "requested"}
    possible = {"succeeded": {"succeeded"}, "canceled": {"canceled"}}.get(outcome, failures)
    state = fold(initial(request()), [START, ASK] if canceling else [START])
    event = finish(outcome, status, 1160 if status == "requested" else None)
    if status in possible:
        assert fold(state, [event]).status == status
    else:
        after = outcome + (" and a cancel" if canceling else "")
        with pytest.raises(ImpossibleEvent, match=f": a run can't be {status} after the outcome {after}$"):
            fold(state, [event])


def test_what_no_worker_takes() -> None:
    """No command, the pool `external`, and what was requested before the database knew execution, until a retry."""
    old = request(before_execution=True)
    assert not is_external(request(), initial(request()))
    assert is_external(request(has_command=False), initial(request()))
    assert is_external(request(pool="external"), initial(request()))
    assert is_external(old, initial(old))
    assert not is_external(old, fold(initial(old), [RETRY]))


@pytest.mark.parametrize(
    ("event", "key", "values"),
    [
        (
            replace(START, place="boot"),
            "run_started:r:1",
            {"run_id": "r", "attempt": 1, **BY, "started_at": "@1000", "place": "boot"},
        ),
        (START, "run_started:r:1", {"run_id": "r", "attempt": 1, **BY, "started_at": "@1000", "place": None}),
        (
            replace(SUBMIT, submission=2, external_id="7"),
            "run_submitted:r:1:2",
            {"run_id": "r", "attempt": 1, "submission": 2, "executor": "slurm", "worker": "w", "host": "h"}
            | {"external_id": "7", "submitted_at": "@1000", "place": None},
        ),
        (
            replace(AGAIN, exit_code=75, duration_ms=100_250),
            "run_finished:r:1",
            {"run_id": "r", "attempt": 1, "outcome": "failed", "exit_code": 75, "signal": None, "message": None}
            | {"ended_at": "@1100", "duration_ms": 100_250, "status": "requested", "reason": None, "retry_at": "@1160"},
        ),
        (SKIP, "run_skipped:r:0", {"run_id": "r", "round": 0, "reason": "discarded"}),
        (ASK, "run_cancel_requested:r:1", {"run_id": "r", "attempt": 1, "reason": "hand"}),
        (CANCEL, "run_canceled:r:0", {"run_id": "r", "round": 0, "reason": "hand"}),
        (RETRY, "run_retry:r:1", {"run_id": "r", "number": 1, "forced": False}),
        (PoolSet(pool="p", number=2, slots=None), "pool_set:p:2", {"pool": "p", "number": 2, "slots": None}),
    ],
)
def test_event(event: Any, key: str, values: dict[str, Any]) -> None:
    """The key and the payload of each type, and the way back; a key that came later does not harm an old reader."""
    assert event.key == key
    written = payload(event, lambda epoch: f"@{epoch}")
    assert written == values
    assert from_payload(event.name, written | {"new": 1}, lambda text: int(text[1:])) == event


def test_events_from_before_places() -> None:
    """An event whose payload names no place has none; anything else that is missing is an error."""
    written = payload(START, str)
    del written["place"]
    assert from_payload("RunStarted", written, int) == START
    del written["attempt"]
    with pytest.raises(KeyError, match="attempt"):
        from_payload("RunStarted", written, int)
