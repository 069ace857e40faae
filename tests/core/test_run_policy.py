"""The execution policy: bounds, spread, which ends are repeated, and after how long."""

from typing import Any

import pytest

from arco_sched.core.attempts import Attempt, End, outcome_of, times_out_at
from arco_sched.core.fields import normal_policy, policy_problems
from arco_sched.core.policy import (
    DEFAULT,
    FIELDS,
    MAX_SECONDS,
    ON_LOST,
    OVERLAPS,
    RETRY_BACKOFFS,
    Policy,
    is_repeatable,
    policy_from,
    policy_payload,
    policy_text,
    retry_delay,
    spread,
    spread_of,
    starts_at,
)

CENTURY = {"least": "1 second", "most": "100 years"}
FROM_NOW = {"least": "0 seconds", "most": "100 years"}
EXIT_CODE = {"least": 1, "most": 255}


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, []),
        ({"timeout_seconds": 0}, [("timeout_seconds", "bounds", CENTURY)]),
        ({"timeout_seconds": MAX_SECONDS}, []),
        ({"timeout_seconds": MAX_SECONDS + 1}, [("timeout_seconds", "bounds", CENTURY)]),
        ({"max_retries": -1}, [("max_retries", "bounds", {"least": 0, "most": 1000})]),
        ({"max_retries": 1000}, []),
        ({"max_retries": None}, [("max_retries", "not_whole", {})]),
        ({"retry_exit_codes": (1, 255)}, []),
        ({"retry_exit_codes": (0,)}, [("retry_exit_codes", "bounds", EXIT_CODE | {"entry": 0})]),
        ({"retry_exit_codes": (1, 256)}, [("retry_exit_codes", "bounds", EXIT_CODE | {"entry": 1})]),
        ({"retry_delay_seconds": 0}, []),
        ({"retry_backoff": "linear"}, [("retry_backoff", "choice", {"value": "linear", "choices": RETRY_BACKOFFS})]),
        ({"on_lost": "skip"}, [("on_lost", "choice", {"value": "skip", "choices": ON_LOST})]),
        ({"overlap": "wait"}, [("overlap", "choice", {"value": "wait", "choices": OVERLAPS})]),
        ({"pool": "gpu.big-1"}, []),
        ({"pool": "a" * 101}, [("pool", "name", {"value": "a" * 101})]),
        ({"pool": "-a"}, [("pool", "name", {"value": "-a"})]),
        ({"priority": -1_000_001}, [("priority", "bounds", {"least": -1_000_000, "most": 1_000_000})]),
        ({"on_failure": " "}, [("on_failure", "empty", {})]),
        ({"on_failure": "mail \x1b"}, [("on_failure", "characters", {"value": "mail \x1b"})]),
        ({"on_failure": "x" * 100_001}, [("on_failure", "too_long", {"limit": 100_000})]),
        # All of them at once, in the order of the fields.
        (
            {"spread_seconds": -1, "max_retries": 1001, "success_within_seconds": 0},
            [
                ("max_retries", "bounds", {"least": 0, "most": 1000}),
                ("spread_seconds", "bounds", FROM_NOW),
                ("success_within_seconds", "bounds", CENTURY),
            ],
        ),
    ],
)
def test_problems(values: dict[str, Any], found: list[Any]) -> None:
    """Every field that is out of its bounds is named, with what its sentence needs."""
    assert [tuple(problem) for problem in policy_problems(Policy(**values))] == found


def test_the_normal_form() -> None:
    """Exit codes are sorted without repeats; what is not said is as by default."""
    assert normal_policy(retry_exit_codes=[75, 2, 75], pool="gpu") == Policy(retry_exit_codes=(2, 75), pool="gpu")
    assert normal_policy() == DEFAULT


def test_defaults() -> None:
    """What a definition that says nothing stands for."""
    assert {name: getattr(DEFAULT, name) for name in FIELDS} == {
        "timeout_seconds": None,
        "max_retries": 0,
        "retry_exit_codes": (),
        "retry_delay_seconds": 60,
        "retry_backoff": "exponential",
        "on_lost": "fail",
        "overlap": "queue",
        "start_within_seconds": None,
        "spread_seconds": 0,
        "pool": "default",
        "priority": 0,
        "on_failure": None,
        "success_within_seconds": None,
    }


@pytest.mark.parametrize(
    ("policy", "payload"),
    [
        (DEFAULT, {}),
        (Policy(retry_exit_codes=(75, 76), pool="gpu"), {"retry_exit_codes": [75, 76], "pool": "gpu"}),
        (Policy(timeout_seconds=60, priority=-1), {"timeout_seconds": 60, "priority": -1}),
    ],
)
def test_payload(policy: Policy, payload: dict[str, Any]) -> None:
    """Only what differs from the defaults is stored, and read back as the same policy."""
    assert policy_payload(policy) == payload
    assert policy_from(payload) == policy


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        (DEFAULT, None),
        (Policy(on_failure="mail é", retry_exit_codes=(2, 75)), '{"retry_exit_codes":[2,75],"on_failure":"mail é"}'),
    ],
)
def test_text(policy: Policy, text: str | None) -> None:
    """The text that is stored with a request, the shortest JSON; nothing is stored of the defaults."""
    assert policy_text(policy) == text


