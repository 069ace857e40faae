"""Zone rules that really change: two releases of tzdata, each in an installation of its own, on one database."""

from pathlib import Path
from typing import Any

import pytest

from tests.database import sql
from tests.installations import Installation

MEXICO = ("--tz", "America/Mexico_City")
ALMATY = ("--tz", "Asia/Almaty")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "arco.db"


@pytest.fixture
def before(tmp_path: Path, db: Path) -> Installation:
    """The older rules."""
    return Installation(tmp_path, db, "2022a")


def made(answer: Any) -> list[str]:
    """The instants of the ticks of an answer."""
    return [tick["scheduled_for"] for tick in answer["ticks"]]


def test_nobody_is_served_twice(tmp_path: Path, db: Path, before: Installation) -> None:
    """Daily at 06:30 in Mexico City: on the day on which the rules arrive that moved it by an hour, it was served."""
    after = Installation(tmp_path, db, "2022f")
    before("schedule", "create", "daily", "--cron", "30 6 * * *", *MEXICO, at="2023-04-03T00:00:00Z")
    assert made(before("tick", at="2023-04-03T12:00:00Z")) == ["2023-04-03T11:30:00Z"]
    assert made(before("tick", at="2023-04-04T12:00:00Z")) == ["2023-04-04T11:30:00Z"]
    assert made(after("tick", "--dry-run", at="2023-04-04T12:40:00Z")) == []
    assert made(after("tick", at="2023-04-04T12:00:00Z")) == []
    assert after("schedule", "show", "daily", at="2023-04-04T12:00:00Z")["next_due_at"] == "2023-04-05T12:30:00Z"
    assert made(after("tick", at="2023-04-04T12:40:00Z")) == []
    [event] = [e for e in after("events", "list", at="2023-04-04T12:40:00Z")["events"] if "Zone" in e["type"]]
    assert event["payload"]["served"] == {"daily": ["2023-04-04T12:30:00Z"]}
    assert event["payload"]["zones"] == {
        "America/Mexico_City": [["2023-04-03T00:00:00Z", "2023-04-05T12:00:01Z", -18000, -21600]]
    }
    assert made(after("tick", at="2023-04-05T12:40:00Z")) == ["2023-04-05T12:30:00Z"]
    assert after("verify", at="2023-04-05T12:40:00Z")["ok"]
    why = after("why", "daily", "--at", "2023-04-04T12:30:00Z", at="2023-04-05T12:40:00Z")
    assert why["verdict"] == "moved"
    span = ("--from", "2023-04-03T00:00:00Z", "--to", "2023-04-05T12:40:00Z")
    filled = after("backfill", "daily", *span, at="2023-04-05T12:40:00Z")
    assert (filled["created"], filled["ran"]) == (0, 3)
    assert after("verify", at="2023-04-05T12:40:00Z")["ok"]


def test_an_appointment_that_comes_earlier_is_made_once(tmp_path: Path, db: Path, before: Installation) -> None:
    """The other way round, what was not served yet is due, and tomorrow's too."""
    after = Installation(tmp_path, db, "2022f")
    after("schedule", "create", "daily", "--cron", "30 6 * * *", *MEXICO, at="2023-04-03T00:00:00Z")
    assert made(after("tick", at="2023-04-03T12:40:00Z")) == ["2023-04-03T12:30:00Z"]
    assert made(before("tick", at="2023-04-04T11:40:00Z")) == ["2023-04-04T11:30:00Z"]
    assert made(after("tick", at="2023-04-04T12:40:00Z")) == []
    assert after("verify", at="2023-04-04T12:40:00Z")["ok"]


@pytest.mark.parametrize("cron", ["0 */6 * * *", "*/30 * * * *"])
def test_intervals(tmp_path: Path, db: Path, before: Installation, cron: str) -> None:
    """An interval that is due at instants that both rules have goes on; one that was moved is not made twice."""
    after = Installation(tmp_path, db, "2022f")
    before("schedule", "create", "it", "--cron", cron, *MEXICO, at="2023-04-04T10:45:00Z")
    first = made(before("tick", at="2023-04-04T11:00:00Z"))
    assert first == ["2023-04-04T11:00:00Z"]
    then = made(after("tick", at="2023-04-04T12:10:00Z"))
    halves = ["2023-04-04T11:30:00Z", "2023-04-04T12:00:00Z"]
    assert then == ([] if cron.startswith("0") else halves)
    assert after("verify", at="2023-04-04T12:10:00Z")["ok"]


def test_a_past_that_was_moved(tmp_path: Path, db: Path, before: Installation) -> None:
    """Almaty, evaluated under 2022a and then under 2024a: notes, and nothing is made again that ran an hour beside."""
    after = Installation(tmp_path, db, "2024a")
    before("schedule", "create", "daily", "--cron", "30 6 * * *", *ALMATY, at="2024-02-27T00:00:00Z")
    for day in ("02-28", "02-29", "03-01", "03-02", "03-03"):
        before("tick", at=f"2024-{day}T01:00:00Z")
    now = "2024-03-04T02:00:00Z"
    assert made(after("tick", at=now)) == ["2024-03-04T01:30:00Z"]
    found = after("verify", at=now)
    assert (found["ok"], found["differences"]) == (True, [])
    assert found["notes"]
    why = after("why", "daily", "--at", "2024-03-02T01:30:00Z", at=now)
    assert why["verdict"] == "moved"
    why = after("why", "daily", "--at", "2024-03-02T00:30:00Z", at=now)
    assert why["verdict"] == "triggered"
    filled = after("backfill", "daily", "--from", "2024-02-28T00:00:00Z", "--to", now, at=now)
    assert (filled["created"], filled["ran"]) == (0, 6)
    after("prune", "--older-than", "1d", at="2024-03-20T02:00:00Z")
    assert after("verify", at="2024-03-20T02:00:00Z")["ok"]


