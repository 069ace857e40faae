"""Pin the schema: write its text and a small database under its version, for the tests of migrations.

    python -m tests.store.pin_schema

To be run once for each version, when it is released; a pinned version never changes afterwards.
"""

import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.fields import normal_content
from arco_sched.store.sqlite import APPLICATION_ID, SCHEMA_VERSION
from arco_sched.store.sqlite.script import schema

PINNED = Path(__file__).with_name("schemas")
START = 1_741_000_000


def small(path: Path) -> None:
    """A small database, with a row in every table."""
    with Workspace.create(path, "pinned") as workspace:
        workspace.create_schedule(
            "a", Definition(cron_expression="0 * * * *", request=normal_content(asset_selection=["x"])), now=START
        )
        workspace.create_schedule("b", Definition(cron_expression="*/5 * * * *", max_catchup_ticks=2), now=START)
        workspace.request_run(
            f"sched:a:{START - START % 3600 + 3600}", normal_content(asset_selection=["other"]), now=START + 1
        )
        workspace.evaluate(START + 3 * 3600)
        workspace.set_enabled("b", enabled=False, now=START + 3 * 3600, discard_waiting=True)
        workspace.trigger("a", now=START + 3 * 3600 + 7)
        workspace.evaluate(START + 40 * 3600)
        workspace.rewind(now=START + 30 * 3600)
        workspace.prune(before=START + 2 * 3600, now=START + 30 * 3600)
        workspace.delete_schedule("b", now=START + 31 * 3600)


def pin(folder: Path, version: int) -> None:
    """Write both files of a version."""
    (folder / f"v{version}.sql").write_text(schema())
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "arco.db"
        small(path)
        with closing(sqlite3.connect(path)) as connection:
            lines = [f"PRAGMA application_id = {APPLICATION_ID};", f"PRAGMA user_version = {version};"]
            (folder / f"v{version}.dump.sql").write_text("\n".join([*lines, *connection.iterdump()]) + "\n")


if __name__ == "__main__":
    PINNED.mkdir(exist_ok=True)
    pin(PINNED, SCHEMA_VERSION)
    sys.stdout.write(f"pinned schema {SCHEMA_VERSION}\n")
