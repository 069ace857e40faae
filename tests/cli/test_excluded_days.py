"""Days on which nothing runs, through whole commands."""

from pathlib import Path

import pytest

from tests.runner import Arco

NOW = "2025-12-20T00:00:00Z"


def statuses(arco: Arco) -> dict[str, str]:
    """(day, why it was skipped) of every tick."""
    ticks = arco.json("ticks list --json", at="2026-01-05T00:00:00Z")["ticks"]
    return {tick["scheduled_for"][5:10]: tick["skip_reason"] or tick["status"] for tick in sorted(ticks, key=str)}


def test_excluded_days_become_skipped_ticks(arco: Arco) -> None:
    """Each occurrence on such a day of the schedule's clock is a tick without a run, whoever evaluates when."""
    arco.ok(
        "schedule create d --cron '0 23 * * *' --tz America/New_York --exclude 2025-12-24..2025-12-25 "
        "--catchup-window 30d --max-catchup 100",
        at=NOW,
    )
    arco.ok("tick --quiet", at="2025-12-25T02:00:00Z")
    arco.ok("schedule disable d", at="2025-12-26T05:00:00Z")
    arco.ok("schedule enable d --json", at="2025-12-27T05:00:00Z")
    said = arco.json("tick --json --dry-run", at="2025-12-28T05:00:00Z")
    done = arco.json("tick --json", at="2025-12-28T05:00:00Z")
    assert said["ticks"] == done["ticks"]
    assert (done["triggered"], done["skipped"]) == (1, 3)
    # 23:00 in New York is 04:00 UTC of the next day.
    assert statuses(arco) == {
        "12-20": "triggered",
        "12-21": "triggered",
        "12-22": "triggered",
        "12-23": "triggered",
        "12-24": "triggered",
        "12-25": "excluded",
        "12-26": "excluded",
        "12-27": "paused",
        "12-28": "triggered",
    }
    events = arco.json("events list --type ScheduleTicked --json")["events"]
    assert [event["payload"]["skip_reason"] for event in events][-4:] == ["excluded", "excluded", "paused", None]
    arco.ok("verify")


def test_any_cadence_and_back_again(arco: Arco, tmp_path: Path) -> None:
    """Days that are excluded, not, and again: each occurrence by the version in force, evaluated often or once."""
    other = Arco(tmp_path / "other.db", at=NOW)
    for one, often in ((arco, True), (other, False)):
        one.ok(
            "schedule create d --cron '0 */6 * * *' --exclude 2025-12-24 --catchup-window 30d --max-catchup 99", at=NOW
        )
        for hour in range(0, 192, 5):
            day, rest = divmod(hour, 24)
            at = f"2025-12-{20 + day}T{rest:02}:30:00Z"
            if hour == 100:
                one.ok("schedule update d --clear-exclude", at=at)
            if hour == 110:
                one.ok("schedule update d --exclude 2025-12-24", at=at)
            if often:
                one.ok("tick --quiet", at=at)
        one.ok("tick --quiet", at="2025-12-29T00:00:00Z")
        one.ok("verify")
    columns = ("tick_id", "definition_version", "status", "skip_reason", "run_id")
    ours, theirs = (
        [[tick[name] for name in columns] for tick in one.json("ticks list --limit 1000 --json")["ticks"]]
        for one in (arco, other)
    )
    assert ours == theirs
    assert {row[3] for row in ours} == {None, "excluded"}


