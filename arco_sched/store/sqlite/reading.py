"""The queries: rows of the folded tables and of the event table, as the values of `arco_sched.model`.

Every function takes a connection with an open transaction (`Database.read` or `write`). Lists are pages by key: what
was inserted or removed meanwhile neither repeats nor drops another row.
"""

import json
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, NamedTuple

from arco_sched.core.changes import Current
from arco_sched.core.definitions import Definition, RequestContent, Term, Version
from arco_sched.core.errors import DatabaseUnusable
from arco_sched.core.history import Event, LapseRecord, PrunedPart, Run, RunConflict, Schedule, Tick, TickDetail
from arco_sched.core.identity import ORIGINS, TickKey, parse_run_key
from arco_sched.core.instants import BEFORE_ALL
from arco_sched.store.sqlite.agenda import is_due  # noqa: F401 - a question like the others here
from arco_sched.store.sqlite.fold import LAPSED, PRUNED, REQUESTED, REWOUND, TICKED, UPSERTED, ZONE_RULES

_TERM: Final = (
    "SELECT version, effective_from, start_at, end_at, enabled, deleted, cron_expression, timezone, dst_gap, "
    "dst_overlap, catchup_window_minutes, max_catchup_ticks, catchup_policy, content "
    "FROM definition_rows WHERE schedule = ? ORDER BY version DESC"
)

_VERSION_COLUMNS: Final = (
    "i.schedule_id, d.version, d.cron_expression, d.timezone, d.catchup_window_minutes, d.max_catchup_ticks, "
    "d.catchup_policy, d.dst_gap, d.dst_overlap, c.body, d.code_version, d.end_at, d.start_at, d.enabled, d.deleted, "
    "d.created_at, d.effective_from"
)
_VERSIONS: Final = (
    f"SELECT {_VERSION_COLUMNS} FROM definition_rows d JOIN schedule_ids i USING (schedule) "
    "JOIN contents c USING (content) WHERE d.schedule = ? "
)
_SCHEDULES: Final = (
    f"SELECT {_VERSION_COLUMNS}, s.cursor, s.last_instant, s.last_run, a.due_at, a.failing "
    "FROM schedule_ids i JOIN schedule_rows s USING (schedule) "
    "JOIN definition_rows d ON d.schedule = s.schedule AND d.version = s.version "
    "JOIN contents c USING (content) LEFT JOIN agenda a ON a.schedule = s.schedule "
)
_TICK: Final = (
    "SELECT tick_id, schedule_id, scheduled_for, definition_version, status, skip_reason, error, run_key, run_id, "
    "request_fingerprint, evaluated_at FROM ticks "
)
_LAPSE: Final = "SELECT schedule_id, after, before, missed, reason, recorded_at FROM lapses "
_CONFLICT: Final = "SELECT run_key, first_fingerprint, requested_fingerprint, requested_at, tick_id FROM conflicts "
_RUN: Final = (
    "SELECT run_id, run_key, request_fingerprint, status, schedule_id, tick_id, asset_selection, partition_selection, "
    "command, labels, code_version, requested_at, run FROM runs "
)
_EVENT: Final = "SELECT seq, type, idempotency_key, schedule_id, recorded_at, payload FROM events "
_EVENT_CODES: Final = {
    "ScheduleDefinitionUpserted": UPSERTED,
    "ScheduleTicked": TICKED,
    "OccurrencesLapsed": LAPSED,
    "RunRequested": REQUESTED,
    "ZoneRulesChanged": ZONE_RULES,
    "CursorRewound": REWOUND,
    "HistoryPruned": PRUNED,
}


class Workspace(NamedTuple):
    """What the database is: its name, the zone rules last recorded, the evaluator's last visit."""

    name: str
    zone_rules: str
    visited_at: int | None


def workspace(connection: sqlite3.Connection) -> Workspace:
    """The one row about the database itself."""
    row = connection.execute("SELECT name, zone_rules, visited_at FROM workspace").fetchone()
    if row is None:
        raise DatabaseUnusable("the database is damaged, its workspace row is missing: restore a backup")
    return Workspace(*row)


