"""The worker: starts the attempts of runs that may start, and records how they end.

A round asks the executor about all open attempts, records ends, takes the next step toward ending what must end,
claims runs, and starts what it claimed. Nothing in a round waits for a command. After a crash, the next round of any
worker carries on: a start is recorded before it happens, and an attempt that didn't begin is started again.
"""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from arco_sched.core.attempts import NEEDS_BEGIN, End
from arco_sched.core.executor import (
    Attempt,
    AttemptId,
    Cancellation,
    CannotStart,
    Executor,
    NotStarted,
    Observation,
    Outcome,
    State,
    outcome,
)
from arco_sched.core.ports import Store
from arco_sched.core.run_subjects import PASSING, OpenAttempt
from arco_sched.core.runs import is_past_deadline
from arco_sched.execution.commands import command_of, variables_of
from arco_sched.execution.hooks import Hooks
from arco_sched.execution.presence import Presence
from arco_sched.service import working
from arco_sched.service.working import Ended, News, Progress, Started, Terms, Turn

Say = Callable[[str], None]
"""Called with one line for people."""

GRACE: Final = 10.0
"""Seconds between SIGTERM and SIGKILL."""

FREE_SUBMISSIONS: Final = 4
"""How often an attempt is submitted to an answering engine without waiting in between."""

LONGEST_WAIT: Final = 300
"""Maximum seconds between two submissions of an attempt."""

TRACELESS: Final = 3600
"""Seconds after which an attempt of another worker that left no file counts as lost: a cleaner of old files may have
been there after it ran."""

SHORTEST: Final = 0.01
"""Seconds between two looks at an attempt that is about to reach its timeout: the resolution of the machine's clock."""

SWEEP: Final = 3600.0
"""Seconds between two looks for old logs."""


@dataclass(slots=True)
class Tally:
    """What a worker did: the ids of the runs that it started, adopted, and saw end or wait again."""

    started: list[str] = field(default_factory=list)
    adopted: list[str] = field(default_factory=list)
    final: list[str] = field(default_factory=list)
    retrying: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


