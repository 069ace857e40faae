"""What the tests of the executors share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from execution_world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A runs folder and an executor; what the test started has ended afterwards."""
    made = World(tmp_path)
    yield made
    made.close()
