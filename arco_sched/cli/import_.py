"""`arco import …`: schedules from elsewhere."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, cast

import typer

from arco_sched.cli import options as opt
from arco_sched.cli import taking_over as common
from arco_sched.cli.apply import read_bytes
from arco_sched.cli.context import Session
from arco_sched.cli.exits import ExitCode
from arco_sched.cli.help import Application
from arco_sched.cli.options import Problems, examples
from arco_sched.cli.signing import signed
from arco_sched.core.definitions import CATCHUP_POLICIES, MAX_TICKS, CatchupPolicy
from arco_sched.core.errors import InvalidInput
from arco_sched.render.terminal import say

import_app = Application(add_completion=False)

_DIALECTS = ("debian", "cronie", "busybox", "supercronic")


@import_app.callback()
def import_group() -> None:
    """Import schedules from crontabs, systemd timers or Kubernetes CronJobs."""


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
        typer.Argument(metavar="FILE...", help="Crontabs, folders of them, or - for stdin.", show_default=False),
    ],
    dry_run: opt.DryRun = False,
    dialect: Annotated[
        str | None,
        typer.Option(
            "--dialect", metavar="CRON", help=f"Cron that reads it: {', '.join(_DIALECTS)} (default: debian)."
        ),
    ] = None,
    user_format: Annotated[
        bool, typer.Option("--user-format", help="Entries have no user field, even if they look like it.")
    ] = False,
    system_format: Annotated[
        bool, typer.Option("--system-format", help="Entries have a user field, as in /etc/crontab.")
    ] = False,
    tz: common.Tz = None,
    source: common.Source = None,
    prefix: common.Prefix = "",
    prune: common.Prune = False,
    disable_gone: common.DisableGone = False,
    with_secrets: common.WithSecrets = False,
    catchup_policy: Annotated[
        str | None,
        typer.Option(
            "--catchup-policy",
            metavar="POLICY",
            help=f"Catch-up policy: {' or '.join(CATCHUP_POLICIES)} (default: latest).",
        ),
    ] = None,
    max_catchup: Annotated[
        int | None,
        typer.Option("--max-catchup", metavar="N", help="Maximum ticks per evaluation (default: 1)."),
    ] = None,
    toml: common.Toml = False,
    as_json: opt.Json = False,
) -> ExitCode:
    """Import each entry of a crontab as a schedule; creates the database if there is none.

    Shell, variables, HOME and user are imported too, so that `arco work` runs the commands the way cron did. The report
    accounts for every line. Exit code 7: some lines can't be imported; the others were. Importing the same file again
    changes nothing; a changed line changes its schedule, and ids stay.
    """
    from arco_sched.formats.crontab import Options, read
    from arco_sched.formats.crontab_fields import Dialect

    session: Session = ctx.obj
    wishes = common.Wishes(
        prefix=prefix, dry_run=dry_run, prune=prune, disable_gone=disable_gone, toml=toml, as_json=as_json
    )
    wishes.check()
    problems = Problems()
    problems.add("--user-format and --system-format can't be combined", when=user_format and system_format)
    unknown = dialect is not None and dialect not in _DIALECTS
    problems.add(f"--dialect {dialect!a} must be one of {', '.join(_DIALECTS)}", when=unknown)
    problems.add(
        f"--system-format and --dialect {dialect} can't be combined: its crontabs have no user field",
        when=system_format and dialect in {"busybox", "supercronic"},
    )
    policies = ", ".join(CATCHUP_POLICIES)
    wrong = catchup_policy is not None and catchup_policy not in CATCHUP_POLICIES
    problems.add(f"--catchup-policy {catchup_policy!a} must be one of {policies}", when=wrong)
    problems.add(
        f"--max-catchup must be between 1 and {MAX_TICKS}",
        when=max_catchup is not None and not 1 <= max_catchup <= MAX_TICKS,
    )
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
    code = common.take_over(session, files, wishes, _unzoned)
    if not (dry_run or toml):
        for where, editor in _left([each for each, file in zip(given, files, strict=True) if file.entries]):
            say(f"note: the imported entries are still in {where}: remove them{editor}, before arco runs them too")
    return code


def _left(given: list[common.Given]) -> Iterator[tuple[str, str]]:
    """Where cron still has entries that were imported, and with what they are removed."""
    files = [each.name for each in given if each.path is not None and _is_systems(each.path)]
    if files:
        yield ", ".join(files), ""
    for each in given:
        user = each.label.partition(":")[2] if each.path is None else _owner(each.path)
        uid = _uid(user) if user else None
        if uid is not None:
            yield "the crontab", f" with `crontab {'' if uid == os.geteuid() else f'-u {user} '}-e`"


def _uid(name: str) -> int | None:
    import pwd

    try:
        return pwd.getpwnam(name).pw_uid
    except (KeyError, ValueError):
        return None


@import_app.command(
    "systemd",
    epilog=examples(
        "arco import systemd /etc/systemd/system/backup.timer --dry-run",
        "arco import systemd /etc/systemd/system --tz Europe/Berlin --toml",
        "arco import systemd backup.timer backup.service",
    ),
)
@signed
def systemd(
    ctx: typer.Context,
    file: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Timers or folders of them; a service is looked up among the files, then next to its timer.",
            show_default=False,
        ),
    ],
    dry_run: opt.DryRun = False,
    tz: common.Tz = None,
    source: common.Source = None,
    prefix: common.Prefix = "",
    prune: common.Prune = False,
    disable_gone: common.DisableGone = False,
    with_secrets: common.WithSecrets = False,
    toml: common.Toml = False,
    as_json: opt.Json = False,
) -> ExitCode:
    """Import systemd timers as schedules, with the commands of their services.

    A timer with several times becomes several schedules. The report accounts for every setting. Exit code 7: some times
    can't be imported; the others were. Importing the same files again changes nothing.
    """
    from arco_sched.formats.systemd_timer import Options, read

    session: Session = ctx.obj
    wishes = common.Wishes(
        prefix=prefix, dry_run=dry_run, prune=prune, disable_gone=disable_gone, toml=toml, as_json=as_json
    )
    wishes.check()
    if "-" in file:
        raise InvalidInput("a timer can't be read from stdin, which has no name and no service: give its file")
    services = {Path(name).name: name for name in file if name.endswith(".service")}
    named = [name for name in file if not name.endswith(".service")]
    if not named:
        raise InvalidInput("there is no timer among the files: a service alone is never due")
    given = common.given_files(named, source, "systemd", endings=(".timer",), stands_for=_timer)
    strange = [each.name for each in given if not each.name.endswith(".timer")]
    if strange:
        raise InvalidInput(f"{strange[0]} is not a timer: its name doesn't end with .timer")
    files = []
    for each in given:
        path = Path(each.name)

        def find(service: str, folder: Path = path.parent) -> tuple[str, bytes] | None:
            at = services.get(service) or _beside(folder, service)
            return None if at is None else (at, read_bytes(at))

        options = Options(timezone=tz, with_secrets=with_secrets, of_user="user" in path.absolute().parts)
        found = read(each.content, name=each.name, label=each.label, unit=path.name, find=find, options=options)
        files += [file._replace(notes=(*file.notes, *_drop_ins(file.name))) for file in found]
    return common.take_over(session, files, wishes, _unzoned_timer)


@import_app.command(
    "kubernetes",
    epilog=examples(
        "arco import kubernetes cronjobs.yaml --tz UTC --dry-run",
        "kubectl get cronjobs -o yaml | arco import kubernetes - --source cluster",
        "helm template . | arco import kubernetes - --source chart --toml",
    ),
)
@signed
def kubernetes(
    ctx: typer.Context,
    file: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Manifests of CronJobs, folders of them (.yaml, .yml, .json), or - for stdin.",
            show_default=False,
        ),
    ],
    dry_run: opt.DryRun = False,
    run: Annotated[
        str,
        typer.Option(
            "--run",
            metavar="WHAT",
            help="What a run does: the container's `command`, or `kubectl`, which creates a Job from the CronJob "
            "(default: command).",
            show_default=False,
        ),
    ] = "command",
    tz: common.Tz = None,
    source: common.Source = None,
    prefix: common.Prefix = "",
    prune: common.Prune = False,
    disable_gone: common.DisableGone = False,
    with_secrets: common.WithSecrets = False,
    toml: common.Toml = False,
    as_json: opt.Json = False,
) -> ExitCode:
    """Import Kubernetes CronJobs as schedules.

    The report accounts for every setting. Exit code 7: some CronJobs can't be imported; the others were. Importing the
    same files again changes nothing.
    """
    from arco_sched.formats.kubernetes import Options, Runs, read

    session: Session = ctx.obj
    wishes = common.Wishes(
        prefix=prefix, dry_run=dry_run, prune=prune, disable_gone=disable_gone, toml=toml, as_json=as_json
    )
    wishes.check()
    if run not in {"command", "kubectl"}:
        raise InvalidInput(f"--run {run!a} must be one of command, kubectl")
    options = Options(runs=cast("Runs", run), timezone=tz, with_secrets=with_secrets)
    files = [
        read(each.content, name=each.name, label=each.label, options=options)
        for each in common.given_files(file, source, "kubernetes", endings=(".yaml", ".yml", ".json"))
    ]
    return common.take_over(session, files, wishes, _unzoned_cluster)


def _unzoned_cluster() -> str:
    return "warning: some CronJobs have no timeZone, so UTC is assumed: set the cluster's zone with --tz"


def _drop_ins(name: str) -> tuple[str, ...]:
    folder = Path(f"{name}.d")
    if not _exists(folder):
        return ()
    return (f"drop-ins in {folder} are not read: `systemctl cat {folder.stem} > FILE` merges them into one file",)


def _timer(name: str) -> str:
    """The file of a timer; for an instance without a file, that of its template."""
    template = _template(name)
    return template if template is not None and not _exists(name) and _exists(template) else name


def _exists(name: str | Path) -> bool:
    """Whether the file exists; False for a name that no file can have."""
    try:
        return Path(name).exists()
    except OSError:
        return False


def _template(name: str) -> str | None:
    folder, _, unit = name.rpartition("/")
    stem, at, kind = unit.partition("@")[0], "@" in unit, unit.rpartition(".")[2]
    return f"{folder}{'/' if folder else ''}{stem}@.{kind}" if at else None


def _beside(folder: Path, service: str) -> str | None:
    for name in (service, _template(service)):
        if name is not None and _exists(folder / name):
            return str(folder / name)
    return None


def _unzoned_timer() -> str:
    return f"warning: no time zone given, so UTC is assumed, but systemd used the zone of its host{_hosts_zone()}"


def _is_systems(file: Path) -> bool:
    path = file.absolute()
    return path.parent.name == "cron.d" or path == Path("/etc/crontab")


def _owner(file: Path) -> str | None:
    """The user whose crontab it is, if it is in cron's own folder."""
    folder = file.absolute().parent
    return file.name if folder in {Path("/var/spool/cron"), Path("/var/spool/cron/crontabs")} else None


def _unzoned() -> str:
    return f"warning: no time zone given, so UTC is assumed, but cron used the zone of its host{_hosts_zone()}"


def _hosts_zone() -> str:
    """A hint for `--tz`, with the zone of this host if it is known."""
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
    return f": for this host, add --tz {zone}"
