"""The state of schedules and their runs: what monitoring asks a store. Part of the port (`arco_sched.core.ports`).

The cost of each query grows with the number of schedules and of running and waiting runs, not with the history.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol


class FailedLast(NamedTuple):
    """A schedule whose last run that was executed to its end failed, at `ended_at` (None: nobody saw it end)."""

    schedule_id: str
    run_id: str
    ended_at: int | None


class Stale(NamedTuple):
    """A schedule without a success since `since`, although one is expected within `within_seconds`.

    `last_success_at` is None if there never was one.
    """

    schedule_id: str
    since: int
    within_seconds: int
    last_success_at: int | None


class Results(NamedTuple):
    """When the last success of a schedule ended, and how many milliseconds its last executed run took."""

    schedule_id: str
    last_success_at: int | None
    last_duration_ms: int | None


class Ready(NamedTuple):
    """A waiting run that since `since` only overlap, capacity or a missing worker can keep from starting."""

    run: int
    run_id: str
    schedule_id: str | None
    pool: str
    since: int


class WaitingCount(NamedTuple):
    """How many runs of a pool wait: until they are `due`, for a `retry`, for `overlap`, or `ready` to start."""

    pool: str
    stage: str
    runs: int


class Standing(Protocol):
    """How schedules and their runs stand."""

    def failed_last(self, now: int, limit: int) -> list[FailedLast]:
        """The schedules, neither paused at `now` nor deleted, whose last run that ended as `succeeded` or `failed` is
        `failed`, by id.

        The last one is the one that was due last: skipped and canceled runs do not count.
        """

    def stale(self, now: int, limit: int) -> list[Stale]:
        """The schedules that are stale at `now`, by id; see `Schedule.stale_after`."""

    def results(self) -> list[Results]:
        """What came of the runs of every schedule that is not deleted and has a finished run, sorted by id."""

    def ready(self, now: int, before: int, limit: int) -> list[Ready]:
        """Runs that wait for an attempt and could have started before the instant `before`, the longest waiting first.

        A run that others of its schedule kept waiting counts from when the last of those ended.
        """

    def waiting(self, now: int) -> list[WaitingCount]:
        """How many runs wait that a worker may take, by pool and by what they wait for."""

    def count_running(self) -> int:
        """How many attempts are open."""

    def worked_pools(self) -> set[str]:
        """The pools in which a worker's attempt is open."""

    def runs_due(self, since: int, through: int) -> dict[str, int]:
        """How many runs of ticks there are of each status, of instants after `since` and through `through`."""

    def run_buckets(
        self, schedules: Sequence[int], edges: Sequence[int], now: int, late: int
    ) -> Mapping[tuple[int, int], Mapping[str, int]]:
        """What became of the runs of ticks between each two edges, by (schedule, the bucket's number), empty ones
        absent: how many are `succeeded`, `failed`, `running`, `skipped`, `canceled`, `waiting`, and `late`, which could
        have started `late` seconds before `now`. A run without a command is not counted."""

    def waiting_of(self, schedule: int) -> list[str]:
        """The run ids of a schedule's runs that wait for an attempt and that a worker may take, oldest first."""
