"""What happens when a run is started, ended, canceled, skipped or repeated: (request, state) -> events.

A decision is the events to record, none where everything is already as asked (`existing`), or a `Refused`. Whether a
worker may start a run at all is decided before, by `run_order.choose`.
"""

from dataclasses import replace
from typing import Literal, NamedTuple

from arco_sched.core.attempts import NEEDS_BEGIN, Attempt, End
from arco_sched.core.history import RunStatus
from arco_sched.core.instants import format_instant
from arco_sched.core.policy import MAX_LOST_RETRIES, Policy, is_repeatable, retry_delay
from arco_sched.core.problems import Problem, said
from arco_sched.core.run_events import (
    CancelReason,
    PoolSet,
    RunCanceled,
    RunCancelRequested,
    RunEvent,
    RunFinished,
    RunReason,
    RunRetryRequested,
    RunSkipped,
    RunStarted,
    RunSubmitted,
)
from arco_sched.core.runs import Request, RunState, canceled_reason, is_past_deadline

RefusalCode = Literal[
    "final",
    "open",
    "not-open",
    "not-current",
    "not-begun",
    "other-id",
    "ended",
    "early",
    "deadline",
    "succeeded",
    "not-yours",
]


class Refused(NamedTuple):
    """Why a decision was not made: `code` for programs, `sentence` for people, without a full stop.

    `instant` is what the sentence is about if there is one: the run may start then, or the deadline was then.
    """

    code: RefusalCode
    sentence: str
    instant: int | None = None
    forced: str | None = None
    """The run that `force` repeats."""

    def told(self) -> str:
        """The sentence with its instant."""
        return self.sentence if self.instant is None else f"{self.sentence}: {format_instant(self.instant)}"

    def problem(self) -> Problem:
        """The same, with what to do where there is something."""
        return said(self.told()) if self.forced is None else said(self.told(), hint="force", run_id=self.forced)


Decision = tuple[RunEvent, ...] | Refused


def start(state: RunState, *, executor: str, worker: str, host: str, now: int, place: str | None = None) -> Decision:
    """A worker opens the next attempt, which begins at once; refused where one is open or the run is final."""
    refused = _not_waiting(state)
    if refused is not None:
        return refused
    return (
        RunStarted(
            run_id=state.run_id,
            attempt=state.attempts + 1,
            executor=executor,
            worker=worker,
            host=host,
            external_id=None,
            started_at=now,
            place=place,
        ),
    )


def submit(state: RunState, *, executor: str, worker: str, host: str, now: int, place: str | None = None) -> Decision:
    """A worker opens the next attempt for an engine, before it tells the engine; refused like `start`."""
    refused = _not_waiting(state)
    if refused is not None:
        return refused
    opened = _submission(state, state.attempts + 1, 1, executor, worker, host, None, now)
    return (replace(opened, place=place),)


def submit_again(state: RunState, *, attempt: int, external_id: str, worker: str, host: str, now: int) -> Decision:
    """The engine's id of an attempt, once it answered; recorded again where it forgot the attempt and took it anew.

    Nothing new where the id is the one that is recorded. Refused where the attempt is not the current one or has begun.
    """
    current = current_attempt(state, attempt)
    if isinstance(current, Refused):
        return current
    if current.external_id == external_id:
        return ()
    if current.begun:
        return Refused("open", f"attempt {attempt} of run {state.run_id} has already begun as {current.external_id}")
    number = current.submissions + 1
    # The first id is the answer to the first submission, which was recorded when it was made.
    at = now if current.external_id is not None or current.submitted_at is None else current.submitted_at
    return (_submission(state, attempt, number, current.executor, worker, host, external_id, at),)


def begin(state: RunState, *, attempt: int, started_at: int, host: str | None = None) -> Decision:
    """An attempt that waited in an engine began at `started_at`; nothing new where that is recorded."""
    current = current_attempt(state, attempt)
    if isinstance(current, Refused):
        return current
    if current.begun:
        return ()
    return (
        RunStarted(
            run_id=state.run_id,
            attempt=attempt,
            executor=current.executor,
            worker=current.worker,
            host=host or current.host,
            external_id=current.external_id,
            started_at=started_at,
        ),
    )


def finish(policy: Policy, state: RunState, *, attempt: int, end: End) -> Decision:
    """An attempt ended, and what becomes of its run: final, or requested again for a retry that is left.

    A cancel makes the run `canceled` where the attempt was ended by it, and where it takes a retry away that was left.
    Nothing new where the same outcome and exit code are recorded of that attempt; refused where another end is, where
    the attempt is not the current one, and where it has not begun but would have to.
    """
    last = state.attempt
    if last is not None and last.number == attempt and last.end is not None:
        if (last.end.outcome, last.end.exit_code) == (end.outcome, end.exit_code):
            return ()
        return Refused("not-open", f"attempt {attempt} of run {state.run_id} has already ended: {last.end.outcome}")
    current = current_attempt(state, attempt)
    if isinstance(current, Refused):
        return current
    if not current.begun and end.outcome in NEEDS_BEGIN:
        return Refused("not-begun", f"attempt {attempt} of run {state.run_id} hasn't begun: record that first")
    if current.started_at is not None and end.ended_at < current.started_at:  # the clock was set back between them
        end = replace(end, ended_at=current.started_at)
    status, reason, retry_at = _becomes(policy, state, current, end)
    return (
        RunFinished(
            run_id=state.run_id,
            attempt=attempt,
            outcome=end.outcome,
            exit_code=end.exit_code,
            signal=end.signal,
            message=end.message,
            ended_at=end.ended_at,
            duration_ms=end.duration_ms,
            status=status,
            reason=reason,
            retry_at=retry_at,
        ),
    )


