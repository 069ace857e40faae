"""A transaction on a SQLite store: the operations of the store, subject by subject.

The subjects are loaded when they are first asked: an evaluation that finds nothing due pays for the agenda alone.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from arco_sched.core.definitions import RequestContent
    from arco_sched.core.events import Draft, TickSeries
    from arco_sched.core.history import Signature
    from arco_sched.core.ports import Appended
    from arco_sched.store.sqlite.agenda import Agenda
    from arco_sched.store.sqlite.definitions import Definitions
    from arco_sched.store.sqlite.events import Events
    from arco_sched.store.sqlite.history import History
    from arco_sched.store.sqlite.queue import Queue
    from arco_sched.store.sqlite.runs import Runs
    from arco_sched.store.sqlite.standing import Standing
    from arco_sched.store.sqlite.zones import Zones


class Transaction:
    """What can be asked and written in one transaction (`arco_sched.core.ports.Transaction`)."""

    def __init__(self, connection: sqlite3.Connection, signature: Signature | None = None) -> None:
        self._connection = connection
        self._signature = signature

    @property
    def agenda(self) -> Agenda:
        """When schedules are due, and the evaluator's visits."""
        from arco_sched.store.sqlite.agenda import Agenda

        return Agenda(self._connection)

    @property
    def definitions(self) -> Definitions:
        """Schedules and their definition versions."""
        from arco_sched.store.sqlite.definitions import Definitions

        return Definitions(self._connection)

    @property
    def history(self) -> History:
        """Ticks and lapses."""
        from arco_sched.store.sqlite.history import History

        return History(self._connection)

    @property
    def runs(self) -> Runs:
        """Runs and conflicts."""
        from arco_sched.store.sqlite.runs import Runs

        return Runs(self._connection)

    @property
    def events(self) -> Events:
        """The event table."""
        from arco_sched.store.sqlite.events import Events

        return Events(self._connection)

    @property
    def queue(self) -> Queue:
        """The runs that wait, and who works."""
        from arco_sched.store.sqlite.queue import Queue

        return Queue(self._connection)

    @property
    def standing(self) -> Standing:
        """How schedules and their runs stand."""
        from arco_sched.store.sqlite.standing import Standing

        return Standing(self._connection)

    @property
    def zones(self) -> Zones:
        """The zone rules recorded, and what changes of them left behind."""
        from arco_sched.store.sqlite.zones import Zones

        return Zones(self._connection)

    def append(self, drafts: Sequence[Draft | TickSeries]) -> Appended:
        """Record events, and fold them into the tables; see the port."""
        from arco_sched.store.sqlite.append import append

        return append(self._connection, drafts, self._signature)

    def schedule_numbers(self, schedule_ids: Iterable[str]) -> dict[str, int]:
        """The number of each schedule id, given now to those that have none."""
        from arco_sched.store.sqlite.append import schedule_numbers

        return schedule_numbers(self._connection, schedule_ids)

    def content_numbers(self, contents: Iterable[RequestContent]) -> dict[RequestContent, int]:
        """The number of each request content, given now to those that have none."""
        from arco_sched.store.sqlite.append import content_numbers

        return content_numbers(self._connection, contents)

    def schema_version(self) -> int:
        """The version of the schema that the file has."""
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def change_schema(self, change: Callable[[sqlite3.Connection], None]) -> None:
        """Let a migration change the schema, within this transaction."""
        change(self._connection)
