"""What happens to a run that is started, ended, canceled, skipped or repeated: the state, what is done, the events."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from arco_sched.core import run_decisions as decide
from arco_sched.core import run_reports
from arco_sched.core.attempts import EXTERNAL, End
from arco_sched.core.policy import Policy
from arco_sched.core.problems import said
from arco_sched.core.run_decisions import Decision, Refused
from arco_sched.core.run_events import (
    PoolSet,
    RunCanceled,
    RunCancelRequested,
    RunEvent,
    RunFinished,
    RunRetryRequested,
    RunSkipped,
    RunStarted,
    RunSubmitted,
)
from arco_sched.core.runs import Request, RunState, fold, initial
from tests.core.run_world import named, request

PLAIN = request()
RETRYING = Policy(max_retries=1, retry_delay_seconds=30)

Step = Callable[[RunState], Decision]


def local(now: int = 1000) -> Step:
    """A worker starts it."""
    return lambda state: decide.start(state, executor="local", worker="w", host="h", now=now)


def engine(now: int = 1000) -> Step:
    """A worker submits it to an engine."""
    return lambda state: decide.submit(state, executor="slurm", worker="w", host="h", now=now)


def begins(at: int = 1010) -> Step:
    """It begins in the engine."""
    return lambda state: decide.begin(state, attempt=state.attempts, started_at=at)


def own(external_id: str = "x", now: int = 1000, of: Request = PLAIN) -> Step:
    """An executor of one's own starts it."""
    return lambda state: run_reports.start_by_hand(of, state, external_id=external_id, now=now)


def ends(outcome: Any, exit_code: int | None = None, at: int = 1020, policy: Policy = PLAIN.policy) -> Step:
    """Its open attempt ends."""
    end = End(outcome=outcome, ended_at=at, exit_code=exit_code)
    return lambda state: decide.finish(policy, state, attempt=state.attempts, end=end)


def state_after(*steps: Step, of: Request = PLAIN) -> RunState:
    """The state of a run after these steps, each of which must do something."""
    state = initial(of)
    for step in steps:
        events = step(state)
        assert events
        assert not isinstance(events, Refused), events
        state = fold(state, events)
    return state


FRESH = state_after()
RUNNING = state_after(local())
SUBMITTED = state_after(engine())
OWN = state_after(own())
RETRY_WAITS = state_after(local(), ends("failed", 1, policy=RETRYING))
CANCELING = state_after(local(), decide.cancel)
SUCCEEDED = state_after(local(), ends("succeeded", 0))
FAILED = state_after(local(), ends("failed", 1))
LOST = state_after(local(), ends("lost"))
CANCELED = state_after(decide.cancel)
SKIPPED = state_after(decide.skip)
AGAIN = state_after(decide.skip, decide.retry)
HELD = state_after(of=request(before_execution=True))


@pytest.mark.parametrize(
    ("state", "start", "cancel", "skip", "retry"),
    [
        (FRESH, ("RunStarted",), ("RunCanceled",), ("RunSkipped",), ()),
        (RUNNING, "open", ("RunCancelRequested",), "open", "open"),
        (SUBMITTED, "open", ("RunCancelRequested",), "open", "open"),
        (OWN, "open", ("RunCancelRequested",), "open", "open"),
        (RETRY_WAITS, ("RunStarted",), ("RunCanceled",), ("RunSkipped",), "open"),
        (CANCELING, "open", (), "open", "open"),
        (SUCCEEDED, "final", "final", "final", "succeeded"),
        (FAILED, "final", "final", "final", ("RunRetryRequested",)),
        (LOST, "final", "final", "final", ("RunRetryRequested",)),
        (CANCELED, "final", (), "final", ("RunRetryRequested",)),
        (SKIPPED, "final", "final", (), ("RunRetryRequested",)),
        (AGAIN, ("RunStarted",), ("RunCanceled",), ("RunSkipped",), ()),
        (HELD, ("RunStarted",), ("RunCanceled",), ("RunSkipped",), ("RunRetryRequested",)),
    ],
)
def test_by_state(state: RunState, start: Any, cancel: Any, skip: Any, retry: Any) -> None:
    """What can be done in which state: the events, nothing where it is so already, or why not."""
    assert named(local()(state)) == start
    assert named(decide.cancel(state)) == cancel
    assert named(decide.skip(state)) == skip
    assert named(decide.retry(state)) == retry


