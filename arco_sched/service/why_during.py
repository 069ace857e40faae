"""`arco why --at DAY`: what became of every occurrence between two instants."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from arco_sched.core.cron import load_zone
from arco_sched.core.definitions import Term
from arco_sched.core.errors import InvalidInput
from arco_sched.core.evaluate import Stretch, in_force, stretches
from arco_sched.core.history import LapseRecord, RunStatus, Tick
from arco_sched.core.instants import DAY
from arco_sched.core.ports import Transaction
from arco_sched.core.problems import said
from arco_sched.service.former_rules import FormerRules
from arco_sched.service.not_found import number_of
from arco_sched.service.why import Verdict, Why, why

MAX_OCCURRENCES: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Neighboring occurrences with the same outcome: `count` of them, from `first` through `last`.

    `reason` is that of a lapse, `run_status` that of the runs. `count` is None for a stretch whose version can't be
    evaluated; `tick_id` and `run_id` are those of a single occurrence.
    """

    first: int
    last: int
    count: int | None
    verdict: Verdict
    reason: str | None = None
    run_status: RunStatus | None = None
    tick_id: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyDuring:
    """What became of the occurrences in `[start, stop)`, oldest first.

    `why` is the chain of the last one through now, else of the first; without any, of the instant at which one would
    have been.
    """

    start: int
    stop: int
    why: Why
    occasions: tuple[Occasion, ...]

    @property
    def count(self) -> int:
        """The number of occurrences, without those that can't be counted."""
        return sum(each.count or 0 for each in self.occasions)


def why_during(transaction: Transaction, schedule_id: str, start: int, stop: int, now: int) -> WhyDuring:
    """What became of a schedule's occurrences in `[start, stop)`.

    Raises `NotFound` for an id that doesn't exist, and `InvalidInput` for more than 100,000 occurrences.
    """
    if start >= stop:
        raise InvalidInput("the time that is asked about is empty")
    schedule = number_of(transaction, schedule_id)
    terms = transaction.definitions.terms(schedule)
    parts = stretches(terms, start, stop)
    count = sum(part.occurring(start, stop) for part in parts)
    if count > MAX_OCCURRENCES:
        what = f"{schedule_id} has {count:,} occurrences in that time, and at most {MAX_OCCURRENCES:,} can be explained"
        raise InvalidInput(said(what, hint="timeline", schedule_id=schedule_id))
    each = _Each(transaction, schedule, schedule_id, parts, start, stop, now)
    occasions = tuple(_grouped(each.all()))
    return WhyDuring(
        start=start,
        stop=stop,
        why=why(transaction, schedule_id, _about(occasions, terms, start, stop, now), now),
        occasions=occasions,
    )


def _about(occasions: tuple[Occasion, ...], terms: list[Term], start: int, stop: int, now: int) -> int:
    past = [each for each in occasions if each.first <= now]
    if past:
        return min(past[-1].last, now) if past[-1].count is None else _last_through(past[-1], now)
    if occasions:
        return occasions[0].first
    return _would_be(terms, start, stop)


def _last_through(occasion: Occasion, now: int) -> int:
    # Past and future occurrences are never in the same group.
    return occasion.last if occasion.last <= now else occasion.first


def _would_be(terms: list[Term], start: int, stop: int) -> int:
    """Without an occurrence: the time of day of the nearest other one, so that only the day differs."""
    term = in_force(terms, start) or terms[-1]
    (part,) = stretches(
        [term._replace(effective_from=start - 1, start_at=start - 1, end_at=None, deleted=False)], start, start + 1
    )
    if part.times is None:
        return start
    near = part.times.next(start)
    if near is None:
        return start
    zone = load_zone(term.timezone)
    clock = (near + zone.offset_at(near)) % DAY - (start + zone.offset_at(start)) % DAY
    at = start + clock % DAY
    return at if at < stop else start


class _Each:
    """The occurrences of a stretch of time, one at a time, against what is recorded."""

    def __init__(
        self,
        transaction: Transaction,
        schedule: int,
        schedule_id: str,
        parts: list[Stretch],
        start: int,
        stop: int,
        now: int,
    ) -> None:
        self._parts, self._now = parts, now
        state = transaction.definitions.state(schedule)
        self._terms = transaction.definitions.terms(schedule)
        self._former = FormerRules(transaction, state)
        self._cursor, self._ahead = state.cursor, set(state.ahead)
        self._pruned = transaction.history.pruned_through([schedule]).get(schedule)
        self._lapses = transaction.history.lapses_within([schedule], start, stop)[schedule]
        ticks = transaction.history.ticks(schedule=schedule, since=start, until=stop, limit=4 * MAX_OCCURRENCES)
        self._ticks = {
            tick.scheduled_for: tick for tick in ticks if tick.tick_id == f"{schedule_id}:{tick.scheduled_for}"
        }
        runs = transaction.runs.by_ids(tick.run_id for tick in self._ticks.values() if tick.run_id is not None)
        self._statuses = {run_id: run.status for run_id, run in runs.items()}

    def all(self) -> Iterator[Occasion]:
        """Every occurrence and every scheduled tick, oldest first; a stretch that can't be evaluated as one."""
        instants: dict[int, Stretch | None] = dict.fromkeys(self._ticks)
        for part in self._parts:
            if part.times is None:
                instants[part.start] = part
            else:
                instants.update(dict.fromkeys(part.times.between(part.start, part.stop)))
        lapses = iter(self._lapses)
        lapse = next(lapses, None)
        for at in sorted(instants):
            while lapse is not None and lapse.before <= at:
                lapse = next(lapses, None)
            covering = lapse if lapse is not None and lapse.after < at else None
            yield self._occasion(at, instants[at], covering)

    def _occasion(self, at: int, unevaluable: Stretch | None, lapse: LapseRecord | None) -> Occasion:
        tick = self._ticks.get(at)
        if tick is not None:
            return self._ticked(tick)
        if unevaluable is not None:
            return Occasion(first=at, last=unevaluable.stop - 1, count=None, verdict="unevaluable")
        if lapse is not None:
            return Occasion(first=at, last=at, count=1, verdict="lapsed", reason=lapse.reason)
        verdict: Verdict = "unaccounted"
        term = in_force(self._terms, at)
        if term is not None and self._former.explain(term, at, self._cursor):
            verdict = "moved"
        elif at > self._cursor:
            verdict = "future" if at > self._now else "waiting"
        elif self._pruned is not None and at <= self._pruned:
            verdict = "pruned"
        return Occasion(first=at, last=at, count=1, verdict=verdict)

    def _ticked(self, tick: Tick) -> Occasion:
        return Occasion(
            first=tick.scheduled_for,
            last=tick.scheduled_for,
            count=1,
            verdict="skipped" if tick.status == "skipped" else "triggered",
            run_status=None if tick.run_id is None else self._statuses.get(tick.run_id),
            tick_id=tick.tick_id,
            run_id=tick.run_id,
        )


def _grouped(each: Iterator[Occasion]) -> Iterator[Occasion]:
    for _, group in groupby(each, lambda one: (one.verdict, one.reason, one.run_status, one.count is None)):
        alike = list(group)
        if len(alike) == 1 or alike[0].count is None:
            yield from alike
        else:
            yield Occasion(
                first=alike[0].first,
                last=alike[-1].last,
                count=len(alike),
                verdict=alike[0].verdict,
                reason=alike[0].reason,
                run_status=alike[0].run_status,
            )
