"""Ticks and lapses."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from arco_sched.core.events import RUNS_PRUNED
from arco_sched.core.history import FinalRun, LapseRecord, PrunedPart, Tick
from arco_sched.core.identity import TickKey, tick_id
from arco_sched.core.subjects import LapseSpan
from arco_sched.store.sqlite import judging
from arco_sched.store.sqlite.filters import Filter

_TICK: Final = (
    "SELECT tick_id, schedule_id, scheduled_for, definition_version, status, skip_reason, error, run_key, run_id, "
    "request_fingerprint, evaluated_at FROM ticks "
)
_LAPSE: Final = "SELECT schedule_id, after, before, missed, reason, recorded_at FROM lapses "
_AMONG: Final = "IN (SELECT value FROM json_each(?))"


class History:
    """Queries about ticks and lapses (`arco_sched.core.subjects.History`)."""

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
        return None if row is None else judging.tick(row)

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
        return [judging.tick(row) for row in self._connection.execute(f"{_TICK}{where}{order}", (*where.values, limit))]

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
        return (judging.tick(row) for row in self._connection.execute(ask, (after, through)))

    def scheduled_instants(self, after: Mapping[int, int]) -> dict[int, list[int]]:
        """The instants of the scheduled ticks of each schedule after an instant of its own, in order."""
        found: dict[int, list[int]] = {schedule: [] for schedule in after}
        ask = (
            "SELECT t.schedule, t.instant FROM json_each(?) q CROSS JOIN tick_rows t "
            "ON t.schedule = json_extract(q.value, '$[0]') AND t.instant > json_extract(q.value, '$[1]') "
            "WHERE t.origin = 0 ORDER BY t.schedule, t.instant"
        )
        for schedule, instant in self._connection.execute(ask, (json.dumps(list(after.items())),)):
            if not judging.is_instant(instant):
                raise judging.damaged("a tick has no valid instant")
            found[schedule].append(instant)
        return found

    def served(self, schedule: int, start: int, stop: int) -> tuple[int, int]:
        """How many scheduled ticks of `[start, stop)` are triggered, and how many backfilled ones are there at instants
        without such a tick."""
        ask = (
            "SELECT coalesce(sum(origin = 0 AND status = 'triggered'), 0), coalesce(sum(origin = 1 AND NOT EXISTS "
            "(SELECT 1 FROM tick_rows o WHERE o.schedule = t.schedule AND o.instant = t.instant AND o.origin = 0 "
            "AND o.status = 'triggered')), 0) FROM tick_rows t WHERE schedule = ? AND instant >= ? AND instant < ?"
        )
        ran, backfilled = self._connection.execute(ask, (schedule, start, stop)).fetchone()
        return int(ran), int(backfilled)

    def statuses(self, schedule: int, start: int, stop: int) -> dict[tuple[int, int], str]:
        """The status of each tick in `[start, stop)`, by (instant, origin)."""
        ask = "SELECT instant, origin, status FROM tick_rows WHERE schedule = ? AND instant >= ? AND instant < ?"
        rows = self._connection.execute(ask, (schedule, start, stop))
        return {(instant, origin): status for instant, origin, status in rows}

    def failures(self, schedules: Sequence[int]) -> dict[tuple[int, int], int]:
        """When each (schedule, version) of the schedules failed."""
        ask = f"SELECT schedule, version, instant FROM tick_rows WHERE status = 'failed' AND schedule {_AMONG}"
        rows = self._connection.execute(ask, (json.dumps(list(schedules)),))
        return {(schedule, version): instant for schedule, version, instant in rows}

    def tick_counts(self, since: int, through: int) -> dict[str, int]:
        """How many ticks of each status were scheduled for an instant after `since` and through `through`."""
        ask = "SELECT status, count(*) FROM tick_rows WHERE instant > ? AND instant <= ? GROUP BY status"
        return dict(self._connection.execute(ask, (since, through)))

    def tick_buckets(self, schedules: Sequence[int], edges: Sequence[int]) -> dict[tuple[int, int], dict[str, int]]:
        """How many ticks of each status lie between each two edges, by (schedule, the bucket's number); empty ones are
        absent."""
        ask = (
            "SELECT s.value, b.key, t.status, count(*) FROM json_each(?) s CROSS JOIN json_each(?) b "
            "CROSS JOIN tick_rows t ON t.schedule = s.value AND t.instant >= json_extract(b.value, '$[0]') "
            "AND t.instant < json_extract(b.value, '$[1]') GROUP BY 1, 2, 3"
        )
        found: dict[tuple[int, int], dict[str, int]] = {}
        asked = (json.dumps(list(schedules)), json.dumps(list(pairwise(edges))))
        for schedule, bucket, status, count in self._connection.execute(ask, asked):
            found.setdefault((schedule, bucket), {})[status] = count
        return found

    def late_buckets(
        self, schedules: Sequence[int], edges: Sequence[int], late: int
    ) -> dict[tuple[int, int], tuple[int, int]]:
        """How many scheduled ticks between each two edges were evaluated more than `late` seconds after their instant,
        and by how much at most, by (schedule, the bucket's number)."""
        ask = (
            "SELECT s.value, b.key, count(*), max(t.recorded_at - t.instant) FROM json_each(?) s "
            "CROSS JOIN json_each(?) b CROSS JOIN tick_rows t ON t.schedule = s.value "
            "AND t.instant >= json_extract(b.value, '$[0]') AND t.instant < json_extract(b.value, '$[1]') "
            "WHERE t.origin = 0 AND t.recorded_at - t.instant > ? GROUP BY 1, 2"
        )
        asked = (json.dumps(list(schedules)), json.dumps(list(pairwise(edges))), late)
        rows = self._connection.execute(ask, asked)
        return {(schedule, bucket): (count, most) for schedule, bucket, count, most in rows}

    def evaluations(self, schedules: Sequence[int], start: int, stop: int) -> list[tuple[int, int]]:
        """The instants at which scheduled ticks in `[start, stop)` of the schedules were evaluated, in order, each with
        the oldest tick of it; ticks of before a schedule was created are left out."""
        ask = (
            "SELECT t.recorded_at, min(t.instant) FROM json_each(?) s CROSS JOIN tick_rows t ON t.schedule = s.value "
            "AND t.instant >= ? AND t.instant < ? WHERE t.origin = 0 AND t.instant >= "
            "(SELECT min(d.created_at) FROM definition_rows d WHERE d.schedule = s.value) GROUP BY 1 ORDER BY 1"
        )
        return list(self._connection.execute(ask, (json.dumps(list(schedules)), start, stop)))

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
        return [(judging.lapse(row[:-1]), row[-1]) for row in self._connection.execute(ask, (*where.values, limit))]

    def lapses_of(self, after: int, through: int) -> Iterator[LapseRecord]:
        """The lapses that the events of a range recorded, in the order of the events."""
        rows = self._connection.execute(_LAPSE + "WHERE lapse > ? AND lapse <= ? ORDER BY lapse", (after, through))
        return (judging.lapse(row) for row in rows)

    def lapse_at(self, schedule: int, at: int) -> LapseRecord | None:
        """The lapse that covers an instant."""
        row = self._connection.execute(
            _LAPSE + "WHERE schedule = ? AND after < ? AND before > ?", (schedule, at, at)
        ).fetchone()
        return None if row is None else judging.lapse(row)

    def lapses_within(self, schedules: Sequence[int], start: int, stop: int) -> dict[int, list[LapseRecord]]:
        """The lapses of each schedule that touch `[start, stop)`, in chronological order."""
        found: dict[int, list[LapseRecord]] = {schedule: [] for schedule in schedules}
        ask = (
            _LAPSE.replace(" FROM", ", schedule FROM")
            + f"WHERE schedule {_AMONG} AND before > ? AND after + 1 < ? ORDER BY after"
        )
        for *row, schedule in self._connection.execute(ask, (json.dumps(list(schedules)), start, stop)):
            found[schedule].append(judging.lapse(row))
        return found

    def lapses_beyond(self, schedules: Sequence[int], instant: int) -> dict[int, list[LapseSpan]]:
        """The lapses of each schedule that cover an instant after `instant`, in chronological order."""
        return spans(self._connection, schedules, instant + 1)

    def count_lapsed(self, since: int, through: int) -> int:
        """How many occurrences were recorded as lapsed after `since` and through `through`."""
        ask = "SELECT coalesce(sum(missed), 0) FROM lapse_rows WHERE recorded_at > ? AND recorded_at <= ?"
        return int(self._connection.execute(ask, (since, through)).fetchone()[0])

    def pruned_through(self, schedules: Sequence[int]) -> dict[int, int]:
        """The instant through which history was removed, of each schedule of which some was."""
        ask = (
            f"SELECT schedule, pruned_through FROM schedule_rows WHERE pruned_through IS NOT NULL AND schedule {_AMONG}"
        )
        return dict(self._connection.execute(ask, (json.dumps(list(schedules)),)))

    def final_runs(
        self, *, before: int, after: int, through: int, unexecuted: bool, room: int = -1, planned: bool = False
    ) -> list[FinalRun]:
        """The runs that a pruning removes; see the port."""
        from arco_sched.store.sqlite.final_runs import final_runs

        return final_runs(
            self._connection,
            before=before,
            after=after,
            through=through,
            unexecuted=unexecuted,
            room=room,
            planned=planned,
        )

    def runs_pruned_through(self, schedules: Sequence[int]) -> dict[int, int]:
        """The latest instant of the ticks whose runs were removed, of each schedule of which some were."""
        ask = (
            "SELECT schedule, CAST(strftime('%s', max(json_extract(payload, '$.last_for'))) AS INTEGER) FROM event_log "
            f"WHERE type NOT IN (2, 4) AND type = {RUNS_PRUNED.code} AND schedule {_AMONG} GROUP BY schedule"
        )
        found = self._connection.execute(ask, (json.dumps(list(schedules)),))
        return {schedule: instant for schedule, instant in found if instant is not None}

    def reaching_before(self, instant: int) -> list[int]:
        """The schedules that have a tick (but a failed one) or the end of a lapse before an instant."""
        ask = (
            "SELECT schedule FROM schedule_rows s WHERE EXISTS (SELECT 1 FROM tick_rows t "
            "WHERE t.schedule = s.schedule AND t.instant < :instant AND t.origin <> 2) "
            "OR EXISTS (SELECT 1 FROM lapse_rows l WHERE l.schedule = s.schedule AND l.before <= :instant) "
            "ORDER BY schedule"
        )
        return [schedule for (schedule,) in self._connection.execute(ask, {"instant": instant})]

    def prunable(self, schedule: int, before: int, room: int, after: int) -> PrunedPart | None:
        """What can go of a schedule's history before `before`, at most about `room` ticks; None if there is nothing
        after `after`.

        A lapse goes whole or stays whole, and nothing goes that is after the cursor.
        """
        ask = (
            "SELECT schedule_id, cursor, last_instant, last_run FROM schedule_rows JOIN schedule_ids USING (schedule) "
            "WHERE schedule = ?"
        )
        found = self._connection.execute(ask, (schedule,)).fetchone()
        if found is None:
            raise judging.damaged(f"schedule number {schedule} has no id")
        schedule_id_, cursor, last_instant, last_run = found
        judging.check_instants([cursor, last_instant, last_run], "a schedule")
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


def spans(connection: sqlite3.Connection, schedules: Sequence[int], ending_after: int) -> dict[int, list[LapseSpan]]:
    """The lapses of each schedule whose `before` is greater than an instant, in chronological order."""
    found: dict[int, list[LapseSpan]] = {schedule: [] for schedule in schedules}
    ask = (
        f"SELECT schedule, lapse, after, before, missed, reason FROM lapse_rows WHERE schedule {_AMONG} AND before > ? "
        "ORDER BY schedule, after, before"
    )
    for schedule, *row in connection.execute(ask, (json.dumps(list(schedules)), ending_after)):
        found[schedule].append(judging.lapse_span(row))
    return found
