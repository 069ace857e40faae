"""A history with a bit of everything, for questions about it; `tests.story` has all that there is."""

from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.errors import Conflict
from arco_sched.core.fields import normal_content
from arco_sched.core.instants import parse_instant
from tests.database import sql

DAY = parse_instant("2025-03-04T00:00:00Z")


def busy_history(workspace: Workspace, path: Path) -> None:
    """A bit of everything: versions, ticks of all kinds, lapses of all reasons but one, runs, conflicts."""
    content = normal_content(asset_selection=["x"], labels={"a": "b"})
    workspace.create_schedule("a", Definition(cron_expression="*/10 * * * *", request=content), now=DAY)
    workspace.request_run(f"sched:a:{DAY + 600}", normal_content(asset_selection=["other"]), now=DAY)
    workspace.create_schedule(
        "b", Definition(cron_expression="* * * * *", max_catchup_ticks=2, catchup_policy="latest"), now=DAY
    )
    workspace.create_schedule(
        "c", Definition(cron_expression="* * * * *", catchup_window_minutes=5), now=DAY, enabled=False
    )
    workspace.evaluate(DAY + 1800)
    workspace.trigger("a", now=DAY + 1800)
    workspace.request_run("free", content, now=DAY + 1800)
    with pytest.raises(Conflict):
        workspace.request_run("free", normal_content(command="x"), now=DAY + 1801)
    workspace.set_enabled("c", enabled=True, now=DAY + 3000, discard_waiting=True)
    workspace.delete_schedule("b", now=DAY + 3600)
    sql(path, "UPDATE definition_rows SET timezone = 'No/Where' WHERE schedule = 1")
    workspace.evaluate(DAY + 7200)
    sql(path, "UPDATE workspace SET zone_rules = '2001a'")
    workspace.evaluate(DAY + 7260)
