"""Days and times in plain words, on the calendar of one clock: `yesterday 10:00`, `Nov 24`, `last night`, `3 days`.

A reading is what the clock shows, in seconds since 1970-01-01 00:00 of its own calendar. Nothing here knows zones.
"""

import re
from calendar import monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from arco_sched.core.instants import DAY

if TYPE_CHECKING:
    from pendulum import Date

_EPOCH: Final = date(1970, 1, 1)
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_WEEKDAY: Final = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"
_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\.?"
)
_NTH: Final = r"(\d{1,2})(?:st|nd|rd|th)?"
_YEAR: Final = r"(?:,? (\d{4}))?"

_NAMED: Final = re.compile(r"today|yesterday|tomorrow", re.ASCII)
_WEEKDAY_SAID: Final = re.compile(rf"(?:(last|next|this) )?({_WEEKDAY})", re.ASCII)
_PERIOD: Final = re.compile(r"(this|last|next) (week|month|year)", re.ASCII)
_MONTH_DAY: Final = re.compile(rf"({_MONTH}) {_NTH}{_YEAR}", re.ASCII)
_DAY_MONTH: Final = re.compile(rf"{_NTH} (?:of )?({_MONTH}){_YEAR}", re.ASCII)
_MONTH_ALONE: Final = re.compile(rf"({_MONTH}){_YEAR}", re.ASCII)
_ISO_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d|\d{8}|\d{4}-?w\d\d-?\d", re.ASCII)
_ISO_PERIOD: Final = re.compile(r"((?:19|20|21)\d\d)(?:-(\d\d)|-?w(\d\d))?", re.ASCII)

_TIME: Final = re.compile(r"(\d{1,2})(?::(\d\d)(?::(\d\d)(?:\.\d+)?)?)? ?(am|pm)?", re.ASCII)
_PARTS: Final = {
    "morning": (6 * 3600, 12 * 3600),
    "afternoon": (12 * 3600, 18 * 3600),
    "evening": (18 * 3600, DAY),
    "night": (18 * 3600, DAY + 6 * 3600),
}
_TIMES: Final = {"noon": 12 * 3600, "midday": 12 * 3600, "midnight": 0}

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": DAY, "w": 7 * DAY}
_PIECE: Final = (
    r"(\d{1,9}|an?(?= )) ?"
    r"(s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?|w(?:eeks?)?|months?|years?)(?![a-z])"
)
_RELATIVE: Final = re.compile(rf"(in )?({_PIECE}(?:(?:,? (?:and )?)?{_PIECE}){{0,4}})( ago)?", re.ASCII)
_PIECES: Final = re.compile(_PIECE, re.ASCII)


class Reading(NamedTuple):
    """The reading `at`, and the range `[start, stop)` of a whole day, week, month or part of a day.

    `at` is then the beginning of the range; a single instant has no range.
    """

    at: int
    start: int | None = None
    stop: int | None = None


def read(said: str, clock: int, *, ahead: bool) -> Reading | None:
    """What a text means when the clock shows the reading `clock`; None for an unknown form.

    Weekdays and dates without a year are the most recent ones up to today, with `ahead` the next ones from today on.
    Raises ValueError and OverflowError for an invalid date, and outside the years 1 to 9999.
    """
    text = said.lower()
    return _relative(text, clock, ahead=ahead) or _day_and_time(text, _date(clock), ahead=ahead)


def elapsed(said: str) -> int | None:
    """The seconds from now, negative for the past, of a text in seconds, minutes, hours, days and weeks; None for any
    other text. Without `in` or `ago` it is the past."""
    found = _RELATIVE.fullmatch(said.lower())
    if found is None or (found[1] and found[found.re.groups]):
        return None
    pieces = _PIECES.findall(found[2])
    if any(unit[:2] == "mo" or unit[0] == "y" for _, unit in pieces):
        return None
    total = sum(_number(count) * _UNITS[unit[0]] for count, unit in pieces)
    return total if found[1] else -total


def _number(count: str) -> int:
    return 1 if count.startswith("a") else int(count)


def _relative(text: str, clock: int, *, ahead: bool) -> Reading | None:
    found = _RELATIVE.fullmatch(text)
    if found is None:
        return None
    forward, ago = bool(found[1]), bool(found[found.re.groups])
    if (forward and ago) or (ahead and not (forward or ago)):
        return None
    sign = 1 if forward else -1
    pieces = _PIECES.findall(found[2])
    day, time = _date(clock), clock % DAY
    for count, unit in pieces:
        if unit[:2] == "mo" or unit[0] == "y":
            day = _months_later(day, sign * _number(count) * (12 if unit[0] == "y" else 1))
    at = _reading(day) + time
    at += sign * sum(_number(count) * _UNITS[unit[0]] for count, unit in pieces if unit[:2] != "mo" and unit[0] != "y")
    if all(unit[0] in "dwy" or unit[:2] == "mo" for _, unit in pieces):
        start = at - at % DAY
        return Reading(at, start, start + DAY)
    return Reading(at)


