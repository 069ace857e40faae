"""Instants and durations as text (docs/semantics/time.md and schedules.md)."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.core import instants
from arco_sched.core.errors import InvalidInput
from arco_sched.core.problems import Problem

EPOCHS = st.integers(instants.MIN_INSTANT, instants.MAX_INSTANT)


@pytest.mark.parametrize(
    ("epoch", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (1736935200, "2025-01-15T10:00:00Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (instants.MIN_INSTANT, "0001-01-01T00:00:00Z"),
        (instants.MAX_INSTANT, "9999-12-31T23:59:59Z"),
    ],
)
def test_instants_as_text(epoch: int, text: str) -> None:
    """An instant is RFC 3339 with `Z`, to the second, over the years 1 to 9999."""
    assert instants.format_instant(epoch) == text
    assert instants.parse_instant(text) == epoch


@given(EPOCHS)
def test_round_trip_and_datetime(epoch: int) -> None:
    """Writing and reading an instant gives it back, and Python's own calendar writes the same."""
    text = instants.format_instant(epoch)
    assert instants.parse_instant(text) == epoch
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=epoch)
    assert text == moment.isoformat().replace("+00:00", "Z")


@given(EPOCHS, st.integers(-1439, 1439))
def test_offsets_round_trip(epoch: int, minutes: int) -> None:
    """An instant on the clock of any zone reads back as the same instant."""
    text = instants.format_local(epoch, minutes * 60)
    if text[0] != "-" and "0001" <= text[:4] <= "9999" and text[4] == "-":
        assert instants.parse_instant(text) == epoch


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2025-01-15T10:00:00+00:00", "2025-01-15T10:00:00Z"),
        ("2025-01-15T10:00:00-00:00", "2025-01-15T10:00:00Z"),
        ("2025-01-15T05:00:00-05:00", "2025-01-15T10:00:00Z"),
        ("2025-01-15t10:00:00z", "2025-01-15T10:00:00Z"),
        ("2025-01-15 10:00:00Z", "2025-01-15T10:00:00Z"),
        ("  2025-01-15T10:00:00Z\n", "2025-01-15T10:00:00Z"),
        ("2025-01-15T10:00:00.999999999Z", "2025-01-15T10:00:00Z"),
        ("1969-12-31T23:59:59.9Z", "1969-12-31T23:59:59Z"),
    ],
)
def test_other_spellings(text: str, same: str) -> None:
    """An offset is taken into account, and a fraction of a second is cut, not rounded."""
    assert instants.format_instant(instants.parse_instant(text)) == same


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "instant"),
        ("now", "instant"),
        ("2025-01-15", "instant"),
        ("2025-01-15T10:00:00", "instant"),
        ("2025-01-15T10:00Z", "instant"),
        ("2025-1-15T10:00:00Z", "instant"),
        ("20250115T100000Z", "instant"),
        ("2025-01-15T10:00:00+0500", "instant"),
        ("2025-01-15T10:00:00+24:00", "offset"),
        ("2025-01-15T10:00:00+05:60", "offset"),
        ("2025-01-15T10:00:00.Z", "instant"),
        ("2025-01-15T10:00:00,5Z", "instant"),
        ("2025-01-15T24:00:00Z", "time"),
        ("2025-01-15T10:60:00Z", "time"),
        ("2025-01-15T10:00:60Z", "time"),
        ("2025-00-15T10:00:00Z", "day"),
        ("2025-13-15T10:00:00Z", "day"),
        ("2025-02-29T10:00:00Z", "day"),
        ("1900-02-29T10:00:00Z", "day"),
        ("2025-04-31T10:00:00Z", "day"),
        ("2025-01-00T10:00:00Z", "day"),
        ("0000-12-31T23:59:59Z", "years"),
        ("0001-01-01T00:00:00+00:01", "years"),
        ("9999-12-31T23:59:59-00:01", "years"),
        ("10000-01-01T00:00:00Z", "instant"),
        ("-001-01-01T00:00:00Z", "instant"),
        ("٢٠٢٥-01-15T10:00:00Z", "instant"),
        ("1736935200", "instant"),
        ("2025-01-15T10:00:00ZZ", "instant"),
        ("2025-01-15T10:00:00 Z", "instant"),
    ],
)
def test_bad_instants(text: str, code: str) -> None:
    """What is not RFC 3339 with a zone, or names no instant of the years 1 to 9999, is refused in one line."""
    with pytest.raises(InvalidInput) as refusal:
        instants.parse_instant(text, "--now")
    assert refusal.value.details == (Problem("--now", code, {"value": text}),)
    assert str(refusal.value).startswith("--now ")
    assert "\n" not in str(refusal.value)


