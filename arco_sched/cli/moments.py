"""Instants as an operator writes them: RFC 3339, `2h` (ago), `yesterday`, `2025-01-15 10:00 Europe/Berlin`.

A time without a zone is on the clock of `--tz`, else of the one schedule that is named, else in UTC. Everything is
relative to the command's own clock. `cli.spoken` reads days and times; zones come from `core.cron`.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from arco_sched.cli.options import FORMS, Problems
from arco_sched.cli.spoken import Reading, elapsed
from arco_sched.cli.spoken import read as read_spoken
from arco_sched.core.cron import Zone, load_zone, zone_names
from arco_sched.core.errors import InvalidInput
from arco_sched.core.instants import DAY, MAX_INSTANT, MIN_INSTANT, parse_instant

_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_OWN_OFFSET: Final = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?|.+ (?=[+-]\d\d:)) ?"
    r"(?:(Z)|([+-])(\d\d)(?::?(\d\d))?(?::(\d\d))?)",
    re.ASCII | re.IGNORECASE,
)


class Moment(NamedTuple):
    """An instant; for a whole day, week or night, `[start, stop)` is all of it."""

    at: int
    start: int
    stop: int

    @property
    def is_instant(self) -> bool:
        """Whether it is no longer than a second."""
        return self.stop == self.start + 1


def read_moment(text: str, option: str, now: int, zone: Zone | None = None, *, ahead: bool = False) -> Moment:
    """What a text means at `now` on the clock of a zone (default: UTC); raises `InvalidInput`.

    A day without a time is the whole day, and `at` its beginning. A time that the clock skips is the end of the gap, a
    time that it repeats is the first one. Weekdays and dates without a year are the most recent ones, with `ahead` the
    next ones.
    """
    said = " ".join(text.split())
    if _RFC3339.fullmatch(said):
        return _instant(parse_instant(said, option))
    try:
        moment = _read(said, now, zone or load_zone("UTC"), ahead=ahead)
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        which = '; a span needs "in" or "ago"' if ahead else ""
        raise InvalidInput(
            f"{option} {text[:60]!a} is not a valid time: write it like {FORMS}, "
            f'with a zone if you like, "10:00 Asia/Tokyo"{which}'
        )
    if not MIN_INSTANT <= moment.at <= MAX_INSTANT:
        raise InvalidInput(f"{option} {text[:60]!a} is outside the years 1 to 9999 in UTC")
    return moment


Asked = Callable[[Zone | None], int]
"""Returns the instant that a text means on the clock of a zone."""


def question(problems: Problems, text: str | None, option: str, now: int, *, ahead: bool = False) -> Asked | None:
    """A text whose zone isn't known yet, None if it is missing or invalid; a problem in any zone is noted."""
    if text is None or problems.attempt(lambda: read_moment(text, option, now, ahead=ahead)) is None:
        return None
    return lambda zone: read_moment(text, option, now, zone, ahead=ahead).at


class Range:
    """The range of `--since` and `--until`, or of `--due-since` and `--due-until` for the prefix `--due-`.

    A problem in any zone is noted at once; `on` returns the instants on the clock of a zone.
    """

    def __init__(self, problems: Problems, since: str | None, until: str | None, now: int, prefix: str = "--") -> None:
        self._since = question(problems, since, f"{prefix}since", now)
        self._until = question(problems, until, f"{prefix}until", now)

    def on(self, zone: Zone | None) -> tuple[int | None, int | None]:
        """The two instants, None for a missing one; raises `InvalidInput` outside the zone's calendar."""
        return self._since and self._since(zone), self._until and self._until(zone)


def _instant(at: int) -> Moment:
    return Moment(at, at, at + 1)


def _read(said: str, now: int, zone: Zone, *, ahead: bool) -> Moment | None:
    if said.lower() == "now":
        return _instant(now)
    offset: int | None = None
    rest, _, last = said.rpartition(" ")
    last = "UTC" if last.lower() == "utc" else last
    own = _OWN_OFFSET.fullmatch(said)
    if rest and last in zone_names():
        zone, said = load_zone(last), rest
    elif own is not None:
        said, offset = own[1].rstrip(), _offset(own)
        if offset is None:
            return None
    clock = now + (zone.offset_at(now) if offset is None else offset)
    reading = read_spoken(said, clock, ahead=ahead)
    if reading is None:
        return None
    after = elapsed(said)
    at = now + after if after is not None else _on_clock(zone, reading.at, offset)
    return _whole(at, reading, zone, offset)


def _whole(at: int, reading: Reading, zone: Zone, offset: int | None) -> Moment:
    if reading.start is None or reading.stop is None:
        return _instant(at)
    return Moment(at, _on_clock(zone, reading.start, offset), _on_clock(zone, reading.stop, offset))


def _offset(found: re.Match[str]) -> int | None:
    if found[2]:
        return 0
    hours, minutes, seconds = int(found[4]), int(found[5] or 0), int(found[6] or 0)
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    return (hours * 3600 + minutes * 60 + seconds) * (-1 if found[3] == "-" else 1)


def _on_clock(zone: Zone, reading: int, offset: int | None) -> int:
    """The first instant at which the zone's clock shows a reading, or skips it; `offset` replaces the zone."""
    if offset is not None:
        return reading - offset
    for span in zone.spans(reading - 2 * DAY, reading + 2 * DAY):
        instant = max(reading - span.offset, span.start)
        if instant < span.stop:
            return instant
    raise OverflowError
