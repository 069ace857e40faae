"""`arco pool …` and `arco workers`: how much is executed at once, and which workers do it."""

from typing import Annotated

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.context import Session
from arco_sched.cli.help import Application
from arco_sched.cli.options import examples
from arco_sched.cli.signing import signed
from arco_sched.render.terminal import say, write

pool_app = Application(add_completion=False)
workers_app = Application(add_completion=False)

PoolName = Annotated[str, typer.Argument(metavar="NAME", help="Pool name.", show_default=False)]


@pool_app.callback()
def pool_group() -> None:
    """Limit how many runs of a pool are executed at once."""


@pool_app.command("set", epilog=examples("arco pool set heavy --slots 2", "arco pool set heavy --slots 0"))
@signed
def set_(
    ctx: typer.Context,
    name: PoolName,
    slots: Annotated[
        int, typer.Option("--slots", metavar="N", help="Maximum attempts at once, over all workers; 0 pauses the pool.")
    ],
    as_json: opt.Json = False,
) -> None:
    """Limit how many attempts of a pool run at once, over all workers.

    Attempts that are running already continue.
    """
    _set(ctx, name, slots, as_json=as_json)


@pool_app.command(epilog=examples("arco pool remove heavy"))
@signed
def remove(ctx: typer.Context, name: PoolName, as_json: opt.Json = False) -> None:
    """Remove the limit of a pool; its runs stay in the pool."""
    _set(ctx, name, None, as_json=as_json)


def _set(ctx: typer.Context, name: str, slots: int | None, *, as_json: bool) -> None:
    from arco_sched.render import lives

    session: Session = ctx.obj
    with session.open() as workspace:
        pool, change = workspace.set_pool(name, slots, now=session.now)
    write(lives.pool_change(pool, change) if as_json else lives.pool_sentence(pool, change))


@pool_app.command("list", epilog=examples("arco pool list"))
def list_(ctx: typer.Context, as_json: opt.Json = False) -> None:
    """List pools with their limits, and how many runs are running and waiting in each."""
    from arco_sched.cli.presence import is_here
    from arco_sched.service.check import Works, waiting_by_reason
    from arco_sched.service.life import pools as ask

    session: Session = ctx.obj
    with session.store(asking=True) as store, store.read() as transaction:
        pools, seen = ask(transaction), is_here(session)
        _, full = waiting_by_reason(transaction, session.now, Works(transaction, session.now, seen))
    if as_json:
        from arco_sched.render import lives

        write(lives.pools(pools))
    else:
        from arco_sched.render import run_tables

        run_tables.pools(pools, full, session.now)


@workers_app.command(epilog=examples("arco workers", "arco workers --json"))
def workers(ctx: typer.Context, as_json: opt.Json = False) -> None:
    """List active workers: where each runs, its pools, and how many attempts it has open.

    A killed worker of this machine is left out. A worker of another machine is shown with when it was last seen.
    """
    import socket

    from arco_sched.execution.presence import Presence

    session: Session = ctx.obj
    presence, here = Presence(session.runs_folder), socket.gethostname()
    with session.ask() as workspace:
        found = [
            (worker, running)
            for worker, running in workspace.workers()
            if worker.host != here or not presence.is_visible() or presence.is_here(worker.worker)
        ]
    if as_json:
        from arco_sched.render import lives

        write(lives.workers(found))
    elif not found:
        say(f"No worker is running. {_comes_by(session)}.")
    else:
        from arco_sched.render import run_tables

        run_tables.workers(found, session.now)


def _comes_by(session: Session) -> str:
    """That a worker came by lately, or how to start one."""
    from arco_sched.render.times import distance, span

    with session.store(asking=True) as store, store.read() as transaction:
        visits = [visit for visit in transaction.queue.visits() if visit.serves(session.now)]
    if not visits:
        return "`arco work` starts one"
    last = max(visits, key=lambda visit: visit.visited_at)
    ago = "just now" if last.visited_at == session.now else distance(last.visited_at, session.now)
    each = "" if last.interval is None else f", {span(last.interval)} after the call before"
    return f"`arco work --once` last ran {ago}{each}"
