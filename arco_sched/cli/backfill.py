"""`arco backfill`: runs for past occurrences."""

from typing import Annotated

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.context import Session, clock_of, clocks
from arco_sched.cli.help import Application
from arco_sched.cli.moments import question
from arco_sched.cli.options import FORMS, Problems, examples
from arco_sched.cli.signing import signed
from arco_sched.render.terminal import write

backfill_app = Application(add_completion=False)


@backfill_app.command(
    epilog=examples(
        "arco backfill daily --from 2025-01-01 --to 2025-01-08 --dry-run",
        'arco backfill daily --from "last week" --to yesterday',
        "arco backfill daily --from 2025-01-01T10:00:00Z --to now --limit 5",
    )
)
@signed
def backfill(
    ctx: typer.Context,
    schedule_id: opt.Id,
    start: Annotated[
        str, typer.Option("--from", metavar="INSTANT", help=f"Only from this instant on, such as {FORMS}.")
    ],
    stop: Annotated[str, typer.Option("--to", metavar="INSTANT", help="Only before this instant.")],
    limit: Annotated[
        int,
        typer.Option(
            "--limit",
            metavar="N",
            help="Maximum ticks to make, oldest first, 1 to 10,000 (default: 1000).",
            show_default=False,
        ),
    ] = 1000,
    dry_run: opt.DryRun = False,
    tz: opt.Tz = None,
    utc: opt.Utc = False,
    as_json: opt.Json = False,
) -> None:
    """Request runs for past occurrences that lapsed, were paused, or lie before the start.

    Occurrences that were triggered, or still wait for `arco tick`, are left alone. Repeating it creates nothing twice.
    """
    from arco_sched.render import backfill as render

    session: Session = ctx.obj
    problems = Problems()
    begin, end = question(problems, start, "--from", session.now), question(problems, stop, "--to", session.now)
    zone = problems.attempt(lambda: opt.zone_of(utc=utc, tz=tz))
    problems.check()
    if begin is None or end is None:
        raise AssertionError
    with session.open(asking=dry_run) as workspace:
        clock = clock_of(workspace, schedule_id, zone)
        answer = workspace.backfill(
            schedule_id, start=begin(clock), stop=end(clock), now=session.now, limit=limit, dry_run=dry_run
        )
        if as_json:
            write(render.as_json(answer))
        else:
            render.draw(answer, clocks(workspace, zone))
