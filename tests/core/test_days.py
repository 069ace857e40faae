"""Days as text and as numbers, held against `datetime`."""

import datetime as dt
import json
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.core.days import DaySet, days_of, format_days, merged, parse_days
from arco_sched.core.kinds import problems_of
from arco_sched.core.problems import Problem
from arco_sched.core.special_kinds import Days

EPOCH = dt.date(1970, 1, 1).toordinal()
SPANS = st.tuples(st.dates(dt.date(2024, 1, 1), dt.date(2026, 12, 31)), st.integers(0, 40)).map(
    lambda each: (each[0].toordinal() - EPOCH, each[0].toordinal() - EPOCH + each[1])
)


@given(st.dates(), st.integers(0, 10_000))
def test_text_and_back(day: dt.date, length: int) -> None:
    """A range is two dates with two dots, one day a date alone; every date that there is."""
    first = day.toordinal() - EPOCH
    last = min(first + length, dt.date.max.toordinal() - EPOCH)
    until = dt.date.fromordinal(last + EPOCH)
    text = f"{day.isoformat()}..{until.isoformat()}" if last > first else day.isoformat()
    assert format_days(first, last) == text
    assert parse_days(text) == (first, last)


def test_the_first_and_the_last_day() -> None:
    """The years 1 to 9999, both ends included."""
    first, last = (day.toordinal() - EPOCH for day in (dt.date.min, dt.date.max))
    assert parse_days("0001-01-01") == (first, first)
    assert parse_days("0001-01-01..9999-12-31") == (first, last)


@given(st.lists(SPANS, max_size=12))
def test_merged(spans: list[tuple[int, int]]) -> None:
    """The same days in the fewest ranges; a set of texts has exactly them, however they are given."""
    wanted = {day for first, last in spans for day in range(first, last + 1)}
    found = merged(spans)
    assert [day for first, last in found for day in range(first, last + 1)] == sorted(wanted)
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(found))
    texts = [format_days(*span) for span in spans]
    assert Days().normal(texts) == tuple(format_days(*span) for span in found)
    around = range(min(wanted, default=0) - 2, max(wanted, default=0) + 3)
    given_days, stored_days = DaySet(texts), days_of(json.dumps(texts))
    assert given_days.ranges() == stored_days.ranges() == found
    assert {day for day in around if day in given_days} == wanted
    assert {day for day in around if day in stored_days} == wanted


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ((), []),
        (("2025-12-25", "2025-12-25"), []),
        (("2024-02-29",), []),
        (
            ("2025-02-29", "2025-12-25", "x", 3, "2025-12-02..2025-12-01"),
            [
                ("day", {"entry": 0, "value": "2025-02-29"}),
                ("days", {"entry": 2, "value": "x"}),
                ("not_text", {"entry": 3}),
                ("days_backwards", {"entry": 4, "value": "2025-12-02..2025-12-01"}),
            ],
        ),
        (("2025-12-25..2025-02-30",), [("day", {"entry": 0, "value": "2025-12-25..2025-02-30"})]),
        (("2025-12-25..",), [("days", {"entry": 0, "value": "2025-12-25.."})]),
        (("2025-12-25...2025-12-26",), [("days", {"entry": 0, "value": "2025-12-25...2025-12-26"})]),
        (("2025-12-25 ",), [("days", {"entry": 0, "value": "2025-12-25 "})]),
        (("２025-12-25",), [("days", {"entry": 0, "value": "２025-12-25"})]),
        (("10000-01-01",), [("days", {"entry": 0, "value": "10000-01-01"})]),
        ("2025-12-25", [("not_list", {"of": "strings", "example": '"…"'})]),
    ],
)
def test_checked(value: object, found: list[tuple[str, dict[str, object]]]) -> None:
    """Every entry that is no day is a problem of its own, with its place in the list."""
    assert problems_of(Days(), "excluded_days", value) == [Problem("excluded_days", *each) for each in found]


@pytest.mark.parametrize(("ranges", "found"), [(1000, []), (1001, [("too_many_days", {"most": 1000})])])
def test_at_most_a_thousand_ranges(ranges: int, found: list[tuple[str, dict[str, object]]]) -> None:
    """Days that touch count as one range, so ten years of them are few."""
    apart = [format_days(2 * place, 2 * place) for place in range(ranges)]
    assert problems_of(Days(), "excluded_days", apart) == [Problem("excluded_days", *each) for each in found]
    assert problems_of(Days(), "excluded_days", [format_days(day, day) for day in range(3653)]) == []


def test_a_wrong_day_is_told_before_their_number() -> None:
    """Only days that can be read are counted."""
    many = [format_days(2 * place, 2 * place) for place in range(1001)]
    assert problems_of(Days(), "excluded_days", [*many, "x"]) == [
        Problem("excluded_days", "days", {"entry": 1001, "value": "x"})
    ]


@pytest.mark.parametrize("text", ["", "2025-12-25..", "2025-13-01", "2025-00-01", "2025-01-00", "0000-01-01", "x"])
def test_no_days(text: str) -> None:
    """What names no day of the years 1 to 9999 can't be read."""
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        parse_days(text)
