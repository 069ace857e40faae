"""Defining schedules: the methods that create, update and apply definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arco_sched.api.given import Given
from arco_sched.service.workspace import Workspace as Facade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from arco_sched.api.values import Instant
    from arco_sched.core.definitions import Definition, Version, Wanted
    from arco_sched.service.apply import Applied
    from arco_sched.service.schedules import ScheduleChange


class Definitions(Facade):
    """The methods of `Workspace` that define schedules."""

    def create_schedule(
        self,
        schedule_id: str,
        definition: Definition,
        *,
        now: Instant,
        start_at: Instant | None = None,
        enabled: bool | None = None,
        by: str | None = None,
        note: str | None = None,
    ) -> ScheduleChange:
        """Create a schedule, or recreate a deleted one; the same content again is `unchanged`.

        Raises `InvalidInput`, and `Conflict` if the id exists with different content.

        Args:
            schedule_id: 1 to 100 characters from A-Z a-z 0-9 . _ -, beginning with a letter or a digit.
            definition: The definition; `help(Definition)` lists its fields.
            now: The current time: an aware datetime or whole seconds since 1970.
            start_at: The instant from which occurrences count (default: now).
            enabled: False to start paused (default: enabled, or unchanged).
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().create_schedule,
            given.schedule_id("schedule_id", schedule_id),
            given.definition("definition", definition),
            now=given.instant("now", now),
            start_at=given.optional(given.instant, "start_at", start_at),
            enabled=given.optional(given.flag, "enabled", enabled),
        )

    def update_schedule(
        self,
        schedule_id: str,
        values: Mapping[str, Any],
        *,
        now: Instant,
        start_at: Instant | None = None,
        enabled: bool | None = None,
        expect_version: int | None = None,
        discard_waiting: bool = False,
        by: str | None = None,
        note: str | None = None,
    ) -> ScheduleChange:
        """Change some fields of a definition, and optionally its start and whether it is enabled.

        Raises `NotFound`, `InvalidInput`, and `Conflict` if `expect_version` is not the current version.

        Args:
            schedule_id: The id of a schedule that is not deleted.
            values: New values by the names of the fields of `Definition`, `RequestContent` and `Policy`, such as
                `{"timezone": "Europe/Berlin", "command": "make", "max_retries": 3}`; or a whole `request` or `policy`.
                None clears a field that can be empty (text, lists, labels, instants, timeouts); other fields refuse it.
            now: The current time: an aware datetime or whole seconds since 1970. Earlier occurrences keep the version
                that was in force.
            start_at: A new start, until any occurrence is accounted for (default: unchanged).
            enabled: True or False to enable or disable (default: unchanged).
            expect_version: The definition version that must be the current one (default: any).
            discard_waiting: Whether waiting occurrences lapse, with reason `discarded`.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().update_schedule,
            given.schedule_id("schedule_id", schedule_id),
            given.fields("values", values),
            now=given.instant("now", now),
            start_at=given.optional(given.instant, "start_at", start_at),
            enabled=given.optional(given.flag, "enabled", enabled),
            expect_version=given.optional(given.whole, "expect_version", expect_version),
            discard_waiting=given.flag("discard_waiting", discard_waiting),
        )

    def apply(
        self,
        wanted: Iterable[Wanted],
        *,
        now: Instant,
        prune: bool = False,
        dry_run: bool = False,
        refuse: Callable[[Version, Wanted], str | None] | None = None,
        by: str | None = None,
        note: str | None = None,
    ) -> Applied:
        """Make every schedule what it should be, in one transaction, all of them or none; deleted ids are recreated.

        Raises `InvalidFields` with every problem found, and `Conflict` with every refusal.

        Args:
            wanted: A `Wanted` for each schedule: its id, definition, and `enabled` and `start_at` unless they stay.
            now: The current time: an aware datetime or whole seconds since 1970.
            prune: Whether to delete the schedules that are not in `wanted`.
            dry_run: Whether to only return what would change.
            refuse: Called with the current version of a schedule that would change and its `Wanted`; returns why it
                can't be changed, or None. It may only read.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().apply,
            given.wanted("wanted", wanted),
            now=given.instant("now", now),
            prune=given.flag("prune", prune),
            dry_run=given.flag("dry_run", dry_run),
            refuse=given.callback("refuse", refuse),
        )
