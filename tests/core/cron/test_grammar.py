"""The grammar: what OCPS 1.0 and the named parts of its increments accept and refuse, read by our own reader."""

import calendar
import dataclasses
import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arco_sched.core.cron import CronExpression, parse_expression
from arco_sched.core.cron.expression import _kinds
from arco_sched.core.cron.grammar import NICKNAMES
from arco_sched.core.errors import InvalidInput
from tests.core.cron.oracles import Drawn, expressions, is_nearest_weekday

ALL = {"minutes": 60, "hours": 24, "month_days": 31, "months": 12, "weekdays": 7}


def bits(mask: int) -> list[int]:
    return [n for n in range(mask.bit_length()) if mask >> n & 1]


def read(text: str) -> dict[str, list[int]]:
    """The plain values of every field that is not the whole range, by name."""
    e = parse_expression(text)
    fields = {
        "seconds": list(e.seconds),
        "minutes": list(e.minutes),
        "hours": list(e.hours),
        "month_days": bits(e.month_days),
        "months": bits(e.months),
        "weekdays": bits(e.weekdays),
    }
    return {k: v for k, v in fields.items() if len(v) != ALL.get(k) and v and (k, v) != ("seconds", [0])}


ACCEPTED = [
    # OCPS 1.0, sections 4 and 5, every example
    ("* * * * *", {}),
    ("0,15,30,45 * * * *", {"minutes": [0, 15, 30, 45]}),
    ("* 9-17 * * *", {"hours": list(range(9, 18))}),
    ("5-59/15 * * * *", {"minutes": [5, 20, 35, 50]}),
    ("*/30 * * * *", {"minutes": [0, 30]}),
    ("10-50/10 * * * *", {"minutes": [10, 20, 30, 40, 50]}),
    ("0 12 1 * MON", {"minutes": [0], "hours": [12], "month_days": [1], "weekdays": [1]}),
    ("* * 31 2 *", {"month_days": [31], "months": [2]}),
    ("  0 \t 12\t* * *  ", {"minutes": [0], "hours": [12]}),
    (
        "0 0 1 jan,Feb-aPr sun",
        {"minutes": [0], "hours": [0], "month_days": [1], "months": [1, 2, 3, 4], "weekdays": [0]},
    ),
    ("0 0 * JAN-DEC/5 *", {"minutes": [0], "hours": [0], "months": [1, 6, 11]}),
    ("* * * JAN,MAR,MAY,JUL,SEP,NOV *", {"months": [1, 3, 5, 7, 9, 11]}),
    ("* * * FEB,APR,JUN,AUG,OCT,DEC *", {"months": [2, 4, 6, 8, 10, 12]}),
    ("* * * * SUN,TUE,THU,SAT", {"weekdays": [0, 2, 4, 6]}),
    ("* * * * MON,WED,FRI", {"weekdays": [1, 3, 5]}),
    ("* * * * SUN-SAT", {}),
    ("* * * * 0,7", {"weekdays": [0]}),
    ("* * * * 5-7", {"weekdays": [0, 5, 6]}),
    ("* * * * SAT-SUN", {"weekdays": [0, 6]}),
    ("* * * * FRI-SUN", {"weekdays": [0, 5, 6]}),
    ("* * * * SUN-TUE", {"weekdays": [0, 1, 2]}),
    ("* * * * 0-7", {}),
    ("* * * * MON-FRI/2", {"weekdays": [1, 3, 5]}),
    ("* * * * */7", {"weekdays": [0]}),
    ("3-3 22-22/4 * * *", {"minutes": [3], "hours": [22]}),
    ("*/90 * * * *", {"minutes": [0]}),
    ("10-20/999999999999999999999999 * * * *", {"minutes": [10]}),
    ("007 00 * * *", {"minutes": [7], "hours": [0]}),
    ("*,5 * * * *", {}),
    ("1-5,3-8,*/20 * * * *", {"minutes": [0, 1, 2, 3, 4, 5, 6, 7, 8, 20, 40]}),
    ("5 * * * *" + 991 * " ", {"minutes": [5]}),  # 1000 characters
    # OCPS 1.1
    ("@yearly", {"minutes": [0], "hours": [0], "month_days": [1], "months": [1]}),
    ("@annually", {"minutes": [0], "hours": [0], "month_days": [1], "months": [1]}),
    ("@monthly", {"minutes": [0], "hours": [0], "month_days": [1]}),
    ("@weekly", {"minutes": [0], "hours": [0], "weekdays": [0]}),
    ("@daily", {"minutes": [0], "hours": [0]}),
    ("@midnight", {"minutes": [0], "hours": [0]}),
    (" @hourly ", {"minutes": [0]}),
    # OCPS 1.2, the second
    ("* * * * * *", {"seconds": list(range(60))}),
    ("30 15 10 * * *", {"seconds": [30], "minutes": [15], "hours": [10]}),
    ("*/20 0 0 1 1 *", {"seconds": [0, 20, 40], "minutes": [0], "hours": [0], "month_days": [1], "months": [1]}),
]


