"""The recount: every schedule's occurrences are its ticks and lapses, one for one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from arco_sched.core.definitions import Term
from arco_sched.core.evaluate import Stretch, agenda, stretches
from arco_sched.core.instants import format_instant
from arco_sched.core.ports import Audit, PruningRow, TickRow
from arco_sched.core.subjects import LapseSpan, State
from arco_sched.core.zone_rules import tzdata_release
from arco_sched.service.states import sets_of_states
from arco_sched.service.verification.findings import Findings

Progress = Callable[[str, int, int], None]
"""Called with what is being checked, how much of it is done, and how much there is."""


def recount(audit: Audit, findings: Findings, report: Progress) -> None:
    """Hold every schedule's occurrences against its ticks and lapses."""
    release, recorded = tzdata_release(), audit.agenda.zone_rules()
    changed = audit.last_zone_change()
    if release != recorded:
        findings.add(
            "zone rules", f"zone rules {release} are installed, {recorded} were last evaluated with", note=True
        )
        changed = 1 << 62
    schedules = audit.definitions.numbers()
    done = 0
    for states in sets_of_states(audit, schedules):
        recorded_of = _recorded(audit, [state.schedule for state in states])
        for state in states:
            record = recorded_of[state.schedule]
            if record.terms and record.terms[-1].version == 1:
                one = _Recount(state, record, changed, findings)
                one.run()
                if release == recorded:
                    one.check_agenda(record.entry)
            done += 1
            report("schedules", done, len(schedules))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """What is recorded of one schedule; `ticks` can be iterated once, before those of the next schedule."""

    terms: Sequence[Term]
    ticks: Iterator[TickRow]
    lapses: Sequence[LapseSpan]
    rewound: Sequence[tuple[int, int]]
    prunings: Sequence[PruningRow]
    pruned_through: int | None
    entry: tuple[int, bool] | None


def _recorded(audit: Audit, schedules: Sequence[int]) -> Mapping[int, _Record]:
    """What is recorded of each of the schedules, whose numbers ascend."""
    if not schedules:
        return {}
    terms = audit.definitions.all_terms(schedules)
    lapses, rewound, prunings = audit.lapses(schedules), audit.rewound_spans(schedules), audit.prunings(schedules)
    pruned_through = audit.history.pruned_through(schedules)
    entries = audit.agenda.entries(schedules)
    ticks = _TicksInOrder(audit.scheduled_ticks(schedules[0], schedules[-1]))
    return {
        schedule: _Record(
            terms=terms.get(schedule, ()),
            ticks=ticks.of(schedule),
            lapses=lapses[schedule],
            rewound=rewound[schedule],
            prunings=prunings[schedule],
            pruned_through=pruned_through.get(schedule),
            entry=entries.get(schedule),
        )
        for schedule in schedules
    }


class _TicksInOrder:
    """The ticks of schedules in ascending order, read as each schedule is looked at, so that few are in memory."""

    def __init__(self, rows: Iterator[TickRow]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, schedule: int) -> Iterator[TickRow]:
        """The ticks of one schedule; those of lower numbers are passed over."""
        while self._next is not None and self._next.schedule <= schedule:
            row, self._next = self._next, next(self._rows, None)
            if row.schedule == schedule:
                yield row


