"""Time zones as stretches of constant offset, read only from the installed `tzdata` package."""

import re
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeVar, cast

import tzdata  # type: ignore[import-untyped]

from arco_sched.core.cron.tzif import YearlyRule, ZoneData, read_tzif
from arco_sched.core.errors import InvalidInput
from arco_sched.core.instants import DAY, civil_from_days, days_from_civil

if TYPE_CHECKING:
    from arco_sched.core.problems import Problem

E = TypeVar("E")

BEGINNING: Final = -(1 << 60)
"""Where the first span of every zone starts: before any instant."""
END: Final = 1 << 60
"""Where the last span of a zone without a yearly rule stops: after any instant."""

_NOT_PLACES: Final = frozenset({"Factory"})
"""`Factory` marks a machine whose zone hasn't been set: its offset is unknown."""


_OFFSET: Final = re.compile(r"(?:GMT|UTC|Z)? *([+-]) *([0-9]{1,2})(?::?00)?", re.ASCII | re.IGNORECASE)


class Span(NamedTuple):
    """A stretch of UTC, `[start, stop)`, in which the zone's clock is `offset` seconds ahead of UTC."""

    start: int
    stop: int
    offset: int


class Zone:
    """The clock of one time zone: a sequence of spans, in each of which the offset is constant.

    From the UTC year `yearly_from` on, the clock follows only a yearly rule, so what it does in a year depends only on
    the calendar of that year and its neighbors; None if the last offset stays forever.
    """

    __slots__ = ("_changes", "_instants", "_offsets", "_rule", "name", "yearly_from")

    def __init__(self, name: str, data: ZoneData) -> None:
        self.name = name
        self._rule: YearlyRule | None = data.rule
        self._changes: dict[int, list[tuple[int, int]]] = {}
        self._instants: list[int] = [BEGINNING]
        self._offsets: list[int] = [data.first_offset]
        self.yearly_from: int | None = None
        for instant, offset in data.changes:
            _append(self._instants, self._offsets, instant, offset)
        if data.rule is not None:
            last = data.changes[-1][0] if data.changes else BEGINNING
            year = _year_of(last) if data.changes else 1
            # Two years after the last explicit change, every change near the ends of a year also comes from the rule.
            for rule_year in range(year - 1, year + 4):
                for instant, offset in data.rule.changes(rule_year):
                    if instant > last:
                        _append(self._instants, self._offsets, instant, offset)
            self.yearly_from = year + 2

    def __repr__(self) -> str:
        return f"Zone({self.name!r})"

    def spans(self, start: int, stop: int) -> list[Span]:
        """Every span that overlaps `[start, stop)`, uncut and in order; empty for an empty range.

        Adjacent spans differ in their offset. With a yearly rule, the cost grows with the years in the range.
        """
        if stop <= start:
            return []
        instants, offsets = self._line(start, stop)
        index = bisect_right(instants, start) - 1
        found = []
        while index < len(instants) and instants[index] < stop:
            end = instants[index + 1] if index + 1 < len(instants) else END
            found.append(Span(instants[index], end, offsets[index]))
            index += 1
        return found

    def span_at(self, instant: int) -> Span:
        """The span that holds an instant."""
        return self.spans(instant, instant + 1)[0]

    def offset_at(self, instant: int) -> int:
        """Seconds that the zone's clock is ahead of UTC at an instant."""
        instants, offsets = self._line(instant, instant + 1)
        return offsets[bisect_right(instants, instant) - 1]

    def _line(self, start: int, stop: int) -> tuple[list[int], list[int]]:
        """Changes and the offsets after them, at least from the last one before `start` to the first after `stop`."""
        rule, yearly_from = self._rule, self.yearly_from
        if rule is None or yearly_from is None or stop <= self._instants[-1]:
            return self._instants, self._offsets
        first, last = _year_of(start) - 2, _year_of(stop) + 2
        instants: list[int] = []
        offsets: list[int] = []
        if first < yearly_from:
            instants += self._instants
            offsets += self._offsets
            first = yearly_from
        for year in range(first, last + 1):
            for instant, offset in self._changes_of(rule, year):
                _append(instants, offsets, instant, offset)
        return instants, offsets

    def _changes_of(self, rule: YearlyRule, year: int) -> list[tuple[int, int]]:
        changes = self._changes.get(year)
        if changes is None:
            if len(self._changes) >= 1000:
                self._changes.clear()
            changes = self._changes[year] = rule.changes(year)
        return changes


