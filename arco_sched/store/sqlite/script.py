"""The text of the schema: tables and indexes, the words behind small integers, and the views.

Words and views follow from the registries in the core, so a new event type or definition field changes neither
schema.sql nor views.sql; a new version of the schema then makes both anew in older databases.
"""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from arco_sched.core.rows import Field

COLUMNS: Final = (
    "cron_expression",
    "timezone",
    "catchup_window_minutes",
    "max_catchup_ticks",
    "catchup_policy",
    "dst_gap",
    "dst_overlap",
    "excluded_days",
    "paused_until",
)
"""The fields of a definition that an evaluation reads, each with a column of its own in `definition_rows`."""


def schema() -> str:
    """The text that makes the newest schema in an empty database."""
    return f"{_read('schema.sql')}\n{derived()}"


def constraint(name: str) -> str:
    """The condition of a named CHECK of schema.sql, of which a line of its own holds the end."""
    text = _read("schema.sql").partition(f"CONSTRAINT {name} CHECK (")[2]
    return text.partition(")\n) STRICT;")[0]


def derived() -> str:
    """The text that fills the words and makes the views, where both are empty."""
    from arco_sched.core.fields import CONTENT, POLICY

    # The keys of the first schema stand in views.sql.
    content = {field.name: _said("c.body", field) for field in CONTENT if not field.always}
    columns = content | {field.name: _said("d.policy", field) for field in POLICY}
    columns |= {name: f"json_extract(d.other, '$.{name}')" for name in other_names()}
    views = re.sub(r"\{utc ([^}]+)\}", r"strftime('%Y-%m-%dT%H:%M:%SZ', \1, 'unixepoch')", _read("views.sql"))
    for place, said in (("other", columns), ("content", content)):
        views = views.replace(f"{{{place}}}", ", ".join(f"{text} AS {name}" for name, text in said.items()))
    members = (f"'{field.name}', {_member('c.body', field)}" for field in CONTENT if not field.always)
    return f"{_words()}\n{views.replace('{members}', ', '.join(members))}"


def other_names() -> tuple[str, ...]:
    """The fields of a definition that are kept in `definition_rows.other`."""
    from arco_sched.core.fields import CONTENT, FIELDS, POLICY

    elsewhere = {*COLUMNS, *(field.name for field in (*CONTENT, *POLICY)), "start_at", "end_at", "enabled", "deleted"}
    return tuple(field.name for field in FIELDS if field.name not in elsewhere)


def _said(column: str, field: Field) -> str:
    """What a JSON text that has a key only where a field is not as by default says of the field."""
    value = field.to_json(field.default)
    said = f"json_extract({column}, '$.{field.name}')"
    if value is None:
        return said
    text = json.dumps(value) if isinstance(value, dict | list) else value
    return f"coalesce({said}, {text if isinstance(text, int) else repr(text)})"


def _member(column: str, field: Field) -> str:
    """The same as a member of a JSON object."""
    said = _said(column, field)
    return f"json({said})" if field.default == () else said


def _words() -> str:
    from arco_sched.core.events import TYPES
    from arco_sched.core.identity import INFIXES

    rows = [f"('event', {type_.code}, '{type_.name}')" for type_ in TYPES]
    rows += [f"('origin', {code}, '{infix}')" for code, infix in enumerate(INFIXES)]
    return "INSERT INTO words (kind, code, word) VALUES\n    " + ",\n    ".join(rows) + ";\n"


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text("utf-8")


def statements(script: str) -> Iterator[str]:
    """The statements of a script, one at a time."""
    # Not `executescript`, which commits an open transaction before it begins.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
