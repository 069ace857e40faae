"""`arco apply` and `arco export`: definitions as a file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.context import Session, note_no_command, note_no_worker
from arco_sched.cli.help import Application
from arco_sched.cli.options import examples
from arco_sched.cli.signing import signed
from arco_sched.core.errors import InvalidFields, InvalidFile, InvalidInput
from arco_sched.render.terminal import Document, say, write

if TYPE_CHECKING:
    from arco_sched.service.apply import Applied

if TYPE_CHECKING:
    from arco_sched.service.workspace import Workspace

apply_app = Application(add_completion=False)
export_app = Application(add_completion=False)


def read_bytes(name: str) -> bytes:
    """The content of a file, or of stdin for `-`; raises `InvalidInput` if it can't be read."""
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise InvalidInput(f"can't read {name}: {error.strerror or error}") from None


def note_new(workspace: "Workspace", applied: "Applied") -> None:
    """Say which new schedules won't run as they may be meant: no worker yet, or no command where workers are used."""
    new = [change.version for change in applied.changes if change.change == "created"]
    if not applied.dry_run:
        note_no_worker(workspace, *((each.definition.request, each.definition.policy) for each in new))
        note_no_command(workspace, *new)


def say_besides(applied: "Applied") -> None:
    """Print warnings, and what still waits, next to the changes."""
    from arco_sched.render import applied as render

    for change in applied.changes:
        for warning in change.warnings:
            say(f"warning: {warning}")
    if waits := render.waiting(applied):
        say(waits)


@apply_app.command(
    epilog=examples("arco apply schedules.toml --dry-run", "arco apply schedules.toml", "arco apply team.toml --prune")
)
@signed
def apply(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="TOML file, or - for stdin.", show_default=False)],
    dry_run: opt.DryRun = False,
    prune: Annotated[bool, typer.Option("--prune", help="Delete schedules that are not in the file.")] = False,
    as_json: opt.Json = False,
) -> None:
    """Make the schedules match a file, all of them or none; creates the database if there is none.

    A schedule that was disabled by hand stays disabled unless the file says `enabled`. `arco export` writes such a
    file.
    """
    from arco_sched.formats.toml_file import NAMES, read
    from arco_sched.render import applied as render
    from arco_sched.service.apply import from_nothing

    session: Session = ctx.obj
    name = "stdin" if file == "-" else file
    given = read(read_bytes(file), name)
    if prune and not given.says_schedules:
        raise InvalidFile(
            name,
            (None, "it has no schedules, so --prune would delete all of them: add an empty [schedules] if you mean it"),
        )
    try:
        if not session.exists():  # so that bad input creates no database
            answer = from_nothing(given.wanted, session.now)
        if session.exists() or not dry_run:
            with session.ask() if dry_run else session.create() as workspace:
                answer = workspace.apply(given.wanted, now=session.now, prune=prune, dry_run=dry_run)
                note_new(workspace, answer)
    except InvalidFields as error:
        located = (
            (given.lines.get((schedule_id, problem.field)), f"schedule {schedule_id}: {problem.sentence(NAMES)}")
            for schedule_id, problem in error.by_schedule
        )
        raise InvalidFile(name, *located) from None
    say_besides(answer)
    if note := render.unlisted(answer.unlisted):
        say(note)
    if as_json:
        write(render.document(answer))
    else:
        render.draw(answer)


@export_app.command(
    epilog=examples("arco export", "arco export --json", "arco export --schema"),
)
def export(
    ctx: typer.Context,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of such a file, for editors; needs no database.")
    ] = False,
    as_json: opt.Json = False,
) -> None:
    """Print the schedules as a TOML file for `arco apply`.

    Applying the file changes nothing. With --json it is the same document as JSON.
    """
    session: Session = ctx.obj
    if schema:
        from importlib.resources import files

        write(Document((files("arco_sched") / "schedules.schema.json").read_text("utf-8")))
        return
    from arco_sched.formats import toml_file as definitions
    from arco_sched.render.json import line
    from arco_sched.service.signed import newest
    from arco_sched.service.workspace import Workspace

    with session.store(asking=True) as store:
        versions = [schedule.version for schedule in Workspace(store).schedules()]
        with store.read() as transaction:
            comments = newest(transaction)
    write(line(definitions.document(versions)) if as_json else Document(definitions.write(versions, comments)))
