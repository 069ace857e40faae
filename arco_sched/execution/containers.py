"""Containers: pid namespaces that share a runs folder, and how the end of one is known.

Boot ids are shared by containers, pids are not. What runs in another pid namespace can't be seen from here; but when
its first process ends, the kernel ends all others of it. So a worker that is its container's first process holds a lock
in the runs folder: once it is free, nothing of that container lives. That worker also collects the orphans of its
container, as an init does: nobody else can, and each would keep its pid until the container ends.
"""

import os
from collections.abc import Collection

from arco_sched.execution import processes, protocol


class InitLock:
    """The lock that a worker holds for its whole container, where it is the first process there."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor: int | None = None

    def hold(self) -> None:
        """Take the lock, unless it is taken, or this is not the first process. Raises `OSError`."""
        if os.getpid() == 1 and self._descriptor is None:
            path = f"{self._path}/init.{processes.pid_namespace()}"
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            protocol.lock(self._descriptor)

    def close(self) -> None:
        """Release the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def reap_orphans(own: Collection[int]) -> int:
    """Collect children that have ended, none of the pids in `own`, whose exit codes somebody waits for; returns how
    many.

    Stops at one of `own`: whoever waits for it makes way for the others.
    """
    count = 0
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return count
        if ended is None or ended.si_pid in own:
            return count
        os.waitpid(ended.si_pid, os.WNOHANG)
        count += 1


def is_here(namespace: str) -> bool:
    """Whether a pid namespace is that of this process."""
    number, _, start = namespace.partition("-")
    own_number, _, own_start = processes.pid_namespace().partition("-")
    # 0: the namespace's first process was hidden from whom it is that says so.
    return number == own_number and (start == own_start or "0" in {start, own_start})


def is_gone(path: str, namespace: str) -> bool:
    """Whether a pid namespace has certainly ended, for the runs folder `path`. False where that can't be known."""
    try:
        return not protocol.locked(f"{path}/init.{namespace}")
    except OSError:
        return False
