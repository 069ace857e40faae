"""`arco backup`: a copy of the database."""

from typing import Annotated

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.context import Session
from arco_sched.cli.help import Application
from arco_sched.cli.options import examples
from arco_sched.render.terminal import write

backup_app = Application(add_completion=False)


@backup_app.command(epilog=examples("arco backup arco-monday.db", "arco backup --replace /var/backups/arco.db"))
def backup(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="File to write.", show_default=False)],
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing file.")] = False,
    as_json: opt.Json = False,
) -> None:
    """Make a consistent copy of the database while others use it.

    The copy only appears under its name once it is complete. It is a database like any other: try
    `arco --db FILE verify`.
    """
    from pathlib import Path

    from arco_sched.render import backup as render

    session: Session = ctx.obj
    path = Path(file)
    with session.ask() as workspace:
        workspace.backup(path, replace=replace)
    session.has_changed = True
    size = path.stat().st_size
    write(render.as_json(file, size) if as_json else render.text(file, size))
