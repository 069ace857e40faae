"""The JSON schema of a definitions file takes what the reader takes."""

import json
import tomllib
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.core.definitions import Version
from arco_sched.core.errors import InvalidFile
from arco_sched.formats import toml_file as definitions
from arco_sched.formats.toml_file import KEYS, OWN_KEYS, read
from tests.formats.definitions_files import TWO, VERSIONS, WRONG
from tests.runner import Arco


def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((files("arco_sched") / "schedules.schema.json").read_text("utf-8"))
    return schema


def test_the_schema_names_what_apply_reads(arco: Arco) -> None:
    """Its keys are those of the reader, and `export --schema` prints it without a database."""
    schema = _schema()
    assert list(schema["$defs"]["schedule"]["properties"]) == list(KEYS)
    assert list(schema["properties"]["defaults"]["properties"]) == [key for key in KEYS if key not in OWN_KEYS]
    assert json.loads(arco("export", "--schema").out) == schema


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        (TWO, True),
        ("", True),
        ("[schedules.x]\ncron_expression = '@daily'\ncatchup_window = 90\nenabled = false\n", True),
        (WRONG.replace("start_at = 2025-01-01T00:00:00Z", "").replace("end_at = 2025-01-01", ""), False),
        ("[schedules.x]\n", False),
        ("[schedules.x]\ncron_expression = 5\n", False),
        ("[schedules.x]\ncron_expression = '@daily'\ncatchup_window = '90x'\n", False),
        ("[schedules.'ü']\ncron_expression = '@daily'\n", False),
        ("[defaults]\nstart_at = '2025-01-01T00:00:00Z'\n", False),
        ("[schedules.x]\ncron_expression = '@daily'\nlabels = { a = 1 }\n", False),
    ],
)
def test_the_schema_takes_what_apply_takes(text: str, valid: bool) -> None:
    """Files that are right are valid, files that are wrong are not, and `apply` says the same."""
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(_schema())
    assert Draft202012Validator(_schema()).is_valid(tomllib.loads(text)) == valid
    try:
        read(text.encode(), "f")
    except InvalidFile:
        assert not valid
    else:
        assert valid


@pytest.mark.slow
@given(st.lists(VERSIONS, max_size=2, unique_by=lambda version: version.schedule_id))
def test_what_is_exported_is_valid(versions: list[Version]) -> None:
    """Whatever `export` writes, the schema takes."""
    from jsonschema import Draft202012Validator

    Draft202012Validator(_schema()).validate(definitions.document(versions))
