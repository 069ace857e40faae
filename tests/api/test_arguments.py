"""What a caller got wrong is an `ArcoError` that names it, in every method and for every argument."""

import math
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arco_sched import (
    ArcoError,
    Asked,
    Conflict,
    Definition,
    InvalidFields,
    InvalidInput,
    NotFound,
    Policy,
    RequestContent,
    Wanted,
    Workspace,
)
from arco_sched.api.lists import Lists
from arco_sched.api.questions import Questions
from arco_sched.service.workspace import Workspace as Facade
from tests.api.calls import DAY, MONTHLY, NOW, OPENING, calls, prepared
from tests.database import dump

MOMENT = "must be an aware datetime or whole seconds since 1970, not "


class Nowhere(tzinfo):
    """A tzinfo that says nothing, as the base class does."""


class Name(str):
    """A text of a subclass."""

    __slots__ = ()


@pytest.fixture
def workspace(path: Path) -> Iterator[Workspace]:
    """One in which every call succeeds."""
    with prepared(path) as made:
        yield made


def public(owner: type) -> set[str]:
    """The names of the public methods of a class."""
    return {name for name in dir(owner) if not name.startswith("_") and callable(getattr(owner, name))}


def parameters(method: Any) -> dict[str, Parameter]:
    """The parameters of a method but for itself."""
    return {name: each for name, each in signature(method).parameters.items() if name not in {"self", "args"}}


# The calls are all there are.


def test_every_method_is_called_with_every_argument(workspace: Workspace, tmp_path: Path) -> None:
    """A new method, or a new argument, is under these tests as soon as it is there."""
    known = {call.method: set(call.arguments) for call in calls(workspace, tmp_path)}
    assert known.keys() == public(Workspace) - {"open", "create", "close"}
    assert known.pop("walk") == {"read", "limit"}
    for name, arguments in known.items():
        assert arguments == set(parameters(getattr(Workspace, name))), name
    for method, others in OPENING:
        assert {"path", *others} == set(parameters(method))


def test_every_method_of_the_services_has_its_arguments_checked() -> None:
    """None is inherited as it is, and each has the arguments that the service has, in the same order."""
    for name in public(Facade) - {"close"}:
        ours, theirs = getattr(Workspace, name), getattr(Facade, name)
        assert ours is not theirs, name
        shared = [each for each in parameters(ours) if each in parameters(theirs)]
        assert set(parameters(theirs)) - set(shared) <= {"room"}, name
        for each in shared:
            assert parameters(ours)[each].default == parameters(theirs)[each].default, (name, each)
            assert parameters(ours)[each].kind == parameters(theirs)[each].kind, (name, each)


def test_each_call_succeeds(workspace: Workspace, tmp_path: Path) -> None:
    """The arguments that are made wrong below are right before, so that it is the wrong one that is refused."""
    for call in calls(workspace, tmp_path):
        if call.method not in {
            "update_schedule",
            "delete_schedule",
            "delete_all",
        }:  # their version is another after `set_enabled`
            call.of(workspace)
    with Workspace.open(Path(str(workspace._store.path))) as again:
        assert again.name == "default"


# Wrong values, argument by argument.

