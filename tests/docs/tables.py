"""The tables in the documents that only repeat the code, written between two comments; `python -m tests.docs.reference`
writes them anew, with docs/cli.md.
"""

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, get_args, get_origin

import arco_sched
from arco_sched.core.events import TYPES, EventType
from arco_sched.core.fields import FIELDS
from arco_sched.core.kinds import Flag, Instant, Kind, Many, Pairs, Whole
from arco_sched.core.rows import REQUIRED, Field
from tests import ROOT


def _rows(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = (f"| {' | '.join(row)} |\n".replace("|  |", "| |") for row in (head, *rows))
    return f"{next(lines)}|{'---|' * len(head)}\n{''.join(lines)}"


def answers() -> str:
    """The public classes of docs/python.md that are answers, with their attributes."""
    return _rows(("class", "attributes"), _answers())


def _answers() -> Iterator[tuple[str, ...]]:
    for name in arco_sched.__all__:
        value: Any = getattr(arco_sched, name)
        if not isinstance(value, type) or issubclass(value, Exception) or name in _GIVEN:
            continue
        fields = [each.name for each in dataclasses.fields(value)] if dataclasses.is_dataclass(value) else ()
        names = [*(getattr(value, "_fields", None) or fields)]
        names += [name for name, member in vars(value).items() if isinstance(member, property)]
        if names:
            yield f"`{name}`", ", ".join(f"`{each}`" for each in names)


def words() -> str:
    """The names of docs/python.md for one of some words, with the words."""
    return _rows(
        ("name", "one of"),
        (
            (f"`{name}`", ", ".join(f"`{word}`" for word in get_args(getattr(arco_sched, name))))
            for name in arco_sched.__all__
            if get_origin(getattr(arco_sched, name)) is Literal
        ),
    )


_GIVEN: Final = ("Asked", "Definition", "Policy", "Problem", "RequestContent", "Wanted")
"""What a program gives, or an error holds, which is no answer."""


def fields() -> str:
    """The fields of a definition version in JSON: their types, defaults, and what they say."""
    return _rows(("key", "type", "default", ""), map(_field, FIELDS))


def _field(field: Field) -> tuple[str, ...]:
    unset = field.default is REQUIRED
    type_ = f"{_json_type(field.kind)}{' or null' if field.default is None else ''}"
    default = "" if unset else f"`{json.dumps(field.to_json(field.default))}`"
    return f"`{field.name}`", type_, default, field.words


def _json_type(kind: Kind) -> str:
    """What JSON has for a value of a kind."""
    if isinstance(kind, Many):
        return f"list of {_json_type(kind.item)}s"
    if isinstance(kind, Pairs):
        return f"object of {_json_type(kind.item)}s"
    names = {Instant: "instant", Flag: "bool", Whole: "number"}
    return next((name for type_, name in names.items() if isinstance(kind, type_)), "string")


def events() -> str:
    """The registry of events: each type with its key, what it records, and the names in its payload."""
    assert _RECORDS.keys() == {type_.name for type_ in TYPES}
    return _rows(("type", "idempotency key", "records", "payload"), map(_event, TYPES))


def _event(type_: EventType) -> tuple[str, ...]:
    names = _ALONE.get(type_.name)
    if names is None:
        names = ", ".join(f"`{name}`" for name in sorted((type_.payload or frozenset()) | type_.optional))
    return f"`{type_.name}`", f"`{type_.key}`", _RECORDS[type_.name], names


_RECORDS: Final = {
    "ScheduleDefinitionUpserted": "a definition version",
    "ScheduleTicked": "a tick",
    "OccurrencesLapsed": "a lapse",
    "RunRequested": "what a run is asked to execute",
    "ZoneRulesChanged": "another `tzdata` release",
    "CursorRewound": "a cursor that was brought back",
    "HistoryPruned": "what was removed of a schedule's history",
    "RunsPruned": "which runs of a schedule were removed",
    "RunSubmitted": "an attempt was opened for an engine, or the engine gave it an id or was told of it again",
    "RunStarted": "an attempt begins",
    "RunFinished": "how an attempt ended, and what became of the run",
    "RunSkipped": "a run that won't be executed",
    "RunCancelRequested": "the open attempt is to end",
    "RunCanceled": "a run without an open attempt was canceled",
    "RunRetryRequested": "a retry by hand",
    "PoolSet": "the slots of a pool",
}
_ALONE: Final = {
    "ScheduleDefinitionUpserted": "the keys of [a version](../json.md#a-version); some fields only if they differ from "
    "their defaults",
    "ScheduleTicked": "the keys of [a tick](../json.md#a-tick), except `evaluated_at`",
    "RunRequested": "`run_key`, `run_id`, `request_fingerprint`, `conflict`, `schedule_id`, `tick_id`, "
    "`definition_version`, `code_version`, `content`, `policy` (fields that differ from their defaults)",
}

TABLES: Final = {
    "docs/json.md": {"fields": fields},
    "docs/python.md": {"answers": answers, "words": words},
    "docs/semantics/events.md": {"events": events},
}
"""The tables of each page, by their names."""


def with_tables(page: str, text: str) -> str:
    """The text of a page with its tables as the code has them."""
    for name, table in TABLES[page].items():
        block = re.compile(f"(<!-- table: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        assert len(block.findall(text)) == 1, f"{page} has no place for the table {name}"
        text = block.sub(lambda found, table=table: f"{found[1]}{table()}{found[2]}", text)
    return text


def write() -> list[str]:
    """Write the tables of all pages anew; returns the pages."""
    for page in TABLES:
        path = ROOT / page
        path.write_text(with_tables(page, path.read_text("utf-8")), "utf-8")
    return list(TABLES)