def test_a_bad_instant_without_a_name() -> None:
    """By default it is called an instant."""
    with pytest.raises(InvalidInput, match=r"^the instant 'now' is not an RFC 3339 time"):
        instants.parse_instant("now")


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1", 1),
        ("90", 90),
        ("90m", 90),
        ("24h", 1440),
        ("7d", 10_080),
        ("2w", 20_160),
        (" 90m ", 90),
        ("007d", 10_080),
        ("90 m", 90),
        ("3 days", 4320),
        ("1 hour", 60),
        ("2weeks", 20_160),
    ],
)
def test_durations(text: str, minutes: int) -> None:
    """A duration is whole minutes, with the units m, h, d and w."""
    assert instants.parse_minutes(text) == minutes


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "0",
            "0m",
            "0d",
            "-1",
            "-5m",
            "+5",
            "1.5h",
            "h",
            "1h30m",
            "90s",
            "90  m",
            "3 dayss",
            "90 seconds",
            "1y",
            "1H",
            "٣",
            "1e3",
        ),
        *("9" * 13, "999999999999w", "101000d"),
    ],
)
def test_bad_durations(text: str) -> None:
    """Zero, negative, fractional and over-long durations and other units are refused in one line."""
    with pytest.raises(InvalidInput) as refusal:
        instants.parse_minutes(text, "--catchup-window")
    assert str(refusal.value).startswith("--catchup-window ")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "code", "data"),
    [
        ("0", "span_bounds", {"value": "0", "least": "1 minute", "most": "100 years"}),
        ("36601d", "span_bounds", {"value": "36601d", "least": "1 minute", "most": "100 years"}),
        ("90s", "span", {"value": "90s", "forms": "a number of minutes, or 90m, 24h, 7d"}),
    ],
)
def test_why_a_duration_is_refused(text: str, code: str, data: dict[str, str]) -> None:
    """The problem says what was given, and the bounds or how to write it; the value is called a duration by default."""
    with pytest.raises(InvalidInput) as refusal:
        instants.parse_minutes(text)
    assert refusal.value.details == (Problem("the duration", code, data),)


def test_why_a_span_is_refused() -> None:
    """Of seconds as well."""
    with pytest.raises(InvalidInput) as refusal:
        instants.parse_span("1.5h", "seconds")
    forms = "a number of seconds, or 30s, 10m, 24h"
    assert refusal.value.details == (Problem("the duration", "span", {"value": "1.5h", "forms": forms}),)


def test_the_longest_window() -> None:
    """A window may be a century of leap years long, and no minute longer."""
    assert instants.parse_minutes("36600d") == instants.parse_minutes("52704000") == 52_704_000
    with pytest.raises(InvalidInput):
        instants.parse_minutes("52704001")


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("0", "seconds", 0),
        ("45", "seconds", 45),
        ("45s", "seconds", 45),
        ("1 second", "seconds", 1),
        ("10m", "seconds", 600),
        ("24h", "seconds", 86_400),
        ("2 weeks", "seconds", 1_209_600),
        ("0m", "minutes", 0),
        ("2 weeks", "minutes", 20_160),
    ],
)
def test_spans(text: str, unit: instants.Unit, value: int) -> None:
    """A span is a whole number of its unit, whatever unit it is written in."""
    found = instants.parse_span(text, unit)
    assert (found, type(found)) == (value, int)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "seconds", "0s"),
        (0, "minutes", "0m"),
        (45, "seconds", "45s"),
        (60, "seconds", "1m"),
        (90, "seconds", "90s"),
        (5400, "seconds", "90m"),
        (90, "minutes", "90m"),
        (2160, "minutes", "36h"),
        (4320, "minutes", "3d"),
        (20_160, "minutes", "14d"),
    ],
)
def test_spans_as_text(value: int, unit: instants.Unit, text: str) -> None:
    """A span is written in the largest unit up to days that divides it, and nothing in its own unit."""
    assert instants.format_span(value, unit) == text


@given(st.integers(0, 10**12), st.sampled_from(["minutes", "seconds"]))
def test_spans_round_trip(value: int, unit: instants.Unit) -> None:
    """What is written of a span reads back as the same span."""
    if value * (60 if unit == "minutes" else 1) < 10**12:
        assert instants.parse_span(instants.format_span(value, unit), unit) == value