# What the evaluator asks.


def due(connection: sqlite3.Connection, now: int) -> Sequence[int]:
    """The numbers of the schedules that the evaluator must look at, longest due first (8 bytes each)."""
    rows = connection.execute("SELECT schedule FROM agenda WHERE due_at <= ? ORDER BY due_at, schedule", (now,))
    return array("q", (schedule for (schedule,) in rows))


def still_due(connection: sqlite3.Connection, schedule: int, now: int) -> bool:
    """Whether the evaluator must (still) look at this schedule."""
    row = connection.execute("SELECT 1 FROM agenda WHERE schedule = ? AND due_at <= ?", (schedule, now)).fetchone()
    return row is not None


class State(NamedTuple):
    """What evaluating a schedule needs; `terms` are newest first, back to the one in force after the cursor.

    `ahead` are the instants of scheduled ticks after the cursor, of which there are some only after a rewind.
    """

    schedule_id: str
    cursor: int
    terms: list[Term]
    ahead: Sequence[int] = ()


def state(connection: sqlite3.Connection, schedule: int) -> State:
    """The state of a schedule that has a definition."""
    schedule_id, cursor, rewound_from = connection.execute(
        "SELECT schedule_id, cursor, rewound_from FROM schedule_rows JOIN schedule_ids USING (schedule) "
        "WHERE schedule = ?",
        (schedule,),
    ).fetchone()
    ahead: Sequence[int] = ()
    if rewound_from is not None and cursor < rewound_from:
        ahead = scheduled_instants(connection, schedule, cursor)
    return State(schedule_id, cursor, terms(connection, schedule, cursor), ahead)


def scheduled_instants(connection: sqlite3.Connection, schedule: int, after: int) -> list[int]:
    """The instants of the scheduled ticks after `after`, in order."""
    ask = "SELECT instant FROM tick_rows WHERE schedule = ? AND instant > ? AND origin = 0 ORDER BY instant"
    return [instant for (instant,) in connection.execute(ask, (schedule, after))]


def terms(connection: sqlite3.Connection, schedule: int, cursor: int) -> list[Term]:
    """The definition versions, newest first, as far back as the one in force just after the cursor."""
    found = []
    for row in connection.execute(_TERM, (schedule,)):
        term = Term._make(row)
        found.append(term)
        if term.effective_from <= cursor + 1:
            break
    return found


def all_schedules(connection: sqlite3.Connection) -> list[int]:
    """The numbers of all schedules, deleted ones too."""
    return [schedule for (schedule,) in connection.execute("SELECT schedule FROM schedule_rows ORDER BY schedule")]


def schedules_since(connection: sqlite3.Connection, seq: int) -> list[int]:
    """The numbers of the schedules that events after `seq` are about."""
    ask = "SELECT DISTINCT schedule FROM event_log WHERE seq > ? AND schedule IS NOT NULL ORDER BY schedule"
    return [schedule for (schedule,) in connection.execute(ask, (seq,))]


def count_conflicts(connection: sqlite3.Connection, schedule: int, content: int, instants: Iterable[int]) -> int:
    """How many of these ticks' run keys are reserved for another content."""
    ask = "SELECT 1 FROM run_rows WHERE schedule = ? AND origin = 0 AND instant = ? AND content <> ?"
    return sum(connection.execute(ask, (schedule, at, content)).fetchone() is not None for at in instants)


def conflicts_of(connection: sqlite3.Connection, after: int, through: int) -> int:
    """How many ticks that the events of a range made have a run key that is reserved for another content."""
    ask = (
        "SELECT count(*) FROM event_log e "
        "CROSS JOIN run_rows r ON r.schedule = e.schedule AND r.origin = e.origin AND r.instant = e.instant "
        "WHERE e.seq > ? AND e.seq <= ? AND e.type = 2 AND r.content <> e.content"
    )
    return int(connection.execute(ask, (after, through)).fetchone()[0])


def fingerprint(connection: sqlite3.Connection, content: int) -> str:
    """The fingerprint of a request content."""
    return str(connection.execute("SELECT fingerprint FROM contents WHERE content = ?", (content,)).fetchone()[0])


