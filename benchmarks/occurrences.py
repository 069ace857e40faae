"""Rows 6, 7 and 8: occurrences in a zone with daylight saving, next to croniter; and counting without making them."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter

from arco_sched.core.cron import Timetable, timetable
from arco_sched.core.instants import DAY
from benchmarks.harness import START, Bench, Row, compared, in_turns, per_call, timed

ZONE = "America/New_York"
YEAR = 365 * DAY


def rows(bench: Bench) -> Iterator[Row]:
    """Every occurrence of a year; the next one of a rare expression; the count of ten years of seconds."""
    yield from _year(bench)
    yield from _next(bench)
    yield from _count()


def _year(bench: Bench) -> Iterator[Row]:
    span = bench.size(YEAR, 7 * DAY)
    for expression in ("* * * * *", "*/10 * * * *"):
        bench.say(f"occurrences of {expression} in {ZONE}, {span // DAY} days")
        times = timetable(expression, ZONE)
        theirs = timed(partial(_croniter_through, expression, START + span))
        ours = in_turns(5, partial(timed, partial(_ours_through, times, START + span)))[0]
        what = f"occurrences of {expression} in {ZONE}, {span // DAY} days : croniter"
        yield compared("6", what, ours, theirs, 100, at_least=True)


def _ours_through(times: Timetable, stop: int) -> int:
    return sum(1 for _ in times.between(START, stop))


def _croniter_through(expression: str, stop: int) -> int:
    source, made = croniter(expression, datetime.fromtimestamp(START - 1, ZoneInfo(ZONE))), 0
    while source.get_next(datetime).timestamp() < stop:
        made += 1
    return made


def _next(bench: Bench) -> Iterator[Row]:
    rounds = bench.size(5, 1)
    chance = random.Random(1)  # noqa: S311 (any instants serve)
    starts = [START + chance.randrange(4 * YEAR) for _ in range(50)]
    begins = [datetime.fromtimestamp(start, UTC).astimezone(ZoneInfo(ZONE)) for start in starts]
    bench.say("the next occurrence of rare expressions")
    for expression in ("0 0 29 2 *", "0 12 L * *", "0 9 * * 1#1"):
        times = timetable(expression, ZONE)
        source = croniter(expression, begins[0])
        ours, theirs = in_turns(
            rounds,
            _over(starts, times.next),
            _over(begins, partial(_croniter_next, source)),
        )
        what = f"next occurrence of {expression} in {ZONE} : croniter"
        yield compared("7", what, ours, theirs, 20, at_least=True)


def _croniter_next(source: croniter, begin: datetime) -> object:
    return source.get_next(datetime, start_time=begin)


def _over(values: list[Any], ask: Callable[[Any], object]) -> Callable[[], float]:
    def all_of_them() -> None:
        for value in values:
            ask(value)

    return lambda: per_call(all_of_them) / len(values)


def _count() -> Iterator[Row]:
    times = timetable("* * * * * *", ZONE)
    ours, yardstick = in_turns(
        5,
        lambda: per_call(lambda: times.count(START + 12_345, START + 10 * YEAR)),
        lambda: per_call(lambda: times.next(START + 12_345)),
    )
    yield compared("8", "count of ten years of seconds : one next of the same", ours, yardstick, 200)
