"""Copies of the database file, each written completely or not at all; and rewriting the file without its free space."""

import os
import sqlite3
from pathlib import Path

from arco_sched.core.errors import DatabaseUnusable, InvalidInput
from arco_sched.core.ports import Compaction
from arco_sched.core.problems import said
from arco_sched.store.sqlite.faults import translating_errors


def back_up(database_path: Path | str, connection: sqlite3.Connection, path: Path, *, replace: bool) -> None:
    """A consistent copy at `path` of what a connection to the database sees; a link stays, the copy lies behind it."""
    target = Path(os.path.realpath(path))
    _check(Path(database_path), path, target, replace=replace)
    part = target.with_name(f"{target.name[:200]}.part-{os.getpid()}")
    try:
        _remove(part)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise DatabaseUnusable(f"can't write the backup {path}: {error.strerror}") from None
    try:
        with translating_errors(path):
            copy = sqlite3.connect(part)
            try:
                connection.backup(copy)
            finally:
                copy.close()
        part.replace(target)
    finally:
        _remove(part)


def _check(database_path: Path, path: Path, target: Path, *, replace: bool) -> None:
    """Refuse what must not be replaced by a copy."""
    if target.is_dir():
        raise InvalidInput(f"{path} is a folder: name a file for the backup")
    if target.is_symlink():
        raise InvalidInput(f"{path} is a symbolic link that leads back to itself")
    if path.exists():
        if not target.is_file():
            raise InvalidInput(f"{path} is a device, a pipe or a socket: a backup needs a regular file")
        if path.samefile(database_path):
            raise InvalidInput(f"{path} is the database itself: name another file for the backup")
        if not replace:
            raise DatabaseUnusable(said(f"{path} already exists", hint="replace"))
    for log in (target.with_name(f"{target.name}-wal"), target.with_name(f"{target.name}-journal")):
        if log.exists():  # SQLite would take it for a part of the copy
            raise DatabaseUnusable(f"{log} exists, so {path} is a database in use: name another file")


def _remove(part: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        part.with_name(part.name + suffix).unlink(missing_ok=True)


def compact(connection: sqlite3.Connection, path: Path | str) -> Compaction:
    """Rewrite a database without the space that is free in it, through its log: cut short, nothing has happened."""
    before = Path(path).stat().st_size
    connection.execute("VACUUM")
    blocked, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return Compaction(before, Path(path).stat().st_size, bool(blocked))
