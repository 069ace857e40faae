"""End attempts step by step: nothing here waits for a process."""

import os
import signal
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from arco_sched.core.executor import AttemptId, Cancellation, Ending, attempt_name
from arco_sched.execution import containers, folder, processes, protocol
from arco_sched.execution.processes import Mark, holding, send
from arco_sched.execution.scene import Scene, is_there, log_is_open, members, take_scene

_PASSES: Final = 5
"""Rounds of SIGKILL in one step: what forks faster than it is looked for needs more than one."""


class Signals:
    """The first signal of each attempt: in its files, or, while the disk is full, in this worker's memory.

    A full disk must not protect the process that fills it.
    """

    def __init__(self) -> None:
        self._unwritten: dict[str, protocol.Signalled] = {}

    def read(self, name: str, home: str) -> protocol.Signalled | None:
        """The first signal, or None if there was none. Raises `OSError`."""
        if name in self._unwritten:
            # There may be room by now.
            self.write(name, home, self._unwritten[name])
        return protocol.read_ending(home) or self._unwritten.get(name)

    def write(self, name: str, home: str, first: protocol.Signalled) -> None:
        """Note the first signal, before it is sent."""
        try:
            protocol.write_ending(home, first)
            self._unwritten.pop(name, None)
        except OSError:
            self._unwritten[name] = first

    def take_back(self, name: str, home: str) -> None:
        """Undo the note: no process was there, so no signal was sent. Raises `OSError`."""
        if self._unwritten.pop(name, None) is None:
            os.unlink(f"{home}/ending")

    def forget(self, name: str) -> None:
        """Forget an attempt that is over."""
        self._unwritten.pop(name, None)


class _Open(NamedTuple):
    """The files of an attempt that may have processes: its token, its first signal, whether it has its supervisor."""

    token: protocol.Token
    first: protocol.Signalled | None
    held: bool