@pytest.mark.parametrize(("text", "values"), ACCEPTED)
def test_accepted(text: str, values: dict[str, list[int]]) -> None:
    """OCPS 1.0 to 1.2: each pattern has these values, and the whole range in every other field."""
    assert read(text) == values


SPECIAL = [
    # text, L, W, #, last weekdays, plain month days, plain weekdays
    ("0 0 L * *", True, None, (), (), [], []),
    ("0 0 1,L * *", True, None, (), (), [1], []),
    ("0 0 L,10-12 * *", True, None, (), (), [10, 11, 12], []),
    ("0 0 * * 5L", False, None, (), (5,), [], []),
    ("0 0 * * FRIL", False, None, (), (5,), [], []),
    ("0 0 * * 5#L", False, None, (), (5,), [], []),
    ("0 0 * * FRI#L", False, None, (), (5,), [], []),
    ("0 0 * * 7L,0#L", False, None, (), (0,), [], []),
    ("0 0 * * 2#3", False, None, ((2, 3),), (), [], []),
    ("0 0 * * MON#1", False, None, ((1, 1),), (), [], []),
    ("0 0 * * 2#3,4#1", False, None, ((2, 3), (4, 1)), (), [], []),
    ("0 0 * * 5#1,3#1,1#2,1#1", False, None, ((1, 1), (1, 2), (3, 1), (5, 1)), (), [], []),
    ("0 0 * * 5L,1L,3L", False, None, (), (1, 3, 5), [], []),
    ("0 0 * * 7#5,mon,WED#L", False, None, ((0, 5),), (3,), [], [1]),
    ("0 12 15W * *", False, 15, (), (), [], []),
    ("0 12 1W * *", False, 1, (), (), [], []),
]


@pytest.mark.parametrize(("text", "last", "nearest", "nth", "last_weekdays", "month_days", "weekdays"), SPECIAL)
def test_special_days(
    text: str,
    last: bool,
    nearest: int | None,
    nth: tuple[tuple[int, int], ...],
    last_weekdays: tuple[int, ...],
    month_days: list[int],
    weekdays: list[int],
) -> None:
    """OCPS 1.3: L, # and W in both day fields, also in lists with plain days."""
    e = parse_expression(text)
    got_days = bits(e.month_days) if e.month_days_restricted else []
    got_weekdays = bits(e.weekdays) if e.weekdays_restricted else []
    got = (e.last_day, e.nearest_weekday, e.nth_weekdays, e.last_weekdays, got_days, got_weekdays)
    assert got == (last, nearest, nth, last_weekdays, month_days, weekdays)


