"""`arco prune`: remove old history."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.context import Session
from arco_sched.cli.help import Application
from arco_sched.cli.options import examples
from arco_sched.cli.progress import watched
from arco_sched.cli.signing import signed
from arco_sched.core.errors import InvalidInput
from arco_sched.core.instants import parse_minutes
from arco_sched.render.terminal import say, write

if TYPE_CHECKING:
    from arco_sched.core.ports import Store

prune_app = Application(add_completion=False)
compact_app = Application(add_completion=False)


@prune_app.command(epilog=examples("arco prune --older-than 90d --dry-run", "arco prune --older-than 52w"))
@signed
def prune(
    ctx: typer.Context,
    older_than: Annotated[
        str,
        typer.Option("--older-than", metavar="SPAN", help="Minimum age of what is removed, such as 90d, 12w or 36h."),
    ],
    unexecuted: Annotated[
        bool,
        typer.Option(
            "--unexecuted",
            help="Also remove requested runs that no worker takes, if your own executor is done with them.",
        ),
    ] = False,
    dry_run: opt.DryRun = False,
    as_json: opt.Json = False,
) -> None:
    """Remove old history: ticks, lapses, runs that have been final for as long, their events and their output.

    Definitions stay, and so do runs that are waiting, running, or were requested by hand. Nothing is made twice
    afterwards, and `arco why` and `arco verify` know what was pruned. There is no confirmation: try --dry-run first.
    `arco compact` then frees the disk space.
    """
    from arco_sched.render import pruning as render
    from arco_sched.service.workspace import Workspace

    session: Session = ctx.obj
    before = session.now - read_age(older_than) * 60
    with session.store(asking=dry_run) as store, watched("pruning") as show:
        answer = Workspace(store).prune(
            before=before,
            now=session.now,
            unexecuted=unexecuted,
            dry_run=dry_run,
            progress=lambda done, total: show("pruning", done, total),
        )
        _discard_files(session, store, before, dry_run=dry_run)
    write(render.as_json(answer) if as_json else render.text(answer))


@compact_app.command(epilog=examples("arco compact", "arco compact --json"))
def compact(ctx: typer.Context, as_json: opt.Json = False) -> None:
    """Return the disk space of pruned history to the file system.

    The file is rewritten through its write-ahead log, which briefly needs as much space again. Other processes can
    read meanwhile; writers wait. If another process writes for too long, it reports that the database is busy.
    """
    from arco_sched.render import pruning as render

    session: Session = ctx.obj
    with session.open() as workspace:
        answer = workspace.compact()
    if answer.is_shared:
        say("note: other processes have the database open: the file shrinks when they close it")
    write(render.compaction_as_json(answer) if as_json else render.compaction(str(session.path), answer))


def _discard_files(session: Session, store: "Store", before: int, *, dry_run: bool) -> None:
    """Remove the files of attempts that this machine has, and report how many."""
    path = session.runs_folder
    if sys.platform != "linux" or not Path(path).is_dir():
        return
    from arco_sched.execution.folder import NotOurs
    from arco_sched.execution.local import LocalExecutor
    from arco_sched.execution.pruning import discard_old

    executor = LocalExecutor(path, "", worker_environment={})
    try:
        count = discard_old(store, executor, path, before=before, dry_run=dry_run)
    except (NotOurs, OSError) as problem:
        say(f"warning: the output of old runs was not removed: {problem}")
        return
    if count:
        word = "would be" if dry_run else "was"
        say(f"note: the output of {count:,} attempt{'' if count == 1 else 's'} {word} removed")


def read_age(text: str) -> int:
    """The minutes of `--older-than`, at least a day.

    A number without a unit would be minutes, and `--older-than 90` a mistake that can't be undone: so it is refused.
    """
    if re.fullmatch(r"\s*\d+\s*", text):
        raise InvalidInput(
            f"--older-than {text.strip()[:20]} has no unit: write {text.strip()[:20]}d for days, or 36h, 12w"
        )
    minutes = parse_minutes(text, "--older-than")
    if minutes < 1440:
        raise InvalidInput(f"--older-than {text} is less than a day: `arco status` reports on the last day")
    return minutes
