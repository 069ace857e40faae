"""A cron expression as a value: the times of day that it names, and the matching days of any Gregorian month."""

from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from arco_sched.core.instants import civil_from_days, days_from_civil

FIVE_FIELDS: Final = ("minute", "hour", "day-of-month", "month", "day-of-week")
SIX_FIELDS: Final = ("second", *FIVE_FIELDS)

CYCLE_YEARS: Final = 400
"""The Gregorian calendar repeats after 400 years, weekdays included: 146,097 days are a whole number of weeks."""


def _kinds() -> bytes:
    kinds = bytearray()
    weekday = 6  # 2000-01-01 was a Saturday, and the year 2000 stands at 0 of the cycle
    for year in range(CYCLE_YEARS):
        leap = year % 4 == 0 and (year % 100 != 0 or year == 0)
        kinds.append(weekday + 7 * leap)
        weekday = (weekday + 365 + leap) % 7
    return bytes(kinds)


YEAR_KINDS: Final = _kinds()
"""For `year % 400`: the weekday of 1 January (0 is Sunday), plus 7 in a leap year. 14 kinds of year in all."""

_LENGTHS: Final = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_NO_DAYS: Final = (0,) * 13


@dataclass(frozen=True, slots=True)
class CronExpression:
    """What a cron expression means, without a zone; made only by `parse_expression`.

    Weekdays are 0 (Sunday) to 6. In masks, bit n stands for the value n.
    """

    text: str
    """The expression as given, with single spaces; a nickname stays a nickname."""
    fields: tuple[str, ...]
    """The text of its five or six fields, with a nickname spelled out."""
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    """Sorted, without duplicates. With five fields, `seconds` is (0,)."""
    months: int
    month_days: int
    """The plain days of the day-of-month field, a mask."""
    last_day: bool
    """`L` in the day-of-month field: the last day of the month."""
    last_working_day: bool
    """`LW`: the last day of the month that is Monday to Friday."""
    days_before_last: tuple[int, ...]
    """`L-3` is 3: the third day before the last one of the month. A shorter month has no such day."""
    nearest_weekday: int | None
    """The 15 of `15W`: the weekday (Monday to Friday) closest to that date within the month. A month without that date
    has no such day."""
    weekdays: int
    nth_weekdays: tuple[tuple[int, int], ...]
    """`2#3` is (2, 3): the third Tuesday of the month."""
    last_weekdays: tuple[int, ...]
    """`5L` and `FRI#L` are 5: the last Friday of the month."""
    month_days_restricted: bool
    weekdays_restricted: bool
    """Whether the field is anything but a plain `*`, so `*/2` and `1-31` are restricted (OCPS 1.0, 6.1). If both day
    fields are restricted, a day matches if either of them matches."""
    fixed_time: bool
    """Neither the minute nor the hour field starts with `*`: an appointment (docs/semantics/expressions.md)."""
    _years: list[tuple[int, ...] | None] = field(
        default_factory=lambda: [None] * 14, init=False, repr=False, compare=False
    )
    _before: list[int] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def field_names(self) -> tuple[str, ...]:
        """The names of `fields`, in order."""
        return SIX_FIELDS if len(self.fields) == 6 else FIVE_FIELDS

    @property
    def times_per_day(self) -> int:
        """The number of times on a matching day, 1 to 86,400."""
        return len(self.seconds) * len(self.minutes) * len(self.hours)

    @property
    def special_days(self) -> bool:
        """Whether a day field has `L`, `W` or `#`, which plain cron doesn't support."""
        of_month = self.last_day or self.last_working_day or bool(self.days_before_last)
        return of_month or self.nearest_weekday is not None or bool(self.nth_weekdays or self.last_weekdays)

    def times_within(self, minutes: int) -> int:
        """The maximum number of occurrences between two evaluations that are `minutes`, 1 to 60, apart."""
        each = (
            sum(minute % 60 in self.minutes for minute in range(begin, begin + minutes))
            for begin in range(1, 61, minutes)
        )
        return len(self.seconds) * (1 if minutes == 1 else max(each))

    @property
    def every_day(self) -> bool:
        """Whether both day fields are `*` and every month matches."""
        return not self.month_days_restricted and not self.weekdays_restricted and self.months == 0x1FFE

    @property
    def never(self) -> bool:
        """Whether no date ever matches, as in `0 0 30 2 *`."""
        return not self.every_day and not self._table()[CYCLE_YEARS]

    def days(self, year: int, month: int) -> int:
        """The matching days of a month as a mask, bit 1 for the first; `year` may be any number, also 0 or less."""
        return self.year(year)[month]

    def year(self, year: int) -> tuple[int, ...]:
        """`days` for all months of a year; entry 0 is empty."""
        kind = YEAR_KINDS[year % CYCLE_YEARS]
        return self._years[kind] or self._read_kind(kind)

    def matches_day(self, day: int) -> bool:
        """Whether the date that lies `day` days after 1970-01-01 matches."""
        year, month, day_of_month = civil_from_days(day)
        return bool(self.year(year)[month] >> day_of_month & 1)

    def matches_month_day(self, year: int, month: int, day_of_month: int) -> bool:
        """Whether a date matches the day-of-month field, regardless of the other fields."""
        kind = YEAR_KINDS[year % CYCLE_YEARS]
        first, length = _months_of(kind)[month]
        return bool(self._month_days_in(first, length) >> day_of_month & 1)

    def matches_weekday(self, year: int, month: int, day_of_month: int) -> bool:
        """Whether a date matches the day-of-week field, regardless of the other fields."""
        kind = YEAR_KINDS[year % CYCLE_YEARS]
        first, length = _months_of(kind)[month]
        return bool(self._weekdays_in(first, length) >> day_of_month & 1)

    def day_at_or_after(self, day: int) -> int | None:
        """The first matching day (counted from 1970-01-01) at or after `day`; None if no day ever matches."""
        if self.every_day:
            return day
        year, month, day_of_month = civil_from_days(day)
        masks = self.year(year)
        rest = masks[month] >> day_of_month
        if rest:
            return day + (rest & -rest).bit_length() - 1
        for later in range(month + 1, 13):
            if mask := masks[later]:
                return days_from_civil(year, later, 1) + (mask & -mask).bit_length() - 2
        for later_year in range(year + 1, year + CYCLE_YEARS + 1):
            kind = YEAR_KINDS[later_year % CYCLE_YEARS]
            masks = self._years[kind] or self._read_kind(kind)
            if masks is not _NO_DAYS:
                for later in range(1, 13):
                    if mask := masks[later]:
                        return days_from_civil(later_year, later, 1) + (mask & -mask).bit_length() - 2
        return None

    def day_at_or_before(self, day: int) -> int | None:
        """The last matching day (counted from 1970-01-01) at or before `day`; None if no day ever matches."""
        if self.every_day:
            return day
        year, month, day_of_month = civil_from_days(day)
        masks = self.year(year)
        rest = masks[month] & ((2 << day_of_month) - 1)
        if rest:
            return day - day_of_month + rest.bit_length() - 1
        for earlier in range(month - 1, 0, -1):
            if mask := masks[earlier]:
                return days_from_civil(year, earlier, 1) + mask.bit_length() - 2
        for earlier_year in range(year - 1, year - CYCLE_YEARS - 1, -1):
            masks = self.year(earlier_year)
            if masks is not _NO_DAYS:
                for earlier in range(12, 0, -1):
                    if mask := masks[earlier]:
                        return days_from_civil(earlier_year, earlier, 1) + mask.bit_length() - 2
        return None

    def count_days(self, start: int, stop: int) -> int:
        """How many days of `[start, stop)` match, both counted from 1970-01-01."""
        if stop <= start:
            return 0
        if self.every_day:
            return stop - start
        year, month, day_of_month = civil_from_days(start)
        last_year, last_month, last_day = civil_from_days(stop)
        if (year, month) == (last_year, last_month):
            return (self.year(year)[month] & ((1 << last_day) - (1 << day_of_month))).bit_count()
        if stop - start > 1000 or self._before:
            return self._days_before(last_year, last_month, last_day) - self._days_before(year, month, day_of_month)
        # For a few years, walking over the months is cheaper than making the table of the whole cycle.
        count = (self.year(year)[month] >> day_of_month).bit_count()
        while True:
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
            if (year, month) == (last_year, last_month):
                return count + (self.year(year)[month] & ((1 << last_day) - 1)).bit_count()
            count += self.year(year)[month].bit_count()

    def _days_before(self, year: int, month: int, day_of_month: int) -> int:
        cycle, year_of_cycle = divmod(year, CYCLE_YEARS)
        table = self._table()
        masks = self.year(year)
        count = cycle * table[CYCLE_YEARS] + table[year_of_cycle]
        for earlier in range(1, month):
            count += masks[earlier].bit_count()
        return count + (masks[month] & ((1 << day_of_month) - 1)).bit_count()

    def _table(self) -> list[int]:
        """The number of matching days before each year of the cycle; the last entry is the total."""
        if not self._before:
            counts = [
                sum(mask.bit_count() for mask in self._years[kind] or self._read_kind(kind)) for kind in range(14)
            ]
            self._before[:] = accumulate((counts[kind] for kind in YEAR_KINDS), initial=0)
        return self._before

    def _read_kind(self, kind: int) -> tuple[int, ...]:
        masks = [0] * 13
        for month, (first, length) in enumerate(_months_of(kind)):
            if self.months >> month & 1:
                masks[month] = self._days_in(first, length)
        # A single shared empty tuple lets a search recognize and skip an empty year.
        found = tuple(masks) if any(masks) else _NO_DAYS
        self._years[kind] = found
        return found

    def _days_in(self, first: int, length: int) -> int:
        if not self.weekdays_restricted:
            return self._month_days_in(first, length)
        if not self.month_days_restricted:
            return self._weekdays_in(first, length)
        return self._month_days_in(first, length) | self._weekdays_in(first, length)

    def _month_days_in(self, first: int, length: int) -> int:
        mask = self.month_days & ((2 << length) - 2)
        if self.last_day:
            mask |= 1 << length
        if self.last_working_day:
            weekday = (first + length - 1) % 7
            mask |= 1 << length - {6: 1, 0: 2}.get(weekday, 0)
        for days in self.days_before_last:
            if days < length:
                mask |= 1 << length - days
        day = self.nearest_weekday
        if day is not None and day <= length:
            weekday = (first + day - 1) % 7
            if weekday == 6:
                day += -1 if day > 1 else 2
            elif weekday == 0:
                day += 1 if day < length else -2
            mask |= 1 << day
        return mask

    def _weekdays_in(self, first: int, length: int) -> int:
        whole = (2 << length) - 2
        mask = 0
        for weekday in range(7):
            if self.weekdays >> weekday & 1:
                mask |= _EVERY_WEEK << (weekday - first) % 7
        for weekday, nth in self.nth_weekdays:
            mask |= 2 << (weekday - first) % 7 + 7 * (nth - 1)
        mask &= whole
        for weekday in self.last_weekdays:
            mask |= 1 << ((_EVERY_WEEK << (weekday - first) % 7) & whole).bit_length() - 1
        return mask


_EVERY_WEEK: Final = sum(2 << 7 * week for week in range(5))
"""The days 1, 8, 15, 22 and 29 as a mask."""


def _months_of(kind: int) -> list[tuple[int, int]]:
    """(weekday of the first, length) of each month in a kind of year; entry 0 is a placeholder without days."""
    leap, first = divmod(kind, 7)
    months = [(0, 0)]
    for month in range(1, 13):
        length = _LENGTHS[month] + (leap if month == 2 else 0)
        months.append((first, length))
        first = (first + length) % 7
    return months
