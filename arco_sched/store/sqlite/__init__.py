"""One SQLite file as a store: what its files are. Imports next to nothing: cron pays for it every minute."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Final

APPLICATION_ID: Final = 0x6172636F
"""`arco` in ASCII: what tells our files from other SQLite files (and `file(1)` can show)."""

SCHEMA_VERSION: Final = 3
"""The version of the schema; `arco_sched.store.sqlite.migrations` says how to change it."""


def uri(path: Path | str) -> str:
    """How SQLite is told to open a file that exists: one that vanished since is not made anew, empty."""
    escaped = os.path.join(os.getcwd(), path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file://{escaped}?mode=rw"