class Worker:
    """One worker on one database; `round` must be called again and again, with the clock of each round.

    `sweep` removes old logs; it is called in the first round, and then at most once an hour. `tell` is called with the
    range of events that this worker recorded: those after the first number through the second.
    """

    def __init__(
        self,
        store: Store,
        executor: Executor,
        terms: Terms,
        *,
        presence: Presence,
        hooks: Hooks,
        say: Say,
        grace: float = GRACE,
        sweep: Callable[[], object] | None = None,
        tell: Callable[[int, int], None] | None = None,
    ) -> None:
        self._store, self._executor, self._terms = store, executor, terms
        self._presence, self._hooks, self._say, self._grace = presence, hooks, say, grace
        self._sweep, self._swept = sweep, -SWEEP
        self._tell = tell
        self._said: set[str] = set()
        self._mine: set[tuple[str, int]] = set()
        self._comes_by = terms.worker.endswith(PASSING)
        self._times_out_in = math.inf
        self.tally = Tally()

    def round(self, now: int, uptime: float, *, claims: bool = True, through: int | None = None) -> int:
        """One look at everything; returns how many attempts and hooks this worker looks after then.

        `uptime` is the machine's own clock in seconds (`CLOCK_BOOTTIME`). Without `claims` nothing new is taken.
        `through`: only runs requested up to that number are taken.
        """
        opened = [each for each in working.open_attempts(self._store, self._terms.executor) if self._looks_after(each)]
        news, again = self._look(opened, now, uptime)
        left = len(opened) - len(news.ended)
        started = self._turn(news, now, through) if claims and self._can_start() else self._record(news, now)
        left += sum(self._start(one, now) for one in started)
        for one in working.to_start(self._store, again):
            self._start(one, now, again=True)
        if self._sweep is not None and uptime - self._swept >= SWEEP:
            self._swept = uptime
            try:
                self._sweep()
            except OSError as error:
                self._say_once(f"old logs can't be removed: {error}")
        return left + self._hooks.run(self._store, now, self._terms.worker, self._presence.is_here)

    @property
    def interval(self) -> float:
        """Seconds from the last look at attempts that are open to the next: at the latest when one reaches its timeout,
        where the executor sees the time pass. An engine only says when it is asked."""
        longest = self._executor.interval
        return longest if self.queues else min(longest, max(self._times_out_in, SHORTEST))

    @property
    def queues(self) -> bool:
        """Whether attempts wait in an engine."""
        return self._executor.queues

    def awaited(self) -> set[int]:
        """The child processes whose exit codes this worker waits for."""
        return self._hooks.pids() | self._executor.awaited()

    def _looks_after(self, opened: OpenAttempt) -> bool:
        """Whether it looks after an attempt: its own, and those whose worker is gone.

        One that comes by leaves those to a worker that is here already: else each call of cron would stay for them.
        """
        name = (opened.request.run_id, opened.attempt.number)
        if name in self._mine:
            return True
        if opened.attempt.worker == self._terms.worker or self._presence.is_here(opened.attempt.worker):
            return False
        if self._comes_by and self._has_company():
            return False
        self._mine.add(name)
        self.tally.adopted.append(opened.request.run_id)
        return True

    def _has_company(self) -> bool:
        """Whether another worker of this executor is at work here, which looks after whatever nobody else does."""
        with self._store.read() as transaction:
            workers = transaction.queue.workers()
        return any(
            each.worker != self._terms.worker
            and (each.host, each.executor) == (self._terms.host, self._terms.executor)
            and self._presence.is_here(each.worker)
            for each in workers
        )

    def _look(self, opened: Sequence[OpenAttempt], now: int, uptime: float) -> tuple[News, list[str]]:
        """Ask about open attempts and carry on with ending some; returns the news, and what must be started again."""
        ids = [_id(each) for each in opened]
        seen = self._executor.poll(ids)
        self._executor.tend(ids)
        ends: list[Ended] = []
        progress: list[Progress] = []
        ending: list[Cancellation] = []
        again: list[str] = []
        late: list[str] = []
        self._times_out_in = math.inf
        for each, name, polled in zip(opened, ids, seen, strict=True):
            if polled.message is not None:
                self._say_once(f"run {name.run_id}, attempt {name.attempt}: {polled.message}")
            look = self._judged(each, polled, now)
            how = outcome(look)
            begun_at = _begun_at(each, look, now)
            if begun_at is not None or look.external_id not in {None, name.external_id}:
                progress.append(self._progress(name, look, begun_at))
            if how is not None:
                ends.append(Ended(name.run_id, name.attempt, _end(each, look, how, now)))
            elif (reason := _must_end(each, look)) is not None:
                ending.append(Cancellation(name, reason))
            elif begun_at is None and is_past_deadline(each.request, each.state, now):
                late.append(name.run_id)
            elif look.state is State.NOT_BEGUN and now >= _submits_again_at(each):
                again.append(name.run_id)
            else:
                self._times_out_in = min(self._times_out_in, _times_out_in(each, look))
        for step in self._executor.cancel(ending, now=uptime, grace=self._grace):
            if step.message is not None:
                self._say_once(step.message)
        return News(progress, ends, late), again

    def _judged(self, opened: OpenAttempt, look: Observation, now: int) -> Observation:
        """What was seen of an attempt; lost if nothing tells that it began, and nothing that it didn't: another worker
        was to start it, and what it left may have been removed since. A supervisor that could not begin left word of
        it, a message."""
        attempt, since = opened.attempt, opened.attempt.started_at
        if look.state is not State.NOT_BEGUN or look.message is not None or self._executor.queues:
            return look
        if attempt.worker == self._terms.worker or since is None or now - since < TRACELESS:
            return look
        return Observation(State.LOST, "it left no files, and was started over an hour ago: it may have run")

    def _progress(self, name: AttemptId, look: Observation, begun_at: int | None) -> Progress:
        return Progress(
            name.run_id,
            name.attempt,
            self._terms.worker,
            self._terms.host,
            look.external_id or name.external_id,
            begun_at,
            look.host,
        )

    def _record(self, news: News, now: int) -> list[Started]:
        """Record the news, and start nothing."""
        self._note(news.ended, working.record(self._store, self._terms, news, now))
        return []

    def _turn(self, news: News, now: int, through: int | None) -> list[Started]:
        """Record the news and claim what may start; returns the claimed attempts."""
        turn = working.turn(self._store, self._terms, news, now, through=through)
        self._note(news.ended, turn)
        self.tally.skipped += turn.claim.skipped
        for one in turn.claim.started:
            name = (one.attempt.request.run_id, one.attempt.attempt.number)
            self._mine.add(name)
            self.tally.started.append(name[0])
        return turn.claim.started

    def _note(self, ends: Sequence[Ended], turn: Turn) -> None:
        """Update the tally and release what is recorded."""
        if self._tell is not None and turn.through > turn.before:
            self._tell(turn.before, turn.through)
        final = set(turn.final)
        for each in ends:
            self._mine.discard((each.run_id, each.attempt))
            (self.tally.final if each.run_id in final else self.tally.retrying).append(each.run_id)
        self._executor.settle([AttemptId(each.run_id, each.attempt, self._terms.place) for each in ends])

    def _can_start(self) -> bool:
        try:
            self._executor.check()
        except CannotStart as problem:
            self._say_once(str(problem))
            return False
        return True

    def _start(self, one: Started, now: int, *, again: bool = False) -> bool:
        """Start an attempt whose start is recorded; returns whether it is open afterwards."""
        opened = one.attempt
        attempt = Attempt(
            run_id=opened.request.run_id,
            attempt=opened.attempt.number,
            place=opened.attempt.place or "",
            command=command_of(one.run),
            variables=variables_of(one.run, opened.request, version=one.version, timezone=one.timezone),
            resources=one.run.content.resources,
            again=again,
        )
        try:
            self._executor.submit(attempt)
        except NotStarted as problem:
            end = End(outcome="not-started", ended_at=now, message=str(problem))
            self._record(News(ended=[Ended(attempt.run_id, attempt.attempt, end)]), now)
            return False
        except CannotStart as problem:
            self._say_once(str(problem))  # the attempt stays recorded: a later round starts it
        return True

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say(text)


