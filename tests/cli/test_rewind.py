"""`arco schedule rewind` and `arco schedule discard`, as an operator meets them."""

from tests.runner import Arco


def test_rewind_after_a_clock_that_was_wrong(daily: Arco) -> None:
    """What will happen is what happens; afterwards everything is as due as before, and verify is clean."""
    daily.ok("tick --allow-future --now 2026-01-01T00:00:00Z", at="2025-01-02T12:00:00Z")
    daily.ok("schedule update daily --max-catchup 5")
    planned = daily.json("schedule rewind --dry-run")
    assert daily.ok("schedule rewind --dry-run").out.startswith("Dry run, nothing is recorded.")
    done = daily.json("schedule rewind")
    assert done == {**planned, "dry_run": False}
    (one,) = done["rewound"]
    assert (one["schedule_id"], one["to"], one["ticks_ahead"]) == ("daily", "2025-01-02T12:00:00Z", 3)
    assert one["versions"] == [{"definition_version": 2, "effective_from": "2025-01-02T12:00:01Z", "start_at": None}]
    assert daily.ok("schedule rewind").out == "No schedule is ahead of the clock.\n"
    assert daily.ok("verify").code == 0
    assert daily.ok("tick", at="2025-01-03T12:00:00Z").out.startswith("1 schedule at 2025-01-03 12:00 UTC: 1 triggered")


def test_rewind_tells_a_person(daily: Arco) -> None:
    """From where to where, what becomes of versions, lapses and ticks; only the schedules that are named."""
    daily.ok("schedule create other --cron '0 10 * * *'")
    daily.ok("tick --allow-future --now 2026-01-01T00:00:00Z", at="2025-01-02T12:00:00Z")
    said = daily.ok("schedule rewind daily").out
    assert said == (
        "daily: brought back from 2025-12-31 10:00 UTC to 2025-01-02 12:00 UTC; 1 lapse cut short; "
        "3 ticks beyond the clock stay, their runs were requested.\n"
    )
    assert [each["schedule_id"] for each in daily.json("schedule rewind")["rewound"]] == ["other"]


def test_discard(daily: Arco) -> None:
    """What waits lapses with its count; again, nothing waits; an unknown id is not found."""
    daily.at = "2025-01-05T12:00:00Z"
    before = daily.content()
    assert "5 occurrences that waited would lapse (discarded)" in daily.ok("schedule discard daily --dry-run").out
    assert daily.content() == before
    answer = daily.json("schedule discard daily")
    assert (answer["discarded"], [lapse["reason"] for lapse in answer["lapses"]]) == (5, ["discarded"])
    assert daily.ok("schedule discard daily").out == "daily: nothing is waiting.\n"
    assert daily("schedule discard other").code == 3
    assert daily.ok("verify").code == 0
