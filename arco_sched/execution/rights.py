"""What a worker that is root refuses, so that nobody becomes root through a file that root trusts.

A root worker runs what a database says. Anyone who can write or replace the database, the runs folder, the log folder
or an environment file decides what runs, so that must be only root. If it is only the owner of the database, the worker
becomes that owner for good, before it opens anything.
"""

import os
import pwd
from collections.abc import Iterable, Mapping

from arco_sched.core.executor import CannotStart
from arco_sched.execution.writers import name, writers


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

    Raises `CannotStart` if the user has no entry, or the system does not allow it.
    """
    try:
        entry = pwd.getpwuid(uid)
        os.initgroups(entry.pw_name, entry.pw_gid)
        os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
        os.setresuid(uid, uid, uid)
    except KeyError:
        raise CannotStart(f"the owner of the database, {uid}, is not a user of this machine") from None
    except OSError as error:
        raise CannotStart(f"can't become the owner of the database, {name(uid)}: {error.strerror}") from None
    return {**environment, "HOME": entry.pw_dir, "USER": entry.pw_name, "LOGNAME": entry.pw_name}
