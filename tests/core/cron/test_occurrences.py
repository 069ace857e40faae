"""Laws that hold between the questions a timetable answers, for any expression, zone, policy and range."""

import itertools
import time
import tracemalloc

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from arco_sched.core.cron import Timetable, Zone, load_zone, parse_expression, timetable
from arco_sched.core.cron.expression import CYCLE_YEARS
from arco_sched.core.cron.pieces import _cut
from arco_sched.core.cron.tzif import ZoneData, _read_footer
from arco_sched.core.cron.zones import BEGINNING, END, year_start
from arco_sched.core.errors import InvalidInput
from arco_sched.core.instants import MAX_INSTANT, MIN_INSTANT, format_instant, parse_instant
from tests.core.cron.oracles import CHANGING_ZONES, Drawn, expressions, near_changes

DAY = 86_400
ZONES = (*CHANGING_ZONES, "UTC", "Asia/Kolkata", "Pacific/Kwajalein", "Asia/Manila", "America/Juneau")
POLICIES = list(itertools.product(["next", "skip"], ["first", "last", "both"]))


def tables() -> st.SearchStrategy[Timetable]:
    texts = st.one_of(expressions(), expressions(fixed=True), expressions(seconds=True)).map(lambda drawn: drawn.text)
    return st.builds(
        lambda text, zone, policy: timetable(text, zone, *policy),
        texts,
        st.sampled_from(ZONES),
        st.sampled_from(POLICIES),
    )


def ranges() -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(
        st.one_of(
            st.integers(year_start(1840), year_start(2110)),
            st.integers(MIN_INSTANT, MAX_INSTANT),
            near_changes(CHANGING_ZONES, year_start(1900), year_start(2100)).map(lambda change: change[1] - DAY),
        ),
        st.one_of(st.integers(0, 3 * DAY), st.integers(0, 1500 * DAY)),
    ).map(lambda ab: (ab[0], ab[0] + ab[1]))


