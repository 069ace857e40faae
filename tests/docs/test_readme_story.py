"""The story of README, pasted into a shell: it runs, prints what the page shows, and leaves nothing behind."""

import re
import subprocess
from pathlib import Path

import pytest

from tests import ROOT
from tests.docs.documents import clean_environment

BLOCKS = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks() -> tuple[str, str]:
    """The commands, and what the page shows of what they print."""
    chapter = (ROOT / "README.md").read_text("utf-8").partition("## Five minutes\n")[2].partition("\n## ")[0]
    found = dict(BLOCKS.findall(chapter))
    return found["sh"], found["text"]


def untimed(text: str) -> str:
    """A text without how long commands took: a busy machine takes longer."""
    return re.sub(r"\b\d+\.\d(?= ?s\b)", "TOOK", text)


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_story(tmp_path: Path, shell: str) -> None:
    """Each part that the page shows, between lines of three dots, is printed, in this order."""
    commands, shown = blocks()
    environment = clean_environment(tmp_path) | {"TMPDIR": str(tmp_path), "COLUMNS": "120"}
    del environment["ARCO_DB"], environment["ARCO_NOW"]
    before = sorted(tmp_path.iterdir())
    done = subprocess.run(
        [shell, "-c", f'{commands}\necho "left: $ARCO_DB $ARCO_NOW"'],
        env=environment,
        cwd=tmp_path / "work",
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    printed = untimed("\n".join(line.rstrip() for line in done.stdout.splitlines()))
    rest = printed
    for part in filter(None, (each.strip("\n") for each in re.split(r"^\.\.\.$", untimed(shown), flags=re.MULTILINE))):
        assert part in rest, printed
        rest = rest.partition(part)[2]
    assert rest.strip() == "left:"
    assert sorted(tmp_path.iterdir()) == before
    assert "error" not in done.stderr
    assert "arco:" not in done.stderr
