"""The few shapes that tables are made of. Whatever a user named is shown literally: it is never read as markup."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from arco_sched.render.terminal import console, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WIDE: Final = 120
"""Columns from which on a table has room for what is good to know but was not asked for."""

STYLES: Final[Mapping[str, str]] = {
    "triggered": "green",
    "skipped": "yellow",
    "failed": "bold red",
    "enabled": "green",
    "paused": "yellow",
    "failing": "bold red",
    "overdue": "bold red",
    "deleted": "dim",
    "ended": "dim",
}

Styled = tuple[str, str]
"""A text and its style."""

Cell = str | Styled | Sequence[Styled]
"""What stands in a cell: a text, a styled one, or several lines of them."""


class Column(NamedTuple):
    """A column; `whole` keeps a text on one line (an instant), others break over lines rather than lose a letter."""

    title: str
    whole: bool = False
    right: bool = False


def text(cell: Cell) -> "Text":
    """The cell with every character that steers a terminal made visible."""
    from rich.text import Text

    lines: Sequence[Styled]
    if isinstance(cell, str):
        lines = ((cell, ""),)
    elif isinstance(cell, tuple) and len(cell) == 2 and isinstance(cell[0], str) and isinstance(cell[1], str):
        lines = ((cell[0], cell[1]),)
    else:
        lines = [(line[0], line[1]) for line in cell]
    return Text("\n").join([Text(printable(content), style=style) for content, style in lines])


def status(word: str, more: str = "") -> Styled:
    """A word of state in its colour, and what explains it."""
    return f"{word} {more}".rstrip(), STYLES.get(word, "")


class Page:
    """Where an answer is drawn: the console, and how much room there is."""

    def __init__(self) -> None:
        self.console: Console = console()
        self.wide = self.console.width >= WIDE

    def line(self, content: str, style: str = "") -> None:
        """A sentence; in a pipe on one line."""
        self.console.print(text((content, style)), soft_wrap=not self.console.is_terminal)

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
        """Rows below their heads; in a pipe without lines, so that every line is a row."""
        from rich import box
        from rich.table import Table

        terminal = self.console.is_terminal
        table = Table(box=box.SIMPLE_HEAD if terminal else None, pad_edge=False, show_edge=False, header_style="bold")
        for column in columns:
            table.add_column(
                text(column.title),
                overflow="fold",
                no_wrap=column.whole,
                justify="right" if column.right else "left",
            )
        for row in rows:
            table.add_row(*map(text, row))
        self.console.print(table)

    def fields(self, rows: Iterable[tuple[str, Cell]]) -> None:
        """Names and values, one a line."""
        from rich.table import Table

        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(no_wrap=True, style="bold")
        table.add_column(overflow="fold")
        for name, value in rows:
            table.add_row(text(name), text(value))
        self.console.print(table)
