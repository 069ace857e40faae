"""What importing files did: every line of them, as JSON and as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from arco_sched.render import applied as render
from arco_sched.render import json
from arco_sched.render.drawing import ALARM, FAINT, GOOD, NOTE, Cell, Column, Screen
from arco_sched.render.terminal import is_unbounded

if TYPE_CHECKING:
    from arco_sched.formats.entries import Line, ReadFile
    from arco_sched.service.apply import Applied, AppliedChange

_STYLES = {"created": GOOD, "updated": NOTE, "problem": ALARM}
_CRONTABS = {"system": "a system's crontab", "user": "a user's crontab"}


def document(files: Sequence[ReadFile], applied: Applied) -> str:
    """`arco import`."""
    rows = list(_lines(files, applied))
    places = {id(change): (file.name, line.number) for file, line, change in rows if change is not None}
    nowhere = (None, None)
    return json.line(
        {
            "changes": [
                {**render.row(change), "file": file, "line": number}
                for change in applied.changes
                for file, number in [places.get(id(change), nowhere)]
            ],
            "lines": [
                {
                    "file": file.name,
                    "line": line.number,
                    "kind": line.kind,
                    "schedule_id": None if change is None else change.schedule_id,
                    "message": line.message,
                    "text": line.text,
                }
                for file, line, change in rows
            ],
            "problems": [
                {"file": file.name, "line": line.number, "message": line.message}
                for file in files
                for line in file.problems
            ],
            "gone": [change.schedule_id for change in _gone(files, applied)]
            + [version.schedule_id for version in applied.unlisted],
            "files": [{"file": file.name, "source": file.source, "format": file.format} for file in files],
            "dry_run": applied.dry_run,
        }
    )


def _lines(files: Sequence[ReadFile], applied: Applied) -> Iterator[tuple[ReadFile, Line, AppliedChange | None]]:
    """Every line of the files, with what became of its entry: the changes come in the order of the entries."""
    before = 0
    for file in files:
        for line in file.lines:
            yield file, line, None if line.entry is None else applied.changes[before + line.entry]
        before += len(file.entries)


def _gone(files: Sequence[ReadFile], applied: Applied) -> tuple[AppliedChange, ...]:
    return applied.changes[sum(len(file.entries) for file in files) :]


def draw(files: Sequence[ReadFile], applied: Applied) -> None:
    """Every line that says something, what became of it, and how many of each kind there are."""
    screen = Screen()
    rows = list(_lines(files, applied))
    for file in files:
        shown = [(line, change) for of, line, change in rows if of is file and _says(line)]
        if len(files) > 1 and shown:
            screen.line(f"{file.name}:")
        if shown:
            columns = (Column("LINE", whole=True, right=True), Column("RESULT", whole=True), Column("DETAILS"))
            screen.table(columns, [row for line, change in shown for row in _rows(line, change)])
    for change in _gone(files, applied):
        state = "deleted" if change.change == "deleted" else "paused"
        screen.line(f"{change.schedule_id}: {state}, no longer in the file", NOTE)
    screen.line(render.summary(applied))
    once = [change for change in applied.changes if change.change == "created" and _runs_once(change)]
    if once and any(file.format in _CRONTABS for file in files):
        screen.line(
            "After an outage each runs once, for the latest time it missed (catchup_policy latest, max_catchup_ticks "
            "1); --catchup-policy and --max-catchup change that."
        )
    count = sum(len(file.problems) for file in files)
    if count:
        which = "1 line" if count == 1 else f"{count:,} lines"
        screen.line(f"{which} can't be carried over: see the reasons above.", ALARM)
    for file in files:
        screen.line(_counted(file))


def _runs_once(change: AppliedChange) -> bool:
    definition = change.version.definition
    return (definition.catchup_policy, definition.max_catchup_ticks) == ("latest", 1)


def _says(line: Line) -> bool:
    return line.kind not in {"blank", "comment"} or bool(line.kind == "comment" and line.message)


def _counted(file: ReadFile) -> str:
    kinds = [line.kind for line in file.lines]
    if file.format not in _CRONTABS:
        count = "1 setting" if len(kinds) == 1 else f"{len(kinds):,} settings"
        return f"{count} of {file.name}, {kinds.count('problem'):,} of them not carried over."
    rest = len(kinds) - kinds.count("schedule") - kinds.count("problem")
    count = "1 line" if len(kinds) == 1 else f"{len(kinds):,} lines"
    return (
        f"{count} of {file.source.partition(':')[2]} read as {_CRONTABS[file.format]}"
        f"{f', {rest:,} of them variables, comments or blank lines' if rest else ''}."
    )


def _rows(line: Line, change: AppliedChange | None) -> Iterator[tuple[Cell, ...]]:
    """What is said of a line; in a pipe, what changes and each remark are rows of their own."""
    number = str(line.number)
    if change is None:
        what: Cell = line.message or ""
        if line.kind == "problem":
            what = [(line.text, ""), (line.message or "", _STYLES["problem"])]
        elif line.kind in {"variable", "comment", "setting"}:
            what = f"{line.text.strip()}: {line.message}"
        yield number, (line.kind, _STYLES.get(line.kind, "")), what
        return
    definition = change.version.definition
    said = [(f"{change.schedule_id}: {definition.cron_expression} in {definition.timezone}", "")]
    said += [(definition.request.command or "", FAINT)]
    changed = [(each, _STYLES["updated"]) for each in render.changed(change)]
    remarks = [(each, "") for each in line.remarks or ([line.message] if line.message else [])]
    if not is_unbounded():
        said += [*changed, *remarks]
    yield number, (change.change, _STYLES.get(change.change, "")), said
    if is_unbounded():
        yield from ((number, "changed", each) for each in changed)
        yield from ((number, "remark", each) for each in remarks)


def notes(applied: Applied, files: Sequence[ReadFile]) -> Iterator[str]:
    """What a person should know besides: what is gone, what stays paused."""
    ids = [version.schedule_id for version in applied.unlisted]
    entries = sum(len(file.entries) for file in files)
    if ids and not entries:
        own = any(line.kind == "setting" for file in files for line in file.lines if file.format in _CRONTABS)
        which, stay = ("schedule", "stays") if len(ids) == 1 else (f"{len(ids):,} schedules", "stay")
        yield (
            f"note: no entries here{' besides the line that calls arco' if own else ''}; "
            f"the {which} imported before {stay}: {render.named(ids)}"
        )
    elif ids:
        yield (
            f"note: imported before and not in the file now, {'it stays' if len(ids) == 1 else 'they stay'}: "
            f"{render.named(ids)}; --prune deletes, --disable-gone pauses"
        )
    paused = [change.schedule_id for change in applied.changes[:entries] if not change.version.enabled]
    if paused:
        yield f"note: in the file, but paused here, and stays so: {render.named(paused)}; `arco schedule enable ID`"
