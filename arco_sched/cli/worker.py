"""How `arco work` sets up a worker: its rights, its folder, its rounds, its answer."""

import os
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from arco_sched.cli.context import Session
from arco_sched.cli.exits import ExitCode
from arco_sched.core.errors import DatabaseUnusable, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from arco_sched.core.executor import Executor
    from arco_sched.core.ports import Store
    from arco_sched.core.run_subjects import Worker as Sign
    from arco_sched.execution.kinds import Options
    from arco_sched.execution.presence import Presence
    from arco_sched.execution.worker import Tally, Worker

LEAST_LOG: Final = 64 << 10
"""Minimum bytes of a log limit: less would leave nothing worth reading."""

ENGINE_DRAIN: Final = 3
"""Maximum seconds that a stopping worker with an engine waits."""

_UNITS: Final = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of `arco work`; spans in seconds, sizes in bytes."""

    pools: tuple[str, ...]
    slots: int | None
    once: bool
    tick: bool
    grace: int
    drain: int
    executor: "Options"
    log_keep: int | None
    on_finish: str | None
    adopt_copy: bool
    quiet: bool
    as_json: bool


def read_size(text: str, what: str) -> int:
    """Bytes from a number with an optional K, M, G or T (powers of 1024); raises `InvalidInput`."""
    match = re.fullmatch(r"\s*(\d{1,15})\s*([kmgt]?)(?:i?b)?\s*", text, re.ASCII | re.IGNORECASE)
    if match is None:
        raise InvalidInput(f"{what} {text[:40]!a} is not a size: write it like 500k, 64M or 2G")
    size = int(match[1]) << _UNITS[match[2].lower()]
    if size < LEAST_LOG:
        raise InvalidInput(f"{what} {text[:40]} must be at least {LEAST_LOG >> 10}k")
    return size


def run(session: Session, settings: Settings) -> ExitCode:
    """Work as the options say, and print the answer of `--once`."""
    environment = _rights(session, settings)
    with session.store() as store:
        return _work(session, store, settings, environment)


def _rights(session: Session, settings: Settings) -> dict[str, str]:
    """The environment of the worker; a worker that is root first becomes the owner of the database if it has to.

    Nothing is opened before that. Raises `InvalidInput` if a worker that is root must refuse.
    """
    environment = dict(os.environ)
    if os.geteuid() != 0 or not session.exists():
        return environment
    from arco_sched.core.executor import CannotStart
    from arco_sched.execution.rights import become, user_for

    path = str(session.path.absolute())
    folders = [session.runs_folder, *map(os.path.abspath, settings.executor.folders)]
    try:
        owner = user_for(path, folders)
        if owner is None:
            return environment
        # Needed to report errors: afterwards there may be no permission to import them.
        from arco_sched.render import json, terminal  # noqa: F401

        environment = become(owner, environment)
    except CannotStart as problem:
        raise InvalidInput(str(problem)) from None
    for needed in (os.__file__, __file__):
        if not os.access(needed, os.R_OK):
            raise InvalidInput(f"the owner of the database can't use this Python, which can't read {needed}")
    return environment


def _work(session: Session, store: "Store", settings: Settings, environment: dict[str, str]) -> ExitCode:
    import socket

    from arco_sched.cli.signing import user_name
    from arco_sched.core.run_subjects import Worker as Sign
    from arco_sched.execution.hooks import Hooks
    from arco_sched.execution.kinds import ENGINE_SLOTS, make
    from arco_sched.execution.presence import Presence
    from arco_sched.execution.worker import Worker, default_slots, worker_name
    from arco_sched.service.working import Terms

    path = session.runs_folder
    host = socket.gethostname()
    presence = Presence(path)
    if not settings.quiet and not settings.as_json:
        _note_unknown_pools(store, settings.pools)
    _refuse_other_hosts(store, host, presence, session.now)
    store_id = _folder(store, path, adopt_copy=settings.adopt_copy)
    executor = make(settings.executor, path, store_id, environment)
    count = settings.slots or (ENGINE_SLOTS if executor.queues else default_slots())
    name = worker_name(host, os.getpid(), time.time_ns(), once=settings.once)
    pools, is_root, on_finish = settings.pools, os.geteuid() == 0, settings.on_finish is not None
    place, user = executor.place(), user_name(os.geteuid())
    # A job runs as the user who submits it: a worker for another user has to be that user.
    is_root = is_root and executor.kind != "slurm"
    terms = Terms(name, host, executor.kind, place, pools, count, user, is_root, executor.queues, on_finish)
    sign = Sign(name, host, os.getpid(), executor.kind, pools, count, session.now)
    presence.arrive(name)
    _forget_the_dead(store, host, presence)
    hooks = Hooks(
        environment,
        lambda life: _log(executor, life),
        _say,
        clock=time.monotonic,
        on_finish=settings.on_finish,
    )
    worker = Worker(
        store,
        executor,
        terms,
        presence=presence,
        hooks=hooks,
        say=_say,
        grace=settings.grace,
        sweep=_sweep(executor, settings.log_keep),
        tell=_tell(store) if settings.as_json and not settings.once else None,
    )
    try:
        if not _loop(session, store, settings, worker, sign):
            return ExitCode.TERMINATED
    finally:
        presence.leave()
        executor.close()
    return _answer(store, worker, session, settings) if settings.once else ExitCode.DONE


def _loop(session: Session, store: "Store", settings: Settings, worker: "Worker", sign: "Sign") -> bool:
    """Work until it is over; False if a second signal ended it at once."""
    from arco_sched.execution import loop
    from arco_sched.service.workspace import Workspace

    workspace = Workspace(store)
    with loop.stopping() as stop:
        if settings.once:
            if settings.tick:
                workspace.evaluate(session.now)
            with store.write() as transaction:
                transaction.agenda.record_work(sign.executor, sign.pools, session.now)
            loop.once(store, worker, sign, _clock(session), stop)
            return not stop.at_once
        evaluate = (lambda now: _tick(store, workspace, now)) if settings.tick else None
        # An engine continues without a worker: only calls in progress are worth waiting for.
        drain = min(settings.drain, ENGINE_DRAIN) if worker.queues else settings.drain
        if loop.serve(store, worker, sign, lambda: int(time.time()), stop, drain=drain, evaluate=evaluate):
            loop.leave(store, sign)
        else:
            _say("a newer arco has upgraded the database: restart this worker with that version")
        return not stop.at_once


def _note_unknown_pools(store: "Store", pools: tuple[str, ...]) -> None:
    """Say which of the pools nothing uses: no limit, no run and no schedule is in it, so the name may be a typo."""
    from difflib import get_close_matches

    from arco_sched.core.policy import DEFAULT
    from arco_sched.render.terminal import say
    from arco_sched.service import life

    asked = [pool for pool in pools if pool != DEFAULT.pool]
    if not asked:
        return
    with store.read() as transaction:
        known = {each.pool for each in life.pools(transaction)}
        known |= {each.version.definition.policy.pool for each in transaction.definitions.schedules(deleted=False)}
    for pool in asked:
        if pool not in known:
            near = get_close_matches(pool, sorted(known), n=1)
            say(f"note: no schedule or run is in pool {pool}{f': did you mean {near[0]}?' if near else ' yet'}")


def _say(text: str) -> None:
    from arco_sched.render.terminal import printable, say

    say(f"arco: {printable(text)}")


def _tell(store: "Store") -> "Callable[[int, int], None]":
    from arco_sched.cli.event_stream import EventStream

    return EventStream(store, _say).tell


def _sweep(executor: "Executor", keep: int | None) -> Any:
    """Removes logs by the machine's clock, which also wrote their times."""
    return None if keep is None else (lambda: executor.remove_old_logs(time.time() - keep))


