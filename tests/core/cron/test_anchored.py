"""`@every` and `@once`: counted from the start, by arithmetic that is held against counting by hand."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.core.cron import AnchoredTimetable, check_expression, read_expression, timetable, timetable_from
from arco_sched.core.cron.anchored import MAX_EVERY, Anchored
from arco_sched.core.cron.explanation import Explanation
from arco_sched.core.errors import InvalidInput
from arco_sched.core.instants import MAX_INSTANT, MIN_INSTANT, format_instant, parse_instant

START = parse_instant("2025-03-08T12:00:00Z")
"""The day before the clocks of New York go forward."""


def table(text: str, anchor: int = START, zone: str = "UTC") -> AnchoredTimetable:
    found = timetable_from(text, zone, "next", "first", anchor)
    assert isinstance(found, AnchoredTimetable)
    return found


@pytest.mark.parametrize(
    ("text", "every", "shown"),
    [
        ("@every 90m", 5400, "@every 90m"),
        ("  @every\t 1s ", 1, "@every 1s"),
        ("@every 36h", 36 * 3600, "@every 36h"),
        ("@every 3d", 3 * 86_400, "@every 3d"),
        ("@every 2w", 14 * 86_400, "@every 2w"),
        ("@every 36600d", MAX_EVERY, "@every 36600d"),
        ("@once", None, "@once"),
        (" @once ", None, "@once"),
    ],
)
def test_accepted(text: str, every: int | None, shown: str) -> None:
    """A whole number with a unit, or nothing; both are what a definition takes."""
    found = check_expression(text)
    assert isinstance(found, Anchored)
    assert (found.every, found.text) == (every, shown)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@every", "@every takes one interval: a whole number and s, m, h, d or w, such as 30s"),
        ("@every 5 m", "@every takes one interval"),
        ("@every 90", "the interval '90' of @every can't be read: write a whole number and s, m, h, d or w"),
        ("@every 1h30m", "the interval '1h30m' of @every can't be read: write 90m"),
        ("@every 1m30s", "write 90s"),
        ("@every 24h1440m", "write 2d"),
        ("@every 1.5h", "the interval '1.5h' of @every can't be read: write a whole number"),
        ("@every 1h+30m", "the interval '1h+30m' of @every can't be read: write a whole number"),
        ("@every " + "9" * 40, f"the interval '{'9' * 40}' of @every can't be read"),
        ("@every " + "9" * 41, f"the interval '{'9' * 37}...' of @every can't be read"),
        ("@every -5m", "can't be read"),
        ("@every 5M", "can't be read"),
        ("@every ٥m", "can't be read"),
        ("@every 0s", "the interval '0s' of @every must be between 1 second and 100 years"),
        ("@every 36601d", "must be between 1 second and 100 years"),
        ("@every5m", "the nickname '@every5m' is unknown: did you mean @every or @once?"),
        ("@EVERY 5m", "the nickname '@EVERY' must be lowercase: write @every"),
        ("@everyday", "the nickname '@everyday' is unknown"),
        ("@once 2025-01-15", "the nickname @once must stand alone: give the time as the start of the schedule"),
        ("@Once", "write @once"),
        ("@once\n", "the nickname '@once\\n' is unknown"),
        ("@onceX", "the nickname '@onceX' is unknown"),
        ("@every\u00a05m", "is unknown"),
    ],
)
def test_refused(text: str, said: str) -> None:
    """Anything else is refused, with the way to write it."""
    with pytest.raises(InvalidInput) as caught:
        read_expression(text)
    assert said in str(caught.value)


def test_once_has_no_time_of_its_own() -> None:
    """`@once` is due at the start of its schedule, and what follows it is refused in one sentence."""
    with pytest.raises(InvalidInput) as caught:
        read_expression("@once 2025-01-15")
    assert caught.value.problems == ("the nickname @once must stand alone: give the time as the start of the schedule",)


def test_other_expressions_have_their_timetable() -> None:
    """What isn't counted from a start is read in its zone, with what is chosen for clock changes."""
    wanted = timetable("30 2 * * *", "America/New_York", "skip", "last")
    assert timetable_from("30 2 * * *", "America/New_York", "skip", "last", START) is wanted


def test_problems_all_at_once() -> None:
    """The interval and the zone are both named."""
    with pytest.raises(InvalidInput) as caught:
        timetable_from("@every 0s", "Mars", "next", "first", 0)
    assert len(caught.value.problems) == 2


