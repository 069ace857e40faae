"""The parts of a screen. Names given by users are shown literally, never read as markup."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from arco_sched.render.terminal import console, is_terminal, is_unbounded, printable, terminal_width, write
from arco_sched.render.wrapping import cell_width, wrapped

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WIDE: Final = 120
"""Terminal width from which tables show additional columns."""

GAP: Final = 2
"""Columns between two columns of a table."""

MANY: Final = 500
"""Rows from which a table is no longer fitted to the terminal, since that would take seconds."""

GOOD: Final = "color(28)"
NOTE: Final = "color(130)"
BAD: Final = "color(160)"
ALARM: Final = f"bold {BAD}"
BUSY: Final = "color(30)"
QUEUED: Final = "color(98)"
FAINT: Final = "color(243)"
"""The colors: each can be read on a white and on a black background, which plain yellow, cyan and `dim` can't."""

STYLES: Final[Mapping[str, str]] = {
    "triggered": GOOD,
    "skipped": NOTE,
    "failed": ALARM,
    "running": BUSY,
    "succeeded": GOOD,
    "canceled": NOTE,
    "enabled": GOOD,
    "paused": NOTE,
    "failing": ALARM,
    "overdue": ALARM,
    "deleted": FAINT,
    "ended": FAINT,
    "stale": ALARM,
}

Styled = tuple[str, str]
"""A text and its style."""

Cell = str | Styled | Sequence[Styled]
"""The content of a cell: a text, a styled text, or several styled lines."""


Drawn = Sequence[Sequence[Styled]]
"""A row of a table, the lines of each cell."""


class Column(NamedTuple):
    """A column; `whole` keeps a text on one line (an instant, an id), others break between words.

    `spare` columns, those furthest right first, give way where the others would have to break. Where there is no room
    for all that is `whole`, the widest columns break too: nothing is cut off.
    """

    title: str
    whole: bool = False
    right: bool = False
    spare: bool = False


def lines_of(cell: Cell) -> Sequence[Styled]:
    """The lines of a cell, with every character that steers a terminal made visible."""
    if isinstance(cell, str):
        return ((printable(cell), ""),)
    if isinstance(cell, tuple) and len(cell) == 2 and isinstance(cell[0], str) and isinstance(cell[1], str):
        return ((printable(cell[0]), cell[1]),)
    return [(printable(line[0]), line[1]) for line in cell]


def text(cell: Cell) -> "Text":
    """The cell for rich."""
    from rich.text import Text

    return Text("\n").join([Text(content, style=style) for content, style in lines_of(cell)])


def for_screen(text: str) -> str:
    """Sentences, a line each, as a terminal shows them: broken between words. In a pipe they stay as they are."""
    if not is_terminal():
        return text
    width = terminal_width(sys.stdout)
    return "".join(f"{line}\n" for each in text.splitlines() for line in wrapped(each, width))


def _broken(lines: Sequence[Styled], width: int) -> list[Styled]:
    return [(each, style) for content, style in lines for each in wrapped(content, max(width, 1))]


def status(word: str, more: str = "") -> Styled:
    """A state in its color, with what explains it."""
    return f"{word} {more}".rstrip(), STYLES.get(word, "")


