"""How schedules and their runs stand, read along indexes of what is last, open or waiting."""

import json
import sqlite3
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from arco_sched.core.attempts import EXTERNAL
from arco_sched.core.instants import MIN_INSTANT
from arco_sched.core.standing import FailedLast, Ready, Results, Stale, WaitingCount

_CURRENT: Final = (
    "FROM schedule_rows s JOIN schedule_ids i ON i.schedule = s.schedule "
    "JOIN definition_rows d ON d.schedule = s.schedule AND d.version = s.version "
)

_LAST: Final = (
    "(SELECT f.run FROM run_states f WHERE f.schedule = s.schedule AND f.status IN ('succeeded', 'failed') "
    "ORDER BY f.due_at DESC, f.run DESC LIMIT 1)"
)
"""The last run of a schedule that was executed to its end."""

LAST_SUCCESS_AT: Final = (
    "(SELECT max(f.ended_at) FROM run_states f WHERE f.schedule = s.schedule AND f.status = 'succeeded')"
)
"""When the last success of a schedule (`s`) ended."""

_WITHIN: Final = "json_extract({}.policy, '$.success_within_seconds')"

_SINCE: Final = (
    "max(coalesce((SELECT o.effective_from FROM definition_rows o WHERE o.schedule = d.schedule AND o.version > "
    "coalesce((SELECT x.version FROM definition_rows x WHERE x.schedule = d.schedule AND x.version < d.version "
    f"AND (x.deleted OR {_WITHIN.format('x')} IS NOT {_WITHIN.format('d')}) ORDER BY x.version DESC LIMIT 1), 0) "
    f"ORDER BY o.version LIMIT 1), 0), d.start_at, coalesce({LAST_SUCCESS_AT}, d.start_at))"
)
"""From when on a success is awaited: the version (`d` is the newest) that set the field, the start, or the last one."""

STALE_AFTER: Final = (
    f"CASE WHEN d.enabled AND NOT d.deleted THEN max({_SINCE}, coalesce(d.paused_until, {MIN_INSTANT})) "
    f"+ {_WITHIN.format('d')} END"
)
"""The last instant at which a schedule (`s`, with its newest version `d`) is not stale; null where it never is."""

_OF_ORIGIN: Final = (
    "SELECT * FROM (SELECT l.status, l.instant, l.run FROM run_rows l WHERE l.schedule = s.schedule AND l.origin IS {} "
    "AND l.version IS NOT NULL ORDER BY l.instant DESC LIMIT 1)"
)
LAST_RUN_STATUS: Final = (
    f"(SELECT status FROM ({' UNION ALL '.join(_OF_ORIGIN.format(origin) for origin in (0, 1, 3, 'NULL'))}) "
    "ORDER BY instant DESC, run DESC LIMIT 1)"
)
"""The status of the run of a schedule (`s`) that was due last; of each origin, and of none, the last is looked at."""

_READY: Final = "(q.aside = 0 OR (q.aside = 2 AND q.ready_at <= :now))"
_READY_SINCE: Final = (
    "max(r.requested_at, coalesce(q.ready_at, r.requested_at), coalesce((SELECT max(f.ended_at) FROM run_states f "
    "WHERE f.schedule = q.schedule AND f.status = 'succeeded'), r.requested_at), coalesce((SELECT f.ended_at "
    "FROM run_states f WHERE f.schedule = q.schedule AND f.status IN ('succeeded', 'failed') "
    "ORDER BY f.due_at DESC, f.run DESC LIMIT 1), r.requested_at))"
)


