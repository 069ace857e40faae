"""The layout of a timeline: which instants a picture has edges at, what each cell says, and where the labels stand.

A picture is one or more panels of cells. Drawing them, in a terminal or as SVG, is left to others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from arco_sched.core.cron import Zone, load_zone
from arco_sched.core.instants import DAY, MAX_INSTANT, MIN_INSTANT, civil_from_days, format_local
from arco_sched.render.times import span

if TYPE_CHECKING:
    from arco_sched.service.timeline import Timeline, TimelineCell

Mark = Literal[
    "none",
    "triggered",
    "succeeded",
    "run failed",
    "running",
    "queued",
    "late",
    "not run",
    "skipped",
    "failed",
    "lapsed",
    "waiting",
    "future",
    "unevaluable",
    "pruned",
    "done late",
    "absent",
]
MARKS: Final[tuple[Mark, ...]] = (
    "triggered", "succeeded", "done late", "run failed", "running", "queued", "late", "not run", "skipped", "failed",
    "lapsed", "waiting", "future", "unevaluable", "pruned", "absent",
)  # fmt: skip

STEPS: Final = (
    *(60 * minutes for minutes in (1, 2, 5, 10, 15, 20, 30)),
    *(3600 * hours for hours in (1, 2, 3, 4, 6, 8, 12)),
    *(DAY * days for days in (1, 2, 4, 7)),
)
"""How long a cell may be, in seconds."""

CALENDAR_FROM: Final = 28 * DAY
"""The length of history from which on a picture is a calendar: weeks across, weekdays down."""

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LABEL_GAP: Final = 2


class Plan(NamedTuple):
    """The edges of a picture in a zone; `step` is the length of a cell in seconds, a day in a calendar."""

    edges: tuple[int, ...]
    zone: str
    step: int
    calendar: bool


class Spot(NamedTuple):
    """One cell of a panel: its mark, its level compared with the fullest cell (0 to 4), and its meaning in words.

    `of_mark` counts what the mark stands for, where that is not all that is in the cell; else 0. `unattended` says that
    in part of it nobody evaluated.
    """

    mark: Mark
    level: int
    start: int
    text: str
    of_mark: int = 0
    unattended: bool = False


class Row(NamedTuple):
    """A label and its cells; None where a calendar has no day."""

    label: str
    spots: tuple[Spot | None, ...]


class Panel(NamedTuple):
    """Rows of as many cells each; `heads` are labels above columns, `now` is the column of the clock."""

    title: str
    heads: tuple[tuple[int, str], ...]
    rows: tuple[Row, ...]
    now: int | None


def plan(now: int, length: int, zone: str, columns: int) -> Plan:
    """A picture of the last `length` seconds and some of what comes, in at most `columns` columns.

    Cells begin on the hour, or the day, of the zone's clock.
    """
    clock = load_zone(zone)
    if length >= CALENDAR_FROM:
        local = now + clock.offset_at(now)
        first = _monday((local - length) // DAY)
        last = _monday(local // DAY) + 7
        return Plan(_on_clock(clock, range(first * DAY, (last + 1) * DAY, DAY)), zone, DAY, calendar=True)
    ahead = length // 8
    columns = max(columns, 8)
    step = next((step for step in STEPS if -(-(length + ahead) // step) + 2 <= columns), STEPS[-1])
    low = (now - length + clock.offset_at(now)) // step * step
    high = low + step * min(columns, -(-(length + ahead) // step) + 1)
    return Plan(_on_clock(clock, range(low, high + 1, step)), zone, step, calendar=False)


def _monday(day: int) -> int:
    return day - (day + 3) % 7


def _on_clock(zone: Zone, readings: range) -> tuple[int, ...]:
    """The instants at which the zone's clock first shows these readings; one that it jumps over ends with the gap."""
    found: list[int] = []
    spans = iter(zone.spans(readings[0] - 2 * DAY, readings[-1] + 2 * DAY))
    span = next(spans)
    for reading in readings:
        while reading - span.offset >= span.stop:
            span = next(spans)
        instant = min(max(reading - span.offset, span.start, MIN_INSTANT), MAX_INSTANT)
        if not found or instant > found[-1]:
            found.append(instant)
    return tuple(found)


def mark(cell: TimelineCell) -> tuple[Mark, int]:
    """The mark of a cell, the worst of what is in it, and how many there are of that: 0 where it is all there is."""
    kinds = _kinds(cell)
    if kinds:
        worst, count = kinds[0]
        return worst, count if len(kinds) > 1 else 0
    if cell.unevaluable:
        return "unevaluable", 0
    if cell.future:
        return "future", 0
    if cell.pruned:
        return "pruned", 0
    return ("absent" if cell.absent else "none"), 0


def _kinds(cell: TimelineCell) -> list[tuple[Mark, int]]:
    """The kinds of past in a cell, the worst first, each with how many there are."""
    plain = cell.triggered - cell.runs
    good = min(cell.late, cell.runs_succeeded + plain)
    late_runs = min(good, cell.runs_succeeded)
    kinds: tuple[tuple[Mark, int], ...] = (
        ("failed", cell.failed),
        ("run failed", cell.runs_failed),
        ("lapsed", cell.lapsed),
        ("late", cell.runs_late),
        ("waiting", cell.waiting),
        ("not run", cell.runs_skipped + cell.runs_canceled),
        ("done late", good),
        ("queued", cell.runs_waiting),
        ("running", cell.runs_running),
        ("skipped", cell.skipped),
        ("triggered", plain - (good - late_runs)),
        ("succeeded", cell.runs_succeeded - late_runs),
    )
    return [(kind, count) for kind, count in kinds if count > 0]


