"""Days as text and as numbers, held against `datetime`."""

import datetime as dt
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.core.days import DaySet, days_of, format_days, merged, parse_days
from arco_sched.core.kinds import problems_of
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
    assert DaySet(texts).ranges() == found
    assert {day for day in around if day in DaySet(texts)} == wanted
    assert {day for day in around if day in days_of(json.dumps(texts))} == wanted


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ((), []),
        (("2025-12-25", "2025-12-25"), []),
        (("2024-02-29",), []),
        (("2025-02-29", "x", 3, "2025-12-02..2025-12-01"), ["day", "days", "not_text", "days_backwards"]),
        (("2025-12-25..",), ["days"]),
        (("2025-12-25...2025-12-26",), ["days"]),
        (("2025-12-25 ",), ["days"]),
        (("２025-12-25",), ["days"]),
        (("10000-01-01",), ["days"]),
        ("2025-12-25", ["not_list"]),
    ],
)
def test_checked(value: object, codes: list[str]) -> None:
    """Every entry that is no day is a problem of its own."""
    assert [problem.code for problem in problems_of(Days(), "excluded_days", value)] == codes
