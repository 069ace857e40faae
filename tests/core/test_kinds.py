"""The kinds of values: what each refuses, which form it keeps, and what it is in JSON."""

from collections.abc import Callable
from typing import Any

import pytest

from arco_sched.core.errors import InvalidInput
from arco_sched.core.instants import MAX_INSTANT, MIN_INSTANT, Unit
from arco_sched.core.kinds import (
    Choice,
    Flag,
    Instant,
    Kind,
    Many,
    Pairs,
    Span,
    Text,
    Whole,
    problems_of,
    text_problems,
)
from arco_sched.core.problems import Problem
from arco_sched.core.special_kinds import AbsolutePath, Cron, Environment, Name, Resources, Zone


@pytest.mark.parametrize(
    ("make", "value", "codes"),
    [
        (Text, 5, [("not_text", {})]),
        (Text, " ", [("empty", {})]),
        (lambda: Text(empty=True), " ", []),
        (lambda: Text(3), "abc", []),
        (lambda: Text(3), "abcd", [("too_long", {"limit": 3})]),
        (Text, "a" * 1001, [("too_long", {"limit": 1000})]),
        (Text, "a\n", [("characters", {"value": "a\n"})]),
        (lambda: Choice(["a", "b"]), "b", []),
        (lambda: Choice(["a", "b"]), "c", [("choice", {"value": "c", "choices": ("a", "b")})]),
        (lambda: Choice(["a", "b"]), None, [("choice", {"value": None, "choices": ("a", "b")})]),
        (Instant, "2025-01-15T10:00:00Z", [("not_instant", {})]),
        (Instant, True, [("not_instant", {})]),
        (Instant, MIN_INSTANT - 1, [("years", {"value": MIN_INSTANT - 1})]),
        (Instant, MAX_INSTANT + 1, [("years", {"value": MAX_INSTANT + 1})]),
        (lambda: Whole(1, 3), True, [("not_whole", {})]),
        (lambda: Whole(1, 3), 0, [("bounds", {"least": 1, "most": 3})]),
        (lambda: Whole(1, 3), 1, []),
        (lambda: Whole(1, 3), 3, []),
        (lambda: Whole(1, 3), 4, [("bounds", {"least": 1, "most": 3})]),
        (lambda: Span("seconds", 0, 86_400), -1, [("bounds", {"least": "0 seconds", "most": "1 day"})]),
        (lambda: Span("minutes", 1, 120), 121, [("bounds", {"least": "1 minute", "most": "2 hours"})]),
        (lambda: Many(Text()), "a", [("not_list", {"of": "strings", "example": '"…"'})]),
        (lambda: Many(Whole(0, 9)), 5, [("not_list", {"of": "whole numbers", "example": "1"})]),
        (lambda: Many(Whole(0, 9)), [1, 10], [("bounds", {"least": 0, "most": 9, "entry": 1})]),
        (lambda: Many(Whole(0, 9)), [1, "x"], [("not_whole", {"entry": 1})]),
        (lambda: Pairs(Whole(1, 9)), {"cpus": 10}, [("bounds", {"least": 1, "most": 9, "key": "cpus"})]),
        (lambda: Pairs(Text()), (("", "x"),), [("empty", {"key": "", "side": "key"})]),
        (lambda: Pairs(Text()), [["a", "b"]], [("not_table", {"of": "strings", "example": '"…"'})]),
        (lambda: Pairs(Text()), (("a", "b", "c"),), [("not_table", {"of": "strings", "example": '"…"'})]),
        (lambda: Pairs(Text()), 5, [("not_table", {"of": "strings", "example": '"…"'})]),
    ],
)  # fmt: skip
def test_what_a_kind_refuses(make: Callable[[], Kind], value: Any, codes: list[tuple[str, dict[str, Any]]]) -> None:
    """Every problem of a value, with its place in a list or a table."""
    assert problems_of(make(), "f", value) == [Problem("f", code, data) for code, data in codes]


@pytest.mark.parametrize(
    ("make", "value", "normal", "in_json", "shown"),
    [
        (lambda: Many(Whole(0, 255)), [75, 2, 75], (2, 75), [2, 75], "2, 75"),
        (lambda: Pairs(Whole(1, 9)), {"b": 1, "a": 4}, (("a", 4), ("b", 1)), {"a": 4, "b": 1}, "a=4, b=1"),
        (lambda: Span("seconds", 0, 9999), 90, 90, 90, "90s"),
        (lambda: Span("seconds", 0, 9999), 7200, 7200, 7200, "2h"),
        (lambda: Span("minutes", 1, 9999), 90, 90, 90, "90m"),
    ],
)  # fmt: skip
def test_what_a_kind_keeps(make: Callable[[], Kind], value: Any, normal: Any, in_json: Any, shown: str) -> None:
    """The normal form, the same in JSON and back, and as people read it."""
    kind = make()
    assert kind.normal(value) == normal
    assert kind.to_json(normal) == in_json
    assert kind.from_json(in_json) == normal
    assert kind.show(normal) == shown


