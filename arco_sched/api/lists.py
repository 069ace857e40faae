"""Lists of ticks, lapses, runs and events, in pages."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from arco_sched.api.given import Given
from arco_sched.core.errors import InvalidInput
from arco_sched.service.workspace import DEFAULT_LIMIT
from arco_sched.service.workspace import Workspace as Facade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from arco_sched.api.values import Instant
    from arco_sched.core.history import Event, LapseReason, LapseRecord, Run, RunStatus, Tick, TickStatus
    from arco_sched.service.life import RunLife
    from arco_sched.service.lists import Page

P = ParamSpec("P")
T = TypeVar("T")


class Lists(Facade):
    """The methods of `Workspace` that list history."""

    def ticks(
        self,
        *,
        schedule_id: str | None = None,
        status: TickStatus | None = None,
        since: Instant | None = None,
        until: Instant | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Tick]:
        """Ticks with `since <= scheduled_for < until`, newest first by (scheduled_for, tick_id).

        Args:
            schedule_id: Only those of this schedule; raises `NotFound` if there is none.
            status: Only `triggered`, `skipped` or `failed` ones.
            since: Only those from this instant on: an aware datetime or whole seconds since 1970.
            until: Only those before this instant.
            limit: Maximum rows per page, 1 to 10,000.
            cursor: `next_cursor` of the previous page.
        """
        given = Given()
        return given.call(
            super().ticks,
            schedule_id=given.optional(given.schedule_id, "schedule_id", schedule_id),
            status=given.optional(given.tick_status, "status", status),
            since=given.optional(given.instant, "since", since),
            until=given.optional(given.instant, "until", until),
            limit=given.number("limit", limit),
            cursor=given.optional(given.name, "cursor", cursor),
        )

    def lapses(
        self,
        *,
        schedule_id: str | None = None,
        reason: LapseReason | None = None,
        since: Instant | None = None,
        until: Instant | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[LapseRecord]:
        """Lapses that touch `[since, until)`, newest record first.

        Args:
            schedule_id: Only those of this schedule; raises `NotFound` if there is none.
            reason: Only `window`, `superseded`, `discarded` or `unevaluable` ones.
            since: Only those that reach this instant: an aware datetime or whole seconds since 1970.
            until: Only those that begin before this instant.
            limit: Maximum rows per page, 1 to 10,000.
            cursor: `next_cursor` of the previous page.
        """
        given = Given()
        return given.call(
            super().lapses,
            schedule_id=given.optional(given.schedule_id, "schedule_id", schedule_id),
            reason=given.optional(given.lapse_reason, "reason", reason),
            since=given.optional(given.instant, "since", since),
            until=given.optional(given.instant, "until", until),
            limit=given.number("limit", limit),
            cursor=given.optional(given.name, "cursor", cursor),
        )

    def runs(
        self,
        *,
        schedule_id: str | None = None,
        status: RunStatus | None = None,
        since: Instant | None = None,
        until: Instant | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Run]:
        """Runs with `since <= requested_at < until`, newest request first.

        Args:
            schedule_id: Only those of this schedule; raises `NotFound` if there is none.
            status: Only those with this status, such as `requested`.
            since: Only those requested from this instant on: an aware datetime or whole seconds since 1970.
            until: Only those requested before this instant.
            limit: Maximum rows per page, 1 to 10,000.
            cursor: `next_cursor` of the previous page.
        """
        given = Given()
        return given.call(
            super().runs,
            schedule_id=given.optional(given.schedule_id, "schedule_id", schedule_id),
            status=given.optional(given.run_status, "status", status),
            since=given.optional(given.instant, "since", since),
            until=given.optional(given.instant, "until", until),
            limit=given.number("limit", limit),
            cursor=given.optional(given.name, "cursor", cursor),
        )

    def run_lives(
        self,
        *,
        now: Instant,
        schedule_id: str | None = None,
        status: RunStatus | None = None,
        since: Instant | None = None,
        until: Instant | None = None,
        due_since: Instant | None = None,
        due_until: Instant | None = None,
        last: bool = False,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[RunLife]:
        """Runs with their lives, newest request first, each with its last attempt only; filters combine.

        Args:
            now: The current time: an aware datetime or whole seconds since 1970.
            schedule_id: Only those of this schedule; raises `NotFound` if there is none.
            status: Only those with this status, such as `failed`.
            since: Only those requested from this instant on.
            until: Only those requested before this instant.
            due_since: Only those due from this instant on.
            due_until: Only those due before this instant.
            last: Whether to include only the run of each schedule that was due last.
            limit: Maximum rows per page, 1 to 10,000.
            cursor: `next_cursor` of the previous page.
        """
        given = Given()
        return given.call(
            super().run_lives,
            now=given.instant("now", now),
            schedule_id=given.optional(given.schedule_id, "schedule_id", schedule_id),
            status=given.optional(given.run_status, "status", status),
            since=given.optional(given.instant, "since", since),
            until=given.optional(given.instant, "until", until),
            due_since=given.optional(given.instant, "due_since", due_since),
            due_until=given.optional(given.instant, "due_until", due_until),
            last=given.flag("last", last),
            limit=given.number("limit", limit),
            cursor=given.optional(given.name, "cursor", cursor),
        )

    def events(
        self,
        *,
        after: int = 0,
        type_: str | None = None,
        schedule_id: str | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Event]:
        """Events with `seq > after`, oldest first.

        Args:
            after: The `seq` of the last event you have seen (0: from the beginning).
            type_: Only those of this type, such as `RunRequested`.
            schedule_id: Only those of this schedule; raises `NotFound` if there is none.
            limit: Maximum rows per page, 1 to 10,000.
            cursor: `next_cursor` of the previous page, which is its last `seq` as a string; overrides `after`.
        """
        given = Given()
        seen = given.whole("after", after)
        return given.call(
            super().events,
            after=seen if cursor is None else given.seq("cursor", cursor),
            type_=given.optional(given.name, "type_", type_),
            schedule_id=given.optional(given.schedule_id, "schedule_id", schedule_id),
            limit=given.number("limit", limit),
        )

    def walk(self, read: Callable[P, Page[T]], *args: P.args, **filters: P.kwargs) -> Iterator[T]:
        """Every row of a list, page by page; anyone may write between two pages, including you.

        `workspace.walk(workspace.ticks, schedule_id="daily")` gives the rows of all pages of
        `workspace.ticks(schedule_id="daily")`.

        Args:
            read: `ticks`, `lapses`, `runs`, `run_lives` or `events` of this workspace.
            args: None: these methods only take keyword arguments.
            filters: The arguments to call it with; `limit` is the page size.
        """
        asked: object = read
        lists: tuple[object, ...] = (self.ticks, self.lapses, self.runs, self.run_lives, self.events)
        if not callable(asked) or asked not in lists:
            raise InvalidInput("read must be ticks, lapses, runs, run_lives or events of this workspace")
        return _rows(partial(read, *args, **filters))


def _rows(read: Callable[..., Page[T]]) -> Iterator[T]:
    page = read()
    yield from page
    while page.next_cursor is not None:
        page = read(cursor=page.next_cursor)
        yield from page
