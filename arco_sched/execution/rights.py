"""What a worker that is root refuses, so that nobody becomes root by way of a file that root believes.

A root worker runs what a database says. Who can write the database, the runs folder, the log folder or an environment
file, or put another in its place, decides what runs: that must be root alone. Where it is the owner of the database
alone, the worker becomes that owner for good, before it opens anything.
"""

import os
import pwd
import stat
from collections.abc import Iterable, Mapping

from arco_sched.core.executor import CannotStart


def writers(path: str, allowed: int = 0) -> list[str]:
    """Who but root and `allowed` can write a file or folder, or put another in its place: a sentence for each finding.

    Looks at the path, its links resolved, and every folder above it. A folder that everybody can write but where only
    owners can remove (sticky) is no finding above the path. What does not exist is none, what is above it may be.
    """
    found = []
    real = os.path.realpath(path)
    current = real
    while True:
        try:
            status = os.lstat(current)
        except FileNotFoundError:
            pass
        else:
            found += _finding(current, status, allowed, itself=current == real)
        above = os.path.dirname(current)
        if above == current:
            return found
        current = above


def _finding(path: str, status: os.stat_result, allowed: int, *, itself: bool) -> list[str]:
    if status.st_uid not in {0, allowed}:
        return [f"{path} belongs to {_name(status.st_uid)}"]
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and (itself or not status.st_mode & stat.S_ISVTX):
        who = "everybody" if status.st_mode & stat.S_IWOTH else "its group"
        return [f"{path} can be written by {who}"]
    return []


def user_for(database: str, folders: Iterable[str]) -> int | None:
    """The user that a worker which is root must become for this database; None: it stays root.

    `folders`: the runs folder and the log folder. Raises `CannotStart`, with every finding, where neither root alone
    nor the owner of the database alone can write all of them.
    """
    paths = [database, f"{database}-wal", f"{database}-shm", *folders]
    if not any(writers(path) for path in paths):
        return None
    try:
        owner = os.stat(database).st_uid
    except OSError as error:
        raise CannotStart(f"{database}: {error.strerror}") from None
    problems = [problem for path in paths for problem in writers(path, owner)]
    if problems or owner == 0:
        problems = problems or [problem for path in paths for problem in writers(path)]
        raise CannotStart(f"a worker that is root refuses this database: {'; '.join(dict.fromkeys(problems))}")
    return owner


def become(uid: int, environment: Mapping[str, str]) -> dict[str, str]:
    """Become a user for good, with its groups; returns the environment with HOME, USER and LOGNAME of that user.

    Raises `CannotStart` where the user has no entry, or the system does not allow it.
    """
    try:
        entry = pwd.getpwuid(uid)
        os.initgroups(entry.pw_name, entry.pw_gid)
        os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
        os.setresuid(uid, uid, uid)
    except KeyError:
        raise CannotStart(f"the owner of the database, {uid}, is no user of this machine") from None
    except OSError as error:
        raise CannotStart(f"can't become the owner of the database, {_name(uid)}: {error.strerror}") from None
    return {**environment, "HOME": entry.pw_dir, "USER": entry.pw_name, "LOGNAME": entry.pw_name}


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
