"""A timeline as SVG, for a report: one file, no scripts, every text escaped, shapes as well as colors."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Final

from arco_sched.render.picture import MARKS, Mark, Panel, Plan, Spot, panels
from arco_sched.render.terminal import printable
from arco_sched.render.timeline import WORDS
from arco_sched.render.times import instant_in

if TYPE_CHECKING:
    from arco_sched.service.timeline import Timeline

COLUMNS: Final = 120
"""Maximum cells across."""

CELL: Final = 12
LABEL: Final = 170
TOP: Final = 40
COLOURS: Final[dict[Mark, str]] = {
    "none": "none", "triggered": "#1a7f37", "succeeded": "#1a7f37", "run failed": "#cf222e", "running": "#0969da",
    "queued": "#8250df", "late": "#8250df", "not run": "#9a6700", "skipped": "#9a6700", "failed": "#cf222e",
    "lapsed": "#cf222e", "waiting": "#8250df", "future": "#8c959f", "done late": "#9a6700", "unevaluable": "#cf222e",
    "pruned": "#8c959f", "absent": "#d0d7de",
}  # fmt: skip


UNATTENDED: Final = "#ffebc8"

_PATHS: Final[dict[Mark, str]] = {
    "succeeded": (
        '<path d="M{low} {middle}L{centre} {foot}L{high} {top}" fill="none" stroke="{colour}" stroke-width="2"/>'
    ),
    "run failed": '<path d="M{centre} {top}L{high} {foot}L{low} {foot}Z" fill="{colour}"/>',
    "done late": (
        '<circle cx="{centre}" cy="{middle}" r="{radius}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        '<path d="M{centre} {top}A{radius} {radius} 0 0 0 {centre} {foot}Z" fill="{colour}"/>'
    ),
    "absent": '<path d="M{low} {foot}L{high} {top}" stroke="{colour}" stroke-width="1" fill="none"/>',
    "running": '<path d="M{low} {top}L{high} {middle}L{low} {foot}Z" fill="{colour}"/>',
    "queued": (
        '<circle cx="{centre}" cy="{middle}" r="{radius}" fill="none" stroke="{colour}" stroke-width="1.5" '
        'stroke-dasharray="2 2"/>'
    ),
    "late": (
        '<circle cx="{centre}" cy="{middle}" r="{radius}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        '<path d="M{centre} {top}V{middle}H{high}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    ),
    "not run": '<path d="M{low} {middle}H{high}" stroke="{colour}" stroke-width="2"/>',
}
"""The shapes of what became of runs."""


def picture(timeline: Timeline, chosen: Plan, offset_first: int, offset_last: int) -> str:
    """The whole file."""
    body: list[str] = []
    offsets = (None, None) if chosen.zone == "UTC" else (offset_first, offset_last)
    begin, end = instant_in(timeline.edges[0], offsets[0]), instant_in(timeline.edges[-1], offsets[1])
    title = f"{begin} to {end}" + ("" if chosen.zone == "UTC" else f", {chosen.zone}")
    body.append(_text(12, 22, title, "font-weight='bold'"))
    y, width, seen, unattended = TOP, 0, set[Mark](), False
    for panel in panels(timeline, chosen, COLUMNS):
        drawn, y = _panel(panel, y)
        body += drawn
        width = max(width, max((len(row.spots) for row in panel.rows), default=0))
        seen |= {spot.mark for row in panel.rows for spot in row.spots if spot is not None}
        unattended = unattended or any(spot.unattended for row in panel.rows for spot in row.spots if spot is not None)
    y += 10
    x = 12
    for each in MARKS:
        if each in seen:
            body += [*_shape(each, x, y, 4, WORDS[each]), _text(x + CELL + 6, y + 10, WORDS[each])]
            x += CELL + 20 + 7 * len(WORDS[each])
    if unattended:
        body += [
            f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL + 2}" fill="{UNATTENDED}"/>',
            _text(x + CELL + 6, y + 10, "no evaluation"),
        ]
        x += CELL + 20 + 7 * len("no evaluation")
    total = max(LABEL + CELL * width + 24, x, 640)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="{y + 30}" viewBox="0 0 {total} {y + 30}" '
        'font-family="system-ui, sans-serif" font-size="12" role="img">\n'
        f"<title>{_escaped(title)}</title>\n"
        f'<rect width="{total}" height="{y + 30}" fill="#ffffff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _panel(panel: Panel, y: int) -> tuple[list[str], int]:
    body = []
    if panel.title:
        body.append(_text(12, y + 14, panel.title, "font-weight='bold'"))
        y += 20
    body += [_text(LABEL + column * CELL, y + 10, label, "fill='#57606a'") for column, label in panel.heads]
    y += 18
    bottom = y + len(panel.rows) * (CELL + 4)
    body += _behind(panel, y, bottom)
    if panel.now is not None:
        x = LABEL + panel.now * CELL + CELL // 2
        body.append(f'<line x1="{x}" y1="{y - 4}" x2="{x}" y2="{bottom}" stroke="#57606a" stroke-dasharray="2 2"/>')
    for row in panel.rows:
        label = row.label if len(row.label) <= 24 else row.label[:22] + "…"
        body.append(_text(12, y + 11, label))
        for column, spot in enumerate(row.spots):
            if spot is not None and spot.mark != "none":
                body += _spot(spot, LABEL + column * CELL, y)
        y += CELL + 4
    return body, y + 8


def _behind(panel: Panel, top: int, bottom: int) -> Iterator[str]:
    """The background: where there was no evaluation, and a line below each label."""
    for row_number, row in enumerate(panel.rows):
        y = top + row_number * (CELL + 4)
        for column, spot in enumerate(row.spots):
            if spot is not None and spot.unattended:
                x = LABEL + column * CELL
                yield f'<rect x="{x}" y="{y - 1}" width="{CELL}" height="{CELL + 4}" fill="{UNATTENDED}"/>'
    for column, _ in panel.heads:
        x = LABEL + column * CELL
        yield f'<line x1="{x}" y1="{top - 4}" x2="{x}" y2="{bottom}" stroke="#d8dee4"/>'


def _spot(spot: Spot, x: int, y: int) -> Iterator[str]:
    yield from _shape(spot.mark, x, y, spot.level, spot.text)
    if spot.of_mark:
        count = str(spot.of_mark) if spot.of_mark < 10 else "+"
        yield _text(x + CELL, y + 6, count, f"fill='{COLOURS[spot.mark]}' font-size='7' text-anchor='middle'")


def _shape(mark: Mark, x: int, y: int, level: int, words: str) -> Iterator[str]:
    colour = COLOURS[mark]
    low, high = x + 1, x + CELL - 1
    top, foot, middle = y + 1, y + CELL + 1, y + CELL // 2 + 1
    centre = x + CELL // 2
    yield f"<g><title>{_escaped(words)}</title>"
    if mark == "triggered":
        tall = (foot - top) * max(level, 1) // 4
        yield f'<rect x="{low}" y="{foot - tall}" width="{high - low}" height="{tall}" fill="{colour}"/>'
    elif mark in _PATHS:
        yield _PATHS[mark].format(
            low=low, high=high, top=top, foot=foot, middle=middle, centre=centre, colour=colour, radius=CELL // 2 - 2
        )
    elif mark == "skipped":
        yield f'<circle cx="{centre}" cy="{middle}" r="4" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    elif mark == "lapsed":
        yield (
            f'<path d="M{low} {top}L{high} {foot}M{high} {top}L{low} {foot}" stroke="{colour}" '
            'stroke-width="1.5" fill="none"/>'
        )
    elif mark == "future":
        yield f'<circle cx="{centre}" cy="{middle}" r="1.5" fill="{colour}"/>'
    elif mark == "pruned":
        yield (
            f'<rect x="{low}" y="{top}" width="{high - low}" height="{foot - top}" fill="none" stroke="{colour}" '
            'stroke-dasharray="1 2"/>'
        )
    else:
        sign = {"failed": "!", "waiting": "…"}.get(mark, "?")
        yield _text(centre, foot, sign, f"fill='{colour}' text-anchor='middle' font-weight='bold'")
    yield "</g>"


def _text(x: int, y: int, content: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" {more}>{_escaped(content)}</text>'.replace(" >", ">")


def _escaped(content: str) -> str:
    return escape(printable(content))
