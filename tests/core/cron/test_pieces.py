"""Pieces of a zone's clock, on clocks that change as no country's does: every small one, and crowds by hand."""

import itertools
from collections.abc import Iterator

import pytest

from arco_sched.core.cron import Timetable, Zone, parse_expression
from arco_sched.core.cron.pieces import Piece, PieceLine, Policy
from arco_sched.core.cron.tzif import ZoneData, _read_footer
from arco_sched.core.cron.zones import Span, year_start
from arco_sched.core.instants import MAX_INSTANT, parse_instant
from tests.core.cron.oracles import at

POLICIES = [Policy(gap, overlap) for gap in ("next", "skip") for overlap in ("first", "last", "both")]
LOCALS = range(-6, 11)


def small_clocks() -> Iterator[Zone]:
    """Every clock of two to four offsets from -2 to 1 seconds that change within six seconds."""
    for size in (2, 3, 4):
        for offsets in itertools.product(range(-2, 2), repeat=size):
            if all(one != other for one, other in itertools.pairwise(offsets)):
                for lengths in itertools.product((1, 2, 3), repeat=size - 2):
                    starts = itertools.accumulate(lengths, initial=0)
                    yield Zone("Small", ZoneData(offsets[0], list(zip(starts, offsets[1:], strict=True)), None))


def by_the_rule(spans: list[Span], local: int, policy: Policy) -> list[int]:
    readings = [local - s.offset for s in spans if s.start <= local - s.offset < s.stop]
    if readings:
        return {"first": readings[:1], "last": readings[-1:], "both": readings}[policy.overlap]
    jumps = [b.start for a, b in itertools.pairwise(spans) if b.start + a.offset <= local < b.start + b.offset]
    return jumps[:1] if policy.gap == "next" else []


def by_the_piece(piece: Piece, local: int) -> list[int]:
    if piece.gaps:
        return [piece.start] if any(low <= local < high for low, high in piece.gaps) else []
    return [local - piece.offset] if piece.start <= local - piece.offset < piece.stop else []


@pytest.mark.parametrize("policy", POLICIES)
def test_every_small_clock(policy: Policy) -> None:
    """Semantics 3: a local time happens at its first, last or every reading, else after its first gap or never."""
    for zone in small_clocks():
        spans = zone.spans(-100, 100)
        pieces = PieceLine(zone, policy).before().pieces
        for local in LOCALS:
            happens = [instant for piece in pieces for instant in by_the_piece(piece, local)]
            assert happens == by_the_rule(spans, local, policy), (spans, local)
        assert all(one.stop <= other.start for one, other in itertools.pairwise(pieces)), spans
        assert all(piece.stop == piece.start + 1 for piece in pieces if piece.gaps), spans


