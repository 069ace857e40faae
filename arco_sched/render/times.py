"""Instants and spans as a person reads them."""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from arco_sched.core.errors import InvalidInput
from arco_sched.core.instants import format_local

if TYPE_CHECKING:
    from arco_sched.core.cron import Zone


class Clocks:
    """The clocks that instants are shown on: each schedule's own zone, or one for all.

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


@lru_cache(maxsize=1024)
def _zone(name: str) -> "Zone":
    from arco_sched.core.cron import load_zone

    try:
        return load_zone(name)
    except InvalidInput:
        return load_zone("UTC")


def instant_in(epoch: int, offset: int | None) -> str:
    """The instant on a clock so many seconds ahead of UTC, `2025-01-15 05:00 -05:00`; None: `2025-01-15 10:00 UTC`."""
    date, _, rest = format_local(epoch, offset or 0).partition("T")
    time = rest[:8].removesuffix(":00")
    return f"{date} {time} {'UTC' if offset is None else rest[8:]}"


def distance(epoch: int, now: int) -> str:
    """How far an instant is, in words: `in 12 minutes`, `2 hours ago`."""
    if epoch == now:
        return "now"
    return f"in {span(epoch - now)}" if epoch > now else f"{span(now - epoch)} ago"


def span(seconds: int) -> str:
    """A length of time in the words of its largest unit, `12 minutes`."""
    import pendulum

    start = pendulum.from_timestamp(0)
    # Beyond what a calendar holds, years are close enough.
    if seconds > 200_000_000_000:
        return f"{seconds // 31_556_952} years"
    return str(start.diff_for_humans(start.add(seconds=seconds), absolute=True))
