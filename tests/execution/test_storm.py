"""kill -9 at random moments (section 4, promises 1 to 3 and 6); the long storms are `storm.py` and `work_storm.py`, and
`slurm_storm.py`, which `make faults` alone runs: it takes minutes."""

from pathlib import Path

import pytest

from tests.execution import work_storm
from tests.execution.storm import Storm


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_short_storm(tmp_path: Path) -> None:
    """Nothing begins twice, no end is misrecorded, nothing is lost that lived, nothing runs for ever."""
    storm = Storm(tmp_path, seed=7)
    assert storm.run(25) == []
    assert all(storm.counts[what] for what in ("worker", "supervisor", "command", "failed"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_short_storm_over_workers(tmp_path: Path) -> None:
    """Whole workers with overlap, pools, retries and timeouts: nothing twice, nothing lost or broken, all over."""
    storm = work_storm.Storm(tmp_path, seed=3)
    assert (storm.blow(40) or storm.calm() or storm.judge()) == []
    assert {"worker", "succeeded"} <= storm.counts.keys()
