"""Schedules and their definition versions."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from arco_sched.core.changes import Current
from arco_sched.core.definitions import RequestContent, Term, Version
from arco_sched.core.errors import DatabaseUnusable
from arco_sched.core.fields import content_of, definition_of, read_value
from arco_sched.core.history import Schedule
from arco_sched.core.instants import BEFORE_ALL
from arco_sched.core.policy import DEFAULT, Policy, policy_from
from arco_sched.core.subjects import About, State
from arco_sched.store.sqlite import judging
from arco_sched.store.sqlite.script import COLUMNS
from arco_sched.store.sqlite.standing import LAST_RUN_STATUS, LAST_SUCCESS_AT, STALE_AFTER

_TERM: Final = (
    "version, effective_from, start_at, end_at, enabled, deleted, cron_expression, timezone, dst_gap, "
    "dst_overlap, catchup_window_minutes, max_catchup_ticks, catchup_policy, content, policy, created_at, "
    "excluded_days, paused_until"
)
_VERSION: Final = (
    f"i.schedule_id, d.version, d.start_at, d.enabled, d.deleted, d.created_at, d.effective_from, d.end_at, c.body, "
    f"d.other, d.policy, {', '.join(f'd.{name}' for name in COLUMNS)}"
)
_WIDTH: Final = 11 + len(COLUMNS)
_VERSIONS: Final = (
    f"SELECT {_VERSION} FROM definition_rows d JOIN schedule_ids i USING (schedule) "
    "JOIN contents c USING (content) WHERE d.schedule = ? "
)
_SCHEDULES: Final = (
    f"SELECT {_VERSION}, s.cursor, s.last_instant, s.last_run, a.due_at, a.failing "
    "FROM schedule_ids i JOIN schedule_rows s USING (schedule) "
    "JOIN definition_rows d ON d.schedule = s.schedule AND d.version = s.version "
    "JOIN contents c USING (content) LEFT JOIN agenda a ON a.schedule = s.schedule "
)
_STANDING: Final = _SCHEDULES.replace(
    "a.failing FROM", f"a.failing, {LAST_RUN_STATUS}, {LAST_SUCCESS_AT}, {STALE_AFTER} FROM"
)
_LIFE: Final = (
    "SELECT coalesce(max(o.version), 0) FROM definition_rows o WHERE o.schedule = s.schedule AND o.deleted = 1 "
    "AND o.version < s.version"
)
_BEGIN: Final = (
    f"(SELECT min(o.effective_from) FROM definition_rows o WHERE o.schedule = s.schedule AND o.version > ({_LIFE}))"
)
# A tick after the cursor was made before a rewind, and accounts for its instant; so does a backfilled one.
_CURRENTS: Final = _SCHEDULES.replace(
    "a.failing FROM",
    "s.pruned_through IS NOT NULL, "
    "(SELECT min(o.effective_from) FROM definition_rows o WHERE o.schedule = s.schedule), "
    f"{_BEGIN}, "
    "(SELECT max(t.version) FROM tick_rows t WHERE t.schedule = s.schedule AND t.instant > s.cursor AND t.origin = 0), "
    f"({_LIFE}), (SELECT o.created_at FROM definition_rows o WHERE o.schedule = s.schedule AND o.version = ({_LIFE})), "
    f"s.cursor < {_BEGIN} AND EXISTS (SELECT 1 FROM tick_rows t WHERE t.schedule = s.schedule AND t.origin = 1 "
    f"AND t.version > ({_LIFE})) FROM",
)
_AMONG: Final = "IN (SELECT value FROM json_each(?))"


class Definitions:
    """Queries about schedules and versions (`arco_sched.core.subjects.Definitions`)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def about(self) -> About:
        """The one row about the database itself."""
        row = self._connection.execute(
            "SELECT name, zone_rules, visited_at, evaluation_minutes FROM workspace"
        ).fetchone()
        if row is None:
            raise DatabaseUnusable("the database is damaged (its workspace row is missing): restore a backup")
        return About(*row)

    # What the evaluator asks.

    def states(self, schedules: Sequence[int]) -> list[State]:
        """The states of those of the schedules that have a definition, in the order given."""
        among = json.dumps(list(schedules))
        terms: dict[int, list[Term]] = {}
        ask = (
            f"SELECT d.schedule, {_TERM} FROM definition_rows d JOIN schedule_rows s USING (schedule) "
            f"WHERE d.schedule {_AMONG} AND d.version >= coalesce((SELECT o.version FROM definition_rows o "
            "WHERE o.schedule = d.schedule AND o.effective_from <= s.cursor + 1 ORDER BY o.version DESC LIMIT 1), 0) "
            "ORDER BY d.schedule, d.version DESC"
        )
        for row in self._connection.execute(
            ask.replace("version, effective_from", "d.version, effective_from"), (among,)
        ):
            terms.setdefault(row[0], []).append(judging.term(row[1:]))
        ask = (
            "SELECT schedule, schedule_id, cursor, rewound_from FROM schedule_rows JOIN schedule_ids USING (schedule) "
            f"WHERE schedule {_AMONG}"
        )
        rows = {row[0]: row for row in self._connection.execute(ask, (among,))}
        if not all(judging.is_instant(row[2]) for row in rows.values()):
            raise judging.damaged("a cursor is no valid instant")
        ahead = self._ahead([row[0] for row in rows.values() if row[3] is not None and row[2] < row[3]])
        return [
            State(schedule, rows[schedule][1], rows[schedule][2], terms.get(schedule, []), ahead.get(schedule, ()))
            for schedule in schedules
            if schedule in rows
        ]

    def _ahead(self, schedules: list[int]) -> dict[int, list[int]]:
        """The instants of the scheduled ticks and of what was served after the cursor, of which there are some only
        after a rewind or a change of the zone rules."""
        found: dict[int, list[int]] = {}
        if schedules:
            ask = (
                "SELECT t.schedule, t.instant FROM schedule_rows s JOIN tick_rows t "
                f"ON t.schedule = s.schedule AND t.instant > s.cursor AND t.origin = 0 WHERE s.schedule {_AMONG} "
                "UNION SELECT v.schedule, v.instant FROM schedule_rows s JOIN served_rows v "
                f"ON v.schedule = s.schedule AND v.instant > s.cursor WHERE s.schedule {_AMONG} ORDER BY 1, 2"
            )
            for schedule, instant in self._connection.execute(ask, (json.dumps(schedules),) * 2):
                found.setdefault(schedule, []).append(instant)
        return found

    def state(self, schedule: int) -> State:
        """The state of one schedule."""
        found = self.states([schedule])
        if not found:
            raise judging.damaged(f"schedule number {schedule} has no definition")
        return found[0]

    def terms(self, schedule: int, after: int = BEFORE_ALL) -> list[Term]:
        """The definition versions, newest first, as far back as the one in force just after an instant."""
        found = []
        ask = f"SELECT {_TERM} FROM definition_rows WHERE schedule = ? ORDER BY version DESC"
        for row in self._connection.execute(ask, (schedule,)):
            term = judging.term(row)
            found.append(term)
            if term.effective_from <= after + 1:
                break
        return found

    def all_terms(self, schedules: Sequence[int]) -> dict[int, list[Term]]:
        """Every definition version of each of the schedules that has one, newest first."""
        found: dict[int, list[Term]] = {}
        ask = f"SELECT schedule, {_TERM} FROM definition_rows WHERE schedule {_AMONG} ORDER BY schedule, version DESC"
        for schedule, *term in self._connection.execute(ask, (json.dumps(list(schedules)),)):
            found.setdefault(schedule, []).append(judging.term(term))
        return found

    def numbers(self) -> list[int]:
        """The numbers of all schedules, deleted ones too, in ascending order."""
        ask = "SELECT schedule FROM schedule_rows ORDER BY schedule"
        return [schedule for (schedule,) in self._connection.execute(ask)]

    def touched_since(self, seq: int) -> list[int]:
        """The numbers of the schedules that events after `seq` are about."""
        ask = "SELECT DISTINCT schedule FROM event_log WHERE seq > ? AND schedule IS NOT NULL ORDER BY schedule"
        return [schedule for (schedule,) in self._connection.execute(ask, (seq,))]

    def ahead_of(self, clock: int, limit: int = -1) -> list[tuple[int, int]]:
        """(schedule, through) of those that are accounted for beyond a clock, or whose newest version takes effect, or
        starts, beyond it by what a later clock said; the furthest first."""
        ask = (
            "SELECT schedule, max(cursor, effective_from - 1, start_at - 1) FROM ("
            "SELECT s.schedule, CASE WHEN s.cursor > :clock AND s.cursor >= "
            "(SELECT min(o.effective_from) FROM definition_rows o WHERE o.schedule = s.schedule) "
            "THEN s.cursor ELSE :none END AS cursor, "
            "CASE WHEN d.effective_from > max(:clock, d.start_at) AND d.created_at > :clock THEN d.effective_from "
            "ELSE :none END AS effective_from, "
            "CASE WHEN d.start_at > :clock AND EXISTS (SELECT 1 FROM definition_rows o "
            "WHERE o.schedule = s.schedule AND o.created_at = d.start_at AND o.start_at = d.start_at) "
            "THEN d.start_at ELSE :none END AS start_at FROM schedule_rows s "
            "JOIN definition_rows d ON d.schedule = s.schedule AND d.version = s.version) "
            "WHERE max(cursor, effective_from, start_at) > :none ORDER BY 2 DESC, schedule LIMIT :limit"
        )
        asked = {"clock": clock, "none": BEFORE_ALL, "limit": limit}
        return self._connection.execute(ask, asked).fetchall()

    def fingerprints(self, contents: Iterable[int]) -> dict[int, str]:
        """The fingerprint of each request content."""
        wanted = list(contents)
        ask = f"SELECT content, fingerprint FROM contents WHERE content {_AMONG}"
        found = dict(self._connection.execute(ask, (json.dumps(wanted),)))
        if not found.keys() >= set(wanted):
            raise judging.damaged("what a run is asked to do is missing")
        return found

    # What people ask.

    def number(self, schedule_id: str) -> int | None:
        """The number of a schedule id, None if the id has no definition."""
        return self.numbers_of([schedule_id]).get(schedule_id)

    def numbers_of(self, schedule_ids: Iterable[str]) -> dict[str, int]:
        """The number of each schedule id that has a definition."""
        ask = (
            "SELECT schedule_id, schedule FROM schedule_ids JOIN schedule_rows USING (schedule) "
            f"WHERE schedule_id {_AMONG}"
        )
        return dict(self._connection.execute(ask, (json.dumps(list(schedule_ids)),)))

    def currents(self, schedule_ids: Sequence[str]) -> dict[str, Current]:
        """The newest definition version and the cursor of each schedule id that has one."""
        rows = self._connection.execute(f"{_CURRENTS}WHERE i.schedule_id {_AMONG}", (json.dumps(schedule_ids),))
        return {row[0]: _current(row) for row in rows}

    def version(self, schedule: int, number: int) -> Version:
        """One definition version."""
        row = self._connection.execute(f"{_VERSIONS}AND d.version = ?", (schedule, number)).fetchone()
        if row is None:
            raise judging.damaged(f"version {number} of a schedule is missing")
        return _version(row)

    def versions(self, schedule: int) -> list[Version]:
        """Every definition version, oldest first."""
        return [_version(row) for row in self._connection.execute(f"{_VERSIONS}ORDER BY d.version", (schedule,))]

    def schedule(self, schedule_id: str) -> Schedule | None:
        """A schedule as it stands, deleted or not."""
        row = self._connection.execute(f"{_STANDING}WHERE i.schedule_id = ?", (schedule_id,)).fetchone()
        return None if row is None else _schedule(row)

    def schedules(self, *, deleted: bool) -> Iterator[Schedule]:
        """Every schedule sorted by id, deleted ones only on request."""
        which = "" if deleted else "WHERE d.deleted = 0 "
        return (_schedule(row) for row in self._connection.execute(f"{_STANDING}{which}ORDER BY i.schedule_id"))

    def timezone(self, schedule_id: str) -> str | None:
        """The zone of a schedule's newest definition version, None if the id has none."""
        row = self._connection.execute(
            "SELECT d.timezone FROM schedule_ids i JOIN schedule_rows s USING (schedule) "
            "JOIN definition_rows d ON d.schedule = s.schedule AND d.version = s.version WHERE i.schedule_id = ?",
            (schedule_id,),
        ).fetchone()
        return None if row is None else str(row[0])

    def ids(self) -> list[str]:
        """The ids of the schedules that are not deleted, in order."""
        ask = (
            "SELECT i.schedule_id FROM schedule_ids i JOIN schedule_rows s USING (schedule) "
            "JOIN definition_rows d ON d.schedule = s.schedule AND d.version = s.version "
            "WHERE d.deleted = 0 ORDER BY i.schedule_id"
        )
        return [schedule_id for (schedule_id,) in self._connection.execute(ask)]

    def known_ids(self, limit: int) -> list[str]:
        """The ids of schedules, deleted ones too, in order; at most `limit`."""
        ask = "SELECT schedule_id FROM schedule_ids JOIN schedule_rows USING (schedule) ORDER BY schedule_id LIMIT ?"
        return [schedule_id for (schedule_id,) in self._connection.execute(ask, (limit,))]

    def count_by_state(self, now: int) -> dict[str, int]:
        """How many schedules are `enabled`, `paused` and `deleted` at `now`."""
        ask = (
            "SELECT CASE WHEN d.deleted THEN 'deleted' WHEN NOT d.enabled OR d.paused_until > ? THEN 'paused' "
            "ELSE 'enabled' END, count(*) "
            "FROM schedule_rows s JOIN definition_rows d USING (schedule, version) GROUP BY 1"
        )
        return dict(self._connection.execute(ask, (now,)))


