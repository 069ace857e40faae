"""`arco tick`: one evaluation. cron calls it every minute, so it imports nothing that it doesn't need."""

from typing import Annotated, Any

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.context import Session
from arco_sched.cli.exits import ExitCode
from arco_sched.cli.help import Application, Command
from arco_sched.cli.options import examples
from arco_sched.cli.tick_due import evaluate, show_nothing
from arco_sched.configuration import visit_alone
from arco_sched.core.instants import parse_instant
from arco_sched.service.nothing_due import nothing_due

tick_app = Application(add_completion=False)


class _TickCommand(Command):
    """`--now` without a value means the clock, just as without `--now`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # a context: typer's own type of it is private
        bare = [
            place
            for place, argument in enumerate(args)
            if argument == "--now" and (place + 1 == len(args) or args[place + 1].startswith("-"))
        ]
        return super().parse_args(ctx, [argument for place, argument in enumerate(args) if place not in bare])


@tick_app.command(
    cls=_TickCommand,
    epilog=examples(
        "arco tick",
        "arco tick --quiet",
        "arco tick --now 2025-01-15T10:30:00Z --dry-run",
        "arco tick daily --json",
    ),
)
def tick(
    ctx: typer.Context,
    schedule_ids: opt.SomeIds = None,
    now: Annotated[
        str | None,
        typer.Option("--now", metavar="[INSTANT]", help="Evaluate as of this instant (default: now)."),
    ] = None,
    schedule: Annotated[
        list[str] | None,
        typer.Option(
            "--schedule",
            metavar="ID",
            help="Only this schedule; repeatable.",
            autocompletion=opt.complete_schedule,
        ),
    ] = None,
    dry_run: opt.DryRun = False,
    allow_future: Annotated[bool, typer.Option("--allow-future", help="Allow --now to be ahead of the clock.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing when all is well.", rich_help_panel=opt.OUTPUT)
    ] = False,
    tz: opt.Tz = None,
    utc: opt.Utc = False,
    as_json: opt.Json = False,
) -> ExitCode:
    """Evaluate the schedules once: what is due becomes ticks and run requests.

    Running it twice, or several at once, creates nothing twice. Exit code 5: a schedule can't be evaluated.
    """
    session: Session = ctx.obj
    zone = opt.zone_of(utc=utc, tz=tz) if utc or tz is not None else None
    at = session.now if now is None else parse_instant(now, "--now")
    if now is not None and not (allow_future or dry_run):
        from arco_sched.core.evaluate import check_now

        check_now(at, session.now)
    named = [*(schedule_ids or ()), *(schedule or ())]
    whole = not (named or dry_run)
    # Most evaluations end here, without loading the evaluator or anything for tables.
    if whole and visit_alone(session.path, at):
        return _nothing(at, quiet=quiet, as_json=as_json)
    with session.store(asking=dry_run) as store:
        if whole and nothing_due(store, at):
            return _nothing(at, quiet=quiet, as_json=as_json)
        from arco_sched.service.workspace import Workspace

        workspace = Workspace(store)
        return evaluate(workspace, at, named, dry_run=dry_run, quiet=quiet, zone=zone, as_json=as_json)


def _nothing(at: int, *, quiet: bool, as_json: bool) -> ExitCode:
    if as_json or not quiet:
        show_nothing(at, as_json=as_json)
    return ExitCode.DONE
