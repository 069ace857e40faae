"""Slow, literal readings of the rules, to compare with: they use `datetime` and `zoneinfo` on the same tzdata files."""

import datetime as dt
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tzdata
from hypothesis import strategies as st

from arco_sched.core.cron import Zone, load_zone
from arco_sched.core.instants import format_local

UTC = dt.UTC
EPOCH = dt.datetime(1970, 1, 1, tzinfo=UTC)
SECOND = dt.timedelta(seconds=1)
DayTest = Callable[[dt.date], bool]

CHANGING_ZONES = (
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/New_York",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Amman",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Pacific/Chatham",
)


@cache
def zone_info(name: str) -> zoneinfo.ZoneInfo:
    """The zone as `zoneinfo` reads it from the tzdata package, whatever the host has."""
    with (Path(tzdata.__path__[0]) / "zoneinfo" / name).open("rb") as file:
        return zoneinfo.ZoneInfo.from_file(file, key=name)


def at(instant: int) -> dt.datetime:
    """The instant as an aware datetime in UTC."""
    return EPOCH + dt.timedelta(seconds=instant)


def epoch(moment: dt.datetime) -> int:
    """The epoch of an aware datetime."""
    return (moment - EPOCH) // SECOND


def clock(zone: Zone, instants: list[int] | Iterator[int]) -> list[str]:
    """Each instant in UTC and on the zone's clock, side by side."""
    return [f"{at(i):%Y-%m-%dT%H:%M:%SZ} {format_local(i, zone.offset_at(i))}" for i in instants]


