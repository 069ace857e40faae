"""Runs with their lives: as JSON, as rows of a table, and as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from arco_sched.core.instants import format_instant, format_local
from arco_sched.render.drawing import for_screen
from arco_sched.render.json import document, line, optional, run_row, tick_row, worker_row
from arco_sched.render.phrases import outcome
from arco_sched.render.times import Clocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from arco_sched.core.attempts import Attempt, End
    from arco_sched.core.run_subjects import Worker
    from arco_sched.execution.worker import Tally
    from arco_sched.service.life import Changed, Pool, RunLife
    from arco_sched.service.lists import Page
    from arco_sched.service.requests import Triggered
    from arco_sched.service.upcoming import Upcoming

_BECAME: Final = {
    "succeeded": "succeeded",
    "failed": "failed",
    "requested": "will be retried",
    "canceled": "canceled",
    "skipped": "skipped",
    "running": "still running",
}
"""What became of the runs that a worker had to do with, in the order in which they are counted."""

MANY: Final = 20
"""Up to this many runs are named one by one."""


def life_row(each: RunLife) -> dict[str, Any]:
    """A run with what became of it."""
    state, last = each.state, each.state.attempt
    end = None if last is None else last.end
    return run_row(each.run) | {
        "scheduled_for": optional(each.request.scheduled_for),
        "timezone": each.timezone,
        "status": state.status,
        "status_reason": state.reason,
        "waiting_for": each.waiting_for,
        "pool": each.request.policy.pool,
        "priority": each.request.policy.priority,
        "attempt": state.attempts,
        "outcome": None if end is None else end.outcome,
        "executor": None if last is None else last.executor,
        "started_at": None if last is None else optional(last.started_at),
        "ended_at": None if end is None else format_instant(end.ended_at),
        "duration_ms": None if end is None else end.duration_ms,
        "exit_code": None if end is None else end.exit_code,
        "signal": None if end is None else end.signal,
        "retry_at": optional(state.retry_at),
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
        "submitted_at": optional(attempt.submitted_at),
        "started_at": optional(attempt.started_at),
        "ended_at": None if end is None else format_instant(end.ended_at),
        "duration_ms": None if end is None else end.duration_ms,
        "outcome": None if end is None else end.outcome,
        "exit_code": None if end is None else end.exit_code,
        "signal": None if end is None else end.signal,
        "message": None if end is None else end.message,
        "log": log,
    }


def listed(page: Page[RunLife]) -> Iterator[str]:
    """`arco runs list --json`."""
    return document([("runs", map(life_row, page.rows)), ("next_cursor", page.next_cursor)])


def detail(each: RunLife, logs: Mapping[int, str | None], tail: str | None) -> str:
    """`arco runs show --json`; `logs` has the path of each attempt's output, `tail` is the end of the last one's."""
    return line(detail_row(each, logs, tail))


def detail_row(each: RunLife, logs: Mapping[int, str | None], tail: str | None) -> dict[str, Any]:
    """A run with its life, its attempts and the end of its output; see `detail`."""
    attempts = [attempt_row(attempt, logs.get(attempt.number)) for attempt in each.attempts]
    return life_row(each) | {"attempts": attempts, "log_tail": tail}


def output(each: RunLife, attempt: int, log: str | None, text: str) -> str:
    """`arco runs log --json`."""
    return line({"run_id": each.run.run_id, "attempt": attempt, "log": log, "output": text})


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


def summary(tally: Tally, runs: Sequence[RunLife], waiting: int, full: str = "") -> str:
    """What `arco work --once` did, for people; `full` is who holds the slots that runs wait for."""
    if not runs:
        return f"Nothing to do{f'; {waiting} waiting' if waiting else ''}{f': {full}' if full else ''}.\n"
    started, adopted = set(tally.started), set(tally.adopted)
    said = [
        f"{len(part)} {what}: {_became(part)}"
        for what, part in (
            ("started", [each for each in runs if each.run.run_id in started]),
            ("taken over", [each for each in runs if each.run.run_id in adopted - started]),
        )
        if part
    ]
    others = [each for each in runs if each.run.run_id not in started | adopted]
    said += [_became(others)] if others else []
    retried = sum(each.state.status == "requested" for each in runs)
    if waiting > retried:
        more = f"{waiting - retried} {'more ' if retried else ''}waiting"
        said.append(f"{more}{f': {full}' if full else ''}")
    lines = [f"{'; '.join(said)}.", *(sentence(each) for each in runs if each.state.status != "succeeded")]
    return for_screen("".join(f"{line}\n" for line in lines))


def _became(runs: Sequence[RunLife]) -> str:
    counts = _counts(runs)
    return ", ".join(f"{counts[status]} {word}" for status, word in _BECAME.items() if status in counts)


def sentence(each: RunLife) -> str:
    """How a run ended, or what it waits for, in a line."""
    who = each.run.schedule_id or each.run.run_key
    state, last = each.state, each.state.attempt
    end = None if last is None else last.end
    why: str | None = "being ended" if state.status == "running" and state.cancel is not None else state.reason
    said = [state.status if why is None else f"{state.status} ({why})"]
    if end is not None and state.status != "skipped" and end.outcome not in {"succeeded", "canceled"}:
        how = ended(state.attempts, end) + (f": {end.message}" if end.message else "")
        said = [how] if state.status == "failed" and why is None else [*said, how]
    if end is not None and state.status == "requested":
        said = [*said[1:], _again(each)]
    return f"{who}: {'; '.join(said)} ({each.run.run_id})"


def _again(each: RunLife) -> str:
    """When a run is tried again that has ended before."""
    state, schedule_id = each.state, each.run.schedule_id
    if state.retry_at is None:
        return "will be retried"
    return f"retry at {Clocks(lambda _: each.timezone).show(state.retry_at, schedule_id)}"


def ended(number: int, end: End) -> str:
    """How an attempt ended: `attempt 2 failed with exit code 1`, `attempt 1 timed out`."""
    how = f"attempt {number} {outcome(end.outcome)}"
    if end.signal is not None:
        return f"{how} by signal {end.signal}" if end.outcome == "failed" else f"{how} (signal {end.signal})"
    return f"{how} with exit code {end.exit_code}" if end.exit_code else how


def changed(answer: Changed) -> str:
    """`arco runs retry`, `cancel`, `skip`, `start`, `finish`, `fail` and `wait` as JSON."""
    return line({"runs": [life_row(each) for each in answer.runs], "change": answer.change})


def by_hand(answer: Changed, starts: Callable[[RunLife], str] | None = None) -> str:
    """The same for people: a line a run, or only how many where they are many; `starts` says when one that waits will
    start."""
    if len(answer.runs) > MANY:
        counts = ", ".join(f"{count} {status}" for status, count in _counts(answer.runs).items())
        return f"{len(answer.runs):,} runs {'changed' if answer.change == 'changed' else 'unchanged'}: {counts}.\n"
    same = "" if answer.change == "changed" else "; nothing changed"
    said = []
    for each in answer.runs:
        said.append(f"{sentence(each)}{same}\n")
        if starts is not None and each.state.status == "requested":
            said.append(f"{starts(each)}\n")
    return for_screen("".join(said))


def triggered(answer: Triggered, life: RunLife) -> str:
    """`arco schedule trigger --wait --json`."""
    return line({**tick_row(answer.tick), "run": life_row(life), "change": answer.change})


def pool_change(pool: Pool, change: str) -> str:
    """`arco pool set` and `remove`, as JSON."""
    return line({"pools": [_pool_row(pool)], "change": change})


def pool_sentence(pool: Pool, change: str) -> str:
    """`arco pool set` and `remove`, for people."""
    limit = "no limit" if pool.slots is None else "1 slot" if pool.slots == 1 else f"{pool.slots} slots"
    same = "" if change == "changed" else " (unchanged)"
    return f"pool {pool.pool}: {limit}{same}; {pool.running} running, {pool.waiting} waiting\n"


def _pool_row(pool: Pool) -> dict[str, Any]:
    return {"pool": pool.pool, "slots": pool.slots, "running": pool.running, "waiting": pool.waiting}


def upcoming(found: Sequence[Upcoming]) -> str:
    """`arco next --json`."""
    rows = [
        {
            "schedule_id": each.schedule_id,
            "at": format_instant(each.at),
            "local": format_local(each.at, each.offset),
            "starts_at": format_instant(each.starts_at),
        }
        for each in found
    ]
    return line({"occurrences": rows})


def pools(found: Sequence[Pool]) -> str:
    """`arco pool list --json`."""
    return line({"pools": [_pool_row(each) for each in found]})


def workers(found: Sequence[tuple[Worker, int]]) -> str:
    """`arco workers --json`; each with how many attempts it looks after."""
    rows = [worker_row(each, running=running) for each, running in found]
    return line({"workers": rows})


def later(at: int, starts_at: int) -> str:
    """How much the spread delays the start of a run; empty for no delay."""
    return f"{took((starts_at - at) * 1000)} later" if starts_at != at else ""


def took(milliseconds: int) -> str:
    """A short form of a duration: `0.3s`, `12s`, `4m 12s`, `2h 5m`, `3d 4h`."""
    if milliseconds < 10_000:
        return f"{milliseconds // 100 / 10:.1f}s"
    seconds = milliseconds // 1000
    for large, name, small, rest in ((86_400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if seconds >= large:
            return f"{seconds // large}{name} {seconds % large // small}{rest}"
    return f"{seconds}s"


def _counts(runs: Sequence[RunLife]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in runs:
        counts[each.state.status] = counts.get(each.state.status, 0) + 1
    return counts
