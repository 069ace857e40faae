"""`arco prune`, as an operator meets it."""

import pytest

from tests.database import locked, opened
from tests.runner import Arco


def test_prune(daily: Arco) -> None:
    """Old history goes, runs stay, `why` and `verify` know; doing it again finds nothing."""
    for day in range(2, 20):
        daily.ok("tick", at=f"2025-01-{day:02}T12:00:00Z")
    before = daily.content()
    assert daily.ok("prune --older-than 7d --dry-run").out.startswith(
        "Dry run, nothing is recorded. 12 ticks, 0 lapse records and 0 runs of 1 schedule would be removed"
    )
    assert daily.content() == before
    answer = daily.json("prune --older-than 7d")
    counts = {"schedules": 1, "ticks": 12, "lapses": 0, "runs": 0}
    assert answer == {"before": "2025-01-12T12:00:00Z", **counts, "dry_run": False}
    assert daily.ok("prune --older-than 7d").out == "Nothing is older than 2025-01-12 12:00 UTC.\n"
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


def test_runs_go_with_their_ticks(arco: Arco) -> None:
    """Executed runs that are final for long go, their output too; the newest stays, and the space is given back."""
    arco.ok('schedule create job --cron "0 10 * * *" --command "echo hello" --max-catchup 500 --catchup-window 500d')
    arco.ok("work --once --tick --quiet --slots 8", at="2025-01-21T12:00:00Z")
    assert len(list((arco.folder / "arco.db.runs" / "attempts").iterdir())) == 21
    said = arco.ok("prune --older-than 7d", at="2025-03-01T00:00:00Z")
    assert said.out.startswith("21 ticks, 0 lapse records and 20 runs of 1 schedule removed")
    assert said.err == "note: the output of 21 attempts was removed\n"
    assert len(arco.json("runs list")["runs"]) == 1
    assert arco("runs show job:1736503200").code == 3
    assert arco.ok("verify").out.startswith("ok: 6 events")
    answer = arco.json("compact")
    assert answer["bytes"] < answer["bytes_before"]
    assert answer["bytes"] == arco.db.stat().st_size
    assert arco.ok("verify").code == 0
    assert "bytes now" in arco.ok("compact").out


def test_compact_beside_others(daily: Arco) -> None:
    """A reader keeps what it sees, and the file becomes smaller when it is done; a writer makes it say busy."""
    daily.ok("tick", at="2025-01-03T12:00:00Z")
    with opened(daily.db) as other:
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM ticks").fetchone() == (3,)
        result = daily.ok("--busy-timeout 0.2 compact")
        assert "other processes have the database open" in result.err
        assert other.execute("SELECT count(*) FROM ticks").fetchone() == (3,)
    with locked(daily.db):
        result = daily("--busy-timeout 0.2 compact")
        assert (result.code, result.err.count("\n")) == (6, 1)
        assert "is busy" in result.err
    assert daily.ok("verify").code == 0
