"""`arco runs …`: looking at runs, and changing them by hand."""

from typing import Annotated, Any, Final

import typer

from arco_sched.cli import definition_options as defining
from arco_sched.cli import options as opt
from arco_sched.cli import run_changes as changes
from arco_sched.cli.context import Session, clock_of, clocks, note_no_worker
from arco_sched.cli.help import Application
from arco_sched.cli.options import Problems, examples, one_format
from arco_sched.cli.outputs import log, log_path, read_tail
from arco_sched.cli.pages import say_more
from arco_sched.cli.run_changes import Status
from arco_sched.cli.signing import signed
from arco_sched.core.fields import POLICY, content_problems, normal_content, normal_policy, policy_problems
from arco_sched.core.kinds import text_problems
from arco_sched.render.terminal import say, write
from arco_sched.service.lists import DEFAULT_LIMIT

runs_app = Application(add_completion=False)

LOOK = "Look"
CHANGE = "Change"
EXECUTE = "For executors of your own"


@runs_app.callback()
def runs_group() -> None:
    """List runs and see how they ended; request, retry, cancel and skip them."""


@runs_app.command(
    "list",
    rich_help_panel=LOOK,
    epilog=examples("arco runs list --failed", "arco runs list daily --due-since yesterday", "arco runs list --last"),
)
def runs_list(
    ctx: typer.Context,
    schedule_id: opt.SomeId = None,
    schedule: opt.OfSchedule = None,
    status: Annotated[
        Status | None, typer.Option("--status", help="Only with this status.", rich_help_panel=opt.PAGES)
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Same as --status failed.", rich_help_panel=opt.PAGES)
    ] = False,
    running: Annotated[
        bool, typer.Option("--running", help="Same as --status running.", rich_help_panel=opt.PAGES)
    ] = False,
    last: Annotated[
        bool, typer.Option("--last", help="Only the last run of each schedule.", rich_help_panel=opt.PAGES)
    ] = False,
    due_since: Annotated[
        str | None,
        typer.Option(
            "--due-since", metavar="INSTANT", help="Only due from this instant on.", rich_help_panel=opt.PAGES
        ),
    ] = None,
    due_until: Annotated[
        str | None,
        typer.Option("--due-until", metavar="INSTANT", help="Only due before this instant.", rich_help_panel=opt.PAGES),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="INSTANT",
            help=f"Only requested from this instant on, such as {opt.FORMS}.",
            rich_help_panel=opt.PAGES,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="INSTANT", help="Only requested before this instant.", rich_help_panel=opt.PAGES
        ),
    ] = None,
    limit: opt.Limit = DEFAULT_LIMIT,
    cursor: opt.Cursor = None,
    tz: opt.Tz = None,
    utc: opt.Utc = False,
    as_csv: opt.Csv = False,
    as_json: opt.Json = False,
) -> None:
    """List runs and how they ended, newest request first.

    Filters combine: `--last --failed` lists the schedules whose last run failed.
    """
    session: Session = ctx.obj
    problems = Problems()
    schedule = opt.one_id(problems, schedule_id, schedule)
    from arco_sched.cli.moments import Range

    requested = Range(problems, since, until, session.now)
    due = Range(problems, due_since, due_until, session.now, "--due-")
    zone = problems.attempt(lambda: opt.zone_of(utc=utc, tz=tz))
    asked: set[Status] = set() if status is None else {status}
    if failed:
        asked.add("failed")
    if running:
        asked.add("running")
    problems.add("--status, --failed and --running can't be combined: a run has one status", when=len(asked) > 1)
    one_format(problems, as_json=as_json, as_csv=as_csv)
    problems.check()
    with session.ask() as workspace:
        clock = clock_of(workspace, schedule, zone)
        (start, stop), (due_start, due_stop) = requested.on(clock), due.on(clock)
        page = workspace.run_lives(
            now=session.now,
            schedule_id=schedule,
            status=next(iter(asked), None),
            since=start,
            until=stop,
            due_since=due_start,
            due_until=due_stop,
            last=last,
            limit=limit,
            cursor=cursor,
        )
        if as_json:
            from arco_sched.render import lives

            write(lives.listed(page))
            return
        if as_csv:
            from arco_sched.render import csv

            write(csv.runs(page.rows))
        elif not page.rows:
            say("No runs.")
        else:
            from arco_sched.render import run_tables

            run_tables.runs(page.rows, session.now, clocks(workspace, zone))
        say_more(page)


