"""What cron gives to the command of an entry, as fields of a run: shell, folder, environment, user, standard input.

The rules are those of crontab(5) and of Debian's cron 3.0pl1 (`entry.c`, `do_command.c`).
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from arco_sched.core.kinds import problems_of
from arco_sched.core.special_kinds import AbsolutePath, Environment, Name

DEFAULTS: Final = {"SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
"""What cron sets where the crontab does not. HOME and LOGNAME are those of the user, whom a worker knows."""

_FOR_CRON: Final = frozenset({"MAILTO", "MAILFROM", "CONTENT_TYPE", "CONTENT_TRANSFER_ENCODING"})
_FOR_ANACRON: Final = frozenset({"RANDOM_DELAY", "START_HOURS_RANGE"})
_HERE_DOCUMENTS: Final = frozenset({"sh", "ash", "bash", "dash", "ksh", "ksh93", "mksh", "yash", "zsh"})


class Unfit(Exception):
    """Why a line can't be carried over."""


def variable_told(name: str, value: str) -> str:
    """What becomes of a variable, in words; raises `Unfit` where no run can have it."""
    if name in {"SHELL", "HOME"} and problems_of(AbsolutePath(), name, value):
        raise Unfit(f"{name} must be an absolute path: the entries below have cron's default")
    if problems_of(Environment(), name, {name: value}):
        raise Unfit("it can't be an environment variable: names are of A-Z a-z 0-9 _, and ARCO_ begins arco's own")
    if name == "LOGNAME":
        return "label env.LOGNAME of the entries below, and nothing else: cron too sets it to the user who runs them"
    where = f"environment of the entries below, and their label env.{name}"
    if name == "SHELL":
        return f"shell and {where}"
    if name == "HOME":
        return f"working directory and {where}"
    if name == "TZ":
        return f"{where}; in cron it is for their commands, and CRON_TZ for their times"
    if name in _FOR_CRON:
        return f"{where}; nobody is mailed: output is kept (`arco runs log`), and on_failure runs a command"
    if name in _FOR_ANACRON:
        return f"{where}; cronie delays entries by it, arco does not: spread_seconds and start_within_seconds do"
    return where


def content(command: str, stdin: str | None, variables: Mapping[str, str], user: str) -> dict[str, Any]:
    """The fields of a run that executes an entry as cron does, by their names. Raises `Unfit`."""
    if user and problems_of(Name(), "run_as", user):
        raise Unfit(f"{user[:60]!a} can't be the user of a run: names are of A-Z a-z 0-9 . _ -")
    environment = {**DEFAULTS, **variables}
    environment.pop("LOGNAME", None)
    shell = environment["SHELL"]
    found: dict[str, Any] = {"command": command, "environment": environment}
    if stdin is not None:
        found["command"] = _with_stdin(command, stdin, shell)
    if shell != DEFAULTS["SHELL"]:
        found["shell"] = shell
    if "HOME" in variables:
        found["working_directory"] = variables["HOME"]
    if user:
        found["run_as"] = user
    return found


def stdin_of(text: str) -> str:
    r"""The standard input that stands behind the first `%` of an entry: each `%` ends a line, `\%` is a percent sign.

    As `do_command.c` does it, a line end is put behind the last line where there is none.
    """
    read = re.sub(r"\\%|%", lambda found: "%" if len(found[0]) == 2 else "\n", text)
    return read if not read or read.endswith("\n") else f"{read}\n"


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
