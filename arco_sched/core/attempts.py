"""Attempts: one execution of a run each, and how they end."""

from dataclasses import dataclass
from typing import Final, Literal

Outcome = Literal["succeeded", "failed", "timed-out", "lost", "not-started", "canceled"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("succeeded", "failed", "timed-out", "lost", "not-started", "canceled")

SignalledFor = Literal["timeout", "cancel"]

EXTERNAL: Final = "external"
"""The executor of an attempt that someone else executes (`arco runs start`): no worker looks after it."""

NEEDS_BEGIN: Final = frozenset({"succeeded", "failed", "timed-out"})
"""The outcomes that only an attempt that has begun can have; the others may also end one that waits in an engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How an attempt ended. `ended_at` is an epoch, for a lost one the instant at which that was found out.

    `duration_ms` is by the machine's own clock, None if nobody saw the end or nothing began.
    """

    outcome: Outcome
    ended_at: int
    duration_ms: int | None = None
    exit_code: int | None = None
    signal: int | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An execution of a run, number 1, 2, … over all rounds; open until it has an `end`.

    `place` is what its executor needs to find it again: the boot of a machine. One that waits in an engine has
    `submitted_at` and no `started_at` yet. `submissions` counts how often the engine
    was told of it.
    """

    number: int
    executor: str
    worker: str | None = None
    host: str | None = None
    external_id: str | None = None
    place: str | None = None
    submissions: int = 0
    submitted_at: int | None = None
    started_at: int | None = None
    end: End | None = None

    @property
    def begun(self) -> bool:
        """Whether the command began, as far as is recorded."""
        return self.started_at is not None


def outcome_of(exit_code: int | None, signal: int | None = None, signalled_for: SignalledFor | None = None) -> Outcome:
    """The outcome of a command that began and ended by itself or because it was signaled.

    A signaled command is `timed-out` or `canceled`, whatever its exit code: `signalled_for` is why the first signal
    was sent. Pass None for one that ended before the signal.
    """
    if signalled_for is not None:
        return "timed-out" if signalled_for == "timeout" else "canceled"
    return "succeeded" if exit_code == 0 and signal is None else "failed"


def times_out_at(attempt: Attempt, timeout_seconds: int | None) -> int | None:
    """The instant at which an open attempt has taken too long; None without a timeout, and before it begins."""
    if timeout_seconds is None or attempt.started_at is None or attempt.end is not None:
        return None
    return attempt.started_at + timeout_seconds
