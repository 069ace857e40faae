"""Claims and ends against a real store: whatever happens in whatever order, the events keep the rules of execution."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arco_sched.api import Workspace
from arco_sched.core.attempts import End
from arco_sched.core.definitions import Definition, RequestContent
from arco_sched.core.errors import ArcoError
from arco_sched.core.events import OF_RUNS
from arco_sched.core.instants import parse_instant
from arco_sched.core.policy import Policy
from arco_sched.core.run_events import from_payload
from arco_sched.core.run_history import check_history
from arco_sched.core.runs import Request
from arco_sched.service import life, working
from arco_sched.service.working import Ended, News, Terms

START = parse_instant("2025-03-03T00:00:00Z")
MINUTE = 60


def terms(name: str = "w", slots: int = 4, pools: tuple[str, ...] = ("default", "small")) -> Terms:
    """A worker that serves two pools."""
    return Terms(name, "host", "local", "boot", pools, slots, "root", is_root=True)


@contextmanager
def made(**policies: Policy) -> Iterator[Workspace]:
    """A database with a schedule of every minute for each policy, by name."""
    with TemporaryDirectory() as folder, Workspace.create(Path(folder) / "arco.db") as workspace:
        for name, policy in policies.items():
            content = RequestContent(command="true")
            definition = Definition(cron_expression="* * * * *", max_catchup_ticks=100, request=content, policy=policy)
            workspace.create_schedule(name, definition, now=START)
        yield workspace


def ended(outcome: str, at: int, code: int | None = None) -> End:
    """An end."""
    return End(outcome=outcome, ended_at=at, duration_ms=0, exit_code=code)  # type: ignore[arg-type]


def history(workspace: Workspace) -> list[str]:
    """What is wrong with the events of runs, in their order."""
    names = {type_.name for type_ in OF_RUNS}
    events = []
    after = 0
    while True:
        page = workspace.events(after=after, limit=10_000)
        events += [
            from_payload(event.type, dict(event.payload), parse_instant) for event in page.rows if event.type in names
        ]
        if page.next_cursor is None:
            break
        after = int(page.next_cursor)
    with workspace._store.read() as transaction:
        runs = {getattr(event, "run_id", None) for event in events} - {None}
        requests: dict[str, Request] = {
            run_id: each.request for run_id, each in transaction.queue.lives(sorted(map(str, runs))).items()
        }
    return list(check_history(events, requests.__getitem__))


def states(workspace: Workspace, now: int) -> dict[str, str]:
    """The status of each run of the schedules, by tick id."""
    with workspace._store.read() as transaction:
        runs = [run for run, _ in transaction.runs.page(limit=1000)]
        return {str(run.tick_id): life.look(transaction, run.run_id, now).state.status for run in runs}


def test_a_run_from_its_request_to_its_end() -> None:
    """What is due is requested, claimed, and ends; a second claim finds nothing, and the events verify."""
    with made(a=Policy()) as workspace:
        workspace.evaluate(START)
        claim = working.claim(workspace._store, terms(), START)
        [one] = claim.started
        assert (one.attempt.attempt.number, one.run.content.command, one.timezone, one.version) == (1, "true", "UTC", 1)
        assert working.claim(workspace._store, terms(), START).started == []
        recorded = working.record(
            workspace._store, terms(), News(ended=[Ended(one.run.run_id, 1, ended("succeeded", START + 2, 0))]), START
        )
        assert recorded.final == [one.run.run_id]
        assert workspace.run(one.run.run_id).status == "succeeded"
        assert workspace.verify().differences == ()


@pytest.mark.parametrize(
    ("policy", "started", "second"),
    [
        (Policy(), 1, "requested"),
        (Policy(overlap="allow"), 3, "running"),
        (Policy(overlap="skip"), 1, "skipped"),
        (Policy(overlap="cancel"), 1, "skipped"),
        (Policy(pool="small"), 1, "requested"),
        (Policy(pool="nobody"), 0, "requested"),
        (Policy(pool="external"), 0, "requested"),
        (Policy(spread_seconds=86_400), 0, "requested"),
    ],
)
def test_what_a_claim_starts(policy: Policy, started: int, second: str) -> None:
    """Three runs of one schedule wait: how many start at once, and what becomes of the one in the middle."""
    with made(a=policy) as workspace:
        life.set_pool(workspace._store, "small", 1, now=START)
        workspace.evaluate(START + 2 * MINUTE)
        claim = working.claim(workspace._store, terms(), START + 2 * MINUTE)
        assert len(claim.started) == started
        assert states(workspace, START + 2 * MINUTE)[f"a:{START + MINUTE}"] == second
        assert history(workspace) == []
        assert workspace.verify().differences == ()


def test_a_retry_waits_for_its_time() -> None:
    """An attempt that failed is tried again after the delay, and no sooner."""
    with made(a=Policy(max_retries=1, retry_delay_seconds=30)) as workspace:
        workspace.evaluate(START)
        store = workspace._store
        [one] = working.claim(store, terms(), START).started
        assert (
            working.record(
                store, terms(), News(ended=[Ended(one.run.run_id, 1, ended("failed", START + 5, 1))]), START + 5
            ).final
            == []
        )
        assert working.claim(store, terms(), START + 34).started == []
        [again] = working.claim(store, terms(), START + 35).started
        assert again.attempt.attempt.number == 2
        working.record(
            store, terms(), News(ended=[Ended(one.run.run_id, 2, ended("failed", START + 40, 1))]), START + 40
        )
        assert workspace.run(one.run.run_id).status == "failed"
        assert working.claim(store, terms(), START + 1000).started == []
        assert history(workspace) == []
        assert workspace.verify().differences == ()


def test_the_queue_behind_a_run_moves_on() -> None:
    """Hundreds of runs behind one of their schedule are set aside, one after the other starts, in order."""
    with made(a=Policy(), b=Policy()) as workspace:
        store = workspace._store
        workspace.evaluate(START + 99 * MINUTE)
        now = START + 99 * MINUTE
        order: list[int | None] = []
        for _ in range(100):
            claim = working.claim(store, terms(), now)
            assert sorted(str(one.attempt.request.schedule_id) for one in claim.started) == ["a", "b"]
            order.append(claim.started[0].attempt.request.scheduled_for)
            ends = [Ended(one.run.run_id, 1, ended("succeeded", now, 0)) for one in claim.started]
            working.record(store, terms(), News(ended=ends), now)
        assert order == sorted(order, key=lambda at: at or 0)
        assert len(set(order)) == 100
        assert working.claim(store, terms(), now).started == []


POLICIES = st.builds(
    Policy,
    overlap=st.sampled_from(["queue", "skip", "cancel", "allow"]),
    pool=st.sampled_from(["default", "small"]),
    max_retries=st.integers(0, 2),
    retry_delay_seconds=st.sampled_from([0, 30]),
    priority=st.integers(0, 1),
    start_within_seconds=st.sampled_from([None, 90]),
    spread_seconds=st.sampled_from([0, 40]),
    on_lost=st.sampled_from(["fail", "retry"]),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("tick", "tick", "claim", "claim", "claim", "claim", "end", "end", "end", "cancel", "retry", "skip"),
                *("pool", "backfill", "trigger", "request"),
            ]
        ),
        st.integers(0, 7),
        st.sampled_from(["succeeded", "failed", "lost", "timed-out", "canceled"]),
    ),
    max_size=30,
)


@settings(max_examples=60)
@given(POLICIES, POLICIES, STEPS)
def test_any_order_of_things(first: Policy, second: Policy, steps: list[tuple[str, int, str]]) -> None:
    """Overlap, pools, retries, deadlines, spread, backfills, requests and cancels by hand, by eight workers: the rules
    hold in the order of events."""
    with made(a=first, b=second) as workspace:
        store = workspace._store
        life.set_pool(store, "small", 1, now=START)
        now = START
        for what, which, outcome in steps:
            now += 7 * which
            _step(workspace, what, which, outcome, now)
        for _ in range(100):  # everything ends
            now += 3600
            claim = working.claim(store, terms(), now)
            opened = working.open_attempts(store, "local")
            ends = [Ended(each.request.run_id, each.attempt.number, ended("succeeded", now, 0)) for each in opened]
            working.record(store, terms(), News(ended=ends), now)
            if not (claim.started or opened):
                break
        assert set(states(workspace, now).values()) <= {"succeeded", "failed", "canceled", "skipped"}
        assert history(workspace) == []
        assert workspace.verify().differences == ()


def _step(workspace: Workspace, what: str, which: int, outcome: str, now: int) -> None:
    store = workspace._store
    opened = working.open_attempts(store, "local")
    runs = [run.run_id for run in workspace.runs(limit=100).rows]
    try:
        if what == "tick":
            workspace.evaluate(now)
        elif what == "backfill":
            workspace.backfill("ab"[which % 2], start=START - (which + 1) * MINUTE, stop=START, now=now)
        elif what == "trigger":
            workspace.trigger("ab"[which % 2], now=now)
        elif what == "request":
            policy = Policy(pool="small", priority=which % 2, max_retries=1, retry_delay_seconds=0)
            workspace.request_run(f"k{which}", RequestContent(command="true"), now=now, policy=policy)
        elif what == "claim":
            working.claim(store, terms(f"w{which}"), now)
        elif what == "end" and opened:
            each = opened[which % len(opened)]
            end = ended(outcome, now, 1 if outcome == "failed" else 0)
            if outcome == "canceled" and each.state.cancel is None:
                end = replace(end, outcome="failed", exit_code=1)
            working.record(store, terms(), News(ended=[Ended(each.request.run_id, each.attempt.number, end)]), now)
        elif what == "pool":
            life.set_pool(store, "small", which % 3, now=now)
            life.set_pool(store, "small", 1, now=now)
        elif runs and what in {"cancel", "retry", "skip"}:
            by_hand: dict[str, Any] = {"cancel": life.cancel, "retry": life.retry, "skip": life.skip}
            by_hand[what](store, [runs[which % len(runs)]], now=now)
    except ArcoError:
        pass  # refused: nothing was changed


def test_requests_of_before_execution_are_for_nobody() -> None:
    """Runs of a database that was brought forward are never claimed, until somebody retries one."""
    with made(a=Policy()) as workspace:
        workspace.evaluate(START)
        store = workspace._store
        with store.write() as transaction:
            last = transaction.queue.last_number()
            transaction._connection.execute("UPDATE workspace SET held_through = ?", (last,))
            transaction._connection.execute("DELETE FROM queue")
        assert working.claim(store, terms(), START).started == []
        [run] = workspace.runs().rows
        with store.read() as transaction:
            assert life.look(transaction, run.run_id, START).waiting_for == "external"
        life.retry(store, [run.run_id], now=START)
        assert len(working.claim(store, terms(), START).started) == 1
        assert json.dumps(history(workspace)) == "[]"
