"""`arco backfill`, as an operator meets it."""

import pytest

from tests.runner import Arco


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
    assert said.startswith("daily from 2024-12-30 00:00 UTC until 2025-01-09 00:00 UTC: 4 occurrences backfilled")
    assert "4 already backfilled, 2 already triggered." in said
    assert daily.json(asked)["created"] == 0
    assert daily.ok("verify").code == 0


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("--from 2025-01-05 --to 2025-01-04", "is not after --from"),
        ("--from 2025-01-05 --to 2026-01-04", "is in the future"),
        ("--from sometime --to now", "--from 'sometime' is not a valid time"),
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
