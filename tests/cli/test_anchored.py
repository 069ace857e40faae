"""`@every` and `@once` through whole commands."""

from tests.runner import Arco

START = "2025-01-15T12:00:00Z"


def test_every_counts_from_the_start_whatever_comes_between(arco: Arco) -> None:
    """After another expression and back again, the occurrences are where they always were, and verified."""
    arco.ok(f"schedule create e --cron '@every 90m' --start {START} --catchup-window 30d --max-catchup 100", at=START)
    arco.ok("schedule update e --cron '0 * * * *'", at="2025-01-15T16:10:00Z")
    arco.ok("schedule update e --cron '@every 90m'", at="2025-01-15T18:10:00Z")
    arco.ok("tick --quiet", at="2025-01-15T22:00:00Z")
    ticks = arco.json("ticks list --json", at="2025-01-15T22:00:00Z")["ticks"]
    assert sorted(tick["scheduled_for"][11:16] for tick in ticks) == [
        "12:00", "13:30", "15:00", "17:00", "18:00", "19:30", "21:00",
    ]  # fmt: skip
    arco.ok("verify")


def test_a_century_is_counted_exactly(arco: Arco) -> None:
    """What is too old lapses with its exact count, at once."""
    arco.ok("schedule create e --cron '@every 7s' --start 1925-01-15T12:00:00Z --max-catchup 1000000", at=START)
    arco.ok("tick --quiet", at=START)
    lapse = arco.json("lapses list --json", at=START)["lapses"][0]
    # A century less a day: 36,524 days of 86,400 seconds, by the first of which the count begins.
    assert lapse["missed"] == -(-36_524 * 86_400 // 7)
    arco.ok("verify")


def test_once(arco: Arco) -> None:
    """It occurs at the start, which `why` says; afterwards the schedule has ended."""
    arco.ok("schedule create o --cron @once --start 2025-01-16T09:00:00Z", at=START)
    arco.ok("tick --quiet", at="2025-01-20T00:00:00Z")
    arco.ok("tick --quiet", at="2025-01-20T00:00:01Z")
    shown = arco.json("schedule show o --json", at="2025-01-20T00:00:01Z")
    assert (shown["next_due_at"], shown["next_occurrences"]) == (None, [])
    why = arco.ok("why o --at 2025-01-17T09:00:00Z", at="2025-01-20T00:00:00Z").out
    assert "`@once` is due only at the start of the schedule, 2025-01-16 09:00 UTC" in " ".join(why.split())
    made = arco.ok("backfill o --from 2025-01-01 --to 2025-01-18", at="2025-01-20T00:00:00Z")
    assert "1 occurrence backfilled" in made.out


def test_once_after_its_start_warns(arco: Arco) -> None:
    """A change to `@once` after the start is taken, and says that it is never due."""
    arco.ok("schedule create o --cron @daily", at=START)
    changed = arco.ok("schedule update o --cron @once", at="2025-01-15T12:00:01Z")
    assert changed.err == f"warning: o is never due: @once is due at the start, {START}, which has passed\n"
    arco.ok("schedule create many --cron '@every 7s'", at=START)
    assert "9 occurrences a minute" not in arco("schedule update many --max-catchup 9", at=START).err
    assert "9 occurrences a minute" in arco("schedule update many --max-catchup 8", at=START).err


def test_backfill_before_the_start(arco: Arco) -> None:
    """Before the start, `@every` is counted backwards from it."""
    arco.ok(f"schedule create e --cron '@every 90m' --start {START}", at=START)
    made = arco.json("backfill e --from 2025-01-15T08:00:00Z --to 2025-01-15T12:00:00Z --json", at=START)
    assert [tick["scheduled_for"][11:16] for tick in made["ticks"]] == ["09:00", "10:30"]
