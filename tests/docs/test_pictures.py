"""The pictures in the documents are what the commands print now."""

import re
from importlib.machinery import SourceFileLoader
from importlib.metadata import version
from importlib.util import module_from_spec, spec_from_loader
from xml.etree import ElementTree as ET

import pytest

from tests.docs.documents import DOCUMENTS, ROOT

FOLDER = ROOT / "docs" / "pictures"
NAMES = sorted(path.name for path in FOLDER.glob("*.svg"))


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    """Every picture, drawn anew."""
    loader = SourceFileLoader("pictures", str(ROOT / "scripts" / "pictures"))
    spec = spec_from_loader("pictures", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    pictures: dict[str, str] = module.pictures()
    return pictures


@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_current(drawn: dict[str, str], name: str) -> None:
    """A picture that is drawn now is the one in the folder; `scripts/pictures` draws them anew."""
    kept = (FOLDER / name).read_text("utf-8")
    release = re.search(r"drawn with rich (\S+)", kept)
    if release is not None and release[1] != version("rich"):
        pytest.skip(f"drawn with rich {release[1]}, this is {version('rich')}")
    assert drawn[name] == kept, "draw it anew: scripts/pictures"


def test_every_picture_is_kept_and_shown(drawn: dict[str, str]) -> None:
    """The folder holds what the script draws and nothing else, and a document shows each."""
    assert sorted(drawn) == NAMES
    shown = "".join((ROOT / document).read_text("utf-8") for document in DOCUMENTS)
    for name in NAMES:
        assert f"pictures/{name})" in shown


@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_small_and_load_nothing(name: str) -> None:
    """SVG that parses, of some kilobytes, with no script and nothing from elsewhere."""
    text = (FOLDER / name).read_text("utf-8")
    ET.fromstring(text)  # noqa: S314 (our own file)
    assert len(text) < 30_000
    assert "<script" not in text
    assert re.findall(r"\w+://[^\s\"')]+", text) == ["http://www.w3.org/2000/svg"]
