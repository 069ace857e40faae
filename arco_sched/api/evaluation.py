"""Evaluating schedules and requesting runs: the methods that make ticks, lapses and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arco_sched.api.given import Given
from arco_sched.core.policy import DEFAULT
from arco_sched.service.workspace import Workspace as Facade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from arco_sched.api.values import Instant
    from arco_sched.core.definitions import RequestContent
    from arco_sched.core.history import Rewinding
    from arco_sched.core.policy import Policy
    from arco_sched.service.backfill import Backfill
    from arco_sched.service.evaluation import Evaluation
    from arco_sched.service.requests import Requested


class Evaluations(Facade):
    """The methods of `Workspace` that evaluate schedules and request runs."""

    def evaluate(
        self,
        now: Instant,
        *,
        schedules: Iterable[str] = (),
        dry_run: bool = False,
        progress: Callable[[int, int], None] | None = None,
        batch: int | None = None,
    ) -> Evaluation:
        """Evaluate once: every occurrence through `now` becomes a tick, lapses, or waits for the next evaluation.

        It runs in several transactions. An interruption loses nothing: the next evaluation continues from there.

        With a `now` before that of the last evaluation it does nothing. Raises `NotFound` for an unknown schedule.

        Args:
            now: The current time: an aware datetime or whole seconds since 1970.
            schedules: The ids of the schedules to evaluate (default: all).
            dry_run: Whether to only return what would change.
            progress: Called after each transaction with the number of schedules done and of those that were due.
            batch: Maximum ticks per transaction (default: 10,000).
        """
        given = Given()
        return given.call(
            super().evaluate,
            given.instant("now", now),
            schedules=given.schedule_ids("schedules", schedules),
            dry_run=given.flag("dry_run", dry_run),
            progress=given.callback("progress", progress),
            batch=given.optional(given.size, "batch", batch),
        )

    def rewind(
        self,
        *,
        now: Instant,
        schedules: Iterable[str] = (),
        dry_run: bool = False,
        by: str | None = None,
        note: str | None = None,
    ) -> list[Rewinding]:
        """Move every cursor that is ahead of `now` back to it, as after a wrong clock.

        Repeating it changes nothing. Raises `NotFound` for an unknown schedule.

        Args:
            now: The current time: an aware datetime or whole seconds since 1970.
            schedules: The ids of the schedules to look at (default: all).
            dry_run: Whether to only return what would change.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().rewind,
            now=given.instant("now", now),
            schedules=given.schedule_ids("schedules", schedules),
            dry_run=given.flag("dry_run", dry_run),
        )

    def backfill(
        self,
        schedule_id: str,
        *,
        start: Instant,
        stop: Instant,
        now: Instant,
        limit: int = 1000,
        dry_run: bool = False,
        by: str | None = None,
        note: str | None = None,
    ) -> Backfill:
        """Make ticks and runs for past occurrences that lapsed, were paused or lie before the start.

        Repeating it creates nothing twice. Raises `InvalidInput` for an empty range or one that ends after `now`, and
        `NotFound` for an unknown id.

        Args:
            schedule_id: The id of a schedule.
            start: The start of the range, inclusive: an aware datetime or whole seconds since 1970.
            stop: The end of the range, exclusive.
            now: The current time.
            limit: Maximum new ticks, oldest first, 1 to 10,000.
            dry_run: Whether to only return what would change.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().backfill,
            given.schedule_id("schedule_id", schedule_id),
            start=given.instant("start", start),
            stop=given.instant("stop", stop),
            now=given.instant("now", now),
            limit=given.number("limit", limit),
            dry_run=given.flag("dry_run", dry_run),
        )

    def request_run(
        self,
        key: str,
        content: RequestContent,
        *,
        now: Instant,
        policy: Policy = DEFAULT,
        by: str | None = None,
        note: str | None = None,
    ) -> Requested:
        """Request a run under a run key, or find the existing one, which keeps its policy.

        Raises `Conflict` if the key is reserved for different content: the request is recorded and shown with the run,
        which stays as it is.

        Args:
            key: The run key, a string of up to 1,000 characters that you choose; repeating it finds the same run.
            content: What the run is asked to do; `help(RequestContent)` lists the fields.
            now: The current time: an aware datetime or whole seconds since 1970.
            policy: How the run is executed; `help(Policy)` lists the fields.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().request_run,
            given.label("key", key),
            given.content("content", content),
            now=given.instant("now", now),
            policy=given.policy("policy", policy),
        )