def _current(row: Sequence[Any]) -> Current:
    cursor, _, _, _, was_pruned, first, begin, ahead, ended, deleted_at, filled = row[_WIDTH:]
    untouched = cursor < first and ahead is None and not was_pruned
    begun = cursor >= begin or (ahead is not None and ahead > ended) or (was_pruned and deleted_at is None) or filled
    return Current(_version(row), cursor, untouched, None if begun else begin, deleted_at)


def _version(row: Sequence[Any]) -> Version:
    schedule_id, number, start_at, enabled, deleted, created_at, effective_from, end_at, body, other, policy = row[:11]
    judging.check_instants([start_at, created_at, effective_from, end_at], "a definition version")
    values = dict(zip(COLUMNS, row[11:_WIDTH], strict=True)) | _other(other)
    values["excluded_days"] = () if values["excluded_days"] is None else _texts(values["excluded_days"])
    return Version(
        schedule_id=schedule_id,
        definition_version=number,
        definition=definition_of(values, request=content_from(body), policy=policy_of(policy), end_at=end_at),
        start_at=start_at,
        enabled=bool(enabled),
        deleted=bool(deleted),
        created_at=created_at,
        effective_from=effective_from,
    )


def _schedule(row: Sequence[Any]) -> Schedule:
    schedule_id = row[0]
    cursor, last_instant, last_run, due_at, failing, *standing = row[_WIDTH:]
    last_run_status, last_success_at, stale_after = standing or (None, None, None)
    judging.check_instants([cursor, last_instant, last_run, due_at, last_success_at], "a schedule")
    return Schedule(
        version=_version(row),
        cursor=cursor,
        last_scheduled_for=last_instant,
        last_tick_id=None if last_instant is None else f"{schedule_id}:{last_instant}",
        last_run_key=None if last_run is None else f"sched:{schedule_id}:{last_run}",
        next_due_at=None if failing else due_at,
        failing=bool(failing),
        last_run_status=last_run_status,
        last_success_at=last_success_at,
        stale_after=stale_after,
    )


