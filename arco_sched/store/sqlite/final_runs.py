"""The runs that a pruning removes: those of pruned ticks that have long been final, with all their events."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any, Final

from arco_sched.core.events import OF_RUNS
from arco_sched.core.history import FinalRun
from arco_sched.core.run_events import FINAL

_PREFIXES: Final = [key.partition("{run_id}")[0] for key in (type_.key for type_ in OF_RUNS) if "{run_id}" in key]
"""With what the keys of the events of a run's life begin, before its id."""

_OF_LIFE: Final = "e.type <> 4 AND e.key >= x.prefix || r.run_id || ':' AND e.key < x.prefix || r.run_id || ';'"
_REQUESTS: Final = (
    "(SELECT count(*) FROM event_log q WHERE q.type = 4 AND q.schedule = r.schedule AND q.origin = r.origin "
    "AND q.instant = r.instant)"
)
_OF_PRUNED: Final = (
    "r.run > :after AND r.run <= :through AND r.origin IS NOT NULL AND r.instant <= {gone} "
    "AND NOT (r.origin = 0 AND r.instant IS p.last_run)"
)
_GONE: Final = "p.pruned_through"
_LIMIT: Final = "min(p.cursor, :before - 1)"
_WOULD_BE_GONE: Final = (
    f"max(coalesce(p.pruned_through, -(1 << 62)), coalesce((SELECT min(l.after) FROM lapse_rows l "
    f"WHERE l.schedule = p.schedule AND l.after < {_LIMIT} AND l.before > {_LIMIT} + 1), {_LIMIT}))"
)
"""Through which instant the ticks of a schedule are gone, and would be after pruning what is before `before`: a lapse
goes whole or stays whole (`History.prunable`)."""

# The newest success and the newest run that ended stay, of each schedule: `check` and `stale` are about them. So does
# one whose `on_failure` has yet to run.
_FINAL: Final = f"""
SELECT r.run, r.schedule, r.origin, r.instant, r.run_id, {_REQUESTS} + count(*)
FROM run_states s
CROSS JOIN run_rows r ON r.run = s.run
CROSS JOIN schedule_rows p ON p.schedule = r.schedule
CROSS JOIN (SELECT value AS prefix FROM json_each(:prefixes)) x
CROSS JOIN event_log e ON {_OF_LIFE}
WHERE s.run > :after AND s.run <= :through AND {_OF_PRUNED}
    AND s.status IN ({", ".join(f"'{status}'" for status in sorted(FINAL))})
    AND NOT (s.status <> 'succeeded' AND json_extract(coalesce(r.policy, '{{}}'), '$.on_failure') IS NOT NULL
        AND EXISTS (SELECT 1 FROM hook_rows h WHERE h.run = s.run AND h.done_at IS NULL))
    AND (s.status <> 'succeeded' OR s.schedule IS NULL OR s.run <>
        (SELECT n.run FROM run_states n WHERE n.schedule = s.schedule AND n.status = 'succeeded'
        ORDER BY n.ended_at DESC LIMIT 1))
    AND (s.status NOT IN ('succeeded', 'failed') OR s.schedule IS NULL OR s.run <>
        (SELECT n.run FROM run_states n WHERE n.schedule = s.schedule AND n.status IN ('succeeded', 'failed')
        ORDER BY n.due_at DESC, n.run DESC LIMIT 1))
GROUP BY s.run HAVING max(e.recorded_at) < :before
ORDER BY s.run LIMIT :room
"""

_UNEXECUTED: Final = f"""
SELECT r.run, r.schedule, r.origin, r.instant, r.run_id, {_REQUESTS}
FROM run_rows r CROSS JOIN schedule_rows p ON p.schedule = r.schedule
WHERE {_OF_PRUNED} AND r.requested_at < :before
    AND NOT EXISTS (SELECT 1 FROM run_states s WHERE s.run = r.run)
    AND NOT EXISTS (SELECT 1 FROM queue q WHERE q.run = r.run)
ORDER BY r.run LIMIT :room
"""


def final_runs(
    connection: sqlite3.Connection,
    *,
    before: int,
    after: int,
    through: int,
    unexecuted: bool,
    room: int = -1,
    planned: bool = False,
) -> list[FinalRun]:
    """The runs with `after < number <= through` that a pruning of what was final before `before` removes, at most
    `room` of them, in the order of their numbers: of pruned ticks (or with `planned` of those that would be), with
    `unexecuted` those that no worker takes and of whose life nothing is recorded."""
    bounds: dict[str, Any] = {"before": before, "after": after, "through": through, "room": room}
    bounds["prefixes"] = json.dumps(_PREFIXES)
    ask = (_UNEXECUTED if unexecuted else _FINAL).replace("{gone}", _WOULD_BE_GONE if planned else _GONE)
    return [FinalRun(*row) for row in connection.execute(ask, bounds)]


def remove(connection: sqlite3.Connection, runs: Iterable[FinalRun]) -> None:
    """Remove runs with all that is recorded of them."""
    found = list(runs)
    connection.executemany(
        "DELETE FROM event_log WHERE type = 4 AND schedule = ? AND origin = ? AND instant = ?",
        [(each.schedule, each.origin, each.instant) for each in found],
    )
    connection.executemany(
        "DELETE FROM event_log WHERE type <> 4 AND key >= ? AND key < ?",
        [(f"{prefix}{each.run_id}:", f"{prefix}{each.run_id};") for prefix in _PREFIXES for each in found],
    )
    for table in ("run_rows", "run_states", "attempt_rows", "conflict_rows", "hook_rows"):
        connection.executemany(f"DELETE FROM {table} WHERE run = ?", [(each.run,) for each in found])
