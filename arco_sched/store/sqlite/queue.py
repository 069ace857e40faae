"""The queue: the runs that wait for an attempt, and those that run. It isn't folded but follows from the states."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from arco_sched.core.policy import EXTERNAL_POOL
from arco_sched.core.run_order import Running, Waiting, running, waiting
from arco_sched.core.run_subjects import OpenAttempt, Visit, Worker
from arco_sched.core.runs import Group
from arco_sched.store.sqlite.judging import UNREADABLE, damaged
from arco_sched.store.sqlite.life import Life, lives, numbers

T = TypeVar("T")

_READY: Final = 0
_BEHIND: Final = 1
"""Set aside: others of the schedule run, and the run heeds them. It comes back when one of them is over."""
_LATER: Final = 2
"""Not before `ready_at`."""

COLUMNS: Final = (
    *("run", "pool", "aside", "priority", "backfill", "due_at", "ready_at", "deadline_at", "schedule", "cancels"),
)
"""The columns of the queue."""

_AMONG: Final = "IN (SELECT value FROM json_each(?))"


class Queue:
    """What workers ask (`arco_sched.core.subjects.Queue`)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def lives(self, run_ids: Iterable[str]) -> dict[str, Life]:
        """The lives of runs by id."""
        found = numbers(self._connection, run_ids)
        known = lives(self._connection, found.values())
        return {run_id: known[number] for run_id, number in found.items()}

    def by_number(self, runs: Iterable[int]) -> dict[int, Life]:
        """The lives of runs by their numbers."""
        return lives(self._connection, runs)

    def last_number(self) -> int:
        """The number of the newest request."""
        return int(self._connection.execute("SELECT coalesce(max(run), 0) FROM run_rows").fetchone()[0])

    def candidates(self, pools: Sequence[str], now: int, limit: int, through: int | None = None) -> list[Waiting]:
        """The first runs by rank of each pool that may start now, and with them all of a schedule that cancel."""
        self._connection.execute(
            f"UPDATE queue SET aside = {_READY} WHERE run IN "
            f"(SELECT run FROM queue WHERE aside = {_LATER} AND ready_at <= ? ORDER BY ready_at LIMIT ?)",
            (now, limit),
        )
        found: list[int] = []
        last = 1 << 62 if through is None else through
        for pool in pools:
            ask = (
                f"SELECT run FROM queue WHERE pool = ? AND aside = {_READY} AND run <= ? "
                "ORDER BY priority DESC, backfill, due_at, run LIMIT ?"
            )
            found += [run for (run,) in self._connection.execute(ask, (pool, last, limit))]
        ask = "SELECT run FROM queue WHERE deadline_at < ? ORDER BY deadline_at LIMIT ?"
        found += [run for (run,) in self._connection.execute(ask, (now, limit))]
        ask = (
            f"SELECT q.run FROM queue q WHERE q.cancels = 1 AND q.schedule IN "
            f"(SELECT p.schedule FROM queue p WHERE p.run {_AMONG} AND p.schedule IS NOT NULL)"
        )
        found += [run for (run,) in self._connection.execute(ask, (json.dumps(found),))]
        known = lives(self._connection, dict.fromkeys(found))
        rows = (waiting(life.request, life.state) for life in known.values())
        return [row for row in rows if row is not None]

    def waiting(self, limit: int) -> list[Waiting]:
        """Runs that wait, in no particular order but the queue's; at most `limit`."""
        runs = [run for (run,) in self._connection.execute("SELECT run FROM queue LIMIT ?", (limit,))]
        rows = (waiting(life.request, life.state) for life in lives(self._connection, runs).values())
        return [row for row in rows if row is not None]

    def running_of(self, groups: Iterable[Group]) -> dict[Group, list[Running]]:
        """What counts as running of each group."""
        wanted = set(groups)
        if not wanted:
            return {}
        names = json.dumps(sorted({group.schedule_id for group in wanted}))
        ask = (
            "SELECT s.run FROM schedule_ids i JOIN run_states s ON s.schedule = i.schedule AND s.occupies = 1 "
            f"WHERE i.schedule_id {_AMONG}"
        )
        found: dict[Group, list[Running]] = {group: [] for group in wanted}
        for life in lives(self._connection, [run for (run,) in self._connection.execute(ask, (names,))]).values():
            row, group = running(life.request, life.state), life.request.group
            if row is not None and group in found:
                found[group].append(row)
        return found

    def set_aside(self, run_ids: Iterable[str]) -> None:
        """These wait for others of their schedule: nobody looks at them before one of those is over."""
        run_ids = list(run_ids)
        if not run_ids:
            return
        runs = numbers(self._connection, run_ids)
        self._connection.executemany(
            f"UPDATE queue SET aside = {_BEHIND} WHERE run = ? AND aside = {_READY}", [(run,) for run in runs.values()]
        )

    def usage(self) -> dict[str, int]:
        """How many attempts are open in each pool."""
        ask = "SELECT pool, count(*) FROM run_states WHERE executor IS NOT NULL GROUP BY pool"
        return _by_pool(self._connection.execute(ask))

    def count_waiting(self) -> dict[str, int]:
        """How many runs wait in each pool."""
        return _by_pool(self._connection.execute("SELECT pool, count(*) FROM queue GROUP BY pool"))

    def pools(self) -> dict[str, tuple[int, int | None]]:
        """(number of its last change, slots) of each pool that was ever set; slots None: no limit."""
        rows = self._connection.execute("SELECT * FROM pool_rows")
        return _by_pool((pool, (number, slots)) for pool, number, slots in rows)

    def open_attempts(self, executor: str) -> list[OpenAttempt]:
        """The open attempts of an executor, in the order of their runs."""
        ask = "SELECT run FROM run_states WHERE executor = ? ORDER BY run"
        known = lives(self._connection, [run for (run,) in self._connection.execute(ask, (executor,))])
        return [_open(life) for life in known.values() if life.state.open_attempt is not None]

    def count_open(self, executor: str) -> int:
        """How many attempts of an executor are open."""
        ask = "SELECT count(*) FROM run_states WHERE executor = ?"
        return int(self._connection.execute(ask, (executor,)).fetchone()[0])

    def next_ready_after(self, now: int) -> int | None:
        """The first instant after `now` at which a run becomes ready, or is late."""
        ask = (
            f"SELECT min(at) FROM (SELECT min(ready_at) AS at FROM queue WHERE aside = {_LATER} "
            "UNION ALL SELECT min(deadline_at) + 1 FROM queue WHERE deadline_at >= ?)"
        )
        row = self._connection.execute(ask, (now,)).fetchone()
        return None if row[0] is None else int(row[0])

    # Workers, and what is done once a run is final.

    def store_id(self) -> str | None:
        """What the folder of the attempts must hold too; None before the first worker."""
        row = self._connection.execute("SELECT store_id FROM workspace").fetchone()
        return None if row is None else row[0]

    def set_store_id(self, store_id: str) -> None:
        """From now on the folder of the attempts must hold this."""
        self._connection.execute("UPDATE workspace SET store_id = ?", (store_id,))

    def visits(self) -> list[Visit]:
        """The last visits of workers that do not stay."""
        ask = "SELECT executor, pool, visited_at, before FROM visit_rows ORDER BY executor, pool"
        return [Visit(*row) for row in self._connection.execute(ask)]

    def workers(self) -> list[Worker]:
        """Every worker that was seen and did not say goodbye."""
        ask = "SELECT worker, host, pid, executor, pools, slots, seen_at FROM worker_rows ORDER BY worker"
        return [
            Worker(worker, host, pid, executor, _pools(pools), slots, seen_at)
            for worker, host, pid, executor, pools, slots, seen_at in self._connection.execute(ask)
        ]

    def see(self, worker: Worker) -> None:
        """A worker's heartbeat."""
        self._connection.execute(
            "INSERT OR REPLACE INTO worker_rows (worker, host, pid, executor, pools, slots, seen_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*worker[:4], json.dumps(worker.pools), *worker[5:]),
        )

    def forget(self, worker: str) -> None:
        """A worker that is gone."""
        self._connection.execute("DELETE FROM worker_rows WHERE worker = ?", (worker,))

    def hooks_owed(self, limit: int) -> list[tuple[int, int, str | None]]:
        """(run, attempt, worker) of final runs whose hooks have not run, oldest first; `worker` has taken them."""
        ask = "SELECT run, attempt, worker FROM hook_rows WHERE done_at IS NULL ORDER BY run LIMIT ?"
        return self._connection.execute(ask, (limit,)).fetchall()

    def hooks_taken(self, ended: Iterable[tuple[int, int]], worker: str) -> None:
        """A worker is going to run the hooks of these ends, each (run, attempt)."""
        self._connection.executemany(
            "UPDATE hook_rows SET worker = ? WHERE run = ? AND attempt = ?", [(worker, *each) for each in ended]
        )

    def hooks_done(self, ended: Iterable[tuple[int, int]], now: int, worker: str | None = None) -> None:
        """The hooks of these ends, each (run, attempt), which `worker` has taken, have run; None: there are none."""
        self._connection.executemany(
            "UPDATE hook_rows SET done_at = ? WHERE run = ? AND attempt = ? AND worker IS ?",
            [(now, *each, worker) for each in ended],
        )


