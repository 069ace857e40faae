"""The execution policy of a run: its fields with their bounds, when a run may start, and when an attempt is retried.

Every duration is in whole seconds, every instant an integer epoch.
"""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from arco_sched.core.kinds import Choice, Many, Span, Text, Whole
from arco_sched.core.rows import Field, described
from arco_sched.core.special_kinds import Name

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import timedelta

Backoff = Literal["exponential", "constant"]
OnLost = Literal["fail", "retry"]
Overlap = Literal["queue", "skip", "cancel", "allow"]

MAX_SECONDS: Final = 100 * 366 * 86_400
"""The longest duration in a policy: about a century."""

MAX_RETRIES: Final = 1000
MAX_PRIORITY: Final = 1_000_000
MAX_ON_FAILURE: Final = 100_000
"""Maximum characters of an `on_failure` command."""

MAX_LOST_RETRIES: Final = 3
"""How many lost attempts in a row are retried (`on_lost: retry`)."""

LONGEST_BACKOFF: Final = 3600
"""An exponential delay stops doubling here, or at the first delay if that is longer."""

MAX_SLOTS: Final = 1_000_000
"""The highest limit of attempts at once in a pool."""

MAX_EXIT_CODE: Final = 255

EXTERNAL_POOL: Final = "external"
"""The pool that no worker ever serves."""


RETRY_BACKOFFS: Final[tuple[Backoff, ...]] = ("exponential", "constant")
ON_LOST: Final[tuple[OnLost, ...]] = ("fail", "retry")
OVERLAPS: Final[tuple[Overlap, ...]] = ("queue", "skip", "cancel", "allow")


