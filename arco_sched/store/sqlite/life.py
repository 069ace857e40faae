"""The lives of runs: their states and attempts, folded from events by the state machine of the core."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any, Final, NamedTuple

from arco_sched.core.attempts import Attempt, End
from arco_sched.core.fold import LifeWent
from arco_sched.core.identity import ORIGINS
from arco_sched.core.run_events import PoolSet, RunEvent
from arco_sched.core.runs import Request, RunState, Source, apply, initial
from arco_sched.store.sqlite.definitions import content_from, policy_of
from arco_sched.store.sqlite.judging import UNREADABLE, damaged

_ATTEMPT: Final = (
    "attempt, executor, worker, host, external_id, place, submissions, submitted_at, started_at, "
    "ended_at, duration_ms, outcome, exit_code, signal, message"
)
_KEPT: Final = tuple(field.name for field in fields(RunState) if field.name not in {"attempt", "run_id"})
"""What of a state is kept as JSON; all of it are plain values."""
_SOURCES: Final[dict[str, Source]] = {"scheduled": "scheduled", "backfill": "backfill", "manual": "manual"}


class Life(NamedTuple):
    """A run as its execution is decided: its schedule's number, its request, its state, and the version that asked."""

    schedule: int | None
    request: Request
    state: RunState
    version: int | None = None


def numbers(connection: sqlite3.Connection, run_ids: Iterable[str]) -> dict[str, int]:
    """The number of each run id that there is."""
    ask = (
        "SELECT r.run_id, r.run FROM json_each(?) j JOIN main.run_rows r "
        "ON substr(r.run_id, 5, 8) = substr(j.value, 5, 8) AND r.run_id = j.value"
    )
    return dict(connection.execute(ask, (json.dumps(list(run_ids)),)))


def lives(connection: sqlite3.Connection, runs: Iterable[int], *, to: str = "main.") -> dict[int, Life]:
    """The lives of runs by their numbers: a fixed number of statements."""
    among = json.dumps(list(runs))
    ask = (
        "SELECT r.run, r.run_id, r.schedule, r.origin, r.instant, r.version, r.requested_at, r.policy, c.body, "
        "i.schedule_id, s.state, w.held_through "
        f"FROM json_each(?) j JOIN {to}run_rows r ON r.run = j.value JOIN contents c ON c.content = r.content "
        f"LEFT JOIN schedule_ids i ON i.schedule = r.schedule LEFT JOIN {to}run_states s ON s.run = r.run, "
        f"{to}workspace w"
    )
    attempts: dict[int, Attempt] = {}
    of_attempts = (
        f"SELECT run, {_ATTEMPT} FROM {to}attempt_rows a WHERE run IN (SELECT value FROM json_each(?)) "
        f"AND attempt = (SELECT max(attempt) FROM {to}attempt_rows b WHERE b.run = a.run)"
    )
    for row in connection.execute(of_attempts, (among,)):
        attempts[row[0]] = attempt_of(row[1:])
    found = {}
    for row in connection.execute(ask, (among,)):
        try:
            life = _life(row)
        except UNREADABLE:
            raise damaged(f"run {row[1]} can't be read") from None
        found[row[0]] = life._replace(state=replace(life.state, attempt=attempts.get(row[0])))
    return found


def _life(row: Sequence[Any]) -> Life:
    run, run_id, schedule, origin, instant, version, requested_at, policy, body, schedule_id, state, held = row
    content = content_from(body)
    of_tick = version is not None
    request = Request(
        run_id=run_id,
        number=run,
        source=_SOURCES[ORIGINS[origin]] if of_tick and origin is not None else "request",
        requested_at=requested_at,
        schedule_id=schedule_id if of_tick else None,
        scheduled_for=instant if of_tick else None,
        has_command=content.command is not None,
        run_as=content.run_as,
        before_execution=run <= held,
        policy=policy_of(policy),
    )
    kept = initial(request) if state is None else RunState(run_id=run_id, **json.loads(state))
    return Life(schedule if of_tick else None, request, kept, version)


