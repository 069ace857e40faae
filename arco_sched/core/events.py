"""The events: their types, and how each is written.

`TYPES` is the registry, with one row for each type: name, code, key, payload and fold. To add one, add a row, a
function that drafts it, and the fold of what it changes (`core.fold`); docs/semantics/events.md lists them.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields as dataclass_fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from arco_sched.core import fold, run_events
from arco_sched.core.definitions import Term, Version
from arco_sched.core.fields import PAYLOAD_NAMES, REQUIRED_NAMES
from arco_sched.core.fields import payload as payload_of
from arco_sched.core.fold import RareEvent, RowChange
from arco_sched.core.history import Lapse, PrunedPart, PrunedRuns, Rewinding, SkipReason
from arco_sched.core.identity import ORIGINS, RUN_ID_LENGTH, Origin, TickKey, packed_run_ids, run_id, run_key, tick_id
from arco_sched.core.instants import format_instant

if TYPE_CHECKING:
    from arco_sched.core.zone_changes import Moved


class EventType(NamedTuple):
    """A type of event.

    `code` stands for it in the event table. `key` is the form of its idempotency key. `payload` are the names in its
    payload, None if its columns say everything; `optional` are names that may also be there. `fold` says what it
    changes, None if the store folds the type in sets.
    """

    name: str
    code: int
    key: str
    payload: frozenset[str] | None
    fold: Callable[[RareEvent], Iterator[RowChange]] | None
    optional: frozenset[str] = frozenset()


UPSERTED: Final = EventType(
    "ScheduleDefinitionUpserted",
    1,
    "sched_def:{schedule_id}:{version}",
    REQUIRED_NAMES,
    fold.fold_definition,
    PAYLOAD_NAMES - REQUIRED_NAMES,
)
TICKED: Final = EventType("ScheduleTicked", 2, "sched_tick:{tick_id}", None, None)
LAPSED: Final = EventType(
    "OccurrencesLapsed",
    3,
    "sched_lapse:{schedule_id}:{after}:{before}:{reason}",
    frozenset({"schedule_id", "after", "before", "missed", "reason"}),
    None,
)
REQUESTED: Final = EventType("RunRequested", 4, "run_req:{run_key}:{fingerprint}", None, None)
ZONE_RULES: Final = EventType(
    "ZoneRulesChanged",
    5,
    "zone_rules:{n}:{release}",
    frozenset({"from", "to"}),
    fold.fold_zone_rules,
    frozenset({"zones", "served"}),
)
REWOUND: Final = EventType(
    "CursorRewound",
    6,
    "cursor_rewound:{schedule_id}:{n}",
    frozenset({"schedule_id", "from", "to", "versions", "lapses"}),
    fold.fold_rewind,
)
PRUNED: Final = EventType(
    "HistoryPruned",
    7,
    "history_pruned:{schedule_id}:{n}",
    frozenset({"schedule_id", "through", "cursor", "last_scheduled_for", "last_run_for"})
    | {"ticks", "missed", "uncounted", "others", "lapses"},
    fold.fold_pruning,
)

RUNS_PRUNED: Final = EventType(
    "RunsPruned",
    32,
    "runs_pruned:{schedule_id}:{n}",
    frozenset({"schedule_id", "before", "after", "through", "unexecuted", "last_for", "runs", "events"}),
    fold.fold_runs_pruning,
)

_KEYS: Final = {
    "RunSubmitted": "run_submitted:{run_id}:{attempt}:{submission}",
    "RunStarted": "run_started:{run_id}:{attempt}",
    "RunFinished": "run_finished:{run_id}:{attempt}",
    "RunSkipped": "run_skipped:{run_id}:{round}",
    "RunCancelRequested": "run_cancel_requested:{run_id}:{attempt}",
    "RunCanceled": "run_canceled:{run_id}:{round}",
    "RunRetryRequested": "run_retry:{run_id}:{number}",
    "PoolSet": "pool_set:{pool}:{number}",
}

OF_RUNS: Final = tuple(
    EventType(name, code, _KEYS[name], frozenset(field.name for field in dataclass_fields(kind)), fold.fold_life)
    for code, (name, kind) in enumerate(run_events.EVENTS.items(), 8)
)
"""The types of a run's life (`core.run_events`); their codes begin at 8."""

TYPES: Final = (UPSERTED, TICKED, LAPSED, REQUESTED, ZONE_RULES, REWOUND, PRUNED, *OF_RUNS, RUNS_PRUNED)
"""The registry. A code is never reused for another type."""

BY_NAME: Final = {type_.name: type_ for type_ in TYPES}
BY_CODE: Final = {type_.code: type_ for type_ in TYPES}

