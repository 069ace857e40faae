"""Bringing a database of an older schema forward, with a copy of it kept aside.

To change the schema: edit schema.sql, add the script that makes the change to `STEPS`, raise `SCHEMA_VERSION` by one,
and pin the new version with `python -m tests.store.pin_schema`. Tables that verify compares must come out as schema.sql
has them; a step must not lose an event.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from arco_sched.store.sqlite.database import Database, statements

STEPS: Final[Sequence[str]] = ()
"""Script by script, from schema 1 to 2, from 2 to 3, and so on."""


def bring_forward(database: Database, steps: Sequence[str] = STEPS) -> Path | None:
    """Bring the database to the schema behind the last of `steps`, in one transaction; returns the copy of what it was,
    or None where another process was first.

    The copy is `FILE.vN-backup` for schema N, and is there before anything changes. Cut short at any moment, the
    database is as it was. Raises `DatabaseUnusable`, also when the copy can't be written.
    """
    target = 1 + len(steps)
    with database.write() as connection:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version >= target:
            return None
        kept = Path(f"{database.path}.v{version}-backup")
        # Through a connection of its own, since one that writes can't be copied; nobody else writes meanwhile. A copy
        # that is there was left by an attempt that was cut short, and what it holds is older.
        with database.another() as reader:
            reader.backup(kept, replace=True)
        for number, script in enumerate(steps[version - 1 :], version + 1):
            for statement in statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        return kept
