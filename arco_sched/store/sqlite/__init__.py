"""One SQLite file as a store: what its files are. Imports next to nothing: cron pays for it every minute."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Final

APPLICATION_ID: Final = 0x6172636F
"""`arco` in ASCII: it distinguishes our files from other SQLite files (and `file(1)` can show it)."""

SCHEMA_VERSION: Final = 3
"""The version of the schema; `arco_sched.store.sqlite.migrations` says how to change it."""


def uri(path: Path | str, how: str = "mode=rw") -> str:
    """How SQLite is told to open a file that exists: one that vanished since is not made anew, empty."""
    escaped = os.path.join(os.getcwd(), path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file://{escaped}?{how}"


def may_write(path: Path | str) -> bool:
    """Whether this user may write the database, and what SQLite makes beside it.

    Whoever may not must not even open it to write: SQLite would make files beside it that its owner may not write.
    """
    real = os.path.realpath(path)
    return (
        os.access(real, os.W_OK)
        and os.access(os.path.dirname(real), os.W_OK | os.X_OK)
        and all(os.access(log, os.W_OK) or not os.path.exists(log) for log in (f"{real}-wal", f"{real}-shm"))
    )
