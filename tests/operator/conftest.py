"""`arco` on a database of its own, run as tests/cli runs it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))

from cli_runner import Arco


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The width and colours of whoever runs the tests do not matter."""
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def arco(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Arco:
    """`arco` on a database that does not exist yet; the clock stands at 2025-01-01T00:00:00Z, the screen is wide."""
    monkeypatch.setenv("COLUMNS", "200")
    return Arco(tmp_path / "arco.db")


@pytest.fixture
def daily(arco: Arco) -> Arco:
    """`arco` with a daily schedule of 10:00 UTC, a window of three days and three ticks at most."""
    arco.ok('schedule create daily --cron "0 10 * * *" --catchup-window 72h --max-catchup 3')
    return arco
