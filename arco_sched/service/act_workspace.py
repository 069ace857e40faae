"""What people do with schedules by hand, one or many at once: a part of `Workspace`."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from arco_sched.service.run_workspace import RunWorkspace

if TYPE_CHECKING:
    from arco_sched.core.history import LapseRecord
    from arco_sched.service.requests import Triggered
    from arco_sched.service.schedules import ScheduleChange


class ActWorkspace(RunWorkspace):
    """Acts on schedules. A call for many is one transaction: it changes all of them or none."""

    def choose(self, labels: Mapping[str, str]) -> list[str]:
        """The ids of the schedules that have all of these labels and are not deleted, in order.

        Raises `NotFound` if there are none.
        """
        from arco_sched.service.schedules import choose

        with self._store.read() as transaction:
            return choose(transaction, labels)

    def set_enabled(
        self,
        schedule_id: str,
        enabled: bool,
        *,
        now: int,
        until: int | None = None,
        expect_version: int | None = None,
        discard_waiting: bool = False,
    ) -> "ScheduleChange":
        """Enable or disable (pause) a schedule; occurrences in a pause become `skipped` ticks.

        With `until` the pause ends then: occurrences from that instant on are triggered again. `discard_waiting` works
        as in an update; with a pause it also skips the runs that wait for a worker.
        """
        return self.set_enabled_all(
            [schedule_id],
            enabled,
            now=now,
            until=until,
            expect_version=expect_version,
            discard_waiting=discard_waiting,
        )[0]

    def set_enabled_all(
        self,
        schedule_ids: Sequence[str],
        enabled: bool,
        *,
        now: int,
        until: int | None = None,
        expect_version: int | None = None,
        discard_waiting: bool = False,
    ) -> "list[ScheduleChange]":
        """The same for several schedules, all of them or none."""
        from arco_sched.core import changes
        from arco_sched.service.schedules import change_all

        decide = partial(changes.set_enabled, now=now, enabled=enabled, until=until, expect_version=expect_version)
        return change_all(
            self._store,
            schedule_ids,
            decide,
            "updated",
            now,
            discard_waiting=discard_waiting,
            discard_runs=not enabled,
        )

    def delete_schedule(
        self, schedule_id: str, *, now: int, expect_version: int | None = None, discard_waiting: bool = False
    ) -> "ScheduleChange":
        """End a schedule: nothing is due afterwards, but its history stays."""
        return self.delete_all([schedule_id], now=now, expect_version=expect_version, discard_waiting=discard_waiting)[
            0
        ]

    def delete_all(
        self,
        schedule_ids: Sequence[str],
        *,
        now: int,
        expect_version: int | None = None,
        discard_waiting: bool = False,
    ) -> "list[ScheduleChange]":
        """The same for several schedules, all of them or none."""
        from arco_sched.core import changes
        from arco_sched.service.schedules import change_all

        decide = partial(changes.delete, now=now, expect_version=expect_version)
        return change_all(
            self._store, schedule_ids, decide, "deleted", now, discard_waiting=discard_waiting, discard_runs=True
        )

    def discard(self, schedule_id: str, *, now: int, dry_run: bool = False) -> "list[LapseRecord]":
        """Lapse a schedule's backlog through `now`, with reason `discarded`; returns the recorded lapses.

        Raises `NotFound` for an unknown id; a deleted schedule may still have a backlog.
        """
        return self.discard_all([schedule_id], now=now, dry_run=dry_run)

    def discard_all(self, schedule_ids: Sequence[str], *, now: int, dry_run: bool = False) -> "list[LapseRecord]":
        """The same for several schedules, all of them or none."""
        from arco_sched.service.rewinding import discard_waiting

        return discard_waiting(self._store, schedule_ids, now=now, dry_run=dry_run)

    def trigger(self, schedule_id: str, *, now: int) -> "Triggered":
        """A manual tick of the current definition version, and its run; a second call in the same second finds the
        first one.

        Raises `NotFound` for an unknown or deleted id, `Conflict` if the run key was reserved for something else (the
        tick stays and shows it).
        """
        return self.trigger_all([schedule_id], now=now)[0]

    def trigger_all(self, schedule_ids: Sequence[str], *, now: int) -> "list[Triggered]":
        """The same for several schedules, all of them or none."""
        from arco_sched.service.requests import trigger

        return trigger(self._store, self.name, schedule_ids, now=now)
