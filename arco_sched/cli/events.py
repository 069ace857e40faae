"""`arco events …`: the event table, from which everything else is folded."""

import sys
import time
from typing import Annotated, Final

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.context import Session, clocks
from arco_sched.cli.help import Application
from arco_sched.cli.options import Problems, examples
from arco_sched.cli.pages import show_page
from arco_sched.core.events import BY_NAME as TYPES
from arco_sched.render.terminal import write
from arco_sched.service.lists import DEFAULT_LIMIT, check_limit
from arco_sched.service.workspace import Workspace

POLL: Final = 0.5
"""Seconds between two polls for new events."""

BATCH: Final = 1000
"""Maximum events per poll."""

events_app = Application(add_completion=False)


@events_app.callback()
def events_group() -> None:
    """List events, or follow them."""


@events_app.command(
    "list",
    epilog=examples(
        "arco events list daily",
        "arco events list --type RunRequested --after 120 --json",
        "arco events list --follow --json",
        "arco events list --follow --after 120 --json",
    ),
)
def events_list(
    ctx: typer.Context,
    schedule_id: opt.SomeId = None,
    after: Annotated[
        int,
        typer.Option("--after", metavar="SEQ", help="Only events after this number.", rich_help_panel=opt.PAGES),
    ] = 0,
    type_: Annotated[
        str | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help=f"Only this type of event: {', '.join(TYPES)}.",
            autocompletion=lambda: list(TYPES),
            rich_help_panel=opt.PAGES,
        ),
    ] = None,
    schedule: opt.OfSchedule = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            help="Maximum rows, 1 to 10,000 (default: 100; with --follow, no limit).",
            rich_help_panel=opt.PAGES,
        ),
    ] = None,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="Wait for more; with --json, one document per line.", rich_help_panel=opt.OUTPUT),
    ] = False,
    tz: opt.Tz = None,
    utc: opt.Utc = False,
    as_csv: opt.Csv = False,
    as_json: opt.Json = False,
) -> None:
    """List events, oldest first.

    An executor of your own reads run requests from here, and remembers the last number it has seen.
    """
    session: Session = ctx.obj
    problems = Problems()
    schedule = opt.one_id(problems, schedule_id, schedule)
    problems.add(f"--type {type_!r} must be one of {', '.join(TYPES)}", when=type_ is not None and type_ not in TYPES)
    problems.add("--after must be 0 or more", when=not 0 <= after <= opt.MAX_INTEGER)
    problems.attempt(lambda: check_limit(DEFAULT_LIMIT if limit is None else limit))
    zone = problems.attempt(lambda: opt.zone_of(utc=utc, tz=tz))
    opt.one_format(problems, as_json=as_json, as_csv=as_csv)
    problems.check()
    with session.ask() as workspace:
        if follow:
            _follow(workspace, after, type_, schedule, limit, zone=zone, as_json=as_json, as_csv=as_csv)
            return
        page = workspace.events(after=after, type_=type_, schedule_id=schedule, limit=limit or DEFAULT_LIMIT)
        show_page(workspace, "events", page, zone=zone, as_csv=as_csv, as_json=as_json)


def _follow(
    workspace: Workspace,
    after: int,
    type_: str | None,
    schedule: str | None,
    limit: int | None,
    *,
    zone: str | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Write events as they are committed, up to `limit` of them, or forever."""
    from arco_sched.render import csv
    from arco_sched.render.json import event_line as json_line
    from arco_sched.render.tables import event_line

    left = limit
    if as_csv:
        write(csv.events([]))
    while True:
        page = workspace.events(
            after=after, type_=type_, schedule_id=schedule, limit=BATCH if left is None else min(left, BATCH)
        )
        if page.rows:
            if as_json:
                write(map(json_line, page.rows))
            elif as_csv:
                write(csv.events(page.rows, header=False))
            else:
                shown_on = clocks(workspace, zone)
                write(event_line(event, shown_on) for event in page.rows)
            if sys.stdout is not None:
                sys.stdout.flush()
            after = page.rows[-1].seq
            if left is not None:
                left -= len(page.rows)
                if left == 0:
                    return
        if page.next_cursor is None:
            time.sleep(POLL)
