"""What is seen of attempts: by their locks first, by their files if no lock is held, by /proc last."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from arco_sched.core.executor import AttemptId, Observation, Outcome, State, attempt_name, outcome, signal_of
from arco_sched.execution import containers, folder, processes, protocol
from arco_sched.execution.ending import Signals
from arco_sched.execution.processes import Mark
from arco_sched.execution.scene import Scene, lives, take_scene

NOT_BEGUN: Final = Observation(State.NOT_BEGUN)
_SUPERVISOR_GONE: Final = "supervisor gone"
_NOTHING_LEFT: Final = "none of its processes is left, and no end was recorded"


class _Known(NamedTuple):
    """What no longer changes about an attempt once it is read: when its command began, and where its log is."""

    begun: float | None
    log: str


def _elsewhere(place: str) -> str:
    """Why an attempt that was started in another place and has no files here is lost."""
    if place.partition("/")[0] == processes.boot():
        return "it was started for the database that this one is a copy of, or its files are gone"
    return "the machine was rebooted"


class Observer:
    """Looks at the attempts in the runs folder `path` of a store, and remembers what can no longer change."""

    def __init__(self, path: str, store_id: str, signals: Signals) -> None:
        self._path = path
        self._attempts = f"{path}/attempts"
        self._store_id = store_id
        self._signals = signals
        self._known: dict[str, _Known] = {}

    def poll(self, attempts: Sequence[AttemptId]) -> list[Observation]:
        """What is seen of each: one lock is checked for each; /proc is read only if a supervisor is gone."""
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
                scene = take_scene()
                orphans = [index for index in orphans if not self._lives(attempts[index], scene)]
        for index in orphans:
            found[index] = self._look(attempts[index], uptime, gone=True)
        answers = [one or self._orphan(attempts[index], uptime) for index, one in enumerate(found)]
        for one, seen in zip(attempts, answers, strict=True):
            if outcome(seen) is not None:
                self.forget(attempt_name(one))
        return answers

    def forget(self, name: str) -> None:
        """Forget an attempt that is over."""
        self._known.pop(name, None)

    def log_path(self, name: str) -> str:
        """The path of an attempt's output, whether it is there or not."""
        known = self._known.get(name)
        home = f"{self._attempts}/{name}"
        return known.log if known else protocol.log_path(home)

    def _begun(self, name: str, home: str) -> float | None:
        known = self._known.get(name)
        if known is None:
            token = protocol.read_token(home)
            if token is None or token.begun is None:
                return None
            known = self._known[name] = _Known(token.begun, token.about.log or f"{home}/log")
        return known.begun

    def _look(self, one: AttemptId, uptime: float, *, gone: bool = False) -> Observation | None:
        """What the files say; None if only its processes can (`gone`: there are none)."""
        name = attempt_name(one)
        home = f"{self._attempts}/{name}"
        try:
            if protocol.is_locked(f"{home}/lock"):
                begun = self._begun(name, home)
                if begun is None:
                    return Observation(State.STARTING)
                return Observation(State.RUNNING, None, _milliseconds(begun, uptime))
            # Read after the lock is free: what writes the end holds it until it is written.
            token = protocol.read_token(home)
            if token is None:
                if one.place != processes.place(self._store_id):
                    return Observation(State.LOST, _elsewhere(one.place))
                return NOT_BEGUN
            reason = self._signals.read(name, home)
            if token.end is not None:
                return self._ended(token, token.end, reason)
            return self._endless(token, reason, gone=gone)
        except OSError as error:
            return Observation(State.UNKNOWN, f"its files can't be read: {error.strerror}")

    def _endless(self, token: protocol.Token, reason: protocol.Signalled | None, *, gone: bool) -> Observation | None:
        """What the files say of an attempt without a supervisor and without an end."""
        because = None if reason is None else Outcome(reason.reason)
        if token.boot != processes.boot():
            return Observation(State.LOST, "the machine was rebooted", ending=because)
        if not containers.is_here(token.namespace):
            if containers.is_gone(self._path, token.namespace):
                return Observation(State.LOST, "its container is gone", ending=because)
            return Observation(State.UNKNOWN, "it runs, or ran, in another container (pid namespace)")
        return Observation(State.LOST, _NOTHING_LEFT, ending=because) if gone else None

    @staticmethod
    def _ended(token: protocol.Token, end: protocol.End, reason: protocol.Signalled | None) -> Observation:
        """What the files say of an attempt with an end."""
        if token.never_began():
            return Observation(
                State.NOT_BEGUN, "the supervisor could not start it: no process or no disk space was left"
            )
        if token.refused is not None:
            return Observation(State.NOT_STARTED, protocol.REFUSED[token.refused].format_map(token.about._asdict()))
        # Where the first signal came after the end, it ended by itself.
        because = None if reason is None or reason.uptime > end.uptime else Outcome(reason.reason)
        if end.void:
            return Observation(State.ENDED, "it was stopped before it began", ending=because)
        code = end.code or 0
        if token.begun is None and because is None:
            how = f"it could not be started as {token.about.user} (exit {code}): see its log"
            return Observation(State.NOT_STARTED, how)
        elapsed = None if token.begun is None else _milliseconds(token.begun, end.uptime)
        return Observation(State.ENDED, None, elapsed, code, signal_of(code), because)

    def _orphan(self, one: AttemptId, uptime: float) -> Observation:
        name = attempt_name(one)
        begun = self._begun(name, f"{self._attempts}/{name}")
        return Observation(State.RUNNING, _SUPERVISOR_GONE, None if begun is None else _milliseconds(begun, uptime))

    def _lives(self, one: AttemptId, scene: Scene) -> bool:
        name = attempt_name(one)
        try:
            token = protocol.read_token(f"{self._attempts}/{name}")
        except OSError:
            # It can't be read, so it can't be ruled out.
            return True
        mark = Mark(self._store_id, one.run_id, str(one.attempt))
        return token is not None and lives(token, mark, self.log_path(name), scene)


def _milliseconds(begun: float, until: float) -> int:
    return max(0, round((until - begun) * 1000))