KNOWN = state_after(
    engine(), lambda state: decide.submit_again(state, attempt=1, external_id="7", worker="v", host="g", now=1001)
)


@pytest.mark.parametrize(
    ("decided", "event"),
    [
        (
            lambda: decide.start(RETRY_WAITS, executor="local", worker="w", host="h", now=1050, place="boot"),
            RunStarted(
                run_id="r",
                attempt=2,
                executor="local",
                worker="w",
                host="h",
                external_id=None,
                started_at=1050,
                place="boot",
            ),
        ),
        (
            lambda: decide.submit(RETRY_WAITS, executor="slurm", worker="w", host="h", now=1050, place="cluster"),
            RunSubmitted(
                run_id="r",
                attempt=2,
                submission=1,
                executor="slurm",
                worker="w",
                host="h",
                external_id=None,
                submitted_at=1050,
                place="cluster",
            ),
        ),
        (
            lambda: decide.begin(KNOWN, attempt=1, started_at=1010),
            RunStarted(run_id="r", attempt=1, executor="slurm", worker="v", host="g", external_id="7", started_at=1010),
        ),
        (
            lambda: decide.begin(KNOWN, attempt=1, started_at=1010, host="node"),
            RunStarted(
                run_id="r", attempt=1, executor="slurm", worker="v", host="node", external_id="7", started_at=1010
            ),
        ),
        (
            lambda: decide.finish(
                RETRYING,
                RUNNING,
                attempt=1,
                end=End(outcome="failed", ended_at=1020, duration_ms=9, exit_code=137, signal=9, message="m"),
            ),
            RunFinished(
                run_id="r",
                attempt=1,
                outcome="failed",
                exit_code=137,
                signal=9,
                message="m",
                ended_at=1020,
                duration_ms=9,
                status="requested",
                reason=None,
                retry_at=1050,
            ),
        ),
        (lambda: decide.cancel(RUNNING), RunCancelRequested(run_id="r", attempt=1, reason="hand")),
        (lambda: decide.cancel(RUNNING, "overlap"), RunCancelRequested(run_id="r", attempt=1, reason="overlap")),
        (lambda: decide.cancel(FRESH), RunCanceled(run_id="r", round=0, reason="hand")),
        (lambda: decide.cancel(AGAIN, "overlap"), RunCanceled(run_id="r", round=1, reason="overlap")),
        (lambda: decide.skip(FRESH), RunSkipped(run_id="r", round=0, reason="discarded")),
        (lambda: decide.skip(AGAIN, "superseded"), RunSkipped(run_id="r", round=1, reason="superseded")),
        (lambda: decide.retry(SKIPPED), RunRetryRequested(run_id="r", number=1, forced=False)),
        (
            lambda: decide.retry(state_after(decide.skip, decide.retry, decide.skip)),
            RunRetryRequested(run_id="r", number=2, forced=False),
        ),
        (
            lambda: own("x", 1050)(RETRY_WAITS),
            RunStarted(
                run_id="r", attempt=2, executor="external", worker=None, host=None, external_id="x", started_at=1050
            ),
        ),
    ],
)
def test_what_is_recorded(decided: Callable[[], Decision], event: RunEvent) -> None:
    """The whole event of each decision."""
    assert decided() == (event,)


@pytest.mark.parametrize("state", [RUNNING, SUBMITTED, OWN, FAILED, SKIPPED])
def test_an_engine_gets_what_a_worker_would_start(state: RunState) -> None:
    """A run is refused to an engine where it would be to a local worker."""
    assert engine()(state) == local()(state)
    assert isinstance(engine()(state), Refused)


