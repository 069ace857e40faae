"""A database's file as SQLite alone sees it, past the program: to read its rows, and to spoil them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from arco_sched.api import Workspace


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of its own, in which each statement is committed by itself; closed at the end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody else can write meanwhile."""
    with opened(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def sql(path: Path, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """What a statement does to the file, or says about it."""
    with opened(path) as connection:
        return connection.execute(statement, values).fetchall()


def spoil(path: Path, *statements: str) -> None:
    """Change the file against the schema's own rules where that is asked; raises `AssertionError` for no change."""
    with opened(path) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            changed = connection.execute(statement).rowcount
            assert changed != 0, f"nothing to spoil: {statement}"


def dump(path: Path) -> list[str]:
    """Everything in the file, but for its pragmas."""
    with opened(path) as connection:
        return list(connection.iterdump())


def path_of(workspace: Workspace) -> Path:
    """The file of a workspace."""
    return Path(workspace._store.path)
