"""What the exit code of a command says."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of docs/semantics.md, "Answers"."""

    DONE = 0
    """Done; also unchanged, and nothing due."""
    UNFORESEEN = 1
    """An unexpected error."""
    USAGE = 2
    """Bad usage or bad input."""
    NOT_FOUND = 3
    CONFLICT = 4
    FAILURES = 5
    """Evaluated, and a schedule could not be."""
    DATABASE = 6
    """The database can't be used."""
    CHECK = 7
    """A check found something."""
    INTERRUPTED = 130
    """Ctrl-C."""
