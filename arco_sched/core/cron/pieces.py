"""A zone's clock as pieces: which local times happen at which instants, under one policy for clock changes.

A local time is a number of seconds since 1970-01-01T00:00:00 on the zone's own clock. In a *shift* piece, every local
time from `start + offset` until `stop + offset` happens, `offset` seconds earlier in UTC. A *collapse* piece is one
second long: if any of the local times in its `gaps` is wanted, it happens there, once. Pieces are disjoint and in
order; an instant in no piece is never an occurrence.
"""

from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

from arco_sched.core.cron.expression import CYCLE_YEARS, YEAR_KINDS
from arco_sched.core.cron.zones import BEGINNING, END, Span, Zone, year_start
from arco_sched.core.instants import DAY

Gap: TypeAlias = Literal["next", "skip"]
Overlap: TypeAlias = Literal["first", "last", "both"]
YearKey: TypeAlias = tuple[int, int, int]

REACH: Final = 2 * DAY
"""More than any offset: RFC 9636 keeps them below 26 hours. So a local time is always closer to its instant."""

_NEAR: Final = 2 * REACH
"""Spans further apart than this share no local time, and no gap reaches from one to the other."""


_MEAN_YEAR: Final = 31_556_952
_RECENT: Final = 64


class Piece(NamedTuple):
    """`[start, stop)` in UTC. `gaps` are local ranges `[low, high)`; a shift piece has none."""

    start: int
    stop: int
    offset: int
    gaps: tuple[tuple[int, int], ...] = ()


class Block(NamedTuple):
    """A stretch of UTC, `[start, stop)`, with its pieces and, for searching, where each piece starts and stops."""

    start: int
    stop: int
    pieces: list[Piece]
    starts: list[int]
    stops: list[int]


class Policy(NamedTuple):
    """What happens to fixed times when the clock changes (docs/semantics/expressions.md)."""

    gap: Gap
    overlap: Overlap


class PieceLine:
    """The pieces of one zone under one policy; None stands for the interval rule: times happen as the clock reads them.

    The line is cut into blocks: one from the beginning to `yearly_from` (or to the end, without a yearly rule), then
    one for each UTC year.
    """

    __slots__ = ("_before", "_recent", "_yearly", "policy", "yearly_from", "yearly_start", "zone")

    def __init__(self, zone: Zone, policy: Policy | None) -> None:
        self.zone = zone
        self.policy = policy
        self.yearly_from = zone.yearly_from
        self.yearly_start = END if zone.yearly_from is None else year_start(zone.yearly_from)
        self._before: Block | None = None
        self._recent: dict[int, Block] = {}
        self._yearly: dict[YearKey, list[Piece]] = {}

    def block(self, instant: int) -> Block:
        """The block that contains an instant."""
        if instant < self.yearly_start:
            return self.before()
        # The mean year is never more than a few days off, so the guess is right or off by one.
        guess = 1970 + instant // _MEAN_YEAR
        block = self.year(guess)
        if instant >= block.stop:
            return self.year(guess + 1)
        return block if instant >= block.start else self.year(guess - 1)

    def before(self) -> Block:
        """The block before `yearly_from`, or the whole line if that is None."""
        if self._before is None:
            start, stop = BEGINNING, self.yearly_start
            self._before = _block(start, stop, _cut(self.zone.spans(start, stop), self.policy, start, stop))
        return self._before

    def year(self, year: int) -> Block:
        """The block of one year of UTC, from `yearly_from` on."""
        block = self._recent.get(year)
        if block is None:
            if len(self._recent) >= _RECENT:
                self._recent.clear()
            block = self._recent[year] = self._make_year(year)
        return block

    def _make_year(self, year: int) -> Block:
        start, stop = year_start(year), year_start(year + 1)
        key = year_key(year)
        pieces = self._yearly.get(key)
        if pieces is None:
            # There are at most 28 kinds of year, each stored as if it began at 0.
            spans = self.zone.spans(start - _NEAR, stop + _NEAR)
            pieces = [_moved(piece, -start) for piece in _cut(spans, self.policy, start, stop)]
            self._yearly[key] = pieces
        return _block(start, stop, [_moved(piece, start) for piece in pieces])


