"""Options that several commands share, and reading what they were given."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Final, TypeVar

import typer

from arco_sched.cli.context import complete_schedule
from arco_sched.errors import InvalidInput
from arco_sched.instants import parse_instant, parse_minutes
from arco_sched.model import CatchupPolicy, DstGap, DstOverlap

T = TypeVar("T")

FORMS: Final = "2025-01-15T10:00:00Z, 2h (ago), yesterday, 2025-01-15 10:00"
"""The forms of an instant, for the help of an option."""

WHEN: Final = "When"
CATCH_UP: Final = "Catching up"
RUN: Final = "What a run is asked to do"
OUTPUT: Final = "Output"
GUARDS: Final = "Guards"
PAGES: Final = "Which, and how many"

Id = Annotated[
    str, typer.Argument(metavar="ID", help="The schedule.", autocompletion=complete_schedule, show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON document.", rich_help_panel=OUTPUT)]
Utc = Annotated[
    bool, typer.Option("--utc", help="Show instants in UTC, not in the schedule's zone.", rich_help_panel=OUTPUT)
]

Cron = Annotated[
    str,
    typer.Option("--cron", metavar="EXPR", help='When it is due, such as "0 10 * * 1-5".', rich_help_panel=WHEN),
]
OptionalCron = Annotated[
    str | None,
    typer.Option("--cron", metavar="EXPR", help='When it is due, such as "0 10 * * 1-5".', rich_help_panel=WHEN),
]
Zone = Annotated[
    str | None,
    typer.Option("--tz", metavar="ZONE", help="IANA name of the time zone (UTC).", rich_help_panel=WHEN),
]
Start = Annotated[
    str | None,
    typer.Option(
        "--start",
        metavar="INSTANT",
        help="Count from here on (now), such as 2025-01-15T10:00:00Z.",
        rich_help_panel=WHEN,
    ),
]
End = Annotated[
    str | None,
    typer.Option("--end", metavar="INSTANT", help="Count until before this instant.", rich_help_panel=WHEN),
]
Gap = Annotated[
    DstGap | None,
    typer.Option(
        "--dst-gap",
        help="A time that clocks jump over: at the `next` instant there is (default), or `skip` it.",
        rich_help_panel=WHEN,
    ),
]
Overlap = Annotated[
    DstOverlap | None,
    typer.Option(
        "--dst-overlap",
        help="A time that clocks show twice: due the `first` time (default), the `last`, or `both`.",
        rich_help_panel=WHEN,
    ),
]
Disabled = Annotated[
    bool, typer.Option("--disabled", help="Paused: what is due is recorded as skipped.", rich_help_panel=WHEN)
]
Window = Annotated[
    str | None,
    typer.Option(
        "--catchup-window",
        metavar="SPAN",
        help="How far back to catch up: minutes, or 90m, 24h, 7d (24h).",
        rich_help_panel=CATCH_UP,
    ),
]
Bound = Annotated[
    int | None,
    typer.Option("--max-catchup", metavar="N", help="Ticks of one evaluation, at most (10).", rich_help_panel=CATCH_UP),
]
Policy = Annotated[
    CatchupPolicy | None,
    typer.Option(
        "--catchup-policy",
        help="Beyond that bound: the oldest first and the others wait (default), or only the latest.",
        rich_help_panel=CATCH_UP,
    ),
]
Assets = Annotated[
    list[str] | None,
    typer.Option("--asset", metavar="NAME", help="An asset to make; repeatable.", rich_help_panel=RUN),
]
Partitions = Annotated[
    list[str] | None,
    typer.Option("--partition", metavar="NAME", help="A partition to make; repeatable.", rich_help_panel=RUN),
]
Command = Annotated[
    str | None,
    typer.Option("--command", metavar="LINE", help="A command line for whoever executes the run.", rich_help_panel=RUN),
]
Labels = Annotated[
    list[str] | None, typer.Option("--label", metavar="K=V", help="A label; repeatable.", rich_help_panel=RUN)
]
CodeVersion = Annotated[
    str | None,
    typer.Option("--code-version", metavar="TEXT", help="The code that the run is for.", rich_help_panel=RUN),
]

ExpectVersion = Annotated[
    int | None,
    typer.Option(
        "--expect-version",
        metavar="N",
        help="Change nothing unless this is the current version.",
        rich_help_panel=GUARDS,
    ),
]
DiscardWaiting = Annotated[
    bool,
    typer.Option(
        "--discard-waiting", help="Let what waits to be caught up lapse, in the same step.", rich_help_panel=GUARDS
    ),
]

OfSchedule = Annotated[
    str | None,
    typer.Option(
        "--schedule",
        metavar="ID",
        help="Only of this schedule.",
        autocompletion=complete_schedule,
        rich_help_panel=PAGES,
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="INSTANT", help=f"From this instant on, inclusive: {FORMS}.", rich_help_panel=PAGES
    ),
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="INSTANT", help="Until before this instant.", rich_help_panel=PAGES),
]
Limit = Annotated[
    int, typer.Option("--limit", metavar="N", help="At most so many, up to 10000.", rich_help_panel=PAGES)
]
Cursor = Annotated[
    str | None,
    typer.Option(
        "--cursor", metavar="CURSOR", help="Go on where `next_cursor` of the page before says.", rich_help_panel=PAGES
    ),
]

Csv = Annotated[bool, typer.Option("--csv", help="Answer with CSV, for spreadsheets.", rich_help_panel=OUTPUT)]

MAX_INTEGER: Final = (1 << 63) - 1


def examples(*lines: str) -> str:
    """The epilog of a command's help."""
    return "\n".join(("Examples:", *(f"$ {line}" for line in lines)))


