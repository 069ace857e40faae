"""The package as a Python user imports it: what is there, and what importing it costs."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

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
    assert value.__doc__
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
        if name == "Instant":  # an alias has no module of its own
            continue
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