@described
@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a run is executed."""

    timeout_seconds: Annotated[
        int | None,
        Field(
            Span("seconds", 1, MAX_SECONDS),
            "execution",
            "Kill an attempt that runs longer than this.",
            for_requests=True,
        ),
    ] = None
    max_retries: Annotated[
        int,
        Field(
            Whole(0, MAX_RETRIES),
            "execution",
            "Maximum retries after a failure or a timeout.",
            for_requests=True,
        ),
    ] = 0
    retry_exit_codes: Annotated[
        tuple[int, ...],
        Field(
            Many(Whole(1, MAX_EXIT_CODE)),
            "execution",
            "Retry only after these exit codes (and after timeouts).",
            for_requests=True,
            otherwise="all",
        ),
    ] = ()
    retry_delay_seconds: Annotated[
        int,
        Field(Span("seconds", 0, MAX_SECONDS), "execution", "Delay before the first retry.", for_requests=True),
    ] = 60
    retry_backoff: Annotated[
        Backoff,
        Field(
            Choice(RETRY_BACKOFFS),
            "execution",
            "Whether the delay doubles (`exponential`) or stays the same (`constant`).",
            for_requests=True,
        ),
    ] = "exponential"
    on_lost: Annotated[
        OnLost,
        Field(
            Choice(ON_LOST),
            "execution",
            "What to do when nothing recorded how an attempt ended: `fail`, or `retry` (up to 3 in a row).",
            for_requests=True,
        ),
    ] = "fail"
    overlap: Annotated[
        Overlap,
        Field(
            Choice(OVERLAPS),
            "execution",
            "What to do if the previous run is still going: `queue`, `skip`, `cancel` it, or `allow` both.",
        ),
    ] = "queue"
    start_within_seconds: Annotated[
        int | None,
        Field(
            Span("seconds", 1, MAX_SECONDS),
            "execution",
            "Skip a run that hasn't started within this time.",
        ),
    ] = None
    spread_seconds: Annotated[
        int,
        Field(
            Span("seconds", 0, MAX_SECONDS),
            "execution",
            "Start scheduled runs up to this much later, each by a delay that is the same on every machine.",
        ),
    ] = 0
    pool: Annotated[
        str,
        Field(
            Name(),
            "execution",
            "Pool whose workers take the run; no worker serves the pool `external`.",
            for_requests=True,
        ),
    ] = "default"
    priority: Annotated[
        int,
        Field(
            Whole(-MAX_PRIORITY, MAX_PRIORITY),
            "execution",
            "Runs with a higher priority start first.",
            for_requests=True,
        ),
    ] = 0
    on_failure: Annotated[
        str | None,
        Field(
            Text(MAX_ON_FAILURE, lines=True),
            "execution",
            "Shell command to execute when a run ends without success.",
            for_requests=True,
        ),
    ] = None
    success_within_seconds: Annotated[
        int | None,
        Field(
            Span("seconds", 1, MAX_SECONDS),
            "execution",
            "The schedule is stale when it has no success within this time.",
        ),
    ] = None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            timeout_seconds: timedelta | int | None = None,
            max_retries: int = 0,
            retry_exit_codes: Collection[int] = (),
            retry_delay_seconds: timedelta | int = 60,
            retry_backoff: Backoff = "exponential",
            on_lost: OnLost = "fail",
            overlap: Overlap = "queue",
            start_within_seconds: timedelta | int | None = None,
            spread_seconds: timedelta | int = 0,
            pool: str = "default",
            priority: int = 0,
            on_failure: str | None = None,
            success_within_seconds: timedelta | int | None = None,
        ) -> None:
            """The types that a workspace accepts; the types above are those it keeps, and those that answers have."""


DEFAULT: Final = Policy()
FIELDS: Final = tuple(field.name for field in fields(Policy))
"""The names of all policy fields, in display order."""


def policy_text(policy: Policy) -> str | None:
    """The fields that differ from the defaults, as JSON text stored with a request; None if none differs."""
    import json

    said = policy_payload(policy)
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")) if said else None


def policy_payload(policy: Policy) -> dict[str, Any]:
    """The fields that differ from the defaults, as JSON values."""
    values = {name: getattr(policy, name) for name in FIELDS}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if value != getattr(DEFAULT, name)
    }


def policy_from(payload: dict[str, Any]) -> Policy:
    """The policy that `policy_payload` wrote."""
    values = dict(payload)
    if "retry_exit_codes" in values:
        values["retry_exit_codes"] = tuple(values["retry_exit_codes"])
    return Policy(**values)


def spread(schedule_id: str, epoch: int, spread_seconds: int) -> int:
    """How many seconds later than `epoch` a scheduled run starts: 0 to `spread_seconds` - 1, the same on every machine.

    The first 8 bytes of SHA-256 of `{schedule_id}:{epoch}`, big-endian, modulo `spread_seconds`; 0 without a spread.
    """
    if not spread_seconds:
        return 0
    from hashlib import sha256  # takes milliseconds to import, and most schedules have no spread

    return int.from_bytes(sha256(f"{schedule_id}:{epoch}".encode()).digest()[:8], "big") % spread_seconds


def spread_of(policy: str | None) -> int:
    """The `spread_seconds` of a policy as `policy_text` wrote it."""
    if policy is None:
        return 0
    import json

    return int(json.loads(policy).get("spread_seconds", 0))


def starts_at(schedule_id: str, scheduled_for: int, spread_seconds: int) -> int:
    """The instant before which no worker starts the scheduled run of an occurrence."""
    return scheduled_for + spread(schedule_id, scheduled_for, spread_seconds)


def retry_delay(policy: Policy, ended: int) -> int:
    """Seconds from the end of the `ended`th attempt of a round (1, 2, …) to the next attempt.

    An exponential delay doubles each time, up to the larger of an hour and the first delay.
    """
    first = policy.retry_delay_seconds
    if policy.retry_backoff == "constant":
        return first
    # After 40 doublings even one second exceeds the longest duration, so larger numbers aren't needed.
    return int(min(first << min(ended - 1, 40), max(first, LONGEST_BACKOFF)))


def is_repeatable(policy: Policy, outcome: str, exit_code: int | None) -> bool:
    """Whether the policy retries an attempt that ended like this, while retries are left (`lost` has its own limit).

    With `retry_exit_codes`, only those exit codes and timeouts are retried, not other signals or attempts that could
    not be started. An exit code in the list counts even if it stands for a signal, as 137 does in a shell.
    """
    if outcome == "timed-out":
        return True
    if outcome == "failed":
        return not policy.retry_exit_codes or exit_code in policy.retry_exit_codes
    return outcome == "not-started" and not policy.retry_exit_codes
