"""The JSON schema of a definitions file takes what the reader takes."""

import json
import tomllib
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.core.definitions import Version
from arco_sched.core.errors import InvalidFile
from arco_sched.core.kinds import Choice, Flag, Many, Pairs, Span, Whole
from arco_sched.core.rows import Field
from arco_sched.formats import schema as schemas
from arco_sched.formats import toml_file as definitions
from arco_sched.formats.toml_file import read
from tests.formats.definitions_files import TWO, VERSIONS, WRONG
from tests.runner import Arco


def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((files("arco_sched") / "schedules.schema.json").read_text("utf-8"))
    return schema


def test_the_schema_is_that_of_the_table(arco: Arco) -> None:
    """Its file is what the fields give, and `export --schema` prints it without a database."""
    assert schemas.FILE.read_text("utf-8") == schemas.text(), "write it anew: python -m arco_sched.formats.schema"
    assert arco("export", "--schema").out == schemas.text()


def test_the_schema_of_fields_that_come_later() -> None:
    """Bounds, units and defaults of a field are in the schema by its row alone."""
    fields = [
        replace(Field(kind, "run", "Words."), name=name, default=default)
        for name, kind, default in (
            ("timeout_seconds", Span("seconds", 1, 86_400), None),
            ("retry_exit_codes", Many(Whole(0, 255)), ()),
            ("resources", Pairs(Whole(1, 9)), ()),
            ("overlap", Choice(("queue", "skip")), "queue"),
            ("verbose", Flag(), False),
        )
    ]
    found = schemas.schema({field.stem: field for field in fields})["$defs"]
    assert found.pop("schedule")["required"] == []
    whole = {"type": "integer", "minimum": 0, "maximum": 255}
    assert found == {
        "timeout": {
            "description": "Words: a number of seconds, or 30s, 10m, 24h.",
            "oneOf": [
                {"type": "integer", "minimum": 1, "maximum": 86_400},
                {"type": "string", "pattern": "^\\s*[0-9]{1,12}( ?([smhdw]|(second|minute|hour|day|week)s?))?\\s*$"},
            ],
        },
        "retry_exit_codes": {"description": "Words.", "type": "array", "items": whole},
        "resources": {
            "description": "Words.",
            "type": "object",
            "propertyNames": {"minLength": 1, "maxLength": 1000},
            "additionalProperties": {"type": "integer", "minimum": 1, "maximum": 9},
        },
        "overlap": {"description": "Words (default: queue).", "enum": ["queue", "skip"], "default": "queue"},
        "verbose": {"description": "Words (default: false).", "type": "boolean", "default": False},
    }


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
