"""OnCalendar= of systemd.time(7) -> cron expressions that are due at the same times.

In systemd a weekday and a day must both match, where cron accepts either. Days that are a whole week of the month
become a weekday with `#`; what no expression can say is refused with its reason.
"""

import re
from typing import Final, NamedTuple

from arco_sched.core.cron import check_expression, load_zone
from arco_sched.core.errors import InvalidInput
from arco_sched.formats.entries import Unfit

_WORDS: Final = {
    "minutely": "*-*-* *:*:00",
    "hourly": "*-*-* *:00:00",
    "daily": "*-*-* 00:00:00",
    "weekly": "Mon *-*-* 00:00:00",
    "monthly": "*-*-01 00:00:00",
    "quarterly": "*-01,04,07,10-01 00:00:00",
    "semiannually": "*-01,07-01 00:00:00",
    "semi-annually": "*-01,07-01 00:00:00",
    "biannually": "*-01,07-01 00:00:00",
    "bi-annually": "*-01,07-01 00:00:00",
    "yearly": "*-01-01 00:00:00",
    "annually": "*-01-01 00:00:00",
}
_DAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_WEEKDAYS: Final = re.compile(r"[a-z]+(?:(?:\.\.|-|,)[a-z]+)*,?", re.IGNORECASE)
_NUMBER: Final = r"[0-9]{1,4}"
_PART: Final = rf"(?:{_NUMBER}(?:\.\.{_NUMBER})?(?:/{_NUMBER})?)"
_CHAIN: Final = rf"(?:\*|{_PART}(?:,{_PART})*)"
_DATE: Final = re.compile(rf"(?:(?P<year>{_CHAIN})-)?(?P<month>{_CHAIN})(?P<end>[-~])(?P<day>{_CHAIN})")
_TIME: Final = re.compile(rf"(?P<hour>{_CHAIN}):(?P<minute>{_CHAIN})(?::(?P<second>{_CHAIN}))?(?P<fraction>\.0+)?")
_WEEKS: Final = {tuple(range(first, first + 7)): number for number, first in ((1, 1), (2, 8), (3, 15), (4, 22))}
_FIFTH: Final = (29, 30, 31)


class Calendar(NamedTuple):
    """An OnCalendar= as an expression, and its zone if it names one."""

    expression: str
    timezone: str | None


def read_calendar(text: str) -> Calendar:
    """The expression that is due when systemd's is; raises `Unfit` if it can't be read or expressed."""
    words = _WORDS.get(text.strip().lower(), text).split()
    if not words:
        raise Unfit("OnCalendar is empty")
    zone = _zone(words)
    words = _WORDS.get(" ".join(words).lower(), " ".join(words)).split()
    weekdays = _weekdays(words.pop(0)) if words and _WEEKDAYS.fullmatch(words[0]) else None
    date = time = None
    for word in words:
        if date is None and time is None and (date := _DATE.fullmatch(word)) is not None:
            continue
        if time is not None or (time := _TIME.fullmatch(word)) is None:
            raise Unfit(_unread(text, word))
    if weekdays is None and date is None and time is None:
        raise Unfit(f"{text!a} isn't a systemd calendar expression")
    hours, minutes, seconds = ("0", "0", "0") if time is None else _times(time)
    month_days, months, days = _date(date, weekdays)
    fields = f"{minutes} {hours} {month_days} {months} {days}"
    return Calendar(_checked(fields if seconds == "0" else f"{seconds} {fields}"), zone)


def _unread(text: str, word: str) -> str:
    if text.startswith("@"):
        return f"{text!a} is a single instant: use `arco schedule create --cron @once --start INSTANT`"
    if re.search(r":[0-9]+\.[0-9]", word):
        return f"{word!a} has fractions of a second, but arco counts in whole seconds"
    return f"{text!a} isn't a systemd calendar expression: {word!a} can't be read"


def _checked(text: str) -> str:
    try:
        return check_expression(text).text
    except InvalidInput as error:
        raise Unfit(str(error)) from None


def _zone(words: list[str]) -> str | None:
    last = words[-1]
    if (
        len(words) == 1
        or not re.match(r"[A-Za-z]", last)
        or (len(words) < 3 and _WEEKDAYS.fullmatch(last) and _is_day(last))
    ):
        return None
    try:
        load_zone(last)
    except InvalidInput as error:
        raise Unfit(str(error)) from None
    return words.pop()


def _is_day(text: str) -> bool:
    return any(day.startswith(text.lower()[:3]) for day in _DAYS)


def _weekdays(text: str) -> list[int]:
    found: set[int] = set()
    for item in text.rstrip(",").lower().split(","):
        low, _, high = item.replace("..", "-").partition("-")
        first, last = _day(low), _day(high or low)
        # Weeks begin on Monday here: Sunday is the last day of a range.
        if (first or 7) > (last or 7):
            raise Unfit(f"the weekdays {item!a} run backwards, which systemd rejects")
        found |= {day % 7 for day in range(first or 7, (last or 7) + 1)}
    return sorted(found)