@pytest.mark.parametrize(
    ("seconds", "parts", "words"),
    [
        (0, [(0, "second")], "0 seconds"),
        (1, [(1, "second")], "1 second"),
        (59, [(59, "second")], "59 seconds"),
        (60, [(1, "minute")], "1 minute"),
        (61, [(1, "minute"), (1, "second")], "1 minute 1 second"),
        (3599, [(59, "minute"), (59, "second")], "59 minutes 59 seconds"),
        (3600, [(1, "hour")], "1 hour"),
        (3659, [(1, "hour")], "1 hour"),
        (7559, [(2, "hour"), (5, "minute")], "2 hours 5 minutes"),
        (86_399, [(23, "hour"), (59, "minute")], "23 hours 59 minutes"),
        (86_400, [(1, "day")], "1 day"),
        (176_400, [(2, "day"), (1, "hour")], "2 days 1 hour"),
        (2_629_745, [(30, "day"), (10, "hour")], "30 days 10 hours"),
        (2_629_746, [(1, "month")], "1 month"),
        (7_900_000, [(3, "month")], "3 months"),
        (31_556_951, [(11, "month")], "11 months"),
        (31_556_952, [(1, "year")], "1 year"),
        (63_113_904, [(2, "year")], "2 years"),
    ],
)
def test_spoken(seconds: int, parts: list[tuple[int, str]], words: str) -> None:
    """A length of time is told in its two largest units, of which the second may be missing; from a month on in one."""
    assert instants.span_parts(seconds) == parts
    assert instants.spoken(seconds) == words


@pytest.mark.parametrize(
    ("instant", "epoch"),
    [
        (1736935200, 1736935200),
        (dt.datetime(2025, 1, 15, 10, tzinfo=dt.UTC), 1736935200),
        (dt.datetime(2025, 1, 15, 5, tzinfo=dt.timezone(dt.timedelta(hours=-5))), 1736935200),
        (dt.datetime(2025, 1, 15, 10, 0, 0, 999_999, dt.UTC), 1736935200),
        (dt.datetime(1969, 12, 31, 23, 59, 59, 1, dt.UTC), -1),
    ],
)
def test_instants_of_python(instant: dt.datetime | int, epoch: int) -> None:
    """Whole seconds stand for themselves; an aware `datetime` counts from 1970, its fraction cut."""
    assert instants.epoch_of(instant, "now") == epoch


@pytest.mark.parametrize("instant", [dt.datetime(2025, 1, 15, 10), dt.date(2025, 1, 15), "2025-01-15T10:00:00Z"])  # noqa: DTZ001
def test_no_instants_of_python(instant: Any) -> None:
    """A naive `datetime`, and what is no instant at all, are refused by the name of the argument."""
    with pytest.raises(InvalidInput, match=r"^until must be an aware datetime or whole seconds since 1970$"):
        instants.epoch_of(instant, "until")


@pytest.mark.parametrize(
    ("year", "lengths"),
    [
        (2025, (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)),
        (2024, (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)),
        (2000, (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)),
        (1900, (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)),
        (0, (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)),
    ],
)
def test_the_lengths_of_months(year: int, lengths: tuple[int, ...]) -> None:
    """February has 29 days in every fourth year, of the centuries only in every fourth."""
    assert tuple(instants.days_in_month(year, month) for month in range(1, 13)) == lengths


@pytest.mark.parametrize(
    ("date", "days"),
    [
        ((1970, 1, 1), 0),
        ((1969, 12, 31), -1),
        ((2000, 2, 29), 11_016),
        ((2000, 3, 1), 11_017),
        ((2025, 1, 15), 20_103),
        ((1, 1, 1), -719_162),
        ((0, 12, 31), -719_163),
        ((0, 3, 1), -719_468),
        ((0, 2, 29), -719_469),
        ((-400, 3, 1), -865_565),
    ],
)
def test_days_of_the_calendar(date: tuple[int, int, int], days: int) -> None:
    """Days are counted from 1970 in both directions, past the year 1 as well."""
    assert instants.days_from_civil(*date) == days
    assert instants.civil_from_days(days) == date


@given(st.integers(-3_000_000, 3_000_000))
def test_civil_days_are_inverse(days: int) -> None:
    """The calendar's two directions are inverse, before the year 1 as well."""
    assert instants.days_from_civil(*instants.civil_from_days(days)) == days
    year, month, day = instants.civil_from_days(days)
    assert 1 <= day <= instants.days_in_month(year, month)
