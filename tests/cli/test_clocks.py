"""On whose clock instants are read and shown: that of the one schedule named, of `--tz`, else UTC."""

import re

import pytest

from tests.runner import Arco


@pytest.fixture
def berlin(arco: Arco) -> Arco:
    """A backup each night at 00:30 in Berlin (23:30 UTC), paused on 2025-01-12, its evaluator away from 13 to 15."""
    arco.ok(
        "schedule create backup --cron '30 0 * * *' --tz Europe/Berlin --catchup-window 1d", at="2025-01-09T12:00:00Z"
    )
    arco.ok("schedule create hourly --cron '0 * * * *' --tz America/New_York --max-catchup 100")
    for day in (10, 11, 12):
        arco.ok("tick", at=f"2025-01-{day}T12:00:00Z")
        arco.ok(f"schedule {'disable' if day == 11 else 'enable'} backup")
    arco.ok("tick", at="2025-01-15T12:00:00Z")
    return arco


@pytest.mark.parametrize(
    ("said", "verdict", "at"),
    [
        ("2025-01-11", "triggered", "2025-01-10T23:30:00Z"),
        ("2025-01-12", "skipped", "2025-01-11T23:30:00Z"),
        ("Jan 13", "lapsed", "2025-01-12T23:30:00Z"),
        ("yesterday", "lapsed", "2025-01-13T23:30:00Z"),
        ("today 00:30", "triggered", "2025-01-14T23:30:00Z"),
        ("last night", "triggered", "2025-01-14T23:30:00Z"),
        ("2025-01-15 00:30", "triggered", "2025-01-14T23:30:00Z"),
        ("2025-01-14 23:30 UTC", "triggered", "2025-01-14T23:30:00Z"),
        ("3 days", "skipped", "2025-01-11T23:30:00Z"),
    ],
)
def test_words_are_on_the_clock_of_the_schedule(berlin: Arco, said: str, verdict: str, at: str) -> None:
    """A day is the day there, all of it, and a time without a zone is that of its clock."""
    answer = berlin.json("why", "backup", "--at", said)
    assert (answer["verdict"], answer["at"]) == (verdict, at)


def test_a_day_with_many_occurrences(berlin: Arco) -> None:
    """Each is answered for; neighbours of which the same became are one row."""
    berlin.ok("schedule disable hourly", at="2025-01-16T12:00:00Z")
    berlin.at = "2025-01-16T15:30:00Z"
    answer = berlin.json("why hourly --at today")
    assert (answer["from"], answer["to"]) == ("2025-01-16T05:00:00Z", "2025-01-17T05:00:00Z")
    found = [(each["first"], each["last"], each["count"], each["verdict"]) for each in answer["occurrences"]]
    assert found == [
        ("2025-01-16T05:00:00Z", "2025-01-16T15:00:00Z", 11, "waiting"),
        ("2025-01-16T16:00:00Z", "2025-01-17T04:00:00Z", 13, "future"),
    ]
    assert (answer["verdict"], answer["at"]) == ("waiting", "2025-01-16T15:00:00Z")
    said = berlin.ok("why hourly --at today").out
    assert said.startswith(
        "hourly: 24 occurrences on Thursday 2025-01-16 in America/New_York: 11 waiting, 13 future.\n"
    )
    assert "2025-01-16 00:00 -05:00  2025-01-16 10:00 -05:00     11  waiting" in said


def test_a_day_without_an_occurrence(arco: Arco) -> None:
    """The chain is about the time of day at which one would be, so that the day is what does not match."""
    arco.ok("schedule create weekly --cron '30 6 * * MON' --tz Europe/Berlin", at="2025-01-01T00:00:00Z")
    said = arco.ok("why weekly --at 2025-01-14", at="2025-01-15T12:00:00Z").out
    assert said.startswith("weekly has no occurrence on Tuesday 2025-01-14 in Europe/Berlin.")
    assert "the day-of-week is 2 (Tuesday), which `MON` does not match" in said
    assert "the hour there" not in said


def test_too_many_occurrences_are_refused(arco: Arco) -> None:
    """With what to ask instead."""
    arco.ok("schedule create each --cron '* * * * * *'")
    result = arco("why each --at 2025")
    assert result.code == 2
    assert "31,536,000 occurrences in that time" in result.err
    assert "arco timeline each" in result.err


