"""Runs, and requests that conflict with them."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final

from arco_sched.core.attempts import Attempt
from arco_sched.core.history import Run, RunConflict
from arco_sched.core.identity import ORIGINS, TickKey, parse_tick_id
from arco_sched.store.sqlite.definitions import content_from
from arco_sched.store.sqlite.filters import Filter
from arco_sched.store.sqlite.life import attempts_of, numbers

_RUN: Final = (
    "SELECT run_id, run_key, request_fingerprint, status, schedule_id, tick_id, "
    "(SELECT body FROM contents WHERE fingerprint = request_fingerprint), code_version, requested_at, run FROM runs "
)
_CONFLICT: Final = "SELECT run_key, first_fingerprint, requested_fingerprint, requested_at, tick_id FROM conflicts "


class Runs:
    """Questions about runs (`arco_sched.core.subjects.Runs`)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def page(
        self,
        *,
        schedule_id: str | None = None,
        schedule: int | None = None,
        status: str | None = None,
        since: int | None = None,
        until: int | None = None,
        before: int | None = None,
        limit: int,
    ) -> list[tuple[Run, int]]:
        """Runs with `since <= requested_at < until`, newest request first, below the key `before`; each with it."""
        where = Filter().add("schedule = ? AND schedule_id = ?", schedule, schedule_id, when=schedule is not None)
        where.add("status = ?", status, when=status is not None)
        where.add("requested_at >= ?", since, when=since is not None)
        where.add("requested_at < ?", until, when=until is not None)
        where.add("run < ?", before, when=before is not None)
        rows = self._connection.execute(f"{_RUN}{where}ORDER BY run DESC LIMIT ?", (*where.values, limit)).fetchall()
        return [(self._run(row), row[-1]) for row in rows]

    def by_id(self, run_id: str) -> Run | None:
        """The run of a run id."""
        row = self._connection.execute(
            _RUN
            + "WHERE run = (SELECT run FROM run_rows WHERE substr(run_id, 5, 8) = substr(:id, 5, 8) AND run_id = :id)",
            {"id": run_id},
        ).fetchone()
        return None if row is None else self._run(row)

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
        return None if row is None else self._run(row)

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
        statuses = json.dumps(wanted)
        ask = (
            "SELECT r.run_id FROM schedule_ids i JOIN run_rows r ON r.schedule = i.schedule AND r.version IS NOT NULL "
            "WHERE i.schedule_id = ? AND (? = '[]' OR r.status IN (SELECT value FROM json_each(?))) "
            "ORDER BY r.instant DESC, r.run DESC LIMIT 1"
        )
        row = execute(ask, (text, statuses, statuses)).fetchone()
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

    def count_conflicts(self, schedule: int, content: int, instants: Iterable[int]) -> int:
        """How many of these ticks' run keys are reserved for another content."""
        ask = "SELECT 1 FROM run_rows WHERE schedule = ? AND origin = 0 AND instant = ? AND content <> ?"
        return sum(self._connection.execute(ask, (schedule, at, content)).fetchone() is not None for at in instants)

    def count_conflicted(self, since: int, through: int) -> int:
        """How many conflicts were recorded after `since` and through `through`."""
        ask = "SELECT count(*) FROM conflict_rows WHERE recorded_at > ? AND recorded_at <= ?"
        return int(self._connection.execute(ask, (since, through)).fetchone()[0])

    def _run(self, row: Sequence[Any]) -> Run:
        conflicts = self._connection.execute(_CONFLICT + "WHERE run = ? ORDER BY requested_at", (row[-1],))
        found = tuple(RunConflict(*conflict) for conflict in conflicts)
        run_id, run_key, fingerprint, status, schedule_id, tick_id, body, code_version, requested_at = row[:9]
        content = content_from(body)
        return Run(
            run_id, run_key, fingerprint, status, schedule_id, tick_id, content, code_version, requested_at, found
        )


def read_json(text: str | None) -> Any:
    """What a stored text says; one that is not there is damage like one that can't be read."""
    return json.loads(text or "")
