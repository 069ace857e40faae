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
from arco_sched.core.policy import Policy
from arco_sched.core.run_subjects import Worker
from arco_sched.service import life
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
        _execute(workspace)


def _execute(workspace: Workspace) -> None:
    """A run with a policy, whose first attempt failed and whose second is open; one that waits; a pool and a worker."""
    now, store = START + 31 * 3600, workspace._store
    command = normal_content(command="true", working_directory="/", environment={"A": "1"}, resources={"cpus": 2})
    policy = Policy(max_retries=2, retry_delay_seconds=0, pool="heavy")
    definition = Definition(cron_expression="@yearly", request=command, policy=policy)
    workspace.create_schedule("c", definition, now=now)
    run = workspace.trigger("c", now=now).run
    workspace.request_run("by-hand", command, now=now, policy=Policy(timeout_seconds=60))
    skipped = workspace.request_run("not-wanted", command, now=now).run
    life.set_pool(store, "heavy", 2, now=now)
    life.start(store, run.run_id, external_id="job-1", now=now)
    life.finish(store, run.run_id, attempt=1, exit_code=1, message="no", now=now + 5)
    life.start(store, run.run_id, external_id="job-2", now=now + 6)
    life.skip(store, [skipped.run_id], now=now + 7)
    with store.write() as transaction:
        transaction.queue.set_store_id("0" * 32)
        transaction.queue.see(Worker("host:1:1", "host", 1, "local", ("default",), 2, now))


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
