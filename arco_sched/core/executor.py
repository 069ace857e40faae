"""What a worker needs of an executor, and what passes between them (docs/semantics/execution.md)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from arco_sched.core.errors import ArcoError

ATTEMPT_VARIABLES: Final = (
    "ARCO_RUN_ID",
    "ARCO_RUN_KEY",
    "ARCO_ATTEMPT",
    "ARCO_SCHEDULE_ID",
    "ARCO_TICK_ID",
    "ARCO_SCHEDULED_FOR",
    "ARCO_SCHEDULED_FOR_LOCAL",
    "ARCO_DEFINITION_VERSION",
    "ARCO_CODE_VERSION",
    "ARCO_ASSETS",
    "ARCO_PARTITIONS",
    "ARCO_STORE_ID",
)
"""The variables that tell a command which attempt of which run it is. Variables that don't apply are unset.

The executor itself sets ARCO_RUN_ID, ARCO_ATTEMPT and ARCO_STORE_ID: they are the mark by which it finds the processes
of an attempt. The mark includes the store because two databases with the same schedules have the same run ids.
"""


class NotStarted(ArcoError):
    """The attempt can't be started and is over: no such shell, directory, user or environment file (one line)."""


class CannotStart(ArcoError):
    """The worker lacks something it needs to start attempts: processes, descriptors, disk, a folder (one line).

    It doesn't count as an attempt: nothing has begun, and the same attempt can be submitted again later.
    """


