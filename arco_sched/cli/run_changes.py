"""Changing runs by hand: retry, cancel, skip, wait, and recording what an executor of your own does."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.completion import complete_run
from arco_sched.cli.context import Session
from arco_sched.cli.exits import ExitCode
from arco_sched.cli.options import Problems
from arco_sched.cli.outputs import PAUSE, Watch
from arco_sched.cli.signing import signed
from arco_sched.core.errors import InvalidInput
from arco_sched.render.terminal import is_terminal, say, write

if TYPE_CHECKING:
    from arco_sched.core.ports import Store
    from arco_sched.core.runs import RunState
    from arco_sched.service.life import Changed, RunLife
    from arco_sched.service.workspace import Workspace

Status = Literal["requested", "running", "succeeded", "failed", "canceled", "skipped"]

SomeRun = Annotated[
    str | None,
    typer.Argument(
        metavar="[RUN]",
        help="Run id or its beginning, run key, tick id, or schedule id; or use --schedule and --status.",
        autocompletion=complete_run,
        show_default=False,
    ),
]
OfStatus = Annotated[Status | None, typer.Option("--status", help="With --schedule, which of its runs.")]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask for confirmation, with --schedule.")]
Message = Annotated[str | None, typer.Option("--message", metavar="TEXT", help="Message to record about the end.")]

MAX_MESSAGE = 2000


@signed
def retry(
    ctx: typer.Context,
    run: SomeRun = None,
    schedule: opt.OfSchedule = None,
    status: OfStatus = None,
    current: Annotated[
        bool, typer.Option("--current", help="Request a new run, with what the schedule asks for now.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Retry even a run that succeeded.")] = False,
    yes: Yes = False,
    as_json: opt.Json = False,
) -> None:
    """Retry runs that are over.

    A schedule id means its last run that failed; --schedule means all its failed runs, or those with --status. A retry
    repeats what the run was asked to do. With --current, the run doesn't change, and a new run for the same due time is
    requested, under the run key `RUN_KEY:retry:N`.
    """
    session: Session = ctx.obj
    _change(
        session,
        ("retry", run, schedule, status or "failed"),
        lambda workspace, runs: workspace.retry(*runs, now=session.now, current=current, force=force),
        yes=yes,
        as_json=as_json,
    )


@signed
def cancel(
    ctx: typer.Context,
    run: SomeRun = None,
    schedule: opt.OfSchedule = None,
    status: OfStatus = None,
    yes: Yes = False,
    as_json: opt.Json = False,
) -> None:
    """Cancel runs: a waiting run at once, a running one as soon as its processes have ended.

    A schedule id means its running run; --schedule means all its running runs, or those with --status.
    """
    session: Session = ctx.obj
    _change(
        session,
        ("cancel", run, schedule, status or "running"),
        lambda workspace, runs: workspace.cancel(*runs, now=session.now),
        yes=yes,
        as_json=as_json,
    )


@signed
def skip(
    ctx: typer.Context,
    run: SomeRun = None,
    schedule: opt.OfSchedule = None,
    status: OfStatus = None,
    yes: Yes = False,
    as_json: opt.Json = False,
) -> None:
    """Skip waiting runs, so that they are not executed.

    --schedule means all waiting runs of the schedule.
    """
    session: Session = ctx.obj
    _change(
        session,
        ("skip", run, schedule, status or "requested"),
        lambda workspace, runs: workspace.skip(*runs, now=session.now),
        yes=yes,
        as_json=as_json,
    )


def _change(
    session: Session,
    asked: tuple[str, str | None, str | None, Status],
    act: "Callable[[Workspace, list[str]], Changed]",
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """Change one run, or many after confirming their count. `asked`: the verb, RUN, --schedule and --status."""
    verb, run, schedule, status = asked
    problems = Problems()
    problems.add("give a RUN or --schedule ID, not both", when=run is not None and schedule is not None)
    problems.add(
        f"say which run, as in `arco runs {verb} daily` (a schedule, or a run id), or --schedule ID for many",
        when=run is None and schedule is None,
    )
    problems.check()
    with session.open() as workspace:
        if schedule is None:
            answer = act(workspace, [run or ""])
        else:
            runs = workspace.chosen_runs(schedule, status)
            if runs and not yes:
                confirm(f"{verb} {len(runs)} {status} run{'s' * (len(runs) > 1)} of schedule {schedule}")
            answer = act(workspace, runs)
    _answer(answer, as_json=as_json, now=session.now if verb == "retry" else None)


def confirm(what: str) -> None:
    """Ask for confirmation; raises `InvalidInput` without a terminal, and `Abort` if the answer is no."""
    if sys.stdin is None or not sys.stdin.isatty() or not is_terminal(to_stderr=True):
        raise InvalidInput(f"this would {what}: add --yes to confirm")
    if not typer.confirm(f"{what[0].upper()}{what[1:]}?", err=True):
        say("Nothing was changed.")
        raise typer.Abort


def _answer(answer: "Changed", *, as_json: bool, now: int | None = None) -> None:
    """Show the runs; with `now`, also when those that wait will start."""
    from arco_sched.render import lives

    if as_json:
        write(lives.changed(answer))
    elif not answer.runs:
        say("No runs.")
    else:
        write(lives.by_hand(answer, None if now is None else lambda life: _starts(life, now)))


def _starts(life: "RunLife", now: int) -> str:
    from arco_sched.render import waits
    from arco_sched.render.times import Clocks

    return waits.advice(life, now, Clocks(lambda _: life.timezone))


# For executors of your own.


@signed
def start(
    ctx: typer.Context,
    run: opt.RunName,
    external_id: Annotated[
        str, typer.Option("--external-id", metavar="X", help="What your executor calls the attempt.")
    ],
    as_json: opt.Json = False,
) -> None:
    """Record that an executor of your own starts the next attempt of a run.

    The answer has the attempt's number. Repeating it with the same id changes nothing while the attempt is open. Exit
    code 4: the attempt with this id has ended, another one is open, or the run is not due.
    """
    session: Session = ctx.obj
    problems = Problems()
    _check_text(problems, "--external-id", external_id)
    problems.check()
    with session.open() as workspace:
        answer = workspace.start_run(run, external_id=external_id, now=session.now)
    _answer(answer, as_json=as_json)


@signed
def finish(
    ctx: typer.Context,
    run: opt.RunName,
    attempt: Annotated[int, typer.Option("--attempt", metavar="N", help="Number of the attempt that ended.")],
    exit_code: Annotated[int, typer.Option("--exit", metavar="M", help="Its exit code, 0 to 255.")],
    message: Message = None,
    as_json: opt.Json = False,
) -> None:
    """Record how an attempt of an executor of your own ended.

    A schedule id means its running run. Exit code 4: the attempt is not the current one, or a different end is recorded
    for it.
    """
    session: Session = ctx.obj
    _check_end(attempt, message, exit_code)
    with session.open() as workspace:
        answer = workspace.finish_run(run, attempt=attempt, exit_code=exit_code, message=message, now=session.now)
    _answer(answer, as_json=as_json)


@signed
def fail(
    ctx: typer.Context,
    run: opt.RunName,
    attempt: Annotated[
        int | None,
        typer.Option("--attempt", metavar="N", help="Number that the open attempt must have (default: any)."),
    ] = None,
    message: Message = None,
    as_json: opt.Json = False,
) -> None:
    """Record that the open attempt of an executor of your own failed without an exit code.

    A schedule id means its running run. Exit code 4: no attempt is open, or another one, or a worker runs it (cancel
    the run instead).
    """
    session: Session = ctx.obj
    _check_end(attempt, message)
    with session.open() as workspace:
        answer = workspace.fail_run(run, attempt=attempt, message=message, now=session.now)
    _answer(answer, as_json=as_json)


def _check_end(attempt: int | None, message: str | None, exit_code: int = 0) -> None:
    problems = Problems()
    problems.add("--attempt must be at least 1", when=attempt is not None and attempt < 1)
    problems.add("--exit must be between 0 and 255", when=not 0 <= exit_code <= 255)
    _check_text(problems, "--message", message)
    problems.check()


def _check_text(problems: Problems, option: str, text: str | None) -> None:
    wrong = text is not None and not 1 <= len(text) <= MAX_MESSAGE
    problems.add(f"{option} must have 1 to {MAX_MESSAGE} characters", when=wrong)


# Waiting.


def wait(
    ctx: typer.Context,
    run: opt.RunName,
    timeout: Annotated[
        str | None,
        typer.Option("--timeout", metavar="SPAN", help="Maximum time to wait, such as 30s or 10m (default: forever)."),
    ] = None,
    as_json: opt.Json = False,
) -> int:
    """Wait until a run is over, and exit as it did.

    Exit codes: that of the run; 128 plus the number of the signal that ended it; 124 if it timed out; 5 if it ended
    without success in another way; 8 if it is not over within --timeout.
    """
    from arco_sched.core.kinds import Span
    from arco_sched.render import lives
    from arco_sched.render.times import span
    from arco_sched.service.life import Changed

    session: Session = ctx.obj
    longest = None if timeout is None else Span("seconds", 0, 100 * 366 * 86_400).parse(timeout, "--timeout")
    with session.store(asking=True) as store:
        life, waited = until_final(store, session, run, longest)
    if as_json:
        _answer(Changed(runs=(life,), change="changed" if waited else "existing"), as_json=True)
    else:
        write(f"{lives.sentence(life)}\n")
    if not life.state.final:
        say(f"arco: run {life.run.run_id} isn't over after {span(int(longest or 0))}; it is still {life.state.status}")
        return ExitCode.WAITED
    return exit_of(life.state)


def until_final(store: "Store", session: Session, run: str, longest: float | None = None) -> "tuple[RunLife, bool]":
    """The run once it is over, or after `longest` seconds (None: no limit), and whether it was waited for."""
    from arco_sched.service.workspace import Workspace

    workspace = Workspace(store)
    give_up = None if longest is None else time.monotonic() + longest
    life = workspace.run_life(run, now=session.now)
    if life.waiting_for in {"worker", "external"} and not life.state.attempts:
        say(f"run {life.run.run_id} waits, and no worker takes it yet: `arco work` starts one")
    watch, waited = Watch(store), False
    while True:
        if watch.changed():
            life = workspace.run_life(life.run.run_id, now=session.now)
        if life.state.final or (give_up is not None and time.monotonic() >= give_up):
            return life, waited
        waited = True
        time.sleep(PAUSE)


def exit_of(state: "RunState") -> int:
    """The exit code for how a run ended; see `wait`."""
    if state.status == "succeeded":
        return ExitCode.DONE
    end = None if state.attempt is None else state.attempt.end
    if state.status != "failed" or end is None:
        return ExitCode.FAILURES
    if end.outcome == "timed-out":
        return ExitCode.TIMED_OUT
    if end.outcome != "failed":
        return ExitCode.FAILURES
    if end.exit_code:
        return end.exit_code
    return ExitCode.FAILURES if end.signal is None else 128 + end.signal
