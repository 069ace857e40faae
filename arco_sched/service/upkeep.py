"""Backfilling and pruning: what is asked for by hand about the past."""

import sqlite3
from collections.abc import Callable
from typing import Final

from arco_sched.core import identity
from arco_sched.core.errors import InvalidInput
from arco_sched.core.evaluate import each_occurrence
from arco_sched.core.history import Tick
from arco_sched.core.identity import ORIGINS
from arco_sched.core.instants import BEFORE_ALL, format_instant
from arco_sched.core.problems import Problem
from arco_sched.service.answers import Backfill, Pruning
from arco_sched.service.not_found import missing
from arco_sched.store.sqlite import append as writing
from arco_sched.store.sqlite import reading
from arco_sched.store.sqlite.database import Database
from arco_sched.store.sqlite.fold import learn

MAX_BACKFILL: Final = 10_000
"""Ticks that one backfill makes at most."""

PRUNE_ROOM: Final = 20_000
"""Ticks that one transaction of a pruning removes, about."""

Progress = Callable[[int, int], None]
"""Called after each transaction with the number of schedules done, and of all."""


def backfill(
    database: Database,
    workspace: str,
    schedule_id: str,
    *,
    start: int,
    stop: int,
    now: int,
    limit: int = 1000,
    dry_run: bool = False,
) -> Backfill:
    """Ticks, marked as backfilled and each with a run, for the occurrences in `[start, stop)` that lapsed, were paused
    or lie before the schedule's start; at most `limit` new ones, oldest first.

    An occurrence belongs to the version in force at its instant, before the start to version 1. One that has a
    triggered tick is left alone, and so is one that waits for the evaluator. Doing it again finds what is there. Raises
    `InvalidInput` for an empty range or one that reaches beyond `now`, `NotFound` for an id that is not there.
    """
    found = []
    if start >= stop:
        found.append(Problem("stop", "empty_range", {"stop": format_instant(stop), "start": format_instant(start)}))
    if stop > now + 1:
        found.append(Problem("stop", "in_future", {"stop": format_instant(stop)}))
    if not 1 <= limit <= MAX_BACKFILL:
        found.append(Problem("limit", "bounds", {"least": 1, "most": MAX_BACKFILL}))
    if found:
        raise InvalidInput(*found)
    with (database.read if dry_run else database.write)() as connection:
        learn(connection, workspace)
        schedule = reading.schedule_number(connection, schedule_id)
        if schedule is None:
            raise missing(connection, schedule_id)
        return _backfill(connection, workspace, schedule, schedule_id, (start, stop), now, limit, dry_run=dry_run)


def _backfill(
    connection: sqlite3.Connection,
    workspace: str,
    schedule: int,
    schedule_id: str,
    span: tuple[int, int],
    now: int,
    limit: int,
    *,
    dry_run: bool,
) -> Backfill:
    cursor = reading.state(connection, schedule).cursor
    terms = reading.terms(connection, schedule, BEFORE_ALL)
    pruned = reading.pruned_through(connection, schedule)
    if pruned is not None and span[0] <= pruned:
        raise InvalidInput(
            f"history of {schedule_id} through {format_instant(pruned)} was pruned, so what ran is not known: "
            "begin after it"
        )
    writer = writing.Writer(connection, now)
    before = writing.last_seq(connection)
    created = existing = ran = waits = remaining = 0
    ticks: list[Tick] = []
    backfilled = ORIGINS.index("backfill")
    for at, term in each_occurrence(terms, *span):
        if reading.status_at(connection, schedule, at, 0) == "triggered":
            ran += 1
        elif at > cursor:
            waits += 1
        elif reading.status_at(connection, schedule, at, backfilled) is not None:
            existing += 1
        elif created == limit:
            remaining += 1
        else:
            created += 1
            if dry_run:
                key = identity.run_key(schedule_id, "backfill", at)
                tick_id = identity.tick_id(schedule_id, "backfill", at)
                asked = (identity.run_id(workspace, key), reading.fingerprint(connection, term.content), now)
                ticks.append(Tick(tick_id, schedule_id, at, term.version, "triggered", None, None, key, *asked))
            else:
                writer.single_tick(schedule, "backfill", at, term.version, term.content)
    conflicts = 0
    if not dry_run:
        conflicts = writer.finish()
        ticks = list(reading.ticks_of(connection, before, writing.last_seq(connection)))
    counts = (created, existing, ran, waits, remaining, conflicts)
    return Backfill(schedule_id, *span, *counts, dry_run=dry_run, ticks=tuple(ticks))


def prune(
    database: Database,
    workspace: str,
    *,
    before: int,
    now: int,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Pruning:
    """Remove ticks, lapses and their events before `before`, as far as they are accounted for.

    Definitions, runs and the requests of runs stay, and so do failed ticks: firing never depends on what went, and run
    keys stay unique. It works in transactions of a bounded size; cut short, it is simply not finished.
    """
    schedules = ticks = lapses = 0
    with database.read() as connection:
        numbers = reading.all_schedules(connection)
    for done, schedule in enumerate(numbers):
        touched = False
        after = BEFORE_ALL
        while True:
            with (database.read if dry_run else database.write)() as connection:
                learn(connection, workspace)
                room = 1 << 60 if dry_run else PRUNE_ROOM
                part = reading.prunable(connection, schedule, before, room, after)
                if part is None:
                    break
                if not dry_run:
                    writer = writing.Writer(connection, now)
                    writer.prune(schedule, part)
                    writer.finish()
            if not dry_run:
                database.let_others()
            touched = True
            ticks += part.ticks + part.others
            lapses += part.lapses
            after = part.through
            if dry_run:
                break
        schedules += touched
        if progress is not None:
            progress(done + 1, len(numbers))
    return Pruning(before, schedules, ticks, lapses, dry_run)
