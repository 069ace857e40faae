"""Pages: how many rows, and where the next one begins."""

from collections.abc import Sequence
from typing import Final, TypeVar

from arco_sched.core.errors import InvalidInput
from arco_sched.core.problems import Problem
from arco_sched.service.answers import Page

T = TypeVar("T")

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 10_000


def check_limit(limit: int) -> int:
    """The limit, if it is 1 to 10,000; raises `InvalidInput`."""
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput(Problem("limit", "bounds", {"least": 1, "most": MAX_LIMIT}))
    return limit


def check_choice(name: str, value: str | None, choices: Sequence[str]) -> None:
    """Refuse a value that is none of the choices: a filter that matches nothing would hide the mistake."""
    if value is not None and value not in choices:
        raise InvalidInput(Problem(name, "choice", {"value": value, "choices": tuple(choices)}))


def keyed_page(rows: Sequence[tuple[T, int]], limit: int) -> Page[T]:
    """The page of `limit` rows made of one row more than that, each with its key."""
    more = len(rows) > limit
    return Page(tuple(row for row, _ in rows[:limit]), str(rows[limit - 1][1]) if more else None)


def number_cursor(cursor: str | None) -> int | None:
    """What a `next_cursor` of lapses, runs or events says; raises `InvalidInput`."""
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise _not_a_cursor(cursor)
    return int(cursor)


def tick_cursor(cursor: str | None) -> tuple[int, str] | None:
    """What a `next_cursor` of ticks says, (scheduled_for, tick_id); raises `InvalidInput`."""
    if cursor is None:
        return None
    instant, separator, tick_id = cursor.partition("~")
    digits = instant.removeprefix("-")
    if not (separator and tick_id and digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise _not_a_cursor(cursor)
    return int(instant), tick_id


def _not_a_cursor(cursor: str) -> InvalidInput:
    return InvalidInput(Problem("cursor", "cursor", {"value": cursor}))