REFUSED = [
    # OCPS 1.0, 6.2, every example
    ("60 * * * *", "in the minute field, '60' is outside 0-59"),
    ("* 24 * * *", "in the hour field, '24' is outside 0-23"),
    ("* * 32 * *", "in the day-of-month field, '32' is outside 1-31"),
    ("* * 0 * *", "in the day-of-month field, '0' is outside 1-31"),
    ("* * * 13 *", "in the month field, '13' is outside 1-12"),
    ("* * * * 8", "in the day-of-week field, '8' is outside 0-7"),
    ("* * * * * 30", "in the day-of-week field, '30' is outside 0-7 (with six fields, the first is for seconds)"),
    ("*/0 * * * *", "in the minute field, '*/0': a step of 0 is not possible: write 1 or more"),
    ("/30 * * * *", "in the minute field, '/30' has nothing before its '/': write */30"),
    ("0/15 * * * *", "in the minute field, '0/15' has a step without a range: write */15"),
    ("0/1 * * * *", "in the minute field, '0/1' has a step without a range: write */1"),
    ("0 0 1/2 * *", "in the day-of-month field, '1/2' has a step without a range: write */2"),
    ("10/ * * * *", "in the minute field, '10/' has no step after its '/': write 10 if you mean no step"),
    ("*/ * * * *", "in the minute field, '*/' has no step after its '/': write * if you mean no step"),
    ("5/x * * * *", "in the minute field, '5/x': the step 'x' is not a number"),
    ("0 0 12 ? * 2-6", "in Quartz 1 is SUN, but here it is MON: for Quartz's weekdays '2-6' write MON-FRI"),
    ("0 0 12 ? * 6L", "for Quartz's weekdays '6L' write FRIL"),
    ("0 0 12 ? * 6#3 *", "for Quartz's weekdays '6#3' write FRI#3"),
    ("10/10 * * * *", "in the minute field, '10/10' has a step without a range: write 10-59/10"),
    ("5/15 * * * *", "write 5-59/15"),
    ("59/15 * * * *", "write 59"),
    ("* * * * MON/2", "in the day-of-week field, 'MON/2' has a step without a range: write MON-6/2"),
    # wrap-around ranges
    ("* 22-2 * * *", "in the hour field, '22-2' runs backwards: write 22-23,0-2"),
    ("* 23-0 * * *", "write 23,0"),
    ("* 22-2/2 * * *", "write 0,2,22"),
    ("* 22-8/3 * * *", "write 1,4,7,22"),
    ("* 22-2/1000 * * *", "write 22"),
    ("* 22-2/x * * *", "'22-2/x' runs backwards"),
    ("* * * NOV-FEB *", "in the month field, 'NOV-FEB' runs backwards: write NOV-DEC,JAN-FEB"),
    ("* * * 12-1 *", "write 12,1"),
    ("* * * NOV-FEB/2 *", "write 1,11"),
    ("* * * * FRI-MON", "in the day-of-week field, 'FRI-MON' runs backwards: write FRI-SUN,MON"),
    ("* * * * FRI-TUE", "write FRI-SUN,MON-TUE"),
    ("* * * * 5-1", "write 5-7,1"),
    ("* * * * 5-0", "write 5-7"),
    ("* * * * 6-2", "write 6-7,1-2"),
    ("* * * * 5-1/2", "write 0,5"),
    # other dialects
    ("? * * * *", "in the minute field, '?' is Quartz's sign for any day, which is not supported: write *"),
    ("* * ? * *", "in the day-of-month field, '?' is Quartz's sign for any day, which is not supported: write *"),
    ("H * * * *", "in the minute field, 'H' is not supported, since a schedule's times can't be random: write 0-59"),
    ("H(0-29)/10 * * * *", "in the minute field, 'H(0' is not supported, since a schedule's times can't be random"),
    ("* R * * *", "in the hour field, 'R' is not supported"),
    ("0~30 * * * *", "in the minute field, '0~30' is a random choice"),
    ("5+ * * * *", "in the minute field, '5+' is not a value: write 0-59"),
    ("1.5 * * * *", "in the minute field, '1.5' is not a value"),
    ("*2 * * * *", "in the minute field, '*2' mixes * with other characters"),
    ("** * * * *", "in the minute field, '**' mixes * with other characters"),
    ("-5 * * * *", "in the minute field, a number is missing"),
    ("5- * * * *", "in the minute field, a number is missing"),
    ("1-2-3 * * * *", "in the minute field, '2-3' is not a value"),
    ("*/5/2 * * * *", "in the minute field, '*/5/2': the step '5/2' is not a number"),
    ("*/-2 * * * *", "the step '-2' is not a number"),
    ("1,,2 * * * *", "in the minute field, an entry of the list is empty"),
    (", * * * *", "in the minute field, an entry of the list is empty"),
    ("٣ * * * *", "in the minute field, '٣' is not a value"),
    ("² * * * *", "in the minute field, '²' is not a value"),
    ("*/٣ * * * *", "the step '٣' is not a number"),
    ("9" * 500 + " * * * *", "in the minute field, '9999999999999999999999999999999999999...' is outside 0-59"),
    ("9" * 41 + " * * * *", "in the minute field, '9999999999999999999999999999999999999...' is outside 0-59"),
    ("9" * 40 + " * * * *", "in the minute field, '9999999999999999999999999999999999999999' is outside 0-59"),
    ("MON * * * *", "in the minute field, 'MON' belongs to the day-of-week field: write 0-59"),
    ("* JAN * * *", "in the hour field, 'JAN' belongs to the month field: write 0-23"),
    ("* * * MON *", "in the month field, 'MON' belongs to the day-of-week field: write 1-12 or JAN-DEC"),
    ("* * * January *", "in the month field, 'January' is not a name: write JAN"),
    ("* * * * Tues", "in the day-of-week field, 'Tues' is not a name: write TUE"),
    ("* * * FOO *", "in the month field, 'FOO' is not a value: write 1-12 or JAN-DEC"),
    # OCPS 1.3: where L, # and W belong, and how they are written
    ("L * * * *", "in the minute field, L belongs to the day-of-month field (L) and the day-of-week field (FRI#L)"),
    ("* * * 2#3 *", "in the month field, '#' belongs to the day-of-week field, as in 2#3 for the third Tuesday"),
    ("* * 2#3 * *", "in the day-of-month field, '#' belongs to the day-of-week field"),
    ("* * l * *", "in the day-of-month field, 'l' must be uppercase: write L"),
    ("* * 15w * *", "in the day-of-month field, '15w' must be uppercase: write 15W"),
    ("* * 1-15W * *", "in the day-of-month field, '1-15W' is not supported: W follows a single day, as in 15W"),
    ("* * 1,15W * *", "in the day-of-month field, '15W' can't be in a list: W must stand alone"),
    ("* * lw * *", "in the day-of-month field, 'lw' must be uppercase: write LW"),
    ("* * Lw * *", "in the day-of-month field, 'Lw' must be uppercase: write LW"),
    ("* * l-3 * *", "in the day-of-month field, 'l-3' must be uppercase: write L-3"),
    ("* * L-0 * *", "in the day-of-month field, 'L-0' is the last day itself: write L"),
    ("* * L-31 * *", "in the day-of-month field, 'L-31': write 1 to 30 after L-"),
    ("* * L-3W * *", "in the day-of-month field, 'L-3W' is not supported: W follows a single day"),
    ("* * L-3-1 * *", "in the day-of-month field, 'L-3-1' is not supported: write L for the last day, LW, or L-3"),
    ("* * L-5/2 * *", "in the day-of-month field, 'L-5/2' is not supported"),
    ("* * 1-L * *", "in the day-of-month field, '1-L' is not supported"),
    ("* * LW-2 * *", "in the day-of-month field, 'LW-2' is not supported"),
    ("* * 15W,LW * *", "in the day-of-month field, '15W' can't be in a list: W must stand alone"),
    ("* * * * LW", "in the day-of-week field, 'LW' is not a value"),
    ("* * 32W * *", "in the day-of-month field, '32' is outside 1-31"),
    ("* * 0W * *", "in the day-of-month field, '0' is outside 1-31"),
    ("* * * * L", "in the day-of-week field, 'L' needs a weekday: write FRI#L"),
    ("* * * * 5l", "in the day-of-week field, '5l' must be uppercase: write 5L"),
    ("* * * * 5#l", "in the day-of-week field, '5#l' must be uppercase: write 5#L"),
    ("* * * * 1-5L", "in the day-of-week field, '1-5L' is not supported: L follows a single weekday"),
    ("* * * * 8L", "in the day-of-week field, '8' is outside 0-7"),
    ("* * * * XYZL", "in the day-of-week field, 'XYZ' is not a value"),
    ("* * * * 1#6", "in the day-of-week field, '1#6': write 1 to 5 after '#', or L for the last"),
    ("* * * * 1#0", "in the day-of-week field, '1#0': write 1 to 5 after '#'"),
    ("* * * * 1#2#3", "in the day-of-week field, '1#2#3' is not a weekday, '#' and a number"),
    ("* * * * 1-5#2", "in the day-of-week field, '1-5#2' is not a weekday"),
    ("* * * * 8#1", "in the day-of-week field, '8' is outside 0-7"),
    ("* * * * 15W", "in the day-of-week field, '15W': W belongs to the day-of-month field"),
    # the whole
    ("", "the cron expression is empty"),
    (" \t ", "the cron expression is empty"),
    ("*", "the cron expression has 1 field: write five"),
    ("* * * *", "the cron expression has 4 fields: write five"),
    (
        "0 15 10 * * * 2025",
        "seven fields, but a year field is not supported: write five or six, and give the schedule",
    ),
    ("* * * * * * * *", "the cron expression has 8 fields"),
    ("* * * * *\n", "contains the character U+000A"),
    ("*\u00a0* * * *", "contains the character U+00A0"),
    ("* * * *\x00 *", "contains the character U+0000"),
    ("*" * 1001, "1001 characters, more than 1000"),
    ("@Daily", "the nickname '@Daily' must be lowercase: write @daily"),
    ("@every 5m", "the nickname @every is not a cron expression: only a schedule can have it"),
    ("@daily 5", "the nickname @daily must stand alone"),
    (
        "@",
        "the nickname '@' is unknown: write one of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly, "
        "@every 90m, @once, or five fields",
    ),
]


