"""What the service needs of a store: named operations in the terms of the domain, each for a whole set.

A store keeps one database. It provides transactions; a transaction answers questions, subject by subject, and records
events. `schedule` is the store's number for a schedule id, `content` its number for a request content; both are
assigned once and mean nothing elsewhere. `tests/store/test_conformance*.py` state what every store promises:

- an event whose idempotency key exists is never recorded again, from any connection;
- `seq` follows the order of commits: a reader that resumes after the last `seq` it saw misses no event;
- a transaction is committed as a whole or not at all, and at every commit the tables are the fold of the events;
- a transaction sees one state of the database while others write;
- an operation on many schedules, events or entries takes a fixed number of statements, however many there are; only a
  pruning takes some for each schedule that has something to remove.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

from arco_sched.core.definitions import RequestContent
from arco_sched.core.events import Draft, TickSeries
from arco_sched.core.history import Signature
from arco_sched.core.run_events import Event
from arco_sched.core.run_subjects import Queue
from arco_sched.core.runs import Request
from arco_sched.core.standing import Standing
from arco_sched.core.subjects import Agenda, Definitions, Events, History, LapseSpan, Runs, Zones


class Appended(NamedTuple):
    """The result of recording events: those with `before < seq <= through`. `written` is their number, `conflicts` how
    many of them requested a different content under a reserved run key."""

    before: int
    through: int
    written: int
    conflicts: int


class Transaction(Protocol):
    """One state of the database; everything that a writing transaction records is committed together."""

    @property
    def agenda(self) -> Agenda:
        """When schedules are due."""

    @property
    def definitions(self) -> Definitions:
        """Schedules and versions."""

    @property
    def history(self) -> History:
        """Ticks and lapses."""

    @property
    def runs(self) -> Runs:
        """Runs and conflicts."""

    @property
    def events(self) -> Events:
        """The event table."""

    @property
    def queue(self) -> Queue:
        """The waiting runs, and the workers."""

    @property
    def standing(self) -> Standing:
        """The current state of schedules and their runs."""

    @property
    def zones(self) -> Zones:
        """The recorded zone rules, and what their changes left behind."""

    def schedule_numbers(self, schedule_ids: Iterable[str]) -> dict[str, int]:
        """The number of each schedule id, assigned now to those that have none."""

    def content_numbers(self, contents: Iterable[RequestContent]) -> dict[RequestContent, int]:
        """The number of each request content, assigned now to those that have none."""

    def append(self, drafts: Sequence[Draft | TickSeries]) -> Appended:
        """Record the events whose idempotency keys are new, in this order, and fold them into the tables.

        A rewind or a pruning must be the last event of its schedule in a call. A pruning also removes the events of
        what it removes. A lapse whose key exists is recorded again, with `:2` (and so on) appended to the key.
        """


class Compaction(NamedTuple):
    """The size of a database before and after it was compacted, in bytes; `is_shared` says that others have it open, so
    that it shrinks only when they are done."""

    before: int
    after: int
    is_shared: bool


class RowDifference(NamedTuple):
    """A row of a folded table that doesn't follow from the events: `missing`, `extra`, or with columns that differ.

    `key` are the primary key columns with their values; `columns` maps a column to (stored value, value from the
    events).
    """

    table: str
    key: dict[str, object]
    kind: str
    columns: dict[str, tuple[object, object]]


class ContentRow(NamedTuple):
    """A stored request content."""

    content: int
    fingerprint: str
    body: str


class StoredEvent(NamedTuple):
    """An event with a payload: its columns next to the payload."""

    seq: int
    type: int
    key: str | None
    schedule_id: str | None
    version: int | None
    instant: int | None
    recorded_at: int
    body: str | None
    payload: str | None


class MissingEvents(NamedTuple):
    """How many event numbers are missing, how many of them prunings removed by their own account, and the gaps (first,
    last) after the last pruning, of which there should be none."""

    missing: int
    pruned: int
    gaps: list[tuple[int, int]]


class SchemaDifference(NamedTuple):
    """A table, index, view or trigger that isn't as arco makes it: `missing`, `extra` or `differs`."""

    type: str
    name: str
    kind: str


TickRow: TypeAlias = tuple[int, int, int, str, str | None, int | None]
"""A scheduled tick as the recount sees it: schedule, instant, version, status, skip reason (None if it isn't skipped,
and for `paused`), content. A plain tuple, since there is one for every tick."""


class PruningRow(NamedTuple):
    """What a pruning says it removed, and through which instant."""

    seq: int
    occurrences: int
    uncounted: int
    through: int


class Unfoldable(Exception):
    """An event that the fold can't take; `seq` is its number."""

    def __init__(self, seq: int, error: str) -> None:
        super().__init__(error)
        self.seq = seq


