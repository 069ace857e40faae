"""The same crontab as Debian's cron, cronie, busybox and supercronic read it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.core.cron import timetable
from arco_sched.core.instants import MAX_INSTANT
from arco_sched.formats.crontab import Options, read
from arco_sched.formats.entries import ReadFile

START = datetime(2025, 1, 1, tzinfo=UTC)
ALL = ("debian", "cronie", "busybox", "supercronic")


def _read(text: str, dialect: Any = None, **options: Any) -> ReadFile:
    asked = Options(**{"dialect": dialect, "timezone": "UTC", "system": False, **options})
    return read(text.encode(), name="tab", label="crontab:/tab", options=asked)


def _told(text: str, dialect: Any) -> tuple[str, str | None] | str:
    """Time and command of an entry, or why there is none."""
    crontab = _read(f"{text}\n", dialect)
    if not crontab.entries:
        return crontab.lines[0].message or ""
    definition = crontab.entries[0].definition
    return definition.cron_expression, definition.request.command


@pytest.mark.parametrize(
    ("line", "told"),
    [
        # Six and seven fields are never five.
        ("*/30 * * * * * cmd", ["six fields", "six fields", "six fields", ("*/30 * * * *", "cmd")]),
        ("0 0 * * * * * cmd", ["seven fields", "seven fields", "seven fields", ("0 0 * * * *", "cmd")]),
        ("*/5 * * * * * * ls", ["seven fields", "seven fields", "seven fields", ("*/5 * * * * *", "ls")]),
        ("0 30 9 * * MON x", ["six fields"] * 4),
        ("0 0 12 1/1 * ? * x", ["seven fields", "seven fields", "seven fields", ("0 0 12 1-31/1 * *", "x")]),
        ("0 0 1 1 * 2030 x", ["six fields", "six fields", "six fields", "'2030', as the year"]),
        ("5 4 * * * 1-5 x", ["six fields"] * 4),
        # The command.
        ("@daily date +\\%F", [("@daily", "date +%F")] * 2 + [("@daily", "date +\\%F")] * 2),
        ("@daily a\\\\b", [("@daily", "a\\b")] + [("@daily", "a\\\\b")] * 3),
        ("@daily a # b", [("@daily", "a # b")] * 2 + [("@daily", "a")] + [("@daily", "a # b")]),
        # Ranges that wrap, steps without a range, Sundays.
        ("0 22-4 * * * x", ["runs backwards", "runs backwards", ("0 0-4,22-23 * * *", "x"), "runs backwards"]),
        (
            "0 0 * * FRI-SUN x",
            ["write 7", ("0 0 * * FRI-7", "x"), ("0 0 * * FRI-SUN", "x"), "doesn't read the weekday"],
        ),
        ("0 0 * * 5-0 x", ["runs backwards", ("0 0 * * 5-7", "x"), ("0 0 * * 0,5-6", "x"), "runs backwards"]),
        ("0 0 * * SUN-SUN x", [("0 0 * * SUN", "x")] * 4),
        ("0 0 * * 7 x", [("0 0 * * 7", "x")] * 2 + ["every day: write 0"] + [("0 0 * * 7", "x")]),
        ("5/15 * * * * x", ["without a range", "without a range", ("5 * * * *", "x"), ("5-59/15 * * * *", "x")]),
        ("0 0 */2 * * x", [("0 0 */2 * *", "x")] * 2 + [("0 0 2,4,6,8,10,12,14,16,18,20,22,24,26,28,30 * *", "x")]),
        ("0 0 1 * ? x", ["'?'", "'?'", "busybox can't read", ("0 0 1 * *", "x")]),
        ("0 0 L * * x", ["L, W and #", "L, W and #", "busybox can't read", ("0 0 L * *", "x")]),
        ("0 0 * january monday x", ["write JAN", "write JAN", "busybox can't read", ("0 0 * jan mon", "x")]),
        ("@midnight x", [("@midnight", "x")] * 3 + ["write @daily"]),
        ("0 0 * * */1 x", [("0 0 * * */1", "x")] * 2 + [("0 0 * * *", "x"), ("0 0 * * */1", "x")]),
    ],
)
def test_each_cron_reads_it_in_its_way(line: str, told: list[Any]) -> None:
    """The time and the command that each of the four makes of a line; a text is in the reason why it is refused."""
    for dialect, expected in zip(ALL, told, strict=False):
        found = _told(line, dialect)
        if isinstance(expected, str):
            assert isinstance(found, str), (dialect, found)
            assert expected in found, dialect
        else:
            assert found == expected, dialect


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("0 5 * * * x", None),
        ("0 0 */2 * * x", "busybox reads a different time"),
        ("0 0 * * 7 x", "busybox doesn't read it that way"),
        ("@daily date +\\%F", "busybox and supercronic read the % literally"),
        ("@daily a\\\\b", "cronie and busybox and supercronic read a different command"),
        ("0 22-4 * * * x", "busybox reads it (--dialect busybox)"),
        ("5/15 * * * * x", "busybox and supercronic read it"),
        ("*/30 * * * * * x", "(--dialect supercronic)"),
    ],
)
def test_where_crons_differ_on_a_line_it_is_said(line: str, says: str | None) -> None:
    """Read as Debian's: which others would read it otherwise."""
    message = _read(f"{line}\n").lines[0].message
    assert message is None if says is None else says in (message or "")


