"""Commands about the database itself."""

from typing import Annotated

import typer

from arco_sched.cli.context import Session
from arco_sched.cli.help import Application
from arco_sched.cli.options import Json, examples

init_app = Application(add_completion=False)


@init_app.command(epilog=examples("arco init", "arco --db team.db init --workspace team"))
def init(
    ctx: typer.Context,
    workspace: Annotated[
        str | None,
        typer.Option("--workspace", metavar="NAME", help="Workspace name, which never changes (default: default)."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Create the database; an existing one is left unchanged.

    Run ids depend on the workspace name, so it never changes. `arco schedule create` creates a database too.
    """
    from arco_sched.render.sentences import made
    from arco_sched.render.terminal import write

    session: Session = ctx.obj
    with session.create(workspace) as opened:
        write(made(str(session.path), opened.name, new=opened.made, as_json=as_json))
