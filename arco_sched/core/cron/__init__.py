"""Cron expressions and the instants at which they occur on a zone's clock.

Importing this package is cheap: `check_expression` imports croniter when it is called, and nothing here imports
`datetime`, `zoneinfo` or `pendulum`.
"""

from typing import TYPE_CHECKING, TypeAlias

from arco_sched.core.cron.check import check_expression, read_expression
from arco_sched.core.cron.expression import CronExpression
from arco_sched.core.cron.grammar import ANCHORED, parse_expression
from arco_sched.core.cron.occurrences import Timetable, timetable
from arco_sched.core.cron.zones import Zone, load_zone, zone_names
from arco_sched.core.zone_rules import tzdata_release

if TYPE_CHECKING:
    from arco_sched.core.cron.anchored import Anchored, AnchoredTimetable
    from arco_sched.core.cron.explanation import Explanation, FieldVerdict

    AnyTimetable: TypeAlias = Timetable | AnchoredTimetable

__all__ = [
    "Anchored",
    "AnchoredTimetable",
    "CronExpression",
    "Explanation",
    "FieldVerdict",
    "Timetable",
    "Zone",
    "check_expression",
    "load_zone",
    "parse_expression",
    "read_expression",
    "timetable",
    "timetable_from",
    "tzdata_release",
    "zone_names",
]


def timetable_from(cron_expression: str, timezone: str, dst_gap: str, dst_overlap: str, anchor: int) -> "AnyTimetable":
    """The timetable of a definition's texts, of either kind; `anchor` is the start from which `@every` counts.

    Raises `InvalidInput` with every problem.
    """
    if cron_expression.startswith(ANCHORED):
        from arco_sched.core.cron.anchored import anchored_timetable

        return anchored_timetable(cron_expression, timezone, anchor)
    return timetable(cron_expression, timezone, dst_gap, dst_overlap)


def __getattr__(name: str) -> object:
    # Rarely needed, so evaluations don't load it.
    if name in {"Explanation", "FieldVerdict"}:
        from arco_sched.core.cron import explanation

        return getattr(explanation, name)
    if name in {"Anchored", "AnchoredTimetable"}:
        from arco_sched.core.cron import anchored

        return getattr(anchored, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
