"""Runs, and requests that conflict with them."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from arco_sched.core.history import Run, RunConflict
from arco_sched.core.identity import ORIGINS, TickKey
from arco_sched.store.sqlite.definitions import content_from
from arco_sched.store.sqlite.filters import Filter

_RUN: Final = (
    "SELECT run_id, run_key, request_fingerprint, status, schedule_id, tick_id, "
    "(SELECT body FROM contents WHERE fingerprint = request_fingerprint), code_version, requested_at, run FROM runs "
)
_CONFLICT: Final = (
    "SELECT run, run_key, first_fingerprint, requested_fingerprint, requested_at, tick_id FROM conflicts "
)


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
        conflicts = self._conflicts([row[-1] for row in rows])
        return [(_run(row, conflicts), row[-1]) for row in rows]

    def by_id(self, run_id: str) -> Run | None:
        """The run of a run id."""
        row = self._connection.execute(
            _RUN
            + "WHERE run = (SELECT run FROM run_rows WHERE substr(run_id, 5, 8) = substr(:id, 5, 8) AND run_id = :id)",
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
        ask = f"{_CONFLICT}WHERE run IN (SELECT value FROM json_each(?)) ORDER BY requested_at"
        for run, *conflict in self._connection.execute(ask, (json.dumps(list(runs)),)):
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
    content, found = content_from(body), tuple(conflicts.get(run, ()))
    return Run(run_id, run_key, fingerprint, status, schedule_id, tick_id, content, code_version, requested_at, found)


def read_json(text: str | None) -> Any:
    """What a stored text says; one that is not there is damage like one that can't be read."""
    return json.loads(text or "")
