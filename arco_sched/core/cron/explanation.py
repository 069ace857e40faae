"""Why an instant is or isn't an occurrence, as data; it is rendered elsewhere."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from arco_sched.core.instants import DAY, civil_from_days, format_local

if TYPE_CHECKING:
    from arco_sched.core.cron.expression import CronExpression
    from arco_sched.core.cron.occurrences import Note, Timetable

DayRule: TypeAlias = Literal["every-day", "day-of-month", "day-of-week", "either"]
Clock: TypeAlias = Literal["normal", "gap-end", "overlap-first", "overlap-second"]


@dataclass(frozen=True, slots=True)
class FieldVerdict:
    """One field of the expression against the local reading. Weekdays are 0 (Sunday) to 6."""

    name: str
    text: str
    value: int
    matches: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """What `Timetable.explain` answers. Instants are epoch seconds; `offset` and `shift` are seconds."""

    instant: int
    timezone: str
    local: str
    """The reading of the zone's clock, RFC 3339 with its offset."""
    offset: int
    kind: Literal["fixed-time", "interval", "every", "once"]
    fields: tuple[FieldVerdict, ...]
    """In the order of the expression; with five fields, the seconds come first, with the text `0`. Empty for `@every`
    and `@once`, which don't depend on a clock reading."""
    day_rule: DayRule | None
    """Which day fields decide: neither is restricted, one of them is, or both are and `either` is enough. None if there
    are no fields."""
    day_matches: bool
    """Whether the two day fields match together, by that rule."""
    clock: Clock
    """`gap-end`: the first instant after a gap; `overlap-…`: the clock reads this time twice, and this is which one."""
    shift: int
    """By how much the clock moves at the change that `clock` is about: positive forwards, 0 for `normal`."""
    occurs: bool
    note: "Note | None"
    """`Timetable.note` of the instant if it is an occurrence, else None."""
    previous: int | None
    """The last occurrence before the instant."""
    next: int | None
    """The first occurrence after the instant."""


def explain(timetable: "Timetable", instant: int) -> Explanation:
    """The answer of `Timetable.explain`, for an instant in the years 1 to 9999."""
    expression = timetable.expression
    span = timetable.zone.span_at(instant)
    local = instant + span.offset
    year, month, day = civil_from_days(local // DAY)
    second_of_day = local % DAY
    values = {
        "second": second_of_day % 60,
        "minute": second_of_day // 60 % 60,
        "hour": second_of_day // 3600,
        "day-of-month": day,
        "month": month,
        "day-of-week": (local // DAY + 4) % 7,
    }
    verdicts = {
        "second": values["second"] in expression.seconds,
        "minute": values["minute"] in expression.minutes,
        "hour": values["hour"] in expression.hours,
        "day-of-month": expression.matches_month_day(year, month, day),
        "month": bool(expression.months >> month & 1),
        "day-of-week": expression.matches_weekday(year, month, day),
    }
    texts = {"second": "0", **dict(zip(expression.field_names, expression.fields, strict=True))}
    clock, shift = _clock(timetable, instant)
    occurs = timetable.matches(instant)
    rule = _day_rule(expression)
    return Explanation(
        instant=instant,
        timezone=timetable.zone.name,
        local=format_local(instant, span.offset),
        offset=span.offset,
        kind="fixed-time" if expression.fixed_time else "interval",
        fields=tuple(FieldVerdict(name, texts[name], values[name], verdicts[name]) for name in values),
        day_rule=rule,
        day_matches={
            "every-day": True,
            "day-of-month": verdicts["day-of-month"],
            "day-of-week": verdicts["day-of-week"],
            "either": verdicts["day-of-month"] or verdicts["day-of-week"],
        }[rule],
        clock=clock,
        shift=shift,
        occurs=occurs,
        note=timetable.note(instant) if occurs else None,
        previous=timetable.previous(instant),
        next=timetable.next(instant + 1),
    )


def _day_rule(expression: "CronExpression") -> DayRule:
    if expression.month_days_restricted and expression.weekdays_restricted:
        return "either"
    if expression.month_days_restricted:
        return "day-of-month"
    return "day-of-week" if expression.weekdays_restricted else "every-day"


def _clock(timetable: "Timetable", instant: int) -> tuple[Clock, int]:
    zone = timetable.zone
    span = zone.span_at(instant)
    if instant == span.start and (shift := span.offset - zone.offset_at(instant - 1)) > 0:
        return "gap-end", shift
    readings = timetable.readings(instant + span.offset)
    if len(readings) < 2:
        return "normal", 0
    first = readings[0] == instant
    shift = zone.offset_at(readings[1]) - zone.offset_at(readings[0])
    return ("overlap-first" if first else "overlap-second"), shift
