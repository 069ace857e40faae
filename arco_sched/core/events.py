"""The payloads of the events that carry one, as JSON text. Instants in them are RFC 3339, like everywhere in JSON."""

import json
from typing import Any, Final

from arco_sched.core.definitions import Version
from arco_sched.core.fields import payload
from arco_sched.core.history import Lapse, PrunedPart, Rewinding
from arco_sched.core.instants import format_instant

UPSERTED: Final = "ScheduleDefinitionUpserted"
TICKED: Final = "ScheduleTicked"
LAPSED: Final = "OccurrencesLapsed"
REQUESTED: Final = "RunRequested"
ZONE_RULES: Final = "ZoneRulesChanged"
REWOUND: Final = "CursorRewound"
PRUNED: Final = "HistoryPruned"
TYPES: Final = (UPSERTED, TICKED, LAPSED, REQUESTED, ZONE_RULES, REWOUND, PRUNED)


def upserted(version: Version) -> str:
    """A whole definition version."""
    return _text(payload(version))


def lapsed(schedule_id: str, lapse: Lapse) -> str:
    """A lapse of a schedule."""
    return _text(
        {
            "schedule_id": schedule_id,
            "after": format_instant(lapse.after),
            "before": format_instant(lapse.before),
            "missed": lapse.missed,
            "reason": lapse.reason,
        }
    )


def failed(error: str) -> str:
    """Why a definition version can't be evaluated."""
    return _text({"error": error})


def zone_rules(before: str, after: str) -> str:
    """A change of the installed zone rules, from one tzdata release to another."""
    return _text({"from": before, "to": after})


def rewound(schedule_id: str, rewinding: Rewinding) -> str:
    """A cursor that was brought back to the clock, with what becomes of the versions and lapses beyond it."""
    return _text(
        {
            "schedule_id": schedule_id,
            "from": format_instant(rewinding.before),
            "to": format_instant(rewinding.cursor),
            "versions": [
                {"definition_version": version, "effective_from": format_instant(effective_from)}
                for version, effective_from in rewinding.versions
            ],
            "lapses": [
                {"seq": cut.seq, "before": _optional(cut.before), "missed": cut.missed} for cut in rewinding.lapses
            ],
        }
    )


def pruned(part: PrunedPart) -> str:
    """What a pruning removed of a schedule, and the state that stays."""
    return _text(
        {
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
    )


def _optional(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)


def _text(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
