"""The JSON Schema of a definitions file, from the table of fields.

The package contains it as a file, for `arco export --schema`; `python -m arco_sched.formats.schema` rewrites that file.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from arco_sched.core.days import RANGE
from arco_sched.core.identity import SCHEDULE_ID
from arco_sched.core.kinds import Choice, Flag, Instant, Kind, Many, Pairs, Span, Text, Whole
from arco_sched.core.rows import Field
from arco_sched.core.special_kinds import Cron, DayRange, Zone
from arco_sched.formats.toml_file import KEYS

FILE: Final = Path(__file__).parents[1] / "schedules.schema.json"


def schema(keys: Mapping[str, Field] = KEYS) -> dict[str, Any]:
    """The schema of a file whose schedules have these keys."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "arco definitions",
        "description": "What `arco apply FILE` reads and `arco export` writes: schedules by id, and their defaults.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "defaults": {
                "description": (
                    "Values for every schedule that doesn't set its own; a schedule's list or labels replace these "
                    "entirely."
                ),
                "type": "object",
                "additionalProperties": False,
                "properties": {key: _reference(key) for key, field in keys.items() if field.in_defaults},
            },
            "schedules": {
                "description": 'The schedules by id; quote an id that contains a dot, [schedules."team.daily"].',
                "type": "object",
                "propertyNames": {"pattern": f"^{SCHEDULE_ID.pattern}$"},
                "additionalProperties": _reference("schedule"),
            },
        },
        "$defs": {
            "schedule": {
                "type": "object",
                "additionalProperties": False,
                "required": [key for key, field in keys.items() if field.required],
                "properties": {key: _reference(key) for key in keys},
            },
            **{key: _definition(field) for key, field in keys.items()},
        },
    }


def _reference(key: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{key}"}


def _definition(field: Field) -> dict[str, Any]:
    found = {"description": field.sentence(), **_value(field.kind)}
    if field.default_words and not field.otherwise:
        found["default"] = field.default_words if isinstance(field.kind, Span) else field.to_json(field.default)
    if field.until_begun:
        found["description"] += " It can't be changed once the schedule has begun."
    if field.examples:
        found["examples"] = list(field.examples)
    return found


def _value(kind: Kind) -> dict[str, Any]:
    """The schema of a kind's values."""
    if isinstance(kind, Choice):
        return {"enum": list(kind.choices)}
    if isinstance(kind, Span):
        units = "[mhdw]|(minute|hour|day|week)s?"
        units = units if kind.unit == "minutes" else "[smhdw]|(second|minute|hour|day|week)s?"
        number = {"type": "integer", "minimum": kind.least, "maximum": kind.most}
        return {"oneOf": [number, {"type": "string", "pattern": f"^\\s*[0-9]{{1,12}}( ?({units}))?\\s*$"}]}
    if isinstance(kind, Whole):
        return {"type": "integer", "minimum": kind.least, "maximum": kind.most}
    if isinstance(kind, Flag):
        return {"type": "boolean"}
    if isinstance(kind, Instant):
        return {"type": "string", "format": "date-time"}
    if isinstance(kind, Many):
        return {"type": "array", "items": _value(kind.item)}
    if isinstance(kind, Pairs):
        return {"type": "object", "propertyNames": _text(kind.key), "additionalProperties": _value(kind.item)}
    if isinstance(kind, DayRange):
        return {"type": "string", "pattern": f"^{RANGE}$"}
    if isinstance(kind, Zone):
        return {"type": "string", "minLength": 1}
    if isinstance(kind, Cron | Text):
        return {"type": "string", **_text(kind)}
    raise AssertionError(kind)


def _text(kind: Text) -> dict[str, int]:
    return ({} if kind.empty else {"minLength": 1}) | {"maxLength": kind.limit}


def text() -> str:
    """The schema as the text of its file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
