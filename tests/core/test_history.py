"""What a schedule and a definition version say of an instant: stale or not, paused or not."""

import datetime as dt
from dataclasses import replace

import pytest

from arco_sched.core.errors import InvalidInput
from arco_sched.core.history import Schedule
from tests.core.world import DAILY


@pytest.mark.parametrize(
    ("stale_after", "end", "now", "is_stale"),
    [
        (None, None, 1000, False),
        (1000, None, 999, False),
        (1000, None, 1000, False),
        (1000, None, 1001, True),
        (1000, 2000, 1000, False),
        (1000, 2000, 1001, True),
        (1000, 2000, 1999, True),
        (1000, 2000, 2000, False),
        (None, 2000, 1999, False),
    ],
)
def test_stale(stale_after: int | None, end: int | None, now: int, is_stale: bool) -> None:
    """A schedule is stale after `stale_after` until it is over; never if that isn't set."""
    schedule = Schedule(
        version=replace(DAILY, definition=replace(DAILY.definition, end_at=end)),
        cursor=0,
        last_scheduled_for=None,
        last_tick_id=None,
        last_run_key=None,
        next_due_at=None,
        failing=False,
        stale_after=stale_after,
    )
    assert schedule.is_stale(now) is is_stale
    assert schedule.is_stale(dt.datetime.fromtimestamp(now, dt.UTC)) is is_stale
    with pytest.raises(InvalidInput, match=r"^now must be an aware datetime"):
        schedule.is_stale("now")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("enabled", "until", "at", "is_paused"),
    [
        (True, None, 1000, False),
        (False, None, 1000, True),
        (True, 1000, 999, True),
        (True, 1000, 1000, False),
        (True, 1000, 1001, False),
        (False, 1000, 1001, True),
    ],
)
def test_paused(enabled: bool, until: int | None, at: int, is_paused: bool) -> None:
    """A version is paused while it isn't enabled, and before the end of its pause."""
    version = replace(DAILY, enabled=enabled, definition=replace(DAILY.definition, paused_until=until))
    assert version.is_paused(at) is is_paused
    assert version.is_paused(dt.datetime.fromtimestamp(at, dt.UTC)) is is_paused


def test_the_instant_of_a_pause_is_checked() -> None:
    """What is no instant is refused by the name of the argument."""
    version = replace(DAILY, definition=replace(DAILY.definition, paused_until=1000))
    with pytest.raises(InvalidInput, match=r"^at must be an aware datetime"):
        version.is_paused("now")  # type: ignore[arg-type]
