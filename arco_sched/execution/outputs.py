"""Where the output of an attempt is, for those who read it."""

import os

from arco_sched.core.attempts import EXTERNAL, Attempt
from arco_sched.execution import protocol


def log_of(runs_folder: str, run_id: str, attempt: Attempt) -> str | None:
    """The path of the output of an attempt; None if none is kept: it printed nothing, its log was removed, or
    someone else executed it."""
    if attempt.executor == EXTERNAL:
        return None
    home = f"{runs_folder}/attempts/{run_id}.{attempt.number}"
    path = protocol.log_path(home)
    return path if os.path.exists(path) else None
