"""Zones: our reader of TZif files against `zoneinfo` on the same files, and the names it takes."""

import datetime as dt
import io
import itertools
import struct
import subprocess
import sys
import zoneinfo

import pytest
import tzdata
from hypothesis import given, settings
from hypothesis import strategies as st

from arco_sched.core.cron import Zone, load_zone, tzdata_release, zone_names
from arco_sched.core.cron.tzif import YearlyRule, ZoneData, _read_footer, read_tzif
from arco_sched.core.cron.zones import BEGINNING, END, year_start, zone_data
from arco_sched.core.errors import InvalidInput
from arco_sched.core.instants import MIN_INSTANT, format_offset, parse_instant
from tests import IMPORTABLE
from tests.core.cron.oracles import UTC, at, zone_info

NAMES = sorted(zone_names())
FIRST, LAST = year_start(1) + 2 * 86_400, year_start(9998)


def theirs(name: str, instant: int) -> int:
    offset = at(instant).astimezone(zone_info(name)).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


@pytest.mark.parametrize("initial", sorted({name[0] for name in NAMES}))
def test_every_change_of_every_zone(initial: str) -> None:
    """Around every change up to 2045 and then of some years, both readers know the same offset."""
    for name in NAMES:
        if name[0] != initial:
            continue
        zone = load_zone(name)
        spans = zone.spans(FIRST, year_start(2045))
        for year in (2046, 2087, 2088, 2100, 2400, 9990):
            spans += zone.spans(year_start(year), year_start(year + 1))
        for span in spans:
            for instant in (span.start - 1, span.start, span.stop - 1, span.stop):
                if FIRST < instant < LAST:
                    assert zone.offset_at(instant) == theirs(name, instant), (name, instant)


@given(st.sampled_from(NAMES), st.lists(st.integers(FIRST, LAST), min_size=5, max_size=20))
@settings(derandomize=True, max_examples=300, deadline=None)
def test_any_instant(name: str, instants: list[int]) -> None:
    """At any instant of the years 1 to 9998 as well."""
    assert [load_zone(name).offset_at(i) for i in instants] == [theirs(name, i) for i in instants]


@given(st.sampled_from(NAMES), st.lists(st.integers(year_start(1830), year_start(2120)), min_size=5, max_size=20))
@settings(derandomize=True, max_examples=300, deadline=None)
def test_any_recent_instant(name: str, instants: list[int]) -> None:
    """And at more instants of the years that have changes."""
    assert [load_zone(name).offset_at(i) for i in instants] == [theirs(name, i) for i in instants]


@given(st.sampled_from(NAMES), st.integers(year_start(-400), year_start(12_000)), st.integers(1, 10**10))
@settings(derandomize=True, max_examples=200, deadline=None)
def test_spans_are_a_line(name: str, start: int, length: int) -> None:
    """Spans cover their range without a hole, neighbours differ, and `span_at` gives one of them."""
    spans = load_zone(name).spans(start, start + length)
    assert spans[0].start <= start < spans[0].stop
    assert spans[-1].start < start + length <= spans[-1].stop
    for before, after in itertools.pairwise(spans):
        assert before.stop == after.start
        assert before.offset != after.offset
    assert load_zone(name).span_at(start) == spans[0]
    assert load_zone(name).spans(start, start) == []


def test_names() -> None:
    """Every name of the package's list can be read, `Factory` apart, and so can UTC and the usual links."""
    assert {"UTC", "Etc/UTC", "GMT", "Europe/Berlin", "US/Eastern", "Asia/Calcutta"} <= zone_names()
    assert len(zone_names()) > 590
    assert "Factory" not in zone_names()
    for name in zone_names():
        assert load_zone(name).name == name
    assert load_zone("UTC").spans(BEGINNING, END) == [(BEGINNING, END, 0)]
    assert repr(load_zone("UTC")) == "Zone('UTC')"


