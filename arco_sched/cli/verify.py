"""`arco verify`: proof that nothing was lost, duplicated or altered."""

from typing import TYPE_CHECKING, Final

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.context import Session
from arco_sched.cli.exits import ExitCode
from arco_sched.cli.help import Application
from arco_sched.cli.names import HINTS, option_of
from arco_sched.cli.options import examples
from arco_sched.cli.progress import watched
from arco_sched.core.errors import DatabaseUnusable
from arco_sched.core.problems import Names
from arco_sched.render.terminal import write

if TYPE_CHECKING:
    from arco_sched.service.verification.findings import Verification
    from arco_sched.service.workspace import Workspace

_NAMES: Final = Names(
    option_of,
    entry="{field}",
    key="{field} key",
    value="{field} {key}",
    hints={**HINTS, "restore": "restore a backup", "verify": "restore a backup"},
)
"""What to do where verify itself can't read the database."""

verify_app = Application(add_completion=False)


@verify_app.command(epilog=examples("arco verify", "arco verify --json", "arco --db backup.db verify"))
def verify(ctx: typer.Context, as_json: opt.Json = False) -> ExitCode:
    """Verify the tables against the events, and every occurrence against its tick or lapse.

    It prints one line per difference, and exits with 7 if there is any. It writes nothing, and other processes can work
    meanwhile.
    """
    from arco_sched.render import verification as render

    session: Session = ctx.obj
    try:
        with session.ask() as workspace:
            answer = _verify(workspace)
    except DatabaseUnusable as error:
        raise DatabaseUnusable(*error.worded(_NAMES)) from None
    write(render.as_json(answer) if as_json else render.text(answer))
    return ExitCode.DONE if answer.ok else ExitCode.CHECK


def _verify(workspace: "Workspace") -> "Verification":
    with watched("events") as show:
        return workspace.verify(show)
