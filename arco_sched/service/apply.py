"""Applying a file: planning its changes, which is pure, and making them in one transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple

from arco_sched.core import changes
from arco_sched.core.definitions import Version, Wanted
from arco_sched.core.errors import Conflict, InvalidFields, InvalidInput
from arco_sched.core.fields import differences
from arco_sched.core.ports import Store, Transaction
from arco_sched.core.problems import Problem
from arco_sched.service.definitions import checked, warnings
from arco_sched.service.schedules import Change, count_waiting, record

TRIES: Final = 3
"""How often a plan is remade because its schedules changed meanwhile; after that, it is made while holding the lock."""

Refuse = Callable[[Version, Wanted], str | None]

Gone = Literal["keep", "disable", "delete"]
"""What becomes of a schedule that a file owns but no longer names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedChange:
    """What applying a file does to one schedule.

    `changed` has each field that differs, by its JSON name, with its values before and after; it is empty unless the
    schedule is updated. `version` is current afterwards. `waiting` occurrences lie before the change and are not
    accounted for yet. `warnings` are sentences for people.
    """

    schedule_id: str
    change: Change
    changed: Mapping[str, tuple[Any, Any]]
    version: Version
    waiting: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The answer to applying a file: changes in its order, pruned schedules last; `unlisted` schedules aren't in the
    file and stay."""

    changes: tuple[AppliedChange, ...]
    unlisted: tuple[Version, ...]
    dry_run: bool


class Step(NamedTuple):
    """What happens to one schedule: the version before (None: it didn't exist) and the one to record (None:
    nothing)."""

    schedule_id: str
    change: Change
    before: Version | None
    version: Version | None

    def answer(self, waiting: int, minutes: int | None = None) -> AppliedChange:
        """The step as an answer, with the number of waiting occurrences; `minutes` lie between two evaluations."""
        changed = {}
        if self.change == "updated" and self.before is not None and self.version is not None:
            changed = differences(self.before, self.version)
        after = self.version or self.before
        if after is None:
            raise AssertionError
        said = () if self.version is None or self.version.deleted else warnings(self.version, minutes)
        return AppliedChange(
            schedule_id=self.schedule_id,
            change=self.change,
            changed=changed,
            version=after,
            waiting=waiting,
            warnings=said,
        )


class Plan(NamedTuple):
    """Every step, and the schedules that the file doesn't name and that stay."""

    steps: tuple[Step, ...]
    unlisted: tuple[Version, ...]


def plan(
    wanted: Iterable[Wanted],
    current: Callable[[str], changes.Current | None],
    listed: Sequence[Version],
    now: int,
    *,
    gone: Gone = "keep",
    refuse: Refuse | None = None,
) -> Plan:
    """The steps that make every schedule as wanted; `gone` says what becomes of `listed` schedules that aren't wanted.

    Raises `InvalidFields` with every problem, and `Conflict` with every refusal of `refuse`.
    """
    steps: list[Step] = []
    problems: list[tuple[str, Problem]] = []
    refusals: list[str] = []
    names: set[str] = set()
    for given in wanted:
        if given.schedule_id in names:
            problems.append((given.schedule_id, Problem("schedule_id", "wanted_twice")))
            continue
        names.add(given.schedule_id)
        try:
            each = replace(given, definition=checked(given.definition, given.schedule_id))
        except InvalidInput as error:
            problems += [(given.schedule_id, problem) for problem in error.details]
            continue
        there = current(each.schedule_id)
        found = _problems(each, there, now)
        problems += [(each.schedule_id, problem) for problem in found]
        if not found:
            step = _step(each, there, now)
            steps.append(step)
            if refuse is not None and step.change == "updated" and step.before is not None:
                refusal = refuse(step.before, each)
                refusals += [] if refusal is None else [refusal]
    if problems:
        raise InvalidFields(*problems)
    if refusals:
        raise Conflict("; ".join(refusals))
    unlisted = tuple(version for version in listed if version.schedule_id not in names)
    if gone == "keep":
        return Plan(tuple(steps), unlisted)
    for version in unlisted:
        there = current(version.schedule_id)
        if gone == "delete":
            steps.append(Step(version.schedule_id, "deleted", version, changes.delete(version.schedule_id, there, now)))
            continue
        paused = changes.change(version.schedule_id, there, now, enabled=False)
        steps.append(Step(version.schedule_id, "unchanged" if paused is None else "updated", version, paused))
    return Plan(tuple(steps), ())


def apply(
    store: Store,
    wanted: Iterable[Wanted],
    *,
    now: int,
    prune: bool = False,
    dry_run: bool = False,
    refuse: Refuse | None = None,
) -> Applied:
    """Make every schedule what a file says it should be, all of them or none; see `Workspace.apply`."""
    given = list(wanted)
    return _apply(
        store, lambda _: given, now=now, gone="delete" if prune else "keep", dry_run=dry_run, refuse=refuse, owns=None
    )