def worker_name(host: str, pid: int, started: int, *, once: bool = False) -> str:
    """The name of a worker: unique at any time, and it tells where to look and whether the worker stays."""
    return f"{host}:{pid}:{started}{PASSING if once else ''}"


def default_slots() -> int:
    """The default number of attempts at once: one per processor."""
    return len(os.sched_getaffinity(0))


def _id(opened: OpenAttempt) -> AttemptId:
    attempt = opened.attempt
    return AttemptId(opened.request.run_id, attempt.number, attempt.place or "", attempt.external_id)


def _must_end(opened: OpenAttempt, look: Observation) -> Outcome | None:
    """Why an attempt must end; None if it may go on."""
    if opened.state.cancel is not None:
        return Outcome.CANCELED
    timeout = opened.request.policy.timeout_seconds
    if timeout is not None and look.elapsed_ms is not None and look.elapsed_ms >= timeout * 1000:
        return Outcome.TIMED_OUT
    return look.ending


def _times_out_in(opened: OpenAttempt, look: Observation) -> float:
    """Seconds until an attempt reaches its timeout; infinite without one, or as long as it hasn't begun."""
    timeout = opened.request.policy.timeout_seconds
    return math.inf if timeout is None or look.elapsed_ms is None else timeout - look.elapsed_ms / 1000


def _begun_at(opened: OpenAttempt, look: Observation, now: int) -> int | None:
    """When an attempt that waited in an engine began, once that is seen and not recorded yet; else None.

    By the clock of the machine that runs it, but neither before it was submitted nor after now.
    """
    attempt, seen = opened.attempt, outcome(look)
    if attempt.begun or not (look.state is State.RUNNING or (seen is not None and seen.value in NEEDS_BEGIN)):
        return None
    begun_at = now - (look.elapsed_ms or 0) // 1000 if look.begun_at is None else look.begun_at
    return min(max(begun_at, attempt.submitted_at or 0), now)


def _submits_again_at(opened: OpenAttempt) -> int:
    """When to resubmit an attempt that an engine forgot: a few times immediately, then after longer and longer
    waits."""
    attempt = opened.attempt
    waits = min(2 ** max(attempt.submissions - FREE_SUBMISSIONS, 0), LONGEST_WAIT)
    return (attempt.submitted_at or 0) + waits if attempt.submissions > FREE_SUBMISSIONS else 0


def _end(opened: OpenAttempt, look: Observation, how: Outcome, now: int) -> End:
    """How an attempt ended; if its end was seen, timed by the machine's own clock from its start."""
    started = opened.attempt.started_at
    if started is None:
        started = _begun_at(opened, look, now)
    ended_at = now if look.elapsed_ms is None or started is None else started + look.elapsed_ms // 1000
    return End(
        outcome=how.value,
        ended_at=ended_at,
        duration_ms=look.elapsed_ms,
        exit_code=look.exit_code,
        signal=look.signal,
        message=look.message,
    )
