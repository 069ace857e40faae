"""`@every 90m` and `@once`: occurrences counted from the start of their schedule, by plain arithmetic.

They count in UTC, so clock changes don't affect them; the zone is only the one in which they are shown.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from arco_sched.core.cron.grammar import ANCHORED
from arco_sched.core.cron.zones import Zone, in_zone
from arco_sched.core.errors import InvalidInput
from arco_sched.core.instants import DAY, MAX_INSTANT, MIN_INSTANT, format_local

if TYPE_CHECKING:
    from arco_sched.core.cron.explanation import Explanation

MAX_EVERY: Final = 100 * 366 * DAY
"""Seconds of the longest interval: about a century."""

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": DAY, "w": 7 * DAY}
_FORMS: Final = "a whole number and s, m, h, d or w, such as 30s, 90m, 36h, 3d or 2w"


class Anchored:
    """`@every` with its interval in seconds, or `@once`, whose `every` is None."""

    __slots__ = ("every", "text")

    def __init__(self, text: str, every: int | None) -> None:
        self.text = text
        self.every = every

    def times_within(self, minutes: int) -> int:
        """The maximum number of occurrences within some minutes."""
        return 1 if self.every is None else -(-60 * minutes // self.every)


def parse_anchored(text: str) -> Anchored:
    """The value of an expression that begins with one of `ANCHORED`; raises `InvalidInput`."""
    word, *rest = re.split(r"[ \t]+", text.strip(" \t"))
    if word == "@once":
        if rest:
            raise InvalidInput("the nickname @once must stand alone: give the time as the start of the schedule")
        return Anchored("@once", None)
    if word != "@every":
        if word.lower() in ANCHORED:
            raise InvalidInput(f"the nickname {_shown(word)} must be lowercase: write {word.lower()}")
        raise InvalidInput(f"the nickname {_shown(word)} is unknown: did you mean @every or @once?")
    if len(rest) != 1:
        raise InvalidInput(f"@every takes one interval: {_FORMS}")
    match = re.fullmatch(r"([0-9]{1,12})([smhdw])", rest[0])
    if match is None:
        raise InvalidInput(f"the interval {_shown(rest[0])} of @every can't be read{_instead(rest[0])}")
    every = int(match[1]) * _SECONDS[match[2]]
    if not 1 <= every <= MAX_EVERY:
        raise InvalidInput(f"the interval {_shown(rest[0])} of @every must be between 1 second and 100 years")
    return Anchored(f"@every {rest[0]}", every)


def _instead(text: str) -> str:
    """How to write an interval of several parts, as in Go; for anything else, how to write an interval."""
    parts = re.findall(r"([0-9]{1,12})([smhdw])", text)
    if len(parts) < 2 or "".join(number + unit for number, unit in parts) != text:
        return f": write {_FORMS}"
    every = sum(int(number) * _SECONDS[unit] for number, unit in parts)
    unit = next(unit for unit in ("w", "d", "h", "m", "s") if every % _SECONDS[unit] == 0)
    return f": write {every // _SECONDS[unit]}{unit}"


class AnchoredTimetable:
    """The occurrences of an anchored expression, with the methods of `arco_sched.core.cron.Timetable`.

    With `@every`: `anchor` plus any whole number of intervals, also before the anchor, since a timetable doesn't know
    where its schedule starts. With `@once`: only the anchor.
    """

    __slots__ = ("anchor", "expression", "zone")

    def __init__(self, expression: Anchored, zone: Zone, anchor: int) -> None:
        self.expression = expression
        self.zone = zone
        self.anchor = anchor

    def __repr__(self) -> str:
        return f"AnchoredTimetable({self.expression.text!r}, {self.zone.name!r}, {self.anchor})"

    def _within(self, start: int, stop: int) -> range:
        start, stop = max(start, MIN_INSTANT), min(stop, MAX_INSTANT + 1)
        every = self.expression.every
        if every is None:
            return range(self.anchor, self.anchor + 1) if start <= self.anchor < stop else range(0)
        first = start + (self.anchor - start) % every
        return range(first, max(first, stop), every)

    def between(self, start: int, stop: int) -> Iterator[int]:
        """The occurrences in `[start, stop)`, oldest first."""
        return iter(self._within(start, stop))

    def backwards(self, start: int, stop: int) -> Iterator[int]:
        """The occurrences in `[start, stop)`, newest first."""
        return reversed(self._within(start, stop))

    def take(self, start: int, stop: int, limit: int) -> list[int]:
        """The oldest `limit` occurrences in `[start, stop)`, or all if there are fewer; oldest first."""
        return list(self._within(start, stop)[: max(limit, 0)])

    def take_newest(self, start: int, stop: int, limit: int) -> list[int]:
        """The newest `limit` occurrences in `[start, stop)`, or all if there are fewer; oldest first."""
        return list(self._within(start, stop)[-limit:]) if limit > 0 else []

    def next(self, start: int) -> int | None:
        """The first occurrence at or after `start`; None if there is none before the end of the year 9999."""
        return next(self.between(start, MAX_INSTANT + 1), None)

    def previous(self, stop: int) -> int | None:
        """The last occurrence before `stop`; None if there is none since the year 1."""
        return next(self.backwards(MIN_INSTANT, stop), None)

    def count(self, start: int, stop: int) -> int:
        """How many occurrences `[start, stop)` has."""
        return len(self._within(start, stop))

    def matches(self, instant: int) -> bool:
        """Whether an instant is an occurrence."""
        return instant in self._within(instant, instant + 1)

    def note(self, instant: int) -> None:  # noqa: ARG002 - as `Timetable.note`
        """None: clock changes don't affect it."""
        return

    def explain(self, instant: int) -> "Explanation":
        """Like `Timetable.explain`, without any fields to match."""
        from arco_sched.core.cron.explanation import Explanation

        offset = self.zone.offset_at(instant)
        return Explanation(
            instant=instant,
            timezone=self.zone.name,
            local=format_local(instant, offset),
            offset=offset,
            kind="once" if self.expression.every is None else "every",
            fields=(),
            day_rule=None,
            day_matches=True,
            clock="normal",
            shift=0,
            occurs=self.matches(instant),
            note=None,
            previous=self.previous(instant),
            next=self.next(instant + 1),
        )


@lru_cache(maxsize=4096)
def anchored_timetable(cron_expression: str, timezone: str, anchor: int) -> AnchoredTimetable:
    """The timetable of a definition's texts, counted from `anchor`; raises `InvalidInput` with every problem."""
    expression, zone = in_zone(parse_anchored, cron_expression, timezone)
    return AnchoredTimetable(expression, zone, anchor)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
