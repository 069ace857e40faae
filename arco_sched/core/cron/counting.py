"""The number of occurrences in a range, without generating them."""

from bisect import bisect_left, bisect_right
from itertools import accumulate

from arco_sched.core.cron.expression import CYCLE_YEARS, CronExpression
from arco_sched.core.cron.pieces import Block, PieceLine, YearKey, year_key
from arco_sched.core.instants import DAY, civil_from_days


class Counts:
    """The counts of one expression on the pieces of one zone's clock.

    Whole days count as the number of matching days times the times of a matching day. Years under the zone's yearly
    rule repeat with the calendar, so one cycle of them is counted; the history before the rule is counted piece by
    piece. Both are counted once and kept.
    """

    __slots__ = ("_cycle", "_expression", "_history", "_line", "_year_counts")

    def __init__(self, expression: CronExpression, line: PieceLine) -> None:
        self._expression = expression
        self._line = line
        self._year_counts: dict[YearKey, int] = {}
        self._cycle: list[int] = []
        self._history: list[int] = []

    def between(self, start: int, stop: int) -> int:
        """The exact number of occurrences in `[start, stop)`, without generating them."""
        if start >= stop:
            return 0
        line = self._line
        turn = line.yearly_start
        total = self._in_history(start, min(stop, turn)) if start < turn else 0
        if stop > turn:
            start = max(start, turn)
            first, last = _year_of(start), _year_of(stop - 1)
            if first == last:
                return total + self._in_block(line.year(first), start, stop)
            total += self._in_block(line.year(first), start, stop)
            total += self._in_block(line.year(last), start, stop)
            total += self._in_years(first + 1, last)
        return total

    def any_local(self, ranges: tuple[tuple[int, int], ...]) -> bool:
        """Whether any local time in the ranges matches."""
        return any(self._in_local(low, high) for low, high in ranges)

    def _in_history(self, start: int, stop: int) -> int:
        """The occurrences of `[start, stop)`, all of it before the yearly rule."""
        block = self._line.before()
        first = bisect_right(block.stops, start)
        last = bisect_left(block.starts, stop) - 1
        if last - first < 40 and (last <= first or not self._history):
            return self._in_block(block, start, stop)
        if not self._history:
            counts = (self._in_block(block, low, high) for low, high in zip(block.starts, block.stops, strict=True))
            self._history = list(accumulate(counts, initial=0))
        return (
            self._in_block(block, start, block.stops[first])
            + self._history[last]
            - self._history[first + 1]
            + self._in_block(block, block.starts[last], stop)
        )

    def _in_block(self, block: Block, start: int, stop: int) -> int:
        total = 0
        # Pieces that are also adjacent on the local clock are counted as one range.
        run_low = run_high = 0
        for index in range(bisect_right(block.stops, start), len(block.pieces)):
            piece_start, piece_stop, offset, gaps = block.pieces[index]
            if piece_start >= stop:
                break
            if gaps:
                if piece_start >= start:
                    total += self.any_local(gaps)
                continue
            low, high = max(piece_start, start) + offset, min(piece_stop, stop) + offset
            if low != run_high:
                total += self._in_local(run_low, run_high)
                run_low = low
            run_high = high
        return total + self._in_local(run_low, run_high)

    def _in_years(self, start: int, stop: int) -> int:
        """The occurrences of the whole years `[start, stop)` of UTC, all of them under the yearly rule."""
        if stop - start < 40 and not self._cycle:
            return sum(self._in_year(year) for year in range(start, stop))
        if not self._cycle:
            # The years of the rule repeat with the calendar, so one cycle stands for all others.
            base = (start // CYCLE_YEARS + 1) * CYCLE_YEARS
            counts = (self._in_year(year) for year in range(base, base + CYCLE_YEARS))
            self._cycle = list(accumulate(counts, initial=0))
        first_cycle, first = divmod(start, CYCLE_YEARS)
        last_cycle, last = divmod(stop, CYCLE_YEARS)
        cycle = self._cycle
        return (last_cycle - first_cycle) * cycle[CYCLE_YEARS] + cycle[last] - cycle[first]

    def _in_year(self, year: int) -> int:
        key = year_key(year)
        count = self._year_counts.get(key)
        if count is None:
            block = self._line.year(year)  # may be after 9999, since the cycle extends that far
            count = self._year_counts[key] = self._in_block(block, block.start, block.stop)
        return count

    def _in_local(self, low: int, high: int) -> int:
        """How many local times of `[low, high)` match."""
        if low >= high:
            return 0
        expression = self._expression
        first_day, first_second = divmod(low, DAY)
        last_day, last_second = divmod(high, DAY)
        if first_day == last_day:
            if not expression.matches_day(first_day):
                return 0
            return self._times_before(last_second) - self._times_before(first_second)
        total = expression.count_days(first_day, last_day) * expression.times_per_day
        if first_second and expression.matches_day(first_day):
            total -= self._times_before(first_second)
        if last_second and expression.matches_day(last_day):
            total += self._times_before(last_second)
        return total

    def _times_before(self, second: int) -> int:
        """How many times of a matching day come before a second of the day."""
        expression = self._expression
        hour, rest = divmod(second, 3600)
        minute, second = divmod(rest, 60)
        hours, minutes, seconds = expression.hours, expression.minutes, expression.seconds
        at_hour = bisect_left(hours, hour)
        count = at_hour * len(minutes) * len(seconds)
        if at_hour < len(hours) and hours[at_hour] == hour:
            at_minute = bisect_left(minutes, minute)
            count += at_minute * len(seconds)
            if at_minute < len(minutes) and minutes[at_minute] == minute:
                count += bisect_left(seconds, second)
        return count


def _year_of(instant: int) -> int:
    return civil_from_days(instant // DAY)[0]
