"""The execution policy of a run: its fields with their bounds, when a run may start, and when an attempt is repeated.

Every duration is in whole seconds, every instant an integer epoch.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, NamedTuple

Backoff = Literal["exponential", "constant"]
OnLost = Literal["fail", "retry"]
Overlap = Literal["queue", "skip", "cancel", "allow"]

MAX_SECONDS: Final = 100 * 366 * 86_400
"""The longest duration that a policy takes: about a century."""

MAX_RETRIES: Final = 1000
MAX_PRIORITY: Final = 1_000_000
MAX_ON_FAILURE: Final = 100_000
"""Characters of an `on_failure` command."""

MAX_LOST_RETRIES: Final = 3
"""How many attempts in a row are repeated because they were lost (`on_lost: retry`)."""

LONGEST_BACKOFF: Final = 3600
"""An exponential delay stops doubling here, or at the first delay where that is longer."""

EXTERNAL_POOL: Final = "external"
"""The pool that no worker ever serves."""

_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a run is executed. The defaults are those of a definition that says nothing; `problems` has the bounds.

    An empty `retry_exit_codes` stands for every exit code but 0, and for signals.
    """

    timeout_seconds: int | None = None
    max_retries: int = 0
    retry_exit_codes: tuple[int, ...] = ()
    retry_delay_seconds: int = 60
    retry_backoff: Backoff = "exponential"
    on_lost: OnLost = "fail"
    overlap: Overlap = "queue"
    start_within_seconds: int | None = None
    spread_seconds: int = 0
    pool: str = "default"
    priority: int = 0
    on_failure: str | None = None
    success_within_seconds: int | None = None


DEFAULT: Final = Policy()
FIELDS: Final = tuple(field.name for field in fields(Policy))
"""The names of all policy fields, in the order in which they are shown."""

SCHEDULE_ONLY: Final = frozenset({"overlap", "spread_seconds", "start_within_seconds", "success_within_seconds"})
"""The fields that a request by hand can't set."""

BOUNDS: Final = {
    "timeout_seconds": (1, MAX_SECONDS),
    "max_retries": (0, MAX_RETRIES),
    "retry_delay_seconds": (0, MAX_SECONDS),
    "start_within_seconds": (1, MAX_SECONDS),
    "spread_seconds": (0, MAX_SECONDS),
    "priority": (-MAX_PRIORITY, MAX_PRIORITY),
    "success_within_seconds": (1, MAX_SECONDS),
}
"""The least and the greatest value of each number."""

CHOICES: Final = {
    "retry_backoff": ("exponential", "constant"),
    "on_lost": ("fail", "retry"),
    "overlap": ("queue", "skip", "cancel", "allow"),
}
"""The values of each field that takes a word."""


class PolicyProblem(NamedTuple):
    """What is wrong with a field: `code` is `range`, `choice`, `exit-codes`, `name`, `empty`, `long` or `characters`.

    `data` is what the sentence about it needs: the two bounds, the choices, or the greatest length.
    """

    field: str
    code: str
    data: tuple[Any, ...]


def problems(policy: Policy) -> tuple[PolicyProblem, ...]:
    """Everything that is wrong with a policy, in the order of its fields; empty when it is acceptable."""
    return tuple(problem for name in FIELDS for problem in _field_problems(name, getattr(policy, name)))


def _field_problems(name: str, value: Any) -> Iterator[PolicyProblem]:
    if value is None:
        return
    if name in BOUNDS:
        least, greatest = BOUNDS[name]
        if not least <= value <= greatest:
            yield PolicyProblem(name, "range", (least, greatest))
    elif name in CHOICES:
        if value not in CHOICES[name]:
            yield PolicyProblem(name, "choice", CHOICES[name])
    elif name == "retry_exit_codes":
        if value != tuple(sorted(set(value))) or not all(1 <= code <= 255 for code in value):
            yield PolicyProblem(name, "exit-codes", (1, 255))
    elif name == "pool":
        if not is_pool_name(value):
            yield PolicyProblem(name, "name", (100,))
    elif not value.strip():
        yield PolicyProblem(name, "empty", ())
    elif len(value) > MAX_ON_FAILURE:
        yield PolicyProblem(name, "long", (MAX_ON_FAILURE,))
    elif any(
        (char < " " and char not in "\n\t") or "\x7f" <= char < "\xa0" or "\ud800" <= char <= "\udfff" for char in value
    ):
        yield PolicyProblem(name, "characters", ())


def is_pool_name(text: str) -> bool:
    """Whether a text can name a pool: 1 to 100 of letters, digits, `.`, `_`, `-`, beginning with a letter or digit."""
    import re

    return re.fullmatch(_NAME, text, re.ASCII) is not None


def policy_payload(policy: Policy) -> dict[str, Any]:
    """The fields that differ from the defaults, as JSON values: what is stored with a request."""
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
    # Beyond 40 doublings even a second is longer than the longest duration: no need for larger numbers.
    return int(min(first << min(ended - 1, 40), max(first, LONGEST_BACKOFF)))


def is_repeatable(policy: Policy, outcome: str, exit_code: int | None) -> bool:
    """Whether the policy repeats an attempt that ended like this, while `max_retries` last (`lost` has its own bound).

    With `retry_exit_codes`, only those exit codes and timeouts: neither other signals nor what could not be started. An
    exit code in the list counts even where a signal is told with it, as a shell does for 137.
    """
    if outcome == "timed-out":
        return True
    if outcome == "failed":
        return not policy.retry_exit_codes or exit_code in policy.retry_exit_codes
    return outcome == "not-started" and not policy.retry_exit_codes