def test_release() -> None:
    """The release is the IANA one of the installed package."""
    assert tzdata_release() == tzdata.IANA_VERSION


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("europe/berlin", "the time zone 'europe/berlin' is unknown: did you mean Europe/Berlin?"),
        ("EUROPE/BERLIN ", "did you mean Europe/Berlin?"),
        ("utc", "did you mean UTC?"),
        ("America/New York", "did you mean America/New_York?"),
        ("New York", "did you mean America/New_York?"),
        ("Berlin", "did you mean Europe/Berlin?"),
        ("Asia/Berlin", "did you mean Europe/Berlin?"),
        ("Amerika/New_Yorck", "did you mean America/New_York?"),
        ("", "the time zone '' is unknown: write an IANA name such as Europe/Berlin, or UTC"),
        ("Europe", "is unknown: write an IANA name"),
        ("Factory", "is unknown"),
        ("posixrules", "is unknown"),
        ("localtime", "is unknown"),
        ("zone.tab", "is unknown"),
        ("__init__.py", "is unknown"),
        ("../zones", "is unknown"),
        ("Europe/../UTC", "is unknown"),
        ("/usr/share/zoneinfo/UTC", "is unknown"),
        ("Europe/Berlin\x00", "is unknown"),
        ("EST5EDT,M3.2.0,M11.1.0", "is unknown"),
        ("+01:00", "its clock changes; 1 hour ahead of UTC all year round is Etc/GMT-1"),
        ("UTC-3", "its clock changes; 3 hours behind UTC all year round is Etc/GMT+3"),
        ("GMT+15", "write the name of a place, such as Asia/Karachi, to follow its clock changes"),
        ("A" * 100_000, "AAA...' is unknown: write an IANA name"),
        ("A" * 60, f"the time zone '{'A' * 60}' is unknown: write an IANA name"),
        ("A" * 61, f"the time zone '{'A' * 57}...' is unknown: write an IANA name"),
        ("Europe/Berlin".rjust(60), "Berlin' is unknown: did you mean Europe/Berlin?"),
        ("Europe/Berlin".rjust(61), "...' is unknown: write an IANA name"),
        # cities of two names, in the order of the alphabet
        ("Louisville", "did you mean America/Kentucky/Louisville or America/Louisville?"),
        ("Mendoza", "did you mean America/Argentina/Mendoza or America/Mendoza?"),
        ("Indianapolis", "did you mean America/Indiana/Indianapolis or America/Indianapolis?"),
        ("Istanbul", "did you mean Asia/Istanbul or Europe/Istanbul?"),
        ("Nicosia", "did you mean Asia/Nicosia or Europe/Nicosia?"),
        ("Eastern", "did you mean Canada/Eastern or US/Eastern?"),
        ("Mountain", "did you mean Canada/Mountain or US/Mountain?"),
        ("Pacific", "did you mean Canada/Pacific or US/Pacific?"),
        # of many similar names the three nearest
        ("Etc/GMT+13", "did you mean Etc/GMT+3 or Etc/GMT+1 or Etc/GMT-13?"),
    ],
)
def test_unknown_names(name: str, message: str) -> None:
    """A name that the list lacks is refused with the nearest ones, and never looked up as a file."""
    with pytest.raises(InvalidInput) as caught:
        load_zone(name)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", ["GMT+15", "UTC+0", "UTC-00"])
def test_offsets_without_a_name(name: str) -> None:
    """Where the database has no fixed offset of that size, or it is UTC itself, only a place is suggested."""
    with pytest.raises(InvalidInput) as caught:
        load_zone(name)
    place = "write the name of a place, such as Asia/Karachi, to follow its clock changes"
    assert str(caught.value) == f"the time zone {name!r} is unknown: {place}"


@pytest.mark.parametrize("name", ["zone.tab", "Factory", "../zones", "europe/berlin", ""])
def test_no_data_of_other_files(name: str) -> None:
    """Only the data of the names in the database is read."""
    assert zone_data(name) is None
    assert str(zone_data("Europe/Berlin")).startswith("b'TZif")


def test_the_host_has_no_say() -> None:
    """`PYTHONTZPATH` and `TZ` change nothing: rules come from the package alone."""
    code = "from arco_sched.core.cron import load_zone; print(load_zone('Europe/Berlin').offset_at(1752000000))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONTZPATH": "/nonexistent", "TZ": "Asia/Tokyo", "PYTHONPATH": IMPORTABLE},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "7200\n"


# Yearly rules that today's zones do not use, against the same footer read by `zoneinfo`.
FOOTERS = [
    "EST5EDT,M3.2.0,M11.1.0",
    "EST5EDT4,M3.2.0/2:30:15,M11.1.0/-1",
    "<+0330>-3:30<+0430>,J79/24,J263/24",
    "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
    "EET-2EEST,M3.4.4/50,M10.4.4/50",
    "IST-1GMT0,M10.5.0,M3.5.0/1",
    "AAA-3BBB-5,M10.1.0/167,M2.5.6/-167",
    "<+12>-12<+13>,J300,J32/3",
]


