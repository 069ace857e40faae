"""The adapters behind the ports: the one place that chooses a store for a path."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from arco_sched.core.ports import Store


def open_store(path: str | Path, *, busy_timeout: float | None = None) -> Store:
    """The store of an existing database; raises `DatabaseUnusable` if there is none or it can't be used.

    `busy_timeout` is how many seconds to wait for another writer (60).
    """
    from arco_sched.store.sqlite.opening import open_database

    return open_database(path) if busy_timeout is None else open_database(path, busy_timeout=busy_timeout)


def ask_store(path: str | Path, *, busy_timeout: float | None = None) -> Store:
    """The store of an existing database, read-only, for anyone who can read the file."""
    from arco_sched.store.sqlite.reading import ask_database

    return ask_database(path) if busy_timeout is None else ask_database(path, busy_timeout=busy_timeout)


def visit_alone(path: str | Path, now: int) -> bool:
    """Whether nothing was due at `now` in a database that no one else has open; if so, the visit is recorded.

    If not, nothing was changed, and `open_store` raises the error if there is one.
    """
    from arco_sched.core.zone_rules import tzdata_release
    from arco_sched.store.sqlite import visit

    return visit.visit_alone(path, now, tzdata_release())


def create_store(path: Path, workspace: str, *, busy_timeout: float | None = None) -> tuple[Store, bool]:
    """The store of a database, created with this workspace name if there is none, and whether it was created."""
    from arco_sched.core.zone_rules import tzdata_release
    from arco_sched.store.sqlite.database import BUSY_TIMEOUT
    from arco_sched.store.sqlite.opening import create_database

    patience = BUSY_TIMEOUT if busy_timeout is None else busy_timeout
    return create_database(path, workspace=workspace, zone_rules=tzdata_release(), busy_timeout=patience)
