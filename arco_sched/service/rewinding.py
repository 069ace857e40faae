"""Bringing cursors back to the clock, and discarding backlogs."""

from collections.abc import Iterable, Sequence

from arco_sched.core import events
from arco_sched.core.evaluate import discard
from arco_sched.core.history import LapseRecord, Rewinding
from arco_sched.core.instants import BEFORE_ALL, CLOCK_TOLERANCE
from arco_sched.core.ports import Store, Transaction
from arco_sched.core.rewind import rewind
from arco_sched.service.missed import with_ends
from arco_sched.service.not_found import numbers_of
from arco_sched.service.zone_rules import replan


def rewind_cursors(store: Store, *, now: int, schedules: Iterable[str] = (), dry_run: bool = False) -> list[Rewinding]:
    """Bring every schedule (or those named) that is more than a minute ahead of `now` back to it."""
    with (store.read if dry_run else store.write)() as transaction:
        numbers = numbers_of(transaction, schedules) or [
            schedule for schedule, _ in transaction.definitions.ahead_of(now + CLOCK_TOLERANCE)
        ]
        found = _rewindings(transaction, numbers, now)
        if found and not dry_run:
            before = transaction.events.counts(events.REWOUND, list(found))
            drafts = [
                events.rewound(schedule, rewinding, before.get(schedule, 0) + 1, now)
                for schedule, rewinding in found.items()
            ]
            transaction.append(drafts)
            replan(transaction, list(found))
    return list(found.values())


def _rewindings(transaction: Transaction, schedules: Sequence[int], now: int) -> dict[int, Rewinding]:
    """The rewind of each of the schedules that is ahead of `now`."""
    terms = transaction.definitions.all_terms(schedules)
    lapses = transaction.history.lapses_beyond(schedules, now)
    since = {schedule: min([now, *(lapse.after for lapse in lapses[schedule])]) for schedule in schedules}
    ticks = transaction.history.scheduled_instants(since)
    floors = transaction.history.runs_pruned_through(schedules)
    found = {}
    for state in transaction.definitions.states(schedules):
        schedule = state.schedule
        cuts = [(lapse.seq, lapse.after, lapse.before, lapse.missed) for lapse in lapses[schedule]]
        rewinding = rewind(
            state.schedule_id,
            terms[schedule],
            state.cursor,
            cuts,
            ticks[schedule],
            now,
            floors.get(schedule, BEFORE_ALL),
        )
        if rewinding is not None:
            found[schedule] = rewinding
    return found


def discard_waiting(store: Store, schedule_ids: Sequence[str], *, now: int, dry_run: bool = False) -> list[LapseRecord]:
    """Lapse the backlogs of schedules through `now`, with reason `discarded`; returns the recorded lapses."""
    with (store.read if dry_run else store.write)() as transaction:
        states = transaction.definitions.states(numbers_of(transaction, schedule_ids))
        found = [
            (state, lapse) for state in states for lapse in discard(state.terms, state.cursor, now + 1, state.ahead)
        ]
        if found and not dry_run:
            transaction.append([events.lapse(state.schedule, state.schedule_id, lapse, now) for state, lapse in found])
            replan(transaction, list(dict.fromkeys(state.schedule for state, _ in found)))
        return with_ends(
            transaction, (LapseRecord(state.schedule_id, *lapse, recorded_at=now) for state, lapse in found)
        )
