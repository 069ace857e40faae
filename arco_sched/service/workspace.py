"""The use cases, one transaction each: what the command line and Python users call.

A `Workspace` is one database. Instants are integer epochs throughout; nothing here reads a clock, so every use case
that decides something takes `now`.

What only some of the use cases need is imported by them: an evaluation, which cron calls each minute, pays for its own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import TYPE_CHECKING, Any

from arco_sched.core import changes, fields, identity
from arco_sched.core.cron import load_zone, timetable, tzdata_release
from arco_sched.core.definitions import Definition, RequestContent, Version, Wanted
from arco_sched.core.errors import Conflict, InvalidInput, NotFound
from arco_sched.core.evaluate import discard, occurrences, stretches, waiting
from arco_sched.core.events import TYPES
from arco_sched.core.history import (
    LAPSE_REASONS,
    RUN_STATUSES,
    TICK_STATUSES,
    Event,
    LapseRecord,
    Rewinding,
    Run,
    Schedule,
    Tick,
    TickDetail,
)
from arco_sched.core.instants import BEFORE_ALL, MAX_INSTANT
from arco_sched.core.kinds import text_problems
from arco_sched.service.answers import (
    Applied,
    Backfill,
    Change,
    Evaluation,
    Page,
    PreviewedOccurrence,
    Pruning,
    Requested,
    ScheduleChange,
    ScheduleDetail,
    Status,
    Timeline,
    Triggered,
    Verification,
    VersionChange,
    Why,
)
from arco_sched.service.definitions import checked, normal, raise_any, warnings
from arco_sched.service.evaluation import BATCH, Progress, perform, rehearse
from arco_sched.service.lists import DEFAULT_LIMIT, check_choice, check_limit, keyed_page, number_cursor, tick_cursor
from arco_sched.service.not_found import missing
from arco_sched.service.zone_rules import replan
from arco_sched.store.sqlite import append as writing
from arco_sched.store.sqlite import reading
from arco_sched.store.sqlite.database import BUSY_TIMEOUT, Database
from arco_sched.store.sqlite.fold import learn

if TYPE_CHECKING:
    from arco_sched.service.upkeep import Progress as PruningProgress
    from arco_sched.service.verification.recount import Progress as VerificationProgress


class Workspace:
    """One database: define schedules, evaluate them, ask what happened.

    Every method raises an `ArcoError` whose text is one line for a person. What raises has changed nothing, but for a
    request that conflicts, which is recorded before `Conflict` says so.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        try:
            with database.read() as connection:
                self.name = reading.workspace(connection).name
        except BaseException:
            database.close()
            raise

    @classmethod
    def open(cls, path: str | Path, *, busy_timeout: float = BUSY_TIMEOUT) -> "Workspace":
        """An existing database; raises `DatabaseUnusable` when there is none or it can't be used.

        `busy_timeout` is how many seconds to wait for another writer.
        """
        return cls(Database.open(Path(path), busy_timeout=busy_timeout))

    @classmethod
    def create(cls, path: str | Path, name: str | None = None, *, busy_timeout: float = BUSY_TIMEOUT) -> "Workspace":
        """The database at `path`, made when there is none; `name` (default `default`) is the key of all run ids.

        Raises `Conflict` when it exists under another name than one that is given.
        """
        if name is not None:
            raise_any(text_problems("name", name))
        database, made = Database.create(
            Path(path), workspace=name or "default", zone_rules=tzdata_release(), busy_timeout=busy_timeout
        )
        workspace = cls(database)
        workspace.made = made
        if name is not None and workspace.name != name:
            database.close()
            raise Conflict(
                f"{path} exists and its workspace is {workspace.name!r}, which is fixed: it was left as it is"
            )
        return workspace

    made = False
    """Whether `create` made the database just now."""

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def __enter__(self) -> "Workspace":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Definitions.

    def create_schedule(
        self,
        schedule_id: str,
        definition: Definition,
        *,
        now: int,
        start_at: int | None = None,
        enabled: bool | None = None,
    ) -> ScheduleChange:
        """Create a schedule, or re-create a deleted one; the same content again is `unchanged`.

        Occurrences count from `start_at` (default: now) on. Raises `InvalidInput`, and `Conflict` where the id exists
        with other content.
        """
        definition = checked(definition, schedule_id)

        def decide(current: changes.Current | None) -> Version | None:
            return changes.create(schedule_id, definition, current, now, start_at=start_at, enabled=enabled)

        return self._change(schedule_id, decide, "created", now)

    def update_schedule(
        self,
        schedule_id: str,
        values: Mapping[str, Any],
        *,
        now: int,
        enabled: bool | None = None,
        expect_version: int | None = None,
        discard_waiting: bool = False,
    ) -> ScheduleChange:
        """Replace some fields of the definition, by their names in `Definition` and `RequestContent`, and enable or
        disable with it.

        Occurrences before `now` stay with the version that was in force; `discard_waiting` lapses those that wait.
        """

        def decide(current: changes.Current | None) -> Version | None:
            newest = changes.existing(schedule_id, current)
            definition = checked(fields.merge(newest.definition, values), schedule_id)
            return changes.change(
                schedule_id, current, now, definition=definition, enabled=enabled, expect_version=expect_version
            )

        return self._change(schedule_id, decide, "updated", now, discard_waiting=discard_waiting)

    def set_enabled(
        self,
        schedule_id: str,
        enabled: bool,
        *,
        now: int,
        expect_version: int | None = None,
        discard_waiting: bool = False,
    ) -> ScheduleChange:
        """Enable or disable (pause) a schedule; occurrences under a disabled version become `skipped` ticks."""

        def decide(current: changes.Current | None) -> Version | None:
            return changes.change(schedule_id, current, now, enabled=enabled, expect_version=expect_version)

        return self._change(schedule_id, decide, "updated", now, discard_waiting=discard_waiting)

    def delete_schedule(
        self, schedule_id: str, *, now: int, expect_version: int | None = None, discard_waiting: bool = False
    ) -> ScheduleChange:
        """End a schedule: nothing after it is due, its history stays."""

        def decide(current: changes.Current | None) -> Version | None:
            return changes.delete(schedule_id, current, now, expect_version=expect_version)

        return self._change(schedule_id, decide, "deleted", now, discard_waiting=discard_waiting)

    def _change(
        self,
        schedule_id: str,
        decide: Callable[[changes.Current | None], Version | None],
        change: Change,
        now: int,
        *,
        discard_waiting: bool = False,
    ) -> ScheduleChange:
        changes.check_schedule_id(schedule_id)
        with self._database.write() as connection:
            learn(connection, self.name)
            return self._change_within(connection, schedule_id, decide, change, now, discard_waiting=discard_waiting)

    @classmethod
    def _change_within(
        cls,
        connection: Connection,
        schedule_id: str,
        decide: Callable[[changes.Current | None], Version | None],
        change: Change,
        now: int,
        *,
        discard_waiting: bool = False,
    ) -> ScheduleChange:
        """One change, in the transaction that the caller has opened."""
        schedule = reading.schedule_number(connection, schedule_id)
        current = reading.current(connection, schedule)
        if current is None and change != "created":
            raise missing(connection, schedule_id)
        version = decide(current)
        count = discarded = 0
        writer = writing.Writer(connection, now)
        if schedule is not None and current is not None:
            state = reading.state(connection, schedule)
            before = max(now, state.cursor + 1) if version is None else version.effective_from
            count = waiting(state.terms, state.cursor, before, state.ahead)
            if discard_waiting:
                for lapse in discard(state.terms, state.cursor, before, state.ahead):
                    writer.lapse(schedule, schedule_id, lapse)
                    discarded += lapse.missed or 0
        if version is not None:
            schedule = writer.definition(version)
        writer.finish()
        if schedule is None:
            raise AssertionError
        replan(connection, writer, schedule)
        answer = cls._schedule(connection, schedule_id)
        said = () if version is None or version.deleted else warnings(version)
        return ScheduleChange(answer, "unchanged" if version is None else change, count, discarded, said)

    def apply(
        self,
        wanted: Iterable[Wanted],
        *,
        now: int,
        prune: bool = False,
        dry_run: bool = False,
        refuse: Callable[[Version, Wanted], str | None] | None = None,
    ) -> Applied:
        """Make every schedule what a file says it should be, all of them or none; with `dry_run`, what that would be.

        A deleted id is re-created; `prune` deletes the schedules that are not `wanted`. `refuse` may say of a schedule
        that is there, and would be changed, why it must not be. Raises `InvalidFields` with every problem found, and
        `Conflict` with every refusal.
        """
        from arco_sched.service import apply as applying

        transaction = self._database.read if dry_run else self._database.write
        with transaction() as connection:
            learn(connection, self.name)

            def current(schedule_id: str) -> changes.Current | None:
                return reading.current(connection, reading.schedule_number(connection, schedule_id))

            listed = [schedule.version for schedule in reading.schedules(connection, deleted=False)]
            plan = applying.plan(wanted, current, listed, now, prune=prune, refuse=refuse)
            done = []
            for step in plan.steps:
                count = 0
                if step.version is not None and dry_run:
                    count = self._waiting(connection, step.version)
                elif step.version is not None:
                    decided = partial(_decided, step.version)
                    count = self._change_within(connection, step.schedule_id, decided, step.change, now).waiting
                done.append(step.answer(count))
        return Applied(tuple(done), plan.unlisted, dry_run)

    @staticmethod
    def _waiting(connection: Connection, version: Version) -> int:
        """How many occurrences before this version, which is not recorded yet, are not accounted for."""
        schedule = reading.schedule_number(connection, version.schedule_id)
        if schedule is None:
            return 0
        state = reading.state(connection, schedule)
        return waiting(state.terms, state.cursor, version.effective_from, state.ahead)

    @staticmethod
    def _schedule(connection: Connection, schedule_id: str) -> Schedule:
        schedule = reading.schedule(connection, schedule_id)
        if schedule is None:
            raise missing(connection, schedule_id)
        return schedule

    # Evaluation.

    def evaluate(
        self,
        now: int,
        *,
        schedules: Iterable[str] = (),
        dry_run: bool = False,
        progress: Progress | None = None,
        batch: int = BATCH,
    ) -> Evaluation:
        """One evaluation: every occurrence through `now` of the named schedules (default: all) becomes a tick, lapses,
        or waits for the next one; with `dry_run`, what that would be.

        It works in transactions of at most `batch` ticks, each of which reads the schedules' state anew; one that is
        cut short loses nothing, the next evaluation goes on where it was. Raises `NotFound` for a schedule that is not
        there.
        """
        if dry_run:
            return rehearse(self._database, self.name, now, schedules)
        return perform(self._database, self.name, now, schedules, progress, batch)

    def rewind(self, *, now: int, schedules: Iterable[str] = (), dry_run: bool = False) -> list[Rewinding]:
        """Bring every cursor (or those of the named schedules) that is ahead of `now` back to it; see `Rewinding`.

        For after a clock that was wrong. Doing it again finds nothing. Raises `NotFound` for a schedule that is not
        there.
        """
        from arco_sched.core.rewind import rewind

        found = []
        transaction = self._database.read if dry_run else self._database.write
        with transaction() as connection:
            learn(connection, self.name)
            numbers = [self._number(connection, name) for name in dict.fromkeys(schedules)]
            for schedule in numbers or reading.ahead_of(connection, now):
                state = reading.state(connection, schedule)
                terms = reading.terms(connection, schedule, BEFORE_ALL)
                spans = reading.lapses_beyond(connection, schedule, now)
                since = min([now, *(span.after for span in spans)])
                ticks = reading.scheduled_instants(connection, schedule, since)
                lapses = [(span.seq, span.after, span.before, span.missed) for span in spans]
                rewinding = rewind(state.schedule_id, terms, state.cursor, lapses, ticks, now)
                if rewinding is None:
                    continue
                found.append(rewinding)
                if not dry_run:
                    writer = writing.Writer(connection, now)
                    writer.rewind(schedule, rewinding)
                    writer.finish()
                    replan(connection, writer, schedule)
        return found

    def discard(self, schedule_id: str, *, now: int, dry_run: bool = False) -> list[LapseRecord]:
        """Lapse what waits of a schedule through `now`, with reason `discarded`; returns the lapses recorded.

        Raises `NotFound` for an id that is not there; a deleted one may still have occurrences that wait.
        """
        transaction = self._database.read if dry_run else self._database.write
        with transaction() as connection:
            learn(connection, self.name)
            schedule = self._number(connection, schedule_id)
            state = reading.state(connection, schedule)
            lapses = discard(state.terms, state.cursor, now + 1, state.ahead)
            if lapses and not dry_run:
                writer = writing.Writer(connection, now)
                for lapse in lapses:
                    writer.lapse(schedule, schedule_id, lapse)
                writer.finish()
                replan(connection, writer, schedule)
        return [LapseRecord(schedule_id, *lapse, recorded_at=now) for lapse in lapses]

    def status(self, *, now: int) -> Status:
        """One look: the evaluator's last visit, schedules by state, backlog, and the last day's failures and lapses."""
        from arco_sched.service.status import look

        with self._database.read() as connection:
            return look(connection, now)

    def backup(self, path: str | Path, *, replace: bool = False) -> None:
        """A consistent copy of the database while others work, readable by its owner only.

        It appears under its name only when it is whole. Raises `DatabaseUnusable` when the file exists and is not to be
        replaced.
        """
        self._database.backup(Path(path), replace=replace)

    def backfill(
        self, schedule_id: str, *, start: int, stop: int, now: int, limit: int = 1000, dry_run: bool = False
    ) -> Backfill:
        """Ticks and runs for the occurrences in `[start, stop)` that lapsed, were paused or lie before the start."""
        from arco_sched.service import upkeep

        return upkeep.backfill(
            self._database, self.name, schedule_id, start=start, stop=stop, now=now, limit=limit, dry_run=dry_run
        )

    def prune(
        self, *, before: int, now: int, dry_run: bool = False, progress: "PruningProgress | None" = None
    ) -> Pruning:
        """Remove ticks, lapses and their events before `before`; definitions, runs and run keys stay."""
        from arco_sched.service import upkeep

        return upkeep.prune(self._database, self.name, before=before, now=now, dry_run=dry_run, progress=progress)

    def verify(self, progress: "VerificationProgress | None" = None) -> Verification:
        """Fold all events again from nothing and compare every row, count every schedule's occurrences again, and name
        each difference. Writes nothing; others may write meanwhile."""
        from arco_sched.service.verification.recount import verify

        return verify(self._database, self.name, progress)

    # Runs.

    def trigger(self, schedule_id: str, *, now: int) -> Triggered:
        """A manual tick of the current definition version, and its run; a second in the same second finds the first.

        Raises `NotFound` for an id that is not there or deleted, `Conflict` when the run key was reserved for something
        else (the tick stays, and shows it).
        """
        changes.check_schedule_id(schedule_id)
        with self._database.write() as connection:
            learn(connection, self.name)
            schedule = self._number(connection, schedule_id)
            newest = changes.existing(schedule_id, reading.current(connection, schedule))
            writer = writing.Writer(connection, now)
            content = writer.content_number(newest.definition.request)
            made = writer.single_tick(schedule, "manual", now, newest.definition_version, content)
            writer.finish()
            detail = self._tick(connection, identity.tick_id(schedule_id, "manual", now))
        if detail.run is None:
            raise AssertionError
        if detail.tick.request_fingerprint != detail.run.request_fingerprint:
            raise self._conflict(detail.run)
        return Triggered(detail.tick, detail.run, "created" if made else "existing")

    def request_run(self, key: str, content: RequestContent, *, now: int) -> Requested:
        """Reserve a run for a run key, or find the one that is there.

        Raises `Conflict` when the key is reserved for another content: the request is recorded and shown with the run,
        which stays as it is.
        """
        content = normal(content)
        raise_any([*text_problems("key", key), *fields.content_problems(content)])
        parsed = identity.parse_run_key(key)
        with self._database.write() as connection:
            learn(connection, self.name)
            writer = writing.Writer(connection, now)
            schedule = None if parsed is None else writer.schedule_number(parsed.schedule_id)
            existed = reading.run_by_key(connection, key, parsed, schedule) is not None
            writer.request(key, parsed, writer.content_number(content))
            writer.finish()
            run = reading.run_by_key(connection, key, parsed, schedule)
        if run is None:
            raise AssertionError
        if run.content != content:
            raise self._conflict(run)
        return Requested(run, "existing" if existed else "created")

    @staticmethod
    def _conflict(run: Run) -> Conflict:
        return Conflict(
            f"run key {run.run_key} is reserved for another content: "
            f"`arco runs show {run.run_id}` shows both fingerprints"
        )

    # Questions.

    def why(self, schedule_id: str, at: int | None = None, *, now: int) -> Why:
        """Why the schedule did or did not fire at `at`; without one, at its last occurrence through `now`."""
        from arco_sched.service.why import why

        with self._database.read() as connection:
            return why(connection, schedule_id, at, now)

    def schedule(self, schedule_id: str, *, now: int, count: int = 5) -> ScheduleDetail:
        """A schedule (also a deleted one), how many occurrences wait at `now`, and the `count` next ones after it."""
        with self._database.read() as connection:
            schedule = self._schedule(connection, schedule_id)
            state = reading.state(connection, self._number(connection, schedule_id))
            found: list[int] = []
            for instant in occurrences(state.terms, max(state.cursor, now) + 1, MAX_INSTANT + 1):
                if len(found) == count:
                    break
                found.append(instant)
            return ScheduleDetail(schedule, waiting(state.terms, state.cursor, now + 1, state.ahead), tuple(found))

    def schedules(self, *, deleted: bool = False) -> list[Schedule]:
        """Every schedule in the order of the ids, the deleted ones only when asked for."""
        with self._database.read() as connection:
            return list(reading.schedules(connection, deleted=deleted))

    def timezone(self, schedule_id: str) -> str | None:
        """The name of the zone of a schedule's current version (also of a deleted one), None where there is none."""
        with self._database.read() as connection:
            return reading.timezone(connection, schedule_id)

    def versions(self, schedule_id: str) -> list[VersionChange]:
        """Every definition version, oldest first, with what changed in it."""
        with self._database.read() as connection:
            found = reading.versions(connection, self._number(connection, schedule_id))
        before = [None, *found]
        return [
            VersionChange(version, fields.changed_fields(earlier, version))
            for earlier, version in zip(before, found, strict=False)
        ]

    def tick(self, tick_id: str) -> TickDetail:
        """One tick with its definition version, its run and any conflict; raises `NotFound`."""
        with self._database.read() as connection:
            return self._tick(connection, tick_id)

    def _tick(self, connection: Connection, tick_id: str) -> TickDetail:
        key = identity.parse_tick_id(tick_id)
        schedule = None if key is None else reading.schedule_number(connection, key.schedule_id)
        tick = None if key is None or schedule is None else reading.tick(connection, schedule, key)
        if key is None or schedule is None or tick is None:
            raise NotFound(f"no tick {tick_id!a}: `arco ticks list` shows those there are")
        return reading.tick_detail(connection, schedule, tick)

    def timeline(self, edges: Sequence[int], *, now: int, schedules: Iterable[str] = ()) -> Timeline:
        """The history of the named schedules (default: all that are not deleted) between the edges, at least two
        instants in order."""
        from arco_sched.service import timeline

        if len(edges) < 2 or list(edges) != sorted(set(edges)):
            raise InvalidInput("a timeline needs two or more instants in order")
        with self._database.read() as connection:
            names = tuple(dict.fromkeys(schedules)) or reading.schedule_ids(connection)
            numbers = [self._number(connection, name) for name in names]
            rows = tuple(timeline.row(connection, number, edges, now) for number in numbers)
        return Timeline(now, tuple(edges), rows)

    def ticks(
        self,
        *,
        schedule_id: str | None = None,
        status: str | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Tick]:
        """Ticks with `since <= scheduled_for < until`, newest first by (scheduled_for, tick_id)."""
        check_choice("status", status, TICK_STATUSES)
        before = tick_cursor(cursor)
        with self._database.read() as connection:
            rows = reading.ticks(
                connection,
                schedule=self._optional_number(connection, schedule_id),
                status=status,
                since=since,
                until=until,
                before=before,
                limit=check_limit(limit) + 1,
            )
        more = len(rows) > limit
        rows = rows[:limit]
        return Page(tuple(rows), f"{rows[-1].scheduled_for}~{rows[-1].tick_id}" if more else None)

    def lapses(
        self,
        *,
        schedule_id: str | None = None,
        reason: str | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[LapseRecord]:
        """Lapses that touch `[since, until)`, newest record first."""
        check_choice("reason", reason, LAPSE_REASONS)
        before = number_cursor(cursor)
        with self._database.read() as connection:
            rows = reading.lapses(
                connection,
                schedule=self._optional_number(connection, schedule_id),
                reason=reason,
                since=since,
                until=until,
                before=before,
                limit=check_limit(limit) + 1,
            )
        return keyed_page(rows, limit)

    def run(self, run_id: str) -> Run:
        """One run with its conflicts; raises `NotFound`."""
        with self._database.read() as connection:
            run = reading.run_by_id(connection, run_id)
        if run is None:
            raise NotFound(f"no run {run_id!a}: `arco runs list` shows those there are")
        return run

    def runs(
        self,
        *,
        schedule_id: str | None = None,
        status: str | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Run]:
        """Runs with `since <= requested_at < until`, newest request first."""
        check_choice("status", status, RUN_STATUSES)
        before = number_cursor(cursor)
        with self._database.read() as connection:
            rows = reading.runs(
                connection,
                schedule_id=schedule_id,
                schedule=self._optional_number(connection, schedule_id),
                status=status,
                since=since,
                until=until,
                before=before,
                limit=check_limit(limit) + 1,
            )
        return keyed_page(rows, limit)

    def events(
        self, *, after: int = 0, type_: str | None = None, schedule_id: str | None = None, limit: int = DEFAULT_LIMIT
    ) -> Page[Event]:
        """Events with `seq > after`, oldest first; `next_cursor` is the `after` of the next page."""
        check_choice("type_", type_, TYPES)
        with self._database.read() as connection:
            schedule = self._optional_number(connection, schedule_id)
            rows = reading.events(connection, after=after, type_=type_, schedule=schedule, limit=check_limit(limit) + 1)
        more = len(rows) > limit
        return Page(tuple(rows[:limit]), str(rows[limit - 1].seq) if more else None)

    def preview(self, schedule_id: str, *, start: int, count: int) -> list[PreviewedOccurrence]:
        """The next `count` occurrences of a schedule from `start` on (inclusive), each under its own version."""
        with self._database.read() as connection:
            terms = reading.terms(connection, self._number(connection, schedule_id), start - 1)
        found: list[PreviewedOccurrence] = []
        for part in stretches(terms, start, MAX_INSTANT + 1):
            if part.times is not None:
                term = part.term
                zone = load_zone(term.timezone)
                times = timetable(term.cron_expression, term.timezone, term.dst_gap, term.dst_overlap)
                instants = times.take(part.start, part.stop, count - len(found))
                found += [PreviewedOccurrence(at, zone.offset_at(at), times.note(at)) for at in instants]
        return found

    def _number(self, connection: Connection, schedule_id: str) -> int:
        number = reading.schedule_number(connection, schedule_id)
        if number is None:
            raise missing(connection, schedule_id)
        return number

    def _optional_number(self, connection: Connection, schedule_id: str | None) -> int | None:
        return None if schedule_id is None else self._number(connection, schedule_id)


def _decided(version: Version, _: changes.Current | None) -> Version:
    return version
