"""The executor `slurm`: attempts are batch jobs, submitted held, recorded, then released (docs/engines.md, "Slurm").

sbatch accepts no client id, so a job is named after its attempt. After a crash the jobs of an attempt are found by that
name: the lowest is kept, other held ones are canceled. What a job's guard wrote into the spool is the truth; what Slurm
says is a hint: a controller that was killed forgets jobs that it acknowledged, and shows running ones as pending.
"""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from arco_sched.core.executor import (
    Attempt,
    AttemptId,
    Cancellation,
    Ending,
    NotStarted,
    Observation,
    Outcome,
    State,
    attempt_name,
    signal_of,
)
from arco_sched.execution import environment, processes, protocol, slurm_words
from arco_sched.execution.calls import Answer, Request
from arco_sched.execution.engine import EngineExecutor, Unreachable
from arco_sched.execution.slurm_words import ASK, HELD_BY_USER, Job, Sbatch
from arco_sched.execution.spool import End, Spool, Token

BEAT: Final = 10.0
"""Seconds between two signs of life of a guard."""
PATIENCE: Final = 60.0
"""Seconds of silence after which an attempt that Slurm no longer has is over."""
HAMMER: Final = 15.0
"""Seconds after the SIGKILL of an attempt until its whole job is canceled."""
AGAIN: Final = 5.0
"""Seconds before jobs that could not be canceled are canceled again, or the controller is asked when it began."""
SKEW: Final = 60
"""Seconds by which the clocks of the controller and of the spool may differ."""
_NODES_OWN: Final = frozenset({"HOSTNAME", "TMPDIR"})
"""Variables that differ between machines: a job keeps its node's, and those that Slurm sets."""


