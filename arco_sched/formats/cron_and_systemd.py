"""What lets cron or systemd call `arco tick` or run `arco work`: a crontab line, unit files."""

import re
import shlex
from collections.abc import Sequence
from typing import Final, NamedTuple

from arco_sched.core.errors import Conflict, InvalidInput

EVERY: Final = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60)
"""Minutes between two calls: the divisors of an hour, since cron's steps restart with each hour."""

TICK: Final = ("tick", "--quiet")
"""The command that evaluates."""

WORK_ONCE: Final = ("work", "--once", "--tick", "--quiet")
"""The command that evaluates, executes what can start, and ends."""

WORK: Final = ("work", "--tick")
"""The command that evaluates and executes until it is stopped."""

SLOTS: Final = 16
"""Attempts that a line or unit allows at once, unless the machine has more processors: cron knows no limit, and a few
jobs that hang must not stop all others."""


class Set(NamedTuple):
    """What a line or unit that is set up does: whether it executes, and how many attempts at once it allows."""

    work: bool
    slots: int | None


def what_is_set(text: str) -> Set:
    """What the command in a crontab line, or in a unit, was set up to do."""
    work = re.search(r"\swork\s+--(?:once|tick)\b", text)
    slots = None if work is None else re.search(r"\s--slots\s+([1-9]\d{0,6})\b", text[work.end() :], re.ASCII)
    return Set(work is not None, None if slots is None else int(slots[1]))


def _head(database: str) -> str:
    return f"# Written by `arco setup systemd` for {database}, which may replace it."


def check_every(minutes: int) -> None:
    """Refuse a number of minutes that does not divide an hour."""
    if minutes not in EVERY:
        raise InvalidInput(f"--every {minutes} doesn't divide an hour: use one of {', '.join(map(str, EVERY))}")


def check_path(what: str, path: str) -> None:
    """Refuse a path that doesn't fit on one line."""
    if not path.isprintable():
        raise InvalidInput(f"{what} {path!a} contains characters that a crontab or a unit can't hold")


# cron.


def crontab_line(arco: Sequence[str], database: str, every: int, command: Sequence[str] = TICK) -> str:
    """The line of a user's crontab, without a line end; `command` is `TICK` or `WORK_ONCE`.

    It is quoted for the shell; `%` and the backslash, which cron reads first, are escaped.
    """
    line = shlex.join([*arco, "--db", database, *command])
    escaped = line.replace("\\", "\\\\").replace("%", "\\%")
    minute = {1: "*", 60: "0"}.get(every, f"*/{every}")
    return f"{minute} * * * * {escaped}"


def marks(database: str) -> tuple[str, str]:
    """The comments above and below arco's line in a crontab."""
    return f"# arco tick on {database}: begin (arco setup cron)", f"# arco tick on {database}: end"


def crontab_block(crontab: str, database: str) -> str | None:
    """What stands between the marks, None without them. Raises `Conflict` if the marks aren't a pair."""
    begin, end = marks(database)
    lines, bare = _marked(crontab, begin, end)
    return "".join(lines[bare.index(begin) + 1 : bare.index(end)]) if begin in bare else None


def crontab_with(crontab: str, database: str, line: str) -> str:
    """The crontab with the line between its marks, in place of an earlier one.

    Everything else stays unchanged. Raises `Conflict` if the marks aren't a pair.
    """
    begin, end = marks(database)
    lines, bare = _marked(crontab, begin, end)
    block = [f"{begin}\n", f"{line}\n", f"{end}\n"]
    if begin in bare:
        lines[bare.index(begin) : bare.index(end) + 1] = block
        return "".join(lines)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return "".join(lines + block)


def crontab_without(crontab: str, database: str) -> str:
    """The crontab without the line and its marks; everything else stays unchanged.

    Raises `Conflict` if the marks aren't a pair.
    """
    begin, end = marks(database)
    lines, bare = _marked(crontab, begin, end)
    if begin in bare:
        del lines[bare.index(begin) : bare.index(end) + 1]
    return "".join(lines)


