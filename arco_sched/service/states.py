"""The states of any number of schedules, read in sets of a bounded size."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from arco_sched.core.ports import Transaction
from arco_sched.core.subjects import State

STATES: Final = 1_000
"""How many schedules' states are read at a time."""


def sets_of_states(transaction: Transaction, schedules: Iterable[int]) -> Iterator[list[State]]:
    """The states of those of the schedules that have a definition, in the order given, a set at a time."""
    numbers = iter(schedules)
    while some := list(islice(numbers, STATES)):
        yield transaction.definitions.states(some)
