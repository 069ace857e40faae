"""One SQLite file as a store: its connection, and the transactions on it.

A tick that finds nothing due needs this module and next to nothing else, so `pathlib` and `typing`, which take longer
to import than all the rest of such a tick, are left to the type checker and to the rarer ways through here.
"""

from __future__ import annotations

import os
import sqlite3
import time
from _thread import get_ident
from contextlib import contextmanager

from arco_sched.core.errors import InvalidInput
from arco_sched.store.sqlite import uri
from arco_sched.store.sqlite.faults import translating_errors
from arco_sched.store.sqlite.transaction import Transaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Final

    from arco_sched.core.history import Signature
    from arco_sched.core.ports import Compaction
    from arco_sched.store.sqlite.audit import Audit

BUSY_TIMEOUT: Final = 60.0
"""Seconds to wait for another writer before giving up; an evaluation writes in batches of a fraction of a second."""

POLL: Final = 0.004
"""Seconds between two tries of a writer that waits. SQLite's own waiting sleeps up to 0.1 s, and would miss the moments
between the transactions of a long evaluation for as long as that takes."""


class Database:
    """One connection to one database file (`arco_sched.core.ports.Store`).

    `read` and `write` open a transaction each. SQLite's own errors come out as `DatabaseUnusable`.
    """

    def __init__(self, path: Path | str, connection: sqlite3.Connection, busy_timeout: float = BUSY_TIMEOUT) -> None:
        self.path = path
        self._connection = connection
        self._busy_timeout = busy_timeout
        self._owner = (os.getpid(), get_ident())
        self._is_open = True
        self.has_changed = False
        self.signature: Signature | None = None
        self.brought_forward: tuple[int, int, str] | None = None

    def close(self) -> None:
        """Close the connection; a second time does nothing."""
        if self._is_open:
            self._check_idle()
            self._is_open = False
            self._connection.close()

    def _check(self) -> None:
        if not self._is_open:
            raise InvalidInput("this workspace is closed: open it again")
        self._check_owner()

    def _check_owner(self) -> None:
        process, thread = self._owner
        if os.getpid() != process:  # SQLite's connections don't survive a fork
            raise InvalidInput("a workspace belongs to the process that opened it: open one after the fork")
        if get_ident() != thread:
            raise InvalidInput("a workspace belongs to the thread that opened it: open one in each thread")

    def _check_idle(self) -> None:
        self._check()
        if self._connection.in_transaction:  # a callback of a call (`refuse` of `apply`, `progress` of `verify`)
            raise InvalidInput("this workspace is in the middle of a call: a callback may only read")

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that sees one state of the database throughout, and writes nothing."""
        self._check()
        with translating_errors(self.path):
            if self._connection.in_transaction:  # a page that is read while rows of an outer one are still iterated
                yield Transaction(self._connection)
                return
            try:
                self._connection.execute("BEGIN")
                yield Transaction(self._connection)
            finally:
                _roll_back(self._connection)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that nobody else writes beside; it is committed at the end, and undone on any exception."""
        self._check_idle()
        with translating_errors(self.path):
            try:
                self._begin_writing()
                before = self._connection.total_changes
                yield Transaction(self._connection, self.signature)
                self._connection.execute("COMMIT")
                self.has_changed |= self._connection.total_changes > before
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

    def changes(self) -> int:
        """A number that changes when another connection commits."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def journal(self) -> str | None:
        """The write-ahead log; it stays as long as a connection is open."""
        return f"{os.path.realpath(self.path)}-wal"

    def schema_version(self) -> int:
        """The version of the schema; it rises when a newer arco migrates the database."""
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    @staticmethod
    def yield_to_writers() -> None:
        """Pause between two of many transactions, so that whoever waits to write comes in between."""
        time.sleep(1.5 * POLL)

    def compact(self) -> Compaction:
        """Give the space of what was removed back; see the port."""
        from arco_sched.store.sqlite.copies import compact

        self._check_idle()
        with translating_errors(self.path):
            done = compact(self._connection, self.path)
        self.has_changed = True
        return done

    def backup(self, path: Path, *, replace: bool) -> None:
        """A consistent copy at `path`, whole or not there at all; see `Workspace.backup`."""
        from arco_sched.store.sqlite.copies import back_up

        self._check_idle()
        back_up(self.path, self._connection, path, replace=replace)

    @contextmanager
    def integrity(self) -> Iterator[Callable[[], list[str]]]:
        """SQLite's own integrity check, beside what is done within the block; the call waits for what it says."""
        from arco_sched.store.sqlite.integrity import integrity

        self._check()
        with integrity(self) as answer:
            yield answer

    @contextmanager
    def audit(self) -> Iterator[Audit]:
        """What `arco verify` asks, in a transaction that sees one state of the database; Ctrl-C ends a statement."""
        from arco_sched.store.sqlite.audit import Audit, one_state
        from arco_sched.store.sqlite.integrity import interruptible

        self._check_idle()
        with translating_errors(self.path), interruptible(self._connection), one_state(self._connection):
            yield Audit(self._connection)

    @contextmanager
    def another(self) -> Iterator[Database]:
        """Another connection to the same file."""
        with translating_errors(self.path):
            another = Database(self.path, connect(self.path, self._busy_timeout), self._busy_timeout)
            try:
                yield another
            finally:
                another.close()

    def ask(self, question: Callable[[sqlite3.Connection], list[str]]) -> list[str]:
        """The answer to a question that begins its own transaction, or needs none."""
        with translating_errors(self.path):
            return question(self._connection)


def connect(
    path: Path | str, busy_timeout: float, factory: type[sqlite3.Connection] = sqlite3.Connection
) -> sqlite3.Connection:
    """A connection to a file that exists; `factory` is its class."""
    connection = sqlite3.connect(uri(path), uri=True, timeout=busy_timeout, isolation_level=None, factory=factory)
    # WAL and FULL: a commit that was reported is on the disk.
    try:
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # not after a commit, nor where SQLite rolled back by itself
        connection.execute("ROLLBACK")
