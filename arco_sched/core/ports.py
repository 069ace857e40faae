"""What the service needs of a store: named operations in the words of the domain, each for a set.

A store keeps one database. It gives transactions; a transaction answers questions subject by subject, and records
events. `schedule` is the store's number for a schedule id, `content` its number for what a run is asked to do; both are
given once and mean nothing elsewhere. `tests/store/test_conformance*.py` state what every store promises:

- an event whose idempotency key exists is not recorded again, from any connection;
- `seq` follows the order of commits: a reader that resumes after the last `seq` it saw misses no event;
- a transaction is committed as a whole or not at all, and at every commit the tables are the fold of the events;
- a transaction sees one state of the database, while others write;
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
    """What recording some events came to: those with `before < seq <= through`, `written` in number, of which
    `conflicts` asked for another content under a run key that was reserved."""

    before: int
    through: int
    written: int
    conflicts: int


class Transaction(Protocol):
    """One state of the database; in one that writes, what is written is committed together."""

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
        """The runs that wait, and who works."""

    @property
    def standing(self) -> Standing:
        """How schedules and their runs stand."""

    @property
    def zones(self) -> Zones:
        """The zone rules recorded, and what changes of them left behind."""

    def schedule_numbers(self, schedule_ids: Iterable[str]) -> dict[str, int]:
        """The number of each schedule id, given now to those that have none."""

    def content_numbers(self, contents: Iterable[RequestContent]) -> dict[RequestContent, int]:
        """The number of each request content, given now to those that have none."""

    def append(self, drafts: Sequence[Draft | TickSeries]) -> Appended:
        """Record the events whose idempotency keys are new, in this order, and fold them into the tables.

        A rewind or a pruning is the last event of its schedule in a call. A pruning takes the events of what it removes
        with it. A lapse whose key exists is recorded again under the key with `:2` (and so on) behind it.
        """


class Compaction(NamedTuple):
    """The size of a database before and after it was compacted, in bytes; `is_shared` says that others have it open, so
    that it becomes smaller only when they are done."""

    before: int
    after: int
    is_shared: bool


class RowDifference(NamedTuple):
    """A row of a folded table that the events do not give: `missing`, `extra`, or the columns in which it differs.

    `key` are the columns of the primary key with their values; `columns` maps a column to (what is there, what the
    events give).
    """

    table: str
    key: dict[str, object]
    kind: str
    columns: dict[str, tuple[object, object]]


class ContentRow(NamedTuple):
    """A request content as it is stored."""

    content: int
    fingerprint: str
    body: str


class StoredEvent(NamedTuple):
    """An event that has a payload of its own: what its columns say beside what the payload says."""

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
    """How many numbers of events are not there, how many of them the prunings say that they removed, and the gaps
    (first, last) after the last pruning, of which there should be none."""

    missing: int
    pruned: int
    gaps: list[tuple[int, int]]


class SchemaDifference(NamedTuple):
    """A table, index, view or trigger that is not what arco makes: `missing`, `extra` or `differs`."""

    type: str
    name: str
    kind: str


TickRow: TypeAlias = tuple[int, int, int, str, str | None, int | None]
"""A scheduled tick as the recount sees it: schedule, instant, version, status, why it is skipped (None where it is not,
and for `paused`), content. A plain tuple, since there are as many as there are ticks."""


class PruningRow(NamedTuple):
    """What a pruning says it removed, through which instant."""

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
    """What `arco verify` asks in addition."""

    def schema_differences(self) -> list[SchemaDifference]:
        """How the schema differs from that of a new database."""

    def workspace_rows(self) -> int:
        """How many rows there are about the database itself."""

    def misshapen(self) -> Iterator[tuple[int, int]]:
        """(seq, type) of each event whose columns are not those of its type."""

    def conflicts_of_other_versions(self) -> Iterator[tuple[int, str]]:
        """(seq, tick_id) of each conflicting request by the evaluator whose version is not that of its tick, of
        schedules of which nothing was made anew."""

    def size(self) -> tuple[int, int]:
        """How many events and how many schedules there are."""

    def unnamed(self) -> list[str]:
        """What refers to a row of a dictionary that is not there, a sentence each."""

    def agenda_without_schedule(self) -> list[int]:
        """The numbers on the agenda that no schedule has."""

    def contents(self) -> Iterator[ContentRow]:
        """Every stored request content."""

    def missing_events(self) -> MissingEvents:
        """Which events are not there: their numbers follow each other, and only a pruning removes some."""

    def stored_events(self) -> Iterator[StoredEvent]:
        """Every event but ticks, requests, and lapses that say the same everywhere, oldest first."""

    def request_ids(self) -> Iterator[list[tuple[int, bytes | None, str]]]:
        """(seq, run key as UTF-8, run id) of every request of a run, in pages; no key: its columns name none."""

    def fold_all_again(self, progress: Callable[[int, int], None]) -> None:
        """Fold all events from nothing, beside the tables; raises `Unfoldable` for an event that can't be folded."""

    def row_differences(self) -> Iterator[RowDifference]:
        """Every row of a folded table that is not what `fold_all_again` gave."""

    def life_events(self) -> Iterator[tuple[int, Event, Request | None]]:
        """(seq, event, request) of every event of a run's life and of pools, oldest first; no request for a pool's."""

    def queue_differences(self) -> Iterator[RowDifference]:
        """Every row of the queue that is not what the states of the runs give."""

    def stuck(self) -> Iterator[str]:
        """The ids of runs that wait behind others of their schedule, where none of them runs or can be taken."""

    def ticks_without_their_run(self) -> Iterator[str]:
        """The ids of triggered ticks whose run is not there."""

    def ticks_with_a_run(self) -> Iterator[tuple[str, str]]:
        """(tick_id, status) of skipped and failed ticks that asked for a run, by an event of the evaluator; one that a
        pruned predecessor left does not count."""

    def schedule_id(self, schedule: int) -> str:
        """The id behind a number; the number itself, as text, where the dictionary lacks it."""

    def scheduled_ticks(self, first: int, last: int) -> Iterator[list[TickRow]]:
        """The scheduled ticks of the schedules from `first` through `last`, in the order of the numbers, those of each
        oldest first; in pages."""

    def tick_seq(self, schedule: int, instant: int) -> int:
        """The `seq` of a scheduled tick's event, 0 where it has none."""

    def lapses(self, schedules: Sequence[int]) -> dict[int, list[LapseSpan]]:
        """The lapses of each schedule in the order of time."""

    def rewound_spans(self, schedules: Sequence[int]) -> dict[int, list[tuple[int, int, int]]]:
        """(seq, to, from) of each rewind of each schedule: the cursor that it set, and the one that it left."""

    def prunings(self, schedules: Sequence[int]) -> dict[int, list[PruningRow]]:
        """The prunings of each schedule, oldest first."""

    def seq_after(self, schedule: int, instant: int) -> int:
        """The `seq` of the event by which an instant was passed over: that of the scheduled tick or lapse that comes
        next in time, more than any other where there is none."""


