"""The package as a Python user imports it: what is there, and what importing it costs."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import get_origin

import pytest

import arco_sched
from tests import ROOT


def test_importing_the_package_loads_nothing_else_of_it() -> None:
    """`import arco_sched` alone loads none of its own modules and nothing heavy."""
    ask = (
        "import sys; before = set(sys.modules); import arco_sched; "
        "print(*{name.split('.')[0] for name in set(sys.modules) - before if name != 'arco_sched'}, "
        "*(name for name in sys.modules if name.startswith('arco_sched.')))"
    )
    command = [sys.executable, "-S", "-c", ask]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    heavy = {
        "sqlite3",
        "rich",
        "typer",
        "click",
        "croniter",
        "pendulum",
        "pydantic",
        "platformdirs",
        "tzdata",
        "zoneinfo",
    }
    heavy |= {"asyncio", "dataclasses", "datetime", "hashlib", "inspect", "json", "logging", "subprocess"}
    loaded = set(done.stdout.split())
    assert not loaded & heavy
    assert not {name for name in loaded if name.startswith("arco_sched.")}


@pytest.mark.parametrize("name", arco_sched.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """Each name in `__all__` can be loaded, is listed by `dir()`, and has a docstring."""
    value = getattr(arco_sched, name)
    assert name in dir(arco_sched)
    assert value.__doc__ or not isinstance(value, type)  # one of some words has none
    assert getattr(arco_sched, name) is value


def test_other_names_are_not_there() -> None:
    """A name that the package does not have is an AttributeError that says so."""
    with pytest.raises(AttributeError, match="module 'arco_sched' has no attribute 'Sensor'"):
        _ = arco_sched.Sensor


def test_type_checkers_see_the_same_names() -> None:
    """The names under TYPE_CHECKING are those of `__all__`, from the modules that they are loaded from."""
    source = Path(arco_sched.__file__).read_text("utf-8")
    block = source.partition("if TYPE_CHECKING:")[2].partition("__version__")[0]
    seen = {}
    for module, names in re.findall(r"from arco_sched\.([\w.]+) import (\([^)]*\)|[^\n]*)", block):
        seen |= dict.fromkeys(re.findall(r"\w+", names), module)
    assert sorted([*seen, "__version__"]) == sorted(arco_sched.__all__)
    for name, module in seen.items():
        if get_origin(getattr(arco_sched, name)) is not None:
            continue  # an alias has no module of its own
        assert getattr(arco_sched, name).__module__.startswith(f"arco_sched.{module}"), name


def test_the_version_is_that_of_the_metadata() -> None:
    """`__version__` and pyproject.toml say the same."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["version"] == arco_sched.__version__


def test_every_method_of_a_workspace_is_documented() -> None:
    """docs/python.md names each public method of `Workspace`."""
    page = (ROOT / "docs" / "python.md").read_text("utf-8")
    methods = {name for name in dir(arco_sched.Workspace) if not name.startswith("_")} - {"close", "made"}
    assert {name for name in methods if f"`{name}(" not in page and f"`Workspace.{name}(" not in page} == set()


def test_the_mutation_tester_is_told_of_what_is_there() -> None:
    """mutmut passes over a missing file in silence; an explained mutant of code that has changed explains nothing."""
    mutmut = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]
    told = [*mutmut["source_paths"], *(path.rstrip("/*") for path in mutmut["only_mutate"])]
    told += [each for each in mutmut["pytest_add_cli_args_test_selection"] if each.startswith("tests")]
    assert [path for path in told if not (ROOT / path).exists()] == []
    explained = tomllib.loads((ROOT / "scripts" / "mutants.toml").read_text())["equivalent"]
    assert [each["in"] for each in explained if not _has(each["in"], each["out"])] == []


def _has(function: str, lines: str) -> bool:
    parts = function.split(".")
    files = (ROOT / "arco_sched" / "core" / Path(*parts[:length]).with_suffix(".py") for length in (1, 2))
    source = next(file for file in files if file.exists()).read_text()
    found = {line.strip() for line in source.splitlines()}
    return f"def {parts[-1]}(" in source and all(line in found for line in lines.splitlines())
