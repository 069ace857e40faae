"""What a store says of an event that it can't fold."""

from arco_sched.core.ports import Unfoldable


def test_unfoldable() -> None:
    """The number of the event, and why."""
    error = Unfoldable(7, "an event without its schedule")
    assert (error.seq, str(error)) == (7, "an event without its schedule")
