"""`arco prune`: remove old history."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.context import Session
from arco_sched.cli.options import examples
from arco_sched.cli.progress import watched
from arco_sched.cli.signing import signed
from arco_sched.core.errors import InvalidInput
from arco_sched.core.instants import parse_minutes
from arco_sched.render.terminal import say, write

if TYPE_CHECKING:
    from arco_sched.core.ports import Store

prune_app = typer.Typer(add_completion=False)
compact_app = typer.Typer(add_completion=False)


@prune_app.command(epilog=examples("arco prune --older-than 90d --dry-run", "arco prune --older-than 52w"))
@signed
def prune(
    ctx: typer.Context,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="SPAN", help="How old history must be to go: 90d, 12w, 36h.")
    ],
    unexecuted: Annotated[
        bool,
        typer.Option(
            "--unexecuted",
            help="Runs that no worker takes go too: whoever executes by events is done with what is that old.",
        ),
    ] = False,
    dry_run: opt.DryRun = False,
    as_json: opt.Json = False,
) -> None:
    """Remove old history: ticks, lapses, runs that are final for as long, their events and their output.

    Definitions stay, and so does what is requested, runs, or was requested by hand; nothing is made twice because of
    it. `why` and `verify` know what was pruned. It asks nothing; look first with --dry-run. `arco compact` then gives
    the space back.
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
    """Give the space of what was pruned back to the file system.

    The file is written anew, through its log, which takes as much room again for a moment. Others read meanwhile, and
    whoever writes waits; where somebody else writes for too long, it says that the database is busy.
    """
    from arco_sched.render import pruning as render

    session: Session = ctx.obj
    with session.open() as workspace:
        answer = workspace.compact()
    if answer.is_shared:
        say("note: others have the database open, and the file becomes smaller when they are done")
    write(render.compaction_as_json(answer) if as_json else render.compaction(str(session.path), answer))


def _discard_files(session: Session, store: "Store", before: int, *, dry_run: bool) -> None:
    """Remove the files of attempts, where this machine has any, and say how many."""
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
