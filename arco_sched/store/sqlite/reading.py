"""Asking a database without changing anything: not the file, and no `-wal` or `-shm` beside it.

Whoever owns the file and may write it asks through a connection like any other. Everybody else, who would make log
files that are theirs, and whoever finds a database of an older schema, reads it in one of these ways, under SQLite's
shared lock on the file, so that nobody who closes the database takes its log into the file meanwhile:

- a log with its index is there, as while others have the database open: SQLite reads both, and writes neither;
- no log is there: the file is all there is. Whoever opens the database meanwhile writes to a log at first. Where
  one of them takes so long a log into the file that what was read may be mixed, the question says so and fails;
- else (a log without an index, an older schema): a private copy of file and log, brought forward if need be.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from arco_sched.core.errors import DatabaseUnusable
from arco_sched.store.sqlite import SCHEMA_VERSION, may_write, uri
from arco_sched.store.sqlite.database import BUSY_TIMEOUT, POLL, Database, connect
from arco_sched.store.sqlite.faults import translating_errors, unwritable
from arco_sched.store.sqlite.opening import check_path, closing_on_error, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from arco_sched.core.ports import Compaction
    from arco_sched.store.sqlite.audit import Audit
    from arco_sched.store.sqlite.transaction import Transaction

_SHARED_FIRST: Final = 0x40000002
_SHARED_SIZE: Final = 510
"""The bytes that SQLite's readers lock, for all of a file's life (`SHARED_FIRST`, `SHARED_SIZE` of its os.h)."""

_SETTLED: Final = 0.1
"""Seconds after which a change of a file is sure to show in the time of its last one."""


def ask_database(path: Path | str, *, busy_timeout: float = BUSY_TIMEOUT) -> Database:
    """An existing database, for questions alone; raises `DatabaseUnusable` when there is none, or it can't be read."""
    check_path(path)
    if may_write(path) and _is_ours(path):
        with translating_errors(path), closing_on_error(connect(path, busy_timeout)) as connection:
            if version_of(path, connection) == SCHEMA_VERSION:
                return _Asked(path, connection, busy_timeout)
        connection.close()
    return _Reader(path, busy_timeout)


def _is_ours(path: Path | str) -> bool:
    """Whether what SQLite makes beside the file is its owner's: root gives it away."""
    asker = getattr(os, "geteuid", None)
    return asker is None or asker() in {0, Path(path).stat().st_uid}


class _Asked(Database):
    """A database that is asked alone."""

    def _begin_writing(self) -> None:
        raise self._read_only()

    def compact(self) -> Compaction:
        """Nothing is changed here."""
        self._check_idle()
        raise self._read_only()

    def _read_only(self) -> DatabaseUnusable:
        return DatabaseUnusable(f"the database {self.path} was opened read-only: nothing can be changed")


class _Way(NamedTuple):
    """How a file is read: what SQLite opens, and the folder of a copy that is to be removed."""

    uri: str
    seen: _Seen
    alone: bool
    copy: tempfile.TemporaryDirectory[str] | None = None


class _Seen(NamedTuple):
    """The state of the files at a moment: (inode, size, time of the last change); None for one that doesn't exist."""

    file: tuple[int, int, int] | None
    log: tuple[int, int, int] | None
    has_index: bool


