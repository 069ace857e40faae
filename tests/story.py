"""A database in which everything has happened that can happen, for tests that damage, copy and migrate it."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.errors import Conflict
from arco_sched.core.fields import normal_content
from arco_sched.core.instants import parse_instant
from arco_sched.service.schedules import record
from arco_sched.store.sqlite.opening import create_database

START = parse_instant("2025-03-03T00:00:00Z")
MINUTE, HOUR, DAY = 60, 3600, 86_400
END = START + 12 * DAY
"""The clock when the story is over."""


def tell(path: Path) -> None:
    """Make the database at `path` and let everything happen in it."""
    # Made with other zone rules than those that are installed: the first evaluation finds that out.
    database, _ = create_database(path, workspace="trust", zone_rules="1970a")
    with Workspace(database) as workspace:
        happen(workspace)


def happen(workspace: Workspace) -> None:
    """Let everything happen in a new database."""
    _define(workspace)
    _evaluate(workspace)
    _lose_a_zone(workspace)
    _run_ahead(workspace)
    _look_back(workspace)


def _define(workspace: Workspace) -> None:
    report = normal_content(
        asset_selection=["raw", "clean"],
        partition_selection=["eu"],
        command="make 'report' # ü",
        labels={"team": "data"},
    )
    definitions = {
        "oldest": Definition(
            cron_expression="*/10 * * * *", catchup_window_minutes=300, max_catchup_ticks=12, request=report
        ),
        "latest": Definition(
            cron_expression="*/15 * * * *", catchup_policy="latest", max_catchup_ticks=3, code_version="v1"
        ),
        "paused": Definition(cron_expression="0 * * * *", timezone="Asia/Kolkata", max_catchup_ticks=500),
        "appointed": Definition(
            cron_expression="30 2 * * *", timezone="America/New_York", dst_overlap="both", dst_gap="next"
        ),
        "ended": Definition(cron_expression="0 6 * * *", end_at=START + 3 * DAY, max_catchup_ticks=100),
        "lost": Definition(cron_expression="5 * * * *", max_catchup_ticks=400, catchup_window_minutes=6000),
    }
    for name, definition in definitions.items():
        workspace.create_schedule(name, definition, now=START)
    workspace.create_schedule("later", Definition(cron_expression="0 0 1 * *"), now=START, start_at=START + 60 * DAY)


def _evaluate(workspace: Workspace) -> None:
    # Somebody reserves a run key before its tick, for another content; and one key for two contents by hand.
    workspace.request_run(f"sched:oldest:{START + HOUR}", normal_content(asset_selection=["other"]), now=START + 5)
    workspace.request_run("by-hand", normal_content(asset_selection=["x"]), now=START + 6)
    with suppress(Conflict):
        workspace.request_run("by-hand", normal_content(asset_selection=["y"]), now=START + 7)
    workspace.evaluate(START + 2 * HOUR)
    workspace.evaluate(START + 2 * HOUR)
    workspace.trigger("oldest", now=START + 2 * HOUR + 30)
    workspace.set_enabled("paused", enabled=False, now=START + 3 * HOUR)
    workspace.update_schedule("oldest", {"cron_expression": "*/20 * * * *"}, now=START + 4 * HOUR)
    workspace.evaluate(START + 6 * HOUR)
    workspace.set_enabled("paused", enabled=True, now=START + 7 * HOUR)
    workspace.evaluate(START + DAY)  # a window lapse, a superseded one, paused ticks
    workspace.update_schedule(
        "latest", {"asset_selection": ("z",)}, now=START + DAY + 5 * HOUR + 1, discard_waiting=True
    )
    workspace.discard("paused", now=START + DAY + 6 * HOUR)
    workspace.delete_schedule("paused", now=START + DAY + 8 * HOUR)
    workspace.evaluate(START + DAY + 9 * HOUR)
    workspace.create_schedule("paused", Definition(cron_expression="30 * * * *"), now=START + DAY + 10 * HOUR)
    workspace.evaluate(START + DAY + 12 * HOUR, batch=2)


def _lose_a_zone(workspace: Workspace) -> None:
    lose(workspace, "lost", START + DAY + 13 * HOUR)
    workspace.evaluate(START + DAY + 14 * HOUR)
    workspace.evaluate(START + DAY + 15 * HOUR)
    workspace.update_schedule("lost", {"timezone": "UTC"}, now=START + DAY + 16 * HOUR)
    workspace.evaluate(START + 2 * DAY)


def lose(workspace: Workspace, schedule_id: str, now: int) -> None:
    """A new version whose zone the installation lacks, as if it had been defined under other zone rules."""
    with workspace._store.write() as transaction:
        current = transaction.definitions.currents([schedule_id])[schedule_id]
        newest = current.version
        elsewhere = replace(
            newest,
            definition_version=newest.definition_version + 1,
            definition=replace(newest.definition, timezone="Atlantis/Poseidonis"),
            created_at=now,
            effective_from=max(now, current.cursor + 1),
        )
        record(transaction, [elsewhere])


def _run_ahead(workspace: Workspace) -> None:
    workspace.evaluate(START + 9 * DAY)  # the clock is wrong by a week
    workspace.update_schedule("oldest", {"max_catchup_ticks": 20}, now=START + 2 * DAY + HOUR)
    workspace.set_enabled("appointed", enabled=False, now=START + 2 * DAY + HOUR)
    workspace.rewind(now=START + 2 * DAY + 2 * HOUR)
    for hours in range(3, 24 * 9, 7):  # through the clock change of New York on 9 March
        workspace.evaluate(START + 2 * DAY + hours * HOUR)
        if hours == 24:
            workspace.set_enabled("appointed", enabled=True, now=START + 2 * DAY + 24 * HOUR)


def _look_back(workspace: Workspace) -> None:
    workspace.backfill("latest", start=START - DAY, stop=START + 8 * HOUR, now=START + 11 * DAY, limit=20)
    workspace.prune(before=START + 5 * HOUR, now=START + 11 * DAY)
    workspace.backfill("latest", start=START + 2 * DAY, stop=START + 3 * DAY, now=START + 11 * DAY, limit=10)
    workspace.trigger("appointed", now=START + 11 * DAY + 5)
    workspace.evaluate(START + 11 * DAY + HOUR)
    lose(workspace, "ended", START + 11 * DAY + 2 * HOUR)
    lose(workspace, "latest", START + 11 * DAY + 2 * HOUR)
    workspace.evaluate(END)
