"""stdout, stderr and the console: what is written where, and how wide."""

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, TextIO

from arco_sched.render.wrapping import wrapped

if TYPE_CHECKING:
    from rich.console import Console

MAX_LINE: Final = 600
"""The longest message that is shown in full, in characters."""

PIPE_WIDTH: Final = 500
"""Width of a table in a pipe: wide enough that no cell is broken, since `grep` and `awk` read lines."""


class OutputError(OSError):
    """stdout can't be written, for example because the disk is full; a closed pipe is a `BrokenPipeError`."""


class Document(str):
    """Text for programs: `write` always writes it in UTF-8, regardless of the encoding of stdout."""

    __slots__ = ()


class _Stdout(io.TextIOWrapper):
    """stdout, with errors that can be told apart from those of files."""

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError as error:
            raise _output_error(error) from None

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise _output_error(error) from None


def _output_error(error: OSError) -> OSError:
    return error if isinstance(error, BrokenPipeError | OutputError) else OutputError(error.errno, error.strerror)


@contextmanager
def guarded_stdout() -> Iterator[None]:
    """Inside this block, every failure to write to stdout is an `OutputError`."""
    stream = sys.stdout
    if type(stream) is not io.TextIOWrapper:
        yield
        return
    guarded = sys.stdout = _Stdout(stream.buffer, stream.encoding, stream.errors, line_buffering=stream.line_buffering)
    try:
        yield
        guarded.flush()
    finally:
        sys.stdout = stream
        try:
            guarded.detach()
        except OSError:
            discard(stream)
            guarded.detach()


def write(text: str | Iterable[str]) -> None:
    """Write an answer to stdout unchanged; an iterable is written piece by piece."""
    if sys.stdout is None:
        return
    raw = None if _is_utf8(sys.stdout.encoding) else getattr(sys.stdout, "buffer", None)
    for piece in (text,) if isinstance(text, str) else text:
        if raw is not None and isinstance(piece, Document):
            write_bytes(piece.encode("utf-8", "backslashreplace"))
        else:
            sys.stdout.write(piece)


def _is_utf8(encoding: str | None) -> bool:
    return encoding is not None and encoding.lower().replace("_", "-") in {"utf-8", "utf8"}


def write_bytes(content: bytes) -> None:
    """Write bytes to stdout, after what was written before, and flush. stdout must have a buffer."""
    sys.stdout.flush()
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise _output_error(error) from None


def say(text: str) -> None:
    """Write a message to stderr, broken between words on a terminal; dropped if stderr can't be written."""
    if sys.stderr is None:
        return
    if is_terminal(to_stderr=True):
        text = "\n".join(line for each in text.split("\n") for line in wrapped(each, terminal_width(sys.stderr)))
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except OSError:
        discard(sys.stderr)


def discard(stream: TextIO | None) -> None:
    """Discard what is still buffered in a stream: the interpreter would fail to flush it at exit."""
    with suppress(OSError, ValueError):  # where it is no file
        if stream is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def shortened(message: str) -> str:
    """The message, without its middle if it is too long: the end says what to do."""
    half = MAX_LINE // 2
    return message if len(message) <= MAX_LINE else f"{message[:half]} ... {message[-half:]}"


def printable(text: str) -> str:
    r"""The text, with control and invisible characters written as escapes, such as `\x1b`."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def console(*, to_stderr: bool = False) -> "Console":
    """A rich console that shows every text literally, no wider than the terminal.

    Without a terminal it is as wide as `COLUMNS`, or wide enough for any row. With `NO_COLOR` nothing is styled.
    """
    from rich.console import Console

    class Literal(Console):
        """rich exits when the pipe is closed; here `cli/entry.py` decides what to do."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    stream = sys.stderr if to_stderr else sys.stdout
    width = PIPE_WIDTH if is_unbounded(to_stderr=to_stderr) else None
    return Literal(
        file=stream,
        width=width,
        color_system=None if os.environ.get("NO_COLOR") else "auto",  # rich itself would still write bold
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )


def terminal_width(stream: TextIO) -> int:
    """The width of the terminal that a stream writes to: `COLUMNS`, else what the terminal says, else 80."""
    given = os.environ.get("COLUMNS", "")
    if given.isascii() and given.isdigit() and len(given) < 7 and int(given):
        return int(given)
    with suppress(OSError, ValueError):  # it has no file descriptor, or none of a terminal
        return os.get_terminal_size(stream.fileno()).columns or 80
    return 80


def is_unbounded(*, to_stderr: bool = False) -> bool:
    """Whether lines may have any length: there is no terminal, and `COLUMNS` isn't set."""
    return not (is_terminal(to_stderr=to_stderr) or os.environ.get("COLUMNS"))


def is_terminal(*, to_stderr: bool = False) -> bool:
    """Whether stdout (or stderr) is a terminal."""
    stream = sys.stderr if to_stderr else sys.stdout
    return stream is not None and stream.isatty()
