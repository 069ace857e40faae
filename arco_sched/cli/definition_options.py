"""Options that define a schedule or change one, apart from those that every command loads."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer

from arco_sched.cli.options import RUN, Problems, read_labels
from arco_sched.core.definitions import CatchupPolicy, DstGap, DstOverlap
from arco_sched.core.instants import parse_instant, parse_minutes

WHEN: Final = "When"
CATCH_UP: Final = "Catching up"
GUARDS: Final = "Guards"

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
