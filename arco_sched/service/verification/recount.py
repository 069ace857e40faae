"""The recount: every schedule's occurrences are its ticks and lapses, one for one."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from arco_sched.core.cron import Timetable
from arco_sched.core.cron.zones import zone_data
from arco_sched.core.definitions import Term
from arco_sched.core.errors import InvalidInput
from arco_sched.core.evaluate import Stretch, agenda, beginning, stretches, times_of
from arco_sched.core.history import SkipReason
from arco_sched.core.instants import format_instant
from arco_sched.core.ports import Audit, PruningRow, TickRow
from arco_sched.core.skipping import by_reason, skip_reason
from arco_sched.core.subjects import LapseSpan, State
from arco_sched.core.zone_changes import ZoneChange
from arco_sched.core.zone_rules import tzdata_release
from arco_sched.service.states import sets_of_states
from arco_sched.service.verification.findings import Findings
from arco_sched.service.zone_rules import pending_change

Progress = Callable[[str, int, int], None]
"""Called with what is being checked, how much of it is done, and how much there is."""


_AT_ONCE: Final = 10_000
"""Occurrences that are compared with their ticks at a time."""

_NEVER: Final = 1 << 62


def recount(audit: Audit, findings: Findings, report: Progress) -> None:
    """Compare every schedule's occurrences with its ticks and lapses."""
    release, recorded = tzdata_release(), audit.agenda.zone_rules()
    changes = audit.zones.changes()
    if release != recorded:
        findings.add(
            "zone rules", f"zone rules {release} are installed, but the last evaluation used {recorded}", note=True
        )
        changes.append(pending_change(audit))
    else:
        for timezone, data in audit.zones.kept().items():
            if zone_data(timezone) != data:
                text = (
                    f"the stored data of the zone {timezone} differ from {release} as installed here: another package"
                )
                findings.add("zone rules", text, note=True)
    elsewhere = set(audit.zones.planned_elsewhere())
    schedules = audit.definitions.numbers()
    done = 0
    for states in sets_of_states(audit, schedules):
        recorded_of = _recorded(audit, [state.schedule for state in states])
        for state in states:
            record = recorded_of[state.schedule]
            if record.terms and record.terms[-1].version == 1:
                one = _Recount(audit, state, record, changes, findings)
                one.run()
                if release == recorded and state.schedule not in elsewhere:
                    one.check_agenda(record.entry)
            done += 1
            report("schedules", done, len(schedules))


class _Ticks:
    """The scheduled ticks of schedules in ascending order, read in pages as they are taken, so that few are in
    memory."""

    def __init__(self, pages: Iterator[list[TickRow]]) -> None:
        self._pages = pages
        self._page: list[TickRow] = []
        self._position = 0

    def take(self, schedule: int, before: int) -> list[TickRow]:
        """The ticks of a schedule before an instant that weren't taken yet; ticks of earlier schedules are skipped."""
        page, position = self._page, bisect_left(self._page, (schedule,), self._position)
        end = bisect_left(page, (schedule, before), position)
        while end == len(page) and (more := next(self._pages, None)) is not None:
            page = page[position:] + more
            position = bisect_left(page, (schedule,))
            end = bisect_left(page, (schedule, before), position)
        self._page, self._position = page, end
        return page[position:end]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """What is recorded about one schedule; `ticks` must be taken before those of the next schedule."""

    terms: Sequence[Term]
    ticks: _Ticks
    lapses: Sequence[LapseSpan]
    rewound: Sequence[tuple[int, int, int]]
    prunings: Sequence[PruningRow]
    pruned_through: int | None
    served: Sequence[int]
    entry: tuple[int, bool] | None


def _recorded(audit: Audit, schedules: Sequence[int]) -> Mapping[int, _Record]:
    """What is recorded of each of the schedules, whose numbers ascend."""
    if not schedules:
        return {}
    terms = audit.definitions.all_terms(schedules)
    lapses, rewound, prunings = audit.lapses(schedules), audit.rewound_spans(schedules), audit.prunings(schedules)
    pruned_through = audit.history.pruned_through(schedules)
    entries, served = audit.agenda.entries(schedules), audit.zones.served(schedules)
    ticks = _Ticks(audit.scheduled_ticks(schedules[0], schedules[-1]))
    return {
        schedule: _Record(
            terms=terms.get(schedule, ()),
            ticks=ticks,
            lapses=lapses[schedule],
            rewound=rewound[schedule],
            prunings=prunings[schedule],
            pruned_through=pruned_through.get(schedule),
            served=served[schedule],
            entry=entries.get(schedule),
        )
        for schedule in schedules
    }