@pytest.mark.parametrize(
    ("flags", "overlap", "says"),
    [
        ("-n", "allow", "mail only failures: it is left out"),
        ("-q", "allow", "log nothing: it is left out"),
        ("-s", "skip", "becomes overlap: skip"),
        ("-n -s", "skip", "becomes overlap: skip"),
    ],
)
def test_flags_in_front_of_a_command_are_flags(flags: str, overlap: str, says: str) -> None:
    """cronie's and OpenBSD's, behind the user where there is one; the command is without them."""
    for text, system in ((f"@daily {flags} x -n\n", False), (f"@daily root {flags} x -n\n", True)):
        crontab = _read(text, system=system)
        definition = crontab.entries[0].definition
        assert (definition.request.command, definition.policy.overlap) == ("x -n", overlap)
        assert says in (crontab.lines[0].message or "")


def test_crons_that_start_one_at_a_time() -> None:
    """busybox and supercronic do not start what still runs, and leave PATH to the daemon."""
    found = {dialect: _read("@daily x\n", dialect).entries[0].definition for dialect in ALL}
    assert {dialect: each.policy.overlap for dialect, each in found.items()} == {
        "debian": "allow",
        "cronie": "allow",
        "busybox": "skip",
        "supercronic": "skip",
    }
    assert {dialect: dict(each.request.environment) for dialect, each in found.items()} == {
        "debian": {"SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"},
        "cronie": {"SHELL": "/bin/sh"},
        "busybox": {"SHELL": "/bin/sh"},
        "supercronic": {},
    }


def test_a_zone_counts_where_cron_knows_it() -> None:
    """CRON_TZ: unsaid and cronie, from there on; supercronic, in the whole file; else a variable, and named."""
    text = "@daily a\nCRON_TZ=Asia/Tokyo\n@daily b\n"

    def zones(dialect: Any) -> list[str]:
        return [each.definition.timezone for each in _read(text, dialect).entries]

    assert zones(None) == zones("cronie") == ["UTC", "Asia/Tokyo"]
    assert zones("supercronic") == ["Asia/Tokyo", "Asia/Tokyo"]
    assert zones("debian") == zones("busybox") == ["UTC", "UTC"]
    messages = {dialect: _read(text, dialect).lines[1].message or "" for dialect in (None, *ALL)}
    assert "Debian's cron and busybox ignore it" in messages[None]
    assert "Debian's cron ignores it" in messages["debian"]
    assert "busybox ignores it" in messages["busybox"]
    assert messages["supercronic"] == "all entries are in Asia/Tokyo"


