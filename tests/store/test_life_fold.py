"""The fold of lives, held against a second one: whatever is decided about runs, in whatever order."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from arco_sched.api import Workspace
from arco_sched.core import events, run_decisions, run_reports
from arco_sched.core.attempts import End
from arco_sched.core.cron import tzdata_release
from arco_sched.core.definitions import Definition
from arco_sched.core.fields import normal_content
from arco_sched.core.instants import parse_instant
from arco_sched.core.policy import EXTERNAL_POOL, Policy
from arco_sched.core.run_decisions import Decision, Refused
from arco_sched.core.run_subjects import Life
from arco_sched.service import life as by_hand
from tests.database import path_of, sql
from tests.store.fold_oracle import folded, there

START = parse_instant("2025-03-03T00:00:00Z")
HOUR = 3600
COMMAND = normal_content(command="true")
OUTCOMES = ("succeeded", "failed", "timed-out", "lost", "not-started", "canceled")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Runs of every source: scheduled, by hand, backfilled, under a key of one's own; with many policies."""
    policies = {
        "plain": Policy(),
        "again": Policy(max_retries=2, retry_exit_codes=(75,), overlap="cancel", start_within_seconds=600),
        "lost": Policy(on_lost="retry", pool="heavy", retry_backoff="constant", overlap="allow"),
        "mine": Policy(pool=EXTERNAL_POOL),
    }
    with Workspace.create(tmp_path / "arco.db") as made:
        for name, policy in policies.items():
            definition = Definition(cron_expression="*/20 * * * *", request=COMMAND, policy=policy)
            made.create_schedule(name, definition, now=START)
        made.create_schedule("nothing", Definition(cron_expression="0 * * * *"), now=START)
        made.evaluate(START + HOUR)
        made.trigger("again", now=START + HOUR)
        made.backfill("plain", start=START - HOUR, stop=START, now=START + HOUR)
        made.request_run("key", COMMAND, now=START + HOUR, policy=Policy(max_retries=1, retry_delay_seconds=0))
        yield made


def one_decision(chance: random.Random, life: Life, now: int) -> Decision:
    """Anything that somebody could decide about the run."""
    policy, state = life.request.policy, life.state
    number = state.attempts - (chance.random() < 0.1)
    outcome = chance.choice(OUTCOMES)
    code = {"succeeded": 0, "failed": chance.choice([1, 75])}.get(outcome)
    end: Any = End(outcome=outcome, ended_at=now - chance.randrange(120), duration_ms=5, exit_code=code)  # type: ignore[arg-type]
    by: Any = {"worker": "w", "host": "h", "now": now}
    choices: list[Callable[[], Decision]] = [
        lambda: run_decisions.start(state, executor="local", place="boot", **by),
        lambda: run_decisions.submit(state, executor="slurm", **by),
        lambda: run_decisions.submit_again(state, attempt=number, external_id=str(chance.randrange(3)), **by),
        lambda: run_decisions.begin(state, attempt=number, started_at=now, host=chance.choice([None, "node"])),
        lambda: run_reports.start_by_hand(life.request, state, external_id=f"x{chance.randrange(9)}", now=now),
        lambda: run_decisions.finish(policy, state, attempt=number, end=end),
        lambda: run_decisions.finish(policy, state, attempt=number, end=end),
        lambda: run_reports.finish_by_hand(
            policy, state, attempt=number, exit_code=chance.choice([0, 1, 75]), message=None, now=now
        ),
        lambda: run_reports.fail_by_hand(policy, state, message="gone", now=now),
        lambda: run_decisions.cancel(state, chance.choice(["hand", "overlap"])),
        lambda: run_decisions.skip(state, chance.choice(["discarded", "superseded"])),
        lambda: run_decisions.expire(life.request, state, now),
        lambda: run_decisions.retry(state, force=chance.random() < 0.5),
    ]
    if state.open_attempt is not None and chance.random() < 0.3:
        return choices[5]()
    return chance.choice(choices)()


