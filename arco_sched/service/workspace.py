"""The use cases, by name: what the command line and Python users call.

A `Workspace` is one database. Instants are integer epochs throughout; nothing here reads a clock, so every use case
that decides something takes `now`. This is a facade: each method states its promise and calls the module that does the
work, importing it only then, so that an evaluation, which cron calls every minute, doesn't pay for the others.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from arco_sched.core.definitions import Definition, RequestContent, Version, Wanted
from arco_sched.core.policy import DEFAULT, Policy
from arco_sched.core.ports import Store
from arco_sched.core.problems import NOTHING
from arco_sched.service.act_workspace import ActWorkspace
from arco_sched.service.run_workspace import presumed_here

if TYPE_CHECKING:
    from arco_sched.core.history import (
        Event,
        LapseReason,
        LapseRecord,
        Rewinding,
        Run,
        RunStatus,
        Schedule,
        Tick,
        TickStatus,
    )
    from arco_sched.core.ports import Compaction
    from arco_sched.service.apply import Applied
    from arco_sched.service.backfill import Backfill
    from arco_sched.service.check import IsHere
    from arco_sched.service.definitions import PreviewedOccurrence, ScheduleDetail, VersionChange
    from arco_sched.service.evaluation import Evaluation
    from arco_sched.service.lists import Page
    from arco_sched.service.pruning import Progress as PruningProgress
    from arco_sched.service.pruning import Pruning
    from arco_sched.service.requests import Requested, TickDetail
    from arco_sched.service.schedules import ScheduleChange
    from arco_sched.service.status import Status
    from arco_sched.service.timeline import Timeline
    from arco_sched.service.verification.findings import Verification
    from arco_sched.service.verification.recount import Progress as VerificationProgress
    from arco_sched.service.why import Why
    from arco_sched.service.why_during import WhyDuring

DEFAULT_LIMIT = 100
"""Rows of a page."""


class Workspace(ActWorkspace):
    """One database: define schedules, evaluate them, ask what happened.

    Every method raises an `ArcoError` whose text is one line for a person. What raises has changed nothing, but for a
    request that conflicts, which is recorded before `Conflict` says so.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        try:
            with store.read() as transaction:
                self.name: str = transaction.definitions.about().name
        except BaseException:
            store.close()
            raise

    made = False
    """Whether the database was made just now."""

    def close(self) -> None:
        """Close the database; a second time does nothing."""
        self._store.close()

    def __enter__(self) -> Self:
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
    ) -> "ScheduleChange":
        """Create a schedule, or re-create a deleted one; the same content again is `unchanged`.

        Occurrences count from `start_at` (default: now) on. Raises `InvalidInput`, and `Conflict` if the id exists
        with other content.
        """
        from arco_sched.service import schedules

        return schedules.create(self._store, schedule_id, definition, now=now, start_at=start_at, enabled=enabled)

    def update_schedule(
        self,
        schedule_id: str,
        values: Mapping[str, Any],
        *,
        now: int,
        start_at: int | None = None,
        enabled: bool | None = None,
        expect_version: int | None = None,
        discard_waiting: bool = False,
    ) -> "ScheduleChange":
        """Replace some fields of the definition, by their names in `Definition` and `RequestContent`, and its start,
        enable or disable with it.

        Occurrences before `now` stay with the version that was in force; `discard_waiting` lapses those that wait.
        """
        from arco_sched.service import schedules

        return schedules.update(
            self._store,
            schedule_id,
            values,
            now=now,
            start_at=start_at,
            enabled=enabled,
            expect_version=expect_version,
            discard_waiting=discard_waiting,
        )

    def apply(
        self,
        wanted: Iterable[Wanted],
        *,
        now: int,
        prune: bool = False,
        dry_run: bool = False,
        refuse: Callable[[Version, Wanted], str | None] | None = None,
    ) -> "Applied":
        """Make every schedule what a file says it should be, all of them or none; with `dry_run`, what that would be.

        A deleted id is re-created; `prune` deletes the schedules that are not `wanted`. `refuse` may say of a schedule
        that is there, and would be changed, why it must not be. Raises `InvalidFields` with every problem found, and
        `Conflict` with every refusal.
        """
        from arco_sched.service.apply import apply

        return apply(self._store, wanted, now=now, prune=prune, dry_run=dry_run, refuse=refuse)

    # Evaluation.

    def evaluate(
        self,
        now: int,
        *,
        schedules: Iterable[str] = (),
        dry_run: bool = False,
        progress: Callable[[int, int], None] | None = None,
        batch: int | None = None,
    ) -> "Evaluation":
        """One evaluation: every occurrence through `now` of the named schedules (default: all) becomes a tick, lapses,
        or waits for the next one; with `dry_run`, what that would be.

        It works in transactions of at most `batch` ticks (10,000), each of which reads the schedules' state again; one
        that is cut short loses nothing, the next evaluation goes on where it was. `progress` is called after each with
        the number of schedules done, and of those that were due. Raises `NotFound` for a schedule that doesn't exist.
        """
        if dry_run:
            from arco_sched.service.rehearsal import rehearse

            return rehearse(self._store, self.name, now, schedules)
        from arco_sched.service import evaluation

        room = evaluation.BATCH if batch is None else batch
        return evaluation.perform(self._store, self.name, now, schedules, progress, room)

    def rewind(self, *, now: int, schedules: Iterable[str] = (), dry_run: bool = False) -> "list[Rewinding]":
        """Bring every cursor (or those of the named schedules) that is ahead of `now` back to it; see `Rewinding`.

        For after a clock that was wrong. Doing it again finds nothing. Raises `NotFound` for a schedule that is not
        there.
        """
        from arco_sched.service.rewinding import rewind_cursors

        return rewind_cursors(self._store, now=now, schedules=schedules, dry_run=dry_run)

    def backfill(
        self, schedule_id: str, *, start: int, stop: int, now: int, limit: int = 1000, dry_run: bool = False
    ) -> "Backfill":
        """Ticks and runs for the occurrences in `[start, stop)` that lapsed, were paused or lie before the start."""
        from arco_sched.service.backfill import backfill

        return backfill(
            self._store, self.name, schedule_id, start=start, stop=stop, now=now, limit=limit, dry_run=dry_run
        )

    # Keeping.

    def backup(self, path: str | Path, *, replace: bool = False) -> None:
        """A consistent copy of the database while others work, readable by its owner only.

        It appears under its name only when it is whole. Raises `DatabaseUnusable` when the file exists and is not to be
        replaced.
        """
        self._store.backup(Path(path), replace=replace)

    def prune(
        self,
        *,
        before: int,
        now: int,
        unexecuted: bool = False,
        dry_run: bool = False,
        progress: "PruningProgress | None" = None,
    ) -> "Pruning":
        """Remove ticks, lapses, runs that were final by then, and their events, before `before`; definitions stay, and
        nothing is made twice."""
        from arco_sched.service.pruning import prune

        return prune(self._store, before=before, now=now, unexecuted=unexecuted, dry_run=dry_run, progress=progress)

    def compact(self) -> "Compaction":
        """Give the space of what was removed back to the file system; others who write wait meanwhile."""
        return self._store.compact()

    def verify(self, progress: "VerificationProgress | None" = None) -> "Verification":
        """Fold all events again from nothing and compare every row, count every schedule's occurrences again, and name
        each difference. Writes nothing; others may write meanwhile."""
        from arco_sched.service.verification.verify import verify

        return verify(self._store, self.name, progress)

    # Runs.

    def request_run(self, key: str, content: RequestContent, *, now: int, policy: Policy = DEFAULT) -> "Requested":
        """Reserve a run for a run key, or find the one that is there, whose policy stays.

        Raises `Conflict` when the key is reserved for another content: the request is recorded and shown with the run,
        which stays as it is.
        """
        from arco_sched.service.requests import request

        return request(self._store, self.name, key, content, now=now, policy=policy)

    # Questions.

    def status(self, *, now: int, is_here: "IsHere" = presumed_here, results: bool = False) -> "Status":
        """One look: the evaluator's last visit, schedules by state, backlog, runs, and the last day's failures and
        lapses; `is_here` as of `check`; `results` of each schedule where asked for."""
        from arco_sched.service.status import look

        with self._store.read() as transaction:
            return look(transaction, now, is_here, results=results)

    def why(self, schedule_id: str, at: int | None = None, *, now: int) -> "Why":
        """Why the schedule did or did not fire at `at`; without one, at its last occurrence through `now`, or what
        became of the run that was triggered by hand since."""
        from arco_sched.service.why import why
        from arco_sched.service.why_by_hand import why_now

        with self._store.read() as transaction:
            return why_now(transaction, schedule_id, now) if at is None else why(transaction, schedule_id, at, now)

    def why_during(self, schedule_id: str, start: int, stop: int, *, now: int) -> "WhyDuring":
        """What became of every occurrence in `[start, stop)`, and why of the last one; at most 100,000 of them."""
        from arco_sched.service.why_during import why_during

        with self._store.read() as transaction:
            return why_during(transaction, schedule_id, start, stop, now)

    def timeline(self, edges: Sequence[int], *, now: int, schedules: Iterable[str] = ()) -> "Timeline":
        """The history of the named schedules (default: all that are not deleted) between the edges, at least two
        instants in order."""
        from arco_sched.service.timeline import draw

        with self._store.read() as transaction:
            return draw(transaction, edges, now, schedules)

    def schedule(self, schedule_id: str, *, now: int, count: int = 5) -> "ScheduleDetail":
        """A schedule (also a deleted one), how many occurrences wait at `now`, and the `count` next ones after it."""
        from arco_sched.service.definitions import detail

        with self._store.read() as transaction:
            return detail(transaction, schedule_id, now, count)

    def schedules(
        self, *, deleted: bool = False, schedules: Iterable[str] = (), labels: Mapping[str, str] = NOTHING
    ) -> "list[Schedule]":
        """The schedules sorted by id: those named, or every one that is not deleted (with `deleted`, these
        too), with all of the labels. Raises `NotFound` for an id that doesn't exist."""
        from arco_sched.service.schedules import chosen

        with self._store.read() as transaction:
            return chosen(transaction, tuple(schedules), labels, deleted=deleted)

    def timezone(self, schedule_id: str) -> str | None:
        """The name of the zone of a schedule's current version (also of a deleted one), None if there is none."""
        with self._store.read() as transaction:
            return transaction.definitions.timezone(schedule_id)

    def versions(self, schedule_id: str) -> "list[VersionChange]":
        """Every definition version, oldest first, with what changed in it."""
        from arco_sched.service.definitions import version_changes

        with self._store.read() as transaction:
            return version_changes(transaction, schedule_id)

    def preview(self, schedule_id: str, *, start: int, count: int) -> "list[PreviewedOccurrence]":
        """The next `count` occurrences of a schedule from `start` on (inclusive), each under its own version."""
        from arco_sched.service.definitions import preview_of

        with self._store.read() as transaction:
            return preview_of(transaction, schedule_id, start, count)

    def tick(self, tick_id: str) -> "TickDetail":
        """One tick with its definition version, its run and any conflict; raises `NotFound`."""
        from arco_sched.service.requests import tick_detail

        with self._store.read() as transaction:
            return tick_detail(transaction, tick_id)

    def run(self, run_id: str) -> "Run":
        """One run with its conflicts; raises `NotFound`."""
        from arco_sched.service.requests import run_of

        with self._store.read() as transaction:
            return run_of(transaction, run_id)

    # Lists.

    def ticks(
        self,
        *,
        schedule_id: str | None = None,
        status: "TickStatus | None" = None,
        since: int | None = None,
        until: int | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> "Page[Tick]":
        """Ticks with `since <= scheduled_for < until`, newest first by (scheduled_for, tick_id)."""
        from arco_sched.service.lists import ticks

        return ticks(self._store, schedule_id, status, since, until, limit, cursor)

    def lapses(
        self,
        *,
        schedule_id: str | None = None,
        reason: "LapseReason | None" = None,
        since: int | None = None,
        until: int | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> "Page[LapseRecord]":
        """Lapses that touch `[since, until)`, newest record first."""
        from arco_sched.service.lists import lapses

        return lapses(self._store, schedule_id, reason, since, until, limit, cursor)

    def runs(
        self,
        *,
        schedule_id: str | None = None,
        status: "RunStatus | None" = None,
        since: int | None = None,
        until: int | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> "Page[Run]":
        """Runs with `since <= requested_at < until`, newest request first."""
        from arco_sched.service.lists import runs

        return runs(self._store, schedule_id, status, since, until, limit, cursor)

    def events(
        self, *, after: int = 0, type_: str | None = None, schedule_id: str | None = None, limit: int = DEFAULT_LIMIT
    ) -> "Page[Event]":
        """Events with `seq > after`, oldest first; `next_cursor` is the `after` of the next page."""
        from arco_sched.service.lists import events

        return events(self._store, after, type_, schedule_id, limit)
