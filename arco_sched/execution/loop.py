"""The worker's loop: when the next round is due, and when the loop ends."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from arco_sched.core.ports import Store
from arco_sched.core.run_subjects import Worker as Sign
from arco_sched.execution.containers import reap_orphans
from arco_sched.execution.processes import uptime
from arco_sched.execution.watching import Watch
from arco_sched.execution.worker import Worker

STEP = 0.05
"""Seconds between two looks at whether anything changed, where the kernel doesn't tell."""

SETTLING = 1.0
"""Seconds after a write for which it looks again and again: a transaction is written, then synced, and then there."""

SOON = 0.005
"""Seconds from a write to the first of these looks; each comes half as long again after the write."""

SIGN = 30
"""Seconds between two signs of life."""

Evaluate = Callable[[int], bool]
"""Evaluates the schedules as of an instant, if anything is due; returns whether it did."""


@dataclass(slots=True)
class Stop:
    """What signals asked for: `asked` the first time, `at_once` the second."""

    wakes: int
    asked: bool = False
    at_once: bool = False

    def __call__(self, _number: int, _frame: object) -> None:
        self.at_once = self.asked
        self.asked = True

    def wait(self, seconds: float, others: Sequence[int] = ()) -> bool:
        """Sleep until the time is over, a signal comes, a supervisor ends, or one of `others` is readable; returns
        whether a signal or a supervisor's end woke it."""
        ready, _, _ = select.select([self.wakes, *others], [], [], seconds)
        woken = self.wakes in ready
        if woken:
            with contextlib.suppress(BlockingIOError):
                os.read(self.wakes, 4096)
        return woken


@contextlib.contextmanager
def stopping() -> Iterator[Stop]:
    """SIGTERM and SIGINT ask the loop to stop, instead of ending the process; the end of a child wakes it."""
    reads, writes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    stop = Stop(reads)
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    wakes = signal.set_wakeup_fd(writes, warn_on_full_buffer=False)
    try:
        yield stop
    finally:
        signal.set_wakeup_fd(wakes)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reads)
        os.close(writes)


class _Signs:
    """The signs of life of a worker."""

    def __init__(self, store: Store, sign: Sign) -> None:
        self._store, self._sign = store, sign
        self._given_at: int | None = None

    def give(self, now: int) -> None:
        """Say that it works, unless that was said less than `SIGN` seconds ago."""
        if self._given_at is None or now - self._given_at >= SIGN:
            with self._store.write() as transaction:
                transaction.queue.see(self._sign._replace(seen_at=now))
            self._given_at = now

    def take_away(self) -> None:
        """Say goodbye, where there was a sign."""
        if self._given_at is not None:
            leave(self._store, self._sign)


class _Rest:
    """What a worker does between two rounds."""

    def __init__(self, store: Store, stop: Stop) -> None:
        self._stop, self._watch = stop, Watch(store.journal())
        self._written = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.close()

    def take(self, seconds: float) -> bool:
        """Sleep for so long at most, less if another process may have committed; returns whether a signal or the end of
        a child woke it."""
        self._look()  # what was written so far, by this worker too, wakes nobody
        since = time.monotonic() - self._written
        if not self._watch.works:
            seconds = min(STEP, seconds)
        elif since < SETTLING:
            seconds = min(STEP, max(SOON, since / 2), seconds)
        woken = self._stop.wait(max(0.0, seconds), self._watch.descriptors())
        self._look()
        return woken

    def _look(self) -> None:
        if self._watch.take():
            self._written = time.monotonic()


def once(store: Store, worker: Worker, sign: Sign, clock: Callable[[], int], stop: Stop) -> None:
    """Take what was requested before now and can start, wait for it and for adopted attempts, then return.

    While it waits it gives signs of life. One that ends by an error leaves its last one to the next worker.
    """
    version, signs = store.schema_version(), _Signs(store, sign)
    with store.read() as transaction:
        through = transaction.queue.last_number()
    with _Rest(store, stop) as rest:
        while True:
            before, there, now = len(worker.tally.started), store.changes(), clock()
            left = worker.round(now, uptime(), claims=not stop.asked, through=through)
            looked = time.monotonic()
            _be_init(worker)
            if store.schema_version() != version:
                return  # what a newer arco brought forward is not for this one to write
            if stop.at_once or (not left and (stop.asked or len(worker.tally.started) == before)):
                signs.take_away()
                return
            signs.give(now)
            while not rest.take(looked + worker.interval - time.monotonic()):
                if store.changes() != there or time.monotonic() - looked >= worker.interval:
                    break


def serve(
    store: Store,
    worker: Worker,
    sign: Sign,
    clock: Callable[[], int],
    stop: Stop,
    *,
    drain: float,
    evaluate: Evaluate | None = None,
) -> bool:
    """Work until a signal comes; then take nothing new and wait `drain` seconds for what runs.

    Returns False if it ended because a newer arco migrated the database, which this one can't use.
    """
    version = store.schema_version()
    try:
        with _Rest(store, stop) as rest:
            return _serve(store, worker, sign, clock, stop, version, rest, drain=drain, evaluate=evaluate)
    except Exception:
        # It may be that very migration, noticed in the middle of a round.
        if store.schema_version() != version:
            return False
        raise


def _serve(
    store: Store,
    worker: Worker,
    sign: Sign,
    clock: Callable[[], int],
    stop: Stop,
    version: int,
    rest: _Rest,
    *,
    drain: float,
    evaluate: Evaluate | None,
) -> bool:
    changes, looked, evaluated, ready = -1, 0.0, 0, 0
    signs = _Signs(store, sign)
    deadline: float | None = None
    left, woken, requested = 0, False, False
    while store.schema_version() == version:
        now, passed = clock(), time.monotonic()
        if stop.asked and deadline is None:
            deadline = passed + drain
        if stop.at_once or (deadline is not None and (not left or passed >= deadline)):
            return True
        if evaluate is not None and not stop.asked and now != evaluated:
            evaluated = now
            # This worker wouldn't notice its own changes.
            requested = evaluate(now)
        signs.give(now)
        there = store.changes()
        if there != changes or woken or requested or (left and passed - looked >= worker.interval) or 0 < ready <= now:
            left = worker.round(now, uptime(), claims=not stop.asked)
            # What others committed during the round is a change after it: the round may not have seen that.
            changes, looked = there, time.monotonic()
            with store.read() as transaction:
                ready = transaction.queue.next_ready_after(now) or 0
            requested = False
        _be_init(worker)
        # What is due is due at a whole second.
        pause = STEP if stop.asked else 1.001 - time.time() % 1
        if left:
            pause = min(pause, looked + worker.interval - time.monotonic())
        woken = rest.take(pause)
    return False


def _be_init(worker: Worker) -> None:
    """The duties of the first process of a container."""
    if os.getpid() == 1:
        reap_orphans(worker.awaited())


def leave(store: Store, sign: Sign) -> None:
    """Say goodbye."""
    with store.write() as transaction:
        transaction.queue.forget(sign.worker)