class _Reader(_Asked):
    """A database that nothing is written to; each transaction sees what is there when it begins."""

    def __init__(self, path: Path | str, busy_timeout: float) -> None:
        self._real = Path(os.path.realpath(path))
        self._index = Path(f"{self._real}-shm")
        try:
            self._file = os.open(self._real, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            raise unwritable(path) from None
        try:
            self._deadline = time.monotonic() + busy_timeout
            with translating_errors(path):
                self._way, connection = self._open(path, busy_timeout)
        except BaseException:
            os.close(self._file)
            raise
        super().__init__(path, connection, busy_timeout)

    def close(self) -> None:
        """Close the connection, and remove a copy; a second time does nothing."""
        if self._is_open:
            super().close()
            self._let_go()
            os.close(self._file)

    def _let_go(self) -> None:
        if self._way.copy is not None:
            self._way.copy.cleanup()

    def _open(self, path: Path | str, busy_timeout: float) -> tuple[_Way, sqlite3.Connection]:
        lock(self._file, busy_timeout)
        seen = self._look()
        if seen.has_index and seen.log is not None:
            way = _Way(uri(self._real, "mode=ro&readonly_shm=1"), seen, alone=False)
        elif seen.log is None or not seen.log[1]:
            way = _Way(uri(self._real, "mode=ro&immutable=1"), seen, alone=True)
        else:
            way = self._copied()
        try:
            connection = self._connected(way, busy_timeout)
        except sqlite3.OperationalError as error:
            # An index that nobody keeps, or in which a reader who can't write finds no place.
            if way.copy is not None or error.sqlite_errorcode & 0xFF not in {
                sqlite3.SQLITE_READONLY,
                sqlite3.SQLITE_CANTOPEN,
                sqlite3.SQLITE_PROTOCOL,
            }:
                raise
            way = self._copied()
            connection = self._connected(way, busy_timeout)
        with closing_on_error(connection):
            if version_of(path, connection) == SCHEMA_VERSION:
                return way, connection
        connection.close()
        if way.copy is None:
            way = self._copied()
        return way, self._brought_forward(path, way, busy_timeout)

    def _connected(self, way: _Way, busy_timeout: float) -> sqlite3.Connection:
        connection = sqlite3.connect(way.uri, uri=True, timeout=busy_timeout, isolation_level=None)
        with closing_on_error(connection):
            connection.execute("SELECT count(*) FROM sqlite_master")
            return connection

    def _brought_forward(self, path: Path | str, way: _Way, busy_timeout: float) -> sqlite3.Connection:
        """The private copy, with the schema of now; errors name the path of what was copied."""
        from arco_sched.store.sqlite.migrations import bring_forward

        assert way.copy is not None  # noqa: S101 - for the type checker
        try:
            with closing_on_error(connect(Path(way.copy.name, "arco.db"), busy_timeout)) as connection:
                bring_forward(Database(path, connection, busy_timeout), keep=False)
                return connection
        except BaseException:
            way.copy.cleanup()
            raise

    def _copied(self) -> _Way:
        """A private copy of the file and its log, at a moment at which nobody changed them."""
        while True:
            before = self._look()
            folder = tempfile.TemporaryDirectory(prefix="arco-")
            try:
                copy = Path(folder.name, "arco.db")
                # Through the descriptor that has the lock: closing another one would give up those of the process.
                with open(self._file, "rb", closefd=False) as source, copy.open("xb") as target:
                    source.seek(0)
                    shutil.copyfileobj(source, target, 1 << 20)
                with suppress(FileNotFoundError):
                    shutil.copyfile(f"{self._real}-wal", f"{copy}-wal")
            except OSError as error:
                folder.cleanup()
                raise DatabaseUnusable(
                    f"the database {self._real} can't be copied for reading: {error.strerror}"
                ) from None
            if self._is_steady(before):
                return _Way(uri(copy), before, alone=False, copy=folder)
            folder.cleanup()
            if time.monotonic() >= self._deadline:
                raise DatabaseUnusable(f"the database {self._real} is busy: it changes faster than it can be read")
            time.sleep(_SETTLED)

    def _is_steady(self, before: _Seen) -> bool:
        """Whether nothing was changed since, for sure: a time that is too new would not show another change."""
        newest = max(each[2] for each in (before.file, before.log) if each is not None)
        return self._look() == before and (not before.has_index or time.time_ns() - newest > _SETTLED * 1e9)

    def _look(self) -> _Seen:
        return _Seen(_state(self._real), _state(f"{self._real}-wal"), self._index.exists())

    def _renew(self) -> None:
        """Read what is there now, where the way that was taken shows what was there before."""
        if (self._way.alone or self._way.copy is not None) and self._look() != self._way.seen:
            self._connection.close()
            self._let_go()
            self._deadline = time.monotonic() + self._busy_timeout
            with translating_errors(self.path):
                self._way, self._connection = self._open(self.path, self._busy_timeout)

    @contextmanager
    def _steadily(self) -> Iterator[None]:
        """What is read within is of one state, or refused."""
        if self._connection.in_transaction:
            yield
            return
        self._renew()
        try:
            yield
        except DatabaseUnusable:
            self._check_steady()
            raise
        self._check_steady()

    def _check_steady(self) -> None:
        # Nobody who has the database open is without an index, so without one nobody wrote.
        if self._way.alone and self._index.exists() and _state(self._real) != self._way.seen.file:
            raise DatabaseUnusable(f"the database {self.path} was changed while it was being read: try again")

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that sees one state of the database throughout."""
        self._check()
        with self._steadily(), super().read() as transaction:
            yield transaction

    @contextmanager
    def audit(self) -> Iterator[Audit]:
        """What `arco verify` asks."""
        self._check()
        with self._steadily(), super().audit() as audit:
            yield audit

    def backup(self, path: Path, *, replace: bool) -> None:
        """A consistent copy at `path`; see `Workspace.backup`."""
        self._check()
        with self._steadily():
            super().backup(path, replace=replace)

    @contextmanager
    def another(self) -> Iterator[Database]:
        """Another connection to what is read."""
        with translating_errors(self.path):
            another = Database(self.path, self._connected(self._way, self._busy_timeout), self._busy_timeout)
            try:
                yield another
            finally:
                another.close()

    def changes(self) -> int:
        """A number that changes when another connection commits."""
        if self._way.alone or self._way.copy is not None:
            return hash(self._look())
        return super().changes()


def lock(descriptor: int, busy_timeout: float) -> None:
    """Hold SQLite's shared lock on a file until the descriptor is closed; raises `DatabaseUnusable`."""
    import fcntl

    # One of this descriptor, where there are such: one of the process would go with any that SQLite closes.
    command = getattr(fcntl, "F_OFD_SETLK", fcntl.F_SETLK)
    asked = struct.pack("hhqqi", fcntl.F_RDLCK, os.SEEK_SET, _SHARED_FIRST, _SHARED_SIZE, 0)
    deadline = time.monotonic() + busy_timeout
    while True:
        try:
            fcntl.fcntl(descriptor, command, asked)
        except (BlockingIOError, PermissionError):
            if time.monotonic() >= deadline:
                raise DatabaseUnusable("the database is busy: another process has locked it exclusively") from None
            time.sleep(POLL)
        except OSError as error:
            raise DatabaseUnusable(f"the database can't be locked: {error.strerror}") from None
        else:
            return


def _state(path: Path | str) -> tuple[int, int, int] | None:
    try:
        seen = Path(path).stat()
    except FileNotFoundError:
        return None
    return seen.st_ino, seen.st_size, seen.st_mtime_ns