class Audit(Transaction, Protocol):
    """What `arco verify` needs in addition."""

    def schema_differences(self) -> list[SchemaDifference]:
        """How the schema differs from that of a new database."""

    def workspace_rows(self) -> int:
        """The number of rows about the database itself."""

    def misshapen(self) -> Iterator[tuple[int, int]]:
        """(seq, type) of each event whose columns don't fit its type."""

    def conflicts_of_other_versions(self) -> Iterator[tuple[int, str]]:
        """(seq, tick_id) of each conflicting request by the evaluator whose version isn't its tick's, for schedules
        that were never recreated."""

    def size(self) -> tuple[int, int]:
        """The number of events and of schedules."""

    def unnamed(self) -> list[str]:
        """A sentence for each reference to a missing row of a dictionary table."""

    def agenda_without_schedule(self) -> list[int]:
        """The numbers on the agenda that don't belong to a schedule."""

    def contents(self) -> Iterator[ContentRow]:
        """Every stored request content."""

    def missing_events(self) -> MissingEvents:
        """Which events are missing: event numbers are consecutive, and only a pruning removes some."""

    def stored_events(self) -> Iterator[StoredEvent]:
        """Every event, oldest first, except ticks, requests, and lapses that are consistent in themselves."""

    def request_ids(self) -> Iterator[list[tuple[int, bytes | None, str]]]:
        """(seq, run key as UTF-8, run id) of every run request, in pages; the key is None if its columns name none."""

    def fold_all_again(self, progress: Callable[[int, int], None]) -> None:
        """Fold all events from scratch, next to the tables; raises `Unfoldable` for an event that can't be folded."""

    def row_differences(self) -> Iterator[RowDifference]:
        """Every row of a folded table that differs from the result of `fold_all_again`."""

    def life_events(self) -> Iterator[tuple[int, Event, Request | None]]:
        """(seq, event, request) of every event of a run's life and of pools, oldest first; no request for a pool's."""

    def queue_differences(self) -> Iterator[RowDifference]:
        """Every row of the queue that doesn't follow from the states of the runs."""

    def stuck(self) -> Iterator[str]:
        """The ids of runs that wait for others of their schedule, none of which runs or can be taken."""

    def ticks_without_their_run(self) -> Iterator[str]:
        """The ids of triggered ticks whose run is missing."""

    def ticks_with_a_run(self) -> Iterator[tuple[str, str]]:
        """(tick_id, status) of skipped and failed ticks for which the evaluator requested a run; one left by a pruned
        predecessor doesn't count."""

    def schedule_id(self, schedule: int) -> str:
        """The id for a number, or the number itself as text if the dictionary lacks it."""

    def scheduled_ticks(self, first: int, last: int) -> Iterator[list[TickRow]]:
        """The scheduled ticks of the schedules from `first` through `last`, in the order of the numbers, those of each
        oldest first; in pages."""

    def tick_seq(self, schedule: int, instant: int) -> int:
        """The `seq` of a scheduled tick's event, 0 if it has none."""

    def lapses(self, schedules: Sequence[int]) -> dict[int, list[LapseSpan]]:
        """The lapses of each schedule in chronological order."""

    def rewound_spans(self, schedules: Sequence[int]) -> dict[int, list[tuple[int, int, int]]]:
        """(seq, to, from) of each rewind of each schedule: the cursors after and before it."""

    def prunings(self, schedules: Sequence[int]) -> dict[int, list[PruningRow]]:
        """The prunings of each schedule, oldest first."""

    def seq_after(self, schedule: int, instant: int) -> int:
        """The `seq` of the event with which the cursor passed an instant: that of the next scheduled tick or lapse;
        larger than any other if there is none."""


class Store(Protocol):
    """One database, open."""

    @property
    def path(self) -> Path | str:
        """Where it is."""

    signature: Signature | None
    """Who acts by hand, and why: everything that its transactions append is signed with it. None for an evaluation or a
    worker, or if nobody said."""

    @property
    def brought_forward(self) -> tuple[int, int, str] | None:
        """If opening it upgraded its schema: from which version, to which, and the path of the copy of before."""

    @property
    def has_changed(self) -> bool:
        """Whether it has committed a transaction that changed something."""

    def read(self) -> AbstractContextManager[Transaction]:
        """A transaction that writes nothing."""

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that writes, one at a time; it is committed at the end, and rolled back on any exception.

        Raises `DatabaseUnusable` if another one writes for longer than the store waits.
        """

    def audit(self) -> AbstractContextManager[Audit]:
        """A transaction for `arco verify`, which sees one state and writes nothing."""

    def integrity(self) -> AbstractContextManager[Callable[[], list[str]]]:
        """A check of the store's files that runs in parallel with the block. The block gets a function that waits for
        the check and returns what it found, one line each; nothing if all is well."""

    def changes(self) -> int:
        """A number that changes when another connection commits; it takes microseconds to read."""

    def journal(self) -> str | None:
        """The path of a file that every commit writes to, before it is there for others; None if there is none."""

    def schema_version(self) -> int:
        """The version of the schema, which rises when a newer arco migrates it; it takes microseconds to read."""

    def yield_to_writers(self) -> None:
        """Pause between two transactions of a long series, so that a waiting writer gets its turn."""

    def compact(self) -> Compaction:
        """Free the space of what was removed; raises `DatabaseUnusable` if others write for too long."""

    def backup(self, path: Path, *, replace: bool) -> None:
        """Write a consistent copy to `path`, completely or not at all."""

    def close(self) -> None:
        """Close it; a second time does nothing."""
