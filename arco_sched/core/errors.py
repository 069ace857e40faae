"""What can go wrong, as types: the command line maps each to an exit code, a Python caller catches `ArcoError`."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from arco_sched.core.problems import Names, Problem


class ArcoError(Exception):
    """The base of every error that `arco` raises on purpose; `str()` of it is one line that says what to do."""


class InvalidInput(ArcoError):
    """Something given is not acceptable (exit 2).

    `problems` holds every problem found, one sentence each; the message joins them with `; `. `details` holds the same
    as values, and `worded` says them with the names that a surface has for the fields.
    """

    def __init__(self, *problems: "str | Problem") -> None:
        self._given = problems
        self.problems = tuple(each if isinstance(each, str) else each.sentence() for each in problems)
        super().__init__("; ".join(self.problems))

    @property
    def details(self) -> "tuple[Problem, ...]":
        """Every problem as a value."""
        from arco_sched.core.problems import said

        return tuple(said(each) if isinstance(each, str) else each for each in self._given)

    def worded(self, names: "Names") -> tuple[str, ...]:
        """Every problem in a sentence, with the names of a surface."""
        return tuple(problem.sentence(names) for problem in self.details)


class InvalidFields(InvalidInput):
    """Some fields of some schedules are not acceptable (exit 2).

    `found` holds (schedule id, name of the field, sentence) of each, `by_schedule` the same as (schedule id, value).
    """

    def __init__(self, *found: "tuple[str, Problem]") -> None:
        self.by_schedule = found
        self.found = tuple((schedule_id, problem.field, problem.sentence()) for schedule_id, problem in found)
        super().__init__(*(problem for _, problem in found))
        self.problems = tuple(f"schedule {schedule_id}: {sentence}" for schedule_id, _, sentence in self.found)
        self.args = ("; ".join(self.problems),)

    def worded(self, names: "Names") -> tuple[str, ...]:
        """Every problem in a sentence that names the schedule, with the names of a surface."""
        return tuple(f"schedule {schedule_id}: {problem.sentence(names)}" for schedule_id, problem in self.by_schedule)


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
