"""`arco why`: what happened at an instant, and why."""

from typing import Annotated

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.context import Session, clock_of, clocks
from arco_sched.cli.help import Application
from arco_sched.cli.moments import read_moment
from arco_sched.cli.options import FORMS, examples
from arco_sched.cli.outputs import log_path, read_tail
from arco_sched.render.terminal import write

why_app = Application(add_completion=False)


@why_app.command(
    epilog=examples(
        "arco why daily",
        "arco why daily --at 2025-01-15T10:00:00Z",
        "arco why daily --at yesterday",
        'arco why daily --at "yesterday 10:00"',
        'arco why daily --at "2025-01-15 10:00 Europe/Berlin" --json',
    )
)
def why(
    ctx: typer.Context,
    schedule_id: opt.Id,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="INSTANT",
            help=f"What to explain, such as {FORMS} (default: the most recent due time or manual run).",
        ),
    ] = None,
    tz: opt.Tz = None,
    utc: opt.Utc = False,
    as_json: opt.Json = False,
) -> None:
    """Explain why a schedule did or did not run: the whole chain, how the run ended, and what to do.

    A day, week or night without a time means each occurrence in it. Times without a zone are in the schedule's zone.
    """
    from arco_sched.render import why as render
    from arco_sched.render.why_during import draw as draw_during

    session: Session = ctx.obj
    zone = opt.zone_of(utc=utc, tz=tz)
    if at is not None:
        read_moment(at, "--at", session.now)  # so that an invalid time is reported before the database is opened
    with session.ask() as workspace:
        moment = None if at is None else read_moment(at, "--at", session.now, clock_of(workspace, schedule_id, zone))
        during = None
        if moment is None or moment.is_instant:
            answer = workspace.why(schedule_id, None if moment is None else moment.at, now=session.now)
        else:
            during = workspace.why_during(schedule_id, moment.start, moment.stop, now=session.now)
            answer = during.why
        life = answer.life
        logs = [] if life is None else [log_path(session, life, attempt) for attempt in life.attempts]
        log_tail = read_tail(logs[-1]) if logs and logs[-1] else None
        if as_json:
            write(render.as_json(answer, logs, log_tail, during))
        elif during is not None and during.count != 1:
            draw_during(during, clocks(workspace, zone), clock_of(workspace, schedule_id, zone))
        else:
            render.draw(answer, clocks(workspace, zone), log_tail)
