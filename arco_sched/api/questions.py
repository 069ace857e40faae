"""Questions about schedules, ticks and runs: the methods that return one value and write nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from arco_sched.api.given import Given
from arco_sched.core.problems import NOTHING
from arco_sched.service.run_workspace import presumed_here
from arco_sched.service.workspace import Workspace as Facade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from arco_sched.api.values import Instant
    from arco_sched.core.history import Run, RunStatus, Schedule
    from arco_sched.core.run_subjects import Worker
    from arco_sched.service.check import Asked, Finding
    from arco_sched.service.definitions import PreviewedOccurrence, ScheduleDetail, VersionChange
    from arco_sched.service.life import Pool, RunLife
    from arco_sched.service.requests import TickDetail
    from arco_sched.service.status import Status
    from arco_sched.service.timeline import Timeline
    from arco_sched.service.upcoming import Upcoming
    from arco_sched.service.why import Why
    from arco_sched.service.why_during import WhyDuring

MAX_COUNT: Final = 10_000
"""Maximum occurrences in one answer."""


class Questions(Facade):
    """The methods of `Workspace` that answer a question."""

    def status(
        self, *, now: Instant, is_here: Callable[[Worker], bool] = presumed_here, results: bool = False
    ) -> Status:
        """An overview: the last visit of the evaluator, schedules by state, backlog, runs, and the failures and lapses
        of the last day.

        Args:
            now: The current time: an aware datetime or whole seconds since 1970.
            is_here: Called with each worker that was seen and did not leave; returns whether it is still active
                (default: always True). It may only read.
            results: Whether to include the last success and duration of each schedule.
        """
        given = Given()
        return given.call(
            super().status,
            now=given.instant("now", now),
            is_here=given.function("is_here", is_here),
            results=given.flag("results", results),
        )

    def check(self, asked: Asked, *, now: Instant, is_here: Callable[[Worker], bool] = presumed_here) -> list[Finding]:
        """What needs attention, among what was asked for; an empty list if all is well.

        Args:
            asked: What to check; its `max_lag` and `late` are a timedelta or whole seconds.
            now: The current time: an aware datetime or whole seconds since 1970.
            is_here: Called with each worker that was seen and did not leave; returns whether it is still active
                (default: always True). It may only read.
        """
        given = Given()
        return given.call(
            super().check,
            given.asked("asked", asked),
            now=given.instant("now", now),
            is_here=given.function("is_here", is_here),
        )

    def next(self, *, now: Instant, count: int = 10, schedules: Iterable[str] = ()) -> list[Upcoming]:
        """The next occurrences after `now` of all schedules that are not paused, in order.

        Raises `NotFound` for an unknown id.

        Args:
            now: The current time: an aware datetime or whole seconds since 1970.
            count: Maximum occurrences, 1 to 10,000.
            schedules: The ids of the schedules (default: all).
        """
        given = Given()
        return given.call(
            super().next,
            now=given.instant("now", now),
            count=given.whole("count", count, 1, MAX_COUNT),
            schedules=given.schedule_ids("schedules", schedules),
        )

    def why(self, schedule_id: str, at: Instant | None = None, *, now: Instant) -> Why:
        """Why a schedule did or did not run at an instant. Raises `NotFound` for an unknown id.

        Args:
            schedule_id: The id of a schedule, deleted or not.
            at: The instant: an aware datetime or whole seconds since 1970 (default: the most recent due time, else the
                next one; or the run that was triggered by hand since then).
            now: The current time.
        """
        given = Given()
        return given.call(
            super().why,
            given.schedule_id("schedule_id", schedule_id),
            given.optional(given.instant, "at", at),
            now=given.instant("now", now),
        )

    def why_during(self, schedule_id: str, start: Instant, stop: Instant, *, now: Instant) -> WhyDuring:
        """What happened to every occurrence in a range, and why to the last one. Raises `NotFound` for an unknown id,
        and `InvalidInput` for more than 100,000 occurrences.

        Args:
            schedule_id: The id of a schedule, deleted or not.
            start: The start of the range, inclusive: an aware datetime or whole seconds since 1970.
            stop: The end of the range, exclusive.
            now: The current time.
        """
        given = Given()
        return given.call(
            super().why_during,
            given.schedule_id("schedule_id", schedule_id),
            given.instant("start", start),
            given.instant("stop", stop),
            now=given.instant("now", now),
        )

    def timeline(self, edges: Iterable[Instant], *, now: Instant, schedules: Iterable[str] = ()) -> Timeline:
        """The history of schedules, counted between neighboring edges. Raises `NotFound` for an unknown id.

        Args:
            edges: Two or more instants in order, each an aware datetime or whole seconds since 1970.
            now: The current time.
            schedules: The ids of the schedules (default: all that are not deleted).
        """
        given = Given()
        return given.call(
            super().timeline,
            given.instants("edges", edges),
            now=given.instant("now", now),
            schedules=given.schedule_ids("schedules", schedules),
        )

    def schedule(self, schedule_id: str, *, now: Instant, count: int = 5) -> ScheduleDetail:
        """A schedule, the number of waiting occurrences, and the next ones. Raises `NotFound` for an unknown id.

        Args:
            schedule_id: The id of a schedule, deleted or not.
            now: The current time: an aware datetime or whole seconds since 1970.
            count: Maximum occurrences after `now`, 0 to 10,000.
        """
        given = Given()
        return given.call(
            super().schedule,
            given.schedule_id("schedule_id", schedule_id),
            now=given.instant("now", now),
            count=given.whole("count", count, 0, MAX_COUNT),
        )

    def schedules(
        self, *, deleted: bool = False, schedules: Iterable[str] = (), labels: Mapping[str, str] = NOTHING
    ) -> list[Schedule]:
        """The schedules, sorted by id. Raises `NotFound` for an unknown id.

        Args:
            deleted: Whether to include deleted schedules.
            schedules: The ids of schedules, deleted or not (default: all).
            labels: Only schedules that have all of these labels.
        """
        given = Given()
        return given.call(
            super().schedules,
            deleted=given.flag("deleted", deleted),
            schedules=given.schedule_ids("schedules", schedules),
            labels=given.labels("labels", labels),
        )

    def timezone(self, schedule_id: str) -> str | None:
        """The name of the time zone of a schedule's current version, None if there is no such schedule.

        Args:
            schedule_id: The id of a schedule, deleted or not.
        """
        given = Given()
        return given.call(super().timezone, given.schedule_id("schedule_id", schedule_id))

    def versions(self, schedule_id: str) -> list[VersionChange]:
        """Every definition version, oldest first, with what it changed. Raises `NotFound`.

        Args:
            schedule_id: The id of a schedule, deleted or not.
        """
        given = Given()
        return given.call(super().versions, given.schedule_id("schedule_id", schedule_id))

    def preview(self, schedule_id: str, *, start: Instant, count: int) -> list[PreviewedOccurrence]:
        """The next occurrences of a schedule, each by the version in force at that time. Raises `NotFound`.

        Args:
            schedule_id: The id of a schedule.
            start: The first possible instant: an aware datetime or whole seconds since 1970.
            count: Maximum occurrences, 0 to 10,000.
        """
        given = Given()
        return given.call(
            super().preview,
            given.schedule_id("schedule_id", schedule_id),
            start=given.instant("start", start),
            count=given.whole("count", count, 0, MAX_COUNT),
        )

    def tick(self, tick_id: str) -> TickDetail:
        """One tick with its definition version, its run and any conflict. Raises `NotFound`.

        Args:
            tick_id: The tick id, as in `Tick.tick_id`: `{schedule_id}:{epoch}`.
        """
        given = Given()
        return given.call(super().tick, given.name("tick_id", tick_id))

    def run(self, run_id: str) -> Run:
        """One run with its conflicts. Raises `NotFound`.

        Args:
            run_id: The run id, as in `Run.run_id`: `run_` and 26 characters.
        """
        given = Given()
        return given.call(super().run, given.name("run_id", run_id))

    def run_life(self, run: str, *, now: Instant) -> RunLife:
        """One run with its attempts, and what it waits for. Raises `NotFound`.

        Args:
            run: A run id, the beginning of one that no other has, a tick id, a run key, or a schedule id (its last
                run).
            now: The current time: an aware datetime or whole seconds since 1970.
        """
        given = Given()
        return given.call(super().run_life, given.run("run", run), now=given.instant("now", now))

    def chosen_runs(self, schedule_id: str, status: RunStatus) -> list[str]:
        """The ids of all runs of a schedule with a status, oldest request first. Raises `NotFound`.

        Args:
            schedule_id: The id of a schedule, deleted or not.
            status: `requested`, `running`, `succeeded`, `failed`, `skipped` or `canceled`.
        """
        given = Given()
        return given.call(
            super().chosen_runs, given.schedule_id("schedule_id", schedule_id), given.run_status("status", status)
        )

    def pools(self) -> list[Pool]:
        """Every pool that has a limit or any running or waiting runs, and `default`."""
        return super().pools()

    def workers(self) -> Sequence[tuple[Worker, int]]:
        """The workers that were seen and did not leave, each with the number of its open attempts.

        A killed worker is still listed: only its machine knows whether it is alive.
        """
        return super().workers()

    def evaluation_minutes(self) -> int | None:
        """The expected minutes between two evaluations, None if they were never set (usually 1)."""
        return super().evaluation_minutes()

    def expect_every(self, minutes: int | None = None) -> None:
        """Set the expected minutes between two evaluations, which warnings and checks use.

        Args:
            minutes: 1 to 60; None to unset them.
        """
        given = Given()
        return given.call(super().expect_every, given.optional(given.whole, "minutes", minutes))

    def had_worker(self) -> bool:
        """Whether a worker has ever run on this database."""
        return super().had_worker()
