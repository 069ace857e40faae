"""What SQLite's errors mean to a person."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager

from arco_sched.core.errors import DatabaseUnusable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Final

_BUSY: Final = "is busy: another process is writing"
_ADVICE: Final = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_PROTOCOL: _BUSY,
    sqlite3.SQLITE_NOTADB: "is not an arco database; nothing was changed",
    sqlite3.SQLITE_CORRUPT: "is damaged; restore a backup, or try sqlite3's .recover",
    sqlite3.SQLITE_FULL: "can't grow: the disk is full; nothing that was committed is lost",
    sqlite3.SQLITE_IOERR: "can't be read or written: the disk reports an error or is full",
    sqlite3.SQLITE_NOMEM: "can't be used: out of memory",
}

_RIGHTS: Final = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}


@contextmanager
def translating_errors(path: Path | str) -> Iterator[None]:
    """SQLite's errors come out as `DatabaseUnusable`, and the end of a statement by Ctrl-C as `KeyboardInterrupt`."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.InterfaceError):
        raise
    except sqlite3.Error as error:
        if is_interruption(error):
            raise KeyboardInterrupt from None
        code = getattr(error, "sqlite_errorcode", None)
        if code is not None and code & 0xFF in _RIGHTS:
            raise unwritable(path) from error
        advice = None if code is None else _ADVICE.get(code & 0xFF)
        if advice is None:
            raise _damaged(path, error) from error
        from arco_sched.core.problems import said

        raise DatabaseUnusable(
            said(f"the database {path} {advice}", hint="busy" if advice == _BUSY else None)
        ) from error
    except ValueError as error:  # a text that is no UTF-8, or no JSON
        if type(error).__name__ not in {"UnicodeDecodeError", "JSONDecodeError"}:
            raise
        raise _damaged(path, error) from error


def unwritable(path: Path | str) -> DatabaseUnusable:
    """The error of a database that this user may not write: which file it is, whose, and what to do."""
    from arco_sched.store.sqlite.rights import problem

    return DatabaseUnusable(f"the database {path} {problem(path)}")


def is_interruption(error: sqlite3.Error) -> bool:
    """Whether it was Ctrl-C that ended a statement."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT


def _damaged(path: Path | str, error: Exception) -> DatabaseUnusable:
    """The error for what no statement and no row of ours gives, so that the file must be other than we left it."""
    from arco_sched.core.problems import said

    why = " ".join(str(error).split())
    what = f"the database {path} is damaged, or was changed by other means ({why[:200]})"
    return DatabaseUnusable(said(what, hint="restore"))
