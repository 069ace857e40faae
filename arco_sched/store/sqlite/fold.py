"""The fold: events -> the tables that people query.

It emits nothing and decides nothing. Ticks, requests and lapses are folded by statements over a range of the event
table, so that the same text serves the events of the transaction that writes them and all events again from nothing
(`arco verify`). What a rare event changes is said by the core (`arco_sched.core.fold`) and carried out here.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Final

from arco_sched.core.events import (
    BY_CODE,
    FAILED,
    LAPSED,
    OF_FAILURE,
    PRUNED,
    REQUESTED,
    REWOUND,
    SCHEDULED,
    SKIPPED,
    TICKED,
    TYPES,
)
from arco_sched.core.fields import flat, payload
from arco_sched.core.fold import (
    CursorRewound,
    HistoryRemoved,
    LifeWent,
    OccurrencesServed,
    RareEvent,
    RowChange,
    RunsRemoved,
    VersionAdded,
    VersionMoved,
    ZoneRulesSet,
)
from arco_sched.core.history import LapseCut
from arco_sched.core.identity import INFIXES
from arco_sched.core.instants import MIN_INSTANT
from arco_sched.core.policy import policy_text
from arco_sched.store.sqlite.final_runs import final_runs, remove
from arco_sched.store.sqlite.life import go_on
from arco_sched.store.sqlite.script import COLUMNS, other_names

_RANGE: Final = "e.seq > :after AND e.seq <= :through"
_EPOCH: Final = "CAST(strftime('%s', json_extract(e.payload, '$.{}')) AS INTEGER)"
_INFIX: Final = f"CASE e.origin {' '.join(f'WHEN {code} THEN {infix!r}' for code, infix in enumerate(INFIXES))} END"

_TICKS: Final = f"""
INSERT INTO {{to}}tick_rows (schedule, instant, origin, tick_id, version, status, content, recorded_at, error,
    skip_reason)
SELECT e.schedule, e.instant, e.origin,
    CASE e.origin WHEN {OF_FAILURE} THEN substr(e.key, 12) ELSE i.schedule_id || ':' || {_INFIX} || e.instant END,
    e.version, CASE e.status WHEN 1 THEN 'triggered' WHEN {FAILED} THEN 'failed' ELSE 'skipped' END, e.content,
    e.recorded_at, CASE WHEN e.payload IS NOT NULL THEN json_extract(e.payload, '$.error') END,
    CASE e.status WHEN {SKIPPED["excluded"]} THEN 'excluded' END
FROM event_log e JOIN schedule_ids i ON i.schedule = e.schedule
WHERE {_RANGE} AND e.type = {TICKED.code} ORDER BY {{order}}
"""

_LAPSES: Final = f"""
INSERT INTO {{to}}lapse_rows (lapse, schedule, after, before, missed, reason, recorded_at)
SELECT e.seq, e.schedule, {_EPOCH.format("after")}, e.instant, json_extract(e.payload, '$.missed'),
    json_extract(e.payload, '$.reason'), e.recorded_at
FROM event_log e WHERE {_RANGE} AND e.type = {LAPSED.code} ORDER BY e.seq
"""

_RUNS: Final = f"""
INSERT INTO {{to}}run_rows (run, schedule, origin, instant, key, version, content, run_id, status, requested_at,
    policy)
SELECT e.seq, e.schedule, e.origin, e.instant, e.key, e.version, e.content, e.run_id, 'requested', e.recorded_at,
    CASE WHEN e.payload IS NOT NULL THEN json_extract(e.payload, '$.policy') END
