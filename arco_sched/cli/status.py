"""`arco status`: is arco evaluating, and is anything wrong?"""

from typing import Annotated

import typer

from arco_sched import __version__
from arco_sched.cli import options as opt
from arco_sched.cli.context import Session, clocks
from arco_sched.cli.exits import ExitCode
from arco_sched.cli.help import Application
from arco_sched.cli.options import Problems, examples
from arco_sched.cli.presence import is_here
from arco_sched.core.instants import parse_minutes
from arco_sched.render.terminal import Document, write

status_app = Application(add_completion=False)


@status_app.command(
    epilog=examples(
        "arco status",
        "arco status --max-lag 5m",
        "arco status --prometheus /var/lib/node_exporter/arco.prom",
    )
)
def status(
    ctx: typer.Context,
    max_lag: Annotated[
        str | None,
        typer.Option(
            "--max-lag",
            metavar="SPAN",
            help="Exit 7 if the last evaluation is older than this, such as 5m or 2h, or there is none.",
        ),
    ] = None,
    prometheus: Annotated[
        str | None,
        typer.Option(
            "--prometheus",
            metavar="FILE",
            help="Write a textfile for node-exporter instead, or - for stdout.",
            rich_help_panel=opt.OUTPUT,
        ),
    ] = None,
    tz: opt.Tz = None,
    utc: opt.Utc = False,
    as_json: opt.Json = False,
) -> ExitCode:
    """Show whether arco evaluates and executes, what is due or overdue, what runs or waits, and what went wrong.

    With --prometheus FILE nothing is printed unless you add --json; the file is replaced as a whole.
    """
    from arco_sched.render import status as render

    session: Session = ctx.obj
    problems = Problems()
    minutes = problems.read(parse_minutes, max_lag, "--max-lag")
    problems.add("--json and --prometheus - can't both write to stdout", when=as_json and prometheus == "-")
    problems.add("--prometheus needs a file name, or -", when=prometheus == "")
    zone = problems.attempt(lambda: opt.zone_of(utc=utc, tz=tz))
    problems.check()
    lag = None if minutes is None else minutes * 60
    with session.ask() as workspace:
        seen = is_here(session)
        answer = workspace.status(now=session.now, is_here=seen, results=prometheus is not None)
        if prometheus == "-":
            write(map(Document, render.prometheus(answer, __version__)))
        elif prometheus is not None:
            from arco_sched.cli.files import write_whole

            write_whole(prometheus, "".join(render.prometheus(answer, __version__)), "--prometheus")
            session.has_changed = True
        if as_json:
            write(render.as_json(answer, lag, fixed_clock=session.has_fixed_clock))
        elif prometheus is None:
            render.draw(answer, lag, clocks(workspace, zone), fixed_clock=session.has_fixed_clock)
    return ExitCode.CHECK if lag is not None and render.is_late(answer, lag) else ExitCode.DONE
