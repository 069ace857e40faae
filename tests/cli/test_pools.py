"""`arco pool`, `arco workers` and `arco next`."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.runner import Arco

TICKED = "2025-01-15T10:30:00Z"


def test_pools(arco: Arco) -> None:
    """A limit over all workers: set, listed, held, removed; the same again changes nothing."""
    arco.ok('schedule create load --cron "0 * * * *" --start 2025-01-15T10:00:00Z --command true --pool heavy')
    arco.ok("tick", at=TICKED)
    heavy = {"pool": "heavy", "slots": 0, "running": 0, "waiting": 1}
    assert arco.json("pool set heavy --slots 0") == {"pools": [heavy], "change": "changed"}
    assert arco.json("pool set heavy --slots 0")["change"] == "existing"
    default = {"pool": "default", "slots": None, "running": 0, "waiting": 0}
    assert arco.json("pool list") == {"pools": [default, heavy]}
    assert arco.json("work --once --pool heavy")["started"] == 0
    assert arco.json("runs show load")["waiting_for"] == "pool"
    assert arco.json("pool remove heavy") == {"pools": [heavy | {"slots": None}], "change": "changed"}
    assert arco.json("work --once --pool heavy")["succeeded"] == 1
    arco.ok("verify")


def test_pools_at_eighty_columns(arco: Arco, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole screen."""
    arco.ok('schedule create load --cron "0 * * * *" --start 2025-01-15T10:00:00Z --command true')
    arco.ok("tick", at=TICKED)
    assert arco.ok("pool set heavy --slots 2").out == "pool heavy: 2 slots; 0 running, 0 waiting\n"
    assert arco.ok("pool set heavy --slots 2").out == "pool heavy: 2 slots (unchanged); 0 running, 0 waiting\n"
    monkeypatch.setenv("COLUMNS", "80")
    assert [line.rstrip() for line in arco.ok("pool list").out.splitlines()] == [
        "POOL        SLOTS  RUNNING  WAITING",
        "default  no limit        0        1",
        "heavy           2        0        0",
    ]


@pytest.mark.parametrize("words", ["set heavy --slots -1", "set heavy", "set 'a b' --slots 1", "remove ''"])
def test_bad_pools(daily: Arco, words: str) -> None:
    """One line, exit 2, and nothing changed."""
    before = daily.content()
    result = daily(f"pool {words}")
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert daily.content() == before


def test_workers(daily: Arco) -> None:
    """A worker is listed while it lives: one that was killed is gone, although nobody recorded it."""
    assert daily.json("workers") == {"workers": []}
    environ = {key: text for key, text in os.environ.items() if key != "ARCO_NOW"}
    environ |= {"ARCO_DB": str(daily.db), "PYTHONPATH": os.pathsep.join(sys.path)}
    worker = subprocess.Popen([sys.executable, "-m", "arco_sched", "work", "--pool", "a", "--slots", "3"], env=environ)
    try:
        deadline = time.monotonic() + 60
        while not (found := daily.json("workers")["workers"]):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        (row,) = found
        assert (row["pid"], row["executor"], row["pools"], row["slots"], row["running"]) == (
            worker.pid,
            "local",
            ["a"],
            3,
            0,
        )
        assert str(worker.pid) in daily.ok("workers").out
        worker.send_signal(signal.SIGKILL)
        worker.wait(60)
        assert daily.json("workers") == {"workers": []}
        assert daily.ok("workers").err == "No worker is running. `arco work` starts one.\n"
    finally:
        worker.kill()
        worker.wait(60)


@pytest.fixture
def coming(arco: Arco) -> Arco:
    """Three schedules, one of them paused, one with a spread."""
    arco.ok('schedule create daily --cron "0 10 * * *" --tz Europe/Berlin', at="2025-01-15T12:00:00Z")
    arco.ok('schedule create hourly --cron "0 */6 * * *" --spread 10m')
    arco.ok('schedule create paused --cron "* * * * *"')
    arco.ok("schedule disable paused")
    return arco


def test_a_preview_shows_the_spread(coming: Arco) -> None:
    """Each start beside its occurrence, the same as `next` says; a column only where something is spread."""
    shown = coming.json("schedule preview hourly --from 2025-01-15T12:00:01Z --count 3")["occurrences"]
    upcoming = coming.json("next --schedule hourly --count 3")["occurrences"]
    assert [(each["at"], each["starts_at"]) for each in shown] == [(each["at"], each["starts_at"]) for each in upcoming]
    assert any(each["starts_at"] > each["at"] for each in shown)
    assert "STARTS" in coming.ok("schedule preview hourly").out
    assert " later" in coming.ok("schedule preview hourly").out
    assert "STARTS" not in coming.ok("schedule preview daily").out


def test_what_is_next(coming: Arco) -> None:
    """Over all schedules in the order of time, each on its own clock; what is paused is left out."""
    found = coming.json("next --count 4")["occurrences"]
    assert [(each["schedule_id"], each["at"], each["local"]) for each in found] == [
        ("hourly", "2025-01-15T18:00:00Z", "2025-01-15T18:00:00+00:00"),
        ("hourly", "2025-01-16T00:00:00Z", "2025-01-16T00:00:00+00:00"),
        ("hourly", "2025-01-16T06:00:00Z", "2025-01-16T06:00:00+00:00"),
        ("daily", "2025-01-16T09:00:00Z", "2025-01-16T10:00:00+01:00"),
    ]
    for each in found:
        later = 0 if each["schedule_id"] == "daily" else 600
        assert each["at"] <= each["starts_at"] <= each["at"][:14] + f"{later // 60:02}:00Z"
    assert any(each["starts_at"] != each["at"] for each in found)
    assert [each["schedule_id"] for each in coming.json("next --count 2 --schedule daily")["occurrences"]] == [
        "daily",
        "daily",
    ]


def test_next_agrees_with_preview(coming: Arco) -> None:
    """Whatever waits: the occurrences after now are those that each schedule's preview has."""
    coming.at = "2025-01-17T11:11:11Z"  # nobody evaluated for two days
    wanted = sorted(
        (each["at"], name)
        for name in ("daily", "hourly")
        for each in coming.json(f"schedule preview {name} --count 40")["occurrences"]
    )
    found = coming.json("next --count 30")["occurrences"]
    assert [(each["at"], each["schedule_id"]) for each in found] == wanted[:30]


def test_next_at_eighty_columns(coming: Arco, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole screen."""
    monkeypatch.setenv("COLUMNS", "80")
    assert [line.rstrip() for line in coming.ok("next --count 2 --schedule daily").out.splitlines()] == [
        "SCHEDULE  DUE",
        "daily     2025-01-16 10:00 +01:00  in 21h",
        "daily     2025-01-17 10:00 +01:00  in 1d 21h",
    ]


def test_nothing_is_next(arco: Arco) -> None:
    """An empty list; a schedule that is not there is exit 3, a count out of bounds exit 2."""
    arco.ok('schedule create ended --cron "0 10 * * *" --end 2025-01-01T01:00:00Z')
    assert arco.json("next") == {"occurrences": []}
    assert arco.ok("next").err == "Nothing is due.\n"
    assert arco("next --schedule nobody").code == 3
    assert arco("next --count 0").code == 2
