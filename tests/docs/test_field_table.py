"""The table of fields in docs/semantics/schedules.md is that of the code, but for its rules, which are for people."""

import re

import pytest

from arco_sched.cli.names import option_of
from arco_sched.core.fields import GIVEN
from arco_sched.core.rows import Field
from tests import ROOT

HEAD = "| field | option | key | rule | default |"


def documented() -> dict[str, list[str]]:
    """The rows of the document's table by the names of the fields."""
    page = (ROOT / "docs" / "semantics" / "schedules.md").read_text("utf-8")
    lines = page.partition(f"{HEAD}\n|---|---|---|---|---|\n")[2].partition("\n\n")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row for row in rows}


def test_every_field_has_a_row_in_the_order_of_the_answers() -> None:
    """No field is left out, and there is none that is not one."""
    assert list(documented()) == [field.name for field in GIVEN]


@pytest.mark.parametrize("field", GIVEN, ids=lambda field: field.name)
def test_a_row_says_what_the_field_is(field: Field) -> None:
    """Its option, its key in a file, a rule, and its default."""
    _, option, key, rule, default = documented()[field.name]
    constant = field.default_words and not field.otherwise
    expected = "required" if field.required else field.default_words or "none"
    assert (option, key) == (f"`{option_of(field.name)}`", f"`{field.stem}`")
    assert default == (f"`{expected}`" if constant else expected)
    assert re.search(r"\w", rule)