class Standing:
    """Queries about how things stand (`arco_sched.core.standing.Standing`)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def failed_last(self, now: int, limit: int) -> list[FailedLast]:
        """The schedules, neither paused nor deleted, whose last executed run failed, by id."""
        ask = (
            f"SELECT i.schedule_id, r.run_id, x.ended_at {_CURRENT} JOIN run_states x ON x.run = {_LAST} "
            "JOIN run_rows r ON r.run = x.run WHERE d.enabled AND coalesce(d.paused_until, :now) <= :now "
            "AND NOT d.deleted AND x.status = 'failed' ORDER BY i.schedule_id LIMIT :limit"
        )
        return [FailedLast(*row) for row in self._connection.execute(ask, {"now": now, "limit": limit})]

    def stale(self, now: int, limit: int) -> list[Stale]:
        """The schedules that are stale at `now`, by id."""
        ask = (
            f"SELECT schedule_id, stale_after - within, within, success FROM (SELECT i.schedule_id, d.end_at, "
            f"{_WITHIN.format('d')} AS within, {STALE_AFTER} AS stale_after, {LAST_SUCCESS_AT} AS success {_CURRENT}"
            "WHERE d.policy IS NOT NULL) "
            "WHERE stale_after < :now AND (end_at IS NULL OR end_at > :now) ORDER BY schedule_id LIMIT :limit"
        )
        return [Stale(*row) for row in self._connection.execute(ask, {"now": now, "limit": limit})]

    def results(self) -> list[Results]:
        """What came of the runs of every schedule that is not deleted and has a finished run, sorted by id."""
        ask = (
            f"SELECT i.schedule_id, {LAST_SUCCESS_AT}, (SELECT a.duration_ms FROM attempt_rows a WHERE a.run = x.run "
            f"ORDER BY a.attempt DESC LIMIT 1) {_CURRENT} JOIN run_states x ON x.run = {_LAST} "
            "WHERE NOT d.deleted ORDER BY i.schedule_id"
        )
        return [Results(*row) for row in self._connection.execute(ask)]

    def ready(self, now: int, before: int, limit: int) -> list[Ready]:
        """Runs that could have started before the instant `before`, the longest waiting first."""
        ask = (
            f"SELECT q.run, r.run_id, i.schedule_id, q.pool, {_READY_SINCE} AS since FROM queue q "
            "JOIN run_rows r ON r.run = q.run "
            "LEFT JOIN schedule_ids i ON i.schedule = r.schedule AND r.version IS NOT NULL "
            f"WHERE {_READY} AND since <= :before ORDER BY since, q.run LIMIT :limit"
        )
        found = self._connection.execute(ask, {"now": now, "before": before, "limit": limit})
        return [Ready(*row) for row in found]

    def waiting(self, now: int) -> list[WaitingCount]:
        """How many runs wait that a worker may take, by pool and by what they wait for."""
        ask = (
            "SELECT pool, CASE WHEN aside = 2 AND ready_at > ? THEN CASE WHEN schedule IS NULL THEN 'retry' "
            "ELSE 'due' END WHEN aside = 1 THEN 'overlap' ELSE 'ready' END AS stage, count(*) "
            "FROM queue GROUP BY 1, 2 ORDER BY 1, 2"
        )
        return [WaitingCount(*row) for row in self._connection.execute(ask, (now,))]

    def count_running(self) -> int:
        """How many attempts are open."""
        ask = "SELECT count(*) FROM run_states WHERE executor IS NOT NULL"
        return int(self._connection.execute(ask).fetchone()[0])

    def worked_pools(self) -> set[str]:
        """The pools in which a worker's attempt is open."""
        ask = "SELECT DISTINCT pool FROM run_states WHERE executor IS NOT NULL AND executor <> ?"
        return {pool for (pool,) in self._connection.execute(ask, (EXTERNAL,))}

    def runs_due(self, since: int, through: int) -> dict[str, int]:
        """How many runs of ticks there are of each status, of instants after `since` and through `through`."""
        ask = (
            "SELECT r.status, count(*) FROM tick_rows t JOIN run_rows r "
            "ON r.schedule = t.schedule AND r.origin = t.origin AND r.instant = t.instant "
            "WHERE t.instant > ? AND t.instant <= ? AND t.status = 'triggered' GROUP BY 1 ORDER BY 1"
        )
        return dict(self._connection.execute(ask, (since, through)))

    def run_buckets(
        self, schedules: Sequence[int], edges: Sequence[int], now: int, late: int
    ) -> dict[tuple[int, int], dict[str, int]]:
        """What became of the runs of ticks between each two edges, by (schedule, the bucket's number)."""
        ask = (
            "SELECT s.value, b.key, CASE WHEN r.status <> 'requested' THEN r.status "
            f"WHEN q.run IS NOT NULL AND {_READY} AND {_READY_SINCE} <= :late THEN 'late' ELSE 'waiting' END, count(*) "
            "FROM json_each(:schedules) s CROSS JOIN json_each(:buckets) b "
            "CROSS JOIN tick_rows t ON t.schedule = s.value AND t.instant >= json_extract(b.value, '$[0]') "
            "AND t.instant < json_extract(b.value, '$[1]') "
            "CROSS JOIN run_rows r "
            "ON r.schedule = t.schedule AND r.origin = t.origin AND r.instant = t.instant AND r.content = t.content "
            "CROSS JOIN contents c ON c.content = r.content LEFT JOIN queue q ON q.run = r.run "
            "WHERE t.status = 'triggered' AND json_extract(c.body, '$.command') IS NOT NULL GROUP BY 1, 2, 3"
        )
        asked = {"schedules": json.dumps(list(schedules)), "buckets": json.dumps(list(pairwise(edges)))}
        found: dict[tuple[int, int], dict[str, int]] = {}
        for schedule, bucket, became, count in self._connection.execute(ask, asked | {"now": now, "late": now - late}):
            found.setdefault((schedule, bucket), {})[became] = count
        return found

    def waiting_of(self, schedule: int) -> list[str]:
        """The run ids of a schedule's runs that wait for an attempt and that a worker may take, oldest first."""
        ask = (
            "SELECT r.run_id FROM queue q CROSS JOIN run_rows r ON r.run = q.run "
            "WHERE r.schedule = ? AND r.version IS NOT NULL ORDER BY q.run"
        )
        return [run_id for (run_id,) in self._connection.execute(ask, (schedule,))]