def _usual(term: Term, reason: SkipReason | None) -> tuple[str, str | None, int | None]:
    """Status, skip reason and content of a tick under a version."""
    if reason is None:
        return "triggered", None, term.content
    return "skipped", None if reason == "paused" else reason, None


class _Recount:
    """One schedule: the occurrences from version 1's start through the cursor are its scheduled ticks plus its lapses,
    but for those that were served under other zone rules.

    `changes` are those of the zone rules, oldest first: what was recorded before one of them may differ now where it
    moved the clock of the zone, which is a note and not a difference.
    """

    def __init__(
        self, audit: Audit, state: State, record: _Record, changes: Sequence[ZoneChange], findings: Findings
    ) -> None:
        self._audit, self._schedule = audit, state.schedule
        self._record, self._terms, self._rewound = record, record.terms, record.rewound
        self._changes, self._findings, self._served = changes, findings, frozenset(record.served)
        self._schedule_id = state.schedule_id
        self._cursor, self._ahead = state.cursor, state.ahead

    def run(self) -> None:
        """Walk ticks and lapses in chronological order."""
        position = self._pruned()
        for lapse in self._record.lapses:
            if lapse.after + 1 < position:
                self._say(f"lapse after {format_instant(lapse.after)} overlaps what was accounted for before it")
            self._between(position, lapse.after + 1)
            self._inside(lapse)
            position = max(position, lapse.before)
        self._between(position, self._cursor + 1)
        for tick in self._take(_NEVER):
            if not self._made_ahead(tick):
                self._say_tick(tick, f"lies after the cursor {format_instant(self._cursor)}")

    def _take(self, before: int) -> list[TickRow]:
        """The ticks before an instant that were not looked at yet."""
        return self._record.ticks.take(self._schedule, before)

    def _pruned(self) -> int:
        """Compare the pruned occurrences with what the prunings say they removed; returns where history begins."""
        start = beginning(self._terms)
        through = self._record.pruned_through
        if through is None:
            return start
        prunings = self._record.prunings
        parts = stretches(self._terms, start, through + 1)
        if any(part.times is None for part in parts) or any(pruning.uncounted for pruning in prunings):
            self._note(f"the history pruned through {format_instant(through)} can't be recounted")
        else:
            count = sum(part.occurring(part.start, part.stop) for part in parts) - self._count_served(parts)
            removed = sum(pruning.occurrences for pruning in prunings)
            furthest = max((pruning.through for pruning in prunings), default=through)
            # What was pruned beyond the clock is due again after a rewind, and can be pruned again.
            if count != removed and not any(target < furthest for _, target, _ in self._rewound):
                text = f"{removed} occurrences through {format_instant(through)} were pruned, but there are {count}"
                self._say(
                    text, self._is_explained(0, start, through + 1)
                )  # when it was recorded, is not known any more
        return through + 1

    def _between(self, start: int, stop: int) -> None:
        """The occurrences of `[start, stop)` must be the ticks there, one for one."""
        for part in stretches(self._terms, start, stop):
            self._extra(self._take(part.start))
            if part.times is None:
                self._unreadable(part)
                continue
            times = part.times.between(part.start, part.stop)
            while expected := list(islice(times, _AT_ONCE)):
                self._compare(expected, self._take(expected[-1] + 1), part.term)
            self._extra(self._take(part.stop))
        self._extra(self._take(stop))

    def _compare(self, expected: list[int], ticks: list[TickRow], term: Term) -> None:
        """The ticks must be those at the expected instants, and as the version in force says."""
        found = [tick[1] for tick in ticks]
        if self._served:
            there = self._served.difference(found)
            expected = [at for at in expected if at not in there]
        if found != expected:
            wanted = set(expected)
            self._extra([tick for tick in ticks if tick[1] not in wanted])
            for at in sorted(wanted.difference(found)):
                text = f"the occurrence at {format_instant(at)} is neither a tick nor counted in a lapse"
                # It was passed over when what follows it was recorded.
                self._say(text, self._is_explained(self._audit.seq_after(self._schedule, at), at, at + 1))
            ticks = [tick for tick in ticks if tick[1] in wanted]
        groups = by_reason(term, expected)
        for reason, instants in groups:
            alike = ticks
            if len(groups) > 1:
                within = set(instants)
                alike = [tick for tick in ticks if tick[1] in within]
            usual = (term.version, *_usual(term, reason))
            if {tick[2:] for tick in alike} != {usual}:
                for tick in alike:
                    self._check_tick(tick, usual, by_zone=term.excluded_days is not None)

    def _inside(self, lapse: LapseSpan) -> None:
        ticks = self._take(lapse.before)
        for tick in ticks:
            self._say_tick(tick, f"lies inside a lapse ({lapse.reason})")
        if lapse.reason == "unevaluable":
            return
        parts = stretches(self._terms, lapse.after + 1, lapse.before, [tick[1] for tick in ticks])
        for part in parts:
            if part.times is None:
                self._note(f"the lapse after {format_instant(lapse.after)} can't be recounted: {part.error}")
                return
        count = sum(part.occurring(part.start, part.stop) for part in parts) - self._count_served(parts)
        if count != lapse.missed:
            span = f"after {format_instant(lapse.after)} and before {format_instant(lapse.before)}"
            explained = self._is_explained(lapse.seq, lapse.after + 1, lapse.before)
            self._say(f"the lapse {span} says {lapse.missed} missed, but there are {count}", explained)

    def _unreadable(self, part: Stretch) -> None:
        seen = len(self._take(part.stop))
        if seen:
            self._note(f"{seen} ticks of version {part.term.version} can't be recounted: {part.error}")
        else:
            text = f"version {part.term.version} can't be evaluated ({part.error}), but the cursor is past it"
            self._say(text, self._is_explained(0, part.start, part.stop))

    def _check_tick(self, tick: TickRow, usual: tuple[int, str, str | None, int | None], *, by_zone: bool) -> None:
        """`by_zone` is whether the zone has a say in it: on which day an instant lies."""
        _, at, version, *became = tick
        if self._made_ahead(tick):
            return  # made while the cursor was ahead, under the version that was in force there then
        if version != usual[0]:
            self._say_tick(tick, f"has version {version}, but {usual[0]} was in force")
        elif tuple(became) != usual[1:]:
            text = f"is {became[0]}, contrary to its version {version}"
            if by_zone:
                self._say_tick(tick, text)
            else:
                self._say(f"tick {self._schedule_id}:{at} {text}")

    def check_agenda(self, recorded: tuple[int, bool] | None) -> None:
        """Compare the agenda with when the schedule is due next."""
        planned = agenda(self._terms, self._cursor, self._ahead)
        if recorded == (None if planned is None else (planned.due_at, planned.failing)):
            return
        if planned is not None and recorded is not None and planned.failing:
            self._note(f"the version in force can't be evaluated, since {format_instant(planned.due_at)}")
            return
        due = "never" if planned is None else format_instant(planned.due_at)
        says = "never" if recorded is None else format_instant(recorded[0])
        self._say(f"the agenda says {says}, but the next due time is {due}")

    def _made_ahead(self, tick: TickRow) -> bool:
        """Whether a tick was made while the cursor was ahead, before a rewind: then it is held against its own
        version, which was in force there then."""
        _, at, version, *became = tick
        spans = [seq for seq, target, left in self._rewound if target < at <= left]
        if not spans or max(spans) < self._audit.tick_seq(self._schedule, at):
            return False
        term = next((term for term in self._terms if term.version == version), None)
        if term is None:
            self._say_tick(tick, f"has version {version}, which doesn't exist")
            return True
        try:
            times = times_of(term)
        except InvalidInput:
            return True
        # What `@every` counts from may have been moved by the rewind.
        if isinstance(times, Timetable) and not times.matches(at):
            self._say_tick(tick, f"is not at an occurrence of its version {version}")
        elif tuple(became) != _usual(term, skip_reason(term, at)):
            self._say_tick(tick, f"is {became[0]}, contrary to its version {version}")
        return True

    def _extra(self, ticks: Sequence[TickRow]) -> None:
        for tick in ticks:
            if not self._made_ahead(tick):
                self._say_tick(tick, "is not at an occurrence of the version in force")

    def _say_tick(self, tick: TickRow, text: str) -> None:
        instant = tick[1]
        explained = self._is_explained(self._audit.tick_seq(self._schedule, instant), instant, instant + 1)
        self._say(f"tick {self._schedule_id}:{instant} {text}", explained)

    def _count_served(self, parts: Sequence[Stretch]) -> int:
        """How many of the occurrences of some stretches were served under other zone rules, and are no ticks."""
        return sum(
            part.occurring(at, at + 1) for at in self._record.served for part in parts if part.start <= at < part.stop
        )

    def _is_explained(self, seq: int, start: int, stop: int) -> bool:
        """Whether a change of the zone rules after an event explains what it says of `[start, stop)`."""
        zones = {part.term.timezone for part in stretches(self._terms, start, stop)}
        return any(
            change.seq > seq and any(change.touches(zone, start, stop) for zone in zones) for change in self._changes
        )

    def _say(self, text: str, explained: bool = False) -> None:
        why = " (recorded under other zone rules)" if explained else ""
        self._findings.add("recount", f"schedule {self._schedule_id}: {text}{why}", note=explained)

    def _note(self, text: str) -> None:
        self._findings.add("unevaluable", f"schedule {self._schedule_id}: {text}", note=True)