Draft: TypeAlias = tuple[
    int,
    int | None,
    int | None,
    int | None,
    int | None,
    int | None,
    int | None,
    str | None,
    str | None,
    str | None,
    int,
]
"""An event that is decided but not yet recorded: type, schedule, origin, instant, version, status, content, key,
run_id, payload, recorded_at.

A plain tuple, since a catch-up makes two of them for each tick. `schedule` and `content` are the store's numbers;
instants are epochs. Ticks and their requests have no key, since their columns identify them.
"""


class TickSeries(NamedTuple):
    """Triggered ticks of one schedule under one definition version, each followed by its run request: the events of a
    catch-up, in a form that a store can record as a set.

    `schedule` and `content` are the store's numbers, `instants` epochs; `run_ids` are the concatenated run ids of the
    requests, in ASCII; `asked` is the payload of each request.
    """

    schedule: int
    origin: int
    instants: Sequence[int]
    version: int
    content: int
    run_ids: bytes
    asked: str | None
    recorded_at: int


TRIGGERED: Final = 1
SKIPPED: Final[dict[SkipReason, int]] = {"paused": 2, "excluded": 4}
"""The status code of a skipped tick, by reason."""

FAILED: Final = 3

SCHEDULED: Final = ORIGINS.index("scheduled")
BACKFILLED: Final = ORIGINS.index("backfill")
OF_FAILURE: Final = ORIGINS.index("failed")


def definition(version: Version, schedule: int, content: int) -> Draft:
    """A definition version."""
    key = f"sched_def:{version.schedule_id}:{version.definition_version}"
    number = version.definition_version
    return (1, schedule, None, None, number, None, content, key, None, _text(payload_of(version)), version.created_at)


def scheduled_ticks(
    workspace: str,
    schedule: int,
    schedule_id: str,
    term: Term,
    instants: Sequence[int],
    now: int,
    skipped: SkipReason | None = None,
) -> list[Draft | TickSeries]:
    """Scheduled ticks under one definition version, each followed by its run request unless they are skipped."""
    version, origin = term.version, SCHEDULED
    if skipped is not None:
        status = SKIPPED[skipped]
        return [(2, schedule, origin, at, version, status, None, None, None, None, now) for at in instants]
    prefix = b"sched:%b:" % schedule_id.encode()
    ids = packed_run_ids(workspace, [prefix + b"%d" % at for at in instants])
    return [TickSeries(schedule, origin, instants, version, term.content, ids, _asked(term.policy), now)]


def drafts_of(series: TickSeries) -> Iterator[Draft]:
    """The events of a series, one at a time."""
    schedule, origin, instants, version, content, run_ids, asked, now = series
    ids = run_ids.decode("ascii")
    for place, instant in enumerate(instants):
        its_run = ids[RUN_ID_LENGTH * place : RUN_ID_LENGTH * (place + 1)]
        yield (2, schedule, origin, instant, version, TRIGGERED, content, None, None, None, now)
        yield (4, schedule, origin, instant, version, None, content, None, its_run, asked, now)


def single_tick(
    workspace: str, schedule: int, key: TickKey, term: tuple[int, int, str | None], now: int
) -> tuple[Draft, Draft]:
    """A triggered tick that was asked for by hand or by a backfill, and its run request.

    `term` is the version, its content, and its execution policy as text.
    """
    version, content, policy = term
    origin = ORIGINS.index(key.origin)
    its_run = run_id(workspace, run_key(*key))
    return (
        (2, schedule, origin, key.number, version, TRIGGERED, content, None, None, None, now),
        (4, schedule, origin, key.number, version, None, content, None, its_run, _asked(policy), now),
    )


def failure(schedule: int, schedule_id: str, version: int, error: str, at: int, now: int) -> Draft:
    """The failed tick of a definition version that can't be evaluated; a version has only one."""
    key = "sched_tick:" + tick_id(schedule_id, "failed", version)
    return (2, schedule, OF_FAILURE, at, version, FAILED, None, key, None, _text({"error": error}), now)


def lapse(schedule: int, schedule_id: str, lapse: Lapse, now: int) -> Draft:
    """A lapse of a schedule."""
    key = f"sched_lapse:{schedule_id}:{lapse.after}:{lapse.before}:{lapse.reason}"
    payload = {
        "schedule_id": schedule_id,
        "after": format_instant(lapse.after),
        "before": format_instant(lapse.before),
        "missed": lapse.missed,
        "reason": lapse.reason,
    }
    return (3, schedule, None, lapse.before, None, None, None, key, None, _text(payload), now)


