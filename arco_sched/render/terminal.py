"""The two streams and the console: what is written where, and how wide."""

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console

MAX_LINE: Final = 600
"""The longest message that is shown whole, in characters."""

PIPE_WIDTH: Final = 500
"""Columns of a table that nobody looks at: wide enough that no cell is broken, since `grep` and `awk` read lines."""


def write(text: str | Iterable[str]) -> None:
    """Write an answer to stdout as it is; an iterable piece by piece."""
    if sys.stdout is not None:
        sys.stdout.writelines((text,) if isinstance(text, str) else text)


def say(text: str) -> None:
    """Write a line of talk to stderr."""
    if sys.stderr is not None:
        sys.stderr.write(text + "\n")


def shortened(message: str) -> str:
    """The message with its middle left out where it is over-long: the end says what to do."""
    half = MAX_LINE // 2
    return message if len(message) <= MAX_LINE else f"{message[:half]} ... {message[-half:]}"


def printable(text: str) -> str:
    r"""The text with every character that would steer a terminal, or can't be seen, written as its number, `\x1b`."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def console(*, to_stderr: bool = False) -> "Console":
    """A rich console that takes every text literally, no wider than the terminal.

    Without a terminal it is as wide as `COLUMNS` says, else as wide as any row.
    """
    from rich.console import Console

    class Literal(Console):
        """rich ends the process when a pipe is closed; here that is for the door to decide."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    stream = sys.stderr if to_stderr else sys.stdout
    width = PIPE_WIDTH if is_unbounded(to_stderr=to_stderr) else None
    return Literal(file=stream, width=width, markup=False, highlight=False, emoji=False, legacy_windows=False)


def is_unbounded(*, to_stderr: bool = False) -> bool:
    """Whether lines may be of any length: nobody looks, and `COLUMNS` (which rich reads too) says nothing else."""
    return not (is_terminal(to_stderr=to_stderr) or os.environ.get("COLUMNS"))


def is_terminal(*, to_stderr: bool = False) -> bool:
    """Whether a person looks at stdout (or stderr)."""
    stream = sys.stderr if to_stderr else sys.stdout
    return stream is not None and stream.isatty()
