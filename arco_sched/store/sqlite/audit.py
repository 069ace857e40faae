"""What `arco verify` asks of the store: the fold of all events again from nothing, and its comparison with the tables.

The fresh tables live in an attached temporary database, which SQLite keeps in memory while it is small and on disk when
it is not.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from arco_sched.core.errors import ArcoError
from arco_sched.core.events import LAPSED, PRUNED, REWOUND, RUNS_PRUNED
from arco_sched.core.instants import BEFORE_ALL
from arco_sched.core.ports import (
    ContentRow,
    MissingEvents,
    PruningRow,
    RowDifference,
    SchemaDifference,
    StoredEvent,
    TickRow,
    Unfoldable,
)
from arco_sched.core.run_events import Event as LifeEvent
from arco_sched.core.runs import ImpossibleEvent, Request
from arco_sched.core.subjects import LapseSpan
from arco_sched.store.sqlite import audit_runs, audit_schema
from arco_sched.store.sqlite.faults import is_interruption
from arco_sched.store.sqlite.fold import fold_again
from arco_sched.store.sqlite.history import spans
from arco_sched.store.sqlite.script import constraint
from arco_sched.store.sqlite.transaction import Transaction

FOLD_RANGE: Final = 50_000
"""Events folded at a time."""

_CACHE: Final = 32_768
"""KiB of pages kept of the fresh tables, and of the file: ticks of many schedules come in chronological order, and
stand in the order of the schedules."""

FOLDED: Final = (
    *("definition_rows", "schedule_rows", "tick_rows", "lapse_rows", "run_rows", "conflict_rows"),
    *("run_states", "attempt_rows", "pool_rows", "served_rows"),
)

_FRESH: Final = "fresh"
_MADE: Final = ("CREATE UNIQUE INDEX ", "CREATE TABLE ")
"""What is made of the fresh tables: no fold looks for a row by an index that is not unique."""

_REFUSALS: Final = (sqlite3.Error, ArcoError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What folding an event raises whose content is not as we write it."""

_SAID: Final = "json_extract(e.payload, '$.{}')"
_AFTER: Final = f"CAST(strftime('%s', {_SAID.format('after')}) AS INTEGER)"
_MISSED, _REASON = _SAID.format("missed"), _SAID.format("reason")
_USUAL_LAPSE: Final = (
    "e.payload = json_object('schedule_id', i.schedule_id, "
    f"'after', strftime('%Y-%m-%dT%H:%M:%SZ', {_AFTER}, 'unixepoch'), "
    f"'before', strftime('%Y-%m-%dT%H:%M:%SZ', e.instant, 'unixepoch'), 'missed', {_MISSED}, 'reason', {_REASON}) "
    f"AND e.key = 'sched_lapse:' || i.schedule_id || ':' || {_AFTER} || ':' || e.instant || ':' || {_REASON} "
    f"AND typeof({_MISSED}) = 'integer' AND {_MISSED} > 0 AND {_REASON} IN ('window', 'superseded', 'discarded')"
)
"""Of the hundred thousand lapses that there may be, this leaves those to look at that are not as they are written."""

_BEFORE_ALL: Final = -(1 << 63)
"""Less than the `seq` of any event."""

_PAGE: Final = 10_000
_AMONG: Final = "IN (SELECT value FROM json_each(?))"


