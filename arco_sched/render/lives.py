"""Runs with their lives: as JSON, as rows of a table, and as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arco_sched.core.instants import format_instant
from arco_sched.render.json import line, run_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from arco_sched.core.attempts import Attempt
    from arco_sched.core.subjects import Worker
    from arco_sched.execution.worker import Tally
    from arco_sched.service.life import Changed, Pool, RunLife


def life_row(each: RunLife) -> dict[str, Any]:
    """A run with what became of it."""
    state, last = each.state, each.state.attempt
    end = None if last is None else last.end
    return run_row(each.run) | {
        "scheduled_for": _instant(each.request.scheduled_for),
        "timezone": each.timezone,
        "status": state.status,
        "status_reason": state.reason,
        "waiting_for": each.waiting_for,
        "pool": each.request.policy.pool,
        "priority": each.request.policy.priority,
        "attempt": state.attempts,
        "outcome": None if end is None else end.outcome,
        "executor": None if last is None else last.executor,
        "started_at": None if last is None else _instant(last.started_at),
        "ended_at": None if end is None else format_instant(end.ended_at),
        "duration_ms": None if end is None else end.duration_ms,
        "exit_code": None if end is None else end.exit_code,
        "signal": None if end is None else end.signal,
        "retry_at": _instant(state.retry_at),
    }


def attempt_row(attempt: Attempt, log: str | None) -> dict[str, Any]:
    """An attempt; `log` is the path of its output."""
    end = attempt.end
    return {
        "attempt": attempt.number,
        "executor": attempt.executor,
        "worker": attempt.worker,
        "host": attempt.host,
        "external_id": attempt.external_id,
        "submitted_at": _instant(attempt.submitted_at),
        "started_at": _instant(attempt.started_at),
        "ended_at": None if end is None else format_instant(end.ended_at),
        "duration_ms": None if end is None else end.duration_ms,
        "outcome": None if end is None else end.outcome,
        "exit_code": None if end is None else end.exit_code,
        "signal": None if end is None else end.signal,
        "message": None if end is None else end.message,
        "log": log,
    }


def worked(tally: Tally, runs: Sequence[RunLife], waiting: int) -> str:
    """`arco work --once --json`."""
    counts = _counts(runs)
    return line(
        {
            "started": len(tally.started),
            "adopted": len(tally.adopted),
            "succeeded": counts.get("succeeded", 0),
            "failed": counts.get("failed", 0),
            "skipped": counts.get("skipped", 0),
            "canceled": counts.get("canceled", 0),
            "retrying": len(tally.retrying),
            "waiting": waiting,
            "runs": [life_row(each) for each in runs],
        }
    )


def summary(tally: Tally, runs: Sequence[RunLife], waiting: int) -> str:
    """What `arco work --once` did, for people."""
    if not runs:
        return f"Nothing to do{f'; {waiting} waiting' if waiting else ''}.\n"
    counts = _counts(runs)
    said = [f"{len(tally.started)} started"]
    said += [f"{count} {status}" for status, count in counts.items()]
    said += [f"{waiting} waiting"] if waiting else []
    return f"{', '.join(said)}.\n" + "".join(f"{sentence(each)}\n" for each in runs if each.state.status != "succeeded")


def sentence(each: RunLife) -> str:
    """How a run ended, or what it waits for, in a line."""
    who = each.run.schedule_id or each.run.run_key
    state, last = each.state, each.state.attempt
    end = None if last is None else last.end
    how = state.status if state.reason is None else f"{state.status} ({state.reason})"
    if end is not None and end.outcome not in {"succeeded", "canceled"}:
        code = f", exit code {end.exit_code}" if end.exit_code else ""
        why = f": {end.message}" if end.message else ""
        how = f"{how}, attempt {state.attempts} {end.outcome}{code}{why}"
    return f"{who}: {how} ({each.run.run_id})"


def changed(answer: Changed) -> str:
    """`arco runs retry`, `cancel`, `skip`, `start`, `finish`, `fail` and `wait` as JSON."""
    return line({"runs": [life_row(each) for each in answer.runs], "change": answer.change})


def pools(found: Sequence[Pool]) -> str:
    """`arco pool list --json`."""
    rows = [
        {"pool": each.pool, "slots": each.slots, "running": each.running, "waiting": each.waiting} for each in found
    ]
    return line({"pools": rows})


def workers(found: Sequence[tuple[Worker, int]]) -> str:
    """`arco workers --json`; each with how many attempts it looks after."""
    rows = [
        {
            "worker": each.worker,
            "host": each.host,
            "pid": each.pid,
            "executor": each.executor,
            "pools": list(each.pools),
            "slots": each.slots,
            "running": running,
            "seen_at": format_instant(each.seen_at),
        }
        for each, running in found
    ]
    return line({"workers": rows})


def _counts(runs: Sequence[RunLife]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in runs:
        counts[each.state.status] = counts.get(each.state.status, 0) + 1
    return counts


def _instant(at: int | None) -> str | None:
    return None if at is None else format_instant(at)