def attempt_of(row: Sequence[Any]) -> Attempt:
    """An attempt from the columns of `_ATTEMPT`."""
    ended_at, duration_ms, outcome, exit_code, signal, message = row[9:]
    end = None
    if outcome is not None:
        end = End(
            outcome=outcome,
            ended_at=ended_at,
            duration_ms=duration_ms,
            exit_code=exit_code,
            signal=signal,
            message=message,
        )
    names = (
        "number",
        "executor",
        "worker",
        "host",
        "external_id",
        "place",
        "submissions",
        "submitted_at",
        "started_at",
    )
    return Attempt(**dict(zip(names, row[:9], strict=True)), end=end)


def attempts_of(connection: sqlite3.Connection, run: int) -> list[Attempt]:
    """All attempts of a run, oldest first."""
    ask = f"SELECT {_ATTEMPT} FROM attempt_rows WHERE run = ? ORDER BY attempt"
    return [attempt_of(row) for row in connection.execute(ask, (run,))]


def go_on(connection: sqlite3.Connection, changes: list[LifeWent], to: str) -> None:
    """Fold events of runs and pools; raises `ImpossibleEvent` if one can't follow what was recorded before."""
    of_runs: list[RunEvent] = []
    for change in changes:
        if isinstance(change.event, PoolSet):
            connection.execute(
                f"INSERT INTO {to}pool_rows (pool, number, slots) VALUES (?, ?, ?) "
                "ON CONFLICT (pool) DO UPDATE SET number = excluded.number, slots = excluded.slots",
                (change.event.pool, change.event.number, change.event.slots),
            )
        else:
            of_runs.append(change.event)
    if not of_runs:
        return
    found = numbers(connection, dict.fromkeys(event.run_id for event in of_runs))
    known = lives(connection, found.values(), to=to or "main.")
    touched: dict[tuple[int, int], Attempt] = {}
    for event in of_runs:
        number = found[event.run_id]
        life = known[number]
        state = apply(life.state, event)
        known[number] = life._replace(state=state)
        if state.attempt is not None:
            touched[number, state.attempt.number] = state.attempt
    _write(connection, known, touched, to)


def _write(
    connection: sqlite3.Connection, known: dict[int, Life], touched: dict[tuple[int, int], Attempt], to: str
) -> None:
    connection.executemany(
        f"INSERT OR REPLACE INTO {to}run_states (run, schedule, backfill, pool, status, occupies, due_at, ended_at, "
        "executor, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_state_row(number, life) for number, life in known.items()],
    )
    connection.executemany(
        f"UPDATE {to}run_rows SET status = ? WHERE run = ?",
        [(life.state.status, number) for number, life in known.items()],
    )
    connection.executemany(
        f"INSERT OR REPLACE INTO {to}attempt_rows (run, {_ATTEMPT}) VALUES ({', '.join('?' * 16)})",
        [(run, *_attempt_row(attempt)) for (run, _), attempt in touched.items()],
    )


def _state_row(number: int, life: Life) -> tuple[Any, ...]:
    request, state = life.request, life.state
    kept = {name: getattr(state, name) for name in _KEPT}
    opened = state.open_attempt
    return (
        number,
        life.schedule,
        request.source == "backfill",
        request.policy.pool,
        state.status,
        life.schedule is not None and state.occupies,
        request.due_at,
        None if state.attempt is None or state.attempt.end is None else state.attempt.end.ended_at,
        None if opened is None else opened.executor,
        json.dumps(kept, separators=(",", ":")),
    )


def _attempt_row(attempt: Attempt) -> tuple[Any, ...]:
    end = attempt.end
    ended = (None,) * 6
    if end is not None:
        ended = (end.ended_at, end.duration_ms, end.outcome, end.exit_code, end.signal, end.message)  # type: ignore[assignment]
    return (
        attempt.number,
        attempt.executor,
        attempt.worker,
        attempt.host,
        attempt.external_id,
        attempt.place,
        attempt.submissions,
        attempt.submitted_at,
        attempt.started_at,
        *ended,
    )
