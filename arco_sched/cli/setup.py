"""`arco setup …`: let cron or systemd call `arco tick`, or run `arco work`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.context import Session
from arco_sched.cli.help import Application
from arco_sched.cli.options import examples
from arco_sched.cli.signing import user_name
from arco_sched.core.errors import Conflict, InvalidInput
from arco_sched.core.policy import MAX_SLOTS
from arco_sched.render.json import line as json_line
from arco_sched.render.terminal import Document, say, write

if TYPE_CHECKING:
    from arco_sched.formats.cron_and_systemd import Set

SYSTEM_UNITS: Final = Path("/etc/systemd/system")

setup_app = Application(add_completion=False)

Every = Annotated[
    int | None,
    typer.Option(
        "--every", metavar="N", help="Minutes between two calls; arco remembers it (default: as set before, else 1)."
    ),
]


Work = Annotated[bool, typer.Option("--work", help="Also execute runs: call `arco work` instead of `arco tick`.")]

Slots = Annotated[
    int | None,
    typer.Option(
        "--slots",
        metavar="N",
        help="Maximum attempts at once, with --work (default: as set before, else 16, or more with more processors).",
    ),
]


@setup_app.callback()
def setup_group() -> None:
    """Let cron or systemd call `arco tick` or `arco work`."""


@setup_app.command(
    epilog=examples(
        "arco setup cron",
        "arco setup cron --install",
        "arco --db team.db setup cron --every 5",
        "arco setup cron --work --install",
        "arco setup cron --work --slots 30 --install",
        "arco setup cron --remove",
    )
)
def cron(
    ctx: typer.Context,
    install: Annotated[bool, typer.Option("--install", help="Put the line into your crontab.")] = False,
    every: Every = None,
    work: Annotated[
        bool | None,
        typer.Option(
            "--work/--no-work",
            help="Also execute runs: call `arco work` instead of `arco tick` (default: as installed before, else not).",
        ),
    ] = None,
    slots: Slots = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the line from your crontab.")] = False,
    as_json: opt.Json = False,
) -> None:
    """Print the crontab line that calls `arco tick`, with absolute paths.

    With --work it calls `arco work --once --tick`. --install puts it into your crontab, between two marker comments;
    repeating that changes nothing, and --work stays until you give --no-work. --remove takes it out again.
    """
    from arco_sched.formats import cron_and_systemd as formats

    session: Session = ctx.obj
    if remove:
        if install or work is not None or slots is not None or every is not None:
            raise InvalidInput("--remove can't be combined with other options: it removes the line, whatever it calls")
        _remove(session, as_json=as_json)
        return
    minutes = _kept(session) if every is None else every
    formats.check_every(minutes)
    arco, database = _paths(session)
    before = _crontab() if install else ""
    there = formats.what_is_set(formats.crontab_block(before, database) or "")
    works = there.work if work is None else work
    _check_slots(slots, works=works)
    command = (*formats.WORK_ONCE, "--slots", str(_slots(slots, there))) if works else formats.TICK
    line = formats.crontab_line(arco, database, minutes, command)
    change = None
    if install:
        after = formats.crontab_with(before, database, line)
        if after != before:
            _crontab(after)
        session.has_changed = after != before
        change = "unchanged" if after == before else "updated" if _has(before, database) else "created"
        _say_of_others(session, after, database, work=works)
    _keep(session, minutes, asked=install or every is not None)
    if as_json:
        write(json_line({"line": line, "database": database, "change": change}))
    elif change is None:
        write(Document(line + "\n"))
        say("note: add --install to put it into your crontab, or do it yourself with `crontab -e`")
    else:
        said = {
            "created": "Added to your crontab",
            "updated": "Replaced in your crontab",
            "unchanged": "Already in your crontab",
        }
        write(f"{said[change]}: {line}\n")
        if work is None and works:
            say("note: it executes runs too, as before; --no-work makes it evaluate only")
        if change == "created":
            write(f"The first call comes within {'a minute' if minutes == 1 else f'{minutes} minutes'}.\n")


def _check_slots(slots: int | None, *, works: bool) -> None:
    if slots is not None and not 1 <= slots <= MAX_SLOTS:
        raise InvalidInput(f"--slots must be between 1 and {MAX_SLOTS:,}")
    if slots is not None and not works:
        raise InvalidInput("--slots needs --work: `arco tick` executes nothing")


def _slots(given: int | None, there: "Set") -> int:
    """How many attempts at once to allow: as asked for, as before, or so many as people who come from cron expect."""
    from arco_sched.formats.cron_and_systemd import SLOTS

    return given or there.slots or max(SLOTS, os.cpu_count() or 1)


def _say_of_others(session: Session, crontab: str, database: str, *, work: bool) -> None:
    """Warn of entries that arco executes too, and note it if cron mails nothing of arco's line."""
    from arco_sched.formats.cron_and_systemd import marks
    from arco_sched.formats.crontab_left import doubled, mails_nothing
    from arco_sched.formats.entries import source_of
    from arco_sched.render.applied import named

    if work:
        with session.ask() as workspace:
            versions = [each.version for each in workspace.schedules()]
        commands = {
            each.definition.request.command: each.schedule_id
            for each in versions
            if each.definition.request.command
            and not each.is_paused(session.now)
            and source_of(each.definition).startswith("crontab:")
        }
        twice = [f"{line} ({schedule_id})" for line, schedule_id in doubled(crontab, commands)]
        if twice:
            lines, them, each_ = ("this line", "it", "it") if len(twice) == 1 else ("these lines", "them", "each")
            say(
                f"warning: arco runs {lines} of your crontab, too: {named(twice)}. Remove {them} with `crontab -e`, or "
                f"{each_} runs twice"
            )
    if mails_nothing(crontab, marks(database)[0]):
        say(
            "note: MAILTO is empty above this line, so cron mails nothing, not even when arco fails: put "
            "MAILTO=you@example.org before it with `crontab -e`"
        )


