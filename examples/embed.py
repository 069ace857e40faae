"""arco inside a Python program: define, evaluate, ask, and execute what was requested.

Run it with the environment that has `arco-sched` installed: python examples/embed.py
Every instant is given, so it prints the same each time.
"""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from arco_sched import Conflict, Definition, RequestContent, Workspace, format_instant

NIGHTLY = Definition(
    cron_expression="30 2 * * *",
    timezone=ZoneInfo("America/New_York"),
    catchup_window_minutes=timedelta(days=3),
    max_catchup_ticks=3,
    request=RequestContent(
        asset_selection=["warehouse.orders", "warehouse.payments"],
        command="load-warehouse --since yesterday",
        labels={"team": "data"},
    ),
)


def define(workspace: Workspace) -> None:
    """Create a schedule; doing so again is harmless, and other content under the same id is a conflict."""
    now = datetime(2025, 3, 1, tzinfo=UTC)
    first = workspace.create_schedule("nightly-load", NIGHTLY, now=now)
    again = workspace.create_schedule("nightly-load", NIGHTLY, now=now)
    print(f"define: {first.change}, then {again.change}")
    try:
        workspace.create_schedule("nightly-load", Definition(cron_expression="0 3 * * *"), now=now)
    except Conflict as conflict:
        print(f"define: {conflict}")


def evaluate(workspace: Workspace, now: datetime) -> None:
    """What `arco tick` does: `now` is an argument, the library never reads a clock."""
    evaluation = workspace.evaluate(now)
    print(f"evaluate at {now:%Y-%m-%dT%H:%M:%SZ}: {evaluation.triggered} triggered, {evaluation.lapsed} lapsed")
    for tick in evaluation.ticks:
        print(f"  {tick.tick_id}  {format_instant(tick.scheduled_for)}  {tick.run_id}")


def ask(workspace: Workspace) -> None:
    """History is a set of questions; each answer is a frozen value."""
    for lapse in workspace.lapses(schedule_id="nightly-load"):
        print(f"ask: {lapse.missed} occurrences lapsed, reason {lapse.reason}")
    newest = workspace.ticks(schedule_id="nightly-load", limit=1).rows[0]
    detail = workspace.tick(newest.tick_id)
    if detail.run is not None:
        version = detail.version.definition_version
        print(f"ask: {newest.tick_id} is of version {version}, its run is {detail.run.status}")


def execute(workspace: Workspace, after: int) -> int:
    """A tiny executor: the requests after the last one that it remembers, oldest first; returns what to remember."""
    for event in workspace.walk(workspace.events, after=after, type_="RunRequested"):
        if not event.payload["conflict"]:  # a conflicting request leaves the run as it is
            # Here a real one would start the command, and remember `seq` once that is safe.
            print(f"execute: {event.payload['run_key']}: {event.payload['command']}")
        after = event.seq
    return after


def main() -> None:
    """The whole story on a database that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, Workspace.create(Path(folder) / "arco.db") as workspace:
        define(workspace)
        noon = datetime(2025, 3, 10, 12, tzinfo=UTC)
        evaluate(workspace, noon)
        evaluate(workspace, noon)
        ask(workspace)
        seen = execute(workspace, after=0)
        evaluate(workspace, noon + timedelta(days=1))
        execute(workspace, after=seen)


if __name__ == "__main__":
    main()