def cancel(state: RunState, reason: CancelReason = "hand") -> Decision:
    """A run that waits is canceled at once, an open attempt is asked to end.

    Nothing new where that was asked before or the run is canceled already; refused where it is final otherwise.
    """
    if state.status == "canceled" or state.cancel is not None:
        return ()
    if state.final:
        return is_final(state)
    if state.open_attempt is not None:
        return (RunCancelRequested(run_id=state.run_id, attempt=state.attempts, reason=reason),)
    return (RunCanceled(run_id=state.run_id, round=state.round, reason=reason),)


def skip(state: RunState, reason: RunReason = "discarded") -> Decision:
    """A run that waits (for its first attempt or for a retry) will not be executed any more.

    Nothing new where it is skipped already; refused where an attempt is open or the run is final otherwise.
    """
    if state.status == "skipped":
        return ()
    refused = _not_waiting(state)
    if refused is not None:
        return refused
    return (RunSkipped(run_id=state.run_id, round=state.round, reason=reason),)


def expire(request: Request, state: RunState, now: int) -> Decision:
    """A run past its `start_within` is skipped; nothing where its time is not over.

    One that waits in an engine is asked to end, and is skipped once it has.
    """
    if not is_past_deadline(request, state, now):
        return ()
    return skip(state, "deadline") if state.open_attempt is None else cancel(state, "deadline")


def retry(state: RunState, *, force: bool = False) -> Decision:
    """`arco runs retry`: a final run, or one that is held, waits again, in a new round of `max_retries`.

    Nothing new where it waits for its round's first attempt already; refused where an attempt is open, where it waits
    for a retry of its own, and for a success without `force`.
    """
    if state.open_attempt is not None:
        return Refused("open", f"attempt {state.attempts} of run {state.run_id} is still open: cancel it first")
    if state.status == "succeeded" and not force:
        return Refused("succeeded", f"run {state.run_id} succeeded", forced=state.run_id)
    if not state.final and not state.held:
        if state.round_attempts == 0:
            return ()
        sentence = f"run {state.run_id} must be canceled before a retry by hand, since it is retried automatically"
        return Refused("open", sentence, state.retry_at)
    return (
        RunRetryRequested(run_id=state.run_id, number=state.round + 1, forced=force and state.status == "succeeded"),
    )


def set_pool(pool: str, before: PoolSet | None, slots: int | None) -> PoolSet | None:
    """The change of a pool to `slots` (None: no limit), after its last change; None if it is so already."""
    if slots == (None if before is None else before.slots):
        return None
    return PoolSet(pool=pool, number=1 if before is None else before.number + 1, slots=slots)


def has_retry_left(policy: Policy, state: RunState, end: End) -> bool:
    """Whether the policy repeats the open attempt when it ends like this and nobody asked the run to end."""
    if end.outcome == "lost":
        return policy.on_lost == "retry" and state.lost_in_row < MAX_LOST_RETRIES
    return state.retries < policy.max_retries and is_repeatable(policy, end.outcome, end.exit_code)


def _becomes(
    policy: Policy, state: RunState, attempt: Attempt, end: End
) -> tuple[RunStatus, RunReason | None, int | None]:
    """(status, its reason, when it is tried again) of a run whose open attempt ends like this."""
    if end.outcome == "succeeded":
        return "succeeded", None, None
    if state.cancel == "deadline" and not attempt.begun:
        return "skipped", "deadline", None
    again = has_retry_left(policy, state, end)
    if end.outcome == "canceled" or (again and state.cancel is not None):
        return "canceled", canceled_reason(state.cancel), None
    if again:
        return "requested", None, end.ended_at + retry_delay(policy, state.round_attempts)
    return "failed", None, None


def _submission(
    state: RunState,
    attempt: int,
    number: int,
    executor: str,
    worker: str,
    host: str,
    external_id: str | None,
    now: int,
) -> RunSubmitted:
    return RunSubmitted(
        run_id=state.run_id,
        attempt=attempt,
        submission=number,
        executor=executor,
        worker=worker,
        host=host,
        external_id=external_id,
        submitted_at=now,
    )


def current_attempt(state: RunState, number: int) -> Attempt | Refused:
    """The open attempt where it is that one."""
    attempt = state.open_attempt
    if attempt is not None and attempt.number == number:
        return attempt
    return not_current(state, number)


def not_current(state: RunState, number: int) -> Refused:
    """The refusal of an attempt that isn't the open one."""
    attempt = state.open_attempt
    now = "no attempt is open" if attempt is None else f"attempt {attempt.number} is"
    return Refused("not-current", f"attempt {number} of run {state.run_id} is not the current one: {now}")


def _not_waiting(state: RunState) -> Refused | None:
    if state.open_attempt is not None:
        return Refused("open", f"attempt {state.attempts} of run {state.run_id} is still open")
    return is_final(state) if state.final else None


def is_final(state: RunState) -> Refused:
    """The refusal of a run that has ended."""
    has = "was already" if state.status in {"canceled", "skipped"} else "has already"
    return Refused("final", f"run {state.run_id} {has} {state.status}")
