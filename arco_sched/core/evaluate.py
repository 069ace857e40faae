"""Evaluation: (definition versions, cursor, now) -> what to record. Pure, and the basis of the guarantees.

The rules are those of docs/semantics/evaluation.md. A *stretch* is a range of instants in which one definition
version is in force and may have occurrences; everything here works on stretches in chronological order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from arco_sched.core.cron import timetable_from
from arco_sched.core.definitions import Term
from arco_sched.core.errors import InvalidInput
from arco_sched.core.history import Lapse, LapseReason, SkipReason
from arco_sched.core.instants import CLOCK_TOLERANCE, MAX_INSTANT, MIN_INSTANT, format_instant
from arco_sched.core.remaining import Occurrences, Remaining
from arco_sched.core.skipping import by_reason

if TYPE_CHECKING:
    from arco_sched.core.cron import AnyTimetable

UNBOUNDED: Final = 1 << 60


class Stretch(NamedTuple):
    """The instants `start <= t < stop` in which `term` is in force, started, not ended and not deleted.

    `times` is None if the version can't be evaluated here, and `error` says why.
    """

    start: int
    stop: int
    term: Term
    times: Occurrences | None
    error: str | None

    def occurring(self, start: int, stop: int) -> int:
        """The number of occurrences of this stretch in `[start, stop)`; 0 where they can't be counted."""
        low, high = max(self.start, start), min(self.stop, stop)
        return 0 if self.times is None or low >= high else self.times.count(low, high)


class Ticks(NamedTuple):
    """Occurrences that become ticks of one definition version, oldest first; `skipped` is why they request no run."""

    term: Term
    instants: list[int]
    skipped: SkipReason | None = None


class Failure(NamedTuple):
    """The version in force that can't be evaluated, and why."""

    term: Term
    error: str


def failed_at(failed: Mapping[tuple[int, int], int], schedule: int, version: int, now: int) -> int | None:
    """The instant for the failed tick of a definition version: `now`, or the first second after it that no other failed
    version has taken; None if it already has one. `failed` is when each (schedule, version) failed."""
    if (schedule, version) in failed:
        return None
    taken = {at for (other, _), at in failed.items() if other == schedule}
    while now in taken:
        now += 1
    return now


class AgendaEntry(NamedTuple):
    """When the evaluator must look at a schedule next.

    `due_at` is the oldest occurrence not accounted for; if a version that can't be evaluated comes first (`failing`),
    it is the instant at which that version needs attention.
    """

    due_at: int
    failing: bool


@dataclass(slots=True)
class Outcome:
    """What one evaluation of one schedule decides; `steps` are in chronological order and never overlap."""

    cursor: int
    ahead: Sequence[int] = ()
    steps: list[Ticks | Lapse] = field(default_factory=list)
    failure: Failure | None = None
    quota: int = 0
    taken: int = 0
    deferred: int = 0
    more: bool = False


def stretches(
    terms: Sequence[Term], start: int, stop: int, ahead: Sequence[int] = (), *, from_start: bool = True
) -> list[Stretch]:
    """The stretches of `[start, stop)`, oldest first; none of them is empty.

    `terms` are newest first and reach back to the one in force at `start`. The version in force at an instant is the
    highest-numbered one whose `effective_from` is not after it. `ahead` are instants that already are ticks. Without
    `from_start` versions also apply before the schedule's start. The first and the last representable second have no
    occurrences, so that the second before or after an occurrence can always be represented.
    """
    start, stop = max(start, MIN_INSTANT + 1), min(stop, MAX_INSTANT)
    found: list[Stretch] = []
    for term in terms:
        begin = max(term.effective_from, start)
        if begin < stop:
            low = max(begin, term.start_at) if from_start else begin
            high = stop if term.end_at is None else min(stop, term.end_at)
            if low < high and not term.deleted:
                found.append(_stretch(low, high, term, ahead))
            stop = begin
        if stop <= start:
            break
    found.reverse()
    return found


def times_of(term: Term) -> "AnyTimetable":
    """The timetable of a definition version; raises `InvalidInput` if it can't be evaluated."""
    return timetable_from(term.cron_expression, term.timezone, term.dst_gap, term.dst_overlap, term.start_at)


def _stretch(low: int, high: int, term: Term, ahead: Sequence[int]) -> Stretch:
    try:
        times = times_of(term)
    except InvalidInput as problem:
        return Stretch(low, high, term, None, str(problem))
    return Stretch(low, high, term, Remaining(times, ahead) if ahead else times, None)


