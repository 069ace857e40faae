"""A run's request and its state, and the fold of its events. The states:

    requested -> running -> succeeded | failed | canceled        requested -> skipped | canceled
    running -> requested (an attempt ended, a retry is left)     any final state -> requested (a retry by hand)

A run whose attempt waits in an engine stays `requested` until the attempt begins.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from arco_sched.core.attempts import EXTERNAL, NEEDS_BEGIN, Attempt, End
from arco_sched.core.history import RunStatus
from arco_sched.core.policy import DEFAULT, EXTERNAL_POOL, Policy, starts_at
from arco_sched.core.run_events import (
    FINAL,
    CancelReason,
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

Source = Literal["scheduled", "manual", "backfill", "request"]


class Group(NamedTuple):
    """The runs that `overlap` applies to together: those of a schedule, with backfilled ones as a separate group."""

    schedule_id: str
    backfill: bool


class ImpossibleEvent(ValueError):
    """An event that can't follow what was recorded before; `str()` of it says why, without a full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is fixed about a run when it is requested, as far as it matters for its execution.

    `number` grows with each request of the database. `schedule_id` and `scheduled_for` are None if the request came
    by hand and belongs to no schedule. `before_execution`: it was made before the database knew execution, and waits
    until somebody retries it by hand.
    """

    run_id: str
    number: int
    source: Source
    requested_at: int
    schedule_id: str | None = None
    scheduled_for: int | None = None
    has_command: bool = True
    run_as: str | None = None
    before_execution: bool = False
    policy: Policy = DEFAULT

    @property
    def group(self) -> Group | None:
        """The group in which `overlap` applies to the run; None for a run without a schedule."""
        return None if self.schedule_id is None else Group(self.schedule_id, self.source == "backfill")

    @property
    def due_at(self) -> int:
        """The instant by which runs are ordered: `scheduled_for`, or the request's instant without one."""
        return self.requested_at if self.scheduled_for is None else self.scheduled_for

    @property
    def newness(self) -> tuple[int, int]:
        """Greater means newer, for `overlap: cancel`; a run requested by hand is as new as its request."""
        return (self.requested_at if self.source == "request" else self.due_at, self.number)

    @property
    def starts_at(self) -> int | None:
        """The instant before which the run does not start; None for all but scheduled runs."""
        if self.source != "scheduled" or self.schedule_id is None or self.scheduled_for is None:
            return None
        return starts_at(self.schedule_id, self.scheduled_for, self.policy.spread_seconds)

    @property
    def deadline_at(self) -> int | None:
        """The last instant at which the first attempt may begin; None without `start_within`."""
        if self.policy.start_within_seconds is None:
            return None
        since = self.starts_at
        return (self.requested_at if since is None else since) + self.policy.start_within_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """A run as its events leave it.

    `held`: no worker takes it before it is retried by hand. `round` counts the retries by hand, `attempts` all
    attempts, `round_attempts` those of the round. `retries` counts the attempts of the round that are repeated within
    `max_retries`, `lost_in_row` those that were lost one after the other just now. `cancel` says why the open attempt
    was asked to end. `attempt` is the last one, open or ended.
    """

    run_id: str
    status: RunStatus = "requested"
    reason: RunReason | None = None
    held: bool = False
    round: int = 0
    attempts: int = 0
    round_attempts: int = 0
    retries: int = 0
    lost_in_row: int = 0
    retry_at: int | None = None
    cancel: CancelReason | None = None
    attempt: Attempt | None = None

    @property
    def final(self) -> bool:
        """Whether the run has ended for good, unless it is retried by hand."""
        return self.status in FINAL

    @property
    def open_attempt(self) -> Attempt | None:
        """The attempt that was started or submitted and has not ended."""
        return self.attempt if self.attempt is not None and self.attempt.end is None else None

    @property
    def waits(self) -> bool:
        """Whether an attempt of the run is still to be started."""
        return self.status == "requested" and self.open_attempt is None

    @property
    def occupies(self) -> bool:
        """Whether the run counts as running for `overlap`: from a round's first attempt on, until it is final."""
        return self.round_attempts > 0 and not self.final


