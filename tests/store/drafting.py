"""Events for the tests of a store, drafted as the service drafts them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from arco_sched.core import events, run_events
from arco_sched.core.definitions import Definition, RequestContent, Version
from arco_sched.core.events import Draft, TickSeries, drafts_of
from arco_sched.core.fields import normal_content
from arco_sched.core.history import Lapse, LapseCut, PrunedRuns, Rewinding
from arco_sched.core.identity import run_id
from arco_sched.core.instants import parse_instant
from arco_sched.core.policy import DEFAULT, Policy
from arco_sched.core.ports import Transaction
from arco_sched.service.schedules import record

START = parse_instant("2025-03-04T00:00:00Z")
MINUTE = 60
HOUR = 3600
WORKSPACE = "test"
OTHER = normal_content(asset_selection=["other"])


def version(schedule_id: str, number: int = 1, zone: str = "UTC", policy: Policy = DEFAULT) -> Version:
    """A definition version of a schedule that occurs every minute from `START` on."""
    return Version(
        schedule_id=schedule_id,
        definition_version=number,
        definition=Definition(cron_expression="* * * * *", timezone=zone, policy=policy),
        start_at=START,
        enabled=True,
        deleted=False,
        created_at=START,
        effective_from=START,
    )


def define(transaction: Transaction, *schedule_ids: str) -> list[int]:
    """The numbers of new schedules that occur every minute from `START` on, the first time then."""
    record(transaction, [version(schedule_id) for schedule_id in schedule_ids])
    return list(transaction.definitions.numbers_of(schedule_ids).values())


def ticks(transaction: Transaction, schedule: int, instants: Sequence[int], now: int = START) -> list[Draft]:
    """Scheduled ticks of a schedule, each with its request."""
    state = transaction.definitions.state(schedule)
    series = events.scheduled_ticks(WORKSPACE, schedule, state.schedule_id, state.terms[0], instants, now)
    return [draft for each in series for draft in (drafts_of(each) if isinstance(each, TickSeries) else [each])]


def lapse(schedule: int, after: int, before: int, missed: int = 1) -> Draft:
    """A lapse of schedule `a`."""
    return events.lapse(schedule, "a", Lapse(after, before, missed, "window"), before)


def request(transaction: Transaction, key: str, content: RequestContent = OTHER) -> Draft:
    """A request by hand."""
    number = transaction.content_numbers([content])[content]
    return events.request(WORKSPACE, key, None, number, START)


def rewound(cursor: int, target: int, schedule: int, count: int = 1, withdrawn: Sequence[int] = ()) -> Draft:
    """Schedule `a` is brought back from one cursor to another, and the lapses of these events are withdrawn."""
    cuts = tuple(LapseCut(seq, None, None) for seq in withdrawn)
    rewinding = Rewinding(schedule_id="a", before=cursor, cursor=target, versions=(), lapses=cuts, ticks=0)
    return events.rewound(schedule, rewinding, count, target)


def pruned(transaction: Transaction, schedule: int, before: int, count: int = 1) -> Draft:
    """All that can go of a schedule's history before an instant is removed."""
    part = transaction.history.prunable(schedule, before, 1 << 60, START - HOUR)
    assert part is not None
    return events.pruned(schedule, part, count, START + HOUR)


def runs_pruned(schedule: int, count: int = 1) -> Draft:
    """The runs of schedule `a` that are final go, of which there are none."""
    part = PrunedRuns(
        schedule_id="a",
        before=START,
        after=0,
        through=1,
        unexecuted=False,
        last_for=START,
        runs=0,
        events=0,
    )
    return events.runs_pruned(schedule, part, count, START + HOUR)


def _second_version(transaction: Transaction, schedule: int) -> Draft:
    changed = replace(version("a", 2), effective_from=START + 1)
    content = transaction.content_numbers([changed.definition.request])[changed.definition.request]
    return events.definition(changed, schedule, content)


RUN = run_id(WORKSPACE, f"sched:a:{START}")
"""The run of the tick of schedule `a` at `START`."""

SUBMITTED = run_events.RunSubmitted(
    run_id=RUN,
    attempt=1,
    submission=1,
    executor="engine",
    worker="worker",
    host="host",
    external_id=None,
    submitted_at=START,
)
STARTED = run_events.RunStarted(
    run_id=RUN, attempt=1, executor="local", worker="worker", host="host", external_id=None, started_at=START
)
FINISHED = run_events.RunFinished(
    run_id=RUN,
    attempt=1,
    outcome="succeeded",
    exit_code=0,
    signal=None,
    message=None,
    ended_at=START + MINUTE,
    duration_ms=1000 * MINUTE,
    status="succeeded",
    reason=None,
    retry_at=None,
)
SKIPPED = run_events.RunSkipped(run_id=RUN, round=0, reason="superseded")
CANCEL_REQUESTED = run_events.RunCancelRequested(run_id=RUN, attempt=1, reason="hand")
CANCELED = run_events.RunCanceled(run_id=RUN, round=0, reason="hand")
RETRY_REQUESTED = run_events.RunRetryRequested(run_id=RUN, number=1, forced=False)
POOL_SET = run_events.PoolSet(pool="heavy", number=1, slots=2)


def life(event: run_events.Event, schedule: int) -> Draft:
    """What happened to a run of a schedule, or to a pool."""
    return events.life(event, None if isinstance(event, run_events.PoolSet) else schedule, START)


def _life(event: run_events.Event, *before: run_events.Event) -> Callable[[Transaction, int], list[Draft]]:
    """An event of a run's life, once those before it are recorded."""

    def drafts(transaction: Transaction, schedule: int) -> list[Draft]:
        transaction.append([life(each, schedule) for each in before])
        return [life(event, schedule)]

    return drafts


ONE_OF_EACH: dict[str, Callable[[Transaction, int], list[Draft]]] = {
    events.UPSERTED.name: lambda it, schedule: [_second_version(it, schedule)],
    events.TICKED.name: lambda it, schedule: ticks(it, schedule, [START + HOUR])[:1],
    events.LAPSED.name: lambda _, schedule: [lapse(schedule, START + HOUR, START + 2 * HOUR, 59)],
    events.REQUESTED.name: lambda it, _: [request(it, "by-hand")],
    events.ZONE_RULES.name: lambda _, __: [events.zone_rules("2025a", "2025b", 1, START)],
    events.REWOUND.name: lambda _, schedule: [rewound(START, START - 1, schedule)],
    events.RUNS_PRUNED.name: lambda _, schedule: [runs_pruned(schedule)],
    events.PRUNED.name: lambda it, schedule: [pruned(it, schedule, START + HOUR)],
    SUBMITTED.name: _life(SUBMITTED),
    STARTED.name: _life(STARTED),
    FINISHED.name: _life(FINISHED, STARTED),
    SKIPPED.name: _life(SKIPPED),
    CANCEL_REQUESTED.name: _life(CANCEL_REQUESTED, STARTED),
    CANCELED.name: _life(CANCELED),
    RETRY_REQUESTED.name: _life(RETRY_REQUESTED, CANCELED),
    POOL_SET.name: _life(POOL_SET),
}
"""One event of every type, for a store in which schedule `a` has a tick at `START` and nothing else."""
