"""`Workspace.apply`: definitions that no file held."""

from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import (
    Definition,
    RequestContent,
    Wanted,
)
from arco_sched.core.errors import InvalidFields


def test_python_users_are_told_every_problem_too(path: Path) -> None:
    """`Workspace.apply` judges definitions that no file held, and an id that is wanted twice; nothing is done."""
    with Workspace.create(path) as workspace:
        wanted = [
            Wanted("a", Definition(cron_expression="@daily")),
            Wanted("b", Definition(cron_expression="61 * * * *", timezone="Mars/X", max_catchup_ticks=0)),
            Wanted("a", Definition(cron_expression="@hourly")),
        ]
        with pytest.raises(InvalidFields) as raised:
            workspace.apply(wanted, now=0)
        assert [(schedule_id, field) for schedule_id, field, _ in raised.value.found] == [
            ("b", "cron_expression"),
            ("b", "timezone"),
            ("b", "max_catchup_ticks"),
            ("a", "schedule_id"),
        ]
        assert workspace.schedules() == []
        same = workspace.apply(
            [
                Wanted(
                    "a", Definition(cron_expression=" @daily", request=RequestContent(asset_selection=("y", "x", "y")))
                )
            ],
            now=0,
        )
        assert same.changes[0].version.definition.request.asset_selection == ("x", "y")
