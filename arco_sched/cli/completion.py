"""Shell completion of ids and zones."""

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

import typer

from arco_sched.cli.context import Session

if TYPE_CHECKING:
    from arco_sched.service.workspace import Workspace

COMPLETIONS: Final = 200
"""Maximum newest ticks or runs to offer."""

COMPLETION_PATIENCE: Final = 0.5
"""Seconds that completion waits for a busy database."""


def _complete(context: typer.Context, incomplete: str, ask: Callable[["Workspace"], Iterable[str]]) -> list[str]:
    # Whatever goes wrong, someone who presses Tab wants no message and no waiting.
    root = context.find_root()
    try:
        session = Session(root.params.get("db"), os.environ, COMPLETION_PATIENCE)
        with session.ask() as workspace:
            return [found for found in ask(workspace) if found.startswith(incomplete)]
    except Exception:
        return []


def complete_schedule(context: typer.Context, incomplete: str) -> list[str]:
    """The ids of schedules; none without a database."""
    return _complete(
        context, incomplete, lambda workspace: (each.version.schedule_id for each in workspace.schedules())
    )


def complete_tick(context: typer.Context, incomplete: str) -> list[str]:
    """The newest ticks; after `ID:`, those of the schedule."""
    schedule_id, colon, _ = incomplete.partition(":")

    def ask(workspace: "Workspace") -> Iterable[str]:
        page = workspace.ticks(schedule_id=schedule_id if colon else None, limit=COMPLETIONS)
        return (tick.tick_id for tick in page.rows)

    return _complete(context, incomplete, ask)


def complete_run(context: typer.Context, incomplete: str) -> list[str]:
    """The newest runs."""
    return _complete(
        context, incomplete, lambda workspace: (run.run_id for run in workspace.runs(limit=COMPLETIONS).rows)
    )


def complete_zone(incomplete: str) -> list[str]:
    """The time zones whose name, or else whose city, begins as typed, ignoring case."""
    from arco_sched.core.cron import zone_names

    begun = incomplete.lower()
    names = sorted(zone_names())
    found = [name for name in names if name.lower().startswith(begun)]
    return found or [name for name in names if name.lower().rpartition("/")[2].startswith(begun)]
