"""What is done once a run is final: `on_failure` of the run, `--on-finish` of the worker."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from arco_sched.core.ports import Store
from arco_sched.core.run_subjects import Life

LONGEST: Final = 60.0
"""Seconds after which a hook is ended."""

_PAGE: Final = 100


class _Running(NamedTuple):
    process: "subprocess.Popen[bytes]"
    ends_by: float
    run: int
    attempt: int
    run_id: str


class Hooks:
    """Runs the hooks of final runs, each at least once; what fails is told and never fatal, and nothing waits for them.

    `environment` is the worker's, `log_of` gives the path of the last attempt's output, `clock` is monotonic.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        log_of: Callable[[Life], str | None],
        say: Callable[[str], None],
        *,
        clock: Callable[[], float],
        on_finish: str | None = None,
        longest: float = LONGEST,
    ) -> None:
        self._environment, self._log_of, self._say = dict(environment), log_of, say
        self._clock, self._on_finish, self._longest = clock, on_finish, longest
        self._running: list[_Running] = []

    def run(self, store: Store, now: int) -> int:
        """Start what is owed, and take note of what ended; returns how many run."""
        with store.read() as transaction:
            owed = transaction.queue.hooks_owed(_PAGE)
            lives = transaction.queue.by_number([run for run, _, _ in owed]) if owed else {}
        busy = {(each.run, each.attempt) for each in self._running}
        done: list[tuple[int, int]] = []
        for run, attempt, run_id in owed:
            life = lives.get(run)
            if (run, attempt) in busy:
                continue
            commands = [] if life is None or not life.state.final else self._commands(life)
            if life is None or not commands:
                done.append((run, attempt))
                continue
            variables = self._variables(life, run_id)
            for command in commands:
                self._start(command, variables, run, attempt, run_id)
        done += self._ended()
        if done:
            with store.write() as transaction:
                transaction.queue.hooks_done(done, now)
        return len(self._running)

    def pids(self) -> set[int]:
        """The processes of the hooks that run."""
        return {each.process.pid for each in self._running}

    def _commands(self, life: Life) -> list[str]:
        commands = [self._on_finish]
        if life.state.status != "succeeded":
            commands.append(life.request.policy.on_failure)
        return [command for command in commands if command is not None]

    def _variables(self, life: Life, run_id: str) -> dict[str, str]:
        last = life.state.attempt
        end = None if last is None else last.end
        values = {
            "ARCO_RUN_ID": run_id,
            "ARCO_SCHEDULE_ID": life.request.schedule_id,
            "ARCO_ATTEMPT": None if last is None else str(last.number),
            "ARCO_STATUS": life.state.status,
            "ARCO_OUTCOME": None if end is None else end.outcome,
            "ARCO_EXIT_CODE": None if end is None or end.exit_code is None else str(end.exit_code),
            "ARCO_LOG": self._log_of(life),
        }
        return self._environment | {name: value for name, value in values.items() if value is not None}

    def _start(self, command: str, variables: Mapping[str, str], run: int, attempt: int, run_id: str) -> None:
        try:
            # The shell is what a hook is for, and its command is the schedule's or the worker's own.
            process = subprocess.Popen(  # noqa: S603
                ["/bin/sh", "-c", command],
                env=dict(variables),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            self._say(f"run {run_id}: its hook can't be started: {error.strerror}")
            return
        self._running.append(_Running(process, self._clock() + self._longest, run, attempt, run_id))

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
                self._say(f"run {each.run_id}: its hook took longer than {self._longest:g} s and was ended")
            elif code:
                self._say(f"run {each.run_id}: its hook ended with {code}")
            self._running.remove(each)
            if not any((each.run, each.attempt) == (other.run, other.attempt) for other in self._running):
                done.append((each.run, each.attempt))
        return done
