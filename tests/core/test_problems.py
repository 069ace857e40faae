"""Problems as values, the errors that carry them, and the sentences that each surface makes of them."""

import ast
import re
from pathlib import Path

import pytest

import arco_sched
from arco_sched.core.errors import Conflict, InvalidFields, InvalidFile, InvalidInput
from arco_sched.core.problems import HINTS, SENTENCES, Names, Problem, said

PACKAGE = Path(arco_sched.__file__).parent


def test_each_surface_has_its_own_names() -> None:
    """One problem, and one sentence for all."""
    window = Problem("catchup_window_minutes", "bounds", {"least": "1 minute", "most": "100 years"})
    label = Problem("labels", "empty", {"key": "team"})
    names = Names(str.upper, value="{field}[{key}]")
    assert window.sentence() == "catchup_window_minutes must be between 1 minute and 100 years"
    assert window.sentence(names) == "CATCHUP_WINDOW_MINUTES must be between 1 minute and 100 years"
    assert label.sentence() == "the value of 'team' in labels must not be empty"
    assert label.sentence(names) == "LABELS[team] must not be empty"


def _sources(*rooms: str) -> list[Path]:
    return [path for room in rooms for path in sorted((PACKAGE / room).rglob("*.py"))]


def test_every_code_has_a_sentence_and_every_sentence_a_use() -> None:
    """The catalogue and the code that speaks of it agree."""
    used: set[str] = {"said"}
    for path in _sources("core", "service", "formats", "cli", "api"):
        source = path.read_text("utf-8")
        used |= set(re.findall(r'(?:note|_refused)\([^"()]*"(\w+)"', source))
        used |= set(re.findall(r'\bProblem\([\w."]+, "(\w+)"', source))
    assert used == SENTENCES.keys()


def test_the_core_and_the_services_name_no_options() -> None:
    """What they say holds for every surface; only a command that is written out whole has options."""
    for path in _sources("core", "service"):
        tree = ast.parse(path.read_text("utf-8"))
        documents = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and isinstance(node.body[0], ast.Expr)
        }  # fmt: skip
        texts = {id(node): node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):  # read as one text, with a name for each value
                texts[id(node)] = "".join(str(texts.pop(id(part), "NAME")) for part in node.values)
        for key, text in texts.items():
            if isinstance(text, str) and key not in documents:
                assert re.search(r"--[a-z]", re.sub(r"`arco [^`]*`", "", text)) is None, (path, text)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "labels must not be empty"),
        ({"entry": 3}, "an entry of labels must not be empty"),
        ({"key": "team", "side": "key"}, "the key 'team' of labels must not be empty"),
        ({"key": "team"}, "the value of 'team' in labels must not be empty"),
        ({"key": "k" * 61}, f"the value of '{'k' * 60}' in labels must not be empty"),
    ],
)
def test_the_names_of_python(data: dict[str, object], sentence: str) -> None:
    """An entry of a list, a key of a table and its value are told apart; a long key is cut."""
    assert Problem("labels", "empty", data).sentence(Names()) == sentence


def test_a_wrong_key_is_named_once() -> None:
    """A sentence that shows the value doesn't repeat it where the value is the key."""
    wrong = {"key": "cores", "side": "key", "value": "cores", "choices": ("cpus", "gpus")}
    assert Problem("resources", "choice", wrong).sentence() == "the key 'cores' of resources must be one of cpus, gpus"
    plain = {"value": "wait", "choices": ("queue", "skip")}
    assert Problem("overlap", "choice", plain).sentence() == "overlap 'wait' must be one of queue, skip"


def test_a_long_value_is_cut() -> None:
    """A sentence shows 60 characters of a value, of a schedule id 120; numbers as they are."""
    assert f"'{'a' * 60}' must be 1 to" in Problem("pool", "name", {"value": "a" * 61}).sentence()
    assert f"'{'a' * 120}' must be 1 to" in Problem("id", "schedule_id", {"value": "a" * 121}).sentence()
    assert Problem("name", "too_long", {"limit": 10**70}).sentence() == f"name is longer than {10**70} characters"


def test_what_is_said() -> None:
    """A finished sentence stands as it is; only a hint brings data of its own."""
    assert said("no such run") == Problem("", "said", {"sentence": "no such run"})
    assert said("too early", "start_at", hint="runs_of", schedule_id="a") == Problem(
        "start_at", "said", {"sentence": "too early", "hint": "runs_of", "schedule_id": "a"}
    )
    assert said("no such run").sentence() == "no such run"


def test_a_hint_is_worded_by_the_surface() -> None:
    """What to do is a code with data; Python has its own words for each, another surface others."""
    problem = said("run 'r' is waiting", hint="cancel", run_id="r")
    assert problem.sentence(Names()) == "run 'r' is waiting: `cancel('r')` cancels it"
    assert Names(hints={"cancel": "`arco cancel {run_id}`"}).hint("cancel", {"run_id": "r"}) == "`arco cancel r`"
    assert problem.sentence(Names(hints={"cancel": "`arco cancel {run_id}`"})) == "run 'r' is waiting: `arco cancel r`"
    assert Names().hint("schedules", {}) == HINTS["schedules"]


def test_an_error_of_several_problems() -> None:
    """Its text joins them; as values they are worded again with the names of a surface."""
    error = InvalidInput("first", Problem("now", "instant", {"value": "soon"}))
    second = "'soon' is not an RFC 3339 time with a zone: write it like 2025-01-15T10:00:00Z"
    assert error.problems == ("first", f"now {second}")
    assert str(error) == f"first; now {second}"
    assert error.worded(Names({"now": "--now"}.__getitem__)) == ("first", f"--now {second}")


def test_an_error_with_a_hint() -> None:
    """The hint follows in the words of the surface."""
    error = Conflict(said("'a.db' exists", hint="another"))
    assert str(error) == "'a.db' exists: choose another path"
    assert error.worded(Names(hints={"another": "use --force"})) == ("'a.db' exists: use --force",)


def test_invalid_fields_of_several_schedules() -> None:
    """Each problem names its schedule, and is kept as a value beside it."""
    zone, pool = Problem("timezone", "empty"), Problem("pool", "empty")
    error = InvalidFields(("a", zone), ("b", pool))
    sentences = ("schedule a: timezone must not be empty", "schedule b: pool must not be empty")
    assert error.by_schedule == (("a", zone), ("b", pool))
    assert error.found == (
        ("a", "timezone", "timezone must not be empty"),
        ("b", "pool", "pool must not be empty"),
    )
    assert error.details == (zone, pool)
    assert error.problems == sentences
    assert str(error) == "; ".join(sentences)
    assert error.worded(Names(str.upper)) == (
        "schedule a: TIMEZONE must not be empty",
        "schedule b: POOL must not be empty",
    )


def test_an_invalid_file() -> None:
    """Its problems come in the order of the lines; those of the whole file first, without a line."""
    error = InvalidFile("arco.toml", (12, "later"), (1, "early"), (None, "all"), (12, "also later"))
    assert error.located == ((None, "all"), (1, "early"), (12, "later"), (12, "also later"))
    assert error.problems == (
        "arco.toml: all",
        "arco.toml:1: early",
        "arco.toml:12: later",
        "arco.toml:12: also later",
    )
    assert str(error) == "; ".join(error.problems)