@pytest.mark.parametrize(("text", "fragment"), REFUSED)
def test_refused(text: str, fragment: str) -> None:
    """Semantics 3: all else is refused on one line that names the field and, where there is one, the way to write."""
    with pytest.raises(InvalidInput) as caught:
        parse_expression(text)
    assert fragment in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["@reboot", "@Reboot", "@reboot now"])
def test_no_event_is_a_time(text: str) -> None:
    """`@reboot` is refused with the reason, however it is written, and with no way to write it."""
    with pytest.raises(InvalidInput) as caught:
        parse_expression(text)
    assert caught.value.problems == (
        "the nickname '@reboot' is not supported: it names an event, and arco doesn't see a machine boot",
    )


SUGGESTED = [
    ("5/15 * * * *", "5-59/15 * * * *"),
    ("59/15 * * * *", "59 * * * *"),
    ("/30 * * * *", "*/30 * * * *"),
    ("* 22-2 * * *", "* 22-23,0-2 * * *"),
    ("* 23-0 * * *", "* 23,0 * * *"),
    ("* 22-2/2 * * *", "* 0,2,22 * * *"),
    ("* 22-8/3 * * *", "* 1,4,7,22 * * *"),
    ("* 22-2/1000 * * *", "* 22 * * *"),
    ("* * * NOV-FEB *", "* * * NOV-DEC,JAN-FEB *"),
    ("* * * NOV-FEB/2 *", "* * * 1,11 *"),
    ("* * * * FRI-MON", "* * * * FRI-SUN,MON"),
    ("* * * * FRI-TUE", "* * * * FRI-SUN,MON-TUE"),
    ("* * * * 5-0", "* * * * 5-7"),
    ("* * * * 6-2", "* * * * 6-7,1-2"),
    ("* * * * 5-1/2", "* * * * 0,5"),
    ("* * * * MON/2", "* * * * MON-6/2"),
    ("* * ? * *", "* * * * *"),
    ("* * * January *", "* * * JAN *"),
    ("* * * * 5l", "* * * * 5L"),
    ("@Daily", "@daily"),
]


