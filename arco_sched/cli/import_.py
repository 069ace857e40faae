"""`arco import …`: schedules from elsewhere."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.apply import DryRun, note_new, read_bytes, say_besides
from arco_sched.cli.context import Session
from arco_sched.cli.exits import ExitCode
from arco_sched.cli.options import Problems, examples
from arco_sched.core.definitions import Version, Wanted
from arco_sched.core.errors import InvalidInput
from arco_sched.render.terminal import say, write

import_app = typer.Typer(add_completion=False)


@import_app.callback()
def import_group() -> None:
    """Take over schedules that are defined elsewhere."""


@import_app.command(
    "crontab",
    epilog=examples(
        "crontab -l | arco import crontab - --tz Europe/Berlin --dry-run",
        "arco import crontab /etc/crontab --tz Europe/Berlin",
        "arco import crontab /etc/cron.d/certbot --prefix certbot.",
    ),
)
def crontab(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A crontab; - for stdin.", show_default=False)],
    dry_run: DryRun = False,
    user_format: Annotated[
        bool, typer.Option("--user-format", help="Entries have no user field, whatever they look like.")
    ] = False,
    system_format: Annotated[
        bool, typer.Option("--system-format", help="Entries have a user field, as in /etc/crontab.")
    ] = False,
    prefix: Annotated[str, typer.Option("--prefix", metavar="TEXT", help="Put it before every id.")] = "",
    tz: Annotated[
        str | None,
        typer.Option("--tz", metavar="ZONE", help="The zone of entries without a CRON_TZ: that of cron's host (UTC)."),
    ] = None,
    as_json: opt.Json = False,
) -> ExitCode:
    """Make a schedule of every entry of a crontab, and the database if there is none.

    Shell, variables, HOME and the user come too, so that `arco work` runs the commands as cron ran them. Every line is
    accounted for. Exit code 7: some lines can't be carried over; the others were. Importing the same again changes
    nothing.
    """
    from arco_sched.formats.crontab import read
    from arco_sched.render import imported
    from arco_sched.service.apply import from_nothing

    session: Session = ctx.obj
    problems = Problems()
    problems.add("--user-format and --system-format contradict each other", when=user_format and system_format)
    problems.check()
    name = "stdin" if file == "-" else Path(file).name
    system = True if system_format else False if user_format else (_is_systems(file) or None)
    given = read(
        read_bytes(file),
        name=name,
        system=system,
        prefix=prefix,
        timezone=tz,
        users=_users(),
    )
    if not session.exists() and (dry_run or not given.wanted):
        answer = replace(from_nothing(given.wanted, session.now), dry_run=dry_run)
    else:
        with session.ask() if dry_run else session.create() as workspace:
            answer = workspace.apply(given.wanted, now=session.now, dry_run=dry_run, refuse=_refuse)
            note_new(workspace, answer)
    if given.unzoned:
        say(f"warning: no time zone is given, and UTC is assumed: cron used the zone of its host{_hosts_zone()}")
    if any(wanted.definition.request.run_as for wanted in given.wanted):
        say("note: entries that name a user are executed by a worker that is root, or is that user")
    say_besides(answer)
    if note := imported.gone(name, answer):
        say(note)
    if as_json:
        write(imported.document(given, answer))
    else:
        imported.draw(given, answer)
    return ExitCode.CHECK if given.problems else ExitCode.DONE


def _refuse(there: Version, wanted: Wanted) -> str | None:
    """A schedule that this crontab did not make must not be changed by it."""
    from arco_sched.core.definitions import SOURCE

    before = dict(there.definition.request.labels).get(SOURCE)
    if before == dict(wanted.definition.request.labels).get(SOURCE):
        return None
    owner = f"came from {before}" if before else "was not imported"
    return f"schedule {there.schedule_id} exists and {owner}: choose other ids with --prefix"


def _is_systems(file: str) -> bool:
    path = Path(file).absolute()
    return path.parent.name == "cron.d" or path == Path("/etc/crontab")


def _users() -> list[str]:
    """The users of this host, by which a user field is known."""
    try:
        import pwd
    except ImportError:
        return []
    return [entry.pw_name for entry in pwd.getpwall()]


def _hosts_zone() -> str:
    """A hint for `--tz`, where this host says what its zone is."""
    try:
        target = Path("/etc/localtime").readlink()
    except OSError:
        return "; name it with --tz"
    _, found, zone = str(target).partition("zoneinfo/")
    if not found:
        return "; name it with --tz"
    from arco_sched.core.cron import load_zone

    try:
        load_zone(zone)
    except InvalidInput:
        return "; name it with --tz"
    return f"; for this host that is --tz {zone}"
