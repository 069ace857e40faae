"""When schedules are due, or a worker has work, and the evaluator's visits. Imports nothing: cron pays each minute."""

from __future__ import annotations

from arco_sched.core.zone_rules import tzdata_release

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from arco_sched.core.evaluate import AgendaEntry


class Agenda:
    """One row a schedule: when the evaluator must look at it next (`arco_sched.core.subjects.Agenda`)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def zone_rules(self) -> str:
        """The tzdata release last recorded; empty, as none ever is, in a database that lacks the row."""
        row = self._connection.execute("SELECT zone_rules FROM workspace").fetchone()
        return "" if row is None else str(row[0])

    def is_due(self, now: int) -> bool:
        """Whether the evaluator must look at any schedule, also since it was planned under other zone rules; one look
        into an index, however many schedules there are."""
        ask = "SELECT 1 FROM agenda WHERE due_at <= ? UNION ALL SELECT 1 FROM agenda_elsewhere LIMIT 1"
        return self._connection.execute(ask, (now,)).fetchone() is not None

    def is_idle(self, executor: str, pool: str, now: int) -> bool:
        """Whether a worker has nothing to do: to start in this pool, to skip, to look after, or to run as a hook."""
        ask = (
            "SELECT EXISTS (SELECT 1 FROM workspace WHERE store_id IS NULL) "  # the first worker makes the runs folder
            "OR EXISTS (SELECT 1 FROM queue WHERE pool = ? AND aside = 0) "
            "OR EXISTS (SELECT 1 FROM queue WHERE aside = 2 AND ready_at <= ?) "
            "OR EXISTS (SELECT 1 FROM queue WHERE deadline_at < ?) "
            "OR EXISTS (SELECT 1 FROM run_states WHERE executor = ?) "
            "OR EXISTS (SELECT 1 FROM hook_rows WHERE done_at IS NULL)"
        )
        return not self._connection.execute(ask, (pool, now, now, executor)).fetchone()[0]

    def record_visit(self, now: int) -> None:
        """Record that the evaluator was here at `now`."""
        self._connection.execute("UPDATE workspace SET visited_at = ?", (now,))

    def expect_every(self, minutes: int | None) -> None:
        """Keep how many minutes are to lie between two evaluations, 1 to 60; None: nobody says."""
        self._connection.execute("UPDATE workspace SET evaluation_minutes = ?", (minutes,))

    def visited_at(self) -> int | None:
        """The `now` of the evaluator's last visit, None if there was none yet."""
        row = self._connection.execute("SELECT visited_at FROM workspace").fetchone()
        return None if row is None or row[0] is None else int(row[0])

    def record_work(self, executor: str, pools: Iterable[str], now: int) -> None:
        """Record that a worker came by at `now` (`work --once`) that takes the runs of these pools."""
        self._connection.executemany(
            "INSERT INTO visit_rows (executor, pool, visited_at) VALUES (?, ?, ?) ON CONFLICT (executor, pool) "
            "DO UPDATE SET before = iif(visited_at < excluded.visited_at, visited_at, NULL), "
            "visited_at = excluded.visited_at WHERE visited_at <> excluded.visited_at",
            [(executor, pool, now) for pool in pools],
        )

    def due(self, now: int) -> Sequence[int]:
        """The numbers of the schedules that the evaluator must look at, longest due first (8 bytes each)."""
        from array import array

        rows = self._connection.execute(
            "SELECT schedule FROM agenda WHERE due_at <= ? ORDER BY due_at, schedule", (now,)
        )
        return array("q", (schedule for (schedule,) in rows))

    def due_among(self, schedules: Sequence[int], now: int) -> set[int]:
        """Those of the schedules that the evaluator must (still) look at."""
        import json

        ask = "SELECT schedule FROM agenda WHERE schedule IN (SELECT value FROM json_each(?)) AND due_at <= ?"
        return {schedule for (schedule,) in self._connection.execute(ask, (json.dumps(list(schedules)), now))}

    def set(self, entries: Mapping[int, AgendaEntry | None]) -> None:
        """When the evaluator must look at each of these schedules next; None for never again."""
        self._connection.executemany(
            "DELETE FROM agenda WHERE schedule = ?",
            [(schedule,) for schedule, entry in entries.items() if entry is None],
        )
        self._connection.executemany(
            "INSERT INTO agenda (schedule, due_at, failing) VALUES (?, ?, ?) ON CONFLICT (schedule) DO UPDATE "
            "SET due_at = excluded.due_at, failing = excluded.failing "
            "WHERE due_at <> excluded.due_at OR failing <> excluded.failing",
            [(schedule, entry.due_at, entry.failing) for schedule, entry in entries.items() if entry is not None],
        )
        installed = tzdata_release()
        if self.zone_rules() != installed:
            self._connection.executemany(
                "INSERT OR REPLACE INTO agenda_elsewhere (schedule, zone_rules) VALUES (?, ?)",
                [(schedule, installed) for schedule in entries],
            )

    def entries(self, schedules: Sequence[int]) -> dict[int, tuple[int, bool]]:
        """(due_at, failing) of those of the schedules that will be due."""
        import json

        ask = "SELECT schedule, due_at, failing FROM agenda WHERE schedule IN (SELECT value FROM json_each(?))"
        rows = self._connection.execute(ask, (json.dumps(list(schedules)),))
        return {schedule: (due_at, bool(failing)) for schedule, due_at, failing in rows}

    def overdue(self, now: int) -> list[tuple[int, int]]:
        """(schedule, since when) of the schedules with occurrences that wait, longest first."""
        ask = "SELECT schedule, due_at FROM agenda WHERE due_at <= ? AND NOT failing ORDER BY due_at, schedule"
        return self._connection.execute(ask, (now,)).fetchall()

    def is_failing(self, schedule: int, now: int) -> bool:
        """Whether a version of the schedule that can't be evaluated asks for attention."""
        ask = "SELECT failing FROM agenda WHERE schedule = ? AND due_at <= ?"
        row = self._connection.execute(ask, (schedule, now)).fetchone()
        return row is not None and bool(row[0])

    def count_failing(self, now: int) -> int:
        """How many schedules ask for attention since their version in force can't be evaluated."""
        ask = "SELECT count(*) FROM agenda WHERE failing AND due_at <= ?"
        return int(self._connection.execute(ask, (now,)).fetchone()[0])

    def failing(self, now: int, limit: int) -> list[str]:
        """The ids of the first of them, longest first."""
        ask = (
            "SELECT schedule_id FROM agenda JOIN schedule_ids USING (schedule) WHERE failing AND due_at <= ? "
            "ORDER BY due_at, schedule LIMIT ?"
        )
        return [schedule_id for (schedule_id,) in self._connection.execute(ask, (now, limit))]

    def next_due_after(self, now: int) -> int | None:
        """The first instant after `now` at which something is due."""
        ask = (
            "SELECT min(due_at) FROM agenda WHERE due_at > ? "
            "AND schedule NOT IN (SELECT schedule FROM agenda_elsewhere)"
        )
        row = self._connection.execute(ask, (now,)).fetchone()
        return None if row[0] is None else int(row[0])
