"""What the exit code of a command says."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of docs/semantics/answers.md."""

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
    WAITED = 8
    """What was waited for did not come in time."""
    TIMED_OUT = 124
    """The run that was waited for took longer than its timeout."""
    INTERRUPTED = 130
    """Ctrl-C."""
    TERMINATED = 143