class Outcome(StrEnum):
    """How an attempt ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    LOST = "lost"
    NOT_STARTED = "not-started"
    CANCELED = "canceled"


class State(StrEnum):
    """What an executor sees of an attempt at one moment."""

    NOT_BEGUN = "not-begun"
    """Its command hasn't begun and no process of it lives: `submit` starts the same attempt."""
    STARTING = "starting"
    """Submitted, but its command hasn't begun: a process is being made, or an engine has it in its queue."""
    RUNNING = "running"
    ENDED = "ended"
    """Its command ended and the end was seen, or it was canceled before it began and won't begin."""
    NOT_STARTED = "not-started"
    """Its command can't be started. Final."""
    LOST = "lost"
    """No process of it is left, and nobody saw how it ended. Final."""
    UNKNOWN = "unknown"
    """It can't be seen from here: nothing is concluded and nothing is ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What an attempt executes.

    `working_directory` None: the home directory of its user. `run_as` None: the worker's own user.
    """

    command: str
    shell: str = "/bin/sh"
    working_directory: str | None = None
    environment: tuple[tuple[str, str], ...] = ()
    environment_file: str | None = None
    run_as: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One execution of a run, recorded durably before it is submitted.

    `place` is what `Executor.place()` answered when the start was recorded; `variables` are the ARCO_* variables that
    apply. `resources`: what an engine reserves, by the names in docs/semantics/schedules.md. `again`: it may have
    been submitted before.
    """

    run_id: str
    attempt: int
    place: str
    command: Command
    variables: tuple[tuple[str, str], ...] = ()
    resources: tuple[tuple[str, int], ...] = ()
    again: bool = False


class AttemptId(NamedTuple):
    """Identifies an attempt in questions, as recorded; `external_id` None: no answer of `submit` was recorded."""

    run_id: str
    attempt: int
    place: str
    external_id: str | None = None


def attempt_name(one: Attempt | AttemptId) -> str:
    """The name that an attempt has outside of the database: of its files, and in an engine."""
    return f"{one.run_id}.{one.attempt}"


class Observation(NamedTuple):
    """What an executor sees of one attempt.

    `elapsed_ms`: from the beginning of the command to now (running) or to its end (ended), by the machine's clock;
    None if unknown. `signal` is set if the exit code implies it (128 + n), as in a shell: an `exit 137` has both.
    `ending`: CANCELED or TIMED_OUT if `cancel` signaled it before it ended. `message`: one line, or None.

    For an executor that queues: `external_id` is the engine's name for the attempt, None until it answered. `begun_at`
    is when the command began, an epoch by the clock of the machine that runs it, and `host` is that machine; None if
    unknown.
    """

    state: State
    message: str | None = None
    elapsed_ms: int | None = None
    exit_code: int | None = None
    signal: int | None = None
    ending: Outcome | None = None
    external_id: str | None = None
    begun_at: int | None = None
    host: str | None = None


class Ending(NamedTuple):
    """How far the ending of an attempt has got.

    `signalled`: whether a signal has reached any process of it, now or earlier. `left`: how many of its processes live,
    its supervisor included; 0: none was found, and `poll` says how it ended. `message`: why it can't be ended from
    here.
    """

    signalled: bool
    left: int
    message: str | None = None


class Cancellation(NamedTuple):
    """A request to end an attempt. `reason` is CANCELED or TIMED_OUT; the reason of the first signal stays."""

    attempt: AttemptId
    reason: Outcome


class Executor(Protocol):
    """A kind of place where a worker starts attempts.

    Every method returns immediately: none waits for a command. Errors: `CannotStart` if the worker lacks something (not
    an attempt: try again later), `NotStarted` if the attempt can't be started.

    `queues`: attempts may wait in it for their turn, and `poll` tells when one began.
    """

    kind: str
    queues: bool

    @property
    def interval(self) -> float:
        """Maximum seconds between the last look at what is open and the next one."""

    def place(self) -> str:
        """Where an attempt recorded now will run: the boot of this machine, or the name of a cluster."""

    def check(self) -> None:
        """Raise `CannotStart` if no attempt can be started now."""

    def submit(self, attempt: Attempt) -> str | None:
        """Start it and return its external id; None if `poll` will tell it.

        Safe to repeat: the command of an attempt begins at most once.

        Raises `NotStarted` (the attempt is over) and `CannotStart` (the same attempt may be submitted again).
        """

    def poll(self, attempts: Sequence[AttemptId]) -> list[Observation]:
        """What is seen of each attempt, in the given order; one query for all of them."""

    def cancel(self, cancellations: Sequence[Cancellation], *, now: float, grace: float) -> list[Ending]:
        """Take the next step toward ending each, in the given order: SIGTERM; `grace` seconds later, SIGKILL.

        An attempt that hasn't begun never will; one that ended by itself keeps its end.

        Called again until `left` is 0 and `poll` knows an outcome. `now` is the worker's `CLOCK_BOOTTIME` in seconds.
        """

    def tend(self, attempts: Sequence[AttemptId]) -> None:
        """Keep the output of running attempts within its limit; called once a round."""

    def log(self, attempt: AttemptId) -> str | None:
        """The path of the attempt's output, or None if there is none."""

    def settle(self, attempts: Iterable[AttemptId]) -> None:
        """Release what isn't needed once the end of an attempt is recorded durably; its output stays."""

    def discard(self, attempts: Iterable[AttemptId]) -> None:
        """Remove everything kept for attempts of final runs, including their output."""

    def remove_old_logs(self, before: float) -> int:
        """Remove closed output last written before an instant (epoch seconds); returns how many."""

    def awaited(self) -> set[int]:
        """The child processes whose exit codes the executor is waiting for."""

    def close(self) -> None:
        """Release what the executor holds. The attempts go on."""


def outcome(seen: Observation) -> Outcome | None:
    """How the attempt ended, or None while it hasn't.

    An attempt that was signaled has the outcome it was signaled for, whatever its exit code.
    """
    match seen.state:
        case State.ENDED:
            return seen.ending or (Outcome.SUCCEEDED if seen.exit_code == 0 else Outcome.FAILED)
        case State.LOST:
            return seen.ending or Outcome.LOST
        case State.NOT_STARTED:
            return Outcome.NOT_STARTED
        case _:
            return None


def signal_of(exit_code: int) -> int | None:
    """The signal that an exit code stands for in a shell, 128 + n; else None."""
    number = exit_code - 128
    return number if 1 <= number <= 64 else None
