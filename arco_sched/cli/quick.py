"""The quick way of `arco [--db PATH] tick --quiet`, the line that cron calls each minute: nothing reads a command line.

Where nothing is due and nobody else has the database open, one statement does it. Otherwise the steps are those of
every evaluation: open the database, ask whether anything is due, and only then load the evaluator. What this module
imports is paid for each minute.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def is_cron_line(argv: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether this is `arco [--db PATH] tick --quiet`."""
    return (
        list(argv[-2:]) == ["tick", "--quiet"]
        and (len(argv) == 2 or (len(argv) == 4 and argv[0] == "--db"))
        and "_ARCO_COMPLETE" not in environ
    )


def tick(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Evaluate as the command does; returns its exit code."""
    named = argv[1] if len(argv) == 4 else None
    database: Path | str | None = environ.get("ARCO_DB") if named is None else named
    if database and not environ.get("ARCO_NOW"):
        from time import time

        now = int(time())
    else:
        from arco_sched.cli.context import Session

        session = Session(named, environ)
        now, database = session.now, session.path
    from arco_sched.configuration import visit_alone

    try:
        return 0 if visit_alone(database, now) else _tick(database, now)
    except OSError as error:
        from arco_sched.cli.context import unusable_path

        raise unusable_path(database, error) from None


def _tick(database: Path | str, now: int) -> int:
    from arco_sched.configuration import open_store
    from arco_sched.service.nothing_due import nothing_due

    store = open_store(database)
    try:
        if nothing_due(store, now):
            return 0
        from arco_sched.cli.tick_due import evaluate
        from arco_sched.service.workspace import Workspace

        return evaluate(Workspace(store), now, quiet=True)
    finally:
        store.close()