def ahead_of(connection: sqlite3.Connection, now: int) -> list[int]:
    """The numbers of the schedules that are accounted for beyond `now`."""
    return [number for (number,) in connection.execute("SELECT schedule FROM schedule_rows WHERE cursor > ?", (now,))]


def rewound_from(connection: sqlite3.Connection, schedule: int) -> int:
    """The furthest cursor that a rewind of the schedule left; before every instant where there was none."""
    row = connection.execute("SELECT rewound_from FROM schedule_rows WHERE schedule = ?", (schedule,)).fetchone()
    return BEFORE_ALL if row[0] is None else int(row[0])


class LapseSpan(NamedTuple):
    """A recorded lapse with the `seq` of its event."""

    seq: int
    after: int
    before: int
    missed: int | None
    reason: str


def lapses_beyond(connection: sqlite3.Connection, schedule: int, instant: int) -> list[LapseSpan]:
    """The lapses of a schedule that cover an instant after `instant`, in the order of time."""
    ask = (
        "SELECT lapse, after, before, missed, reason FROM lapse_rows WHERE schedule = ? AND before > ? "
        "ORDER BY after, before"
    )
    return [LapseSpan(*row) for row in connection.execute(ask, (schedule, instant + 1))]


# Schedules.


def schedule_number(connection: sqlite3.Connection, schedule_id: str) -> int | None:
    """The number of a schedule id, None where the id has no definition."""
    row = connection.execute(
        "SELECT schedule FROM schedule_ids JOIN schedule_rows USING (schedule) WHERE schedule_id = ?", (schedule_id,)
    ).fetchone()
    return None if row is None else int(row[0])


def schedule_id(connection: sqlite3.Connection, schedule: int) -> str:
    """The id behind a schedule's number; the number itself, as text, where the dictionary lacks it."""
    row = connection.execute("SELECT schedule_id FROM schedule_ids WHERE schedule = ?", (schedule,)).fetchone()
    return str(schedule) if row is None else str(row[0])


def current(connection: sqlite3.Connection, schedule: int | None) -> Current | None:
    """The newest definition version of a schedule, and its cursor."""
    if schedule is None:
        return None
    row = connection.execute(_VERSIONS + "ORDER BY d.version DESC LIMIT 1", (schedule,)).fetchone()
    cursor = connection.execute("SELECT cursor FROM schedule_rows WHERE schedule = ?", (schedule,)).fetchone()[0]
    return Current(_version(row), cursor)


def version(connection: sqlite3.Connection, schedule: int, number: int) -> Version:
    """One definition version."""
    return _version(connection.execute(_VERSIONS + "AND d.version = ?", (schedule, number)).fetchone())


def versions(connection: sqlite3.Connection, schedule: int) -> list[Version]:
    """Every definition version, oldest first."""
    return [_version(row) for row in connection.execute(_VERSIONS + "ORDER BY d.version", (schedule,))]


def schedule(connection: sqlite3.Connection, schedule_id: str) -> Schedule | None:
    """A schedule as it stands, deleted or not."""
    row = connection.execute(_SCHEDULES + "WHERE i.schedule_id = ?", (schedule_id,)).fetchone()
    return None if row is None else _schedule(row)


def schedules(connection: sqlite3.Connection, *, deleted: bool) -> Iterator[Schedule]:
    """Every schedule in the order of the ids, the deleted ones only when asked for."""
    which = "" if deleted else "WHERE d.deleted = 0 "
    return (_schedule(row) for row in connection.execute(_SCHEDULES + which + "ORDER BY i.schedule_id"))


def timezone(connection: sqlite3.Connection, schedule_id: str) -> str | None:
    """The zone of a schedule's newest definition version, None where the id has none."""
    row = connection.execute(
        "SELECT d.timezone FROM schedule_ids i JOIN schedule_rows s USING (schedule) "
        "JOIN definition_rows d ON d.schedule = s.schedule AND d.version = s.version WHERE i.schedule_id = ?",
        (schedule_id,),
    ).fetchone()
    return None if row is None else str(row[0])


