"""What an observation means (the life of a run, section 2)."""

import pytest

from arco_sched.core.executor import Observation, Outcome, State, outcome, signal_of


@pytest.mark.parametrize(
    ("seen", "how"),
    [
        (Observation(State.NOT_BEGUN), None),
        (Observation(State.STARTING), None),
        (Observation(State.RUNNING, ending=Outcome.CANCELED), None),
        (Observation(State.UNKNOWN), None),
        (Observation(State.NOT_STARTED), Outcome.NOT_STARTED),
        (Observation(State.LOST), Outcome.LOST),
        (Observation(State.LOST, ending=Outcome.TIMED_OUT), Outcome.TIMED_OUT),
        (Observation(State.ENDED, exit_code=0), Outcome.SUCCEEDED),
        (Observation(State.ENDED, exit_code=1), Outcome.FAILED),
        (Observation(State.ENDED, exit_code=0, ending=Outcome.CANCELED), Outcome.CANCELED),
        (Observation(State.ENDED, exit_code=143, signal=15, ending=Outcome.TIMED_OUT), Outcome.TIMED_OUT),
    ],
)
def test_outcome(seen: Observation, how: Outcome | None) -> None:
    """One that was signalled is what it was ended for, whatever it exits with; open states have no outcome."""
    assert outcome(seen) is how


@pytest.mark.parametrize(("code", "number"), [(0, None), (127, None), (128, None), (129, 1), (192, 64), (193, None)])
def test_signal(code: int, number: int | None) -> None:
    """128 + n names signal n, up to 64."""
    assert signal_of(code) == number
