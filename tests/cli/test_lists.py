"""History at length: instants in words, CSV, filters that combine, pages that neither repeat nor drop, following."""

import contextlib
import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.cli.moments import read_moment
from arco_sched.core.errors import InvalidInput
from arco_sched.core.instants import MAX_INSTANT, MIN_INSTANT, format_instant, parse_instant
from tests.runner import Arco

NOW = parse_instant("2025-01-15T12:34:56Z")
"""A Wednesday."""


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2025-01-15T10:00:00Z", "2025-01-15T10:00:00Z"),
        ("2025-01-15T10:00:00+02:00", "2025-01-15T08:00:00Z"),
        ("now", "2025-01-15T12:34:56Z"),
        ("2h", "2025-01-15T10:34:56Z"),
        ("90s", "2025-01-15T12:33:26Z"),
        ("3d ago", "2025-01-12T12:34:56Z"),
        ("2 weeks ago", "2025-01-01T12:34:56Z"),
        ("1 month ago", "2024-12-15T12:34:56Z"),
        ("today", "2025-01-15T00:00:00Z"),
        ("Yesterday", "2025-01-14T00:00:00Z"),
        ("yesterday 10:30", "2025-01-14T10:30:00Z"),
        ("tomorrow at 7:00", "2025-01-16T07:00:00Z"),
        ("monday", "2025-01-13T00:00:00Z"),
        ("wednesday", "2025-01-15T00:00:00Z"),
        ("last wednesday", "2025-01-08T00:00:00Z"),
        ("this week", "2025-01-13T00:00:00Z"),
        ("last month", "2024-12-01T00:00:00Z"),
        ("2025-01-15", "2025-01-15T00:00:00Z"),
        ("2025-01-15 10:00", "2025-01-15T10:00:00Z"),
        ("10:00", "2025-01-15T10:00:00Z"),
        ("2025-W03", "2025-01-13T00:00:00Z"),
        # Spans, also as tables write them.
        ("90 minutes", "2025-01-15T11:04:56Z"),
        ("1h30m", "2025-01-15T11:04:56Z"),
        ("2 days 3 hours ago", "2025-01-13T09:34:56Z"),
        ("in 2 days", "2025-01-17T12:34:56Z"),
        ("an hour ago", "2025-01-15T11:34:56Z"),
        # Days and parts of days.
        ("last night", "2025-01-14T18:00:00Z"),
        ("this morning", "2025-01-15T06:00:00Z"),
        ("yesterday evening", "2025-01-14T18:00:00Z"),
        ("noon", "2025-01-15T12:00:00Z"),
        ("yesterday noon", "2025-01-14T12:00:00Z"),
        ("midnight", "2025-01-15T00:00:00Z"),
        ("10:30 yesterday", "2025-01-14T10:30:00Z"),
        ("yesterday at 2:30 pm", "2025-01-14T14:30:00Z"),
        ("12am", "2025-01-15T00:00:00Z"),
        ("mon 9am", "2025-01-13T09:00:00Z"),
        ("next monday", "2025-01-20T00:00:00Z"),
        # Dates with the name of a month: without a year the last one.
        ("Nov 24", "2024-11-24T00:00:00Z"),
        ("24 November 10:00", "2024-11-24T10:00:00Z"),
        ("Nov 24th, 2023 at noon", "2023-11-24T12:00:00Z"),
        ("Jan 15", "2025-01-15T00:00:00Z"),
        ("Feb 29", "2024-02-29T00:00:00Z"),
        ("november", "2024-11-01T00:00:00Z"),
        ("2025-01-15T10:00", "2025-01-15T10:00:00Z"),
        ("2025-01-15T10:00+0200", "2025-01-15T08:00:00Z"),
        ("1850-01-01 10:00 -04:56:02", "1850-01-01T14:56:02Z"),
        # On a zone's clock, and as the tables show instants.
        ("2025-01-15 10:00 Europe/Berlin", "2025-01-15T09:00:00Z"),
        ("yesterday America/New_York", "2025-01-14T05:00:00Z"),
        ("today Pacific/Auckland", "2025-01-15T11:00:00Z"),
        ("2025-01-15 05:00 -05:00", "2025-01-15T10:00:00Z"),
        ("2025-01-15 10:00:30 UTC", "2025-01-15T10:00:30Z"),
        # A time that is skipped is the end of the gap, one that is doubled the first of the two.
        ("2025-03-09 02:30 America/New_York", "2025-03-09T07:00:00Z"),
        ("2025-11-02 01:30 America/New_York", "2025-11-02T05:30:00Z"),
    ],
)
def test_instants_in_words(said: str, meant: str) -> None:
    """What a person writes at 2025-01-15T12:34:56Z, and the instant that is meant."""
    assert format_instant(read_moment(said, "--since", NOW).at) == meant


NO_INSTANTS = (
    *("", " ", "whenever", "25:00", "today 25:00", "P1D", "2025-13-01", "-2h", "2025-01-01/2025-01-02"),
    *("am", "13pm", "Nov 31", "last week 10:00", "in 2h ago", "yesterday 2 hours ago", "10", "monday tuesday"),
    *("2025-01-15T10:00+02:00 Europe/Berlin", "10:00 Europe/Berlinn", "99999999d", "9" * 5000, "\x1b[2J"),
)


