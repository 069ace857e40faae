"""What an executor of your own reports about a run: it opened an attempt, and how that ended. Decisions, as in
`run_decisions`."""

from arco_sched.core.attempts import EXTERNAL, NEEDS_BEGIN, End, Outcome, SignalledFor, outcome_of
from arco_sched.core.policy import Policy
from arco_sched.core.run_decisions import Decision, Refused, current_attempt, finish, is_final, not_current
from arco_sched.core.run_events import RunStarted
from arco_sched.core.runs import Request, RunState, is_past_deadline


def start_by_hand(request: Request, state: RunState, *, external_id: str, now: int) -> Decision:
    """`arco runs start`: an executor of one's own opens the next attempt and will tell its end.

    Overlap, pools and what workers leave alone are not asked; due time, retry and deadline are. An id names one
    attempt: the id of the open attempt again changes nothing, that of the last one is refused with `ended` once it has
    ended, so that nobody takes it for open. Refused with `other-id` where another attempt is open.
    """
    last = state.attempt
    if last is not None and last.executor == EXTERNAL and last.external_id == external_id:
        if last.end is None:
            return ()
        what = f"attempt {last.number} of run {state.run_id} was {external_id}, and has ended ({last.end.outcome})"
        return Refused("ended", f"{what}: give the next attempt an id of its own")
    if state.open_attempt is not None:
        whose = f"runs as {last.external_id}" if last and last.external_id else "is run by a worker"
        return Refused("other-id", f"attempt {state.attempts} of run {state.run_id} {whose}")
    if state.final:
        return is_final(state)
    if is_past_deadline(request, state, now):
        return Refused("deadline", f"run {state.run_id} missed its start_within deadline", request.deadline_at)
    opens_at = max((at for at in (request.starts_at, state.retry_at) if at is not None), default=now)
    if now < opens_at:
        what = "is not due yet" if state.retry_at is None else "is waiting for its retry"
        return Refused("early", f"run {state.run_id} {what}", opens_at)
    return (
        RunStarted(
            run_id=state.run_id,
            attempt=state.attempts + 1,
            executor=EXTERNAL,
            worker=None,
            host=None,
            external_id=external_id,
            started_at=now,
        ),
    )


def finish_by_hand(
    policy: Policy, state: RunState, *, attempt: int, exit_code: int, message: str | None, now: int
) -> Decision:
    """`arco runs finish`: an executor of one's own tells how its attempt ended.

    After a cancel, an exit code other than 0 means that it was ended by it. Refused for an attempt that a worker runs.
    """
    last = state.attempt
    if last is not None and last.number == attempt and last.end is not None and last.executor == EXTERNAL:
        if last.end.exit_code == exit_code:
            return ()
        return Refused("not-open", f"attempt {attempt} of run {state.run_id} has already ended: {last.end.outcome}")
    signalled: SignalledFor | None = "cancel" if state.cancel is not None and exit_code != 0 else None
    return _end_by_hand(
        policy, state, attempt, outcome_of(exit_code, None, signalled), exit_code, message, now, orphaned=False
    )


def fail_by_hand(
    policy: Policy,
    state: RunState,
    *,
    message: str | None,
    now: int,
    attempt: int | None = None,
    orphaned: bool = False,
) -> Decision:
    """`arco runs fail`: the open attempt of an executor of one's own failed, without an exit code.

    Refused where it is not the `attempt` that is given (None: whichever is open). An attempt that a worker runs is
    refused (what lives is canceled instead), unless it is `orphaned`: the caller knows that no worker can tell any more
    whether it lives. Nothing new where the last attempt failed like this before.
    """
    last = state.attempt
    if last is None:
        return Refused("not-open", f"no attempt of run {state.run_id} is open")
    if attempt is not None and attempt != last.number:
        return not_current(state, attempt)
    if last.end is not None:
        if last.end.outcome == "failed" and last.end.exit_code is None and last.executor == EXTERNAL:
            return ()
        return Refused("not-open", f"no attempt of run {state.run_id} is open: the last outcome is {last.end.outcome}")
    return _end_by_hand(policy, state, last.number, "failed", None, message, now, orphaned)


def _end_by_hand(
    policy: Policy,
    state: RunState,
    number: int,
    outcome: Outcome,
    exit_code: int | None,
    message: str | None,
    now: int,
    orphaned: bool,
) -> Decision:
    current = current_attempt(state, number)
    if isinstance(current, Refused):
        return current
    if current.executor != EXTERNAL and not orphaned:
        return Refused(
            "not-yours", f"attempt {number} of run {state.run_id} is run by a worker: cancel the run instead"
        )
    if not current.begun and outcome in NEEDS_BEGIN:
        outcome = "lost"
    since = current.started_at
    duration = None if since is None else max(now - since, 0) * 1000
    end = End(outcome=outcome, ended_at=now, duration_ms=duration, exit_code=exit_code, message=message)
    return finish(policy, state, attempt=number, end=end)
