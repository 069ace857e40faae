"""Versioned schedules, deterministic catch-up ticks and idempotent runs in one SQLite file.

`Workspace` is the door for Python users; docs/python.md shows the way. Names are loaded when they are first used, so
that importing this package costs nothing to speak of: the command that cron calls each minute begins here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from arco_sched.errors import (
        ArcoError,
        Conflict,
        DatabaseUnusable,
        InvalidFields,
        InvalidFile,
        InvalidInput,
        NotFound,
    )
    from arco_sched.instants import format_instant, parse_instant
    from arco_sched.model import (
        Applied,
        AppliedChange,
        Backfill,
        Definition,
        Evaluation,
        Event,
        LapseRecord,
        Page,
        PreviewedOccurrence,
        Pruning,
        RequestContent,
        Requested,
        Rewinding,
        Run,
        RunConflict,
        Schedule,
        ScheduleChange,
        ScheduleDetail,
        Status,
        Tick,
        TickDetail,
        Timeline,
        TimelineCell,
        TimelineRow,
        Triggered,
        Verification,
        Version,
        VersionChange,
        Wanted,
        Why,
    )
    from arco_sched.service import Workspace

__version__: Final = "0.1.0"

__all__ = [
    "Applied",
    "AppliedChange",
    "ArcoError",
    "Backfill",
    "Conflict",
    "DatabaseUnusable",
    "Definition",
    "Evaluation",
    "Event",
    "InvalidFields",
    "InvalidFile",
    "InvalidInput",
    "LapseRecord",
    "NotFound",
    "Page",
    "PreviewedOccurrence",
    "Pruning",
    "RequestContent",
    "Requested",
    "Rewinding",
    "Run",
    "RunConflict",
    "Schedule",
    "ScheduleChange",
    "ScheduleDetail",
    "Status",
    "Tick",
    "TickDetail",
    "Timeline",
    "TimelineCell",
    "TimelineRow",
    "Triggered",
    "Verification",
    "Version",
    "VersionChange",
    "Wanted",
    "Why",
    "Workspace",
    "__version__",
    "format_instant",
    "parse_instant",
]

_ELSEWHERE: Final = {
    "ArcoError": "errors",
    "Conflict": "errors",
    "DatabaseUnusable": "errors",
    "InvalidFields": "errors",
    "InvalidFile": "errors",
    "InvalidInput": "errors",
    "NotFound": "errors",
    "format_instant": "instants",
    "parse_instant": "instants",
    "Workspace": "service",
}
"""The modules of the names that are not the values of `arco_sched.model`."""


def __getattr__(name: str) -> Any:
    """Load a public name from its module, and keep it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'model')}"), name)
    return value


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted({*globals(), *__all__})