class Screen:
    """The console that an answer is drawn on, and whether it is wide."""

    def __init__(self) -> None:
        self.console: Console = console()
        self.wide = self.console.width >= WIDE

    def line(self, content: str, style: str = "") -> None:
        """A sentence, on one line in a pipe. Commands and instants in it are never broken, so they can be copied."""
        content = printable(content)
        for each in [content] if is_unbounded() else wrapped(content, self.console.width):
            # The terminal breaks a command that is too wide, so that it can still be copied as one line.
            self.console.print(text((each, style)), soft_wrap=is_unbounded() or "`" in each)

    def verbatim(self, content: str, style: str = "") -> None:
        """A line that only the terminal breaks."""
        self.console.print(text((content, style)), soft_wrap=True)

    def parts(self, *parts: Styled) -> None:
        """A line of parts, each in its own style, that only the terminal breaks."""
        from rich.text import Text

        self.console.print(Text.assemble(*((printable(content), style) for content, style in parts)), soft_wrap=True)

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
        """Rows below their headings; in a pipe each row is one line, and nothing is broken."""
        drawn = [tuple(map(lines_of, row)) for row in rows]
        if is_unbounded() or len(drawn) > MANY:
            self._plain(columns, drawn)
            return
        kept = self._fitting(columns, drawn)
        columns = [columns[place] for place in kept]
        drawn = [tuple(row[place] for place in kept) for row in drawn]
        widths = _widths(columns, drawn, self.console.width)
        from rich import box
        from rich.table import Table

        terminal = self.console.is_terminal
        table = Table(
            box=box.SIMPLE_HEAD if terminal else None,
            pad_edge=False,
            show_edge=False,
            collapse_padding=True,
            padding=(0, 1) if terminal else (0, GAP, 0, 0),
            header_style="bold",
        )
        for column, width in zip(columns, widths, strict=True):
            table.add_column(
                text(column.title), overflow="fold", width=width, justify="right" if column.right else "left"
            )
        for row in drawn:
            table.add_row(*(text(_broken(cell, width)) for cell, width in zip(row, widths, strict=True)))
        self.console.print(table)

    def _fitting(self, columns: Sequence[Column], rows: Sequence[Drawn]) -> list[int]:
        """The places of the columns that are shown: all that are not spare, and the spare ones that have room."""
        widths = [_natural(column, [row[place] for row in rows]) for place, column in enumerate(columns)]
        kept = list(range(len(columns)))
        for place in reversed(range(len(columns))):
            if columns[place].spare and sum(widths[each] + GAP for each in kept) - GAP > self.console.width:
                kept.remove(place)
        return kept

    def _plain(self, columns: Sequence[Column], rows: Sequence[Drawn]) -> None:
        # rich takes more than a millisecond per row. If nothing needs breaking, padding is enough.
        cells = [["; ".join(content for content, _ in lines) for lines in row] for row in rows]
        heads = [column.title for column in columns]
        widths = [max(map(cell_width, column)) for column in zip(heads, *cells, strict=True)]
        styles = [[lines[0][1] if lines else "" for lines in row] for row in rows]
        coloured = self.console.color_system is not None and not self.console.no_color
        for row, style in zip([heads, *cells], [["bold"] * len(heads), *styles], strict=True):
            padded = [
                " " * (width - cell_width(cell)) + cell if column.right else cell + " " * (width - cell_width(cell))
                for cell, width, column in zip(row, widths, columns, strict=True)
            ]
            if coloured:
                padded = [self._coloured(cell, name) for cell, name in zip(padded, style, strict=True)]
            write("  ".join(padded).rstrip() + "\n")

    def _coloured(self, content: str, style: str) -> str:
        return self.console.get_style(style).render(content) if style else content

    def fields(self, rows: Iterable[tuple[str, Cell]]) -> None:
        """Names and values, one per line; further lines of a value are below its first."""
        fields = [(name, lines_of(value)) for name, value in rows]
        if is_unbounded():
            width = max(len(name) for name, _ in fields)
            for name, lines in fields:
                labels = (name, *[""] * len(lines))
                write(f"{label:<{width}}  {content}\n" for label, (content, _) in zip(labels, lines, strict=False))
            return
        from rich.table import Table

        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(no_wrap=True, style="bold")
        table.add_column(overflow="fold")
        room = self.console.width - GAP - max(len(name) for name, _ in fields)
        for name, lines in fields:
            table.add_row(text(name), text(_broken(lines, room)))
        self.console.print(table)


def _natural(column: Column, cells: Iterable[Sequence[Styled]]) -> int:
    """The width at which a column breaks nothing."""
    return max(len(column.title), *(cell_width(content) for cell in cells for content, _ in cell), 0)


def _unbroken(column: Column, cells: Iterable[Sequence[Styled]]) -> int:
    """The width at which a column breaks nothing but between words."""
    words = (cell_width(word) for cell in cells for content, _ in cell for word in content.split())
    return max(len(column.title), *words, 0)


def _widths(columns: Sequence[Column], rows: Sequence[Drawn], width: int) -> list[int]:
    """The widths of columns that are together no wider than `width`: those that may break give way first, the widest
    of them before the others."""
    cells = [[row[place] for row in rows] for place in range(len(columns))]
    natural = [_natural(column, each) for column, each in zip(columns, cells, strict=True)]
    room = width - GAP * (len(columns) - 1)
    if sum(natural) <= room:
        return natural
    kept = [
        wide if column.whole else min(wide, _unbroken(column, each))
        for column, each, wide in zip(columns, cells, natural, strict=True)
    ]
    least = kept if sum(kept) <= room else [1] * len(columns)
    most = natural if sum(kept) <= room else kept
    low, high = 1, max(most)
    while low < high:  # the highest level to which all are cut that fits
        level = (low + high + 1) // 2
        low, high = (level, high) if sum(_cut(most, least, level)) <= room else (low, level - 1)
    found = _cut(most, least, low)
    for place, (wide, now) in enumerate(zip(most, found, strict=True)):
        found[place] += min(wide - now, max(room - sum(found), 0))
    return found


def _cut(most: Sequence[int], least: Sequence[int], level: int) -> list[int]:
    return [min(wide, max(narrow, level)) for wide, narrow in zip(most, least, strict=True)]
