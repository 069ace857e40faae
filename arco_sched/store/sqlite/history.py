"""Ticks and lapses."""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from arco_sched.core.history import LapseRecord, PrunedPart, Tick
from arco_sched.core.identity import TickKey, tick_id
from arco_sched.core.subjects import LapseSpan
from arco_sched.store.sqlite.filters import Filter

_TICK: Final = (
    "SELECT tick_id, schedule_id, scheduled_for, definition_version, status, skip_reason, error, run_key, run_id, "
    "request_fingerprint, evaluated_at FROM ticks "
)
_LAPSE: Final = "SELECT schedule_id, after, before, missed, reason, recorded_at FROM lapses "


class History:
    """Questions about ticks and lapses (`arco_sched.core.subjects.History`)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def tick(self, schedule: int, key: TickKey) -> Tick | None:
        """One tick by what its id says."""
        if key.origin == "failed":
            row = self._connection.execute(
                _TICK + "WHERE schedule = ? AND definition_version = ? AND status = 'failed'", (schedule, key.number)
            ).fetchone()
        else:
            row = self._connection.execute(
                _TICK + "WHERE schedule = ? AND scheduled_for = ? AND tick_id = ?",
                (schedule, key.number, tick_id(*key)),
            ).fetchone()
        return None if row is None else Tick(*row)

    def ticks(
        self,
        *,
        schedule: int | None = None,
        status: str | None = None,
        since: int | None = None,
        until: int | None = None,
        before: tuple[int, str] | None = None,
        limit: int,
    ) -> list[Tick]:
        """Ticks with `since <= scheduled_for < until`, newest first by (scheduled_for, tick_id), below `before`."""
        where = Filter().add("schedule = ?", schedule, when=schedule is not None)
        # The status is written out, not bound: only so does SQLite know that a partial index serves.
        where.add(f"status = '{status}'", when=status in {"triggered", "skipped", "failed"})
        where.add("scheduled_for >= ?", since, when=since is not None)
        where.add("scheduled_for < ?", until, when=until is not None)
        where.add("(scheduled_for, tick_id) < (?, ?)", *(before or ()), when=before is not None)
        order = "ORDER BY scheduled_for DESC, tick_id DESC LIMIT ?"
        return [Tick(*row) for row in self._connection.execute(f"{_TICK}{where}{order}", (*where.values, limit))]

    def ticks_of(self, after: int, through: int) -> Iterator[Tick]:
        """The ticks that the events of a range made, in the order of the events."""
        ask = (
            "SELECT t.tick_id, t.schedule_id, t.scheduled_for, t.definition_version, t.status, t.skip_reason, t.error, "
            "t.run_key, t.run_id, t.request_fingerprint, t.evaluated_at "
            "FROM event_log e "
            "CROSS JOIN tick_rows k ON k.schedule = e.schedule AND k.instant = e.instant AND k.origin = e.origin "
            "CROSS JOIN ticks t ON t.schedule = k.schedule AND t.scheduled_for = k.instant AND t.tick_id = k.tick_id "
            "WHERE e.seq > ? AND e.seq <= ? AND e.type = 2 ORDER BY e.seq"
        )
        return (Tick(*row) for row in self._connection.execute(ask, (after, through)))

    def scheduled_instants(self, schedule: int, after: int) -> list[int]:
        """The instants of the scheduled ticks after `after`, in order."""
        ask = "SELECT instant FROM tick_rows WHERE schedule = ? AND instant > ? AND origin = 0 ORDER BY instant"
        return [instant for (instant,) in self._connection.execute(ask, (schedule, after))]

    def status_at(self, schedule: int, instant: int, origin: int) -> str | None:
        """The status of the tick of an origin at an instant, None where there is none."""
        ask = "SELECT status FROM tick_rows WHERE schedule = ? AND instant = ? AND origin = ?"
        row = self._connection.execute(ask, (schedule, instant, origin)).fetchone()
        return None if row is None else str(row[0])

    def tick_counts(self, since: int, through: int) -> dict[str, int]:
        """How many ticks of each status were scheduled for an instant after `since` and through `through`."""
        ask = "SELECT status, count(*) FROM tick_rows WHERE instant > ? AND instant <= ? GROUP BY status"
        return dict(self._connection.execute(ask, (since, through)))

    def tick_buckets(self, schedule: int, edges: Sequence[int]) -> dict[int, dict[str, int]]:
        """How many ticks of each status lie between each two edges, by the bucket's number; empty ones are absent."""
        ask = (
            "SELECT status, count(*) FROM tick_rows WHERE schedule = ? AND instant >= ? AND instant < ? GROUP BY status"
        )
        found = {}
        for number, (start, stop) in enumerate(pairwise(edges)):
            counts = dict(self._connection.execute(ask, (schedule, start, stop)))
            if counts:
                found[number] = counts
        return found

    def lapses(
        self,
        *,
        schedule: int | None = None,
        reason: str | None = None,
        since: int | None = None,
        until: int | None = None,
        before: int | None = None,
        limit: int,
    ) -> list[tuple[LapseRecord, int]]:
        """Lapses that touch `[since, until)`, newest record first, below the key `before`; each with its key."""
        where = Filter().add("schedule = ?", schedule, when=schedule is not None)
        where.add("reason = ?", reason, when=reason is not None)
        where.add("before > ?", since, when=since is not None)
        where.add("after + 1 < ?", until, when=until is not None)
        where.add("lapse < ?", before, when=before is not None)
        ask = _LAPSE.replace(" FROM", ", lapse FROM") + f"{where}ORDER BY lapse DESC LIMIT ?"
        return [(LapseRecord(*row[:-1]), row[-1]) for row in self._connection.execute(ask, (*where.values, limit))]

    def lapses_of(self, after: int, through: int) -> Iterator[LapseRecord]:
        """The lapses that the events of a range recorded, in the order of the events."""
        rows = self._connection.execute(_LAPSE + "WHERE lapse > ? AND lapse <= ? ORDER BY lapse", (after, through))
        return (LapseRecord(*row) for row in rows)

    def lapse_at(self, schedule: int, at: int) -> LapseRecord | None:
        """The lapse that covers an instant."""
        row = self._connection.execute(
            _LAPSE + "WHERE schedule = ? AND after < ? AND before > ?", (schedule, at, at)
        ).fetchone()
        return None if row is None else LapseRecord(*row)

    def lapses_within(self, schedule: int, start: int, stop: int) -> list[LapseRecord]:
        """The lapses that touch `[start, stop)`, in the order of time."""
        rows = self._connection.execute(
            _LAPSE + "WHERE schedule = ? AND before > ? AND after + 1 < ? ORDER BY after", (schedule, start, stop)
        )
        return [LapseRecord(*row) for row in rows]

    def lapses_beyond(self, schedule: int, instant: int) -> list[LapseSpan]:
        """The lapses of a schedule that cover an instant after `instant`, in the order of time."""
        ask = (
            "SELECT lapse, after, before, missed, reason FROM lapse_rows WHERE schedule = ? AND before > ? "
            "ORDER BY after, before"
        )
        return [LapseSpan(*row) for row in self._connection.execute(ask, (schedule, instant + 1))]

    def count_lapsed(self, since: int, through: int) -> int:
        """How many occurrences were recorded as lapsed after `since` and through `through`."""
        ask = "SELECT coalesce(sum(missed), 0) FROM lapse_rows WHERE recorded_at > ? AND recorded_at <= ?"
        return int(self._connection.execute(ask, (since, through)).fetchone()[0])

    def pruned_through(self, schedule: int) -> int | None:
        """The instant through which the history of a schedule was removed, None where none was."""
        row = self._connection.execute(
            "SELECT pruned_through FROM schedule_rows WHERE schedule = ?", (schedule,)
        ).fetchone()
        return None if row[0] is None else int(row[0])

    def prunable(self, schedule: int, before: int, room: int, after: int) -> PrunedPart | None:
        """What can go of a schedule's history before `before`, at most about `room` ticks; None where there is nothing
        after `after`.

        A lapse goes whole or stays whole, and nothing goes that is after the cursor.
        """
        schedule_id_, cursor, last_instant, last_run = self._connection.execute(
            "SELECT schedule_id, cursor, last_instant, last_run FROM schedule_rows JOIN schedule_ids USING (schedule) "
            "WHERE schedule = ?",
            (schedule,),
        ).fetchone()
        through = min(before - 1, cursor)
        ask = (
            "SELECT instant FROM tick_rows WHERE schedule = ? AND instant > ? AND instant <= ? AND origin <> 2 "
            "ORDER BY instant LIMIT 1 OFFSET ?"
        )
        row = self._connection.execute(ask, (schedule, after, through, room)).fetchone()
        if row is not None:
            through = row[0]
        ask = "SELECT min(after) FROM lapse_rows WHERE schedule = ? AND after < ? AND before > ? + 1"
        cut = self._connection.execute(ask, (schedule, through, through)).fetchone()[0]
        if cut is not None:
            through = cut
        if through <= after:
            return None
        ticks, others = self._connection.execute(
            "SELECT coalesce(sum(origin = 0), 0), coalesce(sum(origin IN (1, 3)), 0) FROM tick_rows "
            "WHERE schedule = ? AND instant <= ?",
            (schedule, through),
        ).fetchone()
        records, missed, uncounted = self._connection.execute(
            "SELECT count(*), coalesce(sum(missed), 0), coalesce(sum(missed IS NULL), 0) FROM lapse_rows "
            "WHERE schedule = ? AND before <= ? + 1",
            (schedule, through),
        ).fetchone()
        if not ticks + others + records:
            return None
        return PrunedPart(
            schedule_id=schedule_id_,
            through=through,
            cursor=cursor,
            last_instant=last_instant,
            last_run=last_run,
            ticks=int(ticks),
            missed=int(missed),
            uncounted=int(uncounted),
            others=int(others),
            lapses=int(records),
        )
