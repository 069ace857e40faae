"""`arco why` as an operator reads it."""

import pytest

from tests.database import sql
from tests.runner import Arco


def test_the_last_expected_occurrence(daily: Arco) -> None:
    """Without --at it is about the last one that should have been: here one that waits."""
    daily.at = "2025-01-02T12:00:00Z"
    said = daily.ok("why daily").out
    assert said.startswith(
        "WAITING: daily at 2025-01-02 10:00 UTC (2 hours ago) is due and has not been evaluated yet."
    )
    assert "!!  evaluator   nothing has ever been evaluated: run `arco tick`" in said
    assert "    backlog     1 older occurrence is waiting too" in said
    assert "    next        an evaluation now would trigger it" in said
    assert "Next: `arco tick` evaluates it" in said


def test_every_verdict_has_its_sentence(daily: Arco) -> None:
    """The word, the mark of the link that decides, and what to do next."""
    daily.ok("schedule create gone --cron '0 * * * *' --end 2025-01-01T03:00:00Z")
    daily.ok("tick", at="2025-01-02T12:00:00Z")
    daily.ok("schedule disable daily")
    daily.ok("tick", at="2025-01-03T12:00:00Z")
    daily.ok("schedule enable daily")
    daily.ok("tick", at="2025-01-09T12:00:00Z")
    daily.ok("schedule delete daily")
    for instant, verdict, deciding in (
        ("2025-01-02T10:00:00Z", "triggered", ("ok", "tick")),
        ("2025-01-03T10:00:00Z", "skipped", ("!!", "pause")),
        ("2025-01-04T10:00:00Z", "lapsed", ("!!", "lapse")),
        ("2025-01-04T11:00:00Z", "no-occurrence", ("!!", "expression")),
        ("2024-12-31T10:00:00Z", "not-started", ("!!", "definition")),
        ("2025-01-10T10:00:00Z", "deleted", ("!!", "deleted")),
    ):
        said = daily.ok(f"why daily --at {instant}").out
        assert said.startswith(f"{verdict.upper()}: daily at ")
        assert any(line.split()[:2] == list(deciding) for line in said.splitlines()), said
        assert daily.json(f"why daily --at {instant}")["verdict"] == verdict
    assert daily.ok("why gone --at '2025-01-01 05:00'").out.startswith("ENDED: gone at 2025-01-01 05:00 UTC")
    assert (
        '`arco backfill daily --from "2025-01-04 10:00 UTC" --to' in daily.ok("why daily --at '2025-01-04 10:00'").out
    )


def test_field_by_field(daily: Arco) -> None:
    """The expression against the zone's clock, a line a field; a mark in words, not only in colour."""
    daily.ok("schedule create ny --cron '30 2 * * MON' --tz America/New_York")
    said = daily.ok("why ny --at 2025-01-07T07:30:00Z").out
    assert "The clock in America/New_York reads 2025-01-07 02:30 -05:00." in said
    fields = {line.split()[0]: line.split()[1:] for line in said.splitlines() if line[:1].isalpha()}
    assert fields["hour"] == ["2", "2", "matches"]
    assert fields["day-of-week"] == ["MON", "TUE", "does", "NOT", "match"]
    assert "the day-of-week is 2 (Tuesday), which `MON` does not match" in said


def test_a_clock_change(arco: Arco) -> None:
    """The end of a gap says that the clock moved it there."""
    arco.ok("schedule create ny --cron '30 2 * * *' --tz America/New_York", at="2025-03-08T00:00:00Z")
    answer = arco.json("why ny --at 2025-03-09T07:00:00Z")
    assert (answer["explanation"]["clock"], answer["explanation"]["note"]) == ("gap-end", "gap")
    assert any("goes forward" in reason["text"] for reason in answer["reasons"])


def test_the_whole_chain_as_json(daily: Arco) -> None:
    """Version, explanation, tick, run, conflict, lapse and the other ticks of the instant."""
    daily.ok("runs request --key sched:daily:1735725600 --asset other")
    daily.ok("tick", at="2025-01-01T10:00:00Z")
    daily.ok("schedule trigger daily")
    answer = daily.json("why daily")
    assert (answer["verdict"], answer["at"]) == ("triggered", "2025-01-01T10:00:00Z")
    assert answer["version"]["definition_version"] == 1
    assert answer["tick"]["tick_id"] == "daily:1735725600"
    assert answer["run"]["asset_selection"] == ["other"]
    assert len(answer["conflicts"]) == 1
    assert answer["lapse"] is None
    assert [tick["tick_id"] for tick in answer["other_ticks"]] == ["daily:manual:1735725600"]
    assert [reason["holds"] for reason in answer["reasons"] if reason["about"] == "run"] == [False]
    assert "its run key was already reserved for different content" in daily.ok("why daily").out


def test_a_version_that_cant_be_evaluated(daily: Arco) -> None:
    """The verdict names it, and where the error is; an older evaluation is not asked for."""
    sql(daily.db, "UPDATE definition_rows SET timezone = 'Nowhere/Lost'")
    daily.at = "2025-01-02T12:00:00Z"
    assert daily("tick").code == 5
    said = daily.ok("why daily").out
    assert said.startswith("UNEVALUABLE: daily at ")
    assert "the time zone 'Nowhere/Lost' is unknown" in said
    assert "daily:failed:1 has recorded that since" in said


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("schedule disable daily", "an evaluation now would trigger it"),
        ("schedule update daily --catchup-window 1h", "an evaluation now would let it lapse (window)"),
        ("schedule update daily --max-catchup 1", "an evaluation now would leave it waiting"),
        ("schedule update daily --max-catchup 1 --catchup-policy latest", "an evaluation now would trigger it"),
    ],
)
def test_what_an_evaluation_would_do(daily: Arco, step: str, words: str) -> None:
    """It is the evaluator itself that says."""
    daily.at = "2025-01-03T12:00:00Z"
    daily.ok(step)
    assert words in daily.ok("why daily --at 2025-01-03T10:00:00Z").out


def test_a_clock_that_went_back_behind_what_was_pruned(daily: Arco) -> None:
    """What was removed is not yet to come, although the clock says so."""
    for day in range(2, 9):
        daily.ok("tick", at=f"2025-01-{day:02}T12:00:00Z")
    daily.ok("prune --older-than 2d")
    assert daily.json("why daily --at 2025-01-05T10:00:00Z", at="2025-01-03T12:00:00Z")["verdict"] == "pruned"


def test_a_failing_schedule_is_about_its_failure(daily: Arco) -> None:
    """Without --at, a version that can't be evaluated comes before an occurrence of an older one."""
    daily.ok("tick", at="2025-01-02T12:00:00Z")
    daily.ok("schedule update daily --cron '0 11 * * *'")
    sql(daily.db, "UPDATE definition_rows SET timezone = 'Nowhere/Lost' WHERE version = 2")
    answer = daily.json("why daily", at="2025-01-04T12:00:00Z")
    assert (answer["verdict"], answer["at"]) == ("unevaluable", "2025-01-04T12:00:00Z")


def test_mistakes(daily: Arco) -> None:
    """The nearest id is proposed; an instant that is none is refused with its forms."""
    result = daily("why dayly")
    assert (result.code, result.err) == (3, "arco: no schedule dayly: did you mean daily?\n")
    result = daily("why daily --at whenever")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "--at 'whenever' is not a valid time: write it like 2025-01-15T10:00:00Z, 2025-01-15" in result.err