class SlurmExecutor(EngineExecutor):
    """Hands attempts to Slurm. `sbatch`: the options of each job; `spool`: a folder shared with the nodes."""

    kind = "slurm"

    def __init__(
        self,
        path: str,
        store_id: str,
        *,
        spool: str,
        sbatch: Sbatch,
        worker_environment: Mapping[str, str],
        beat: float = BEAT,
        patience: float = PATIENCE,
        skew: float = SKEW,
        **others: Any,
    ) -> None:
        commands = slurm_words.environment(worker_environment)
        kept = {
            name: value
            for name, value in environment.inherited(worker_environment).items()
            if name not in _NODES_OWN and not name.startswith("SLURM")
        }
        super().__init__(path, store_id, worker_environment=kept, calls_environment=commands, **others)
        self._spool = Spool(spool, store_id, beat=beat)
        self._sbatch, self._patience, self._skew = sbatch, patience, skew
        self._jobs: dict[str, list[Job]] = {}
        self._held: dict[str, str] = {}
        self._doubtful: dict[str, str] = {}
        self._silent: dict[str, tuple[float | None, float]] = {}
        self._ending: dict[str, tuple[float, float]] = {}
        self._terminate: dict[str, str] = {}
        self._kill: set[str] = set()
        self._hindered: dict[str, int] = {}
        self._hammered: dict[str, float] = {}

    def place(self) -> str:
        """This store's part of the spool."""
        return self._spool.path

    def check(self) -> None:
        """Raise `CannotStart` if Slurm could not be reached, or nothing can be written into the spool."""
        super().check()
        self._spool.check()

    # Submitting.

    def _prepare(self, attempt: Attempt) -> str | None:
        name = attempt_name(attempt)
        known = [job for job in self._jobs.get(name, []) if job.active]
        if attempt.again and known:
            return str(_chosen(None, known).number)
        self._spool.check()
        user = environment.account(None, self._worker)
        given = self._worker | environment.own(attempt, self._store_id)
        accounts = {"HOME": user.home, "USER": user.name, "LOGNAME": user.name}
        directory = attempt.command.working_directory or user.home
        self._spool.prepare(attempt, accounts | given, directory)
        about = {"log": self._spool.log(name), "spool": self._spool.home(name)}
        self._files.note(name, about | {"directory": directory, "shell": attempt.command.shell})
        return None

    def _submission(self, attempts: Sequence[Attempt]) -> Request:
        jobs = []
        for one in attempts:
            name = attempt_name(one)
            options = self._sbatch.arguments(one, self._job_name(name), self._spool.home(name))
            jobs.append((name, [*options, *self._spool.arguments(one)]))
        return slurm_words.submission(jobs, self._seconds)

    def _submitted(self, attempts: Sequence[Attempt], answer: Answer) -> Mapping[str, str | NotStarted]:
        told, problem = slurm_words.submitted(answer)
        found: dict[str, str | NotStarted] = {}
        for name in map(attempt_name, attempts):
            how = told.get(name)
            # Who refuses has no job of it; the token tells a copy that is under way from an earlier answer.
            if isinstance(how, NotStarted) and not self._forestalled(name):
                continue
            if how is not None:
                found[name] = how
            if isinstance(how, str):
                self._held[name] = how
        if problem is not None:
            self._fail("tell", problem)
        return found

    def _forestalled(self, name: str) -> bool:
        try:
            return self._spool.forestall(name, None)
        except OSError:
            return False

    def _job_name(self, name: str) -> str:
        return f"arco-{self._store_id[:12]}-{name}"

    # Asking.

    def _question(self, attempts: Sequence[AttemptId]) -> Request:  # noqa: ARG002 - it is the same for any number
        return Request(ASK, b"", self._seconds)

    def _learn(self, attempts: Sequence[AttemptId], answer: Answer) -> None:
        self._jobs = slurm_words.jobs(answer, self._job_name(""))
        opened = {attempt_name(one): one.external_id for one in attempts}
        for name, jobs in self._jobs.items():
            active = [job for job in jobs if job.active]
            held = [job for job in active if job.reason == HELD_BY_USER and job.state == "PENDING"]
            if name not in opened:
                # Left by a worker that was killed, for an attempt that is over.
                if held and (self._spool.has(name, "end") or not self._spool.is_there(name)):
                    self._kill.update(str(job.number) for job in held)
                continue
            if active:
                kept = _chosen(self._ids.get(name) or opened[name], active)
                self._kill.update(str(job.number) for job in held if job is not kept)
                if kept in held:
                    released = self._spool.has(name, "released")
                    (self._doubtful if released else self._held)[name] = str(kept.number)

    def _job(self, one: AttemptId, name: str) -> Job | None:
        """The job of an attempt, as far as Slurm told."""
        jobs = self._jobs.get(name, [])
        recorded = self._ids.get(name) or one.external_id
        return _chosen(recorded, jobs) if jobs else None

    def _look(self, one: AttemptId, name: str, *, known: bool) -> Observation:
        job = self._job(one, name) if known else None
        if job is not None and job.active:
            self._ids[name] = str(job.number)
        try:
            token = self._spool.token(name)
            if token is not None:
                seen = self._begun(name, token, job, known=known)
            elif one.external_id is not None and not self._spool.is_there(name):
                seen = Observation(State.UNKNOWN, f"its files are not in the spool {self._spool.path}: is it mounted?")
            else:
                seen = self._not_begun(name, job, known=known)
        except OSError as error:
            seen = Observation(State.UNKNOWN, f"its files can't be read: {error.strerror}")
        return seen

    def _not_begun(self, name: str, job: Job | None, *, known: bool) -> Observation:
        """What Slurm says of an attempt whose token nobody has."""
        if not known:
            return Observation(State.STARTING if name in self._ids else State.UNKNOWN)
        if job is None:
            return Observation(State.NOT_BEGUN)
        if job.active:
            return Observation(State.STARTING, self._hindrance(job))
        if job.begins_again or not self._spool.forestall(name, "canceled" if job.state == "CANCELLED" else None):
            return Observation(State.NOT_BEGUN)
        if job.state == "CANCELLED":
            return Observation(State.ENDED, job.told, ending=Outcome.CANCELED)
        return Observation(State.NOT_STARTED, f"Slurm could not start it: {job.told}, and the spool has no guard")

    def _hindrance(self, job: Job) -> str | None:
        """Why a job waits, where that may need somebody; told of the first of all that wait for the same."""
        if job.hindrance is None or self._hindered.setdefault(job.reason, job.number) != job.number:
            return None
        return job.hindrance

    def _begun(self, name: str, token: Token, job: Job | None, *, known: bool) -> Observation:
        """What the guard says, and Slurm where the guard does not."""
        if token.job is None:
            if token.reason is None:
                return Observation(State.NOT_STARTED, self._refused.get(name, "Slurm could not start it"))
            return Observation(State.ENDED, "it was stopped before it began", ending=Outcome(token.reason))
        ending = self._spool.ending(name)
        end = self._spool.end(name)
        if end is not None:
            return self._ended(name, token, end, ending, job, known=known)
        elapsed = self._elapsed(name, token)
        if not known or (job is not None and job.active):
            self._silent.pop(name, None)
        elif self._silence(name) >= self._patience and self._spool.end(name) is None:
            why = "Slurm no longer knows it" if job is None else job.told
            because = Outcome(ending) if ending is not None else None if job is None else job.outcome
            if job is not None and job.state == "OUT_OF_MEMORY":
                return Observation(State.ENDED, why, elapsed, 137, 9, because, None, token.at, token.node)
            return Observation(State.LOST, f"{why}, and no end was recorded", None, ending=because, begun_at=token.at)
        return Observation(State.RUNNING, None, elapsed, begun_at=token.at, host=token.node)

    def _ended(
        self, name: str, token: Token, end: End, ending: str | None, job: Job | None, *, known: bool
    ) -> Observation:
        """What the guard wrote of an end; Slurm knows why it was signaled."""
        elapsed = max(0, round((end.uptime - token.uptime) * 1000))
        refused = self._spool.refused(name)
        if refused is not None and end.code == 98:
            about = protocol.read_about(f"{self._path}/attempts/{name}")
            return Observation(State.NOT_STARTED, protocol.REFUSED[refused].format_map(about))
        because = Outcome(ending) if ending is not None and end.signalled else None
        message = None
        if because is None and (end.signalled or signal_of(end.code) is not None):
            waits = not known or (job is not None and job.active)
            if waits and self._silence(name) < self._patience:
                return Observation(State.RUNNING, None, elapsed, begun_at=token.at, host=token.node)
            if job is not None and not job.active and job.tells_more:
                because, message = job.outcome, job.told
        return Observation(
            State.ENDED, message, elapsed, end.code, signal_of(end.code), because, None, token.at, token.node
        )

    def _elapsed(self, name: str, token: Token) -> int | None:
        """Milliseconds since the command began: by this machine's clock, or by that of its node as it last told it."""
        if token.boot == processes.boot():
            return max(0, round((processes.uptime() - token.uptime) * 1000))
        alive = self._spool.alive(name)
        return None if alive is None else max(0, round((alive - token.uptime) * 1000))

    def _silence(self, name: str) -> float:
        """Seconds since the guard's heartbeat was seen to change."""
        alive = self._spool.alive(name)
        before, since = self._silent.get(name, (None, 0.0))
        if name not in self._silent or alive != before:
            since = self._clock()
            self._silent[name] = (alive, since)
        return self._clock() - since

    # Ending.

    def cancel(self, cancellations: Sequence[Cancellation], *, now: float, grace: float) -> list[Ending]:
        """One step for each, and one call for all that are to get a signal."""
        answers = super().cancel(cancellations, now=now, grace=grace)
        self._end_jobs()
        return answers

    def _step(self, wish: Cancellation, name: str, *, now: float, grace: float) -> Ending:
        try:
            token = self._spool.token(name)
            if token is None and self._spool.forestall(name, wish.reason.value):
                # Whatever copy of it Slurm has ends at once when it begins; that it has none is for order alone.
                self._kill.update(self._copies(name))
                return Ending(False, 0)
            if token is None or token.job is None or self._spool.end(name) is not None:
                return Ending(False, 0 if token is not None else 1)
            if name not in self._ending:
                if self._spool.ending(name) is None and not self._ask_to_end(name, wish, grace):
                    return Ending(False, 1)
                self._ending[name] = (now, grace)
            since, patience = self._ending[name]
            if now - max(since + patience, self._hammered.get(name, 0.0)) >= HAMMER:
                self._hammered[name] = now
                self._kill.update(self._copies(name))
        except OSError as error:
            return Ending(False, 1, f"it can't be ended: {error.strerror}")
        return Ending(True, 1)

    def _ask_to_end(self, name: str, wish: Cancellation, grace: float) -> bool:
        """Ask an attempt to end, by its job, or by its guard where it has none; False: not known yet whether it has."""
        jobs = self._copies(name)
        if not jobs and not self._knows(name) and "ask" not in self._problems:
            return False
        self._spool.write_ending(name, wish.reason.value, grace)
        self._terminate.update((job, name) for job in jobs)
        if not jobs:
            self._spool.mark(name, "term")
        return True

    def _copies(self, name: str) -> set[str]:
        """The jobs of an attempt, as Slurm tells of them now: a controller that lost its memory gives ids anew."""
        known = {str(job.number) for job in self._jobs.get(name, []) if job.active}
        return known if self._knows(name) or name not in self._ids else known | {self._ids[name]}

    def _end_jobs(self) -> None:
        if self._terminate and not self._calls.count("end"):
            named, self._terminate = self._terminate, {}
            request = slurm_words.signal(named, self._seconds)
            self._start("end", request, lambda answer: self._signalled(named, answer))
        if self._kill and not self._calls.count("kill") and self._may("kill"):
            jobs, self._kill = self._kill, set()
            self._start("kill", slurm_words.cancel(jobs, self._seconds), lambda answer: self._killed(jobs, answer))

    def _signalled(self, named: Mapping[str, str], answer: Answer) -> None:
        """What Slurm could not signal, its guard does."""
        failed = slurm_words.failed(answer)
        for job in named if failed is None else failed.intersection(named):
            self._spool.mark(named[job], "term")

    def _killed(self, jobs: set[str], answer: Answer) -> None:
        if slurm_words.failed(answer) is None:
            self._kill |= jobs
            self._not_before["kill"] = self._clock() + AGAIN

    # The rest.

    def _errands(self, attempts: Sequence[AttemptId]) -> None:
        """Release the jobs whose ids are recorded; end what is to end."""
        recorded = {attempt_name(one): one.external_id for one in attempts}
        ready = {name: job for name, job in self._held.items() if recorded.get(name) == job}
        if ready and not self._calls.count("release"):
            for name in ready:
                del self._held[name]
            request = slurm_words.release(ready.values(), self._seconds)
            self._start("release", request, lambda answer: self._released(ready, answer))
        if self._doubtful and not self._calls.count("boot") and self._may("boot"):
            doubtful, self._doubtful = self._doubtful, {}
            request = Request(slurm_words.CONFIG, b"", self._seconds)
            self._start("boot", request, lambda answer: self._booted(doubtful, answer))
        self._end_jobs()

    def _booted(self, doubtful: Mapping[str, str], answer: Answer) -> None:
        """Held although released: by a controller that was killed and forgot it, else by a person, who knows why."""
        self._not_before["boot"] = self._clock() + AGAIN
        booted_at = slurm_words.boot_time(answer)
        for name, job in doubtful.items():
            released_at = self._spool.marked_at(name, "released")
            if booted_at is not None and released_at is not None and released_at <= booted_at + self._skew:
                self._held[name] = job

    def _released(self, ready: Mapping[str, str], answer: Answer) -> None:
        """Those that could not be released are seen held by the next question."""
        if answer.code == 0:
            for name in ready:
                self._spool.mark(name, "released")
            return
        with contextlib.suppress(Unreachable):
            slurm_words.require(answer, "scontrol")
        for name in ready:
            self._counts_from[name] = self._asked + 1

    def settle(self, attempts: Iterable[AttemptId]) -> None:
        """Remove all but the token, the end and the output."""
        attempts = list(attempts)
        for one in attempts:
            self._spool.settle(attempt_name(one))
        super().settle(attempts)

    def _forget(self, name: str) -> None:
        for kept in (self._jobs, self._held, self._doubtful, self._silent, self._ending, self._hammered):
            kept.pop(name, None)


def _chosen(recorded: str | None, jobs: Sequence[Job]) -> Job:
    """The job of an attempt that counts: the one whose id is known, else the lowest that is active, else the last."""
    active = [job for job in jobs if job.active]
    known = [job for job in jobs if str(job.number) == recorded]
    return min(known or active or [max(jobs)])
