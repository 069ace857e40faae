"""The fold: events -> the tables that people query.

It emits nothing and decides nothing. Each statement folds a range of the event table, so that the same text serves the
events of the transaction that writes them and all events again from nothing (`arco verify`). Sets rather than rows:
SQLite does in C what Python would do row by row, and the fold stands in the schema's own language.
"""

import sqlite3
from typing import Final

from arco_sched.core.identity import ORIGINS, run_ids

SCHEDULED: Final = ORIGINS.index("scheduled")
FAILED: Final = ORIGINS.index("failed")

UPSERTED, TICKED, LAPSED, REQUESTED, ZONE_RULES, REWOUND, PRUNED = range(1, 8)
"""The codes of the event types, as in the table `words`."""
ALL: Final = {UPSERTED, TICKED, LAPSED, REQUESTED, ZONE_RULES, REWOUND, PRUNED}

_RANGE: Final = "e.seq > :after AND e.seq <= :through"


def _epoch(path: str) -> str:
    return f"CAST(strftime('%s', json_extract(e.payload, '$.{path}')) AS INTEGER)"


_DEFINITIONS: Final = f"""
INSERT INTO {{to}}definition_rows (schedule, version, cron_expression, timezone, catchup_window_minutes,
    max_catchup_ticks, catchup_policy, dst_gap, dst_overlap, content, code_version, start_at, end_at, enabled, deleted,
    created_at, effective_from)
SELECT e.schedule, e.version, json_extract(e.payload, '$.cron_expression'), json_extract(e.payload, '$.timezone'),
    json_extract(e.payload, '$.catchup_window_minutes'), json_extract(e.payload, '$.max_catchup_ticks'),
    json_extract(e.payload, '$.catchup_policy'), json_extract(e.payload, '$.dst_gap'),
    json_extract(e.payload, '$.dst_overlap'), e.content, json_extract(e.payload, '$.code_version'),
    {_epoch("start_at")}, {_epoch("end_at")}, json_extract(e.payload, '$.enabled'),
    json_extract(e.payload, '$.deleted'),
    e.recorded_at, {_epoch("effective_from")}
FROM event_log e WHERE {_RANGE} AND e.type = {UPSERTED} ORDER BY e.seq
"""

_SCHEDULES: Final = f"""
INSERT INTO {{to}}schedule_rows (schedule, version, cursor)
SELECT e.schedule, max(e.version),
    (SELECT d.start_at - 1 FROM {{to}}definition_rows d WHERE d.schedule = e.schedule AND d.version = 1)
FROM event_log e WHERE {_RANGE} AND e.type = {UPSERTED} GROUP BY e.schedule
ON CONFLICT (schedule) DO UPDATE SET version = excluded.version
"""

_TICKS: Final = f"""
INSERT INTO {{to}}tick_rows (schedule, instant, origin, tick_id, version, status, content, recorded_at, error)
SELECT e.schedule, e.instant, e.origin,
    CASE e.origin WHEN {FAILED} THEN substr(e.key, 12) ELSE i.schedule_id || ':' || o.word || e.instant END,
    e.version, CASE e.status WHEN 1 THEN 'triggered' WHEN 2 THEN 'skipped' ELSE 'failed' END, e.content, e.recorded_at,
    json_extract(e.payload, '$.error')
FROM event_log e JOIN schedule_ids i ON i.schedule = e.schedule JOIN words o ON o.kind = 'origin' AND o.code = e.origin
WHERE {_RANGE} AND e.type = {TICKED} ORDER BY e.seq
"""

_LAPSES: Final = f"""
INSERT INTO {{to}}lapse_rows (lapse, schedule, after, before, missed, reason, recorded_at)
SELECT e.seq, e.schedule, {_epoch("after")}, e.instant, json_extract(e.payload, '$.missed'),
    json_extract(e.payload, '$.reason'), e.recorded_at
FROM event_log e WHERE {_RANGE} AND e.type = {LAPSED} ORDER BY e.seq
"""

