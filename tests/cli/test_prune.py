"""`arco prune`, as an operator meets it."""

import pytest

from tests.runner import Arco


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
