"""`arco why`: the whole chain from a schedule and an instant to what became of it.

The verdict is that of the tables. A scheduled tick at the instant decides, then a lapse that covers it; only where
there is neither do the cursor and the clock say whether it waits or is yet to come.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from arco_sched.core import identity
from arco_sched.core.cron import Explanation
from arco_sched.core.definitions import Term, Version
from arco_sched.core.errors import InvalidInput
from arco_sched.core.evaluate import Ticks, evaluate, in_force, stretches, times_of, waiting
from arco_sched.core.history import LapseRecord, Tick
from arco_sched.core.instants import MAX_INSTANT, MIN_INSTANT, format_instant
from arco_sched.core.ports import Transaction
from arco_sched.core.skipping import skip_reason
from arco_sched.service import run_reasons
from arco_sched.service.check import since_visit
from arco_sched.service.expression_reasons import Said, does_not_occur, occurs, reading
from arco_sched.service.former_rules import FormerRules
from arco_sched.service.life import RunLife, look
from arco_sched.service.missed import with_ends
from arco_sched.service.not_found import number_of
from arco_sched.service.requests import TickDetail, tick_detail
from arco_sched.service.signed import of_lapse, of_tick, of_version

_REHEARSED: Final = 100_000
"""Ticks of the next evaluation that are looked through for the one that is asked about."""

_TO_BE_SKIPPED: Final = {
    "paused": ", during a pause, and will be skipped unless the schedule is enabled first",
    "excluded": ", on an excluded day, and will be skipped",
}

Verdict = Literal[
    "triggered",
    "skipped",
    "lapsed",
    "waiting",
    "future",
    "no-occurrence",
    "not-started",
    "ended",
    "deleted",
    "unevaluable",
    "pruned",
    "moved",
    "unaccounted",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One link of the chain: what was looked at, whether it speaks for a tick there (None: neither), and a sentence."""

    about: str
    holds: bool | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a schedule did or did not fire at `at`, as of `now`.

    `verdict` is the answer in a word and `reasons` the chain that leads to it. `version` is the one in force at `at`
    (None before the first), `explanation` what its expression says there (None if it can't be read), `tick` and
    `lapse` what was recorded of the instant, `other_ticks` the manual and backfilled ticks at it. `life` is the tick's
    run with what became of it.
    """

    schedule_id: str
    at: int
    now: int
    verdict: Verdict
    reasons: tuple[Reason, ...]
    version: Version | None
    explanation: Explanation | None
    tick: TickDetail | None
    lapse: LapseRecord | None
    other_ticks: tuple[Tick, ...]
    life: RunLife | None = None


def why(transaction: Transaction, schedule_id: str, at: int, now: int) -> Why:
    """Why the schedule did or did not fire at `at`. Raises `NotFound` for an id that doesn't exist."""
    schedule = number_of(transaction, schedule_id)
    terms = transaction.definitions.terms(schedule)
    return _Chain(transaction, schedule, schedule_id, terms, at, now).answer()


def expected(terms: list[Term], now: int) -> int:
    """The last occurrence through `now` of the versions in force, else the first one after it, else `now` itself.

    Where a version that can't be evaluated comes first, the instant of it that is nearest to `now`.
    """
    for part in reversed(stretches(terms, MIN_INSTANT, now + 1)):
        if part.times is None:
            return part.stop - 1
        newest = part.times.take_newest(part.start, part.stop, 1)
        if newest:
            return newest[0]
    for part in stretches(terms, now + 1, MAX_INSTANT + 1):
        if part.times is None:
            return part.start
        at = part.times.next(part.start)
        if at is not None and at < part.stop:
            return at
    return now


class _Chain:
    """The links are looked at from the definition to the record; the first that decides gives the verdict."""

    def __init__(
        self, transaction: Transaction, schedule: int, schedule_id: str, terms: list[Term], at: int, now: int
    ) -> None:
        self._transaction, self._schedule, self._schedule_id = transaction, schedule, schedule_id
        self._terms, self._at, self._now = terms, at, now
        self._reasons: list[Reason] = []
        self._explanation: Explanation | None = None
        self._state = transaction.definitions.state(schedule)
        lapse = transaction.history.lapse_at(schedule, at)
        self._lapse = None if lapse is None else with_ends(transaction, [lapse])[0]
        self._ticks = transaction.history.ticks(schedule=schedule, since=at, until=at + 1, limit=10)
        self._tick = next((tick for tick in self._ticks if tick.tick_id == f"{schedule_id}:{at}"), None)

    def answer(self) -> Why:
        """The chain, and the verdict it leads to."""
        term = in_force(self._terms, self._at)
        verdict = self._decide(term)
        version = None
        if term is not None:
            version = self._transaction.definitions.version(self._schedule, term.version)
        detail, life = None, None
        if self._tick is not None:
            detail = tick_detail(self._transaction, self._tick.tick_id)
            self._say_all(run_reasons.of_request(detail))
            if detail.run is not None:
                life = look(self._transaction, detail.run.run_id, self._now)
                self._say_all(run_reasons.of_life(life, self._now))
        others = tuple(tick for tick in self._ticks if tick is not self._tick)
        for tick in others:
            made = of_tick(self._transaction, self._schedule, tick)
            text = f"{tick.tick_id} at the same time is counted separately: {tick.status}"
            self._say("other tick", None, f"{text} (made {made})" if made else text)
        return Why(
            schedule_id=self._schedule_id,
            at=self._at,
            now=self._now,
            verdict=verdict,
            reasons=tuple(self._reasons),
            version=version,
            explanation=self._explanation,
            tick=detail,
            lapse=self._lapse,
            other_ticks=others,
            life=life,
        )

    def _say(self, about: str, holds: bool | None, text: str) -> None:
        self._reasons.append(Reason(about=about, holds=holds, text=text))

    def _say_all(self, reasons: Iterable[Said]) -> None:
        for about, holds, text in reasons:
            self._say(about, holds, text)

    def _decide(self, term: Term | None) -> Verdict:
        if term is None:
            first = self._terms[-1]
            start = format_instant(first.start_at)
            self._say("definition", False, f"no version was in force yet: the schedule starts at {start}")
            self._look_back(first)
            return self._recorded("not-started")
        self._say_version(term)
        if term.deleted:
            self._say("deleted", False, f"the schedule was deleted at {format_instant(term.effective_from)}")
            return self._recorded("deleted")
        outside: Verdict | None = None
        if self._at < term.start_at:
            self._say("start", False, f"it only starts at {format_instant(term.start_at)}")
            outside = "not-started"
        elif term.end_at is not None and self._at >= term.end_at:
            self._say("end", False, f"it ended at {format_instant(term.end_at)} (exclusive)")
            outside = "ended"
        try:
            times = times_of(term)
        except InvalidInput as problem:
            return self._recorded(outside) if outside else self._unevaluable(term, str(problem))
        self._explanation = times.explain(self._at)
        if outside:
            if self._explanation.occurs:
                self._say("expression", None, f"`{term.cron_expression}` would match: {reading(self._explanation)}")
            return self._recorded(outside)
        if not self._explanation.occurs:
            self._say_all(does_not_occur(term, self._explanation))
            return self._recorded("no-occurrence")
        self._say_all(occurs(term, self._explanation))
        return self._become(term)

    def _look_back(self, first: Term) -> None:
        """Before the start, the first version tells what a backfill would make."""
        try:
            times = times_of(first)
        except InvalidInput:
            return
        self._explanation = times.explain(self._at)
        verb = "would" if self._explanation.occurs else "would not"
        text = f"`{first.cron_expression}` of version {first.version} {verb} match: {reading(self._explanation)}"
        self._say("expression", None, text)

    def _say_version(self, term: Term) -> None:
        text = f"version {term.version} has been in force since {format_instant(term.effective_from)}"
        later = [other for other in self._terms if other.version > term.version]
        if later:
            after = min(later, key=lambda other: (other.effective_from, -other.version))
            start, stop = format_instant(term.effective_from), format_instant(after.effective_from)
            text = f"version {term.version} was in force from {start} until version {after.version} at {stop}"
        shadowed = [
            other.version for other in self._terms if other.version < term.version and other.effective_from > self._at
        ]
        if shadowed:
            numbers = ", ".join(str(number) for number in sorted(shadowed))
            text += f" (it replaced {numbers} before they took effect)"
        self._say("definition", True, text)
        if signed := of_version(self._transaction, self._schedule, term.version):
            self._say("author", None, f"version {term.version} was made {signed}")

    def _become(self, term: Term) -> Verdict:
        if self._tick is not None:
            return self._ticked(self._tick, term)
        if self._lapse is not None:
            return self._lapsed(self._lapse)
        former = FormerRules(self._transaction, self._state)
        if former.explain(term, self._at, self._state.cursor):
            return self._moved(former.instants(term, self._at))
        if self._at > self._state.cursor:
            if self._at > self._now:
                skipped = skip_reason(term, self._at)
                self._say("clock", None, f"it is in the future{'' if skipped is None else _TO_BE_SKIPPED[skipped]}")
                return "future"
            self._say_waiting()
            return "waiting"
        pruned = self._transaction.history.pruned_through([self._schedule]).get(self._schedule)
        if pruned is not None and self._at <= pruned:
            self._say(
                "record", None, f"history through {format_instant(pruned)} was pruned: there was a tick or a lapse"
            )
            self._say_surviving_run()
            return "pruned"
        self._say("record", False, "the cursor is past it, but there is no tick and no lapse: run `arco verify`")
        return "unaccounted"

    def _moved(self, instants: Iterable[int]) -> Verdict:
        at = format_instant(self._at)
        self._say("zone rules", None, f"it was evaluated under other zone rules, by which nothing was due at {at}")
        for instant in instants:
            ticks = self._transaction.history.ticks(schedule=self._schedule, since=instant, until=instant + 1, limit=10)
            for tick in ticks:
                if tick.tick_id == f"{self._schedule_id}:{instant}":
                    text = f"{tick.tick_id} was {tick.status}: by those rules it was due at {format_instant(instant)}"
                    self._say("tick", tick.status == "triggered", text)
        return "moved"

    def _say_surviving_run(self) -> None:
        """Pruning keeps runs, so the run of a pruned tick still tells that there was one."""
        key = identity.run_key(self._schedule_id, "scheduled", self._at)
        run = self._transaction.runs.by_key(key, identity.parse_run_key(key), self._schedule)
        if run is not None and run.tick_id is not None:
            self._say("run", True, f"{run.run_id} is still recorded, so it was triggered")
        elif run is not None:
            self._say("run", None, f"{run.run_id} has its run key, but was requested by hand")

    def _ticked(self, tick: Tick, term: Term) -> Verdict:
        when = format_instant(tick.evaluated_at)
        if tick.definition_version != term.version:
            text = f"the tick was made under version {tick.definition_version}, before the schedule was rewound"
            self._say("rewind", None, text)
        if tick.status == "skipped":
            why = "is paused" if tick.skip_reason == "paused" else "excludes that day"
            text = f"version {tick.definition_version} {why}, so it was skipped at {when}"
            self._say("pause" if tick.skip_reason == "paused" else "excluded day", False, text)
            return "skipped"
        self._say("tick", True, f"{tick.tick_id} was triggered, evaluated at {when}")
        return "triggered"

    def _lapsed(self, lapse: LapseRecord) -> Verdict:
        explained = {
            "window": "it was older than the catch-up window when it was evaluated",
            "superseded": "newer occurrences used up max_catchup_ticks (catchup_policy=latest)",
            "discarded": "what was waiting was discarded",
            "unevaluable": "the version in force could not be evaluated",
        }[lapse.reason]
        many = "an unknown number" if lapse.missed is None else f"{lapse.missed:,}"
        when = format_instant(lapse.recorded_at)
        self._say("lapse", False, f"it lapsed ({lapse.reason}) at {when}, one of {many}: {explained}")
        if signed := of_lapse(self._transaction, self._schedule, lapse):
            self._say("author", None, f"it was discarded {signed}")
        return "lapsed"

    def _say_waiting(self) -> None:
        visited = self._transaction.agenda.visited_at()
        older = waiting(self._state.terms, self._state.cursor, self._at, self._state.ahead)
        if self._transaction.agenda.is_failing(self._schedule, self._now):
            self._say(
                "evaluable",
                False,
                "a version of this schedule can't be evaluated: see `arco ticks list --status failed`",
            )
        if visited is None:
            self._say("evaluator", False, "nothing has ever been evaluated: run `arco tick`")
        elif visited < self._at:
            minutes = self._transaction.definitions.about().evaluation_minutes
            self._say("evaluator", *since_visit(visited, minutes, self._now))
        else:
            self._say_passed_over(visited)
        if older:
            which = "1 older occurrence is" if older == 1 else f"{older:,} older occurrences are"
            self._say("backlog", None, f"{which} waiting too")
        current = in_force(self._terms, self._now)
        if current is not None:
            lapses_at = self._at + current.catchup_window_minutes * 60
            if self._now <= lapses_at:
                text = f"it lapses unless it is evaluated by {format_instant(lapses_at)} (catch-up window)"
                self._say("window", None, text)
        self._say("next", None, self._rehearsed())

    def _say_passed_over(self, visited: int) -> None:
        """Why it waits though somebody evaluated since: of what that took up of this schedule, the last is at the
        cursor."""
        key = identity.TickKey(self._schedule_id, "scheduled", self._state.cursor)
        last = self._transaction.history.tick(self._schedule, key)
        if last is not None and last.evaluated_at >= self._at:
            when = format_instant(last.evaluated_at)
            self._say("bounds", None, f"the evaluation at {when} reached max_catchup_ticks before it")
            return
        term = in_force(self._terms, self._at)
        when = format_instant(visited)
        if term is not None and term.created_at > visited:
            made = format_instant(term.created_at)
            text = (
                f"the last evaluation, at {when}, was before version {term.version} was made at {made}: run `arco tick`"
            )
        else:
            text = f"the evaluation at {when} left this schedule out: run `arco tick`"
        self._say("evaluator", False, text)

    def _rehearsed(self) -> str:
        """What an evaluation at `now` would make of the occurrence, by the evaluation itself."""
        state = self._state
        outcome = evaluate(state.terms, state.cursor, self._now, limit=_REHEARSED, ahead=state.ahead)
        for step in outcome.steps:
            if isinstance(step, Ticks):
                if self._at in step.instants:
                    done = "trigger it" if step.skipped is None else f"skip it ({step.skipped})"
                    return f"an evaluation now would {done}"
            elif step.after < self._at < step.before:
                return f"an evaluation now would let it lapse ({step.reason})"
        return "an evaluation now would leave it waiting"

    def _unevaluable(self, term: Term, problem: str) -> Verdict:
        self._say("evaluable", False, f"version {term.version} can't be evaluated: {problem}")
        failed = self._transaction.history.tick(
            self._schedule, identity.TickKey(self._schedule_id, "failed", term.version)
        )
        if failed is not None:
            self._say(
                "failed tick", None, f"{failed.tick_id} has recorded that since {format_instant(failed.evaluated_at)}"
            )
        if self._lapse is not None:
            self._lapsed(self._lapse)
        if self._tick is not None:
            return self._ticked(self._tick, term)
        return "unevaluable"

    def _recorded(self, verdict: Verdict) -> Verdict:
        """The verdict, unless a tick is there all the same: made before a rewind, or under other zone rules."""
        if self._tick is None:
            return verdict
        self._say("tick", None, f"but {self._tick.tick_id} exists: made before a rewind or under other zone rules")
        return "skipped" if self._tick.status == "skipped" else "triggered"
