"""Not-found errors, with the closest ids."""

from collections.abc import Iterable
from typing import Final

from arco_sched.core import changes, identity
from arco_sched.core.errors import NotFound
from arco_sched.core.ports import Transaction

COMPARED: Final = 20_000
"""How many ids are searched for the closest ones: a millisecond for every few dozen."""


def missing(transaction: Transaction, schedule_id: str) -> NotFound:
    """The error for an id without a schedule, with the closest existing ids; raises `InvalidInput` if it can't be an
    id."""
    changes.check_schedule_id(schedule_id)
    meant = nearest(transaction, schedule_id)
    return (
        changes.not_found(schedule_id)
        if meant is None
        else NotFound(f"no schedule {schedule_id}: did you mean {meant}?")
    )


def nearest(transaction: Transaction, text: str) -> str | None:
    """The ids of the schedules that a text may be meant for, `a or b`; None if it is one itself, or no id is near."""
    if identity.SCHEDULE_ID.fullmatch(text) is None:
        return None
    known = transaction.definitions.known_ids(COMPARED)
    if text in known:
        return None
    from difflib import get_close_matches

    return " or ".join(get_close_matches(text, known, n=3)) or None


def number_of(transaction: Transaction, schedule_id: str) -> int:
    """The number of a schedule; raises `NotFound`."""
    number = transaction.definitions.number(schedule_id)
    if number is None:
        raise missing(transaction, schedule_id)
    return number


def numbers_of(transaction: Transaction, schedule_ids: Iterable[str]) -> list[int]:
    """The numbers of schedules, each once, in the given order; raises `NotFound` for the first unknown one."""
    names = tuple(dict.fromkeys(schedule_ids))
    found = transaction.definitions.numbers_of(names)
    for name in names:
        if name not in found:
            raise missing(transaction, name)
    return [found[name] for name in names]
