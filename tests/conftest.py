"""What every test may ask for. Every run of the tests draws the same examples: a failure anywhere is a failure
everywhere."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from arco_sched.api import Workspace
from tests import story
from tests.runner import Arco

# Who starts the tests in the background of a script makes them ignore Ctrl-C, and what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "same",
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
settings.load_profile("same")


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The width and colours of whoever runs the tests do not matter."""
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database can be made."""
    return tmp_path / "arco.db"


@pytest.fixture
def workspace(path: Path) -> Iterator[Workspace]:
    """A new database at `path`."""
    with Workspace.create(path) as made:
        yield made


@pytest.fixture
def arco(tmp_path: Path) -> Arco:
    """`arco` on a database that does not exist yet."""
    return Arco(tmp_path / "arco.db")


@pytest.fixture
def daily(arco: Arco) -> Arco:
    """`arco` with the schedule of the founding document's example."""
    arco.ok(
        'schedule create daily --cron "0 10 * * *" --start 2025-01-01T00:00:00Z --asset analytics.summary '
        "--catchup-window 72h --max-catchup 3"
    )
    return arco


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of the story, made once and closed; not to be changed."""
    made = tmp_path_factory.mktemp("story") / "arco.db"
    story.tell(made)
    return made


@pytest.fixture
def copy_of_told(told: Path, path: Path) -> Path:
    """A copy of it at `path`, to be treated badly."""
    return Path(shutil.copy(told, path))
