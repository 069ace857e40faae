"""Pruning: history that is accounted for goes, in transactions of a bounded size."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from arco_sched.core import events
from arco_sched.core.evaluate import UNBOUNDED
from arco_sched.core.history import PrunedPart
from arco_sched.core.instants import BEFORE_ALL
from arco_sched.core.ports import Store, Transaction

BATCH: Final = 20_000
"""Ticks that one transaction of a pruning removes, about."""

SCHEDULES: Final = 1_000
"""Schedules that one transaction looks at, at most."""

Progress = Callable[[int, int], None]
"""Called after each transaction with the number of schedules done, and of those with history to remove."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """What `arco prune` removed, or with `dry_run` would: history before `before`, of `schedules` schedules.

    `ticks` counts ticks of every kind, `lapses` records.
    """

    before: int
    schedules: int
    ticks: int
    lapses: int
    dry_run: bool


def prune(
    store: Store,
    *,
    before: int,
    now: int,
    dry_run: bool = False,
    progress: Progress | None = None,
    batch: int = BATCH,
) -> Pruning:
    """Remove ticks, lapses and their events before `before`, as far as they are accounted for.

    Definitions, runs and the requests of runs stay, and so do failed ticks: no later tick depends on what was removed,
    and run keys stay unique. Each transaction removes about `batch` ticks; doing it again finishes what was cut short.
    """
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
    return Pruning(before=before, schedules=len(walk.found), ticks=walk.ticks, lapses=walk.lapses, dry_run=dry_run)


def _record(transaction: Transaction, parts: Mapping[int, PrunedPart], now: int) -> None:
    earlier = transaction.events.counts(events.PRUNED, list(parts))
    transaction.append(
        [events.pruned(schedule, part, earlier.get(schedule, 0) + 1, now) for schedule, part in parts.items()]
    )


class _Walk:
    """The schedules that may still have something to remove, in turns: a part of each, until there is none."""

    def __init__(self, schedules: Sequence[int], before: int) -> None:
        self._before = before
        self._left = deque((schedule, BEFORE_ALL) for schedule in schedules)
        self.found: set[int] = set()
        self.done = self.ticks = self.lapses = 0

    def is_done(self) -> bool:
        """Whether nothing is left to remove."""
        return not self._left

    def next_parts(self, transaction: Transaction, room: int | None) -> dict[int, PrunedPart]:
        """What can go next, of each schedule at most one part, in all about `room` ticks; for None all that can go."""
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
