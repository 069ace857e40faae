"""What became of a run, as sentences for `arco why`."""

from collections.abc import Iterator
from typing import Final

from arco_sched.core.instants import format_instant
from arco_sched.service.expression_reasons import Said
from arco_sched.service.life import RunLife
from arco_sched.service.requests import TickDetail

_BECAME: Final = {
    "requested": "is requested",
    "running": "is running",
    "skipped": "was skipped",
    "canceled": "was canceled",
}


def of_request(detail: TickDetail) -> Iterator[Said]:
    """What became of the run that a tick asked for, as a request."""
    tick, run = detail.tick, detail.run
    if tick.run_id is None:
        return
    if run is None:
        yield "run", False, f"its run {tick.run_id} is not recorded: run `arco verify`"
    elif run.request_fingerprint != tick.request_fingerprint:
        text = f"run {run.run_id} was reserved for another content under {tick.run_key}, and stayed as it was"
        yield "run", False, f"{text}: `arco ticks show {tick.tick_id}` shows both fingerprints"
    elif detail.conflicts:
        text = f"run {run.run_id} is {run.status}; another content was asked for under {tick.run_key} later"
        yield "run", None, f"{text}: `arco runs show {run.run_id}` shows it"
    else:
        yield "run", True, f"run {run.run_id} {_BECAME.get(run.status, run.status)} under {tick.run_key}"


def of_life(life: RunLife) -> Iterator[Said]:
    """How the last attempt went, and what the run waits for."""
    last = life.state.attempt
    if last is not None and last.end is not None:
        code = "" if last.end.exit_code is None else f", exit code {last.end.exit_code}"
        end = format_instant(last.end.ended_at)
        good = last.end.outcome == "succeeded"
        yield "attempt", good, f"attempt {last.number} {last.end.outcome} at {end}{code}"
    elif last is not None:
        since = last.submitted_at if last.started_at is None else last.started_at
        when = "" if since is None else f", since {format_instant(since)}"
        name = "" if last.external_id is None else f" as {last.external_id}"
        how = "is open" if last.begun else f"waits in the queue of {last.executor}{name}"
        yield "attempt", None, f"attempt {last.number} {how}{when}"
    if life.state.waits:
        what = "to be started" if life.waiting_for is None else f"for: {life.waiting_for}"
        yield "start", None, f"it waits {what}"
    elif life.state.status in {"skipped", "canceled"}:
        reason = "" if life.state.reason is None else f": {life.state.reason}"
        yield "start", False, f"the run was {life.state.status}{reason}"