def test_a_success_is_repeated_by_force_alone() -> None:
    """`runs retry --force`; the event says that it was one."""
    (event,) = decide.retry(SUCCEEDED, force=True)
    assert getattr(event, "forced", None) is True
    (event,) = decide.retry(FAILED, force=True)
    assert getattr(event, "forced", None) is False


FAIL, RETRY = Policy(max_retries=1), Policy(max_retries=1, on_lost="retry", retry_delay_seconds=30)


@pytest.mark.parametrize(
    ("policy", "before", "outcome", "exit_code", "status", "retry_at"),
    [
        # One retry: what failed, timed out or was not started is tried again once.
        (RETRY, [], "succeeded", 0, "succeeded", None),
        (RETRY, [], "failed", 1, "requested", 1050),
        (RETRY, [], "timed-out", 143, "requested", 1050),
        (RETRY, [], "not-started", None, "requested", 1050),
        (RETRY, [], "canceled", 143, "canceled", None),  # an engine's own cancel
        (RETRY, ["failed"], "failed", 1, "failed", None),
        (RETRY, ["timed-out"], "not-started", None, "failed", None),
        (RETRY, ["failed"], "succeeded", 0, "succeeded", None),
        # Lost: three in a row at most, beside max_retries; the delay doubles with each attempt of the round.
        (FAIL, [], "lost", None, "failed", None),
        (RETRY, [], "lost", None, "requested", 1050),
        (RETRY, ["lost", "lost"], "lost", None, "requested", 1140),
        (RETRY, ["lost", "lost", "lost"], "lost", None, "failed", None),
        (RETRY, ["lost", "lost", "lost"], "failed", 1, "requested", 1260),
        (RETRY, ["lost", "lost", "failed"], "lost", None, "requested", 1260),
        (RETRY, ["failed", "lost"], "failed", 1, "failed", None),
        # Exit codes that are tried again.
        (Policy(max_retries=1, retry_exit_codes=(75,)), [], "failed", 75, "requested", 1080),
        (Policy(max_retries=1, retry_exit_codes=(75,)), [], "failed", 1, "failed", None),
        (Policy(max_retries=1, retry_exit_codes=(75,)), [], "failed", None, "failed", None),
        (Policy(max_retries=1, retry_exit_codes=(75,)), [], "timed-out", None, "requested", 1080),
    ],
)
def test_finish(
    policy: Policy, before: list[str], outcome: str, exit_code: int | None, status: str, retry_at: int | None
) -> None:
    """What becomes of a run whose attempts before ended like that, when one ends at 1020."""
    steps = [step for earlier in before for step in (local(), ends(earlier, 1, at=1000, policy=policy))]
    state = state_after(*steps, local())
    (event,) = ends(outcome, exit_code, policy=policy)(state)
    assert isinstance(event, RunFinished)
    assert (event.status, event.retry_at) == (status, retry_at)


def canceling(reason: Any, *steps: Step) -> RunState:
    """A run that is asked to end for that reason."""
    return state_after(*steps, lambda state: decide.cancel(state, reason))


@pytest.mark.parametrize(
    ("state", "outcome", "status", "reason"),
    [
        # One that ended before it was signalled is recorded as it ended; the cancel takes its retry away.
        (canceling("hand", local()), "succeeded", "succeeded", None),
        (canceling("hand", local()), "failed", "canceled", None),
        (canceling("hand", local()), "canceled", "canceled", None),
        (canceling("overlap", local()), "canceled", "canceled", "overlap"),
        (canceling("hand", local(), ends("failed", 1, policy=RETRYING), local()), "failed", "failed", None),
        (canceling("hand", local()), "lost", "failed", None),
        # `start_within` of a run that waits in an engine.
        (canceling("deadline", engine()), "canceled", "skipped", "deadline"),
        (canceling("deadline", engine()), "not-started", "skipped", "deadline"),
        (canceling("deadline", engine(), begins()), "canceled", "canceled", "deadline"),
        (canceling("deadline", engine(), begins()), "succeeded", "succeeded", None),
    ],
)
def test_finish_after_a_cancel(state: RunState, outcome: str, status: str, reason: str | None) -> None:
    """Canceled where the cancel changed something; with one retry in the policy."""
    (event,) = ends(outcome, 1, policy=RETRYING)(state)
    assert isinstance(event, RunFinished)
    assert (event.status, event.reason, event.retry_at) == (status, reason, None)
    assert fold(state, (event,)).status == status


