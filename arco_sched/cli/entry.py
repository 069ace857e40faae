"""The door: argv -> exit code. Every outcome of a command becomes an exit code and at most one line here.

Imports of this module are paid for by every call of `arco`, so there are next to none (not even the exit codes, since
they are an enumeration).
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
    except KeyboardInterrupt:  # outside of the command: while it was being loaded, or while it was leaving
        code = _interrupted()
    sys.exit(code)


def run(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command; what it answers is on stdout, what it says besides on stderr. Returns the exit code.

    `environ` gives `ARCO_DB`, `ARCO_NOW` and `ARCO_DEBUG`; with the last, an unforeseen error is raised.
    """
    try:
        _prepare_streams()
        code = _dispatch(argv, environ)
        _flush()
    except SystemExit as done:  # completion, and rich where the reader of a help page has gone
        code = done.code if isinstance(done.code, int) else 0
    except BrokenPipeError:  # whoever read the output has gone, and wants nothing more
        code = 0
        _discard_output()
    except OSError as error:  # stdout itself: `_dispatch` reports all others
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
        what = f"unforeseen {type(error).__name__}: {error} (set ARCO_DEBUG=1 to see where)"
        return _report(argv, ExitCode.UNFORESEEN, what)


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _no_room(error: OSError) -> int:
    """Say that the answer could not be written, once; and, where there is something, that it is done all the same."""
    from arco_sched.cli.exits import ExitCode
    from arco_sched.render.terminal import say

    _discard_output()
    done = "; what the command did is done" if getattr(error, "has_changed", False) else ""
    say(f"arco: the answer can't be written to stdout: {error.strerror}{done}")
    return ExitCode.UNFORESEEN


def _interrupted() -> ExitCode:
    from arco_sched.cli.exits import ExitCode

    return ExitCode.INTERRUPTED


def _invoke(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    # `main` of the app would turn a closed pipe into an exit of its own and hide what was asked under `--json`, so
    # the two steps that it consists of are done here.
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
        # Those about the arguments of a command know it: typer has no public name for them.
        where = getattr(getattr(error, "ctx", None), "command_path", "arco")
        if getattr(error, "option_name", None) == "--db":
            message += f": it stands before the command, `arco --db PATH {where.removeprefix('arco ')}`"
        return _report(argv, ExitCode.USAGE, f"{message} (`{where} --help` shows how)")


def _check_text(argv: Sequence[str]) -> None:
    """Refuse arguments that are no text: they could be neither stored nor shown."""
    for argument in argv:
        if not argument.isascii() and any("\ud800" <= char <= "\udfff" for char in argument):
            what = "is not valid UTF-8"
        elif "\0" in argument:
            what = "has a NUL character in it"
        else:
            continue
        from arco_sched.core.errors import InvalidInput

        raise InvalidInput(f"the argument {argument[:60]!a} {what}")


def _message(error: ArcoError) -> str:
    """What an error says, with the names that the command line has for fields and arguments."""
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
    """Say what went wrong: one line on stderr (of a file, one a problem), or under `--json` a document on stdout."""
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
    # A terminal that can't show a character gets its number, not a traceback.
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """Let what is still buffered go nowhere: the interpreter would complain about the closed pipe at its end."""
    from arco_sched.render.terminal import discard

    discard(sys.stdout)
