"""Commands that run once a run is final: `on_failure` of the run, `--on-finish` of the worker."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from arco_sched.core.executor import Attempt, NotStarted
from arco_sched.core.ports import Store
from arco_sched.core.run_subjects import Life
from arco_sched.execution import environment
from arco_sched.execution.commands import command_of, variables_of
from arco_sched.execution.environment import Account
from arco_sched.service import working
from arco_sched.service.working import Finished

LONGEST: Final = 60.0
"""Seconds after which a hook is killed."""

MOST: Final = 16
"""Maximum runs whose hooks run at once, for each worker."""


class _Running(NamedTuple):
    process: "subprocess.Popen[bytes]"
    ends_by: float
    name: tuple[int, int]
    run_id: str


class _Setting(NamedTuple):
    """How a hook runs: its user, working directory and environment."""

    user: Account
    directory: str
    variables: dict[str, str]


class Hooks:
    """Runs the hooks of final runs, each at least once; failures are reported and never fatal; nothing waits for them.

    A hook has the environment, the user and the working directory of its run. `worker_environment` is what a command
    inherits, `log_of` gives the path of the last attempt's output, `clock` is monotonic.
    """

    def __init__(
        self,
        worker_environment: Mapping[str, str],
        log_of: Callable[[Life], str | None],
        say: Callable[[str], None],
        *,
        clock: Callable[[], float],
        on_finish: str | None = None,
        longest: float = LONGEST,
    ) -> None:
        self._environment, self._log_of, self._say = environment.inherited(worker_environment), log_of, say
        self._clock, self._on_finish, self._longest = clock, on_finish, longest
        self._running: list[_Running] = []
        self._said: set[str] = set()

    def run(self, store: Store, now: int, worker: str, is_here: Callable[[str | None], bool]) -> int:
        """Note which hooks ended, and start pending ones that no living worker has taken; returns how many run."""
        ended = self._ended()
        working.hooks_ran(store, ended, now, worker)
        busy = {each.name for each in self._running}
        if len(busy) < MOST:
            taken = working.take_hooks(store, worker, is_here, besides=busy, most=MOST - len(busy))
            working.hooks_ran(store, [one.name for one in taken if not self._start_all(one)], now, worker)
        return len(self._running)

    def pids(self) -> set[int]:
        """The processes of the running hooks."""
        return {each.process.pid for each in self._running}

    def _start_all(self, one: Finished) -> bool:
        """Start the hooks of a run; returns whether any runs, or will be started later."""
        on_failure = one.life.request.policy.on_failure if one.life.state.status != "succeeded" else None
        commands = [command for command in (self._on_finish, on_failure) if command is not None]
        if not one.life.state.final or not commands:
            return False
        setting = self._setting(one)
        if setting is None:
            commands = [command for command in (self._on_finish,) if command is not None]
            setting = self._own_setting(one)
        return sum(self._start(command, setting, one) for command in commands) > 0

    def _setting(self, one: Finished) -> _Setting | None:
        """The setting of the run; None if its user doesn't exist or can't be used."""
        try:
            user = environment.account(one.run.content.run_as, self._environment)
        except NotStarted as problem:
            self._say_once(f"run {one.run.run_id}: its hook can't run as its user: {problem}")
            return None
        attempt = self._attempt(one)
        try:
            found = environment.environment(attempt, "", self._environment, user)
        except NotStarted as problem:
            # That may be the very failure that the hook should report.
            self._say_once(f"run {one.run.run_id}: its hook runs without its environment file: {problem}")
            plain = replace(attempt, command=replace(attempt.command, environment_file=None))
            found = environment.environment(plain, "", self._environment, user)
        return _Setting(user, attempt.command.working_directory or user.home, self._told(found, one))

    def _own_setting(self, one: Finished) -> _Setting:
        """The worker's own, for a hook of the worker."""
        user = environment.account(None, self._environment)
        return _Setting(user, "/", self._told(dict(self._environment), one))

    @staticmethod
    def _attempt(one: Finished) -> Attempt:
        return Attempt(
            run_id=one.run.run_id,
            attempt=one.life.state.attempts,
            place="",
            command=command_of(one.run),
            variables=variables_of(one.run, one.life.request, version=one.life.version, timezone=one.timezone),
        )

    def _told(self, found: dict[str, str], one: Finished) -> dict[str, str]:
        """The environment with how the run ended, without the attempt's mark, since the hook isn't part of the
        attempt."""
        last = one.life.state.attempt
        end = None if last is None else last.end
        values = {
            "ARCO_RUN_ID": one.run.run_id,
            "ARCO_ATTEMPT": None if last is None else str(last.number),
            "ARCO_STATUS": one.life.state.status,
            "ARCO_OUTCOME": None if end is None else end.outcome,
            "ARCO_EXIT_CODE": None if end is None or end.exit_code is None else str(end.exit_code),
            "ARCO_LOG": self._log_of(one.life),
        }
        for name in ("ARCO_STORE_ID", *values):
            found.pop(name, None)
        return found | {name: value for name, value in values.items() if value is not None}

    def _start(self, command: str, setting: _Setting, one: Finished) -> bool:
        """Start a hook; whether it runs, or may be started later."""
        change = setting.user.change
        try:
            # The shell is what a hook is for, and its command is the schedule's or the worker's own.
            process = subprocess.Popen(  # noqa: S603
                ["/bin/sh", "-c", command],
                env=setting.variables,
                cwd=setting.directory if os.path.isdir(setting.directory) else "/",
                user=None if change is None else change.uid,
                group=None if change is None else change.gid,
                extra_groups=None if change is None else change.groups,
                umask=0o022,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self._say_once(f"run {one.run.run_id}: its hook can't be started: {error}")
            # No process or descriptor is left: some time there is.
            return isinstance(error, OSError)
        self._running.append(_Running(process, self._clock() + self._longest, one.name, one.run.run_id))
        return True

    def _ended(self) -> list[tuple[int, int]]:
        """What of the hooks ended, by run and attempt."""
        done = []
        for each in list(self._running):
            code = each.process.poll()
            if code is None:
                if self._clock() < each.ends_by:
                    continue
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(each.process.pid, signal.SIGKILL)
                each.process.wait()
                self._say(f"run {each.run_id}: its hook took longer than {self._longest:g} s and was killed")
            elif code:
                how = f"was killed by signal {-code}" if code < 0 else f"failed with exit code {code}"
                self._say(f"run {each.run_id}: its hook {how}")
            self._running.remove(each)
            if not any(each.name == other.name for other in self._running):
                done.append(each.name)
        return done

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say(text)
