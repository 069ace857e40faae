"""Checks of rows as they are read: a value that arco never writes is an error of one line, not taken as it is."""

from collections.abc import Sequence
from typing import Any, Final

from arco_sched.core.definitions import Term
from arco_sched.core.errors import DatabaseUnusable
from arco_sched.core.history import LAPSE_REASONS, LapseRecord, Tick
from arco_sched.core.instants import MAX_INSTANT, MIN_INSTANT
from arco_sched.core.problems import said
from arco_sched.core.subjects import LapseSpan

_FIRST: Final = MIN_INSTANT - 1
"""A cursor may stand before the first instant."""
_LAST: Final = MAX_INSTANT + 1
"""A lapse may end behind the last one."""


def damaged(what: str) -> DatabaseUnusable:
    """The error for what nobody but arco should have written, and arco did not."""
    return DatabaseUnusable(said(f"the database is damaged ({what})", hint="verify"))


def is_instant(value: object) -> bool:
    """Whether a stored value is an instant."""
    return type(value) is int and _FIRST <= value <= _LAST


def check_instants(values: Sequence[object], what: str) -> None:
    """Refuse what is no instant; None counts as one where a column may be empty."""
    if not all(value is None or is_instant(value) for value in values):
        raise damaged(f"{what} has no valid instant")


UNREADABLE: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError)
"""What reading a stored text raises that is not as it was written."""


def tick(row: Sequence[Any]) -> Tick:
    """A tick from its row."""
    found = Tick(*row)
    if not (is_instant(found.scheduled_for) and is_instant(found.evaluated_at)):
        raise damaged("a tick has no valid instant")
    if found.schedule_id is None:
        raise damaged("a tick is of no schedule")
    return found


def lapse(row: Sequence[Any]) -> LapseRecord:
    """A lapse from its row."""
    found = LapseRecord(*row)
    _check_span(found.after, found.before, found.missed)
    check_instants([found.recorded_at], "a lapse")
    if found.schedule_id is None:
        raise damaged("a lapse is of no schedule")
    if found.reason not in LAPSE_REASONS:
        raise damaged("a lapse has no known reason")
    return found


def lapse_span(row: Sequence[Any]) -> LapseSpan:
    """A lapse, as a rewind or a recount needs it."""
    found = LapseSpan._make(row)
    _check_span(found.after, found.before, found.missed)
    return found


def _check_span(after: object, before: object, missed: object) -> None:
    if not (is_instant(after) and is_instant(before)):
        raise damaged("a lapse has no valid instant")
    if missed is not None and type(missed) is not int:
        raise damaged("a lapse has no valid count")


def term(row: Sequence[Any]) -> Term:
    """A definition version as an evaluation needs it."""
    found = Term._make(row)
    if not (is_instant(found.effective_from) and is_instant(found.start_at)):
        raise damaged("a definition version has no valid instant")
    check_instants([found.end_at], "a definition version")
    return found