NOT_INSTANTS: list[tuple[Any, str]] = [
    (None, "None"),
    (True, "True"),
    (1.5, "1.5: int() cuts the fraction"),
    (math.nan, "nan"),
    (math.inf, "inf"),
    ("2025-03-04T00:00:00Z", "the string '2025-03-04T00:00:00Z'"),
    (b"5", "a value of type bytes"),
    ([5], "a value of type list"),
    (date(2025, 3, 4), "a value of type date"),
    (timedelta(1), "a value of type timedelta"),
    (datetime(2025, 3, 4), "a naive datetime (2025-03-04 00:00:00): give it a tzinfo"),  # noqa: DTZ001
    (datetime(2025, 3, 4, tzinfo=Nowhere()), "a value of type datetime without a usable tzinfo"),
    (
        NOW * 1000,
        f"{NOW}000, which is outside the years 1 to 9999: if these are milliseconds, divide them by 1000",
    ),
    (-(10**12), "-1000000000000, which is outside the years 1 to 9999"),
    (10**5000, "a number of more than 40 digits, which is outside the years 1 to 9999"),
    (1e300, "1e+300, which is outside the years 1 to 9999"),
    (
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        "0001-01-01 00:00:00+14:00, which is outside the years 1 to 9999",
    ),
]
NOT_TEXTS: list[tuple[Any, str]] = [
    (None, "must be a string, not None"),
    (5, "must be a string, not 5"),
    (False, "must be a string, not False"),
    (b"a", "must be a string, not a value of type bytes"),
    (["a"], "must be a string, not a value of type list"),
]
NOT_FLAGS: list[tuple[Any, str]] = [
    (None, "must be True or False, not None"),
    (1, "must be True or False, not 1"),
    ("no", "must be True or False, not the string 'no'"),
]
NOT_WHOLE: list[tuple[Any, str]] = [
    (None, "must be a whole number, not None"),
    (True, "must be a whole number, not True"),
    (1.0, "must be a whole number, not 1.0"),
    ("5", "must be a whole number, not the string '5'"),
    (-1, "must be between "),
    (2**63, "must be between "),
    (10**5000, "must be between "),
]
NOT_IDS: list[tuple[Any, str]] = [
    (None, "must be a list of schedule ids, not None"),
    (5, "must be a list of schedule ids, not 5"),
    (b"ab", "must be a list of schedule ids, not a value of type bytes"),
    ({"a": 1}, "must be a list of schedule ids, not a value of type dict"),
    ([5], "an entry of schedules must be a string, not 5"),
    (["a", "b c"], "schedule id 'b c' must be 1 to 100 characters from"),
    ("b c", "schedule id 'b c' must be 1 to 100 characters from"),
]
NOT_FUNCTIONS: list[tuple[Any, str]] = [(5, "must be a function, not 5")]
NOT_PATHS: list[tuple[Any, str]] = [
    (None, "must be a path as str or Path, not None"),
    (5, "must be a path as str or Path, not 5"),
    (b"arco.db", "must be a path as str or Path, not a value of type bytes"),
    ("", "must not be empty"),
    ("a\0b", "path 'a\\x00b' can't be a file name"),
    ("\ud800", "path '\\ud800' can't be a file name"),
]
NOT_NAMES = [*NOT_TEXTS, ("\ud800", "has control characters"), ("x" * 1001, "is longer than 1000 characters")]
NOT_LABELS = [*NOT_NAMES, ("", "must not be empty")]
IDS_ONE = [
    *NOT_TEXTS,
    ("b c", "schedule id 'b c' must be 1 to 100 characters from"),
    ("", "schedule id '' must be 1 to 100 characters from"),
]

