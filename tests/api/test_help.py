"""`help()` and an editor say what each method takes: every argument, with its unit."""

import inspect
import re

import pytest

from arco_sched import Definition, RequestContent, Workspace

METHODS = [name for name in dir(Workspace) if not name.startswith("_") and callable(getattr(Workspace, name))]


@pytest.mark.parametrize("name", METHODS)
def test_every_argument_is_described(name: str) -> None:
    """The docstring has a line for each argument of the signature, in that order, and for no other."""
    method = getattr(Workspace, name)
    given = [each for each in inspect.signature(method).parameters if each != "self"]
    document = inspect.getdoc(method) or ""
    described = re.findall(r"^    (\w+): \S", document.partition("Args:\n")[2], re.MULTILINE)
    assert described == given


@pytest.mark.parametrize("name", METHODS)
def test_every_instant_is_shown_as_one(name: str) -> None:
    """The signature says `Instant` wherever an argument is one, and the docstring what that is."""
    instants = {"now", "start_at", "at", "start", "stop", "before", "since", "until"}
    method = getattr(Workspace, name)
    shown = {each: str(given.annotation) for each, given in inspect.signature(method).parameters.items()}
    for each in instants & shown.keys():
        assert shown[each].removesuffix(" | None") == "Instant"
    if instants & shown.keys():
        assert "an aware datetime or whole seconds since 1970" in (inspect.getdoc(method) or "").replace("\n", " ")


@pytest.mark.parametrize("owner", [Definition, RequestContent])
def test_type_checkers_see_every_field(owner: type) -> None:
    """The constructor that type checkers see has the fields and defaults of the class."""
    source = inspect.getsource(owner).partition("def __init__(")[2].partition(") -> None:")[0]
    shown = dict(re.findall(r"^ +(\w+): [^=\n]+?(?: = (.+))?,$", source, re.MULTILINE))
    made = {name: each.default for name, each in inspect.signature(owner).parameters.items()}
    assert list(shown) == list(made)
    for name, default in shown.items():
        if default != "...":
            expected = inspect.Parameter.empty if not default else eval(default)  # noqa: S307 - our own source
            assert made[name] == expected, name
