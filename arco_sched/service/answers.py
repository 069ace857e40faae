"""What the use cases answer."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar

from arco_sched.core.definitions import Version
from arco_sched.core.history import LapseRecord, Run, Schedule, Tick, TickDetail

if TYPE_CHECKING:
    from arco_sched.core.cron import Explanation
    from arco_sched.core.standing import Results
    from arco_sched.core.subjects import Worker
    from arco_sched.service.check import Finding
    from arco_sched.service.life import RunLife

T = TypeVar("T")


class ScheduleDetail(NamedTuple):
    """`arco schedule show`: the schedule, how many occurrences wait, and the next ones after `now`."""

    schedule: Schedule
    waiting: int
    next_occurrences: tuple[int, ...]


class VersionChange(NamedTuple):
    """A definition version and the names of the fields in which it differs from the one before it."""

    version: Version
    changed: tuple[str, ...]


Change = Literal["created", "updated", "unchanged", "deleted"]


class ScheduleChange(NamedTuple):
    """The answer to create, update, enable, disable and delete.

    `waiting` occurrences lie before the change and are not accounted for; `discarded` of them lapsed with it.
    `runs_waiting` runs were requested and wait for a worker; `runs_discarded` of them were skipped with it. `warnings`
    are sentences for people.
    """

    schedule: Schedule
    change: Change
    waiting: int = 0
    discarded: int = 0
    warnings: tuple[str, ...] = ()
    runs_waiting: int = 0
    runs_discarded: int = 0


class AppliedChange(NamedTuple):
    """What applying a file does to one schedule.

    `changed` has each field that differs, by its JSON name, with its value before and after; it is empty unless the
    schedule is updated. `version` is the one that is current afterwards. `waiting` occurrences lie before the change
    and are not accounted for. `warnings` are sentences for people.
    """

    schedule_id: str
    change: Change
    changed: Mapping[str, tuple[Any, Any]]
    version: Version
    waiting: int = 0
    warnings: tuple[str, ...] = ()


class Applied(NamedTuple):
    """The answer to applying a file, in its order, what is pruned last; `unlisted` schedules are not in it and stay."""

    changes: tuple[AppliedChange, ...]
    unlisted: tuple[Version, ...]
    dry_run: bool


class Triggered(NamedTuple):
    """The answer to `arco schedule trigger`."""

    tick: Tick
    run: Run
    change: Literal["created", "existing"]


class Requested(NamedTuple):
    """The answer to `arco runs request`."""

    run: Run
    change: Literal["created", "existing"]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list: its rows, and what to pass as `cursor` for the next one (None at the end).

    It iterates over its rows, and its length is their number.
    """

    rows: tuple[T, ...]
    next_cursor: str | None

    def __iter__(self) -> Iterator[T]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


class Evaluation(NamedTuple):
    """What one evaluation did, or with `dry_run` would do.

    `evaluated` counts the schedules with something due, waiting or failing; `lapsed` occurrences, not records;
    `deferred` the occurrences that wait for the next evaluation. `ticks` and `lapses` are read when they are iterated,
    so that a catch-up of any size fits in memory.
    """

    now: int
    evaluated: int
    triggered: int
    skipped: int
    failed: int
    lapsed: int
    deferred: int
    conflicts: int
    dry_run: bool
    ticks: Iterable[Tick]
    lapses: Iterable[LapseRecord]

    @classmethod
    def of_nothing(cls, now: int) -> "Evaluation":
        """The answer of an evaluation that found nothing to do."""
        return cls(now, 0, 0, 0, 0, 0, 0, 0, dry_run=False, ticks=(), lapses=())


class Status(NamedTuple):
    """One look at everything, as of `now`.

    `visited_at` is the `now` of the evaluator's last visit (None: nobody ever evaluated) and `lag_seconds` how long ago
    that was. Schedules are counted by state, and as `failing` where the version in force can't be evaluated. `overdue`
    schedules have occurrences that wait, `backlog` in all; `overdue_schedules` names the first of them with the instant
    since when, longest first. `ahead` names schedules that are accounted for beyond `now`, with their cursors. The
    `…_last_day` fields are of the 24 hours before `now`: ticks scheduled for them and their runs by status, lapses and
    conflicts recorded then. `running` counts open attempts, `waiting_for` the runs that wait for a worker to start them
    by the first reason that holds (`ready`: none), `queues` has (open attempts, waiting runs) by pool. `workers` are
    those that work, `findings` what asks for attention about runs, `results` those of each schedule, where asked for.
    """

    now: int
    workspace: str
    zone_rules: str
    visited_at: int | None
    lag_seconds: int | None
    enabled: int
    paused: int
    deleted: int
    failing: int
    overdue: int
    backlog: int
    overdue_schedules: tuple[tuple[str, int], ...]
    ahead: tuple[tuple[str, int], ...]
    next_due_at: int | None
    triggered_last_day: int
    skipped_last_day: int
    failed_last_day: int
    lapsed_last_day: int
    conflicts_last_day: int
    failing_schedules: tuple[str, ...]
    running: int
    waiting_for: Mapping[str, int]
    queues: Mapping[str, tuple[int, int]]
    workers: "tuple[Worker, ...]"
    runs_last_day: Mapping[str, int]
    findings: "tuple[Finding, ...]"
    results: "tuple[Results, ...]"


