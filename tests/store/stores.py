"""The stores that keep the promises of `arco_sched.core.ports`, each as what a test needs of it.

A new store adds a row to `STORES`, and the whole suite (`tests/store/test_conformance*.py`) is about it as well.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from arco_sched.core.ports import Store
from arco_sched.core.zone_rules import tzdata_release
from arco_sched.store.sqlite.opening import create_database, open_database


class Opener(Protocol):
    """Opens the store at a path again, in a connection of its own."""

    def __call__(self, path: Path, *, busy_timeout: float = ...) -> Store:
        """`busy_timeout` is how many seconds a writer waits for another."""


class Statements:
    """How many statements a store was given since `reset`; one for many rows counts once."""

    def __init__(self) -> None:
        self.count = 0

    def reset(self) -> None:
        """Begin again."""
        self.count = 0


class Kind(NamedTuple):
    """A kind of store: how to make a new one, how to open it again, and how to count its statements."""

    name: str
    create: Callable[[Path, str, str], Store]
    """(path, name of the workspace, zone rules)"""
    open: Opener
    counting: Callable[[Path, Statements], Store]

    def new(self, path: Path) -> Store:
        """A new store with the name and the zone rules that tests use."""
        return self.create(path, "test", tzdata_release())

    @contextmanager
    def also(self, path: Path) -> Iterator[Store]:
        """Another connection to the store at a path."""
        store = self.open(path)
        try:
            yield store
        finally:
            store.close()


def _create_sqlite(path: Path, workspace: str, zone_rules: str) -> Store:
    return create_database(path, workspace=workspace, zone_rules=zone_rules)[0]


def _counting_sqlite(path: Path, statements: Statements) -> Store:
    class Counting(sqlite3.Connection):
        def execute(self, *arguments: Any) -> sqlite3.Cursor:
            statements.count += 1
            return super().execute(*arguments)

        def executemany(self, *arguments: Any) -> sqlite3.Cursor:
            statements.count += 1
            return super().executemany(*arguments)

    return open_database(path, factory=Counting)


SQLITE = Kind("sqlite", _create_sqlite, open_database, _counting_sqlite)

STORES = (SQLITE,)
"""Every store there is."""

BY_NAME = {kind.name: kind for kind in STORES}


def differences(store: Store) -> list[object]:
    """How the tables of a store differ from the fold of all its events."""
    with store.audit() as audit:
        audit.fold_all_again(lambda _done, _total: None)
        return list(audit.row_differences())
