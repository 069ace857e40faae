"""Keeping a database well: copies, pruning, backfilling, and bringing order back after a clock that was wrong."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.completion import complete_schedule
from arco_sched.cli.context import Session, clocks
from arco_sched.cli.moments import read_moment
from arco_sched.cli.options import FORMS, Problems, examples
from arco_sched.cli.progress import watched
from arco_sched.core.errors import InvalidInput
from arco_sched.core.instants import parse_minutes
from arco_sched.render.terminal import say, write

if TYPE_CHECKING:
    from arco_sched.core.ports import Store

backup_app = typer.Typer(add_completion=False)
prune_app = typer.Typer(add_completion=False)
backfill_app = typer.Typer(add_completion=False)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be recorded; record nothing.")]


@backup_app.command(epilog=examples("arco backup arco-monday.db", "arco backup --replace /var/backups/arco.db"))
def backup(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The copy to write.", show_default=False)],
    replace: Annotated[bool, typer.Option("--replace", help="Replace a file of that name.")] = False,
    as_json: opt.Json = False,
) -> None:
    """Copy the database, consistently, while others work.

    The copy appears under its name only when it is whole; it is a database like any other (`arco --db FILE verify`).
    """
    from arco_sched.render import upkeep

    session: Session = ctx.obj
    path = Path(file)
    with session.open() as workspace:
        workspace.backup(path, replace=replace)
    size = path.stat().st_size
    write(upkeep.backup_json(file, size) if as_json else upkeep.backup(file, size))


def rewind(
    ctx: typer.Context,
    schedule_ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]...",
            help="The schedules; none for every one that is ahead of the clock.",
            autocompletion=complete_schedule,
            show_default=False,
        ),
    ] = None,
    dry_run: DryRun = False,
    utc: opt.Utc = False,
    as_json: opt.Json = False,
) -> None:
    """Bring schedules back that are accounted for beyond the clock.

    For after a clock that was wrong, or an --allow-future that was a mistake: until then nothing would be due. Ticks
    beyond the clock stay; when their time comes they are found, and not made twice. Doing it again changes nothing.
    """
    from arco_sched.render import upkeep

    session: Session = ctx.obj
    with session.open() as workspace:
        answer = workspace.rewind(now=session.now, schedules=schedule_ids or (), dry_run=dry_run)
        if as_json:
            write(upkeep.rewound_json(answer, session.now, dry_run=dry_run))
        else:
            write(upkeep.rewound(answer, clocks(workspace, utc=utc), dry_run=dry_run))


def discard(
    ctx: typer.Context, schedule_id: opt.Id, dry_run: DryRun = False, utc: opt.Utc = False, as_json: opt.Json = False
) -> None:
    """Let everything of a schedule that waits lapse, with reason `discarded`.

    For a backlog that nobody needs any more. What is due from now on is not affected.
    """
    from arco_sched.render import upkeep

    session: Session = ctx.obj
    with session.open() as workspace:
        answer = workspace.discard(schedule_id, now=session.now, dry_run=dry_run)
        if as_json:
            write(upkeep.discarded_json(schedule_id, answer, dry_run=dry_run))
        else:
            write(upkeep.discarded(schedule_id, answer, clocks(workspace, utc=utc), dry_run=dry_run))


@backfill_app.command(
    epilog=examples(
        "arco backfill daily --from 2025-01-01 --to 2025-01-08 --dry-run",
        'arco backfill daily --from "last week" --to yesterday',
        "arco backfill daily --from 2025-01-01T10:00:00Z --to now --limit 5",
    )
)
def backfill(
    ctx: typer.Context,
    schedule_id: opt.Id,
    start: Annotated[str, typer.Option("--from", metavar="INSTANT", help=f"From this instant on, inclusive: {FORMS}.")],
    stop: Annotated[str, typer.Option("--to", metavar="INSTANT", help="Until before this instant.")],
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", help="Make at most so many ticks, the oldest first; up to 10000.")
    ] = 1000,
    dry_run: DryRun = False,
    utc: opt.Utc = False,
    as_json: opt.Json = False,
) -> None:
    """Request runs for occurrences that lapsed, were paused, or lie before the start.

    One that was triggered is left alone, and so is one that waits for `arco tick`. Doing it again finds what is there.
    """
    from arco_sched.render import upkeep

    session: Session = ctx.obj
    problems = Problems()
    begin = problems.attempt(lambda: read_moment(start, "--from", session.now))
    end = problems.attempt(lambda: read_moment(stop, "--to", session.now))
    problems.check()
    if begin is None or end is None:
        raise AssertionError
    with session.open() as workspace:
        answer = workspace.backfill(schedule_id, start=begin, stop=end, now=session.now, limit=limit, dry_run=dry_run)
        if as_json:
            write(upkeep.backfill_json(answer))
        else:
            upkeep.backfill(answer, clocks(workspace, utc=utc))


@prune_app.command(epilog=examples("arco prune --older-than 90d --dry-run", "arco prune --older-than 52w"))
def prune(
    ctx: typer.Context,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="SPAN", help="How old history must be to go: 90d, 12w, 36h.")
    ],
    dry_run: DryRun = False,
    as_json: opt.Json = False,
) -> None:
    """Remove old history: ticks, lapses and their events, and the output of runs that ended long ago.

    Definitions, runs and run keys stay, so nothing is ever made twice because of it. `why` and `verify` know what was
    pruned. It asks nothing; look first with --dry-run.
    """
    from arco_sched.render import upkeep
    from arco_sched.service.workspace import Workspace

    session: Session = ctx.obj
    before = session.now - read_age(older_than) * 60
    with session.store() as store, watched("pruning") as show:
        answer = Workspace(store).prune(
            before=before, now=session.now, dry_run=dry_run, progress=lambda done, total: show("pruning", done, total)
        )
        _discard_files(session, store, before, dry_run=dry_run)
    write(upkeep.pruning_json(answer) if as_json else upkeep.pruning(answer))


def _discard_files(session: Session, store: "Store", before: int, *, dry_run: bool) -> None:
    """Remove the files of attempts, where this machine has any, and say how many."""
    path = Path(f"{session.path.absolute()}.runs")
    if sys.platform != "linux" or not path.is_dir():
        return
    from arco_sched.execution.folder import NotOurs
    from arco_sched.execution.local import LocalExecutor
    from arco_sched.execution.pruning import discard_old

    executor = LocalExecutor(str(path), "", worker_environment={})
    try:
        count = discard_old(store, executor, str(path), before=before, dry_run=dry_run)
    except (NotOurs, OSError) as problem:
        say(f"warning: the output of old runs stays: {problem}")
        return
    if count:
        word = "would be" if dry_run else "is"
        say(f"note: the output of {count:,} attempt{'' if count == 1 else 's'} {word} removed")


def read_age(text: str) -> int:
    """The minutes of `--older-than`, a day or more.

    A bare number would be minutes, and `--older-than 90` a mistake that can't be undone: the unit must be said.
    """
    if re.fullmatch(r"\s*\d+\s*", text):
        raise InvalidInput(
            f"--older-than {text.strip()[:20]} has no unit: write {text.strip()[:20]}d for days, or 36h, 12w"
        )
    minutes = parse_minutes(text, "--older-than")
    if minutes < 1440:
        raise InvalidInput(f"--older-than {text} is less than a day: `arco status` counts what the last day brought")
    return minutes
