"""Most evaluations find nothing due: this is their only step, and imports next to nothing."""

from __future__ import annotations

from arco_sched.core.zone_rules import tzdata_release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from arco_sched.core.ports import Store


def nothing_due(store: Store, now: int) -> bool:
    """Whether no schedule is due at `now` and the zone rules are those last recorded.

    If so, the evaluator's visit is recorded and the evaluation is done; else nothing is changed.
    """
    with store.write() as transaction:
        agenda = transaction.agenda
        if agenda.zone_rules() != tzdata_release() or agenda.is_due(now):
            return False
        agenda.record_visit(now)
        return True