def block(
    size: str, changes: list[tuple[int, int]], offsets: list[int], leaps: int = 0, standard: int = 0, ut: int = 0
) -> bytes:
    """One header and its data, with instants of the `struct` size `l` or `q`."""
    head = struct.pack(">4sc15x6L", b"TZif", b"2", ut, standard, leaps, len(changes), len(offsets), 4)
    body = b"".join(struct.pack(f">{size}", i) for i, _ in changes) + bytes(kind for _, kind in changes)
    body += b"".join(struct.pack(">lBB", offset, 0, 0) for offset in offsets) + b"AAA\0"
    return head + body + struct.pack(f">{size}l", 0, 0) * leaps + bytes(standard + ut)


def tzif(footer: str, changes: list[tuple[int, int]], offsets: list[int]) -> bytes:
    """A TZif file of version 2 with these changes (instant, index of its offset)."""
    return block("l", [], [0]) + block("q", changes, offsets) + b"\n" + footer.encode() + b"\n"


def made(footer: str, changes: list[tuple[int, int]], offsets: list[int]) -> Zone:
    return Zone("Test", read_tzif(tzif(footer, changes, offsets)))


@pytest.mark.parametrize("footer", FOOTERS)
def test_footers(footer: str) -> None:
    """POSIX rules with `Jn`, `n`, negative and long hours, and either hemisphere: every day of forty years agrees."""
    data = tzif(footer, [(0, 0)], [-18_000])
    zone, other = Zone("Test", read_tzif(data)), zoneinfo.ZoneInfo.from_file(io.BytesIO(data))
    for day in range(400, 400 + 40 * 365):
        for second in (day * 86_400, day * 86_400 + 30_000):
            wanted = dt.datetime.fromtimestamp(second, UTC).astimezone(other).utcoffset()
            assert wanted is not None
            assert zone.offset_at(second) == int(wanted.total_seconds()), (footer, second)


@pytest.mark.parametrize(
    ("footer", "changes"),
    [
        # 1971, then the leap year 1972
        ("AAA3BBB,J59/0,J60/0", ["1971-02-28T03:00Z", "1971-03-01T02:00Z", "1972-02-28T03:00Z", "1972-03-01T02:00Z"]),
        ("AAA3BBB,58/0,60/0", ["1971-02-28T03:00Z", "1971-03-02T02:00Z", "1972-02-28T03:00Z", "1972-03-01T02:00Z"]),
        (
            "<+03>-3<+04>,78/24,J263",
            ["1971-03-20T21:00Z", "1971-09-19T22:00Z", "1972-03-19T21:00Z", "1972-09-19T22:00Z"],
        ),
    ],
)
def test_days_of_the_year(footer: str, changes: list[str]) -> None:
    """POSIX: `Jn` counts from 1 without 29 February, `n` from 0 with it. (zoneinfo of 3.11 is a day off.)"""
    spans = made(footer, [(0, 0)], [-18_000]).spans(year_start(1971), year_start(1973))[1:]
    assert [f"{at(span.start):%Y-%m-%dT%H:%MZ}" for span in spans] == changes


@pytest.mark.parametrize(
    ("footer", "changes"),
    [
        (
            "AAA3BBB,M3.2.0/2:30:15,M11.1.0/-1:20:05",
            ["2025-03-09T05:30:15Z -02:00", "2025-11-02T00:39:55Z -03:00"],
        ),
        (
            "AAA-3:15:20BBB-4:45:50,M3.5.0,M10.5.0",
            ["2025-03-29T22:44:40Z +04:45:50", "2025-10-25T21:14:10Z +03:15:20"],
        ),
    ],
)
def test_times_with_seconds(footer: str, changes: list[str]) -> None:
    """POSIX: both offsets and the times of the changes may have minutes and seconds."""
    spans = made(footer, [], [0]).spans(year_start(2025), year_start(2026))[1:]
    assert [f"{at(s.start):%Y-%m-%dT%H:%M:%SZ} {format_offset(s.offset)}" for s in spans] == changes


@pytest.mark.parametrize("footer", ["XXX3EDT4,0/0,J365/23", "XXX5EDT4,J1/0,J1/1"])
@pytest.mark.parametrize(
    ("changes", "first", "last"),
    [
        ([(0, 0)], 1975, 2075),
        ([(0, 0)], 1974, 1976),
        ([(0, 0)], 1, 1973),
        ([(0, 0)], 1, 2075),
        ([], 1, 3),
        ([], 1975, 2075),
        ([], 1, 2075),
    ],
)
def test_daylight_saving_all_year(footer: str, changes: list[tuple[int, int]], first: int, last: int) -> None:
    """A rule whose summer ends when the next, or itself, begins is one offset for ever (RFC 9636, 3.3.1)."""
    zone = made(footer, changes, [-14_400])
    assert [s.offset for s in zone.spans(year_start(first), year_start(last))] == [-14_400]


