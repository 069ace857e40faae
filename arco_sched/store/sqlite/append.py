"""Appending events, and folding them in the same transaction."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, cast

from arco_sched.core.definitions import RequestContent
from arco_sched.core.events import LAPSED, OF_RUNS, REQUESTED, TICKED, TRIGGERED, UPSERTED, Draft, TickSeries, drafts_of
from arco_sched.core.history import Signature
from arco_sched.core.identity import RUN_ID_LENGTH, content_text, fingerprint
from arco_sched.core.ports import Appended
from arco_sched.store.sqlite import queue
from arco_sched.store.sqlite.fold import fold

# An event whose idempotency key exists is not written again.
_APPEND: Final = (
    "INSERT INTO event_log "
    "(type, schedule, origin, instant, version, status, content, key, run_id, payload, recorded_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_SIGN: Final = _APPEND.replace("recorded_at)", "recorded_at, author, note)").replace("?) ON", "?, ?, ?) ON")
_KEY: Final = 7
"""Where a draft has its key."""

# A tick and its request are two rows of small integers, so that handing them over one at a time is most of their cost.
_COLUMNS: Final = "type, schedule, origin, instant, version, status, content, run_id, payload, recorded_at"
_BOTH: Final = f"(VALUES ({TICKED.code}), ({REQUESTED.code})) t"
_STATUS: Final = f"CASE t.column1 WHEN {TICKED.code} THEN {TRIGGERED} END"
# CROSS JOIN keeps the order of the loops, and with it that of the events. `WHERE true` tells ON CONFLICT from a join.
_TICKS: Final = f"""
INSERT INTO event_log ({_COLUMNS})
SELECT t.column1, s.schedule, s.origin, a.value, s.version, {_STATUS}, s.content,
    CASE t.column1 WHEN {REQUESTED.code}
        THEN CAST(substr(s.run_ids, {RUN_ID_LENGTH} * a.key + 1, {RUN_ID_LENGTH}) AS TEXT) END,
    CASE t.column1 WHEN {REQUESTED.code} THEN s.asked END, s.recorded_at
FROM (SELECT ? AS schedule, ? AS origin, ? AS instants, ? AS version, ? AS content, ? AS run_ids, ? AS asked,
    ? AS recorded_at) s
