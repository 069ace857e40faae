"""Another release of the zone rules: no appointment is served twice, and none is passed over that was not served."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arco_sched.core.cron import Timetable, load_zone, timetable
from arco_sched.core.cron.tzif import read_tzif
from arco_sched.core.cron.zones import Zone, zone_data
from arco_sched.core.definitions import Term
from arco_sched.core.instants import parse_instant
from arco_sched.core.zone_changes import (
    Moved,
    Rules,
    ZoneChange,
    all_moved,
    find_rules,
    is_fixed,
    is_same,
    moved,
    rules_of,
    same_reading,
    served,
    unmade,
    with_zone,
)
from arco_sched.core.zone_rules import tzdata_release

DATA = Path(__file__).parent.parent / "zone_data"
MEXICO, ALMATY = "America/Mexico_City", "Asia/Almaty"
FORMER = {zone: Zone(zone, read_tzif((DATA / "2022a" / zone).read_bytes())) for zone in (MEXICO, ALMATY)}
START = parse_instant("2023-03-20T00:00:00Z")
DAY, HOUR = 86_400, 3_600


def term(cron: str, timezone: str, start: int = START) -> Term:
    """Version 1 of a schedule."""
    return Term(1, start, start, None, True, False, cron, timezone, "next", "first", 1440, 10, "oldest-first", 1, None)


def rules(timezone: str, *, back: bool = False) -> dict[str, Rules]:
    """From the former rules to the installed ones, or back."""
    pair = (FORMER[timezone], load_zone(timezone))
    return {timezone: Rules(*(reversed(pair) if back else pair))}


def reading(zone: Zone, at: int) -> int:
    """What the clock reads."""
    return at + zone.offset_at(at)


FIXED = st.builds(
    lambda minute, hours: f"{minute} {','.join(map(str, sorted(hours)))} * * *",
    st.integers(0, 59),
    st.sets(st.integers(0, 23), min_size=1, max_size=5),
)


@settings(max_examples=300)
@given(cron=FIXED, timezone=st.sampled_from([MEXICO, ALMATY]), after=st.integers(0, 500 * DAY))
def test_an_appointment_is_served_once(cron: str, timezone: str, after: int) -> None:
    """Of a fixed time the readings served by the former rules and by the new ones are different ones, and whatever is
    left out after the cursor was served."""
    now = timetable(cron, timezone)
    formerly = with_zone(now, FORMER[timezone])
    before = formerly.take_newest(START, START + after + 2 * DAY, 1000)
    cursor = before[-1]
    already = served([term(cron, timezone)], cursor, rules(timezone))
    later = [at for at in now.between(cursor + 1, cursor + 3 * DAY) if at not in already]
    there = {reading(FORMER[timezone], at) for at in before}
    assert there.isdisjoint(reading(load_zone(timezone), at) for at in later)
    assert there >= {reading(load_zone(timezone), at) for at in already}


@settings(max_examples=100)
@given(
    minutes=st.sampled_from([1, 5, 15, 30, 60]),
    timezone=st.sampled_from([MEXICO, ALMATY]),
    after=st.integers(0, 500 * DAY),
)
def test_an_interval_goes_on(minutes: int, timezone: str, after: int) -> None:
    """What is due each hour or oftener under both rules stays so: nothing of it was served before."""
    cron = "0 * * * *" if minutes == 60 else f"*/{minutes} * * * *"
    cursor = (START + after) // 3600 * 3600
    assert served([term(cron, timezone)], cursor, rules(timezone)) == []


def test_what_a_schedule_had_not_begun() -> None:
    """An appointment that was over before the schedule's start was not served."""
    created = parse_instant("2023-04-04T12:00:00Z")  # 07:00 by the former rules, 06:00 by the new ones
    assert served([term("30 6 * * *", MEXICO, created)], created - 1, rules(MEXICO)) == []
    assert served([term("30 6 * * *", MEXICO)], created - 1800, rules(MEXICO)) == [created + 1800]