def test_a_rule_without_changes() -> None:
    """A file of a rule alone follows it from the beginning of the year 1 on, when the south has summer."""
    zone = made("<+12>-12<+13>,M9.5.0,M4.1.0/3", [], [43_200])
    assert [zone.offset_at(MIN_INSTANT + day * 86_400) for day in (0, 50, 120, 300)] == [46_800, 46_800, 43_200, 46_800]


def test_where_the_rule_alone_holds() -> None:
    """`yearly_from` is two years past the last explicit change, and None without a rule."""
    assert made("EST5EDT,M3.2.0,M11.1.0", [(year_start(1980), 0)], [-18_000]).yearly_from == 1982
    assert made("EST5", [(year_start(1980), 0)], [-18_000]).yearly_from is None


def test_many_years() -> None:
    """However many years of a rule are asked for, the changes of some are kept."""
    zone = made("EST5EDT,M3.2.0,M11.1.0", [], [-18_000])
    for year in range(2000, 4000):
        assert len(zone.spans(year_start(year), year_start(year + 1))) == 3
    assert len(zone._changes) < 1100


def test_spans_at_a_change() -> None:
    """A range that stops at a change does not meet what follows it; one that starts there meets nothing before it."""
    zone, change = load_zone("Europe/Berlin"), parse_instant("2025-03-30T01:00:00Z")
    assert [s.offset for s in zone.spans(change - 1, change)] == [3600]
    assert [s.offset for s in zone.spans(change - 1, change + 1)] == [3600, 7200]
    assert [s.offset for s in zone.spans(change, change + 1)] == [7200]


@pytest.mark.parametrize(
    ("day", "start", "stop"),
    [
        ("2025-12-31T12:00:00Z", "2025-11-02T06:00:00Z", "2026-03-08T07:00:00Z"),
        ("2099-12-31T12:00:00Z", "2099-11-01T06:00:00Z", "2100-03-14T07:00:00Z"),
        ("2100-01-01T12:00:00Z", "2099-11-01T06:00:00Z", "2100-03-14T07:00:00Z"),
    ],
)
def test_spans_are_whole(day: str, start: str, stop: str) -> None:
    """A span is told from its own start to its own stop, however short the range that meets it."""
    span = load_zone("America/New_York").span_at(parse_instant(day))
    assert span == (parse_instant(start), parse_instant(stop), -18_000)
    assert made("", [(5, 1)], [0, 60]).spans(4, 6) == [(BEGINNING, 5, 0), (5, END, 60)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"TZif",
        b"TZif\0" + tzif("UTC0", [], [0])[5:],
        b"XXXX" + tzif("UTC0", [], [0])[4:],
        block("l", [], [0]) + b"XXXX" + block("q", [], [0])[4:] + b"\nUTC0\n",
        block("l", [], [0]) + block("q", [], [0], leaps=1) + b"\nUTC0\n",
        tzif("UTC0", [], [0])[:-30],
        tzif("not a rule", [], [0]),
        tzif("EST5EDT,X3.2.0,M11.1.0", [], [0]),
        tzif("EST5", [], [0]),
        tzif("UTC0", [(0, 7)], [0]),
    ],
)
def test_damaged_files(data: bytes) -> None:
    """What is not TZif of version 2, has leap seconds, breaks off, or contradicts itself is a `ValueError`."""
    with pytest.raises(ValueError, match=r"TZif|footer|ends|break"):
        read_tzif(data)


def test_all_that_a_block_may_hold() -> None:
    """The first block is stepped over whatever it holds, leap seconds too, and so are the indicators of the second."""
    first = block("l", [(7, 1), (9, 0)], [0, 60], leaps=3, standard=2, ut=1)
    second = block("q", [(5, 1)], [0, 60], standard=2, ut=1)
    assert read_tzif(first + second + b"\n<+0001>-0:01\n") == ZoneData(0, [(5, 60)], None)


def test_no_footer() -> None:
    """A file without a footer stays at its last offset; a footer with equal offsets is no rule."""
    assert read_tzif(tzif("", [(5, 1)], [0, 60])) == ZoneData(0, [(5, 60)], None)
    assert read_tzif(tzif("AAA0BBB0,J1,J2", [], [0])).rule is None
    _, rule = _read_footer("EST5EDT,M3.2.0,M11.1.0")
    assert isinstance(rule, YearlyRule)
    assert rule.changes(2025) == [
        (parse_instant("2025-03-09T07:00:00Z"), -14_400),
        (parse_instant("2025-11-02T06:00:00Z"), -18_000),
    ]