def _open(life: Life) -> OpenAttempt:
    attempt = life.state.open_attempt
    if attempt is None:
        raise AssertionError
    return OpenAttempt(life.schedule, life.request, life.state, attempt)


# What `append` does after the fold.


def request(connection: sqlite3.Connection, after: int, through: int) -> None:
    """Put the runs that the events of a range requested into the queue, where a worker could take them."""
    ask = (
        "SELECT r.run FROM run_rows r JOIN contents c ON c.content = r.content "
        "WHERE r.run > ? AND r.run <= ? AND c.content IN (SELECT content FROM contents "
        "WHERE json_extract(body, '$.command') IS NOT NULL)"
    )
    runs = [run for (run,) in connection.execute(ask, (after, through))]
    for first in range(0, len(runs), 1000):
        refresh(connection, lives(connection, runs[first : first + 1000]))


def go_on(connection: sqlite3.Connection, run_ids: Iterable[str]) -> None:
    """Bring the queue to the states of runs that went on; what waited behind them is looked at again."""
    known = lives(connection, numbers(connection, run_ids).values())
    refresh(connection, known)
    groups = {(life.schedule, life.request.source == "backfill") for life in known.values() if life.schedule}
    for schedule, backfill in groups:
        connection.execute(
            f"UPDATE queue SET aside = {_READY} WHERE run IN "
            f"(SELECT run FROM queue WHERE schedule = ? AND backfill = ? AND aside = {_BEHIND} "
            "ORDER BY priority DESC, due_at, run LIMIT 2)",
            (schedule, backfill),
        )
    # A retry by hand may be followed by another end with the same last attempt, which has hooks of its own.
    connection.executemany(
        "DELETE FROM hook_rows WHERE run = ? AND attempt = ?",
        [(run, life.state.attempts) for run, life in known.items() if life.state.round and not life.state.final],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO hook_rows (run, attempt) VALUES (?, ?)",
        [(run, life.state.attempts) for run, life in known.items() if life.state.final],
    )


