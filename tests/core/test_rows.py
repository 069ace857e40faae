"""The rows of a class: what each says of its field, and what the class says of itself."""

import inspect
from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from arco_sched.core.kinds import Flag, Kind, Span, Text, Whole
from arco_sched.core.rows import REQUIRED, Field, described, rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """A part of a job."""

    fast: Annotated[bool, Field(Flag(), "run", "Whether it is fast.")] = False


def test_a_class_is_described() -> None:
    """Its own rows stand in its docstring, with type and default, and leave the signature plain."""

    @described
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Job:
        """A job.

        It has a name.
        """

        name: Annotated[str, Field(Text(80), "run", "What it is called.")]
        inner: Inner = Inner()
        tries: Annotated[int | None, Field(Whole(1, 9), "run", "How often it is tried.")] = None
        made_at: int = 0

    assert str(Job.__doc__).splitlines() == [
        "A job.",
        "",
        "        It has a name.",
        "",
        "Fields:",
        "    name (str, up to 80 characters; required):",
        "        What it is called.",
        "    tries (whole number, 1 to 9; default None):",
        "        How often it is tried.",
    ]
    parameters = inspect.signature(Job).parameters.values()
    assert {each.name: each.annotation for each in parameters} == {
        "name": str,
        "inner": Inner,
        "tries": int | None,
        "made_at": int,
    }
    assert [(row.name, row.path, row.default) for row in rows(Job)] == [
        ("name", (), REQUIRED),
        ("fast", ("inner",), False),
        ("tries", (), None),
    ]
    job = Job(name="build", inner=Inner(fast=True))
    assert [row.value(job) for row in rows(Job)] == ["build", True, None]


@pytest.mark.parametrize(
    ("kind", "values", "more", "sentence"),
    [
        (Text(), {}, "", "What it is."),
        (Text(), {"default": None}, "; repeatable", "What it is; repeatable."),
        (Text(), {"default": "default"}, "", "What it is (default: default)."),
        (Text(), {"default": None, "otherwise": "all"}, "", "What it is (default: all)."),
        (Flag(), {"default": True}, "", "What it is (default: true)."),
        (
            Span("minutes", 1, 9999),
            {"default": 1440},
            "",
            "What it is: a number of minutes, or 90m, 24h, 7d (default: 1d).",
        ),
        (Span("seconds", 1, 9), {}, "; more", "What it is: a number of seconds, or 30s, 10m, 24h; more."),
    ],
)
def test_the_sentence_of_a_row(kind: Kind, values: dict[str, Any], more: str, sentence: str) -> None:
    """The words, how a value is written, what is added, and the default if there is one."""
    assert Field(kind, "run", "What it is.", **values).sentence(more) == sentence


def test_a_sentence_needs_no_more() -> None:
    """By default nothing is added."""
    assert Field(Text(), "run", "What it is.").sentence() == "What it is."
