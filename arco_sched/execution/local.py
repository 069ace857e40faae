"""The executor `local`: attempts are processes of this machine, each below a supervisor that outlives the worker."""

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from arco_sched.core.executor import (
    Attempt,
    AttemptId,
    Cancellation,
    CannotStart,
    Ending,
    NotStarted,
    Observation,
    Outcome,
    State,
    outcome,
    signal_of,
)
from arco_sched.execution import ending, environment, folder, logs, processes, protocol, starting, supervisor
from arco_sched.execution.processes import Mark

_NO_ROOM: Final = 99
"""The exit code of a supervisor's child that could not write down that it begins."""
_GONE: Final = "supervisor gone"
_PROTOCOL_FILES: Final = ("token", "begun", "end", "ending")


class _Known(NamedTuple):
    """What of an attempt does not change any more once it is read: when its command began, and where its log is."""

    begun: float | None
    log: str


class _Open(NamedTuple):
    """The files of an attempt that may have processes: its token, its first signal, whether it has its supervisor."""

    token: protocol.Token
    first: protocol.Signalled | None
    held: bool


class LocalExecutor:
    """Starts attempts on this machine. `path`: the folder `DB.runs`, made by `folder.create` for `store_id`.

    `log_folder` None: each log lies with its attempt. `log_limit`: bytes on disk at which a log loses its middle.
    `worker_environment`: what commands inherit. `tools`: those of the system, unless given.
    One executor a worker; any number of workers share a folder.
    """

    kind = "local"

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
        self._environment = dict(worker_environment)
        self._log_folder = None if log_folder is None else os.path.abspath(log_folder)
        self._log_limit = log_limit
        self._tools = tools or supervisor.find_tools(sys.executable)
        self._children: set[int] = set()
        self._known: dict[str, _Known] = {}
        self._targets = ending.Targets()
        self._init_lock: int | None = None

    def place(self) -> str:
        """The id of this boot."""
        return processes.boot()

    def check(self) -> None:
        """Raise `CannotStart` where the folder is not ours, or nothing can be written."""
        try:
            folder.require(self._path, self._store_id)
            for one in (self._attempts, self._log_folder):
                if one is not None and not os.access(one, os.W_OK | os.X_OK) and os.path.exists(one):
                    raise CannotStart(f"the folder can't be written: {one}")
                if one is not None and os.path.exists(one) and os.statvfs(one).f_bavail == 0:
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
        if attempt.place != processes.boot():
            # Its token, if it ever had one, may have gone with the power: `poll` says that it is lost.
            return name
        try:
            return self._start(attempt, name)
        except OSError as error:
            raise starting.lacking(error, "the attempt can't be started") from None

    def _start(self, attempt: Attempt, name: str) -> str:
        home = f"{self._attempts}/{name}"
        with contextlib.suppress(FileExistsError):
            os.mkdir(home, 0o700)
        with contextlib.ExitStack() as opened:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            lock = os.open(f"{home}/lock", flags, 0o600)
            opened.callback(os.close, lock)
            # Who has the lock is alone with this attempt: there is one supervisor at a time, or none that lives.
            if not protocol.lock(lock):
                return name
            if protocol.read_token(home) is not None:
                end = protocol.read_end(home)
                if end is None or not _never_began(home, end):
                    return name
            user = environment.account(attempt.command.run_as, self._environment)
            given = environment.environment(attempt, self._environment, user)
            command = attempt.command
            directory = command.working_directory or user.home
            text = supervisor.variables(
                folder=home,
                place=protocol.place_text(processes.boot(), processes.pid_namespace()),
                shell=command.shell,
                command=command.command,
                directory=directory,
                environment=given,
                user=user.change,
                tools=self._tools,
            )
            log_path = self._new_log(name)
            # `token` first: without it the rest says nothing, with it all the rest does.
            for one in _PROTOCOL_FILES:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(f"{home}/{one}")
            about = {"log": log_path, "directory": directory, "shell": command.shell, "user": user.name}
            os.ftruncate(lock, 0)
            os.pwrite(lock, json.dumps(about).encode(), 0)
            owner = None if user.change is None else (user.change.uid, user.change.gid)
            log = logs.open_log(log_path, owner)
            opened.callback(os.close, log)
            protocol.lock(log)
            self._hold_init_lock()
            pid = starting.spawn(supervisor.arguments(name, self._tools), text, lock=lock, log=log)
            self._children.add(pid)
        return name

    def poll(self, attempts: Sequence[AttemptId]) -> list[Observation]:
        """What is seen of each: one lock asked for each that runs; /proc is read only where a supervisor is gone."""
        self._reap()
        try:
            folder.require(self._path, self._store_id)
        except folder.NotOurs as error:
            return [Observation(State.LOST, str(error))] * len(attempts)
        except OSError as error:
            return [Observation(State.UNKNOWN, f"the runs folder can't be read: {error.strerror}")] * len(attempts)
        uptime = processes.uptime()
        found = [self._look(one, uptime) for one in attempts]
        orphans = [index for index, one in enumerate(found) if one is None]
        for _ in range(2):
            # Twice, because a process that forks and ends while /proc is read can be missed, with its child.
            if orphans:
                scene = ending.scene()
                orphans = [index for index in orphans if not self._lives(attempts[index], scene)]
        for index in orphans:
            found[index] = self._look(attempts[index], uptime, gone=True)
        answers = [one or self._orphan(attempts[index], uptime) for index, one in enumerate(found)]
        for one, seen in zip(attempts, answers, strict=True):
            if outcome(seen) is not None:
                self._known.pop(f"{one.run_id}.{one.attempt}", None)
        return answers

    def _look(self, one: AttemptId, uptime: float, *, gone: bool = False) -> Observation | None:
        """What the files say; None where only its processes can (`gone`: there are none)."""
        name = f"{one.run_id}.{one.attempt}"
        home = f"{self._attempts}/{name}"
        try:
            if _locked(f"{home}/lock"):
                begun = self._begun(name, home)
                if begun is None:
                    return Observation(State.STARTING)
                return Observation(State.RUNNING, None, _milliseconds(begun, uptime))
            # Asked in this order: what writes the end holds the lock until it is written.
            end = protocol.read_end(home)
            if end is not None:
                return self._ended(home, end)
            token = protocol.read_token(home)
        except OSError as error:
            return Observation(State.UNKNOWN, f"its files can't be read: {error.strerror}")
        if token is None:
            if one.place != processes.boot():
                return Observation(State.LOST, "the machine was started anew")
            return Observation(State.NOT_BEGUN)
        reason = protocol.read_ending(home)
        because = None if reason is None else Outcome(reason.reason)
        if token.boot != processes.boot():
            return Observation(State.LOST, "the machine was started anew", ending=because)
        if token.namespace != processes.pid_namespace():
            if self._init_is_gone(token.namespace):
                return Observation(State.LOST, "its container is gone", ending=because)
            return Observation(State.UNKNOWN, "it runs, or ran, in another container (pid namespace)")
        return (
            Observation(State.LOST, "nothing of it is left, and no end was written", ending=because) if gone else None
        )

    def _ended(self, home: str, end: protocol.End) -> Observation:
        begun, refused = protocol.read_begun(home)
        reason = protocol.read_ending(home)
        # The first signal came after the end: it ended by itself.
        because = None if reason is None or reason.uptime > end.uptime else Outcome(reason.reason)
        if _never_began(home, end):
            return Observation(State.NOT_BEGUN, "the supervisor could not begin it: no process or no space was left")
        if refused is not None:
            about = _about(home)
            return Observation(State.NOT_STARTED, protocol.REFUSED[refused].format_map(about))
        code = end.code or 0
        if begun is None and because is None:
            user = _about(home)["user"]
            return Observation(State.NOT_STARTED, f"it could not be started as {user} (exit {code}): see its log")
        elapsed = None if begun is None else _milliseconds(begun, end.uptime)
        return Observation(State.ENDED, None, elapsed, code, signal_of(code), because)

    def _orphan(self, one: AttemptId, uptime: float) -> Observation:
        name = f"{one.run_id}.{one.attempt}"
        begun = self._begun(name, f"{self._attempts}/{name}")
        return Observation(State.RUNNING, _GONE, None if begun is None else _milliseconds(begun, uptime))

    def _lives(self, one: AttemptId, scene: ending.Scene) -> bool:
        name = f"{one.run_id}.{one.attempt}"
        token = protocol.read_token(f"{self._attempts}/{name}")
        mark = Mark(one.run_id, str(one.attempt))
        return token is not None and ending.lives(token, mark, self._log_path(name), scene)

    def cancel(self, cancellations: Sequence[Cancellation], *, now: float, grace: float) -> list[Ending]:
        """One step for each. SIGKILL is repeated within a step where something is left that may have forked."""
        answers: dict[int, Ending] = {}
        pending = list(range(len(cancellations)))
        for _ in range(ending.PASSES):
            # The files first, then the processes: what a supervisor started before it was gone is then among them.
            open_ones = {}
            for index in pending:
                found = self._still_there(cancellations[index].attempt)
                if isinstance(found, Ending):
                    answers[index] = found
                else:
                    open_ones[index] = found
            if not open_ones:
                break
            scene = ending.scene()
            pending = []
            for index, there in open_ones.items():
                answers[index], forced = self._end(cancellations[index], there, scene, now, grace)
                if forced:
                    pending.append(index)
        return [answers[index] for index in range(len(cancellations))]

    def _still_there(self, one: AttemptId) -> Ending | _Open:
        """What the files say of an attempt that may have to be ended, or that there is nothing to end (from here)."""
        home = f"{self._attempts}/{one.run_id}.{one.attempt}"
        try:
            folder.require(self._path, self._store_id)
            held = _locked(f"{home}/lock")
            token, first, end = protocol.read_token(home), protocol.read_ending(home), protocol.read_end(home)
        except folder.NotOurs:
            return Ending(False, 0)
        except OSError as error:
            return Ending(False, 1, f"its files can't be read: {error.strerror}")
        signalled = first is not None
        if token is None:
            return Ending(False, int(held))
        if token.boot != processes.boot() or (end is not None and not held and first is None):
            return Ending(signalled, 0)
        if token.namespace != processes.pid_namespace():
            over = not held and (end is not None or self._init_is_gone(token.namespace))
            return Ending(signalled, int(not over), None if over else "it is in another pid namespace")
        return _Open(token, first, held)

    def _end(
        self, wish: Cancellation, there: _Open, scene: ending.Scene, now: float, grace: float
    ) -> tuple[Ending, bool]:
        """A step of one attempt; and whether SIGKILL was sent, so that another look is worth while."""
        one = wish.attempt
        name = f"{one.run_id}.{one.attempt}"
        home = f"{self._attempts}/{name}"
        token, first, held = there
        mark = Mark(one.run_id, str(one.attempt))
        found, hidden = self._targets.find(name, token, mark, self._log_path(name), scene, supervised=held)
        if not found:
            if held:
                ending.wake(token, scene)
            return Ending(first is not None, int(held or hidden)), False
        if first is None:
            try:
                protocol.write_ending(home, protocol.Signalled(wish.reason.value, processes.uptime(), now))
            except OSError as error:
                return Ending(False, len(found), f"it can't be ended: {error.strerror}"), False
        force = first is not None and now - first.now >= grace
        reached = self._targets.end(name, found, scene, force=force)
        if first is None and not reached:
            os.unlink(f"{home}/ending")
        return Ending(first is not None or reached, len(found) + int(held)), force

    def tend(self, attempts: Sequence[AttemptId]) -> None:
        """Free the middle of each log that has outgrown the limit."""
        for one in attempts:
            # A log that can't be shortened is no reason to leave the others alone.
            with contextlib.suppress(OSError):
                path = self.log(one)
                if path is not None:
                    logs.keep_within(path, self._log_limit)

    def log(self, attempt: AttemptId) -> str | None:
        """The path of its output; None where there is none (any more)."""
        path = self._log_path(f"{attempt.run_id}.{attempt.attempt}")
        return path if os.path.exists(path) else None

    def settle(self, attempts: Iterable[AttemptId]) -> None:
        """Remove all but the token and the log, and an empty log: 8 to 16 KiB an attempt.

        The token stays, so that a worker that slept since it recorded the start begins nothing when it wakes.
        """
        for one in attempts:
            home = f"{self._attempts}/{one.run_id}.{one.attempt}"
            if _locked(f"{home}/lock"):
                continue
            path = self.log(one)
            if path is not None and os.stat(path).st_size == 0:
                os.unlink(path)
                path = None
            unneeded = [f"{home}/{name}" for name in ("begun", "end", "ending", "lock")]
            if path is not None and not path.startswith(f"{home}/"):
                # `lock` alone says where the log is.
                unneeded.pop()
            for name in unneeded:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name)
            self._known.pop(f"{one.run_id}.{one.attempt}", None)

    def discard(self, attempts: Iterable[AttemptId]) -> None:
        """Remove the files and the log of each. One that still has its supervisor stays."""
        for one in attempts:
            name = f"{one.run_id}.{one.attempt}"
            home = f"{self._attempts}/{name}"
            if _locked(f"{home}/lock"):
                continue
            path = self.log(one)
            if path is not None:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
            folder.remove(self._path, name)
            self._known.pop(name, None)
            self._targets.forget(name)

    def remove_old_logs(self, before: float) -> int:
        """Remove logs that were last written before an instant (epoch seconds), save those that are open; how many."""
        paths = (self._log_path(name) for name in folder.names(self._path))
        return logs.remove_old(paths, before=before, in_use=_locked)

    def close(self) -> None:
        """Let go of what the executor holds. The attempts go on."""
        if self._init_lock is not None:
            os.close(self._init_lock)
            self._init_lock = None

    def _new_log(self, name: str) -> str:
        if self._log_folder is None:
            return f"{self._attempts}/{name}/log"
        os.makedirs(self._log_folder, mode=0o700, exist_ok=True)
        return f"{self._log_folder}/{name}.log"

    def _log_path(self, name: str) -> str:
        known = self._known.get(name)
        home = f"{self._attempts}/{name}"
        return known.log if known else _about(home)["log"] or f"{home}/log"

    def _begun(self, name: str, home: str) -> float | None:
        known = self._known.get(name)
        if known is None:
            begun, _ = protocol.read_begun(home)
            if begun is None:
                return None
            known = self._known[name] = _Known(begun, _about(home)["log"] or f"{home}/log")
        return known.begun

    def _reap(self) -> None:
        """Take note of supervisors that ended: they are children of the worker that started them."""
        for pid in list(self._children):
            try:
                ended, _ = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                ended = pid
            if ended:
                self._children.discard(pid)

    def _hold_init_lock(self) -> None:
        """A worker that is its container's first process holds a lock for the whole container, which ends with it."""
        if os.getpid() == 1 and self._init_lock is None:
            path = f"{self._path}/init.{processes.pid_namespace()}"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            protocol.lock(descriptor)
            self._init_lock = descriptor

    def _init_is_gone(self, namespace: str) -> bool:
        try:
            return not protocol.locked(f"{self._path}/init.{namespace}")
        except OSError:
            return False


def _locked(path: str) -> bool:
    try:
        return protocol.locked(path)
    except FileNotFoundError:
        return False


def _milliseconds(begun: float, until: float) -> int:
    return max(0, round((until - begun) * 1000))


def _never_began(home: str, end: protocol.End) -> bool:
    """Whether a supervisor said that it lacked what it takes to begin: the same attempt may begin again."""
    if end.code is None:
        return True
    return end.code == _NO_ROOM and protocol.read_begun(home) == (None, None)


def _about(home: str) -> dict[str, str]:
    """What the worker that submitted an attempt noted of it; empty texts where it noted nothing."""
    try:
        about = json.loads(protocol.read(f"{home}/lock") or "{}")
    except (OSError, ValueError):
        about = {}
    return {key: str(about.get(key, "")) for key in ("log", "directory", "shell", "user")}
