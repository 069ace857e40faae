"""Changing what runs: the methods that repeat, cancel and skip runs, tell how attempts went, and limit pools."""

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
        """Let final runs wait again, with a new round of retries; all of them or none.

        Raises `NotFound`, and `Conflict` for a run that is not over, or that succeeded, without `force`.

        Args:
            runs: Run ids, or what else names a run; a schedule id means its last run that failed.
            now: The clock: an aware datetime or whole seconds since 1970.
            current: Whether each is repeated by a new run for the same occurrence, with what its schedule asks for now,
                under the run key `{run key}:retry:{n}`.
            force: Whether successes are repeated too.
            by: Who does this, for the record (default: nobody is named).
            note: Why, for the record; with `by`.
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
        """Cancel runs that wait, and ask those that run to end; all of them or none.

        Raises `NotFound`, and `Conflict` for a run that is over otherwise.

        Args:
            runs: Run ids, or what else names a run; a schedule id means its running run.
            now: The clock: an aware datetime or whole seconds since 1970.
            by: Who does this, for the record (default: nobody is named).
            note: Why, for the record; with `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().cancel, *given.runs("runs", runs), now=given.instant("now", now)
        )

    def skip(self, *runs: str, now: Instant, by: str | None = None, note: str | None = None) -> Changed:
        """Skip runs that wait, with the reason `discarded`; all of them or none.

        Raises `NotFound`, and `Conflict` for a run that does not wait.

        Args:
            runs: Run ids, or what else names a run; a schedule id means its last run.
            now: The clock: an aware datetime or whole seconds since 1970.
            by: Who does this, for the record (default: nobody is named).
            note: Why, for the record; with `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().skip, *given.runs("runs", runs), now=given.instant("now", now)
        )

    def start_run(
        self, run: str, *, external_id: str, now: Instant, by: str | None = None, note: str | None = None
    ) -> Changed:
        """An executor of your own begins the next attempt; the same id again is `existing` while the attempt is open.

        Raises `NotFound`, and `Conflict` if the attempt with this id has ended, another one is open, the run is over,
        it is not due yet (with its spread), it waits for a retry, or its `start_within_seconds` are over. `overlap`,
        the slots of the pool and the timeout are not checked: they are up to your executor.

        Args:
            run: A run id, or what else names a run; a schedule id means its last run.
            external_id: What your executor calls this attempt, a text of up to 1,000 characters that no other attempt
                of the run has.
            now: The clock: an aware datetime or whole seconds since 1970.
            by: Who does this, for the record (default: nobody is named).
            note: Why, for the record; with `by`.
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
        """An executor of your own tells how an attempt ended; the same again is `existing`.

        Raises `NotFound`, and `Conflict` if the attempt is not the current one, or ended otherwise before.

        Args:
            run: A run id, or what else names a run; a schedule id means its running run.
            attempt: The number of the attempt, which `start_run` answers as `runs[0].state.attempts`.
            exit_code: 0 for a success, up to 255. A command that a signal ended has 128 + the signal, as in a shell.
            now: The clock: an aware datetime or whole seconds since 1970.
            message: What to keep about the end, a text of up to 1,000 characters.
            by: Who does this, for the record (default: nobody is named).
            note: Why, for the record; with `by`.
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
        """The open attempt of an executor of your own failed, without an exit code; the same again is `existing`.

        After a `cancel` the run is then `canceled`. Raises `NotFound`, and `Conflict` if no attempt is open, or another
        than `attempt`.

        Args:
            run: A run id, or what else names a run; a schedule id means its running run.
            now: The clock: an aware datetime or whole seconds since 1970.
            attempt: The number of the attempt, as of `finish_run` (default: whichever is open). Give it, so that a
                process that was thought dead can't end the attempt after its own.
            message: What to keep about the end, a text of up to 1,000 characters.
            by: Who does this, for the record (default: nobody is named).
            note: Why, for the record; with `by`.
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
        """Limit how many attempts of a pool there are at once, over all workers; the pool, and `changed` or `existing`.

        Args:
            pool: The name of the pool: up to 100 of A-Z a-z 0-9 . _ -, beginning with a letter, a digit or _.
            slots: How many, 0 to 1,000,000; 0 holds the pool, None takes the limit away.
            now: The clock: an aware datetime or whole seconds since 1970.
            by: Who does this, for the record (default: nobody is named).
            note: Why, for the record; with `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().set_pool,
            given.pool("pool", pool),
            None if slots is None else given.whole("slots", slots, 0, MAX_SLOTS),
            now=given.instant("now", now),
        )
