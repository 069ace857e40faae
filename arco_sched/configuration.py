"""Which adapters stand behind the ports: the one place that chooses a store by what names it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from arco_sched.core.ports import Store


def open_store(path: str | Path, *, busy_timeout: float | None = None) -> Store:
    """The store of an existing database; raises `DatabaseUnusable` when there is none or it can't be used.

    `busy_timeout` is how many seconds to wait for another writer (60).
    """
    from arco_sched.store.sqlite.opening import open_database

    return open_database(path) if busy_timeout is None else open_database(path, busy_timeout=busy_timeout)


def ask_store(path: str | Path, *, busy_timeout: float | None = None) -> Store:
    """The store of an existing database for questions alone, of whoever may read it: nothing is changed by asking."""
    from arco_sched.store.sqlite.reading import ask_database

    return ask_database(path) if busy_timeout is None else ask_database(path, busy_timeout=busy_timeout)


def visit_alone(path: str | Path, now: int) -> bool:
    """Whether nothing was due at `now` in a database that nobody else has open, and the visit is recorded.

    If not, nothing was changed, and `open_store` leads to whatever the reason is.
    """
    from arco_sched.core.zone_rules import tzdata_release
    from arco_sched.store.sqlite import visit

    return visit.visit_alone(path, now, tzdata_release())


def create_store(path: Path, workspace: str, *, busy_timeout: float | None = None) -> tuple[Store, bool]:
    """The store of a database that exists afterwards, and whether this call made it, of a workspace of that name."""
    from arco_sched.core.zone_rules import tzdata_release
    from arco_sched.store.sqlite.database import BUSY_TIMEOUT
    from arco_sched.store.sqlite.opening import create_database

    patience = BUSY_TIMEOUT if busy_timeout is None else busy_timeout
    return create_database(path, workspace=workspace, zone_rules=tzdata_release(), busy_timeout=patience)
