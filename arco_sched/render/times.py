"""Instants and spans in a form for people."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from arco_sched.core.errors import InvalidInput
from arco_sched.core.instants import format_local, parse_instant, span_parts, spoken

if TYPE_CHECKING:
    from arco_sched.core.cron import Zone

_RFC3339: Final = re.compile(r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(Z|[+-]\d\d:\d\d(?::\d\d)?)(?!\d)", re.ASCII)


class Clocks:
    """The time zones that instants are shown in: each schedule's own, or one for all.

    `zone_of` gives the name of a schedule id's zone, and is asked once for each id that is shown; `zone` stands in for
    all of them. An id without one, and a zone that this installation does not have, is shown in UTC.
    """

    def __init__(self, zone_of: Callable[[str], str | None], zone: str | None = None) -> None:
        self._zone_of, self._zone = zone_of, zone
        self._zones: dict[str, str] = {}

    def _name(self, schedule_id: str) -> str:
        name = self._zones.get(schedule_id)
        if name is None:
            name = self._zones[schedule_id] = self._zone_of(schedule_id) or "UTC"
        return name

    def show(self, epoch: int | None, schedule_id: str | None) -> str:
        """`2025-01-15 05:00 -05:00`, with seconds where there are any; empty for None."""
        if epoch is None:
            return ""
        name = self._zone or ("UTC" if schedule_id is None else self._name(schedule_id))
        return instant_in(epoch, None if name == "UTC" else _zone(name).offset_at(epoch))

    def localized(self, text: str, schedule_id: str | None) -> str:
        """A sentence with the instants in it as `show` writes them."""
        return _RFC3339.sub(lambda found: self._localized(found, schedule_id), text)

    def _localized(self, found: re.Match[str], schedule_id: str | None) -> str:
        date, time, offset = found.groups()
        if offset != "Z":  # it is told what a clock reads
            in_utc = offset == "+00:00" and schedule_id is not None and self._name(schedule_id) == "UTC"
            return f"{date} {time.removesuffix(':00')} {'UTC' if in_utc else offset}"
        try:
            return self.show(parse_instant(found[0]), schedule_id)
        except InvalidInput:
            return found[0]


@lru_cache(maxsize=1024)
def _zone(name: str) -> "Zone":
    from arco_sched.core.cron import load_zone

    try:
        return load_zone(name)
    except InvalidInput:
        return load_zone("UTC")


def instant_in(epoch: int, offset: int | None) -> str:
    """The instant on a clock `offset` seconds ahead of UTC, `2025-01-15 05:00 -05:00`; None: `2025-01-15 10:00 UTC`."""
    date, _, rest = format_local(epoch, offset or 0).partition("T")
    time = rest[:8].removesuffix(":00")
    return f"{date} {time} {'UTC' if offset is None else rest[8:]}"


def distance(epoch: int, now: int, *, short: bool = False) -> str:
    """How far an instant is: `in 12 minutes`, `2 hours 5 minutes ago`; short, for a column: `2h 5m ago`."""
    if epoch == now:
        return "now"
    length = (brief if short else span)(abs(epoch - now))
    return f"in {length}" if epoch > now else f"{length} ago"


def span(seconds: int) -> str:
    """A length of time in its two largest units, `2 hours 5 minutes`; from a month on in the largest, `3 months`."""
    return spoken(seconds)


def brief(seconds: int) -> str:
    """The same in letters, `2h 5m`; months and years stay words."""
    parts = span_parts(seconds)
    if parts[0][1] in {"month", "year"}:
        return span(seconds)
    return " ".join(f"{count}{name[0]}" for count, name in parts)