@pytest.mark.parametrize(
    ("state", "attempt", "outcome", "exit_code", "answer"),
    [
        (FRESH, 1, "failed", 1, "not-current"),
        (RUNNING, 2, "failed", 1, "not-current"),
        (RUNNING, 0, "failed", 1, "not-current"),
        (FAILED, 1, "failed", 1, ()),  # told again
        (FAILED, 1, "failed", 2, "not-open"),
        (FAILED, 1, "succeeded", 0, "not-open"),
        (state_after(local(), ends("failed", 1, policy=RETRYING), local()), 1, "failed", 1, "not-current"),
        (SUBMITTED, 1, "succeeded", 0, "not-begun"),
        (SUBMITTED, 1, "not-started", None, ("RunFinished",)),
        (SUBMITTED, 1, "lost", None, ("RunFinished",)),
    ],
)
def test_finish_of_which_attempt(state: RunState, attempt: int, outcome: Any, exit_code: Any, answer: Any) -> None:
    """Only the current attempt ends, once."""
    end = End(outcome=outcome, ended_at=1020, exit_code=exit_code)
    assert named(decide.finish(PLAIN.policy, state, attempt=attempt, end=end)) == answer


def test_an_attempt_never_ends_before_it_began() -> None:
    """The clock was set back: the end is the beginning, and the retry counts from there."""
    (event,) = ends("failed", 1, at=900, policy=RETRYING)(RUNNING)
    assert isinstance(event, RunFinished)
    assert (event.ended_at, event.retry_at) == (1000, 1030)


LATE = request(start_within_seconds=10)
SPREAD = request(spread_seconds=86_400)


@pytest.mark.parametrize(
    ("of", "state", "external_id", "now", "answer"),
    [
        (PLAIN, FRESH, "x", 1000, ("RunStarted",)),
        (request(pool="external"), FRESH, "x", 1000, ("RunStarted",)),
        (request(has_command=False), FRESH, "x", 1000, ("RunStarted",)),
        (PLAIN, HELD, "x", 1000, ("RunStarted",)),
        (PLAIN, OWN, "x", 2000, ()),
        (PLAIN, OWN, "y", 2000, "other-id"),
        (PLAIN, RUNNING, "x", 1000, "other-id"),
        (PLAIN, FAILED, "x", 2000, "final"),
        (PLAIN, state_after(own("x"), ends("failed", 1)), "x", 2000, "ended"),  # told again, late
        (PLAIN, state_after(own("x"), ends("failed", 1, policy=RETRYING)), "x", 2000, "ended"),
        (PLAIN, RETRY_WAITS, "x", 1049, "early"),
        (PLAIN, RETRY_WAITS, "x", 1050, ("RunStarted",)),
        (LATE, FRESH, "x", 1010, ("RunStarted",)),
        (LATE, FRESH, "x", 1011, "deadline"),
        (SPREAD, FRESH, "x", 1000, "early"),
    ],
)
def test_start_by_hand(of: Request, state: RunState, external_id: str, now: int, answer: Any) -> None:
    """`runs start`: the same id again is nothing new while the attempt is open; due, retry and deadline are heeded."""
    assert named(own(external_id, now, of)(state)) == answer


