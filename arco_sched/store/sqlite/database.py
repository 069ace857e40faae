"""Opening the file, transactions, and what SQLite's errors mean to a person.

A tick that finds nothing due needs this module and next to nothing else, so `pathlib` and `typing`, which take longer
to import than all the rest of such a tick, are left to the type checker and to the rarer ways through here.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import contextmanager

from arco_sched.core.errors import DatabaseUnusable, InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Final

APPLICATION_ID: Final = 0x6172636F
"""`arco` in ASCII: what tells our files from other SQLite files (and `file(1)` can show)."""

SCHEMA_VERSION: Final = 1
"""The version of schema.sql; `arco_sched.store.sqlite.migrations` says how to change it."""
BUSY_TIMEOUT: Final = 60.0
"""Seconds to wait for another writer before giving up; an evaluation writes in batches of a fraction of a second."""

POLL: Final = 0.004
"""Seconds between two tries of a writer that waits. SQLite's own waiting sleeps up to 0.1 s, and would miss the moments
between the transactions of a long evaluation for as long as that takes."""

_MAKE_IT: Final = "make one with `arco init`, or `arco schedule create`"
_NOT_OURS: Final = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
_ADVICE: Final = {
    sqlite3.SQLITE_BUSY: "is busy: another process is writing; try again, or wait longer with --busy-timeout SECONDS",
    sqlite3.SQLITE_LOCKED: "is busy: another process is writing; try again, or wait longer with --busy-timeout SECONDS",
    sqlite3.SQLITE_NOTADB: "is not an arco database; nothing was changed",
    sqlite3.SQLITE_CORRUPT: "is damaged; restore a backup, or look at it with sqlite3's .recover",
    sqlite3.SQLITE_FULL: "can't grow: the disk is full; what was committed before stays",
    sqlite3.SQLITE_READONLY: "can't be written: make the file and its folder writable for this user",
    sqlite3.SQLITE_CANTOPEN: "can't be opened: look at the permissions of the file and its folder",
    sqlite3.SQLITE_IOERR: "can't be read or written: the disk reports an error, or is full",
    sqlite3.SQLITE_PERM: "can't be opened: look at the permissions of the file and its folder",
    sqlite3.SQLITE_AUTH: "can't be opened: look at the permissions of the file and its folder",
    sqlite3.SQLITE_NOMEM: "can't be used: out of memory",
    sqlite3.SQLITE_PROTOCOL: "is busy: another process is writing; try again",
}


class Database:
    """One connection to one database file.

    `read` and `write` open a transaction each; what they yield is the connection, for the functions of this folder.
    SQLite's own errors come out as `DatabaseUnusable`.
    """

    def __init__(self, path: Path | str, connection: sqlite3.Connection, busy_timeout: float = BUSY_TIMEOUT) -> None:
        self.path = path
        self._connection = connection
        self._busy_timeout = busy_timeout

    @classmethod
    def open(cls, path: Path | str, *, busy_timeout: float = BUSY_TIMEOUT) -> Database:
        """An existing database; raises `DatabaseUnusable` when there is none, or it can't be used."""
        try:
            os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            none = f"no database at {path}: {_MAKE_IT} (or name another with --db or ARCO_DB)"
            raise DatabaseUnusable(none) from None
        except OSError:
            pass  # SQLite will say what it is
        return cls._checked(path, busy_timeout)

    @classmethod
    def create(
        cls, path: Path, *, workspace: str, zone_rules: str, busy_timeout: float = BUSY_TIMEOUT
    ) -> tuple[Database, bool]:
        """A database that exists afterwards, and whether this call made it; an existing one is left as it is.

        The file is readable and writable by its owner only. Any number of processes may do this at once.
        """
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            pass
        except OSError as error:
            raise DatabaseUnusable(f"can't make the database {path}: {error.strerror}") from None
        _refuse_folder(path)
        with _explained(path), _let_go(_connect(path, busy_timeout)) as connection:
            if _is_empty(connection):
                _write_ahead(connection, busy_timeout)
                connection.execute("BEGIN IMMEDIATE")
                if _is_empty(connection):  # nobody else made it since
                    for statement in statements(schema()):
                        connection.execute(statement)
                    connection.execute("INSERT INTO workspace VALUES (1, ?, ?, NULL)", (workspace, zone_rules))
                    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                    connection.execute("COMMIT")
                    return cls(path, connection, busy_timeout), True
                connection.execute("ROLLBACK")
            connection.close()
        return cls._checked(path, busy_timeout), False

    @classmethod
    def _checked(cls, path: Path | str, busy_timeout: float) -> Database:
        _refuse_folder(path)
        with _explained(path), _let_go(_connect(path, busy_timeout)) as connection:
            application_id = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if application_id != APPLICATION_ID:
                if os.stat(path).st_size == 0:
                    raise DatabaseUnusable(f"{path} is an empty file: {_MAKE_IT}")
                raise DatabaseUnusable(f"{path} is not an arco database; nothing was changed")
            if version > SCHEMA_VERSION:
                raise DatabaseUnusable(
                    f"{path} was made by a newer arco (schema {version}, this one knows {SCHEMA_VERSION}): upgrade arco"
                )
            database = cls(path, connection, busy_timeout)
            if version < SCHEMA_VERSION:
                from arco_sched.store.sqlite.migrations import bring_forward

                bring_forward(database)
            return database

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state of the database throughout, and writes nothing."""
        with _explained(self.path):
            if self._connection.in_transaction:  # a page that is read while rows of an outer one are still iterated
                yield self._connection
                return
            try:
                self._connection.execute("BEGIN")
                yield self._connection
            finally:
                _roll_back(self._connection)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that nobody else writes beside; it is committed at the end, and undone on any exception."""
        with _explained(self.path):
            try:
                self._begin_writing()
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                _roll_back(self._connection)

    def _begin_writing(self) -> None:
        execute = self._connection.execute
        execute("PRAGMA busy_timeout = 0")
        try:
            deadline = time.monotonic() + self._busy_timeout
            while True:
                try:
                    execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                        raise
                    time.sleep(POLL)
                else:
                    return
        finally:
            execute(f"PRAGMA busy_timeout = {int(self._busy_timeout * 1000)}")

    @staticmethod
    def let_others() -> None:
        """Pause between two of many transactions, so that whoever waits to write comes in between."""
        time.sleep(1.5 * POLL)

    def backup(self, path: Path, *, replace: bool) -> None:
        """A consistent copy at `path`, whole or not there at all; see `Workspace.backup`."""
        if path.is_dir():
            raise DatabaseUnusable(f"{path} is a folder, not a file to write a backup to")
        if path.exists():
            if path.samefile(self.path):
                raise InvalidInput(f"{path} is the database itself: name another file for its copy")
            if not replace:
                raise DatabaseUnusable(f"{path} exists: name another file, or say that it may be replaced (--replace)")
        for log in (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-journal")):
            if log.exists():  # SQLite would take it for a part of the copy
                raise DatabaseUnusable(f"{log} is there, so {path} is a database in use: name another file")
        part = path.with_name(f"{path.name}.part-{os.getpid()}")
        try:
            os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except OSError as error:
            raise DatabaseUnusable(f"can't write the backup {path}: {error.strerror}") from None
        try:
            with _explained(part):
                copy = sqlite3.connect(part)
                try:
                    self._connection.backup(copy)
                finally:
                    copy.close()
            part.replace(path)
        finally:
            for leftover in (part, part.with_name(part.name + "-wal"), part.with_name(part.name + "-shm")):
                leftover.unlink(missing_ok=True)

    @contextmanager
    def another(self) -> Iterator[Database]:
        """Another connection to the same file."""
        with _explained(self.path):
            another = Database(self.path, _connect(self.path, self._busy_timeout), self._busy_timeout)
            try:
                yield another
            finally:
                another.close()

    @contextmanager
    def unshared(self) -> Iterator[sqlite3.Connection]:
        """The connection with no transaction open, for what begins its own."""
        with _explained(self.path):
            yield self._connection


def schema() -> str:
    """The text of the newest schema."""
    from pathlib import Path

    return (Path(__file__).parent / "schema.sql").read_text("utf-8")


def _connect(path: Path | str, busy_timeout: float) -> sqlite3.Connection:
    # Opened by name with mode=rw, so that a file which vanished since the check is not made anew, empty.
    uri = os.path.join(os.getcwd(), path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    connection = sqlite3.connect(f"file://{uri}?mode=rw", uri=True, timeout=busy_timeout, isolation_level=None)
    # WAL and FULL: a commit that was reported is on the disk.
    try:
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _write_ahead(connection: sqlite3.Connection, busy_timeout: float) -> None:
    """Set the journal mode. SQLite does not wait for others when it changes it, so this does."""
    for left in range(int(busy_timeout * 100), -1, -1):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or not left:
                raise
            time.sleep(0.01)
        else:
            return


@contextmanager
def _let_go(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """The connection, closed when what is done with it fails."""
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # not after a commit, nor where SQLite rolled back by itself
        connection.execute("ROLLBACK")


def _is_empty(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) = 0 FROM sqlite_master").fetchone()[0])


def _refuse_folder(path: Path | str) -> None:
    if os.path.isdir(path):
        raise DatabaseUnusable(f"{path} is a folder, not a database file")


def statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one."""
    # Not `executescript`, which commits an open transaction before it begins.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def _explained(path: Path | str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.InterfaceError):
        raise
    except sqlite3.Error as error:
        if is_interruption(error):
            raise KeyboardInterrupt from None
        code = getattr(error, "sqlite_errorcode", None)
        advice = None if code is None else _ADVICE.get(code & 0xFF)
        raise DatabaseUnusable(f"the database {path} {advice or _damaged(error)}") from error
    except ValueError as error:  # a text that is no UTF-8, or no JSON
        if type(error).__name__ not in {"UnicodeDecodeError", "JSONDecodeError"}:
            raise
        raise DatabaseUnusable(f"the database {path} {_damaged(error)}") from error


def is_interruption(error: sqlite3.Error) -> bool:
    """Whether it was Ctrl-C that ended a statement.

    What a signal raises in a function that SQLite calls, SQLite knows as a failure of that function; and ours raise
    nothing by themselves, whatever they are given.
    """
    cut_off = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT
    return cut_off or str(error) == "user-defined function raised exception"


def _damaged(error: Exception) -> str:
    """What no statement and no row of ours gives, so that the file must be other than we left it."""
    said = " ".join(str(error).split())
    return f"is damaged, or was changed by other means ({said[:200]}): `arco verify` says what; a backup restores it"