def schedule_ids(connection: sqlite3.Connection) -> list[str]:
    """The ids of the schedules that are not deleted, in order."""
    return [
        schedule_id
        for (schedule_id,) in connection.execute(
            "SELECT i.schedule_id FROM schedule_ids i JOIN schedule_rows s USING (schedule) "
            "JOIN definition_rows d ON d.schedule = s.schedule AND d.version = s.version "
            "WHERE d.deleted = 0 ORDER BY i.schedule_id"
        )
    ]


def known_ids(connection: sqlite3.Connection, limit: int) -> list[str]:
    """The ids of schedules, deleted ones too, in order; at most `limit`."""
    ask = "SELECT schedule_id FROM schedule_ids JOIN schedule_rows USING (schedule) ORDER BY schedule_id LIMIT ?"
    return [schedule_id for (schedule_id,) in connection.execute(ask, (limit,))]


def _version(row: Sequence[Any]) -> Version:
    expression, timezone, window, bound, policy, gap, overlap = row[2:9]
    definition = Definition(
        cron_expression=expression,
        timezone=timezone,
        catchup_window_minutes=window,
        max_catchup_ticks=bound,
        catchup_policy=policy,
        dst_gap=gap,
        dst_overlap=overlap,
        request=_content(row[9]),
        code_version=row[10],
        end_at=row[11],
    )
    return Version(
        schedule_id=row[0],
        definition_version=row[1],
        definition=definition,
        start_at=row[12],
        enabled=bool(row[13]),
        deleted=bool(row[14]),
        created_at=row[15],
        effective_from=row[16],
    )


def _schedule(row: Sequence[Any]) -> Schedule:
    schedule_id = row[0]
    cursor, last_instant, last_run, due_at, failing = row[17:]
    return Schedule(
        _version(row),
        cursor,
        last_instant,
        None if last_instant is None else f"{schedule_id}:{last_instant}",
        None if last_run is None else f"sched:{schedule_id}:{last_run}",
        None if failing else due_at,
        bool(failing),
    )


@lru_cache(maxsize=1024)
def _content(body: str) -> RequestContent:
    return _read_content(body, lambda content: [content[name] for name in _CONTENT_NAMES])


_CONTENT_NAMES: Final = ("asset_selection", "partition_selection", "command", "labels")


def _read_content(stored: str | Sequence[Any], values_of: Callable[[Any], Sequence[Any]]) -> RequestContent:
    """What a run is asked to do; `stored` is JSON text, or columns of it, and raises `DatabaseUnusable` where it is not
    as it was written."""
    try:
        assets, partitions, command, labels = values_of(json.loads(stored) if isinstance(stored, str) else stored)
        texts = [*assets, *partitions, *labels, *labels.values(), *([] if command is None else [command])]
        if isinstance(assets, list) and isinstance(partitions, list) and all(isinstance(text, str) for text in texts):
            return RequestContent(
                asset_selection=tuple(assets),
                partition_selection=tuple(partitions),
                command=command,
                labels=tuple(labels.items()),
            )
    except (LookupError, TypeError, AttributeError, ValueError, RecursionError):
        pass
    text = "the database is damaged, what a run is asked to do can't be read: `arco verify` says where"
    raise DatabaseUnusable(text)


# What pruning and backfilling ask.


def pruned_through(connection: sqlite3.Connection, schedule: int) -> int | None:
    """The instant through which the history of a schedule was removed, None where none was."""
    row = connection.execute("SELECT pruned_through FROM schedule_rows WHERE schedule = ?", (schedule,)).fetchone()
    return None if row[0] is None else int(row[0])


