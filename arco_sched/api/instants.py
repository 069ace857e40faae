"""Instants as text, for Python users."""

from arco_sched.api.given import Given
from arco_sched.api.values import Instant
from arco_sched.core import instants


def format_instant(instant: Instant) -> str:
    """The instant as RFC 3339 in UTC, `2025-01-15T10:00:00Z`; raises `InvalidInput` for what is no instant.

    Args:
        instant: An aware datetime or whole seconds since 1970.
    """
    given = Given()
    return given.call(instants.format_instant, given.instant("instant", instant))


def parse_instant(text: str, what: str = "the instant") -> int:
    """Seconds since 1970 of an RFC 3339 time with `Z` or an offset; a fraction of a second is cut.

    Raises `InvalidInput` for anything else, such as a date without an offset.

    Args:
        text: The time as RFC 3339.
        what: What the error calls it.
    """
    given = Given()
    return given.call(instants.parse_instant, given.text("text", text), given.text("what", what))