@pytest.mark.parametrize(("text", "instead"), SUGGESTED)
def test_the_suggested_way_is_read(text: str, instead: str) -> None:
    """What a refusal says to write is itself accepted."""
    with pytest.raises(InvalidInput) as caught:
        parse_expression(text)
    suggestion = str(caught.value).rsplit(": write ", 1)[1]
    assert suggestion == next(new for old, new in zip(text.split(), instead.split(), strict=True) if old != new)
    parse_expression(instead)


def test_every_problem_is_reported() -> None:
    """One error names the problems of all fields."""
    with pytest.raises(InvalidInput) as caught:
        parse_expression("60 22-2 ? * 5/2")
    assert caught.value.problems == (
        "in the minute field, '60' is outside 0-59",
        "in the hour field, '22-2' runs backwards: write 22-23,0-2",
        "in the day-of-month field, '?' is Quartz's sign for any day, which is not supported: write *",
        "in the day-of-week field, '5/2' has a step without a range: write 5-6/2",
    )


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("22-2/1000", "in the hour field, '22-2/1000' runs backwards: write 22"),
        ("22-2/10000", "in the hour field, '22-2/10000' runs backwards"),
    ],
)
def test_a_step_that_is_too_long_to_count(field: str, said: str) -> None:
    """How to write a range that runs backwards is worked out for steps of up to four digits."""
    with pytest.raises(InvalidInput) as caught:
        parse_expression(f"* {field} * * *")
    assert caught.value.problems == (said,)


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("30 2 * * *", True),
        ("* 2 * * *", False),
        ("30 * * * *", False),
        ("*/5 2 * * *", False),
        ("0 */2 * * *", False),
        ("0-59 0-23 * * *", True),
        ("* 30 2 * * *", True),
        ("0 * 2 * * *", False),
        ("5,* 2 * * *", True),
        ("@daily", True),
        ("@hourly", False),
    ],
)
def test_fixed_time_is_told_by_the_text(text: str, fixed: bool) -> None:
    """Semantics 3: an expression is a fixed time when neither its minute nor its hour field starts with `*`."""
    assert parse_expression(text).fixed_time is fixed


def test_text_and_fields() -> None:
    """The text is kept with single spaces and a nickname as it is; the fields spell it out."""
    e = parse_expression("  0\t 9 * *   mon ")
    assert (e.text, e.fields) == ("0 9 * * mon", ("0", "9", "*", "*", "mon"))
    assert e.field_names == ("minute", "hour", "day-of-month", "month", "day-of-week")
    nickname = parse_expression("@weekly")
    assert (nickname.text, nickname.fields) == ("@weekly", ("0", "0", "*", "*", "0"))
    assert parse_expression("1 0 9 * * mon").field_names[0] == "second"


@pytest.mark.parametrize("name", sorted(NICKNAMES))
def test_nicknames_equal_their_patterns(name: str) -> None:
    """OCPS 1.1: a nickname is its five-field pattern."""
    e, spelled = parse_expression(name), parse_expression(NICKNAMES[name])
    assert [e.days(2024, m) for m in range(1, 13)] == [spelled.days(2024, m) for m in range(1, 13)]
    assert (e.seconds, e.minutes, e.hours) == (spelled.seconds, spelled.minutes, spelled.hours)