@pytest.mark.parametrize("said", NO_INSTANTS)
def test_what_is_no_instant(daily: Arco, said: str) -> None:
    """One line with the forms there are, exit 2."""
    result = daily("ticks", "list", "--since", said)
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert "--since" in result.err


@given(st.text(max_size=30) | st.from_regex(r"[0-9a-zTZ:+ /-]{1,25}", fullmatch=True))
def test_any_text_is_an_instant_or_refused(said: str) -> None:
    """Nothing else is raised, whatever is written."""
    with contextlib.suppress(InvalidInput):
        assert MIN_INSTANT <= read_moment(said, "--since", NOW).at <= MAX_INSTANT


@pytest.fixture
def busy(daily: Arco) -> Arco:
    """Two schedules, four weeks, one of them paused for a while; lapses, triggers, a conflict, requests by hand."""
    daily.ok("schedule create hourly --cron '0 */6 * * *' --catchup-window 2d --max-catchup 100")
    for day in range(2, 29, 4):
        daily.ok("tick", at=f"2025-01-{day:02}T12:00:00Z")
        daily.ok("schedule trigger daily")
        daily.ok(f"schedule {'disable' if day % 8 == 2 else 'enable'} hourly")
        daily.ok(f"runs request --key by-hand-{day}")
    return daily


def rows(text: str) -> list[dict[str, str]]:
    """CSV as a program reads it."""
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("what", ["ticks", "lapses", "runs", "events"])
def test_csv_has_what_json_has(busy: Arco, what: str) -> None:
    """The same rows in the same order, under the same names."""
    table, answer = rows(busy.ok(f"{what} list --csv").out), busy.json(f"{what} list")[what]
    assert len(table) == len(answer) > 5
    for line, row in zip(table, answer, strict=True):
        assert line.keys() == row.keys()
        for name, value in row.items():
            assert value is None or isinstance(value, list | dict) or line[name] == str(value)


def test_csv_of_nothing_is_its_header(daily: Arco) -> None:
    """A program finds the names also where there is no row."""
    assert daily.ok("runs list --csv").out.startswith("run_id,run_key,")
    assert daily.ok("runs list --csv").out.count("\n") == 1


@pytest.mark.parametrize("command", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_csv_holds_no_formula(daily: Arco, command: str) -> None:
    """A text that a spreadsheet would compute has a quote in front; the JSON answer has it exactly."""
    daily.ok("runs", "request", "--key", "=1+1", "--command", command)
    (row,) = rows(daily.ok("runs list --csv").out)
    assert (row["run_key"], row["command"]) == ("'=1+1", f"'{command}")
    assert daily.json("runs list")["runs"][0]["command"] == command


def test_filters_combine(busy: Arco) -> None:
    """Each narrows what the others leave."""
    everything = busy.json("ticks list --limit 1000")["ticks"]
    asked = "ticks list --schedule hourly --status skipped --since 2025-01-12 --until '2025-01-14 12:00' --limit 1000"
    found = busy.json(asked)["ticks"]
    assert found == [
        tick
        for tick in everything
        if tick["schedule_id"] == "hourly"
        and tick["status"] == "skipped"
        and "2025-01-12T00:00:00Z" <= tick["scheduled_for"] < "2025-01-14T12:00:00Z"
    ]
    assert found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "key"),
    [
        ("ticks", lambda row: row["tick_id"]),
        ("runs", lambda row: row["run_id"]),
        ("lapses", lambda row: (row["schedule_id"], row["after"], row["reason"])),
        ("events", lambda row: row["seq"]),
    ],
)
def test_pages_while_others_write(busy: Arco, what: str, key: Callable[[dict[str, str]], object]) -> None:
    """Between the pages somebody evaluates, triggers, requests, backfills and prunes nothing of what is listed: what
    was there at first comes exactly once."""
    at_first = [key(row) for row in busy.json(f"{what} list --limit 10000")[what]]
    seen: list[object] = []
    cursor, page = None, 0
    while True:
        option = "--after" if what == "events" else "--cursor"
        more = "" if cursor is None else f" {option} {cursor}"
        answer = busy.json(f"{what} list --limit 4{more}")
        seen += [key(row) for row in answer[what]]
        cursor, page = answer["next_cursor"], page + 1
        if cursor is None:
            break
        if page <= 12:
            busy.ok("tick", at=f"2025-01-28T{page + 10:02}:00:00Z")
            busy.ok("schedule trigger hourly")
            busy.ok(f"runs request --key meanwhile-{page}")
            busy.ok(f"backfill daily --from 2025-01-{page + 2:02} --to now --limit 1")
    assert len(seen) == len(set(seen))
    assert [row for row in seen if row in set(at_first)] == at_first


@pytest.mark.parametrize("form", ["--json", "--csv", ""])
def test_following_goes_on_where_it_stopped(busy: Arco, form: str) -> None:
    """A consumer that remembers the last number misses nothing and sees nothing twice after a restart."""
    everything = [event["seq"] for event in busy.json("events list --limit 10000")["events"]]
    seen: list[int] = []
    while len(seen) < len(everything):
        left = min(17, len(everything) - len(seen))
        said = busy.ok(f"events list --follow --after {seen[-1] if seen else 0} --limit {left} {form}").out
        lines = said.splitlines()[form == "--csv" :]
        cut = {"--json": lambda line: line.split(",")[0].split()[1], "--csv": lambda line: line.split(",")[0]}
        seen += [int(cut.get(form, lambda line: line.split()[0])(line)) for line in lines]
    assert seen == everything
