"""Error types: the command line maps each to an exit code, a Python caller catches `ArcoError`."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from arco_sched.core.problems import Names, Problem


class ArcoError(Exception):
    """The base of every error that `arco` raises on purpose; its `str()` is one line that says what to do.

    `problems` holds every problem found, one sentence each; the message joins them with `; `. `details` holds them as
    values, and `worded` gives the sentences with a surface's own names for fields, and for what to do.
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
        """A sentence for each problem, with the surface's names."""
        return tuple(problem.sentence(names) for problem in self.details)


class InvalidInput(ArcoError):
    """The input is invalid (exit 2)."""


class InvalidFields(InvalidInput):
    """Fields of one or several schedules are invalid (exit 2).

    `found` holds (schedule id, field name, sentence) of each problem, `by_schedule` the same as (schedule id, problem).
    """

    def __init__(self, *found: "tuple[str, Problem]") -> None:
        self.by_schedule = found
        self.found = tuple((schedule_id, problem.field, problem.sentence()) for schedule_id, problem in found)
        super().__init__(*(problem for _, problem in found))
        self.problems = tuple(f"schedule {schedule_id}: {sentence}" for schedule_id, _, sentence in self.found)
        self.args = ("; ".join(self.problems),)

    def worded(self, names: "Names") -> tuple[str, ...]:
        """A sentence for each problem that names its schedule, with the surface's names."""
        return tuple(f"schedule {schedule_id}: {problem.sentence(names)}" for schedule_id, problem in self.by_schedule)


class InvalidFile(InvalidInput):
    """A file is invalid (exit 2).

    `located` holds (line, sentence) of every problem, in the order of the lines; the line is None for a problem of the
    whole file.
    """

    def __init__(self, name: str, *located: tuple[int | None, str]) -> None:
        self.located = tuple(sorted(located, key=lambda problem: problem[0] or 0))
        super().__init__(
            *(f"{name}{'' if line is None else f':{line}'}: {sentence}" for line, sentence in self.located)
        )


class NotFound(ArcoError):
    """The named schedule, tick or run does not exist (exit 3)."""


class Conflict(ArcoError):
    """The request contradicts what is recorded (exit 4)."""


class DatabaseUnusable(ArcoError):
    """The database can't be used: it is missing, busy, damaged, or from a newer version (exit 6)."""