def words(cell: TimelineCell) -> str:
    """What is in a cell, in words."""
    named = (
        (cell.triggered, "triggered"),
        (cell.skipped, "skipped"),
        (cell.failed, "failed"),
        (cell.lapsed, "lapsed"),
        (cell.waiting, "waiting"),
        (cell.future, "in the future"),
    )
    became = (
        (cell.runs_succeeded, "succeeded"),
        (cell.runs_failed, "failed"),
        (cell.runs_running, "running"),
        (cell.runs_waiting, "waiting"),
        (cell.runs_late, "late"),
        (cell.runs_skipped, "skipped"),
        (cell.runs_canceled, "canceled"),
    )
    counts = [f"{count:,} {name}" for count, name in named if count]
    runs = [f"{count:,} {name}" for count, name in became if count]
    counts += [f"runs: {', '.join(runs)}"] if runs else []
    counts += [f"{cell.late:,} evaluated late, by up to {span(cell.late_seconds)}"] if cell.late else []
    counts += ["some can't be evaluated"] if cell.unevaluable else []
    counts += ["history pruned"] if cell.pruned else []
    counts += ["no evaluation for part of it"] if cell.unattended else []
    return ", ".join(counts) or ("before its start or after its end" if cell.absent else "nothing due")


def panels(timeline: Timeline, chosen: Plan, columns: int) -> Iterator[Panel]:
    """The panels of a picture: one for all schedules, or in a calendar one (or more, in pieces) for each."""
    if chosen.calendar:
        for row in timeline.rows:
            spots = _spots(row.cells, timeline.edges, chosen)
            yield from _calendar(row.schedule_id, spots, timeline, chosen, max(columns, 4))
        return
    rows = tuple(Row(row.schedule_id, tuple(_spots(row.cells, timeline.edges, chosen))) for row in timeline.rows)
    yield Panel("", tuple(_heads(timeline.edges, chosen)), rows, column_of(timeline.edges, timeline.now))


def _spots(cells: Sequence[TimelineCell], edges: Sequence[int], chosen: Plan) -> list[Spot]:
    most = max((cell.triggered for cell in cells), default=0) or 1
    zone = load_zone(chosen.zone)
    return [
        Spot(
            mark(cell)[0],
            -(-4 * cell.triggered // most),
            start,
            f"{format_local(start, zone.offset_at(start))[:16].replace('T', ' ')}: {words(cell)}",
            mark(cell)[1],
            cell.unattended,
        )
        for cell, start in zip(cells, edges, strict=False)
    ]


def column_of(edges: Sequence[int], at: int) -> int | None:
    """The number of the cell that an instant is in."""
    return next((number for number, (low, high) in enumerate(pairwise(edges)) if low <= at < high), None)


def _heads(edges: Sequence[int], chosen: Plan) -> Iterator[tuple[int, str]]:
    """Labels that have room: the date at midnight, the hour elsewhere."""
    zone = load_zone(chosen.zone)
    readings = [at + zone.offset_at(at) for at in edges[:-1]]
    every = next(
        size
        for size in (
            300,
            600,
            900,
            1800,
            3600,
            7200,
            3 * 3600,
            6 * 3600,
            12 * 3600,
            DAY,
            2 * DAY,
            7 * DAY,
            28 * DAY,
            56 * DAY,
        )
        if size >= 8 * chosen.step
    )
    free = 0
    for column, reading in enumerate(readings):
        if reading % every == 0 and column >= free:
            label = _date(reading) if reading % DAY == 0 else _time(reading)
            yield column, label
            free = column + len(label) + LABEL_GAP


def _date(reading: int) -> str:
    _, month, day = civil_from_days(reading // DAY)
    return f"{MONTHS[month - 1]} {day}"


def _time(reading: int) -> str:
    return f"{reading % DAY // 3600:02}:{reading % 3600 // 60:02}"


def _calendar(schedule_id: str, spots: list[Spot], timeline: Timeline, chosen: Plan, weeks: int) -> Iterator[Panel]:
    zone = load_zone(chosen.zone)
    by_day = {(spot.start + zone.offset_at(spot.start)) // DAY: spot for spot in spots}
    first = _monday(min(by_day))
    count = (max(by_day) - first) // 7 + 1
    today = (timeline.now + zone.offset_at(timeline.now)) // DAY
    for begin in range(0, count, weeks):
        shown = range(begin, min(begin + weeks, count))
        rows = tuple(
            Row(name, tuple(by_day.get(first + 7 * week + weekday) for week in shown))
            for weekday, name in enumerate(WEEKDAYS)
        )
        heads = tuple(_months(first + 7 * begin, len(shown)))
        now = (today - first) // 7 - begin
        yield Panel(schedule_id, heads, rows, now if 0 <= now < len(shown) else None)


def _months(first: int, weeks: int) -> Iterator[tuple[int, str]]:
    free = 0
    before = 0
    for week in range(weeks):
        year, month, _ = civil_from_days(first + 7 * week + 6)
        if month != before and week >= free:
            label = f"{year}" if month == 1 and weeks > 60 else MONTHS[month - 1]
            yield week, label
            free = week + len(label) + 1
            before = month
