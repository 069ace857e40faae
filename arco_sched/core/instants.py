"""Instants and spans as text: an instant is a whole UTC second, held as an integer epoch.

It has its own arithmetic instead of `datetime`: every import delays the evaluator's "nothing is due", and a local
reading may fall outside the years 1 to 9999 even if the instant doesn't.
"""

import re
from typing import TYPE_CHECKING, Final, Literal

from arco_sched.core.errors import InvalidInput

if TYPE_CHECKING:
    from datetime import datetime

DAY: Final = 86_400

MIN_INSTANT: Final = -62_135_596_800
"""0001-01-01T00:00:00Z: the first instant that both RFC 3339 and Python's `datetime` can express."""

MAX_INSTANT: Final = 253_402_300_799
"""9999-12-31T23:59:59Z: the last one."""

BEFORE_ALL: Final = -(1 << 62)
"""Before every instant."""

CLOCK_TOLERANCE: Final = 60
"""Seconds by which clocks may differ before one of them counts as wrong."""

_MONTH: Final = 2_629_746
"""A twelfth of a year, in seconds."""
_YEAR: Final = 31_556_952
"""The mean year of the calendar, in seconds."""

# Compiled on first use: most commands need neither, and compiling takes milliseconds.
_RFC3339: Final = r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:([Zz])|([+-])(\d\d):(\d\d))"
_DURATION: Final = r"(\d{1,12})(?: ?(s|m|h|d|w|seconds?|minutes?|hours?|days?|weeks?))?"
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": DAY, "w": 7 * DAY}
MAX_MINUTES: Final = 100 * 366 * 1440

Unit = Literal["minutes", "seconds"]

FORMS: Final[dict[Unit, str]] = {
    "minutes": "a number of minutes, or 90m, 24h, 7d",
    "seconds": "a number of seconds, or 30s, 10m, 24h",
}
"""How people write a span of a unit."""


def days_from_civil(year: int, month: int, day: int) -> int:
    """The number of days from 1970-01-01 to a date of the proleptic Gregorian calendar (any year, also <= 0).

    The era arithmetic is the well-known one of Howard Hinnant's "chrono-compatible low-level date algorithms".
    """
    year -= month <= 2
    era = year // 400
    year_of_era = year - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


def civil_from_days(days: int) -> tuple[int, int, int]:
    """(year, month, day) of the date that lies `days` days after 1970-01-01: the inverse of `days_from_civil`."""
    days += 719_468
    era = days // 146_097
    day_of_era = days - era * 146_097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    month = shifted_month + (3 if shifted_month < 10 else -9)
    return (
        year_of_era + era * 400 + (month <= 2),
        month,
        day_of_year - (153 * shifted_month + 2) // 5 + 1,
    )


