"""What `arco verify` asks of the store: the fold of all events again from nothing, and its comparison with the tables.

The fresh tables live in an attached temporary database, which SQLite keeps in memory while it is small and on disk when
it is not.
"""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from threading import Event
from typing import Final, NamedTuple

from arco_sched.store.sqlite.append import last_seq
from arco_sched.store.sqlite.database import Database, is_interruption, schema, statements
from arco_sched.store.sqlite.fold import PRUNED, REWOUND, fold_again

FOLD_RANGE: Final = 50_000
"""Events folded at a time."""

FOLDED: Final = ("definition_rows", "schedule_rows", "tick_rows", "lapse_rows", "run_rows", "conflict_rows")

_FRESH: Final = "fresh"


class RowDifference(NamedTuple):
    """A row of a folded table that the events do not give: `missing`, `extra`, or the columns in which it differs.

    `key` are the columns of the primary key with their values; `columns` maps a column to (what is there, what the
    events give).
    """

    table: str
    key: dict[str, object]
    kind: str
    columns: dict[str, tuple[object, object]]


def integrity(database: Database) -> list[str]:
    """What SQLite's own integrity check says; nothing where all is well.

    It takes seconds for a large file, in which it does not come back to Python once. So it has a thread and a
    connection of its own, and Ctrl-C ends it at once.
    """
    opened: list[sqlite3.Connection] = []
    unwanted = Event()

    def check() -> list[str]:
        with database.another() as own, own.unshared() as connection:
            opened.append(connection)
            return [] if unwanted.is_set() else [row[0] for row in connection.execute("PRAGMA integrity_check")]

    with ThreadPoolExecutor(1) as pool:
        checking = pool.submit(check)
        try:
            said = checking.result()
        except KeyboardInterrupt:
            unwanted.set()
            # Again and again: to interrupt a connection whose statement has not begun means nothing.
            while not wait([checking], timeout=0.02).done:
                for connection in opened:
                    with suppress(sqlite3.ProgrammingError):  # it is closed by now
                        connection.interrupt()
            raise
    return [] if said == ["ok"] else [str(line) for line in said]


