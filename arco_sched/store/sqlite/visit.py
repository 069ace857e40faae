"""The evaluator's visit where nothing is due and nobody else has the database open, as it is most minutes.

What cron starts every minute is done here, without the rest of the store, and without waiting for the disk.
"""

from __future__ import annotations

import os
import sqlite3

from arco_sched.store.sqlite import APPLICATION_ID, SCHEMA_VERSION, may_write, uri

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Final

_SMALLEST: Final = 1 << 23
_LARGER: Final = 1 << 31
"""Between the two an integer takes four bytes in a row, from the second on six."""

_VISIT: Final = f"""
UPDATE workspace SET visited_at = :now
WHERE zone_rules = :zone_rules AND visited_at >= {_SMALLEST} AND (visited_at < {_LARGER}) = (:now < {_LARGER})
    AND NOT EXISTS (SELECT 1 FROM agenda WHERE due_at <= :now) AND NOT EXISTS (SELECT 1 FROM agenda_elsewhere)
"""


def visit_alone(path: Path | str, now: int, zone_rules: str) -> bool:
    """Record the evaluator's visit at `now`, if no schedule is due, the zone rules last recorded are `zone_rules`, and
    nobody else has the database open; returns whether it was done.

    If not, nothing was changed and nothing is said of the reason: whoever goes on finds it, a database that can't be
    used as well. A machine that fails in the next seconds may forget the visit, and nothing else.
    """
    # Five syncs of the disk are what a commit and closing the file would take otherwise, more than all the rest. They
    # can be left out since nothing that must last is at stake: the exclusive lock and the empty log say that all that
    # others committed is synced in the file, and this writes one page, in which no bytes but the four (or six) of the
    # instant become others. So whatever part of it reaches the disk, the page is sound, the visit older or newer. The
    # next who commits makes a log of its own and syncs it, with the folder, before anything else.
    connection = None
    try:
        path = os.path.realpath(path)
        log = path + "-wal"
        if now < _SMALLEST or os.path.exists(log) or not may_write(path):
            return False
        connection = sqlite3.connect(uri(path), uri=True, timeout=0, isolation_level=None)
        execute = connection.execute
        execute("PRAGMA locking_mode = EXCLUSIVE")
        execute("PRAGMA synchronous = FULL")
        if (
            execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID
            or execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION
            or os.stat(log).st_size  # left by a process that was killed; no log at all: not the mode that we set
        ):
            return False
        execute("PRAGMA synchronous = OFF")
        return execute(_VISIT, {"now": now, "zone_rules": zone_rules}).rowcount == 1
    except (sqlite3.Error, OSError):
        return False
    finally:
        if connection is not None:
            connection.close()
