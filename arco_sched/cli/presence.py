"""Whether a worker that was seen is still active."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arco_sched.cli.context import Session
    from arco_sched.core.run_subjects import Worker


def is_here(session: "Session") -> Callable[["Worker"], bool]:
    """Returns whether a worker is active: on this machine by its lock; on another one, or if this user can't see the
    locks, by when it was last seen."""
    import socket

    from arco_sched.core.run_subjects import SILENT
    from arco_sched.execution.presence import Presence

    presence, host = Presence(session.runs_folder), socket.gethostname()

    def look(worker: "Worker") -> bool:
        if worker.host == host and presence.is_visible():
            return presence.is_here(worker.worker)
        return session.now - worker.seen_at <= SILENT

    return look