CROSS JOIN json_each(s.instants) a CROSS JOIN {_BOTH} WHERE true ON CONFLICT DO NOTHING
"""
_FEW: Final = 5
"""Ticks of a series that are handed over one at a time, as all other events are: a due minute is one statement then,
whatever stands between its ticks."""


def append(
    connection: sqlite3.Connection, drafts: Sequence[Draft | TickSeries], signature: Signature | None = None
) -> Appended:
    """Record the events whose idempotency keys are new, in this order, and fold them; a series is never signed."""
    before = last_seq(connection)
    if not drafts:
        return Appended(before, before, 0, 0)
    types: set[int] = set()
    given = written = 0
    for is_series, alike in groupby(_shortened(drafts), lambda draft: isinstance(draft, TickSeries)):
        if is_series:
            series = cast("list[TickSeries]", list(alike))
            types |= {TICKED.code, REQUESTED.code}
            given += sum(2 * len(each.instants) for each in series)
            written += _append_series(connection, series)
        else:
            singles = cast("list[Draft]", list(alike))
            types |= {draft[0] for draft in singles}
            given += len(singles)
            written += _append_singles(connection, singles, signature)
    through = last_seq(connection)
    conflicts = fold(connection, before, through, types)
    if UPSERTED.code in types:
        from arco_sched.store.sqlite.zones import keep_new

        keep_new(connection, before, through)
    if REQUESTED.code in types:
        queue.request(connection, before, through)
    if types & _LIFE:
        queue.go_on(connection, _run_ids(drafts))
    if written < given:
        # A conflict that somebody's own request recorded before is the tick's as well, though the tick records none.
        conflicts = _conflicts_of(connection, before, through)
    return Appended(before, through, written, conflicts)


_LIFE: Final = {type_.code for type_ in OF_RUNS}


def _run_ids(drafts: Iterable[Draft | TickSeries]) -> list[str]:
    """The runs whose lives these events are about."""
    singles = (draft for draft in drafts if not isinstance(draft, TickSeries))
    texts = (draft[9] for draft in singles if draft[0] in _LIFE and draft[9] is not None)
    found = (json.loads(text).get("run_id") for text in texts)
    return list(dict.fromkeys(run_id for run_id in found if run_id is not None))


def _append_singles(connection: sqlite3.Connection, drafts: list[Draft], signature: Signature | None) -> int:
    if any(draft[0] == LAPSED.code for draft in drafts):
        drafts = _numbered(connection, drafts)
    if signature is not None:
        return connection.executemany(_SIGN, [(*draft, *signature) for draft in drafts]).rowcount
    return connection.executemany(_APPEND, drafts).rowcount


def _append_series(connection: sqlite3.Connection, series: Iterable[TickSeries]) -> int:
    # Integers in brackets, which is JSON already.
    rows = ((*each[:2], str(list(each.instants)), *each[3:]) for each in series)
    return connection.executemany(_TICKS, rows).rowcount


def _shortened(drafts: Iterable[Draft | TickSeries]) -> Iterator[Draft | TickSeries]:
    """The same, with short series as the events that they are made of."""
    for draft in drafts:
        if isinstance(draft, TickSeries) and len(draft.instants) <= _FEW:
            yield from drafts_of(draft)
        else:
            yield draft


def last_seq(connection: sqlite3.Connection) -> int:
    """The `seq` of the newest event, 0 when there is none."""
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM event_log").fetchone()[0])


def _numbered(connection: sqlite3.Connection, drafts: list[Draft]) -> list[Draft]:
    """The drafts, with a number behind the key of each lapse whose key exists.

    What such a key said before was withdrawn by a rewind, since a lapse begins at the cursor: it is recorded anew.
    """
    keys = {draft[_KEY] for draft in drafts if draft[0] == LAPSED.code}
    taken: set[str | None] = set()
    again = 1
    while keys:
        ask = "SELECT key FROM event_log WHERE type <> 4 AND key IN (SELECT value FROM json_each(?))"
        found = {key for (key,) in connection.execute(ask, (json.dumps(sorted(map(str, keys))),))}
        taken |= found
        again += 1
        keys = {f"{_base(key)}:{again}" for key in found}
    if not taken:
        return drafts
    return [_free(draft, taken) if draft[0] == LAPSED.code else draft for draft in drafts]


def _base(key: str) -> str:
    """`sched_lapse:{schedule_id}:{after}:{before}:{reason}` without a number behind it."""
    return ":".join(key.split(":")[:5])


def _free(draft: Draft, taken: set[str | None]) -> Draft:
    key, again = draft[_KEY], 1
    while key in taken:
        again += 1
        key = f"{draft[_KEY]}:{again}"
    return (*draft[:_KEY], key, *draft[_KEY + 1 :])  # type: ignore[return-value] # the same shape


def _conflicts_of(connection: sqlite3.Connection, after: int, through: int) -> int:
    """How many ticks and requests of a range of events have a run key that is reserved for another content."""
    of_ticks = (
        "SELECT count(*) FROM event_log e "
        "CROSS JOIN run_rows r ON r.schedule = e.schedule AND r.origin = e.origin AND r.instant = e.instant "
        "WHERE e.seq > ? AND e.seq <= ? AND e.type = 2 AND r.content <> e.content"
    )
    return int(connection.execute(of_ticks, (after, through)).fetchone()[0])


def schedule_numbers(connection: sqlite3.Connection, schedule_ids: Iterable[str]) -> dict[str, int]:
    """The number of each schedule id, given now to those that have none."""
    wanted = json.dumps(list(dict.fromkeys(schedule_ids)))
    connection.execute(
        "INSERT INTO schedule_ids (schedule_id) SELECT value FROM json_each(?) ORDER BY key ON CONFLICT DO NOTHING",
        (wanted,),
    )
    ask = "SELECT schedule_id, schedule FROM schedule_ids WHERE schedule_id IN (SELECT value FROM json_each(?))"
    return dict(connection.execute(ask, (wanted,)))


def content_numbers(connection: sqlite3.Connection, contents: Iterable[RequestContent]) -> dict[RequestContent, int]:
    """The number of each request content, given now to those that have none."""
    bodies = {content: content_text(content) for content in contents}
    prints = {content: fingerprint(body) for content, body in bodies.items()}
    connection.executemany(
        "INSERT INTO contents (fingerprint, body) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(prints[content], body) for content, body in bodies.items()],
    )
    ask = "SELECT fingerprint, content FROM contents WHERE fingerprint IN (SELECT value FROM json_each(?))"
    numbers = dict(connection.execute(ask, (json.dumps(list(prints.values())),)))
    return {content: numbers[text] for content, text in prints.items()}
