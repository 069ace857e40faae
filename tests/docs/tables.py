"""The tables in the documents that only repeat the code, written between two comments; `python -m tests.docs.reference`
writes them anew, with docs/cli.md.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import arco_sched
from tests import ROOT


def _rows(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = (f"| {' | '.join(row)} |\n" for row in (head, *rows))
    return f"{next(lines)}|{'---|' * len(head)}\n{''.join(lines)}"


def answers() -> str:
    """The public classes of docs/python.md that are answers, with their attributes."""
    return _rows(("class", "attributes"), _answers())


def _answers() -> Iterator[tuple[str, ...]]:
    for name in arco_sched.__all__:
        value: Any = getattr(arco_sched, name)
        if not isinstance(value, type) or issubclass(value, Exception) or name in _GIVEN:
            continue
        fields = [each.name for each in dataclasses.fields(value)] if dataclasses.is_dataclass(value) else ()
        names = [*(getattr(value, "_fields", None) or fields)]
        names += [name for name, member in vars(value).items() if isinstance(member, property)]
        if names:
            yield f"`{name}`", ", ".join(f"`{each}`" for each in names)


_GIVEN: Final = ("Asked", "Definition", "Policy", "Problem", "RequestContent", "Wanted")
"""What a program gives, or an error holds, which is no answer."""

TABLES: Final = {"docs/python.md": {"answers": answers}}
"""The tables of each page, by their names."""


def with_tables(page: str, text: str) -> str:
    """The text of a page with its tables as the code has them."""
    for name, table in TABLES[page].items():
        block = re.compile(f"(<!-- table: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        assert len(block.findall(text)) == 1, f"{page} has no place for the table {name}"
        text = block.sub(lambda found, table=table: f"{found[1]}{table()}{found[2]}", text)
    return text


def write() -> list[str]:
    """Write the tables of all pages anew; returns the pages."""
    for page in TABLES:
        path = ROOT / page
        path.write_text(with_tables(page, path.read_text("utf-8")), "utf-8")
    return list(TABLES)
