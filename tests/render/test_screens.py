"""What screens tell: one time format, how late, what was missed first and last, old and new values."""

import re

import pytest

from arco_sched.render.times import Clocks, brief, distance, span
from tests.runner import Arco


@pytest.mark.parametrize(
    ("seconds", "words", "letters"),
    [
        (1, "1 second", "1s"),
        (61, "1 minute 1 second", "1m 1s"),
        (7200, "2 hours", "2h"),
        (34_020, "9 hours 27 minutes", "9h 27m"),
        (86_400 + 3600, "1 day 1 hour", "1d 1h"),
        (86_400 + 59, "1 day", "1d"),
        (29 * 86_400 + 7200, "29 days 2 hours", "29d 2h"),
        (31 * 86_400, "1 month", "1 month"),
        (400 * 86_400, "1 year", "1 year"),
        (400_000_000_000, "12675 years", "12675 years"),
    ],
)
def test_spans_have_two_units_below_a_month(seconds: int, words: str, letters: str) -> None:
    """A second unit that would be nothing is left out; months and years stand alone."""
    assert (span(seconds), brief(seconds)) == (words, letters)
    assert distance(0, seconds) == f"{words} ago"
    assert distance(seconds, 0, short=True) == f"in {letters}"


def test_sentences_are_on_the_clock_of_the_schedule() -> None:
    """An instant in UTC is told on it; what a clock reads stays; what is no instant stays as it is."""
    clocks = Clocks({"x": "Europe/Berlin"}.get)
    said = "since 2025-01-12T18:05:20Z: the clock reads 2025-01-12T13:05:00-05:00, not 2025-99-12T18:05:20Z"
    assert clocks.localized(said, "x") == (
        "since 2025-01-12 19:05:20 +01:00: the clock reads 2025-01-12 13:05 -05:00, not 2025-99-12T18:05:20Z"
    )


@pytest.fixture
def late(arco: Arco) -> Arco:
    """A schedule in New York that was evaluated after three days, changed, paused and enabled."""
    arco.ok(
        "schedule create x --cron '30 6 * * *' --tz America/New_York --catchup-window 20h", at="2025-01-01T00:00:00Z"
    )
    arco.ok("tick", at="2025-01-04T23:30:00Z")
    arco.ok("schedule update x --cron '30 7 * * *' --label a=b --end 2026-01-01")
    arco.ok("schedule disable x")
    return arco


def test_why_has_one_time_format_and_says_how_late(late: Arco) -> None:
    """No instant is written otherwise than on the schedule's clock, and no link speaks against itself."""
    late.ok("schedule trigger x")
    for more in ("", "--at 2025-01-02", "--at '2025-01-03 05:00'", "--at tomorrow", "--at 2024-12-01"):
        said = late.ok(f"why x {more}").out
        assert not re.search(r"\dT\d|UTC", said), said
        assert " NO " not in said
    said = late.ok("why x --at 2025-01-04").out
    assert "was triggered 12 hours late." in said
    assert "FIELD" not in said
    assert late.json("why x --at 2025-01-04")["late_seconds"] == 43_200
    lapsed = late.ok("why x --at 2025-01-03").out
    assert "!!  lapse       it lapsed (window)" in lapsed
    assert "FIELD" not in lapsed
    assert late.json("why x --at 2025-01-03")["late_seconds"] is None
    assert "FIELD" in late.ok("why x --at '2025-01-03 05:00'").out


def test_the_command_that_why_proposes_does_what_it_says(late: Arco) -> None:
    """Its times are those of the screen."""
    (command,) = re.findall(r"`arco (backfill [^`]*)`", late.ok("why x --at 2025-01-03").out)
    assert late.json(command)["created"] == 1


def test_lapses_name_the_first_and_the_last_missed(late: Arco, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pipe, at 80 columns, in JSON and in CSV."""
    (lapse,) = late.json("lapses list")["lapses"]
    assert (lapse["first_missed"], lapse["last_missed"]) == ("2025-01-01T11:30:00Z", "2025-01-03T11:30:00Z")
    assert "2025-01-01T11:30:00Z,2025-01-03T11:30:00Z" in late.ok("lapses list --csv").out
    assert "2025-01-01 06:30 -05:00  2025-01-03 06:30 -05:00" in late.ok("lapses list").out
    monkeypatch.setenv("COLUMNS", "80")
    first, second = late.ok("lapses list").out.splitlines()[-2:]
    assert "x              3  2025-01-01 06:30 -05:00  window" in first
    assert "2025-01-03 06:30 -05:00" in second


def test_versions_show_old_and_new(late: Arco) -> None:
    """Each changed field, in words and in JSON."""
    said = late.ok("schedule versions x").out
    assert "cron_expression: 30 6 * * * -> 30 7 * * *" in said
    assert "labels: none -> a=b" in said
    assert "end_at: none -> 2026-01-01 00:00 -05:00" in said
    assert "enabled -> paused" in said
    changes = [each["changes"] for each in late.json("schedule versions x")["versions"]]
    assert changes == [
        {},
        {
            "cron_expression": {"old": "30 6 * * *", "new": "30 7 * * *"},
            "labels": {"old": {}, "new": {"a": "b"}},
            "end_at": {"old": None, "new": "2026-01-01T05:00:00Z"},
        },
        {"enabled": {"old": True, "new": False}},
    ]
    late.ok("schedule enable x")
    late.ok("schedule disable x --until 2025-06-01")
    assert "paused_until: none -> 2025-06-01 00:00 -04:00" in late.ok("schedule versions x").out


def test_labels_are_not_repeated(late: Arco) -> None:
    """The further lines of a value stand below the first, in a pipe too."""
    said = late.ok("schedule show x").out
    assert said.count("next due") == 1
    assert said.count("2025-01-0") > 2


@pytest.mark.parametrize("width", ["80", "200", None])
def test_events_without_a_fingerprint(late: Arco, monkeypatch: pytest.MonkeyPatch, width: str | None) -> None:
    """The table tells when, what and of what; JSON has the whole key."""
    if width:
        monkeypatch.setenv("COLUMNS", width)
    said = late.ok("events list").out
    assert "RECORDED AT" in said
    assert not re.search("[0-9a-f]{11}", re.sub(r"\d{10}", "", said))
    assert re.search("[0-9a-f]{64}", late.ok("events list --json").out)


def test_ticks_say_how_late(late: Arco, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those that were waited for; the columns that answer are there at 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    late.ok("schedule trigger x")
    lines = late.ok("ticks list").out.splitlines()
    assert lines[0].split() == ["TICK", "SCHEDULED", "FOR", "LATE", "VERSION", "STATUS"]
    assert "12h" in lines[-1]
    assert " 0s" not in lines[1]
    assert "12h late" in late.ok("ticks show x:1735990200").out
