"""The root of the command line: its options, and where each command lives.

A command's module is only imported when the command is called (or all of them are listed), so that `arco tick` doesn't
pay for the others.
"""

from importlib import import_module
from typing import Annotated, Any, Final, NamedTuple, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from arco_sched import __version__
from arco_sched.cli.context import Session
from arco_sched.cli.help import Application, Group
from arco_sched.cli.options import examples


class _Place(NamedTuple):
    module: str
    panel: str


_DEFINE: Final = "Define"
_EVALUATE: Final = "Evaluate"
_INSPECT: Final = "Inspect"
_MAINTAIN: Final = "Maintain"

_PLACES: Final = {
    "init": _Place("database:init_app", _DEFINE),
    "schedule": _Place("schedule:schedule_app", _DEFINE),
    "apply": _Place("apply:apply_app", _DEFINE),
    "export": _Place("apply:export_app", _DEFINE),
    "import": _Place("import_:import_app", _DEFINE),
    "setup": _Place("setup:setup_app", _EVALUATE),
    "tick": _Place("tick:tick_app", _EVALUATE),
    "work": _Place("work:work_app", _EVALUATE),
    "pool": _Place("pools:pool_app", _EVALUATE),
    "backfill": _Place("backfill:backfill_app", _EVALUATE),
    "status": _Place("status:status_app", _INSPECT),
    "check": _Place("check:check_app", _INSPECT),
    "why": _Place("why:why_app", _INSPECT),
    "next": _Place("upcoming:next_app", _INSPECT),
    "timeline": _Place("timeline:timeline_app", _INSPECT),
    "ticks": _Place("history:ticks_app", _INSPECT),
    "lapses": _Place("history:lapses_app", _INSPECT),
    "runs": _Place("runs:runs_app", _INSPECT),
    "workers": _Place("pools:workers_app", _INSPECT),
    "events": _Place("events:events_app", _INSPECT),
    "verify": _Place("verify:verify_app", _MAINTAIN),
    "backup": _Place("backup:backup_app", _MAINTAIN),
    "prune": _Place("prune:prune_app", _MAINTAIN),
    "compact": _Place("prune:compact_app", _MAINTAIN),
}


class _Root(Group):
    """The group of all commands, each loaded on demand."""

    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002 - typer's signature
        return list(_PLACES)

    def get_command(
        self,
        ctx: object,  # noqa: ARG002 - typer's signature
        cmd_name: str,
    ) -> TyperCommand | TyperGroup | None:
        place = _PLACES.get(cmd_name)
        if place is None:
            # typer suggests the closest of these names.
            self.commands = cast("Any", dict.fromkeys(_PLACES))
            return None
        module, _, attribute = place.module.partition(":")
        of_command: typer.Typer = getattr(import_module(f"arco_sched.cli.{module}"), attribute)
        found = cast("TyperCommand | TyperGroup", get_command(of_command))
        found.name = cmd_name
        found.rich_help_panel = place.panel
        return found


app = Application(
    cls=_Root,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    epilog=examples(
        'arco schedule create daily --cron "0 10 * * *" --command /srv/report.sh',
        "arco work --once --tick",
        "arco runs list",
    ),
)


def _version(wanted: bool) -> None:
    if wanted:
        from arco_sched.render.terminal import write

        write(f"arco {__version__}\n")
        raise typer.Exit


def _patience(seconds: float | None) -> float | None:
    if seconds is not None and not 0 <= seconds <= 86_400:
        raise typer.BadParameter("must be between 0 and 86,400 seconds (a day)")
    return seconds


@app.callback()
def root(
    ctx: typer.Context,
    db: Annotated[
        str | None,
        typer.Option(
            "--db", metavar="PATH", help="Database file (default: $ARCO_DB, else arco/arco.db in your data directory)."
        ),
    ] = None,
    busy_timeout: Annotated[
        float | None,
        typer.Option(
            "--busy-timeout",
            metavar="SECONDS",
            callback=_patience,
            help="How long to wait while another process writes to the database (default: 60).",
        ),
    ] = None,
    _: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Cron with a memory: scheduled jobs with retries, catch-up and a complete history, in one SQLite file.

    Define schedules, let cron call arco every minute (`arco setup cron --work`), and ask what happened and why.
    """
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
        raise typer.Exit
    ctx.obj = Session(db, ctx.obj, busy_timeout)


def command() -> TyperGroup:
    """The whole command line."""
    return cast("TyperGroup", get_command(app))