@contextmanager
def one_state(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that sees one state of the database, beside a schema `fresh` that is empty and gone afterwards.

    The connection must have no transaction open when it begins.
    """
    usual = connection.execute("PRAGMA main.cache_size").fetchone()[0]
    connection.execute(f"ATTACH '' AS {_FRESH}")
    try:
        for name in ("main", _FRESH):
            connection.execute(f"PRAGMA {name}.cache_size = -{_CACHE}")
        connection.execute("BEGIN")
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute(f"DETACH {_FRESH}")
        connection.execute(f"PRAGMA main.cache_size = {usual}")


class Audit(Transaction):
    """The questions of `arco verify` (`arco_sched.core.ports.Audit`), within `one_state`."""

    def fold_all_again(self, progress: Callable[[int, int], None]) -> None:
        """Fold all events from nothing into tables of the schema `fresh`, within `one_state`.

        Raises `Unfoldable` for an event that the tables refuse.
        """
        tables = (*FOLDED, "workspace")
        ask = f"SELECT sql FROM main.sqlite_master WHERE sql NOT NULL AND tbl_name IN ({', '.join('?' * len(tables))})"
        for (sql,) in self._connection.execute(ask, tables).fetchall():
            lead = next((word for word in _MADE if sql.startswith(word)), None)
            if lead is not None:
                self._connection.execute(f"{lead}{_FRESH}.{sql[len(lead) :]}")
        self._connection.execute(f"INSERT INTO {_FRESH}.workspace SELECT * FROM main.workspace")
        after, done = _BEFORE_ALL, 0
        total = int(self._connection.execute("SELECT count(*) FROM event_log").fetchone()[0])
        # By events and not by numbers: these may have gaps of any size.
        ask = "SELECT max(seq), count(*) FROM (SELECT seq FROM event_log WHERE seq > ? ORDER BY seq LIMIT ?)"
        while count := (row := self._connection.execute(ask, (after, FOLD_RANGE)).fetchone())[1]:
            self._fold_range(after, row[0])
            after, done = row[0], done + count
            progress(done, total)

    def _fold_range(self, after: int, through: int) -> None:
        self._connection.execute("SAVEPOINT range")
        try:
            fold_again(self._connection, after, through, to=f"{_FRESH}.")
        except _REFUSALS as error:
            if isinstance(error, sqlite3.Error) and not _is_refusal(error):
                raise  # Ctrl-C or an error of the disk, and not the event's fault
            self._connection.execute("ROLLBACK TO range")
            # Once more, one at a time, to name the event.
            ask = "SELECT seq FROM event_log WHERE seq > ? AND seq <= ? ORDER BY seq"
            for (seq,) in self._connection.execute(ask, (after, through)).fetchall():
                try:
                    fold_again(self._connection, after, seq, to=f"{_FRESH}.")
                except _REFUSALS as refused:
                    raise Unfoldable(seq, _said(refused)) from None
                after = seq
            raise
        self._connection.execute("RELEASE range")

    def row_differences(self) -> Iterator[RowDifference]:
        """Every row of a folded table that is not what the events give, table by table in the order of the keys."""
        for table in (*FOLDED, "workspace"):
            columns = [
                (name, key) for _, name, _, _, _, key in self._connection.execute(f"PRAGMA main.table_info({table})")
            ]
            keys = [name for name, key in sorted(columns, key=lambda column: column[1]) if key]
            names = [name for name, _ in columns]
            on = " AND ".join(f"a.{key} = b.{key}" for key in keys)
            here, there = ", ".join(f"a.{name}" for name in names), ", ".join(f"b.{name}" for name in names)
            unlike = " OR ".join(f"a.{name} IS NOT b.{name}" for name in names)
            joined = f"FROM main.{table} a LEFT JOIN {_FRESH}.{table} b ON {on}"
            extra = 0
            for row in self._connection.execute(f"SELECT {here}, {there} {joined} WHERE {unlike}"):
                if row[len(names) + names.index(keys[0])] is None:
                    extra += 1
                    yield RowDifference(table, _key(names, keys, row), "extra", {})
                    continue
                values = zip(names, row, row[len(names) :], strict=False)
                differing = {name: (mine, given) for name, mine, given in values if mine != given}
                yield RowDifference(table, _key(names, keys, row), "differs", differing)
            count = f"SELECT (SELECT count(*) FROM {_FRESH}.{table}) - (SELECT count(*) FROM main.{table})"
            if self._connection.execute(count).fetchone()[0] + extra == 0:
                continue  # every row of ours is one of theirs, and they are as many
            other = f"SELECT 1 FROM main.{table} b WHERE {on}"
            alone = f"SELECT {here} FROM {_FRESH}.{table} a WHERE NOT EXISTS ({other})"
            for row in self._connection.execute(alone):
                yield RowDifference(table, _key(names, keys, row), "missing", {})

    def contents(self) -> Iterator[ContentRow]:
        """Every stored request content."""
        return (
            ContentRow(*row)
            for row in self._connection.execute("SELECT content, fingerprint, body FROM contents ORDER BY content")
        )

    def stored_events(self) -> Iterator[StoredEvent]:
        """Every event but ticks, requests, and lapses whose key, payload and columns agree to the letter, oldest
        first."""
        ask = (
            "SELECT e.seq, e.type, e.key, i.schedule_id, e.version, e.instant, e.recorded_at, c.body, e.payload "
            "FROM event_log e LEFT JOIN schedule_ids i USING (schedule) LEFT JOIN contents c USING (content) "
            f"WHERE e.type NOT IN (2, 4) AND NOT coalesce(e.type = {LAPSED.code} AND {_USUAL_LAPSE}, 0) ORDER BY e.seq"
        )
        return (StoredEvent(*row) for row in self._connection.execute(ask))

    def missing_events(self) -> MissingEvents:
        """Which events are not there: their numbers follow each other, and only a pruning removes some."""
        ask = "SELECT coalesce(max(seq), 0) - count(*) FILTER (WHERE seq > 0) FROM event_log"
        missing = self._connection.execute(ask).fetchone()[0]
        ask = (
            "SELECT coalesce(sum(json_extract(payload, '$.ticks') + json_extract(payload, '$.others') + "
            "json_extract(payload, '$.lapses')), 0), coalesce(max(seq), 0) FROM event_log WHERE type = ?"
        )
        pruned, after = self._connection.execute(ask, (PRUNED.code,)).fetchone()
        ask = (
            "SELECT coalesce(sum(json_extract(payload, '$.events')), 0), coalesce(max(seq), 0) FROM event_log "
            "WHERE type = ?"
        )
        of_runs, last = self._connection.execute(ask, (RUNS_PRUNED.code,)).fetchone()
        pruned, after = pruned + of_runs, max(after, last)
        if missing == pruned:
            return MissingEvents(missing, pruned, [])
        ask = (
            "SELECT before + 1, seq - 1 FROM (SELECT seq, lag(seq, 1, ?) OVER (ORDER BY seq) AS before FROM event_log "
        )
        gaps = self._connection.execute(ask + "WHERE seq > ?) WHERE seq > before + 1", (after, after)).fetchall()
        return MissingEvents(missing, pruned, gaps)

    def workspace_rows(self) -> int:
        """How many rows there are about the database itself."""
        return int(self._connection.execute("SELECT count(*) FROM workspace").fetchone()[0])

    def misshapen(self) -> Iterator[tuple[int, int]]:
        """(seq, type) of each event whose columns are not those of its type."""
        shape = constraint("columns_of_type")
        return iter(self._connection.execute(f"SELECT seq, type FROM event_log WHERE NOT coalesce({shape}, 0)"))

    def size(self) -> tuple[int, int]:
        """How many events and how many schedules there are."""
        ask = "SELECT (SELECT count(*) FROM event_log), (SELECT count(*) FROM schedule_rows)"
        events, schedules = self._connection.execute(ask).fetchone()
        return int(events), int(schedules)

    def unnamed(self) -> list[str]:
        """What refers to a row of a dictionary that doesn't exist."""
        found = []
        for column, table in (("schedule", "schedule_ids"), ("content", "contents")):
            ask = (
                f"SELECT {column}, min(seq) FROM event_log e WHERE {column} IS NOT NULL AND NOT EXISTS "
                f"(SELECT 1 FROM {table} d WHERE d.{column} = e.{column}) GROUP BY 1"
            )
            found += [
                f"{table}: row {number}, to which event seq={seq} refers, is missing"
                for number, seq in self._connection.execute(ask)
            ]
        return found

    def agenda_without_schedule(self) -> list[int]:
        """The numbers on the agenda that no schedule has."""
        ask = "SELECT schedule FROM agenda WHERE schedule NOT IN (SELECT schedule FROM schedule_rows)"
        return [schedule for (schedule,) in self._connection.execute(ask)]

    def schema_differences(self) -> list[SchemaDifference]:
        """How tables, indexes, views, triggers and the rows of `words` differ from those of a new database."""
        return audit_schema.differences(self._connection)

    def schedule_id(self, schedule: int) -> str:
        """The id behind a number; the number itself, as text, where the dictionary lacks it."""
        ask = "SELECT schedule_id FROM schedule_ids WHERE schedule = ?"
        row = self._connection.execute(ask, (schedule,)).fetchone()
        return str(schedule) if row is None else str(row[0])

    def request_ids(self) -> Iterator[list[tuple[int, bytes | None, str]]]:
        """(seq, run key as UTF-8, run id) of every request of a run, in pages; None if its columns name no key."""
        rows = self._connection.execute(
            "SELECT e.seq, CAST(coalesce(e.key, 'sched:' || i.schedule_id || ':' || o.word || e.instant) AS BLOB), "
            "e.run_id FROM event_log e LEFT JOIN schedule_ids i ON i.schedule = e.schedule "
            "LEFT JOIN words o ON o.kind = 'origin' AND o.code = e.origin WHERE e.type = 4"
        )
        while page := rows.fetchmany(_PAGE):
            yield page

    def life_events(self) -> Iterator[tuple[int, LifeEvent, Request | None]]:
        """(seq, event, request) of every event of a run's life and of pools, oldest first; no request for a pool's."""
        return audit_runs.life_events(self._connection)

    def queue_differences(self) -> Iterator[RowDifference]:
        """Every row of the queue that is not what the states of the runs give."""
        return audit_runs.queue_differences(self._connection)

    def stuck(self) -> Iterator[str]:
        """The ids of runs that wait behind others of their schedule, where none of them runs or can be taken."""
        return audit_runs.stuck(self._connection)

    def ticks_without_their_run(self) -> Iterator[str]:
        """The ids of triggered ticks whose run is not there."""
        ask = (
            "SELECT t.tick_id FROM tick_rows t WHERE t.status = 'triggered' AND NOT EXISTS "
            "(SELECT 1 FROM run_rows r WHERE r.schedule = t.schedule AND r.origin = t.origin AND r.instant = t.instant)"
        )
        return (tick_id for (tick_id,) in self._connection.execute(ask))

    def ticks_with_a_run(self) -> Iterator[tuple[str, str]]:
        """(tick_id, status) of skipped and failed ticks that asked for a run, by an event of the evaluator.

        A tick that was pruned beyond the clock and is made anew after a rewind finds the request of its predecessor.
        """
        ask = (
            "SELECT t.tick_id, t.status FROM tick_rows t CROSS JOIN event_log e "
            "ON e.schedule = t.schedule AND e.origin = t.origin AND e.instant = t.instant AND e.type = 4 "
            "WHERE t.status = '{}' AND e.version IS NOT NULL AND NOT EXISTS (SELECT 1 FROM event_log p "
            f"WHERE p.type NOT IN (2, 4) AND p.type = {PRUNED.code} AND p.schedule = t.schedule AND p.seq > e.seq "
            "AND p.seq < (SELECT k.seq FROM event_log k WHERE k.schedule = t.schedule AND k.origin = t.origin "
            "AND k.instant = t.instant AND k.type = 2))"
        )
        # Each status is written out: only so do the partial indexes serve.
        for status in ("skipped", "failed"):
            yield from self._connection.execute(ask.format(status))

    def scheduled_ticks(self, first: int, last: int) -> Iterator[list[TickRow]]:
        """The scheduled ticks of the schedules from `first` through `last`, in the order of the numbers, those of each
        oldest first; in pages."""
        ask = (
            "SELECT schedule, instant, version, status, skip_reason, content FROM tick_rows "
            "WHERE schedule BETWEEN ? AND ? AND origin = 0 ORDER BY schedule, instant"
        )
        rows = self._connection.execute(ask, (first, last))
        while page := rows.fetchmany(_PAGE):
            yield page

    def tick_seq(self, schedule: int, instant: int) -> int:
        """The `seq` of a scheduled tick's event, 0 where it has none."""
        ask = "SELECT seq FROM event_log WHERE type = 2 AND schedule = ? AND origin = 0 AND instant = ?"
        row = self._connection.execute(ask, (schedule, instant)).fetchone()
        return 0 if row is None else int(row[0])

    def lapses(self, schedules: Sequence[int]) -> dict[int, list[LapseSpan]]:
        """The lapses of each schedule in chronological order."""
        return spans(self._connection, schedules, BEFORE_ALL)

    def conflicts_of_other_versions(self) -> Iterator[tuple[int, str]]:
        """(seq, tick_id) of each conflicting request by the evaluator whose version is not that of its tick, of
        schedules of which nothing was made anew."""
        ask = (
            "SELECT e.seq, t.tick_id FROM conflict_rows x CROSS JOIN event_log e ON e.seq = x.conflict "
            "CROSS JOIN tick_rows t ON t.schedule = e.schedule AND t.instant = e.instant AND t.origin = e.origin "
            "WHERE e.version <> t.version AND NOT EXISTS (SELECT 1 FROM event_log r "
            f"WHERE r.type NOT IN (2, 4) AND r.type = {REWOUND.code} AND r.schedule = e.schedule AND r.seq > e.seq)"
        )
        return iter(self._connection.execute(ask))

    def rewound_spans(self, schedules: Sequence[int]) -> dict[int, list[tuple[int, int, int]]]:
        """(seq, to, from) of each rewind of each schedule: the cursor that it set, and the one that it left."""
        found: dict[int, list[tuple[int, int, int]]] = {schedule: [] for schedule in schedules}
        ask = (
            "SELECT schedule, seq, CAST(strftime('%s', json_extract(payload, '$.to')) AS INTEGER), "
            "CAST(strftime('%s', json_extract(payload, '$.from')) AS INTEGER) FROM event_log "
            f"WHERE type NOT IN (2, 4) AND type = {REWOUND.code} AND schedule {_AMONG} ORDER BY seq"
        )
        for schedule, seq, target, left in self._connection.execute(ask, (json.dumps(list(schedules)),)):
            if target is not None and left is not None:  # else it is said of the event
                found[schedule].append((seq, target, left))
        return found

    def prunings(self, schedules: Sequence[int]) -> dict[int, list[PruningRow]]:
        """The prunings of each schedule, oldest first."""
        found: dict[int, list[PruningRow]] = {schedule: [] for schedule in schedules}
        ask = (
            "SELECT schedule, seq, json_extract(payload, '$.ticks') + json_extract(payload, '$.missed'), "
            "json_extract(payload, '$.uncounted'), CAST(strftime('%s', json_extract(payload, '$.through')) AS INTEGER) "
            f"FROM event_log WHERE type NOT IN (2, 4) AND type = {PRUNED.code} AND schedule {_AMONG} ORDER BY seq"
        )
        for schedule, seq, *counts in self._connection.execute(ask, (json.dumps(list(schedules)),)):
            readable = all(type(count) is int for count in counts)  # else it is said of the event
            found[schedule].append(PruningRow(seq, *counts) if readable else PruningRow(seq, 0, 1, BEFORE_ALL))
        return found

    def seq_after(self, schedule: int, instant: int) -> int:
        """The `seq` of the event by which an instant was passed over."""
        ask = (
            "SELECT * FROM (SELECT seq FROM event_log WHERE type = 2 AND schedule = :schedule AND origin = 0 "
            "AND instant > :instant ORDER BY instant LIMIT 1) UNION ALL SELECT * FROM (SELECT lapse FROM lapse_rows "
            "WHERE schedule = :schedule AND after >= :instant ORDER BY after LIMIT 1)"
        )
        found = self._connection.execute(ask, {"schedule": schedule, "instant": instant}).fetchall()
        return min((int(seq) for (seq,) in found), default=1 << 62)


def _key(names: list[str], keys: list[str], row: Iterable[object]) -> dict[str, object]:
    values = dict(zip(names, row, strict=False))
    return {key: values[key] for key in keys}


def _is_refusal(error: sqlite3.Error) -> bool:
    """Whether a statement failed for what it was given, and not for the disk or a signal."""
    if is_interruption(error):
        return False
    return not isinstance(error, sqlite3.OperationalError) or error.sqlite_errorcode == sqlite3.SQLITE_ERROR


def _said(error: Exception) -> str:
    return (
        str(error)
        if isinstance(error, (sqlite3.Error, ArcoError, ImpossibleEvent))
        else f"{type(error).__name__}: {error}"
    )
