"""OnCalendar=: the times that systemd has, and what is refused."""

import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arco_sched.core.cron import timetable
from arco_sched.core.instants import MAX_INSTANT, parse_instant
from arco_sched.formats.entries import Unfit
from arco_sched.formats.systemd_calendar import read_calendar

ANALYZE = shutil.which("systemd-analyze")


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("minutely", "* * * * *"),
        ("hourly", "0 * * * *"),
        ("daily", "0 0 * * *"),
        ("weekly", "0 0 * * 1"),
        ("monthly", "0 0 1 * *"),
        ("quarterly", "0 0 1 1,4,7,10 *"),
        ("semiannually", "0 0 1 1,7 *"),
        ("yearly", "0 0 1 1 *"),
        ("*:0/15", "*/15 * * * *"),
        ("*-*-* *:*:0/10", "*/10 * * * * *"),
        ("*-*-* 00/2:30", "30 */2 * * *"),
        ("Mon..Fri 09:00", "0 9 * * 1-5"),
        ("Mon,Wed,Fri *-*-* 10:00:00", "0 10 * * 1,3,5"),
        ("Sat..Sun 10:00", "0 10 * * 0,6"),
        ("Monday", "0 0 * * 1"),
        ("Mon *-*-01..07 06:00", "0 6 * * 1#1"),
        ("Mon,Tue *-*-08..21 06:00", "0 6 * * 1#2,2#2,1#3,2#3"),
        ("Fri *-*~07/1 18:00", "0 18 * * 5#L"),
        ("*-*~1 23:00", "0 23 L * *"),
        ("*-02~03,1", "0 0 L,L-2 2 *"),
        ("*-*-1..7/2 *:00", "0 * 1,3,5,7 * *"),
        ("12-31 12..14:10,20,30", "10,20,30 12-14 31 12 *"),
        ("*-*-* 10:00:00.000", "0 10 * * *"),
    ],
)
def test_what_is_carried_over(text: str, expression: str) -> None:
    """The expression that is due when systemd's is."""
    assert read_calendar(text) == (expression, None)


@pytest.mark.parametrize(
    ("text", "zone"),
    [("Mon 10:00 Europe/Berlin", "Europe/Berlin"), ("daily UTC", "UTC"), ("*-*-* 1:2 Asia/Tokyo", "Asia/Tokyo")],
)
def test_a_zone_behind_it(text: str, zone: str) -> None:
    """The schedule's own."""
    assert read_calendar(text).timezone == zone


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2030-01-01 09:00", "limited to the years 2030"),
        ("2030..2035-01-01", "limited to the years 2030"),
        ("Mon *-*-01..10", "both the days 01..10 and the weekdays 1 to match"),
        ("Mon *-*-13", "both the days"),
        ("Fri *-*~1", "both the days ~1"),
        ("*-*-* *:*:00.5", "fractions of a second"),
        ("@1395716396", "is a single instant"),
        ("Sat..Mon", "run backwards"),
        ("22..04:00", "run backwards"),
        ("25:00", "outside 0-23"),
        ("*-*-* */2:00", "can't be read"),
        ("*-*~03..01", "can't be read"),
        ("10:00 Mars/Base", "unknown"),
        ("10", "can't be read"),
        ("", "empty"),
        ("Foo 10:00", "isn't a day of the week"),
        ("10/30:00", "steps 30 are outside"),
        ("*-02-30", "never occurs"),
    ],
)
def test_what_is_refused(text: str, says: str) -> None:
    """With its reason."""
    with pytest.raises(Unfit, match=says):
        read_calendar(text)


def _part(low: int, high: int, every: str = "*") -> st.SearchStrategy[str]:
    one = st.integers(low, high).map(str)
    pair = st.tuples(st.integers(low, high), st.integers(low, high)).map(sorted).map(lambda two: f"{two[0]}..{two[1]}")
    step = st.tuples(st.integers(low, low + 5), st.integers(1, 5)).map(lambda two: f"{two[0]}/{two[1]}")
    return st.just(every) | one | st.lists(one | pair | step, min_size=1, max_size=2).map(",".join)


DATES = st.tuples(_part(1, 12), _part(1, 28)).map(lambda two: f"*-{two[0]}-{two[1]}") | st.sampled_from(
    ["*-*~1", "*-*~7/1", "*-*~3,5", "*-*-1..7", "*-*-8..14", "*-*-22..28"]
)
TIMES = st.tuples(_part(0, 23), _part(0, 59), st.just("00") | _part(0, 59)).map(":".join)
DAYS = st.sampled_from(["", "Mon ", "Sat,Sun ", "Mon..Fri ", "Wed,Fri..Sun "])


@pytest.mark.skipif(ANALYZE is None, reason="there is no systemd-analyze here")
@given(DAYS, DATES, TIMES)
@settings(max_examples=60, deadline=None)
def test_systemd_elapses_when_it_is_due(days: str, date: str, time: str) -> None:
    """`systemd-analyze calendar` says the same next times, in UTC."""
    text = f"{days}{date} {time} UTC"
    base = "2026-01-31 12:00:00 UTC"
    command = [str(ANALYZE), "calendar", "--iterations=6", f"--base-time={base}", text]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"TZ": "UTC", "LC_ALL": "C"})
    try:
        found = read_calendar(text)
    except Unfit as reason:
        known = ("requires both", "never occurs")
        assert done.returncode != 0 or any(each in str(reason) for each in known), (text, done.stdout)  # noqa: PT017
        return
    assert done.returncode == 0, (text, done.stderr)
    theirs = [
        int(
            datetime.strptime(line.split(": ", 1)[1].strip()[4:], "%Y-%m-%d %H:%M:%S UTC")
            .replace(tzinfo=UTC)
            .timestamp()
        )
        for line in done.stdout.splitlines()
        if ("Next elapse" in line or "Iter." in line) and "never" not in line
    ]
    ours = timetable(found.expression, "UTC", "skip", "first").take(
        parse_instant("2026-01-31T12:00:01Z"), MAX_INSTANT, 6
    )
    assert list(ours)[: len(theirs)] == theirs
