"""`arco status`: one screen, one document, and one textfile for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from arco_sched.core.history import RUN_STATUSES
from arco_sched.core.instants import CLOCK_TOLERANCE
from arco_sched.render import findings
from arco_sched.render.drawing import ALARM, BAD, GOOD, NOTE, Cell, Screen, Styled
from arco_sched.render.json import instant, line, optional, worker_row
from arco_sched.render.phrases import counted
from arco_sched.render.times import Clocks, distance, span
from arco_sched.service.serving import told

if TYPE_CHECKING:
    from arco_sched.service.status import Status

NAMED: Final = 10
"""The most schedules that `Status` names."""


WAITING_FOR: Final = ("due", "retry", "worker", "overlap", "pool", "slot", "ready")
"""What runs wait for that a worker may take, in the order in which the reasons are looked at; `ready`: none holds."""

_REASONS: Final = {
    "due": "not due yet",
    "retry": "to be retried",
    "worker": "for a worker",
    "overlap": "behind another run of their schedule",
    "pool": "for a slot of their pool",
    "slot": "for a slot of a worker",
    "ready": "ready to start",
}


def is_late(status: Status, max_lag: int) -> bool:
    """Whether there was no evaluation within `max_lag` seconds; also if there never was one, or if the last visit is
    ahead of the clock."""
    return status.lag_seconds is None or not -CLOCK_TOLERANCE <= status.lag_seconds <= max_lag


def as_json(status: Status, max_lag: int | None, *, fixed_clock: bool) -> str:
    """`arco status --json`; `late` is null where no --max-lag was given, `fixed_clock` is whether `ARCO_NOW` is set."""
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
            "runs_last_day": {word: status.runs_last_day.get(word, 0) for word in RUN_STATUSES},
            "running": status.running,
            "waiting": _waiting(status),
            "waiting_for": {word: status.waiting_for.get(word, 0) for word in WAITING_FOR},
            "workers": [worker_row(each) for each in status.workers],
            "findings": findings.rows(status.findings),
            "evaluation_minutes": status.evaluation_minutes,
            "fixed_clock": fixed_clock,
        }
    )


def _waiting(status: Status) -> int:
    return sum(status.waiting_for.values())


def draw(status: Status, max_lag: int | None, clocks: Clocks, *, fixed_clock: bool) -> None:
    """`arco status`; `fixed_clock` is whether `ARCO_NOW` stands in for the clock."""
    screen = Screen()
    fixed: list[tuple[str, Cell]] = []
    if fixed_clock:
        fixed = [("clock", (f"{clocks.show(status.now, None)}, set by ARCO_NOW", NOTE))]
    fields: list[tuple[str, Cell]] = [
        *fixed,
        ("evaluator", _evaluator(status, max_lag, clocks)),
        ("schedules", _schedules(status)),
        ("due", _due(status, clocks)),
        ("last 24 hours", _last_day(status)),
    ]
    if status.workers or status.running or status.waiting_for:
        fields += [("runs", _runs(status)), ("workers", _workers(status))]
    screen.fields([*fields, ("workspace", f"{status.workspace}, zone rules {status.zone_rules}")])
    for content, style in _advice(status, clocks):
        screen.line(content, style)


def _evaluator(status: Status, max_lag: int | None, clocks: Clocks) -> list[Styled]:
    lag = status.lag_seconds
    if status.visited_at is None or lag is None:
        return [
            ("NOT RUNNING: nothing has ever been evaluated here", ALARM),
            ("`arco setup cron --work --install` lets cron call arco every minute (without --work: `arco tick`)", ""),
            (f"if that is done, the first call comes within {span(60 * (status.evaluation_minutes or 1))}", ""),
        ]
    at = clocks.show(status.visited_at, None)
    if lag < -CLOCK_TOLERANCE:
        return [(f"UNKNOWN: the last evaluation was at {at}, ahead of the clock", ALARM)]
    every = "" if status.evaluation_minutes is None else f"; one is expected {_every(status.evaluation_minutes)}"
    if is_late(status, status.usual_lag if max_lag is None else max_lag):
        return [(f"NOT RUNNING: no evaluation for {span(lag)}, since {at}{every}", ALARM)]
    ago = "just now" if status.visited_at == status.now else distance(status.visited_at, status.now)
    return [(f"running: the last evaluation was {ago}, at {at}{every}", GOOD)]


def _every(minutes: int) -> str:
    return "every minute" if minutes == 1 else f"every {minutes:,} minutes"


def _schedules(status: Status) -> Cell:
    parts = [f"{status.enabled:,} enabled"]
    parts += [f"{status.paused:,} paused"] if status.paused else []
    parts += [f"{status.failing:,} can't be evaluated"] if status.failing else []
    parts += [f"{status.deleted:,} deleted"] if status.deleted else []
    return ", ".join(parts), ALARM if status.failing else ""


def _due(status: Status, clocks: Clocks) -> list[Styled]:
    following = ""
    if status.next_due_at is not None:
        following = f"next due at {clocks.show(status.next_due_at, None)}, {distance(status.next_due_at, status.now)}"
    if not status.overdue:
        if not following:
            return [("nothing now or in the future", "")]
        return [(f"nothing now; {following}", "")]
    which = f"{counted(status.backlog, 'occurrence')} of {counted(status.overdue, 'schedule')}"
    found: list[Styled] = [(f"{which} {'is' if status.backlog == 1 else 'are'} waiting:", NOTE)]
    for name, due_at in status.overdue_schedules:
        late = status.now - due_at
        found.append((f"  {name} since {clocks.show(due_at, name)}" + (f", for {span(late)}" if late else ""), NOTE))
    more = status.overdue - len(status.overdue_schedules)
    found += [(f"  and {more:,} more", NOTE)] if more > 0 else []
    return [*found, (following, "")] if following else found


def _last_day(status: Status) -> list[Styled]:
    bad = [
        (f"{what}: {count:,}", style)
        for count, what, style in (
            (status.failed_last_day, "failed ticks", ALARM),
            (status.lapsed_last_day, "lapsed occurrences", BAD),
            (status.conflicts_last_day, "conflicting run requests", ALARM),
        )
        if count
    ]
    skipped = f", {status.skipped_last_day:,} skipped" if status.skipped_last_day else ""
    became = [word for word in RUN_STATUSES if word != "requested" and status.runs_last_day.get(word)]
    runs = ", ".join(f"{status.runs_last_day[word]:,} {word}" for word in became)
    of_runs: list[Styled] = [(f"runs: {runs}", "")] if runs else []
    return [(f"ticks: {status.triggered_last_day:,} triggered{skipped}", ""), *of_runs, *bad]


def _runs(status: Status) -> list[Styled]:
    found: list[Styled] = [(f"{status.running:,} running", "")]
    if status.waiting_for:
        by = (f"{count:,} {_REASONS[word]}" for word, count in sorted(status.waiting_for.items()))
        found.append((f"{_waiting(status):,} waiting: {', '.join(by)}", ""))
    if status.full is not None:
        found.append((f"{told(status.full, status.now)}", NOTE))
    return found


def _workers(status: Status) -> list[Styled]:
    if not status.workers and status.came_by_at is None:
        return [("none", "")]
    if not status.workers and status.came_by_at is not None:
        ago = "just now" if status.came_by_at == status.now else distance(status.came_by_at, status.now)
        return [(f"none running; `arco work --once` last ran {ago}", "")]
    return [
        (
            f"{each.host} (pid {each.pid}): {each.executor}, {'pool' if len(each.pools) == 1 else 'pools'} "
            f"{', '.join(each.pools)}, {counted(each.slots, 'slot')}, seen {distance(each.seen_at, status.now)}",
            "",
        )
        for each in status.workers
    ]


def _advice(status: Status, clocks: Clocks) -> Iterator[Styled]:
    """What is wrong and what to do about it, a line each."""
    found = findings.brief(status.findings)
    for each in found[:NAMED]:
        yield findings.text(each, clocks), ALARM
    if len(found) > NAMED:
        yield f"and {len(found) - NAMED:,} more: see `arco check`", ALARM
    if status.failing:
        names = ", ".join(status.failing_schedules)
        more = ", …" if status.failing > len(status.failing_schedules) else ""
        yield f"Can't be evaluated: {names}{more}. See `arco ticks list --status failed`.", ALARM
    if status.ahead:
        more = " and more" if len(status.ahead) == NAMED else ""
        names = ", ".join(f"{name} (until {clocks.show(cursor, name)})" for name, cursor in status.ahead)
        yield (
            f"Ahead of the clock, so nothing is due before then: {names}{more}. "
            "`arco schedule rewind` brings them back.",
            ALARM,
        )
    if status.lapsed_last_day:
        yield "`arco lapses list` shows what lapsed, and `arco backfill` requests those runs.", ""


# Prometheus.


def _labels(**values: str) -> str:
    escaped = (
        (name, value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")) for name, value in values.items()
    )
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped) + "}"


def _metric(name: str, text: str, *samples: tuple[str, float]) -> Iterator[str]:
    if samples:
        yield f"# HELP arco_{name} {text}\n# TYPE arco_{name} gauge\n"
        yield from (f"arco_{name}{labels} {value:.15g}\n" for labels, value in samples)


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
    yield from _run_metrics(status)


def _run_metrics(status: Status) -> Iterator[str]:
    yield from _metric(
        "runs_last_day",
        "Runs by status, of occurrences in those hours.",
        *((_labels(status=word), status.runs_last_day.get(word, 0)) for word in RUN_STATUSES),
    )
    yield from _metric("runs_running", "Attempts that are open.", ("", status.running))
    yield from _metric(
        "runs_waiting",
        "Runs that wait for an attempt and that a worker may take, by what they wait for.",
        *((_labels(waiting_for=word), status.waiting_for.get(word, 0)) for word in WAITING_FOR),
    )
    queues = [(_labels(pool=pool), *counts) for pool, counts in status.queues.items()]
    yield from _metric("pool_running", "Open attempts by pool.", *((labels, running) for labels, running, _ in queues))
    yield from _metric("pool_waiting", "Waiting runs by pool.", *((labels, waiting) for labels, _, waiting in queues))
    yield from _metric("workers", "Workers that work.", ("", len(status.workers)))
    yield from _metric("worker_slots", "Attempts that they may have at once.", ("", _slots(status)))
    yield from _metric(
        "findings",
        "What asks for attention about runs, by kind (see `arco check`).",
        *((_labels(kind=kind), _count(status, kind)) for kind in ("failed", "stale", "late", "unserved", "overdue")),
    )
    yield from _metric(
        "schedule_last_success_timestamp_seconds",
        "When the last success of a schedule ended.",
        *(
            (_labels(schedule_id=each.schedule_id), each.last_success_at)
            for each in status.results
            if each.last_success_at is not None
        ),
    )
    yield from _metric(
        "schedule_last_duration_seconds",
        "How long the last run of a schedule took that succeeded or failed.",
        *(
            (_labels(schedule_id=each.schedule_id), each.last_duration_ms / 1000)
            for each in status.results
            if each.last_duration_ms is not None
        ),
    )


def _slots(status: Status) -> int:
    """The attempts that may be open at once: `--slots` bounds those of all workers of an executor together."""
    most: dict[str, int] = {}
    for each in status.workers:
        most[each.executor] = max(each.slots, most.get(each.executor, 0))
    return sum(most.values())


def _count(status: Status, kind: str) -> int:
    return sum(each.kind == kind for each in status.findings)
