"""Cron expressions and the instants at which they occur on a zone's clock.

Importing this package costs little: croniter is imported by `check_expression` when it is called, and nothing here
imports `datetime`, `zoneinfo` or `pendulum`.
"""

from typing import TYPE_CHECKING

from arco_sched.core.cron.check import check_expression
from arco_sched.core.cron.expression import CronExpression
from arco_sched.core.cron.grammar import parse_expression
from arco_sched.core.cron.occurrences import Timetable, timetable
from arco_sched.core.cron.zones import Zone, load_zone, zone_names
from arco_sched.core.zone_rules import tzdata_release

if TYPE_CHECKING:
    from arco_sched.core.cron.explanation import Explanation, FieldVerdict

__all__ = [
    "CronExpression",
    "Explanation",
    "FieldVerdict",
    "Timetable",
    "Zone",
    "check_expression",
    "load_zone",
    "parse_expression",
    "timetable",
    "tzdata_release",
    "zone_names",
]


def __getattr__(name: str) -> object:
    # Making two classes takes milliseconds, which only `explain` has a use for.
    if name in {"Explanation", "FieldVerdict"}:
        from arco_sched.core.cron import explanation

        return getattr(explanation, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
