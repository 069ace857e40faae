"""Options that define a schedule or change one, generated from the table of fields."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar

import typer

from arco_sched.cli.completion import complete_zone
from arco_sched.cli.moments import question
from arco_sched.cli.names import option_of
from arco_sched.cli.options import RUN, Problems, read_pairs
from arco_sched.core.fields import BY_NAME, GIVEN
from arco_sched.core.kinds import Choice, Flag, Instant, Kind, Many, Pairs, Span, Text, Whole, problems_of
from arco_sched.core.rows import Field
from arco_sched.core.special_kinds import AbsolutePath, Cron, DayRange, Days, Name, Zone

if TYPE_CHECKING:
    from arco_sched.core.cron import Zone as Clock

F = TypeVar("F", bound=Callable[..., Any])

WHEN: Final = "When"
CATCH_UP: Final = "Catch-up"
GUARDS: Final = "Guards"
EXECUTION: Final = "How a worker executes a run"

_PANELS: Final = {"when": WHEN, "catching up": CATCH_UP, "run": RUN, "execution": EXECUTION}
_FIRST: Final = ("cron_expression", "timezone", "start_at", "end_at")
"""The options that come first in their panel."""

_HELP: Final = {
    "cron_expression": 'When it is due, such as "0 10 * * 1-5", @daily or "@every 90m".',
    "enabled": "Pause the schedule: what is due is recorded as skipped.",
    "environment_file": "File of K=V lines that the worker reads at each start, for secrets; overrides --env.",
    "excluded_days": "Days on which nothing runs, such as 2025-12-25 or 2025-12-24..2026-01-01; repeatable.",
}
"""Help of the options for which the words of the field don't fit."""

_TURNED_OFF: Final = {"enabled"}
"""The flags that their option turns off; any other is turned on."""

_CLEARED: Final = {
    "asset_selection": "assets",
    "partition_selection": "partitions",
    "end_at": "end",
    "paused_until": "pause that --paused-until set",
    "run_as": "user to run as",
    "start_within_seconds": "limit on the start",
    "on_failure": "failure command",
    "success_within_seconds": "limit on the time without success",
}
"""What a --clear option removes, if the name of the field doesn't say it."""

_UNCOUNTED: Final = {"environment", "retry_exit_codes", "excluded_days"}
"""The fields of several values whose option has no plural."""


def _in_panels(fields: Sequence[Field]) -> tuple[Field, ...]:
    groups = list(_PANELS)
    return tuple(sorted(fields, key=lambda field: (groups.index(field.group), field.name not in _FIRST, _place(field))))


def _place(field: Field) -> int:
    return _FIRST.index(field.name) if field.name in _FIRST else GIVEN.index(field)


NEW: Final = _in_panels(GIVEN)
"""The fields that `schedule create` takes, in the order of its help."""

CHANGED: Final = NEW
"""The fields that `schedule update` takes."""

REQUESTED: Final = tuple(field for field in NEW if field.for_requests)
"""The fields that `runs request` takes."""

EXPRESSION: Final = tuple(
    BY_NAME[name] for name in ("cron_expression", "timezone", "dst_gap", "dst_overlap", "excluded_days")
)
"""The fields that decide when an expression is due."""


ExpectVersion = Annotated[
    int | None,
    typer.Option(
        "--expect-version",
        metavar="N",
        help="Change nothing unless this is the current version.",
        rich_help_panel=GUARDS,
    ),
]
ExcludeFrom = Annotated[
    str | None,
    typer.Option(
        "--exclude-from",
        metavar="FILE",
        help="File with a day or a range of days per line, as for --exclude; # starts a comment.",
        rich_help_panel=WHEN,
    ),
]
DiscardWaiting = Annotated[
    bool,
    typer.Option(
        "--discard-waiting",
        help="Let waiting occurrences lapse in the same step; disable and delete also skip waiting runs.",
        rich_help_panel=GUARDS,
    ),
]


def offers(fields: Sequence[Field], *, required: bool = False, clearing: bool = False) -> Callable[[F], F]:
    """Give a command an option for each field: `**given` of its function has them by the names of the fields.

    They come before the command's own options, except that --exclude-from follows --exclude. With `required`, required
    fields have required options; with `clearing`, a field that can be removed also has `--clear-…`, given as `clear_`
    and the name.
    """
    options: list[inspect.Parameter] = []
    for field in fields:
        options.append(_parameter(field, required=required and field.required))
        if clearing and field.clearable:
            options.append(_clearing(field))

    def offer(function: F) -> F:
        signature = inspect.signature(function)
        own = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
        place = next((at for at, each in enumerate(own) if each.default is not inspect.Parameter.empty), len(own))
        offered = list(options)
        for each in own[place:]:
            if each.name == "exclude_from":
                own.remove(each)
                offered.insert([option.name for option in options].index("excluded_days") + 1, each)
        ordered = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own[:place], *offered, *own[place:])]
        function.__signature__ = signature.replace(parameters=ordered)  # type: ignore[attr-defined] # typer reads it
        return function

    return offer