W_EXAMPLES = [
    ("15W", 2025, 1, 15),  # a Wednesday stays
    ("15W", 2025, 2, 14),  # a Saturday goes to its Friday
    ("15W", 2025, 6, 16),  # a Sunday goes to its Monday
    ("1W", 2025, 2, 3),  # a Saturday on the 1st stays within the month: Monday the 3rd
    ("1W", 2025, 6, 2),
    ("31W", 2025, 8, 29),  # a Sunday on the last day stays within the month: Friday the 29th
    ("31W", 2025, 5, 30),
    ("31W", 2025, 4, None),  # April has no 31st
]


@pytest.mark.parametrize(("field", "year", "month", "day"), W_EXAMPLES)
def test_nearest_weekday(field: str, year: int, month: int, day: int | None) -> None:
    """OCPS 1.3, 4.3: the closest weekday to the date, within its month."""
    assert bits(parse_expression(f"0 12 {field} * *").days(year, month)) == ([] if day is None else [day])


@pytest.mark.parametrize("n", range(1, 32))
def test_nearest_weekday_by_definition(n: int) -> None:
    """`nW` is the weekday of the month with the least distance to the nth, in a month of each kind that there is."""
    e = parse_expression(f"0 0 {n}W * *")
    firsts = [dt.date(2000 + month // 12, month % 12 + 1, 1) for month in range(28 * 12)]
    # A month is told by its length and the weekday of its first day: 28 kinds, all of them in 28 years.
    kinds = {((first + dt.timedelta(days=31)).day, first.weekday()): first for first in firsts}
    assert len(kinds) == 28
    for first in kinds.values():
        days = [d for d in range(1, 32) if (first + dt.timedelta(days=d - 1)).month == first.month]
        assert bits(e.days(first.year, first.month)) == [d for d in days if is_nearest_weekday(first.replace(day=d), n)]


@pytest.mark.parametrize(
    "field", ["LW", "L-1", "L-3", "L-28", "L-29", "L-30", "1,LW", "LW,L-3", "L,L-30", "10-12,L-3,LW"]
)
def test_last_days_over_the_whole_calendar(field: str) -> None:
    """400 years of dates counted by hand: `LW` the last Monday to Friday of the month, `L-3` the third day before the
    last one, none where the month is too short; also in lists."""
    e = parse_expression(f"0 0 {field} * *")
    items = field.split(",")
    for year in range(2000, 2400):
        for month in range(1, 13):
            length = calendar.monthrange(year, month)[1]
            wanted = set()
            for item in items:
                if item == "LW":
                    wanted.add(max(d for d in range(1, length + 1) if calendar.weekday(year, month, d) < 5))
                elif item[0] == "L":
                    wanted.add(length - int(item[2:] or 0))
                else:
                    low, _, high = item.partition("-")
                    wanted |= set(range(int(low), int(high or low) + 1))
            assert bits(e.days(year, month)) == sorted(wanted - set(range(-31, 1)))


def test_lists_of_last_days() -> None:
    """What the fields say, beside plain days."""
    e = parse_expression("0 0 L-3,L-03,L-12,LW,5 * *")
    assert (e.days_before_last, e.last_working_day, e.last_day, bits(e.month_days)) == ((3, 12), True, False, [5])
    assert e.special_days


def day_number(date: str) -> int:
    return (dt.date.fromisoformat(date) - dt.date(1970, 1, 1)).days


SEARCHES = [
    # text, from this date, the first that matches, the last that does
    ("0 0 10 * *", "2025-03-10", "2025-03-10", "2025-03-10"),
    ("0 0 10,20 * *", "2025-03-11", "2025-03-20", "2025-03-10"),
    ("0 0 10 * *", "2025-03-11", "2025-04-10", "2025-03-10"),
    ("0 0 10 * *", "2025-03-09", "2025-03-10", "2025-02-10"),
    ("0 0 12,14 5,7 *", "2025-06-15", "2025-07-12", "2025-05-14"),
    ("0 0 12,14 4,8 *", "2025-06-15", "2025-08-12", "2025-04-14"),
    ("0 0 12,14 1,12 *", "2025-06-15", "2025-12-12", "2025-01-14"),
    ("0 0 12,14 5 *", "2025-06-15", "2026-05-12", "2025-05-14"),
    ("0 0 12,14 7 *", "2025-06-15", "2025-07-12", "2024-07-14"),
    ("0 0 4,6 1 *", "2025-01-05", "2025-01-06", "2025-01-04"),
    ("0 0 4,6 1 *", "2025-01-07", "2026-01-04", "2025-01-06"),
    ("0 0 4,6 1 *", "2025-01-03", "2025-01-04", "2024-01-06"),
    ("0 0 31 12 *", "2025-12-30", "2025-12-31", "2024-12-31"),
    ("0 0 29 2 *", "2022-06-01", "2024-02-29", "2020-02-29"),
    ("0 0 29 2 *", "2023-06-01", "2024-02-29", "2020-02-29"),
    ("0 0 29 2 *", "2100-02-28", "2104-02-29", "2096-02-29"),
    ("0 0 * 2 MON#5", "2100-01-01", "2112-02-29", "2072-02-29"),  # the longest way that there is
    ("0 0 * * *", "2025-06-15", "2025-06-15", "2025-06-15"),
]


@pytest.mark.parametrize(("text", "start", "first", "last"), SEARCHES)
def test_the_nearest_days(text: str, start: str, first: str, last: str) -> None:
    """The search for a day finds the nearest on either side, the day where it begins among them."""
    e = parse_expression(text)
    assert e.day_at_or_after(day_number(start)) == day_number(first)
    assert e.day_at_or_before(day_number(start)) == day_number(last)


COUNTS = [
    # text, the first day, the day after the last, how many match
    ("0 0 10 * *", "2025-03-10", "2025-03-10", 0),
    ("0 0 10 * *", "2025-04-10", "2025-03-10", 0),
    ("0 0 10 * *", "2025-03-01", "2025-03-10", 0),
    ("0 0 10 * *", "2025-03-10", "2025-03-11", 1),
    ("0 0 10 * *", "2025-03-11", "2025-03-12", 0),
    ("0 0 1 * *", "2025-03-01", "2025-03-02", 1),
    ("0 0 10 * *", "2025-03-10", "2025-05-10", 2),
    ("0 0 10 * *", "2025-03-11", "2025-05-11", 2),
    ("0 0 1 * *", "2024-11-02", "2025-02-01", 2),
    ("0 0 1 * *", "2024-11-01", "2025-02-02", 4),
    ("0 0 10 1,12 *", "2023-12-11", "2026-01-11", 5),
    ("0 0 29 2 *", "1999-01-01", "2401-01-01", 98),
    ("0 0 29 2 *", "2000-03-01", "2400-02-29", 96),
    ("0 0 * * *", "2025-01-01", "2025-01-11", 10),
    ("0 0 * * *", "2025-01-11", "2025-01-01", 0),
]


@pytest.mark.parametrize(("text", "start", "stop", "count"), COUNTS)
def test_the_number_of_days(text: str, start: str, stop: str, count: int) -> None:
    """The count takes the first day in and leaves the last out, and is the same when the calendar was tabled before."""
    e = dataclasses.replace(parse_expression(text))
    assert e.count_days(day_number(start), day_number(stop)) == count
    assert not e.never  # and for that it looks at the whole calendar
    assert e.count_days(day_number(start), day_number(stop)) == count


@pytest.mark.slow
@given(expressions(), st.dates(dt.date(1, 1, 2), dt.date(9990, 1, 1)))
@settings(derandomize=True, max_examples=150, deadline=None)
def test_days_as_drawn(drawn: Drawn, day: dt.date) -> None:
    """The days of a month, the search in both directions and the count agree with the meaning day by day."""
    e = parse_expression(drawn.text)
    number = day.toordinal() - dt.date(1970, 1, 1).toordinal()
    span = [drawn.on(day + dt.timedelta(days=i)) for i in range(100)]
    assert [e.matches_day(number + i) for i in range(100)] == span
    assert e.count_days(number, number + 100) == sum(span)
    if any(span):
        assert e.day_at_or_after(number) == number + span.index(True)
        assert e.day_at_or_before(number + 99) == number + 99 - span[::-1].index(True)


@pytest.mark.slow
@given(expressions(), st.integers(-800_000, 3_000_000), st.integers(0, 400_000))
@settings(derandomize=True, max_examples=60, deadline=None)
def test_long_counts_are_sums_of_months(drawn: Drawn, start: int, length: int) -> None:
    """The count of days over centuries is the sum over the months in between."""
    e: CronExpression = parse_expression(drawn.text)
    middle = start + length // 3
    whole = e.count_days(start, start + length)
    assert whole == e.count_days(start, middle) + e.count_days(middle, start + length)
    assert e.count_days(start, start + 146_097 * 3) == 3 * sum(
        e.days(y, m).bit_count() for y in range(400) for m in range(1, 13)
    )


@pytest.mark.parametrize(
    ("text", "masks"),
    [
        ("0 0 1 2,12 *", (0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2)),
        ("0 0 30 2 *", (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
    ],
)
def test_a_year_has_twelve_months(text: str, masks: tuple[int, ...]) -> None:
    """The masks of a year are those of its twelve months, and before them an empty one."""
    assert parse_expression(text).year(2025) == masks


@pytest.mark.parametrize(
    ("text", "minutes", "times"),
    [
        ("* * * * *", 1, 1),
        ("* * * * *", 15, 15),
        ("0 10 * * *", 1, 1),
        ("0 10 * * *", 15, 1),
        ("1,2 * * * *", 2, 2),
        ("1,15 * * * *", 15, 2),
        ("0,1 * * * *", 15, 1),
        ("0,1,59 * * * *", 60, 3),
        ("46,50,55,0 * * * *", 15, 4),
        ("* * * * * *", 1, 60),
        ("*/20 */5 * * * *", 15, 9),
    ],
)
def test_times_between_two_evaluations(text: str, minutes: int, times: int) -> None:
    """The most that can be due at once, where evaluations happen at the minutes 0, 15, 30 and 45, and so on."""
    assert parse_expression(text).times_within(minutes) == times


def test_the_kinds_of_years() -> None:
    """Each year of the cycle is told by the weekday of its first day, from 0 for Sunday, and by whether it is leap."""
    firsts = [dt.date(2000 + year, 1, 1).isoweekday() % 7 for year in range(400)]
    assert list(_kinds()) == [first + 7 * calendar.isleap(2000 + year) for year, first in enumerate(firsts)]


@pytest.mark.parametrize(
    ("text", "every_day"),
    [
        ("30 9 * * *", True),
        ("30 9 * 1-12 *", True),
        ("30 9 * 1-11 *", False),
        ("30 9 1-31 * *", False),
        ("30 9 * * 0-6", False),
        ("30 9 1 * MON", False),
    ],
)
def test_every_day(text: str, every_day: bool) -> None:
    """An expression is for every day when both day fields are `*` and the month field leaves no month out."""
    assert parse_expression(text).every_day is every_day


@pytest.mark.parametrize(
    ("text", "date", "month_day", "weekday"),
    [
        # 2025-03-10 is a Monday
        ("0 0 10 * MON", "2025-03-10", True, True),
        ("0 0 10 * MON", "2025-03-09", False, False),
        ("0 0 10 * MON", "2025-03-11", False, False),
        ("0 0 10 * MON", "2025-04-10", True, False),
        ("0 0 10 * MON", "2025-03-17", False, True),
        ("0 0 10 4 MON", "2025-03-10", True, True),
        ("0 0 * * TUE", "2025-03-10", True, False),
        ("0 0 9 * *", "2025-03-10", False, True),
        ("0 0 L * MON#L", "2025-03-31", True, True),
        ("0 0 L * MON#L", "2025-03-30", False, False),
        ("0 0 L * THU#5", "2024-02-29", True, True),
        ("0 0 L * THU#5", "2023-02-28", True, False),
        ("0 0 LW * *", "2025-05-30", True, True),
        ("0 0 LW * *", "2025-05-31", False, True),
        ("0 0 15W * *", "2025-03-14", True, True),
        ("0 0 15W * *", "2025-03-15", False, True),
    ],
)
def test_one_field_by_itself(text: str, date: str, month_day: bool, weekday: bool) -> None:
    """Each day field is asked by itself whether it matches a date, whatever the month and the other day field say."""
    e, day = parse_expression(text), dt.date.fromisoformat(date)
    assert e.matches_month_day(day.year, day.month, day.day) is month_day
    assert e.matches_weekday(day.year, day.month, day.day) is weekday


def test_what_is_remembered_is_no_part_of_the_value() -> None:
    """Days worked out before change neither equality nor how an expression is shown, and a changed copy has its own."""
    fresh = dataclasses.replace(parse_expression("0 0 1 * *"))
    used = dataclasses.replace(fresh)
    shown = repr(used)
    assert not used.never
    assert used == fresh
    assert repr(used) == shown == repr(fresh)
    changed = dataclasses.replace(used, month_days=1 << 30, months=1 << 2)
    assert changed.days(2025, 2) == 0
    assert changed.never


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("0 0 30 2 *", True),
        ("0 0 31 4,6,9,11 *", True),
        ("0 0 29 2 *", False),
        ("0 0 30 2 MON", False),
        ("* * * * *", False),
    ],
)
def test_never(text: str, never: bool) -> None:
    """OCPS 1.0, 6.2: an impossible date is read, and known to be one."""
    e = parse_expression(text)
    assert e.never is never
    assert (e.day_at_or_after(0) is None) is never
    assert (e.day_at_or_before(0) is None) is never


@given(st.text(st.sampled_from("0123456789*,-/#LWlw?@ \t\nMONFRISUJAy٣"), max_size=40))
@settings(derandomize=True, max_examples=500, deadline=None)
def test_anything_is_read_or_refused(text: str) -> None:
    """No text makes the reader fail in another way than `InvalidInput`; what it reads it reads again from `text`."""
    try:
        e = parse_expression(text)
    except InvalidInput:
        return
    assert parse_expression(e.text) == e
