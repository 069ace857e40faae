"""Pruning: removes history that is accounted for, in transactions of a bounded size."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from arco_sched.core import events
from arco_sched.core.errors import InvalidInput
from arco_sched.core.evaluate import UNBOUNDED
from arco_sched.core.history import FinalRun, PrunedPart, PrunedRuns
from arco_sched.core.instants import BEFORE_ALL, format_instant
from arco_sched.core.ports import Store, Transaction
from arco_sched.core.problems import Problem

BATCH: Final = 20_000
"""Approximate number of ticks that one transaction of a pruning removes."""

RUNS: Final = 2_000
"""Maximum runs that one transaction of a pruning removes, each with its events."""

SCHEDULES: Final = 1_000
"""Maximum schedules that one transaction looks at."""

Progress = Callable[[int, int], None]
"""Called after each transaction with the numbers of schedules done and of schedules with history to remove."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """What `arco prune` removed, or with `dry_run` would remove: history before `before`.

    `ticks` counts ticks of every kind, `lapses` records, `runs` those that have been final since before then;
    `schedules` counts those that lost any of it.
    """

    before: int
    schedules: int
    ticks: int
    lapses: int
    runs: int
    dry_run: bool


def prune(
    store: Store,
    *,
    before: int,
    now: int,
    unexecuted: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    batch: int = BATCH,
    runs: int = RUNS,
) -> Pruning:
    """Remove ticks, lapses and their events before `before`, as far as they are accounted for, and the runs of such
    ticks that were final before then; with `unexecuted` also runs that no worker takes and nobody reported on.

    Definitions and failed ticks stay, and so does every run that is requested, running or waiting, or was requested by
    hand. No later tick depends on what was removed, and its run keys are never reserved again. Each transaction removes
    about `batch` ticks or `runs` runs; calling it again finishes what was interrupted.
    """
    if before > now:
        raise InvalidInput(
            Problem("before", "not_past", {"before": format_instant(before), "now": format_instant(now)})
        )
    with store.read() as transaction:
        schedules = transaction.history.reaching_before(before)
    walk = _Walk(schedules, before)
    while not walk.is_done():
        with (store.read if dry_run else store.write)() as transaction:
            parts = walk.next_parts(transaction, None if dry_run else batch)
            if not dry_run:
                _record(transaction, parts, now)
        if not dry_run:
            store.yield_to_writers()
        if progress is not None:
            progress(walk.done, len(schedules))
    count = 0
    for unexecuted_ones in (False, True) if unexecuted else (False,):
        for found in _runs(store, before, now, runs, unexecuted=unexecuted_ones, dry_run=dry_run):
            count += len(found)
            walk.found.update(run.schedule for run in found)
    return Pruning(
        before=before, schedules=len(walk.found), ticks=walk.ticks, lapses=walk.lapses, runs=count, dry_run=dry_run
    )


def _runs(
    store: Store, before: int, now: int, room: int, *, unexecuted: bool, dry_run: bool
) -> Iterator[Sequence[FinalRun]]:
    """Remove runs, or only look at them, about `room` in each transaction; yields the runs of each transaction."""
    after, through = 0, UNBOUNDED
    while True:
        with (store.read if dry_run else store.write)() as transaction:
            found = transaction.history.final_runs(
                before=before, after=after, through=through, unexecuted=unexecuted, room=room, planned=dry_run
            )
            if found and not dry_run:
                _record_runs(transaction, found, (before, after, found[-1].run, unexecuted), now)
        if not found:
            return
        yield found
        after = found[-1].run
        if not dry_run:
            store.yield_to_writers()


def _record_runs(
    transaction: Transaction, found: Sequence[FinalRun], which: tuple[int, int, int, bool], now: int
) -> None:
    before, after, through, unexecuted = which
    by_schedule: dict[int, list[FinalRun]] = {}
    for run in found:
        by_schedule.setdefault(run.schedule, []).append(run)
    names = {state.schedule: state.schedule_id for state in transaction.definitions.states(list(by_schedule))}
    earlier = transaction.events.counts(events.RUNS_PRUNED, list(by_schedule))
    drafts = []
    for schedule, runs in by_schedule.items():
        part = PrunedRuns(
            schedule_id=names[schedule],
            before=before,
            after=after,
            through=through,
            unexecuted=unexecuted,
            last_for=max(run.instant for run in runs),
            runs=len(runs),
            events=sum(run.events for run in runs),
        )
        drafts.append(events.runs_pruned(schedule, part, earlier.get(schedule, 0) + 1, now))
    transaction.append(drafts)


def _record(transaction: Transaction, parts: Mapping[int, PrunedPart], now: int) -> None:
    earlier = transaction.events.counts(events.PRUNED, list(parts))
    transaction.append(
        [events.pruned(schedule, part, earlier.get(schedule, 0) + 1, now) for schedule, part in parts.items()]
    )


class _Walk:
    """The schedules that may still have something to remove, taken in turns, one part of each at a time."""

    def __init__(self, schedules: Sequence[int], before: int) -> None:
        self._before = before
        self._left = deque((schedule, BEFORE_ALL) for schedule in schedules)
        self.found: set[int] = set()
        self.done = self.ticks = self.lapses = 0

    def is_done(self) -> bool:
        """Whether nothing is left to remove."""
        return not self._left

    def next_parts(self, transaction: Transaction, room: int | None) -> dict[int, PrunedPart]:
        """What can be removed next: at most one part of each schedule, about `room` ticks in all (None: everything)."""
        parts: dict[int, PrunedPart] = {}
        looked_at = removed = 0
        while self._left and self._left[0][0] not in parts:
            if room is not None and (removed >= room or looked_at >= SCHEDULES):
                break
            schedule, after = self._left.popleft()
            looked_at += 1
            part = transaction.history.prunable(
                schedule, self._before, UNBOUNDED if room is None else room - removed, after
            )
            if part is not None:
                parts[schedule] = part
                removed += part.ticks + part.others
            if part is None or room is None:
                self.done += 1
            else:
                self._left.append((schedule, part.through))
        self.found |= parts.keys()
        self.ticks += removed
        self.lapses += sum(part.lapses for part in parts.values())
        return parts
