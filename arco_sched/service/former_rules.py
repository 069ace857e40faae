"""What was accounted for under zone rules other than the installed ones."""

from arco_sched.core.cron import Timetable
from arco_sched.core.definitions import Term
from arco_sched.core.errors import InvalidInput
from arco_sched.core.evaluate import times_of
from arco_sched.core.ports import Transaction
from arco_sched.core.subjects import State
from arco_sched.core.zone_changes import unmade
from arco_sched.core.zone_rules import tzdata_release
from arco_sched.service.zone_rules import ahead_under_others, pending_change


class FormerRules:
    """The changes of the zone rules, recorded or pending, that concern one schedule."""

    def __init__(self, transaction: Transaction, state: State) -> None:
        self._changes = transaction.zones.changes()
        self._served = set(transaction.zones.served([state.schedule])[state.schedule])
        if transaction.agenda.zone_rules() != tzdata_release():
            self._changes.append(pending_change(transaction))
            for _, instants in ahead_under_others(transaction, [state]):
                self._served.update(instants)

    @property
    def has_changes(self) -> bool:
        """Whether there are any."""
        return bool(self._changes)

    def explain(self, term: Term, at: int, cursor: int) -> bool:
        """Whether former rules explain an occurrence without a tick or lapse: it was accounted for, or wasn't one
        then."""
        if at in self._served:
            return True
        since = [change for change in self._changes if change.recorded_at >= at]
        return at <= cursor and any(change.touches(term.timezone, at, at + 1) for change in since)

    def instants(self, term: Term, at: int) -> list[int]:
        """The instants at which former rules had the appointment of an occurrence."""
        moves = [each for change in self._changes for each in (change.moved or {}).get(term.timezone) or ()]
        if not moves:
            return []
        try:
            times = times_of(term)
        except InvalidInput:
            return []
        return unmade(times, at, moves) if isinstance(times, Timetable) else []
