"""The programs of docs/python.md print what the page shows."""

import re
import subprocess
import sys
from pathlib import Path

from tests import ROOT
from tests.docs.documents import clean_environment

SHOWN = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def test_every_program_prints_what_the_page_shows(tmp_path: Path) -> None:
    """They run one after the other in one folder, and no program is without its output."""
    page = (ROOT / "docs" / "python.md").read_text("utf-8")
    programs = SHOWN.findall(page)
    assert len(programs) == page.count("```python") >= 2
    environment = clean_environment(tmp_path)
    for program, printed in programs:
        done = subprocess.run(
            [sys.executable, "-c", program],
            check=False,
            cwd=tmp_path / "work",
            env=environment,
            capture_output=True,
            text=True,
        )
        assert (done.stdout, done.stderr) == (printed, "")
