"""`arco status`: one screen, one document, and one textfile for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from arco_sched.render.drawing import Cell, Screen, Styled
from arco_sched.render.json import instant, line, optional
from arco_sched.render.times import Clocks, distance, span

if TYPE_CHECKING:
    from arco_sched.service.status import Status

QUIET: Final = 300
"""Seconds without an evaluation after which the screen says that nobody evaluates, where no --max-lag was given."""

AHEAD: Final = 60
"""Seconds by which a visit may lie beyond the clock; further, it says nothing about whether somebody evaluates."""

NAMED: Final = 10
"""How many schedules `Status` names at most."""


def is_late(status: Status, max_lag: int) -> bool:
    """Whether nobody evaluated within so many seconds; also when nobody ever did, or the last visit lies ahead of the
    clock."""
    return status.lag_seconds is None or not -AHEAD <= status.lag_seconds <= max_lag


def as_json(status: Status, max_lag: int | None) -> str:
    """`arco status --json`; `late` is null where no --max-lag was given."""
    return line(
        {
            "now": instant(status.now),
            "workspace": status.workspace,
            "zone_rules": status.zone_rules,
            "visited_at": optional(status.visited_at),
            "lag_seconds": status.lag_seconds,
            "max_lag_seconds": max_lag,
            "late": None if max_lag is None else is_late(status, max_lag),
            "enabled": status.enabled,
            "paused": status.paused,
            "deleted": status.deleted,
            "failing": status.failing,
            "overdue": status.overdue,
            "backlog": status.backlog,
            "overdue_schedules": [
                {"schedule_id": name, "due_at": instant(due_at)} for name, due_at in status.overdue_schedules
            ],
            "failing_schedules": status.failing_schedules,
            "ahead": [{"schedule_id": name, "cursor": instant(cursor)} for name, cursor in status.ahead],
            "next_due_at": optional(status.next_due_at),
            "triggered_last_day": status.triggered_last_day,
            "skipped_last_day": status.skipped_last_day,
            "failed_last_day": status.failed_last_day,
            "lapsed_last_day": status.lapsed_last_day,
            "conflicts_last_day": status.conflicts_last_day,
        }
    )


def draw(status: Status, max_lag: int | None, clocks: Clocks) -> None:
    """`arco status`."""
    screen = Screen()
    screen.fields(
        [
            ("evaluator", _evaluator(status, max_lag)),
            ("schedules", _schedules(status)),
            ("due", _due(status, clocks)),
            ("last 24 hours", _last_day(status)),
            ("workspace", f"{status.workspace}, zone rules {status.zone_rules}"),
        ]
    )
    for content, style in _advice(status):
        screen.line(content, style)


def _evaluator(status: Status, max_lag: int | None) -> list[Styled]:
    lag = status.lag_seconds
    if status.visited_at is None or lag is None:
        return [("NOBODY EVALUATES: `arco tick` has never run here", "bold red"), ("let cron call it each minute", "")]
    seen = _visit(status)
    if lag < -AHEAD:
        return [
            (f"CAN'T TELL: the last `arco tick` was as of {instant(status.visited_at)}, ahead of the clock", "bold red")
        ]
    if is_late(status, QUIET if max_lag is None else max_lag):
        return [(f"NOBODY EVALUATES: the last `arco tick` was {seen}", "bold red")]
    return [(f"evaluating: the last `arco tick` was {seen}", "green")]


def _visit(status: Status) -> str:
    if status.visited_at is None:
        return "never"
    return f"{distance(status.visited_at, status.now).replace('now', 'just now')}, {instant(status.visited_at)}"


def _schedules(status: Status) -> Cell:
    parts = [f"{status.enabled:,} enabled"]
    parts += [f"{status.paused:,} paused"] if status.paused else []
    parts += [f"{status.failing:,} can't be evaluated"] if status.failing else []
    parts += [f"{status.deleted:,} deleted"] if status.deleted else []
    return ", ".join(parts), "bold red" if status.failing else ""


def _due(status: Status, clocks: Clocks) -> list[Styled]:
    following = ""
    if status.next_due_at is not None:
        following = f"next at {clocks.show(status.next_due_at, None)}, {distance(status.next_due_at, status.now)}"
    if not status.overdue:
        if not following:
            return [("nothing is due, and nothing will be", "")]
        return [(f"nothing is due; {following}", "")]
    waits = "1 occurrence waits" if status.backlog == 1 else f"{status.backlog:,} occurrences wait"
    of = "1 schedule" if status.overdue == 1 else f"{status.overdue:,} schedules"
    found: list[Styled] = [(f"{waits}, of {of}:", "yellow")]
    for name, due_at in status.overdue_schedules:
        late = status.now - due_at
        found.append(
            (f"  {name} since {clocks.show(due_at, name)}" + (f", {span(late)}" if late else ", now"), "yellow")
        )
    more = status.overdue - len(status.overdue_schedules)
    found += [(f"  and {more:,} more", "yellow")] if more > 0 else []
    return [*found, (following, "")] if following else found


def _last_day(status: Status) -> list[Styled]:
    bad = [
        (f"{count:,} {word}", style)
        for count, word, style in (
            (status.failed_last_day, "failed", "bold red"),
            (status.lapsed_last_day, "lapsed", "red"),
            (status.conflicts_last_day, "in conflict", "bold red"),
        )
        if count
    ]
    skipped = f", {status.skipped_last_day:,} skipped" if status.skipped_last_day else ""
    return [(f"{status.triggered_last_day:,} triggered{skipped}", ""), *bad]


def _advice(status: Status) -> Iterator[Styled]:
    """What to do about what is wrong, a line each."""
    if status.failing:
        names = ", ".join(status.failing_schedules)
        more = ", …" if status.failing > len(status.failing_schedules) else ""
        yield f"Can't be evaluated: {names}{more}. `arco ticks list --status failed` says why.", "bold red"
    if status.ahead:
        more = " and more" if len(status.ahead) == NAMED else ""
        names = ", ".join(f"{name} (through {instant(cursor)})" for name, cursor in status.ahead)
        yield (
            f"Ahead of the clock, so nothing is due until then: {names}{more}; "
            "`arco schedule rewind` brings them back.",
            "bold red",
        )
    if status.lapsed_last_day:
        yield "`arco lapses list` says what lapsed, and `arco backfill` makes up for it.", ""


# Prometheus.


def _labels(**values: str) -> str:
    escaped = (
        (name, value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")) for name, value in values.items()
    )
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped) + "}"


def _metric(name: str, text: str, *samples: tuple[str, int]) -> Iterator[str]:
    if samples:
        yield f"# HELP arco_{name} {text}\n# TYPE arco_{name} gauge\n"
        yield from (f"arco_{name}{labels} {value}\n" for labels, value in samples)


def prometheus(status: Status, version: str) -> Iterator[str]:
    """The text exposition format, for the textfile collector of node-exporter."""
    info = _labels(version=version, workspace=status.workspace, zone_rules=status.zone_rules)
    yield from _metric("info", "What wrote this.", (info, 1))
    yield from _metric("status_timestamp_seconds", "When this was written.", ("", status.now))
    yield from _metric(
        "evaluator_last_visit_timestamp_seconds", "The last evaluation; 0 for never.", ("", status.visited_at or 0)
    )
    if status.lag_seconds is not None:
        yield from _metric(
            "evaluator_lag_seconds",
            "Seconds since the last evaluation, when this was written.",
            ("", status.lag_seconds),
        )
    yield from _metric(
        "schedules",
        "Schedules by state.",
        *((_labels(state=state), getattr(status, state)) for state in ("enabled", "paused", "deleted")),
    )
    yield from _metric("schedules_failing", "Schedules that can't be evaluated.", ("", status.failing))
    yield from _metric("schedules_overdue", "Schedules with occurrences that wait.", ("", status.overdue))
    ahead = f"Schedules accounted for beyond the clock (counted up to {NAMED})."
    yield from _metric("schedules_ahead", ahead, ("", len(status.ahead)))
    yield from _metric("backlog_occurrences", "Occurrences that wait.", ("", status.backlog))
    yield from _metric(
        "schedule_overdue_since_timestamp_seconds",
        f"Since when a schedule is overdue, of the {NAMED} that are longest.",
        *((_labels(schedule_id=name), due_at) for name, due_at in status.overdue_schedules),
    )
    if status.next_due_at is not None:
        yield from _metric("next_due_timestamp_seconds", "When something is due next.", ("", status.next_due_at))
    yield from _metric(
        "ticks_last_day",
        "Ticks by status, of occurrences in the 24 hours before this was written.",
        *((_labels(status=word), getattr(status, f"{word}_last_day")) for word in ("triggered", "skipped", "failed")),
    )
    yield from _metric("lapsed_last_day", "Occurrences that lapsed in those hours.", ("", status.lapsed_last_day))
    yield from _metric("run_conflicts_last_day", "Runs in conflict in those hours.", ("", status.conflicts_last_day))
