"""Instants as an operator writes them: RFC 3339, `2h` (ago), `yesterday`, `2025-01-15 10:00 Europe/Berlin`.

Everything is relative to the command's own clock, and in UTC unless a zone or an offset is said. pendulum reads the
dates and does the calendar's arithmetic; it is never asked what time it is, and zones come from `core.cron`.
"""

import re
from typing import TYPE_CHECKING, Final

from arco_sched.cli.options import FORMS, Problems
from arco_sched.core.cron import Zone, load_zone, zone_names
from arco_sched.core.errors import InvalidInput
from arco_sched.core.instants import DAY, MAX_INSTANT, MIN_INSTANT, parse_instant

if TYPE_CHECKING:
    from pendulum import DateTime

_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_AGO: Final = re.compile(r"(\d{1,9}) ?([smhdw]|seconds?|minutes?|hours?|days?|weeks?|months?|years?)( ago)?", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": DAY, "w": 7 * DAY}
_OFFSET: Final = re.compile(r"([+-])(\d\d):(\d\d)", re.ASCII)
_OWN_OFFSET: Final = re.compile(r"[T:].*([Zz]|[+-]\d\d(:?\d\d)?)$", re.ASCII)
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORDED: Final = re.compile(
    rf"(?P<day>today|yesterday|tomorrow|(this|last) (week|month|year)|(last )?({'|'.join(_WEEKDAYS)}))"
    r"( (at )?(?P<hour>\d{1,2}):(?P<minute>\d\d)(:(?P<second>\d\d))?)?",
    re.ASCII,
)


def read_moment(text: str, option: str, now: int) -> int:
    """The instant that a person means at `now`; raises `InvalidInput`.

    A day without a time is its beginning. A time that the zone's clock skips is the end of the gap, one that it shows
    twice is the first.
    """
    said = " ".join(text.split())
    if _RFC3339.fullmatch(said):
        return parse_instant(said, option)
    try:
        instant = _read(said, now)
    except (ValueError, OverflowError):
        instant = None
    if instant is None:
        raise InvalidInput(
            f"{option} {text[:60]!a} is no instant: write it like {FORMS}, or add a zone: 10:00 Asia/Tokyo"
        )
    if not MIN_INSTANT <= instant <= MAX_INSTANT:
        raise InvalidInput(f"{option} {text[:60]!a} is outside the years 1 to 9999 in UTC")
    return instant


def read_span(
    problems: Problems, since: str | None, until: str | None, now: int, prefix: str = "--"
) -> tuple[int | None, int | None]:
    """What `--since` and `--until` say at `now`, or `--due-since` and `--due-until` for the prefix `--due-`."""

    def read(text: str, option: str) -> int:
        return read_moment(text, option, now)

    return problems.read(read, since, f"{prefix}since"), problems.read(read, until, f"{prefix}until")


def _read(said: str, now: int) -> int | None:
    if said.lower() == "now":
        return now
    ago = _AGO.fullmatch(said.lower())
    if ago is not None and ago[2][:2] not in {"mo", "y", "ye"}:
        return now - int(ago[1]) * _SECONDS[ago[2][0]]
    zone: Zone | None = None
    offset = 0
    rest, _, last = said.rpartition(" ")
    found = _OFFSET.fullmatch(last)
    if rest and last in zone_names():
        zone, said = load_zone(last), rest
    elif rest and found is not None:
        offset = (int(found[2]) * 3600 + int(found[3]) * 60) * (-1 if found[1] == "-" else 1)
        said = rest
    local_now = now + (offset if zone is None else zone.offset_at(now))
    import pendulum

    clock = pendulum.from_timestamp(local_now)
    if ago is not None:
        unit = "months" if ago[2].startswith("mo") else "years"
        local = clock.subtract(**{unit: int(ago[1])})
    else:
        worded = _worded(said.lower(), clock)
        if worded is None:
            if _OWN_OFFSET.search(said):
                return None if said is rest else _epoch(pendulum.parse(said, now=clock, exact=False))
            worded = pendulum.parse(said, tz="UTC", now=clock, exact=False)  # type: ignore[assignment]
        local = worded  # type: ignore[assignment]
    reading = _epoch(local)
    if reading is None:
        return None
    return reading - offset if zone is None else _on_clock(zone, reading)


def _epoch(moment: object) -> int | None:
    import pendulum

    return int(moment.timestamp()) if isinstance(moment, pendulum.DateTime) else None


def _worded(said: str, clock: "DateTime") -> "DateTime | None":
    """The day that a word names, counted back from the clock, with the time that stands behind it."""
    found = _WORDED.fullmatch(said)
    if found is None:
        return None
    which, _, unit = found["day"].rpartition(" ")
    today = clock.start_of("day")
    if unit in _WEEKDAYS:
        back = (today.day_of_week - _WEEKDAYS.index(unit)) % 7
        day = today.subtract(days=back or 7 if which else back)
    elif which:
        day = today.start_of(unit)
        day = day.subtract(**{f"{unit}s": 1}) if which == "last" else day
    else:
        day = today.add(days={"today": 0, "yesterday": -1, "tomorrow": 1}[unit])
    if found["hour"] is None:
        return day
    return day.replace(hour=int(found["hour"]), minute=int(found["minute"]), second=int(found["second"] or 0))


def _on_clock(zone: Zone, reading: int) -> int:
    """The first instant at which the zone's clock shows a reading (seconds of a local epoch), or jumps over it."""
    spans = zone.spans(reading - 2 * DAY, reading + 2 * DAY)
    for span in spans:
        instant = max(reading - span.offset, span.start)
        if instant < span.stop:
            return instant
    raise OverflowError
