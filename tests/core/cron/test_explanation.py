"""Why an instant is or is not an occurrence: the data that `arco why` will show."""

import pytest

from arco_sched.core.cron import FieldVerdict, Timetable, Zone, parse_expression, timetable
from arco_sched.core.cron.tzif import ZoneData
from arco_sched.core.instants import MAX_INSTANT, MIN_INSTANT, parse_instant


def at(text: str) -> int:
    return parse_instant(text)


def test_an_occurrence() -> None:
    """Every field's verdict, how the day fields combine, and both neighbours."""
    why = timetable("30 9 1 * MON", "America/New_York").explain(at("2025-09-08T13:30:00Z"))
    assert why.instant == at("2025-09-08T13:30:00Z")
    assert why.fields == (
        FieldVerdict("second", "0", 0, matches=True),
        FieldVerdict("minute", "30", 30, matches=True),
        FieldVerdict("hour", "9", 9, matches=True),
        FieldVerdict("day-of-month", "1", 8, matches=False),
        FieldVerdict("month", "*", 9, matches=True),
        FieldVerdict("day-of-week", "MON", 1, matches=True),
    )
    assert (why.day_rule, why.day_matches, why.occurs, why.note) == ("either", True, True, None)
    assert (why.timezone, why.local, why.offset) == ("America/New_York", "2025-09-08T09:30:00-04:00", -14_400)
    assert (why.kind, why.clock, why.shift) == ("fixed-time", "normal", 0)
    assert (why.previous, why.next) == (at("2025-09-01T13:30:00Z"), at("2025-09-15T13:30:00Z"))


def test_not_an_occurrence() -> None:
    """What does not match is told field by field, and there is no note on what does not happen."""
    why = timetable("15 */10 0 * 1-3 *", "UTC").explain(at("2025-09-08T13:30:05Z"))
    assert [(v.name, v.matches) for v in why.fields] == [
        ("second", False),
        ("minute", True),
        ("hour", False),
        ("day-of-month", True),
        ("month", False),
        ("day-of-week", True),
    ]
    assert (why.day_rule, why.day_matches, why.occurs, why.kind) == ("every-day", True, False, "interval")


@pytest.mark.parametrize(
    ("months", "instant", "matches"),
    [
        ("3-6", "2025-02-28T23:59:59Z", False),
        ("3-6", "2025-03-01T00:00:00Z", True),
        ("3-6", "2025-06-30T23:59:59Z", True),
        ("3-6", "2025-07-01T00:00:00Z", False),
        ("12", "2025-12-31T23:59:59Z", True),
    ],
)
def test_month(months: str, instant: str, matches: bool) -> None:
    """The month's verdict is about the month of the local reading and about no other."""
    verdicts = {v.name: v.matches for v in timetable(f"0 0 * {months} *", "UTC").explain(at(instant)).fields}
    assert verdicts["month"] is matches


@pytest.mark.parametrize(
    ("instant", "values"),
    [
        ("2025-01-05T00:00:00Z", (0, 0, 0, 5, 1, 0)),
        ("2025-01-04T22:59:59Z", (59, 59, 22, 4, 1, 6)),
        ("2025-01-04T23:00:00Z", (0, 0, 23, 4, 1, 6)),
        ("2024-02-29T23:59:00Z", (0, 59, 23, 29, 2, 4)),
        ("1969-12-31T23:00:59Z", (59, 0, 23, 31, 12, 3)),
    ],
)
def test_values(instant: str, values: tuple[int, ...]) -> None:
    """Every field's value is read off the clock: second, minute, hour, day, month and weekday."""
    assert tuple(v.value for v in timetable("* * * * *", "UTC").explain(at(instant)).fields) == values


# Clocks that no country had: by one second, and twice within a second.
@pytest.mark.parametrize(
    ("changes", "instant", "clock", "shift"),
    [
        ([(1000, 1)], 1000, "gap-end", 1),
        ([(1000, 1)], 999, "normal", 0),
        ([(1000, 1)], 1001, "normal", 0),
        ([(1000, -1)], 999, "overlap-first", -1),
        ([(1000, -1)], 1000, "overlap-second", -1),
        ([(1000, 3600), (1001, 5400)], 1000, "gap-end", 3600),
        ([(1000, 3600), (1001, 5400)], 1001, "gap-end", 1800),
    ],
)
def test_the_smallest_changes(changes: list[tuple[int, int]], instant: int, clock: str, shift: int) -> None:
    """What the clock does is told of any change, however small and however close to another."""
    why = Timetable(parse_expression("* * * * * *"), Zone("Small", ZoneData(0, changes, None))).explain(instant)
    assert (why.clock, why.shift) == (clock, shift)


def test_after_a_gap() -> None:
    """The first instant after a gap, where a fixed time moved to it."""
    why = timetable("30 2 * * 0", "America/New_York").explain(at("2025-03-09T07:00:00Z"))
    assert (why.clock, why.shift, why.occurs, why.note) == ("gap-end", 3600, True, "gap")
    assert (why.local, why.day_rule) == ("2025-03-09T03:00:00-04:00", "day-of-week")
    skipped = timetable("30 2 * * *", "America/New_York", "skip").explain(at("2025-03-09T07:00:00Z"))
    assert (skipped.clock, skipped.occurs, skipped.note) == ("gap-end", False, None)


def test_both_readings_of_a_doubled_time() -> None:
    """The two readings of one wall time, of which one counts."""
    table = timetable("30 1 2 * *", "America/New_York")
    first, second = table.explain(at("2025-11-02T05:30:00Z")), table.explain(at("2025-11-02T06:30:00Z"))
    assert (first.clock, first.shift, first.occurs, first.note) == ("overlap-first", -3600, True, "overlap-first")
    assert (second.clock, second.shift, second.occurs, second.note) == ("overlap-second", -3600, False, None)
    assert first.day_rule == "day-of-month"


def test_the_ends_of_time() -> None:
    """The first and the last instant have a neighbour on one side."""
    table = timetable("* * * * * *", "UTC")
    assert (table.explain(MIN_INSTANT).previous, table.explain(MIN_INSTANT).next) == (None, MIN_INSTANT + 1)
    assert (table.explain(MAX_INSTANT).previous, table.explain(MAX_INSTANT).next) == (MAX_INSTANT - 1, None)
