"""Reading and writing a definitions file: its problems, each at its line, and the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.core.definitions import Version
from arco_sched.core.errors import InvalidFile
from arco_sched.formats.toml_file import read, write
from tests.formats.definitions_files import VERSIONS


@pytest.mark.parametrize(
    ("source", "line", "says"),
    [
        (b'[schedules.x]\ncron_expression = "@daily"\ncron_expression = "@hourly"\n', 3, "overwrite"),
        (b"[schedules.x]\ncron_expression = @daily\n", 2, "not TOML: invalid value"),
        (b'[schedules.x]\r\ncron_expression = "@daily\r\n', 2, "not TOML"),
        (b'[schedules.x]\ncron_expression = """\n\n', 2, "not TOML"),
        (b'[schedules.x]\n# \xff\n', 2, "isn't UTF-8"),
        (b"a = " + b"[" * 5000, None, "nested too deeply"),
        (b"schedules = 5\n", 1, "write [schedules.ID]"),
        (b'\n[[schedules]]\nid = "x"\n', 2, "write [schedules.ID]"),
        (b"[schedules]\nx = 1\n", 2, "write [schedules.x]"),
        (b"defaults = 1\n", 1, "write [defaults]"),
        (b"schedule.x.cron_expression = '@daily'\n", 1, "did you mean schedules?"),
        (b"[schedules.x]\nmax_catchup_ticks = 0\ncron_expression='@daily'\n", 2, "between 1 and"),
        (b"[schedules.x]\ncatchup_window = true\ncron_expression='@daily'\n", 2, "must be a number of minutes"),
        (b"[schedules.x]\ncatchup_window = 0\ncron_expression='@daily'\n", 2, "between 1 minute and 100 years"),
        (b"[schedules.x]\ncron_expression='@daily'\nasset_selection = 'a'\n", 3, "must be a list of strings"),
        (b"[schedules.x]\ncron_expression='@daily'\nlabels = 'a'\n", 3, "must be a table of strings"),
        (b"[schedules.x]\ncron_expression='@daily'\nlabels.a.b = 'c'\n", 3, "put a name with a dot in quotes"),
        (b"[schedules.x]\ncron_expression='@daily'\ncommand = 5\n", 3, "put it in quotes"),
        (b"[schedules.x]\ncron_expression='@daily'\ncode_version = ''\n", 3, "must not be empty"),
        (b"[schedules.x]\ncron_expression='@daily'\ntime_zone = 'UTC'\n", 3, "did you mean timezone?"),
        (b"[schedules.x]\ncron_expression='@daily'\ncommand = \"\\u0007\"\n", 3, "control characters"),
    ],
)  # fmt: skip
def test_a_problem_has_its_line(source: bytes, line: int | None, says: str) -> None:
    """What is wrong, and where."""
    with pytest.raises(InvalidFile) as raised:
        read(source, "f")
    assert [(place, says in text) for place, text in raised.value.located] == [(line, True)]


@pytest.mark.slow
@given(st.lists(VERSIONS, max_size=3, unique_by=lambda version: version.schedule_id))
def test_what_is_written_reads_back_the_same(versions: list[Version]) -> None:
    """Every definition, hostile texts included, is the same after writing and reading; so is its start."""
    text = write(versions)
    read_back = read(text.encode(), "f").wanted
    assert [(each.schedule_id, each.definition) for each in read_back] == [
        (version.schedule_id, version.definition) for version in versions
    ]
    assert [each.start_at for each in read_back] == [version.start_at for version in versions]
    assert [each.enabled is not False for each in read_back] == [version.enabled for version in versions]
    assert text.isascii() or all(char == "\n" or char.isprintable() for char in text)