def _marked(crontab: str, begin: str, end: str) -> tuple[list[str], list[str]]:
    """The lines with and without their line ends; the marks are in them as a pair or not at all."""
    lines = crontab.splitlines(keepends=True)
    bare = [each.rstrip("\n") for each in lines]
    if (bare.count(begin), bare.count(end)) not in {(0, 0), (1, 1)} or (
        begin in bare and bare.index(begin) > bare.index(end)
    ):
        raise Conflict(
            f"the crontab must have {begin!r} and {end!r} once each, in that order: fix it with `crontab -e`"
        )
    return lines, bare


# systemd.


def service_unit(arco: Sequence[str], database: str, user: str | None = None) -> str:
    """The service that calls `arco tick` once; as a system unit it runs as `user`."""
    return f"""\
{_head(database)}
[Unit]
Description=Evaluate the schedules of {database.replace("%", "%%")} (arco)

[Service]
Type=oneshot
{_as_user(user)}ExecStart={_command([*arco, "--db", database, *TICK])}
"""


def worker_unit(arco: Sequence[str], database: str, slots: int, user: str | None = None) -> str:
    """The service that evaluates and executes: one process is the whole scheduler. As a system unit it runs as `user`.

    Commands inherit a unit's restrictions, so it restricts nothing that a command may need: in a user unit, most
    hardening options also forbid sudo.
    """
    return f"""\
{_head(database)}
[Unit]
Description=Run the schedules of {database.replace("%", "%%")} (arco)

[Service]
Type=exec
{_as_user(user)}ExecStart={_command([*arco, "--db", database, *WORK, "--slots", str(slots)])}
# It exits when a newer arco has migrated the database. Exit code 2 is a mistake that a restart would only repeat.
Restart=always
RestartSec=5
RestartPreventExitStatus=2
# What the worker runs goes on when the worker stops or dies; the next worker records how it ends.
KillMode=process
OOMPolicy=continue
TimeoutStopSec=90
# The worker may start hundreds of commands, each in its own cgroup, so that it can end all of a command's processes.
TasksMax=infinity
Delegate=yes
# What the worker writes is private to its owner. Commands run with umask 022 and inherit no other restriction.
UMask=0077

[Install]
WantedBy={"default.target" if user is None else "multi-user.target"}
"""


def _as_user(user: str | None) -> str:
    return "" if user is None else f"User={user}\n"


def _command(words: Sequence[str]) -> str:
    """A command line as `ExecStart` takes it."""
    if set(words[0]) & {"'", '"', "\\"}:  # systemd accepts these in arguments, but not in a program's name
        words = ["/bin/sh", "-c", 'exec "$0" "$@"', *words]
    # systemd expands variables only in the arguments, so `$` is doubled only there.
    arguments = [word.replace("$", "$$") for word in words[1:]]
    return " ".join(map(_systemd_quoted, [words[0], *arguments]))


def timer_unit(name: str, database: str, every: int) -> str:
    """The timer that starts the service."""
    minute = {1: "*", 60: "00"}.get(every, f"00/{every}")
    return f"""\
{_head(database)}
[Unit]
Description=Evaluate the schedules of {database.replace("%", "%%")} {_cadence(every)} (arco)

[Timer]
OnCalendar=*-*-* *:{minute}:00
AccuracySec=1s
Persistent=true
Unit={name}.service

[Install]
WantedBy=timers.target
"""


def _cadence(every: int) -> str:
    return "every minute" if every == 1 else f"every {every} minutes"


def is_ours(unit: str, database: str) -> bool:
    """Whether a unit file was written by this command for this database."""
    return unit.partition("\n")[0] == _head(database)


def check_unit_name(name: str) -> None:
    """Refuse a text that can't be the name of a unit."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", name, re.ASCII) is None:
        raise InvalidInput(
            f"--name {name[:60]!a} may contain only A-Z a-z 0-9 . _ -, and must begin with a letter or digit"
        )


def _systemd_quoted(word: str) -> str:
    """A word of a command line as systemd.service(5) reads it: quoted, with `%` and escapes made literal."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return escaped if re.fullmatch(r"[A-Za-z0-9_./:=@+,%$-]+", escaped) else f'"{escaped}"'
