"""The door: argv -> exit code. Every outcome of a command becomes an exit code and at most one line here.

Imports of this module are paid for by every call of `arco`, so there are next to none.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from arco_sched.cli.exits import ExitCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import NoReturn


def main() -> NoReturn:
    """The console script."""
    try:
        code = run(sys.argv[1:], os.environ)
    except KeyboardInterrupt:  # outside of the command: while it was being loaded, or while it was leaving
        code = ExitCode.INTERRUPTED
    sys.exit(code)


def run(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command; what it answers is on stdout, what it says besides on stderr. Returns the exit code.

    `environ` gives `ARCO_DB`, `ARCO_NOW` and `ARCO_DEBUG`; with the last, an unforeseen error is raised.
    """
    code: int = ExitCode.DONE
    try:
        _prepare_streams()
        code = _dispatch(argv, environ)
        if sys.stdout is not None:
            sys.stdout.flush()
    except SystemExit as done:  # completion, and rich where the reader of a help page has gone
        code = done.code if isinstance(done.code, int) else ExitCode.DONE
    except BrokenPipeError:  # whoever read the output has gone, and wants nothing more
        _discard_output()
    return code


def _dispatch(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    from arco_sched.errors import ArcoError

    try:
        _check_text(argv)
        if _is_cron_line(argv, environ):
            return _tick_quietly(argv, environ)
        return _invoke(argv, environ)
    except ArcoError as error:
        return _report(argv, _code_of(error), str(error), error)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        if environ.get("ARCO_DEBUG"):
            raise
        what = f"unforeseen {type(error).__name__}: {error} (set ARCO_DEBUG=1 to see where)"
        return _report(argv, ExitCode.UNFORESEEN, what)


def _is_cron_line(argv: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether this is `arco [--db PATH] tick --quiet`, the line that cron calls each minute."""
    return (
        list(argv[-2:]) == ["tick", "--quiet"]
        and (len(argv) == 2 or (len(argv) == 4 and argv[0] == "--db"))
        and "_ARCO_COMPLETE" not in environ
    )


def _tick_quietly(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """What `arco [--db PATH] tick --quiet` does, without all that reads a command line."""
    named = argv[1] if len(argv) == 4 else None
    database = environ.get("ARCO_DB") if named is None else named
    if database and not environ.get("ARCO_NOW"):
        from time import time

        now = int(time())
        if _is_done_already(database, now):
            return ExitCode.DONE
        from arco_sched.cli.context import Session

        session = Session(named, environ)
    else:
        from arco_sched.cli.context import Session

        session = Session(named, environ)
        now = session.now
        if _is_done_already(session.path, now):
            return ExitCode.DONE
    from arco_sched.cli.evaluation import evaluate

    return evaluate(session, now, quiet=True)


def _is_done_already(database: str | Path, now: int) -> bool:
    """Whether nothing is due, as most of the time, so that the evaluation is done; if not, nothing was changed."""
    from arco_sched.service.visit import nothing_due_in

    try:
        # Nobody waits here for whoever is writing: the evaluation itself does.
        return nothing_due_in(database, now, busy_timeout=0)
    except Exception:  # the evaluation will meet it again, and say what it is
        return False


def _invoke(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    # `main` of the app would turn a closed pipe into an exit of its own and hide what was asked under `--json`, so
    # the two steps that it consists of are done here.
    from typer import Abort, Exit, TyperException

    from arco_sched.cli.app import command

    app = command()
    if "_ARCO_COMPLETE" in environ:
        app.main(list(argv), prog_name="arco", standalone_mode=False)
    try:
        with app.make_context("arco", list(argv), obj=environ) as context:
            code = app.invoke(context)
        return int(code or ExitCode.DONE)
    except Exit as done:
        return done.exit_code
    except Abort:
        return ExitCode.INTERRUPTED
    except TyperException as error:
        message = error.format_message().rstrip(".")
        # Those about the arguments of a command know it: typer has no public name for them.
        where = getattr(getattr(error, "ctx", None), "command_path", "arco")
        if getattr(error, "option_name", None) == "--db":
            message += f": it stands before the command, `arco --db PATH {where.removeprefix('arco ')}`"
        return _report(argv, ExitCode.USAGE, f"{message} (`{where} --help` shows how)")


def _check_text(argv: Sequence[str]) -> None:
    """Refuse arguments that are no text: they could be neither stored nor shown."""
    from arco_sched.errors import InvalidInput

    for argument in argv:
        if not argument.isascii() and any("\ud800" <= char <= "\udfff" for char in argument):
            raise InvalidInput(f"the argument {argument[:60]!a} is not valid UTF-8")
        if "\0" in argument:
            raise InvalidInput(f"the argument {argument[:60]!a} has a NUL character in it")


def _code_of(error: Exception) -> ExitCode:
    from arco_sched import errors

    codes = (
        (errors.InvalidInput, ExitCode.USAGE),
        (errors.NotFound, ExitCode.NOT_FOUND),
        (errors.Conflict, ExitCode.CONFLICT),
        (errors.DatabaseUnusable, ExitCode.DATABASE),
    )
    return next((code for kind, code in codes if isinstance(error, kind)), ExitCode.UNFORESEEN)


def _report(argv: Sequence[str], code: ExitCode, message: str, error: Exception | None = None) -> ExitCode:
    """Say what went wrong: one line on stderr (of a file, one a problem), or under `--json` a document on stdout."""
    from arco_sched.errors import InvalidFile
    from arco_sched.render.terminal import printable, say, shortened, write

    located = error.located if isinstance(error, InvalidFile) else ()
    if "--json" in argv:
        from arco_sched.render import json

        problems = [(line, printable(shortened(text))) for line, text in located]
        write(json.error(code, printable(shortened(message)), problems))
    else:
        for text in error.problems if isinstance(error, InvalidFile) else (message,):
            say(f"arco: {printable(shortened(text))}")
    return code


def _prepare_streams() -> None:
    # A terminal that can't show a character gets its number, not a traceback.
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """Let what is still buffered go nowhere: the interpreter would complain about the closed pipe at its end."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