def prunable(connection: sqlite3.Connection, schedule: int, before: int, room: int, after: int) -> PrunedPart | None:
    """What can go of a schedule's history before `before`, at most about `room` ticks; None where there is nothing
    after `after`.

    A lapse goes whole or stays whole, and nothing goes that is after the cursor.
    """
    schedule_id_, cursor, last_instant, last_run = connection.execute(
        "SELECT schedule_id, cursor, last_instant, last_run FROM schedule_rows JOIN schedule_ids USING (schedule) "
        "WHERE schedule = ?",
        (schedule,),
    ).fetchone()
    through = min(before - 1, cursor)
    ask = (
        "SELECT instant FROM tick_rows WHERE schedule = ? AND instant > ? AND instant <= ? AND origin <> 2 "
        "ORDER BY instant LIMIT 1 OFFSET ?"
    )
    row = connection.execute(ask, (schedule, after, through, room)).fetchone()
    if row is not None:
        through = row[0]
    ask = "SELECT min(after) FROM lapse_rows WHERE schedule = ? AND after < ? AND before > ? + 1"
    cut = connection.execute(ask, (schedule, through, through)).fetchone()[0]
    if cut is not None:
        through = cut
    if through <= after:
        return None
    ticks, others = connection.execute(
        "SELECT coalesce(sum(origin = 0), 0), coalesce(sum(origin IN (1, 3)), 0) FROM tick_rows "
        "WHERE schedule = ? AND instant <= ?",
        (schedule, through),
    ).fetchone()
    records, missed, uncounted = connection.execute(
        "SELECT count(*), coalesce(sum(missed), 0), coalesce(sum(missed IS NULL), 0) FROM lapse_rows "
        "WHERE schedule = ? AND before <= ? + 1",
        (schedule, through),
    ).fetchone()
    if not ticks + others + records:
        return None
    return PrunedPart(
        schedule_id_, through, cursor, last_instant, last_run, *map(int, (ticks, missed, uncounted, others, records))
    )


def status_at(connection: sqlite3.Connection, schedule: int, instant: int, origin: int) -> str | None:
    """The status of the tick of an origin at an instant, None where there is none."""
    ask = "SELECT status FROM tick_rows WHERE schedule = ? AND instant = ? AND origin = ?"
    row = connection.execute(ask, (schedule, instant, origin)).fetchone()
    return None if row is None else str(row[0])


# What `arco status` asks.


def states(connection: sqlite3.Connection) -> dict[str, int]:
    """How many schedules are `enabled`, `paused` and `deleted`."""
    return dict(
        connection.execute(
            "SELECT CASE WHEN d.deleted THEN 'deleted' WHEN d.enabled THEN 'enabled' ELSE 'paused' END, count(*) "
            "FROM schedule_rows s JOIN definition_rows d USING (schedule, version) GROUP BY 1"
        )
    )


def overdue(connection: sqlite3.Connection, now: int) -> list[tuple[int, int]]:
    """(schedule, since when) of the schedules with occurrences that wait, longest first."""
    ask = "SELECT schedule, due_at FROM agenda WHERE due_at <= ? AND NOT failing ORDER BY due_at, schedule"
    return connection.execute(ask, (now,)).fetchall()


def count_failing(connection: sqlite3.Connection, now: int) -> int:
    """How many schedules ask for attention since their version in force can't be evaluated."""
    row = connection.execute("SELECT count(*) FROM agenda WHERE failing AND due_at <= ?", (now,)).fetchone()
    return int(row[0])


def failing(connection: sqlite3.Connection, now: int, limit: int) -> list[str]:
    """The ids of the first of them, longest first."""
    ask = (
        "SELECT schedule_id FROM agenda JOIN schedule_ids USING (schedule) WHERE failing AND due_at <= ? "
        "ORDER BY due_at, schedule LIMIT ?"
    )
    return [schedule_id for (schedule_id,) in connection.execute(ask, (now, limit))]


def accounted_beyond(connection: sqlite3.Connection, now: int, limit: int) -> list[int]:
    """The schedules whose ticks or lapses reach beyond `now`, the furthest first (not those that start later)."""
    ask = (
        "SELECT s.schedule FROM schedule_rows s JOIN definition_rows d ON d.schedule = s.schedule AND d.version = 1 "
        "WHERE s.cursor > ? AND s.cursor >= d.start_at ORDER BY s.cursor DESC, s.schedule LIMIT ?"
    )
    return [schedule for (schedule,) in connection.execute(ask, (now, limit))]