def in_force(terms: Sequence[Term], at: int) -> Term | None:
    """The version in force at an instant; `terms` are newest first."""
    return next((term for term in terms if term.effective_from <= at), None)


def beginning(terms: Sequence[Term]) -> int:
    """The first instant of a schedule's history; `terms` are all its versions."""
    return min(term.effective_from for term in terms)


def occurrences(terms: Sequence[Term], start: int, stop: int) -> Iterator[int]:
    """Every occurrence in `[start, stop)`, oldest first, each under its own version; versions that can't be evaluated
    are left out."""
    for part in stretches(terms, start, stop):
        if part.times is not None:
            yield from part.times.between(part.start, part.stop)


def each_occurrence(terms: Sequence[Term], start: int, stop: int) -> Iterator[tuple[int, Term]]:
    """Every occurrence in `[start, stop)` with its version, oldest first, as if version 1 had always been in force.

    For looking back: before the schedule's start its first version applies, and any other from when it is in force.
    `terms` are all versions, newest first.
    """
    for part in always_in_force(terms, start, stop):
        if part.times is not None:
            yield from ((at, part.term) for at in part.times.between(part.start, part.stop))


def count_each(terms: Sequence[Term], start: int, stop: int) -> int:
    """How many occurrences `each_occurrence` has, without making any of them."""
    return sum(part.occurring(part.start, part.stop) for part in always_in_force(terms, start, stop))


def always_in_force(terms: Sequence[Term], start: int, stop: int) -> list[Stretch]:
    """The stretches of `[start, stop)` as if version 1 had always been in force."""
    first = terms[-1]
    always = first._replace(effective_from=min(start, first.effective_from))
    return stretches([*terms[:-1], always], start, stop, from_start=False)


def waiting(terms: Sequence[Term], cursor: int, stop: int, ahead: Sequence[int] = ()) -> int:
    """How many occurrences after the cursor and before `stop` are not accounted for."""
    return sum(part.occurring(part.start, part.stop) for part in stretches(terms, cursor + 1, stop, ahead))


def agenda(terms: Sequence[Term], cursor: int, ahead: Sequence[int] = ()) -> AgendaEntry | None:
    """When the evaluator must next look at a schedule that is accounted for through `cursor`; None for never again."""
    passed: AgendaEntry | None = None
    for part in stretches(terms, cursor + 1, MAX_INSTANT + 1, ahead):
        if part.times is None:
            later = [term for term in terms if term.version > part.term.version]
            begin = min((term.effective_from for term in later), default=MAX_INSTANT)
            if any(term.effective_from <= term.created_at for term in later):
                # It was already replaced when the later version was made: its part lapses with what comes next.
                passed = passed or AgendaEntry(begin, failing=False)
                continue
            if part.term.enabled:
                return AgendaEntry(part.start, failing=True)
            # A disabled version that can't be evaluated is not reported; its part lapses when a later one begins.
            return AgendaEntry(begin, failing=True) if later else passed
        due_at = part.times.next(part.start)
        if due_at is not None and due_at < part.stop:
            return AgendaEntry(due_at, failing=False)
    return passed


def evaluate(
    terms: Sequence[Term],
    cursor: int,
    now: int,
    quota: int | None = None,
    limit: int = UNBOUNDED,
    ahead: Sequence[int] = (),
) -> Outcome:
    """Decide what becomes of every occurrence after `cursor` through `now`.

    `terms` are newest first and reach back to the one in force just after the cursor. `quota` is how many ticks this
    evaluation may still make for the schedule (default: the `max_catchup_ticks` of the version in force at `now`); at
    most `limit` ticks are returned, and `more` says that the quota allows for more. `ahead` are instants after the
    cursor that already are ticks.
    """
    outcome = Outcome(cursor, ahead)
    now = min(now, MAX_INSTANT - 1)
    current = in_force(terms, now)
    if current is None:
        return outcome
    if quota is None:
        quota = current.max_catchup_ticks
    outcome.quota = quota
    horizon = now - current.catchup_window_minutes * 60
    parts = stretches(terms, cursor + 1, now + 1, ahead)
    stop = now + 1
    if parts and parts[-1].times is None and parts[-1].term.version == current.version:
        blocked = parts.pop()
        stop = blocked.start
        if current.enabled:
            outcome.failure = Failure(current, blocked.error or "")
    groups = _groups(parts, stop)
    # How many of the oldest due occurrences give way to the newest: the only difference between the two policies.
    superseded = 0
    if current.catchup_policy == "latest":
        superseded = max(0, sum(_count(group, horizon, group.stop) for group in groups) - quota)
    for position, group in enumerate(groups):
        if group.parts[0].times is None:
            _lapse(outcome, group, group.stop, "unevaluable")
            continue
        _lapse(outcome, group, min(horizon, group.stop), "window")
        superseded = _supersede(outcome, group, max(horizon, outcome.cursor + 1), superseded)
        if not _take(
            outcome, group, max(horizon, outcome.cursor + 1), min(quota - outcome.taken, limit - outcome.taken)
        ):
            start = max(horizon, outcome.cursor + 1)
            outcome.deferred = sum(_count(later, start, later.stop) for later in groups[position:])
            outcome.more = outcome.taken < quota
            break
    return outcome