def _kept(session: Session) -> int:
    """The minutes between two evaluations as set before, else 1."""
    with session.ask() as workspace:
        return workspace.evaluation_minutes() or 1


def _keep(session: Session, minutes: int, *, asked: bool) -> None:
    """Remember the minutes between two evaluations, if they were requested and have changed."""
    if not asked:
        return
    with session.ask() as workspace:
        before = workspace.evaluation_minutes()
    if minutes != (before or 1):
        with session.open() as workspace:
            workspace.expect_every(minutes)
        each = "minute" if minutes == 1 else f"{minutes} minutes"
        say(f"note: from now on `arco status` and warnings expect an evaluation every {each}")


def _remove(session: Session, *, as_json: bool) -> None:
    from arco_sched.formats.cron_and_systemd import crontab_without

    database = str(session.path.absolute())  # it may be gone: all the more reason to remove its line
    before = _crontab()
    after = crontab_without(before, database)
    if after != before:
        _crontab(after)
    session.has_changed = after != before
    if after != before and session.exists():
        with session.open() as workspace:
            workspace.expect_every(None)
    if as_json:
        change = "removed" if after != before else "unchanged"
        write(json_line({"line": None, "database": database, "change": change}))
    else:
        removed = after != before
        write(f"{'Removed from your crontab: the' if removed else 'Not in your crontab: a'} line for {database}\n")


@setup_app.command(
    epilog=examples(
        "arco setup systemd",
        "arco setup systemd --install",
        "arco setup systemd --work --install",
        "arco setup systemd --system",
    )
)
def systemd(
    ctx: typer.Context,
    install: Annotated[bool, typer.Option("--install", help="Write the units to their folder.")] = False,
    every: Every = None,
    work: Work = False,
    slots: Slots = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="Name of the units (default: arco-tick, or arco-work)."),
    ] = None,
    system: Annotated[
        bool, typer.Option("--system", help="System units, which run as the owner of the database.")
    ] = False,
    as_json: opt.Json = False,
) -> None:
    """Print systemd user units, a service and a timer, that call `arco tick`, with absolute paths.

    With --work it is one service that evaluates and executes, `arco work --tick`. --install writes the units to
    ~/.config/systemd/user and shows which commands to run next. With --system they are for /etc/systemd/system: they
    start with the machine and run as the owner of the database.
    """
    from arco_sched.formats.cron_and_systemd import check_every, check_unit_name, what_is_set

    name = name or ("arco-work" if work else "arco-tick")
    session: Session = ctx.obj
    minutes = 1 if work else _kept(session) if every is None else every
    if work and every is not None:
        raise InvalidInput("--every and --work can't be combined: a worker evaluates whenever something is due")
    check_every(minutes)
    check_unit_name(name)
    _check_slots(slots, works=work)
    arco, database = _paths(session)
    folder = SYSTEM_UNITS if system else _units_folder()
    count = _slots(slots, what_is_set(_unit(folder / f"{name}.service"))) if work else None
    units = _units(name, arco, database, minutes, slots=count, user=_owner(database) if system else None)
    commands = _commands(f"{name}.{'service' if work else 'timer'}", system=system)
    change = _write_units(folder, units, database) if install else None
    _keep(session, minutes, asked=install or every is not None)
    session.has_changed = change in {"created", "updated"}
    if as_json:
        write(
            json_line(
                {"units": units, "folder": str(folder), "commands": commands, "database": database, "change": change}
            )
        )
        return
    if change is None:
        write(Document("\n".join(f"# {folder / unit}\n{text}" for unit, text in units.items())))
        say(f"note: add --install to write {'this file' if work else 'these two files'}")
        return
    said = {"created": "Wrote", "updated": "Replaced", "unchanged": "Already there"}
    write("".join(f"{said[change]}: {folder / unit}\n" for unit in units))
    write("Now run:\n" + "".join(f"  {command}\n" for command in commands))
    if not system:
        say(f"note: the last command lets your {'units' if work else 'timers'} run while you are not logged in")


