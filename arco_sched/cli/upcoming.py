"""`arco next`: what is due next."""

from typing import Annotated

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.completion import complete_schedule
from arco_sched.cli.context import Session, clocks
from arco_sched.cli.help import Application
from arco_sched.cli.options import examples
from arco_sched.render.terminal import say, write

next_app = Application(add_completion=False)


@next_app.command("next", epilog=examples("arco next", "arco next daily --count 3"))
def next_(
    ctx: typer.Context,
    schedule_ids: opt.SomeIds = None,
    count: opt.Count = 10,
    schedule: Annotated[
        list[str] | None,
        typer.Option(
            "--schedule", metavar="ID", help="Only this schedule; repeatable.", autocompletion=complete_schedule
        ),
    ] = None,
    as_json: opt.Json = False,
) -> None:
    """Show what is due next across all schedules that are not paused."""
    session: Session = ctx.obj
    with session.ask() as workspace:
        found = workspace.next(now=session.now, count=count, schedules=[*(schedule_ids or ()), *(schedule or ())])
        if as_json:
            from arco_sched.render import lives

            write(lives.upcoming(found))
        elif not found:
            say("Nothing is due.")
        else:
            from arco_sched.render import run_tables

            run_tables.upcoming(found, session.now, clocks(workspace, None))
