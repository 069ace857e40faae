"""Copies of the database file, each whole or not there at all."""

import os
import sqlite3
from pathlib import Path

from arco_sched.core.errors import DatabaseUnusable, InvalidInput
from arco_sched.store.sqlite.faults import translating_errors


def back_up(database_path: Path | str, connection: sqlite3.Connection, path: Path, *, replace: bool) -> None:
    """A consistent copy at `path` of what a connection to the database sees."""
    if path.is_dir():
        raise DatabaseUnusable(f"{path} is a folder, not a file to write a backup to")
    if path.exists():
        if path.samefile(database_path):
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
        with translating_errors(part):
            copy = sqlite3.connect(part)
            try:
                connection.backup(copy)
            finally:
                copy.close()
        part.replace(path)
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            part.with_name(part.name + suffix).unlink(missing_ok=True)