class _Recount:
    """One schedule: the occurrences from version 1's start through the cursor are its scheduled ticks plus its lapses.

    `changed` is the `seq` of the last change of the zone rules: what an earlier event says of a zone with rules may
    differ now, which is a note and not a difference.
    """

    def __init__(self, state: State, record: _Record, changed: int, findings: Findings) -> None:
        self._record, self._terms, self._rewound = record, record.terms, record.rewound
        self._changed, self._findings = changed, findings
        self._schedule_id = state.schedule_id
        self._cursor, self._ahead = state.cursor, state.ahead

    def run(self) -> None:
        """Walk ticks and lapses in the order of time."""
        start = self._pruned()
        ticks = self._record.ticks
        tick = next(ticks, None)
        position = start
        for lapse in self._record.lapses:
            if lapse.after + 1 < position:
                self._say(
                    lapse.seq, f"lapse after {format_instant(lapse.after)} overlaps what is accounted for before it"
                )
            tick = self._between(position, lapse.after + 1, tick, ticks)
            tick = self._inside(lapse, tick, ticks)
            position = max(position, lapse.before)
        tick = self._between(position, self._cursor + 1, tick, ticks)
        while tick is not None:
            if not self._made_ahead(tick.instant):
                self._say(tick.seq, f"tick {tick.tick_id} lies after the cursor {format_instant(self._cursor)}")
            tick = next(ticks, None)

    def _pruned(self) -> int:
        """Hold the occurrences of what was pruned against what the prunings say they removed; returns where history
        begins."""
        start = self._terms[-1].start_at
        through = self._record.pruned_through
        if through is None:
            return start
        prunings = self._record.prunings
        parts = stretches(self._terms, start, through + 1)
        if any(part.times is None for part in parts) or any(pruning.uncounted for pruning in prunings):
            self._note(f"what was pruned through {format_instant(through)} can't be counted again")
        else:
            count = sum(part.occurring(part.start, part.stop) for part in parts)
            removed = sum(pruning.occurrences for pruning in prunings)
            furthest = max((pruning.through for pruning in prunings), default=through)
            # What was pruned beyond the clock is due again after a rewind, and can be pruned again.
            if count != removed and not any(target < furthest for target, _ in self._rewound):
                text = f"{removed} occurrences through {format_instant(through)} were pruned, there are {count}"
                self._say(max((pruning.seq for pruning in prunings), default=0), text)
        return through + 1

    def _between(self, start: int, stop: int, tick: TickRow | None, ticks: Iterator[TickRow]) -> TickRow | None:
        """The occurrences of `[start, stop)` must be the ticks there, one for one; returns the first tick after."""
        for part in stretches(self._terms, start, stop):
            while tick is not None and tick.instant < part.start:
                self._extra(tick)
                tick = next(ticks, None)
            if part.times is None:
                tick = self._unreadable(part, tick, ticks)
                continue
            for at in part.times.between(part.start, part.stop):
                while tick is not None and tick.instant < at:
                    self._extra(tick)
                    tick = next(ticks, None)
                if tick is None or tick.instant != at:
                    self._say(0, f"the occurrence at {format_instant(at)} is neither a tick nor counted in a lapse")
                    continue
                self._check_tick(tick, part)
                tick = next(ticks, None)
        while tick is not None and tick.instant < stop:
            self._extra(tick)
            tick = next(ticks, None)
        return tick

    def _inside(self, lapse: LapseSpan, tick: TickRow | None, ticks: Iterator[TickRow]) -> TickRow | None:
        inside = []
        while tick is not None and tick.instant < lapse.before:
            if not self._made_ahead(tick.instant):
                self._say(tick.seq, f"tick {tick.tick_id} lies inside a lapse ({lapse.reason})")
            inside.append(tick.instant)
            tick = next(ticks, None)
        if lapse.reason == "unevaluable":
            return tick
        parts = stretches(self._terms, lapse.after + 1, lapse.before, inside)
        for part in parts:
            if part.times is None:
                self._note(f"the lapse after {format_instant(lapse.after)} can't be counted again: {part.error}")
                return tick
        count = sum(part.occurring(part.start, part.stop) for part in parts)
        if count != lapse.missed:
            span = f"after {format_instant(lapse.after)} and before {format_instant(lapse.before)}"
            self._say(lapse.seq, f"the lapse {span} says {lapse.missed} missed, there are {count}")
        return tick

    def _unreadable(self, part: Stretch, tick: TickRow | None, ticks: Iterator[TickRow]) -> TickRow | None:
        seen = 0
        while tick is not None and tick.instant < part.stop:
            seen += 1
            tick = next(ticks, None)
        if seen:
            self._note(f"{seen} ticks of version {part.term.version} can't be counted again: {part.error}")
        else:
            self._say(0, f"version {part.term.version} can't be evaluated ({part.error}), but the cursor is past it")
        return tick

    def _check_tick(self, tick: TickRow, part: Stretch) -> None:
        term = part.term
        if self._made_ahead(tick.instant):
            return  # made while the cursor was ahead, under the version that was in force there then
        if tick.version != term.version:
            self._say(tick.seq, f"tick {tick.tick_id} has version {tick.version}, in force was {term.version}")
        elif (tick.status, tick.content) != (("triggered", term.content) if term.enabled else ("skipped", None)):
            self._say(0, f"tick {tick.tick_id} is {tick.status} otherwise than its version {term.version} says")

    def check_agenda(self, recorded: tuple[int, bool] | None) -> None:
        """Hold what is on the agenda against when the schedule is due next."""
        planned = agenda(self._terms, self._cursor, self._ahead)
        if recorded == (None if planned is None else (planned.due_at, planned.failing)):
            return
        if planned is not None and recorded is not None and planned.failing:
            self._note(f"version in force can't be evaluated since {format_instant(planned.due_at)}")
            return
        due = "never" if planned is None else format_instant(planned.due_at)
        self._say(0, f"the agenda has {None if recorded is None else format_instant(recorded[0])}, due next is {due}")

    def _made_ahead(self, instant: int) -> bool:
        """Whether a tick at this instant may have been made while the cursor was ahead, before a rewind."""
        return any(target < instant <= left for target, left in self._rewound)

    def _extra(self, tick: TickRow) -> None:
        if self._made_ahead(tick.instant):
            return
        self._say(tick.seq, f"tick {tick.tick_id} is at no occurrence of the version in force")

    def _say(self, seq: int, text: str) -> None:
        explained = 0 < seq < self._changed
        why = " (recorded under other zone rules)" if explained else ""
        self._findings.add("recount", f"schedule {self._schedule_id}: {text}{why}", note=explained)

    def _note(self, text: str) -> None:
        self._findings.add("unevaluable", f"schedule {self._schedule_id}: {text}", note=True)
