"""What is said of expressions that mean something else than they look like (docs/semantics/expressions.md)."""

import pytest

from arco_sched.core.cron import check_expression
from arco_sched.core.cron.cautions import cautions
from arco_sched.core.errors import InvalidInput

STEPS = {
    "*/59 * * * *": None,
    "*/60 * * * *": "'*/60' steps beyond 59, so it matches only 0, once each hour: write 0",
    "*/90 * * * *": "'*/90' steps beyond 59, so it matches only 0, once each hour: write 0",
    "*/90,30 * * * *": "'*/90' steps beyond 59",
    "30,*/90 * * * *": "'*/90' steps beyond 59",
    "10-20/11 * * * *": "'10-20/11' steps beyond 20, so it matches only 10",
    "10-20/10 * * * *": None,
    "10-10/5 * * * *": None,
    "*/75 * * * * *": "in the second field, '*/75' steps beyond 59, so it matches only 0, once each minute",
    "0 */24 * * *": "in the hour field, '*/24' steps beyond 23, so it matches only 0, once each day",
    "0 0 */31 * *": "in the day-of-month field, '*/31' steps beyond 31, so it matches only 1, once each month",
    "0 0 */30 * *": None,
    "0 0 1 */12 *": "in the month field, '*/12' steps beyond 12, so it matches only 1, once each year",
    "0 0 1 JAN-MAR/5 *": "'JAN-MAR/5' steps beyond 3",
    "0 0 * * */7": "in the day-of-week field, '*/7' steps beyond 6, so it matches only 0, once each week",
    "0 0 * * MON-FRI/5": "'MON-FRI/5' steps beyond 5, so it matches only 1",
    "0 0 * * FRI-SUN/3": "'FRI-SUN/3' steps beyond 7, so it matches only 5",
    "0 0 * * FRI-SUN/2": None,
    f"*/{'9' * 900} * * * *": f"in the minute field, '*/{'9' * 38}' steps beyond 59",
    "@daily": None,
}


@pytest.mark.parametrize("text", STEPS)
def test_a_step_that_its_field_has_no_room_for(text: str) -> None:
    """It leaves the first value alone, and is said."""
    found, said = cautions(check_expression(text)), STEPS[text]
    assert len(found) == (said is not None)
    if said is not None:
        assert said in found[0]


@pytest.mark.parametrize(
    ("text", "said", "told"),
    [
        ("30 2 * * *", ["dst_gap", "dst_overlap"], []),
        ("@daily", ["dst_gap"], []),
        ("*/15 * * * *", [], []),
        (
            "*/15 * * * *",
            ["dst_gap"],
            ["dst_gap has no effect: the minute or the hour of `*/15 * * * *` begins with *"],
        ),
        ("0 * * * *", ["dst_gap", "dst_overlap"], ["dst_gap has no effect", "dst_overlap has no effect"]),
        ("@every 90m", ["dst_overlap"], ["dst_overlap has no effect: @every 90m counts seconds"]),
    ],
)
def test_a_choice_without_effect(text: str, said: list[str], told: list[str]) -> None:
    """What is chosen for clock changes says nothing about an interval."""
    found = cautions(check_expression(text), said)
    assert len(found) == len(told)
    assert all(sentence.startswith(begin) for sentence, begin in zip(found, told, strict=True))


@pytest.mark.parametrize("text", ["0 0 * * SUN-SUN", "0 0 * * sun-SUN/2"])
def test_sunday_to_sunday(text: str) -> None:
    """It may be one day or seven, so it is refused."""
    with pytest.raises(InvalidInput, match=r"may mean one day or the whole week: write SUN or \*"):
        check_expression(text)
