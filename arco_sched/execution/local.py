"""The executor `local`: attempts are processes of this machine, each below a supervisor that outlives the worker."""

import contextlib
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from arco_sched.core.executor import (
    Attempt,
    AttemptId,
    Cancellation,
    CannotStart,
    Ending,
    NotStarted,
    Observation,
    State,
    attempt_name,
)
from arco_sched.execution import environment, folder, logs, processes, protocol, starting, supervisor
from arco_sched.execution.containers import InitLock
from arco_sched.execution.ending import Ender, Signals
from arco_sched.execution.observing import NOT_BEGUN, Observer
from arco_sched.execution.processes import Mark
from arco_sched.execution.scene import take_scene

_PROTOCOL_FILES: Final = ("token", "begun", "ending")
_SUPERVISED: Final = {State.STARTING, State.RUNNING}


class LocalExecutor:
    """Starts attempts on this machine. `path`: the folder `DB.runs`, made by `folder.create` for `store_id`.

    `log_folder` None: each log lies with its attempt. `log_limit`: bytes on disk at which a log loses its middle.
    `worker_environment`: what commands inherit. `tools`: those of the system, unless given.
    One executor a worker; any number of workers share a folder.
    """

    kind = "local"
    queues = False

    def __init__(
        self,
        path: str,
        store_id: str,
        *,
        worker_environment: Mapping[str, str],
        log_folder: str | None = None,
        log_limit: int = logs.LIMIT,
        tools: supervisor.Tools | None = None,
    ) -> None:
        self._path = os.path.abspath(path)
        self._attempts = f"{self._path}/attempts"
        self._store_id = store_id
        self._environment = environment.inherited(worker_environment)
        self._log_folder = None if log_folder is None else os.path.abspath(log_folder)
        self._log_limit = log_limit
        self._tools = tools or supervisor.find_tools(sys.executable)
        self._children: set[int] = set()
        self._submitted: set[str] = set()
        self._is_calm = False
        signals = Signals()
        self._observer = Observer(self._path, store_id, signals)
        self._ender = Ender(self._path, store_id, signals, self._observer.log_path)
        self._init_lock = InitLock(self._path)

    @property
    def interval(self) -> float:
        """A tenth of a second, or a second if all that was polled last is sure to wake the worker when it ends."""
        return 1.0 if self._is_calm else 0.1

    def place(self) -> str:
        """The id of this boot and of the store: a copy of the database is another place."""
        return processes.place(self._store_id)

    def check(self) -> None:
        """Raise `CannotStart` if the folder is not ours, or nothing can be written."""
        try:
            folder.require(self._path, self._store_id)
            for one in (self._attempts, self._log_folder):
                if one is None or not os.path.exists(one):
                    continue
                if not os.access(one, os.W_OK | os.X_OK):
                    raise CannotStart(f"the folder can't be written: {one}")
                if os.statvfs(one).f_bavail == 0:
                    raise CannotStart(f"no space is left for: {one}")
        except folder.NotOurs as error:
            raise CannotStart(str(error)) from None
        except OSError as error:
            raise starting.lacking(error, "the runs folder can't be read") from None

    def submit(self, attempt: Attempt) -> str:
        """Start the supervisor of an attempt, unless it has one, or had; its external id is the name of its folder."""
        self._reap()
        try:
            name = protocol.name_of(attempt.run_id, attempt.attempt)
        except ValueError as error:
            raise NotStarted(str(error)) from None
        self.check()
        if attempt.place != self.place():
            # Its token, if it ever had one, may have gone with the power: `poll` says that it is lost.
            return name
        try:
            return self._start(attempt, name)
        except OSError as error:
            raise starting.lacking(error, "the attempt can't be started") from None

    def _start(self, attempt: Attempt, name: str) -> str:
        home = f"{self._attempts}/{name}"
        with contextlib.ExitStack() as opened:
            lock, new = protocol.open_lock(home)
            opened.callback(os.close, lock)
            # Who has the lock is alone with this attempt: there is one supervisor at a time, or none that lives.
            if not protocol.lock(lock):
                return name
            if not new and not self._begins_again(home):
                return name
            user = environment.account(attempt.command.run_as, self._environment)
            given = environment.environment(attempt, self._store_id, self._environment, user)
            command = attempt.command
            directory = command.working_directory or user.home
            log_path = self._new_log(name)
            text = supervisor.variables(
                folder=home,
                place=protocol.place_text(processes.boot(), processes.pid_namespace()),
                about=protocol.about_text(protocol.About(log_path, directory, command.shell, user.name)),
                shell=command.shell,
                command=command.command,
                directory=directory,
                environment=given,
                user=user.change,
                tools=self._tools,
            )
            owner = None if user.change is None else (user.change.uid, user.change.gid)
            log = logs.open_log(log_path, owner)
            opened.callback(os.close, log)
            protocol.lock(log)
            self._init_lock.hold()
            pid = starting.spawn(supervisor.arguments(name, self._tools), text, lock=lock, log=log)
            self._children.add(pid)
            self._submitted.add(name)
        return name

    @staticmethod
    def _begins_again(home: str) -> bool:
        """Whether an attempt that was submitted before has not begun; its files are gone then."""
        token = protocol.read_token(home)
        if token is not None and not token.never_began():
            return False
        # `token` first: without it the rest says nothing, with it all the rest does.
        for one in _PROTOCOL_FILES:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{home}/{one}")
        return True

    def poll(self, attempts: Sequence[AttemptId]) -> list[Observation]:
        """What is seen of each: one lock asked for each that runs; /proc is read only where a supervisor is gone."""
        self._reap()
        found = self._observer.poll(attempts)
        for index, one in enumerate(attempts):
            if found[index] == NOT_BEGUN and not os.path.isdir(f"{self._attempts}/{attempt_name(one)}"):
                found[index] = self._without_files(one)
        # The end of a child is a signal. Of what others started, or what lost its supervisor, nothing tells.
        self._is_calm = all(
            attempt_name(one) in self._submitted and seen.state in _SUPERVISED and seen.message is None
            for one, seen in zip(attempts, found, strict=True)
        )
        return found

    def _without_files(self, one: AttemptId) -> Observation:
        """What an attempt without a folder means: it never began, or someone cleaned up."""
        if take_scene().marked.get(Mark(self._store_id, one.run_id, str(one.attempt))):
            return Observation(State.RUNNING, "its files are gone")
        if attempt_name(one) in self._submitted:
            return Observation(State.LOST, "its files are gone, and none of its processes is left")
        return NOT_BEGUN

    def cancel(self, cancellations: Sequence[Cancellation], *, now: float, grace: float) -> list[Ending]:
        """One step for each. SIGKILL is repeated within a step while processes that may have forked are left."""
        self._is_calm &= not cancellations
        return self._ender.cancel(cancellations, now=now, grace=grace)

    def tend(self, attempts: Sequence[AttemptId]) -> None:
        """Free the middle of each log that has outgrown the limit."""
        for one in attempts:
            # A log that can't be shortened must not stop the others from being shortened.
            with contextlib.suppress(OSError):
                path = self.log(one)
                if path is not None and logs.keep_within(path, self._log_limit):
                    self._is_calm = False

    def log(self, attempt: AttemptId) -> str | None:
        """The path of its output; None if there is none (any more)."""
        path = self._observer.log_path(attempt_name(attempt))
        return path if os.path.exists(path) else None

    def settle(self, attempts: Iterable[AttemptId]) -> None:
        """Forget them. Their files stay until `discard`: only the token and the output take space.

        Because of the token, a worker that slept since it recorded the start begins nothing when it wakes up.
        """
        for one in attempts:
            name = attempt_name(one)
            self._submitted.discard(name)
            self._observer.forget(name)
            self._ender.forget(name)

    def discard(self, attempts: Iterable[AttemptId]) -> None:
        """Remove the files and the log of each. One that still has its supervisor stays."""
        for one in attempts:
            name = attempt_name(one)
            home = f"{self._attempts}/{name}"
            if protocol.is_locked(f"{home}/lock"):
                continue
            path = self.log(one)
            if path is not None:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
            folder.remove(self._path, name)
            self._observer.forget(name)
            self._ender.forget(name)

    def remove_old_logs(self, before: float) -> int:
        """Remove logs that were last written before an instant (epoch seconds), save those that are open; returns how
        many."""
        # An engine's attempts have no token and no locked log here: they are left to the engine's own worker.
        begun = (name for name in folder.names(self._path) if os.path.exists(f"{self._attempts}/{name}/token"))
        paths = (self._observer.log_path(name) for name in begun)
        return logs.remove_old(paths, before=before, in_use=protocol.is_locked)

    def awaited(self) -> set[int]:
        """None: a supervisor writes down how its command ended."""
        return set()

    def close(self) -> None:
        """Release what the executor holds. The attempts go on."""
        self._init_lock.close()

    def _new_log(self, name: str) -> str:
        if self._log_folder is None:
            return f"{self._attempts}/{name}/log"
        os.makedirs(self._log_folder, mode=0o700, exist_ok=True)
        return f"{self._log_folder}/{name}.log"

    def _reap(self) -> None:
        """Collect supervisors that ended: they are children of the worker that started them."""
        for pid in list(self._children):
            try:
                ended, _ = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                ended = pid
            if ended:
                self._children.discard(pid)