@runs_app.command("show", rich_help_panel=LOOK, epilog=examples("arco runs show daily", "arco runs show run_2yq7l2v3"))
def runs_show(
    ctx: typer.Context, run: opt.RunName, tz: opt.Tz = None, utc: opt.Utc = False, as_json: opt.Json = False
) -> None:
    """Show a run: its attempts, what it waits for, and the end of its output.

    A schedule id means its last run.
    """
    session: Session = ctx.obj
    zone = opt.zone_of(utc=utc, tz=tz)
    with session.ask() as workspace:
        life = workspace.run_life(run, now=session.now)
        logs = {attempt.number: log_path(session, life, attempt) for attempt in life.attempts}
        path = logs.get(life.state.attempts)
        tail = None if path is None else read_tail(path)
        if as_json:
            from arco_sched.render import lives

            write(lives.detail(life, logs, tail))
        else:
            from arco_sched.render import run_tables

            run_tables.run_detail(life, tail, session.now, clocks(workspace, zone))


@runs_app.command(
    "request",
    rich_help_panel=CHANGE,
    epilog=examples(
        "arco runs request --key backfill-2024 --asset summary --partition 2024",
        'arco runs request --key release-7 --command "make report" --label team=data',
    ),
)
@defining.offers(defining.REQUESTED)
@signed
def runs_request(
    ctx: typer.Context,
    key: Annotated[str, typer.Option("--key", metavar="KEY", help="Run key: requesting it again finds the same run.")],
    as_json: opt.Json = False,
    **given: Any,
) -> None:
    """Request a run by hand.

    The same key with the same content finds the same run. The same key with different content is a conflict: it is
    recorded, and the first run doesn't change.

    How a worker executes the run is not part of the content: the first request decides that.
    """
    from arco_sched.render import json, sentences

    session: Session = ctx.obj
    problems = Problems()
    values = defining.read(problems, given, session.now)
    how = {field.name: values.pop(field.name) for field in POLICY if field.name in values}
    content, policy = normal_content(**values), normal_policy(**how)
    # Checked before the database is created, so that bad input creates none.
    problems.found += [*text_problems("key", key), *content_problems(content), *policy_problems(policy)]
    problems.check()
    with session.create() as workspace:
        answer = workspace.request_run(key, content, now=session.now, policy=policy)
        note_no_worker(workspace, (content, policy))
    write(json.requested(answer) if as_json else sentences.requested(answer))


_MORE: Final = (
    ("log", LOOK, log, ("arco runs log daily", "arco runs log daily --follow", "arco runs log daily --tail 20")),
    ("wait", LOOK, changes.wait, ("arco runs wait daily", "arco runs wait run_2yq7l2v3 --timeout 10m")),
    (
        "retry",
        CHANGE,
        changes.retry,
        (
            "arco runs retry daily",
            "arco runs retry daily --current",
            "arco runs retry --schedule daily --status failed --yes",
        ),
    ),
    (
        "cancel",
        CHANGE,
        changes.cancel,
        ("arco runs cancel daily", "arco runs cancel --schedule daily --status running"),
    ),
    ("skip", CHANGE, changes.skip, ("arco runs skip daily:1736935200", "arco runs skip --schedule daily --yes")),
    ("start", EXECUTE, changes.start, ("arco runs start run_2yq7l2v3 --external-id pod-17",)),
    ("finish", EXECUTE, changes.finish, ("arco runs finish run_2yq7l2v3 --attempt 1 --exit 0",)),
    ("fail", EXECUTE, changes.fail, ('arco runs fail daily --message "the node is gone"',)),
)
for _name, _panel, _command, _examples in _MORE:
    runs_app.command(_name, rich_help_panel=_panel, epilog=examples(*_examples))(_command)
