"""`arco work`: a worker, which executes the runs that were requested."""

import os
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.context import Session
from arco_sched.cli.exits import ExitCode
from arco_sched.cli.options import examples
from arco_sched.core.errors import InvalidInput

if TYPE_CHECKING:
    from arco_sched.core.ports import Store
    from arco_sched.execution.worker import Tally, Worker

work_app = typer.Typer(add_completion=False)


@work_app.command(epilog=examples("arco work --once", "arco work --tick", "arco work --pool heavy --slots 2"))
def work(
    ctx: typer.Context,
    pool: Annotated[
        list[str] | None,
        typer.Option("--pool", metavar="NAME", help="Take the runs of this pool; repeatable (default)."),
    ] = None,
    slots: Annotated[
        int | None,
        typer.Option("--slots", metavar="N", min=1, help="Attempts at once, of all local workers (one a processor)."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Take what was requested before now, wait for it, and leave.")
    ] = False,
    tick: Annotated[
        bool, typer.Option("--tick", help="Evaluate too: first (--once), or whenever something is due.")
    ] = False,
    grace: Annotated[
        str, typer.Option("--grace", metavar="SPAN", help="Between SIGTERM and SIGKILL, for a timeout or a cancel.")
    ] = "10s",
    drain: Annotated[
        str, typer.Option("--drain", metavar="SPAN", help="How long to wait for what runs when it is stopped.")
    ] = "30s",
    log_dir: Annotated[
        str | None, typer.Option("--log-dir", metavar="DIR", help="Where output is kept (beside the database).")
    ] = None,
    on_finish: Annotated[
        str | None, typer.Option("--on-finish", metavar="LINE", help="A shell command for when a run is final.")
    ] = None,
    adopt_copy: Annotated[
        bool, typer.Option("--adopt-copy", help="Work on a copy of a database, or after its runs folder was lost.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print only runs that failed.", rich_help_panel=opt.OUTPUT)
    ] = False,
    as_json: opt.Json = False,
) -> ExitCode:
    """Execute runs on this machine: start their commands, record how they end.

    A worker's end does not end its runs: the next worker records how they ended. Exit code 5 (--once): a run failed.
    """
    from arco_sched.core.kinds import Span

    session: Session = ctx.obj
    if sys.platform != "linux":
        raise InvalidInput("arco work needs Linux")
    if not once and session.stands_still:
        raise InvalidInput("ARCO_NOW is the clock of `work --once` alone: unset it")
    span = Span("seconds", 0, 86_400)
    patience = span.parse(grace, "--grace"), span.parse(drain, "--drain")
    with session.store() as store:
        return _work(
            session,
            store,
            tuple(pool or ("default",)),
            slots,
            patience,
            once=once,
            tick=tick,
            log_dir=log_dir,
            on_finish=on_finish,
            adopt_copy=adopt_copy,
            quiet=quiet,
            as_json=as_json,
        )


def _work(
    session: Session,
    store: "Store",
    pools: tuple[str, ...],
    slots: int | None,
    patience: tuple[int, int],
    *,
    once: bool,
    tick: bool,
    log_dir: str | None,
    on_finish: str | None,
    adopt_copy: bool,
    quiet: bool,
    as_json: bool,
) -> ExitCode:
    import socket

    from arco_sched.core.subjects import Worker as Sign
    from arco_sched.execution import loop
    from arco_sched.execution.hooks import Hooks
    from arco_sched.execution.local import LocalExecutor
    from arco_sched.execution.presence import Presence
    from arco_sched.execution.worker import Worker, default_slots, worker_name
    from arco_sched.service.working import Terms
    from arco_sched.service.workspace import Workspace

    workspace = Workspace(store)
    path = str(session.path.absolute()) + ".runs"
    store_id = _folder(store, path, adopt_copy=adopt_copy)
    executor = LocalExecutor(path, store_id, worker_environment=dict(os.environ), log_folder=log_dir)
    host, count = socket.gethostname(), slots or default_slots()
    name = worker_name(host, os.getpid(), time.time_ns())
    terms = Terms(
        name, host, executor.kind, executor.place(), pools, count, loop.user_name(), is_root=os.geteuid() == 0
    )
    sign = Sign(name, host, os.getpid(), executor.kind, pools, count, session.now)
    presence = Presence(path)
    presence.arrive(name)

    def say(text: str) -> None:
        from arco_sched.render.terminal import printable, say

        say(f"arco: {printable(text)}")

    hooks = Hooks(os.environ, lambda life: _log(executor, life), say, clock=time.monotonic, on_finish=on_finish)
    worker = Worker(store, executor, terms, presence=presence, hooks=hooks, say=say, grace=patience[0])
    try:
        with loop.stopping() as stop:
            if once:
                if tick:
                    workspace.evaluate(session.now)
                loop.once(store, worker, _clock(session), stop)
            else:
                evaluate = (lambda now: _tick(store, workspace, now)) if tick else None
                loop.serve(store, worker, sign, lambda: int(time.time()), stop, drain=patience[1], evaluate=evaluate)
                loop.leave(store, sign)
            if stop.at_once:
                return ExitCode.TERMINATED
    finally:
        presence.leave()
        executor.close()
    return _answer(store, worker, session, quiet=quiet, as_json=as_json) if once else ExitCode.DONE


def _clock(session: Session) -> Any:
    """`ARCO_NOW` where it is set, else the clock, asked in each round."""
    return (lambda: session.now) if session.stands_still else (lambda: int(time.time()))


def _tick(store: "Store", workspace: Any, now: int) -> None:
    """Evaluate where anything is due; else record the visit once a minute."""
    with store.read() as transaction:
        agenda = transaction.agenda
        visited = agenda.visited_at()
        wanted = agenda.is_due(now) or visited is None or now - visited >= 60
    if wanted:
        workspace.evaluate(now)


def _folder(store: "Store", path: str, *, adopt_copy: bool) -> str:
    """The id that the database and its runs folder share, made by the first worker."""
    import secrets

    from arco_sched.execution import folder

    with store.write() as transaction:
        store_id = transaction.queue.store_id()
        if store_id is not None and not adopt_copy:
            try:
                folder.require(path, store_id)
            except folder.NotOurs as problem:
                raise InvalidInput(f"{problem}: if this database is a copy, say --adopt-copy") from None
            return store_id
        store_id = secrets.token_hex(16)
        folder.create(path, store_id)
        transaction.queue.set_store_id(store_id)
        return store_id


def _log(executor: Any, life: Any) -> str | None:
    from arco_sched.core.executor import AttemptId

    last = life.state.attempt
    if last is None:
        return None
    path: str | None = executor.log(AttemptId(life.request.run_id, last.number, last.place or ""))
    return path


def _answer(store: "Store", worker: "Worker", session: Session, *, quiet: bool, as_json: bool) -> ExitCode:
    from arco_sched.render import lives as render
    from arco_sched.render.terminal import write
    from arco_sched.service import life

    tally: Tally = worker.tally
    names = dict.fromkeys([*tally.started, *tally.adopted, *tally.skipped, *tally.final])
    with store.read() as transaction:
        runs = [life.look(transaction, run_id, session.now) for run_id in names]
        waiting = sum(transaction.queue.count_waiting().values())
    failed = [each for each in runs if each.state.status == "failed"]
    if as_json:
        write(render.worked(tally, runs, waiting))
    elif quiet:
        for each in failed:
            write(render.sentence(each) + "\n")
    else:
        write(render.summary(tally, runs, waiting))
    return ExitCode.FAILURES if failed else ExitCode.DONE
