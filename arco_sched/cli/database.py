"""Commands about the database itself."""

from typing import Annotated

import typer

from arco_sched.cli.context import Session
from arco_sched.cli.options import Json, examples

init_app = typer.Typer(add_completion=False)


@init_app.command(epilog=examples("arco init", "arco --db team.db init --workspace team"))
def init(
    ctx: typer.Context,
    workspace: Annotated[
        str | None, typer.Option("--workspace", metavar="NAME", help="Its name, fixed for ever (default).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make the database; one that exists is left as it is.

    Run ids depend on the workspace's name, so it never changes. `schedule create` makes a database too.
    """
    from arco_sched.render.sentences import made
    from arco_sched.render.terminal import write

    session: Session = ctx.obj
    with session.create(workspace) as opened:
        write(made(str(session.path), opened.name, new=opened.made, as_json=as_json))
