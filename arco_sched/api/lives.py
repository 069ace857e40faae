"""Changing runs: the methods that retry, cancel and skip runs, record attempts, and limit pools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arco_sched.api.given import Given
from arco_sched.core.policy import MAX_SLOTS
from arco_sched.service.workspace import Workspace as Facade

if TYPE_CHECKING:
    from arco_sched.api.values import Instant
    from arco_sched.service.life import Changed, Pool, RunChange


class Lives(Facade):
    """The methods of `Workspace` that change the life of runs.

    A run is named by its run id, the beginning of it that no other run id has, its tick id, its run key, or its
    schedule id. A schedule id means the last run of the schedule; for `retry` the last that failed; for `finish_run`,
    `fail_run` and `cancel` the running one, and `InvalidInput` if several are running. A program should use run ids.
    """

    def retry(
        self,
        *runs: str,
        now: Instant,
        current: bool = False,
        force: bool = False,
        by: str | None = None,
        note: str | None = None,
    ) -> Changed:
        """Retry final runs: they wait again, with a new round of retries; all of them or none.

        Raises `NotFound`, and `Conflict` for a run that is not over, or without `force` for one that succeeded.

        Args:
            runs: Run ids, or what else names a run; a schedule id means its last run that failed.
            now: The current time: an aware datetime or whole seconds since 1970.
            current: Whether to request a new run for the same occurrence instead, with what its schedule asks for now,
                under the run key `{run key}:retry:{n}`.
            force: Whether to also retry runs that succeeded.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().retry,
            *given.runs("runs", runs),
            now=given.instant("now", now),
            current=given.flag("current", current),
            force=given.flag("force", force),
        )

    def cancel(self, *runs: str, now: Instant, by: str | None = None, note: str | None = None) -> Changed:
        """Cancel waiting runs, and ask running ones to end; all of them or none.

        Raises `NotFound`, and `Conflict` for a run that has ended in another way.

        Args:
            runs: Run ids, or what else names a run; a schedule id means its running run.
            now: The current time: an aware datetime or whole seconds since 1970.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().cancel, *given.runs("runs", runs), now=given.instant("now", now)
        )

    def skip(self, *runs: str, now: Instant, by: str | None = None, note: str | None = None) -> Changed:
        """Skip waiting runs, with reason `discarded`; all of them or none.

        Raises `NotFound`, and `Conflict` for a run that isn't waiting.

        Args:
            runs: Run ids, or what else names a run; a schedule id means its last run.
            now: The current time: an aware datetime or whole seconds since 1970.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().skip, *given.runs("runs", runs), now=given.instant("now", now)
        )

    def start_run(
        self, run: str, *, external_id: str, now: Instant, by: str | None = None, note: str | None = None
    ) -> Changed:
        """Record that your own executor starts the next attempt; the same id again is `existing` while it is open.

        Raises `NotFound`, and `Conflict` if the attempt with this id has ended, another one is open, the run is over,
        it is not due yet (with its spread), it waits for a retry, or its `start_within_seconds` are over. `overlap`,
        the slots of the pool and the timeout are not checked: they are up to your executor.

        Args:
            run: A run id, or what else names a run; a schedule id means its last run.
            external_id: What your executor calls this attempt, a string of up to 1,000 characters that no other attempt
                of the run has.
            now: The current time: an aware datetime or whole seconds since 1970.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().start_run,
            given.run("run", run),
            external_id=given.label("external_id", external_id),
            now=given.instant("now", now),
        )

    def finish_run(
        self,
        run: str,
        *,
        attempt: int,
        exit_code: int,
        now: Instant,
        message: str | None = None,
        by: str | None = None,
        note: str | None = None,
    ) -> Changed:
        """Record how an attempt of your own executor ended; the same again is `existing`.

        Raises `NotFound`, and `Conflict` if the attempt is not the current one, or a different end is recorded for it.

        Args:
            run: A run id, or what else names a run; a schedule id means its running run.
            attempt: The number of the attempt, which `start_run` returns as `runs[0].state.attempts`.
            exit_code: 0 for a success, up to 255. A command that a signal ended has 128 + the signal, as in a shell.
            now: The current time: an aware datetime or whole seconds since 1970.
            message: A message to record about the end, a string of up to 1,000 characters.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().finish_run,
            given.run("run", run),
            attempt=given.size("attempt", attempt),
            exit_code=given.exit_code("exit_code", exit_code),
            now=given.instant("now", now),
            message=given.optional(given.label, "message", message),
        )

    def fail_run(
        self,
        run: str,
        *,
        now: Instant,
        attempt: int | None = None,
        message: str | None = None,
        by: str | None = None,
        note: str | None = None,
    ) -> Changed:
        """Record that the open attempt of your own executor failed without an exit code; the same again is `existing`.

        After a `cancel` the run is then `canceled`. Raises `NotFound`, and `Conflict` if no attempt is open, or another
        than `attempt`.

        Args:
            run: A run id, or what else names a run; a schedule id means its running run.
            now: The current time: an aware datetime or whole seconds since 1970.
            attempt: The number of the attempt, as of `finish_run` (default: whichever is open). Give it, so that a
                process that was thought dead can't end the attempt after its own.
            message: A message to record about the end, a string of up to 1,000 characters.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().fail_run,
            given.run("run", run),
            now=given.instant("now", now),
            attempt=given.optional(given.size, "attempt", attempt),
            message=given.optional(given.label, "message", message),
        )

    def set_pool(
        self, pool: str, slots: int | None, *, now: Instant, by: str | None = None, note: str | None = None
    ) -> tuple[Pool, RunChange]:
        """Limit the attempts of a pool at once, over all workers; returns the pool, and `changed` or `existing`.

        Args:
            pool: The name of the pool: up to 100 characters from A-Z a-z 0-9 . _ -, beginning with a letter, a digit
                or _.
            slots: How many, 0 to 1,000,000; 0 pauses the pool, None removes the limit.
            now: The current time: an aware datetime or whole seconds since 1970.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().set_pool,
            given.pool("pool", pool),
            None if slots is None else given.whole("slots", slots, 0, MAX_SLOTS),
            now=given.instant("now", now),
        )
