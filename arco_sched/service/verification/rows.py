"""The checks of `arco verify` that look at single rows: the schema, the dictionaries, and each event by itself."""

import json
import re
from collections import Counter
from typing import Any, Final

from arco_sched.core import identity
from arco_sched.core.errors import InvalidInput
from arco_sched.core.events import (
    BY_CODE,
    LAPSED,
    OF_RUNS,
    PRUNED,
    REWOUND,
    RUNS_PRUNED,
    UPSERTED,
    ZONE_RULES,
    EventType,
)
from arco_sched.core.fields import CONTENT, content_of
from arco_sched.core.history import LAPSE_REASONS
from arco_sched.core.instants import format_instant, parse_instant
from arco_sched.core.ports import Audit, StoredEvent
from arco_sched.core.run_events import from_payload
from arco_sched.service.verification.findings import Findings
from arco_sched.service.verification.rewinds import Versions


def check_schema(audit: Audit, findings: Findings) -> bool:
    """Compare tables, indexes, views and triggers with those of a new database; returns whether the tables can be
    read."""
    readable = True
    for type_, name, kind in audit.schema_differences():
        if type_ == "word":
            of, _, code = name.partition(" ")
            findings.add(
                "schema",
                f"table words: the name of {of} type {code} isn't the one that this arco gives it; a development "
                "version may have made the database",
            )
            continue
        # A user's own view or index does no harm; a trigger writes.
        own = kind == "extra" and type_ != "trigger"
        text = {"missing": "is missing", "extra": "is not one of arco's", "differs": "differs from what arco creates"}[
            kind
        ]
        findings.add("schema", f"{type_} {name} {text}", note=own)
        readable &= not (type_ == "table" and kind != "extra")
    rows = audit.workspace_rows() if readable else 1
    if rows != 1:
        findings.add("schema", f"workspace: {rows} rows instead of one")
    return readable and rows == 1


def check_names(audit: Audit, findings: Findings) -> bool:
    """Check that everything that the events refer to exists; returns whether it does."""
    missing = audit.unnamed()
    for text in missing:
        findings.add("names", text)
    return not missing


def check_events(audit: Audit, findings: Findings) -> None:
    """Check that the key, the columns and the payload of each event agree."""
    lost = audit.missing_events()
    if lost.missing != lost.pruned:
        findings.add("missing events", f"{lost.missing} events are missing, but prunings removed {lost.pruned}")
    for first, last in lost.gaps:
        which = f"event seq={first} is" if first == last else f"events seq={first} to {last} are"
        findings.add("missing events", f"{which} missing")
    for number in audit.agenda_without_schedule():
        findings.add("agenda", f"agenda: row {number} belongs to no schedule")
    for row in audit.contents():
        if identity.fingerprint(row.body) != row.fingerprint:
            findings.add("contents", f"content {row.content}: its fingerprint doesn't match its text")
    for seq, code in audit.misshapen():
        name = BY_CODE[code].name if code in BY_CODE else f"event of type {code}"
        findings.add("columns", f"event seq={seq}: its columns don't fit a {name}")
    counts: Counter[tuple[int, str | None]] = Counter()
    versions = Versions()
    for event in audit.stored_events():
        counts[event.type, event.schedule_id] += 1
        if event.type == UPSERTED.code:
            versions.add(event, _payload(event.payload) or {})
        for text in _contradictions(event, counts[event.type, event.schedule_id], versions):
            findings.add("events", f"{_word(event)} seq={event.seq}: {text}")


_WORDS: Final = {
    UPSERTED.code: "definition event",
    LAPSED.code: "lapse event",
    ZONE_RULES.code: "zone rules event",
    REWOUND.code: "rewind event",
    PRUNED.code: "pruning event",
    RUNS_PRUNED.code: "pruning event",
}


def _word(event: StoredEvent) -> str:
    return _WORDS.get(event.type, "event")


def _contradictions(event: StoredEvent, count: int, versions: Versions) -> list[str]:
    """What is contradictory in an event, the `count`th of its type and schedule, after these `versions`."""
    type_ = BY_CODE.get(event.type)
    if type_ is None or type_.payload is None:
        return [f"its type {event.type} is unknown"]
    payload = _payload(event.payload)
    if payload is None:
        return ["its payload is not a JSON object"]
    strange = _strange_names(type_, payload)
    if strange:
        return [f"its payload has unexpected or missing keys: {', '.join(map(ascii, strange))}"]
    name = event.schedule_id
    if type_ in OF_RUNS:
        return _life_contradictions(event, type_, payload)
    if event.type == UPSERTED.code:
        return _definition_contradictions(event, payload)
    if event.type == ZONE_RULES.code:
        return (
            []
            if event.key == f"zone_rules:{count}:{payload.get('to')}"
            else [f"its key {event.key!a} doesn't match its payload"]
        )
    if payload.get("schedule_id") != name:
        return [f"payload and columns name different schedules, {payload.get('schedule_id')!a} and {name}"]
    if event.type == LAPSED.code:
        return _lapse_contradictions(event, payload)
    key_ = type_.key.format(schedule_id=name, n=count)
    if event.key != key_:
        return [f"its key {event.key!a} should be {key_}"]
    if event.type == RUNS_PRUNED.code:
        return versions.prune_runs(event, payload)
    return versions.rewind(event, payload) if event.type == REWOUND.code else _pruning_contradictions(payload)


