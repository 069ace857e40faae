"""Another release of the zone rules: no appointment is served twice, and none is passed over that was not served."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from arco_sched.core.cron import Timetable, load_zone, timetable
from arco_sched.core.cron.tzif import read_tzif
from arco_sched.core.cron.zones import Zone, zone_data
from arco_sched.core.definitions import Term
from arco_sched.core.instants import parse_instant
from arco_sched.core.zone_changes import Moved, Rules, ZoneChange, is_fixed, moved, rules_of, served, with_zone

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


def test_the_other_clock() -> None:
    """The same expression on another clock keeps its policy."""
    times = timetable("30 2 * * *", MEXICO, "skip", "both")
    other = with_zone(times, FORMER[MEXICO])
    assert isinstance(other, Timetable)
    assert (other.dst_gap, other.dst_overlap, other.zone) == ("skip", "both", FORMER[MEXICO])
