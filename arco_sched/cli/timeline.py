"""`arco timeline`: the history as a picture."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.completion import complete_schedule
from arco_sched.cli.context import Session
from arco_sched.cli.help import Application
from arco_sched.cli.options import Problems, examples
from arco_sched.core.cron import load_zone
from arco_sched.core.errors import InvalidInput
from arco_sched.render.terminal import say, write

if TYPE_CHECKING:
    from arco_sched.service.workspace import Workspace

MAX_DAYS: Final = 3660
JSON_COLUMNS: Final = 64

timeline_app = Application(add_completion=False)


@timeline_app.command(
    epilog=examples(
        "arco timeline",
        "arco timeline daily load --days 7",
        "arco timeline daily --days 365",
        "arco timeline --hours 6 --svg report.svg",
    )
)
def timeline(
    ctx: typer.Context,
    schedule_ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]...",
            help="Schedule ids (default: all that are not deleted).",
            autocompletion=complete_schedule,
            show_default=False,
        ),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option("--days", metavar="N", help="Days to look back, 28 or more as a calendar (default: 1)."),
    ] = None,
    hours: Annotated[int | None, typer.Option("--hours", metavar="N", help="Hours to look back.")] = None,
    svg: Annotated[
        str | None,
        typer.Option(
            "--svg", metavar="FILE", help="Write it to this file as an SVG picture instead.", rich_help_panel=opt.OUTPUT
        ),
    ] = None,
    tz: opt.Tz = None,
    utc: opt.Utc = False,
    as_json: opt.Json = False,
) -> None:
    """Draw the history of schedules over time, and some of what comes next.

    Times are in the schedules' zone if they share one, else in UTC. Shapes and colors say the same.
    """
    from arco_sched.render import picture
    from arco_sched.render import timeline as render

    session: Session = ctx.obj
    problems = Problems()
    problems.add("give --days or --hours, not both", when=days is not None and hours is not None)
    problems.add(f"--days must be between 1 and {MAX_DAYS}", when=days is not None and not 1 <= days <= MAX_DAYS)
    problems.add(
        f"--hours must be between 1 and {MAX_DAYS * 24}", when=hours is not None and not 1 <= hours <= MAX_DAYS * 24
    )
    problems.add("--svg needs a file name", when=svg == "")
    chosen_zone = problems.attempt(lambda: opt.zone_of(utc=utc, tz=tz))
    problems.check()
    length = hours * 3600 if hours is not None else (days or 1) * 86_400
    with session.ask() as workspace:
        names, zone = _which(workspace, schedule_ids, chosen_zone)
        if not names and not as_json:
            say("No schedules: `arco schedule create ID --cron EXPR` creates one.")
            return
        if svg is not None:
            from arco_sched.render.svg import COLUMNS

            room = COLUMNS
        elif as_json:
            room = JSON_COLUMNS
        else:
            width = render.columns()
            room = (width - render.label_width(names, width) - 1) // render.SPREAD
        chosen = picture.plan(session.now, length, zone, room)
        answer = workspace.timeline(chosen.edges, now=session.now, schedules=names)
    clock = load_zone(zone)
    offsets = (clock.offset_at(chosen.edges[0]), clock.offset_at(chosen.edges[-1]))
    if svg is not None:
        from arco_sched.cli.files import write_whole
        from arco_sched.render.svg import picture as svg_picture

        write_whole(svg, svg_picture(answer, chosen, *offsets), "--svg")
        session.has_changed = True
    if as_json:
        write(render.as_json(answer, chosen))
    elif svg is None:
        render.draw(answer, chosen, *offsets)
    else:
        say(f"Wrote {svg}")


def _which(workspace: "Workspace", schedule_ids: list[str] | None, chosen: str | None) -> tuple[list[str], str]:
    """The schedules in the picture and the zone of its axis."""
    schedules = {each.version.schedule_id: each.version for each in workspace.schedules(deleted=True)}
    names = list(dict.fromkeys(schedule_ids or [name for name, version in schedules.items() if not version.deleted]))
    zones = {schedules[name].definition.timezone for name in names if name in schedules}
    if chosen is not None or len(zones) != 1:
        return names, chosen or "UTC"
    zone = zones.pop()
    try:
        load_zone(zone)
    except InvalidInput:  # lost since
        return names, "UTC"
    return names, zone
