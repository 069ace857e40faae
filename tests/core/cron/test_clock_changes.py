"""Semantics 3 at real changes of real clocks: each row shows its answer in UTC and on the zone's clock."""

import pytest

from arco_sched.core.cron import timetable
from arco_sched.core.instants import parse_instant
from tests.core.cron.oracles import clock

# zone, expression, gap, overlap, from, until, [UTC local note]
ROWS = [
    # America/New_York 2025-03-09: 02:00 -> 03:00
    ("America/New_York", "30 2 * * *", "next", "first", "2025-03-08T12:00:00Z", "2025-03-10T12:00:00Z",
     ["2025-03-09T07:00:00Z 2025-03-09T03:00:00-04:00 gap", "2025-03-10T06:30:00Z 2025-03-10T02:30:00-04:00"]),
    ("America/New_York", "30 2 * * *", "skip", "first", "2025-03-08T12:00:00Z", "2025-03-10T12:00:00Z",
     ["2025-03-10T06:30:00Z 2025-03-10T02:30:00-04:00"]),
    # several times in one gap are one occurrence
    ("America/New_York", "0,15,30,45 2 * * *", "next", "first", "2025-03-09T00:00:00Z", "2025-03-10T00:00:00Z",
     ["2025-03-09T07:00:00Z 2025-03-09T03:00:00-04:00 gap"]),
    # and with a regular time at that instant they are one as well, and nothing moved
    ("America/New_York", "0,30 2-3 * * *", "next", "first", "2025-03-09T00:00:00Z", "2025-03-10T00:00:00Z",
     ["2025-03-09T07:00:00Z 2025-03-09T03:00:00-04:00", "2025-03-09T07:30:00Z 2025-03-09T03:30:00-04:00"]),
    # the first time after the gap and the last before it are nobody's but their own
    ("America/New_York", "59 1 * * *", "next", "first", "2025-03-09T00:00:00Z", "2025-03-10T00:00:00Z",
     ["2025-03-09T06:59:00Z 2025-03-09T01:59:00-05:00"]),
    ("America/New_York", "0 3 * * *", "skip", "first", "2025-03-09T00:00:00Z", "2025-03-10T00:00:00Z",
     ["2025-03-09T07:00:00Z 2025-03-09T03:00:00-04:00"]),
    # up to the moved instant, from it on, and after it
    ("America/New_York", "30 2 * * *", "next", "first", "2025-03-09T00:00:00Z", "2025-03-09T07:00:00Z", []),
    ("America/New_York", "30 2 * * *", "next", "first", "2025-03-09T07:00:00Z", "2025-03-09T07:00:01Z",
     ["2025-03-09T07:00:00Z 2025-03-09T03:00:00-04:00 gap"]),
    ("America/New_York", "30 2 * * *", "next", "first", "2025-03-09T07:00:01Z", "2025-03-10T00:00:00Z", []),
    # the gap begins with its first second
    ("America/New_York", "0 2 * * *", "skip", "first", "2025-03-09T00:00:00Z", "2025-03-10T00:00:00Z", []),
    # with seconds
    ("America/New_York", "*/20 59 2 * * *", "next", "first", "2025-03-09T00:00:00Z", "2025-03-10T00:00:00Z",
     ["2025-03-09T07:00:00Z 2025-03-09T03:00:00-04:00 gap"]),
    # an interval leaves the gap out
    ("America/New_York", "*/30 * * * *", "next", "first", "2025-03-09T06:00:00Z", "2025-03-09T08:00:00Z",
     ["2025-03-09T06:00:00Z 2025-03-09T01:00:00-05:00", "2025-03-09T06:30:00Z 2025-03-09T01:30:00-05:00",
      "2025-03-09T07:00:00Z 2025-03-09T03:00:00-04:00", "2025-03-09T07:30:00Z 2025-03-09T03:30:00-04:00"]),
    ("America/New_York", "*/30 2 * * *", "next", "first", "2025-03-09T00:00:00Z", "2025-03-10T00:00:00Z", []),
    # America/New_York 2025-11-02: 02:00 -> 01:00
    ("America/New_York", "30 1 * * *", "next", "first", "2025-11-02T00:00:00Z", "2025-11-03T00:00:00Z",
     ["2025-11-02T05:30:00Z 2025-11-02T01:30:00-04:00 overlap-first"]),
    ("America/New_York", "30 1 * * *", "next", "last", "2025-11-02T00:00:00Z", "2025-11-03T00:00:00Z",
     ["2025-11-02T06:30:00Z 2025-11-02T01:30:00-05:00 overlap-second"]),
    ("America/New_York", "30 1 * * *", "next", "both", "2025-11-02T00:00:00Z", "2025-11-03T00:00:00Z",
     ["2025-11-02T05:30:00Z 2025-11-02T01:30:00-04:00 overlap-first",
      "2025-11-02T06:30:00Z 2025-11-02T01:30:00-05:00 overlap-second"]),
    # the start lies between the two readings: the first is over
    ("America/New_York", "30 1 * * *", "next", "first", "2025-11-02T05:31:00Z", "2025-11-03T00:00:00Z", []),
    ("America/New_York", "0 1-2 * * *", "next", "first", "2025-11-02T00:00:00Z", "2025-11-03T00:00:00Z",
     ["2025-11-02T05:00:00Z 2025-11-02T01:00:00-04:00 overlap-first",
      "2025-11-02T07:00:00Z 2025-11-02T02:00:00-05:00"]),
    # what begins with the first second after the repeated hour is not repeated
    ("America/New_York", "0 2 * * *", "next", "first", "2025-11-02T00:00:00Z", "2025-11-03T00:00:00Z",
     ["2025-11-02T07:00:00Z 2025-11-02T02:00:00-05:00"]),
    # an interval happens both times
    ("America/New_York", "*/30 1 * * *", "next", "first", "2025-11-02T00:00:00Z", "2025-11-03T00:00:00Z",
     ["2025-11-02T05:00:00Z 2025-11-02T01:00:00-04:00 overlap-first",
      "2025-11-02T05:30:00Z 2025-11-02T01:30:00-04:00 overlap-first",
      "2025-11-02T06:00:00Z 2025-11-02T01:00:00-05:00 overlap-second",
      "2025-11-02T06:30:00Z 2025-11-02T01:30:00-05:00 overlap-second"]),
    # Europe/London 2025-03-30: 01:00 -> 02:00; 2025-10-26: 02:00 -> 01:00
    ("Europe/London", "0 1 * * *", "next", "first", "2025-03-30T00:00:00Z", "2025-03-31T00:00:00Z",
     ["2025-03-30T01:00:00Z 2025-03-30T02:00:00+01:00 gap"]),
    ("Europe/London", "0 1 * * *", "next", "both", "2025-10-26T00:00:00Z", "2025-10-27T00:00:00Z",
     ["2025-10-26T00:00:00Z 2025-10-26T01:00:00+01:00 overlap-first",
      "2025-10-26T01:00:00Z 2025-10-26T01:00:00+00:00 overlap-second"]),
    # Australia/Lord_Howe, half an hour: 2025-10-05 02:00 -> 02:30; 2025-04-06 02:00 -> 01:30
    ("Australia/Lord_Howe", "15 2 * * *", "next", "first", "2025-10-04T00:00:00Z", "2025-10-05T00:00:00Z",
     ["2025-10-04T15:30:00Z 2025-10-05T02:30:00+11:00 gap"]),
    ("Australia/Lord_Howe", "15,45 2 * * *", "skip", "first", "2025-10-04T00:00:00Z", "2025-10-05T00:00:00Z",
     ["2025-10-04T15:45:00Z 2025-10-05T02:45:00+11:00"]),
    ("Australia/Lord_Howe", "15,45 1 * * *", "next", "both", "2025-04-05T00:00:00Z", "2025-04-06T00:00:00Z",
     ["2025-04-05T14:15:00Z 2025-04-06T01:15:00+11:00",
      "2025-04-05T14:45:00Z 2025-04-06T01:45:00+11:00 overlap-first",
      "2025-04-05T15:15:00Z 2025-04-06T01:45:00+10:30 overlap-second"]),
    ("Australia/Lord_Howe", "*/15 * * * *", "next", "first", "2025-10-04T15:00:00Z", "2025-10-04T16:00:00Z",
     ["2025-10-04T15:00:00Z 2025-10-05T01:30:00+10:30", "2025-10-04T15:15:00Z 2025-10-05T01:45:00+10:30",
      "2025-10-04T15:30:00Z 2025-10-05T02:30:00+11:00", "2025-10-04T15:45:00Z 2025-10-05T02:45:00+11:00"]),
    # Africa/Cairo, at midnight: 2025-04-25 00:00 -> 01:00; 2025-10-31 00:00 -> 2025-10-30 23:00
    ("Africa/Cairo", "0 0 * * *", "next", "first", "2025-04-24T12:00:00Z", "2025-04-25T12:00:00Z",
     ["2025-04-24T22:00:00Z 2025-04-25T01:00:00+03:00 gap"]),
    ("Africa/Cairo", "0 0 25 4 *", "skip", "first", "2025-01-01T00:00:00Z", "2026-12-01T00:00:00Z",
     ["2026-04-24T21:00:00Z 2026-04-25T00:00:00+03:00"]),
    ("Africa/Cairo", "30 23 30 * *", "next", "both", "2025-10-30T00:00:00Z", "2025-10-31T12:00:00Z",
     ["2025-10-30T20:30:00Z 2025-10-30T23:30:00+03:00 overlap-first",
      "2025-10-30T21:30:00Z 2025-10-30T23:30:00+02:00 overlap-second"]),
    ("Africa/Cairo", "0 0 31 * *", "next", "first", "2025-10-30T00:00:00Z", "2025-10-31T12:00:00Z",
     ["2025-10-30T22:00:00Z 2025-10-31T00:00:00+02:00"]),
    # America/Santiago, at midnight too: 2025-09-07 00:00 -> 01:00; 2025-04-06 00:00 -> 2025-04-05 23:00
    ("America/Santiago", "@daily", "next", "first", "2025-09-06T12:00:00Z", "2025-09-07T12:00:00Z",
     ["2025-09-07T04:00:00Z 2025-09-07T01:00:00-03:00 gap"]),
    ("America/Santiago", "@hourly", "next", "first", "2025-04-06T02:00:00Z", "2025-04-06T05:00:00Z",
     ["2025-04-06T02:00:00Z 2025-04-05T23:00:00-03:00 overlap-first",
      "2025-04-06T03:00:00Z 2025-04-05T23:00:00-04:00 overlap-second",
      "2025-04-06T04:00:00Z 2025-04-06T00:00:00-04:00"]),
    # the day of its second reading is over in UTC, and its next one is a year away
    ("America/Santiago", "30 23 5 4 *", "next", "both", "2025-04-06T02:45:00Z", "2025-04-07T00:00:00Z",
     ["2025-04-06T03:30:00Z 2025-04-05T23:30:00-04:00 overlap-second"]),
    # Pacific/Apia has no 30 December 2011: 2011-12-29 24:00 -> 2011-12-31 00:00
    ("Pacific/Apia", "0 9 * * *", "next", "first", "2011-12-29T00:00:00Z", "2012-01-01T00:00:00Z",
     ["2011-12-29T19:00:00Z 2011-12-29T09:00:00-10:00", "2011-12-30T10:00:00Z 2011-12-31T00:00:00+14:00 gap",
      "2011-12-30T19:00:00Z 2011-12-31T09:00:00+14:00", "2011-12-31T19:00:00Z 2012-01-01T09:00:00+14:00"]),
    ("Pacific/Apia", "0 9 * * *", "skip", "first", "2011-12-29T00:00:00Z", "2012-01-01T00:00:00Z",
     ["2011-12-29T19:00:00Z 2011-12-29T09:00:00-10:00",
      "2011-12-30T19:00:00Z 2011-12-31T09:00:00+14:00", "2011-12-31T19:00:00Z 2012-01-01T09:00:00+14:00"]),
    ("Pacific/Apia", "0 */12 30,31 12 *", "next", "first", "2011-12-29T00:00:00Z", "2012-01-01T00:00:00Z",
     ["2011-12-30T10:00:00Z 2011-12-31T00:00:00+14:00", "2011-12-30T22:00:00Z 2011-12-31T12:00:00+14:00"]),
    # Pacific/Kwajalein: 1969-09-30 went back by 23 hours, and 1993-08-21 was skipped
    ("Pacific/Kwajalein", "30 12 30 9 *", "next", "both", "1969-01-01T00:00:00Z", "1970-01-01T00:00:00Z",
     ["1969-09-30T01:30:00Z 1969-09-30T12:30:00+11:00 overlap-first",
      "1969-10-01T00:30:00Z 1969-09-30T12:30:00-12:00 overlap-second"]),
    ("Pacific/Kwajalein", "30 12 30 9 *", "next", "last", "1969-01-01T00:00:00Z", "1970-01-01T00:00:00Z",
     ["1969-10-01T00:30:00Z 1969-09-30T12:30:00-12:00 overlap-second"]),
    ("Pacific/Kwajalein", "0 6,18 21 8 *", "next", "first", "1993-01-01T00:00:00Z", "1994-01-01T00:00:00Z",
     ["1993-08-21T12:00:00Z 1993-08-22T00:00:00+12:00 gap"]),
    # A change of standard time counts as any other: Asia/Pyongyang 2018-05-04 23:30 -> 2018-05-05 00:00
    ("Asia/Pyongyang", "45 23 * * *", "next", "first", "2018-05-04T00:00:00Z", "2018-05-05T00:00:00Z",
     ["2018-05-04T15:00:00Z 2018-05-05T00:00:00+09:00 gap"]),
    # Offsets with seconds: America/New_York 1883-11-18 12:03:58 -> 12:00
    ("America/New_York", "0 2 12 * * *", "next", "both", "1883-11-18T00:00:00Z", "1883-11-19T00:00:00Z",
     ["1883-11-18T16:58:02Z 1883-11-18T12:02:00-04:56:02 overlap-first",
      "1883-11-18T17:02:00Z 1883-11-18T12:02:00-05:00 overlap-second"]),
    # A day of the year that is in UTC the day after, the day before, and the same up to its first second
    ("America/New_York", "30 23 5 6 *", "next", "first", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z",
     ["2025-06-06T03:30:00Z 2025-06-05T23:30:00-04:00"]),
    ("Pacific/Auckland", "30 0 5 6 *", "next", "first", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z",
     ["2025-06-04T12:30:00Z 2025-06-05T00:30:00+12:00"]),
    ("UTC", "0 0 5 6 *", "next", "first", "2025-06-04T00:00:00Z", "2025-06-05T00:00:00Z", []),
    ("UTC", "0 0 5 6 *", "next", "first", "2025-06-04T00:00:00Z", "2025-06-05T00:00:01Z",
     ["2025-06-05T00:00:00Z 2025-06-05T00:00:00+00:00"]),
    ("America/New_York", "0 19 31 12 *", "next", "first", "2104-06-01T00:00:00Z", "2105-01-01T00:00:01Z",
     ["2105-01-01T00:00:00Z 2104-12-31T19:00:00-05:00"]),
    # So many times in a day that they stand in hours
    ("Asia/Kolkata", "1-59/2 * 9,13,17 * * *", "next", "first", "2025-01-15T04:29:58Z", "2025-01-15T07:30:03Z",
     ["2025-01-15T04:29:59Z 2025-01-15T09:59:59+05:30", "2025-01-15T07:30:01Z 2025-01-15T13:00:01+05:30"]),
    ("Asia/Kolkata", "1-59/2 * 9,13,17 * * *", "next", "first", "2025-01-15T12:29:58Z", "2025-01-16T03:30:03Z",
     ["2025-01-15T12:29:59Z 2025-01-15T17:59:59+05:30", "2025-01-16T03:30:01Z 2025-01-16T09:00:01+05:30"]),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "expression", "gap", "overlap", "start", "stop", "answers"), ROWS)
