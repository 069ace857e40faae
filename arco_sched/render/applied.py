"""What applying a file changes: as JSON, and as a plan for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from arco_sched.core.definitions import Version
from arco_sched.core.fields import BY_NAME
from arco_sched.render import changes, drawing, json
from arco_sched.render.drawing import BAD, GOOD, NOTE, Column, Screen
from arco_sched.render.times import Clocks

if TYPE_CHECKING:
    from arco_sched.service.apply import Applied, AppliedChange

_STYLES = {"created": GOOD, "updated": NOTE, "deleted": BAD}


def row(change: AppliedChange) -> json.Row:
    """One change as it reads in JSON."""
    return {
        "schedule_id": change.schedule_id,
        "change": change.change,
        "changed": {
            name: {"from": _plain(name, old), "to": _plain(name, new)} for name, (old, new) in change.changed.items()
        },
        "waiting": change.waiting,
    }


def document(applied: Applied) -> str:
    """`arco apply`."""
    return json.line({"changes": [row(change) for change in applied.changes], "dry_run": applied.dry_run})


def _plain(name: str, value: Any) -> Any:
    return BY_NAME[name].to_json(value)


def draw(applied: Applied) -> None:
    """The plan: each schedule that changes, field by field, and how many of each kind there are."""
    screen = Screen()
    shown = [change for change in applied.changes if change.change != "unchanged"]
    if shown:
        columns = (Column("CHANGE", whole=True), Column("SCHEDULE", whole=True), Column("DETAILS"))
        screen.table(columns, [((each.change, _STYLES[each.change]), each.schedule_id, _what(each)) for each in shown])
    screen.line(summary(applied))


def _what(change: AppliedChange) -> drawing.Cell:
    if change.change == "updated":
        return [(each, "") for each in changed(change)]
    definition = change.version.definition
    until = definition.paused_until
    clock = Clocks({change.schedule_id: definition.timezone}.get)
    pause = f", paused until {clock.show(until, change.schedule_id)}" if until else ""
    state = pause if change.version.enabled else ", paused"
    return f"{definition.cron_expression} in {definition.timezone}{state}"


def changed(change: AppliedChange) -> list[str]:
    """Each field that changes, old and new, on the clock of the schedule."""
    clocks = Clocks(lambda _: change.version.definition.timezone)
    return [changes.field(name, old, new, clocks, change.schedule_id) for name, (old, new) in change.changed.items()]


def summary(applied: Applied) -> str:
    """How many schedules were, or would be, created, updated, deleted, and left as they are."""
    kinds = [change.change for change in applied.changes]
    parts = [
        f"{kinds.count(kind):,} {kind}" for kind in ("created", "updated", "deleted", "unchanged") if kind in kinds
    ]
    counts = ", ".join(parts) or "no schedules"
    return f"Dry run, nothing is changed. It would be: {counts}." if applied.dry_run else f"{_capital(counts)}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def waiting(applied: Applied) -> str | None:
    """What still waits of the schedules that change."""
    count = sum(change.waiting for change in applied.changes)
    if not count:
        return None
    which = named(change.schedule_id for change in applied.changes if change.waiting)
    what, verb = ("1 occurrence", "is") if count == 1 else (f"{count:,} occurrences", "are")
    return f"note: {what} before the change {verb} still waiting to be evaluated as it was defined then ({which})"


def unlisted(versions: Iterable[Version]) -> str | None:
    """Which schedules the file does not name."""
    names = [version.schedule_id for version in versions]
    if not names:
        return None
    which, stays, it = (
        ("1 schedule is", "stays", "it") if len(names) == 1 else (f"{len(names):,} schedules are", "stay", "them")
    )
    return f"note: {which} not in the file and {stays} ({named(names)}); --prune would delete {it}"


def named(names: Iterable[str]) -> str:
    """The first ids, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - 5:,} more" if len(listed) > 5 else ""
    return ", ".join(listed[:5]) + more
