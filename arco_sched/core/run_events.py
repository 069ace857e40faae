"""The events of a run's life and of pools, as values: a stable name, an idempotency key, and a payload for JSON.

Every event of a run is keyed by the run id and its attempt, or by a number that counts what can happen again. What is
recorded no longer depends on the policy: folding the events needs nothing else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final, Literal

from arco_sched.core.attempts import Outcome
from arco_sched.core.history import RunStatus

RunReason = Literal["overlap", "deadline", "superseded", "discarded"]
"""Why a run was skipped, or canceled by something other than a person or an engine."""

CancelReason = Literal["hand", "overlap", "deadline"]
"""Who asked for the end: a person, a newer run (`overlap: cancel`), or `start_within` while it waits in an engine."""

FINAL: Final = frozenset({"succeeded", "failed", "canceled", "skipped"})

INSTANTS: Final = frozenset({"submitted_at", "started_at", "ended_at", "retry_at"})
"""The payload fields that are instants: RFC 3339 in JSON, epochs in the values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSubmitted:
    """An attempt was opened for an engine (`submission` 1), or was submitted again, or the engine gave it an id.

    The first is recorded before the engine hears of the attempt, so its `external_id` is usually None.
    """

    name: ClassVar = "RunSubmitted"
    run_id: str
    attempt: int
    submission: int
    executor: str
    worker: str | None
    host: str | None
    external_id: str | None
    submitted_at: int
    place: str | None = None

    @property
    def key(self) -> str:
        """The idempotency key."""
        return f"run_submitted:{self.run_id}:{self.attempt}:{self.submission}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """An attempt began: it was opened by this, or had waited in an engine. Recorded before a local one is started."""

    name: ClassVar = "RunStarted"
    run_id: str
    attempt: int
    executor: str
    worker: str | None
    host: str | None
    external_id: str | None
    started_at: int
    place: str | None = None

    @property
    def key(self) -> str:
        """The idempotency key."""
        return f"run_started:{self.run_id}:{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """An attempt ended; `status` is what became of the run: final, or `requested` again with `retry_at`."""

    name: ClassVar = "RunFinished"
    run_id: str
    attempt: int
    outcome: Outcome
    exit_code: int | None
    signal: int | None
    message: str | None
    ended_at: int
    duration_ms: int | None
    status: RunStatus
    reason: RunReason | None
    retry_at: int | None

    @property
    def key(self) -> str:
        """The idempotency key."""
        return f"run_finished:{self.run_id}:{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSkipped:
    """A run that waited will not be executed; `round` counts the retries by hand before."""

    name: ClassVar = "RunSkipped"
    run_id: str
    round: int
    reason: RunReason

    @property
    def key(self) -> str:
        """The idempotency key."""
        return f"run_skipped:{self.run_id}:{self.round}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCancelRequested:
    """The open attempt of a run must end; the run is canceled once it has."""

    name: ClassVar = "RunCancelRequested"
    run_id: str
    attempt: int
    reason: CancelReason

    @property
    def key(self) -> str:
        """The idempotency key."""
        return f"run_cancel_requested:{self.run_id}:{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCanceled:
    """A run without an open attempt was canceled at once; `round` counts the retries by hand before."""

    name: ClassVar = "RunCanceled"
    run_id: str
    round: int
    reason: CancelReason

    @property
    def key(self) -> str:
        """The idempotency key."""
        return f"run_canceled:{self.run_id}:{self.round}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRetryRequested:
    """A run waits again, by hand: the `number`th time. `forced` says that it may repeat a success."""

    name: ClassVar = "RunRetryRequested"
    run_id: str
    number: int
    forced: bool

    @property
    def key(self) -> str:
        """The idempotency key."""
        return f"run_retry:{self.run_id}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSet:
    """A pool has `slots` over all workers from now on, or no limit (None); `number` counts the changes of the pool."""

    name: ClassVar = "PoolSet"
    pool: str
    number: int
    slots: int | None

    @property
    def key(self) -> str:
        """The idempotency key."""
        return f"pool_set:{self.pool}:{self.number}"


RunEvent = RunSubmitted | RunStarted | RunFinished | RunSkipped | RunCancelRequested | RunCanceled | RunRetryRequested
Event = RunEvent | PoolSet

EVENTS: Final[Mapping[str, type[Event]]] = {
    kind.name: kind
    for kind in (
        RunSubmitted,
        RunStarted,
        RunFinished,
        RunSkipped,
        RunCancelRequested,
        RunCanceled,
        RunRetryRequested,
        PoolSet,
    )
}
"""Every type by its name, as it is recorded."""


def payload(event: Event, text: Callable[[int], str]) -> dict[str, Any]:
    """The event's fields as JSON values, in the order of its definition; `text` writes an instant."""
    values = {field.name: getattr(event, field.name) for field in fields(event)}
    for name in INSTANTS & values.keys():
        if values[name] is not None:
            values[name] = text(values[name])
    return values


def from_payload(name: str, values: Mapping[str, Any], epoch: Callable[[str], int]) -> Event:
    """The event of that name from what `payload` wrote; `epoch` reads an instant. Unknown keys are ignored.

    Raises KeyError for an unknown name or a missing key.
    """
    kind = EVENTS[name]
    found = {field.name: values[field.name] for field in fields(kind) if field.name in values or field.name != "place"}
    for instant in INSTANTS & found.keys():
        if found[instant] is not None:
            found[instant] = epoch(found[instant])
    return kind(**found)
