"""What a store can be asked, subject by subject: the largest part of the port (`arco_sched.core.ports`).

`schedule` is the store's number for a schedule id, `content` its number for what a run is asked to do.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from arco_sched.core.attempts import Attempt
from arco_sched.core.changes import Current
from arco_sched.core.definitions import Term, Version
from arco_sched.core.evaluate import AgendaEntry
from arco_sched.core.events import EventType
from arco_sched.core.history import Event, FinalRun, LapseRecord, PrunedPart, Run, Schedule, Signature, Tick
from arco_sched.core.identity import TickKey
from arco_sched.core.zone_changes import ZoneChange


class About(NamedTuple):
    """What the database is: its name, the zone rules last recorded, the evaluator's last visit, and how many minutes
    are to lie between two of them (None: nobody said, so 1)."""

    name: str
    zone_rules: str
    visited_at: int | None
    evaluation_minutes: int | None = None


class State(NamedTuple):
    """What evaluating a schedule needs; `terms` are newest first, back to the one in force after the cursor.

    `ahead` are the instants after the cursor that are accounted for: of scheduled ticks, of which there are some only
    after a rewind, and those that were served under other zone rules.
    """

    schedule: int
    schedule_id: str
    cursor: int
    terms: list[Term]
    ahead: Sequence[int] = ()


class LapseSpan(NamedTuple):
    """A recorded lapse with the `seq` of its event."""

    seq: int
    after: int
    before: int
    missed: int | None
    reason: str


class Agenda(Protocol):
    """When the evaluator must look at each schedule next, and its visits."""

    def zone_rules(self) -> str:
        """The tzdata release last recorded."""

    def is_due(self, now: int) -> bool:
        """Whether the evaluator must look at any schedule; its cost does not depend on how many there are."""

    def due(self, now: int) -> Sequence[int]:
        """The schedules that the evaluator must look at, longest due first."""

    def due_among(self, schedules: Sequence[int], now: int) -> set[int]:
        """Which of the schedules the evaluator must (still) look at."""

    def set(self, entries: Mapping[int, AgendaEntry | None]) -> None:
        """When the evaluator must look at each of these schedules next; None for never again."""

    def is_idle(self, executor: str, pool: str, now: int) -> bool:
        """Whether a worker of this pool has nothing to do: to start, to skip, to look after, or to run as a hook.

        The first worker of a database has: it gives the database its id.
        """

    def record_visit(self, now: int) -> None:
        """Record the evaluator's visit at `now`."""

    def expect_every(self, minutes: int | None) -> None:
        """Keep how many minutes are to lie between two evaluations, 1 to 60; None: nobody says."""

    def visited_at(self) -> int | None:
        """The `now` of the evaluator's last visit, None if there was none yet."""

    def record_work(self, executor: str, pools: Iterable[str], now: int) -> None:
        """Record that a worker came by at `now` (`work --once`) that takes the runs of these pools."""

    def entries(self, schedules: Sequence[int]) -> dict[int, tuple[int, bool]]:
        """(due_at, failing) of those of the schedules that will be due."""

    def overdue(self, now: int) -> list[tuple[int, int]]:
        """(schedule, since when) of the schedules with occurrences that wait, longest first."""

    def is_failing(self, schedule: int, now: int) -> bool:
        """Whether a version of the schedule that can't be evaluated asks for attention."""

    def count_failing(self, now: int) -> int:
        """How many schedules have one."""

    def failing(self, now: int, limit: int) -> list[str]:
        """The ids of the first of them, longest first."""

    def next_due_after(self, now: int) -> int | None:
        """The first instant after `now` at which something is due."""


class Definitions(Protocol):
    """Schedules and their definition versions."""

    def about(self) -> About:
        """What the database is; raises `DatabaseUnusable` if it does not say."""

    def states(self, schedules: Sequence[int]) -> list[State]:
        """The states of those of the schedules that have a definition, in the order given."""

    def state(self, schedule: int) -> State:
        """The state of one schedule."""

    def terms(self, schedule: int, after: int = ...) -> list[Term]:
        """The definition versions, newest first, as far back as the one in force just after an instant (all)."""

    def all_terms(self, schedules: Sequence[int]) -> dict[int, list[Term]]:
        """Every definition version of each of the schedules that has one, newest first."""

    def numbers(self) -> list[int]:
        """All schedules, deleted ones too, in ascending order."""

    def numbers_of(self, schedule_ids: Iterable[str]) -> dict[str, int]:
        """The number of each schedule id that has a definition."""

    def number(self, schedule_id: str) -> int | None:
        """The number of a schedule id, None if the id has no definition."""

    def touched_since(self, seq: int) -> list[int]:
        """The schedules that events after `seq` are about."""

    def ahead_of(self, clock: int, limit: int = ...) -> list[tuple[int, int]]:
        """(schedule, through) of those whose ticks or lapses reach beyond a clock, or whose newest version takes
        effect, or starts, beyond it by what a later clock said (not those that were told to start later); the furthest
        first."""

    def fingerprints(self, contents: Iterable[int]) -> dict[int, str]:
        """The fingerprint of each request content."""

    def currents(self, schedule_ids: Sequence[str]) -> dict[str, Current]:
        """The newest definition version and the cursor of each schedule id that has one."""

    def version(self, schedule: int, number: int) -> Version:
        """One definition version."""

    def versions(self, schedule: int) -> list[Version]:
        """Every definition version, oldest first."""

    def schedule(self, schedule_id: str) -> Schedule | None:
        """A schedule as it stands, deleted or not."""

    def schedules(self, *, deleted: bool) -> Iterator[Schedule]:
        """Every schedule sorted by id, deleted ones only on request."""

    def timezone(self, schedule_id: str) -> str | None:
        """The zone of a schedule's newest definition version, None if the id has none."""

    def ids(self) -> list[str]:
        """The ids of the schedules that are not deleted, in order."""

    def known_ids(self, limit: int) -> list[str]:
        """The ids of schedules, deleted ones too, in order; at most `limit`."""

    def count_by_state(self, now: int) -> dict[str, int]:
        """How many schedules are `enabled`, `paused` and `deleted` at `now`."""