def next_due_after(connection: sqlite3.Connection, now: int) -> int | None:
    """The first instant after `now` at which something is due."""
    row = connection.execute("SELECT min(due_at) FROM agenda WHERE due_at > ?", (now,)).fetchone()
    return None if row[0] is None else int(row[0])


def tick_counts(connection: sqlite3.Connection, since: int, through: int) -> dict[str, int]:
    """How many ticks of each status were scheduled for an instant after `since` and through `through`."""
    ask = "SELECT status, count(*) FROM tick_rows WHERE instant > ? AND instant <= ? GROUP BY status"
    return dict(connection.execute(ask, (since, through)))


def count_lapsed(connection: sqlite3.Connection, since: int, through: int) -> int:
    """How many occurrences were recorded as lapsed after `since` and through `through`."""
    ask = "SELECT coalesce(sum(missed), 0) FROM lapse_rows WHERE recorded_at > ? AND recorded_at <= ?"
    return int(connection.execute(ask, (since, through)).fetchone()[0])


def count_conflicted(connection: sqlite3.Connection, since: int, through: int) -> int:
    """How many conflicts were recorded after `since` and through `through`."""
    ask = "SELECT count(*) FROM conflict_rows WHERE recorded_at > ? AND recorded_at <= ?"
    return int(connection.execute(ask, (since, through)).fetchone()[0])


# History.


class _Filter:
    """Conditions that combine, and their values."""

    def __init__(self) -> None:
        self.conditions: list[str] = []
        self.values: list[Any] = []

    def add(self, condition: str, *values: Any, when: bool = True) -> "_Filter":
        if when:
            self.conditions.append(condition)
            self.values += values
        return self

    def __str__(self) -> str:
        return f"WHERE {' AND '.join(self.conditions)} " if self.conditions else ""


def tick(connection: sqlite3.Connection, schedule: int, key: TickKey) -> Tick | None:
    """One tick by what its id says."""
    if key.origin == "failed":
        row = connection.execute(
            _TICK + "WHERE schedule = ? AND definition_version = ? AND status = 'failed'", (schedule, key.number)
        ).fetchone()
    else:
        row = connection.execute(
            _TICK + "WHERE schedule = ? AND scheduled_for = ? AND tick_id = ?",
            (schedule, key.number, f"{key.schedule_id}:{_infix(key)}{key.number}"),
        ).fetchone()
    return None if row is None else Tick(*row)


def tick_detail(connection: sqlite3.Connection, schedule: int, tick: Tick) -> TickDetail:
    """A tick with its definition version, its run and any conflict."""
    run = None
    if tick.run_key is not None:
        run = run_by_key(connection, tick.run_key, parse_run_key(tick.run_key), schedule)
    return TickDetail(
        tick, version(connection, schedule, tick.definition_version), run, () if run is None else run.conflicts
    )


def lapse_at(connection: sqlite3.Connection, schedule: int, at: int) -> LapseRecord | None:
    """The lapse that covers an instant."""
    row = connection.execute(_LAPSE + "WHERE schedule = ? AND after < ? AND before > ?", (schedule, at, at)).fetchone()
    return None if row is None else LapseRecord(*row)


def is_failing(connection: sqlite3.Connection, schedule: int, now: int) -> bool:
    """Whether a version that can't be evaluated asks for attention."""
    row = connection.execute(
        "SELECT failing FROM agenda WHERE schedule = ? AND due_at <= ?", (schedule, now)
    ).fetchone()
    return row is not None and bool(row[0])


def tick_buckets(connection: sqlite3.Connection, schedule: int, edges: Sequence[int]) -> dict[int, dict[str, int]]:
    """How many ticks of each status lie between each two edges, by the number of the bucket; empty ones are absent."""
    ask = "SELECT status, count(*) FROM tick_rows WHERE schedule = ? AND instant >= ? AND instant < ? GROUP BY status"
    found = {}
    for number, (start, stop) in enumerate(pairwise(edges)):
        counts = dict(connection.execute(ask, (schedule, start, stop)))
        if counts:
            found[number] = counts
    return found


