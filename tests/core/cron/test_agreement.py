"""Occurrences against other readings of the same rules: literal ones, cronsim and croniter."""

import itertools

import pytest
from croniter import croniter
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from arco_sched.core.cron import load_zone, timetable
from arco_sched.core.cron.zones import year_start
from tests.core.cron.oracles import (
    CHANGING_ZONES,
    Drawn,
    at,
    epoch,
    expressions,
    fixed_occurrences,
    interval_occurrences,
    near_changes,
    zone_info,
)

pytestmark = pytest.mark.slow

DAY = 86_400
ODD_ZONES = (*CHANGING_ZONES, "America/Juneau", "Asia/Manila", "Asia/Pyongyang", "Pacific/Kwajalein", "Africa/Monrovia")
POLICIES = list(itertools.product(["next", "skip"], ["first", "last", "both"]))


@given(
    expressions(fixed=False), near_changes(CHANGING_ZONES, year_start(1975), year_start(2100)), st.integers(0, 2 * DAY)
)
@settings(derandomize=True, max_examples=120, deadline=None)
def test_intervals_minute_by_minute(drawn: Drawn, change: tuple[str, int], before: int) -> None:
    """Around a change of the clock, an interval occurs in exactly the minutes whose reading matches."""
    name, instant = change
    start, stop = instant - before, instant + DAY
    table = timetable(drawn.text, name)
    assert not table.expression.fixed_time
    assert list(table.between(start, stop)) == interval_occurrences(drawn, zone_info(name), start, stop)


@given(expressions(fixed=False, seconds=True), near_changes(ODD_ZONES, year_start(1840), year_start(2100)))
@settings(derandomize=True, max_examples=60, deadline=None)
def test_intervals_second_by_second(drawn: Drawn, change: tuple[str, int]) -> None:
    """The same with six fields and in offsets with seconds, for the half hour on either side."""
    name, instant = change
    start, stop = instant - 1800, instant + 1800
    wanted = interval_occurrences(drawn, zone_info(name), start, stop, step=1)
    assert list(timetable(drawn.text, name).between(start, stop)) == wanted


@given(
    expressions(fixed=True),
    near_changes(ODD_ZONES, year_start(1840), year_start(2100)),
    st.sampled_from(POLICIES),
    st.integers(0, 2 * DAY),
)
@settings(derandomize=True, max_examples=250, deadline=None)
def test_fixed_times_one_by_one(drawn: Drawn, change: tuple[str, int], policy: tuple[str, str], before: int) -> None:
    """Around a change of the clock, fixed times happen as the policy says of each wall time by itself."""
    name, instant = change
    table = timetable(drawn.text, name, *policy)
    assert table.expression.fixed_time
    start, stop = instant - before, instant + 2 * DAY
    assert list(table.between(start, stop)) == fixed_occurrences(drawn, zone_info(name), start, stop, *policy)


@given(
    expressions(fixed=True, seconds=True),
    near_changes(ODD_ZONES, year_start(1840), year_start(2100)),
    st.sampled_from(POLICIES),
)
@settings(derandomize=True, max_examples=40, deadline=None)
def test_fixed_times_with_seconds(drawn: Drawn, change: tuple[str, int], policy: tuple[str, str]) -> None:
    """The same with six fields."""
    name, instant = change
    start, stop = instant - DAY // 2, instant + DAY // 2
    wanted = fixed_occurrences(drawn, zone_info(name), start, stop, *policy)
    assert list(timetable(drawn.text, name, *policy).between(start, stop)) == wanted


@given(
    expressions(fixed=True, special=False, steps=False),
    st.one_of(
        near_changes(CHANGING_ZONES, year_start(1976), year_start(2090)),
        st.tuples(st.sampled_from(CHANGING_ZONES), st.integers(year_start(1976), year_start(2090))),
    ),
    st.integers(-3 * DAY, 3 * DAY),
)
@settings(derandomize=True, max_examples=350, deadline=None)
def test_cronsim_agrees_on_fixed_times(drawn: Drawn, change: tuple[str, int], shift: int) -> None:
    """Debian cron's rules, as cronsim has them, are the default policy.

    Left out: starts between the two readings of a doubled time (cronsim takes the second reading for a new one), `*/n`
    in a day field (Debian joins it to the other day field by `and`), and the years of offsets with seconds.
    """
    name, instant = change
    start = instant + shift
    table = timetable(drawn.text, name)
    if table.expression.never or any(
        len(table.readings(local)) > 1 for local in (start + load_zone(name).offset_at(start),)
    ):
        return
    sim = CronSim(drawn.text, at(start).astimezone(zone_info(name)))
    theirs = [epoch(moment) for moment in itertools.islice(sim, 6)]
    assert table.take(start + 1, theirs[-1] + 1, 100) == theirs


@given(expressions(special=False), st.integers(year_start(1971), year_start(2090)))
@settings(derandomize=True, max_examples=200, deadline=None)
def test_croniter_agrees_in_utc(drawn: Drawn, start: int) -> None:
    """In UTC, croniter finds the same occurrences, for what it reads as it is written.

    Left out: a range or step that leaves one value, which it widens to the whole field; and a day field that
    names all its days, which it takes for `*`.
    """
    table = timetable(drawn.text, "UTC")
    e = table.expression
    if table.expression.never or _misread(drawn.text):
        return
    if (e.month_days_restricted and e.month_days == 0xFFFF_FFFE) or (e.weekdays_restricted and e.weekdays == 0x7F):
        return
    ours = table.take(start + 1, start + 40 * 366 * DAY, 8)
    reader = croniter(drawn.text, start)
    assert ours == [int(reader.get_next(float)) for _ in ours]


def _misread(text: str) -> bool:
    highs = (59, 23, 31, 12, 7)
    lows = (0, 0, 1, 1, 0)
    for field, low, high in zip(text.split(), lows, highs, strict=True):
        for item in field.split(","):
            body, _, step = item.partition("/")
            first, last = (low, high - (high == 7)) if body == "*" else [int(n) for n in (body.split("-") * 2)[:2]]
            if step and int(step) > last - first:
                return True
    return False


@pytest.mark.parametrize("text", ["0 0 L * *", "0 0 L 2 *", "0 0 * * 2#3", "0 0 * * 1#5", "0 12 1,L * *"])
def test_croniter_agrees_on_special_days(text: str) -> None:
    """The last day of the month and the nth weekday are croniter's too."""
    start = year_start(2020)
    ours = timetable(text, "UTC").take(start + 1, year_start(2060), 60)
    reader = croniter(text, start)
    assert ours == [int(reader.get_next(float)) for _ in ours]