def _commands(unit: str, *, system: bool) -> list[str]:
    """The commands that make systemd read the units and start one."""
    systemctl = "systemctl" if system else "systemctl --user"
    commands = [f"{systemctl} daemon-reload", f"{systemctl} enable --now {unit}"]
    return commands if system else [*commands, "loginctl enable-linger"]


def _owner(database: str) -> str:
    """The name of the user who owns the database, or the number of a user without a name."""
    return user_name(Path(database).stat().st_uid)


def _units_folder() -> Path:
    import platformdirs

    try:
        folder = platformdirs.user_config_path()
    except RuntimeError:  # a user without a name and a HOME
        folder = Path()
    if not folder.is_absolute():
        raise InvalidInput("this user has no home directory for units: set HOME or XDG_CONFIG_HOME")
    return folder / "systemd" / "user"


def _unit(path: Path) -> str:
    """The text of a unit, empty if there is none that can be read."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _units(
    name: str, arco: list[str], database: str, every: int, *, slots: int | None, user: str | None
) -> dict[str, str]:
    """The texts of the units by name; with `slots` of a worker. `user` is whom system units run as, None for user
    units."""
    from arco_sched.formats.cron_and_systemd import service_unit, timer_unit, worker_unit

    if slots is not None:
        return {f"{name}.service": worker_unit(arco, database, slots, user)}
    return {f"{name}.service": service_unit(arco, database, user), f"{name}.timer": timer_unit(name, database, every)}


def _paths(session: Session) -> tuple[list[str], str]:
    """How to call this arco, and the database, which must exist, both as absolute paths."""
    from arco_sched.formats.cron_and_systemd import check_path

    with session.ask():
        database = str(session.path.absolute())
    arco = _arco()
    for word in arco:
        check_path("the path of arco", word)
    check_path("the database", database)
    return arco, database


def _arco() -> list[str]:
    called = sys.argv[0]
    if Path(called).stem == "arco":
        found = shutil.which(called) or called
        return [str(Path(found).absolute())]
    beside = Path(sys.executable).absolute().parent / "arco"
    if os.access(beside, os.X_OK):
        return [str(beside)]
    return [str(Path(sys.executable).absolute()), "-m", "arco_sched"]


def _has(crontab: str, database: str) -> bool:
    from arco_sched.formats.cron_and_systemd import marks

    return marks(database)[0] in crontab


def _crontab(content: str | None = None) -> str:
    """Your crontab, empty if there is none; with `content`, install that first."""
    program = shutil.which("crontab")
    if program is None:
        raise InvalidInput("can't find the `crontab` program: install cron, or use `arco setup systemd`")
    done = subprocess.run(  # noqa: S603 - the user's own crontab, and no shell
        [program, "-l"] if content is None else [program, "-"],
        input=None if content is None else content.encode("utf-8", "surrogateescape"),
        stdin=subprocess.DEVNULL if content is None else None,
        capture_output=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    said = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode == 0:
        return done.stdout.decode("utf-8", "surrogateescape")
    if content is None and "no crontab for" in said:
        return ""
    raise InvalidInput(
        f"`crontab {'-l' if content is None else '-'}` failed with exit code {done.returncode}: {said or 'no message'}"
    )


def _write_units(folder: Path, units: dict[str, str], database: str) -> str:
    """Write the units; existing ones must be for the same database."""
    from arco_sched.cli.files import write_whole
    from arco_sched.formats.cron_and_systemd import is_ours, what_is_set

    for unit in units:
        if (folder / unit).exists() and not (folder / unit).is_file():
            raise Conflict(f"{folder / unit} exists and is not a file: choose another name with --name")
    try:
        there = {unit: (folder / unit).read_text("utf-8") for unit in units if (folder / unit).exists()}
        for unit, text in there.items():
            if not is_ours(text, database):
                raise Conflict(f"{folder / unit} exists and is not for {database}: choose another name with --name")
            works = what_is_set(text).work
            if unit.endswith(".service") and works != what_is_set(units[unit]).work:
                kind, how = ("is a worker", "add --work") if works else ("calls `arco tick`", "leave out --work")
                raise Conflict(f"{folder / unit} exists and {kind}: {how}, or choose another name with --name")
        if there == units:
            return "unchanged"
        folder.mkdir(parents=True, exist_ok=True)
        for unit, text in units.items():
            write_whole(str(folder / unit), text, "the unit")
    except (OSError, UnicodeDecodeError) as error:
        what = getattr(error, "strerror", None) or error
        raise InvalidInput(f"can't write the units to {folder}: {what}") from None
    return "updated" if there else "created"