@pytest.mark.parametrize(
    ("state", "exit_code", "answer"),
    [
        (OWN, 0, ("succeeded", "succeeded")),
        (OWN, 3, ("failed", "failed")),
        (state_after(own(), decide.cancel), 0, ("succeeded", "succeeded")),
        (state_after(own(), decide.cancel), 143, ("canceled", "canceled")),
        (RUNNING, 0, "not-yours"),
        (SUBMITTED, 0, "not-yours"),
        (FRESH, 0, "not-current"),
        (state_after(own(), ends("failed", 3)), 3, ()),
        (state_after(own(), ends("failed", 3)), 0, "not-open"),
        (state_after(own(), decide.cancel, ends("canceled", 143)), 143, ()),
    ],
)
def test_finish_by_hand(state: RunState, exit_code: int, answer: Any) -> None:
    """`runs finish` is for attempts of executors of one's own, and may be told twice."""
    decided = run_reports.finish_by_hand(PLAIN.policy, state, attempt=1, exit_code=exit_code, message="m", now=1007)
    if isinstance(decided, tuple) and decided and isinstance(decided[0], RunFinished):
        assert (decided[0].ended_at, decided[0].duration_ms, decided[0].message) == (1007, 7000, "m")
        assert (decided[0].outcome, decided[0].status, decided[0].exit_code) == (*answer, exit_code)
    else:
        assert named(decided) == answer


@pytest.mark.parametrize(
    ("state", "orphaned", "answer"),
    [
        (OWN, False, ("failed", "failed")),
        (RUNNING, False, "not-yours"),
        (RUNNING, True, ("failed", "failed")),
        (SUBMITTED, True, ("lost", "failed")),  # it never began, as far as anybody knows
        (FRESH, False, "not-open"),
        (FAILED, False, "not-open"),
        (CANCELED, False, "not-open"),
        (state_after(own(), ends("failed")), False, ()),
        (state_after(own(), ends("failed", 3)), False, "not-open"),
        (state_after(own(), ends("succeeded", 0)), False, "not-open"),
        (state_after(local(), ends("failed")), False, "not-open"),
    ],
)
def test_fail_by_hand(state: RunState, orphaned: bool, answer: Any) -> None:
    """`runs fail` is for attempts of executors of one's own, and for those of which no worker can tell any more."""
    decided = run_reports.fail_by_hand(PLAIN.policy, state, message="m", now=1007, orphaned=orphaned)
    if isinstance(decided, tuple) and decided and isinstance(decided[0], RunFinished):
        assert (decided[0].outcome, decided[0].status) == answer
        assert (decided[0].ended_at, decided[0].exit_code, decided[0].message) == (1007, None, "m")
    else:
        assert named(decided) == answer


@pytest.mark.parametrize(
    ("state", "attempt", "answer"),
    [
        (OWN, 1, ("RunFinished",)),
        (OWN, 2, "not-current"),
        (RUNNING, 1, "not-yours"),
        (FRESH, 1, "not-open"),
        (state_after(own(), ends("failed")), 1, ()),
        (state_after(own(), ends("failed")), 2, "not-current"),
        (state_after(own("x"), ends("failed", policy=RETRYING), own("y", 2000)), 1, "not-current"),
        (state_after(own("x"), ends("failed", policy=RETRYING), own("y", 2000)), 2, ("RunFinished",)),
    ],
)
def test_failing_one_attempt(state: RunState, attempt: int, answer: Any) -> None:
    """Whoever lost an attempt can't end the one that came after it."""
    decided = run_reports.fail_by_hand(PLAIN.policy, state, attempt=attempt, message=None, now=3000)
    assert named(decided) == answer


@pytest.mark.parametrize(("now", "duration"), [(999, 0), (1000, 0), (1001, 1000)])
def test_how_long_an_attempt_of_ones_own_took(now: int, duration: int) -> None:
    """Its duration is from the report of its start to that of its end, and never negative."""
    (event,) = run_reports.fail_by_hand(PLAIN.policy, OWN, message=None, now=now)
    assert isinstance(event, RunFinished)
    assert event.duration_ms == duration


