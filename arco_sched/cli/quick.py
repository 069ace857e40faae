"""The quick way for the lines that cron calls every minute: no command line is parsed.

`arco [--db PATH] tick --quiet`: if nothing is due and no other process has the database open, one statement is all.
Otherwise the steps are those of every evaluation: open the database, check whether anything is due, and only then load
the evaluator. `arco [--db PATH] work --once [--tick] --quiet [--slots N]`: if there is nothing to do it ends here, else
the command takes over. The imports of this module are paid for every minute.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from arco_sched.core.ports import Store


_WORK = (["work", "--once", "--quiet"], ["work", "--once", "--tick", "--quiet"])


def is_cron_line(argv: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether this is `arco [--db PATH] tick --quiet`."""
    return _command(argv) == ["tick", "--quiet"] and "_ARCO_COMPLETE" not in environ


def is_done(argv: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether this is `arco [--db PATH] work --once [--tick] --quiet [--slots N]` with nothing to do, and therefore
    done."""
    if _without_slots(_command(argv)) not in _WORK or "_ARCO_COMPLETE" in environ or sys.platform != "linux":
        return False
    database, now = _given(argv, environ)
    try:
        if os.geteuid() == 0 and _refusable(database):
            return False
        return _nothing_to_execute(database, now, ticks="--tick" in argv)
    except OSError:  # the command explains it
        return False


def _command(argv: Sequence[str]) -> list[str]:
    """The arguments after `--db PATH`."""
    return list(argv[2:] if argv[:1] == ["--db"] else argv)


def _without_slots(command: list[str]) -> list[str]:
    """A command without a number of slots at its end: with nothing to do it makes no difference."""
    given = command[-2:-1] == ["--slots"] and command[-1].isascii() and command[-1].isdigit() and command[-1] > "0"
    return command[:-2] if given else command


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
    """Whether anyone but root can write to the files of a worker that is root: the command decides about that."""
    from arco_sched.execution.writers import writers

    return any(writers(f"{database}{suffix}") for suffix in ("", "-wal", "-shm", ".runs"))


def _nothing_to_execute(database: Path | str, now: int, *, ticks: bool) -> bool:
    from arco_sched.configuration import open_store
    from arco_sched.service.nothing_due import nothing_to_execute

    store = open_store(database)
    _note_upgrade(store)
    try:
        return nothing_to_execute(store, now, ticks=ticks)
    finally:
        store.close()


def _note_upgrade(store: Store) -> None:
    if store.brought_forward is not None:
        from arco_sched.cli.context import note_upgrade

        note_upgrade(store)


def tick(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Evaluate like the command; returns its exit code."""
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
    _note_upgrade(store)
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