def test_a_backfill_begins_at_the_midnight_of_the_schedule(berlin: Arco) -> None:
    """Both ends are its midnights; with --utc or another zone those of that one."""
    for more, found in (
        ("", ["backup:backfill:1736724600", "backup:backfill:1736811000"]),
        ("--utc", ["backup:backfill:1736811000"]),
        ("--tz Asia/Tokyo", ["backup:backfill:1736724600"]),
    ):
        answer = berlin.json(
            f"backfill backup --from 2025-01-13 --to {'2025-01-15' if not more else '2025-01-14'} --dry-run {more}"
        )
        assert [each["tick_id"] for each in answer["ticks"]] == found


def test_lists_of_one_schedule_read_its_clock_and_others_utc(berlin: Arco) -> None:
    """--since and --until of every list."""
    for asked, count in (
        ("ticks list --schedule backup --since 2025-01-12 --until 2025-01-13", 1),
        ("ticks list --schedule backup --since 2025-01-12 --until 2025-01-13 --utc", 0),
        ("runs list --schedule backup --due-since 2025-01-11 --due-until 2025-01-12", 1),
        ("runs list --schedule backup --due-since 2025-01-11 --due-until 2025-01-12 --tz America/New_York", 0),
        ("lapses list --schedule backup --until 2025-01-14", 1),
    ):
        assert len(berlin.json(asked)[asked.split()[0]]) == count, asked
    assert berlin.json("ticks list --since 2025-01-15 --limit 1")["ticks"][0]["schedule_id"] == "hourly"


def test_a_time_copied_from_a_table_is_its_row(berlin: Arco) -> None:
    """Whatever zone it is shown in; also as the beginning of a range."""
    for more in ("", "--utc", "--tz Asia/Kolkata"):
        for schedule in ("backup", "hourly"):
            for line in berlin.ok(f"ticks list --schedule {schedule} {more}").out.splitlines()[1:]:
                tick_id, shown = re.split(r"  +", line)[:2]
                assert berlin.json("why", schedule, "--at", shown)["tick"]["tick_id"] == tick_id
                first = berlin.json("ticks", "list", "--schedule", schedule, "--since", shown)["ticks"][-1]
                assert first["tick_id"] == tick_id


def test_a_zone_for_showing(berlin: Arco) -> None:
    """--tz shows all schedules on one clock; a zone that is not known is refused, with what it may be."""
    shown = berlin.ok("ticks list --limit 3 --tz Asia/Tokyo").out.splitlines()[1:]
    assert all("+09:00" in line for line in shown)
    for command in ("status", "schedule list", "schedule show backup", "events list", "timeline", "why backup"):
        assert berlin(f"{command} --tz Europe/Berlinn").code == 2, command
        assert berlin(f"{command} --tz Asia/Tokyo --utc").code == 2, command
        assert berlin(f"{command} --tz Asia/Tokyo").code == 0, command


def test_a_start_and_an_end_are_on_the_clock_of_the_definition(arco: Arco) -> None:
    """Those that look ahead mean the next such day, and a span there says which way."""
    arco.at = "2025-01-15T12:00:00Z"
    arco.ok("schedule create x --cron '0 * * * *' --tz Europe/Berlin --start 2025-01-20 --end 'Jan 5 10:00'")
    version = arco.json("schedule show x")
    assert (version["start_at"], version["end_at"]) == ("2025-01-19T23:00:00Z", "2026-01-05T09:00:00Z")
    arco.ok("schedule update x --end 'in 3 weeks'")
    assert arco.json("schedule show x")["end_at"] == "2025-02-05T12:00:00Z"
    arco.ok("schedule update x --end 2025-03-01")
    assert arco.json("schedule show x")["end_at"] == "2025-02-28T23:00:00Z"
    arco.ok("schedule update x --tz America/New_York --end 2025-03-01")
    assert arco.json("schedule show x")["end_at"] == "2025-03-01T05:00:00Z"
    for command in ("schedule update x --end '3 weeks'", "schedule create y --cron '0 * * * *' --start whenever"):
        result = arco(command)
        assert (result.code, result.err.count("\n")) == (2, 1)
        assert "in" in result.err
    found = arco.json("schedule preview x --from monday --count 1")["occurrences"]
    assert found[0]["at"] == "2025-01-20T05:00:00Z"
    found = arco.json("schedule preview --cron '0 0 * * *' --tz Asia/Tokyo --from 2025-02-01 --count 1")["occurrences"]
    assert found[0]["at"] == "2025-01-31T15:00:00Z"
