"""What importing a crontab did: every line of it, as JSON and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from arco_sched.core.definitions import SOURCE
from arco_sched.render import applied as render
from arco_sched.render import json
from arco_sched.render.drawing import Cell, Column, Screen

if TYPE_CHECKING:
    from arco_sched.formats.crontab import Crontab, Line
    from arco_sched.service.apply import Applied, AppliedChange

_STYLES = {"created": "green", "updated": "yellow", "problem": "bold red"}


def document(crontab: Crontab, applied: Applied) -> str:
    """`arco import crontab`."""
    numbers = {line.schedule_id: line.number for line in crontab.lines if line.schedule_id is not None}
    return json.line(
        {
            "changes": [{**render.row(change), "line": numbers.get(change.schedule_id)} for change in applied.changes],
            "lines": [
                {
                    "line": line.number,
                    "kind": line.kind,
                    "schedule_id": line.schedule_id,
                    "message": line.message,
                    "text": line.text,
                }
                for line in crontab.lines
            ],
            "problems": [{"line": line.number, "message": line.message} for line in crontab.problems],
            "format": "system" if crontab.system else "user",
            "dry_run": applied.dry_run,
        }
    )


def draw(crontab: Crontab, applied: Applied) -> None:
    """Every line that says something, what became of it, and how many of each kind there are."""
    screen = Screen()
    changes = {change.schedule_id: change for change in applied.changes}
    rows = [
        _row(line, changes)
        for line in crontab.lines
        if line.kind not in {"blank", "comment"} or (line.kind == "comment" and line.message)
    ]
    if rows:
        columns = (Column("LINE", whole=True, right=True), Column("IS", whole=True), Column("WHAT"))
        screen.table(columns, rows)
    screen.line(render.summary(applied))
    kinds = [line.kind for line in crontab.lines]
    if crontab.problems:
        count = len(crontab.problems)
        which = "1 line" if count == 1 else f"{count:,} lines"
        screen.line(f"{which} can't be carried over: see the reasons above.", "bold red")
    rest = len(kinds) - kinds.count("schedule") - kinds.count("problem")
    screen.line(
        f"{len(kinds):,} lines read as a {'system' if crontab.system else 'user'}'s crontab, {rest:,} of them "
        "variables, comments and blank lines."
    )


def _row(line: Line, changes: Mapping[str, AppliedChange]) -> tuple[Cell, ...]:
    change = changes.get(line.schedule_id or "")
    if change is None:
        what: Cell = line.message or ""
        if line.kind == "problem":
            what = [(line.text, ""), (line.message or "", _STYLES["problem"])]
        elif line.kind in {"variable", "comment"}:
            what = f"{line.text.strip()}: {line.message}"
        return str(line.number), (line.kind, _STYLES.get(line.kind, "")), what
    definition = change.version.definition
    said = [(f"{change.schedule_id}: {definition.cron_expression} in {definition.timezone}", "")]
    said += [(definition.request.command or "", "dim")]
    said += [(line.message, "")] if line.message else []
    return str(line.number), (change.change, _STYLES.get(change.change, "")), said


def gone(crontab_name: str, applied: Applied) -> str | None:
    """Which schedules came from this crontab before and are not in it any more."""
    ids = [
        version.schedule_id
        for version in applied.unlisted
        if dict(version.definition.request.labels).get(SOURCE) == f"crontab:{crontab_name}"
    ]
    if not ids:
        return None
    return (
        f"note: imported from {crontab_name} before and not in it now, they stay: {', '.join(ids[:10])}"
        f"{' …' if len(ids) > 10 else ''}; `arco schedule delete ID` ends one"
    )