@pytest.mark.parametrize("seed", range(3))
def test_any_lives(workspace: Workspace, seed: int) -> None:
    """States, attempts and pools are what the events give; the queue is who waits for a worker."""
    chance, now, path = random.Random(seed), START + HOUR, path_of(workspace)
    run_ids = [run_id for (run_id,) in sql(path, "SELECT run_id FROM run_rows ORDER BY run")]
    seen: set[str] = set()
    for step in range(120):
        with workspace._store.write() as transaction:
            lives = transaction.queue.lives(chance.sample(run_ids, 6))
            decided = {run_id: one_decision(chance, life, now) for run_id, life in lives.items()}
            drafts = [
                events.life(event, lives[run_id].schedule, now)
                for run_id, decision in decided.items()
                if not isinstance(decision, Refused)
                for event in decision
            ]
            transaction.append(drafts)
        by_hand.set_pool(workspace._store, chance.choice(["heavy", "default"]), chance.choice([None, 0, 3]), now=now)
        now += chance.randrange(90)
        if step % 40 == 0:
            assert there(path) == folded(path, tzdata_release())
        seen.update(status for (status,) in sql(path, "SELECT DISTINCT status FROM run_states"))
    assert there(path) == folded(path, tzdata_release())
    # Nobody asked the queue: what is named are starts that broke overlap or a pool at their turn.
    assert [text for text in workspace.verify().differences if not text.startswith("event seq=")] == []
    assert seen == {"requested", "running", "succeeded", "failed", "canceled", "skipped"}
    assert {outcome for (outcome,) in sql(path, "SELECT outcome FROM attempt_rows")} == {None, *OUTCOMES}
    with workspace._store.read() as transaction:
        every = transaction.queue.lives(run_ids).values()
    waiting = {
        (life.request.number,)
        for life in every
        if life.request.has_command and life.state.waits and life.request.policy.pool != EXTERNAL_POOL
    }
    assert set(sql(path, "SELECT run FROM queue")) == waiting


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE run_states SET occupies = 1 - occupies WHERE schedule IS NOT NULL", ": occupies is 1 instead of 0"),
        ("UPDATE run_states SET state = json_set(state, '$.retries', 9)", ": state is "),
        ("DELETE FROM run_states", "run_states"),
        ("UPDATE attempt_rows SET exit_code = 3", "attempt=1: exit_code is 3 instead of 0, by the events"),
        ("DELETE FROM attempt_rows", "attempt_rows"),
        ("UPDATE pool_rows SET slots = 9", "pool pool=heavy: slots is 9 instead of 1"),
        ("UPDATE run_rows SET policy = '{\"pool\":\"other\"}' WHERE key = 'key'", "run run="),
        ("UPDATE definition_rows SET policy = NULL WHERE policy IS NOT NULL", "definition"),
        ("UPDATE event_log SET key = 'run_started:other:1' WHERE type = 9", "its key"),
        (
            "UPDATE event_log SET payload = json_set(payload, '$.attempt', 7) WHERE type = 9",
            "RunStarted of run ",
        ),
        ("UPDATE event_log SET payload = json_set(payload, '$.run_id', 'run_x') WHERE type = 9", "run_x"),
        ("UPDATE event_log SET payload = json_remove(payload, '$.outcome') WHERE type = 10", "outcome"),
        ("UPDATE event_log SET seq = 999999 WHERE type = 9", "no attempt is open"),
    ],
)
def test_damage_to_lives_is_named(workspace: Workspace, statement: str, said: str) -> None:
    """Verify names what is changed behind the program's back, and refuses an order that can't be."""
    path = path_of(workspace)
    [(run_id,)] = sql(path, "SELECT run_id FROM run_rows WHERE key = 'key'")
    store = workspace._store
    by_hand.set_pool(store, "heavy", 1, now=START + HOUR)
    by_hand.start(store, run_id, external_id="x", now=START + HOUR)
    by_hand.finish(store, run_id, attempt=1, exit_code=0, message=None, now=START + HOUR)
    by_hand.skip(store, [run.run_id for run in workspace.runs(schedule_id="again").rows], now=START + HOUR)
    assert workspace.verify().ok
    assert there(path) == folded(path, tzdata_release())
    sql(path, statement)
    found = workspace.verify()
    assert any(said in difference for difference in found.differences), found.differences
