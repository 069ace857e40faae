"""arco inside a Python program: define, evaluate, ask, and execute what was requested.

Run it with the environment that has `arco-sched` installed: python examples/embed.py
Every instant is given, so it prints the same each time.
"""

import tempfile
from pathlib import Path

from arco_sched import Conflict, Definition, RequestContent, Workspace, format_instant, parse_instant

NIGHTLY = Definition(
    cron_expression="30 2 * * *",
    timezone="America/New_York",
    catchup_window_minutes=3 * 1440,
    max_catchup_ticks=3,
    request=RequestContent(
        asset_selection=("warehouse.orders", "warehouse.payments"),
        command="load-warehouse --since yesterday",
        labels=(("team", "data"),),
    ),
)


def define(workspace: Workspace) -> None:
    """Create a schedule; doing so again is harmless, and other content under the same id is a conflict."""
    now = parse_instant("2025-03-01T00:00:00Z")
    first = workspace.create_schedule("nightly-load", NIGHTLY, now=now)
    again = workspace.create_schedule("nightly-load", NIGHTLY, now=now)
    print(f"define: {first.change}, then {again.change}")
    try:
        workspace.create_schedule("nightly-load", Definition(cron_expression="0 3 * * *"), now=now)
    except Conflict as conflict:
        print(f"define: {conflict}")


def evaluate(workspace: Workspace, at: str) -> None:
    """What `arco tick` does: `now` is an argument, the library never reads a clock."""
    evaluation = workspace.evaluate(parse_instant(at))
    print(f"evaluate at {at}: {evaluation.triggered} triggered, {evaluation.lapsed} lapsed")
    for tick in evaluation.ticks:
        print(f"  {tick.tick_id}  {format_instant(tick.scheduled_for)}  {tick.run_id}")


def ask(workspace: Workspace) -> None:
    """History is a set of questions; each answer is a frozen value."""
    for lapse in workspace.lapses(schedule_id="nightly-load").rows:
        print(f"ask: {lapse.missed} occurrences lapsed, reason {lapse.reason}")
    newest = workspace.ticks(schedule_id="nightly-load", limit=1).rows[0]
    detail = workspace.tick(newest.tick_id)
    if detail.run is not None:
        version = detail.version.definition_version
        print(f"ask: {newest.tick_id} is of version {version}, its run is {detail.run.status}")


def execute(workspace: Workspace, after: int) -> int:
    """A tiny executor: the requests after the last one that it remembers, oldest first; returns what to remember."""
    while True:
        page = workspace.events(after=after, type_="RunRequested", limit=100)
        for event in page.rows:
            if not event.payload["conflict"]:  # a conflicting request leaves the run as it is
                # Here a real one would start the command, and remember `seq` once that is safe.
                print(f"execute: {event.payload['run_key']}: {event.payload['command']}")
            after = event.seq
        if page.next_cursor is None:
            return after


def main() -> None:
    """The whole story on a database that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, Workspace.create(Path(folder) / "arco.db") as workspace:
        define(workspace)
        evaluate(workspace, "2025-03-10T12:00:00Z")
        evaluate(workspace, "2025-03-10T12:00:00Z")
        ask(workspace)
        seen = execute(workspace, after=0)
        evaluate(workspace, "2025-03-11T12:00:00Z")
        execute(workspace, after=seen)


if __name__ == "__main__":
    main()