def test_variables_of_supercronic_count_for_the_whole_file() -> None:
    """The last value counts, for entries above it too; HOME is a variable like others."""
    crontab = _read("@daily a\nX=1\nHOME=/srv\n@daily b\nX=2\n", "supercronic")
    assert {each.definition.request.environment for each in crontab.entries} == {(("HOME", "/srv"), ("X", "2"))}
    assert {each.definition.request.working_directory for each in crontab.entries} == {None}


def test_variables_of_busybox_are_three() -> None:
    """SHELL, PATH and MAILTO, as they stand; others are named."""
    crontab = _read("SHELL=/bin/ash\nPATH=/opt\nX=1\nHOME=/srv\n@daily a\n", "busybox")
    definition = crontab.entries[0].definition
    assert definition.request.environment == (("PATH", "/opt"), ("SHELL", "/bin/ash"))
    assert definition.request.shell == "/bin/ash"
    assert [line.message for line in crontab.lines[2:4]] == ["left out: busybox ignores it"] * 2


def test_lines_that_busybox_joins_are_refused() -> None:
    """Neither of them is read by itself."""
    crontab = _read("0 5 * * * a \\\n0 6 * * * b\n0 7 * * * c\n", "busybox")
    assert [line.kind for line in crontab.lines] == ["problem", "problem", "schedule"]


SIZES = ((60, 0), (24, 0), (32, 0), (12, 1), (7, 0))


@st.composite
def busybox_field(draw: st.DrawFn, field: int) -> tuple[str, set[int]]:
    """A field, and the places that `crond.c` sets for it, found by walking as it does."""
    size, first = SIZES[field]
    items, places = [], set()
    for _ in range(draw(st.sampled_from([1, 1, 2]))):
        kind = draw(st.sampled_from(["*", "one", "range"]))
        low = draw(st.integers(1 if field == 2 else 0, size - 1))
        high = draw(st.integers(1 if field == 2 else 0, size - 1)) if kind == "range" else low
        step = draw(st.sampled_from([1, 1, 2, 5]))
        low, high = (0, size - 1) if kind == "*" else (low, high)
        body = {"*": "*", "one": f"{low + first}", "range": f"{low + first}-{high + first}"}[kind]
        items.append(body if step == 1 else f"{body}/{step}")
        at, walked = low, 0
        while True:
            if walked % step == 0:
                places.add(at)
            if at == high:
                break
            at, walked = (at + 1) % size, walked + 1
    return ",".join(items), places


@given(st.tuples(*(busybox_field(field) for field in range(5))))
def test_busybox_is_due_when_it_says(fields: tuple[tuple[str, set[int]], ...]) -> None:
    """A walk through its arrays is due at the same instants: ranges around the end, steps, the two day fields."""
    minutes, hours, days, months, weekdays = (places for _, places in fields)
    days_used, weekdays_used = len(days) < 32, len(weekdays) < 7
    if days_used != weekdays_used:
        days, weekdays = (days, set()) if days_used else (set(), weekdays)

    def theirs() -> Iterator[int]:
        for day in (START + timedelta(days=count) for count in range(3000)):
            if day.month - 1 in months and (day.day in days or day.isoweekday() % 7 in weekdays):
                for hour in sorted(hours):
                    for minute in sorted(minutes):
                        yield int((day + timedelta(hours=hour, minutes=minute)).timestamp())

    text = " ".join(text for text, _ in fields)
    crontab = _read(f"{text} x\n", "busybox")
    expected = list(islice(theirs(), 25))
    if not crontab.entries:
        assert not expected
        return
    found = timetable(crontab.entries[0].definition.cron_expression, "UTC", "next", "first")
    assert list(found.take(int(START.timestamp()), MAX_INSTANT, 25))[: len(expected)] == expected
