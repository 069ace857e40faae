"""`arco tick`: one evaluation. cron calls it each minute, so it imports nothing that it does not need."""

import time
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperCommand

from arco_sched.cli import options as opt
from arco_sched.cli.context import Session, clocks
from arco_sched.cli.exits import ExitCode
from arco_sched.cli.options import examples
from arco_sched.errors import NotFound
from arco_sched.instants import parse_instant
from arco_sched.render.terminal import is_terminal, write

if TYPE_CHECKING:
    from typer._click import Context

    from arco_sched.model import Evaluation
    from arco_sched.service.workspace import Workspace

SHOWN: Final = 20
"""Ticks that are shown to a person; the others are in `arco ticks list`."""

SEARCHED: Final = 1000
"""Ticks among which the conflicts of an evaluation are looked for."""

tick_app = typer.Typer(add_completion=False)


class _TickCommand(TyperCommand):
    """`--now` may stand alone, which means the clock, as it does when it is not there."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        bare = [
            place
            for place, argument in enumerate(args)
            if argument == "--now" and (place + 1 == len(args) or args[place + 1].startswith("-"))
        ]
        return super().parse_args(ctx, [argument for place, argument in enumerate(args) if place not in bare])


@tick_app.command(
    cls=_TickCommand,
    epilog=examples(
        "arco tick",
        "arco tick --quiet",
        "arco tick --now 2025-01-15T10:30:00Z --dry-run",
        "arco tick --schedule daily --json",
    ),
)
def tick(
    ctx: typer.Context,
    now: Annotated[
        str | None,
        typer.Option("--now", metavar="[INSTANT]", help="Evaluate as of this instant; alone, as of the clock."),
    ] = None,
    schedule: Annotated[
        list[str] | None,
        typer.Option(
            "--schedule",
            metavar="ID",
            help="Only this schedule; repeatable.",
            autocompletion=opt.complete_schedule,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be recorded; record nothing.")] = False,
    allow_future: Annotated[bool, typer.Option("--allow-future", help="Let --now be ahead of the clock.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing when all is well.", rich_help_panel=opt.OUTPUT)
    ] = False,
    utc: opt.Utc = False,
    as_json: opt.Json = False,
) -> ExitCode:
    """Evaluate the schedules once: what is due becomes ticks and run requests.

    Doing so twice, or from several machines at once, makes nothing twice. Exit code 5: a schedule can't be evaluated.
    """
    session: Session = ctx.obj
    at = session.now if now is None else parse_instant(now, "--now")
    if now is not None and not (allow_future or dry_run):
        from arco_sched.evaluate import check_now

        check_now(at, session.now)
    if not (schedule or dry_run) and session.nothing_due(at):
        # Most evaluations end here, and have loaded neither the evaluator nor the tables of an answer.
        if as_json or not quiet:
            _show_nothing(at, as_json=as_json)
        return ExitCode.DONE
    with session.open() as workspace:
        answer = _evaluate(workspace, at, schedule or (), dry_run=dry_run, watched=not quiet)
        code = ExitCode.FAILURES if answer.failed else ExitCode.DONE
        try:
            _show(workspace, answer, quiet=quiet, utc=utc, as_json=as_json)
        except BrokenPipeError:
            # The evaluation is done, and its verdict holds whether or not somebody reads the rest.
            if code is ExitCode.DONE:
                raise
    return code


def _evaluate(
    workspace: "Workspace", at: int, schedules: "list[str] | tuple[()]", *, dry_run: bool, watched: bool
) -> "Evaluation":
    if not (watched and is_terminal(to_stderr=True)):
        return workspace.evaluate(at, schedules=schedules, dry_run=dry_run)
    from arco_sched.render.progress import Bar

    started, bar = time.monotonic(), Bar()

    def progress(done: int, total: int) -> None:
        if time.monotonic() - started > 1:
            bar.update(done, total)

    try:
        return workspace.evaluate(at, schedules=schedules, dry_run=dry_run, progress=progress)
    finally:
        bar.close()


def _show_nothing(now: int, *, as_json: bool) -> None:
    if as_json:
        from arco_sched.model import Evaluation
        from arco_sched.render.json import evaluation

        write(evaluation(Evaluation.of_nothing(now)))
    else:
        from arco_sched.render.sentences import nothing_due

        write(nothing_due(now))


def _show(workspace: "Workspace", answer: "Evaluation", *, quiet: bool, utc: bool, as_json: bool) -> None:
    if as_json:
        from arco_sched.render.json import evaluation

        write(evaluation(answer))
        return
    if quiet and not (answer.failed or answer.conflicts):
        return
    from arco_sched.render import sentences

    if quiet:
        if answer.failed:
            write(sentences.failed(answer.failed) + "\n")
        if answer.conflicts:
            write(sentences.conflicts(answer.conflicts, _conflicting(workspace, answer)) + "\n")
    elif not answer.evaluated:
        write(sentences.nothing_due(answer.now))
    else:
        from arco_sched.render.tables import evaluation as draw

        draw(
            answer,
            list(islice(answer.ticks, SHOWN)),
            list(islice(answer.lapses, SHOWN)),
            _conflicting(workspace, answer) if answer.conflicts else [],
            clocks(workspace, utc=utc),
        )


def _conflicting(workspace: "Workspace", answer: "Evaluation") -> list[str]:
    """The first few ticks whose run key was reserved for another content; none of a dry run, which has no ticks yet."""
    found: list[str] = []
    if not answer.dry_run:
        for each in islice(answer.ticks, SEARCHED):
            if len(found) < 3 and _is_conflict(workspace, each):
                found.append(each.tick_id)
    return found


def _is_conflict(workspace: "Workspace", tick: Any) -> bool:
    try:
        detail = workspace.tick(tick.tick_id)
    except NotFound:
        return False
    return detail.run is not None and detail.run.request_fingerprint != tick.request_fingerprint
