"""The output of runs: `arco runs log`, and following it while a run is executed."""

import codecs
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.context import Session
from arco_sched.cli.options import Problems
from arco_sched.core.errors import InvalidInput, NotFound
from arco_sched.render.terminal import is_terminal, printable, say, write, write_bytes

if TYPE_CHECKING:
    from arco_sched.core.attempts import Attempt
    from arco_sched.core.ports import Store
    from arco_sched.service.life import RunLife

TAIL_LINES: Final = 20
TAIL_BYTES: Final = 4096

PAUSE: Final = 0.1
"""Seconds between two polls of a log or the database while waiting."""


def log_path(session: Session, life: "RunLife", attempt: "Attempt") -> str | None:
    """The path of an attempt's output, None if there is none."""
    from arco_sched.execution.outputs import log_of

    return log_of(session.runs_folder, life.run.run_id, attempt)


def read_tail(path: str) -> str | None:
    """The end of a log; None if it can't be read."""
    from arco_sched.execution import logs

    try:
        return logs.text(logs.tail(path, TAIL_LINES, TAIL_BYTES))
    except OSError:
        return None


def log(
    ctx: typer.Context,
    run: opt.RunName,
    attempt: Annotated[
        int | None, typer.Option("--attempt", metavar="N", help="Number of the attempt (default: the last one).")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Keep printing until the attempt is over.")] = False,
    tail: Annotated[int | None, typer.Option("--tail", metavar="N", help="Only the last N lines.")] = None,
    as_json: opt.Json = False,
) -> None:
    """Print the output of a run.

    In a pipe it is printed as it was written; on a terminal, control characters are shown as numbers.
    """
    session: Session = ctx.obj
    problems = Problems()
    problems.add("--attempt must be at least 1", when=attempt is not None and attempt < 1)
    problems.add("--tail must be 0 or more", when=tail is not None and tail < 0)
    problems.add("--follow and --json can't be combined", when=follow and as_json)
    problems.check()
    with session.store(asking=True) as store:
        life = _look(store, run, session.now)
        _refuse_closed(session.runs_folder)
        if follow:
            _emit(following(store, session, life, attempt, tail))
            return
        chosen = _attempt(life, attempt)
        path = log_path(session, life, chosen)
        pieces = iter(()) if path is None else _read(path, tail)
        first = next(pieces, b"")
        if not first:
            say(f"No output of attempt {chosen.number}: it printed nothing, or its log was removed.")
        pieces = chain([first], pieces)
        if as_json:
            from arco_sched.render import lives

            text = b"".join(pieces).decode(errors="replace")
            write(lives.output(life, chosen.number, path, text))
        else:
            _emit(pieces)


def _refuse_closed(folder: str) -> None:
    """Raise `InvalidInput` if this user can't read logs: that is different from finding none."""
    try:
        Path(folder, "attempts", ".").stat()
    except PermissionError:
        raise InvalidInput(f"the output of runs is in {folder}, which this user can't read") from None
    except OSError:
        return


def _look(store: "Store", run: str, now: int) -> "RunLife":
    from arco_sched.service.workspace import Workspace

    return Workspace(store).run_life(run, now=now)


def _attempt(life: "RunLife", number: int | None) -> "Attempt":
    """The attempt with that number, or the last one; raises `NotFound`."""
    for attempt in reversed(life.attempts):
        if number is None or attempt.number == number:
            return attempt
    if not life.attempts:
        why = f", it waits for: {life.waiting_for}" if life.waiting_for else f", it is {life.state.status}"
        raise NotFound(f"run {life.run.run_id} had no attempt{why}")
    raise NotFound(f"run {life.run.run_id} has no attempt {number}: it had {len(life.attempts)}")


def _read(path: str, tail: int | None) -> Iterator[bytes]:
    from arco_sched.execution import logs

    try:
        yield from logs.whole(path) if tail is None else [logs.tail(path, tail)]
    except OSError as error:
        raise InvalidInput(f"can't read the log {path}: {error.strerror}") from None


def following(
    store: "Store", session: Session, life: "RunLife", number: int | None = None, tail: int | None = None
) -> Iterator[bytes]:
    """The output of an attempt until it is over (default: the current attempt, or the next one if none is open).

    Waits for the attempt to begin; ends without output if the run becomes final first.
    """
    from arco_sched.execution import logs

    run_id = life.run.run_id
    if number is not None and life.state.final:
        _attempt(life, number)
    looking = Watch(store)
    while True:
        if looking.changed():
            life = _look(store, run_id, session.now)
        wanted = life.state.attempts if number is None else number
        waits = number is None and life.state.waits
        found = None if waits else next((each for each in life.attempts if each.number == wanted), None)
        path = None if found is None else log_path(session, life, found)
        if found is not None and path is not None:
            break
        if life.state.final or (found is not None and found.end is not None):
            return
        time.sleep(PAUSE)

    def ended() -> bool:
        nonlocal life
        if looking.changed():
            life = _look(store, run_id, session.now)
        current = next((each for each in life.attempts if each.number == found.number), None)
        return current is None or current.end is not None

    try:
        yield from logs.follow(path, ended=ended, wait=lambda: time.sleep(PAUSE), lines=tail)
    except FileNotFoundError:  # `--log-keep`, or `prune`
        return
    except OSError as error:
        raise InvalidInput(f"can't read the log {path}: {error.strerror}") from None


class Watch:
    """Whether anything was committed since the last look; always true for the first look."""

    def __init__(self, store: "Store") -> None:
        self._changes: Callable[[], int] = store.changes
        self._seen: int | None = None

    def changed(self) -> bool:
        """Whether there is anything new."""
        now = self._changes()
        known, self._seen = self._seen, now
        return known != now


def _emit(pieces: Iterable[bytes]) -> None:
    """Write output to stdout: raw, or on a terminal with control characters made visible."""
    if hasattr(sys.stdout, "buffer") and not is_terminal():
        for piece in pieces:
            write_bytes(piece)
        return
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    for piece in pieces:
        _show(decode(piece))
    _show(decode(b"", final=True))


def _show(text: str) -> None:
    if is_terminal():
        text = "\n".join("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))
    write(text)
    if sys.stdout is not None:
        sys.stdout.flush()


def show_following(store: "Store", session: Session, run_id: str) -> "RunLife":
    """Write the output of all attempts of a run as it comes; returns the run once it is over."""
    life, done, watch = _look(store, run_id, session.now), 0, Watch(store)
    while True:
        if watch.changed():
            life = _look(store, run_id, session.now)
        if done < life.state.attempts:
            done += 1
            _emit(following(store, session, life, done))
        elif life.state.final:
            return life
        else:
            time.sleep(PAUSE)
