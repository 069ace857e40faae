"""What cron gives the command of an entry, as fields of a run: shell, working directory, environment, user, stdin.

The rules are those of crontab(5), of Debian's cron 3.0pl1 (`entry.c`, `do_command.c`), and of the other dialects.
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
"""What a cron sets when the crontab doesn't. HOME and LOGNAME come from the user, which a worker knows; an unset PATH
is the daemon's, so here the worker's."""

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
    """Whether a variable looks like a secret."""
    if not value:
        return False
    named = _SECRET.search(name) is not None and _NO_SECRET.search(name) is None
    return named or _WITH_PASSWORD.search(value) is not None


def variable_told(name: str, value: str, dialect: Dialect) -> str:
    """What becomes of a variable, in words; raises `Unfit` if no run can have it."""
    if name in {"SHELL", "HOME"} and problems_of(AbsolutePath(), name, value):
        raise Unfit(f"{name} must be an absolute path: the entries below use cron's default")
    if problems_of(Environment(), name, {name: value}):
        raise Unfit(
            "it can't be an environment variable: use only A-Z a-z 0-9 _, and not the prefix ARCO_, which is arco's own"
        )
    if name == "LOGNAME":
        return "left out: cron, too, sets it to the user that runs the entries"
    where = f"environment of {'all entries' if dialect == 'supercronic' else 'the entries below'}"
    if name == "SHELL":
        return f"shell and {where}"
    if name == "HOME" and dialect != "supercronic":
        return f"working directory and {where}"
    if name == "TZ":
        return f"{where}; in cron, TZ applies to the commands and CRON_TZ to the times"
    if name in _FOR_CRON:
        return f"{where}; arco sends no mail: it keeps the output (`arco runs log`), and on_failure runs a command"
    if name in _FOR_ANACRON:
        return f"{where}; cronie delays entries by it, arco doesn't: set spread_seconds and start_within_seconds"
    return where


def is_ignored(name: str, dialect: Dialect) -> bool:
    """Whether that cron ignores the variable."""
    return dialect == "busybox" and name not in _OF_BUSYBOX


def content(
    command: str, stdin: str | None, variables: Mapping[str, str], user: str, dialect: Dialect
) -> dict[str, Any]:
    """The fields, by name, of a run that executes an entry as that cron does. Raises `Unfit`."""
    if user and problems_of(Name(), "run_as", user):
        raise Unfit(f"{user[:60]!a} can't be the user of a run: use only A-Z a-z 0-9 . _ -")
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
    """The command behind a here-document that feeds all of it, as the pipe does that cron gives it."""
    if shell.rsplit("/", 1)[-1] not in _HERE_DOCUMENTS:
        raise Unfit(
            f"the text after the % is standard input, which would become a here-document of sh, but the shell is "
            f"{shell}: use a pipe, as in `printf 'TEXT\\n' | COMMAND`"
        )
    mark, number = "STDIN", 1
    while mark in stdin.split("\n"):
        number += 1
        mark = f"STDIN{number}"
    return f"exec <<'{mark}'\n{stdin}{mark}\n{command}"