FROM event_log e WHERE {_RANGE} AND e.type = {REQUESTED.code} ORDER BY e.seq
ON CONFLICT DO NOTHING
"""

_REQUESTS: Final = f"SELECT count(*) FROM event_log e WHERE {_RANGE} AND e.type = {REQUESTED.code}"

_CONFLICTS: Final = f"""
INSERT INTO {{to}}conflict_rows (conflict, run, content, recorded_at)
SELECT e.seq, r.run, e.content, e.recorded_at
FROM event_log e JOIN {{to}}run_rows r ON r.schedule = e.schedule AND r.origin = e.origin AND r.instant = e.instant
WHERE {_RANGE} AND e.type = {REQUESTED.code} AND r.content <> e.content
UNION ALL
SELECT e.seq, r.run, e.content, e.recorded_at
FROM event_log e JOIN {{to}}run_rows r ON r.key = e.key
WHERE {_RANGE} AND e.type = {REQUESTED.code} AND e.key IS NOT NULL AND r.content <> e.content
ORDER BY 1
"""

# After a rewind, ticks beyond the clock are later than those made after them.
_LATER: Final = "{0} = coalesce(max({0}, {1}), {0}, {1})"

_STATE: Final = f"""
UPDATE {{to}}schedule_rows SET cursor = max(cursor, f.reached), {_LATER.format("last_instant", "f.tick")},
    {_LATER.format("last_run", "f.run")}
