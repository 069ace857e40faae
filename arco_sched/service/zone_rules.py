"""Recompute due times after a tzdata change."""

from collections.abc import Sequence
from typing import Final

from arco_sched.core import events
from arco_sched.core.evaluate import agenda
from arco_sched.core.ports import Store, Transaction
from arco_sched.core.zone_rules import tzdata_release

BATCH: Final = 5_000
"""Schedules that one transaction replans: other writers wait a fraction of a second."""


def replan(transaction: Transaction, schedules: Sequence[int]) -> None:
    """Put on the agenda when each of the schedules is due next, from what is recorded."""
    states = transaction.definitions.states(schedules)
    transaction.agenda.set({state.schedule: agenda(state.terms, state.cursor, state.ahead) for state in states})


def catch_up(store: Store, now: int, batch: int = BATCH) -> None:
    """Where the installed zone rules are not those last recorded, replan every schedule under them, and record the
    change.

    It works in transactions of at most `batch` schedules. Schedules that another process with the former rules changes
    meanwhile are replanned when the change is recorded.
    """
    installed = tzdata_release()
    with store.read() as transaction:
        if transaction.definitions.about().zone_rules == installed:
            return
        since = transaction.events.last_seq()
        schedules = transaction.definitions.numbers()
    for first in range(0, len(schedules), batch):
        with store.write() as transaction:
            if transaction.agenda.zone_rules() == installed:
                return  # another evaluator was here
            replan(transaction, schedules[first : first + batch])
        store.yield_to_writers()
    with store.write() as transaction:
        recorded = transaction.agenda.zone_rules()
        if recorded == installed:
            return
        touched = transaction.definitions.touched_since(since)
        count = transaction.events.count(events.ZONE_RULES) + 1
        transaction.append([events.zone_rules(recorded, installed, count, now)])
        replan(transaction, touched)