class History(Protocol):
    """Ticks and lapses."""

    def tick(self, schedule: int, key: TickKey) -> Tick | None:
        """One tick by what its id says."""

    def ticks(
        self,
        *,
        schedule: int | None = None,
        status: str | None = None,
        since: int | None = None,
        until: int | None = None,
        before: tuple[int, str] | None = None,
        limit: int,
    ) -> list[Tick]:
        """Ticks with `since <= scheduled_for < until`, newest first by (scheduled_for, tick_id), below `before`."""

    def ticks_of(self, after: int, through: int) -> Iterator[Tick]:
        """The ticks that the events of a range made, in the order of the events."""

    def scheduled_instants(self, after: Mapping[int, int]) -> dict[int, list[int]]:
        """The instants of the scheduled ticks of each schedule after an instant of its own, in order."""

    def served(self, schedule: int, start: int, stop: int) -> tuple[int, int]:
        """How many scheduled ticks of `[start, stop)` are triggered, and how many backfilled ones are there at instants
        without such a tick."""

    def statuses(self, schedule: int, start: int, stop: int) -> dict[tuple[int, int], str]:
        """The status of each tick in `[start, stop)`, by (instant, origin)."""

    def failures(self, schedules: Sequence[int]) -> dict[tuple[int, int], int]:
        """When each (schedule, version) of the schedules failed."""

    def tick_counts(self, since: int, through: int) -> dict[str, int]:
        """How many ticks of each status were scheduled for an instant after `since` and through `through`."""

    def tick_buckets(self, schedules: Sequence[int], edges: Sequence[int]) -> dict[tuple[int, int], dict[str, int]]:
        """How many ticks of each status lie between each two edges, by (schedule, the bucket's number); empty ones are
        absent."""

    def late_buckets(
        self, schedules: Sequence[int], edges: Sequence[int], late: int
    ) -> dict[tuple[int, int], tuple[int, int]]:
        """How many scheduled ticks between each two edges were evaluated more than `late` seconds after their instant,
        and by how much at most, by (schedule, the bucket's number)."""

    def evaluations(self, schedules: Sequence[int], start: int, stop: int) -> list[tuple[int, int]]:
        """The instants at which scheduled ticks in `[start, stop)` of the schedules were evaluated, in order, each with
        the oldest tick of it; ticks of before a schedule was created are left out."""

    def lapses(
        self,
        *,
        schedule: int | None = None,
        reason: str | None = None,
        since: int | None = None,
        until: int | None = None,
        before: int | None = None,
        limit: int,
    ) -> list[tuple[LapseRecord, int]]:
        """Lapses that touch `[since, until)`, newest record first, below the key `before`; each with its key."""

    def lapses_of(self, after: int, through: int) -> Iterator[LapseRecord]:
        """The lapses that the events of a range recorded, in the order of the events."""

    def lapse_at(self, schedule: int, at: int) -> LapseRecord | None:
        """The lapse that covers an instant."""

    def lapses_within(self, schedules: Sequence[int], start: int, stop: int) -> dict[int, list[LapseRecord]]:
        """The lapses of each schedule that touch `[start, stop)`, in chronological order."""

    def lapses_beyond(self, schedules: Sequence[int], instant: int) -> dict[int, list[LapseSpan]]:
        """The lapses of each schedule that cover an instant after `instant`, in chronological order."""

    def count_lapsed(self, since: int, through: int) -> int:
        """How many occurrences were recorded as lapsed after `since` and through `through`."""

    def pruned_through(self, schedules: Sequence[int]) -> dict[int, int]:
        """The instant through which history was removed, of each schedule of which some was."""

    def final_runs(
        self, *, before: int, after: int, through: int, unexecuted: bool, room: int = ..., planned: bool = False
    ) -> Sequence[FinalRun]:
        """The runs with `after < number <= through` of pruned ticks (with `planned` of those that would be) that were
        final before `before`, or with `unexecuted` that no worker takes and nobody told of; at most `room`, in the
        order of their numbers."""

    def runs_pruned_through(self, schedules: Sequence[int]) -> dict[int, int]:
        """The latest instant of the ticks whose runs were removed, of each schedule of which some were."""

    def reaching_before(self, instant: int) -> list[int]:
        """The schedules that have a tick (but a failed one) or the end of a lapse before an instant."""

    def prunable(self, schedule: int, before: int, room: int, after: int) -> PrunedPart | None:
        """What can go of a schedule's history before `before`, at most about `room` ticks; None if there is nothing
        after `after`. A lapse goes whole or stays whole, and nothing goes that is after the cursor."""


