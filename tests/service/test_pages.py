"""Lists: pages, filters, and questions that are refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.errors import ArcoError, InvalidInput
from arco_sched.core.instants import parse_instant
from arco_sched.service.lists import Page
from tests.busy import busy_history
from tests.database import sql
from tests.service.answers import after_page, all_rows

DAY = parse_instant("2025-03-04T00:00:00Z")


@pytest.mark.parametrize("limit", [1, 2, 5, 1000])
def test_pages_neither_repeat_nor_drop(workspace: Workspace, path: Path, limit: int) -> None:
    """Pages of every list, with every filter, give each row once, in order, while rows are added on both sides."""
    busy_history(workspace, path)
    workspace.trigger("c", now=DAY + 600)  # a manual tick at the instant of a scheduled one
    workspace.trigger("a", now=DAY + 600)
    lists: list[tuple[Callable[..., Page[Any]], list[dict[str, Any]]]] = [
        (
            workspace.ticks,
            [
                {},
                {"schedule_id": "a"},
                {"status": "skipped"},
                {"status": "failed"},
                {"status": "triggered", "schedule_id": "c"},
                {"since": DAY + 600, "until": DAY + 1800},
                {"schedule_id": "a", "since": DAY + 600, "status": "triggered"},
            ],
        ),
        (workspace.runs, [{}, {"schedule_id": "a"}, {"status": "requested"}, {"since": DAY + 1, "until": DAY + 1801}]),
        (workspace.lapses, [{}, {"schedule_id": "c"}, {"reason": "window"}, {"since": DAY + 600, "until": DAY + 1200}]),
        (
            lambda **page: after_page(workspace, **page),
            [
                {},
                *({"type_": name} for (name,) in sql(path, "SELECT DISTINCT type FROM events")),
                {"schedule_id": "b"},
                {"schedule_id": "c", "type_": "ScheduleTicked"},
                {"schedule_id": "a", "type_": "RunRequested"},
                {"schedule_id": "c", "type_": "OccurrencesLapsed"},
            ],
        ),
    ]
    for read, filters in lists:
        for chosen in filters:
            whole = list(read(limit=10_000, cursor=None, **chosen).rows)
            assert list(all_rows(lambda read=read, chosen=chosen, **page: read(**page, **chosen), limit)) == whole
            assert whole


def test_pages_while_rows_are_added(workspace: Workspace) -> None:
    """What is added between two pages, newer or older, neither repeats nor drops another row."""
    workspace.create_schedule("a", Definition(cron_expression="* * * * *", max_catchup_ticks=10), now=DAY)
    workspace.create_schedule("b", Definition(cron_expression="* * * * *", max_catchup_ticks=1), now=DAY)
    workspace.evaluate(DAY + 600)
    before = {tick.tick_id for tick in workspace.ticks().rows}
    pages: list[str] = []
    for number, tick in enumerate(all_rows(workspace.ticks, 2)):
        pages.append(tick.tick_id)
        workspace.evaluate(DAY + 660 + number)  # newer ticks of a, older ones of b
    assert len(pages) == len(set(pages))
    assert before <= set(pages)
    runs = [run.run_id for run in workspace.runs(limit=10_000).rows]
    paged = []
    for number, run in enumerate(all_rows(workspace.runs, 3)):
        paged.append(run.run_id)
        workspace.trigger("a", now=DAY + 9000 + number)
    assert paged == runs


def test_filters_choose(workspace: Workspace, path: Path) -> None:
    """Each filter gives exactly the rows that it names, in the order of the list."""
    busy_history(workspace, path)
    ticks = workspace.ticks(limit=10_000).rows
    assert list(ticks) == sorted(ticks, key=lambda tick: (tick.scheduled_for, tick.tick_id), reverse=True)
    for status in ("triggered", "skipped", "failed"):
        assert workspace.ticks(status=status, limit=10_000).rows == tuple(it for it in ticks if it.status == status)
    since, until = DAY + 600, DAY + 1800
    assert workspace.ticks(since=since, until=until, limit=10_000).rows == tuple(
        it for it in ticks if since <= it.scheduled_for < until
    )
    lapses = workspace.lapses(limit=10_000).rows
    assert workspace.lapses(since=since, until=until, limit=10_000).rows == tuple(
        it for it in lapses if it.before > since and it.after + 1 < until
    )
    events = workspace.events(limit=10_000).rows
    for type_ in {event.type for event in events}:
        chosen = tuple(event for event in events if event.type == type_)
        assert workspace.events(type_=type_, limit=10_000).rows == chosen
        for name in ("a", "b", "c"):
            own = tuple(event for event in chosen if event.schedule_id == name)
            assert workspace.events(type_=type_, schedule_id=name, limit=10_000).rows == own


@pytest.mark.parametrize(
    "ask",
    [
        lambda workspace: workspace.ticks(status="bogus"),
        lambda workspace: workspace.events(type_="bogus"),
        lambda workspace: workspace.lapses(reason="bogus"),
        lambda workspace: workspace.runs(status="bogus"),
        lambda workspace: workspace.ticks(cursor="bogus"),
        lambda workspace: workspace.ticks(cursor="5"),
        lambda workspace: workspace.runs(cursor="-5"),
        lambda workspace: workspace.lapses(cursor="5~a"),
        lambda workspace: workspace.ticks(limit=0),
        lambda workspace: workspace.runs(limit=10_001),
    ],
)
def test_bad_questions(workspace: Workspace, path: Path, ask: Callable[[Workspace], object]) -> None:
    """A status, type, reason, cursor or limit that there is not is refused in one line, and not taken for another."""
    busy_history(workspace, path)
    with pytest.raises(InvalidInput) as refusal:
        ask(workspace)
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("name", ["nobody", "", "a:b", "a" * 200])
def test_questions_about_nobody(workspace: Workspace, name: str) -> None:
    """A schedule, tick or run that is not there is an error of ours, never a foreign one."""
    for ask in (workspace.tick, workspace.run, workspace.versions):
        with pytest.raises(ArcoError):
            ask(name)
    for read in (workspace.ticks, workspace.runs, workspace.lapses, workspace.events):
        with pytest.raises(ArcoError):
            read(schedule_id=name)  # type: ignore[operator]
    with pytest.raises(ArcoError):
        workspace.evaluate(DAY, schedules=[name])
