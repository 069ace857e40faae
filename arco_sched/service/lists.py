"""Lists: pages of ticks, lapses, runs and events, and where the next page begins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from arco_sched.core.errors import InvalidInput
from arco_sched.core.events import BY_NAME
from arco_sched.core.history import LAPSE_REASONS, RUN_STATUSES, TICK_STATUSES, Event, LapseRecord, Run, Tick
from arco_sched.core.ports import Store, Transaction
from arco_sched.core.problems import Problem
from arco_sched.service.missed import with_ends
from arco_sched.service.not_found import number_of

T = TypeVar("T")

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """A page of a list: its rows, over which it iterates, and the `cursor` of the next page (None at the end)."""

    rows: tuple[T, ...]
    next_cursor: str | None

    def __iter__(self) -> Iterator[T]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def ticks(
    store: Store,
    schedule_id: str | None,
    status: str | None,
    since: int | None,
    until: int | None,
    limit: int,
    cursor: str | None,
) -> Page[Tick]:
    """A page of ticks; see `Workspace.ticks`."""
    check_choice("status", status, TICK_STATUSES)
    before = _tick_key(cursor)
    with store.read() as transaction:
        rows = transaction.history.ticks(
            schedule=_optional_number(transaction, schedule_id),
            status=status,
            since=since,
            until=until,
            before=before,
            limit=check_limit(limit) + 1,
        )
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows=tuple(rows), next_cursor=f"{rows[-1].scheduled_for}~{rows[-1].tick_id}" if more else None)


def lapses(
    store: Store,
    schedule_id: str | None,
    reason: str | None,
    since: int | None,
    until: int | None,
    limit: int,
    cursor: str | None,
) -> Page[LapseRecord]:
    """A page of lapses; see `Workspace.lapses`."""
    check_choice("reason", reason, LAPSE_REASONS)
    before = _row_key(cursor)
    with store.read() as transaction:
        rows = transaction.history.lapses(
            schedule=_optional_number(transaction, schedule_id),
            reason=reason,
            since=since,
            until=until,
            before=before,
            limit=check_limit(limit) + 1,
        )
        named = with_ends(transaction, (row for row, _ in rows))
    return _page([(row, key) for row, (_, key) in zip(named, rows, strict=True)], limit)


def runs(
    store: Store,
    schedule_id: str | None,
    status: str | None,
    since: int | None,
    until: int | None,
    limit: int,
    cursor: str | None,
) -> Page[Run]:
    """A page of runs; see `Workspace.runs`."""
    with store.read() as transaction:
        return run_page(transaction, schedule_id, status, since=since, until=until, limit=limit, cursor=cursor)


def run_page(
    transaction: Transaction,
    schedule_id: str | None,
    status: str | None,
    *,
    since: int | None = None,
    until: int | None = None,
    due_since: int | None = None,
    due_until: int | None = None,
    last: bool = False,
    limit: int,
    cursor: str | None = None,
) -> Page[Run]:
    """A page of runs; see `Workspace.run_lives`."""
    check_choice("status", status, RUN_STATUSES)
    rows = transaction.runs.page(
        schedule=_optional_number(transaction, schedule_id),
        status=status,
        since=since,
        until=until,
        due_since=due_since,
        due_until=due_until,
        last=last,
        before=_row_key(cursor),
        limit=check_limit(limit) + 1,
    )
    return _page(rows, limit)


def events(store: Store, after: int, type_: str | None, schedule_id: str | None, limit: int) -> Page[Event]:
    """A page of events; see `Workspace.events`."""
    check_choice("type_", type_, tuple(BY_NAME))
    with store.read() as transaction:
        schedule = _optional_number(transaction, schedule_id)
        rows = transaction.events.page(after=after, type_=type_, schedule=schedule, limit=check_limit(limit) + 1)
    more = len(rows) > limit
    return Page(rows=tuple(rows[:limit]), next_cursor=str(rows[limit - 1].seq) if more else None)


def _optional_number(transaction: Transaction, schedule_id: str | None) -> int | None:
    return None if schedule_id is None else number_of(transaction, schedule_id)


def check_limit(limit: int) -> int:
    """The limit, if it is 1 to 10,000; raises `InvalidInput`."""
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput(Problem("limit", "bounds", {"least": 1, "most": MAX_LIMIT}))
    return limit


def check_choice(name: str, value: str | None, choices: Sequence[str]) -> None:
    """Raise `InvalidInput` for a value that isn't a choice: a filter that matches nothing would hide the mistake."""
    if value is not None and value not in choices:
        raise InvalidInput(Problem(name, "choice", {"value": value, "choices": tuple(choices)}))


def _page(rows: Sequence[tuple[T, int]], limit: int) -> Page[T]:
    """The page of `limit` rows, given one row more than that, each with its key."""
    more = len(rows) > limit
    return Page(rows=tuple(row for row, _ in rows[:limit]), next_cursor=str(rows[limit - 1][1]) if more else None)


def _row_key(cursor: str | None) -> int | None:
    """The key in a `next_cursor` of lapses, runs or events; raises `InvalidInput`."""
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise _unreadable(cursor)
    return int(cursor)


def _tick_key(cursor: str | None) -> tuple[int, str] | None:
    """The key in a `next_cursor` of ticks, (scheduled_for, tick_id); raises `InvalidInput`."""
    if cursor is None:
        return None
    instant, separator, tick_id = cursor.partition("~")
    digits = instant.removeprefix("-")
    if not (separator and tick_id and digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise _unreadable(cursor)
    return int(instant), tick_id


def _unreadable(cursor: str) -> InvalidInput:
    return InvalidInput(Problem("cursor", "cursor", {"value": cursor}))
