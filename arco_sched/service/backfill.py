"""Backfilling: ticks and runs, requested by hand, for past occurrences that have none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from arco_sched.core import events, identity
from arco_sched.core.definitions import Term
from arco_sched.core.errors import InvalidInput
from arco_sched.core.events import Draft
from arco_sched.core.history import Tick
from arco_sched.core.instants import format_instant
from arco_sched.core.ports import Store, Transaction
from arco_sched.core.problems import Problem
from arco_sched.service.not_found import number_of
from arco_sched.service.unserved import Unserved

MAX_BACKFILL: Final = 10_000
"""Maximum ticks of one backfill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """What a backfill of `[start, stop)` made, or with `dry_run` would make.

    `created` ticks are new, `existing` ones were backfilled earlier, `remaining` ones exceed the limit and need another
    call. `ran` occurrences have a triggered scheduled tick, `waiting` ones are left to the evaluator, `excluded` ones
    lie on days that their version excludes.
    """

    schedule_id: str
    start: int
    stop: int
    created: int
    existing: int
    ran: int
    waiting: int
    excluded: int
    remaining: int
    conflicts: int
    dry_run: bool
    ticks: tuple[Tick, ...]


def backfill(
    store: Store,
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

    An occurrence belongs to the version in force at its instant, before the start to version 1. Occurrences that have a
    triggered tick, wait for the evaluator, or lie on an excluded day are left alone. A second call finds the existing
    ticks. Raises `InvalidInput` for an empty range or one that reaches beyond `now`, `NotFound` for an unknown id.
    """
    problems = []
    if start >= stop:
        problems.append(Problem("stop", "empty_range", {"stop": format_instant(stop), "start": format_instant(start)}))
    if stop > now + 1:
        problems.append(Problem("stop", "in_future", {"stop": format_instant(stop)}))
    if not 1 <= limit <= MAX_BACKFILL:
        problems.append(Problem("limit", "bounds", {"least": 1, "most": MAX_BACKFILL}))
    if problems:
        raise InvalidInput(*problems)
    span = (start, stop)
    while True:
        with store.read() as transaction:
            schedule = number_of(transaction, schedule_id)
            _refuse_pruned(transaction, schedule, schedule_id, start)
            making = _Backfill(workspace, schedule, schedule_id, now)
            seen, found = transaction.events.last_seq(), Unserved(transaction, schedule, span, limit)
            if dry_run:
                return making.answer(span, found, making.rehearsed(transaction, found.chosen), 0, dry_run=True)
        with store.write() as transaction:
            if transaction.events.is_rewritten(schedule, seen):  # someone else was here: look again, outside
                continue
            return making.answer(span, found, *making.record(transaction, found.chosen), dry_run=False)


def _refuse_pruned(transaction: Transaction, schedule: int, schedule_id: str, start: int) -> None:
    pruned = transaction.history.pruned_through([schedule]).get(schedule)
    if pruned is not None and start <= pruned:
        raise InvalidInput(
            f"the history of {schedule_id} through {format_instant(pruned)} was pruned, so what ran is not known: "
            "begin after that"
        )


class _Backfill:
    def __init__(self, workspace: str, schedule: int, schedule_id: str, now: int) -> None:
        self._workspace, self._now = workspace, now
        self._schedule, self._schedule_id = schedule, schedule_id

    def answer(
        self, span: tuple[int, int], found: Unserved, ticks: Sequence[Tick], conflicts: int, *, dry_run: bool
    ) -> Backfill:
        return Backfill(
            schedule_id=self._schedule_id,
            start=span[0],
            stop=span[1],
            created=len(found.chosen),
            existing=found.existing,
            ran=found.ran,
            waiting=found.waiting,
            excluded=found.excluded,
            remaining=found.remaining,
            conflicts=conflicts,
            dry_run=dry_run,
            ticks=tuple(ticks),
        )

    def record(self, transaction: Transaction, chosen: Sequence[tuple[int, Term]]) -> tuple[list[Tick], int]:
        drafts: list[Draft] = []
        for at, term in chosen:
            key = identity.TickKey(self._schedule_id, "backfill", at)
            of = (term.version, term.content, term.policy)
            drafts += events.single_tick(self._workspace, self._schedule, key, of, self._now)
        done = transaction.append(drafts)
        return list(transaction.history.ticks_of(done.before, done.through)), done.conflicts

    def rehearsed(self, transaction: Transaction, chosen: Sequence[tuple[int, Term]]) -> list[Tick]:
        prints = transaction.definitions.fingerprints({term.content for _, term in chosen})
        ticks = []
        for at, term in chosen:
            key = identity.TickKey(self._schedule_id, "backfill", at)
            run_key = identity.run_key(*key)
            asked = (None, None, run_key, identity.run_id(self._workspace, run_key), prints[term.content])
            ticks.append(
                Tick(
                    identity.tick_id(*key),
                    self._schedule_id,
                    at,
                    term.version,
                    "triggered",
                    *asked,
                    evaluated_at=self._now,
                )
            )
        return ticks