@pytest.mark.parametrize(
    ("char", "on_one_line", "with_lines"),
    [
        ("\0", False, False),
        ("\t", False, True),
        ("\n", False, True),
        ("\r", False, False),
        ("\x1f", False, False),
        (" ", True, True),
        ("~", True, True),
        ("\x7f", False, False),
        ("\x9f", False, False),
        ("\xa0", True, True),
        (chr(0xD7FF), True, True),
        (chr(0xD800), False, False),
        (chr(0xDFFF), False, False),
        (chr(0xE000), True, True),
    ],
)
def test_the_characters_of_a_text(char: str, on_one_line: bool, with_lines: bool) -> None:
    """Control characters and halves of characters are refused, except for line ends and tabs in a text of lines."""
    text = f"a{char}b"
    strange = [Problem("f", "characters", {"value": text})]
    assert problems_of(Text(), "f", text) == text_problems("f", text) == ([] if on_one_line else strange)
    assert problems_of(Text(lines=True), "f", text) == ([] if with_lines else strange)
    assert text_problems("f", text, lines=True) == ([] if with_lines else strange)


def test_the_texts_that_are_no_fields() -> None:
    """The limits of a text hold for those as well."""
    assert text_problems("f", "") == [Problem("f", "empty")]
    assert text_problems("f", "", empty=True) == []
    assert text_problems("f", "a" * 1001) == [Problem("f", "too_long", {"limit": 1000})]
    assert text_problems("f", "abcd", limit=3) == [Problem("f", "too_long", {"limit": 3})]


@pytest.mark.parametrize("value", [0, 1, None, "true", ()])
def test_only_true_and_false_are_flags(value: Any) -> None:
    """What merely counts as true or false is refused, also when it is read from JSON."""
    assert problems_of(Flag(), "f", value) == [Problem("f", "not_flag")]
    with pytest.raises(ValueError, match="is not a bool"):
        Flag().from_json(value)


@pytest.mark.parametrize(("value", "shown"), [(True, "true"), (False, "false")])
def test_flags(value: bool, shown: str) -> None:
    """Both flags are valid, and shown as JSON and TOML write them."""
    assert problems_of(Flag(), "f", value) == []
    assert Flag().from_json(value) is value
    assert Flag().show(value) == shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (MIN_INSTANT, "0001-01-01T00:00:00Z"),
        (1736935200, "2025-01-15T10:00:00Z"),
        (MAX_INSTANT, "9999-12-31T23:59:59Z"),
    ],
)
def test_instants(value: int, text: str) -> None:
    """An instant is RFC 3339 in JSON and as people read it."""
    assert problems_of(Instant(), "f", value) == []
    assert (Instant().to_json(value), Instant().show(value), Instant().from_json(text)) == (text, text, value)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [("30s", "seconds", 30), ("1h", "seconds", 3600), ("90", "seconds", 90), ("30m", "minutes", 30)],
)
def test_a_span_is_parsed_in_its_unit(text: str, unit: Unit, value: int) -> None:
    """What a person writes is counted in the unit of the field; both bounds belong to the values."""
    assert Span(unit, 30, 3600).parse(text, "--timeout") == value


@pytest.mark.parametrize(
    ("text", "code", "data"),
    [
        ("29", "span_bounds", {"value": "29", "least": "30 seconds", "most": "1 hour"}),
        ("3601s", "span_bounds", {"value": "3601s", "least": "30 seconds", "most": "1 hour"}),
        ("soon", "span", {"value": "soon", "forms": "a number of seconds, or 30s, 10m, 24h"}),
    ],
)
def test_a_span_out_of_its_bounds(text: str, code: str, data: dict[str, str]) -> None:
    """It is refused under the name that the surface gave, with the bounds in words."""
    with pytest.raises(InvalidInput) as refusal:
        Span("seconds", 30, 3600).parse(text, "--timeout")
    assert refusal.value.details == (Problem("--timeout", code, data),)


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ("gpu.big-1", []),
        ("GPU_9", []),
        ("_", []),
        ("9" * 100, []),
        ("9" * 101, [("name", {"value": "9" * 101})]),
        ("", [("name", {"value": ""})]),
        ("-a", [("name", {"value": "-a"})]),
        ("é", [("name", {"value": "é"})]),
        ("a\n", [("name", {"value": "a\n"})]),
        (5, [("not_text", {})]),
    ],
)
def test_names(value: Any, codes: list[tuple[str, dict[str, Any]]]) -> None:
    """Up to a hundred plain characters, the first of them no dot and no dash."""
    assert problems_of(Name(), "f", value) == [Problem("f", code, data) for code, data in codes]