Verdict = Literal[
    "triggered",
    "skipped",
    "lapsed",
    "waiting",
    "future",
    "no-occurrence",
    "not-started",
    "ended",
    "deleted",
    "unevaluable",
    "pruned",
    "unaccounted",
]


class Reason(NamedTuple):
    """One link of the chain: what was looked at, whether it speaks for a tick there (None: neither), and a sentence."""

    about: str
    holds: bool | None
    text: str


class Why(NamedTuple):
    """Why a schedule did or did not fire at `at`, as of `now`.

    `verdict` is the answer in a word and `reasons` the chain that leads to it. `version` is the one in force at `at`
    (None before the first), `explanation` what its expression says there (None where it can't be read), `tick` and
    `lapse` what was recorded of the instant, `other_ticks` the manual and backfilled ticks at it. `life` is the tick's
    run with what became of it.
    """

    schedule_id: str
    at: int
    now: int
    verdict: Verdict
    reasons: tuple[Reason, ...]
    version: Version | None
    explanation: "Explanation | None"
    tick: "TickDetail | None"
    lapse: "LapseRecord | None"
    other_ticks: "tuple[Tick, ...]"
    life: "RunLife | None" = None


class Backfill(NamedTuple):
    """What a backfill of `[start, stop)` made, or with `dry_run` would make.

    `created` ticks are new, `existing` were backfilled before, `remaining` are left for another call by the limit;
    `ran` occurrences have a triggered tick of their own, and `waiting` ones are for the evaluator.
    """

    schedule_id: str
    start: int
    stop: int
    created: int
    existing: int
    ran: int
    waiting: int
    remaining: int
    conflicts: int
    dry_run: bool
    ticks: tuple[Tick, ...]


class Pruning(NamedTuple):
    """What `arco prune` removed, or with `dry_run` would: history before `before`, of `schedules` schedules.

    `ticks` counts ticks of every kind, `lapses` records.
    """

    before: int
    schedules: int
    ticks: int
    lapses: int
    dry_run: bool


class TimelineCell(NamedTuple):
    """What lies between two edges of a timeline: ticks by status, occurrences that lapsed, wait, or are to come.

    `lapsed` counts what can be counted; `unevaluable` says that an uncounted lapse or a version that can't be evaluated
    touches the cell. `pruned` says that history of it was removed. The `runs_…` fields are of the triggered ticks whose
    runs have a command: what became of the run; `late` ones could have started minutes ago.
    """

    triggered: int
    skipped: int
    failed: int
    lapsed: int
    waiting: int
    future: int
    unevaluable: bool
    pruned: bool
    runs_succeeded: int = 0
    runs_failed: int = 0
    runs_running: int = 0
    runs_waiting: int = 0
    runs_late: int = 0
    runs_skipped: int = 0
    runs_canceled: int = 0

    @property
    def runs(self) -> int:
        """The triggered ticks whose runs have a command."""
        return sum(self[8:])


class TimelineRow(NamedTuple):
    """The timeline of one schedule: a cell between each two edges."""

    schedule_id: str
    timezone: str
    cells: tuple[TimelineCell, ...]


class Timeline(NamedTuple):
    """The history of schedules between `edges` (instants, in order), as of `now`."""

    now: int
    edges: tuple[int, ...]
    rows: tuple[TimelineRow, ...]


class Verification(NamedTuple):
    """The answer of `arco verify`: each difference and each note is one line."""

    ok: bool
    differences: tuple[str, ...]
    notes: tuple[str, ...]


class PreviewedOccurrence(NamedTuple):
    """One line of a preview: the instant, the offset of the zone's clock there, and what a clock change did."""

    at: int
    offset: int
    note: Literal["gap", "overlap-first", "overlap-second"] | None
