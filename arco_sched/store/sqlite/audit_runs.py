"""What `arco verify` asks about the lives of runs: their events, and the queue, which follows from them."""

import json
import sqlite3
from collections.abc import Iterator
from typing import Final

from arco_sched.core.events import BY_CODE, OF_RUNS
from arco_sched.core.instants import parse_instant
from arco_sched.core.ports import RowDifference
from arco_sched.core.run_events import Event, PoolSet, from_payload
from arco_sched.core.runs import Request
from arco_sched.store.sqlite.life import lives, numbers
from arco_sched.store.sqlite.queue import COLUMNS, row_of

_PAGE: Final = 5_000
_LIFE: Final = ", ".join(str(type_.code) for type_ in OF_RUNS)


def life_events(connection: sqlite3.Connection) -> Iterator[tuple[int, Event, Request | None]]:
    """(seq, event, request) of every event of a run's life and of pools, oldest first; no request for a pool's.

    Events of a run that doesn't exist are left out.
    """
    ask = f"SELECT seq, type, payload FROM event_log WHERE type NOT IN (2, 4) AND type IN ({_LIFE}) ORDER BY seq"
    rows = connection.execute(ask)
    while page := rows.fetchmany(_PAGE):
        events = [
            (seq, from_payload(BY_CODE[code].name, json.loads(payload), parse_instant)) for seq, code, payload in page
        ]
        ids = {event.run_id for _, event in events if not isinstance(event, PoolSet)}
        known = lives(connection, numbers(connection, ids).values())
        requests = {life.request.run_id: life.request for life in known.values()}
        for seq, event in events:
            if isinstance(event, PoolSet):
                yield seq, event, None
            elif event.run_id in requests:
                yield seq, event, requests[event.run_id]


def queue_differences(connection: sqlite3.Connection) -> Iterator[RowDifference]:
    """Every row of the queue that is not what the states of the runs give.

    `aside` is the workers' own note of where they look, save that what has no instant to wait for waits for none.
    """
    ask = (
        "SELECT r.run FROM run_rows r JOIN contents c ON c.content = r.content "
        "WHERE r.status = 'requested' AND json_valid(c.body) AND json_extract(c.body, '$.command') IS NOT NULL "
        "UNION SELECT run FROM queue ORDER BY 1"
    )
    runs = connection.execute(ask)
    while page := [run for (run,) in runs.fetchmany(_PAGE)]:
        there = f"SELECT {', '.join(COLUMNS)} FROM queue WHERE run IN (SELECT value FROM json_each(?))"
        found = {row[0]: row for row in connection.execute(there, (json.dumps(page),))}
        known = lives(connection, page)
        for run in page:
            life = known.get(run)
            row, wanted = found.get(run), None if life is None else row_of(run, life)
            key: dict[str, object] = {"run_id": run if life is None else life.request.run_id}
            if row is None and wanted is not None:
                yield RowDifference("queue", key, "missing", {})
            elif row is not None and wanted is None:
                yield RowDifference("queue", key, "extra", {})
            elif row is not None and wanted is not None:
                columns = {
                    name: (mine, given)
                    for name, mine, given in zip(COLUMNS, row, wanted, strict=True)
                    if mine != given and (name != "aside" or mine not in {0, 1} or given not in {0, 1, 2})
                }
                if columns:
                    yield RowDifference("queue", key, "differs", columns)


def stuck(connection: sqlite3.Connection) -> Iterator[str]:
    """The ids of runs that wait behind others of their schedule, where none of them runs or can be taken."""
    ask = (
        "SELECT r.run_id FROM queue q JOIN run_rows r ON r.run = q.run WHERE q.aside = 1 AND NOT EXISTS "
        "(SELECT 1 FROM run_states s WHERE s.schedule = q.schedule AND s.backfill = q.backfill AND s.occupies = 1) "
        "AND NOT EXISTS (SELECT 1 FROM queue o WHERE o.schedule = q.schedule AND o.backfill = q.backfill "
        "AND o.aside <> 1) ORDER BY q.run"
    )
    return (run_id for (run_id,) in connection.execute(ask))
