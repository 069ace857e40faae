"""Instants and durations as text (docs/semantics/time.md and schedules.md)."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.core import instants
from arco_sched.core.errors import InvalidInput

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
    "text",
    [
        "",
        "now",
        "2025-01-15",
        "2025-01-15T10:00:00",
        "2025-01-15T10:00Z",
        "2025-1-15T10:00:00Z",
        "20250115T100000Z",
        "2025-01-15T10:00:00+0500",
        "2025-01-15T10:00:00+24:00",
        "2025-01-15T10:00:00+05:60",
        "2025-01-15T10:00:00.Z",
        "2025-01-15T10:00:00,5Z",
        "2025-01-15T24:00:00Z",
        "2025-01-15T10:60:00Z",
        "2025-01-15T10:00:60Z",
        "2025-00-15T10:00:00Z",
        "2025-13-15T10:00:00Z",
        "2025-02-29T10:00:00Z",
        "1900-02-29T10:00:00Z",
        "2025-04-31T10:00:00Z",
        "2025-01-00T10:00:00Z",
        "0000-12-31T23:59:59Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "10000-01-01T00:00:00Z",
        "-001-01-01T00:00:00Z",
        "٢٠٢٥-01-15T10:00:00Z",
        "1736935200",
        "2025-01-15T10:00:00ZZ",
        "2025-01-15T10:00:00 Z",
    ],
)
def test_bad_instants(text: str) -> None:
    """What is not RFC 3339 with a zone, or names no instant of the years 1 to 9999, is refused in one line."""
    with pytest.raises(InvalidInput) as refusal:
        instants.parse_instant(text, "--now")
    assert str(refusal.value).startswith("--now ")
    assert "\n" not in str(refusal.value)


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


@given(st.integers(-3_000_000, 3_000_000))
def test_civil_days_are_inverse(days: int) -> None:
    """The calendar's two directions are inverse, before the year 1 as well."""
    assert instants.days_from_civil(*instants.civil_from_days(days)) == days
    year, month, day = instants.civil_from_days(days)
    assert 1 <= day <= instants.days_in_month(year, month)
