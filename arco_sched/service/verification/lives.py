"""The order of what happened to runs, and the queue."""

from collections.abc import Iterator

from arco_sched.core.ports import Audit
from arco_sched.core.run_events import Event
from arco_sched.core.run_history import check_order
from arco_sched.core.runs import Request
from arco_sched.service.verification.findings import Findings


def check_lives(audit: Audit, findings: Findings) -> None:
    """Check every start against the rules at that moment, and the queue against the states of the runs.

    The events tell whether an attempt began while another of its run was open, while its schedule or its pool had no
    room, or before its time. They don't tell whether one could have begun earlier, or what `skip` and `cancel` chose.
    """
    events = _Events(audit)
    for sentence in check_order(events, events.request_of):
        findings.add("order of runs", f"event seq={events.seq}: {sentence}")
    for run_id in audit.stuck():
        findings.add("queue", f"run {run_id}: waits for others of its schedule, but there are none")


class _Events:
    """The events, each with its place and its request at hand while it is looked at."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._request: Request | None = None
        self.seq = 0

    def __iter__(self) -> Iterator[Event]:
        for seq, event, request in self._audit.life_events():
            self.seq, self._request = seq, request
            yield event

    def request_of(self, run_id: str) -> Request:
        """The request of the run that the event is about."""
        if self._request is None or self._request.run_id != run_id:
            raise AssertionError
        return self._request
