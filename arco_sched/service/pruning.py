"""Pruning: history that is accounted for goes, in transactions of a bounded size."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from arco_sched.core import events
from arco_sched.core.instants import BEFORE_ALL
from arco_sched.core.ports import Store

ROOM: Final = 20_000
"""Ticks that one transaction of a pruning removes, about."""

Progress = Callable[[int, int], None]
"""Called after each schedule with the number of schedules done, and of those with history to remove."""


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
    room: int = ROOM,
) -> Pruning:
    """Remove ticks, lapses and their events before `before`, as far as they are accounted for.

    Definitions, runs and the requests of runs stay, and so do failed ticks: firing never depends on what went, and run
    keys stay unique. Each transaction removes about `room` ticks; cut short, it is simply not finished.
    """
    schedules = ticks = lapses = 0
    with store.read() as transaction:
        numbers = transaction.history.reaching_before(before)
    for done, schedule in enumerate(numbers):
        gone = _prune_dry(store, schedule, before) if dry_run else _prune(store, schedule, before, now, room)
        schedules += gone is not None
        if gone is not None:
            ticks, lapses = ticks + gone[0], lapses + gone[1]
        if progress is not None:
            progress(done + 1, len(numbers))
    return Pruning(before=before, schedules=schedules, ticks=ticks, lapses=lapses, dry_run=dry_run)


def _prune(store: Store, schedule: int, before: int, now: int, room: int) -> tuple[int, int] | None:
    """Remove what can go of one schedule; returns (ticks, lapses) removed, None where there was nothing."""
    ticks = lapses = 0
    after = BEFORE_ALL
    while True:
        with store.write() as transaction:
            part = transaction.history.prunable(schedule, before, room, after)
            if part is None:
                return (ticks, lapses) if after > BEFORE_ALL else None
            count = transaction.events.count(events.PRUNED, schedule) + 1
            transaction.append([events.pruned(schedule, part, count, now)])
        store.yield_to_writers()
        ticks, lapses = ticks + part.ticks + part.others, lapses + part.lapses
        after = part.through


def _prune_dry(store: Store, schedule: int, before: int) -> tuple[int, int] | None:
    with store.read() as transaction:
        part = transaction.history.prunable(schedule, before, 1 << 60, BEFORE_ALL)
        return None if part is None else (part.ticks + part.others, part.lapses)