def lapses_within(connection: sqlite3.Connection, schedule: int, start: int, stop: int) -> list[LapseRecord]:
    """The lapses that touch `[start, stop)`, in the order of time."""
    rows = connection.execute(
        _LAPSE + "WHERE schedule = ? AND before > ? AND after + 1 < ? ORDER BY after", (schedule, start, stop)
    )
    return [LapseRecord(*row) for row in rows]


def _infix(key: TickKey) -> str:
    return "" if key.origin == "scheduled" else key.origin + ":"


def ticks(
    connection: sqlite3.Connection,
    *,
    schedule: int | None = None,
    status: str | None = None,
    since: int | None = None,
    until: int | None = None,
    before: tuple[int, str] | None = None,
    limit: int,
) -> list[Tick]:
    """Ticks with `since <= scheduled_for < until`, newest first by (scheduled_for, tick_id), below `before`."""
    where = _Filter().add("schedule = ?", schedule, when=schedule is not None)
    # The status is written out, not bound: only so does SQLite know that a partial index serves.
    where.add(f"status = '{status}'", when=status in {"triggered", "skipped", "failed"})
    where.add("scheduled_for >= ?", since, when=since is not None)
    where.add("scheduled_for < ?", until, when=until is not None)
    where.add("(scheduled_for, tick_id) < (?, ?)", *(before or ()), when=before is not None)
    order = "ORDER BY scheduled_for DESC, tick_id DESC LIMIT ?"
    return [Tick(*row) for row in connection.execute(f"{_TICK}{where}{order}", (*where.values, limit))]


def ticks_of(connection: sqlite3.Connection, after: int, through: int) -> Iterator[Tick]:
    """The ticks that the events of a range made, in the order of the events."""
    ask = (
        "SELECT t.tick_id, t.schedule_id, t.scheduled_for, t.definition_version, t.status, t.skip_reason, t.error, "
        "t.run_key, t.run_id, t.request_fingerprint, t.evaluated_at "
        "FROM event_log e "
        "CROSS JOIN tick_rows k ON k.schedule = e.schedule AND k.instant = e.instant AND k.origin = e.origin "
        "CROSS JOIN ticks t ON t.schedule = k.schedule AND t.scheduled_for = k.instant AND t.tick_id = k.tick_id "
        "WHERE e.seq > ? AND e.seq <= ? AND e.type = 2 ORDER BY e.seq"
    )
    return (Tick(*row) for row in connection.execute(ask, (after, through)))


def lapses_of(connection: sqlite3.Connection, after: int, through: int) -> Iterator[LapseRecord]:
    """The lapses that the events of a range recorded, in the order of the events."""
    rows = connection.execute(_LAPSE + "WHERE lapse > ? AND lapse <= ? ORDER BY lapse", (after, through))
    return (LapseRecord(*row) for row in rows)


def lapses(
    connection: sqlite3.Connection,
    *,
    schedule: int | None = None,
    reason: str | None = None,
    since: int | None = None,
    until: int | None = None,
    before: int | None = None,
    limit: int,
) -> list[tuple[LapseRecord, int]]:
    """Lapses that touch `[since, until)`, newest record first, below the key `before`; each with its key."""
    where = _Filter().add("schedule = ?", schedule, when=schedule is not None)
    where.add("reason = ?", reason, when=reason is not None)
    where.add("before > ?", since, when=since is not None)
    where.add("after + 1 < ?", until, when=until is not None)
    where.add("lapse < ?", before, when=before is not None)
    ask = _LAPSE.replace(" FROM", ", lapse FROM") + f"{where}ORDER BY lapse DESC LIMIT ?"
    return [(LapseRecord(*row[:-1]), row[-1]) for row in connection.execute(ask, (*where.values, limit))]


# Runs.