@dataclass(frozen=True)
class Drawn:
    """A random expression with what it means, known from how it was drawn and not from any reader."""

    text: str
    seconds: frozenset[int]
    minutes: frozenset[int]
    hours: frozenset[int]
    months: frozenset[int]
    month_day: DayTest | None
    weekday: DayTest | None

    @property
    def fixed_time(self) -> bool:
        minute, hour = self.text.split()[-5:-3]
        return not minute.startswith("*") and not hour.startswith("*")

    def on(self, day: dt.date) -> bool:
        if day.month not in self.months:
            return False
        tests = [test for test in (self.month_day, self.weekday) if test is not None]
        return any(test(day) for test in tests) if tests else True

    def reads(self, local: dt.datetime) -> bool:
        return (
            local.minute in self.minutes
            and local.hour in self.hours
            and local.second in self.seconds
            and self.on(local.date())
        )

    def local_times(self, first: dt.date, last: dt.date) -> Iterator[dt.datetime]:
        day = first
        while day <= last:
            if self.on(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        for second in sorted(self.seconds):
                            yield dt.datetime(day.year, day.month, day.day, hour, minute, second)  # noqa: DTZ001
            day += dt.timedelta(days=1)


def interval_occurrences(drawn: Drawn, zone: dt.tzinfo, start: int, stop: int, step: int = 60) -> list[int]:
    """Semantics 3, interval: every instant whose reading on the zone's clock matches, looked at one by one."""
    return [i for i in range(start + -start % step, stop, step) if drawn.reads(at(i).astimezone(zone))]


def fixed_occurrences(drawn: Drawn, zone: dt.tzinfo, start: int, stop: int, gap: str, overlap: str) -> list[int]:
    """Semantics 3, fixed time: each wall time that matches, asked when it happens."""
    found: set[int] = set()
    margin = dt.timedelta(days=2)
    for local in drawn.local_times((at(start) - margin).date(), (at(stop) + margin).date()):
        found.update(happenings(local, zone, gap, overlap))
    return sorted(i for i in found if start <= i < stop)


def happenings(local: dt.datetime, zone: dt.tzinfo, gap: str, overlap: str) -> set[int]:
    """When a wall time happens by the policy: once, twice, at the end of a gap, or never."""
    readings = [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    real = sorted({epoch(r) for r in readings if r.astimezone(zone).replace(tzinfo=None) == local})
    if real:
        return {"first": {real[0]}, "last": {real[-1]}, "both": set(real)}[overlap]
    if gap == "skip":
        return set()
    # In a gap, fold 1 counts with the offset after it and fold 0 with the one before: the change lies in between.
    low, high = sorted(epoch(r) for r in readings)
    before = at(low).astimezone(zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if at(middle).astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return {high}


def near_changes(names: tuple[str, ...], first: int, last: int) -> st.SearchStrategy[tuple[str, int]]:
    """(zone name, instant of one of its changes between two instants)."""

    def changes(name: str) -> st.SearchStrategy[tuple[str, int]]:
        starts = [span.start for span in load_zone(name).spans(first, last) if first < span.start < last]
        return st.tuples(st.just(name), st.sampled_from(starts))

    return st.sampled_from(names).flatmap(changes)


def _numbers(low: int, high: int, *, star: bool) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    """A field of plain values: single, listed, ranged or stepped; with `star` also `*` and `*/n`."""
    value = st.integers(low, high)
    pair = st.tuples(value, value).filter(lambda ab: ab[0] < ab[1])
    step = st.integers(1, high - low + 3)
    listed = st.lists(value, min_size=1, max_size=4).map(lambda vs: (",".join(map(str, vs)), frozenset(vs)))
    ranged = pair.map(lambda ab: (f"{ab[0]}-{ab[1]}", frozenset(range(ab[0], ab[1] + 1))))
    stepped = st.tuples(pair, step).map(
        lambda abn: (f"{abn[0][0]}-{abn[0][1]}/{abn[1]}", frozenset(range(abn[0][0], abn[0][1] + 1, abn[1])))
    )
    choices = [listed, listed, ranged, stepped]
    if star:
        everything = frozenset(range(low, high + 1))
        choices.append(st.just(("*", everything)))
        choices.append(step.map(lambda n: (f"*/{n}", frozenset(range(low, high + 1, n)))))
    return st.one_of(choices)


def _last_day(day: dt.date) -> int:
    return ((day.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)).day


def is_nearest_weekday(day: dt.date, wanted: int) -> bool:
    """`15W` by its definition: of the weekdays of the month, the one closest to the date."""
    if wanted > _last_day(day):
        return False
    days = [day.replace(day=d) for d in range(1, _last_day(day) + 1)]
    # A Saturday has its Friday nearer than its Monday and a Sunday its Monday, so there are no ties to break.
    return day == min((d for d in days if d.isoweekday() <= 5), key=lambda d: abs(d.day - wanted))


def is_last_working_day(day: dt.date) -> bool:
    """`LW` by its definition: Monday to Friday, and no such day is left in the month."""
    later = (day + dt.timedelta(days=n) for n in range(1, _last_day(day) - day.day + 1))
    return day.isoweekday() <= 5 and all(each.isoweekday() > 5 for each in later)


def _month_day_fields(*, special: bool, steps: bool) -> st.SearchStrategy[tuple[str, DayTest | None]]:
    plain = _numbers(1, 31, star=False).map(lambda f: (f[0], lambda day, days=f[1]: day.day in days))
    choices = [st.just(("*", None)), st.just(("*", None)), plain]
    if steps:
        choices.append(st.integers(1, 20).map(lambda n: (f"*/{n}", lambda day: day.day % n == 1 % n)))
    if special:
        choices.append(st.just(("L", lambda day: day.day == _last_day(day))))
        choices.append(st.just(("3,L", lambda day: day.day in {3, _last_day(day)})))
        choices.append(st.just(("LW", is_last_working_day)))
        choices.append(st.just(("1,LW", lambda day: day.day == 1 or is_last_working_day(day))))
        choices.append(st.integers(1, 30).map(lambda n: (f"L-{n}", lambda day: day.day == _last_day(day) - n)))
        choices.append(
            st.integers(1, 30).map(lambda n: (f"L,L-{n}", lambda day: day.day in {_last_day(day), _last_day(day) - n}))
        )
        choices.append(st.integers(1, 31).map(lambda n: (f"{n}W", lambda day: is_nearest_weekday(day, n))))
    return st.one_of(choices)


def _weekday_fields(*, special: bool, steps: bool) -> st.SearchStrategy[tuple[str, DayTest | None]]:
    plain = _numbers(0, 7, star=False).map(
        lambda f: (f[0], lambda day, days=f[1]: day.isoweekday() in days or day.isoweekday() % 7 in days)
    )
    choices = [st.just(("*", None)), st.just(("*", None)), plain]
    if steps:
        choices.append(st.integers(1, 9).map(lambda n: (f"*/{n}", lambda day: day.isoweekday() % 7 % n == 0)))
    if special:
        pairs = st.tuples(st.integers(0, 6), st.integers(1, 5))
        choices.append(
            pairs.map(
                lambda wn: (
                    f"{wn[0]}#{wn[1]}",
                    lambda day: day.isoweekday() % 7 == wn[0] and (day.day - 1) // 7 == wn[1] - 1,
                )
            )
        )
        choices.append(
            st.integers(0, 6).map(
                lambda w: (f"{w}L", lambda day: day.isoweekday() % 7 == w and day.day + 7 > _last_day(day))
            )
        )
    return st.one_of(choices)


@st.composite
def expressions(
    draw: st.DrawFn,
    *,
    fixed: bool | None = None,
    seconds: bool = False,
    special: bool = True,
    steps: bool = True,
) -> Drawn:
    """A random expression; `fixed` asks for a fixed-time or an interval one, `special` allows L, # and W."""
    minute = draw(_numbers(0, 59, star=fixed is not True))
    hour = draw(_numbers(0, 23, star=fixed is not True))
    if fixed is False and not minute[0].startswith("*") and not hour[0].startswith("*"):
        hour = ("*", frozenset(range(24)))
    month = draw(st.one_of(st.just(("*", frozenset(range(1, 13)))), _numbers(1, 12, star=True)))
    month_day = draw(_month_day_fields(special=special, steps=steps))
    weekday = draw(_weekday_fields(special=special, steps=steps))
    second = draw(_numbers(0, 59, star=True)) if seconds else ("", frozenset({0}))
    text = f"{second[0]} {minute[0]} {hour[0]} {month_day[0]} {month[0]} {weekday[0]}".strip()
    return Drawn(text, second[1], minute[1], hour[1], month[1], month_day[1], weekday[1])