class Store(Protocol):
    """One database, open."""

    @property
    def path(self) -> Path | str:
        """Where it is."""

    signature: Signature | None
    """Who acts by hand through it, and why: what its transactions append is signed with it; None for an evaluation, a
    worker, and whoever does not say."""

    @property
    def has_changed(self) -> bool:
        """Whether a transaction that changed something was committed through it."""

    def read(self) -> AbstractContextManager[Transaction]:
        """A transaction that writes nothing."""

    def write(self) -> AbstractContextManager[Transaction]:
        """The only transaction that writes at a time; it is committed at the end, and rolled back on any exception.

        Raises `DatabaseUnusable` where another one writes for longer than the store waits.
        """

    def audit(self) -> AbstractContextManager[Audit]:
        """A transaction for `arco verify`, which sees one state and writes nothing."""

    def integrity(self) -> AbstractContextManager[Callable[[], list[str]]]:
        """A check of the store's own files that goes on beside what is done within the block. Calling what the block
        gets waits for its end, and answers what it says, a line each; nothing where all is well."""

    def changes(self) -> int:
        """A number that changes when somebody else commits; asking costs microseconds."""

    def schema_version(self) -> int:
        """The version of the schema; it rises when a newer arco brings the database forward. Costs microseconds."""

    def yield_to_writers(self) -> None:
        """Pause between two of many transactions, so that a waiting writer gets its turn."""

    def compact(self) -> Compaction:
        """Give back the space of what was removed; raises `DatabaseUnusable` where others write for too long."""

    def backup(self, path: Path, *, replace: bool) -> None:
        """A consistent copy at `path`, whole or not there at all."""

    def close(self) -> None:
        """Close it; a second time does nothing."""
