"""Which occurrences of a range have no run: counted where possible, looked at one at a time where necessary.

Occurrences are counted without generating them (`Timetable.count`), and ticks in the store. A stretch where both
numbers agree is passed over; otherwise it is halved. So the cost grows with what is found, and with the logarithm of
the range.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from arco_sched.core import events
from arco_sched.core.days import days_of
from arco_sched.core.definitions import Term
from arco_sched.core.evaluate import Stretch, always_in_force, count_each, each_occurrence, waiting
from arco_sched.core.events import BACKFILLED, SCHEDULED
from arco_sched.core.instants import DAY
from arco_sched.core.ports import Transaction
from arco_sched.core.skipping import skip_reason
from arco_sched.service.former_rules import FormerRules

FEW: Final = 2_000
"""Maximum occurrences of a stretch that are looked at one at a time."""


class Unserved:
    """What there is to backfill among the occurrences of a schedule in `[start, stop)`.

    `chosen` are the oldest of them, at most `limit`, and `remaining` counts the others. `ran` counts those whose own
    tick was triggered, `existing` those that were backfilled, `waiting` those that are for the evaluator, `excluded`
    those on days that their version excludes.
    """

    def __init__(
        self, transaction: Transaction, schedule: int, span: tuple[int, int], limit: int, few: int = FEW
    ) -> None:
        self.chosen: list[tuple[int, Term]] = []
        self.ran = self.existing = self.excluded = self.remaining = 0
        self._transaction, self._schedule, self._limit, self._few = transaction, schedule, limit, few
        self._state = transaction.definitions.state(schedule)
        self._terms = transaction.definitions.terms(schedule)
        self._starts = {term.version: term.start_at for term in self._terms}
        self._ahead = frozenset(self._state.ahead)
        self._former = FormerRules(transaction, self._state)
        self._countable = self._are_occurrences()
        self._borders = list(_borders(self._terms))
        self.waiting = self._waiting(*span)
        self._walk(*span)

    def _walk(self, start: int, stop: int) -> None:
        waits, occurring = self._waiting(start, stop), count_each(self._terms, start, stop)
        if occurring == waits:
            return
        ran, backfilled = self._served(start, stop)
        is_plain = not waits and not any(first < stop and start < last for first, last in self._borders)
        parts = self._wanted(start, stop) if is_plain else []
        wanted = sum(part.occurring(part.start, part.stop) for part in parts)
        if is_plain and not ran + backfilled:
            self.excluded += occurring - wanted
            for part in parts:
                found = each_occurrence(self._terms, part.start, part.stop)
                self._choose(found, part.occurring(part.start, part.stop))
        elif is_plain and self._countable and (self._is_full() or wanted == ran + backfilled):
            self.excluded += occurring - wanted
            self.ran += ran
            self.existing += backfilled
            self.remaining += wanted - ran - backfilled
        elif occurring <= self._few or stop - start == 1:
            self._look(list(each_occurrence(self._terms, start, stop)))
        else:
            middle = (start + stop) // 2
            self._walk(start, middle)
            self._walk(middle, stop)

    def _wanted(self, start: int, stop: int) -> list[Stretch]:
        """The stretches of a range that aren't excluded; no border of excluded days lies in the range."""
        parts = always_in_force(self._terms, start, stop)
        return [part for part in parts if skip_reason(part.term._replace(enabled=True), part.start) != "excluded"]

    def _served(self, start: int, stop: int) -> tuple[int, int]:
        # Under former rules the tick of an appointment may be hours away from the occurrence.
        beside = 0 if self._countable else DAY
        return self._transaction.history.served(self._schedule, start - beside, stop + beside)

    def _is_full(self) -> bool:
        return len(self.chosen) == self._limit

    def _waiting(self, start: int, stop: int) -> int:
        return waiting(self._terms, max(self._state.cursor, start - 1), stop, self._state.ahead)

    def _look(self, occurrences: Sequence[tuple[int, Term]]) -> None:
        there = self._transaction.history.statuses(self._schedule, occurrences[0][0], occurrences[-1][0] + 1)
        for at, term in occurrences:
            if there.get((at, SCHEDULED)) == "triggered" or self._ran_elsewhere(self._former.instants(term, at)):
                self.ran += 1
            elif at > self._state.cursor and at >= self._starts[term.version] and at not in self._ahead:
                pass  # already counted
            elif (at, BACKFILLED) in there:
                self.existing += 1
            elif skip_reason(term._replace(enabled=True), at) == "excluded":
                self.excluded += 1
            else:
                self._choose([(at, term)], 1)

    def _ran_elsewhere(self, instants: Sequence[int]) -> bool:
        """Whether the same appointment has a triggered tick at one of the instants, made under other zone rules."""
        history = self._transaction.history
        return any(history.statuses(self._schedule, at, at + 1).get((at, SCHEDULED)) == "triggered" for at in instants)

    def _choose(self, occurrences: Iterable[tuple[int, Term]], count: int) -> None:
        found = list(islice(occurrences, self._limit - len(self.chosen)))
        self.chosen += found
        self.remaining += count - len(found)

    def _are_occurrences(self) -> bool:
        """Whether every tick of the schedule is an occurrence by today's versions: after a rewind, or under other zone
        rules, some may not be, and equal numbers would prove nothing."""
        rewound = self._transaction.events.count(events.REWOUND, self._schedule)
        if rewound or len({term.start_at for term in self._terms}) > 1:
            return False
        return all(term.timezone == "UTC" for term in self._terms) or not self._former.has_changes


def _borders(terms: Sequence[Term]) -> Iterator[tuple[int, int]]:
    """The ranges in which excluded days of a version begin or end, on any clock."""
    for term in terms:
        if term.excluded_days is not None:
            for first, last in days_of(term.excluded_days).ranges():
                yield (first - 1) * DAY, (first + 2) * DAY
                yield (last - 1) * DAY, (last + 2) * DAY
