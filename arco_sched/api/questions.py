"""Questions about schedules, ticks and runs: the methods that answer with one value, and write nothing."""

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
"""Occurrences that one question shows at most."""


class Questions(Facade):
    """The methods of `Workspace` that answer a question."""

    def status(
        self, *, now: Instant, is_here: Callable[[Worker], bool] = presumed_here, results: bool = False
    ) -> Status:
        """One look: the evaluator's last visit, schedules by state, backlog, runs, and the last day's failures and
        lapses.

        Args:
            now: The clock: an aware datetime or whole seconds since 1970.
            is_here: Called with each worker that was seen and did not leave; whether it still works (default: each
                does). It may only read.
            results: Whether to answer also the last success and duration of each schedule.
        """
        given = Given()
        return given.call(
            super().status,
            now=given.instant("now", now),
            is_here=given.function("is_here", is_here),
            results=given.flag("results", results),
        )

    def check(self, asked: Asked, *, now: Instant, is_here: Callable[[Worker], bool] = presumed_here) -> list[Finding]:
        """What asks for attention, of what is asked for; nothing where all is well.

        Args:
            asked: What to judge; its `max_lag` and `late` are a timedelta or whole seconds.
            now: The clock: an aware datetime or whole seconds since 1970.
            is_here: Called with each worker that was seen and did not leave; whether it still works (default: each
                does). It may only read.
        """
        given = Given()
        return given.call(
            super().check,
            given.asked("asked", asked),
            now=given.instant("now", now),
            is_here=given.function("is_here", is_here),
        )

    def next(self, *, now: Instant, count: int = 10, schedules: Iterable[str] = ()) -> list[Upcoming]:
        """The next occurrences after `now` over all schedules, without those that are paused, in order.

        Raises `NotFound` for an id that is not there.

        Args:
            now: The clock: an aware datetime or whole seconds since 1970.
            count: How many at most, 1 to 10,000.
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
        """Why the schedule did or did not fire at an instant. Raises `NotFound` for an id that is not there.

        Args:
            schedule_id: The id of a schedule, deleted or not.
            at: The instant: an aware datetime or whole seconds since 1970 (default: its last occurrence through `now`,
                else the next; or the run that was triggered by hand since then).
            now: The clock.
        """
        given = Given()
        return given.call(
            super().why,
            given.schedule_id("schedule_id", schedule_id),
            given.optional(given.instant, "at", at),
            now=given.instant("now", now),
        )

    def why_during(self, schedule_id: str, start: Instant, stop: Instant, *, now: Instant) -> WhyDuring:
        """What became of every occurrence of a stretch of time, and why of the last one. Raises `NotFound` for an id
        that is not there, and `InvalidInput` for more than 100,000 occurrences.

        Args:
            schedule_id: The id of a schedule, deleted or not.
            start: From this instant on: an aware datetime or whole seconds since 1970.
            stop: Until before this instant: the same.
            now: The clock.
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
        """The history of schedules, counted between each two edges. Raises `NotFound` for an id that is not there.

        Args:
            edges: At least two instants in order, each an aware datetime or whole seconds since 1970.
            now: The clock.
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
        """A schedule, how many occurrences wait, and the next ones. Raises `NotFound` for an id that is not there.

        Args:
            schedule_id: The id of a schedule, deleted or not.
            now: The clock: an aware datetime or whole seconds since 1970.
            count: How many occurrences after `now` to show, 0 to 10,000.
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
        """The schedules in the order of the ids. Raises `NotFound` for one that is named and not there.

        Args:
            deleted: Whether the deleted ones are among them.
            schedules: The ids of those wanted, deleted or not; none for all.
            labels: Only those that have all of these labels.
        """
        given = Given()
        return given.call(
            super().schedules,
            deleted=given.flag("deleted", deleted),
            schedules=given.schedule_ids("schedules", schedules),
            labels=given.labels("labels", labels),
        )

    def timezone(self, schedule_id: str) -> str | None:
        """The name of the zone of a schedule's current version, None where there is no such schedule.

        Args:
            schedule_id: The id of a schedule, deleted or not.
        """
        given = Given()
        return given.call(super().timezone, given.schedule_id("schedule_id", schedule_id))

    def versions(self, schedule_id: str) -> list[VersionChange]:
        """Every definition version, oldest first, with what changed in it. Raises `NotFound`.

        Args:
            schedule_id: The id of a schedule, deleted or not.
        """
        given = Given()
        return given.call(super().versions, given.schedule_id("schedule_id", schedule_id))

    def preview(self, schedule_id: str, *, start: Instant, count: int) -> list[PreviewedOccurrence]:
        """The next occurrences of a schedule, each under the version in force there. Raises `NotFound`.

        Args:
            schedule_id: The id of a schedule.
            start: The instant from which on, inclusive: an aware datetime or whole seconds since 1970.
            count: How many at most, 0 to 10,000.
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
            tick_id: The id as `Tick.tick_id` has it, `{schedule_id}:{epoch}`.
        """
        given = Given()
        return given.call(super().tick, given.name("tick_id", tick_id))

    def run(self, run_id: str) -> Run:
        """One run with its conflicts. Raises `NotFound`.

        Args:
            run_id: The id as `Run.run_id` has it, `run_` and 26 characters.
        """
        given = Given()
        return given.call(super().run, given.name("run_id", run_id))

    def run_life(self, run: str, *, now: Instant) -> RunLife:
        """One run with its attempts, and what it waits for. Raises `NotFound`.

        Args:
            run: A run id, the beginning of one that no other has, a tick id, a run key, or a schedule id (its last
                run).
            now: The clock: an aware datetime or whole seconds since 1970.
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
        """Every pool that has a limit, or in which something runs or waits, and `default`."""
        return super().pools()

    def workers(self) -> Sequence[tuple[Worker, int]]:
        """The workers that were seen and did not leave, each with how many attempts of its own are open.

        One that was killed stays here: whether it lives is known on its machine alone.
        """
        return super().workers()

    def evaluation_minutes(self) -> int | None:
        """How many minutes are to lie between two evaluations, None where nobody said (1 is usual)."""
        return super().evaluation_minutes()

    def expect_every(self, minutes: int | None = None) -> None:
        """Keep how many minutes are to lie between two evaluations: warnings and checks go by it.

        Args:
            minutes: 1 to 60; None to say nothing any more.
        """
        given = Given()
        return given.call(super().expect_every, given.optional(given.whole, "minutes", minutes))

    def had_worker(self) -> bool:
        """Whether any worker was ever at work on this database."""
        return super().had_worker()
