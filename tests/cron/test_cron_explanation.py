"""Why an instant is or is not an occurrence: the data that `arco why` will show."""

from arco_sched.cron import FieldVerdict, timetable
from arco_sched.instants import MAX_INSTANT, MIN_INSTANT, parse_instant


def at(text: str) -> int:
    return parse_instant(text)


def test_an_occurrence() -> None:
    """Every field's verdict, how the day fields combine, and both neighbours."""
    why = timetable("30 9 1 * MON", "America/New_York").explain(at("2025-09-08T13:30:00Z"))
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