def _day(text: str) -> int:
    for number, name in enumerate(_DAYS):
        if text in {name, name[:3]}:
            return number
    raise Unfit(f"{text!a} isn't a day of the week")


def _times(match: "re.Match[str]") -> tuple[str, str, str]:
    return (
        _field(match["hour"], 0, 23, "hours"),
        _field(match["minute"], 0, 59, "minutes"),
        _field(match["second"] or "0", 0, 59, "seconds"),
    )


def _date(match: "re.Match[str] | None", weekdays: list[int] | None) -> tuple[str, str, str]:
    """The fields day-of-month, month and day-of-week."""
    listed = "*" if weekdays is None or len(weekdays) == 7 else _ranges(weekdays)
    if match is None:
        return "*", "*", listed
    if match["year"] not in {None, "*"}:
        raise Unfit(
            f"it is limited to the years {match['year']}: give the schedule a start and an end instead "
            "(`arco schedule create --start --end`, @once for one instant)"
        )
    months = _field(match["month"], 1, 12, "months")
    if match["end"] == "~":
        return _from_the_end(match["day"], months, weekdays, listed)
    days = _field(match["day"], 1, 31, "days")
    if listed == "*" or days == "*":
        return days, months, listed
    values = _values(match["day"], 1, 31, "days")
    found = []
    for week, number in _WEEKS.items():
        if set(week) <= set(values):
            found += [f"{day}#{number}" for day in weekdays or []]
            values = [value for value in values if value not in week]
    if set(_FIFTH) <= set(values):
        found += [f"{day}#5" for day in weekdays or []]
        values = [value for value in values if value not in _FIFTH]
    if values:
        raise Unfit(_both(match["day"], listed))
    return "*", months, ",".join(found)


def _from_the_end(text: str, months: str, weekdays: list[int] | None, listed: str) -> tuple[str, str, str]:
    # `~7/1` counts down to the last day of the month, which is ~1.
    values: set[int] = set()
    for item in text.split(","):
        body, slash, step = item.partition("/")
        if body == "*" or ".." in body:
            raise Unfit(f"the days ~{text} can't be read: write numbers after ~, counted from the end of the month")
        low = _number(body, 1, 31, "days")
        each = _number(step, 1, 31, "steps") if slash else low
        if slash and low - each < 1:
            raise Unfit(f"the days ~{item} have a step beyond their range, which systemd rejects")
        values |= set(range(low, 0, -each))
    if listed != "*":
        if values == set(range(1, 8)):
            return "*", months, ",".join(f"{day}#L" for day in weekdays or [])
        raise Unfit(_both(f"~{text}", listed))
    return ",".join("L" if value == 1 else f"L-{value - 1}" for value in sorted(values)), months, "*"


def _both(days: str, weekdays: str) -> str:
    return (
        f"systemd requires both the days {days} and the weekdays {weekdays} to match, which arco supports only for "
        "whole weeks, as in Mon *-*-01..07: check one of them in the command"
    )


def _field(text: str, low: int, high: int, what: str) -> str:
    """A chain as a field: every value, a step, or a list."""
    if text == "*":
        return "*"
    match = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
    values = _values(text, low, high, what)
    if match is not None and int(match[1]) == low and len(values) > 1:
        return "*" if int(match[2]) == 1 else f"*/{int(match[2])}"
    return "*" if len(values) == high - low + 1 else _ranges(values)


def _values(text: str, low: int, high: int, what: str) -> list[int]:
    found: set[int] = set()
    for item in text.split(","):
        body, slash, step_text = item.partition("/")
        first_text, dots, last_text = body.partition("..")
        first = _number(first_text, low, high, what)
        last = _number(last_text, low, high, what) if dots else high if slash else first
        if first > last:
            raise Unfit(f"the {what} {item} run backwards, which systemd rejects")
        step = _number(step_text, 1, high, "steps") if slash else 1
        if slash and first + step > last and dots == "":
            raise Unfit(f"the {what} {item} have a step beyond their range, which systemd rejects")
        found |= set(range(first, last + 1, step))
    return sorted(found)


def _number(text: str, low: int, high: int, what: str) -> int:
    if not low <= int(text) <= high:
        raise Unfit(f"the {what} {text} are outside {low}-{high}")
    return int(text)


def _ranges(values: list[int]) -> str:
    found: list[list[int]] = []
    for value in values:
        if found and value == found[-1][1] + 1:
            found[-1][1] = value
        else:
            found.append([value, value])
    return ",".join(
        str(low) if low == high else f"{low},{high}" if high == low + 1 else f"{low}-{high}" for low, high in found
    )
