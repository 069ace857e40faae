"""Most evaluations find nothing due: this is their only step, and it imports next to nothing. Workers likewise."""

from __future__ import annotations

from arco_sched.core.zone_rules import tzdata_release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from arco_sched.core.ports import Store


def nothing_due(store: Store, now: int) -> bool:
    """Whether no schedule is due at `now` and the installed zone rules are the recorded ones.

    If so, the evaluator's visit is recorded and the evaluation is done; otherwise nothing changes.
    """
    with store.write() as transaction:
        agenda = transaction.agenda
        if agenda.zone_rules() != tzdata_release() or agenda.is_due(now):
            return False
        agenda.record_visit(now)
        return True


def nothing_to_execute(store: Store, now: int, *, ticks: bool) -> bool:
    """Whether a worker of the local executor and the default pool has nothing to do; with `ticks`, also nothing is due.

    If so, the worker's visit is recorded, and with `ticks` the evaluator's; otherwise nothing changes.
    """
    with store.read() as transaction:
        if not transaction.agenda.is_idle("local", "default", now):
            return False
    with store.write() as transaction:
        agenda = transaction.agenda
        if ticks and (agenda.zone_rules() != tzdata_release() or agenda.is_due(now)):
            return False
        if ticks:
            agenda.record_visit(now)
        agenda.record_work("local", ("default",), now)
        return True
