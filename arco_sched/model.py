"""The values that travel between the rooms: definitions, ticks, runs, lapses, and the answers made of them.

Instants are integer epochs (whole UTC seconds). The names are those of the JSON answers; turning an instant into text
is left to whoever shows it. Named tuples rather than dataclasses, since every command imports them and a catch-up makes
them by the hundred thousand: to define one takes a fifth of the time, to make one a quarter.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NamedTuple, TypeVar

if TYPE_CHECKING:
    from arco_sched.cron import Explanation

T = TypeVar("T")

CatchupPolicy = Literal["oldest-first", "latest"]
DstGap = Literal["next", "skip"]
DstOverlap = Literal["first", "last", "both"]
TickStatus = Literal["triggered", "skipped", "failed"]
LapseReason = Literal["window", "superseded", "discarded", "unevaluable"]

CATCHUP_POLICIES: Final[tuple[CatchupPolicy, ...]] = ("oldest-first", "latest")
DST_GAPS: Final[tuple[DstGap, ...]] = ("next", "skip")
DST_OVERLAPS: Final[tuple[DstOverlap, ...]] = ("first", "last", "both")
TICK_STATUSES: Final[tuple[TickStatus, ...]] = ("triggered", "skipped", "failed")
LAPSE_REASONS: Final[tuple[LapseReason, ...]] = ("window", "superseded", "discarded", "unevaluable")
RUN_STATUSES: Final = ("requested",)


class RequestContent(NamedTuple):
    """What a run is asked to do: the part of a request that its fingerprint covers.

    `asset_selection` and `partition_selection` are sorted by code point without repeats, `labels` by key.
    """

    asset_selection: tuple[str, ...] = ()
    partition_selection: tuple[str, ...] = ()
    command: str | None = None
    labels: tuple[tuple[str, str], ...] = ()


class Definition(NamedTuple):
    """What a person defines of a schedule: everything that makes a new definition version when it changes."""

    cron_expression: str
    timezone: str = "UTC"
    catchup_window_minutes: int = 1440
    max_catchup_ticks: int = 10
    catchup_policy: CatchupPolicy = "oldest-first"
    dst_gap: DstGap = "next"
    dst_overlap: DstOverlap = "first"
    request: RequestContent = RequestContent()
    code_version: str | None = None
    end_at: int | None = None


class Version(NamedTuple):
    """One immutable definition version of a schedule."""

    schedule_id: str
    definition_version: int
    definition: Definition
    start_at: int
    enabled: bool
    deleted: bool
    created_at: int
    effective_from: int


class Term(NamedTuple):
    """A definition version as the evaluator sees it; `content` is the store's number for what its runs shall do."""

    version: int
    effective_from: int
    start_at: int
    end_at: int | None
    enabled: bool
    deleted: bool
    cron_expression: str
    timezone: str
    dst_gap: DstGap
    dst_overlap: DstOverlap
    catchup_window_minutes: int
    max_catchup_ticks: int
    catchup_policy: CatchupPolicy
    content: int


class Lapse(NamedTuple):
    """Occurrences after `after` and before `before` that may no longer be evaluated.

    `missed` is their exact count, None where they can't be counted (reason `unevaluable`).
    """

    after: int
    before: int
    missed: int | None
    reason: LapseReason


class LapseCut(NamedTuple):
    """What a rewind makes of a lapse: it ends at `before` with `missed` left, or is withdrawn (`before` None)."""

    seq: int
    before: int | None
    missed: int | None


class Rewinding(NamedTuple):
    """A cursor that was ahead of the clock, brought back from `before` to `cursor`.

    `versions` are the definition versions that had been pushed ahead with it, as (version, its new effective_from);
    `lapses` what becomes of the lapses that reach beyond the new cursor; `ticks` counts the scheduled ticks beyond it,
    which stay: when their instants come they are found, and not made twice.
    """

    schedule_id: str
    before: int
    cursor: int
    versions: tuple[tuple[int, int], ...]
    lapses: tuple[LapseCut, ...]
    ticks: int