# changes on 2025-01-01 as (minutes since midnight UTC, hours ahead of UTC from then on; before them 0), expression,
# overlap, occurrences
CROWDS = [
    # the second after a gap, and the one after that
    ([(120, 1)], "0 0 3 * * *", "first", ["02:00:00"]),
    ([(120, 1)], "1 0 3 * * *", "first", ["02:00:01"]),
    ([(120, 1)], "0-2 0 2,3 * * *", "first", ["02:00:00", "02:00:01", "02:00:02"]),
    # 12:00 -> 14:00, and half an hour later 14:30 -> 13:30: the clock reads the gap's last half an hour after all
    ([(720, 2), (750, 1)], "0 45 13 * * *", "first", ["12:45:00"]),
    ([(720, 2), (750, 1)], "0 15 13 * * *", "first", ["12:00:00"]),
    ([(720, 2), (750, 1)], "0 0 14 * * *", "first", ["12:00:00"]),
    ([(720, 2), (750, 1)], "0 0 14 * * *", "last", ["13:00:00"]),
    ([(720, 2), (750, 1)], "1 0 14 * * *", "first", ["12:00:01"]),
    # 12:00 -> 15:00, 16:00 -> 12:00, 13:00 -> 14:00: what is skipped twice happens after the first gap
    ([(720, 3), (780, -1), (840, 0)], "0 30 13 * * *", "first", ["12:00:00"]),
    # the first two changes jump 12:00 -> 14:00 and 15:00 -> 17:00, and after 18:00 -> 11:00 the last jumps over both
    ([(720, 2), (780, 4), (840, -3), (900, 3)], "0 30 12 * * *", "first", ["12:00:00"]),
    ([(720, 2), (780, 4), (840, -3), (900, 3)], "0 30 15 * * *", "first", ["13:00:00"]),
    # 12:00 -> 16:00, 17:00 -> 14:00, 15:00 -> 11:00, 12:00 -> 17:00
    ([(720, 4), (780, 1), (840, -3), (900, 2)], "0 30 12 * * *", "first", ["12:00:00"]),
    ([(720, 4), (780, 1), (840, -3), (900, 2)], "0 30 14 * * *", "first", ["13:30:00"]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expression", "overlap", "times"), CROWDS)
def test_crowds(changes: list[tuple[int, int]], expression: str, overlap: str, times: list[str]) -> None:
    """Semantics 3: a time that is read somewhere happens there, and one that is only skipped, after its first gap."""
    day = parse_instant("2025-01-01T00:00:00Z")
    data = ZoneData(0, [(day + minutes * 60, hours * 3600) for minutes, hours in changes], None)
    table = Timetable(parse_expression(expression), Zone("Crowd", data), "next", overlap)  # type: ignore[arg-type]
    found = list(table.between(day, day + 86_400))
    assert [f"{at(instant):%H:%M:%S}" for instant in found] == times
    assert list(table.backwards(day, day + 86_400)) == found[::-1]
    assert table.count(day, day + 86_400) == len(found)
    assert [table.next(instant) for instant in found] == found


def ruled(footer: str) -> Zone:
    return Zone("Ruled", ZoneData(0, [(year_start(1999), 0)], _read_footer(footer)[1]))


@pytest.mark.parametrize(
    ("footer", "times"),
    [
        ("AAA0BBB,J1/0,J200/0", ["2010-01-01T00:00:00", "2011-01-01T00:00:00", "2012-01-01T00:00:00"]),
        ("AAA0BBB,J1/0:00:01,J200/0", ["2010-01-01T00:00:01", "2011-01-01T00:00:01", "2012-01-01T00:00:01"]),
        ("AAA0BBB,J365/23:59:59,J200/0", ["2009-12-31T23:59:59", "2010-12-31T23:59:59", "2011-12-31T23:59:59"]),
    ],
)
def test_a_gap_at_the_turn_of_the_year(footer: str, times: list[str]) -> None:
    """A gap that ends in the last or the first seconds of a year is one occurrence, not one of each year."""
    table = Timetable(parse_expression("30 0 1 1 *"), ruled(footer))
    start, stop = parse_instant("2009-07-01T00:00:00Z"), parse_instant("2012-07-01T00:00:00Z")
    found = list(table.between(start, stop))
    assert [f"{at(instant):%Y-%m-%dT%H:%M:%S}" for instant in found] == times
    assert list(table.backwards(start, stop)) == found[::-1]
    assert table.count(start, stop) == len(found)
    assert [table.next(instant - 7) for instant in found] == found


@pytest.mark.parametrize("footer", ["AAA0BBB,100/2,364/25", "AAA0BBB,M1.1.1/-24,M12.5.0/-60", "AAA-9BBB,J60/0,365/1"])
@pytest.mark.parametrize("policy", [Policy("next", "first"), Policy("skip", "both"), None])
def test_years_of_one_kind(footer: str, policy: Policy | None) -> None:
    """The pieces that a year shares with others of its kind are those it has by itself."""
    zone = ruled(footer)
    line = PieceLine(zone, policy)
    for year in range(2001, 2402):
        assert line.year(year).pieces == PieceLine(zone, policy).year(year).pieces, year


def test_the_block_of_an_instant() -> None:
    """The first and the last second of every year under a yearly rule are in the block of that year."""
    line = PieceLine(ruled("EST5EDT,M3.2.0,M11.1.0"), None)
    for year in (*range(2001, 2402), 9998, 9999):
        first, last = year_start(year), year_start(year + 1) - 1
        for block in (line.block(first), line.block(last)):
            assert (block.start, block.stop) == (first, last + 1), year
    assert line.block(year_start(2001) - 1) == line.before()
    assert line.block(MAX_INSTANT).stop == MAX_INSTANT + 1
    assert len(line._recent) < 100, "and however many years are read, few are kept"
