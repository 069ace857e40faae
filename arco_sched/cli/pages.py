"""A page of a list: as JSON, as CSV, or as a table that says if there is more."""

from typing import TYPE_CHECKING, Any, Final, Literal

from arco_sched.cli.context import clocks
from arco_sched.render.terminal import say, write

if TYPE_CHECKING:
    from arco_sched.service.lists import Page
    from arco_sched.service.workspace import Workspace

Listed = Literal["ticks", "lapses", "events"]

_NONE: Final[dict[Listed, str]] = {
    "ticks": "No ticks.",
    "lapses": "Nothing lapsed.",
    "events": "No events.",
}


def show_page(
    workspace: "Workspace", what: Listed, page: "Page[Any]", *, zone: str | None, as_csv: bool, as_json: bool
) -> None:
    """Write the page in the requested format; a hint on stderr says how to see more."""
    if as_json:
        from arco_sched.render import json

        write(getattr(json, what)(page))
        return
    if as_csv:
        from arco_sched.render import csv

        write(getattr(csv, what)(page.rows))
    elif not page.rows:
        say(_NONE[what])
    else:
        from arco_sched.render import tables

        getattr(tables, what)(page.rows, clocks(workspace, zone))
    say_more(page, "--after" if what == "events" else "--cursor")


def say_more(page: "Page[Any]", option: str = "--cursor") -> None:
    """Print how to see the next page, if there is one."""
    if page.next_cursor is not None:
        say(f"There is more: add {option} {page.next_cursor}")
