"""Not-found errors, with the closest ids."""

from collections.abc import Iterable
from typing import Final

from arco_sched.core import changes
from arco_sched.core.errors import NotFound
from arco_sched.core.ports import Transaction

COMPARED: Final = 20_000
"""How many ids are searched for the closest ones: a millisecond for every few dozen."""


def missing(transaction: Transaction, schedule_id: str) -> NotFound:
    """The error for an id without a schedule, with the closest existing ids; raises `InvalidInput` if it can't be an
    id."""
    changes.check_schedule_id(schedule_id)
    known = transaction.definitions.known_ids(COMPARED)
    if schedule_id not in known:
        from difflib import get_close_matches

        nearest = get_close_matches(schedule_id, known, n=3)
        if nearest:
            return NotFound(f"no schedule {schedule_id}: did you mean {' or '.join(nearest)}?")
    return changes.not_found(schedule_id)


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
