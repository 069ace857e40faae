"""What the tests of the executors share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.execution.slurm_host import SlurmHost, lacking
from tests.execution.world import World


@pytest.fixture
def common_path() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are for the user alone who runs the tests."""
    with tempfile.TemporaryDirectory(prefix="arco-") as path:
        Path(path).chmod(0o755)
        yield Path(path)


@pytest.fixture
def common(common_path: Path) -> Iterator[World]:
    """As `world`, in a folder that every user may enter."""
    made = World(common_path)
    yield made
    made.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A runs folder and an executor; what the test started has ended afterwards."""
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def slurm_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmHost]:
    """A Slurm of one host; tests skip with the reason where there can be none."""
    reason = lacking()
    if reason is not None:
        pytest.skip(reason)
    host = SlurmHost(tmp_path_factory.mktemp("slurm"))
    try:
        host.start()
        yield host
    finally:
        host.stop()
