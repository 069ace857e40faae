"""What cron gives to the command of an entry, as fields of a run: shell, folder, environment, user, standard input.

The rules are those of crontab(5) and of Debian's cron 3.0pl1 (`entry.c`, `do_command.c`), and of the other dialects.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from arco_sched.core.kinds import problems_of
from arco_sched.core.special_kinds import AbsolutePath, Environment, Name
from arco_sched.formats.crontab_fields import Dialect
from arco_sched.formats.entries import Unfit

DEFAULTS: Final[Mapping[Dialect, Mapping[str, str]]] = {
    "debian": {"SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"},
    "cronie": {"SHELL": "/bin/sh"},
    "busybox": {"SHELL": "/bin/sh"},
    "supercronic": {},
}
"""What a cron sets where the crontab does not. HOME and LOGNAME are those of the user, whom a worker knows; a PATH that
is not set is that of the daemon, and here the worker's."""

_FOR_CRON: Final = frozenset({"MAILTO", "MAILFROM", "CONTENT_TYPE", "CONTENT_TRANSFER_ENCODING"})
_FOR_ANACRON: Final = frozenset({"RANDOM_DELAY", "START_HOURS_RANGE"})
_HERE_DOCUMENTS: Final = frozenset({"sh", "ash", "bash", "dash", "ksh", "ksh93", "mksh", "yash", "zsh"})
_OF_BUSYBOX: Final = frozenset({"SHELL", "PATH", "MAILTO"})
_SECRET: Final = re.compile(
    r"PASSW|PASSPHRASE|SECRET|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|(?:^|_)(?:TOKENS?|PASS|PWD|AUTH|KEY)(?:$|_)",
    re.IGNORECASE,
)
_NO_SECRET: Final = re.compile(r"^(?:OLD)?PWD$|(?:_FILE|_PATH|_DIR|_COMMAND|_CMD|_SOCK|_PROGRAM)$", re.IGNORECASE)
_WITH_PASSWORD: Final = re.compile(r"[a-z0-9+.-]://[^/\s:@]*:[^/\s@]+@", re.IGNORECASE)


def is_secret(name: str, value: str) -> bool:
    """Whether a variable looks like one whose value nobody should see."""
    if not value:
        return False
    named = _SECRET.search(name) is not None and _NO_SECRET.search(name) is None
    return named or _WITH_PASSWORD.search(value) is not None


def variable_told(name: str, value: str, dialect: Dialect) -> str:
    """What becomes of a variable, in words; raises `Unfit` where no run can have it."""
    if name in {"SHELL", "HOME"} and problems_of(AbsolutePath(), name, value):
        raise Unfit(f"{name} must be an absolute path: the entries below have cron's default")
    if problems_of(Environment(), name, {name: value}):
        raise Unfit("it can't be an environment variable: names are of A-Z a-z 0-9 _, and ARCO_ begins arco's own")
    if name == "LOGNAME":
        return "left out: cron too sets it to the user who runs the entries"
    where = f"environment of {'all entries' if dialect == 'supercronic' else 'the entries below'}"
    if name == "SHELL":
        return f"shell and {where}"
    if name == "HOME" and dialect != "supercronic":
        return f"working directory and {where}"
    if name == "TZ":
        return f"{where}; in cron it is for their commands, and CRON_TZ for their times"
    if name in _FOR_CRON:
        return f"{where}; nobody is mailed: output is kept (`arco runs log`), and on_failure runs a command"
    if name in _FOR_ANACRON:
        return f"{where}; cronie delays entries by it, arco does not: spread_seconds and start_within_seconds do"
    return where


def is_ignored(name: str, dialect: Dialect) -> bool:
    """Whether that cron makes nothing of a variable."""
    return dialect == "busybox" and name not in _OF_BUSYBOX


def content(
    command: str, stdin: str | None, variables: Mapping[str, str], user: str, dialect: Dialect
) -> dict[str, Any]:
    """The fields of a run that executes an entry as that cron does, by their names. Raises `Unfit`."""
    if user and problems_of(Name(), "run_as", user):
        raise Unfit(f"{user[:60]!a} can't be the user of a run: names are of A-Z a-z 0-9 . _ -")
    environment = {**DEFAULTS[dialect], **variables}
    environment.pop("LOGNAME", None)
    shell = environment.get("SHELL", "/bin/sh")
    found: dict[str, Any] = {"command": command, "environment": environment}
    if stdin is not None:
        found["command"] = _with_stdin(command, stdin, shell)
    if shell != "/bin/sh":
        found["shell"] = shell
    if "HOME" in variables and dialect != "supercronic":
        found["working_directory"] = variables["HOME"]
    if user:
        found["run_as"] = user
    return found


def _with_stdin(command: str, stdin: str, shell: str) -> str:
    """The command with a here-document in front, from which all of it reads, as from the pipe that cron gives it."""
    if shell.rsplit("/", 1)[-1] not in _HERE_DOCUMENTS:
        raise Unfit(
            f"what follows the % is the command's standard input, which is carried over as a here-document of sh, and "
            f"the shell is {shell}: let a pipe bring it, as in `printf 'TEXT\\n' | COMMAND`"
        )
    mark, number = "STDIN", 1
    while mark in stdin.split("\n"):
        number += 1
        mark = f"STDIN{number}"
    return f"exec <<'{mark}'\n{stdin}{mark}\n{command}"
