"""Mistakes are met with what was probably meant; a shell completes; help is in the order in which people think."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.runner import Arco


@pytest.mark.parametrize(
    "line",
    [
        "schedule show dayly",
        "schedule enable dayly",
        "schedule discard dayly",
        "schedule rewind dayly",
        "schedule trigger dayly",
        "schedule update dayly --max-catchup 1",
        "schedule delete dayly",
        "tick --schedule hourly --schedule dayly",
        "ticks list --schedule dayly",
        "runs list --schedule dayly",
        "lapses list --schedule dayly",
        "events list --schedule dayly",
        "why dayly",
        "timeline hourly dayly",
        "backfill dayly --from 2024-12-01 --to 2024-12-02",
    ],
)
def test_the_nearest_id(daily: Arco, line: str) -> None:
    """Whatever command it was, also where it names several."""
    daily.ok("schedule create hourly --cron '0 * * * *'")
    result = daily(line)
    assert (result.code, result.err) == (3, "arco: no schedule dayly: did you mean daily?\n")


def test_no_near_id(daily: Arco) -> None:
    """Where nothing is near, the list is named."""
    assert daily("why xyz").err == "arco: no schedule xyz: see `arco schedule list`\n"


@pytest.mark.parametrize("command", ["show", "log", "retry", "wait", "cancel", "skip"])
def test_the_nearest_id_where_a_run_is_meant(daily: Arco, command: str) -> None:
    """A run is named by its schedule, too; one that is there and never ran is told from one that isn't there."""
    result = daily(f"runs {command} dayly")
    assert (result.code, result.err) == (3, "arco: no run 'dayly': did you mean daily?\n")
    daily.ok("schedule create new --cron @yearly")
    assert daily("runs show new").err == "arco: schedule new has no runs yet\n"
    assert daily("runs show xyz").err == "arco: no run 'xyz': see `arco runs list`\n"


def test_a_run_has_to_be_named(daily: Arco) -> None:
    """What to give, as it is typed."""
    assert daily("runs retry").err == (
        "arco: say which run, as in `arco runs retry daily` (a schedule, or a run id), or --schedule ID for many\n"
    )


def test_a_retry_says_when_it_starts(daily: Arco) -> None:
    """What the run waits for stands below it."""
    daily.ok("schedule update daily --command false")
    daily.ok("schedule trigger daily")
    daily("work --once")
    lines = daily.ok("runs retry daily").out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("daily: attempt 1 failed with exit code 1; will be retried (run_")
    assert lines[1].startswith("The run is waiting: the next `arco work --once` starts it")


def test_a_pool_that_nothing_uses(daily: Arco) -> None:
    """A note, with the pool that is near; none for cron's line, and none where a schedule or a limit knows the pool."""
    daily.ok("schedule create h --cron @daily --pool heavy --command x")
    assert "note: no schedule or run is in pool heavi: did you mean heavy?\n" in daily("work --once --pool heavi").err
    assert "note: no schedule or run is in pool zzz yet\n" in daily("work --once --pool zzz").err
    assert "no schedule or run" not in daily("work --once --pool heavy").err
    assert daily("work --once --pool zzz --quiet").err == ""


def test_a_folder_that_is_not_there_is_named(daily: Arco) -> None:
    """For a database that is to be opened, and for one that is to be created."""
    gone = daily.folder / "nope"
    said = f"the folder {gone} doesn't exist"
    assert daily(f"--db {gone}/arco.db status").err.startswith(f"arco: no database at {gone}/arco.db ({said}): ")
    made = daily(f"--db {gone}/arco.db init").err
    assert made.startswith(f"arco: can't create the database {gone}/arco.db: {said}: choose another")


def test_a_number_is_called_a_number(daily: Arco) -> None:
    """In words that aren't Python's."""
    said = daily("schedule update daily --retries many").err
    assert "'many' is not a whole number" in said


@pytest.mark.parametrize(("line", "nearest"), [("staus", "status"), ("schedule rewnd", "rewind"), ("verfy", "verify")])
def test_the_nearest_command(daily: Arco, line: str, nearest: str) -> None:
    """One line, exit 2."""
    result = daily(line)
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert nearest in result.err


def complete(db: Path | None, line: str) -> list[str]:
    """What bash would be offered."""
    done = subprocess.run(
        [sys.executable, "-m", "arco_sched"],
        env={
            "PYTHONPATH": str(ROOT),
            "_ARCO_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(line.split(" ")) - 1),
            "HOME": "/nonexistent",
            **({} if db is None else {"ARCO_DB": str(db)}),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_completion_from_the_database(daily: Arco) -> None:
    """Schedules, ticks and runs by what is written already."""
    daily.ok("schedule create data --cron '@daily'")
    daily.ok("tick", at="2025-01-02T12:00:00Z")
    assert complete(daily.db, "arco why da") == ["daily", "data"]
    assert complete(daily.db, "arco ticks show daily:") == ["daily:1735812000", "daily:1735725600"]
    assert all(run.startswith("run_") for run in complete(daily.db, "arco runs show run_"))


def test_completion_is_silent_about_errors(tmp_path: Path) -> None:
    """No database, or a file that is none: nothing is offered, nothing said."""
    (tmp_path / "none.db").write_text("no database")
    assert complete(tmp_path / "missing.db", "arco why d") == []
    assert complete(tmp_path / "none.db", "arco ticks show d") == []
    assert not (tmp_path / "missing.db").exists()


def test_help_is_grouped(arco: Arco) -> None:
    """The commands stand where people look for them."""
    said = arco.ok("--help").out
    places = [said.index(f"\n{panel}:\n") for panel in ("Define", "Evaluate", "Inspect", "Maintain")]
    assert places == sorted(places)
    for panel, command in ((1, "backfill"), (2, "why"), (2, "timeline"), (2, "status"), (3, "verify"), (3, "prune")):
        at = said.index(f"\n  {command} ")
        assert places[panel] < at < (places[panel + 1] if panel + 1 < len(places) else len(said))