INSTANTS = {"now", "start_at", "at", "start", "stop", "before", "since", "until", "due_since", "due_until"}
WRONG: dict[str, list[tuple[Any, str]]] = {
    **{name: [(value, MOMENT + text) for value, text in NOT_INSTANTS] for name in INSTANTS},
    **dict.fromkeys(("schedule_id",), IDS_ONE),
    "schedules": NOT_IDS,
    "schedule_ids": [(value, text.replace("schedules", "schedule_ids")) for value, text in NOT_IDS],
    "labels": [
        (5, "labels must be a dict, or pairs of name and value, not 5"),
        ({"team": 5}, "must be a string, not 5"),
    ],
    **dict.fromkeys(("enabled", "discard_waiting", "prune", "dry_run", "unexecuted", "replace", "deleted"), NOT_FLAGS),
    **dict.fromkeys(("read_only", "results", "last", "current", "force"), NOT_FLAGS),
    **dict.fromkeys(("expect_version", "batch", "limit", "count", "after"), NOT_WHOLE),
    **dict.fromkeys(("attempt", "exit_code"), NOT_WHOLE),
    **{key: [(value, text) for value, text in NOT_WHOLE if value is not None] for key in ("slots", "minutes")},
    **dict.fromkeys(("refuse", "progress"), NOT_FUNCTIONS),
    "is_here": [*NOT_FUNCTIONS, (None, "must be a function, not None")],
    **dict.fromkeys(("tick_id", "run_id", "key", "status", "reason", "type_", "cursor"), NOT_NAMES),
    **dict.fromkeys(("run", "external_id", "message", "by"), NOT_LABELS),
    "note": [*NOT_LABELS],
    "runs": [([value], text) for value, text in NOT_LABELS],
    "pool": [*NOT_TEXTS, ("a b", "pool 'a b'"), ("", "pool ''")],
    "path": [*NOT_PATHS, (":memory:", "path ':memory:' is not a file: a database is always one")],
    "definition": [
        (None, "must be a Definition, not None"),
        ({"cron_expression": "@daily"}, "must be a Definition, not a value of type dict"),
    ],
    "policy": [
        (None, "must be a Policy, not None"),
        ({"max_retries": 1}, "must be a Policy, not a value of type dict"),
        (Policy(max_retries=-1), "max_retries must be between 0 and 1000"),
        (Policy(timeout_seconds=timedelta(seconds=1.5)), "timeout_seconds must be a timedelta of whole seconds"),
        (Policy(overlap="x", pool="a b"), "overlap 'x'"),  # type: ignore[arg-type]
    ],
    "asked": [
        (None, "must be an Asked, not None"),
        ({"failed": True}, "must be an Asked, not a value of type dict"),
        (Asked(max_lag=-1), "max_lag must be between 0 seconds and"),
        (Asked(late="5m"), "late must be a timedelta or whole seconds, not the string '5m'"),  # type: ignore[arg-type]
        (Asked(waiting=-1), "waiting must be between 0 and"),
        (Asked(failed=1), "failed must be True or False, not 1"),  # type: ignore[arg-type]
    ],
    "content": [({"command": "x"}, "must be a RequestContent, not a value of type dict")],
    "values": [
        (None, "must be a dict of fields, not None"),
        ([("command", "x")], "must be a dict of fields, not a value of type list"),
        ({"cron": "x"}, "values names 'cron', which is not a field of Definition, RequestContent or Policy"),
        ({"time_zone": "x"}, "did you mean timezone?"),
        ({5: "x"}, "values names 5, which is not a field"),
        ({"start_at": NOW}, "values names 'start_at', which is not a field"),
        ({"request": {}}, "request must be a RequestContent, not a value of type dict"),
        ({"max_retries": None}, "max_retries must not be None: its default is 0"),
        ({"cron_expression": None}, "cron_expression must not be None"),
        ({"start_at": NOW}, "start_at is a separate argument"),
        ({"tz": "UTC"}, "did you mean timezone?"),
        ({"cron_expression": 5}, "cron_expression must be a string, not 5"),
        ({"end_at": 1.5}, f"end_at {MOMENT}1.5"),
    ],
    "wanted": [
        (None, "must be a list of Wanted, not None"),
        (Wanted("a", MONTHLY), "must be a list of Wanted, not a value of type Wanted"),
        ([("a", MONTHLY)], "an entry of wanted must be a Wanted, not a value of type tuple"),
        ([Wanted("b c", MONTHLY)], "schedule b c: schedule id 'b c' must be"),
        ([Wanted("a", None)], "schedule a: definition must be a Definition, not None"),  # type: ignore[arg-type]
        ([Wanted("a", MONTHLY, 1)], "schedule a: enabled must be True or False, not 1"),  # type: ignore[arg-type]
        ([Wanted("a", MONTHLY, None, 1.5)], f"schedule a: start_at {MOMENT}1.5"),  # type: ignore[arg-type]
    ],
    "edges": [
        (None, "must be a list of instants, not None"),
        ("ab", "must be a list of instants, not the string 'ab'"),
        ([NOW, "x"], f"an entry of edges {MOMENT}the string 'x'"),
        ([NOW], "a timeline needs two or more instants in order"),
    ],
    "read": [(None, "read must be ticks, lapses"), ([], "read must be ticks"), (print, "read must be ticks, lapses")],
    "name": [(5, "name must be a string, not 5"), ("", "name must not be empty"), ("a\n", "name 'a\\n' has control")],
    "busy_timeout": [
        (True, "must be a number of seconds, not True"),
        ("5", "must be a number of seconds, not the string '5'"),
        (-1, "must be between 0 and 1000000"),
        (math.nan, "must be between 0 and 1000000"),
        (math.inf, "must be between 0 and 1000000"),
    ],
}
"""For each argument, by its name, values that are wrong, and what is said of them."""


def wrong_values(method: Any, argument: str) -> list[tuple[Any, str]]:
    """Those of an argument of one method: None is right where it is the default."""
    optional = parameters(method)[argument].default is None if argument in parameters(method) else False
    return [(value, text) for value, text in WRONG[argument] if not (value is None and optional)]


def test_wrong_arguments_are_refused_by_name(workspace: Workspace, tmp_path: Path) -> None:
    """`InvalidInput` says what is wrong with which argument, and nothing is changed."""
    database = Path(str(workspace._store.path))
    before = dump(database)
    for call in calls(workspace, tmp_path):
        for argument in call.arguments:
            for value, text in wrong_values(getattr(Workspace, call.method), argument):
                with pytest.raises(InvalidInput) as raised:
                    call.of(workspace, **{argument: value})
                assert text in str(raised.value), (call.method, argument, value)
                if argument in INSTANTS:
                    assert str(raised.value) == f"{argument} {text}"
    assert dump(database) == before


