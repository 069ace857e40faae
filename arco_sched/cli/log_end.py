"""What the attempts of a run printed: where it is, and the end of it as text."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from arco_sched.service.life import RunLife

LINES: Final = 20
BYTES: Final = 4096


def log_paths(database: Path, life: "RunLife") -> list[str | None]:
    """The path of the output of each attempt, None where there is none (any more)."""
    from arco_sched.execution import protocol

    found: list[str | None] = []
    for attempt in life.attempts:
        home = f"{database.absolute()}.runs/attempts/{life.run.run_id}.{attempt.number}"
        path = protocol.read_about(home)["log"] or f"{home}/log"
        found.append(path if Path(path).exists() else None)
    return found


def log_end(path: str | None) -> str | None:
    """The last 20 lines of a log, at most 4 KiB; None where there is none."""
    from arco_sched.execution import logs

    try:
        return None if path is None else logs.text(logs.tail(path, LINES, BYTES))
    except OSError:
        return None
