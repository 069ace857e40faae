"""The first and the last seconds that can be said."""

from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.instants import MAX_INSTANT, MIN_INSTANT
from tests.database import path_of, sql

WIDE = {"max_catchup_ticks": 1000, "catchup_window_minutes": 1}


def is_right(workspace: Workspace) -> None:
    """It verifies, and no text says a year that there is not."""
    assert workspace.verify().differences == ()
    texts = [text for (text,) in sql(path_of(workspace), "SELECT payload FROM events")]
    assert not [text for text in texts if "10000-" in text or "0000-" in text]


@pytest.mark.parametrize("cron", ["* * * * * *", "* * * * *", "@every 7s"])
def test_the_end_of_9999(workspace: Workspace, cron: str) -> None:
    """A schedule that is accounted for through the end of time can be changed, paused, deleted and made anew."""
    definition, start = Definition(cron_expression=cron, **WIDE), MAX_INSTANT - 100
    for name in ("evaluated", "discarded", "untouched"):
        workspace.create_schedule(name, definition, now=start)
    workspace.evaluate(MAX_INSTANT, schedules=["evaluated"])
    workspace.discard("discarded", now=MAX_INSTANT)
    for name in ("evaluated", "discarded", "untouched"):
        for now in (MAX_INSTANT - 5, MAX_INSTANT):
            workspace.update_schedule(name, {"code_version": str(now)}, now=now)
            workspace.set_enabled(name, enabled=False, now=now)
            workspace.set_enabled(name, enabled=True, now=now, discard_waiting=True)
            workspace.delete_schedule(name, now=now)
            workspace.create_schedule(name, definition, now=now)
        workspace.trigger(name, now=MAX_INSTANT)
        workspace.why(name, MAX_INSTANT, now=MAX_INSTANT)
        assert workspace.schedule(name, now=MAX_INSTANT).waiting == 0
    is_right(workspace)
    workspace.rewind(now=MAX_INSTANT - 90)
    is_right(workspace)
    workspace.evaluate(MAX_INSTANT)
    assert workspace.evaluate(MAX_INSTANT).evaluated == 0
    is_right(workspace)


def test_from_the_year_1(tmp_path: Path) -> None:
    """A start in the first second there is."""
    with Workspace.create(tmp_path / "arco.db") as workspace:
        for name, cron in (("seconds", "* * * * * *"), ("minutes", "* * * * *")):
            workspace.create_schedule(
                name, Definition(cron_expression=cron, **WIDE), now=MIN_INSTANT, start_at=MIN_INSTANT
            )
        workspace.evaluate(MIN_INSTANT + 100)
        workspace.discard("minutes", now=MIN_INSTANT + 200)
        workspace.set_enabled("minutes", enabled=False, now=MIN_INSTANT)
        is_right(workspace)
        workspace.evaluate(MIN_INSTANT + 300)
        is_right(workspace)
