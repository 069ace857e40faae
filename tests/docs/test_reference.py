"""docs/cli.md is what the commands say of themselves, and the tables of other pages are what the code says."""

import pytest

from tests import ROOT
from tests.docs.reference import PAGE, documented, page
from tests.docs.tables import TABLES, with_tables


def test_the_reference_is_current() -> None:
    """The page is the one that the commands give."""
    assert PAGE.read_text("utf-8") == page(), "write it anew: python -m tests.docs.reference"


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_current(name: str) -> None:
    """The tables of a page are those that the code gives."""
    text = (ROOT / name).read_text("utf-8")
    assert text == with_tables(name, text), "write them anew: python -m tests.docs.reference"


def test_every_option_of_every_command_is_in_its_section() -> None:
    """Each option stands in the table of its command or in the one for all commands, each argument in the usage."""
    text = PAGE.read_text("utf-8")
    for each in documented():
        section = text.partition(f"\n## {each.path}\n")[2].partition("\n## ")[0]
        shared = text.partition("\n## With every command\n")[2].partition("\n## ")[0]
        for parameter in each.command.get_params(each.context):
            if parameter.param_type_name == "argument":
                assert f"`{each.path} {parameter.metavar}" in section
            else:
                assert any(f"| `{parameter.opts[0]}{end}" in section + shared for end in "` "), (each.path, parameter)
