"""Which occurrences are skipped: those of a pause, and those on excluded days of the schedule's own clock."""

import json
from typing import Any

import pytest

from arco_sched.core.instants import parse_instant
from arco_sched.core.skipping import by_reason, skip_reason
from tests.core.world import term

CHRISTMAS = json.dumps(["2025-12-25"])


@pytest.mark.parametrize(
    ("zone", "instant", "reason"),
    [
        ("UTC", "2025-12-24T23:59:59Z", None),
        ("UTC", "2025-12-25T00:00:00Z", "excluded"),
        ("UTC", "2025-12-25T23:59:59Z", "excluded"),
        ("UTC", "2025-12-26T00:00:00Z", None),
        ("Asia/Tokyo", "2025-12-24T14:59:59Z", None),
        ("Asia/Tokyo", "2025-12-24T15:00:00Z", "excluded"),
        ("Asia/Tokyo", "2025-12-25T15:00:00Z", None),
        ("America/New_York", "2025-12-25T04:59:59Z", None),
        ("America/New_York", "2025-12-25T05:00:00Z", "excluded"),
        ("America/New_York", "2025-12-26T04:59:59Z", "excluded"),
    ],
)
def test_excluded_days(zone: str, instant: str, reason: str | None) -> None:
    """A day lasts from midnight to midnight on the schedule's clock."""
    at = parse_instant(instant)
    excluding = term(timezone=zone, excluded_days=CHRISTMAS)
    assert skip_reason(excluding, at) == reason
    assert by_reason(excluding, [at]) == [(reason, [at])]
    assert skip_reason(term(timezone=zone), at) is None


NOON, MIDNIGHT = parse_instant("2025-12-24T12:00:00Z"), parse_instant("2025-12-25T00:00:00Z")


@pytest.mark.parametrize(
    ("fields", "groups"),
    [
        ({}, [(None, [NOON, NOON + 1, MIDNIGHT])]),
        ({"enabled": False}, [("paused", [NOON, NOON + 1, MIDNIGHT])]),
        ({"paused_until": NOON}, [(None, [NOON, NOON + 1, MIDNIGHT])]),
        ({"paused_until": NOON + 1}, [("paused", [NOON]), (None, [NOON + 1, MIDNIGHT])]),
        ({"paused_until": NOON, "enabled": False}, [("paused", [NOON, NOON + 1, MIDNIGHT])]),
        ({"excluded_days": CHRISTMAS}, [(None, [NOON, NOON + 1]), ("excluded", [MIDNIGHT])]),
        (
            {"excluded_days": CHRISTMAS, "paused_until": NOON + 1},
            [("paused", [NOON]), (None, [NOON + 1]), ("excluded", [MIDNIGHT])],
        ),
        ({"excluded_days": CHRISTMAS, "paused_until": MIDNIGHT + 1}, [("paused", [NOON, NOON + 1, MIDNIGHT])]),
        ({"excluded_days": CHRISTMAS, "enabled": False}, [("paused", [NOON, NOON + 1, MIDNIGHT])]),
    ],
)
def test_groups(fields: dict[str, Any], groups: list[tuple[str | None, list[int]]]) -> None:
    """Neighbours with the same reason stand together, in order; a pause comes before an excluded day."""
    assert by_reason(term(**fields), [NOON, NOON + 1, MIDNIGHT]) == groups
