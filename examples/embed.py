"""arco inside a Python program: define, evaluate, ask, and execute what was requested.

Run it with the environment that has `arco-sched` installed: python examples/embed.py
Every instant is given, so it prints the same each time.
"""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from arco_sched import Conflict, Definition, Policy, RequestContent, Workspace, format_instant

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
    # No worker takes this pool: this program executes the runs itself.
    policy=Policy(pool="external", max_retries=1, retry_delay_seconds=timedelta(minutes=5)),
)

ME = "embed"
"""What the attempts of this program are called: one process at a time goes by this name."""


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


def execute(workspace: Workspace, now: datetime, work: Callable[[str], int]) -> None:
    """Execute every run that may start now, the oldest request first; `work` returns the exit code of a command."""
    requested = [*workspace.walk(workspace.run_lives, now=now, status="requested")]
    for life in reversed(requested):
        if life.waiting_for != "external":  # it waits for its retry, or for its spread
            continue
        run, attempt = life.run, life.state.attempts + 1
        try:
            workspace.start_run(run.run_id, external_id=f"{ME}/{attempt}", now=now)
        except Conflict as conflict:  # somebody else was first, or its `start_within_seconds` are over
            print(f"execute: {conflict}")
            continue
        try:
            code = work(run.content.command or "")
        except OSError as error:
            ended = workspace.fail_run(run.run_id, attempt=attempt, message=str(error), now=now)
        else:
            ended = workspace.finish_run(run.run_id, attempt=attempt, exit_code=code, now=now)
        print(f"execute: {run.run_key}: attempt {attempt} ended, the run is {ended.runs[0].state.status}")


def recover(workspace: Workspace, now: datetime) -> None:
    """When this program starts: what it left open when it died is over. A retry is decided by the policy of the run."""
    for life in [*workspace.walk(workspace.run_lives, now=now, status="running")]:
        last = life.state.attempt
        if last is not None and (last.external_id or "").startswith(f"{ME}/"):
            ended = workspace.fail_run(life.run.run_id, attempt=last.number, message="the program died", now=now)
            print(
                f"recover: {life.run.run_key}: attempt {last.number} is over, the run is {ended.runs[0].state.status}"
            )


def read_events(workspace: Workspace, after: int) -> int:
    """What happened since the event that was read last; returns the number to remember."""
    counts: dict[str, int] = {}
    for event in workspace.walk(workspace.events, after=after):
        counts[event.type] = counts.get(event.type, 0) + 1
        after = event.seq
    print(f"events: {counts}")
    return after


def succeed(_: str) -> int:
    """Stands for a command that works."""
    return 0


def die(_: str) -> int:
    """Stands for a crash of this program."""
    raise KeyboardInterrupt


def main() -> None:
    """The whole story on a database that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "arco.db"
        noon = datetime(2025, 3, 10, 12, tzinfo=UTC)
        with Workspace.create(path) as workspace:
            define(workspace)
            evaluate(workspace, noon)
            evaluate(workspace, noon)
            ask(workspace)
            seen = read_events(workspace, after=0)
            execute(workspace, noon, lambda _: 1)
            try:
                execute(workspace, noon + timedelta(minutes=5), die)
            except KeyboardInterrupt:
                print("the program dies")
        with Workspace.open(path) as workspace:
            recover(workspace, noon + timedelta(minutes=6))
            execute(workspace, noon + timedelta(minutes=6), succeed)
            read_events(workspace, after=seen)


if __name__ == "__main__":
    main()
