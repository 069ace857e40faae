"""What the evaluator asks and records each time, due or not. Imports nothing: cron pays for it every minute."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3


def zone_rules(connection: sqlite3.Connection) -> str:
    """The tzdata release last recorded; empty, as none ever is, in a database that lacks the row."""
    row = connection.execute("SELECT zone_rules FROM workspace").fetchone()
    return "" if row is None else str(row[0])


def is_due(connection: sqlite3.Connection, now: int) -> bool:
    """Whether the evaluator must look at any schedule; one look into an index, however many schedules there are."""
    return connection.execute("SELECT 1 FROM agenda WHERE due_at <= ? LIMIT 1", (now,)).fetchone() is not None


def visit(connection: sqlite3.Connection, now: int) -> None:
    """Record the evaluator's visit."""
    connection.execute("UPDATE workspace SET visited_at = ?", (now,))
