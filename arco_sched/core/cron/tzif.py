"""The content of a TZif file (RFC 9636): explicit changes of offset, and the yearly rule that follows them."""

import re
import struct
from dataclasses import dataclass
from typing import Final

from arco_sched.core.instants import DAY, days_from_civil, days_in_month

_HEADER: Final = struct.Struct(">4sc15x6L")
_NAME: Final = r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)"
_TIME: Final = r"([+-]?\d{1,3})(?::(\d\d))?(?::(\d\d))?"
_FOOTER: Final = re.compile(rf"{_NAME}{_TIME}(?:{_NAME}(?:{_TIME})?,([^,]+),([^,]+))?", re.ASCII)
_DATE: Final = re.compile(rf"(?:M(\d\d?)\.([1-5])\.([0-6])|(J?)(\d{{1,3}}))(?:/{_TIME})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _YearlyTime:
    """A moment of every year on the zone's clock: `Mm.w.d`, `Jn` or `n`, and a time of -167 to 167 hours."""

    month: int
    """1 to 12; 0 if `day` counts the days of the year."""
    week: int
    weekday: int
    day: int
    """From 0; with `leapless` from 1, without 29 February."""
    leapless: bool
    seconds: int

    def local(self, year: int) -> int:
        """The local second, counted from 1970-01-01T00:00:00 on the same clock."""
        if self.month:
            first = days_from_civil(year, self.month, 1)
            day = first + (self.weekday - first - 4) % 7 + 7 * (self.week - 1)
            if day >= first + days_in_month(year, self.month):
                day -= 7
        else:
            day = days_from_civil(year, 1, 1) + self.day
            if self.leapless:
                day += -1 if self.day < 60 or days_in_month(year, 2) == 28 else 0
        return day * DAY + self.seconds


@dataclass(frozen=True, slots=True)
class YearlyRule:
    """The daylight saving of every year: both offsets in seconds east of UTC, and when each begins."""

    standard: int
    daylight: int
    daylight_begins: _YearlyTime
    daylight_ends: _YearlyTime

    def changes(self, year: int) -> list[tuple[int, int]]:
        """The two changes of a year as (instant, offset from then on), in order."""
        begins = self.daylight_begins.local(year) - self.standard
        ends = self.daylight_ends.local(year) - self.daylight
        return sorted([(begins, self.daylight), (ends, self.standard)])


@dataclass(frozen=True, slots=True)
class ZoneData:
    """What a TZif file says about offsets, in seconds east of UTC."""

    first_offset: int
    """The offset before the first change."""
    changes: list[tuple[int, int]]
    """(instant, offset from then on), in order; offsets may repeat."""
    rule: YearlyRule | None
    """What holds after the last change; None if the last offset stays forever."""


def read_tzif(data: bytes) -> ZoneData:
    """The offsets in a TZif file of version 2 or later. Raises `ValueError` for anything else, e.g. leap seconds."""
    try:
        return _read(data)
    except (struct.error, IndexError) as error:
        raise ValueError("the TZif data breaks off") from error


def _read(data: bytes) -> ZoneData:
    magic, version, *counts = _HEADER.unpack_from(data)
    if magic != b"TZif" or version < b"2":
        raise ValueError("not TZif data of version 2 or later")
    # The first block repeats the data with 32 bits, for readers of version 1.
    start = _HEADER.size + _block_size(counts, 4)
    magic, _, *counts = _HEADER.unpack_from(data, start)
    if magic != b"TZif" or counts[2]:
        raise ValueError("TZif data without a second block, or with leap seconds")
    at = start + _HEADER.size
    times, types = counts[3:5]
    instants = struct.unpack_from(f">{times}q", data, at)
    kinds = struct.unpack_from(f">{times}B", data, at + 8 * times)
    offsets = [struct.unpack_from(">l", data, at + 9 * times + 6 * kind)[0] for kind in range(types)]
    footer = data[at + _block_size(counts, 8) :].strip(b"\n").decode("ascii")
    last_offset, rule = _read_footer(footer)
    changes = [(instant, offsets[kind]) for instant, kind in zip(instants, kinds, strict=True)]
    first_offset = offsets[0]
    if footer and rule is None and (changes[-1][1] if changes else first_offset) != last_offset:
        raise ValueError("the footer and the last change disagree")
    return ZoneData(first_offset, changes, rule)


def _block_size(counts: list[int], time_size: int) -> int:
    ut, standard, leaps, times, types, characters = counts
    return times * (time_size + 1) + types * 6 + characters + leaps * (time_size + 4) + standard + ut


def _read_footer(text: str) -> tuple[int, YearlyRule | None]:
    """The standard offset and the yearly rule of a POSIX `TZ` text, such as `EST5EDT,M3.2.0,M11.1.0`."""
    if not text:
        return 0, None
    match = _FOOTER.fullmatch(text)
    if match is None:
        raise ValueError(f"the footer {text!r} is not a POSIX TZ text")
    standard = -_seconds(*match.group(1, 2, 3))
    if match[7] is None:
        return standard, None
    daylight = standard + 3600 if match[4] is None else -_seconds(*match.group(4, 5, 6))
    if standard == daylight:
        return standard, None
    return standard, YearlyRule(standard, daylight, _yearly_time(match[7]), _yearly_time(match[8]))


def _yearly_time(text: str) -> _YearlyTime:
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"the footer's date {text!r} is not a POSIX one")
    seconds = 7200 if match[6] is None else _seconds(*match.group(6, 7, 8))
    if match[1] is not None:
        return _YearlyTime(int(match[1]), int(match[2]), int(match[3]), 0, False, seconds)
    return _YearlyTime(0, 0, 0, int(match[5]), bool(match[4]), seconds)


def _seconds(hours: str, minutes: str | None, seconds: str | None) -> int:
    size = abs(int(hours)) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return -size if hours.startswith("-") else size
