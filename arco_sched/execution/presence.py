"""Which workers live: each holds a lock as long as it lives; a worker whose lock is free is gone."""

import contextlib
import fcntl
import os
from collections.abc import Iterable
from typing import Final

from arco_sched.core.run_subjects import Worker
from arco_sched.execution import processes

GONE: Final = 300
"""Seconds without a heartbeat after which a worker of another host counts as gone."""


class Presence:
    """The locks of the workers of one database, files in `DB.runs/workers`."""

    def __init__(self, path: str) -> None:
        self._folder = f"{path}/workers"
        self._held: int | None = None
        self._name: str | None = None

    def arrive(self, name: str) -> None:
        """Hold the lock of this name until the process ends, or `leave`. Raises `OSError`."""
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        held = os.open(self._path(name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(held, processes.boot().encode())
        self._held, self._name = held, name

    def leave(self) -> None:
        """Give the lock back, and remove its file."""
        if self._held is not None and self._name is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path(self._name))
            os.close(self._held)
            self._held = None

    def is_visible(self) -> bool:
        """Whether this user may look at the locks; to one who may not they tell nothing."""
        try:
            os.stat(self._folder)
        except FileNotFoundError:
            return True
        except PermissionError:
            return False
        return os.access(self._folder, os.R_OK | os.X_OK)

    def is_here(self, name: str | None) -> bool:
        """Whether a worker of this name lives on this machine."""
        if name is None:
            return False
        try:
            descriptor = os.open(self._path(name), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False

    def was_here(self, name: str) -> bool:
        """Whether a worker of this name worked on this machine since it was started, and is gone."""
        try:
            with open(self._path(name), encoding="ascii") as file:
                return file.read() == processes.boot() and not self.is_here(name)
        except (OSError, ValueError):
            return False

    def has_left(self, name: str) -> bool:
        """Whether there is no lock of this name: its worker never worked on this machine, or has given it back."""
        return self.is_visible() and not os.path.lexists(self._path(name))

    def clear(self, name: str) -> None:
        """Remove the lock of a worker that is gone."""
        with contextlib.suppress(OSError):
            os.unlink(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name.replace('/', '_')}"


def elsewhere(workers: Iterable[Worker], host: str, presence: Presence, now: int) -> Worker | None:
    """A worker that another machine seems to have on the same database, which SQLite does not allow; None for none.

    Containers on one machine have names of their own, but share a boot id, and their locks are seen here: what one left
    that was killed is no other machine.
    """
    for each in workers:
        if each.host == host or abs(now - each.seen_at) >= GONE:
            continue
        if not presence.is_here(each.worker) and not presence.was_here(each.worker):
            return each
    return None
