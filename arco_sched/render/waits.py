"""The state of a run in a sentence: how it ended, that it is running, or what it waits for and what helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arco_sched.render.lives import ended, took
from arco_sched.render.times import Clocks, distance, span
from arco_sched.service.check import unserved
from arco_sched.service.serving import told

if TYPE_CHECKING:
    from arco_sched.service.life import RunLife


def outcome(life: RunLife) -> str:
    """The status of a run, and of its last attempt the exit code and how long it took."""
    state, last = life.state, life.state.attempt
    end = None if last is None else last.end
    said = [state.status if state.reason is None else f"{state.status} ({state.reason})"]
    if end is not None and state.reason is None and state.status in {"succeeded", "failed"}:
        said = []  # its last attempt says it
    if last is not None:
        said.append(f"attempt {last.number}" if end is None else ended(last.number, end))
    if end is not None and end.duration_ms is not None:
        said.append(f"took {took(end.duration_ms)}")
    if end is not None and end.message is not None:
        said.append(end.message)
    return ", ".join(said)


def advice(life: RunLife, now: int, clocks: Clocks) -> str:
    """What a run waits for and what helps, or where to find out more; one sentence."""
    run_id, state = life.run.run_id, life.state
    opened = state.open_attempt
    if opened is not None and not opened.begun:
        name = "" if opened.external_id is None else f" as {opened.external_id}"
        so_long = "" if opened.submitted_at is None else f" for {span(max(now - opened.submitted_at, 0))}"
        return f"It has been waiting in the queue of {opened.executor}{name}{so_long}."
    if state.status == "running" or opened is not None:
        since = None if state.attempt is None else state.attempt.started_at
        for_ = "" if since is None else f" for {span(max(now - since, 0))}"
        return f"It has been running{for_}: `arco runs log {run_id} --follow` shows what it prints."
    if state.final:
        again = f", and `arco runs retry {run_id}` runs it again" if state.status != "succeeded" else ""
        return f"`arco runs show {run_id}` shows its attempts{again}."
    if life.waiting_for == "worker":
        return f"The run is waiting, but {unserved(life.request.policy.pool)}."
    return f"The run is waiting: {_waits_for(life, now, clocks)}."


def _waits_for(life: RunLife, now: int, clocks: Clocks) -> str:
    run_id, policy, state = life.run.run_id, life.request.policy, life.state
    schedule_id = life.request.schedule_id
    match life.waiting_for:
        case "external" if state.held:
            return f"it was requested before this database had workers; `arco runs retry {run_id}` lets one take it"
        case "external" if not life.request.has_command:
            return "it has no command, so an executor of your own has to run it"
        case "external":
            return (
                f"workers leave pool {policy.pool} to an executor of your own, which calls `arco runs start {run_id}`"
            )
        case "due":
            return f"its spread delays it until {_at(life.request.starts_at, schedule_id, now, clocks)}"
        case "retry":
            return f"attempt {state.attempts + 1} starts at {_at(state.retry_at, schedule_id, now, clocks)}"
        case "overlap":
            return (
                f"another run of {schedule_id} is running (overlap: {policy.overlap}): "
                f"`arco runs list --schedule {schedule_id} --running` shows it"
            )
        case "pool":
            return f"pool {policy.pool} has no free slot: `arco pool list` shows it, `arco pool set` changes it"
        case "slot":
            return "every slot is taken" if life.served is None else told(life.served, now)
        case _:
            return _starts(life, now, clocks)


def _starts(life: RunLife, now: int, clocks: Clocks) -> str:
    """Who starts a run that nothing keeps from starting."""
    served, schedule_id = life.served, life.request.schedule_id
    if served is None or served.stays:
        return "a worker should start it any moment"
    if served.visited_at is None:
        return "the next `arco work --once` starts it"
    if served.interval is None:
        at = _at(served.visited_at, schedule_id, now, clocks)
        return f"the next `arco work --once` starts it; the last was at {at}"
    expected = _at(served.visited_at + served.interval, schedule_id, now, clocks)
    return f"the next `arco work --once` starts it, expected at {expected}"


def _at(instant: int | None, schedule_id: str | None, now: int, clocks: Clocks) -> str:
    return "" if instant is None else f"{clocks.show(instant, schedule_id)} ({distance(instant, now)})"