def test_a_change_of_the_definition_in_between() -> None:
    """A version that was made after the former occurrence does not serve its appointment again."""
    tick = parse_instant("2023-04-04T11:30:00Z")
    newer = term("30 6 * * *", MEXICO)._replace(version=2, effective_from=tick + 600)
    assert served([newer, term("30 6 * * *", MEXICO)], tick, rules(MEXICO)) == [tick + HOUR]
    other = newer._replace(cron_expression="30 6,7 * * *")
    assert served([other, term("30 6 * * *", MEXICO)], tick, rules(MEXICO)) == [tick + HOUR]


TICK = parse_instant("2023-04-04T11:30:00Z")
"""06:30 by the former rules of Mexico City, 05:30 by the new ones."""
HALF_PAST_SIX = term("30 6 * * *", MEXICO)


def versions(*terms: Term) -> list[Term]:
    """The versions of a schedule, given oldest first; each but the first has the instant from which it is in force as
    its `created_at`."""
    found = [
        each if not number else each._replace(version=number + 1, effective_from=each.created_at)
        for number, each in enumerate(terms)
    ]
    return found[::-1]


def from_(instant: int, cron: str = "30 6 * * *", timezone: str = MEXICO, **values: Any) -> Term:
    """A later version, in force from an instant on."""
    return term(cron, timezone)._replace(created_at=instant, **values)


@pytest.mark.parametrize(
    ("terms", "cursor", "found"),
    [
        ([HALF_PAST_SIX], TICK - 1, []),
        ([HALF_PAST_SIX], TICK, [TICK + HOUR]),
        ([HALF_PAST_SIX], TICK + HOUR - 1, [TICK + HOUR]),
        ([HALF_PAST_SIX], TICK + HOUR, []),  # it is not after the cursor
        ([HALF_PAST_SIX], TICK + HOUR + 1, []),
        ([term("30 6 * * *", MEXICO, TICK)], TICK, [TICK + HOUR]),  # it was the schedule's start
        ([term("30 6 * * *", MEXICO, TICK + 1)], TICK, []),
        ([term("30 6 * * *", "Europe/Berlin")], TICK, []),  # whose rules stay
        ([term("@every 1h", MEXICO, TICK)], TICK, []),  # which has no appointments
        ([term("30 6 * * *", "No/Where")], TICK, []),
        # Two versions: the former one had the appointment, or had none.
        (versions(HALF_PAST_SIX, from_(TICK + 1)), TICK, [TICK + HOUR]),
        (versions(term("30 6 * * *", "Europe/Berlin"), from_(TICK + 1)), TICK, []),
        (versions(term("30 7 * * *", MEXICO), from_(TICK + 1)), TICK, []),
        (versions(term("never", MEXICO), from_(TICK + 1)), TICK, []),
        (versions(term("@every 1h", MEXICO, TICK), from_(TICK + 1)), TICK, []),
        (versions(HALF_PAST_SIX, from_(TICK, deleted=True), from_(TICK + 1)), TICK, []),
        # One in another zone between the two changes nothing.
        (
            versions(HALF_PAST_SIX, from_(TICK + 1, timezone="Europe/Berlin"), from_(TICK + 600)),
            TICK,
            [TICK + HOUR],
        ),
        (versions(HALF_PAST_SIX, from_(TICK + 1, "@every 1h"), from_(TICK + 600)), TICK, [TICK + HOUR]),
        # A part of the future alone.
        (versions(HALF_PAST_SIX, from_(TICK + HOUR, "0 0 * * *")), TICK, []),
        (versions(HALF_PAST_SIX, from_(TICK + HOUR + 1, "0 0 * * *")), TICK, [TICK + HOUR]),
    ],
)
def test_what_was_served(terms: list[Term], cursor: int, found: list[int]) -> None:
    """The occurrences after the cursor whose appointment a version in the same zone had at the cursor or before."""
    assert served(terms, cursor, rules(MEXICO)) == found


def test_without_other_rules_nothing_was_served() -> None:
    """Nor where the clocks are the same around the cursor."""
    assert served([HALF_PAST_SIX], TICK, {}) == []
    assert served([term("* * * * * *", MEXICO)], TICK - 200 * DAY, rules(MEXICO)) == []


APRIL, OCTOBER = parse_instant("2023-04-02T08:00:00Z"), parse_instant("2023-10-29T07:00:00Z")
"""When the former rules of Mexico City set the clock forward, and back."""


