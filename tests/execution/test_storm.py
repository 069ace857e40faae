"""kill -9 at random moments (section 4, promises 1 to 3 and 6); the long storm is `storm.py`."""

from pathlib import Path

import pytest

from tests.execution.storm import Storm


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_short_storm(tmp_path: Path) -> None:
    """Nothing begins twice, no end is misrecorded, nothing is lost that lived, nothing runs for ever."""
    storm = Storm(tmp_path, seed=7)
    assert storm.run(25) == []
    assert all(storm.counts[what] for what in ("worker", "supervisor", "command", "failed"))
