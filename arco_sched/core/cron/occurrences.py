"""The occurrences of an expression in a zone: the next, those in a range, and what the clock does at one of them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast, get_args

from arco_sched.core.cron.counting import Counts
from arco_sched.core.cron.expression import CronExpression
from arco_sched.core.cron.grammar import parse_expression
from arco_sched.core.cron.pieces import REACH, Gap, Overlap, Piece, Policy, piece_line
from arco_sched.core.cron.zones import Zone, in_zone
from arco_sched.core.instants import DAY, MAX_INSTANT, MIN_INSTANT, civil_from_days

if TYPE_CHECKING:
    from arco_sched.core.cron.explanation import Explanation

Note: TypeAlias = Literal["gap", "overlap-first", "overlap-second"]

_Run: TypeAlias = tuple[int, tuple[int, ...], int, int]
"""(base, times, i, j): the instants `base + t` for `t` in `times[i:j]`."""

_WHOLE_DAY: Final = 1440
"""Up to this many times of a day are kept in one table; beyond that, only the times of one hour are."""


class Timetable:
    """The occurrences of one expression on one zone's clock, under one policy for clock changes.

    Instants are epoch seconds; ranges are half-open, `[start, stop)`, and cut to the years 1 to 9999 of UTC.
    """

    __slots__ = (
        "_blocks",
        "_counts",
        "_first",
        "_line",
        "_times",
        "_width",
        "dst_gap",
        "dst_overlap",
        "expression",
        "zone",
    )

    def __init__(
        self, expression: CronExpression, zone: Zone, dst_gap: Gap = "next", dst_overlap: Overlap = "first"
    ) -> None:
        self.expression = expression
        self.zone = zone
        self.dst_gap = dst_gap
        self.dst_overlap = dst_overlap
        self._line = piece_line(zone, Policy(dst_gap, dst_overlap) if expression.fixed_time else None)
        self._blocks, self._width, self._times = _tables(expression.seconds, expression.minutes, expression.hours)
        self._first = self._blocks[0] + self._times[0]
        self._counts = Counts(expression, self._line)

    def __repr__(self) -> str:
        return f"Timetable({self.expression.text!r}, {self.zone.name!r}, {self.dst_gap!r}, {self.dst_overlap!r})"

    def between(self, start: int, stop: int) -> Iterator[int]:
        """The occurrences in `[start, stop)`, oldest first, generated lazily."""
        for base, times, i, j in self._runs(start, stop):
            yield from [base + time for time in times[i:j]]

    def backwards(self, start: int, stop: int) -> Iterator[int]:
        """The occurrences in `[start, stop)`, newest first, generated lazily."""
        for base, times, i, j in self._runs_backwards(start, stop):
            yield from [base + time for time in reversed(times[i:j])]

    def take(self, start: int, stop: int, limit: int) -> list[int]:
        """The oldest `limit` occurrences in `[start, stop)`, or all if there are fewer; oldest first."""
        found: list[int] = []
        if limit <= 0:
            return found
        for base, times, i, j in self._runs(start, stop):
            found += [base + time for time in times[i : min(j, i + limit - len(found))]]
            if len(found) >= limit:
                break
        return found

    def take_newest(self, start: int, stop: int, limit: int) -> list[int]:
        """The newest `limit` occurrences in `[start, stop)`, or all if there are fewer; oldest first."""
        found: list[int] = []
        if limit <= 0:
            return found
        for base, times, i, j in self._runs_backwards(start, stop):
            found += [base + time for time in reversed(times[max(i, j - limit + len(found)) : j])]
            if len(found) >= limit:
                break
        found.reverse()
        return found

    def next(self, start: int) -> int | None:
        """The first occurrence at or after `start`; None if there is none before the end of the year 9999."""
        expression, line = self.expression, self._line
        position = max(start, MIN_INSTANT)
        # No day of [searched, found) matches: one search of the calendar also serves for the pieces after it.
        searched, found = 1, 0
        while position <= MAX_INSTANT:
            block = line.block(position)
            index = bisect_right(block.stops, position)
            if index == len(block.stops):
                position = block.stop
                continue
            piece_start, piece_stop, offset, gaps = block.pieces[index]
            if gaps:
                if piece_start >= position and self._counts.any_local(gaps):
                    return piece_start if piece_start <= MAX_INSTANT else None
            else:
                low = max(piece_start, position) + offset
                day = low // DAY
                if not searched <= day <= found:
                    searched, first = day, expression.day_at_or_after(day)
                    if first is None:
                        return None
                    found = first
                time: int | None = self._first
                if found == day and (time := self._time_at_or_after(low - day * DAY)) is None:
                    first = expression.day_at_or_after(day + 1)
                    if first is None:
                        return None
                    searched, found, time = day + 1, first, self._first
                instant = found * DAY + cast("int", time) - offset
                if instant < piece_stop:
                    return instant if instant <= MAX_INSTANT else None
            # The instants of a local day lie within REACH of it, so a long way to the next match takes one step.
            position = piece_stop
            day = (position - REACH) // DAY
            if not searched <= day <= found:
                searched, first = day, expression.day_at_or_after(day)
                if first is None:
                    return None
                found = first
            position = max(position, found * DAY - REACH)
        return None

    def previous(self, stop: int) -> int | None:
        """The last occurrence before `stop`; None if there is none since the year 1."""
        for base, times, _, j in self._runs_backwards(MIN_INSTANT, stop):
            return base + times[j - 1]
        return None

    def count(self, start: int, stop: int) -> int:
        """The exact number of occurrences in `[start, stop)`, without generating them."""
        return self._counts.between(max(start, MIN_INSTANT), min(stop, MAX_INSTANT + 1))

    def matches(self, instant: int) -> bool:
        """Whether an instant is an occurrence."""
        return self.next(instant) == instant

    def note(self, instant: int) -> Note | None:
        """What is special about an occurrence, or None.

        `gap`: a fixed time that a gap moved here; the regular reading at this instant doesn't match.
        `overlap-first` and `overlap-second`: the clock reads this time twice, and this is the first or the second.
        """
        offset = self.zone.offset_at(instant)
        if self._line.policy is not None and not self.matches_local(instant + offset):
            piece = self._piece_at(instant)
            if piece is not None and piece.gaps and self._counts.any_local(piece.gaps):
                return "gap"
        readings = self.readings(instant + offset)
        if len(readings) > 1:
            return "overlap-first" if readings[0] == instant else "overlap-second"
        return None

    def explain(self, instant: int) -> "Explanation":
        """Why an instant is or isn't an occurrence: its local reading, which fields match, what the clock does."""
        from arco_sched.core.cron.explanation import explain

        return explain(self, instant)

    def readings(self, local: int) -> list[int]:
        """The instants at which the zone's clock reads a local time (seconds since 1970-01-01T00:00:00 on it)."""
        spans = self.zone.spans(local - REACH, local + REACH)
        return [local - span.offset for span in spans if span.start <= local - span.offset < span.stop]

    def matches_local(self, local: int) -> bool:
        """Whether the fields match a local time, regardless of clock changes."""
        day, second = divmod(local, DAY)
        hour, rest = divmod(second, 3600)
        minute, second = divmod(rest, 60)
        expression = self.expression
        return (
            minute in expression.minutes
            and hour in expression.hours
            and second in expression.seconds
            and expression.matches_day(day)
        )

    def _runs(self, start: int, stop: int) -> Iterator[_Run]:
        start, stop = max(start, MIN_INSTANT), min(stop, MAX_INSTANT + 1)
        expression, line = self.expression, self._line
        position = start
        while position < stop:
            # The instants of a matching local day lie within REACH of it, so a long way to it takes one step.
            day = expression.day_at_or_after((position - REACH) // DAY)
            if day is None:
                return
            position = max(position, day * DAY - REACH)
            block = line.block(position)
            for index in range(bisect_right(block.stops, position), len(block.pieces)):
                piece_start, piece_stop, offset, gaps = block.pieces[index]
                if piece_start >= stop:
                    return
                if gaps:
                    if piece_start >= position and self._counts.any_local(gaps):
                        yield piece_start, (0,), 0, 1
                else:
                    low, high = max(piece_start, position) + offset, min(piece_stop, stop) + offset
                    if low < high:
                        yield from self._local_runs(low, high, offset)
            position = block.stop

    def _runs_backwards(self, start: int, stop: int) -> Iterator[_Run]:
        start, stop = max(start, MIN_INSTANT), min(stop, MAX_INSTANT + 1)
        expression, line = self.expression, self._line
        position = stop
        while position > start:
            day = expression.day_at_or_before((position + REACH) // DAY)
            if day is None:
                return
            position = min(position, (day + 1) * DAY + REACH)
            if position <= start:
                return
            block = line.block(position - 1)
            for index in range(bisect_left(block.starts, position) - 1, -1, -1):
                piece_start, piece_stop, offset, gaps = block.pieces[index]
                if piece_stop <= start:
                    return
                if gaps:
                    if self._counts.any_local(gaps):
                        yield piece_start, (0,), 0, 1
                else:
                    low, high = max(piece_start, start) + offset, min(piece_stop, position) + offset
                    if low < high:
                        yield from self._local_runs_backwards(low, high, offset)
            position = block.start

    def _local_runs(self, low: int, high: int, offset: int) -> Iterator[_Run]:
        """The matching local times of `[low, high)`, `offset` seconds earlier."""
        expression, times, blocks, width = self.expression, self._times, self._blocks, self._width
        size = len(times)
        last_day = (high - 1) // DAY
        day: int | None = low // DAY
        while True:
            day = expression.day_at_or_after(cast("int", day))
            if day is None or day > last_day:
                return
            year, month, day_of_month = civil_from_days(day)
            bits = expression.days(year, month) >> day_of_month
            while bits:
                step = (bits & -bits).bit_length() - 1
                if day + step > last_day:
                    return
                for block in blocks:
                    base = (day + step) * DAY + block
                    i = bisect_left(times, low - base) if base < low else 0
                    j = bisect_left(times, high - base) if base + width > high else size
                    if i < j:
                        yield base - offset, times, i, j
                bits &= bits - 1
            # The rest of the month has been shifted out or seen: go on with the next month.
            day += 32 - day_of_month
            day -= civil_from_days(day)[2] - 1

    def _local_runs_backwards(self, low: int, high: int, offset: int) -> Iterator[_Run]:
        expression, times, blocks, width = self.expression, self._times, self._blocks, self._width
        size = len(times)
        first_day = low // DAY
        day: int | None = (high - 1) // DAY
        while True:
            day = expression.day_at_or_before(cast("int", day))
            if day is None or day < first_day:
                return
            year, month, day_of_month = civil_from_days(day)
            bits = expression.days(year, month) & ((2 << day_of_month) - 1)
            month_start = day - day_of_month
            while bits:
                top = bits.bit_length() - 1
                if month_start + top < first_day:
                    return
                for block in reversed(blocks):
                    base = (month_start + top) * DAY + block
                    i = bisect_left(times, low - base) if base < low else 0
                    j = bisect_left(times, high - base) if base + width > high else size
                    if i < j:
                        yield base - offset, times, i, j
                bits ^= 1 << top
            day = month_start

    def _time_at_or_after(self, second: int) -> int | None:
        """The first time of a matching day at or after a second of the day."""
        times, blocks = self._times, self._blocks
        if len(blocks) == 1:
            index = bisect_left(times, second - blocks[0])
            return blocks[0] + times[index] if index < len(times) else None
        at = bisect_right(blocks, second) - 1
        if at >= 0 and (index := bisect_left(times, second - blocks[at])) < len(times):
            return blocks[at] + times[index]
        return blocks[at + 1] + times[0] if at + 1 < len(blocks) else None

    def _piece_at(self, instant: int) -> Piece | None:
        block = self._line.block(instant)
        index = bisect_right(block.stops, instant)
        return block.pieces[index] if index < len(block.pieces) and block.starts[index] <= instant else None


@lru_cache(maxsize=4096)
def timetable(cron_expression: str, timezone: str, dst_gap: str = "next", dst_overlap: str = "first") -> Timetable:
    """The timetable of a definition's texts, the same object for the same texts.

    Raises `InvalidInput` with every problem of the expression, the zone and the policy.
    """
    problems: list[str] = []
    if dst_gap not in get_args(Gap):
        problems.append(f"dst_gap {dst_gap!r} is unknown: write next or skip")
    if dst_overlap not in get_args(Overlap):
        problems.append(f"dst_overlap {dst_overlap!r} is unknown: write first, last or both")
    expression, zone = in_zone(parse_expression, cron_expression, timezone, *problems)
    return Timetable(expression, zone, cast("Gap", dst_gap), cast("Overlap", dst_overlap))


@lru_cache(maxsize=512)
def _tables(
    seconds: tuple[int, ...], minutes: tuple[int, ...], hours: tuple[int, ...]
) -> tuple[tuple[int, ...], int, tuple[int, ...]]:
    """(starts of blocks, their width, the times in each): the times of a matching day are `start + time`."""
    within_hour = [minute * 60 + second for minute in minutes for second in seconds]
    starts = tuple(hour * 3600 for hour in hours)
    if len(within_hour) * len(hours) <= _WHOLE_DAY:
        return (0,), DAY, tuple(start + time for start in starts for time in within_hour)
    return starts, 3600, tuple(within_hour)