@pytest.mark.parametrize(
    ("of", "state", "now", "answer"),
    [
        (PLAIN, FRESH, 10**9, ()),  # none set
        (LATE, FRESH, 1010, ()),
        (LATE, FRESH, 1011, ("RunSkipped",)),
        (LATE, RUNNING, 1011, ()),
        (LATE, RETRY_WAITS, 5000, ()),  # its first attempt began in time
        (LATE, AGAIN, 5000, ()),  # a retry by hand heeds no deadline
        (LATE, SUBMITTED, 1010, ()),
        (LATE, SUBMITTED, 1011, ("RunCancelRequested",)),
        (LATE, canceling("deadline", engine()), 1012, ()),
        (LATE, state_after(engine(), begins()), 1011, ()),
        # Counted from the due time plus spread of scheduled runs, from the request of all others.
        (request(start_within_seconds=10, spread_seconds=2, scheduled_for=1001), FRESH, 1012, ()),
        (request(start_within_seconds=10, spread_seconds=2, scheduled_for=1001), FRESH, 1013, ("RunSkipped",)),
        (request(start_within_seconds=10, source="backfill", scheduled_for=10), FRESH, 1010, ()),
        (request(start_within_seconds=10, source="manual", scheduled_for=10), FRESH, 1011, ("RunSkipped",)),
        (request(start_within_seconds=10, source="request", scheduled_for=None), FRESH, 1011, ("RunSkipped",)),
    ],
)
def test_expire(of: Request, state: RunState, now: int, answer: Any) -> None:
    """A run whose first attempt has not begun by then is skipped, or asked to end where it waits in an engine."""
    decided = decide.expire(of, state, now)
    assert named(decided) == answer
    assert all(getattr(event, "reason", None) == "deadline" for event in decided)


def test_an_engine_that_forgot_an_attempt_gets_it_again() -> None:
    """Claimed, submitted, forgotten, submitted as the same attempt under another id, begun; each is an event once."""

    def answers(external_id: str) -> Step:
        return lambda state: decide.submit_again(
            state, attempt=1, external_id=external_id, worker="w", host="h", now=1001
        )

    state = state_after(engine(), answers("7"))
    assert answers("7")(state) == ()
    state = fold(state, answers("8")(state))  # type: ignore[arg-type]
    assert (state.status, state.attempt.submissions, state.attempt.external_id) == ("requested", 3, "8")  # type: ignore[union-attr]
    state = fold(state, begins()(state))  # type: ignore[arg-type]
    assert (state.status, state.attempt.external_id, begins()(state)) == ("running", "8", ())  # type: ignore[union-attr]
    assert named(answers("9")(state)) == "open"


def test_the_first_id_answers_the_first_submission() -> None:
    """It has the instant at which the attempt was submitted; a later id is another submission, made now."""
    first = decide.submit_again(SUBMITTED, attempt=1, external_id="7", worker="v", host="g", now=1001)
    answer = RunSubmitted(
        run_id="r",
        attempt=1,
        submission=2,
        executor="slurm",
        worker="v",
        host="g",
        external_id="7",
        submitted_at=1000,
    )
    assert first == (answer,)
    second = decide.submit_again(fold(SUBMITTED, (answer,)), attempt=1, external_id="8", worker="v", host="g", now=1002)
    assert second == (replace(answer, submission=3, external_id="8", submitted_at=1002),)


TWICE = state_after(local(), ends("failed", 1, policy=RETRYING), local(now=1050))


