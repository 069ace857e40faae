"""The told story, made once and copied for each test."""

import shutil
from pathlib import Path

import pytest
import trust_story


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of the story, closed; not to be changed."""
    path = tmp_path_factory.mktemp("story") / "arco.db"
    trust_story.tell(path)
    return path


@pytest.fixture
def path(told: Path, tmp_path: Path) -> Path:
    """A copy of it, to be treated badly."""
    return Path(shutil.copy(told, tmp_path / "arco.db"))
