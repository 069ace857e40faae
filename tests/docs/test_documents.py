"""Every example in the documents prints what the document says, and every link leads somewhere."""

import re
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from arco_sched.cli.app import command
from tests.docs.documents import DOCUMENTS, FAILED, ROOT, UNFORESEEN, Section, run, sections

pytestmark = pytest.mark.slow

SECTIONS = [section for document in DOCUMENTS for section in sections(document)]
PAGES = [*DOCUMENTS, "CHANGELOG.md", "CONTRIBUTING.md"]


@pytest.mark.parametrize("section", SECTIONS, ids=str)
def test_examples_print_what_the_document_says(section: Section) -> None:
    """The commands of a section, run in order on a fresh database, print exactly what stands under them."""
    shown = "".join(f"$ {step.command}\n{step.output}" for step in section.steps)
    printed = "".join(
        f"$ {step.command}\n{output}" for step, output in zip(section.steps, run(section.steps), strict=True)
    )
    assert printed == shown, f"write {section.document} anew: python -m tests.docs.documents {section.document}"
    assert FAILED not in printed
    assert UNFORESEEN not in printed


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Each link to a file of the repository names one that exists, and each `#anchor` a heading there."""
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        assert path.exists(), target
        if anchor:
            assert anchor in _anchors(path), target


def _anchors(path: Path) -> set[str]:
    """The anchors of a Markdown page: those of its headings, by GitHub's rule, and those that it names."""
    text = path.read_text("utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    named = re.findall(r'<a id="([^"]+)">', text)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings} | {*named}


def _commands() -> list[str]:
    """Every command there is, `tick` and `ticks list` alike."""
    root = command()
    context = typer.Context(root)
    found = []
    for name in root.list_commands(context):
        inner = root.get_command(context, name)
        found += [f"{name} {each}" for each in inner.commands] if isinstance(inner, TyperGroup) else [name]
    return found


@pytest.mark.parametrize("name", _commands())
def test_every_command_is_documented(name: str) -> None:
    """Each command has a section in docs/json.md with a document of its own."""
    family, _, last = name.partition(" ")
    sections = (ROOT / "docs" / "json.md").read_text("utf-8").split("\n## ")
    found = [body for heading, _, body in (part.partition("\n") for part in sections) if _names(heading, family, last)]
    assert len(found) == 1
    assert "--json" in found[0]


def _names(text: str, family: str, last: str) -> bool:
    """Whether a heading names a command: `schedule create, update`."""
    words = re.findall(r"\w+", text)
    return words[:1] == [family] and (words[1:] == [] if not last else last in words[1:])