def days_in_month(year: int, month: int) -> int:
    """28 to 31."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in {4, 6, 9, 11} else 31


def parse_instant(text: str, what: str = "the instant") -> int:
    """The epoch of an RFC 3339 date-time with `Z` or an offset; a fraction of a second is dropped.

    Raises `InvalidInput` for anything else, including a date-time without an offset; the error calls the value `what`.
    """
    match = re.fullmatch(_RFC3339, text.strip(), re.ASCII)
    if match is None:
        raise _refused(what, "instant", text)
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    offset = 0
    if match[8] is not None:
        offset_hours, offset_minutes = int(match[9]), int(match[10])
        if offset_hours > 23 or offset_minutes > 59:
            raise _refused(what, "offset", text)
        offset = (offset_hours * 3600 + offset_minutes * 60) * (-1 if match[8] == "-" else 1)
    if not (1 <= month <= 12 and 1 <= day <= days_in_month(year, month)):
        raise _refused(what, "day", text)
    if hour > 23 or minute > 59 or second > 59:
        raise _refused(what, "time", text)
    epoch = days_from_civil(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset
    if not MIN_INSTANT <= epoch <= MAX_INSTANT:
        raise _refused(what, "years", text)
    return epoch


def epoch_of(instant: "datetime | int", what: str) -> int:
    """Whole seconds since 1970 of what a Python caller has: them, or an aware `datetime`; raises `InvalidInput`."""
    if isinstance(instant, int):
        return int(instant)
    timestamp = getattr(instant, "timestamp", None)  # nothing here may import `datetime`, which knows a clock
    if timestamp is None or instant.utcoffset() is None:
        raise InvalidInput(f"{what} must be an aware datetime or whole seconds since 1970")
    return int(instant.replace(microsecond=0).timestamp())


def format_instant(epoch: int) -> str:
    """The instant as RFC 3339 in UTC, `2025-01-15T10:00:00Z`."""
    return format_local(epoch, 0)[:-6] + "Z"


def format_local(epoch: int, offset: int) -> str:
    """The instant as RFC 3339 on a clock that is `offset` seconds ahead of UTC, `2025-01-15T05:00:00-05:00`.

    An offset with seconds (local mean time, before standard time) is written with them, `-04:56:02`.
    """
    days, rest = divmod(epoch + offset, DAY)
    year, month, day = civil_from_days(days)
    hour, rest = divmod(rest, 3600)
    minute, second = divmod(rest, 60)
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{format_offset(offset)}"


def format_offset(offset: int) -> str:
    """`+05:30`; with seconds if there are any, `-04:56:02`."""
    hours, rest = divmod(abs(offset), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}" + (f":{seconds:02}" if seconds else "")


def parse_minutes(text: str, what: str = "the duration") -> int:
    """Whole minutes, 1 to about a century, from `90`, `90m`, `24h`, `7d` or `2w`; raises `InvalidInput`."""
    minutes = parse_span(text, "minutes", what)
    if not 1 <= minutes <= MAX_MINUTES:
        raise _refused(what, "span_bounds", text, least="1 minute", most="100 years")
    return minutes


def parse_span(text: str, unit: Unit, what: str = "the duration") -> int:
    """Whole minutes or seconds, from a number of them or a text such as `30s`, `90m`, `24h`, `7d`, `2w` or `3 days`.

    Minutes can't be written as seconds. Raises `InvalidInput`, which calls the value `what`.
    """
    match = re.fullmatch(_DURATION, text.strip(), re.ASCII)
    letter = match[2][0] if match is not None and match[2] else ""
    if match is None or (letter == "s" and unit == "minutes"):
        raise _refused(what, "span", text, forms=FORMS[unit])
    size = 60 if unit == "minutes" else 1
    return int(match[1]) * (_SECONDS[letter] // size if letter else 1)


def format_span(value: int, unit: Unit) -> str:
    """Minutes or seconds in the largest unit that divides them, as `parse_span` reads it: `3d`, `36h`, `90m`, `45s`."""
    seconds = value * 60 if unit == "minutes" else value
    for letter in ("d", "h", "m"):
        if seconds % _SECONDS[letter] == 0 and (seconds or letter == unit[0]):
            return f"{seconds // _SECONDS[letter]}{letter}"
    return f"{seconds}s"


def spoken(seconds: int) -> str:
    """A length of time in its two largest units, `2 hours 5 minutes`; from a month on in the largest, `3 months`."""
    return " ".join(f"{count} {name}" if count == 1 else f"{count} {name}s" for count, name in span_parts(seconds))


def span_parts(seconds: int) -> list[tuple[int, str]]:
    """The same as numbers and units, largest first."""
    if seconds >= _MONTH:
        name, size = ("year", _YEAR) if seconds >= _YEAR else ("month", _MONTH)
        return [(seconds // size, name)]
    units = [("day", DAY), ("hour", 3600), ("minute", 60), ("second", 1)]
    first = next((place for place, (_, size) in enumerate(units) if seconds >= size), 3)
    found = [(seconds // units[first][1], units[first][0])]
    if first < 3 and (rest := seconds % units[first][1] // units[first + 1][1]):
        found.append((rest, units[first + 1][0]))
    return found


def _refused(what: str, code: str, text: str, **data: str) -> InvalidInput:
    from arco_sched.core.problems import Problem

    return InvalidInput(Problem(what, code, {"value": text, **data}))
