"""Lists as CSV, for spreadsheets: a header, then a row a line, with the names and instants of the JSON answers.

What is a list or an object in JSON is JSON text in its cell, null is empty. A text that a spreadsheet would take for
a formula (it begins with `=`, `+`, `-`, `@`, a tab or a line end) gets a `'` in front, as spreadsheets write it
themselves; whoever needs the exact text takes `--json`.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

from arco_sched.core.fields import CONTENT
from arco_sched.render.json import event_row, lapse_row, tick_row
from arco_sched.render.lives import life_row
from arco_sched.render.terminal import Document, printable

T = TypeVar("T")

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")

_STEERING: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What would steer a terminal, and is not the line end or the tab of a command."""

TICKS: Final = (
    "tick_id", "schedule_id", "scheduled_for", "definition_version", "status", "skip_reason", "error", "run_key",
    "run_id", "request_fingerprint", "evaluated_at",
)  # fmt: skip
LAPSES: Final = ("schedule_id", "after", "before", "missed", "reason", "recorded_at", "first_missed", "last_missed")
RUNS: Final = (
    "run_id", "run_key", "request_fingerprint", "status", "schedule_id", "tick_id",
    *(field.name for field in CONTENT), "code_version", "requested_at", "conflicts", "scheduled_for", "timezone",
    "status_reason", "waiting_for", "pool", "priority", "attempt", "outcome", "executor", "started_at", "ended_at",
    "duration_ms", "exit_code", "signal", "retry_at",
)  # fmt: skip
EVENTS: Final = ("seq", "type", "idempotency_key", "schedule_id", "recorded_at", "payload", "by", "note")


def ticks(rows: Iterable[Any]) -> Iterator[Document]:
    """`arco ticks list --csv`."""
    return _document(TICKS, tick_row, rows)


def lapses(rows: Iterable[Any]) -> Iterator[Document]:
    """`arco lapses list --csv`."""
    return _document(LAPSES, lapse_row, rows)


def runs(rows: Iterable[Any]) -> Iterator[Document]:
    """`arco runs list --csv`."""
    return _document(RUNS, life_row, rows)


def events(rows: Iterable[Any], *, header: bool = True) -> Iterator[Document]:
    """`arco events list --csv`; without the header where rows follow on earlier ones."""
    return _document(EVENTS, event_row, rows, header=header)


def _document(
    names: tuple[str, ...], row_of: Callable[[T], dict[str, Any]], rows: Iterable[T], *, header: bool = True
) -> Iterator[Document]:
    if header:
        yield _line(names)
    for each in rows:
        row = row_of(each)
        yield _line([_cell(row[name]) for name in names])


def _line(cells: Iterable[object]) -> Document:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return Document(text.getvalue())


def _cell(value: object) -> object:
    if value is None or isinstance(value, int):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if not text.isprintable():
        text = _STEERING.sub(lambda found: printable(found[0]), text)
    return f"'{text}" if text.startswith(FORMULA) else text
