"""What another release of the zone rules changes: where clocks differ, and what was served before. Pure.

An *appointment* is a reading of the wall clock that an expression names. Other rules put the same one at another
instant. Where the former rules put it at an instant that is accounted for, and the new ones at one that is yet to come,
it was served already, and is not made again (docs/semantics/evaluation.md).
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from arco_sched.core.cron import Timetable
from arco_sched.core.cron.tzif import read_tzif
from arco_sched.core.cron.zones import BEGINNING, END, Zone, load_zone, zone_data
from arco_sched.core.definitions import Term
from arco_sched.core.errors import InvalidInput
from arco_sched.core.evaluate import Stretch, in_force, stretches, times_of

REACH: Final = 26 * 3600
"""Maximum seconds by which two clocks of one zone differ."""


class Moved(NamedTuple):
    """A stretch `[start, stop)` in which a zone's clock was `before` seconds ahead of UTC, and now is `after`."""

    start: int
    stop: int
    before: int
    after: int

    def touches(self, start: int, stop: int) -> bool:
        """Whether an instant of `[start, stop)` may be an occurrence under one set of rules and not under the other."""
        reach = abs(self.after - self.before)
        return self.start - reach < stop and start < self.stop + reach


class ZoneChange(NamedTuple):
    """A change of the zone rules: the `seq` of its event, when it was recorded, and where it moved the clock of each
    zone; None if that is not known, so that it may have been moved anywhere."""

    seq: int
    recorded_at: int
    moved: Mapping[str, Sequence[Moved] | None] | None

    def touches(self, timezone: str, start: int, stop: int) -> bool:
        """Whether it may have changed what a schedule in a zone has in `[start, stop)`."""
        moves = None if self.moved is None else self.moved.get(timezone, ())
        return not is_fixed(timezone) if moves is None else any(each.touches(start, stop) for each in moves)


class Rules(NamedTuple):
    """A zone under the rules that were last recorded, and under those that are installed."""

    former: Zone
    installed: Zone


def is_fixed(timezone: str) -> bool:
    """Whether a zone's clock never moves, whatever the release: UTC and other zones of fixed offset."""
    try:
        zone = load_zone(timezone)
    except InvalidInput:
        return False
    return zone.yearly_from is None and len(zone.spans(BEGINNING, END)) == 1


def rules_of(timezone: str, former: bytes) -> Rules | None:
    """Both rules of a zone, given the data under which it was last evaluated; None if they are the same, or either
    can't be read."""
    data = zone_data(timezone)
    if data is None or data == former:
        return None
    try:
        return Rules(Zone(timezone, read_tzif(former)), Zone(timezone, read_tzif(data)))
    except ValueError:
        return None


def moved(rules: Rules, start: int, stop: int) -> list[Moved]:
    """The stretches of `[start, stop)` in which the two clocks differ, in order."""
    theirs, ours = rules.former.spans(start, stop), rules.installed.spans(start, stop)
    begins = sorted({max(start, span.start) for span in (*theirs, *ours)})
    found: list[Moved] = []
    for low, high in pairwise([*begins, stop]):
        before, after = rules.former.offset_at(low), rules.installed.offset_at(low)
        if before != after:
            found.append(Moved(low, high, before, after))
    return found


def served(terms: Sequence[Term], cursor: int, rules: Mapping[str, Rules]) -> list[int]:
    """The occurrences after the cursor that are already accounted for: under the former rules the same appointment had
    its occurrence at the cursor or before.

    `terms` are newest first and reach back to the one in force after the cursor, `rules` those of the zones that
    changed.
    """
    found: list[int] = []
    for part in stretches(terms, cursor + 1, cursor + REACH) if rules else ():
        changed = rules.get(part.term.timezone)
        if changed is None or not isinstance(part.times, Timetable):
            continue
        back = max((each.before - each.after for each in moved(changed, cursor - REACH, cursor + REACH)), default=0)
        for at in part.times.between(part.start, min(part.stop, cursor + back + 1)):
            there = same_reading(at, changed.installed, changed.former)
            if any(each <= cursor and _was_accounted(terms, each, part, changed) for each in there):
                found.append(at)
    return found


def _was_accounted(terms: Sequence[Term], instant: int, part: Stretch, rules: Rules) -> bool:
    """Whether there was an occurrence of the schedule under the former rules, and the same appointment as in `part`."""
    term = in_force(terms, instant) or terms[-1]
    if instant < term.start_at or term.deleted or term.timezone != part.term.timezone:
        return False
    try:
        times = times_of(term)
    except InvalidInput:
        return False
    return isinstance(times, Timetable) and is_same(instant, with_zone(times, rules.former), times)


def with_zone(times: Timetable, zone: Zone) -> Timetable:
    """The same expression on another clock."""
    return Timetable(times.expression, zone, times.dst_gap, times.dst_overlap)


def same_reading(at: int, zone: Zone, other: Zone) -> list[int]:
    """The instants at which another clock reads what a zone's clock reads at an instant."""
    local = at + zone.offset_at(at)
    spans = other.spans(local - REACH, local + REACH)
    return [local - span.offset for span in spans if span.start <= local - span.offset < span.stop]


def is_same(instant: int, formerly: Timetable, now: Timetable) -> bool:
    """Whether the occurrence at an instant under the former rules is the appointment with the same reading.

    An interval expression has no appointments: an occurrence under both rules stays the same one.
    """
    if not formerly.matches(instant):
        return False
    return now.expression.fixed_time or not now.matches(instant)


def unmade(times: Timetable, at: int, moves: Sequence[Moved]) -> list[int]:
    """The instants at which the appointment of an occurrence may have been served under former rules.

    `moves` are where those rules had another clock. An interval's instants that are still occurrences don't count.
    """
    found = []
    for each in moves:
        instant = at + each.after - each.before
        if (each.start <= at < each.stop or each.start <= instant < each.stop) and (
            times.expression.fixed_time or not times.matches(instant)
        ):
            found.append(instant)
    return found


def find_rules(kept: Mapping[str, bytes]) -> dict[str, Rules]:
    """Both rules of each zone whose data have changed."""
    found = ((timezone, rules_of(timezone, data)) for timezone, data in kept.items())
    return {timezone: rules for timezone, rules in found if rules is not None}


def all_moved(kept: Mapping[str, bytes], used: Mapping[str, tuple[int, int]]) -> dict[str, list[Moved] | None]:
    """Where the installed rules move the clocks of the zones that are used, each in a span (first, last) of its own.

    `kept` are the data of the former rules. None if either data are lacking; zones that stay as they are, are left
    out.
    """
    found: dict[str, list[Moved] | None] = {}
    for timezone, (first, last) in used.items():
        data = zone_data(timezone)
        if data is None or timezone not in kept:
            found[timezone] = None
        elif (rules := rules_of(timezone, kept[timezone])) is not None and (moves := moved(rules, first, last + 1)):
            found[timezone] = moves
    return found
