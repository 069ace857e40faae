"""`arco runs …`: the runs that were requested."""

from typing import Annotated, Any, Literal

import typer

from arco_sched.cli import definition_options as defining
from arco_sched.cli import options as opt
from arco_sched.cli.completion import complete_run
from arco_sched.cli.context import Session, clocks, note_no_worker
from arco_sched.cli.options import Problems, examples, one_format
from arco_sched.cli.pages import show_page
from arco_sched.core.fields import POLICY, content_problems, normal_content, normal_policy, policy_problems
from arco_sched.core.kinds import text_problems
from arco_sched.render.terminal import write
from arco_sched.service.lists import DEFAULT_LIMIT

runs_app = typer.Typer(add_completion=False)


@runs_app.callback()
def runs_group() -> None:
    """Ask which runs were requested, and request one."""


@runs_app.command("list", epilog=examples("arco runs list --schedule daily", "arco runs list --limit 10 --json"))
def runs_list(
    ctx: typer.Context,
    schedule: opt.OfSchedule = None,
    status: Annotated[
        Literal["requested"] | None,
        typer.Option("--status", help="Only with this status.", rich_help_panel=opt.PAGES),
    ] = None,
    since: opt.Since = None,
    until: opt.Until = None,
    limit: opt.Limit = DEFAULT_LIMIT,
    cursor: opt.Cursor = None,
    utc: opt.Utc = False,
    as_csv: opt.Csv = False,
    as_json: opt.Json = False,
) -> None:
    """List runs, the newest request first."""
    session: Session = ctx.obj
    problems = Problems()
    from arco_sched.cli.moments import read_span

    start, stop = read_span(problems, since, until, session.now)
    one_format(problems, as_json=as_json, as_csv=as_csv)
    problems.check()
    with session.open() as workspace:
        page = workspace.runs(schedule_id=schedule, status=status, since=start, until=stop, limit=limit, cursor=cursor)
        show_page(workspace, "runs", page, utc=utc, as_csv=as_csv, as_json=as_json)


@runs_app.command("show", epilog=examples("arco runs show run_2yq7l2v3mbtmeyyqz3zk4nlb3u"))
def runs_show(
    ctx: typer.Context,
    run_id: Annotated[
        str, typer.Argument(metavar="RUN_ID", help="The run.", autocompletion=complete_run, show_default=False)
    ],
    utc: opt.Utc = False,
    as_json: opt.Json = False,
) -> None:
    """Show one run: what it is asked to do, who asked, and any conflict."""
    from arco_sched.render import json

    session: Session = ctx.obj
    with session.open() as workspace:
        run = workspace.run(run_id)
        if as_json:
            write(json.run_detail(run))
        else:
            from arco_sched.render import tables

            tables.run_detail(run, clocks(workspace, utc=utc))


@runs_app.command(
    "request",
    epilog=examples(
        "arco runs request --key backfill-2024 --asset summary --partition 2024",
        'arco runs request --key release-7 --command "make report" --label team=data',
    ),
)
@defining.offers(defining.REQUESTED)
def runs_request(
    ctx: typer.Context,
    key: Annotated[
        str, typer.Option("--key", metavar="KEY", help="The run key: one run, however often it is requested.")
    ],
    as_json: opt.Json = False,
    **given: Any,
) -> None:
    """Request a run by hand; the same key with the same content is the same run.

    The same key with other content is a conflict: it is recorded, and the first run stays as it is.

    How a worker executes it is no part of the content: the first request decides that.
    """
    from arco_sched.render import json, sentences

    session: Session = ctx.obj
    problems = Problems()
    values = defining.read(problems, given)
    how = {field.name: values.pop(field.name) for field in POLICY if field.name in values}
    content, policy = normal_content(**values), normal_policy(**how)
    # Judged before the database is made, so that bad input makes none.
    problems.found += [*text_problems("key", key), *content_problems(content), *policy_problems(policy)]
    problems.check()
    with session.create() as workspace:
        answer = workspace.request_run(key, content, now=session.now, policy=policy)
        note_no_worker(workspace, (content, policy))
    write(json.requested(answer) if as_json else sentences.requested(answer))