def request(
    workspace: str,
    key: str,
    of_tick: tuple[int, Origin, int] | None,
    content: int,
    now: int,
    policy: str | None = None,
) -> Draft:
    """A run request made by hand; `of_tick` is (schedule, origin, instant) if the key has the form of a tick's."""
    its_run = run_id(workspace, key)
    if of_tick is None:
        return (4, None, None, None, None, None, content, key, its_run, _asked(policy), now)
    schedule, origin, instant = of_tick
    return (4, schedule, ORIGINS.index(origin), instant, None, None, content, None, its_run, _asked(policy), now)


def repeat(
    workspace: str, key: str, schedule: int, term: tuple[int, int, str | None], scheduled_for: int, now: int
) -> Draft:
    """A run request made by hand under a new run key, for an occurrence of a schedule that already had a run.

    `term` is the version, its content, and its execution policy as text.
    """
    version, content, policy = term
    its_run = run_id(workspace, key)
    return (4, schedule, None, scheduled_for, version, None, content, key, its_run, _asked(policy), now)


def life(event: run_events.Event, schedule: int | None, now: int) -> Draft:
    """What happened to a run (or to a pool), decided by `core.run_decisions`."""
    code = BY_NAME[event.name].code
    payload = _text(run_events.payload(event, format_instant))
    return (code, schedule, None, None, None, None, None, event.key, None, payload, now)


def _asked(policy: str | None) -> str | None:
    """The payload of a request: its policy, unless all of it is default."""
    return None if policy is None else f'{{"policy":{policy}}}'


def zone_rules(
    before: str,
    after: str,
    count: int,
    now: int,
    moved: "Mapping[str, Sequence[Moved] | None]" = MappingProxyType({}),
    served: Mapping[str, Sequence[int]] = MappingProxyType({}),
) -> Draft:
    """A change of the installed zone rules, from one tzdata release to another; the `count`th one.

    `moved` says where it moves the clock of each zone, None if unknown; `served` are the occurrences, by schedule id,
    that are already accounted for.
    """
    key = f"zone_rules:{count}:{after}"
    zones = {
        zone: None
        if moves is None
        else [[format_instant(each.start), format_instant(each.stop), *each[2:]] for each in moves]
        for zone, moves in sorted(moved.items())
    }
    payload = {"from": before, "to": after, "zones": zones}
    if served:
        payload["served"] = {id_: [format_instant(at) for at in instants] for id_, instants in sorted(served.items())}
    return (5, None, None, None, None, None, None, key, None, _text(payload), now)


def rewound(schedule: int, rewinding: Rewinding, count: int, now: int) -> Draft:
    """A cursor brought back to the clock, with what becomes of the versions and lapses beyond it; the `count`th of the
    schedule."""
    key = f"cursor_rewound:{rewinding.schedule_id}:{count}"
    payload = {
        "schedule_id": rewinding.schedule_id,
        "from": format_instant(rewinding.before),
        "to": format_instant(rewinding.cursor),
        "versions": [
            {"definition_version": version, "effective_from": format_instant(effective_from)}
            | ({} if start_at is None else {"start_at": format_instant(start_at)})
            for version, effective_from, start_at in rewinding.versions
        ],
        "lapses": [{"seq": cut.seq, "before": _optional(cut.before), "missed": cut.missed} for cut in rewinding.lapses],
    }
    return (6, schedule, None, None, None, None, None, key, None, _text(payload), now)


def pruned(schedule: int, part: PrunedPart, count: int, now: int) -> Draft:
    """What a pruning removed from a schedule's history, and the state that stays; the `count`th of the schedule."""
    key = f"history_pruned:{part.schedule_id}:{count}"
    payload = {
        "schedule_id": part.schedule_id,
        "through": format_instant(part.through),
        "cursor": format_instant(part.cursor),
        "last_scheduled_for": _optional(part.last_instant),
        "last_run_for": _optional(part.last_run),
        "ticks": part.ticks,
        "missed": part.missed,
        "uncounted": part.uncounted,
        "others": part.others,
        "lapses": part.lapses,
    }
    return (7, schedule, None, None, None, None, None, key, None, _text(payload), now)


def runs_pruned(schedule: int, part: PrunedRuns, count: int, now: int) -> Draft:
    """Which runs of a schedule a pruning removed; the `count`th of the schedule."""
    key = f"runs_pruned:{part.schedule_id}:{count}"
    payload = {
        "schedule_id": part.schedule_id,
        "before": format_instant(part.before),
        "after": part.after,
        "through": part.through,
        "unexecuted": part.unexecuted,
        "last_for": format_instant(part.last_for),
        "runs": part.runs,
        "events": part.events,
    }
    return (RUNS_PRUNED.code, schedule, None, None, None, None, None, key, None, _text(payload), now)


def _optional(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)


def _text(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
