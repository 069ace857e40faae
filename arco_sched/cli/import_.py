"""`arco import …`: schedules from elsewhere."""

from pathlib import Path
from typing import Annotated, cast

import typer

from arco_sched.cli import options as opt
from arco_sched.cli import taking_over as common
from arco_sched.cli.apply import DryRun
from arco_sched.cli.context import Session
from arco_sched.cli.exits import ExitCode
from arco_sched.cli.options import Problems, examples
from arco_sched.cli.signing import signed
from arco_sched.core.definitions import CATCHUP_POLICIES, MAX_TICKS, CatchupPolicy
from arco_sched.core.errors import InvalidInput

import_app = typer.Typer(add_completion=False)

_DIALECTS = ("debian", "cronie", "busybox", "supercronic")


@import_app.callback()
def import_group() -> None:
    """Take over schedules that are defined elsewhere."""


@import_app.command(
    "crontab",
    epilog=examples(
        "crontab -l | arco import crontab - --tz Europe/Berlin --dry-run",
        "arco import crontab /etc/crontab /etc/cron.d --tz Europe/Berlin",
        "arco import crontab /etc/cron.d/certbot --prefix certbot. --toml",
    ),
)
@signed
def crontab(
    ctx: typer.Context,
    file: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Crontabs, or folders of them; - for stdin.", show_default=False),
    ],
    dry_run: DryRun = False,
    dialect: Annotated[
        str | None,
        typer.Option("--dialect", metavar="CRON", help=f"Which cron reads it: {', '.join(_DIALECTS)} (debian)."),
    ] = None,
    user_format: Annotated[
        bool, typer.Option("--user-format", help="Entries have no user field, whatever they look like.")
    ] = False,
    system_format: Annotated[
        bool, typer.Option("--system-format", help="Entries have a user field, as in /etc/crontab.")
    ] = False,
    tz: Annotated[
        str | None,
        typer.Option("--tz", metavar="ZONE", help="The zone of entries without a CRON_TZ: that of cron's host (UTC)."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="NAME", help="What the file is known by, instead of its path."),
    ] = None,
    prefix: common.Prefix = "",
    prune: common.Prune = False,
    disable_gone: common.DisableGone = False,
    with_secrets: Annotated[
        bool,
        typer.Option("--with-secrets", help="Carry over variables that look like secrets; the database shows them."),
    ] = False,
    catchup_policy: Annotated[
        str | None,
        typer.Option("--catchup-policy", metavar="POLICY", help=f"{' or '.join(CATCHUP_POLICIES)} (latest)."),
    ] = None,
    max_catchup: Annotated[
        int | None,
        typer.Option("--max-catchup", metavar="N", help="Maximum ticks per evaluation (1).", min=1, max=MAX_TICKS),
    ] = None,
    toml: common.Toml = False,
    as_json: opt.Json = False,
) -> ExitCode:
    """Make a schedule of every entry of a crontab, and the database if there is none.

    Shell, variables, HOME and the user come too, so that `arco work` runs the commands as cron ran them. Every line is
    accounted for. Exit code 7: some lines can't be carried over; the others were. Importing the same again changes
    nothing; what changed in the file changes its schedule, and ids stay.
    """
    from arco_sched.formats.crontab import Options, read
    from arco_sched.formats.crontab_fields import Dialect

    session: Session = ctx.obj
    wishes = common.Wishes(
        prefix=prefix, dry_run=dry_run, prune=prune, disable_gone=disable_gone, toml=toml, as_json=as_json
    )
    wishes.check()
    problems = Problems()
    problems.add("--user-format and --system-format contradict each other", when=user_format and system_format)
    unknown = dialect is not None and dialect not in _DIALECTS
    problems.add(f"--dialect {dialect!a} must be one of {', '.join(_DIALECTS)}", when=unknown)
    problems.add(
        f"--dialect {dialect} has no user field: --system-format is Debian's and cronie's",
        when=system_format and dialect in {"busybox", "supercronic"},
    )
    policies = ", ".join(CATCHUP_POLICIES)
    wrong = catchup_policy is not None and catchup_policy not in CATCHUP_POLICIES
    problems.add(f"--catchup-policy {catchup_policy!a} must be one of {policies}", when=wrong)
    problems.check()
    given = common.given_files(file, source, "crontab")
    options = [
        Options(
            dialect=cast("Dialect | None", dialect),
            system=True if system_format else False if user_format else None,
            is_systems=each.path is not None and _is_systems(each.path),
            owner=None if each.path is None else _owner(each.path),
            timezone=tz,
            with_secrets=with_secrets,
            catchup_policy=cast("CatchupPolicy | None", catchup_policy),
            max_catchup_ticks=max_catchup,
        )
        for each in given
    ]
    files = [
        read(each.content, name=each.name, label=each.label, options=asked)
        for each, asked in zip(given, options, strict=True)
    ]
    return common.take_over(session, files, wishes, _unzoned)


def _is_systems(file: Path) -> bool:
    path = file.absolute()
    return path.parent.name == "cron.d" or path == Path("/etc/crontab")


def _owner(file: Path) -> str | None:
    """The user whose crontab it is, where it lies in cron's own folder."""
    folder = file.absolute().parent
    return file.name if folder in {Path("/var/spool/cron"), Path("/var/spool/cron/crontabs")} else None


def _unzoned() -> str:
    return f"warning: no time zone is given, and UTC is assumed: cron used the zone of its host{_hosts_zone()}"


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