class _Group(NamedTuple):
    """Neighboring stretches that can all be evaluated, or one that can't; `stop` is where the next group begins."""

    parts: list[Stretch]
    stop: int


def _groups(parts: list[Stretch], stop: int) -> list[_Group]:
    groups: list[_Group] = []
    for part in reversed(parts):
        if part.times is None:
            groups.append(_Group([part], part.stop))
            stop = part.start
        elif groups and groups[-1].parts[-1].times is not None:
            groups[-1].parts.append(part)
        else:
            groups.append(_Group([part], stop))
    for group in groups:
        group.parts.reverse()
    groups.reverse()
    return groups


def _count(group: _Group, start: int, stop: int) -> int:
    return sum(part.occurring(start, stop) for part in group.parts)


def _lapse(outcome: Outcome, group: _Group, before: int, reason: LapseReason) -> None:
    """Record what a group has from the cursor to `before` as a lapse, or as several nonempty lapses between existing
    ticks."""
    after = outcome.cursor
    for stop in [*(at for at in outcome.ahead if after < at < before), before]:
        missed = None if group.parts[0].times is None else _count(group, after + 1, stop)
        if missed != 0 and after + 1 < stop:
            outcome.steps.append(Lapse(after, stop, missed, reason))
            outcome.cursor = stop - 1
        after = stop


def _supersede(outcome: Outcome, group: _Group, start: int, superseded: int) -> int:
    """Lapse the oldest `superseded` due occurrences that lie in this group; returns how many are left to lapse."""
    if not superseded:
        return 0
    here = 0
    before = group.stop
    for part in group.parts:
        count = part.occurring(start, part.stop)
        if here + count > superseded and part.times is not None:
            before = part.times.take_newest(max(part.start, start), part.stop, here + count - superseded)[0]
            here = superseded
            break
        here += count
    _lapse(outcome, group, before, "superseded")
    return superseded - here


def _take(outcome: Outcome, group: _Group, start: int, allowed: int) -> bool:
    """Turn the oldest due occurrences of the group, at most `allowed`, into ticks; returns False if some are left."""
    for part in group.parts:
        low = max(part.start, start)
        if part.times is None or low >= part.stop:
            continue
        instants = part.times.take(low, part.stop, allowed + 1)
        left = len(instants) > allowed
        if left:
            instants.pop()
        if instants:
            outcome.steps += [Ticks(part.term, some, reason) for reason, some in by_reason(part.term, instants)]
            outcome.cursor = instants[-1]
            outcome.taken += len(instants)
            allowed -= len(instants)
        if left:
            return False
    return True


def discard(terms: Sequence[Term], cursor: int, before: int, ahead: Sequence[int] = ()) -> list[Lapse]:
    """The lapses that account for everything after the cursor and before `before`: `discarded` with exact counts,
    `unevaluable` for versions that can't be evaluated."""
    outcome = Outcome(cursor, ahead)
    before = min(before, MAX_INSTANT)
    for group in _groups(stretches(terms, cursor + 1, before), before):
        if group.parts[0].times is None:
            _lapse(outcome, group, group.stop, "unevaluable")
        else:
            _lapse(outcome, group, group.stop, "discarded")
    return [step for step in outcome.steps if isinstance(step, Lapse)]


def check_now(now: int, clock: int) -> None:
    """Raise `InvalidInput` if `now` is more than a minute ahead of the clock: a typo must not mark years as done."""
    if now > clock + CLOCK_TOLERANCE:
        from arco_sched.core.problems import Problem

        said = {"now": format_instant(now), "clock": format_instant(clock)}
        raise InvalidInput(Problem("now", "ahead_of_clock", said))
