"""Backfilling: ticks and runs, asked for by hand, for occurrences of the past that have none."""

from dataclasses import dataclass
from itertools import islice
from typing import Final

from arco_sched.core import events, identity
from arco_sched.core.definitions import Term
from arco_sched.core.errors import InvalidInput
from arco_sched.core.evaluate import each_occurrence
from arco_sched.core.events import BACKFILLED, SCHEDULED, Draft
from arco_sched.core.history import Tick
from arco_sched.core.instants import format_instant
from arco_sched.core.ports import Store, Transaction
from arco_sched.core.problems import Problem
from arco_sched.core.skipping import skip_reason
from arco_sched.service.former_rules import FormerRules
from arco_sched.service.not_found import number_of

MAX_BACKFILL: Final = 10_000
"""Ticks that one backfill makes at most."""

LOOKED_AT: Final = 10_000
"""Occurrences whose ticks are read at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """What a backfill of `[start, stop)` made, or with `dry_run` would make.

    `created` ticks are new, `existing` were backfilled before, `remaining` are left for another call by the limit;
    `ran` occurrences have a triggered tick of their own, `waiting` ones are for the evaluator, `excluded` ones lie on
    days that their version excludes.
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

    An occurrence belongs to the version in force at its instant, before the start to version 1. One that has a
    triggered tick is left alone, and so are one that waits for the evaluator and one on an excluded day. Doing it again
    finds what is there. Raises `InvalidInput` for an empty range or one that reaches beyond `now`, `NotFound` for an id
    that is not there.
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
    with (store.read if dry_run else store.write)() as transaction:
        schedule = number_of(transaction, schedule_id)
        return _Backfill(transaction, workspace, schedule, schedule_id, now).of((start, stop), limit, dry_run=dry_run)


class _Backfill:
    def __init__(self, transaction: Transaction, workspace: str, schedule: int, schedule_id: str, now: int) -> None:
        self._transaction, self._workspace, self._now = transaction, workspace, now
        self._schedule, self._schedule_id = schedule, schedule_id

    def of(self, span: tuple[int, int], limit: int, *, dry_run: bool) -> Backfill:
        transaction, schedule = self._transaction, self._schedule
        state = transaction.definitions.state(schedule)
        former = FormerRules(transaction, state)
        terms = transaction.definitions.terms(schedule)
        starts, ahead = {term.version: term.start_at for term in terms}, frozenset(state.ahead)
        self._refuse_pruned(span[0])
        existing = ran = waits = excluded = remaining = 0
        chosen: list[tuple[int, Term]] = []
        occurrences = each_occurrence(terms, *span)
        while some := list(islice(occurrences, LOOKED_AT)):
            there = transaction.history.statuses(schedule, some[0][0], some[-1][0] + 1)
            for at, term in some:
                if there.get((at, SCHEDULED)) == "triggered" or self._ran_elsewhere(former.instants(term, at)):
                    ran += 1
                elif at > state.cursor and at >= starts[term.version] and at not in ahead:
                    waits += 1
                elif (at, BACKFILLED) in there:
                    existing += 1
                elif skip_reason(term._replace(enabled=True), at) == "excluded":
                    excluded += 1
                elif len(chosen) == limit:
                    remaining += 1
                else:
                    chosen.append((at, term))
        ticks, conflicts = (self._rehearsed(chosen), 0) if dry_run else self._record(chosen)
        return Backfill(
            schedule_id=self._schedule_id,
            start=span[0],
            stop=span[1],
            created=len(chosen),
            existing=existing,
            ran=ran,
            waiting=waits,
            excluded=excluded,
            remaining=remaining,
            conflicts=conflicts,
            dry_run=dry_run,
            ticks=tuple(ticks),
        )

    def _ran_elsewhere(self, instants: list[int]) -> bool:
        """Whether the same appointment has a triggered tick at one of the instants, made under other zone rules."""
        history = self._transaction.history
        return any(history.statuses(self._schedule, at, at + 1).get((at, SCHEDULED)) == "triggered" for at in instants)

    def _refuse_pruned(self, start: int) -> None:
        pruned = self._transaction.history.pruned_through([self._schedule]).get(self._schedule)
        if pruned is not None and start <= pruned:
            raise InvalidInput(
                f"history of {self._schedule_id} through {format_instant(pruned)} was pruned, so what ran is not "
                "known: begin after it"
            )

    def _record(self, chosen: list[tuple[int, Term]]) -> tuple[list[Tick], int]:
        drafts: list[Draft] = []
        for at, term in chosen:
            key = identity.TickKey(self._schedule_id, "backfill", at)
            of = (term.version, term.content, term.policy)
            drafts += events.single_tick(self._workspace, self._schedule, key, of, self._now)
        done = self._transaction.append(drafts)
        return list(self._transaction.history.ticks_of(done.before, done.through)), done.conflicts

    def _rehearsed(self, chosen: list[tuple[int, Term]]) -> list[Tick]:
        prints = self._transaction.definitions.fingerprints({term.content for _, term in chosen})
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