def test_wrong_ways_to_open_are_refused_by_name(workspace: Workspace) -> None:
    """So are the arguments of `open` and `create`, and a path in place of a store."""
    path = str(workspace._store.path)
    for method, others in OPENING:
        for argument in ("path", *others):
            for value, text in wrong_values(method, argument):
                with pytest.raises(InvalidInput) as raised:
                    method(**{"path": path, **others, argument: value})
                assert text in str(raised.value)
    with pytest.raises(InvalidInput, match=r"with Workspace\.open\(path\) or Workspace\.create\(path\)"):
        Workspace(path)  # type: ignore[arg-type]


def test_a_path_that_the_system_refuses_is_unusable(workspace: Workspace, tmp_path: Path) -> None:
    """What the operating system says of a path is no OSError."""
    for method in (Workspace.open, Workspace.create, workspace.backup):
        with pytest.raises(ArcoError, match="xxx"):
            method("x" * 5000)
        with pytest.raises(ArcoError, match="arco"):
            method(tmp_path / "arco.db" / "below")


def test_everything_wrong_is_told_at_once(workspace: Workspace) -> None:
    """Arguments, types of fields, and fields of the right type that are not acceptable: one error has them all."""
    definition = Definition(
        cron_expression="61 * * * *",
        timezone=5,  # type: ignore[arg-type]
        max_catchup_ticks=0,
        request=RequestContent(labels={"a": 5}),  # type: ignore[dict-item]
    )
    with pytest.raises(InvalidInput) as raised:
        workspace.create_schedule("b c", definition, now=1.5, enabled=0)  # type: ignore[arg-type]
    assert {problem.field for problem in raised.value.details} == {
        *("schedule_id", "now", "enabled", "cron_expression", "timezone", "max_catchup_ticks", "labels")
    }
    wanted = [
        Wanted("a", Definition(cron_expression="x")),
        Wanted("c", Definition(cron_expression="@daily", end_at="x")),  # type: ignore[arg-type]
    ]
    with pytest.raises(InvalidFields) as invalid:
        workspace.apply(wanted, now=NOW)
    assert [each[:2] for each in invalid.value.found] == [("a", "cron_expression"), ("c", "end_at")]


# Any value whatever.

READING = {name for part in (Questions, Lists) for name in vars(part)}
MOMENTS = st.datetimes(timezones=st.one_of(st.none(), st.just(UTC), st.just(Nowhere()), st.timezones()))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(NOW - 100 * DAY, NOW),
    st.integers(-(2**70), 2**70),
    st.builds(pow, st.just(10), st.just(5000)),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["a", "b", "\ud800", "a\0b", "1~a", "5", "0 * * * *", "triggered", Name("a"), Name("\udfff")]),
    st.binary(max_size=3),
    st.dates(),
    st.timedeltas(),
    MOMENTS,
    st.builds(object),
    st.just(print),
    st.just(complex(1, 2)),
)
FIELDS = [*Definition.__dataclass_fields__, *RequestContent.__dataclass_fields__, "start_at", "deleted", "nothing"]
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.sampled_from(FIELDS), st.text(max_size=3), st.integers()), inner, max_size=3),
        st.frozensets(st.text(max_size=3), max_size=2),
        st.builds(
            lambda fields: RequestContent(**fields),
            st.dictionaries(st.sampled_from([*RequestContent.__dataclass_fields__]), inner, max_size=3),
        ),
        st.builds(
            lambda fields: Definition(**{"cron_expression": "0 * * * *", **fields}),
            st.dictionaries(st.sampled_from([*Definition.__dataclass_fields__]), inner, max_size=3),
        ),
        st.builds(Wanted, inner, inner, inner, inner),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which every call succeeds, to be copied."""
    database = tmp_path_factory.mktemp("made") / "arco.db"
    prepared(database).close()
    return database


@settings(max_examples=400)
@given(data=st.data())
def test_any_value_gives_an_answer_or_an_arco_error(data: st.DataObject, made: Path, tmp_path: Path) -> None:
    """Whatever is given for whatever argument: a result, or an `ArcoError` that has changed nothing."""
    database = Path(shutil.copy(made, tmp_path / "arco.db"))
    (tmp_path / "copy.db").unlink(missing_ok=True)  # a backup of the example before
    with Workspace.open(database) as workspace:
        call = data.draw(st.sampled_from(calls(workspace, tmp_path)))
        names = [name for name in call.arguments if name != "path"]  # any text is a path, and would be written to
        wrong = {
            name: data.draw(ANYTHING)
            for name in data.draw(st.lists(st.sampled_from(names), unique=True) if names else st.just([]))
        }
        before = dump(database)
        try:
            call.of(workspace, **wrong)
        except (InvalidInput, NotFound):
            assert dump(database) == before
        except Conflict:
            assert call.method in {"trigger", "request_run"} or dump(database) == before
        else:
            assert call.method in READING or workspace.verify().ok