def take_over(
    store: Store,
    wanted: Callable[[Sequence[Version]], Iterable[Wanted]],
    *,
    now: int,
    owns: Callable[[Version], bool],
    refuse: Refuse,
    gone: Gone = "keep",
    dry_run: bool = False,
) -> Applied:
    """Make schedules from foreign files, all of them or none.

    `wanted` is called within the transaction, with the existing schedules. `owns` says which of these belong to the
    files; `gone` says what becomes of those that are no longer wanted: kept ones are `unlisted`.
    """
    return _apply(store, wanted, now=now, gone=gone, dry_run=dry_run, refuse=refuse, owns=owns)


def _apply(
    store: Store,
    wanting: Callable[[Sequence[Version]], Iterable[Wanted]],
    *,
    now: int,
    gone: Gone,
    dry_run: bool,
    refuse: Refuse | None,
    owns: Callable[[Version], bool] | None,
) -> Applied:
    def planned(transaction: Transaction) -> _Planned:
        listed = [schedule.version for schedule in transaction.definitions.schedules(deleted=False)]
        wanted = list(wanting(listed))
        listed = listed if owns is None else list(filter(owns, listed))
        names = {*(each.schedule_id for each in wanted), *(version.schedule_id for version in listed)}
        there = transaction.definitions.currents(sorted(names))
        made = plan(wanted, there.get, listed, now, gone=gone, refuse=refuse)
        versions = [step.version for step in made.steps if step.version is not None]
        minutes = transaction.definitions.about().evaluation_minutes
        return _Planned(made, versions, count_waiting(transaction, versions), minutes)

    # Planning thousands of schedules takes seconds, during which others may write: the plan holds if they left its
    # schedules alone.
    for _ in range(TRIES):
        with store.read() as transaction:
            seen, found = transaction.events.last_seq(), planned(transaction)
        if dry_run or not found.versions:
            return found.answer(dry_run=dry_run)
        with store.write() as transaction:
            if not _is_touched(transaction, found.plan, seen):
                record(transaction, found.versions)
                return found.answer(dry_run=False)
    with store.write() as transaction:
        found = planned(transaction)
        record(transaction, found.versions)
    return found.answer(dry_run=False)


class _Planned(NamedTuple):
    plan: Plan
    versions: list[Version]
    waiting: dict[str, int]
    minutes: int | None

    def answer(self, *, dry_run: bool) -> Applied:
        done = tuple(
            step.answer(0 if step.version is None else self.waiting.get(step.schedule_id, 0), self.minutes)
            for step in self.plan.steps
        )
        return Applied(changes=done, unlisted=self.plan.unlisted, dry_run=dry_run)


def _is_touched(transaction: Transaction, made: Plan, since: int) -> bool:
    """Whether an event after the number `since` is about a schedule of a plan."""
    touched = transaction.definitions.touched_since(since)
    if not touched:
        return False
    return not set(transaction.definitions.numbers_of(step.schedule_id for step in made.steps).values()).isdisjoint(
        touched
    )


def from_nothing(wanted: Iterable[Wanted], now: int) -> Applied:
    """What applying the file to a new database would do; raises `InvalidFields`."""
    made = plan(wanted, lambda _: None, (), now)
    return Applied(changes=tuple(step.answer(0) for step in made.steps), unlisted=(), dry_run=True)


def _step(wanted: Wanted, there: changes.Current | None, now: int) -> Step:
    schedule_id, definition, enabled, start_at = wanted.schedule_id, wanted.definition, wanted.enabled, wanted.start_at
    if there is None or there.version.deleted:
        made = changes.create(schedule_id, definition, there, now, start_at=start_at, enabled=enabled)
        return Step(schedule_id, "created", None if there is None else there.version, made)
    if definition.paused_until is None:  # like `enabled`, it stays if the file doesn't set it
        definition = replace(definition, paused_until=there.version.definition.paused_until)
    changed = changes.change(schedule_id, there, now, definition=definition, enabled=enabled, start_at=start_at)
    return Step(schedule_id, "unchanged" if changed is None else "updated", there.version, changed)


def _problems(wanted: Wanted, there: changes.Current | None, now: int) -> list[Problem]:
    """What is wrong with the start and the end, given the current schedule."""
    found: list[Problem] = []
    start = now if wanted.start_at is None else wanted.start_at
    if there is not None and not there.version.deleted:
        start = there.version.start_at if wanted.start_at is None else start
        found += changes.start_problems(there, start, now)
        start = there.version.start_at if found else start
    elif there is not None:
        start = changes.default_start(there.version, now) if wanted.start_at is None else start
        problem = changes.before_deletion(wanted.schedule_id, there.version.created_at, start, now)
        found += [] if problem is None else [problem]
    return found + changes.span_problems(start, wanted.definition.end_at)
