"""`arco schedule rewind`: bring cursors back to the clock."""

from typing import Annotated

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.completion import complete_schedule
from arco_sched.cli.context import Session, clocks
from arco_sched.cli.signing import signed
from arco_sched.render.terminal import write


@signed
def rewind(
    ctx: typer.Context,
    schedule_ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]...",
            help="Schedule ids (default: all that are ahead of the clock).",
            autocompletion=complete_schedule,
            show_default=False,
        ),
    ] = None,
    dry_run: opt.DryRun = False,
    tz: opt.Tz = None,
    utc: opt.Utc = False,
    as_json: opt.Json = False,
) -> None:
    """Bring schedules back that are ahead of the clock.

    Use it after a wrong clock or a mistaken --allow-future: nothing would be due until the clock catches up. Ticks
    ahead of the clock stay; when their time comes, they are found rather than made twice. Repeating it changes nothing.
    """
    from arco_sched.render import rewinding

    session: Session = ctx.obj
    zone = opt.zone_of(utc=utc, tz=tz)
    with session.open(asking=dry_run) as workspace:
        answer = workspace.rewind(now=session.now, schedules=schedule_ids or (), dry_run=dry_run)
        if as_json:
            write(rewinding.rewound_json(answer, session.now, dry_run=dry_run))
        else:
            write(rewinding.rewound(answer, clocks(workspace, zone), dry_run=dry_run))
