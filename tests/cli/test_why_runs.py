"""`arco why` goes on to what became of the run."""

from pathlib import Path

import pytest

from tests.executing import DUE, define, work
from tests.runner import Arco


def last_line(arco: Arco, schedule_id: str) -> str:
    """What `why` says last: what to do."""
    return arco.ok(f"why {schedule_id}").out.splitlines()[-1]


def test_how_the_run_ended(arco: Arco) -> None:
    """Status, exit code, how long it took, and the end of its log."""
    define(arco, bad="echo one; echo two; exit 3", good="echo fine")
    work(arco)
    said = arco.ok("why bad").out
    assert "Run: attempt 1 failed with exit code 3, took " in said
    assert "Last lines of the log:\n  one\n  two\n" in said
    assert "!!  attempt     failed at 2025-01-01 10:00 UTC with exit code 3 (attempt 1)" in said
    assert "` runs it again." in last_line(arco, "bad")
    said = arco.ok("why good").out
    assert "Run: attempt 1 succeeded, took " in said
    assert "  fine\n" in said
    assert "retry" not in last_line(arco, "good")


def test_the_life_as_json(arco: Arco) -> None:
    """`run` has the keys of `runs show`: its life, all attempts with their logs, and the end of the last log."""
    define(arco, bad="echo $ARCO_ATTEMPT; exit 3 -- --retries 1 --retry-delay 0s")
    work(arco)
    run = arco.json("why bad")["run"]
    assert (run["status"], run["attempt"], run["exit_code"], run["outcome"]) == ("failed", 2, 3, "failed")
    assert [(each["attempt"], each["exit_code"]) for each in run["attempts"]] == [(1, 3), (2, 3)]
    assert [Path(each["log"]).read_text() for each in run["attempts"]] == ["1\n", "2\n"]
    assert run["log_tail"] == "2\n"
    assert (run["scheduled_for"], run["waiting_for"]) == (DUE, None)


def test_a_log_is_shown_harmlessly(arco: Arco) -> None:
    """The last twenty lines, and what would steer the terminal by its number."""
    define(arco, loud=r"seq 30; printf '\033[2J\n'; exit 1")
    work(arco)
    said = arco.ok("why loud").out
    assert "\n  12\n" in said
    assert "\n  11\n" not in said
    assert "\x1b" not in said
    assert "[2J" in said


@pytest.mark.parametrize(
    ("command", "reason", "words"),
    [
        ("true", "worker", "no worker serves pool default: start `arco work`."),
        ("true -- --pool big", "worker", "no worker serves pool big: start `arco work --pool big`."),
        ("true -- --spread 1h", "due", "its spread delays it until 2025-01-01 10:"),
        ("", "external", "it has no command, so an executor of your own has to run it."),
        ("true -- --pool external", "external", "an executor of your own, which calls `arco runs start run_"),
    ],
)
def test_what_the_run_waits_for(arco: Arco, command: str, reason: str, words: str) -> None:
    """The first reason that holds, and the remedy."""
    define(arco, one=command)
    arco.ok("tick --quiet", at=DUE)
    assert arco.json("why one")["run"]["waiting_for"] == reason
    line = last_line(arco, "one")
    assert line.startswith(f"Next: The run is waiting{', but' if reason == 'worker' else ':'} ")
    assert words in line


def test_a_retry_is_waited_for(arco: Arco) -> None:
    """The next attempt and when it starts."""
    define(arco, one="exit 1 -- --retries 1 --retry-delay 5m")
    work(arco)
    assert "attempt 2 starts at 2025-01-01 10:05 UTC (in 5 minutes)." in last_line(arco, "one")
    assert "    start       the run is waiting to start (retry)" in arco.ok("why one").out


def test_a_skipped_run(arco: Arco) -> None:
    """The reason is told."""
    define(arco, one="true -- --start-within 1m")
    arco.ok("tick --quiet", at=DUE)
    arco.at = "2025-01-01T10:05:00Z"
    arco("work --once")
    said = arco.ok("why one").out
    assert "!!  start       the run was skipped (deadline): it couldn't start in time" in said


def test_a_run_by_hand_since_the_last_occurrence(arco: Arco) -> None:
    """Without --at it is about that run, while it waits and once it ran; the occurrence is named."""
    define(arco, one="echo $ARCO_TICK_ID")
    arco.ok("schedule trigger one --note again", at="2025-01-01T09:00:00Z")
    said = " ".join(arco.ok("why one").out.split())
    assert said.startswith("TRIGGERED: one at 2025-01-01 09:00 UTC (now) was triggered by hand.")
    assert "one:manual:1735722000 was triggered by hand, by me@here: again" in said
    assert "no worker serves pool default" in said
    assert 'the next occurrence is at 2025-01-01 10:00 UTC: `arco why one --at "2025-01-01 10:00 UTC"`' in said
    work(arco)
    assert arco.json("why one")["at"] == DUE
    arco.ok("schedule trigger one", at="2025-01-01T10:00:01Z")
    arco.ok("work --once")
    answer = arco.json("why one", at="2025-01-01T11:00:00Z")
    assert (answer["verdict"], answer["at"]) == ("triggered", "2025-01-01T10:00:01Z")
    assert (answer["run"]["status"], answer["run"]["log_tail"]) == ("succeeded", "one:manual:1735725601\n")
    assert (answer["explanation"], answer["other_ticks"], answer["late_seconds"]) == (None, [], 0)
    assert "the last occurrence is at 2025-01-01T10:00:00Z" in answer["reasons"][-1]["text"]
    assert arco.json(f"why one --at {DUE}")["at"] == DUE


def test_a_backfill_is_no_run_by_hand(arco: Arco) -> None:
    """It is about an occurrence, and the last one stays what is asked about."""
    define(arco, one="true")
    work(arco, "2025-01-02T10:00:00Z")
    arco.ok("backfill one --from 2024-12-01 --to 2024-12-03")
    assert arco.json("why one")["at"] == "2025-01-02T10:00:00Z"


@pytest.mark.parametrize(
    ("command", "at", "said"),
    [
        ("true", DUE, "SUCCEEDED: the run of one due at 2025-01-01 10:00 UTC (now) succeeded."),
        ("exit 3", DUE, "FAILED: the run of one due at 2025-01-01 10:00 UTC (now) failed with exit code 3."),
        (
            "exit 3",
            "2025-01-01T12:00:00Z",
            "FAILED: the run of one due at 2025-01-01 10:00 UTC (2 hours ago), evaluated 2 hours late, failed with "
            "exit code 3.",
        ),
    ],
)
def test_the_first_line_says_how_the_run_ended(arco: Arco, command: str, at: str, said: str) -> None:
    """And who made the version is said where it is named; JSON keeps the verdict and the author."""
    define(arco, one=command)
    arco.at = at
    arco("work --once --tick")
    lines = arco.ok("why one").out.splitlines()
    assert lines[0] == said
    assert lines[3].startswith("ok  definition  version 1 has been in force since")
    answer = arco.json("why one")
    assert answer["verdict"] == "triggered"
    assert answer["reasons"][0]["about"] == "definition"