@pytest.mark.parametrize(
    ("at", "there"),
    [
        (APRIL - 1, [APRIL - 1]),
        (APRIL, []),  # 02:00, which the former clock skipped
        (APRIL + HOUR - 1, []),
        (APRIL + HOUR, [APRIL]),
        (APRIL + 5 * HOUR, [APRIL + 4 * HOUR]),
        (OCTOBER - 1, [OCTOBER - HOUR - 1]),
        (OCTOBER, [OCTOBER - HOUR, OCTOBER]),  # 01:00, which the former clock showed twice
        (OCTOBER + HOUR - 1, [OCTOBER - 1, OCTOBER + HOUR - 1]),
        (OCTOBER + HOUR, [OCTOBER + HOUR]),
    ],
)
def test_when_the_former_clock_read_the_same(at: int, there: list[int]) -> None:
    """The instants at which another clock reads what the zone's clock reads."""
    both = rules(MEXICO)[MEXICO]
    assert same_reading(at, both.installed, both.former) == there


@pytest.mark.parametrize(
    ("cron", "instant", "same"),
    [
        ("30 6 * * *", TICK, True),
        ("30 6 * * *", TICK + HOUR, False),  # 07:30 by the former rules
        ("30 * * * *", TICK, False),  # due then under both rules
        ("30 */6 * * *", TICK, True),
        ("30 */6 * * *", TICK + HOUR, False),
    ],
)
def test_the_same_appointment(cron: str, instant: int, same: bool) -> None:
    """A reading that the former rules had there; of an interval, only if the new ones have nothing there."""
    now = timetable(cron, MEXICO)
    assert is_same(instant, with_zone(now, FORMER[MEXICO]), now) is same


@pytest.mark.parametrize(
    ("cron", "at", "moves", "found"),
    [
        ("30 6 * * *", TICK + HOUR, [Moved(APRIL, OCTOBER, -18_000, -21_600)], [TICK]),
        ("30 6 * * *", TICK + HOUR, [], []),
        # Either the occurrence or the instant before must lie where the clock was another.
        ("30 6 * * *", TICK + HOUR, [Moved(TICK + HOUR, OCTOBER, -18_000, -21_600)], [TICK]),
        ("30 6 * * *", TICK + HOUR, [Moved(TICK + HOUR + 1, OCTOBER, -18_000, -21_600)], []),
        ("30 6 * * *", TICK + HOUR, [Moved(TICK, TICK + 1, -18_000, -21_600)], [TICK]),
        ("30 6 * * *", TICK + HOUR, [Moved(TICK + 1, TICK + 2, -18_000, -21_600)], []),
        ("30 6 * * *", TICK + HOUR, [Moved(APRIL, TICK, -18_000, -21_600)], []),
        ("30 6 * * *", TICK + HOUR, [Moved(TICK + 1, TICK + HOUR, -18_000, -21_600)], []),
        # Two former releases, in the one of which it was two hours before.
        (
            "30 6 * * *",
            TICK + HOUR,
            [Moved(APRIL, OCTOBER, -18_000, -21_600), Moved(APRIL, OCTOBER, -14_400, -21_600)],
            [TICK, TICK - HOUR],
        ),
        # An interval that has nothing there now, and one that is still due then.
        ("30 */6 * * *", TICK + HOUR, [Moved(APRIL, OCTOBER, -18_000, -21_600)], [TICK]),
        ("30 * * * *", TICK + HOUR, [Moved(APRIL, OCTOBER, -18_000, -21_600)], []),
    ],
)
def test_where_an_appointment_may_have_been(cron: str, at: int, moves: list[Moved], found: list[int]) -> None:
    """The instants of an occurrence's reading under the rules before."""
    assert unmade(timetable(cron, MEXICO), at, moves) == found


KEPT = {zone: (DATA / "2022a" / zone).read_bytes() for zone in (MEXICO, ALMATY)}
UTC = {"UTC": zone_data("UTC") or b""}


def test_the_rules_of_what_is_kept() -> None:
    """Both rules of each zone whose data changed, under its name."""
    found = find_rules(KEPT | UTC | {"No/Where": b"TZif"})
    assert {zone: (both.former.name, both.installed.name) for zone, both in found.items()} == {
        MEXICO: (MEXICO, MEXICO),
        ALMATY: (ALMATY, ALMATY),
    }
    assert found[MEXICO].former.offset_at(TICK) == -18_000
    assert found[MEXICO].installed.offset_at(TICK) == -21_600


