"""Answers of a workspace, put so that a test can compare them."""

from collections.abc import Callable, Iterator
from typing import Any

from arco_sched.api import Workspace
from arco_sched.service.evaluation import Evaluation
from arco_sched.service.lists import Page


def counts(evaluation: Evaluation) -> tuple[int, int, int, int, int]:
    """(triggered, skipped, failed, lapsed, deferred)."""
    it = evaluation
    return it.triggered, it.skipped, it.failed, it.lapsed, it.deferred


def all_rows(read: Callable[..., Page[Any]], limit: int) -> Iterator[Any]:
    """Every row, page by page."""
    cursor = None
    while True:
        page = read(limit=limit, cursor=cursor)
        assert len(page.rows) <= limit
        yield from page.rows
        if page.next_cursor is None:
            return
        assert len(page.rows) == limit
        cursor = page.next_cursor


def after_page(workspace: Workspace, *, limit: int, cursor: str | None, **filters: Any) -> Page[Any]:
    """Events with the interface of the other lists."""
    return workspace.events(after=int(cursor or 0), limit=limit, **filters)