class Schedule(NamedTuple):
    """A schedule as it stands: its current definition version and its state.

    `next_due_at` is the oldest occurrence not accounted for; None when there is none or it can't be known because the
    version in force can't be evaluated (`failing`). The `last_…` fields are of scheduled ticks.
    """

    version: Version
    cursor: int
    last_scheduled_for: int | None
    last_tick_id: str | None
    last_run_key: str | None
    next_due_at: int | None
    failing: bool


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
    `warnings` are sentences for people.
    """

    schedule: Schedule
    change: Change
    waiting: int = 0
    discarded: int = 0
    warnings: tuple[str, ...] = ()


class Wanted(NamedTuple):
    """What a file says that a schedule should be; `enabled` and `start_at` are None where it does not say."""

    schedule_id: str
    definition: Definition
    enabled: bool | None = None
    start_at: int | None = None


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


class Tick(NamedTuple):
    """One evaluated occurrence (or a manual or failed tick): the record of what was decided at it."""

    tick_id: str
    schedule_id: str
    scheduled_for: int
    definition_version: int
    status: TickStatus
    skip_reason: str | None
    error: str | None
    run_key: str | None
    run_id: str | None
    request_fingerprint: str | None
    evaluated_at: int


class LapseRecord(NamedTuple):
    """A recorded lapse of a schedule."""

    schedule_id: str
    after: int
    before: int
    missed: int | None
    reason: LapseReason
    recorded_at: int


class RunConflict(NamedTuple):
    """A request under a run key that was already reserved for something else."""

    run_key: str
    first_fingerprint: str
    requested_fingerprint: str
    requested_at: int
    tick_id: str | None


class Run(NamedTuple):
    """A run: reserved once for its run key, executed by whoever reads the requests."""

    run_id: str
    run_key: str
    request_fingerprint: str
    status: str
    schedule_id: str | None
    tick_id: str | None
    content: RequestContent
    code_version: str | None
    requested_at: int
    conflicts: tuple[RunConflict, ...] = ()


class TickDetail(NamedTuple):
    """`arco ticks show`: a tick with its definition version, its run and any conflict."""

    tick: Tick
    version: Version
    run: Run | None
    conflicts: tuple[RunConflict, ...]


class Triggered(NamedTuple):
    """The answer to `arco schedule trigger`."""

    tick: Tick
    run: Run
    change: Literal["created", "existing"]


class Requested(NamedTuple):
    """The answer to `arco runs request`."""

    run: Run
    change: Literal["created", "existing"]


class Event(NamedTuple):
    """One row of the event table, with its payload as it reads in JSON."""

    seq: int
    type: str
    idempotency_key: str
    schedule_id: str | None
    recorded_at: int
    payload: Mapping[str, Any]


class Page(NamedTuple, Generic[T]):
    """A page of a list: its rows, and what to pass as `cursor` for the next one (None at the end)."""

    rows: tuple[T, ...]
    next_cursor: str | None


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
    `…_last_day` fields are of the 24 hours before `now`: ticks scheduled for them, lapses and conflicts recorded then.
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
    `lapse` what was recorded of the instant, `other_ticks` the manual and backfilled ticks at it.
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


class PrunedPart(NamedTuple):
    """What one pruning removed of a schedule: its history through `through`, and the state that stays.

    `occurrences` were accounted for by `ticks` scheduled ticks and by lapses with `missed` in all (`uncounted` of the
    lapses could not be counted). `others` are manual and backfilled ticks, `lapses` the records of lapses.
    """

    schedule_id: str
    through: int
    cursor: int
    last_instant: int | None
    last_run: int | None
    ticks: int
    missed: int
    uncounted: int
    others: int
    lapses: int


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
    touches the cell. `pruned` says that history of it was removed.
    """

    triggered: int
    skipped: int
    failed: int
    lapsed: int
    waiting: int
    future: int
    unevaluable: bool
    pruned: bool


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