def is_external(request: Request, state: RunState) -> bool:
    """Whether no worker ever takes the run, as it stands."""
    return not request.has_command or request.policy.pool == EXTERNAL_POOL or state.held


def is_past_deadline(request: Request, state: RunState, now: int) -> bool:
    """Whether the first attempt of a run did not begin in time; never so for one that was retried by hand."""
    deadline = request.deadline_at
    if deadline is None or now <= deadline or state.round or state.final:
        return False
    first = state.open_attempt
    return state.attempts == 0 or (state.attempts == 1 and first is not None and not first.begun)


def initial(request: Request) -> RunState:
    """The state of a run that was just requested."""
    return RunState(run_id=request.run_id, held=request.before_execution)


def fold(state: RunState, events: Iterable[RunEvent]) -> RunState:
    """The state after all these events, in their order; raises `ImpossibleEvent`."""
    for event in events:
        state = apply(state, event)
    return state


def apply(state: RunState, event: RunEvent) -> RunState:
    """The state after one more event; raises `ImpossibleEvent` if the event can't follow."""
    if event.run_id != state.run_id:
        raise ImpossibleEvent(f"{event.name} of run {event.run_id} is among the events of run {state.run_id}")
    match event:
        case RunSubmitted():
            return _submitted(state, event)
        case RunStarted():
            return _started(state, event)
        case RunFinished():
            return _finished(state, event)
        case RunSkipped():
            _check_waits(state, event, event.round)
            return replace(state, status="skipped", reason=event.reason, retry_at=None)
        case RunCanceled():
            _check_waits(state, event, event.round)
            return replace(state, status="canceled", reason=canceled_reason(event.reason), retry_at=None)
        case RunCancelRequested():
            _check_current(state, event, event.attempt)
            _check(state.cancel is None, event, "a cancel was already requested")
            return replace(state, cancel=event.reason)
        case RunRetryRequested():
            return _retried(state, event)


def canceled_reason(reason: CancelReason | None) -> RunReason | None:
    """The `status_reason` of a run that is canceled: None if a person or an engine did it."""
    return None if reason == "hand" else reason


def _submitted(state: RunState, event: RunSubmitted) -> RunState:
    _check(event.executor != EXTERNAL, event, "an executor of your own has no submissions")
    if event.submission == 1:
        opened = Attempt(
            number=event.attempt,
            executor=event.executor,
            worker=event.worker,
            host=event.host,
            external_id=event.external_id,
            place=event.place,
            submissions=1,
            submitted_at=event.submitted_at,
        )
        return _opened(state, event, opened)
    attempt = _check_current(state, event, event.attempt)
    _check(not attempt.begun, event, f"attempt {attempt.number} has begun")
    _check(
        event.executor == attempt.executor,
        event,
        f"attempt {attempt.number} belongs to the executor {attempt.executor}",
    )
    _check(event.submission == attempt.submissions + 1, event, f"submission {attempt.submissions} was the last")
    return replace(
        state,
        attempt=replace(
            attempt,
            worker=event.worker,
            host=event.host,
            external_id=event.external_id,
            submissions=event.submission,
            submitted_at=event.submitted_at,
        ),
    )


def _started(state: RunState, event: RunStarted) -> RunState:
    waiting = state.open_attempt
    if waiting is None or waiting.number != event.attempt:
        opened = Attempt(
            number=event.attempt,
            executor=event.executor,
            worker=event.worker,
            host=event.host,
            external_id=event.external_id,
            place=event.place,
            started_at=event.started_at,
        )
        return replace(_opened(state, event, opened), status="running")
    _check(not waiting.begun, event, f"attempt {waiting.number} has already begun")
    _check(
        event.executor == waiting.executor,
        event,
        f"attempt {waiting.number} belongs to the executor {waiting.executor}",
    )
    begun = replace(
        waiting, worker=event.worker, host=event.host, external_id=event.external_id, started_at=event.started_at
    )
    return replace(state, status="running", attempt=begun)


