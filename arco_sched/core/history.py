"""What happened: ticks, lapses, runs and the events that they are folded from.

Instants are integer epochs (whole UTC seconds). The names are those of the JSON answers. What a catch-up makes by the
hundred thousand is a named tuple, which takes a quarter of the time of a frozen dataclass.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from arco_sched.core.definitions import RequestContent, Version
from arco_sched.core.instants import epoch_of

if TYPE_CHECKING:
    from datetime import datetime

TickStatus = Literal["triggered", "skipped", "failed"]

SkipReason = Literal["paused", "excluded"]

LapseReason = Literal["window", "superseded", "discarded", "unevaluable"]

RunStatus = Literal["requested", "running", "succeeded", "failed", "canceled", "skipped"]

TICK_STATUSES: Final[tuple[TickStatus, ...]] = ("triggered", "skipped", "failed")

LAPSE_REASONS: Final[tuple[LapseReason, ...]] = ("window", "superseded", "discarded", "unevaluable")

RUN_STATUSES: Final[tuple[RunStatus, ...]] = ("requested", "running", "succeeded", "failed", "canceled", "skipped")


class Lapse(NamedTuple):
    """Occurrences after `after` and before `before` that may no longer be evaluated.

    `missed` is their exact count, None if they can't be counted (reason `unevaluable`).
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


class VersionShift(NamedTuple):
    """What a rewind makes of a definition version: it is in force from `effective_from` on; `start_at` is the new start
    if a wrong clock had set it (None: it stays)."""

    version: int
    effective_from: int
    start_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewinding:
    """What a rewind brings back to the clock: the cursor from `before` to `cursor`, which are equal if it wasn't ahead.

    `versions` are the definition versions that had been pushed ahead with it or made by a wrong clock; `lapses` says
    what becomes of lapses that reach beyond the new cursor; `ticks` counts the scheduled ticks beyond it, which stay:
    when their instants come they are found, and not made twice.
    """

    schedule_id: str
    before: int
    cursor: int
    versions: tuple[VersionShift, ...]
    lapses: tuple[LapseCut, ...]
    ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A schedule as it stands: its current definition version and its state.

    `next_due_at` is the oldest occurrence not accounted for; None if there is none, or if the version in force can't be
    evaluated (`failing`). The `last_…` fields are about scheduled ticks, except `last_run_status`, the status of the
    run that was due last, and `last_success_at`, when the last success ended. `stale_after` is the last instant at
    which it is not stale (see `is_stale`).
    """

    version: Version
    cursor: int
    last_scheduled_for: int | None
    last_tick_id: str | None
    last_run_key: str | None
    next_due_at: int | None
    failing: bool
    last_run_status: RunStatus | None = None
    last_success_at: int | None = None
    stale_after: int | None = None

    def is_stale(self, now: "datetime | int") -> bool:
        """Whether no success ended within `success_within_seconds`, counted at the earliest from when that was set.

        A schedule that is paused, deleted, over, or hasn't begun is not stale; after a pause with an end, counting
        begins at that end.
        """
        now = epoch_of(now, "now")
        end = self.version.definition.end_at
        return self.stale_after is not None and now > self.stale_after and (end is None or now < end)


class Tick(NamedTuple):
    """The record of an evaluated occurrence, or a manual or failed tick: what was decided."""

    tick_id: str
    schedule_id: str
    scheduled_for: int
    definition_version: int
    status: TickStatus
    skip_reason: SkipReason | None
    error: str | None
    run_key: str | None
    run_id: str | None
    request_fingerprint: str | None
    evaluated_at: int


class LapseRecord(NamedTuple):
    """A recorded lapse of a schedule: of the instants after `after` and before `before`.

    `first_missed` and `last_missed` are its first and last occurrence, by the current zone rules; None if unknown.
    """

    schedule_id: str
    after: int
    before: int
    missed: int | None
    reason: LapseReason
    recorded_at: int
    first_missed: int | None = None
    last_missed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConflict:
    """A request under a run key that was already reserved for something else."""

    run_key: str
    first_fingerprint: str
    requested_fingerprint: str
    requested_at: int
    tick_id: str | None


class Run(NamedTuple):
    """A run: reserved once for its run key, executed by a worker or by an executor of your own."""

    run_id: str
    run_key: str
    request_fingerprint: str
    status: RunStatus
    schedule_id: str | None
    tick_id: str | None
    content: RequestContent
    code_version: str | None
    requested_at: int
    conflicts: tuple[RunConflict, ...] = ()


class Signature(NamedTuple):
    """Who did something by hand, and why (None if nothing was said)."""

    by: str
    note: str | None = None


class Event(NamedTuple):
    """One row of the event table, with its payload as in JSON; `by` and `note` are set for what was done by hand."""

    seq: int
    type: str
    idempotency_key: str
    schedule_id: str | None
    recorded_at: int
    payload: Mapping[str, Any]
    by: str | None = None
    note: str | None = None


class FinalRun(NamedTuple):
    """A run that a pruning removes, by the store's number, with its tick and the number of events about it."""

    run: int
    schedule: int
    origin: int
    instant: int
    run_id: str
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunedRuns:
    """Runs of a schedule that one pruning removed: those with `after < number <= through` that were final before
    `before`, or, with `unexecuted`, that nobody executed.

    `runs` is their number, `events` the number of their events, `last_for` the latest instant of their ticks.
    """

    schedule_id: str
    before: int
    after: int
    through: int
    unexecuted: bool
    last_for: int
    runs: int
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunedPart:
    """What one pruning removed from a schedule: its history through `through`, and the state that stays.

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
