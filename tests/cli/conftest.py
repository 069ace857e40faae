"""`arco` on a database of its own, for each test."""

from pathlib import Path

import pytest
from cli_runner import Arco


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The width and colours of whoever runs the tests do not matter."""
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)


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