def _opened(state: RunState, event: RunSubmitted | RunStarted, attempt: Attempt) -> RunState:
    still = state.open_attempt
    _check(still is None, event, f"attempt {state.attempts} is open")
    _check(state.status == "requested", event, f"the run is {state.status}")
    _check(attempt.number == state.attempts + 1, event, f"the next attempt is {state.attempts + 1}")
    return replace(
        state,
        held=False,
        attempts=attempt.number,
        round_attempts=state.round_attempts + 1,
        retry_at=None,
        attempt=attempt,
    )


def _finished(state: RunState, event: RunFinished) -> RunState:
    attempt = _check_current(state, event, event.attempt)
    _check(
        attempt.begun or event.outcome not in NEEDS_BEGIN,
        event,
        f"attempt {attempt.number} hasn't begun, so its outcome can't be {event.outcome}",
    )
    _check(
        attempt.started_at is None or event.ended_at >= attempt.started_at,
        event,
        f"attempt {attempt.number} would end before it began",
    )
    _check_becomes(state, attempt, event)
    again = event.status == "requested"
    lost = event.outcome == "lost"
    end = End(
        outcome=event.outcome,
        ended_at=event.ended_at,
        duration_ms=event.duration_ms,
        exit_code=event.exit_code,
        signal=event.signal,
        message=event.message,
    )
    return replace(
        state,
        status=event.status,
        reason=event.reason,
        retries=state.retries + (again and not lost),
        lost_in_row=state.lost_in_row + 1 if lost else 0,
        retry_at=event.retry_at,
        cancel=None,
        attempt=replace(attempt, end=end),
    )


def _check_becomes(state: RunState, attempt: Attempt, event: RunFinished) -> None:
    """Raise `ImpossibleEvent` for a status that can't follow from the outcome."""
    unbegun_first = state.attempts == 1 and not attempt.begun
    match event.status:
        case "succeeded":
            possible = event.outcome == "succeeded"
        case "failed":
            possible = event.outcome not in {"succeeded", "canceled"}
        case "requested":
            possible = event.outcome not in {"succeeded", "canceled"} and state.cancel is None
        case "canceled":
            possible = event.outcome == "canceled" or (event.outcome != "succeeded" and state.cancel is not None)
        case "skipped":
            possible = unbegun_first and state.cancel == "deadline" and event.reason == "deadline"
        case _:
            possible = False
    after = f"{event.outcome}{'' if state.cancel is None else ' and a cancel'}"
    _check(possible, event, f"a run can't be {event.status} after the outcome {after}")
    _check(
        (event.retry_at is not None) == (event.status == "requested"),
        event,
        "retry_at must be set exactly when the run will be retried",
    )


def _retried(state: RunState, event: RunRetryRequested) -> RunState:
    _check(state.final or state.held, event, f"the run is {state.status}")
    _check(state.status != "succeeded" or event.forced, event, "only a forced retry repeats a success")
    _check(event.number == state.round + 1, event, f"the next retry is {state.round + 1}")
    return replace(
        state,
        status="requested",
        reason=None,
        held=False,
        round=event.number,
        round_attempts=0,
        retries=0,
        lost_in_row=0,
    )


def _check_waits(state: RunState, event: RunSkipped | RunCanceled, round_: int) -> None:
    _check(state.open_attempt is None, event, f"attempt {state.attempts} is open")
    _check(state.status == "requested", event, f"the run is {state.status}")
    _check(round_ == state.round, event, f"the run is in round {state.round}")


def _check_current(state: RunState, event: RunEvent, number: int) -> Attempt:
    """The open attempt, which must be the one with this number."""
    attempt = state.open_attempt
    if attempt is None:
        raise _impossible(event, "no attempt is open")
    _check(attempt.number == number, event, f"attempt {attempt.number} is the current one, not {number}")
    return attempt


def _check(holds: bool, event: RunEvent, sentence: str) -> None:
    if not holds:
        raise _impossible(event, sentence)


def _impossible(event: RunEvent, sentence: str) -> ImpossibleEvent:
    return ImpossibleEvent(f"{event.name} of run {event.run_id}: {sentence}")
