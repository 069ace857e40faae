"""Runs, and requests that conflict with them."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from arco_sched.core.attempts import Attempt
from arco_sched.core.history import RUN_STATUSES, Run, RunConflict
from arco_sched.core.identity import ORIGINS, TickKey, parse_tick_id
from arco_sched.store.sqlite.definitions import content_from
from arco_sched.store.sqlite.filters import Filter
from arco_sched.store.sqlite.judging import check_instants, damaged
from arco_sched.store.sqlite.life import attempts_of, numbers

_RUN: Final = (
    "SELECT run_id, run_key, request_fingerprint, status, schedule_id, tick_id, "
    "(SELECT body FROM contents WHERE fingerprint = request_fingerprint), code_version, requested_at, run FROM runs "
)
_CONFLICT: Final = (
    "SELECT run, run_key, first_fingerprint, requested_fingerprint, requested_at, tick_id FROM conflicts "
    "WHERE run IN (SELECT value FROM json_each(?)) ORDER BY requested_at"
)
# One look at the index of ticks for each schedule and origin (null: repeats under a key of their own), however many
# runs they have; `{status}` may narrow them.
_LAST: Final = (
    "SELECT run FROM (SELECT r.run, row_number() OVER (PARTITION BY i.schedule ORDER BY r.instant DESC, r.run DESC) "
    "AS place FROM schedule_ids i JOIN (SELECT code FROM words WHERE kind = 'origin' UNION ALL SELECT NULL) o "
    "JOIN run_rows r ON r.run = (SELECT q.run FROM run_rows q WHERE q.schedule = i.schedule AND q.origin IS o.code "
    "AND q.version IS NOT NULL {status} ORDER BY q.instant DESC, q.run DESC LIMIT 1) {schedule}) WHERE place = 1"
)


class Runs:
    """Queries about runs (`arco_sched.core.subjects.Runs`)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def page(
        self,
        *,
        schedule: int | None = None,
        status: str | None = None,
        since: int | None = None,
        until: int | None = None,
        due_since: int | None = None,
        due_until: int | None = None,
        last: bool = False,
        before: int | None = None,
        limit: int,
    ) -> list[tuple[Run, int]]:
        """Runs with `since <= requested_at < until` and `due_since <= scheduled_for < due_until`, newest request first,
        below the number `before`; each with its number. `last`: of each schedule the run that was due last alone."""
        where = Filter().add("r.schedule = ?", schedule, when=schedule is not None)
        # Written out, not bound: only so does SQLite know that a partial index serves.
        where.add(f"r.status = '{status}'", when=status in RUN_STATUSES)
        where.add("r.requested_at >= ?", since, when=since is not None)
        where.add("r.requested_at < ?", until, when=until is not None)
        where.add("r.version IS NOT NULL AND r.instant >= ?", due_since, when=due_since is not None)
        where.add("r.version IS NOT NULL AND r.instant < ?", due_until, when=due_until is not None)
        where.add(f"r.run IN ({_LAST.format(status='', schedule='')})", when=last)
        where.add("r.run < ?", before, when=before is not None)
        # The view is only asked about the runs of the page: it joins much more than the conditions are about.
        chosen = f"SELECT r.run FROM run_rows r {where}ORDER BY r.run DESC LIMIT ?"
        ask = f"{_RUN}WHERE run IN ({chosen}) ORDER BY run DESC"
        rows = self._connection.execute(ask, (*where.values, limit)).fetchall()
        conflicts = self._conflicts([row[-1] for row in rows])
        return [(_run(row, conflicts), row[-1]) for row in rows]

    def ids_of(self, schedule: int, status: str) -> list[str]:
        """The ids of all runs of a schedule with a status, oldest request first."""
        ask = "SELECT r.run_id FROM run_rows r WHERE r.schedule = ? AND r.status = ? ORDER BY r.run"
        return [run_id for (run_id,) in self._connection.execute(ask, (schedule, status))]

    def by_ids(self, run_ids: Iterable[str]) -> dict[str, Run]:
        """The runs of these run ids, as far as there are any."""
        among = json.dumps(list(numbers(self._connection, run_ids).values()))
        ask = f"{_RUN}WHERE run IN (SELECT value FROM json_each(?))"
        rows = self._connection.execute(ask, (among,)).fetchall()
        conflicts = self._conflicts([row[-1] for row in rows])
        return {run.run_id: run for run in (_run(row, conflicts) for row in rows)}

    def by_id(self, run_id: str) -> Run | None:
        """The run of a run id."""
        # The plus keeps SQLite from replacing the column by the constant in the first condition, and the index with it.
        row = self._connection.execute(
            _RUN
            + "WHERE run = (SELECT run FROM run_rows WHERE substr(run_id, 5, 8) = substr(:id, 5, 8) AND +run_id = :id)",
            {"id": run_id},
        ).fetchone()
        return self._one(row)

    def by_key(self, key: str, parsed: TickKey | None, schedule: int | None) -> Run | None:
        """The run of a run key; `parsed` and `schedule` where the key has the form of a tick's."""
        if parsed is None:
            row = self._connection.execute(
                _RUN + "WHERE run = (SELECT run FROM run_rows WHERE key = ?)", (key,)
            ).fetchone()
        else:
            row = self._connection.execute(
                _RUN + "WHERE run = (SELECT run FROM run_rows WHERE schedule = ? AND origin = ? AND instant = ?)",
                (schedule, ORIGINS.index(parsed.origin), parsed.number),
            ).fetchone()
        return self._one(row)

    def attempts(self, run_id: str) -> list[Attempt]:
        """All attempts of a run, oldest first."""
        number = numbers(self._connection, [run_id]).get(run_id)
        return [] if number is None else attempts_of(self._connection, number)

    def meant(self, text: str, wanted: tuple[str, ...]) -> list[str]:
        """The run ids that a text may mean: an exact one, else of a tick id, else of a schedule id (the last run, of
        these statuses where any are given), else those that begin with it (two at most)."""
        execute = self._connection.execute
        if numbers(self._connection, [text]):
            return [text]
        key = parse_tick_id(text)
        if key is not None:
            ask = (
                "SELECT r.run_id FROM schedule_ids i JOIN run_rows r ON r.schedule = i.schedule "
                "AND r.origin = ? AND r.instant = ? WHERE i.schedule_id = ?"
            )
            row = execute(ask, (ORIGINS.index(key.origin), key.number, key.schedule_id)).fetchone()
            return [] if row is None else [row[0]]
        status = "AND q.status IN (SELECT value FROM json_each(?))" if wanted else ""
        last = _LAST.format(status=status, schedule="WHERE i.schedule_id = ?")
        ask = f"SELECT run_id FROM run_rows WHERE run = ({last})"
        row = execute(ask, (*([json.dumps(wanted)] if wanted else []), text)).fetchone()
        if row is not None:
            return [row[0]]
        if not text.startswith("run_") or len(text) < 6:
            return []
        begin = text[4:12]
        ask = (
            "SELECT run_id FROM run_rows WHERE substr(run_id, 5, 8) >= ? AND substr(run_id, 5, 8) < ? "
            "AND substr(run_id, 1, ?) = ? LIMIT 2"
        )
        return [run for (run,) in execute(ask, (begin, begin[:-1] + chr(ord(begin[-1]) + 1), len(text), text))]

    def count_conflicts(self, asked: Iterable[tuple[int, int, int]]) -> int:
        """How many of these scheduled ticks, each (schedule, instant, content), have a run key that is reserved for
        another content."""
        ask = (
            "SELECT count(*) FROM json_each(?) q CROSS JOIN run_rows r ON r.schedule = json_extract(q.value, '$[0]') "
            "AND r.origin = 0 AND r.instant = json_extract(q.value, '$[1]') "
            "WHERE r.content <> json_extract(q.value, '$[2]')"
        )
        return int(self._connection.execute(ask, (json.dumps(list(asked)),)).fetchone()[0])

    def count_conflicted(self, since: int, through: int) -> int:
        """How many conflicts were recorded after `since` and through `through`."""
        ask = "SELECT count(*) FROM conflict_rows WHERE recorded_at > ? AND recorded_at <= ?"
        return int(self._connection.execute(ask, (since, through)).fetchone()[0])

    def _one(self, row: Sequence[Any] | None) -> Run | None:
        return None if row is None else _run(row, self._conflicts([row[-1]]))

    def _conflicts(self, runs: Sequence[int]) -> dict[int, list[RunConflict]]:
        """The conflicts of each run that has some, in the order in which they were requested."""
        found: dict[int, list[RunConflict]] = {}
        for run, *conflict in self._connection.execute(_CONFLICT, (json.dumps(list(runs)),)):
            key, first, requested, at, tick_id = conflict
            found.setdefault(run, []).append(
                RunConflict(
                    run_key=key,
                    first_fingerprint=first,
                    requested_fingerprint=requested,
                    requested_at=at,
                    tick_id=tick_id,
                )
            )
        return found


def _run(row: Sequence[Any], conflicts: Mapping[int, Sequence[RunConflict]]) -> Run:
    run_id, run_key, fingerprint, status, schedule_id, tick_id, body, code_version, requested_at, run = row
    check_instants([requested_at], "a run")
    if run_key is None:
        raise damaged("a run has no key")
    content, found = content_from(body), tuple(conflicts.get(run, ()))
    return Run(run_id, run_key, fingerprint, status, schedule_id, tick_id, content, code_version, requested_at, found)


def read_json(text: str | None) -> Any:
    """What a stored text says; raises `DatabaseUnusable` if it can't be read, or is not there."""
    try:
        return json.loads(text or "")
    except (ValueError, RecursionError):  # numbers of thousands of digits, and nesting as deep
        raise damaged("a stored text can't be read") from None
