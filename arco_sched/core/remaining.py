"""The occurrences of a schedule that are not ticks yet."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from arco_sched.core.cron import AnyTimetable


class Occurrences(Protocol):
    """What a timetable can be asked (see `arco_sched.core.cron.Timetable`); ranges are half-open."""

    def between(self, start: int, stop: int) -> Iterator[int]:
        """The occurrences, oldest first."""

    def take(self, start: int, stop: int, limit: int) -> list[int]:
        """The oldest `limit` of them."""

    def take_newest(self, start: int, stop: int, limit: int) -> list[int]:
        """The newest `limit` of them, oldest first."""

    def next(self, start: int) -> int | None:
        """The first one at or after `start`."""

    def count(self, start: int, stop: int) -> int:
        """How many there are."""


class Remaining:
    """A timetable without the occurrences after the cursor that already are ticks.

    Such ticks exist only after a rewind (`arco_sched.core.rewind`): `ahead` are their instants, in order.
    """

    def __init__(self, times: "AnyTimetable", ahead: Sequence[int]) -> None:
        self._times = times
        self._ahead = frozenset(at for at in ahead if times.matches(at))

    def _within(self, start: int, stop: int) -> int:
        return sum(start <= at < stop for at in self._ahead)

    def between(self, start: int, stop: int) -> Iterator[int]:
        """The occurrences left, oldest first."""
        return (at for at in self._times.between(start, stop) if at not in self._ahead)

    def take(self, start: int, stop: int, limit: int) -> list[int]:
        """The oldest `limit` of those left."""
        found = self._times.take(start, stop, limit + self._within(start, stop))
        return [at for at in found if at not in self._ahead][:limit]

    def take_newest(self, start: int, stop: int, limit: int) -> list[int]:
        """The newest `limit` of those left, oldest first."""
        found = self._times.take_newest(start, stop, limit + self._within(start, stop))
        return [at for at in found if at not in self._ahead][-limit:] if limit else []

    def next(self, start: int) -> int | None:
        """The first one left at or after `start`."""
        at = self._times.next(start)
        while at is not None and at in self._ahead:
            at = self._times.next(at + 1)
        return at

    def count(self, start: int, stop: int) -> int:
        """How many are left."""
        return self._times.count(start, stop) - self._within(start, stop)
