"""What `arco schedule show` and `list` tell of runs."""

import pytest

from tests.executing import define, work
from tests.runner import Arco


def test_the_last_run_and_the_last_success(arco: Arco) -> None:
    """Of the run that was due last; a success stays the last one when a run fails after it."""
    define(arco, one="test $ARCO_SCHEDULED_FOR = 2025-01-01T10:00:00Z -- --success-within 26h", idle="", new="")
    arco.ok("schedule delete new")
    before = arco.json("schedule show one")
    assert (before["last_run_status"], before["last_success_at"], before["stale"]) == (None, None, False)
    work(arco)
    work(arco, "2025-01-02T10:00:00Z")
    after = arco.json("schedule show one", at="2025-01-02T11:00:00Z")
    assert (after["last_run_status"], after["stale"]) == ("failed", False)
    assert after["last_success_at"].startswith("2025-01-01T10:00:0")
    assert "last success    2025-01-01 10:00" in arco.ok("schedule show one").out
    assert arco.json("schedule show one", at="2025-01-02T12:00:10Z")["stale"] is True
    assert "no success within 26h" in arco.ok("schedule show one").out
    rows = {row["schedule_id"]: row for row in arco.json("schedule list")["schedules"]}
    assert {name: (row["last_run_status"], row["stale"]) for name, row in rows.items()} == {
        "one": ("failed", True),
        "idle": ("requested", False),
    }


def test_a_backfilled_run_is_not_the_last(arco: Arco) -> None:
    """What counts is when it was due; a run by hand is due when it is asked for."""
    define(arco, one="test $ARCO_SCHEDULED_FOR != 2024-12-31T10:00:00Z")
    work(arco)
    arco.ok("backfill one --from 2024-12-31T00:00:00Z --to 2025-01-01T00:00:00Z", at="2025-01-01T12:00:00Z")
    work(arco, "2025-01-01T12:00:00Z")
    assert arco.json("schedule show one")["last_run_status"] == "succeeded"
    assert arco("check --failed").code == 0
    arco.ok("schedule update one --command false")
    arco.ok("schedule trigger one", at="2025-01-01T13:00:00Z")
    work(arco, "2025-01-01T13:00:00Z")
    assert arco.json("schedule show one")["last_run_status"] == "failed"
    assert arco("check --failed").code == 7


@pytest.mark.parametrize("width", [80, 140])
def test_the_list_has_a_column(arco: Arco, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """Where anything was executed; who only records has no such column."""
    monkeypatch.setenv("COLUMNS", str(width))
    define(arco, bad="exit 1", good="true")
    arco.ok("tick --quiet", at="2025-01-01T10:00:00Z")
    assert "LAST RUN" not in arco.ok("schedule list").out
    work(arco)
    said = arco.ok("schedule list").out
    assert "LAST RUN" in said
    rows = [line.split() for line in said.splitlines() if line.startswith(("bad", "good"))]
    assert [("failed" in row, "succeeded" in row) for row in rows] == [(True, False), (False, True)]
    assert all(len(line) <= width for line in said.splitlines())