_RUNS: Final = f"""
INSERT INTO {{to}}run_rows (run, schedule, origin, instant, key, version, content, run_id, status, requested_at)
SELECT e.seq, e.schedule, e.origin, e.instant, e.key, e.version, e.content,
    arco_run_id(CAST(coalesce(e.key, 'sched:' || i.schedule_id || ':' || o.word || e.instant) AS BLOB)), 'requested',
    e.recorded_at
FROM event_log e LEFT JOIN schedule_ids i ON i.schedule = e.schedule
LEFT JOIN words o ON o.kind = 'origin' AND o.code = e.origin
WHERE {_RANGE} AND e.type = {REQUESTED} ORDER BY e.seq
ON CONFLICT DO NOTHING
"""

_CONFLICTS: Final = f"""
INSERT INTO {{to}}conflict_rows (conflict, run, content, recorded_at)
SELECT e.seq, r.run, e.content, e.recorded_at
FROM event_log e JOIN {{to}}run_rows r ON r.schedule = e.schedule AND r.origin = e.origin AND r.instant = e.instant
WHERE {_RANGE} AND e.type = {REQUESTED} AND r.content <> e.content
UNION ALL
SELECT e.seq, r.run, e.content, e.recorded_at
FROM event_log e JOIN {{to}}run_rows r ON r.key = e.key
WHERE {_RANGE} AND e.type = {REQUESTED} AND e.key IS NOT NULL AND r.content <> e.content
ORDER BY 1
"""

_STATE: Final = f"""
UPDATE {{to}}schedule_rows SET cursor = max(cursor, f.reached), last_instant = coalesce(f.tick, last_instant),
    last_run = coalesce(f.run, last_run)
FROM (
    SELECT e.schedule, max(CASE e.type WHEN {TICKED} THEN e.instant ELSE e.instant - 1 END) AS reached,
        max(CASE e.type WHEN {TICKED} THEN e.instant END) AS tick,
        max(CASE WHEN e.type = {TICKED} AND e.status = 1 THEN e.instant END) AS run
    FROM event_log e
    WHERE {_RANGE} AND (e.type = {LAPSED} OR (e.type = {TICKED} AND e.origin = {SCHEDULED})) GROUP BY e.schedule
) f
WHERE f.schedule = schedule_rows.schedule
"""

_ZONE_RULES: Final = f"""
UPDATE {{to}}workspace SET zone_rules = f.zone_rules
FROM (SELECT json_extract(e.payload, '$.to') AS zone_rules FROM event_log e
    WHERE {_RANGE} AND e.type = {ZONE_RULES} ORDER BY e.seq DESC LIMIT 1) f
"""

# A rewind says in its payload what becomes of each version and each lapse that reaches beyond the new cursor.

_REWOUND_CURSORS: Final = f"""
UPDATE {{to}}schedule_rows
SET cursor = f.target, rewound_from = max(coalesce(rewound_from, f.abandoned), f.abandoned),
    pruned_through = min(pruned_through, f.target)
FROM (
    SELECT e.schedule, {_epoch("from")} AS abandoned, {_epoch("to")} AS target
    FROM event_log e WHERE {_RANGE} AND e.type = {REWOUND}
) f
WHERE f.schedule = schedule_rows.schedule
"""

_REWOUND_VERSIONS: Final = f"""
UPDATE {{to}}definition_rows SET effective_from = f.begins
FROM (
    SELECT e.schedule, json_extract(j.value, '$.definition_version') AS version,
        CAST(strftime('%s', json_extract(j.value, '$.effective_from')) AS INTEGER) AS begins
    FROM event_log e, json_each(e.payload, '$.versions') j WHERE {_RANGE} AND e.type = {REWOUND}
) f
WHERE f.schedule = definition_rows.schedule AND f.version = definition_rows.version
"""

_CUT_LAPSES: Final = f"""
UPDATE {{to}}lapse_rows SET before = f.cut, missed = f.left_over
FROM (
    SELECT json_extract(j.value, '$.seq') AS lapse, json_extract(j.value, '$.missed') AS left_over,
        CAST(strftime('%s', json_extract(j.value, '$.before')) AS INTEGER) AS cut
    FROM event_log e, json_each(e.payload, '$.lapses') j WHERE {_RANGE} AND e.type = {REWOUND}
) f
WHERE f.lapse = lapse_rows.lapse AND f.cut IS NOT NULL
"""

