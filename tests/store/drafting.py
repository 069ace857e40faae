"""Events for the tests of a store, drafted as the service drafts them."""

from collections.abc import Callable, Sequence

from arco_sched.core import events
from arco_sched.core.definitions import Definition, RequestContent, Version
from arco_sched.core.events import Draft, TickSeries, drafts_of
from arco_sched.core.fields import normal_content
from arco_sched.core.history import Lapse, LapseCut, Rewinding
from arco_sched.core.instants import parse_instant
from arco_sched.core.ports import Transaction
from arco_sched.service.schedules import record

START = parse_instant("2025-03-04T00:00:00Z")
MINUTE = 60
HOUR = 3600
WORKSPACE = "test"
OTHER = normal_content(asset_selection=["other"])


def version(schedule_id: str, number: int = 1, zone: str = "UTC") -> Version:
    """A definition version of a schedule that occurs every minute from `START` on."""
    return Version(
        schedule_id=schedule_id,
        definition_version=number,
        definition=Definition(cron_expression="* * * * *", timezone=zone),
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


def _second_version(transaction: Transaction, schedule: int) -> Draft:
    changed = version("a", 2)
    content = transaction.content_numbers([changed.definition.request])[changed.definition.request]
    return events.definition(changed, schedule, content)


ONE_OF_EACH: dict[str, Callable[[Transaction, int], list[Draft]]] = {
    events.UPSERTED.name: lambda it, schedule: [_second_version(it, schedule)],
    events.TICKED.name: lambda it, schedule: ticks(it, schedule, [START + HOUR])[:1],
    events.LAPSED.name: lambda _, schedule: [lapse(schedule, START + HOUR, START + 2 * HOUR, 59)],
    events.REQUESTED.name: lambda it, _: [request(it, "by-hand")],
    events.ZONE_RULES.name: lambda _, __: [events.zone_rules("2025a", "2025b", 1, START)],
    events.REWOUND.name: lambda _, schedule: [rewound(START, START - 1, schedule)],
    events.PRUNED.name: lambda it, schedule: [pruned(it, schedule, START + HOUR)],
}
"""One event of every type, for a store in which schedule `a` has a tick at `START` and nothing else."""