def test_days_of_a_file(arco: Arco, tmp_path: Path) -> None:
    """A day or a range a line, comments and blank lines; with --exclude, both; what touches is one range."""
    file = tmp_path / "days"
    file.write_text("# public holidays\n2025-12-25  # Christmas\n\n 2026-01-01\n2025-12-27..2025-12-31\n")
    made = arco.json(f"schedule create d --cron @daily --exclude-from {file} --exclude 2025-12-26 --json", at=NOW)
    assert made["excluded_days"] == ["2025-12-25..2026-01-01"]
    shown = arco.ok("schedule show d", at=NOW).out
    assert "excluded days" in shown
    again = arco.ok(f"schedule update d --exclude-from {file} --exclude 2025-12-26", at=NOW).out
    assert "unchanged" in again
    preview = arco.json("schedule preview d --count 7 --json", at=NOW)["occurrences"]
    assert [each["skipped"] for each in preview] == [None] * 5 + ["excluded"] * 2
    assert "skipped (excluded)" in arco.ok("schedule preview d", at=NOW).out
    by_cron = arco.json(f"schedule preview --cron @daily --count 7 --exclude-from {file} --json", at=NOW)["occurrences"]
    assert by_cron[5]["skipped"] == "excluded"
    upcoming = arco.json("next --count 8 --json", at=NOW)["occurrences"]
    assert [each["at"][5:10] for each in upcoming][-3:] == ["01-03", "01-04", "01-05"]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--exclude 2025-02-29", "--exclude '2025-02-29' names a day that does not exist"),
        ("--exclude 25-12-24", "--exclude '25-12-24' is not a day or a range of days: write 2025-12-25 or"),
        ("--exclude 2025-12-25T00:00:00Z", "is not a day or a range of days"),
        ("--exclude 2025-12-25..2025-12-24", "--exclude '2025-12-25..2025-12-24' ends before it begins"),
        ("--exclude 0000-12-25", "names a day that does not exist"),
        ("--exclude ''", "is not a day or a range of days"),
        ("--exclude-from FILE", "FILE, line 2: '2025-13-01' names a day that does not exist"),
        ("--exclude-from FILE", "FILE, line 3: 'tomorrow' is not a day or a range of days"),
        ("--exclude-from EMPTY", "--exclude-from EMPTY has no days in it"),
        ("--exclude-from MISSING", "can't read --exclude-from MISSING: No such file or directory"),
        ("--exclude-from BINARY", "can't read --exclude-from BINARY: it is not UTF-8"),
    ],
)
def test_what_is_no_day_is_refused(arco: Arco, tmp_path: Path, option: str, said: str) -> None:
    """One line, exit 2, and nothing is made."""
    texts = {"FILE": b"2025-12-01\n2025-13-01\ntomorrow\n", "EMPTY": b"# none\n", "BINARY": b"\xff\xfe"}
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text)
    for name in (*texts, "MISSING"):
        option, said = option.replace(name, str(tmp_path / name)), said.replace(name, str(tmp_path / name))
    refused = arco(f"schedule create d --cron @daily {option}")
    assert refused.code == 2
    assert said in " ".join(refused.err.split())
    assert not arco.db.exists()


def test_too_many_ranges_are_refused(arco: Arco, tmp_path: Path) -> None:
    """1,000 ranges at most, after those that touch are made one."""
    file = tmp_path / "days"
    file.write_text("".join(f"{year}-{month:02}-01\n" for year in range(2000, 2084) for month in range(1, 13)))
    assert (
        "--exclude has more than 1,000 days or ranges"
        in arco(f"schedule create d --cron @daily --exclude-from {file}").err
    )


def test_why_and_backfill(arco: Arco) -> None:
    """`why` says that the day is excluded, before and after; a backfill leaves such days alone and counts them."""
    arco.ok("schedule create d --cron '0 9 * * *' --exclude 2025-12-25 --catchup-window 30d", at=NOW)
    before = " ".join(arco.ok("why d --at 2025-12-25T09:00:00Z", at=NOW).out.split())
    assert "it is in the future, on an excluded day, and will be skipped" in before
    waits = " ".join(arco.ok("why d --at 2025-12-25T09:00:00Z", at="2025-12-25T10:00:00Z").out.split())
    assert "an evaluation now would skip it (excluded)" in waits
    arco.ok("tick --quiet", at="2025-12-26T10:00:00Z")
    after = " ".join(arco.ok("why d --at 2025-12-25T09:00:00Z", at="2025-12-27T00:00:00Z").out.split())
    assert "was skipped 1 day 1 hour late: that day is excluded" in after
    assert "version 1 excludes that day, so it was skipped at 2025-12-26 10:00 UTC" in after
    assert "`arco schedule trigger d` requests a run now; a backfill leaves out excluded days" in after
    made = arco.json("backfill d --from 2025-12-01 --to 2025-12-27 --json", at="2025-12-27T00:00:00Z")
    assert (made["created"], made["ran"], made["excluded"]) == (19, 6, 1)
    arco.ok("verify")


def test_a_file_and_back(arco: Arco, tmp_path: Path) -> None:
    """The TOML file takes texts and TOML's own dates; what is exported is unchanged when it is applied."""
    file = tmp_path / "arco.toml"
    file.write_text(
        '[defaults]\nexcluded_days = ["2025-12-24..2026-01-01"]\n'
        '[schedules.a]\ncron_expression = "@daily"\n'
        '[schedules.b]\ncron_expression = "@daily"\nexcluded_days = [2025-12-26, 2025-12-25, "2026-05-01"]\n'
    )
    arco.ok(f"apply {file}")
    found = {each["schedule_id"]: each["excluded_days"] for each in arco.json("schedule list --json")["schedules"]}
    assert found == {"a": ["2025-12-24..2026-01-01"], "b": ["2025-12-25..2025-12-26", "2026-05-01"]}
    (tmp_path / "out.toml").write_text(arco.ok("export").out)
    assert arco.ok(f"apply {tmp_path / 'out.toml'}").out == "2 unchanged.\n"
    file.write_text('[schedules.a]\ncron_expression = "@daily"\nexcluded_days = ["2025-12-25", 2025-12-25T00:00:00Z]\n')
    refused = arco(f"apply {file}")
    assert refused.code == 2
    assert "arco.toml:3: " in refused.err
    assert "is not a day or a range of days" in refused.err