@lru_cache(maxsize=1024)
def _texts(text: str) -> tuple[str, ...]:
    """The texts of a stored JSON list; raises `DatabaseUnusable` if they are not as they were written."""
    try:
        return tuple(json.loads(text))
    except judging.UNREADABLE:
        raise judging.damaged("a definition can't be read") from None


@lru_cache(maxsize=1024)
def _other(text: str) -> dict[str, Any]:
    """The values of a definition's other fields; raises `DatabaseUnusable` if they are not as they were written."""
    try:
        return {name: read_value(name, value) for name, value in json.loads(text).items()}
    except judging.UNREADABLE:
        raise judging.damaged("a definition can't be read") from None


@lru_cache(maxsize=1024)
def policy_of(text: str | None) -> Policy:
    """The execution policy of its stored text; raises `DatabaseUnusable` if it is not as it was written."""
    try:
        return DEFAULT if text is None else policy_from(json.loads(text))
    except judging.UNREADABLE:
        raise judging.damaged("how a run is to be executed can't be read") from None


@lru_cache(maxsize=1024)
def content_from(body: str) -> RequestContent:
    """The request content of a stored body; raises `DatabaseUnusable` if it is not as it was written."""
    try:
        return content_of(json.loads(body))
    except judging.UNREADABLE:
        raise judging.damaged("what a run is asked to do can't be read") from None