def example_lines(epilog: str | None) -> list[str]:
    """The command lines of an epilog that `examples` made."""
    return [line[2:] for line in (epilog or "").splitlines() if line.startswith("$ ")]


class Problems:
    """Collects what is wrong with the options of a command, so that all of it is said at once."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def read(self, parse: Callable[[str, str], T], text: str | None, option: str) -> T | None:
        """What the option says, None where it is not given or wrong."""
        return None if text is None else self.attempt(lambda: parse(text, option))

    def attempt(self, read: Callable[[], T]) -> T | None:
        """The value, or None and one more problem."""
        try:
            return read()
        except InvalidInput as error:
            self.found += error.problems
            return None

    def add(self, problem: str, *, when: bool = True) -> None:
        """Note a problem, if it is one."""
        if when:
            self.found.append(problem)

    def check(self) -> None:
        """Raise `InvalidInput` with everything that was found, if anything was."""
        if self.found:
            raise InvalidInput(*dict.fromkeys(self.found))


def definition_values(
    problems: Problems,
    *,
    cron: str | None,
    tz: str | None,
    catchup_window: str | None,
    max_catchup: int | None,
    catchup_policy: CatchupPolicy | None,
    asset: Sequence[str] | None,
    partition: Sequence[str] | None,
    command: str | None,
    label: Sequence[str] | None,
    code_version: str | None,
    end: str | None,
    dst_gap: DstGap | None,
    dst_overlap: DstOverlap | None,
) -> dict[str, Any]:
    """What the options say about a definition, by the names of its fields; only what was given."""
    values: dict[str, Any] = {
        "cron_expression": cron,
        "timezone": tz,
        "catchup_window_minutes": problems.read(parse_minutes, catchup_window, "--catchup-window"),
        "max_catchup_ticks": max_catchup,
        "catchup_policy": catchup_policy,
        "asset_selection": tuple(asset) if asset else None,
        "partition_selection": tuple(partition) if partition else None,
        "command": command,
        "labels": read_labels(problems, label) if label else None,
        "code_version": code_version,
        "end_at": problems.read(parse_instant, end, "--end"),
        "dst_gap": dst_gap,
        "dst_overlap": dst_overlap,
    }
    return {name: value for name, value in values.items() if value is not None}


def read_labels(problems: Problems, texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The labels that `--label K=V` gives; the same one twice is one."""
    labels: dict[str, str] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        problems.add(f"--label {text[:60]!r} must be KEY=VALUE", when=not (separator and key))
        twice = labels.setdefault(key, value) != value
        problems.add(f"--label {key[:60]!r} is given twice, with different values", when=twice)
    return tuple(labels.items())


def read_span(problems: Problems, since: str | None, until: str | None, now: int) -> tuple[int | None, int | None]:
    """What `--since` and `--until` say at `now`."""
    from arco_sched.cli.moments import read_moment

    def read(text: str, option: str) -> int:
        return read_moment(text, option, now)

    return problems.read(read, since, "--since"), problems.read(read, until, "--until")


def one_format(problems: Problems, *, as_json: bool, as_csv: bool) -> None:
    """Note the problem of an answer that is asked for in two formats."""
    problems.add("--json and --csv contradict each other", when=as_json and as_csv)