class Runs(Protocol):
    """Runs, and requests that conflict with them."""

    def page(
        self,
        *,
        schedule: int | None = None,
        status: str | None = None,
        since: int | None = None,
        until: int | None = None,
        due_since: int | None = None,
        due_until: int | None = None,
        last: bool = False,
        before: int | None = None,
        limit: int,
    ) -> list[tuple[Run, int]]:
        """Runs with `since <= requested_at < until` and `due_since <= scheduled_for < due_until`, newest request first,
        below the number `before`; each with its number. `last`: of each schedule the run that was due last alone."""

    def ids_of(self, schedule: int, status: str) -> list[str]:
        """The ids of all runs of a schedule with a status, oldest request first."""

    def by_ids(self, run_ids: Iterable[str]) -> dict[str, Run]:
        """The runs of these run ids, as far as there are any."""

    def by_id(self, run_id: str) -> Run | None:
        """The run of a run id."""

    def by_key(self, key: str, parsed: TickKey | None, schedule: int | None) -> Run | None:
        """The run of a run key; `parsed` and `schedule` where the key has the form of a tick's."""

    def attempts(self, run_id: str) -> list[Attempt]:
        """All attempts of a run, oldest first."""

    def meant(self, text: str, wanted: tuple[str, ...]) -> list[str]:
        """The run ids that a text may mean: an exact one, else of a tick id, else of a schedule id (the last run, of
        these statuses where any are given), else those that begin with it (two at most)."""

    def count_conflicts(self, asked: Iterable[tuple[int, int, int]]) -> int:
        """How many of these scheduled ticks, each (schedule, instant, content), have a run key that is reserved for
        another content."""

    def count_conflicted(self, since: int, through: int) -> int:
        """How many conflicts were recorded after `since` and through `through`."""


class Events(Protocol):
    """The event table."""

    def last_seq(self) -> int:
        """The `seq` of the newest event, 0 when there is none."""

    def is_rewritten(self, schedule: int, since: int) -> bool:
        """Whether an event after the number `since` changed what holds of a schedule's past: a version, a rewind, a
        pruning or a backfill."""

    def count(self, type_: EventType, schedule: int | None = None) -> int:
        """How many events of a rare type there are, of one schedule, or of those without one (None)."""

    def counts(self, type_: EventType, schedules: Sequence[int]) -> dict[int, int]:
        """How many events of a rare type there are of each schedule that has some."""

    def signatures(self, schedule: int) -> dict[int, Signature]:
        """Who made each definition version of a schedule, and why, if known."""

    def newest_signatures(self) -> dict[str, tuple[int, Signature]]:
        """The number of the newest version of each schedule, and who made it and why, if known."""

    def signature_at(
        self, schedule: int, instant: int, type_: EventType, origin: int | None = None
    ) -> Signature | None:
        """Who made a tick (of this origin), or the lapse before an instant, by hand, and why; None for nobody."""

    def page(self, *, after: int = 0, type_: str | None = None, schedule: int | None = None, limit: int) -> list[Event]:
        """Events with `seq > after`, oldest first."""


class Zones(Protocol):
    """The zone rules that are recorded, what of the agenda was made under others, and what their changes left."""

    def kept(self) -> dict[str, bytes]:
        """The data of each zone, if known, under the rules recorded."""

    def keep_installed(self) -> None:
        """Keep the installed data of every zone that definitions have."""

    def used(self) -> dict[str, tuple[int, int]]:
        """Of each zone that definitions have: the first start of them, and the furthest cursor."""

    def planned_elsewhere(self) -> list[int]:
        """The schedules whose entry of the agenda was made under other rules than those recorded, in order."""

    def not_planned_under(self, release: str) -> list[int]:
        """The schedules whose entry of the agenda was not made under the rules of a release, which are not those
        recorded; in order."""

    def settle(self, schedules: Sequence[int] | None = None) -> None:
        """From now on the entries of these schedules (default: all) count as made under the rules recorded."""

    def changes(self) -> list[ZoneChange]:
        """Every recorded change of the rules, oldest first; what can't be read of one is not known."""

    def served(self, schedules: Sequence[int]) -> dict[int, list[int]]:
        """The occurrences of each schedule that were accounted for already when the rules changed, oldest first."""
