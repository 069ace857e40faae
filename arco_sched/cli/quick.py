"""The quick way of the lines that cron calls each minute: nothing reads a command line.

`arco [--db PATH] tick --quiet`: where nothing is due and nobody else has the database open, one statement does it.
Otherwise the steps are those of every evaluation: open the database, ask whether anything is due, and only then load
the evaluator. `arco [--db PATH] work --once [--tick] --quiet`: with nothing to do it is done here, else the command
does it. What this module imports is paid for each minute.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


_WORK = (["work", "--once", "--quiet"], ["work", "--once", "--tick", "--quiet"])


def is_cron_line(argv: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether this is `arco [--db PATH] tick --quiet`."""
    return _command(argv) == ["tick", "--quiet"] and "_ARCO_COMPLETE" not in environ


def is_done(argv: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether this is `arco [--db PATH] work --once [--tick] --quiet` and has nothing to do, so that it is done now."""
    if _command(argv) not in _WORK or "_ARCO_COMPLETE" in environ or sys.platform != "linux":
        return False
    database, now = _given(argv, environ)
    try:
        if os.geteuid() == 0 and _refusable(database):
            return False
        return _nothing_to_execute(database, now, ticks="--tick" in argv)
    except OSError:  # which the command explains
        return False


def _command(argv: Sequence[str]) -> list[str]:
    """The arguments behind `--db PATH`."""
    return list(argv[2:] if argv[:1] == ["--db"] else argv)


def _given(argv: Sequence[str], environ: Mapping[str, str]) -> tuple[Path | str, int]:
    """The database and the clock, as `Session` gives them to a command."""
    named = argv[1] if argv[0] == "--db" else None
    database: Path | str | None = environ.get("ARCO_DB") if named is None else named
    if database and not environ.get("ARCO_NOW"):
        from time import time

        return database, int(time())
    from arco_sched.cli.context import Session

    session = Session(named, environ)
    return session.path, session.now


def _refusable(database: Path | str) -> bool:
    """Whether somebody beside root can write what a worker that is root works with: that is judged elsewhere."""
    from arco_sched.execution.writers import writers

    return any(writers(f"{database}{suffix}") for suffix in ("", "-wal", "-shm", ".runs"))


def _nothing_to_execute(database: Path | str, now: int, *, ticks: bool) -> bool:
    from arco_sched.configuration import open_store
    from arco_sched.service.nothing_due import nothing_to_execute

    store = open_store(database)
    try:
        return nothing_to_execute(store, now, ticks=ticks)
    finally:
        store.close()


def tick(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Evaluate as the command does; returns its exit code."""
    database, now = _given(argv, environ)
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
        from arco_sched.render.terminal import guarded_stdout
        from arco_sched.service.workspace import Workspace

        with guarded_stdout():
            return evaluate(Workspace(store), now, quiet=True)
    finally:
        store.close()