@given(
    st.integers(1, 10_000),
    st.integers(-(10**6), 10**6),
    st.integers(-20_000, 20_000),
    st.integers(-10, 60_000),
    st.integers(-1, 40),
)
def test_one_answer(every: int, anchor: int, start: int, length: int, limit: int) -> None:
    """Every question is answered as by looking at each second of the range."""
    times = table(f"@every {every}s", anchor)
    low, stop = anchor + start, anchor + start + length
    found = [at for at in range(low, stop) if (at - anchor) % every == 0]
    assert list(times.between(low, stop)) == found
    assert list(times.backwards(low, stop)) == found[::-1]
    assert times.count(low, stop) == len(found)
    kept = max(limit, 0)
    assert times.take(low, stop, limit) == found[:kept]
    assert times.take_newest(low, stop, limit) == (found[-kept:] if kept else [])
    after, before = times.next(low), times.previous(stop)
    assert after is not None
    assert before is not None
    assert [after] == [at for at in range(low, low + every) if (at - anchor) % every == 0]
    assert [before] == [at for at in range(stop - every, stop) if (at - anchor) % every == 0]
    assert times.matches(low) == ((low - anchor) % every == 0)


@given(st.integers(-500, 500), st.integers(0, 1000), st.integers(-1, 3))
def test_once_is_once(start: int, length: int, limit: int) -> None:
    """`@once` is its anchor, whoever asks how."""
    times = table("@once")
    low, stop = START + start, START + start + length
    found = [START] if low <= START < stop else []
    assert list(times.between(low, stop)) == list(times.backwards(low, stop)) == found
    assert times.count(low, stop) == len(found)
    assert times.take(low, stop, limit) == times.take_newest(low, stop, limit) == found[: max(limit, 0)]
    assert times.next(low) == (START if low <= START else None)
    assert times.previous(low) == (START if low > START else None)


@pytest.mark.parametrize(
    ("text", "minutes", "times"),
    [
        ("@once", 1, 1),
        ("@once", 60, 1),
        ("@every 1s", 1, 60),
        ("@every 30s", 2, 4),
        ("@every 45s", 1, 2),
        ("@every 60s", 1, 1),
        ("@every 7m", 15, 3),
        ("@every 36h", 60, 1),
    ],
)
def test_times_between_two_evaluations(text: str, minutes: int, times: int) -> None:
    """The most that can be due at once; an interval that doesn't fit begins anew."""
    expression = read_expression(text)
    assert isinstance(expression, Anchored)
    assert expression.times_within(minutes) == times


def test_clock_changes_do_not_touch_it() -> None:
    """6 hours are 6 hours, in the night in which New York's clocks go forward and in the one in which they go back."""
    times = table("@every 6h", zone="America/New_York")
    assert [format_instant(at)[11:16] for at in times.take(START, MAX_INSTANT, 5)] == [
        "12:00", "18:00", "00:00", "06:00", "12:00",
    ]  # fmt: skip
    back = parse_instant("2025-11-02T00:00:00Z")
    assert times.count(back, back + 5 * 86_400) == 20
    assert {times.note(at) for at in times.take(START, MAX_INSTANT, 2000)} == {None}


def test_the_ends_of_time_and_exact_counts() -> None:
    """Ten thousand years are counted at once, and cut to the years 1 to 9999."""
    times = table("@every 1s", 0)
    began = time.perf_counter()
    for _ in range(1000):
        assert times.count(MIN_INSTANT - 10**12, MAX_INSTANT + 10**12) == MAX_INSTANT + 1 - MIN_INSTANT
    assert time.perf_counter() - began < 1
    assert table("@every 86400s", 0).count(MIN_INSTANT, MAX_INSTANT + 1) == (MAX_INSTANT + 1 - MIN_INSTANT) // 86_400
    far = table("@every 36600d", MAX_INSTANT)
    assert (far.next(MAX_INSTANT), far.next(MAX_INSTANT + 1)) == (MAX_INSTANT, None)
    assert far.previous(MIN_INSTANT) is None


@pytest.mark.parametrize(
    ("text", "kind", "occurs", "following"),
    [("@every 1h", "every", True, START + 7200), ("@once", "once", False, None)],
)
def test_explained(text: str, kind: Any, occurs: bool, following: int | None) -> None:
    """There are no fields and no clock to speak of; the neighbours are named."""
    assert table(text, zone="America/New_York").explain(START + 3600) == Explanation(
        instant=START + 3600,
        timezone="America/New_York",
        local="2025-03-08T08:00:00-05:00",
        offset=-18_000,
        kind=kind,
        fields=(),
        day_rule=None,
        day_matches=True,
        clock="normal",
        shift=0,
        occurs=occurs,
        note=None,
        previous=START,
        next=following,
    )


def test_the_next_one_follows_at_once() -> None:
    """With an interval of a second, the next occurrence is a second later, and from between two it is the later."""
    every_second, every_two = table("@every 1s").explain(START), table("@every 2s").explain(START + 1)
    assert (every_second.previous, every_second.next) == (START - 1, START + 1)
    assert (every_two.previous, every_two.occurs, every_two.next) == (START, False, START + 2)


def test_the_same_texts_are_the_same_object() -> None:
    """A timetable is made once, and says what it is."""
    assert table("@every 90m") is table("@every 90m")
    assert table("@every 90m") is not table("@every 90m", START + 1)
    assert repr(table("@once", 0)) == "AnchoredTimetable('@once', 'UTC', 0)"
