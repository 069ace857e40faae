"""`arco timeline` in the terminal, readable without color and in a pipe; and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from arco_sched.core.cron import load_zone
from arco_sched.render.drawing import ALARM, BAD, BUSY, FAINT, GOOD, NOTE, QUEUED, Screen
from arco_sched.render.json import document, instant
from arco_sched.render.phrases import counted
from arco_sched.render.picture import MARKS, Mark, Panel, Plan, Row, Spot, panels
from arco_sched.render.terminal import is_terminal
from arco_sched.render.times import instant_in, span

if TYPE_CHECKING:
    from rich.text import Text

    from arco_sched.service.timeline import Timeline, TimelineCell

SHAPES: Final[dict[Mark, str]] = {
    "none": " ", "triggered": "■", "succeeded": "✓", "run failed": "▲", "running": "▶", "queued": "◌", "late": "◷",
    "not run": "–", "skipped": "○", "failed": "!", "lapsed": "×", "waiting": "…", "future": "·", "done late": "◐",
    "unevaluable": "?", "pruned": "░", "absent": "╱",
}  # fmt: skip
ASCII_SHAPES: Final[dict[Mark, str]] = {
    "none": " ", "triggered": "#", "succeeded": "+", "run failed": "F", "running": ">", "queued": "q", "late": "L",
    "not run": "-", "skipped": "o", "failed": "!", "lapsed": "x", "waiting": "w", "future": ".", "done late": "l",
    "unevaluable": "?", "pruned": ":", "absent": "/",
}  # fmt: skip
TRACK: Final = ("=", "═")
GRID: Final = ("|", "┊")
"""In ASCII, and with a stream that has more."""
LEVELS: Final = " ▂▄▆█"
ASCII_LEVELS: Final = " 1234"
STYLES: Final[dict[Mark, str]] = {
    "none": "", "triggered": GOOD, "succeeded": GOOD, "run failed": ALARM, "running": BUSY,
    "queued": QUEUED, "late": f"bold {QUEUED}", "not run": NOTE, "skipped": NOTE, "failed": ALARM,
    "lapsed": BAD, "waiting": QUEUED, "future": FAINT, "done late": NOTE,
    "unevaluable": ALARM, "pruned": FAINT, "absent": FAINT,
}  # fmt: skip
WORDS: Final[dict[Mark, str]] = {
    "none": "nothing due", "triggered": "triggered", "succeeded": "succeeded", "run failed": "run failed",
    "running": "running", "queued": "run waiting", "late": "run late", "not run": "run skipped or canceled",
    "skipped": "skipped", "failed": "failed", "lapsed": "lapsed", "waiting": "waiting", "future": "in the future",
    "done late": "evaluated late", "unevaluable": "can't be evaluated", "pruned": "pruned",
    "absent": "before start or after end",
}  # fmt: skip
SPREAD: Final = 2
"""Columns per cell: its shape, and a count if the cell has more than one kind of thing in it."""

PIPE_COLUMNS: Final = 80
"""Width of a picture without a terminal and without COLUMNS."""

MAX_COLUMNS: Final = 240

GAPS: Final = 3
"""How many of the stretches without an evaluation are listed, longest first."""


def columns() -> int:
    """The width of a picture on stdout."""
    import os

    screen = Screen()
    width = screen.console.width if is_terminal() or os.environ.get("COLUMNS") else PIPE_COLUMNS
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
            ("unattended", [{"from": instant(start), "to": instant(stop)} for start, stop in timeline.unattended]),
        ]
    )


def _cell(cell: TimelineCell) -> dict[str, object]:
    return asdict(cell)


def draw(timeline: Timeline, chosen: Plan, offset_first: int, offset_last: int) -> None:
    """The picture: a line on what it shows, the axis, the rows, the legend."""
    screen = Screen()
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    unicode = encoding.startswith("utf")
    width = columns()
    names = [row.schedule_id for row in timeline.rows]
    gutter = 5 if chosen.calendar else label_width(names, width) + 1
    offsets = (None, None) if chosen.zone == "UTC" else (offset_first, offset_last)
    begin, end = instant_in(timeline.edges[0], offsets[0]), instant_in(timeline.edges[-1], offsets[1])
    a_cell = "each cell is 1 day" if chosen.calendar else f"each cell is {span(chosen.step)}"
    screen.line(f"{begin} to {end}{'' if chosen.zone == 'UTC' else f', {chosen.zone}'}; {a_cell}")
    seen: set[Mark] = set()
    weeks = len(timeline.edges) // 7
    spread = 1 if chosen.calendar and SPREAD * weeks > width - gutter else SPREAD
    counted = False
    for panel in panels(timeline, chosen, width - gutter):
        screen.line("")
        _panel(screen, panel, gutter, spread, width, unicode=unicode, calendar=chosen.calendar)
        spots = [spot for row in panel.rows for spot in row.spots if spot is not None]
        seen |= {spot.mark for spot in spots}
        counted = counted or any(spot.of_mark for spot in spots)
    screen.line("")
    more = [f"{'✓' if unicode else '+'}3 three of these, and others"] if counted and spread > 1 else []
    if timeline.unattended and not chosen.calendar:
        more.append(f"{TRACK[unicode]} no evaluation")
    _legend(screen, seen, width, more, unicode=unicode, calendar=chosen.calendar)
    _gaps(screen, timeline, chosen)


def _gaps(screen: Screen, timeline: Timeline, chosen: Plan) -> None:
    """The longest stretches in which something was due and nothing was evaluated."""
    longest = sorted(timeline.unattended, key=lambda gap: gap[0] - gap[1])[:GAPS]
    if longest:
        screen.line("")
    clock = load_zone(chosen.zone)
    for start, stop in sorted(longest):
        from_, to = (instant_in(at, None if chosen.zone == "UTC" else clock.offset_at(at)) for at in (start, stop))
        screen.line(f"No evaluation from {from_} to {to} ({span(stop - start)}).", NOTE)
    if len(timeline.unattended) > GAPS:
        screen.line(f"and {counted(len(timeline.unattended) - GAPS, 'shorter gap')}: --json has them all")


def _panel(
    screen: Screen, panel: Panel, gutter: int, spread: int, width: int, *, unicode: bool, calendar: bool
) -> None:
    """One panel; each cell takes `spread` columns."""
    if panel.title:
        screen.line(panel.title, "bold")
    screen.line(_axis(panel, gutter, spread, width), FAINT)
    if panel.now is not None:
        screen.line(" " * (gutter + spread * panel.now) + ("▼" if unicode else "v"), "bold")
    if not calendar:
        columns_ = zip(*(row.spots for row in panel.rows), strict=True)
        track = [any(spot is not None and spot.unattended for spot in column) for column in columns_]
        if any(track):
            cells = "".join(TRACK[unicode] * spread if each else " " * spread for each in track)
            screen.line((" " * gutter + cells).rstrip(), NOTE)
    grid = set() if calendar else {column for column, _ in panel.heads}
    for row in panel.rows:
        line = _row(row, gutter, spread, grid, unicode=unicode, calendar=calendar)
        screen.console.print(line, soft_wrap=True)


def _row(row: Row, gutter: int, spread: int, grid: set[int], *, unicode: bool, calendar: bool) -> Text:
    """A row; empty cells below a label of the axis have a line of the grid."""
    from rich.text import Text

    label = row.label if len(row.label) < gutter else row.label[: gutter - 3] + ".."
    line = Text(f"{label:<{gutter}}")
    for column, spot in enumerate(row.spots):
        shape, style = _shape(spot, unicode=unicode, calendar=calendar)
        if spot is not None and spot.mark == "none" and column in grid:
            shape, style = GRID[unicode], FAINT
        line.append(shape, style)
        count = (
            "" if spot is None or not spot.of_mark or spread == 1 else str(spot.of_mark) if spot.of_mark < 10 else "+"
        )
        line.append(count.ljust(spread - 1), style)
    line.rstrip()
    return line


def _shape(spot: Spot | None, *, unicode: bool, calendar: bool) -> tuple[str, str]:
    if spot is None:
        return " ", ""
    if calendar and spot.mark == "triggered":
        return (LEVELS if unicode else ASCII_LEVELS)[spot.level], STYLES["triggered"]
    return (SHAPES if unicode else ASCII_SHAPES)[spot.mark], STYLES[spot.mark]


def _axis(panel: Panel, gutter: int, spread: int, width: int) -> str:
    line = " " * gutter
    for column, label in panel.heads:
        begin = gutter + spread * column
        if begin + len(label) <= width:
            line = line.ljust(begin) + label
    return line


def _legend(screen: Screen, seen: set[Mark], width: int, more: Sequence[str], *, unicode: bool, calendar: bool) -> None:
    """What the shapes mean that are there; no entry is broken over lines."""
    from rich.text import Text

    shapes, levels = (SHAPES, LEVELS) if unicode else (ASCII_SHAPES, ASCII_LEVELS)
    lines = [Text()]
    entries = []
    for each in (mark for mark in MARKS if mark in seen):
        shape = levels[1:] if calendar and each == "triggered" else shapes[each]
        entries.append(Text.assemble((shape, STYLES[each]), f" {WORDS[each]}"))
    for entry in (*entries, *map(Text, more), Text("▼ now" if unicode else "v now")):
        if not lines[-1]:
            lines[-1] = entry
        elif len(lines[-1]) + 3 + len(entry) <= width:
            lines[-1] += Text("   ") + entry
        else:
            lines.append(entry)
    for line in lines:
        screen.console.print(line, soft_wrap=True)