@pytest.mark.parametrize(
    ("kind", "value", "codes"),
    [
        (Zone, "Europe/Berlin", []),
        (Zone, "Berlin", [("said", {"sentence": "the time zone 'Berlin' is unknown: did you mean Europe/Berlin?"})]),
        (Zone, 5, [("not_text", {})]),
        (Cron, "@every 90m", []),
        (Cron, None, [("not_text", {})]),
        (
            Cron,
            "60 24 * * *",
            [
                ("said", {"sentence": "in the minute field, '60' is outside 0-59"}),
                ("said", {"sentence": "in the hour field, '24' is outside 0-23"}),
            ],
        ),
    ],
)
def test_zones_and_expressions(kind: type[Kind], value: Any, codes: list[tuple[str, dict[str, Any]]]) -> None:
    """Each problem that their readers find is one of its own."""
    assert problems_of(kind(), "f", value) == [Problem("f", code, data) for code, data in codes]


def test_the_normal_form_of_an_expression() -> None:
    """Single spaces; a nickname stays one."""
    assert Cron().normal(" 0  9 *\t* mon ") == "0 9 * * mon"
    assert Cron().normal(" @every  90m") == "@every 90m"


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ("/", []),
        ("/bin/bash", []),
        ("bin/bash", [("absolute", {"value": "bin/bash"})]),
        ("~/bin", [("absolute", {"value": "~/bin"})]),
        ("", [("empty", {})]),
        (" ", [("empty", {}), ("absolute", {"value": " "})]),
        ("/a\n", [("characters", {"value": "/a\n"})]),
        (None, [("not_text", {})]),
    ],
)
def test_absolute_paths(value: Any, codes: list[tuple[str, dict[str, Any]]]) -> None:
    """A path begins with a slash, and is a text on one line."""
    assert problems_of(AbsolutePath(), "f", value) == [Problem("f", code, data) for code, data in codes]


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ({"A": "", "_b1": "one\n\ttwo"}, []),
        ((("A", "x" * 100_000),), []),
        ({"A": "x" * 100_001}, [("too_long", {"key": "A", "limit": 100_000})]),
        ({"A": "\0"}, [("characters", {"key": "A", "value": "\0"})]),
        ({"A": 1}, [("not_text", {"key": "A"})]),
        ({"1A": ""}, [("variable", {"key": "1A", "side": "key"})]),
        ({"A-B": ""}, [("variable", {"key": "A-B", "side": "key"})]),
        ({"É": ""}, [("variable", {"key": "É", "side": "key"})]),
        ({"ARCO_RUN_ID": ""}, [("own_variable", {"key": "ARCO_RUN_ID", "side": "key"})]),
        ({"ARCO": "", "arco_x": ""}, []),
        ("A=1", [("not_table", {"of": "strings", "example": '"…"'})]),
    ],
)
def test_environments(value: Any, codes: list[tuple[str, dict[str, Any]]]) -> None:
    """Names that a shell takes and that are not ours, with values of any text up to the length of a command."""
    assert problems_of(Environment(), "f", value) == [Problem("f", code, data) for code, data in codes]


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ({"cpus": 1, "memory_mib": 1_000_000_000, "gpus": 8}, []),
        ({"cpus": 0}, [("bounds", {"key": "cpus", "least": 1, "most": 1_000_000_000})]),
        ({"gpus": 1_000_000_001}, [("bounds", {"key": "gpus", "least": 1, "most": 1_000_000_000})]),
        ({"cpus": "4"}, [("not_whole", {"key": "cpus"})]),
        (
            {"cores": 4},
            [("choice", {"key": "cores", "side": "key", "value": "cores", "choices": ("cpus", "memory_mib", "gpus")})],
        ),
        (5, [("not_table", {"of": "whole numbers", "example": "1"})]),
    ],
)
def test_resources(value: Any, codes: list[tuple[str, dict[str, Any]]]) -> None:
    """Known names with whole numbers from 1 to a billion."""
    assert problems_of(Resources(), "f", value) == [Problem("f", code, data) for code, data in codes]
