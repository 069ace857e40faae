"""When a schedule is to be looked at next."""

from sqlite3 import Connection

from arco_sched.evaluate import agenda
from arco_sched.store import reading
from arco_sched.store.writing import Writer


def replan(connection: Connection, writer: Writer, schedule: int) -> None:
    """See anew, from what is recorded, when the schedule is due, and put it on the agenda."""
    state = reading.state(connection, schedule)
    writer.agenda(schedule, agenda(state.terms, state.cursor, state.ahead))
