"""Bringing cursors back to the clock, and discarding what waits."""

from collections.abc import Iterable

from arco_sched.core import events
from arco_sched.core.evaluate import discard
from arco_sched.core.history import LapseRecord, Rewinding
from arco_sched.core.ports import Store, Transaction
from arco_sched.core.rewind import rewind
from arco_sched.service.not_found import number_of, numbers_of
from arco_sched.service.zone_rules import replan


def rewind_cursors(store: Store, *, now: int, schedules: Iterable[str] = (), dry_run: bool = False) -> list[Rewinding]:
    """Bring every cursor (or those of the named schedules) that is ahead of `now` back to it."""
    found = []
    with (store.read if dry_run else store.write)() as transaction:
        for schedule in numbers_of(transaction, schedules) or transaction.definitions.ahead_of(now):
            rewinding = _rewinding(transaction, schedule, now)
            if rewinding is None:
                continue
            found.append(rewinding)
            if not dry_run:
                count = transaction.events.count(events.REWOUND, schedule) + 1
                transaction.append([events.rewound(schedule, rewinding, count, now)])
                replan(transaction, [schedule])
    return found


def _rewinding(transaction: Transaction, schedule: int, now: int) -> Rewinding | None:
    state = transaction.definitions.state(schedule)
    terms = transaction.definitions.terms(schedule)
    spans = transaction.history.lapses_beyond(schedule, now)
    since = min([now, *(span.after for span in spans)])
    ticks = transaction.history.scheduled_instants(schedule, since)
    lapses = [(span.seq, span.after, span.before, span.missed) for span in spans]
    return rewind(state.schedule_id, terms, state.cursor, lapses, ticks, now)


def discard_waiting(store: Store, schedule_id: str, *, now: int, dry_run: bool = False) -> list[LapseRecord]:
    """Lapse what waits of a schedule through `now`, with reason `discarded`; returns the lapses recorded."""
    with (store.read if dry_run else store.write)() as transaction:
        schedule = number_of(transaction, schedule_id)
        state = transaction.definitions.state(schedule)
        lapses = discard(state.terms, state.cursor, now + 1, state.ahead)
        if lapses and not dry_run:
            transaction.append([events.lapse(schedule, schedule_id, lapse, now) for lapse in lapses])
            replan(transaction, [schedule])
    return [LapseRecord(schedule_id, *lapse, recorded_at=now) for lapse in lapses]