@pytest.mark.parametrize(
    ("used", "found"),
    [
        ({}, {}),
        ({MEXICO: (APRIL, APRIL + 60)}, {MEXICO: [Moved(APRIL, APRIL + 61, -18_000, -21_600)]}),
        ({MEXICO: (APRIL - 60, APRIL)}, {MEXICO: [Moved(APRIL, APRIL + 1, -18_000, -21_600)]}),
        ({MEXICO: (APRIL - 60, APRIL - 1)}, {}),  # nothing moved there
        ({"UTC": (APRIL, OCTOBER)}, {}),  # the same data
        ({"Europe/Berlin": (APRIL, OCTOBER)}, {"Europe/Berlin": None}),  # nothing is kept
        ({"No/Where": (APRIL, OCTOBER)}, {"No/Where": None}),  # nothing is installed
        (
            {"UTC": (0, 1), "Europe/Berlin": (0, 1), MEXICO: (APRIL, APRIL)},
            {"Europe/Berlin": None, MEXICO: [Moved(APRIL, APRIL + 1, -18_000, -21_600)]},
        ),
    ],
)
def test_where_all_clocks_moved(used: dict[str, tuple[int, int]], found: dict[str, list[Moved] | None]) -> None:
    """Each zone in its own span, which includes its last second."""
    assert all_moved(KEPT | UTC | {"No/Where": b"TZif"}, used) == found


def test_clocks_that_go_the_other_way() -> None:
    """Where the new clock is ahead of the former one, nothing after the cursor was served."""
    tick = parse_instant("2023-04-04T12:30:00Z")
    assert served([term("30 6 * * *", MEXICO)], tick, rules(MEXICO, back=True)) == []


def test_where_clocks_moved() -> None:
    """The stretches in which the clocks differ, with both offsets; none where the data are the same."""
    found = moved(rules(MEXICO)[MEXICO], START, START + 300 * DAY)
    april, october = parse_instant("2023-04-02T08:00:00Z"), parse_instant("2023-10-29T07:00:00Z")
    assert found == [Moved(april, october, -18_000, -21_600)]
    data = zone_data(MEXICO)
    assert data is not None
    assert rules_of(MEXICO, data) is None
    assert rules_of("No/Where", data) is None
    assert isinstance(rules_of(MEXICO, (DATA / "2022a" / MEXICO).read_bytes()), Rules)
    assert rules_of(MEXICO, b"TZif") is None


def test_what_a_change_explains() -> None:
    """A change touches the stretch in which a clock moved and an hour around it; where that is not known, any zone but
    a fixed one."""
    april = parse_instant("2023-04-02T08:00:00Z")
    change = ZoneChange(9, april, {MEXICO: [Moved(april, april + DAY, -18_000, -21_600)], ALMATY: None})
    assert change.touches(MEXICO, april - 1800, april - 1799)
    assert not change.touches(MEXICO, april - 2 * HOUR, april - HOUR)
    assert change.touches(MEXICO, april + DAY + 1800, april + DAY + 1801)
    assert not change.touches(MEXICO, april + DAY + HOUR, april + 2 * DAY)
    assert not change.touches("Europe/Berlin", april, april + DAY)
    assert change.touches(ALMATY, 0, 1)
    unknown = ZoneChange(9, april, None)
    assert unknown.touches("Europe/Berlin", 0, 1)
    assert not unknown.touches("UTC", 0, 1)
    assert is_fixed("Etc/GMT+5")
    assert not is_fixed("No/Where")


def test_the_installed_release() -> None:
    """It has the form of an IANA release."""
    assert re.fullmatch(r"20\d\d[a-z]", tzdata_release())


def test_the_other_clock() -> None:
    """The same expression on another clock keeps its policy."""
    times = timetable("30 2 * * *", MEXICO, "skip", "both")
    other = with_zone(times, FORMER[MEXICO])
    assert isinstance(other, Timetable)
    assert (other.dst_gap, other.dst_overlap, other.zone) == ("skip", "both", FORMER[MEXICO])
