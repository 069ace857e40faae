"""Days of the calendar and ranges of them, as text and as days since 1970-01-01."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, TypeAlias

from arco_sched.core.instants import civil_from_days, days_from_civil, days_in_month

Range: TypeAlias = tuple[int, int]
"""The first and the last day of a range."""

RANGE: Final = r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\.\.([0-9]{4}-[0-9]{2}-[0-9]{2}))?"
"""The text of a day or a range."""


def parse_days(text: str) -> Range:
    """The first and last day of `2025-12-25` or `2025-12-24..2026-01-01`; the last may be before the first.

    Raises `ValueError` for any other text, and for a day that does not exist.
    """
    match = re.fullmatch(RANGE, text)
    if match is None:
        raise ValueError(text)
    first = _day(match[1])
    return first, first if match[2] is None else _day(match[2])


def _day(text: str) -> int:
    year, month, day = map(int, text.split("-"))
    if not (year >= 1 and 1 <= month <= 12 and 1 <= day <= days_in_month(year, month)):
        raise ValueError(text)
    return days_from_civil(year, month, day)


def format_days(first: int, last: int) -> str:
    """The text that `parse_days` reads."""
    ends = ("{:04}-{:02}-{:02}".format(*civil_from_days(day)) for day in (first, last))
    return "..".join(dict.fromkeys(ends))


def merged(ranges: Iterable[Range]) -> list[Range]:
    """The same days in as few ranges as possible, in order."""
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


class DaySet:
    """A set of days, made of texts."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, texts: Iterable[str]) -> None:
        ranges = merged(map(parse_days, texts))
        self._firsts = [first for first, _ in ranges]
        self._lasts = [last for _, last in ranges]

    def ranges(self) -> list[Range]:
        """The days in as few ranges as possible, in order."""
        return list(zip(self._firsts, self._lasts, strict=True))

    def __contains__(self, day: int) -> bool:
        place = bisect_right(self._firsts, day) - 1
        return place >= 0 and day <= self._lasts[place]


@lru_cache(maxsize=1024)
def days_of(text: str) -> DaySet:
    """The days of a stored JSON list of texts."""
    import json

    return DaySet(json.loads(text))
