"""`arco schedule …`: define, change, and look at schedules."""

from typing import Annotated, Any, Final

import typer

from arco_sched.cli import acts, many
from arco_sched.cli import definition_options as defining
from arco_sched.cli import options as opt
from arco_sched.cli.context import Session, clock_named, clock_of, clocks, note_no_command, note_no_worker
from arco_sched.cli.help import Application
from arco_sched.cli.moments import question
from arco_sched.cli.names import option_of
from arco_sched.cli.options import Problems, examples
from arco_sched.cli.rewind import rewind
from arco_sched.cli.signing import signed
from arco_sched.core.changes import create as judge_new
from arco_sched.core.definitions import Definition
from arco_sched.core.fields import merge
from arco_sched.render.terminal import say, write

schedule_app = Application(add_completion=False)

CHANGE = "Change"
LOOK = "Look"
MAX_PREVIEW = 10_000


@schedule_app.callback()
def schedule_group() -> None:
    """Define schedules, change them, and see what they will do."""


@schedule_app.command(
    rich_help_panel=CHANGE,
    epilog=examples(
        'arco schedule create daily --cron "0 10 * * *" --command /srv/report.sh',
        "arco schedule create load --cron @daily --tz Asia/Tokyo --command /srv/load",
    ),
)
@defining.offers(defining.NEW, required=True)
@signed
def create(
    ctx: typer.Context,
    schedule_id: opt.Id,
    exclude_from: defining.ExcludeFrom = None,
    as_json: opt.Json = False,
    **given: Any,
) -> None:
    """Create a schedule, and the database if there is none.

    Repeating it with the same content changes nothing. Different content under an existing id is a conflict: use
    `arco schedule update`.
    """
    from arco_sched.service.definitions import checked

    session: Session = ctx.obj
    problems = Problems()
    values = defining.read(problems, given, session.now)
    defining.read_days(problems, values, exclude_from)
    defining.resolve(problems, values, clock_named(values.get("timezone")))
    start_at, enabled = values.pop("start_at", None), values.pop("enabled", None)
    definition = merge(Definition(cron_expression=values["cron_expression"]), values)
    problems.attempt(lambda: checked(definition, schedule_id))
    problems.check()
    if not session.exists():  # so that bad input creates no database
        judge_new(schedule_id, definition, None, session.now, start_at=start_at)
    with session.create() as workspace:
        answer = workspace.create_schedule(schedule_id, definition, now=session.now, start_at=start_at, enabled=enabled)
        note_no_worker(workspace, (definition.request, definition.policy))
        if answer.change == "created":
            note_no_command(workspace, answer.schedule.version)
    acts.answer_change(answer, session, as_json=as_json, said=values)


@schedule_app.command(
    rich_help_panel=CHANGE,
    epilog=examples(
        'arco schedule update daily --cron "0 11 * * *"',
        "arco schedule update daily --max-catchup 5 --clear-labels --expect-version 3",
        "arco schedule update daily --start 2025-02-01T00:00:00Z",
    ),
)
@defining.offers(defining.CHANGED, clearing=True)
@signed
def update(
    ctx: typer.Context,
    schedule_id: opt.Id,
    exclude_from: defining.ExcludeFrom = None,
    expect_version: defining.ExpectVersion = None,
    discard_waiting: defining.DiscardWaiting = False,
    as_json: opt.Json = False,
    **given: Any,
) -> None:
    """Change the given fields of a schedule; a new list replaces the old one.

    The change applies from now on: what was due before is still evaluated under the old definition. --start can only be
    changed until an occurrence of the schedule is accounted for.
    """
    session: Session = ctx.obj
    problems = Problems()
    values = defining.read(problems, given, session.now)
    defining.read_days(problems, values, exclude_from)
    enabled = values.pop("enabled", None)
    nothing = not (
        any(value not in (None, []) and value is not False for value in given.values())
        or exclude_from
        or discard_waiting
    )
    problems.add(
        f"nothing to change: add an option, as in `arco schedule update {schedule_id} --cron EXPR`", when=nothing
    )
    problems.check()
    with session.open() as workspace:
        defining.resolve(problems, values, clock_of(workspace, schedule_id, values.get("timezone")))
        problems.check()
        start_at = values.pop("start_at", None)
        answer = workspace.update_schedule(
            schedule_id,
            values,
            now=session.now,
            start_at=start_at,
            enabled=enabled,
            expect_version=expect_version,
            discard_waiting=discard_waiting,
        )
        if "command" in values:
            changed = answer.schedule.version.definition
            note_no_worker(workspace, (changed.request, changed.policy))
    acts.answer_change(answer, session, as_json=as_json, said=values)


@schedule_app.command("list", rich_help_panel=LOOK, epilog=examples("arco schedule list", "arco schedule list --all"))
def list_(
    ctx: typer.Context,
    schedule_ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]...", help="Only these schedules.", autocompletion=opt.complete_schedule, show_default=False
        ),
    ] = None,
    labels: many.OfLabels = None,
    everything: Annotated[bool, typer.Option("--all", help="Show deleted schedules, too.")] = False,
    tz: opt.Tz = None,
    utc: opt.Utc = False,
    as_json: opt.Json = False,
) -> None:
    """List schedules with their state, last tick and next due time."""
    from arco_sched.render import json

    session: Session = ctx.obj
    problems = Problems()
    wanted = many.read_labels(problems, labels)
    problems.check()
    zone = opt.zone_of(utc=utc, tz=tz)
    with session.ask() as workspace:
        schedules = workspace.schedules(deleted=everything, schedules=schedule_ids or (), labels=wanted)
        if as_json:
            write(json.schedule_list(schedules, session.now))
        elif not schedules:
            say(
                "No schedules with these labels."
                if wanted
                else "No schedules: `arco schedule create ID --cron EXPR` creates one."
            )
        else:
            from arco_sched.render.schedules import schedules as draw

            draw(schedules, session.now, clocks(workspace, zone))