@pytest.mark.slow
@given(tables(), ranges(), st.integers(-1, 40))
@settings(derandomize=True, max_examples=180, deadline=None)
def test_one_answer(table: Timetable, stretch: tuple[int, int], limit: int) -> None:
    """Forwards, backwards, oldest, newest, first, last and counted: all of the same occurrences."""
    start, stop = stretch
    assume(table.count(start, stop) < 20_000)
    found = list(table.between(start, stop))
    assert found == sorted(set(found))
    assert all(start <= instant < stop for instant in found)
    assert list(table.backwards(start, stop)) == found[::-1]
    assert table.count(start, stop) == len(found)
    kept = max(limit, 0)
    assert table.take(start, stop, limit) == found[:kept]
    assert table.take_newest(start, stop, limit) == (found[-kept:] if kept else [])
    after = table.next(start)
    before = table.previous(stop)
    assert (after if after is not None and after < stop else None) == (found[0] if found else None)
    assert (before if before is not None and before >= start else None) == (found[-1] if found else None)
    for instant in found[:3] + found[-3:]:
        assert table.matches(instant)
        assert table.next(instant) == instant
    for instant in (start, start + 60, (start + stop) // 2):
        assert table.matches(instant) == (instant in found) or not start <= instant < stop


@pytest.mark.slow
@given(tables(), ranges(), ranges())
@settings(derandomize=True, max_examples=120, deadline=None)
def test_counts_add_up(table: Timetable, one: tuple[int, int], other: tuple[int, int]) -> None:
    """A count over centuries is the sum of the counts over its parts, cut anywhere."""
    a, b, c, d = sorted((*one, *other))
    assert table.count(a, d) == table.count(a, b) + table.count(b, c) + table.count(c, d)
    assert table.count(d, a) == 0


@pytest.mark.slow
@given(tables(), ranges())
@settings(derandomize=True, max_examples=100, deadline=None)
def test_next_walks_along(table: Timetable, stretch: tuple[int, int]) -> None:
    """Asking for the next occurrence again and again gives what `take` gives, and `previous` leads back."""
    start = stretch[0]
    walked = []
    position: int | None = start
    while len(walked) < 30 and position is not None and (position := table.next(position)) is not None:
        walked.append(position)
        position += 1
    assert walked == table.take(start, MAX_INSTANT + 1, 30)
    back = []
    at = walked[-1] + 1 if walked else start
    for _ in walked:
        at = table.previous(at)  # type: ignore[assignment]
        back.append(at)
    assert back == walked[::-1]


@pytest.mark.slow
@given(
    expressions(fixed=True),
    near_changes(CHANGING_ZONES, year_start(1900), year_start(2100)),
    st.sampled_from(POLICIES),
    st.lists(st.integers(-2 * DAY, 2 * DAY), max_size=8),
)
@settings(derandomize=True, max_examples=80, deadline=None)
def test_next_near_a_change(drawn: Drawn, change: tuple[str, int], policy: tuple[str, str], shifts: list[int]) -> None:
    """From anywhere near a change of the clock, the next and the previous occurrence are those of the whole list."""
    name, instant = change
    table = timetable(drawn.text, name, *policy)
    found = list(table.between(instant - 40 * DAY, instant + 40 * DAY))
    for position in [instant + shift for shift in (*shifts, -3600, -1, 0, 1, 3600)]:
        after = [i for i in found if i >= position][:1] or [table.next(instant + 40 * DAY)]
        before = [i for i in found if i < position][-1:] or [table.previous(instant - 40 * DAY)]
        assert [table.next(position)] == after
        assert [table.previous(position)] == before


@pytest.mark.parametrize("zone", ["America/New_York", "Africa/Casablanca", "Australia/Lord_Howe", "Asia/Kolkata"])
@pytest.mark.parametrize("text", ["30 1,2 * * 0", "*/7 * * * *", "0 0 29 2 *", "0 12 L * 5#L"])
def test_cycles_repeat(zone: str, text: str) -> None:
    """From the year that the rule alone governs, 400 years later the same happens, so long counts may multiply."""
    table = timetable(text, zone, "next", "both")
    start, cycle = parse_instant("2103-05-06T07:08:09Z"), 146_097 * DAY
    whole = table.count(start, start + cycle)
    assert table.count(start, start + 7 * cycle) == 7 * whole
    assert whole == sum(table.count(start + part * cycle // 9, start + (part + 1) * cycle // 9) for part in range(9))
    fresh = Timetable(table.expression, table.zone, "next", "both")
    years = sum(fresh.count(year_start(y), year_start(y + 1)) for y in range(2400, 2400 + CYCLE_YEARS))
    assert table.count(year_start(2400), year_start(2800)) == years


def test_known_sums() -> None:
    """Whole lives of the calendar, by arithmetic that needs no program."""
    every_second = timetable("* * * * * *", "UTC")
    assert every_second.count(MIN_INSTANT, MAX_INSTANT + 1) == MAX_INSTANT + 1 - MIN_INSTANT == 315_537_897_600
    assert timetable("* * * * * *", "America/New_York").count(MIN_INSTANT, MAX_INSTANT + 1) == 315_537_897_600
    assert timetable("0 0 29 2 *", "UTC").count(MIN_INSTANT, MAX_INSTANT + 1) == 2424
    assert timetable("0 0 1 * *", "UTC").count(year_start(2000), year_start(2400)) == 4800
    assert every_second.count(MIN_INSTANT - 10**15, MAX_INSTANT + 10**15) == 315_537_897_600


@pytest.mark.parametrize(
    ("text", "start", "answer"),
    [
        ("0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"),
        ("0 0 * 2 1#5", "2016-03-01T00:00:00Z", "2044-02-29T00:00:00Z"),
        ("0 12 L * *", "2025-02-28T12:00:01Z", "2025-03-31T12:00:00Z"),
        ("0 9 * * 1#1", "2025-09-01T09:00:01Z", "2025-10-06T09:00:00Z"),
        ("0 0 30 2 *", "2025-01-01T00:00:00Z", None),
        ("0 0 29 2 *", "9996-03-01T00:00:00Z", None),
        ("59 59 23 31 12 *", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("* * * * *", "9999-12-31T23:59:01Z", None),
        ("0 0 3 * *", "1970-01-02T00:00:00Z", "1970-01-03T00:00:00Z"),
        # so many times in a day that they stand in hours
        ("1-59 * 9 * * *", "2025-01-15T08:00:00Z", "2025-01-15T09:00:01Z"),
        ("1-59 * 9 * * *", "2025-01-15T09:30:00Z", "2025-01-15T09:30:01Z"),
        ("1-59 * 9 * * *", "2025-01-15T10:00:00Z", "2025-01-16T09:00:01Z"),
        ("1-59 * 9,17 * * *", "2025-01-15T12:00:00Z", "2025-01-15T17:00:01Z"),
        ("1-59 * 9,17 * * *", "2025-01-15T18:00:00Z", "2025-01-16T09:00:01Z"),
        ("1-59 * 9,17,21 * * *", "2025-01-15T08:00:00Z", "2025-01-15T09:00:01Z"),
        ("1-59 * 9,17,21 * * *", "2025-01-15T09:30:00Z", "2025-01-15T09:30:01Z"),
        ("1-59 * 9,17,21 * * *", "2025-01-15T09:59:59Z", "2025-01-15T09:59:59Z"),
        ("1-59 * 9,17,21 * * *", "2025-01-15T12:00:00Z", "2025-01-15T17:00:01Z"),
        ("1-59 * 9,17,21 * * *", "2025-01-15T17:30:00Z", "2025-01-15T17:30:01Z"),
        ("1-59 * 9,17,21 * * *", "2025-01-15T18:00:00Z", "2025-01-15T21:00:01Z"),
        ("1-59 * 9,17,21 * * *", "2025-01-15T22:00:00Z", "2025-01-16T09:00:01Z"),
    ],
)
def test_next(text: str, start: str, answer: str | None) -> None:
    """The next occurrence, also far away, and None where there is none until the year 9999."""
    found = timetable(text, "UTC").next(parse_instant(start))
    assert (None if found is None else format_instant(found)) == answer


@pytest.mark.parametrize(
    ("text", "start", "stop", "answer"),
    [
        ("*/20 10-30 5,6 * * *", "2025-01-15T05:12:20Z", "2025-01-15T05:20:00Z", 2 + 7 * 3),
        ("*/20 10-30 5,6 * * *", "2025-01-15T05:12:20Z", "2025-01-15T06:11:00Z", 2 + 18 * 3 + 3),
        ("*/20 10-30 5,6 * * *", "2025-01-15T05:12:20Z", "2025-01-16T05:10:21Z", 2 + 18 * 3 + 63 + 2),
        ("*/20 10-30 5,6 * * *", "2025-01-15T07:00:00Z", "2025-01-16T05:10:00Z", 0),
        ("*/20 10-30 5,6 16 * *", "2025-01-15T05:12:20Z", "2025-01-16T06:20:40Z", 63 + 10 * 3 + 2),
        ("*/20 10-30 5,6 15 * *", "2025-01-15T05:12:20Z", "2025-01-16T06:20:40Z", 2 + 18 * 3 + 63),
    ],
)
def test_count(text: str, start: str, stop: str, answer: int) -> None:
    """How many there are from within one hour until within another: whole hours and what is left of the two."""
    assert timetable(text, "UTC").count(parse_instant(start), parse_instant(stop)) == answer


@pytest.mark.parametrize("zone", ["America/New_York", "America/Santiago"])
def test_every_second_counts_once(zone: str) -> None:
    """Where every second is an occurrence, a count is the length of its range, wherever it begins and ends."""
    table = Timetable(parse_expression("* * * * * *"), load_zone(zone))
    assert table.zone.yearly_from is not None
    years = (1890, 2000, table.zone.yearly_from, 2103, 2104, 2500, 9000)
    turns = [year_start(year) + by for year in years for by in (-1, 0, 1)]
    for start, stop in itertools.combinations_with_replacement(turns, 2):
        assert table.count(start, stop) == stop - start


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
def test_the_first_and_the_last_second(zone: str) -> None:
    """Every second from the first of the year 1 to the last of the year 9999 is there, and none beyond."""
    table = timetable("* * * * * *", zone)
    first, last = [MIN_INSTANT, MIN_INSTANT + 1], [MAX_INSTANT - 1, MAX_INSTANT]
    assert list(table.between(MIN_INSTANT - 5, MIN_INSTANT + 2)) == first
    assert list(table.backwards(MIN_INSTANT - 5, MIN_INSTANT + 2)) == first[::-1]
    assert table.count(MIN_INSTANT - 5, MIN_INSTANT + 2) == 2
    assert list(table.between(MAX_INSTANT - 1, MAX_INSTANT + 5)) == last
    assert list(table.backwards(MAX_INSTANT - 1, MAX_INSTANT + 5)) == last[::-1]
    assert table.count(MAX_INSTANT - 1, MAX_INSTANT + 5) == 2
    assert (table.next(MIN_INSTANT - 5), table.previous(MAX_INSTANT + 5)) == (MIN_INSTANT, MAX_INSTANT)


@pytest.mark.parametrize(
    ("change", "answer"), [(MAX_INSTANT - 1, [MAX_INSTANT - 1]), (MAX_INSTANT, [MAX_INSTANT]), (MAX_INSTANT + 1, [])]
)
def test_a_change_at_the_end_of_time(change: int, answer: list[int]) -> None:
    """A fixed time that a gap moves happens at the last second too, and not after it."""
    table = Timetable(parse_expression("30 0 1 1 *"), Zone("Late", ZoneData(0, [(change, 3600)], None)))
    start = MAX_INSTANT - DAY
    assert table.next(start) == (answer[0] if answer else None)
    assert list(table.between(start, MAX_INSTANT + DAY)) == answer
    assert list(table.backwards(start, MAX_INSTANT + DAY)) == answer
    assert table.count(start, MAX_INSTANT + DAY) == len(answer)


def test_the_ends_of_time() -> None:
    """Ranges are cut to the years 1 to 9999 of UTC, also in zones whose clock reads the years 0 and 10000."""
    for zone in ("UTC", "America/New_York", "Pacific/Kiritimati"):
        table = timetable("0 * * * *", zone)
        assert table.take(MIN_INSTANT - 10**12, MAX_INSTANT, 1)[0] - MIN_INSTANT < 3600
        assert MAX_INSTANT - table.take_newest(MIN_INSTANT, MAX_INSTANT + 10**12, 1)[0] < 3600
        assert table.next(MAX_INSTANT + 1) is None
        assert table.previous(MIN_INSTANT) is None
    assert timetable("0 0 30 2 *", "UTC").previous(0) is None
    assert list(timetable("0 0 30 2 *", "America/New_York").backwards(0, 10**9)) == []
    assert list(timetable("0 0 30 2 *", "America/New_York").between(0, 10**9)) == []


def test_long_counts_do_not_enumerate() -> None:
    """Ten thousand years of a per-second schedule are counted at once: at least 100,000 occurrences a microsecond."""
    table = Timetable(parse_expression("* * * * * *"), load_zone("America/New_York"))
    began = time.perf_counter()
    assert table.count(MIN_INSTANT, MAX_INSTANT + 1) == 315_537_897_600
    assert time.perf_counter() - began < 3


@pytest.mark.parametrize("limit", [1, 1000])
def test_few_of_many_are_taken_at_once(limit: int) -> None:
    """Of ten thousand years, only as much is looked through as is asked for, from either end."""
    table = timetable("*/5 * * * *", "America/New_York")
    began = time.process_time()
    assert len(table.take(MIN_INSTANT, MAX_INSTANT + 1, limit)) == limit
    assert len(table.take_newest(MIN_INSTANT, MAX_INSTANT + 1, limit)) == limit
    assert time.process_time() - began < 1


def test_times_of_a_day_take_little_memory() -> None:
    """A timetable of nearly every second holds the seconds of an hour and not those of a day."""
    expression, zone = parse_expression("1-59 0-58 0-22 * * *"), load_zone("UTC")
    tracemalloc.start()
    table = Timetable(expression, zone)
    assert table.next(0) == 1
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 500_000


def test_timetable_is_shared_and_names_every_problem() -> None:
    """The same texts are the same object; what can't be read is refused with all of its problems."""
    assert timetable("0 9 * * *", "UTC") is timetable("0 9 * * *", "UTC")
    assert repr(timetable("0 9 * * *", "UTC")) == "Timetable('0 9 * * *', 'UTC', 'next', 'first')"
    with pytest.raises(InvalidInput) as caught:
        timetable("60 24 * * *", "Mars", "jump", "never")
    assert caught.value.problems == (
        "in the minute field, '60' is outside 0-59",
        "in the hour field, '24' is outside 0-23",
        "the time zone 'Mars' is unknown: write an IANA name such as Europe/Berlin, or UTC",
        "dst_gap 'jump' is unknown: write next or skip",
        "dst_overlap 'never' is unknown: write first, last or both",
    )


# Clocks that no country had, to hold the rules where changes crowd: spans shorter than the shift, and shifts of days.
@st.composite
def wild_zones(draw: st.DrawFn) -> Zone:
    instants = draw(st.lists(st.integers(0, 400), min_size=1, max_size=6, unique=True).map(sorted))
    offsets = draw(st.lists(st.integers(-100, 100), min_size=len(instants) + 1, max_size=len(instants) + 1))
    changes = [(i * 900, offset * 900) for i, offset in zip(instants, offsets[1:], strict=True)]
    return Zone("Wild", ZoneData(offsets[0] * 900, changes, None))


@pytest.mark.slow
@given(wild_zones(), expressions(fixed=True, special=False), st.sampled_from(POLICIES))
@settings(derandomize=True, max_examples=120, deadline=None)
def test_wild_clocks(zone: Zone, drawn: Drawn, policy: tuple[str, str]) -> None:
    """Whatever the clock does, each wall time happens at its first, last or every reading, else after its first gap."""
    table = Timetable(parse_expression(drawn.text), zone, *policy)
    spans = zone.spans(BEGINNING, END)
    start, stop = -4 * DAY, 9 * DAY
    wanted: set[int] = set()
    for local in range(start - 2 * DAY, stop + 2 * DAY, 60):
        if not table.matches_local(local):
            continue
        readings = [local - s.offset for s in spans if s.start <= local - s.offset < s.stop]
        if readings:
            wanted |= {"first": {readings[0]}, "last": {readings[-1]}, "both": set(readings)}[policy[1]]
        elif policy[0] == "next":
            wanted.add(
                next(b.start for a, b in itertools.pairwise(spans) if b.start + a.offset <= local < b.start + b.offset)
            )
    assert list(table.between(start, stop)) == sorted(i for i in wanted if start <= i < stop)
    assert list(table.backwards(start, stop))[::-1] == sorted(i for i in wanted if start <= i < stop)
    assert table.count(start, stop) == len([i for i in wanted if start <= i < stop])


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("10 2 * * *", ["1970-01-11T02:00:00Z gap"]),
        ("0 3 * * *", ["1970-01-11T02:00:00Z overlap-first"]),
        ("10 2-3 * * *", ["1970-01-11T02:00:00Z gap", "1970-01-11T02:10:00Z overlap-first"]),
        ("30 2 * * *", ["1970-01-11T02:30:00Z"]),
    ],
)
def test_a_gap_to_which_the_clock_comes_back(text: str, answers: list[str]) -> None:
    """At 2 the clock goes to 3 and after 20 minutes back: the first 20 minutes after 2 are missing, 2:30 is not."""
    at_two = parse_instant("1970-01-11T02:00:00Z")
    zone = Zone("Back", ZoneData(0, [(at_two, 3600), (at_two + 1200, 0)], None))
    table = Timetable(parse_expression(text), zone)
    found = list(table.between(at_two - 3600, at_two + DAY))
    assert [f"{format_instant(i)} {table.note(i) or ''}".strip() for i in found] == answers
    assert table.count(at_two - 3600, at_two + DAY) == len(answers)


@pytest.mark.slow
@pytest.mark.parametrize("footer", ["AAA0BBB,M1.1.1/-24,M12.5.0/-60", "AAA0BBB,J1/0,J365/24", "AAA-12BBB,0/3,364/3"])
@pytest.mark.parametrize("policy", [*POLICIES, None])
def test_changes_at_the_turn_of_the_year(footer: str, policy: tuple[str, str] | None) -> None:
    """Rules that change the clock around New Year: the years, taken one by one, are the pieces of the whole."""
    _, rule = _read_footer(footer)
    zone = Zone("Turn", ZoneData(0, [(year_start(1999), 0)], rule))
    text = "*/30 * * * *" if policy is None else "15,45 0,1,22-23 * * *"
    table = Timetable(parse_expression(text), zone, *(policy or ()))
    start, stop = year_start(2010), year_start(2022)
    whole = _cut(zone.spans(start - 9 * DAY, stop + 9 * DAY), table._line.policy, start, stop)
    pieces = [piece for year in range(2010, 2022) for piece in table._line.year(year).pieces]
    assert sum(p.stop - p.start for p in pieces) == sum(p.stop - p.start for p in whole)
    assert [p for p in pieces if p.gaps] == [p for p in whole if p.gaps]
    found = list(table.between(start, stop))
    assert found == list(table.backwards(start, stop))[::-1]
    assert table.count(start, stop) == len(found)
    walked = [table.next(i - 7) for i in found[-400:]]
    assert walked == found[-400:]
    for year in range(2011, 2021):
        turn = year_start(year)
        assert table.next(turn - 3000) == next(i for i in found if i >= turn - 3000)
    if policy is None:
        assert found == [i for i in range(start, stop, 1800) if (i + zone.offset_at(i)) % 1800 == 0]


@pytest.mark.parametrize("year", [2001, 2002, 2005])
def test_the_second_readings_of_the_last_hour_of_a_year(year: int) -> None:
    """A clock that goes back an hour before the year ends: what happened at the first reading happens no more."""
    _, rule = _read_footer("AAA0BBB,J1/0,J365/24")
    changes = [(year_start(each), each % 2 * 3600) for each in range(1950, 2000)]
    zone = Zone("Turn", ZoneData(0, changes, rule))
    assert zone.yearly_from == 2001
    turn = year_start(year)
    table = Timetable(parse_expression("30 23 * * *"), zone)
    noon = Timetable(parse_expression("30 12 * * *"), zone)
    for _ in range(2):
        assert table.count(turn - 3000, turn) == table.count(turn - 1800, turn - 900) == 0
        assert table.count(MIN_INSTANT, turn) - table.count(MIN_INSTANT, turn - 2 * 3600) == 1
    assert (table.previous(turn), table.next(turn - 1800)) == (turn - 5400, turn + DAY - 5400)
    assert table.note(turn - 5400) == "overlap-first"
    assert table.note(turn - 1800) == noon.note(turn - 1800) == "overlap-second"


@pytest.mark.parametrize("start", [9590, 9600, 9650, 9958])
def test_counts_of_the_last_centuries(start: int) -> None:
    """The years up to 9999 are counted whole, also by a cycle that reaches beyond them."""
    table = Timetable(parse_expression("0 9 * * *"), load_zone("America/New_York"))
    first, last = year_start(start), year_start(9999)
    assert table.count(first, last) == (last - first) // DAY
