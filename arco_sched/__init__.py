"""Cron with a memory: scheduled jobs with retries, catch-up and a complete history, in one SQLite file.

`Workspace` is the entry point for Python users; docs/python.md is its guide. Names are loaded on first use, so that
importing this package costs next to nothing: the command that cron calls every minute begins here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from arco_sched.api import Instant, Workspace
    from arco_sched.api.answers import as_dict
    from arco_sched.api.instants import format_instant, parse_instant
    from arco_sched.core.attempts import Attempt, End, Outcome
    from arco_sched.core.cron.explanation import Explanation, FieldVerdict
    from arco_sched.core.definitions import (
        CatchupPolicy,
        Definition,
        DstGap,
        DstOverlap,
        RequestContent,
        Version,
        Wanted,
    )
    from arco_sched.core.errors import (
        ArcoError,
        Conflict,
        DatabaseUnusable,
        InvalidFields,
        InvalidFile,
        InvalidInput,
        NotFound,
    )
    from arco_sched.core.history import (
        Event,
        LapseCut,
        LapseReason,
        LapseRecord,
        Rewinding,
        Run,
        RunConflict,
        RunStatus,
        Schedule,
        SkipReason,
        Tick,
        TickStatus,
        VersionShift,
    )
    from arco_sched.core.policy import Backoff, OnLost, Overlap, Policy
    from arco_sched.core.ports import Compaction
    from arco_sched.core.problems import Problem
    from arco_sched.core.run_events import CancelReason, RunReason
    from arco_sched.core.run_order import WaitingFor
    from arco_sched.core.run_subjects import Worker
    from arco_sched.core.runs import Group, Request, RunState, Source
    from arco_sched.core.standing import Results
    from arco_sched.service.apply import Applied, AppliedChange
    from arco_sched.service.backfill import Backfill
    from arco_sched.service.check import Asked, Finding, FindingKind
    from arco_sched.service.definitions import PreviewedOccurrence, ScheduleDetail, VersionChange
    from arco_sched.service.evaluation import Evaluation
    from arco_sched.service.life import Changed, Pool, RunChange, RunLife
    from arco_sched.service.lists import Page
    from arco_sched.service.pruning import Pruning
    from arco_sched.service.requests import RequestChange, Requested, TickDetail, Triggered
    from arco_sched.service.schedules import Change, ScheduleChange
    from arco_sched.service.serving import Holder, Served
    from arco_sched.service.status import Status
    from arco_sched.service.timeline import Timeline, TimelineCell, TimelineRow
    from arco_sched.service.upcoming import Upcoming
    from arco_sched.service.verification.findings import Verification
    from arco_sched.service.why import Reason, Verdict, Why
    from arco_sched.service.why_during import Occasion, WhyDuring

__version__: Final = "0.1.0"

__all__ = [
    "Applied",
    "AppliedChange",
    "ArcoError",
    "Asked",
    "Attempt",
    "Backfill",
    "Backoff",
    "CancelReason",
    "CatchupPolicy",
    "Change",
    "Changed",
    "Compaction",
    "Conflict",
    "DatabaseUnusable",
    "Definition",
    "DstGap",
    "DstOverlap",
    "End",
    "Evaluation",
    "Event",
    "Explanation",
    "FieldVerdict",
    "Finding",
    "FindingKind",
    "Group",
    "Holder",
    "Instant",
    "InvalidFields",
    "InvalidFile",
    "InvalidInput",
    "LapseCut",
    "LapseReason",
    "LapseRecord",
    "NotFound",
    "Occasion",
    "OnLost",
    "Outcome",
    "Overlap",
    "Page",
    "Policy",
    "Pool",
    "PreviewedOccurrence",
    "Problem",
    "Pruning",
    "Reason",
    "Request",
    "RequestChange",
    "RequestContent",
    "Requested",
    "Results",
    "Rewinding",
    "Run",
    "RunChange",
    "RunConflict",
    "RunLife",
    "RunReason",
    "RunState",
    "RunStatus",
    "Schedule",
    "ScheduleChange",
    "ScheduleDetail",
    "Served",
    "SkipReason",
    "Source",
    "Status",
    "Tick",
    "TickDetail",
    "TickStatus",
    "Timeline",
    "TimelineCell",
    "TimelineRow",
    "Triggered",
    "Upcoming",
    "Verdict",
    "Verification",
    "Version",
    "VersionChange",
    "VersionShift",
    "WaitingFor",
    "Wanted",
    "Why",
    "WhyDuring",
    "Worker",
    "Workspace",
    "__version__",
    "as_dict",
    "format_instant",
    "parse_instant",
]

_MODULES: Final = {
    "Applied": "service.apply",
    "AppliedChange": "service.apply",
    "ArcoError": "core.errors",
    "Asked": "service.check",
    "Attempt": "core.attempts",
    "Backfill": "service.backfill",
    "Backoff": "core.policy",
    "CancelReason": "core.run_events",
    "CatchupPolicy": "core.definitions",
    "Change": "service.schedules",
    "Changed": "service.life",
    "Compaction": "core.ports",
    "Conflict": "core.errors",
    "DatabaseUnusable": "core.errors",
    "Definition": "core.definitions",
    "DstGap": "core.definitions",
    "DstOverlap": "core.definitions",
    "End": "core.attempts",
    "Evaluation": "service.evaluation",
    "Event": "core.history",
    "Explanation": "core.cron.explanation",
    "FieldVerdict": "core.cron.explanation",
    "Finding": "service.check",
    "FindingKind": "service.check",
    "Group": "core.runs",
    "Holder": "service.serving",
    "Instant": "api",
    "InvalidFields": "core.errors",
    "InvalidFile": "core.errors",
    "InvalidInput": "core.errors",
    "LapseCut": "core.history",
    "LapseReason": "core.history",
    "LapseRecord": "core.history",
    "NotFound": "core.errors",
    "Occasion": "service.why_during",
    "OnLost": "core.policy",
    "Outcome": "core.attempts",
    "Overlap": "core.policy",
    "Page": "service.lists",
    "Policy": "core.policy",
    "Pool": "service.life",
    "PreviewedOccurrence": "service.definitions",
    "Problem": "core.problems",
    "Pruning": "service.pruning",
    "Reason": "service.why",
    "Request": "core.runs",
    "RequestChange": "service.requests",
    "RequestContent": "core.definitions",
    "Requested": "service.requests",
    "Results": "core.standing",
    "Rewinding": "core.history",
    "Run": "core.history",
    "RunChange": "service.life",
    "RunConflict": "core.history",
    "RunLife": "service.life",
    "RunReason": "core.run_events",
    "RunState": "core.runs",
    "RunStatus": "core.history",
    "Schedule": "core.history",
    "ScheduleChange": "service.schedules",
    "ScheduleDetail": "service.definitions",
    "Served": "service.serving",
    "SkipReason": "core.history",
    "Source": "core.runs",
    "Status": "service.status",
    "Tick": "core.history",
    "TickDetail": "service.requests",
    "TickStatus": "core.history",
    "Timeline": "service.timeline",
    "TimelineCell": "service.timeline",
    "TimelineRow": "service.timeline",
    "Triggered": "service.requests",
    "Upcoming": "service.upcoming",
    "Verdict": "service.why",
    "Verification": "service.verification.findings",
    "Version": "core.definitions",
    "VersionChange": "service.definitions",
    "VersionShift": "core.history",
    "WaitingFor": "core.run_order",
    "Wanted": "core.definitions",
    "Why": "service.why",
    "WhyDuring": "service.why_during",
    "Worker": "core.run_subjects",
    "Workspace": "api",
    "as_dict": "api.answers",
    "format_instant": "api.instants",
    "parse_instant": "api.instants",
}
"""The module of each public name."""


if not TYPE_CHECKING:  # a type checker would take any name for one that there is

    def __getattr__(name: str) -> Any:
        """Load a public name from its module and keep it."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        return value


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted({*globals(), *__all__})