def runs(
    connection: sqlite3.Connection,
    *,
    schedule_id: str | None = None,
    schedule: int | None = None,
    status: str | None = None,
    since: int | None = None,
    until: int | None = None,
    before: int | None = None,
    limit: int,
) -> list[tuple[Run, int]]:
    """Runs with `since <= requested_at < until`, newest request first, below the key `before`; each with its key."""
    where = _Filter().add("schedule = ? AND schedule_id = ?", schedule, schedule_id, when=schedule is not None)
    where.add("status = ?", status, when=status is not None)
    where.add("requested_at >= ?", since, when=since is not None)
    where.add("requested_at < ?", until, when=until is not None)
    where.add("run < ?", before, when=before is not None)
    rows = connection.execute(f"{_RUN}{where}ORDER BY run DESC LIMIT ?", (*where.values, limit)).fetchall()
    return [(_run(connection, row), row[-1]) for row in rows]


def run_by_id(connection: sqlite3.Connection, run_id: str) -> Run | None:
    """The run of a run id."""
    row = connection.execute(
        _RUN + "WHERE run = (SELECT run FROM run_rows WHERE substr(run_id, 5, 8) = substr(:id, 5, 8) AND run_id = :id)",
        {"id": run_id},
    ).fetchone()
    return None if row is None else _run(connection, row)


def run_by_key(connection: sqlite3.Connection, key: str, parsed: TickKey | None, schedule: int | None) -> Run | None:
    """The run of a run key; `parsed` and `schedule` where the key has the form of a tick's."""
    if parsed is None:
        row = connection.execute(_RUN + "WHERE run = (SELECT run FROM run_rows WHERE key = ?)", (key,)).fetchone()
    else:
        row = connection.execute(
            _RUN + "WHERE run = (SELECT run FROM run_rows WHERE schedule = ? AND origin = ? AND instant = ?)",
            (schedule, ORIGINS.index(parsed.origin), parsed.number),
        ).fetchone()
    return None if row is None else _run(connection, row)


def _run(connection: sqlite3.Connection, row: Sequence[Any]) -> Run:
    content = _read_content(row[6:10], lambda cells: [*map(_json, cells[:2]), cells[2], _json(cells[3])])
    conflicts = connection.execute(_CONFLICT + "WHERE run = ? ORDER BY requested_at", (row[12],))
    run_id, run_key, fingerprint, status, schedule_id, tick_id = row[:6]
    found = tuple(RunConflict(*conflict) for conflict in conflicts)
    return Run(run_id, run_key, fingerprint, status, schedule_id, tick_id, content, row[10], row[11], found)


# Events.


def events(
    connection: sqlite3.Connection,
    *,
    after: int = 0,
    type_: str | None = None,
    schedule: int | None = None,
    limit: int,
) -> list[Event]:
    """Events with `seq > after`, oldest first."""
    page = _event_page(schedule, None if type_ is None else _EVENT_CODES[type_])
    ask = f"{_EVENT}WHERE seq IN (SELECT seq FROM ({page}) ORDER BY seq LIMIT :limit) ORDER BY seq"
    rows = connection.execute(ask, {"after": after, "schedule": schedule, "limit": limit})
    return [Event(row[0], row[1], row[2], row[3], row[4], _json(row[5])) for row in rows]


def _event_page(schedule: int | None, code: int | None) -> str:
    """The seqs to choose from, such that an index serves each choice: the types of every tick, and the rare ones."""
    if schedule is None and code is None:
        return "SELECT seq FROM event_log WHERE seq > :after"
    of = "" if schedule is None else "AND schedule = :schedule "
    if code in {TICKED, REQUESTED} and schedule is None:
        return f"SELECT seq FROM event_log WHERE seq > :after AND +type = {code}"  # every other row: read on in order
    parts = {
        TICKED: f"SELECT seq FROM event_log WHERE type = {TICKED} {of}AND seq > :after",
        REQUESTED: f"SELECT seq FROM event_log WHERE type = {REQUESTED} AND schedule IS NOT NULL {of}AND seq > :after",
    }
    rare = f"SELECT seq FROM event_log WHERE type NOT IN ({TICKED}, {REQUESTED}) {of}AND seq > :after"
    if code in parts:
        return parts[code]
    if code is not None:
        return f"{rare} AND type = {code}"
    return " UNION ALL ".join((*parts.values(), rare))


def _json(text: str | None) -> Any:
    """What a stored text says; one that is not there is damage like one that can't be read."""
    return json.loads(text or "")