def test_policy(zone: str, expression: str, gap: str, overlap: str, start: str, stop: str, answers: list[str]) -> None:
    """Semantics 3: these are the occurrences, and this is what is special about each."""
    table = timetable(expression, zone, gap, overlap)
    found = list(table.between(parse_instant(start), parse_instant(stop)))
    notes = [table.note(instant) for instant in found]
    assert [
        f"{line} {note or ''}".strip() for line, note in zip(clock(table.zone, found), notes, strict=True)
    ] == answers
    assert table.count(parse_instant(start), parse_instant(stop)) == len(answers)


@pytest.mark.parametrize(("zone", "expression", "gap", "overlap", "start", "stop", "answers"), ROWS)
def test_policy_in_every_direction(
    zone: str, expression: str, gap: str, overlap: str, start: str, stop: str, answers: list[str]
) -> None:
    """Semantics 3: the same occurrences are found from the newest, and from each one to its neighbours."""
    table = timetable(expression, zone, gap, overlap)
    first, end = parse_instant(start), parse_instant(stop)
    wanted = [parse_instant(answer.split()[0]) for answer in answers]
    assert list(table.backwards(first, end)) == wanted[::-1]
    assert (table.take(first, end, 2), table.take_newest(first, end, 2)) == (wanted[:2], wanted[-2:])
    *after, beyond = [table.next(position) for position in (first, *(instant + 1 for instant in wanted))]
    assert after == wanted
    assert beyond is not None
    assert beyond >= end
    *before, earlier = [table.previous(position) for position in (end, *wanted[::-1])]
    assert before == wanted[::-1]
    assert earlier is not None
    assert earlier < first


