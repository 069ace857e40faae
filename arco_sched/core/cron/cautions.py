"""Warnings about valid expressions that may not mean what their author thinks. Pure."""

from collections.abc import Iterable, Iterator
from typing import Final

from arco_sched.core.cron.anchored import Anchored
from arco_sched.core.cron.expression import CronExpression
from arco_sched.core.cron.pattern_fields import MONTH_NAMES, WEEKDAY_NAMES

_HIGHS: Final = {"second": 59, "minute": 59, "hour": 23, "day-of-month": 31, "month": 12, "day-of-week": 6}
_LOWS: Final = {"day-of-month": 1, "month": 1}
_EACH: Final = {
    "second": "minute",
    "minute": "hour",
    "hour": "day",
    "day-of-month": "month",
    "month": "year",
    "day-of-week": "week",
}
"""The period in which a single value of a field comes once."""


def cautions(expression: CronExpression | Anchored, said: Iterable[str] = ()) -> list[str]:
    """The warnings, as sentences. `said` names which of `dst_gap` and `dst_overlap` were set explicitly."""
    found = list(_wide_steps(expression)) if isinstance(expression, CronExpression) else []
    if isinstance(expression, CronExpression) and expression.fixed_time:
        return found
    for name in said:
        if isinstance(expression, Anchored):
            found.append(f"{name} has no effect: {expression.text} counts seconds, regardless of clock changes")
        else:
            found.append(f"{name} has no effect: {_INTERVAL.format(expression.text)}")
    return found


_INTERVAL: Final = (
    "the minute or the hour of `{}` begins with *, so it is due whenever the clock shows a matching time: "
    "never for a time that the clock jumps over, and twice for one that it shows twice"
)


def _wide_steps(expression: CronExpression) -> Iterator[str]:
    for name, field in zip(expression.field_names, expression.fields, strict=True):
        for item in field.split(","):
            body, _, step = item.partition("/")
            if not step:
                continue
            low, high = _range(name, body)
            if high > low and (len(step.lstrip("0")) > 4 or int(step) > high - low):
                yield (
                    f"in the {name} field, {item[:40]!a} steps beyond {high}, so it matches only {low}, "
                    f"once each {_EACH[name]}: write {low} if you mean that"
                )


def _range(name: str, body: str) -> tuple[int, int]:
    """The first and the last value of `*` or of a range."""
    if body == "*":
        return _LOWS.get(name, 0), _HIGHS[name]
    low, _, high = body.partition("-")
    to_sunday = name == "day-of-week" and high.upper() == "SUN"
    return _value(name, low), 7 if to_sunday else _value(name, high)


def _value(name: str, text: str) -> int:
    names = {"month": MONTH_NAMES, "day-of-week": WEEKDAY_NAMES}.get(name, {})
    found = names.get(text.upper())
    return int(text) if found is None else found