def _append(instants: list[int], offsets: list[int], instant: int, offset: int) -> None:
    # Of two changes at one instant (a rule for daylight saving all year has them) only the later one counts.
    while instants and instants[-1] >= instant:
        instants.pop()
        offsets.pop()
    if not offsets or offsets[-1] != offset:
        instants.append(instant)
        offsets.append(offset)


def _year_of(instant: int) -> int:
    return civil_from_days(instant // DAY)[0]


def year_start(year: int) -> int:
    """The instant at which a year of UTC begins."""
    return days_from_civil(year, 1, 1) * DAY


class _Loader(Protocol):
    def get_data(self, path: str) -> bytes: ...


def _data(path: str) -> bytes:
    # The loader's `get_data` needs no import (importlib.resources takes over 20 ms) and also reads zip archives.
    loader = cast("_Loader", tzdata.__spec__.loader)
    return loader.get_data(f"{tzdata.__path__[0]}/{path}")


def zone_data(name: str) -> bytes | None:
    """The TZif data of an IANA name from the installed package; None for any other name."""
    try:
        return _data(f"zoneinfo/{name}") if name in zone_names() else None
    except OSError:
        return None


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Every name that `load_zone` accepts: those of the IANA database with its links, except `Factory`."""
    return frozenset(_data("zones").decode("ascii").split()) - _NOT_PLACES


@lru_cache(maxsize=1024)
def load_zone(name: str) -> Zone:
    """The zone of an IANA name, spelled exactly as in the database.

    Raises `InvalidInput` for any other name, with the closest ones; nothing outside the package's list is ever opened.
    """
    if name not in zone_names():
        raise InvalidInput(_unknown(name))
    try:
        return Zone(name, read_tzif(_data(f"zoneinfo/{name}")))
    except (OSError, ValueError) as error:
        raise InvalidInput(f"the time zone {name!r} can't be read from the installed tzdata: {error}") from error


def in_zone(
    read: Callable[[str], E], cron_expression: str, timezone: str, *problems: "str | Problem"
) -> tuple[E, Zone]:
    """The expression, as `read` reads it, and its zone.

    Raises `InvalidInput` with every problem of both, then with `problems`.
    """
    expression, zone, found = None, None, list[str]()
    try:
        expression = read(cron_expression)
    except InvalidInput as error:
        found += error.problems
    try:
        zone = load_zone(timezone)
    except InvalidInput as error:
        found += error.problems
    if expression is None or zone is None or problems:
        raise InvalidInput(*found, *problems)
    return expression, zone


def _unknown(name: str) -> str:
    shown = repr(name if len(name) <= 60 else name[:57] + "...")
    offset = _OFFSET.fullmatch(name.strip())
    if offset is not None:
        return f"the time zone {shown} is unknown: {_fixed(offset[1], offset[2])}"
    nearest = _nearest(name) if len(name) <= 60 else []
    if not nearest:
        return f"the time zone {shown} is unknown: write an IANA name such as Europe/Berlin, or UTC"
    return f"the time zone {shown} is unknown: did you mean {' or '.join(nearest)}?"


def _fixed(sign: str, hours: str) -> str:
    """What to write for an offset: database names that look like it mean the opposite."""
    place = "write the name of a place, such as Asia/Karachi, to follow its clock changes"
    same = f"Etc/GMT{'-' if sign == '+' else '+'}{int(hours)}"
    if same not in zone_names() or not int(hours):
        return place
    where = "ahead of" if sign == "+" else "behind"
    plural = "" if int(hours) == 1 else "s"
    return f"{place}; {int(hours)} hour{plural} {where} UTC all year round is {same}"


def _nearest(name: str) -> list[str]:
    """At most three names: one that differs only in case, else those of the same city, else similar spellings."""
    wanted = name.strip().replace(" ", "_").lower()
    by_small = {known.lower(): known for known in sorted(zone_names())}
    if wanted in by_small:
        return [by_small[wanted]]
    if not wanted:
        return []
    city = [known for small, known in by_small.items() if small.rpartition("/")[2] == wanted.rpartition("/")[2]]
    if city:
        return city[:3]
    from difflib import get_close_matches

    return [by_small[small] for small in get_close_matches(wanted, by_small, n=3, cutoff=0.75)]
