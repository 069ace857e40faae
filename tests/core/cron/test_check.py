"""The second reader: croniter agrees with ours on every expression, or the expression is refused."""

import dataclasses

import pytest
from hypothesis import given, settings

from arco_sched.core.cron import check_expression, parse_expression
from arco_sched.core.cron.check import _compare
from arco_sched.core.errors import InvalidInput
from tests.core.cron.oracles import Drawn, expressions
from tests.core.cron.test_grammar import ACCEPTED, REFUSED, SPECIAL


@pytest.mark.parametrize("text", [row[0] for row in ACCEPTED + SPECIAL if row[0] != "* * 31 2 *"])
def test_accepted(text: str) -> None:
    """Every accepted pattern of the grammar is read to the same values by croniter."""
    assert check_expression(text) == parse_expression(text)


@pytest.mark.parametrize("text", [text for text, _ in REFUSED if text != "@every 5m"])
def test_refused(text: str) -> None:
    """What our reader refuses stays refused, whatever croniter thinks of it."""
    with pytest.raises(InvalidInput):
        check_expression(text)


@pytest.mark.slow
@given(expressions())
@settings(derandomize=True, max_examples=200, deadline=None)
def test_five_fields_agree(drawn: Drawn) -> None:
    """Random five-field expressions, L, # and W among them, pass both readers, or never occur."""
    expect_agreement(drawn.text)


@pytest.mark.slow
@given(expressions(seconds=True))
@settings(derandomize=True, max_examples=80, deadline=None)
def test_six_fields_agree(drawn: Drawn) -> None:
    """So do six-field ones, though croniter wants the second last."""
    expect_agreement(drawn.text)


def expect_agreement(text: str) -> None:
    if parse_expression(text).never:
        with pytest.raises(InvalidInput, match="never occurs: no date matches its day and month fields"):
            check_expression(text)
    else:
        assert check_expression(text) == parse_expression(text)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"minutes": (1,)}, "minute"),
        ({"hours": (1,)}, "hour"),
        ({"seconds": (1,)}, "second"),
        ({"month_days": 2}, "day-of-month"),
        ({"last_day": True}, "day-of-month"),
        ({"nearest_weekday": 9}, "day-of-month"),
        ({"month_days": 2, "last_working_day": True}, "day-of-month"),
        ({"months": 2}, "month"),
        ({"weekdays": 2}, "day-of-week"),
        ({"nth_weekdays": ((1, 1),)}, "day-of-week"),
        ({"last_weekdays": (1,)}, "day-of-week"),
        ({"minutes": (1,), "hours": (1,)}, "minute and hour"),
        ({"weekdays": 2, "nth_weekdays": ((1, 1),)}, "day-of-week"),
    ],
)
def test_disagreement(change: dict[str, object], field: str) -> None:
    """A reading that differs from croniter's in any part is refused, and the field is named."""
    doctored = dataclasses.replace(parse_expression("0 0 0 1-5 6 2#3,4"), **change)
    with pytest.raises(InvalidInput, match=f"read differently by arco and by croniter in the {field} field"):
        _compare(doctored)


@pytest.mark.parametrize(
    "text",
    [
        *(f"{field} * * * *" for field in ("*/59", "*/60", "*/99999", "10-20/10", "10-20/11", "10-20/31", "59-59/1")),
        *(f"0 0 {field} * *" for field in ("*/30", "*/31", "*/32", "2-4/2", "2-4/3", "2-4/7")),
        *(f"0 0 * * {field}" for field in ("*/6", "*/7", "0-7/7", "1-7/6", "1-7/7", "6-7/1", "6-7/2")),
        *(f"0 0 * * {field}" for field in ("0-SUN", "5-SUN/2", "6-SUN/2", "0-SUN/7", "0-SUN/8")),
        f"*/{'9' * 900} * * * *",
    ],
)
def test_steps_over_the_edge(text: str) -> None:
    """A step that just reaches the end of its range, or just does not, is read alike by both; so is SUN as an end."""
    expect_agreement(text)


def test_what_never_occurs_is_refused() -> None:
    """Semantics 3: an expression that no date matches is refused where a definition is made."""
    expect_agreement("0 0 30 2 *")
    expect_agreement("0 0 31W 2,4 *")


@pytest.mark.parametrize("field", ["LW", "L-3", "1,LW", "LW,L-3", "L,L-30", "10-12/2,L-3,LW", "*,LW", "1-31,L-2"])
def test_beside_the_last_days(field: str) -> None:
    """croniter knows neither LW nor L-3, and has to agree on what stands beside them."""
    expect_agreement(f"0 18 {field} * *")
    expect_agreement(f"0 18 {field} * MON#1,5L")


def test_croniter_refuses() -> None:
    """What croniter can't read at all is refused with its reason."""
    doctored = dataclasses.replace(parse_expression("0 0 * * *"), fields=("61", "0", "*", "*", "*"))
    with pytest.raises(InvalidInput, match="can't be read by croniter: "):
        _compare(doctored)
