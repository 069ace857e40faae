"""What the pages for contributors name is there: files, functions, make targets, words."""

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from tests import ROOT

PACKAGE = ROOT / "arco_sched"
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8")

FILE = r"[\w./-]+\.(?:py|sql|md|toml)"


def located(path: str) -> Path:
    """Where a path of architecture.md leads: below the package, or below the repository."""
    outside = path.startswith(("arco_sched/", "tests/", "docs/", "scripts/"))
    return (ROOT if outside else PACKAGE) / path


@cache
def defined(path: str) -> frozenset[str]:
    """The names that a module defines: functions, classes, methods, constants."""
    found = set()
    for node in ast.walk(ast.parse(located(path).read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return frozenset(found)


def way(heading: str) -> list[tuple[str, list[str]]]:
    """The steps under a heading: the file, and the names in it."""
    block = ARCHITECTURE.partition(f"## {heading}\n")[2].partition("```text\n")[2].partition("```")[0]
    steps = re.findall(rf"^({FILE}) +((?:\w+, )*\w+)(?:  |$)", block, re.MULTILINE)
    assert len(steps) == len(re.findall(rf"^{FILE}", block, re.MULTILINE))
    return [(path, names.split(", ")) for path, names in steps]


def places() -> list[tuple[list[str], list[str]]]:
    """The rows of "Where is it?": the files, and the names in them."""
    table = ARCHITECTURE.partition("## Where is it?")[2].partition("\n## ")[0]
    rows = [line.split("|")[2:4] for line in table.splitlines() if line.startswith("| ")][1:]
    return [(re.findall(r"`([^`]+)`", files), re.findall(r"`([^`]+)`", names)) for files, names in rows]


@pytest.mark.parametrize(("path", "names"), [*way("What a tick does"), *way("What a worker does in one round")])
def test_each_step_is_there(path: str, names: list[str]) -> None:
    """Each function that a tick or a worker's round goes through is in the file named for it."""
    assert set(names) <= defined(path)


@pytest.mark.parametrize(("files", "names"), places())
def test_each_place_is_there(files: list[str], names: list[str]) -> None:
    """Each name of the table is in one of its files, and each module has one of the names."""
    modules = [path for path in files if path.endswith(".py")]
    assert all(located(path).exists() for path in files)
    assert set(names) <= {name for path in modules for name in defined(path)}
    assert all(defined(path) & set(names) for path in modules)


@pytest.mark.parametrize("path", sorted(set(re.findall(rf"`({FILE}|[\w/]+/)`", ARCHITECTURE))))
def test_each_path_of_the_architecture_is_there(path: str) -> None:
    """A path leads to a file or a folder; a bare file name is somewhere in the package."""
    assert located(path).exists() or ("/" not in path and list(PACKAGE.rglob(path)) != [])


HOW_TO = " ".join(ARCHITECTURE.partition("\n## How to add a command")[2].split())
NAMED = re.findall(r"`(\w+)`(?: (?:in|of))? \(?`([\w/.]+\.py)`", HOW_TO)


@pytest.mark.parametrize(("name", "path"), sorted({*NAMED, ("until_begun", "core/rows.py")}))
def test_each_name_of_the_recipes_is_there(name: str, path: str) -> None:
    """Where "How to add" names something in a file, the file defines it."""
    assert len(NAMED) > 15
    assert name in defined(path)


def test_every_package_is_in_the_table() -> None:
    """Each folder and module of the package has a row in the table of packages, and each store its own."""
    rows = set(re.findall(r"^\| `([\w./]+)` \|", ARCHITECTURE.partition("## The packages")[2], re.MULTILINE))
    folders = {f"{path.name}/" for path in PACKAGE.iterdir() if (path / "__init__.py").exists()} - {"store/"}
    folders |= {f"store/{path.parent.name}/" for path in PACKAGE.glob("store/*/__init__.py")}
    modules = {path.name for path in PACKAGE.glob("*.py") if not path.name.startswith("__")}
    assert folders | modules <= rows


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:tests|docs|scripts|arco_sched)/[^`]*)`", CONTRIBUTING))))
def test_each_path_of_the_guide_is_there(path: str) -> None:
    """Each file and folder that CONTRIBUTING.md names is in the repository."""
    assert (ROOT / path).exists()


def test_the_guide_has_every_make_target() -> None:
    """CONTRIBUTING.md names each target that `make help` lists, and no other."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert set(re.findall(r"`make\s+([a-z-]+)`", CONTRIBUTING)) == targets


WORDS = re.findall(r"^\| (\*\*.*?) \| `([^`]+)` \| (.*) \|$", GLOSSARY, re.MULTILINE)


def test_every_line_of_the_glossary_is_read() -> None:
    """No row escapes the tests by its form, and no word stands twice."""
    assert len(WORDS) == len(re.findall(r"^\| \*\*", GLOSSARY, re.MULTILINE))
    words = [word for word, _, _ in WORDS]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize(("word", "name"), [(word, name) for word, name, _ in WORDS])
def test_each_word_is_in_the_code(word: str, name: str) -> None:
    """The name beside a word is a module, or something in one."""
    parts = name.split(".")
    module = next(
        ".".join(parts[:count])
        for count in range(len(parts), 0, -1)
        if (PACKAGE / "/".join(parts[:count])).with_suffix(".py").exists()
    )
    found = import_module(f"arco_sched.{module}")
    for part in parts[module.count(".") + 1 :]:
        known = hasattr(found, part) or part in getattr(found, "__annotations__", {})
        assert known, f"{word}: no {part} in {found}"
        found = getattr(found, part, None)
