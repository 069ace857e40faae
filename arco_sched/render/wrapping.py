"""Lines for a terminal: how wide a text is there, and where it may be broken."""

import re
from typing import Final


def wrapped(content: str, width: int) -> list[str]:
    """The text on lines of at most `width` columns, broken between words; a word, command or instant that is longer
    has a line of its own. Lines that go on are indented as the first one is."""
    indent = content[: len(content) - len(content.lstrip(" "))]
    found: list[str] = []
    line = ""
    for part in _UNBROKEN.split(content)[:-1]:
        longer = f"{line}{part}"
        if line.strip() and cell_width(longer.rstrip(" ")) > width:
            found.append(line.rstrip(" "))
            line = f"{indent}{part}"
        else:
            line = longer
    return [*found, line.rstrip(" ")]


_UNBROKEN: Final = re.compile(r"((?:`[^`]*`|\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? (?=UTC|[+-]\d\d:)|[^ ])+ *)")


def cell_width(content: str) -> int:
    """The columns that a text takes on a terminal."""
    if content.isascii():
        return len(content)
    from rich.cells import cell_len

    return cell_len(content)
