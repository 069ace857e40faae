"""verify, backup, rewind, discard, backfill and prune, as an operator meets them."""

from pathlib import Path

import pytest

from tests.database import sql
from tests.runner import Arco

# verify


def test_verify_says_what_it_checked(daily: Arco) -> None:
    """A sound database is `ok`, with the numbers of events and schedules that were looked at."""
    daily.ok("tick", at="2025-01-03T12:00:00Z")
    assert daily.ok("verify").out.startswith("ok: 7 events and 1 schedule checked")
    assert daily.json("verify") == {"ok": True, "differences": [], "notes": []}


def test_verify_names_each_difference_on_a_line(daily: Arco) -> None:
    """A changed row, a removed tick: a line each on stdout, and exit 7."""
    daily.ok("tick", at="2025-01-03T12:00:00Z")
    sql(daily.db, "DELETE FROM tick_rows WHERE instant = (SELECT max(instant) FROM tick_rows)")
    sql(daily.db, "UPDATE schedule_rows SET cursor = cursor - 1")
    result = daily("verify")
    assert (result.code, result.err) == (7, "")
    *differences, verdict = result.out.splitlines()
    assert any("is missing" in line for line in differences)
    assert any("cursor" in line for line in differences)
    assert verdict.startswith(f"NOT ok: {len(differences)} differences")
    answer = daily("verify --json")
    assert (answer.code, answer.json["ok"], answer.json["differences"]) == (7, False, differences)


def test_verify_escapes_what_steers_a_terminal(daily: Arco) -> None:
    """A text that somebody wrote into the database is shown, not interpreted."""
    sql(daily.db, "UPDATE definition_rows SET cron_expression = '\x1b[2J[bold]' || char(10) || 'x'")
    result = daily("verify")
    assert result.code == 7
    assert "\x1b" not in result.out
    assert "[bold]" in result.out


def test_verify_of_a_file_that_is_no_database(arco: Arco) -> None:
    """One line and exit 6."""
    arco.db.write_bytes(b"no database" * 1000)
    result = arco("verify")
    assert (result.code, result.out, result.err.count("\n")) == (6, "", 1)


# backup


def test_a_backup_is_a_database(daily: Arco, tmp_path: Path) -> None:
    """The copy verifies, and holds the same."""
    daily.ok("tick", at="2025-01-03T12:00:00Z")
    copy = tmp_path / "copy.db"
    assert daily.ok(f"backup {copy}").out.startswith(f"Wrote {copy}, ")
    assert daily.ok(f"--db {copy} verify").out.startswith("ok")
    assert Arco(copy).content() == daily.content()


def test_a_backup_replaces_only_when_told(daily: Arco, tmp_path: Path) -> None:
    """An existing file is left as it is without --replace."""
    copy = tmp_path / "copy.db"
    copy.write_text("mine")
    result = daily(f"backup {copy}")
    assert result.code != 0
    assert "--replace" in result.err
    assert copy.read_text() == "mine"
    assert daily.json(f"backup {copy} --replace") == {"backup": str(copy), "bytes": copy.stat().st_size}


def test_a_backup_never_replaces_its_own_database(daily: Arco, tmp_path: Path) -> None:
    """Not under another name either: what others are writing there would be lost."""
    before = daily.db.stat().st_ino
    link = tmp_path / "link.db"
    link.symlink_to(daily.db)
    for target in (daily.db, link):
        result = daily(f"backup --replace {target}")
        assert (result.code, result.err.count("\n")) == (2, 1), result
        assert "itself" in result.err
    assert daily.db.stat().st_ino == before
    assert link.is_symlink()


def test_a_backup_does_not_end_up_beside_a_foreign_log(daily: Arco, tmp_path: Path) -> None:
    """SQLite would replay a write-ahead log that is left beside the name into the copy."""
    copy = tmp_path / "copy.db"
    (tmp_path / "copy.db-wal").write_bytes(b"x" * 100)
    result = daily(f"backup {copy} --replace")
    assert result.code == 6
    assert "copy.db-wal" in result.err
    assert not copy.exists()


# rewind and discard


def test_rewind_after_a_clock_that_was_wrong(daily: Arco) -> None:
    """What will happen is what happens; afterwards everything is as due as before, and verify is clean."""
    daily.ok("tick --allow-future --now 2026-01-01T00:00:00Z", at="2025-01-02T12:00:00Z")
    daily.ok("schedule update daily --max-catchup 5")
    planned = daily.json("schedule rewind --dry-run")
    assert daily.ok("schedule rewind --dry-run").out.startswith("Dry run, nothing is recorded.")
    done = daily.json("schedule rewind")
    assert done == {**planned, "dry_run": False}
    (one,) = done["rewound"]
    assert (one["schedule_id"], one["to"], one["ticks_ahead"]) == ("daily", "2025-01-02T12:00:00Z", 3)
    assert one["versions"] == [{"definition_version": 2, "effective_from": "2025-01-02T12:00:01Z"}]
    assert daily.ok("schedule rewind").out == "No schedule is ahead of the clock.\n"
    assert daily.ok("verify").code == 0
    assert daily.ok("tick", at="2025-01-03T12:00:00Z").out.startswith("1 schedule at 2025-01-03T12:00:00Z: 1 triggered")


