"""Options that several commands share, and reading what they were given."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from arco_sched.cli.completion import complete_run, complete_schedule, complete_zone
from arco_sched.core.errors import InvalidInput

if TYPE_CHECKING:
    from arco_sched.core.problems import Problem
    from arco_sched.core.rows import Field

T = TypeVar("T")

FORMS: Final = '2025-01-15T10:00:00Z, 2025-01-15, "yesterday 10:00" or "2h ago"'
"""Examples of an instant, for help and errors."""

RUN: Final = "What a run does"
OUTPUT: Final = "Output"
PAGES: Final = "Selection"

Id = Annotated[
    str, typer.Argument(metavar="ID", help="Schedule id.", autocompletion=complete_schedule, show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.", rich_help_panel=OUTPUT)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")]
Utc = Annotated[bool, typer.Option("--utc", help="Same as --tz UTC.", rich_help_panel=OUTPUT)]
Tz = Annotated[
    str | None,
    typer.Option(
        "--tz",
        metavar="ZONE",
        help="Read and show times in this zone instead of the schedule's.",
        autocompletion=complete_zone,
        rich_help_panel=OUTPUT,
    ),
]

OfSchedule = Annotated[
    str | None,
    typer.Option(
        "--schedule",
        metavar="ID",
        help="Only this schedule.",
        autocompletion=complete_schedule,
        rich_help_panel=PAGES,
    ),
]
SomeId = Annotated[
    str | None,
    typer.Argument(
        metavar="[ID]",
        help="Only this schedule; same as --schedule.",
        autocompletion=complete_schedule,
        show_default=False,
    ),
]
SomeIds = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ID]...",
        help="Only these schedules; same as --schedule.",
        autocompletion=complete_schedule,
        show_default=False,
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="INSTANT", help=f"Only from this instant on, such as {FORMS}.", rich_help_panel=PAGES
    ),
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="INSTANT", help="Only before this instant.", rich_help_panel=PAGES),
]
Limit = Annotated[
    int,
    typer.Option(
        "--limit",
        metavar="N",
        help="Maximum rows, 1 to 10,000 (default: 100).",
        show_default=False,
        rich_help_panel=PAGES,
    ),
]
Count = Annotated[
    int,
    typer.Option("--count", metavar="N", help="Maximum occurrences, 1 to 10,000 (default: 10).", show_default=False),
]
Cursor = Annotated[
    str | None,
    typer.Option(
        "--cursor",
        metavar="CURSOR",
        help="Continue from the `next_cursor` of the previous page.",
        rich_help_panel=PAGES,
    ),
]

RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="Run id or its beginning, run key, tick id, or schedule id.",
        autocompletion=complete_run,
        show_default=False,
    ),
]

Csv = Annotated[bool, typer.Option("--csv", help="Print CSV, for spreadsheets.", rich_help_panel=OUTPUT)]

MAX_INTEGER: Final = (1 << 63) - 1


def one_id(problems: "Problems", by_position: str | None, by_option: str | None) -> str | None:
    """The schedule that either of the two names, None for all."""
    both = by_position is not None and by_option is not None and by_position != by_option
    problems.add(f"ID {by_position} and --schedule {by_option} name different schedules: give only one", when=both)
    return by_position if by_option is None else by_option


def zone_of(*, utc: bool, tz: str | None) -> str | None:
    """The zone that `--utc` or `--tz` names, None for that of each schedule; raises `InvalidInput`."""
    from arco_sched.core.cron import load_zone

    if utc and tz not in {None, "UTC"}:
        raise InvalidInput("--utc and --tz can't be combined")
    return "UTC" if utc else None if tz is None else load_zone(tz).name


def examples(*lines: str) -> str:
    """The epilog of a command's help."""
    return "\n".join(("Examples:", *(f"$ {line}" for line in lines)))


def example_lines(epilog: str | None) -> list[str]:
    """The command lines of an epilog that `examples` made."""
    return [line[2:] for line in (epilog or "").splitlines() if line.startswith("$ ")]


class Problems:
    """Collects the problems of a command's options, so that all are reported at once."""

    def __init__(self) -> None:
        self.found: list[str | Problem] = []

    def read(self, parse: Callable[[str, str], T], text: str | None, name: str) -> T | None:
        """The value of an option of a field or argument, None if it is missing or invalid."""
        return None if text is None else self.attempt(lambda: parse(text, name))

    def attempt(self, read: Callable[[], T]) -> T | None:
        """The value; None, with one more problem, if it is invalid."""
        try:
            return read()
        except InvalidInput as error:
            self.found += error.details
            return None

    def add(self, problem: str, *, when: bool = True) -> None:
        """Note a problem, if `when` holds."""
        if when:
            self.found.append(problem)

    def check(self) -> None:
        """Raise `InvalidInput` with all problems, each once, if there are any."""
        if self.found:
            raise InvalidInput(*(problem for at, problem in enumerate(self.found) if problem not in self.found[:at]))


def read_pairs(problems: Problems, field: "Field", texts: Iterable[str]) -> tuple[tuple[str, Any], ...]:
    """The pairs of a repeatable option that takes K=V; the same pair twice counts once."""
    from arco_sched.cli.names import option_of
    from arco_sched.core.kinds import Pairs, Whole

    option = option_of(field.name)
    numbers = isinstance(field.kind, Pairs) and isinstance(field.kind.item, Whole)
    pairs: dict[str, Any] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        problems.add(f"{option} {text[:60]!r} must be KEY=VALUE", when=not (separator and key))
        given = int(value) if numbers and value.isascii() and value.isdigit() and len(value) < 20 else value
        twice = pairs.setdefault(key, given) != given
        problems.add(f"{option} {key[:60]!r} is given twice, with different values", when=twice)
    return tuple(pairs.items())


def one_format(problems: Problems, *, as_json: bool, as_csv: bool) -> None:
    """Note a problem if the answer is requested in two formats."""
    problems.add("--json and --csv can't be combined", when=as_json and as_csv)
