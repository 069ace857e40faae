"""Runs requested by hand: a manual tick, or a request under any run key; and queries about ticks and runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from arco_sched.core import changes, events, fields, identity
from arco_sched.core.definitions import RequestContent, Version
from arco_sched.core.errors import Conflict, NotFound
from arco_sched.core.history import Run, RunConflict, Tick
from arco_sched.core.instants import format_instant
from arco_sched.core.kinds import text_problems
from arco_sched.core.policy import DEFAULT, Policy, policy_text
from arco_sched.core.ports import Store, Transaction
from arco_sched.core.problems import said
from arco_sched.service.definitions import normal, raise_any
from arco_sched.service.not_found import numbers_of

RequestChange = Literal["created", "existing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TickDetail:
    """`arco ticks show`: a tick with its definition version, its run and any conflict."""

    tick: Tick
    version: Version
    run: Run | None
    conflicts: tuple[RunConflict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggered:
    """The answer to `arco schedule trigger`."""

    tick: Tick
    run: Run
    change: RequestChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """The answer to `arco runs request`."""

    run: Run
    change: RequestChange


def trigger(store: Store, workspace: str, schedule_ids: Sequence[str], *, now: int) -> list[Triggered]:
    """A manual tick of each current definition version, and its run; see `Workspace.trigger`."""
    for schedule_id in schedule_ids:
        changes.check_schedule_id(schedule_id)
    with store.write() as transaction:
        schedules = numbers_of(transaction, schedule_ids)
        currents = transaction.definitions.currents(schedule_ids)
        newest = [changes.existing(schedule_id, currents[schedule_id]) for schedule_id in schedule_ids]
        contents = transaction.content_numbers(version.definition.request for version in newest)
        made = []
        for schedule, version in zip(schedules, newest, strict=True):
            content, policy = contents[version.definition.request], policy_text(version.definition.policy)
            key = identity.TickKey(version.schedule_id, "manual", now)
            drafts = events.single_tick(workspace, schedule, key, (version.definition_version, content, policy), now)
            new = transaction.history.tick(schedule, key) is None
            transaction.append(drafts)
            made.append((new, tick_detail(transaction, identity.tick_id(*key))))
    answers = []
    for new, detail in made:
        if detail.run is None:
            raise AssertionError
        if detail.tick.request_fingerprint != detail.run.request_fingerprint:
            raise _conflict(detail.run)
        answers.append(Triggered(tick=detail.tick, run=detail.run, change="created" if new else "existing"))
    return answers


def request(
    store: Store, workspace: str, key: str, content: RequestContent, *, now: int, policy: Policy = DEFAULT
) -> Requested:
    """Reserve a run for a run key, or find the existing one; see `Workspace.request_run`."""
    content = normal(content)
    raise_any([*text_problems("key", key), *fields.content_problems(content), *fields.policy_problems(policy)])
    policy = fields.normal_policy(**{field.name: getattr(policy, field.name) for field in fields.POLICY})
    parsed = identity.parse_run_key(key)
    with store.write() as transaction:
        of_tick = None
        if parsed is not None:
            schedule = transaction.schedule_numbers([parsed.schedule_id])[parsed.schedule_id]
            of_tick = (schedule, parsed.origin, parsed.number)
        schedule_ = None if of_tick is None else of_tick[0]
        existed = transaction.runs.by_key(key, parsed, schedule_) is not None
        if parsed is not None and schedule_ is not None and not existed:
            _refuse_pruned(transaction, schedule_, parsed)
        number = transaction.content_numbers([content])[content]
        transaction.append([events.request(workspace, key, of_tick, number, now, policy_text(policy))])
        run = transaction.runs.by_key(key, parsed, schedule_)
    if run is None:
        raise AssertionError
    if run.content != content:
        raise _conflict(run)
    return Requested(run=run, change="existing" if existed else "created")


def _refuse_pruned(transaction: Transaction, schedule: int, key: identity.TickKey) -> None:
    """Refuse a run key whose history was pruned: whether it was reserved is no longer known."""
    through = transaction.history.pruned_through([schedule]).get(schedule)
    if through is not None and key.number <= through:
        raise Conflict(
            f"history of {key.schedule_id} through {format_instant(through)} was pruned, so whether the run key "
            f"{identity.run_key(*key)} was reserved is not known: choose another key"
        )


def tick_detail(transaction: Transaction, tick_id: str) -> TickDetail:
    """One tick with its definition version, its run and any conflict; raises `NotFound`."""
    key = identity.parse_tick_id(tick_id)
    schedule = None if key is None else transaction.definitions.number(key.schedule_id)
    tick = None if key is None or schedule is None else transaction.history.tick(schedule, key)
    if schedule is None or tick is None:
        raise NotFound(said(f"no tick {tick_id!a}", hint="ticks"))
    run = None
    if tick.run_key is not None:
        run = transaction.runs.by_key(tick.run_key, identity.parse_run_key(tick.run_key), schedule)
    version = transaction.definitions.version(schedule, tick.definition_version)
    return TickDetail(tick=tick, version=version, run=run, conflicts=() if run is None else run.conflicts)


def run_of(transaction: Transaction, run_id: str) -> Run:
    """One run with its conflicts; raises `NotFound`."""
    run = transaction.runs.by_id(run_id)
    if run is None:
        raise NotFound(said(f"no run {run_id!a}", hint="runs"))
    return run


def _conflict(run: Run) -> Conflict:
    return Conflict(
        said(
            f"run key {run.run_key} is already reserved with different content", hint="fingerprints", run_id=run.run_id
        )
    )