@schedule_app.command(
    rich_help_panel=LOOK, epilog=examples("arco schedule show daily", "arco schedule show daily --utc")
)
def show(
    ctx: typer.Context, schedule_id: opt.Id, tz: opt.Tz = None, utc: opt.Utc = False, as_json: opt.Json = False
) -> None:
    """Show a schedule: its definition and state, what is waiting and what comes next."""
    from arco_sched.render import json

    session: Session = ctx.obj
    zone = opt.zone_of(utc=utc, tz=tz)
    with session.ask() as workspace:
        detail = workspace.schedule(schedule_id, now=session.now)
        if as_json:
            write(json.schedule_detail(detail, session.now))
        else:
            from arco_sched.render.schedules import schedule_detail

            schedule_detail(detail, session.now, clocks(workspace, zone))


@schedule_app.command(rich_help_panel=LOOK, epilog=examples("arco schedule versions daily"))
def versions(
    ctx: typer.Context, schedule_id: opt.Id, tz: opt.Tz = None, utc: opt.Utc = False, as_json: opt.Json = False
) -> None:
    """Show every definition version of a schedule and what it changed."""
    from arco_sched.render import json

    session: Session = ctx.obj
    zone = opt.zone_of(utc=utc, tz=tz)
    with session.ask() as workspace:
        changes = workspace.versions(schedule_id)
        if as_json:
            write(json.versions(changes))
        else:
            from arco_sched.render.schedules import versions as draw

            draw(changes, clocks(workspace, zone))


@schedule_app.command(
    rich_help_panel=LOOK,
    epilog=examples(
        "arco schedule preview daily",
        'arco schedule preview --cron "30 2 * * *" --tz America/New_York --count 3',
        "arco schedule preview daily --from 2025-03-08T00:00:00Z",
    ),
)
@defining.offers(defining.EXPRESSION)
def preview(
    ctx: typer.Context,
    schedule_id: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help="Schedule id; or use --cron and --tz.",
            autocompletion=opt.complete_schedule,
            show_default=False,
        ),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="INSTANT", help="Only from this instant on (default: now).")
    ] = None,
    count: opt.Count = 10,
    exclude_from: defining.ExcludeFrom = None,
    as_json: opt.Json = False,
    **given: Any,
) -> None:
    """Show the next occurrences of a schedule, or of any cron expression.

    Each occurrence that a clock change moves or repeats is marked. With --cron no database is needed.
    """
    from arco_sched.render import json
    from arco_sched.service.definitions import cautious

    session: Session = ctx.obj
    problems = Problems()
    expression = defining.read(problems, given, session.now)
    defining.read_days(problems, expression, exclude_from)
    by_cron = "cron_expression" in expression
    problems.add("give an ID or --cron, not both", when=schedule_id is not None and by_cron)
    problems.add("give an ID, or --cron EXPR", when=schedule_id is None and not by_cron)
    of_cron = [option_of(name) for name in expression if name != "cron_expression"]
    problems.add(
        f"{of_cron[0] if of_cron else ''} can only be used with --cron, not with an ID",
        when=bool(of_cron and schedule_id),
    )
    problems.add(f"--count must be between 1 and {MAX_PREVIEW}", when=not 1 <= count <= MAX_PREVIEW)
    since = question(problems, start, "--from", session.now, ahead=True)
    problems.check()
    if schedule_id is not None:
        with session.ask() as workspace:
            begin = session.now if since is None else since(clock_of(workspace, schedule_id, None))
            found = workspace.preview(schedule_id, start=begin, count=count)
            warnings = cautious(workspace.schedule(schedule_id, now=session.now).schedule.version.definition)
    else:
        from arco_sched.service.definitions import preview as preview_expression

        values = {"timezone": "UTC", **expression}
        begin = session.now if since is None else since(clock_named(values["timezone"]))
        found = preview_expression(**values, start=begin, count=count)
        warnings = cautious(Definition(cron_expression=values["cron_expression"]), expression)
    for warning in warnings:
        say(f"warning: {warning}")
    if as_json:
        write(json.preview(found))
    elif not found:
        say("Nothing is due from then on.")
    else:
        from arco_sched.render.schedules import preview as draw

        draw(found, session.now)


_ACTS: Final = (
    ("enable", acts.enable, ("arco schedule enable daily", "arco schedule enable --label team=data")),
    (
        "disable",
        acts.disable,
        ("arco schedule disable daily --until 'monday 9:00'", "arco schedule disable --label team=data"),
    ),
    ("delete", acts.delete, ("arco schedule delete daily --expect-version 3", "arco schedule delete one two")),
    ("trigger", acts.trigger, ("arco schedule trigger daily", "arco schedule trigger daily --follow")),
    ("rewind", rewind, ("arco schedule rewind --dry-run", "arco schedule rewind", "arco schedule rewind daily")),
    ("discard", acts.discard, ("arco schedule discard daily --dry-run", "arco schedule discard --all --yes")),
)
for _name, _act, _examples in _ACTS:
    schedule_app.command(_name, rich_help_panel=CHANGE, epilog=examples(*_examples))(_act)
