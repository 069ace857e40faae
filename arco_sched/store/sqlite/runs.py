"""Runs, and requests that conflict with them."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final

from arco_sched.core.history import Run, RunConflict
from arco_sched.core.identity import ORIGINS, TickKey
from arco_sched.store.sqlite.definitions import content_from
from arco_sched.store.sqlite.filters import Filter

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
        found = tuple(
            RunConflict(
                run_key=key,
                first_fingerprint=first,
                requested_fingerprint=requested,
                requested_at=at,
                tick_id=by,
            )
            for key, first, requested, at, by in conflicts
        )
        run_id, run_key, fingerprint, status, schedule_id, tick_id, body, code_version, requested_at = row[:9]
        content = content_from(body)
        return Run(
            run_id, run_key, fingerprint, status, schedule_id, tick_id, content, code_version, requested_at, found
        )


def read_json(text: str | None) -> Any:
    """What a stored text says; one that is not there is damage like one that can't be read."""
    return json.loads(text or "")
