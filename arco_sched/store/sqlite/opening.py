"""Opening and creating database files: what is at a path, and whether it can be used."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import contextmanager

from arco_sched.core.errors import DatabaseUnusable
from arco_sched.store.sqlite import APPLICATION_ID, SCHEMA_VERSION, may_write
from arco_sched.store.sqlite.database import BUSY_TIMEOUT, Database, connect
from arco_sched.store.sqlite.faults import translating_errors, unwritable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def open_database(
    path: Path | str,
    *,
    busy_timeout: float = BUSY_TIMEOUT,
    factory: type[sqlite3.Connection] = sqlite3.Connection,
) -> Database:
    """An existing database; raises `DatabaseUnusable` when there is none, or it can't be used.

    `factory` is the class of the connection, for tests that count or trace its statements.
    """
    check_path(path)
    if not may_write(path):
        raise unwritable(path)
    with translating_errors(path), closing_on_error(connect(path, busy_timeout, factory)) as connection:
        version = version_of(path, connection)
        _give_to_group(path)
        database = Database(path, connection, busy_timeout)
        if version < SCHEMA_VERSION:
            from arco_sched.store.sqlite.migrations import bring_forward

            kept = bring_forward(database)
            if kept is not None:
                database.brought_forward = (version, SCHEMA_VERSION, str(kept))
        return database


def _give_to_group(path: Path | str) -> None:
    """Let the group of the database have the log files that another user than its owner has made by opening it."""
    there = os.stat(path)
    if not hasattr(os, "geteuid") or os.geteuid() in {0, there.st_uid}:
        return
    for log in (f"{os.path.realpath(path)}-wal", f"{os.path.realpath(path)}-shm"):
        try:
            made = os.stat(log)
            if made.st_uid == os.geteuid() and made.st_gid != there.st_gid:
                os.chown(log, -1, there.st_gid)
        except OSError:  # gone again, or no member of the group: who then can't write it is told whose it is
            pass


def check_path(path: Path | str) -> None:
    """Raise `DatabaseUnusable` if there is nothing at the path, or no file."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        from arco_sched.core.problems import said

        folder = os.path.dirname(os.path.abspath(path))
        why = "" if os.path.isdir(folder) else f" ({_no_folder(folder)})"
        raise DatabaseUnusable(said(f"no database at {path}{why}", hint="create")) from None
    except OSError:
        pass  # SQLite will say what it is
    _refuse_other_things(path)


def version_of(path: Path | str, connection: sqlite3.Connection) -> int:
    """The version of the schema; raises `DatabaseUnusable` if it is not ours, or newer than what is known here."""
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if application_id != APPLICATION_ID:
        if os.stat(path).st_size == 0:
            from arco_sched.core.problems import said

            raise DatabaseUnusable(said(f"{path} is an empty file", hint="create"))
        raise DatabaseUnusable(f"{path} is not an arco database; nothing was changed")
    if version > SCHEMA_VERSION:
        copies = [f"{path}.v{older}-backup" for older in range(SCHEMA_VERSION, 0, -1)]
        kept = next((f", or use the copy from before, {copy}" for copy in copies if os.path.isfile(copy)), "")
        raise DatabaseUnusable(
            f"{path} was made by a newer arco (schema {version}, this one knows {SCHEMA_VERSION}): upgrade arco{kept}"
        )
    return version


def _no_folder(folder: str) -> str:
    return f"the folder {folder} doesn't exist"


def create_database(
    path: Path, *, workspace: str, zone_rules: str, busy_timeout: float = BUSY_TIMEOUT
) -> tuple[Database, bool]:
    """A database that exists afterwards, and whether this call made it; an existing one is left as it is.

    The file is readable and writable by its owner only. Any number of processes may do this at once.
    """
    try:
        # Where a link leads to nothing yet, the file behind it is made.
        os.close(os.open(os.path.realpath(path), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        from arco_sched.core.problems import said

        folder = os.path.dirname(os.path.realpath(path))
        why = error.strerror if os.path.isdir(folder) else _no_folder(folder)
        raise DatabaseUnusable(said(f"can't create the database {path}: {why}", hint="another")) from None
    _refuse_other_things(path)
    if not may_write(path):
        raise unwritable(path)
    with translating_errors(path), closing_on_error(connect(path, busy_timeout)) as connection:
        if _is_empty(connection):
            _write_ahead(connection, busy_timeout)
            connection.execute("BEGIN IMMEDIATE")
            if _is_empty(connection):  # no other process created it since
                _fill(connection, workspace, zone_rules)
                connection.execute("COMMIT")
                return Database(path, connection, busy_timeout), True
            connection.execute("ROLLBACK")
        connection.close()
    return open_database(path, busy_timeout=busy_timeout), False


def _fill(connection: sqlite3.Connection, workspace: str, zone_rules: str) -> None:
    from arco_sched.store.sqlite.script import schema, statements

    for statement in statements(schema()):
        connection.execute(statement)
    connection.execute("INSERT INTO workspace (one, name, zone_rules) VALUES (1, ?, ?)", (workspace, zone_rules))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


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
def closing_on_error(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """The connection, closed when what is done with it fails."""
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def _is_empty(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) = 0 FROM sqlite_master").fetchone()[0])


def _refuse_other_things(path: Path | str) -> None:
    if os.path.isdir(path):
        raise DatabaseUnusable(f"{path} is a folder, not a database file")
    if os.path.exists(path) and not os.path.isfile(path):
        raise DatabaseUnusable(f"{path} is a device, a pipe or a socket, not a database file")
