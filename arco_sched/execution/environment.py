"""The environment of a command, and the user it runs as."""

import os
import pwd
import re
import stat
from collections.abc import Mapping
from typing import Final, NamedTuple

from arco_sched.core.executor import ATTEMPT_VARIABLES, Attempt, NotStarted
from arco_sched.execution.supervisor import User
from arco_sched.execution.writers import writers

_WORKERS_OWN: Final = frozenset({"ARCO_NOW", "NOTIFY_SOCKET", "INVOCATION_ID", "JOURNAL_STREAM", "_"})
"""What concerns only the worker: its clock, its connection to systemd, and the path by which its shell found it (`_`).
LISTEN_* too."""
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_LARGEST: Final = 1 << 20
"""Maximum bytes of an environment file; the kernel allows 2 MiB for environment and arguments together."""


class Account(NamedTuple):
    """A user of this machine. `change`: the user that the supervisor must become first; None: it already is that
    user."""

    name: str
    home: str
    change: User | None


def account(run_as: str | None, worker: Mapping[str, str]) -> Account:
    """The user that a command runs as. Raises `NotStarted` if there is none, or no right to become it."""
    uid = os.geteuid()
    if run_as is None:
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            # A container's user without a name: only HOME tells its home directory.
            return Account(str(uid), worker.get("HOME", "/"), None)
        return Account(entry.pw_name, entry.pw_dir, None)
    try:
        entry = pwd.getpwnam(run_as)
    except KeyError:
        raise NotStarted(f"no such user: {run_as}") from None
    if entry.pw_uid == uid:
        return Account(entry.pw_name, entry.pw_dir, None)
    if uid != 0:
        raise NotStarted(f"can't run as {run_as}: only a worker that is root can")
    groups = tuple(os.getgrouplist(entry.pw_name, entry.pw_gid))
    return Account(entry.pw_name, entry.pw_dir, User(entry.pw_uid, entry.pw_gid, groups))


def inherited(worker: Mapping[str, str]) -> dict[str, str]:
    """What commands inherit from the worker's environment."""
    dropped = _WORKERS_OWN.union(ATTEMPT_VARIABLES)
    return {name: value for name, value in worker.items() if name not in dropped and not name.startswith("LISTEN_")}


def environment(attempt: Attempt, store_id: str, found: Mapping[str, str], user: Account) -> dict[str, str]:
    """The full environment of an attempt's command: inherited (`found`), then the definition's, its file's, the
    attempt's.

    Raises `NotStarted`.
    """
    accounts = {"HOME": user.home, "USER": user.name, "LOGNAME": user.name}
    # A worker started by a system unit or a container may lack these, and commands rely on them.
    found = {**accounts, **found} if attempt.command.run_as is None else {**found, **accounts}
    return found | own(attempt, store_id)


def own(attempt: Attempt, store_id: str) -> dict[str, str]:
    """The variables of the definition, of its environment file, and of the attempt. Raises `NotStarted`."""
    command = attempt.command
    found = dict(command.environment)
    if command.environment_file is not None:
        found.update(read_file(command.environment_file))
    for name in ATTEMPT_VARIABLES:
        found.pop(name, None)
    found.update(attempt.variables)
    found.update(ARCO_RUN_ID=attempt.run_id, ARCO_ATTEMPT=str(attempt.attempt), ARCO_STORE_ID=store_id)
    return found


def read_file(path: str) -> dict[str, str]:
    """The variables of an environment file. Raises `NotStarted` with every problem, never with a value (secrets)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise NotStarted(f"the environment file can't be read: {path}: {error.strerror}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise NotStarted(f"the environment file is not a regular file: {path}")
        if os.geteuid() == 0 and (who := writers(path)):
            raise NotStarted(f"a worker that is root refuses the environment file {path}: {who[0]}")
        raw = b""
        while len(raw) <= _LARGEST and (piece := os.read(descriptor, _LARGEST)):
            raw += piece
    except OSError as error:
        raise NotStarted(f"the environment file can't be read: {path}: {error.strerror}") from None
    finally:
        os.close(descriptor)
    if len(raw) > _LARGEST:
        raise NotStarted(f"the environment file is larger than 1 MiB: {path}")
    found, problems = parse(os.fsdecode(raw))
    if problems:
        raise NotStarted(f"the environment file {path} is not valid: {'; '.join(problems)}")
    return found


def parse(text: str) -> tuple[dict[str, str], list[str]]:
    """The variables of `K=V` lines, and a sentence for every invalid line.

    `#` begins a comment line; blanks around names and values are dropped, and so are single or double quotes around a
    value; nothing is expanded. If a name is repeated, the last one wins.
    """
    found: dict[str, str] = {}
    problems = []
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.partition("=")
        name, value = name.rstrip(), value.lstrip()
        quote = value[:1]
        if not equals or not _NAME.fullmatch(name):
            problems.append(f"line {number} is not NAME=VALUE")
        elif "\0" in value:
            problems.append(f"line {number} contains a NUL byte")
        elif quote in {"'", '"'} and (len(value) == 1 or value[-1] != quote):
            problems.append(f"line {number} has a quote that is not closed")
        else:
            found[name] = value[1:-1] if quote in {"'", '"'} else value
    return found, problems