def test_only_what_another_release_explains_is_a_note(tmp_path: Path, db: Path, before: Installation) -> None:
    """A false record of a zone that stayed as it was, of UTC, or of a stretch that stayed, is a difference for ever."""
    after = Installation(tmp_path, db, "2024a")
    create = ("schedule", "create")
    start = "2024-02-20T00:00:00Z"
    before(*create, "almaty", "--cron", "30 6 * * *", *ALMATY, at=start)
    before(*create, "berlin", "--cron", "30 6 * * *", "--tz", "Europe/Berlin", at=start)
    before(*create, "utc", "--cron", "30 6 * * *", at=start)
    for day in range(21, 30):
        before("tick", at=f"2024-02-{day}T12:00:00Z")
    before("tick", at="2024-03-02T12:00:00Z")
    now = "2024-03-04T12:00:00Z"
    after("tick", at=now)
    assert after("verify", at=now)["ok"]

    def shifted(schedule_id: str, instant: str) -> list[str]:
        """What verify says where a tick was recorded a minute early."""
        copy = db.read_bytes()
        number = f"(SELECT schedule FROM schedule_ids WHERE schedule_id = '{schedule_id}')"
        at = f"CAST(strftime('%s', '{instant}') AS INTEGER)"
        sql(db, "PRAGMA wal_checkpoint(TRUNCATE)")
        sql(db, f"UPDATE event_log SET instant = instant - 60 WHERE schedule = {number} AND instant = {at}")
        sql(db, f"UPDATE run_rows SET instant = instant - 60 WHERE schedule = {number} AND instant = {at}")
        sql(
            db,
            f"UPDATE tick_rows SET instant = instant - 60, tick_id = '{schedule_id}:' || (instant - 60) "
            f"WHERE schedule = {number} AND instant = {at}",
        )
        said: list[str] = after("verify", at=now, code=7)["differences"]
        db.write_bytes(copy)
        return [line for line in said if "occurrence" in line]

    sql(db, "PRAGMA wal_checkpoint(TRUNCATE)")
    assert len(shifted("berlin", "2024-02-22T05:30:00Z")) == 2
    assert len(shifted("utc", "2024-02-22T06:30:00Z")) == 2
    assert len(shifted("almaty", "2024-02-22T00:30:00Z")) == 2


def test_a_zone_that_is_lost(tmp_path: Path, db: Path, before: Installation) -> None:
    """A version that had no tick, in a zone that a later release lacks: a note."""
    after = Installation(tmp_path, db, "2024a", without="Asia/Almaty")
    before("schedule", "create", "yearly", "--cron", "0 0 1 1 *", *ALMATY, at="2024-02-27T00:00:00Z")
    before("schedule", "update", "yearly", "--cron", "0 * * * *", "--tz", "UTC", at="2024-02-27T10:30:00Z")
    assert made(before("tick", at="2024-02-27T11:00:00Z")) == ["2024-02-27T11:00:00Z"]
    assert made(after("tick", at="2024-02-27T12:00:00Z")) == ["2024-02-27T12:00:00Z"]
    found = after("verify", at="2024-02-27T12:00:00Z")
    assert (found["ok"], len(found["notes"])) == (True, 1)


def test_two_installations_on_one_database(tmp_path: Path, db: Path, before: Installation) -> None:
    """What the older one plans is planned anew by the next evaluation of the newer one, however late or never it is."""
    after = Installation(tmp_path, db, "2024a")
    start = "2024-03-10T00:00:00Z"
    after("schedule", "create", "daily", "--cron", "30 6 * * *", *ALMATY, at=start)
    assert made(after("tick", at="2024-03-10T02:00:00Z")) == ["2024-03-10T01:30:00Z"]
    # At 07:30 by the older rules the day's appointment is over; by the newer ones the clock reads 06:30 then.
    before("schedule", "update", "daily", "--cron", "20 7 * * *", at="2024-03-11T01:40:00Z")
    assert made(after("tick", at="2024-03-11T02:30:00Z")) == ["2024-03-11T01:30:00Z", "2024-03-11T02:20:00Z"]
    assert made(after("tick", at="2024-03-12T02:30:00Z")) == ["2024-03-12T02:20:00Z"]
    noon, end = ("--cron", "0 12 * * *"), ("--end", "2024-03-12T07:30:00Z")
    before("schedule", "update", "daily", *noon, *end, at="2024-03-12T06:30:00Z")
    assert after("status", at="2024-03-12T06:40:00Z")["next_due_at"] == "2024-03-12T07:00:00Z"
    assert made(after("tick", "--dry-run", at="2024-03-12T07:10:00Z")) == ["2024-03-12T07:00:00Z"]
    assert made(after("tick", at="2024-03-12T07:10:00Z")) == ["2024-03-12T07:00:00Z"]
    found = after("verify", at="2024-03-12T07:10:00Z")
    assert (found["ok"], found["notes"]) == (True, [])