@pytest.mark.parametrize("gap", ["next", "skip"])
@pytest.mark.parametrize("overlap", ["first", "last", "both"])
def test_the_policy_is_for_fixed_times_alone(gap: str, overlap: str) -> None:
    """Semantics 3: an interval occurs by what the clock reads, under any policy."""
    year = (parse_instant("2025-01-01T00:00:00Z"), parse_instant("2026-01-01T00:00:00Z"))
    assert timetable("*/15 1-3 * * *", "America/New_York", gap, overlap).count(*year) == 365 * 12 - 4 + 4
    assert timetable("* * * * *", "America/New_York", gap, overlap).count(*year) == 365 * 1440


def test_note_of_any_instant() -> None:
    """The second reading of a time is told for intervals and fixed times alike, and a plain instant has no note."""
    second = parse_instant("2025-11-02T06:30:00Z")
    assert timetable("* * * * *", "America/New_York").note(second) == "overlap-second"
    assert timetable("30 1 * * *", "America/New_York").note(second) == "overlap-second"
    assert timetable("* * * * *", "America/New_York").note(second + 7200) is None
    assert timetable("0 4 * * *", "America/New_York").note(parse_instant("2025-03-09T07:00:00Z")) is None
    assert timetable("0 4 * * *", "America/New_York", "skip").note(parse_instant("2025-03-09T07:00:00Z")) is None
