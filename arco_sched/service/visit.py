"""The evaluation that finds nothing to do, as most do: the first step of every evaluation, and often the only one."""

from __future__ import annotations

from arco_sched.core.zone_rules import tzdata_release
from arco_sched.store.sqlite.agenda import is_due, visit, zone_rules
from arco_sched.store.sqlite.database import BUSY_TIMEOUT, Database

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


def nothing_due(connection: sqlite3.Connection, now: int) -> bool:
    """Whether no schedule is due at `now` and the zone rules are those last recorded.

    If so, the evaluator's visit is recorded and the evaluation is done; else nothing is changed.
    """
    if zone_rules(connection) != tzdata_release() or is_due(connection, now):
        return False
    visit(connection, now)
    return True


def nothing_due_in(path: Path | str, now: int, *, busy_timeout: float = BUSY_TIMEOUT) -> bool:
    """`nothing_due` of the database at `path`; raises `DatabaseUnusable` as `Workspace.open` does."""
    database = Database.open(path, busy_timeout=busy_timeout)
    try:
        with database.write() as connection:
            return nothing_due(connection, now)
    finally:
        database.close()
