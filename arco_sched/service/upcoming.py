"""What is due next, over all schedules."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from arco_sched.core.cron import load_zone
from arco_sched.core.errors import InvalidInput
from arco_sched.core.evaluate import stretches
from arco_sched.core.instants import MAX_INSTANT
from arco_sched.core.policy import spread_of, starts_at
from arco_sched.core.ports import Transaction
from arco_sched.core.problems import Problem
from arco_sched.core.skipping import skip_reason
from arco_sched.core.subjects import State
from arco_sched.service.not_found import numbers_of

MAX_COUNT = 10_000
"""Maximum occurrences in one answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcoming:
    """A coming occurrence: `offset` is the schedule's clock's, `starts_at` the instant plus the spread."""

    schedule_id: str
    at: int
    offset: int
    starts_at: int


def upcoming(transaction: Transaction, now: int, count: int, schedules: Iterable[str] = ()) -> list[Upcoming]:
    """The next `count` occurrences after `now` of the named schedules (default: all), by (instant, schedule id).

    Those of paused and deleted schedules, and on excluded days, are left out, since they don't request runs. A schedule
    is only computed if the agenda says that it may be among the next ones. Raises `NotFound`, and `InvalidInput` for a
    count out of bounds.
    """
    if not 1 <= count <= MAX_COUNT:
        raise InvalidInput(Problem("count", "bounds", {"least": 1, "most": MAX_COUNT}))
    names = tuple(schedules)
    numbers = numbers_of(transaction, names) if names else transaction.definitions.numbers()
    # The agenda's instant is never later than a schedule's next occurrence; an empty id marks such an entry, so that it
    # sorts before the occurrences of the same instant.
    agenda = transaction.agenda.entries(numbers)
    heap: list[tuple[int, str, int]] = [(max(due_at, now + 1), "", number) for number, (due_at, _) in agenda.items()]
    heapq.heapify(heap)
    coming: dict[int, Iterator[Upcoming]] = {}
    found: list[Upcoming] = []
    current: dict[int, Upcoming] = {}
    while heap and len(found) < count:
        _, schedule_id, number = heapq.heappop(heap)
        if schedule_id:
            found.append(current[number])
        else:
            coming[number] = _after(transaction.definitions.state(number), now)
        following = next(coming[number], None)
        if following is not None:
            current[number] = following
            heapq.heappush(heap, (following.at, following.schedule_id, number))
    return found


def _after(state: State, now: int) -> Iterator[Upcoming]:
    for part in stretches(state.terms, max(state.cursor, now) + 1, MAX_INSTANT + 1):
        if part.times is None or not part.term.enabled:
            continue  # without looking at its occurrences, which may be endless
        zone = load_zone(part.term.timezone)
        spread = spread_of(part.term.policy)
        for at in part.times.between(max(part.start, part.term.paused_until or part.start), part.stop):
            if skip_reason(part.term, at) is not None:
                continue
            begins = starts_at(state.schedule_id, at, spread)
            yield Upcoming(schedule_id=state.schedule_id, at=at, offset=zone.offset_at(at), starts_at=begins)