@contextmanager
def interruptible(connection: sqlite3.Connection) -> Iterator[None]:
    """Ctrl-C ends a statement of this connection at once, and not only when it is done."""
    # Calling any function at all is what lets Python act on a signal. What it raises there SQLite takes for the wish to
    # end the statement, and says so, and `Database` says what was meant.
    connection.set_progress_handler(lambda: 0, _STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


_STEPS: Final = 1_000_000
"""Steps of SQLite's machine between two looks, a fiftieth of a second or so."""


class Unfoldable(Exception):
    """An event that the fold can't take; `seq` is its number."""

    def __init__(self, seq: int, error: str) -> None:
        super().__init__(error)
        self.seq = seq


@contextmanager
def one_state(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that sees one state of the database, beside a schema `fresh` that is empty and gone afterwards.

    The connection must have no transaction open when it begins.
    """
    connection.execute(f"ATTACH '' AS {_FRESH}")
    try:
        connection.execute("BEGIN")
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute(f"DETACH {_FRESH}")


def fold_all_again(connection: sqlite3.Connection, progress: Callable[[int, int], None]) -> None:
    """Fold all events from nothing into tables of the schema `fresh`, within `one_state`.

    The connection must have learned what the fold needs. Raises `Unfoldable` for an event that the tables refuse.
    """
    tables = (*FOLDED, "workspace")
    ask = f"SELECT sql FROM main.sqlite_master WHERE sql NOT NULL AND tbl_name IN ({', '.join('?' * len(tables))})"
    for (sql,) in connection.execute(ask, tables).fetchall():
        lead = next((word for word in _MADE if sql.startswith(word)), None)
        if lead is not None:
            connection.execute(f"{lead}{_FRESH}.{sql[len(lead) :]}")
    connection.execute(f"INSERT INTO {_FRESH}.workspace SELECT * FROM main.workspace")
    last = last_seq(connection)
    after = 0
    while after < last:
        through = min(after + FOLD_RANGE, last)
        _fold_range(connection, after, through)
        after = through
        progress(after, last)


_MADE: Final = ("CREATE UNIQUE INDEX ", "CREATE INDEX ", "CREATE TABLE ")


def _fold_range(connection: sqlite3.Connection, after: int, through: int) -> None:
    connection.execute("SAVEPOINT range")
    try:
        fold_again(connection, after, through, to=f"{_FRESH}.")
    except (sqlite3.IntegrityError, sqlite3.OperationalError) as error:
        if is_interruption(error) or (
            isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode != sqlite3.SQLITE_ERROR
        ):
            raise  # somebody's wish or the disk's trouble, and not an event's
        connection.execute("ROLLBACK TO range")
        # Once more, one by one, to name the event.
        for seq in range(after + 1, through + 1):
            try:
                fold_again(connection, seq - 1, seq, to=f"{_FRESH}.")
            except sqlite3.Error as refused:
                raise Unfoldable(seq, str(refused)) from None
        raise
    connection.execute("RELEASE range")


def row_differences(connection: sqlite3.Connection) -> Iterator[RowDifference]:
    """Every row of a folded table that is not what the events give, table by table in the order of the keys."""
    for table in (*FOLDED, "workspace"):
        columns = [(name, key) for _, name, _, _, _, key in connection.execute(f"PRAGMA main.table_info({table})")]
        keys = [name for name, key in sorted(columns, key=lambda column: column[1]) if key]
        names = [name for name, _ in columns]
        on = " AND ".join(f"a.{key} = b.{key}" for key in keys)
        here, there = ", ".join(f"a.{name}" for name in names), ", ".join(f"b.{name}" for name in names)
        unlike = " OR ".join(f"a.{name} IS NOT b.{name}" for name in names)
        both = f"SELECT {here}, {there} FROM main.{table} a JOIN {_FRESH}.{table} b ON {on} WHERE {unlike}"
        for row in connection.execute(both):
            values = zip(names, row, row[len(names) :], strict=False)
            differing = {name: (mine, given) for name, mine, given in values if mine != given}
            yield RowDifference(table, _key(names, keys, row), "differs", differing)
        for kind, ours, theirs in (("extra", "main", _FRESH), ("missing", _FRESH, "main")):
            alone = (
                f"SELECT {here} FROM {ours}.{table} a WHERE NOT EXISTS (SELECT 1 FROM {theirs}.{table} b WHERE {on})"
            )
            for row in connection.execute(alone):
                yield RowDifference(table, _key(names, keys, row), kind, {})


def _key(names: list[str], keys: list[str], row: Iterable[object]) -> dict[str, object]:
    values = dict(zip(names, row, strict=False))
    return {key: values[key] for key in keys}


class ContentRow(NamedTuple):
    """A request content as it is stored."""

    content: int
    fingerprint: str
    body: str


def contents(connection: sqlite3.Connection) -> Iterator[ContentRow]:
    """Every stored request content."""
    return (
        ContentRow(*row)
        for row in connection.execute("SELECT content, fingerprint, body FROM contents ORDER BY content")
    )


class StoredEvent(NamedTuple):
    """An event that has a payload of its own: what its columns say beside what the payload says."""

    seq: int
    type: int
    key: str | None
    schedule_id: str | None
    version: int | None
    instant: int | None
    recorded_at: int
    body: str | None
    payload: str | None


def stored_events(connection: sqlite3.Connection) -> Iterator[StoredEvent]:
    """Every event but ticks and requests, oldest first."""
    ask = (
        "SELECT e.seq, e.type, e.key, i.schedule_id, e.version, e.instant, e.recorded_at, c.body, e.payload "
        "FROM event_log e LEFT JOIN schedule_ids i USING (schedule) LEFT JOIN contents c USING (content) "
        "WHERE e.type NOT IN (2, 4) ORDER BY e.seq"
    )
    return (StoredEvent(*row) for row in connection.execute(ask))


class MissingEvents(NamedTuple):
    """How many numbers of events are not there, how many of them the prunings say that they removed, and the gaps
    (first, last) after the last pruning, of which there should be none."""

    missing: int
    pruned: int
    gaps: list[tuple[int, int]]


def missing_events(connection: sqlite3.Connection) -> MissingEvents:
    """Which events are not there: their numbers follow each other, and only a pruning removes some."""
    missing = connection.execute("SELECT coalesce(max(seq), 0) - count(*) FROM event_log").fetchone()[0]
    ask = (
        "SELECT coalesce(sum(json_extract(payload, '$.ticks') + json_extract(payload, '$.others') + "
        "json_extract(payload, '$.lapses')), 0), coalesce(max(seq), 0) FROM event_log WHERE type = ?"
    )
    pruned, after = connection.execute(ask, (PRUNED,)).fetchone()
    if missing == pruned:
        return MissingEvents(missing, pruned, [])
    ask = "SELECT before + 1, seq - 1 FROM (SELECT seq, lag(seq, 1, ?) OVER (ORDER BY seq) AS before FROM event_log "
    gaps = connection.execute(ask + "WHERE seq > ?) WHERE seq > before + 1", (after, after)).fetchall()
    return MissingEvents(missing, pruned, gaps)


def workspace_rows(connection: sqlite3.Connection) -> int:
    """How many rows there are about the database itself."""
    return int(connection.execute("SELECT count(*) FROM workspace").fetchone()[0])


def unnamed(connection: sqlite3.Connection) -> list[str]:
    """What refers to a row of a dictionary that is not there."""
    found = []
    for column, table in (("schedule", "schedule_ids"), ("content", "contents")):
        ask = (
            f"SELECT {column}, min(seq) FROM event_log e WHERE {column} IS NOT NULL AND NOT EXISTS "
            f"(SELECT 1 FROM {table} d WHERE d.{column} = e.{column}) GROUP BY 1"
        )
        found += [
            f"{table}: the row {number} is missing, to which event seq={seq} refers"
            for number, seq in connection.execute(ask)
        ]
    return found


def agenda_of_nobody(connection: sqlite3.Connection) -> list[int]:
    """The numbers on the agenda that are of no schedule."""
    ask = "SELECT schedule FROM agenda WHERE schedule NOT IN (SELECT schedule FROM schedule_rows)"
    return [schedule for (schedule,) in connection.execute(ask)]


class SchemaDifference(NamedTuple):
    """A table, index, view or trigger that is not what arco makes: `missing`, `extra` or `differs`."""

    type: str
    name: str
    kind: str


def schema_differences(connection: sqlite3.Connection) -> list[SchemaDifference]:
    """How tables, indexes, views, triggers and the rows of `words` differ from those of a new database."""
    new = sqlite3.connect(":memory:")
    try:
        for statement in statements(schema()):
            new.execute(statement)
        wanted, found = described(new), described(connection)
        differences = [
            SchemaDifference(*key, "missing" if key not in found else "differs")
            for key, sql in wanted.items()
            if found.get(key) != sql
        ]
        differences += [SchemaDifference(*key, "extra") for key in found if key not in wanted]
        if ("table", "words") not in {difference[:2] for difference in differences}:
            ask = "SELECT kind, code, word FROM words"
            words, expected = set(connection.execute(ask)), set(new.execute(ask))
            names = sorted({f"{kind} {code}" for kind, code, _ in words ^ expected})
            differences += [SchemaDifference("word", name, "differs") for name in names]
        return differences
    finally:
        new.close()


def described(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """(type, name) -> definition of every table, index, view and trigger, without comments and spaces."""
    ask = "SELECT type, name, sql FROM main.sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    # A migration may have others, and they mean nothing.
    return {(kind, name): "".join(re.sub(r"--.*", "", sql).split()) for kind, name, sql in connection.execute(ask)}


def ticks_without_their_run(connection: sqlite3.Connection) -> Iterator[str]:
    """The ids of triggered ticks whose run is not there."""
    ask = (
        "SELECT t.tick_id FROM tick_rows t WHERE t.status = 'triggered' AND NOT EXISTS "
        "(SELECT 1 FROM run_rows r WHERE r.schedule = t.schedule AND r.origin = t.origin AND r.instant = t.instant)"
    )
    return (tick_id for (tick_id,) in connection.execute(ask))


def ticks_with_a_run(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """(tick_id, status) of skipped and failed ticks that asked for a run, by an event of the evaluator."""
    ask = (
        "SELECT t.tick_id, t.status FROM tick_rows t JOIN event_log e "
        "ON e.schedule = t.schedule AND e.origin = t.origin AND e.instant = t.instant AND e.type = 4 "
        "WHERE t.status IN ('skipped', 'failed') AND e.version IS NOT NULL"
    )
    return iter(connection.execute(ask))


class TickRow(NamedTuple):
    """A scheduled tick as the recount sees it."""

    instant: int
    tick_id: str
    version: int
    status: str
    content: int | None
    seq: int


def scheduled_ticks(connection: sqlite3.Connection, schedule: int) -> Iterator[TickRow]:
    """The scheduled ticks of a schedule, oldest first, each with the `seq` of its event (0 where it has none)."""
    ask = (
        "SELECT t.instant, t.tick_id, t.version, t.status, t.content, coalesce((SELECT e.seq FROM event_log e "
        "WHERE e.type = 2 AND e.schedule = t.schedule AND e.origin = t.origin AND e.instant = t.instant), 0) "
        "FROM tick_rows t WHERE t.schedule = ? AND t.origin = 0 ORDER BY t.instant"
    )
    return (TickRow(*row) for row in connection.execute(ask, (schedule,)))


class LapseRow(NamedTuple):
    """A lapse as the recount sees it; `seq` is that of its event."""

    seq: int
    after: int
    before: int
    missed: int | None
    reason: str


def lapses(connection: sqlite3.Connection, schedule: int) -> list[LapseRow]:
    """The lapses of a schedule in the order of time."""
    ask = "SELECT lapse, after, before, missed, reason FROM lapse_rows WHERE schedule = ? ORDER BY after, before"
    return [LapseRow(*row) for row in connection.execute(ask, (schedule,))]


def rewound_spans(connection: sqlite3.Connection, schedule: int) -> list[tuple[int, int]]:
    """(to, from) of each rewind of a schedule: the cursor that it set, and the one that it left."""
    ask = (
        "SELECT CAST(strftime('%s', json_extract(payload, '$.to')) AS INTEGER), "
        "CAST(strftime('%s', json_extract(payload, '$.from')) AS INTEGER) "
        "FROM event_log WHERE type = ? AND schedule = ? ORDER BY seq"
    )
    return connection.execute(ask, (REWOUND, schedule)).fetchall()


class PruningRow(NamedTuple):
    """What a pruning says it removed, through which instant."""

    seq: int
    occurrences: int
    uncounted: int
    through: int


def prunings(connection: sqlite3.Connection, schedule: int) -> list[PruningRow]:
    """The prunings of a schedule, oldest first."""
    ask = (
        "SELECT seq, json_extract(payload, '$.ticks') + json_extract(payload, '$.missed'), "
        "json_extract(payload, '$.uncounted'), CAST(strftime('%s', json_extract(payload, '$.through')) AS INTEGER) "
        "FROM event_log WHERE type = 7 AND schedule = ? ORDER BY seq"
    )
    return [PruningRow(*row) for row in connection.execute(ask, (schedule,))]


def last_zone_change(connection: sqlite3.Connection) -> int:
    """The `seq` of the last change of the zone rules, 0 where they never changed."""
    ask = "SELECT coalesce(max(seq), 0) FROM event_log WHERE type = 5"
    return int(connection.execute(ask).fetchone()[0])


def agenda_row(connection: sqlite3.Connection, schedule: int) -> tuple[int, bool] | None:
    """(due_at, failing) of the agenda, None where the schedule is not on it."""
    row = connection.execute("SELECT due_at, failing FROM agenda WHERE schedule = ?", (schedule,)).fetchone()
    return None if row is None else (int(row[0]), bool(row[1]))
