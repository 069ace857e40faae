"""Instants as an operator writes them: RFC 3339, `2h` (ago), `yesterday`, `2025-01-15 10:00 Europe/Berlin`.

What names no zone is on the clock of the schedule that is asked about, else on the one that `--tz` names, else in UTC.
Everything is relative to the command's own clock. `cli.spoken` reads days and times; zones come from `core.cron`.
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
    """What was said: an instant, and where a whole day, week or night was named, all of `[start, stop)`."""

    at: int
    start: int
    stop: int

    @property
    def is_instant(self) -> bool:
        """Whether nothing longer than a second was named."""
        return self.stop == self.start + 1


def read_moment(text: str, option: str, now: int, zone: Zone | None = None, *, ahead: bool = False) -> Moment:
    """What a person means at `now` on the clock of a zone (UTC); raises `InvalidInput`.

    A day without a time is all of it, and `at` its beginning. A time that the zone's clock skips is the end of the gap,
    one that it shows twice is the first. Weekdays and dates without a year are the last ones, with `ahead` the next.
    """
    said = " ".join(text.split())
    if _RFC3339.fullmatch(said):
        return _instant(parse_instant(said, option))
    try:
        moment = _read(said, now, zone or load_zone("UTC"), ahead=ahead)
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        which = "; a span says `in` or `ago`" if ahead else ""
        raise InvalidInput(
            f"{option} {text[:60]!a} is not a valid time: write it like {FORMS}, or add a zone: 10:00 Asia/Tokyo{which}"
        )
    if not MIN_INSTANT <= moment.at <= MAX_INSTANT:
        raise InvalidInput(f"{option} {text[:60]!a} is outside the years 1 to 9999 in UTC")
    return moment


Asked = Callable[[Zone | None], int]
"""The instant that a text means on the clock of a zone."""


def question(problems: Problems, text: str | None, option: str, now: int, *, ahead: bool = False) -> Asked | None:
    """A text whose zone is not known yet: what is wrong with it in any zone is noted; None where there is none."""
    if text is None or problems.attempt(lambda: read_moment(text, option, now, ahead=ahead)) is None:
        return None
    return lambda zone: read_moment(text, option, now, zone, ahead=ahead).at


class Range:
    """What `--since` and `--until` say, or `--due-since` and `--due-until` for the prefix `--due-`.

    What is wrong in any zone is noted at once; `on` says which instants they are on the clock of a zone.
    """

    def __init__(self, problems: Problems, since: str | None, until: str | None, now: int, prefix: str = "--") -> None:
        self._since = question(problems, since, f"{prefix}since", now)
        self._until = question(problems, until, f"{prefix}until", now)

    def on(self, zone: Zone | None) -> tuple[int | None, int | None]:
        """The two instants, None for one that is not given; raises `InvalidInput` where the zone's calendar ends."""
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
    """The first instant at which the zone's clock shows a reading, or jumps over it; `offset` stands in for a zone."""
    if offset is not None:
        return reading - offset
    for span in zone.spans(reading - 2 * DAY, reading + 2 * DAY):
        instant = max(reading - span.offset, span.start)
        if instant < span.stop:
            return instant
    raise OverflowError
