"""What can go wrong, as types: the command line maps each to an exit code, a Python caller catches `ArcoError`."""


class ArcoError(Exception):
    """The base of every error that `arco` raises on purpose; `str()` of it is one line that says what to do."""


class InvalidInput(ArcoError):
    """Something given is not acceptable (exit 2).

    `problems` holds every problem found, one sentence each; the message joins them with `; `.
    """

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


class NotFound(ArcoError):
    """A schedule, tick or run that was named does not exist (exit 3)."""


class Conflict(ArcoError):
    """What was asked contradicts what is recorded (exit 4)."""


class DatabaseUnusable(ArcoError):
    """The database can't be used: none there, busy, damaged, or of a newer version (exit 6)."""
