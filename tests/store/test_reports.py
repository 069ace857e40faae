"""The views for other tools: instants as text beside epochs, kinds, lateness, and no number of arco's own."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from arco_sched.core.instants import parse_instant
from tests import ROOT
from tests.executing import define, work
from tests.runner import Arco

REPORTS = ("report_schedules", "report_ticks", "report_lapses", "report_runs", "report_attempts")


def rows(path: Path, view: str) -> list[dict[str, Any]]:
    """What an analyst reads."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {view}")]


@pytest.mark.parametrize("view", REPORTS)
def test_instants_are_text_beside_epochs(told: Path, view: str) -> None:
    """Each as both, under one name; and no column is an internal number."""
    for row in rows(told, view):
        for name in row:
            if name.endswith("_epoch"):
                text = row[name.removesuffix("_epoch")]
                assert (None if text is None else parse_instant(text)) == row[name]
        assert row.keys().isdisjoint({"schedule", "run", "lapse", "origin", "instant", "content"})
        assert all(f"{name}_epoch" in row for name in row if name.endswith("_at") or name == "scheduled_for")


def test_ticks_and_lapses_are_those_of_the_commands(told: Path) -> None:
    """The same rows, with the kind that the tick id tells, and how late it was."""
    ticks = rows(told, "report_ticks")
    arco = Arco(told)
    known = {tick["tick_id"]: tick for tick in arco.json("ticks list --limit 10000")["ticks"]}
    assert {tick["tick_id"] for tick in ticks} == set(known)
    for tick in ticks:
        parts = tick["tick_id"].removeprefix(f"{tick['schedule_id']}:").split(":")
        assert tick["kind"] == (parts[0] if len(parts) > 1 else "scheduled")
        row = known[tick["tick_id"]]
        assert (tick["scheduled_for"], tick["evaluated_at"]) == (row["scheduled_for"], row["evaluated_at"])
        assert (tick["status"], tick["skip_reason"], tick["run_id"]) == (
            row["status"],
            row["skip_reason"],
            row["run_id"],
        )
        late = tick["evaluated_at_epoch"] - tick["scheduled_for_epoch"]
        assert tick["late_seconds"] == (late if tick["kind"] == "scheduled" else None)
    assert len(rows(told, "report_lapses")) == len(arco.json("lapses list --limit 10000")["lapses"])
    assert len(rows(told, "report_runs")) == len(arco.json("runs list --limit 10000")["runs"])


def test_runs_tell_how_they_ended(arco: Arco) -> None:
    """The first start, the last end, the number of attempts, and what asked for the run."""
    define(arco, bad="exit 3 -- --retries 1 --retry-delay 1s")
    arco.ok("runs request --key mine --command true")
    work(arco)
    arco("work --once", ARCO_NOW="2025-01-01T10:05:00Z")
    runs = {run["run_key"]: run for run in rows(arco.db, "report_runs")}
    bad = next(run for key, run in runs.items() if key.startswith("sched:bad:"))
    assert (bad["kind"], bad["status"], bad["attempts"], bad["exit_code"]) == ("scheduled", "failed", 2, 3)
    assert bad["late_seconds"] == 0
    assert bad["ended_at"] >= "2025-01-01T10:05:00Z"
    assert (runs["mine"]["kind"], runs["mine"]["scheduled_for"]) == ("by hand", None)
    attempts = [each for each in rows(arco.db, "report_attempts") if each["run_id"] == bad["run_id"]]
    assert [(each["attempt"], each["outcome"]) for each in attempts] == [(1, "failed"), (2, "failed")]


def test_the_page_names_each_view() -> None:
    """docs/analysis.md has all of them, and README leads to it."""
    page = (ROOT / "docs" / "analysis.md").read_text("utf-8")
    assert all(f"| `{view}` |" in page for view in REPORTS)
    assert "docs/analysis.md" in (ROOT / "README.md").read_text("utf-8")