@pytest.mark.parametrize(
    ("schedule_id", "epoch", "spread_seconds", "seconds"),
    [
        ("report", 1736942400, 600, 207),
        ("report", 1736946000, 600, 3),
        ("a", 0, 600, 589),
        ("a", -60, 3600, 3401),
        ("a.b-c", 1736942400, 86400, 49656),
        ("report", 1736942400, 1, 0),
        ("report", 1736942400, 0, 0),
    ],
)
def test_spread(schedule_id: str, epoch: int, spread_seconds: int, seconds: int) -> None:
    """The first 8 bytes of SHA-256 of `{schedule_id}:{epoch}`, modulo the spread: pinned, since machines must agree."""
    assert spread(schedule_id, epoch, spread_seconds) == seconds
    assert starts_at(schedule_id, epoch, spread_seconds) == epoch + seconds


@pytest.mark.parametrize(
    ("policy", "spread_seconds"),
    [
        (DEFAULT, 0),
        (Policy(pool="gpu"), 0),
        (Policy(spread_seconds=600), 600),
        (Policy(pool="gpu", spread_seconds=1), 1),
    ],
)
def test_the_spread_of_a_stored_policy(policy: Policy, spread_seconds: int) -> None:
    """The spread is read from the text that is stored with a definition version, and 0 where that doesn't say it."""
    assert spread_of(policy_text(policy)) == spread_seconds


@pytest.mark.parametrize(
    ("backoff", "first", "delays"),
    [
        ("exponential", 60, [60, 120, 240, 480, 960, 1920, 3600, 3600]),
        ("exponential", 3000, [3000, 3600, 3600]),
        ("exponential", 3600, [3600, 3600]),
        ("exponential", 7200, [7200, 7200]),
        ("exponential", 0, [0, 0]),
        ("constant", 60, [60, 60, 60]),
        ("constant", 7200, [7200, 7200]),
    ],
)
def test_retry_delay(backoff: Any, first: int, delays: list[int]) -> None:
    """It doubles up to the larger of an hour and the first delay, or stays."""
    policy = Policy(retry_backoff=backoff, retry_delay_seconds=first)
    assert [retry_delay(policy, ended) for ended in range(1, len(delays) + 1)] == delays
    assert retry_delay(policy, 10_000) == delays[-1]


@pytest.mark.parametrize(
    ("outcome", "exit_code", "signal", "by_default", "only_75"),
    [
        ("failed", 1, None, True, False),
        ("failed", 75, None, True, True),
        ("failed", None, 9, True, False),  # a signal is tried again unless codes are named
        ("failed", 137, 9, True, False),
        ("failed", None, None, True, False),
        ("timed-out", 143, None, True, True),
        ("not-started", None, None, True, False),
        ("canceled", 143, 15, False, False),
        ("succeeded", 0, None, False, False),
        ("lost", None, None, False, False),  # has a bound of its own
    ],
)
def test_repeatable(outcome: str, exit_code: int | None, signal: int | None, by_default: bool, only_75: bool) -> None:
    """`max_retries` is for failed, timed-out and not-started; with `retry_exit_codes` for these and timeouts alone."""
    assert is_repeatable(DEFAULT, outcome, exit_code) is by_default
    assert is_repeatable(Policy(retry_exit_codes=(75,)), outcome, exit_code) is only_75


@pytest.mark.parametrize(
    ("exit_code", "signal", "signalled_for", "outcome"),
    [
        (0, None, None, "succeeded"),
        (1, None, None, "failed"),
        (None, 9, None, "failed"),
        (0, None, "timeout", "timed-out"),
        (143, 15, "timeout", "timed-out"),
        (0, None, "cancel", "canceled"),
    ],
)
def test_outcome(exit_code: int | None, signal: int | None, signalled_for: Any, outcome: str) -> None:
    """What was signalled is canceled or timed-out whatever it exits with."""
    assert outcome_of(exit_code, signal, signalled_for) == outcome


@pytest.mark.parametrize(
    ("attempt", "timeout", "at"),
    [
        (Attempt(number=1, executor="local", started_at=100), 60, 160),
        (Attempt(number=1, executor="local", started_at=100), None, None),
        (Attempt(number=1, executor="slurm", submitted_at=100), 60, None),  # counts from when it begins
        (Attempt(number=1, executor="local", started_at=1, end=End(outcome="lost", ended_at=5)), 60, None),
    ],
)
def test_times_out_at(attempt: Attempt, timeout: int | None, at: int | None) -> None:
    """A timeout counts from when the attempt begins."""
    assert times_out_at(attempt, timeout) == at
