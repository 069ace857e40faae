"""Acting on schedules by hand, on one or on many: the methods that enable, disable, end, discard and trigger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arco_sched.api.given import Given
from arco_sched.service.workspace import Workspace as Facade

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from arco_sched.api.values import Instant
    from arco_sched.core.history import LapseRecord
    from arco_sched.service.requests import Triggered
    from arco_sched.service.schedules import ScheduleChange


class Acts(Facade):
    """The methods of `Workspace` that act on schedules by hand."""

    def choose(self, labels: Mapping[str, str]) -> list[str]:
        """The ids of the schedules that have all of these labels and are not deleted, in order.

        Raises `NotFound` where there is none.

        Args:
            labels: Names and values; without any, all schedules.
        """
        given = Given()
        return given.call(super().choose, given.labels("labels", labels))

    def set_enabled(
        self,
        schedule_id: str,
        enabled: bool,
        *,
        now: Instant,
        until: Instant | None = None,
        expect_version: int | None = None,
        discard_waiting: bool = False,
        by: str | None = None,
        note: str | None = None,
    ) -> ScheduleChange:
        """Enable or disable (pause) a schedule; occurrences in a pause become `skipped` ticks.

        As always, an evaluation that comes too late for an occurrence (`catchup_window_minutes`) lets it lapse instead,
        also in a pause.

        Raises `NotFound`, and `Conflict` where `expect_version` is not the current version.

        Args:
            schedule_id: The id of a schedule that is not deleted.
            enabled: True to enable, False to disable.
            now: The clock: an aware datetime or whole seconds since 1970.
            until: With False, when the pause ends by itself (default: never).
            expect_version: Refuse where the current definition version is another, as after somebody else's change.
            discard_waiting: Whether occurrences that wait lapse, with reason `discarded`.
            by: Who does this, for the record (default: nobody is named).
            note: Why, for the record; with `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().set_enabled,
            given.schedule_id("schedule_id", schedule_id),
            given.flag("enabled", enabled),
            now=given.instant("now", now),
            until=given.optional(given.instant, "until", until),
            expect_version=given.optional(given.whole, "expect_version", expect_version),
            discard_waiting=given.flag("discard_waiting", discard_waiting),
        )

    def set_enabled_all(
        self,
        schedule_ids: Collection[str],
        enabled: bool,
        *,
        now: Instant,
        until: Instant | None = None,
        expect_version: int | None = None,
        discard_waiting: bool = False,
        by: str | None = None,
        note: str | None = None,
    ) -> list[ScheduleChange]:
        """Enable or disable several schedules in one transaction, all of them or none; see `set_enabled`.

        Args:
            schedule_ids: The ids of schedules that are not deleted.
            enabled: True to enable, False to disable.
            now: The clock: an aware datetime or whole seconds since 1970.
            until: With False, when the pause ends by itself (default: never).
            expect_version: Refuse where the current definition version of one is another.
            discard_waiting: Whether occurrences that wait lapse, with reason `discarded`.
            by: Who does this, for the record (default: nobody is named).
            note: Why, for the record; with `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().set_enabled_all,
            given.schedule_ids("schedule_ids", schedule_ids),
            given.flag("enabled", enabled),
            now=given.instant("now", now),
            until=given.optional(given.instant, "until", until),
            expect_version=given.optional(given.whole, "expect_version", expect_version),
            discard_waiting=given.flag("discard_waiting", discard_waiting),
        )

    def delete_schedule(
        self,
        schedule_id: str,
        *,
        now: Instant,
        expect_version: int | None = None,
        discard_waiting: bool = False,
        by: str | None = None,
        note: str | None = None,
    ) -> ScheduleChange:
        """End a schedule: nothing after it is due, its history stays.

        Raises `NotFound`, and `Conflict` where `expect_version` is not the current version.

        Args:
            schedule_id: The id of a schedule; one that is deleted is `unchanged`.
            now: The clock: an aware datetime or whole seconds since 1970.
            expect_version: Refuse where the current definition version is another, as after somebody else's change.
            discard_waiting: Whether occurrences that wait lapse, with reason `discarded`.
            by: Who does this, for the record (default: nobody is named).
            note: Why, for the record; with `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().delete_schedule,
            given.schedule_id("schedule_id", schedule_id),
            now=given.instant("now", now),
            expect_version=given.optional(given.whole, "expect_version", expect_version),
            discard_waiting=given.flag("discard_waiting", discard_waiting),
        )

    def delete_all(
        self,
        schedule_ids: Collection[str],
        *,
        now: Instant,
        expect_version: int | None = None,
        discard_waiting: bool = False,
        by: str | None = None,
        note: str | None = None,
    ) -> list[ScheduleChange]:
        """End several schedules in one transaction, all of them or none; see `delete_schedule`.

        Args:
            schedule_ids: The ids of schedules.
            now: The clock: an aware datetime or whole seconds since 1970.
            expect_version: Refuse where the current definition version of one is another.
            discard_waiting: Whether occurrences that wait lapse, with reason `discarded`.
            by: Who does this, for the record (default: nobody is named).
            note: Why, for the record; with `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().delete_all,
            given.schedule_ids("schedule_ids", schedule_ids),
            now=given.instant("now", now),
            expect_version=given.optional(given.whole, "expect_version", expect_version),
            discard_waiting=given.flag("discard_waiting", discard_waiting),
        )

    def discard(
        self, schedule_id: str, *, now: Instant, dry_run: bool = False, by: str | None = None, note: str | None = None
    ) -> list[LapseRecord]:
        """Lapse what waits of a schedule through `now`, with reason `discarded`; returns the lapses recorded.

        Raises `NotFound` for an id that is not there.

        Args:
            schedule_id: The id of a schedule; a deleted one may still have occurrences that wait.
            now: The clock: an aware datetime or whole seconds since 1970.
            dry_run: Whether to answer only what that would be.
            by: Who does this, for the record (default: nobody is named).
            note: Why, for the record; with `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().discard,
            given.schedule_id("schedule_id", schedule_id),
            now=given.instant("now", now),
            dry_run=given.flag("dry_run", dry_run),
        )

    def discard_all(
        self,
        schedule_ids: Collection[str],
        *,
        now: Instant,
        dry_run: bool = False,
        by: str | None = None,
        note: str | None = None,
    ) -> list[LapseRecord]:
        """Lapse what waits of several schedules in one transaction, all of them or none; see `discard`.

        Args:
            schedule_ids: The ids of schedules.
            now: The clock: an aware datetime or whole seconds since 1970.
            dry_run: Whether to answer only what that would be.
            by: Who does this, for the record (default: nobody is named).
            note: Why, for the record; with `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().discard_all,
            given.schedule_ids("schedule_ids", schedule_ids),
            now=given.instant("now", now),
            dry_run=given.flag("dry_run", dry_run),
        )

    def trigger(self, schedule_id: str, *, now: Instant, by: str | None = None, note: str | None = None) -> Triggered:
        """A manual tick of the current definition version, and its run; a second in the same second finds the first.

        Raises `NotFound` for an id that is not there or deleted, `Conflict` when the run key was reserved for something
        else (the tick stays, and shows it).

        Args:
            schedule_id: The id of a schedule that is not deleted.
            now: The clock: an aware datetime or whole seconds since 1970.
            by: Who does this, for the record (default: nobody is named).
            note: Why, for the record; with `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().trigger, given.schedule_id("schedule_id", schedule_id), now=given.instant("now", now)
        )

    def trigger_all(
        self, schedule_ids: Collection[str], *, now: Instant, by: str | None = None, note: str | None = None
    ) -> list[Triggered]:
        """A manual tick of each of several schedules in one transaction, all of them or none; see `trigger`.

        Args:
            schedule_ids: The ids of schedules that are not deleted.
            now: The clock: an aware datetime or whole seconds since 1970.
            by: Who does this, for the record (default: nobody is named).
            note: Why, for the record; with `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().trigger_all, given.schedule_ids("schedule_ids", schedule_ids), now=given.instant("now", now)
        )
