"""`arco check`: what needs attention, for monitoring."""

from typing import Annotated

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.context import Session, clocks
from arco_sched.cli.exits import ExitCode
from arco_sched.cli.help import Application
from arco_sched.cli.options import MAX_INTEGER, Problems, examples
from arco_sched.cli.presence import is_here
from arco_sched.render.terminal import write

check_app = Application(add_completion=False)


@check_app.command(epilog=examples("arco check", "arco check --max-lag 5m --failed", "arco check --late 15m --json"))
def check(
    ctx: typer.Context,
    max_lag: Annotated[
        str | None,
        typer.Option("--max-lag", metavar="SPAN", help="No evaluation for longer than this, such as 5m or 2h."),
    ] = None,
    stale: Annotated[
        bool, typer.Option("--stale", help="Schedules without a success within their --success-within.")
    ] = False,
    failed: Annotated[bool, typer.Option("--failed", help="Schedules whose last run failed.")] = False,
    late: Annotated[
        str | None,
        typer.Option(
            "--late",
            metavar="SPAN",
            help="Runs that have been ready to start for longer than this, that no worker serves, or that an executor "
            "of your own keeps past their timeout.",
        ),
    ] = None,
    waiting: Annotated[int | None, typer.Option("--waiting", metavar="N", help="More than N waiting runs.")] = None,
    as_json: opt.Json = False,
) -> ExitCode:
    """Check for problems: one line per finding, and exit code 7 if there is any.

    The options choose what to check. Without any, it checks everything it can, with --max-lag 5m and --late 5m. It only
    reads.
    """
    from arco_sched.render import findings as render
    from arco_sched.service.check import ALL, Asked

    session: Session = ctx.obj
    problems = Problems()
    lag = problems.read(_seconds, max_lag, "--max-lag")
    since = problems.read(_seconds, late, "--late")
    problems.add("--waiting must be 0 or more", when=waiting is not None and not 0 <= waiting <= MAX_INTEGER)
    problems.check()
    asked = Asked(max_lag=lag, late=since, waiting=waiting, stale=stale, failed=failed)
    with session.ask() as workspace:
        found = workspace.check(ALL if asked == Asked() else asked, now=session.now, is_here=is_here(session))
        write(render.as_json(found) if as_json else render.lines(found, clocks(workspace, None)))
    return ExitCode.CHECK if found else ExitCode.DONE


def _seconds(text: str, what: str) -> int:
    from arco_sched.core.kinds import Span
    from arco_sched.core.policy import MAX_SECONDS

    return Span("seconds", 0, MAX_SECONDS).parse(text, what)