def _lapse_contradictions(event: StoredEvent, payload: dict[str, Any]) -> list[str]:
    """A lapse is stated three times: in the key, in the payload, and partly in the columns."""
    try:
        after, before = parse_instant(payload["after"]), parse_instant(payload["before"])
    except (AttributeError, InvalidInput, TypeError):
        return ["its payload has no valid time range"]
    if before != event.instant:
        return [f"its payload ends at {payload['before']!a}, its columns at {event.instant}"]
    missed, reason = payload["missed"], payload["reason"]
    if reason not in LAPSE_REASONS or (missed is None) != (reason == "unevaluable") or not _is_count(missed or 1, 1):
        return [f"it can't have missed {missed!a} for the reason {reason!a}"]
    key = f"sched_lapse:{event.schedule_id}:{after}:{before}:{reason}"
    rest = (event.key or "").removeprefix(key)
    if rest == event.key or (rest and re.fullmatch(r":\d+", rest, re.ASCII) is None):
        return [f"its key {event.key!a} names a different lapse than its payload"]
    return []


def _pruning_contradictions(payload: dict[str, Any]) -> list[str]:
    """A pruning counts what it removed: each lapse that could not be counted is one of the lapses."""
    wrong = [name for name in ("ticks", "missed", "uncounted", "others", "lapses") if not _is_count(payload[name])]
    if wrong:
        return [f"it has no count of {', '.join(wrong)}"]
    lapses, uncounted, missed = payload["lapses"], payload["uncounted"], payload["missed"]
    if uncounted > lapses or missed < lapses - uncounted or (missed and uncounted == lapses):
        return [f"its counts contradict each other: {lapses} lapses, {uncounted} of them uncounted, {missed} missed"]
    return []


def _is_count(value: object, least: int = 0) -> bool:
    return type(value) is int and value >= least


def _life_contradictions(event: StoredEvent, type_: EventType, payload: dict[str, Any]) -> list[str]:
    """What happened to a run or a pool is keyed by what its payload says."""
    try:
        key = from_payload(type_.name, payload, parse_instant).key
    except (InvalidInput, TypeError, ValueError, AttributeError) as problem:
        return [f"its payload can't be read: {problem}"]
    return [] if key == event.key else [f"its key {event.key!a} should be {key}"]


def _definition_contradictions(event: StoredEvent, payload: dict[str, Any]) -> list[str]:
    found = []
    named = (payload.get("schedule_id"), payload.get("definition_version"))
    if named != (event.schedule_id, event.version) or event.key != f"sched_def:{named[0]}:{named[1]}":
        found.append("payload, key and columns name different versions")
    if payload.get("created_at") != format_instant(event.recorded_at):
        found.append(f"its payload was made at {payload.get('created_at')!a}, the event at another time")
    try:
        content = content_of({field.name: payload[field.name] for field in CONTENT if field.name in payload})
        same = identity.content_text(content) == event.body
    except ValueError:
        same = False
    if not same:
        found.append("its request content doesn't match its payload")
    return found


_ENTRIES: Final = {"versions": {"definition_version", "effective_from"}, "lapses": {"seq", "before", "missed"}}
"""The names in the entries of the lists of a rewind's payload."""

_OPTIONAL: Final = {"start_at"}
"""Names that such an entry may have, too."""


def _strange_names(type_: EventType, payload: dict[str, Any]) -> list[str]:
    """The names that are missing from a payload, or shouldn't be there."""
    strange = (set(payload) ^ (type_.payload or frozenset())) - type_.optional
    for name, wanted in _ENTRIES.items() if type_ is REWOUND else ():
        entries = payload.get(name)
        if not isinstance(entries, list) or any(not isinstance(entry, dict) for entry in entries):
            strange.add(name)
        else:
            strange |= {f"{name}.{inner}" for entry in entries for inner in (set(entry) ^ wanted) - _OPTIONAL}
    return sorted(strange)


def _payload(text: str | None) -> dict[str, Any] | None:
    try:
        payload = json.loads(text or "")
    except ValueError:
        return None
    return payload if isinstance(payload, dict) else None
