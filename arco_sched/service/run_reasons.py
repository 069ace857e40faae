"""What became of a run, as sentences for `arco why`."""

from collections.abc import Iterator
from typing import Final

from arco_sched.core.instants import format_instant
from arco_sched.service.expression_reasons import Said
from arco_sched.service.life import RunLife
from arco_sched.service.requests import TickDetail
from arco_sched.service.serving import taken

_BECAME: Final = {
    "requested": "is requested",
    "running": "is running",
    "skipped": "was skipped",
    "canceled": "was canceled",
}

_BECAUSE: Final = {
    ("skipped", "overlap"): ": another run of the schedule was still going",
    ("skipped", "superseded"): ": a newer run of the schedule was waiting",
    ("skipped", "deadline"): ": it couldn't start in time",
    ("skipped", "discarded"): " by hand",
    ("canceled", "overlap"): ": a newer run of the schedule took its place",
}
"""Why runs end that were neither executed nor canceled by hand, by status and `status_reason`."""


def of_request(detail: TickDetail) -> Iterator[Said]:
    """What became of the run request of a tick."""
    tick, run = detail.tick, detail.run
    if tick.run_id is None:
        return
    if run is None:
        yield "run", False, f"{tick.run_id} is not recorded: run `arco verify`"
    elif run.request_fingerprint != tick.request_fingerprint:
        text = f"{run.run_id} already held {tick.run_key} with different content, and was kept"
        yield "run", False, f"{text}: `arco ticks show {tick.tick_id}` shows both fingerprints"
    elif detail.conflicts:
        text = f"{run.run_id} is {run.status}; {tick.run_key} was requested again later with different content"
        yield "run", None, f"{text}: `arco runs show {run.run_id}` shows it"
    else:
        yield "run", True, f"{run.run_id} {_BECAME.get(run.status, run.status)} (run key {tick.run_key})"


def of_life(life: RunLife, now: int) -> Iterator[Said]:
    """How the last attempt went, and what the run waits for."""
    last = life.state.attempt
    if last is not None and last.end is not None:
        code = f" with exit code {last.end.exit_code}" if last.end.exit_code else ""
        how, end = last.end.outcome.replace("-", " "), format_instant(last.end.ended_at)
        yield "attempt", last.end.outcome == "succeeded", f"{how} at {end}{code} (attempt {last.number})"
    elif last is not None:
        since = last.submitted_at if last.started_at is None else last.started_at
        when = "" if since is None else f", since {format_instant(since)}"
        name = "" if last.external_id is None else f" as {last.external_id}"
        how = "running" if last.begun else f"in the queue of {last.executor}{name}"
        yield "attempt", None, f"{how}{when} (attempt {last.number})"
    if life.state.waits:
        waits_for = "no worker" if life.waiting_for == "worker" else life.waiting_for
        what = "" if waits_for is None else f" ({waits_for})"
        if life.waiting_for == "slot" and life.served is not None:
            what += f": {taken(life.served, now)}"
        yield "start", None, f"the run is waiting to start{what}"
    elif life.state.status in {"skipped", "canceled"}:
        reason, status = life.state.reason, life.state.status
        because = _BECAUSE.get((status, reason or ""), "")
        yield "start", False, f"the run was {status}{'' if reason is None else f' ({reason}){because}'}"