def _day_and_time(text: str, today: date, *, ahead: bool) -> Reading | None:
    text = re.sub(r"(?<=\d)t(?=\d)", " ", text)
    words = {"last night": "yesterday night", "tonight": "today night", "yesterday's": "yesterday"}
    text = words.get(text, text)
    whole = _days(text, today, ahead=ahead)
    if whole is not None:
        return Reading(_reading(whole[0]), _reading(whole[0]), _reading(whole[1]))
    alone = _time(text.removeprefix("at "))
    if alone is not None:
        return _at(today, alone)
    words_ = text.split(" ")
    for cut in range(1, len(words_)):
        left, right = " ".join(words_[:cut]).removesuffix(","), " ".join(words_[cut:])
        for day_said, time_said in ((left, right.removeprefix("at ")), (right.removeprefix("on "), left)):
            time = _time(time_said.removeprefix("at "))
            day = today if day_said == "this" and time_said in _PARTS else None
            if time is not None and day is None:
                days = _days(day_said, today, ahead=ahead)
                day = days[0] if days is not None and days[1] - days[0] == timedelta(1) else None
            if time is not None and day is not None:
                return _at(day, time)
    return None


def _at(day: date, time: int | tuple[int, int]) -> Reading:
    midnight = _reading(day)
    if isinstance(time, int):
        return Reading(midnight + time)
    return Reading(midnight + time[0], midnight + time[0], midnight + time[1])


def _time(said: str) -> int | tuple[int, int] | None:
    """Seconds after midnight, or when a part of a day begins and ends."""
    if said in _TIMES:
        return _TIMES[said]
    if said in _PARTS:
        return _PARTS[said]
    found = _TIME.fullmatch(said)
    if found is None or (found[2] is None and found[4] is None):
        return None
    hour, minute, second = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if found[4] is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[4] == "pm" else 0)
    return None if hour > 23 or minute > 59 or second > 59 else hour * 3600 + minute * 60 + second


def _days(said: str, today: date, *, ahead: bool) -> tuple[date, date] | None:
    """The first day of the period, and the first day after it."""
    if _NAMED.fullmatch(said):
        day = today + timedelta({"today": 0, "yesterday": -1, "tomorrow": 1}[said])
        return day, day + timedelta(1)
    if (found := _WEEKDAY_SAID.fullmatch(said)) is not None:
        return _weekday(found[1], found[2], today, ahead=ahead)
    if (found := _PERIOD.fullmatch(said)) is not None:
        return _period(found[2], today, {"this": 0, "last": -1, "next": 1}[found[1]])
    if (found := _MONTH_DAY.fullmatch(said)) is not None:
        return _in_year(_month(found[1]), int(found[2]), found[3], today, ahead=ahead)
    if (found := _DAY_MONTH.fullmatch(said)) is not None:
        return _in_year(_month(found[2]), int(found[1]), found[3], today, ahead=ahead)
    if (found := _MONTH_ALONE.fullmatch(said)) is not None:
        first, _ = _in_year(_month(found[1]), 1, found[2], today, ahead=ahead)
        return first, _months_later(first, 1)
    if _ISO_DAY.fullmatch(said):
        day = date.fromisoformat(said.upper())
        return day, day + timedelta(1)
    if (found := _ISO_PERIOD.fullmatch(said)) is not None:
        if found[3] is not None:
            first = date.fromisocalendar(int(found[1]), int(found[3]), 1)
            return first, first + timedelta(7)
        first = date(int(found[1]), int(found[2] or 1), 1)
        return first, _months_later(first, 1 if found[2] else 12)
    return None


def _weekday(which: str | None, said: str, today: date, *, ahead: bool) -> tuple[date, date]:
    back = (today.weekday() - next(at for at, name in enumerate(_WEEKDAYS) if name.startswith(said[:3]))) % 7
    if which == "next" or (ahead and which is None):
        forward = -back % 7
        day = today + timedelta(forward or (7 if which == "next" else 0))
    elif which == "this":
        day = today - timedelta(today.weekday()) + timedelta((today.weekday() - back) % 7)
    else:
        day = today - timedelta(back or (7 if which == "last" else 0))
    return day, day + timedelta(1)


def _period(unit: str, today: date, which: int) -> tuple[date, date]:
    if unit == "week":
        first = _plain(_calendar(today).start_of("week").add(weeks=which))
        return first, first + timedelta(7)
    months = 1 if unit == "month" else 12
    first = _plain(_calendar(today).start_of(unit).add(months=which * months))
    return first, _months_later(first, months)


def _month(said: str) -> int:
    return next(number for number, name in enumerate(_MONTHS, 1) if name.startswith(said[:3]))


def _in_year(month: int, day: int, year: str | None, today: date, *, ahead: bool) -> tuple[date, date]:
    """A day of a month in the given year, else in the nearest year before or after today that has the day."""
    if year is not None:
        found = date(int(year), month, day)
        return found, found + timedelta(1)
    for distance in range(9):  # a 29th of February is eight years away at most
        candidate = today.year + (distance if ahead else -distance)
        if day <= monthrange(candidate, month)[1]:
            found = date(candidate, month, day)
            if found >= today if ahead else found <= today:
                return found, found + timedelta(1)
    raise ValueError(day)


def _months_later(day: date, months: int) -> date:
    """The same day of another month, or the last day of a shorter month."""
    return _plain(_calendar(day).add(months=months))


def _calendar(day: date) -> "Date":
    from pendulum import Date

    return Date(day.year, day.month, day.day)


def _plain(day: date) -> date:
    return date(day.year, day.month, day.day)


def _date(reading: int) -> date:
    return _EPOCH + timedelta(reading // DAY)


def _reading(day: date) -> int:
    return (day - _EPOCH).days * DAY
