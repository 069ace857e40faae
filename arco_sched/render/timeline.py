"""`arco timeline` in the terminal, readable without colour and in a pipe; and as JSON."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from arco_sched.model import Timeline, TimelineCell
from arco_sched.render.drawing import Page
from arco_sched.render.json import document, instant
from arco_sched.render.picture import MARKS, Mark, Panel, Plan, Spot, panels
from arco_sched.render.terminal import is_terminal
from arco_sched.render.times import instant_in, span

if TYPE_CHECKING:
    from rich.text import Text

SHAPES: Final[dict[Mark, str]] = {
    "none": " ", "triggered": "■", "skipped": "○", "failed": "!", "lapsed": "×", "waiting": "…", "future": "·",
    "mixed": "◆", "unevaluable": "?", "pruned": "░",
}  # fmt: skip
ASCII_SHAPES: Final[dict[Mark, str]] = {
    "none": " ", "triggered": "#", "skipped": "o", "failed": "!", "lapsed": "x", "waiting": "w", "future": ".",
    "mixed": "*", "unevaluable": "?", "pruned": ":",
}  # fmt: skip
LEVELS: Final = " ▂▄▆█"
ASCII_LEVELS: Final = " 1234"
STYLES: Final[dict[Mark, str]] = {
    "none": "", "triggered": "green", "skipped": "yellow", "failed": "bold red", "lapsed": "red", "waiting": "magenta",
    "future": "dim", "mixed": "cyan", "unevaluable": "bold red", "pruned": "dim",
}  # fmt: skip
WORDS: Final[dict[Mark, str]] = {
    "none": "nothing", "triggered": "triggered", "skipped": "skipped (paused)", "failed": "failed", "lapsed": "lapsed",
    "waiting": "waiting", "future": "to come", "mixed": "several of these", "unevaluable": "can't be evaluated",
    "pruned": "pruned",
}  # fmt: skip
PIPE_COLUMNS: Final = 80
"""The width of a picture where there is no terminal and no COLUMNS."""

MAX_COLUMNS: Final = 240


def columns() -> int:
    """The width of a picture on stdout."""
    import os

    page = Page()
    width = page.console.width if is_terminal() or os.environ.get("COLUMNS") else PIPE_COLUMNS
    return min(width, MAX_COLUMNS)


def label_width(names: list[str], width: int) -> int:
    """The columns of the labels: as many as the longest id takes, at most a third."""
    return min(max(map(len, names), default=0), max(width // 3, 8))


def as_json(timeline: Timeline, chosen: Plan) -> Iterator[str]:
    """`arco timeline --json`: a cell between each two edges, and what is in it."""
    rows = (
        {"schedule_id": row.schedule_id, "timezone": row.timezone, "cells": [_cell(cell) for cell in row.cells]}
        for row in timeline.rows
    )
    return document(
        [
            ("now", instant(timeline.now)),
            ("timezone", chosen.zone),
            ("edges", [instant(edge) for edge in timeline.edges]),
            ("schedules", rows),
        ]
    )


def _cell(cell: TimelineCell) -> dict[str, object]:
    return cell._asdict()


def draw(timeline: Timeline, chosen: Plan, offset_first: int, offset_last: int) -> None:
    """The picture: a line on what it shows, the axis, the rows, the legend."""
    page = Page()
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    unicode = encoding.startswith("utf")
    width = columns()
    names = [row.schedule_id for row in timeline.rows]
    gutter = 5 if chosen.calendar else label_width(names, width) + 1
    begin, end = instant_in(timeline.edges[0], offset_first), instant_in(timeline.edges[-1], offset_last)
    a_cell = "a cell is a day" if chosen.calendar else f"a cell is {span(chosen.step)}"
    _line(page, f"{begin} to {end}, {chosen.zone}; {a_cell}")
    seen: set[Mark] = set()
    for panel in panels(timeline, chosen, width - gutter):
        page.line("")
        _panel(page, panel, gutter, unicode=unicode, calendar=chosen.calendar)
        seen |= {spot.mark for row in panel.rows for spot in row.spots if spot is not None}
    page.line("")
    _legend(page, seen, unicode=unicode, calendar=chosen.calendar)


def _line(page: Page, content: str) -> None:
    page.line(content)


def _panel(page: Page, panel: Panel, gutter: int, *, unicode: bool, calendar: bool) -> None:
    if panel.title:
        page.line(panel.title, "bold")
    page.line(_axis(panel, gutter), "dim")
    if panel.now is not None:
        page.line(" " * (gutter + panel.now) + ("▼" if unicode else "v"), "bold")
    for row in panel.rows:
        page.console.print(_row(row.label, row.spots, gutter, unicode=unicode, calendar=calendar), soft_wrap=True)


def _row(label: str, spots: tuple[Spot | None, ...], gutter: int, *, unicode: bool, calendar: bool) -> "Text":
    from rich.text import Text

    if len(label) >= gutter:
        label = label[: gutter - 3] + ".."
    line = Text(f"{label:<{gutter}}")
    for spot in spots:
        line.append(*_shape(spot, unicode=unicode, calendar=calendar))
    line.rstrip()
    return line


def _shape(spot: Spot | None, *, unicode: bool, calendar: bool) -> tuple[str, str]:
    if spot is None:
        return " ", ""
    if calendar and spot.mark == "triggered":
        return (LEVELS if unicode else ASCII_LEVELS)[spot.level], STYLES["triggered"]
    return (SHAPES if unicode else ASCII_SHAPES)[spot.mark], STYLES[spot.mark]


def _axis(panel: Panel, gutter: int) -> str:
    line = " " * gutter
    for column, label in panel.heads:
        line = line.ljust(gutter + column) + label
    return line


def _legend(page: Page, seen: set[Mark], *, unicode: bool, calendar: bool) -> None:
    from rich.text import Text

    parts = []
    for each in MARKS:
        if each not in seen:
            continue
        shape = (SHAPES if unicode else ASCII_SHAPES)[each]
        if calendar and each == "triggered":
            shape = (LEVELS if unicode else ASCII_LEVELS)[1:]
        parts.append(Text.assemble((shape, STYLES[each]), f" {WORDS[each]}"))
    parts.append(Text("▼ now" if unicode else "v now"))
    page.console.print(Text("   ").join(parts), soft_wrap=not page.console.is_terminal)