@pytest.mark.parametrize(
    ("decided", "says"),
    [
        (lambda: local()(RUNNING), "attempt 1 of run r is still open"),
        (lambda: local()(FAILED), "run r has already failed"),
        (lambda: local()(SUCCEEDED), "run r has already succeeded"),
        (lambda: local()(CANCELED), "run r was already canceled"),
        (lambda: local()(SKIPPED), "run r was already skipped"),
        (lambda: decide.cancel(FAILED), "run r has already failed"),
        (
            lambda: decide.submit_again(TWICE, attempt=1, external_id="7", worker="w", host="h", now=1060),
            "attempt 1 of run r is not the current one: attempt 2 is",
        ),
        (
            lambda: decide.submit_again(FAILED, attempt=1, external_id="7", worker="w", host="h", now=1060),
            "attempt 1 of run r is not the current one: no attempt is open",
        ),
        (
            lambda: decide.submit_again(OWN, attempt=1, external_id="7", worker="w", host="h", now=1060),
            "attempt 1 of run r has already begun as x",
        ),
        (lambda: ends("succeeded")(SUBMITTED), "attempt 1 of run r hasn't begun: record that first"),
        (lambda: ends("succeeded")(FAILED), "attempt 1 of run r has already ended: failed"),
        (lambda: decide.retry(RUNNING), "attempt 1 of run r is still open: cancel it first"),
        (lambda: decide.retry(SUCCEEDED), "run r succeeded"),
        (
            lambda: decide.retry(RETRY_WAITS),
            "run r must be canceled before a retry by hand, since it is retried automatically: 1970-01-01T00:17:30Z",
        ),
        (lambda: own("y")(OWN), "attempt 1 of run r runs as x"),
        (lambda: own("y")(RUNNING), "attempt 1 of run r is run by a worker"),
        (
            lambda: own("x")(state_after(own(), ends("lost"))),
            "attempt 1 of run r was x, and has ended (lost): give the next attempt an id of its own",
        ),
        (lambda: own("y", 1011, LATE)(FRESH), "run r missed its start_within deadline: 1970-01-01T00:16:50Z"),
        (lambda: own("y", 1049)(RETRY_WAITS), "run r is waiting for its retry: 1970-01-01T00:17:30Z"),
        (lambda: own("y", 999)(FRESH), "run r is not due yet: 1970-01-01T00:16:40Z"),
        (
            lambda: run_reports.finish_by_hand(
                PLAIN.policy, state_after(own(), ends("failed", 3)), attempt=1, exit_code=0, message=None, now=1007
            ),
            "attempt 1 of run r has already ended: failed",
        ),
        (
            lambda: run_reports.finish_by_hand(PLAIN.policy, RUNNING, attempt=1, exit_code=0, message=None, now=1007),
            "attempt 1 of run r is run by a worker: cancel the run instead",
        ),
        (lambda: run_reports.fail_by_hand(PLAIN.policy, FRESH, message=None, now=1007), "no attempt of run r is open"),
        (
            lambda: run_reports.fail_by_hand(PLAIN.policy, LOST, message=None, now=1007),
            "no attempt of run r is open: the last outcome is lost",
        ),
        (
            lambda: run_reports.fail_by_hand(PLAIN.policy, OWN, attempt=2, message=None, now=1007),
            "attempt 2 of run r is not the current one: attempt 1 is",
        ),
    ],
)
def test_a_refusal_says_why(decided: Callable[[], Decision], says: str) -> None:
    """One sentence without a full stop, with the instant that it is about."""
    refused = decided()
    assert isinstance(refused, Refused)
    assert refused.told() == says
    assert refused.problem() == (said(says, hint="force", run_id="r") if refused.code == "succeeded" else said(says))


@pytest.mark.parametrize(
    ("before", "slots", "after"),
    [
        (None, 2, PoolSet(pool="p", number=1, slots=2)),
        (None, None, None),
        (PoolSet(pool="p", number=1, slots=2), 2, None),
        (PoolSet(pool="p", number=1, slots=2), 0, PoolSet(pool="p", number=2, slots=0)),
        (PoolSet(pool="p", number=2, slots=0), None, PoolSet(pool="p", number=3, slots=None)),
        (PoolSet(pool="p", number=3, slots=None), None, None),
    ],
)
def test_set_pool(before: PoolSet | None, slots: int | None, after: PoolSet | None) -> None:
    """Each change of a pool has a number of its own; none where it is so already."""
    assert decide.set_pool("p", before, slots) == after


def test_external_is_the_executor_of_what_is_started_by_hand() -> None:
    """No worker looks after it."""
    assert OWN.attempt is not None
    assert (OWN.attempt.executor, OWN.attempt.worker, OWN.attempt.external_id) == (EXTERNAL, None, "x")
