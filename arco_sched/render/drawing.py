"""What screens are made of. A name that a user gave is shown literally: it is never read as markup."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from arco_sched.render.terminal import console, is_unbounded, printable, write

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WIDE: Final = 120
"""Columns from which on a table has room for what is good to know but was not asked for."""

MANY: Final = 500
"""Rows from which on a table is not fitted to the width of the terminal, which would take seconds."""

STYLES: Final[Mapping[str, str]] = {
    "triggered": "green",
    "skipped": "yellow",
    "failed": "bold red",
    "running": "cyan",
    "succeeded": "green",
    "canceled": "yellow",
    "enabled": "green",
    "paused": "yellow",
    "failing": "bold red",
    "overdue": "bold red",
    "deleted": "dim",
    "ended": "dim",
    "stale": "bold red",
}

Styled = tuple[str, str]
"""A text and its style."""

Cell = str | Styled | Sequence[Styled]
"""What stands in a cell: a text, a styled one, or several lines of them."""


class Column(NamedTuple):
    """A column; `whole` keeps a text on one line (an instant), others break over lines rather than lose a letter.

    `spare` columns, those furthest right first, give way where the others would have to break.
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


def status(word: str, more: str = "") -> Styled:
    """A word of state in its colour, and what explains it."""
    return f"{word} {more}".rstrip(), STYLES.get(word, "")


class Screen:
    """Where an answer is drawn: the console, and how much room there is."""

    def __init__(self) -> None:
        self.console: Console = console()
        self.wide = self.console.width >= WIDE

    def line(self, content: str, style: str = "") -> None:
        """A sentence; in a pipe on one line."""
        self.console.print(text((content, style)), soft_wrap=is_unbounded())

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
        """Rows below their heads; in a pipe every line is a row, and nothing is broken."""
        drawn = [tuple(map(lines_of, row)) for row in rows]
        if is_unbounded() or len(drawn) > MANY:
            self._plain(columns, drawn)
            return
        kept = self._fitting(columns, drawn)
        columns = [columns[place] for place in kept]
        drawn = [tuple(row[place] for place in kept) for row in drawn]
        from rich import box
        from rich.table import Table

        terminal = self.console.is_terminal
        table = Table(
            box=box.SIMPLE_HEAD if terminal else None,
            pad_edge=False,
            show_edge=False,
            collapse_padding=True,
            padding=(0, 1) if terminal else (0, 2, 0, 0),
            header_style="bold",
        )
        roomy = self._has_room(columns, drawn)
        for column in columns:
            table.add_column(
                text(column.title),
                overflow="fold",
                no_wrap=column.whole and roomy,
                min_width=len(column.title) if roomy else None,
                justify="right" if column.right else "left",
            )
        for row in drawn:
            table.add_row(*map(text, row))
        self.console.print(table)

    def _fitting(self, columns: Sequence[Column], rows: Sequence[Sequence[Sequence[Styled]]]) -> list[int]:
        """The places of the columns that are shown: all that are not spare, and the spare ones that have room."""
        widths = [
            max(len(column.title), *(cell_width(content) for row in rows for content, _ in row[place]), 0)
            for place, column in enumerate(columns)
        ]
        gap = 3 if self.console.is_terminal else 2
        kept = list(range(len(columns)))
        for place in reversed(range(len(columns))):
            if columns[place].spare and sum(widths[each] + gap for each in kept) - gap > self.console.width:
                kept.remove(place)
        return kept

    def _has_room(self, columns: Sequence[Column], rows: Sequence[Sequence[Sequence[Styled]]]) -> bool:
        """Whether the console is wide enough for the heads, and for every column that is to stay whole."""
        needed = 3 * (len(columns) - 1)
        for place, column in enumerate(columns):
            cells = (cell_width(content) for row in rows for content, _ in row[place]) if column.whole else ()
            needed += max(len(column.title), *cells, 0)
        return needed <= self.console.width

    def _plain(self, columns: Sequence[Column], rows: Sequence[Sequence[Sequence[Styled]]]) -> None:
        # rich lays out a row in more than a millisecond. Where nothing is to be broken, padding is all there is to do.
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
        """Names and values, one a line; the further lines of a value stand below the first."""
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
        for name, lines in fields:
            table.add_row(text(name), text(lines))
        self.console.print(table)


def cell_width(content: str) -> int:
    """The columns that a text takes on a terminal."""
    if content.isascii():
        return len(content)
    from rich.cells import cell_len

    return cell_len(content)