def _refuse_other_hosts(store: "Store", host: str, presence: "Presence", now: int) -> None:
    from arco_sched.execution.presence import GONE, elsewhere

    with store.read() as transaction:
        other = elsewhere(transaction.queue.workers(), host, presence, now)
    if other is not None:
        raise DatabaseUnusable(
            f"a worker on {other.host} was seen {abs(now - other.seen_at)} s ago, and the database belongs to one "
            f"machine: stop that worker, or wait until it has been gone for {GONE} s"
        )


def _forget_the_dead(store: "Store", host: str, presence: "Presence") -> None:
    """Remove what workers of this machine left behind that were killed, or that couldn't write when they ended."""
    with store.read() as transaction:
        gone = [
            each.worker
            for each in transaction.queue.workers()
            if presence.was_here(each.worker) or (each.host == host and presence.has_left(each.worker))
        ]
    if gone:
        with store.write() as transaction:
            for worker in gone:
                transaction.queue.forget(worker)
                presence.clear(worker)


def _clock(session: Session) -> Any:
    """`ARCO_NOW` if it is set, else the clock, read in each round."""
    return (lambda: session.now) if session.has_fixed_clock else (lambda: int(time.time()))


def _tick(store: "Store", workspace: Any, now: int) -> bool:
    """Evaluate if anything is due, or record the visit once a minute; returns whether it did."""
    with store.read() as transaction:
        agenda = transaction.agenda
        visited = agenda.visited_at()
        wanted = agenda.is_due(now) or visited is None or now - visited >= 60
    if wanted:
        workspace.evaluate(now)
    return wanted


def _folder(store: "Store", path: str, *, adopt_copy: bool) -> str:
    """The id that the database and its runs folder share, created by the first worker."""
    import secrets

    from arco_sched.execution import folder

    with store.write() as transaction:
        store_id = transaction.queue.store_id()
        if store_id is not None and not adopt_copy:
            try:
                folder.require(path, store_id)
            except folder.NotOurs as problem:
                raise InvalidInput(f"{problem}: if this database is a copy, add --adopt-copy") from None
            return store_id
        if store_id is None and not adopt_copy and folder.has_attempts(path):
            # Runs with the same keys have the same ids: an end recorded there would count as the end of a run here.
            raise InvalidInput(
                f"{path} has the runs of another database, and this one never had a worker: move that folder away, or, "
                "if this is an older copy of that database, add --adopt-copy"
            )
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


def _answer(store: "Store", worker: "Worker", session: Session, settings: Settings) -> ExitCode:
    from arco_sched.render import lives as render
    from arco_sched.render.terminal import write
    from arco_sched.service import life
    from arco_sched.service.check import Works, waiting_by_reason
    from arco_sched.service.run_workspace import presumed_here
    from arco_sched.service.serving import told

    tally: Tally = worker.tally
    names = dict.fromkeys([*tally.started, *tally.adopted, *tally.skipped, *tally.final])
    with store.read() as transaction:
        known = transaction.runs.by_ids(names)
        runs = life.look_at_all(transaction, [known[run_id] for run_id in names], session.now)
        waiting = sum(transaction.queue.count_waiting().values())
        full = None
        if waiting and not settings.quiet:
            _, full = waiting_by_reason(transaction, session.now, Works(transaction, session.now, presumed_here))
    failed = [each for each in runs if each.state.status == "failed"]
    if settings.as_json:
        write(render.worked(tally, runs, waiting))
    elif settings.quiet:
        for each in failed:
            write(render.sentence(each) + "\n")
    else:
        write(render.summary(tally, runs, waiting, "" if full is None else told(full, session.now)))
    return ExitCode.FAILURES if failed else ExitCode.DONE