_WITHDRAWN_LAPSES: Final = f"""
DELETE FROM {{to}}lapse_rows WHERE lapse IN (
    SELECT json_extract(j.value, '$.seq') FROM event_log e, json_each(e.payload, '$.lapses') j
    WHERE {_RANGE} AND e.type = {REWOUND} AND json_extract(j.value, '$.before') IS NULL
)
"""

# Of what was pruned the fold has the state that stays; what a pruning removes is gone from the event table too, but for
# the requests of runs. Failed ticks stay: they are few, and there is one a definition version.

_PRUNED_STATE: Final = f"""
UPDATE {{to}}schedule_rows
SET cursor = f.reached, last_instant = f.tick, last_run = f.run,
    pruned_through = max(coalesce(pruned_through, f.through), f.through)
FROM (
    SELECT e.schedule, {_epoch("cursor")} AS reached, {_epoch("last_scheduled_for")} AS tick,
        {_epoch("last_run_for")} AS run, {_epoch("through")} AS through
    FROM event_log e WHERE {_RANGE} AND e.type = {PRUNED}
) f
WHERE f.schedule = schedule_rows.schedule
"""

_PRUNED_TICKS: Final = f"""
DELETE FROM {{to}}tick_rows WHERE (schedule, instant, origin) IN (
    SELECT t.schedule, t.instant, t.origin FROM event_log e
    JOIN {{to}}tick_rows t ON t.schedule = e.schedule AND t.instant <= {_epoch("through")} AND t.origin <> {FAILED}
    WHERE {_RANGE} AND e.type = {PRUNED}
)
"""

_PRUNED_LAPSES: Final = f"""
DELETE FROM {{to}}lapse_rows WHERE lapse IN (
    SELECT l.lapse FROM event_log e
    JOIN {{to}}lapse_rows l ON l.schedule = e.schedule AND l.before <= {_epoch("through")} + 1
    WHERE {_RANGE} AND e.type = {PRUNED}
)
"""

# What each type of event touches, in the order in which the statements build on each other.
_FOLDS: Final = (
    (_DEFINITIONS, {UPSERTED}),
    (_SCHEDULES, {UPSERTED}),
    (_TICKS, {TICKED}),
    (_LAPSES, {LAPSED}),
    (_RUNS, {REQUESTED}),
    (_CONFLICTS, {REQUESTED}),
    (_STATE, {TICKED, LAPSED}),
    (_ZONE_RULES, {ZONE_RULES}),
    (_REWOUND_CURSORS, {REWOUND}),
    (_REWOUND_VERSIONS, {REWOUND}),
    (_CUT_LAPSES, {REWOUND}),
    (_WITHDRAWN_LAPSES, {REWOUND}),
    (_PRUNED_STATE, {PRUNED}),
    (_PRUNED_TICKS, {PRUNED}),
    (_PRUNED_LAPSES, {PRUNED}),
)


def fold(connection: sqlite3.Connection, after: int, through: int, types: set[int], *, to: str = "") -> int:
    """Fold the events with `after < seq <= through`, of one transaction, into the tables of the schema `to` (`""` or
    `"name."`); returns how many conflicts they are.

    `types` are all the event types in the range, in which nothing comes after a rewind or a pruning. The SQL function
    `arco_run_id` must be known to the connection (`learn`).
    """
    bounds = {"after": after, "through": through}
    added = {
        statement: connection.execute(statement.format(to=to), bounds).rowcount
        for statement, touched in _FOLDS
        if types & touched
    }
    return added.get(_CONFLICTS, 0)


def fold_again(connection: sqlite3.Connection, after: int, through: int, *, to: str) -> None:
    """Fold the events with `after < seq <= through` of any number of transactions.

    What a rewind or a pruning changes depends on the order: a range that holds one is folded in parts that end at it.
    """
    ask = f"SELECT seq FROM event_log WHERE seq > ? AND seq <= ? AND type IN ({REWOUND}, {PRUNED}) ORDER BY seq"
    for end in [*(seq for (seq,) in connection.execute(ask, (after, through))), through]:
        fold(connection, after, end, ALL, to=to)
        after = end


def learn(connection: sqlite3.Connection, workspace: str) -> None:
    """Teach a connection the function that the fold needs: the run id of a run key, as bytes, in this workspace."""
    connection.create_function("arco_run_id", 1, run_ids(workspace), deterministic=True)