def refresh(connection: sqlite3.Connection, known: Mapping[int, Life]) -> None:
    """The queue's rows of these runs, from their states."""
    rows: list[tuple[Any, ...]] = []
    gone = []
    for run, life in known.items():
        row = row_of(run, life)
        if row is None:
            gone.append((run,))
        else:
            rows.append(row)
    connection.executemany("DELETE FROM queue WHERE run = ?", gone)
    connection.executemany(
        f"INSERT OR REPLACE INTO queue ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})", rows
    )


def row_of(run: int, life: Life) -> tuple[Any, ...] | None:
    """The queue's row of a run (`COLUMNS`), as nobody has looked at it; None for one that no worker may take now."""
    row = waiting(life.request, life.state)
    if row is None or row.external or row.pool == EXTERNAL_POOL:
        return None
    aside = _READY if row.ready_at is None else _LATER
    group = life.schedule if row.group is not None and row.stage != "retry" else None
    rank = (row.priority, row.backfill, row.due_at)
    return (run, row.pool, aside, *rank, row.ready_at, row.deadline_at, group, row.overlap == "cancel")


def _by_pool(rows: Iterable[tuple[Any, T]]) -> dict[str, T]:
    """What there is of each pool; one without a name is damage."""
    found = dict(rows)
    if not all(isinstance(pool, str) for pool in found):
        raise damaged("a pool has no name")
    return found


def _pools(text: str) -> tuple[str, ...]:
    """The pools of a worker, as they are stored."""
    try:
        return tuple(map(str, json.loads(text)))
    except UNREADABLE:
        raise damaged("the pools of a worker can't be read") from None
