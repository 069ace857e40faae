"""`arco why`: what happened at an instant, and why."""

from typing import Annotated

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.context import Session, clocks
from arco_sched.cli.moments import read_moment
from arco_sched.cli.options import FORMS, examples
from arco_sched.cli.outputs import log_path, read_tail
from arco_sched.render.terminal import write

why_app = typer.Typer(add_completion=False)


@why_app.command(
    epilog=examples(
        "arco why daily",
        "arco why daily --at 2025-01-15T10:00:00Z",
        'arco why daily --at "yesterday 10:00"',
        'arco why daily --at "2025-01-15 10:00 Europe/Berlin" --json',
    )
)
def why(
    ctx: typer.Context,
    schedule_id: opt.Id,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="INSTANT", help=f"The instant in question (its last occurrence): {FORMS}."),
    ] = None,
    utc: opt.Utc = False,
    as_json: opt.Json = False,
) -> None:
    """Explain why a schedule did or did not fire at an instant: the whole chain, how its run ended, and what to do.

    Without --at it is about the last occurrence that should have been.
    """
    from arco_sched.render import why as render

    session: Session = ctx.obj
    instant = None if at is None else read_moment(at, "--at", session.now)
    with session.open() as workspace:
        answer = workspace.why(schedule_id, instant, now=session.now)
        life = answer.life
        logs = [] if life is None else [log_path(session, life, attempt) for attempt in life.attempts]
        log_tail = read_tail(logs[-1]) if logs and logs[-1] else None
        if as_json:
            write(render.as_json(answer, logs, log_tail))
        else:
            render.draw(answer, clocks(workspace, utc=utc), log_tail)
