"""What a store can be asked about the life of runs: the queue, what runs, the workers. Part of the port, like
`arco_sched.core.subjects`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from arco_sched.core.attempts import Attempt
from arco_sched.core.run_order import Running, Waiting
from arco_sched.core.runs import Group, Request, RunState


class Life(Protocol):
    """A run as decisions about its execution see it: the store's number of its schedule, its request, its state."""

    @property
    def schedule(self) -> int | None:
        """The store's number of its schedule."""

    @property
    def request(self) -> Request:
        """What is fixed about it."""

    @property
    def state(self) -> RunState:
        """What became of it so far."""

    @property
    def version(self) -> int | None:
        """The definition version that asked for it, None for a request by hand."""


class OpenAttempt(NamedTuple):
    """An attempt that was started and has not ended, with its run."""

    schedule: int | None
    request: Request
    state: RunState
    attempt: Attempt


SILENT: Final = 120
"""Seconds without a heartbeat after which a worker counts as gone where its lock can't be asked; it gives one each
30."""

FIRST_INTERVAL: Final = 300
"""Seconds for which a single visit counts, as if another one would follow."""

LONGEST_INTERVAL: Final = 90_000
"""Seconds: 25 hours, a day on which clocks are set back."""


PASSING: Final = ":once"
"""The end of the name of a worker that comes by and goes when nothing is left (`arco work --once`)."""


class Worker(NamedTuple):
    """A worker's last heartbeat."""

    worker: str
    host: str
    pid: int
    executor: str
    pools: tuple[str, ...]
    slots: int
    seen_at: int

    @property
    def stays(self) -> bool:
        """Whether it goes on taking runs until it is stopped."""
        return not self.worker.endswith(PASSING)


class Visit(NamedTuple):
    """When a worker that does not stay (`work --once`) took the runs of a pool last, and when before that (or None)."""

    executor: str
    pool: str
    visited_at: int
    before: int | None

    @property
    def interval(self) -> int | None:
        """Seconds between its last two visits; None if there was one, or they are more than a day apart: whoever
        calls it so, by hand it seems, promises nothing."""
        apart = None if self.before is None else self.visited_at - self.before
        return None if apart is None or apart > LONGEST_INTERVAL else apart

    def serves(self, now: int) -> bool:
        """Whether the pool counts as served: it is not long after the time for the next visit."""
        interval = FIRST_INTERVAL if self.interval is None else self.interval
        return -SILENT <= now - self.visited_at <= max(2 * interval, SILENT)


class Queue(Protocol):
    """The runs that wait, what runs beside them, and who works."""

    def lives(self, run_ids: Iterable[str]) -> Mapping[str, Life]:
        """The lives of runs by id."""

    def by_number(self, runs: Iterable[int]) -> Mapping[int, Life]:
        """The lives of runs by their numbers."""

    def last_number(self) -> int:
        """The number of the newest request."""

    def candidates(self, pools: Sequence[str], now: int, limit: int, through: int | None = None) -> list[Waiting]:
        """The first runs by rank of each pool that may start now (see `core.run_order`), at most `limit` a pool; only
        those requested through the number `through`."""

    def waiting(self, limit: int) -> list[Waiting]:
        """Runs that wait; at most `limit`."""

    def running_of(self, groups: Iterable[Group]) -> Mapping[Group, Sequence[Running]]:
        """What counts as running of each group."""

    def set_aside(self, run_ids: Iterable[str]) -> None:
        """These wait for others of their schedule: nobody looks at them before one of those is over."""

    def usage(self) -> dict[str, int]:
        """How many attempts are open in each pool."""

    def count_waiting(self) -> dict[str, int]:
        """How many runs wait in each pool."""

    def pools(self) -> dict[str, tuple[int, int | None]]:
        """(number of its last change, slots) of each pool that was ever set; slots None: no limit."""

    def open_attempts(self, executor: str) -> list[OpenAttempt]:
        """The open attempts of an executor, in the order of their runs."""

    def count_open(self, executor: str) -> int:
        """How many attempts of an executor are open."""

    def next_ready_after(self, now: int) -> int | None:
        """The first instant after `now` at which a run becomes ready, or is late."""

    def store_id(self) -> str | None:
        """What the folder of the attempts must hold too; None before the first worker."""

    def set_store_id(self, store_id: str) -> None:
        """From now on the folder of the attempts must hold this."""

    def visits(self) -> list[Visit]:
        """The last visits of workers that do not stay."""

    def workers(self) -> list[Worker]:
        """Every worker that was seen and did not say goodbye."""

    def see(self, worker: Worker) -> None:
        """A worker's heartbeat."""

    def forget(self, worker: str) -> None:
        """A worker that is gone."""

    def hooks_owed(self, limit: int) -> list[tuple[int, int, str | None]]:
        """(run, attempt, worker) of final runs whose hooks have not run, oldest first; `worker` has taken them."""

    def hooks_taken(self, ended: Iterable[tuple[int, int]], worker: str) -> None:
        """A worker is going to run the hooks of these ends, each (run, attempt)."""

    def hooks_done(self, ended: Iterable[tuple[int, int]], now: int, worker: str | None = None) -> None:
        """The hooks of these ends, each (run, attempt), which `worker` has taken, have run; None: there are none."""