class Ender:
    """Ends attempts in the runs folder `path` of a store; `log_path` says where the output of one goes.

    Remembers which processes have been asked to end, so that none gets a second SIGTERM, which many programs take to
    mean "immediately".
    """

    def __init__(self, path: str, store_id: str, signals: Signals, log_path: Callable[[str], str]) -> None:
        self._path = path
        self._attempts = f"{path}/attempts"
        self._store_id = store_id
        self._signals = signals
        self._log_path = log_path
        self._asked: dict[str, set[tuple[int, int]]] = {}

    def forget(self, name: str) -> None:
        """Forget an attempt that is over."""
        self._asked.pop(name, None)
        self._signals.forget(name)

    def cancel(self, cancellations: Sequence[Cancellation], *, now: float, grace: float) -> list[Ending]:
        """One step for each. SIGKILL is repeated within a step where something is left that may have forked.

        One worker at a time: of two that take over what a third left, the second would note its signal as the first.
        """
        if not cancellations:
            return []
        with folder.alone(self._path) as alone:
            if not alone:
                return [Ending(False, 1)] * len(cancellations)
            return self._cancel(cancellations, now, grace)

    def _cancel(self, cancellations: Sequence[Cancellation], now: float, grace: float) -> list[Ending]:
        answers: dict[int, Ending] = {}
        pending = list(range(len(cancellations)))
        for _ in range(_PASSES):
            # The files first, then the processes: what a supervisor started before it was gone is then among them.
            open_ones = {}
            for index in pending:
                found = self._still_there(cancellations[index], now)
                if isinstance(found, Ending):
                    answers[index] = found
                else:
                    open_ones[index] = found
            if not open_ones:
                break
            living = take_scene()
            pending = []
            for index, there in open_ones.items():
                answers[index], forced = self._end(cancellations[index], there, living, now, grace)
                if forced:
                    pending.append(index)
        return [answers[index] for index in range(len(cancellations))]

    def _still_there(self, wish: Cancellation, now: float) -> Ending | _Open:
        """What the files say of an attempt that may have to be ended, or that there is nothing to end (from here)."""
        one = wish.attempt
        name = attempt_name(one)
        home = f"{self._attempts}/{name}"
        try:
            folder.require(self._path, self._store_id)
            held = protocol.is_locked(f"{home}/lock")
            token, first = protocol.read_token(home), self._signals.read(name, home)
        except folder.NotOurs:
            return Ending(False, 0)
        except OSError as error:
            return Ending(False, 1, f"its files can't be read: {error.strerror}")
        signalled = first is not None
        if token is None:
            return Ending(False, 1) if held else self._forestall(wish, home, now)
        over = token.end is not None and not held and (first is None or token.end.void)
        if over or token.boot != processes.boot():
            return Ending(signalled and not (token.end and token.end.void), 0)
        if not containers.is_here(token.namespace):
            over = not held and (token.end is not None or containers.is_gone(self._path, token.namespace))
            return Ending(signalled, int(not over), None if over else "it is in another pid namespace")
        return _Open(token, first, held)

    def _forestall(self, wish: Cancellation, home: str, now: float) -> Ending:
        """End an attempt that has not begun: whoever recorded its start and comes late finds the token taken."""
        if wish.attempt.place != processes.place(self._store_id):
            return Ending(False, 0)
        try:
            lock, _ = protocol.open_lock(home)
            try:
                if not protocol.lock(lock) or protocol.read_token(home) is not None:
                    # Somebody was quicker: the next step sees how far it came.
                    return Ending(False, 1)
                uptime = processes.uptime()
                protocol.write_ending(home, protocol.Signalled(wish.reason.value, uptime, now))
                place = protocol.place_text(processes.boot(), processes.pid_namespace())
                protocol.take_token(home, place, uptime)
                return Ending(False, 0)
            finally:
                os.close(lock)
        except OSError as error:
            return Ending(False, 1, f"it can't be ended: {error.strerror}")

    def _end(self, wish: Cancellation, there: _Open, living: Scene, now: float, grace: float) -> tuple[Ending, bool]:
        """A step of one attempt; and whether SIGKILL was sent, so that another look is worth while."""
        name = attempt_name(wish.attempt)
        home = f"{self._attempts}/{name}"
        found, hidden = self._find(wish.attempt, there, living)
        signalled = there.first is not None
        if not found:
            if there.held and is_there(living.living, there.token.supervisor):
                # Somebody may have stopped it; it has an end to write.
                send(living.living[there.token.supervisor.pid], signal.SIGCONT)
            return Ending(signalled, int(there.held or hidden)), False
        if there.first is None:
            self._signals.write(name, home, protocol.Signalled(wish.reason.value, processes.uptime(), now))
        force = there.first is not None and now - there.first.now >= grace
        reached = self._send(name, found, living, force=force)
        if there.first is None and not reached:
            self._signals.take_back(name, home)
        return Ending(signalled or reached, len(found) + int(there.held)), force

    def _find(self, one: AttemptId, there: _Open, living: Scene) -> tuple[set[int], bool]:
        """The processes of an attempt to be ended, and whether there is one more that has its log open, but hides.

        Those that only their open log betrays are looked for last.
        """
        name = attempt_name(one)
        found = members(there.token, Mark(self._store_id, one.run_id, str(one.attempt)), living)
        if found or there.held:
            return found, False
        log = self._log_path(name)
        if log_is_open(log):
            found = holding(os.path.realpath(log), living.living) - {os.getpid()}
            return found, not found
        self._asked.pop(name, None)
        return found, False

    def _send(self, name: str, found: set[int], living: Scene, *, force: bool) -> bool:
        """Send SIGTERM to those of `found` that have not had it, or SIGKILL to all; whether it reached anybody."""
        asked = self._asked.setdefault(name, set())
        reached = False
        for pid in sorted(found):
            target = living.living[pid]
            if force:
                reached |= send(target, signal.SIGKILL)
            elif (target.pid, target.start) not in asked and send(target, signal.SIGTERM):
                asked.add((target.pid, target.start))
                reached = True
        return reached
