"""The second reader: an expression that croniter reads differently from our own reader is refused."""

from typing import TYPE_CHECKING, Any, Final

from arco_sched.core.cron.expression import CronExpression
from arco_sched.core.cron.grammar import ANCHORED, parse_expression
from arco_sched.core.cron.pattern_fields import MONTH_NAMES, WEEKDAY_NAMES
from arco_sched.core.errors import InvalidInput

if TYPE_CHECKING:
    from arco_sched.core.cron.anchored import Anchored

_LOWS: Final = {"second": 0, "minute": 0, "hour": 0, "day-of-month": 1, "month": 1, "day-of-week": 0}
_HIGHS: Final = {"second": 59, "minute": 59, "hour": 23, "day-of-month": 31, "month": 12, "day-of-week": 6}
_PLACES: Final = ("minute", "hour", "day-of-month", "month", "day-of-week", "second")
_NAMES: Final = {"month": MONTH_NAMES, "day-of-week": WEEKDAY_NAMES}


def read_expression(text: str) -> "CronExpression | Anchored":
    """The expression in `text`: what `parse_expression` reads, or `@every` or `@once`."""
    if not text.lstrip(" \t").lower().startswith(ANCHORED):
        return parse_expression(text)
    from arco_sched.core.cron.anchored import parse_anchored

    return parse_anchored(text)


def check_expression(text: str) -> "CronExpression | Anchored":
    """The expression in `text`, for a definition that is about to be made or shown.

    Raises `InvalidInput` for what `read_expression` refuses, for what croniter reads differently, and for an expression
    that never matches a date. The first call imports croniter. croniter doesn't know `@every` and `@once`, so these
    aren't compared.
    """
    expression = read_expression(text)
    if not isinstance(expression, CronExpression):
        return expression
    _compare(expression)
    if expression.never:
        raise InvalidInput(
            f"the cron expression {expression.text!r} never occurs: no date matches its day and month fields"
        )
    return expression


def _compare(expression: CronExpression) -> None:
    """Let croniter read every field; if its values differ from ours, one of the two is wrong, so refuse."""
    fields = dict(zip(expression.field_names, expression.fields, strict=True))
    ours: dict[str, set[Any]] = {
        "second": set(expression.seconds),
        "minute": set(expression.minutes),
        "hour": set(expression.hours),
        "day-of-month": _bits(expression.month_days),
        "month": _bits(expression.months),
        "day-of-week": _bits(expression.weekdays),
    }
    if expression.last_day:
        ours["day-of-month"].add("l")
    if expression.nearest_weekday is not None:
        # croniter's `expand` drops the W: it reads only the day.
        ours["day-of-month"].add(expression.nearest_weekday)
        fields["day-of-month"] = fields["day-of-month"].removesuffix("W")
    # croniter knows neither LW nor L-3: it reads only the days listed with them.
    days = [item for item in fields["day-of-month"].split(",") if item != "LW" and not item.startswith("L-")]
    fields["day-of-month"] = ",".join(days) or "*"
    weekdays = fields["day-of-week"].split(",")
    special = [item for item in weekdays if "#" in item or item.endswith("L")]
    plain = [item for item in weekdays if item not in special]

    # croniter refuses plain and nth days in one list, so it reads them separately.
    fields["day-of-week"] = ",".join(plain) or "*"
    theirs, _ = _croniter_reads(expression, fields)
    if not plain:
        theirs["day-of-week"] = set()
    if not days:
        theirs["day-of-month"] = set()
    nth: set[tuple[int, Any]] = set()
    if special:
        fields["day-of-week"] = ",".join(special)
        nth = _croniter_reads(expression, fields)[1]
    our_nth: set[tuple[int, Any]] = {*expression.nth_weekdays, *((day, "l") for day in expression.last_weekdays)}
    names = [name for name in expression.field_names if ours[name] != theirs[name]]
    if nth != our_nth and "day-of-week" not in names:
        names.append("day-of-week")
    if names:
        raise InvalidInput(
            f"the cron expression {expression.text!r} is read differently by arco and by croniter in the "
            f"{' and '.join(names)} field: write it differently"
        )


def _croniter_reads(
    expression: CronExpression, fields: dict[str, str]
) -> tuple[dict[str, set[Any]], set[tuple[int, Any]]]:
    """croniter's values of each field, and its (weekday, n or "l") pairs."""
    from croniter import CroniterError, croniter

    text = " ".join(_translated(name, fields.get(name, "0")) for name in _PLACES)
    try:
        expanded, nth = croniter.expand(text)
    except (CroniterError, ValueError) as error:
        raise InvalidInput(f"the cron expression {expression.text!r} can't be read by croniter: {error}") from error
    values: dict[str, set[Any]] = {}
    for name, found in zip(_PLACES, expanded, strict=True):
        values[name] = set(found)
        if "*" in values[name]:
            values[name] = values[name] - {"*"} | set(range(_LOWS[name], _HIGHS[name] + 1))
    pairs: set[tuple[int, Any]] = set()
    for weekday, ns in nth.items():
        pairs.update((int(weekday), n) for n in ns)
    return values, pairs


def _translated(name: str, text: str) -> str:
    """A field in croniter's dialect."""
    return ",".join(_translated_item(name, item) for item in text.split(","))


def _translated_item(name: str, item: str) -> str:
    names = _NAMES.get(name, {})
    body, _, step = item.partition("/")
    if "#" in body:
        weekday, _, nth = body.partition("#")
        number = names.get(weekday.upper(), weekday)
        return f"L{number}" if nth == "L" else f"{number}#{nth}"
    if name == "day-of-week" and body.endswith("L"):
        return f"L{names.get(body[:-1].upper(), body[:-1])}"
    if body in {"*", "L"}:
        low, high = _LOWS[name], _HIGHS[name]
        written = body
    else:
        low_text, _, high_text = body.partition("-")
        low = int(names.get(low_text.upper(), low_text))
        high = int(names.get(high_text.upper(), high_text)) if high_text else low
        if name == "day-of-week" and high_text.upper() == "SUN":
            high = 7
        written = f"{low}-{high}"
    # croniter widens a range with one value, or whose step leaves one value, to the whole field.
    if low == high or (step and len(step.lstrip("0")) > 4) or (step and int(step) > high - low):
        return str(low)
    return f"{written}/{int(step)}" if step else written


def _bits(mask: int) -> set[Any]:
    return {value for value in range(mask.bit_length()) if mask >> value & 1}
