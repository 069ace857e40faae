"""The entry point: argv -> exit code. Every outcome of a command becomes an exit code and at most one line here.

Every call of `arco` pays for the imports of this module, so there are next to none (not even the exit codes, since they
are an enumeration).
"""

from __future__ import annotations

import os
import sys

from arco_sched.cli import quick

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

    from arco_sched.cli.exits import ExitCode
    from arco_sched.core.errors import ArcoError


def main() -> NoReturn:
    """The console script."""
    try:
        code = run(sys.argv[1:], os.environ)
    except KeyboardInterrupt:  # outside of the command: during its import, or on exit
        code = _interrupted()
    sys.exit(code)


def run(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command; its answer goes to stdout, notes and errors go to stderr. Returns the exit code.

    `environ` gives `ARCO_DB`, `ARCO_NOW` and `ARCO_DEBUG`; with the last, an unexpected error is raised.
    """
    try:
        _prepare_streams()
        code = _dispatch(argv, environ)
        _flush()
    except SystemExit as done:  # from completion, and from rich if the reader of a help page is gone
        code = done.code if isinstance(done.code, int) else 0
    except BrokenPipeError:  # the reader of the output is gone
        code = 0
        _discard_output()
    except OSError as error:  # of stdout itself: `_dispatch` reports all others
        code = _no_room(error)
    return code


def _dispatch(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    try:
        _check_text(argv)
        if quick.is_cron_line(argv, environ):
            return quick.tick(argv, environ)
        if quick.is_done(argv, environ):
            return 0
        from arco_sched.render.terminal import guarded_stdout

        with guarded_stdout():
            return _invoke(argv, environ)
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        raise
    except Exception as error:
        from arco_sched.cli.exits import ExitCode
        from arco_sched.core.errors import ArcoError
        from arco_sched.render.terminal import OutputError

        if isinstance(error, OutputError):
            raise
        if isinstance(error, ArcoError):
            return _report(argv, _code_of(error), _message(error), error)
        if environ.get("ARCO_DEBUG"):
            raise
        what = f"unexpected {type(error).__name__}: {error} (set ARCO_DEBUG=1 for a traceback)"
        return _report(argv, ExitCode.UNFORESEEN, what)


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _no_room(error: OSError) -> int:
    """Report, once, that the answer can't be written; and, if there were changes, that they were made."""
    from arco_sched.cli.exits import ExitCode
    from arco_sched.render.terminal import say

    _discard_output()
    done = "; the changes were made" if getattr(error, "has_changed", False) else ""
    say(f"arco: can't write the answer to stdout: {error.strerror}{done}")
    return ExitCode.UNFORESEEN


def _interrupted() -> ExitCode:
    from arco_sched.cli.exits import ExitCode

    return ExitCode.INTERRUPTED


def _invoke(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    # `main` of the app would turn a closed pipe into its own exit, and print errors as text under `--json`, so its two
    # steps are done here.
    from typer import Abort, Exit, TyperException

    from arco_sched.cli.app import command
    from arco_sched.cli.exits import ExitCode

    app = command()
    if "_ARCO_COMPLETE" in environ:
        app.main(list(argv), prog_name="arco", standalone_mode=False)
    try:
        with app.make_context("arco", list(argv), obj=environ) as context:
            try:
                code = app.invoke(context)
                _flush()
            except OSError as error:
                error.has_changed = getattr(context.obj, "has_changed", False)  # type: ignore[attr-defined]
                raise
        return int(code or ExitCode.DONE)
    except Exit as done:
        return done.exit_code
    except Abort:
        return ExitCode.INTERRUPTED
    except TyperException as error:
        message = error.format_message().rstrip(".")
        message = message.replace("is not a valid int", "is not a whole number")
        message = message.replace("is not a valid float", "is not a number")
        # Errors about a command's arguments have its context: typer has no public name for them.
        where = getattr(getattr(error, "ctx", None), "command_path", "arco")
        if getattr(error, "option_name", None) == "--db":
            message += f": it goes before the command, `arco --db PATH {where.removeprefix('arco ')}`"
        return _report(argv, ExitCode.USAGE, f"{message}{_meant(where, message) or f'; see `{where} --help`'}")


def _meant(where: str, message: str) -> str:
    """The command that was probably meant by a usual name that isn't one of ours."""
    names = {
        ("arco schedule", "pause"): "arco schedule disable",
        ("arco schedule", "resume"): "arco schedule enable",
        ("arco schedule", "unpause"): "arco schedule enable",
        ("arco", "list"): "arco schedule list",
        ("arco", "run"): "arco schedule trigger",
    }
    found = names.get((where, message.removeprefix("No such command ").strip("'")))
    return "" if found is None else f": did you mean `{found}`?"


def _check_text(argv: Sequence[str]) -> None:
    """Raise `InvalidInput` for arguments that are not text: they can't be stored or shown."""
    for argument in argv:
        if not argument.isascii() and any("\ud800" <= char <= "\udfff" for char in argument):
            what = "is not valid UTF-8"
        elif "\0" in argument:
            what = "contains a NUL character"
        else:
            continue
        from arco_sched.core.errors import InvalidInput

        raise InvalidInput(f"the argument {argument[:60]!a} {what}")


def _message(error: ArcoError) -> str:
    """The message of an error, with the command line's names for fields and arguments."""
    from arco_sched.cli.names import OPTIONS

    return "; ".join(error.worded(OPTIONS))


def _code_of(error: Exception) -> ExitCode:
    from arco_sched.cli.exits import ExitCode
    from arco_sched.core import errors

    codes = (
        (errors.InvalidInput, ExitCode.USAGE),
        (errors.NotFound, ExitCode.NOT_FOUND),
        (errors.Conflict, ExitCode.CONFLICT),
        (errors.DatabaseUnusable, ExitCode.DATABASE),
    )
    return next((code for kind, code in codes if isinstance(error, kind)), ExitCode.UNFORESEEN)


def _report(argv: Sequence[str], code: ExitCode, message: str, error: Exception | None = None) -> ExitCode:
    """Print the error: one line on stderr (for a file, one per problem), or with `--json` a document on stdout."""
    from arco_sched.core.errors import InvalidFile
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
    # A terminal that can't show a character gets its number instead of a traceback.
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """Drop what is still buffered: the interpreter would complain about the closed pipe on exit."""
    from arco_sched.render.terminal import discard

    discard(sys.stdout)