def read(problems: Problems, given: Mapping[str, Any], now: int) -> dict[str, Any]:
    """The given options at `now`, by the names of the fields; a cleared field has its default.

    An instant is a question to the clock of the schedule's zone, which `resolve` answers.
    """
    values: dict[str, Any] = {}
    for name, value in given.items():
        field = BY_NAME.get(name.removeprefix("clear_"))
        if field is None or value in (None, []) or value is False:
            continue
        if name == f"clear_{field.name}":
            option = option_of(field.name)
            both = given[field.name] not in (None, [])
            problems.add(f"{option} and {_clear_option(field)} can't be combined", when=both)
            values[field.name] = field.default
        else:
            values[field.name] = _value(problems, field, value, now)
    return {name: value for name, value in values.items() if value is not None or given.get(f"clear_{name}")}


def resolve(problems: Problems, values: dict[str, Any], zone: "Clock") -> None:
    """Replace the questions that `read` returned by instants on the clock of the zone."""
    for name, value in values.items():
        if callable(value):
            values[name] = problems.attempt(partial(value, zone))


def read_days(problems: Problems, values: dict[str, Any], name: str | None) -> None:
    """Add the days of the file of `--exclude-from` to the values; every line that is no day is a problem."""
    if name is None:
        return
    try:
        lines = Path(name).read_text("utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        problems.add(f"can't read --exclude-from {name}: {reason}")
        return
    before = len(problems.found)
    days = [(number, text) for number, line in enumerate(lines, 1) if (text := line.partition("#")[0].strip())]
    for number, text in days:
        for problem in problems_of(DayRange(), f"{name}, line {number}:", text):
            problems.add(problem.sentence())
    problems.add(f"--exclude-from {name} has no days in it", when=not days)
    if len(problems.found) == before:
        values["excluded_days"] = (*values.get("excluded_days", ()), *(text for _, text in days))


def _value(problems: Problems, field: Field, given: Any, now: int) -> Any:
    """The field's value from its option, None if it is invalid."""
    kind = field.kind
    if isinstance(kind, Flag):
        return field.name not in _TURNED_OFF
    if isinstance(kind, Span):
        return problems.read(kind.parse, given, field.name)
    if isinstance(kind, Instant):
        return question(problems, given, option_of(field.name), now, ahead=True)
    if isinstance(kind, Pairs):
        return read_pairs(problems, field, given)
    return tuple(given) if isinstance(kind, Many) else given


def _parameter(field: Field, *, required: bool) -> inspect.Parameter:
    type_, metavar = _type(field.kind)
    default: Any = inspect.Parameter.empty
    if isinstance(field.kind, Flag):
        default = False
    elif not required:
        type_, default = type_ | None, None
    option = typer.Option(
        option_of(field.name),
        metavar=metavar,
        help=_help(field),
        rich_help_panel=_PANELS[field.group],
        autocompletion=complete_zone if isinstance(field.kind, Zone) else None,
    )
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[type_, option]
    )


def _clearing(field: Field) -> inspect.Parameter:
    what = _CLEARED.get(field.name) or field.stem.replace("_", " ")
    option = typer.Option(_clear_option(field), help=f"Remove the {what}.", rich_help_panel=_PANELS[field.group])
    return inspect.Parameter(
        f"clear_{field.name}", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Annotated[bool, option]
    )


def _clear_option(field: Field) -> str:
    option = option_of(field.name)[2:]
    several = isinstance(field.kind, Many | Pairs) and field.name not in _UNCOUNTED
    plural = "s" if several and not option.endswith("s") else ""
    return f"--clear-{option}{plural}"


def _type(kind: Kind) -> tuple[Any, str | None]:
    """The type of an option's value, and its metavar."""
    if isinstance(kind, Choice):
        return Literal[kind.choices], None
    if isinstance(kind, Flag):
        return bool, None
    if isinstance(kind, Days):
        return list[str], "DAY"
    if isinstance(kind, Many):
        return (list[int], "N") if isinstance(kind.item, Whole) else (list[str], "NAME")
    if isinstance(kind, Pairs):
        return list[str], "K=V"
    if isinstance(kind, Whole) and not isinstance(kind, Span):
        return int, "N"
    words = (
        (Span, "SPAN"),
        (Instant, "INSTANT"),
        (Cron, "EXPR"),
        (Zone, "ZONE"),
        (AbsolutePath, "PATH"),
        (Name, "NAME"),
    )
    if isinstance(kind, Text) and kind.lines:
        return str, "LINE"
    return str, next((word for type_, word in words if isinstance(kind, type_)), "TEXT")


def _help(field: Field) -> str:
    return _HELP.get(field.name) or field.sentence("; repeatable" if isinstance(field.kind, Many | Pairs) else "")
