"""Acting on one schedule or many: the methods that enable, disable, delete, discard and trigger."""

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
    """The methods of `Workspace` that act on schedules."""

    def choose(self, labels: Mapping[str, str]) -> list[str]:
        """The ids of the schedules that have all of these labels and are not deleted, in order.

        Raises `NotFound` if there are none.

        Args:
            labels: Names and values; an empty mapping means all schedules.
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
        """Enable or disable (pause) a schedule; occurrences during a pause become `skipped` ticks.

        As always, an evaluation that comes too late for an occurrence (`catchup_window_minutes`) lets it lapse instead,
        also in a pause.

        Raises `NotFound`, and `Conflict` if `expect_version` is not the current version.

        Args:
            schedule_id: The id of a schedule that is not deleted.
            enabled: True to enable, False to disable.
            now: The current time: an aware datetime or whole seconds since 1970.
            until: With False, when the pause ends (default: never).
            expect_version: The definition version that must be the current one (default: any).
            discard_waiting: Whether waiting occurrences lapse, with reason `discarded`.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
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
            now: The current time: an aware datetime or whole seconds since 1970.
            until: With False, when the pause ends (default: never).
            expect_version: The definition version that must be the current one of each (default: any).
            discard_waiting: Whether waiting occurrences lapse, with reason `discarded`.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
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
        """Delete a schedule: nothing is due from now on, and its history stays.

        Raises `NotFound`, and `Conflict` if `expect_version` is not the current version.

        Args:
            schedule_id: The id of a schedule; a deleted one is `unchanged`.
            now: The current time: an aware datetime or whole seconds since 1970.
            expect_version: The definition version that must be the current one (default: any).
            discard_waiting: Whether waiting occurrences lapse, with reason `discarded`.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
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
        """Delete several schedules in one transaction, all of them or none; see `delete_schedule`.

        Args:
            schedule_ids: The ids of schedules.
            now: The current time: an aware datetime or whole seconds since 1970.
            expect_version: The definition version that must be the current one of each (default: any).
            discard_waiting: Whether waiting occurrences lapse, with reason `discarded`.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
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
        """Let what waits of a schedule at `now` lapse, with reason `discarded`; returns the recorded lapses.

        Raises `NotFound` for an unknown id.

        Args:
            schedule_id: The id of a schedule; a deleted one may still have waiting occurrences.
            now: The current time: an aware datetime or whole seconds since 1970.
            dry_run: Whether to only return what would change.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
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
        """Discard what waits of several schedules in one transaction, all of them or none; see `discard`.

        Args:
            schedule_ids: The ids of schedules.
            now: The current time: an aware datetime or whole seconds since 1970.
            dry_run: Whether to only return what would change.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().discard_all,
            given.schedule_ids("schedule_ids", schedule_ids),
            now=given.instant("now", now),
            dry_run=given.flag("dry_run", dry_run),
        )

    def trigger(self, schedule_id: str, *, now: Instant, by: str | None = None, note: str | None = None) -> Triggered:
        """Record a manual tick of the current definition version and request its run.

        A second call within the same second finds the first tick. Raises `NotFound` for an unknown or deleted id, and
        `Conflict` if the run key is reserved for different content (the tick stays, and shows the conflict).

        Args:
            schedule_id: The id of a schedule that is not deleted.
            now: The current time: an aware datetime or whole seconds since 1970.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().trigger, given.schedule_id("schedule_id", schedule_id), now=given.instant("now", now)
        )

    def trigger_all(
        self, schedule_ids: Collection[str], *, now: Instant, by: str | None = None, note: str | None = None
    ) -> list[Triggered]:
        """Trigger several schedules in one transaction, all of them or none; see `trigger`.

        Args:
            schedule_ids: The ids of schedules that are not deleted.
            now: The current time: an aware datetime or whole seconds since 1970.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().trigger_all, given.schedule_ids("schedule_ids", schedule_ids), now=given.instant("now", now)
        )