def test_rewind_tells_a_person(daily: Arco) -> None:
    """From where to where, what becomes of versions, lapses and ticks; only the schedules that are named."""
    daily.ok("schedule create other --cron '0 10 * * *'")
    daily.ok("tick --allow-future --now 2026-01-01T00:00:00Z", at="2025-01-02T12:00:00Z")
    said = daily.ok("schedule rewind daily").out
    assert said == (
        "daily: brought back from 2025-12-31 10:00 UTC to 2025-01-02 12:00 UTC; 1 lapse cut short; "
        "3 ticks beyond the clock stay, their runs were requested.\n"
    )
    assert [each["schedule_id"] for each in daily.json("schedule rewind")["rewound"]] == ["other"]


def test_discard(daily: Arco) -> None:
    """What waits lapses with its count; again, nothing waits; an unknown id is not found."""
    daily.at = "2025-01-05T12:00:00Z"
    before = daily.content()
    assert "5 occurrences that waited would lapse (discarded)" in daily.ok("schedule discard daily --dry-run").out
    assert daily.content() == before
    answer = daily.json("schedule discard daily")
    assert (answer["discarded"], [lapse["reason"] for lapse in answer["lapses"]]) == (5, ["discarded"])
    assert daily.ok("schedule discard daily").out == "daily: nothing waits.\n"
    assert daily("schedule discard other").code == 3
    assert daily.ok("verify").code == 0


# backfill


def test_backfill_what_lapsed_and_what_lies_before_the_start(daily: Arco) -> None:
    """Each gets a run once; what ran is left alone, --limit leaves the rest for another call."""
    daily.ok("tick", at="2025-01-09T12:00:00Z")
    asked = "backfill daily --from 2024-12-30 --to 2025-01-09"
    planned = daily.json(f"{asked} --dry-run --limit 4")
    assert (planned["created"], planned["remaining"], planned["ran"], planned["dry_run"]) == (4, 4, 2, True)
    done = daily.json(f"{asked} --limit 4")
    assert done == {**planned, "dry_run": False}
    assert done["ticks"][0]["tick_id"] == "daily:backfill:1735552800"
    said = daily.ok(asked).out
    assert said.startswith("daily from 2024-12-30 00:00 UTC to before 2025-01-09 00:00 UTC: 4 occurrences backfilled")
    assert "4 backfilled before, 2 had run." in said
    assert daily.json(asked)["created"] == 0
    assert daily.ok("verify").code == 0


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("--from 2025-01-05 --to 2025-01-04", "is not after --from"),
        ("--from 2025-01-05 --to 2026-01-04", "lies in the future"),
        ("--from sometime --to now", "--from 'sometime' is no instant"),
        ("--from 2025-01-05 --to 2025-01-06 --limit 0", "--limit must be between"),
    ],
)
def test_a_backfill_that_makes_no_sense(daily: Arco, asked: str, words: str) -> None:
    """One line, exit 2, nothing recorded."""
    daily.at = "2025-01-09T12:00:00Z"
    before = daily.content()
    result = daily(f"backfill daily {asked}")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert words in result.err
    assert daily.content() == before


# prune


def test_prune(daily: Arco) -> None:
    """Old history goes, runs stay, `why` and `verify` know; doing it again finds nothing."""
    for day in range(2, 20):
        daily.ok("tick", at=f"2025-01-{day:02}T12:00:00Z")
    before = daily.content()
    assert daily.ok("prune --older-than 7d --dry-run").out.startswith(
        "Dry run, nothing is recorded. 12 ticks and 0 lapse records of 1 schedule would be removed"
    )
    assert daily.content() == before
    answer = daily.json("prune --older-than 7d")
    assert answer == {"before": "2025-01-12T12:00:00Z", "schedules": 1, "ticks": 12, "lapses": 0, "dry_run": False}
    assert daily.ok("prune --older-than 7d").out == "Nothing is older than 2025-01-12T12:00:00Z.\n"
    assert daily.ok("verify").code == 0
    assert len(daily.json("runs list")["runs"]) == 19
    why = daily.json("why daily --at 2025-01-05T10:00:00Z")
    assert (why["verdict"], why["reasons"][-1]["about"]) == ("pruned", "run")


@pytest.mark.parametrize("span", ["90", "23h", "0d", "-1d", "1y", "", "999999999999d"])
def test_a_span_that_prune_refuses(daily: Arco, span: str) -> None:
    """A number without its unit would be minutes, and a mistake that can't be undone; less than a day is refused."""
    result = daily("prune", "--older-than", span)
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert "--older-than" in result.err
