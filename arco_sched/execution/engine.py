"""What every executor over an engine shares: it submits attempts in batches, polls them all with one call, and never
waits for the engine. What to ask an engine, and what its answers mean, is up to its own module.

A call takes as long as it takes: `submit` notes the attempt, and a later round tells the engine. An answer counts for
an attempt only if the question was asked after the engine had accepted it. An engine that can't be reached is asked
again after longer and longer pauses; nothing is concluded meanwhile.
"""

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    outcome,
)
from arco_sched.execution import folder, logs, protocol, starting
from arco_sched.execution.calls import Answer, Calls, Request
from arco_sched.execution.engine_files import EngineFiles

SECONDS: Final = 30.0
"""How long one call may take."""
ASK: Final = 1.0
"""Minimum seconds between two questions to an engine."""
LEAST_INTERVAL: Final = 0.25
"""Seconds between two looks at what is open, if there is little."""
MANY: Final = 1000
"""Open attempts that are looked at once a second."""
PREPARING: Final = 0.1
"""Maximum seconds of a round that are spent on preparing attempts."""
PAUSES: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before an engine that could not be reached is asked again: the first time, the second, …"""


class Unreachable(Exception):
    """An engine gave no usable answer: one line."""


class EngineExecutor(ABC):
    """An executor whose attempts run in an engine.

    `path`: the folder `DB.runs` of the store `store_id`. `worker_environment`: that of the worker, which the calls get
    unless `calls_environment` is given. `log_limit`: bytes on disk at which a log loses its middle. `seconds`: how long
    one call may take. `clock`: monotonic, seconds.
    """

    kind: str
    queues = True
    batch = 50
    """Attempts in one submission."""
    lanes = 2
    """Submissions at a time."""

    def __init__(
        self,
        path: str,
        store_id: str,
        *,
        worker_environment: Mapping[str, str],
        calls_environment: Mapping[str, str] | None = None,
        log_limit: int = logs.LIMIT,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
        ask: float = ASK,
    ) -> None:
        self._path = os.path.abspath(path)
        self.interval = LEAST_INTERVAL
        self._store_id = store_id
        self._files = EngineFiles(self._path, log_limit)
        self._clock = clock
        self._ask = ask
        self._worker = dict(worker_environment)
        self._seconds = seconds
        self._calls = Calls(worker_environment if calls_environment is None else calls_environment, clock)
        self._waiting: dict[str, Attempt] = {}
        self._telling: dict[str, Attempt] = {}
        self._ids: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._asked = 0
        self._answered = 0
        self._counts_from: dict[str, int] = {}
        self._problems: dict[str, str] = {}
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, float] = {}

    # What an engine is.

    @abstractmethod
    def place(self) -> str:
        """The name of the engine, `/`, and the id of the store: a copy of the database is another place."""

    @abstractmethod
    def _prepare(self, attempt: Attempt) -> str | None:
        """Prepare what the engine will need, once; returns the id of an existing submission, else None.

        Raises `NotStarted`, `CannotStart` and `OSError`.
        """

    @abstractmethod
    def _submission(self, attempts: Sequence[Attempt]) -> Request:
        """The call that tells the engine of these attempts."""

    @abstractmethod
    def _submitted(self, attempts: Sequence[Attempt], answer: Answer) -> Mapping[str, str | NotStarted]:
        """The engine's ids by attempt name, or why it refused one; missing attempts are submitted again.

        Raises `Unreachable`.
        """

    @abstractmethod
    def _question(self, attempts: Sequence[AttemptId]) -> Request:
        """The one question about all of these."""

    @abstractmethod
    def _learn(self, attempts: Sequence[AttemptId], answer: Answer) -> None:
        """Take in the answer to it. Raises `Unreachable`."""

    @abstractmethod
    def _look(self, one: AttemptId, name: str, *, known: bool) -> Observation:
        """What is seen of an attempt; `known`: the last answer would have included it."""

    @abstractmethod
    def _step(self, wish: Cancellation, name: str, *, now: float, grace: float) -> Ending:
        """The next step toward the end of an attempt that the engine may have."""

    @abstractmethod
    def _errands(self, attempts: Sequence[AttemptId]) -> None:
        """Make other calls that are due."""

    @abstractmethod
    def _forget(self, name: str) -> None:
        """Forget what is known of an attempt that is over."""

    # The executor.

    def check(self) -> None:
        """Raise `CannotStart` if the engine could not be reached the last time, or the runs folder is not ours."""
        try:
            folder.require(self._path, self._store_id)
        except folder.NotOurs as error:
            raise CannotStart(str(error)) from None
        except OSError as error:
            raise starting.lacking(error, "the runs folder can't be read") from None
        for lane in ("tell", "ask"):
            if lane in self._problems:
                raise CannotStart(self._problems[lane])

    def submit(self, attempt: Attempt) -> str | None:
        """Note the attempt, so that the engine is told of it in the next round; None: `poll` tells its id."""
        try:
            name = protocol.name_of(attempt.run_id, attempt.attempt)
        except ValueError as error:
            raise NotStarted(str(error)) from None
        if attempt.place == self.place() and name not in self._telling:
            self._waiting[name] = attempt
        return None

    def poll(self, attempts: Sequence[AttemptId]) -> list[Observation]:
        """What the engine said last, and what is seen without it; asks it again where that is due."""
        self._calls.harvest()
        # With many attempts, ends arrive by the hundred: looking at all of them for each end isn't worthwhile.
        self.interval = max(LEAST_INTERVAL, len(attempts) / MANY)
        here = [one for one in attempts if one.place == self.place()]
        for one in here:
            # A question asked earlier can't have been about it.
            self._counts_from.setdefault(attempt_name(one), self._asked + 1)
        self._tell()
        if here and not self._calls.count("ask") and self._may("ask"):
            self._put(here)
        self._errands(here)
        return [self._observe(one) for one in attempts]

    def cancel(self, cancellations: Sequence[Cancellation], *, now: float, grace: float) -> list[Ending]:
        """One step for each; an attempt that the engine hasn't been told of yet never reaches it."""
        answers = []
        for wish in cancellations:
            name = attempt_name(wish.attempt)
            self._waiting.pop(name, None)
            if wish.attempt.place != self.place():
                answers.append(Ending(False, 1, _elsewhere(wish.attempt)))
            elif name in self._telling:
                # The engine may be taking it just now: its answer says what there is to end.
                answers.append(Ending(False, 1))
            else:
                answers.append(self._step(wish, name, now=now, grace=grace))
        return answers

    def tend(self, attempts: Sequence[AttemptId]) -> None:
        """Free the middle of each log that has outgrown the limit."""
        for one in attempts:
            self._files.tend(attempt_name(one))

    def log(self, attempt: AttemptId) -> str | None:
        """The path of its output; None if there is none (any more)."""
        path = self._files.log_path(attempt_name(attempt))
        return path if os.path.exists(path) else None

    def settle(self, attempts: Iterable[AttemptId]) -> None:
        """Forget an attempt and note that it is over; an empty log is removed."""
        for one in attempts:
            name = attempt_name(one)
            self._files.settle(name)
            for kept in (self._waiting, self._ids, self._refused, self._counts_from):
                kept.pop(name, None)
            self._forget(name)

    def discard(self, attempts: Iterable[AttemptId]) -> None:
        """Remove the files and the log of each."""
        for one in attempts:
            self._files.discard(attempt_name(one))

    def remove_old_logs(self, before: float) -> int:
        """Remove logs that were last written before an instant (epoch seconds), of attempts that are over; returns how
        many."""
        return self._files.remove_old_logs(before)

    def awaited(self) -> set[int]:
        """The calls that run."""
        return self._calls.pids()

    def close(self) -> None:
        """Forget the calls that run: what the engine has, it has."""
        self._calls.close()

    # The calls.

    def _tell(self) -> None:
        """Tell the engine of attempts that wait to be told of."""
        until = self._clock() + PREPARING
        while self._waiting and self._calls.count("tell") < self.lanes and self._may("tell"):
            batch: list[Attempt] = []
            while self._waiting and len(batch) < self.batch and self._clock() < until:
                self._make_ready(self._waiting.pop(next(iter(self._waiting))), batch)
                if not self._may("tell"):
                    break
            if not batch:
                return
            self._tell_of(batch)

    def _make_ready(self, one: Attempt, batch: list[Attempt]) -> None:
        """Prepare an attempt, and add it to the batch unless the engine has it or it can't be started."""
        name = attempt_name(one)
        try:
            found = self._prepare(one)
        except NotStarted as error:
            self._refused[name] = str(error)
        except CannotStart as error:
            self._take_back([one])
            self._fail("tell", str(error))
        except OSError as error:
            self._take_back([one])
            self._fail("tell", str(starting.lacking(error, "an attempt can't be prepared")))
        else:
            if found is None:
                batch.append(one)
            else:
                self._ids[name] = found

    def _tell_of(self, attempts: Sequence[Attempt]) -> None:
        self._telling.update((attempt_name(one), one) for one in attempts)
        if not self._start("tell", self._submission(attempts), lambda answer: self._told(attempts, answer)):
            self._take_back(attempts)

    def _told(self, attempts: Sequence[Attempt], answer: Answer) -> None:
        try:
            said = self._submitted(attempts, answer)
        except Unreachable as error:
            self._fail("tell", str(error))
            said = {}
        else:
            if len(said) == len(attempts):
                self._succeed("tell")
        for one in attempts:
            name = attempt_name(one)
            how = said.get(name)
            if isinstance(how, NotStarted):
                self._refused[name] = str(how)
            elif how is not None:
                self._ids[name] = how
                self._counts_from[name] = self._asked + 1
            else:
                # It may have been accepted: the next answer about it tells, and if not, it is submitted again.
                self._counts_from[name] = self._asked + 1
            self._telling.pop(name, None)

    def _take_back(self, attempts: Iterable[Attempt]) -> None:
        """Put these back in front, to be submitted again."""
        names = {attempt_name(one): one for one in attempts}
        for name in names:
            self._telling.pop(name, None)
        self._waiting = names | self._waiting

    def _put(self, attempts: Sequence[AttemptId]) -> None:
        """Ask about these attempts."""
        self._asked += 1
        number, began = self._asked, self._clock()

        def answered(answer: Answer) -> None:
            took = self._clock() - began
            self._not_before["ask"] = self._clock() + max(self._ask, 2 * took)
            try:
                self._learn(attempts, answer)
            except Unreachable as error:
                self._fail("ask", str(error))
            else:
                self._answered = number
                self._succeed("ask")

        self._start("ask", self._question(attempts), answered)

    def _start(self, lane: str, request: Request, done: Callable[[Answer], None]) -> bool:
        """Start a call; returns False if no process can be had."""
        try:
            self._calls.start(lane, request, done)
        except OSError as error:
            self._fail(lane, f"{request.arguments[0]} can't be started: {error.strerror}")
            return False
        return True

    def _may(self, lane: str) -> bool:
        """Whether a call of a kind may be made now."""
        return self._clock() >= self._not_before.get(lane, 0.0)

    def _fail(self, lane: str, problem: str) -> None:
        """A call of a kind did not reach the engine: the next one is made after a pause."""
        failures = self._failures.get(lane, 0)
        self._failures[lane] = failures + 1
        self._problems[lane] = problem
        self._not_before[lane] = self._clock() + PAUSES[min(failures, len(PAUSES) - 1)]

    def _succeed(self, lane: str) -> None:
        self._problems.pop(lane, None)
        self._failures.pop(lane, None)

    # What is seen.

    def _knows(self, name: str) -> bool:
        """Whether the last answer would have included an attempt."""
        return self._answered >= self._counts_from.get(name, self._asked + 1)

    def _observe(self, one: AttemptId) -> Observation:
        name = attempt_name(one)
        if one.place != self.place():
            if not one.place.endswith(f"/{self._store_id}"):
                return Observation(State.LOST, "it was submitted for the database that this one is a copy of")
            return Observation(State.UNKNOWN, _elsewhere(one))
        if name in self._refused:
            return Observation(State.NOT_STARTED, self._refused[name])
        seen = self._look(one, name, known=self._knows(name))
        told = name in self._waiting or name in self._telling
        if told and seen.state in {State.NOT_BEGUN, State.UNKNOWN}:
            seen = Observation(State.STARTING)
        if outcome(seen) is not None:
            self._waiting.pop(name, None)
        external_id = seen.external_id or self._ids.get(name) or one.external_id
        return seen._replace(external_id=external_id)


def _elsewhere(one: AttemptId) -> str:
    return f"it was submitted to another engine: {one.place}"
