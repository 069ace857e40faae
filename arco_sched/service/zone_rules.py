"""Recompute due times after a tzdata change."""

from collections.abc import Mapping, Sequence
from typing import Final

from arco_sched.core import events
from arco_sched.core.evaluate import agenda
from arco_sched.core.instants import DAY
from arco_sched.core.ports import Store, Transaction
from arco_sched.core.subjects import State
from arco_sched.core.zone_changes import ZoneChange, all_moved, find_rules, served
from arco_sched.core.zone_rules import tzdata_release

BATCH: Final = 5_000
"""Maximum schedules that one transaction replans, so that other writers wait only a fraction of a second."""

_FAR: Final = 3_650 * DAY
"""Clocks aren't compared further than this ahead, wherever a cursor may be."""


def replan(transaction: Transaction, schedules: Sequence[int]) -> None:
    """Set on the agenda when each of the schedules is due next, computed from what is recorded."""
    states = transaction.definitions.states(schedules)
    transaction.agenda.set({state.schedule: agenda(state.terms, state.cursor, state.ahead) for state in states})


def catch_up(store: Store, now: int, batch: int = BATCH) -> None:
    """If the installed zone rules aren't the recorded ones, replan every schedule under them and record the change,
    with the occurrences that are already accounted for. If they are, replan what was planned under other rules.

    Works in transactions of at most `batch` schedules. Schedules that another process with the former rules changes
    meanwhile are replanned when the change is recorded.
    """
    installed = tzdata_release()
    with store.read() as transaction:
        is_recorded = transaction.definitions.about().zone_rules == installed
        zones = transaction.zones
        schedules = zones.planned_elsewhere() if is_recorded else transaction.definitions.numbers()
    already: dict[str, list[int]] = {}
    for first in range(0, len(schedules), batch):
        part = schedules[first : first + batch]
        with store.write() as transaction:
            if (transaction.agenda.zone_rules() == installed) != is_recorded:
                return  # another evaluator was here
            if is_recorded:
                replan(transaction, part)
                transaction.zones.settle(part)
            else:
                _replan_under_others(transaction, part, already)
        store.yield_to_writers()
    if is_recorded:
        return
    with store.write() as transaction:
        if transaction.agenda.zone_rules() != installed:
            _replan_under_others(transaction, transaction.zones.not_planned_under(installed), already)
            _record(transaction, installed, already, now)


def _replan_under_others(transaction: Transaction, schedules: Sequence[int], already: dict[str, list[int]]) -> None:
    """Replan schedules under the installed rules, which aren't the recorded ones; adds to `already` what is accounted
    for of each."""
    states = ahead_under_others(transaction, transaction.definitions.states(schedules))
    transaction.agenda.set(
        {state.schedule: agenda(state.terms, state.cursor, state.ahead) for state, _ in states},
    )
    already.update({state.schedule_id: instants for state, instants in states})


def ahead_under_others(transaction: Transaction, states: Sequence[State]) -> list[tuple[State, list[int]]]:
    """The states under the installed rules, which aren't the recorded ones, each with the occurrences that are already
    accounted for."""
    rules = find_rules(transaction.zones.kept())
    found = []
    for state in states:
        instants = served(state.terms, state.cursor, rules) if rules else []
        found.append((state._replace(ahead=sorted({*state.ahead, *instants})) if instants else state, instants))
    return found


def _record(transaction: Transaction, installed: str, already: Mapping[str, Sequence[int]], now: int) -> None:
    recorded = transaction.agenda.zone_rules()
    count = transaction.events.count(events.ZONE_RULES) + 1
    of_some = {schedule_id: instants for schedule_id, instants in already.items() if instants}
    moved = pending_change(transaction, now).moved or {}
    transaction.append([events.zone_rules(recorded, installed, count, now, moved, of_some)])
    transaction.zones.keep_installed()
    transaction.zones.settle()


def pending_change(transaction: Transaction, now: int | None = None) -> ZoneChange:
    """The change of the rules that isn't recorded yet, as the latest change; with `now`, limited to not far beyond
    it."""
    zones = transaction.zones
    used = {zone: (first, last + DAY) for zone, (first, last) in zones.used().items()}
    if now is not None:
        used = {zone: (first, min(max(last, now + DAY), now + _FAR)) for zone, (first, last) in used.items()}
    return ZoneChange(1 << 62, 1 << 62, all_moved(zones.kept(), used))
