"""`arco ticks …` and `arco lapses …`: what was evaluated, and what lapsed."""

from typing import Annotated

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.completion import complete_tick
from arco_sched.cli.context import Session, clock_of, clocks
from arco_sched.cli.help import Application
from arco_sched.cli.options import Problems, examples, one_format
from arco_sched.cli.pages import show_page
from arco_sched.core.history import LapseReason, TickStatus
from arco_sched.render.terminal import write
from arco_sched.service.lists import DEFAULT_LIMIT

ticks_app = Application(add_completion=False)
lapses_app = Application(add_completion=False)


@ticks_app.callback()
def ticks_group() -> None:
    """List ticks, or show one: what was evaluated."""


@lapses_app.callback()
def lapses_group() -> None:
    """List lapses: occurrences that were not evaluated in time."""


@ticks_app.command(
    "list",
    epilog=examples(
        "arco ticks list daily",
        "arco ticks list --status failed --since yesterday",
        "arco ticks list --since 2h --until now --json",
        "arco ticks list --limit 1000 --csv",
    ),
)
def ticks_list(
    ctx: typer.Context,
    schedule_id: opt.SomeId = None,
    schedule: opt.OfSchedule = None,
    status: Annotated[
        TickStatus | None, typer.Option("--status", help="Only with this status.", rich_help_panel=opt.PAGES)
    ] = None,
    since: opt.Since = None,
    until: opt.Until = None,
    limit: opt.Limit = DEFAULT_LIMIT,
    cursor: opt.Cursor = None,
    tz: opt.Tz = None,
    utc: opt.Utc = False,
    as_csv: opt.Csv = False,
    as_json: opt.Json = False,
) -> None:
    """List ticks, newest first by the instant they are scheduled for."""
    session: Session = ctx.obj
    problems = Problems()
    schedule = opt.one_id(problems, schedule_id, schedule)
    from arco_sched.cli.moments import Range

    asked = Range(problems, since, until, session.now)
    zone = problems.attempt(lambda: opt.zone_of(utc=utc, tz=tz))
    one_format(problems, as_json=as_json, as_csv=as_csv)
    problems.check()
    with session.ask() as workspace:
        start, stop = asked.on(clock_of(workspace, schedule, zone))
        page = workspace.ticks(schedule_id=schedule, status=status, since=start, until=stop, limit=limit, cursor=cursor)
        show_page(workspace, "ticks", page, zone=zone, as_csv=as_csv, as_json=as_json)


@ticks_app.command(
    "show", epilog=examples("arco ticks show daily:1736762400", "arco ticks show daily:1736762400 --json")
)
def ticks_show(
    ctx: typer.Context,
    tick_id: Annotated[
        str, typer.Argument(metavar="TICK_ID", help="Tick id.", autocompletion=complete_tick, show_default=False)
    ],
    tz: opt.Tz = None,
    utc: opt.Utc = False,
    as_json: opt.Json = False,
) -> None:
    """Show a tick: its definition version, its run and how that ended, and any conflict."""
    from arco_sched.cli.outputs import log_path, read_tail

    session: Session = ctx.obj
    zone = opt.zone_of(utc=utc, tz=tz)
    with session.ask() as workspace:
        detail = workspace.tick(tick_id)
        life = None if detail.run is None else workspace.run_life(detail.run.run_id, now=session.now)
        logs = {} if life is None else {each.number: log_path(session, life, each) for each in life.attempts}
        path = None if life is None else logs.get(life.state.attempts)
        tail = None if path is None else read_tail(path)
        if as_json:
            from arco_sched.render import json, lives

            write(json.tick_detail(detail, None if life is None else lives.detail_row(life, logs, tail)))
        else:
            from arco_sched.render import run_tables

            run_tables.tick_detail(detail, life, tail, session.now, clocks(workspace, zone))


@lapses_app.command("list", epilog=examples("arco lapses list daily", "arco lapses list --reason window --json"))
def lapses_list(
    ctx: typer.Context,
    schedule_id: opt.SomeId = None,
    schedule: opt.OfSchedule = None,
    reason: Annotated[
        LapseReason | None, typer.Option("--reason", help="Only with this reason.", rich_help_panel=opt.PAGES)
    ] = None,
    since: opt.Since = None,
    until: opt.Until = None,
    limit: opt.Limit = DEFAULT_LIMIT,
    cursor: opt.Cursor = None,
    tz: opt.Tz = None,
    utc: opt.Utc = False,
    as_csv: opt.Csv = False,
    as_json: opt.Json = False,
) -> None:
    """List lapses, newest record first: from when to when, how many occurrences, and why."""
    session: Session = ctx.obj
    problems = Problems()
    schedule = opt.one_id(problems, schedule_id, schedule)
    from arco_sched.cli.moments import Range

    asked = Range(problems, since, until, session.now)
    zone = problems.attempt(lambda: opt.zone_of(utc=utc, tz=tz))
    one_format(problems, as_json=as_json, as_csv=as_csv)
    problems.check()
    with session.ask() as workspace:
        start, stop = asked.on(clock_of(workspace, schedule, zone))
        page = workspace.lapses(
            schedule_id=schedule, reason=reason, since=start, until=stop, limit=limit, cursor=cursor
        )
        show_page(workspace, "lapses", page, zone=zone, as_csv=as_csv, as_json=as_json)
