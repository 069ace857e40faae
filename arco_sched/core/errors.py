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


class InvalidFields(InvalidInput):
    """Some fields of some schedules are not acceptable (exit 2).

    `found` holds (schedule id, name of the field, sentence) of each.
    """

    def __init__(self, *found: tuple[str, str, str]) -> None:
        self.found = found
        super().__init__(*(f"schedule {schedule_id}: {sentence}" for schedule_id, _, sentence in found))


class InvalidFile(InvalidInput):
    """A file that was given is not acceptable (exit 2).

    `located` holds (line, sentence) of every problem, in the order of the lines; a line is None where none is to blame.
    """

    def __init__(self, name: str, *located: tuple[int | None, str]) -> None:
        self.located = tuple(sorted(located, key=lambda problem: problem[0] or 0))
        super().__init__(
            *(f"{name}{'' if line is None else f':{line}'}: {sentence}" for line, sentence in self.located)
        )


class NotFound(ArcoError):
    """A schedule, tick or run that was named does not exist (exit 3)."""


class Conflict(ArcoError):
    """What was asked contradicts what is recorded (exit 4)."""


class DatabaseUnusable(ArcoError):
    """The database can't be used: none there, busy, damaged, or of a newer version (exit 6)."""