FROM (
    SELECT e.schedule, max(CASE e.type WHEN {TICKED.code} THEN e.instant ELSE e.instant - 1 END) AS reached,
        max(CASE e.type WHEN {TICKED.code} THEN e.instant END) AS tick,
        max(CASE WHEN e.type = {TICKED.code} AND e.status = 1 THEN e.instant END) AS run
    FROM event_log e
    WHERE {_RANGE} AND (e.type = {LAPSED.code} OR (e.type = {TICKED.code} AND e.origin = {SCHEDULED}))
    GROUP BY e.schedule
) f
WHERE f.schedule = schedule_rows.schedule
"""

_RARE: Final = frozenset(type_.code for type_ in TYPES if type_.fold is not None)
_RARE_EVENTS: Final = (
    "SELECT e.seq, e.type, e.schedule, e.content, e.recorded_at, e.payload FROM event_log e "
    f"WHERE {_RANGE} AND e.type IN ({', '.join(map(str, sorted(_RARE)))}) ORDER BY e.seq"
)
_LAST: Final = f"{REWOUND.code}, {PRUNED.code}"
"""Types that change what was folded before: nothing is folded with them that comes after."""

ALL: Final = {type_.code for type_ in TYPES}


def fold(connection: sqlite3.Connection, after: int, through: int, types: set[int], *, to: str = "") -> int:
    """Fold the events with `after < seq <= through`, of one transaction, into the tables of the schema `to` (`""` or
    `"name."`); returns how many conflicts they are.

    `types` are all the event types in the range, in which nothing of a schedule comes after its rewind or pruning.
    """
    bounds = {"after": after, "through": through}
    changes = _rare_changes(connection, bounds) if types & _RARE else []
    _carry_out(connection, [change for change in changes if isinstance(change, VersionAdded)], to)
    conflicts = 0
    if TICKED.code in types:
        # All of history is written in the order in which the rows stand; within a transaction there is little to gain.
        order = "e.schedule, e.instant, e.origin" if to else "e.seq"
        connection.execute(_TICKS.format(to=to, order=order), bounds)
    if LAPSED.code in types:
        connection.execute(_LAPSES.format(to=to), bounds)
    if REQUESTED.code in types:
        reserved = connection.execute(_RUNS.format(to=to), bounds).rowcount
        # A request that reserved a run does not conflict: where all of them did, there is nothing to look for.
        if reserved < connection.execute(_REQUESTS, bounds).fetchone()[0]:
            conflicts = connection.execute(_CONFLICTS.format(to=to), bounds).rowcount
    if types & {TICKED.code, LAPSED.code}:
        connection.execute(_STATE.format(to=to), bounds)
    _carry_out(connection, [change for change in changes if not isinstance(change, VersionAdded)], to)
    return conflicts


def fold_again(connection: sqlite3.Connection, after: int, through: int, *, to: str) -> None:
    """Fold the events with `after < seq <= through` of any number of transactions.

    What a rewind or a pruning changes depends on the order: a range that holds one is folded in parts that end at it.
    """
    ask = f"SELECT seq FROM event_log WHERE seq > ? AND seq <= ? AND type IN ({_LAST}) ORDER BY seq"
    for end in [*(seq for (seq,) in connection.execute(ask, (after, through))), through]:
        fold(connection, after, end, ALL, to=to)
        after = end


def _rare_changes(connection: sqlite3.Connection, bounds: dict[str, int]) -> list[RowChange]:
    found: list[RowChange] = []
    for row in connection.execute(_RARE_EVENTS, bounds).fetchall():
        type_ = BY_CODE[row[1]]
        event = RareEvent._make((row[0], type_.name, *row[2:5], json.loads(row[5])))
        how = type_.fold
        found += () if how is None else how(event)
    return found


def _carry_out(connection: sqlite3.Connection, changes: Sequence[RowChange], to: str) -> None:
    """Carry out changes, those of a kind as a set.

    Their order does not matter: a schedule has at most one event among them that changes what exists, and the changes
    of one event are in different tables.
    """
    for kind, way in _WAYS.items():
        alike = [change for change in changes if isinstance(change, kind)]
        if alike:
            way(connection, alike, to)


_NEW_VERSION: Final = (
    f"INSERT INTO {{to}}definition_rows (schedule, version, {', '.join(COLUMNS)}, content, policy, other, start_at, "
    f"end_at, enabled, deleted, created_at, effective_from) VALUES ({', '.join('?' * (len(COLUMNS) + 11))})"
)


def _add_versions(connection: sqlite3.Connection, changes: list[Any], to: str) -> None:
    connection.executemany(_NEW_VERSION.format(to=to), map(_version_row, changes))
    first = [
        (each.schedule, max(each.version.start_at - 1, MIN_INSTANT))
        for each in changes
        if each.version.definition_version == 1
    ]
    connection.executemany(f"INSERT INTO {to}schedule_rows (schedule, version, cursor) VALUES (?, 1, ?)", first)
    later = [
        (each.version.definition_version, max(each.version.effective_from - 1, MIN_INSTANT), each.schedule)
        for each in changes
    ]
    connection.executemany(
        f"UPDATE {to}schedule_rows SET version = ?, cursor = min(cursor, ?) WHERE schedule = ?", later
    )


def _column(value: Any) -> Any:
    """The value of a field as its column has it: several are JSON text, none of them nothing."""
    if not isinstance(value, tuple):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if value else None


def _version_row(added: VersionAdded) -> tuple[Any, ...]:
    version = added.version
    values = flat(version)
    said = payload(version)
    rest = {name: said[name] for name in other_names() if name in said}
    other = json.dumps(rest, ensure_ascii=False, separators=(",", ":"))
    return (
        added.schedule,
        version.definition_version,
        *(_column(values[name]) for name in COLUMNS),
        added.content,
        policy_text(version.definition.policy),
        other,
        version.start_at,
        version.definition.end_at,
        version.enabled,
        version.deleted,
        version.created_at,
        version.effective_from,
    )


def _move_versions(connection: sqlite3.Connection, changes: list[Any], to: str) -> None:
    connection.executemany(
        f"UPDATE {to}definition_rows SET effective_from = ?, start_at = coalesce(?, start_at) "
        "WHERE schedule = ? AND version = ?",
        [(each.effective_from, each.start_at, each.schedule, each.version) for each in changes],
    )


def _rewind_cursors(connection: sqlite3.Connection, changes: list[Any], to: str) -> None:
    connection.executemany(
        f"UPDATE {to}schedule_rows SET cursor = :cursor, pruned_through = min(pruned_through, :cursor), "
        "rewound_from = max(coalesce(rewound_from, :abandoned), :abandoned) WHERE schedule = :schedule",
        [each._asdict() for each in changes],
    )


def _cut_lapses(connection: sqlite3.Connection, changes: list[Any], to: str) -> None:
    cut = [(each.before, each.missed, each.seq) for each in changes if each.before is not None]
    connection.executemany(f"UPDATE {to}lapse_rows SET before = ?, missed = ? WHERE lapse = ?", cut)
    withdrawn = [(each.seq,) for each in changes if each.before is None]
    connection.executemany(f"DELETE FROM {to}lapse_rows WHERE lapse = ?", withdrawn)


def _remove_history(connection: sqlite3.Connection, changes: list[Any], to: str) -> None:
    # Failed ticks stay: they are few, and there is one a definition version. Requests of runs stay with their runs.
    for bounds in (each._asdict() for each in changes):
        connection.execute(
            f"UPDATE {to}schedule_rows SET cursor = :cursor, {_LATER.format('last_instant', ':last_instant')}, "
            f"{_LATER.format('last_run', ':last_run')}, "
            "pruned_through = max(coalesce(pruned_through, :through), :through) WHERE schedule = :schedule",
            bounds,
        )
        if not to:
            _remove_events(connection, bounds)
        connection.execute(
            f"DELETE FROM {to}tick_rows WHERE schedule = :schedule AND instant <= :through AND origin <> {OF_FAILURE}",
            bounds,
        )
        connection.execute(f"DELETE FROM {to}lapse_rows WHERE schedule = :schedule AND before <= :through + 1", bounds)


def _remove_runs(connection: sqlite3.Connection, changes: list[Any], to: str) -> None:
    # Folded from nothing there is nothing to do: with their events, the runs never were.
    if to:
        return
    for bounds in {each[1:] for each in changes}:
        before, after, through, unexecuted = bounds
        among = {each.schedule for each in changes if each[1:] == bounds}
        found = final_runs(connection, before=before, after=after, through=through, unexecuted=unexecuted)
        remove(connection, (run for run in found if run.schedule in among))


def _remove_events(connection: sqlite3.Connection, bounds: dict[str, Any]) -> None:
    """The events of what a pruning removes go with it."""
    connection.execute(
        f"DELETE FROM event_log WHERE type = {TICKED.code} AND schedule = :schedule AND instant <= :through "
        f"AND origin <> {OF_FAILURE}",
        bounds,
    )
    connection.execute(
        f"DELETE FROM event_log WHERE type = {LAPSED.code} AND schedule = :schedule AND seq IN "
        "(SELECT lapse FROM lapse_rows WHERE schedule = :schedule AND before <= :through + 1)",
        bounds,
    )


def _set_zone_rules(connection: sqlite3.Connection, changes: list[Any], to: str) -> None:
    connection.execute(f"UPDATE {to}workspace SET zone_rules = ?", (changes[-1].release,))


def _serve(connection: sqlite3.Connection, changes: list[Any], to: str) -> None:
    served = [(at, each.schedule_id) for each in changes for at in each.instants]
    connection.executemany(
        f"INSERT INTO {to}served_rows (schedule, instant) SELECT schedule, ? FROM schedule_ids WHERE schedule_id = ? "
        "ON CONFLICT DO NOTHING",
        served,
    )
    connection.executemany(
        f"UPDATE {to}schedule_rows SET rewound_from = max(coalesce(rewound_from, ?1), ?1) "
        "WHERE schedule = (SELECT schedule FROM schedule_ids WHERE schedule_id = ?2)",
        served,
    )


_WAYS: Final[dict[type, Callable[[sqlite3.Connection, list[Any], str], None]]] = {
    VersionAdded: _add_versions,
    VersionMoved: _move_versions,
    CursorRewound: _rewind_cursors,
    LapseCut: _cut_lapses,
    HistoryRemoved: _remove_history,
    RunsRemoved: _remove_runs,
    ZoneRulesSet: _set_zone_rules,
    OccurrencesServed: _serve,
    LifeWent: go_on,
}
