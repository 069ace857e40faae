"""Runs, pools, workers and what is due next as tables. Instants are on the schedule's own clock, see `Clocks`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from arco_sched.render.drawing import ALARM, NOTE, STYLES, Cell, Column, Screen, Styled, status
from arco_sched.render.lives import later, took
from arco_sched.render.phrases import counted, outcome
from arco_sched.render.schedules import content_fields
from arco_sched.render.tables import conflicts, tick_fields
from arco_sched.render.times import Clocks, distance
from arco_sched.service.life import RunLife
from arco_sched.service.serving import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from arco_sched.core.attempts import Attempt
    from arco_sched.core.run_subjects import Worker
    from arco_sched.service.life import Pool
    from arco_sched.service.requests import TickDetail
    from arco_sched.service.serving import Served
    from arco_sched.service.upcoming import Upcoming

WAITS: Final = {
    "external": "an executor of your own, or a retry by hand",
    "due": "its start time",
    "retry": "its next attempt",
    "worker": "a worker of its pool",
    "overlap": "another run of its schedule",
    "pool": "a free slot of its pool",
    "slot": "a free slot of a worker",
}
"""What a run waits for, in words."""

_SHORT: Final = {
    "due": "not due yet",
    "retry": "to be retried",
    "worker": "no worker",
    "overlap": "another one runs",
    "pool": "pool is full",
    "slot": "no free slot",
}
"""The same for a column; `external` says it well."""


def runs(rows: Sequence[RunLife], now: int, clocks: Clocks) -> None:
    """`arco runs list`."""
    screen = Screen()
    columns = [
        Column("SCHEDULE" if all(each.run.schedule_id for each in rows) else "SCHEDULE OR KEY", whole=True),
        Column("DUE", whole=True),
        Column("STARTED", whole=True),
        Column("TOOK", right=True, whole=True),
        Column("STATUS"),
    ]
    if screen.wide:
        columns += [Column("ATTEMPT", right=True), Column("RUN", whole=True)]
    screen.table(columns, (_run_row(screen, each, now, clocks) for each in rows))
    full = next((each.served for each in rows if each.waiting_for == "slot" and each.served is not None), None)
    if full is not None:
        screen.line(f"Waiting for a slot: {told(full, now)}.", NOTE)


def _run_row(screen: Screen, each: RunLife, now: int, clocks: Clocks) -> list[Cell]:
    schedule_id, last = each.run.schedule_id, each.state.attempt
    started = None if last is None else last.started_at
    row: list[Cell] = [
        schedule_id or each.run.run_key,
        clocks.show(each.request.scheduled_for, schedule_id),
        ""
        if started is None
        else clocks.show(started, schedule_id)
        if screen.wide
        else distance(started, now, short=True),
        _took(last, now),
    ]
    if screen.wide:
        return [*row, _status(each), str(each.state.attempts or ""), each.run.run_id]
    again = [(f"attempt {each.state.attempts}", "")] if each.state.attempts > 1 else []
    return [*row, [_status(each), *again]]


def _took(attempt: Attempt | None, now: int) -> str:
    """How long an attempt took, or has taken so far."""
    if attempt is None or attempt.started_at is None:
        return ""
    if attempt.end is None:
        return took(max(now - attempt.started_at, 0) * 1000)
    return "" if attempt.end.duration_ms is None else took(attempt.end.duration_ms)


def _status(each: RunLife) -> Styled:
    state, last = each.state, each.state.attempt
    why: str | None = state.reason or _SHORT.get(each.waiting_for or "", each.waiting_for)
    if state.status == "failed" and last is not None:
        why = _how(last)
    if state.status == "running" and state.cancel is not None:
        why = "being ended"
    clash = counted(len(each.run.conflicts), "conflict") if each.run.conflicts else None
    more = ", ".join(text for text in (why, clash) if text)
    word, style = status(state.status, f"({more})" if more else "")
    return word, ALARM if clash else style


def _how(attempt: Attempt) -> str | None:
    """How an attempt failed, in a word or two; None where nothing more is known."""
    end = attempt.end
    if end is None:
        return None
    if end.outcome != "failed":
        return outcome(end.outcome)
    return f"signal {end.signal}" if end.signal else f"exit {end.exit_code}" if end.exit_code else None


def _outcome(attempt: Attempt) -> Styled:
    if attempt.end is None:
        return status("running" if attempt.begun else "submitted")
    word, how = attempt.end.outcome, _how(attempt)
    if word == "failed":
        return status(word, f"({how})" if how else "")
    return outcome(word), STYLES.get(word, ALARM)


def run_detail(each: RunLife, tail: str | None, now: int, clocks: Clocks) -> None:
    """`arco runs show`; `tail` is the end of the log of the last attempt, None where there is none."""
    screen = Screen()
    run, request, state = each.run, each.request, each.state
    schedule_id = run.schedule_id
    fields: list[tuple[str, Cell]] = [("run", run.run_id), ("status", _status(each))]
    if each.waiting_for is not None:
        full = each.served if each.waiting_for == "slot" else None
        why = "" if full is None else f": {told(full, now)}"
        if each.waiting_for == "retry" and state.retry_at is not None:
            why = f", at {clocks.show(state.retry_at, schedule_id)}, {distance(state.retry_at, now)}"
        fields.append(("waiting for", f"{WAITS[each.waiting_for]}{why}"))
    fields += [
        ("run key", run.run_key),
        ("schedule", schedule_id or "none"),
        ("tick", run.tick_id or "none"),
        *([("due", clocks.show(request.scheduled_for, schedule_id))] if request.scheduled_for is not None else []),
        ("requested at", clocks.show(run.requested_at, schedule_id)),
        ("pool", request.policy.pool),
        *([("priority", str(request.policy.priority))] if request.policy.priority else []),
        *content_fields(run.content),
        ("fingerprint", run.request_fingerprint),
    ]
    if run.code_version is not None:
        fields.append(("code version", run.code_version))
    screen.fields(fields)
    what_became(screen, each, tail, now, clocks)
    conflicts(screen, run.conflicts, clocks, schedule_id)


def what_became(screen: Screen, each: RunLife, tail: str | None, now: int, clocks: Clocks) -> None:
    """The attempts of a run and the end of what the last one printed, as far as there are any."""
    if each.attempts:
        screen.line("")
        _attempts(screen, each, now, clocks)
    if tail:
        screen.line("")
        screen.line(f"Last lines of the log (all: `arco runs log {each.run.run_id}`):")
        for text in tail.splitlines():
            screen.verbatim(f"  {text}")


def tick_detail(detail: TickDetail, each: RunLife | None, tail: str | None, now: int, clocks: Clocks) -> None:
    """`arco ticks show`; `each` is the run of the tick, `tail` the end of what it printed."""
    screen = Screen()
    status_ = None if each is None else _status(each)
    tick_fields(screen, detail, status_, clocks)
    if each is not None:
        what_became(screen, each, tail, now, clocks)
    conflicts(screen, detail.conflicts, clocks, detail.tick.schedule_id)


def _attempts(screen: Screen, each: RunLife, now: int, clocks: Clocks) -> None:
    messages = [attempt.end.message if attempt.end else None for attempt in each.attempts]
    external = screen.wide and any(attempt.external_id for attempt in each.attempts)
    columns = [
        Column("ATTEMPT", right=True),
        Column("STARTED", whole=True),
        Column("TOOK", right=True, whole=True),
        Column("OUTCOME", whole=True),
        *([Column("MESSAGE")] if any(messages) else []),
        *([Column("EXECUTOR", spare=True), Column("HOST", spare=True)] if screen.wide else []),
        *([Column("EXTERNAL ID", spare=True)] if external else []),
    ]
    rows = []
    for attempt, message in zip(each.attempts, messages, strict=True):
        row: list[Cell] = [
            str(attempt.number),
            clocks.show(attempt.started_at, each.run.schedule_id),
            _took(attempt, now),
            _outcome(attempt),
            *([message or ""] if any(messages) else []),
            *([attempt.executor, attempt.host or ""] if screen.wide else []),
            *([attempt.external_id or ""] if external else []),
        ]
        rows.append(row)
    screen.table(columns, rows)


def pools(found: Sequence[Pool], full: Served | None, now: int) -> None:
    """`arco pool list`; `full` is who holds the slots of the workers that runs wait for."""
    screen = Screen()
    columns = [Column("POOL"), *(Column(title, right=True) for title in ("SLOTS", "RUNNING", "WAITING"))]
    rows = (
        [each.pool, "no limit" if each.slots is None else str(each.slots), str(each.running), str(each.waiting)]
        for each in found
    )
    screen.table(columns, rows)
    if full is not None:
        screen.line(f"Waiting for a slot of a worker: {told(full, now)}.", NOTE)


def workers(found: Sequence[tuple[Worker, int]], now: int) -> None:
    """`arco workers`."""
    screen = Screen()
    columns = [
        Column("HOST"),
        Column("PID", right=True, whole=True),
        Column("EXECUTOR"),
        Column("POOLS"),
        Column("RUNNING", right=True),
        Column("LAST SEEN"),
    ]
    if screen.wide:
        columns.append(Column("WORKER", whole=True, spare=True))
    rows = []
    for each, running in found:
        seen = distance(each.seen_at, now)
        row = [each.host, str(each.pid), each.executor, ", ".join(each.pools), f"{running} of {each.slots}", seen]
        rows.append([*row, each.worker] if screen.wide else row)
    screen.table(columns, rows)


def upcoming(found: Sequence[Upcoming], now: int, clocks: Clocks) -> None:
    """`arco next`."""
    screen = Screen()
    spread = any(each.starts_at != each.at for each in found)
    columns = [Column("SCHEDULE"), Column("DUE", whole=True), Column("", whole=True)]
    if spread:
        columns.append(Column("STARTS", whole=True))
    rows = []
    for each in found:
        row = [each.schedule_id, clocks.show(each.at, each.schedule_id), distance(each.at, now, short=True)]
        rows.append([*row, later(each.at, each.starts_at)] if spread else row)
    screen.table(columns, rows)