def year_key(year: int) -> YearKey:
    """What the pieces of a year depend on under a yearly rule: the calendars of the year and its neighbors."""
    return (
        YEAR_KINDS[(year - 1) % CYCLE_YEARS],
        YEAR_KINDS[year % CYCLE_YEARS],
        YEAR_KINDS[(year + 1) % CYCLE_YEARS],
    )


@lru_cache(maxsize=1024)
def piece_line(zone: Zone, policy: Policy | None) -> PieceLine:
    """The line of a zone and a policy, shared by all schedules of the zone."""
    return PieceLine(zone, policy)


def _block(start: int, stop: int, pieces: list[Piece]) -> Block:
    return Block(start, stop, pieces, [piece.start for piece in pieces], [piece.stop for piece in pieces])


def _moved(piece: Piece, by: int) -> Piece:
    start, stop, offset, gaps = piece
    return Piece(start + by, stop + by, offset, tuple((low + by, high + by) for low, high in gaps) if gaps else ())


def _cut(spans: list[Span], policy: Policy | None, start: int, stop: int) -> list[Piece]:
    pieces = _interval_pieces(spans) if policy is None else _fixed_pieces(spans, policy)
    return [
        piece._replace(start=max(piece.start, start), stop=min(piece.stop, stop))
        for piece in pieces
        if piece.start < stop and piece.stop > start
    ]


def _interval_pieces(spans: list[Span]) -> list[Piece]:
    return [Piece(span.start, span.stop, span.offset) for span in spans]


def _fixed_pieces(spans: list[Span], policy: Policy) -> list[Piece]:
    pieces: list[Piece] = []
    for index, span in enumerate(spans):
        owned = [_local(span)]
        if policy.overlap == "first":
            owned = _without(owned, _earlier(spans, index))
        elif policy.overlap == "last":
            owned = _without(owned, _later(spans, index))
        if policy.gap == "next" and index and spans[index - 1].offset < span.offset:
            # The clock jumps forward at `span.start`: the skipped times that no other span has happen right then.
            jump = (span.start + spans[index - 1].offset, span.start + span.offset)
            gaps = _without([jump], _earlier(spans, index) + _later(spans, index) + _earlier_jumps(spans, index))
            if gaps:
                # The regular reading of that second is merged with them, so that together they are one occurrence.
                regular = _within(owned, jump[1])
                owned = _without(owned, [(jump[1], jump[1] + 1)])
                if regular and gaps[-1][1] == jump[1]:
                    gaps[-1] = (gaps[-1][0], jump[1] + 1)
                elif regular:
                    gaps.append((jump[1], jump[1] + 1))
                pieces.append(Piece(span.start, span.start + 1, span.offset, tuple(gaps)))
        pieces += [Piece(low - span.offset, high - span.offset, span.offset) for low, high in owned]
    return pieces


def _local(span: Span) -> tuple[int, int]:
    return span.start + span.offset, span.stop + span.offset


def _earlier(spans: list[Span], index: int) -> list[tuple[int, int]]:
    """The local ranges of earlier spans that may share a local time with this one or with the jump before it."""
    found = []
    for other in range(index - 1, -1, -1):
        if spans[other].stop < spans[index].start - _NEAR:
            break
        found.append(_local(spans[other]))
    return found


def _later(spans: list[Span], index: int) -> list[tuple[int, int]]:
    found = []
    for other in range(index + 1, len(spans)):
        if spans[other].start > spans[index].stop + _NEAR:
            break
        found.append(_local(spans[other]))
    return found


def _earlier_jumps(spans: list[Span], index: int) -> list[tuple[int, int]]:
    """Earlier jumps over the same times: a time that is skipped twice happens after the first jump."""
    found = []
    for other in range(index - 1, 0, -1):
        if spans[other].start < spans[index].start - _NEAR:
            break
        if spans[other - 1].offset < spans[other].offset:
            found.append((spans[other].start + spans[other - 1].offset, spans[other].start + spans[other].offset))
    return found


def _within(ranges: list[tuple[int, int]], value: int) -> bool:
    return any(low <= value < high for low, high in ranges)


def _without(ranges: list[tuple[int, int]], taken: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The parts of `ranges` that are in none of `taken`."""
    for taken_low, taken_high in taken:
        if not any(low < taken_high and taken_low < high for low, high in ranges):
            continue
        left = []
        for low, high in ranges:
            if low < taken_low:
                left.append((low, min(high, taken_low)))
            if high > taken_high:
                left.append((max(low, taken_high), high))
        ranges = left
    return ranges
