"""`arco check`: a line a finding, and exit code 7."""

from typing import Any

import pytest

from arco_sched.render.times import Clocks
from tests.database import sql
from tests.executing import DUE, define, work
from tests.runner import Arco

UTC = Clocks({}.get)


def findings(arco: Arco, options: str = "", at: str | None = None) -> list[tuple[str, str | None]]:
    """(kind, schedule) of each finding; the exit code and `ok` must say the same."""
    arco.at = at or arco.at
    result = arco(f"check {options} --json")
    answer: dict[str, Any] = result.json
    assert (result.code, answer["ok"]) == ((7, False) if answer["findings"] else (0, True)), result
    lines = arco(f"check {options}").out.splitlines()
    assert lines == (
        [f"{each['kind']}: {UTC.localized(each['message'], None)}" for each in answer["findings"]]
        or ["ok: nothing needs attention"]
    )
    return [(each["kind"], each["schedule_id"]) for each in answer["findings"]]


def test_all_is_well(arco: Arco) -> None:
    """An empty database, and one whose runs succeeded."""
    arco.ok("init")
    assert findings(arco) == []
    define(arco, good="true")
    work(arco)
    assert findings(arco) == []


def test_nobody_evaluates(arco: Arco) -> None:
    """Never, for too long, or ahead of the clock; --max-lag says how long is too long."""
    define(arco, one="")
    assert findings(arco) == [("lag", None)]
    arco.ok("tick --quiet")
    assert findings(arco, at="2025-01-01T00:05:00Z") == []
    assert findings(arco, at="2025-01-01T00:05:01Z") == [("lag", None)]
    assert findings(arco, "--max-lag 10m") == []
    assert findings(arco, at="2024-12-31T23:58:00Z") == [("lag", None)]


def test_no_schedule_is_enabled(arco: Arco) -> None:
    """Then nobody must evaluate, unless --max-lag says so."""
    arco.ok("init")
    assert findings(arco) == []
    assert findings(arco, "--max-lag 5m") == [("lag", None)]


def test_a_schedule_that_cant_be_evaluated(arco: Arco) -> None:
    """It is named, with where the error is."""
    define(arco, one="")
    sql(arco.db, "UPDATE definition_rows SET timezone = 'Nowhere/Lost'")
    arco.at = DUE
    assert arco("tick").code == 5
    assert findings(arco) == [("unevaluable", "one")]


def test_failed_last(arco: Arco) -> None:
    """The last executed run counts; a later success is the end of it, and so is a pause."""
    define(arco, bad="test -e ok", good="true")
    work(arco)
    assert findings(arco) == [("failed", "bad")]
    run = arco("check --failed --json").json["findings"][0]
    assert run["run_id"] == arco.json("why bad")["run"]["run_id"]
    arco.ok("schedule disable bad")
    assert findings(arco, "--failed") == []
    arco.ok("schedule enable bad")
    assert findings(arco, "--failed") == [("failed", "bad")]
    arco.ok("schedule disable bad --until 'in 1h'")
    assert findings(arco, "--failed") == []
    assert findings(arco, "--failed", at="2025-01-01T11:00:00Z") == [("failed", "bad")]
    arco.ok("schedule enable bad")
    arco.ok("schedule update bad --command true")
    work(arco, "2025-01-02T10:00:00Z")
    assert findings(arco) == []


def test_a_skipped_run_says_nothing(arco: Arco) -> None:
    """After a failure a run that was skipped does not make it well, and after a success not bad."""
    define(arco, bad="exit 1 -- --start-within 1m", good="true -- --start-within 1m")
    work(arco)
    arco.ok("tick --quiet", at="2025-01-02T10:00:00Z")
    arco.at = "2025-01-02T10:02:00Z"
    assert arco("work --once").code == 0
    assert findings(arco) == [("failed", "bad")]


def test_a_deleted_schedule_is_left_alone(arco: Arco) -> None:
    """Neither failed nor stale."""
    define(arco, bad="exit 1 -- --success-within 1h")
    work(arco)
    assert findings(arco) == [("failed", "bad"), ("stale", "bad")]
    arco.ok("schedule delete bad")
    assert findings(arco) == []


def test_stale_counts_from_when_the_field_was_set(arco: Arco) -> None:
    """No success within 26 hours, at first from the version that set it; inclusive."""
    define(arco, one="true")
    arco.ok("schedule update one --success-within 26h", at="2025-01-05T00:00:00Z")
    arco.ok("schedule update one --label a=b", at="2025-01-05T12:00:00Z")
    assert findings(arco, "--stale", at="2025-01-06T02:00:00Z") == []
    assert findings(arco, "--stale", at="2025-01-06T02:00:01Z") == [("stale", "one")]
    assert "no success since 2025-01-05 00:00 UTC, and one is expected within 26h" in arco("check --stale").out


def test_stale_after_the_last_success(arco: Arco) -> None:
    """It counts from when that ended; a failure does not count, and a pause is left alone."""
    define(arco, one="test $ARCO_SCHEDULED_FOR = 2025-01-01T10:00:00Z -- --success-within 26h")
    work(arco)
    work(arco, "2025-01-02T10:00:00Z")
    assert findings(arco, "--stale", at="2025-01-02T12:00:00Z") == []
    assert findings(arco, "--stale", at="2025-01-02T12:00:10Z") == [("stale", "one")]
    arco.ok("schedule disable one")
    assert findings(arco, "--stale") == []
    arco.ok("schedule enable one")
    assert findings(arco, "--stale") == [("stale", "one")]


def test_a_schedule_that_has_not_begun_or_is_over_is_not_stale(arco: Arco) -> None:
    """It counts from its start at the earliest, and until its end."""
    define(arco, later="true -- --success-within 1h --start 2025-02-01T00:00:00Z")
    define(arco, over="true -- --success-within 1d --end 2025-01-01T12:00:00Z")
    assert findings(arco, "--stale", at="2025-01-31T00:00:00Z") == []
    assert findings(arco, "--stale", at="2025-02-01T02:00:00Z") == [("stale", "later")]


def test_runs_that_no_worker_serves(arco: Arco) -> None:
    """Each is named, up to twenty; a run that is not ready yet, or without a command, is not."""
    define(arco, big="true -- --pool big", later="true -- --spread 8h", idle="", own="true -- --pool external")
    arco.ok("tick --quiet", at=DUE)
    assert findings(arco) == [("unserved", "big")]
    assert "no worker serves pool big: start `arco work --pool big`" in arco("check").out
    work(arco, DUE, "--pool", "big")
    assert findings(arco) == []


def test_many_runs_that_no_worker_serves(arco: Arco) -> None:
    """Twenty are named, the others counted."""
    arco.ok("schedule create each --cron '* * * * *' --command true --max-catchup 100 --overlap allow")
    arco.ok("tick --quiet", at="2025-01-01T00:30:00Z")
    found = findings(arco, "--late 5m")
    assert len(found) == 21
    assert found[-1] == ("unserved", None)
    assert (
        arco("check")
        .out.splitlines()[-1]
        .startswith("unserved: 11 more runs are waiting, but no worker serves pool default")
    )
    said = arco.ok("status").out.splitlines()
    assert [line for line in said if line.startswith("unserved")] == [
        "unserved: 31 runs are waiting, but no worker serves pool default: start `arco work`"
    ]


def test_a_worker_that_comes_by_serves_its_pools(arco: Arco) -> None:
    """Between cron's visits nobody misses a worker: for twice their distance a run is neither unserved nor late."""
    define(arco, each="true -- --overlap allow")
    for minute in (0, 10, 20):
        arco.ok("work --once --quiet", at=f"2025-01-01T09:{minute:02}:00Z")
    arco.ok("runs request --key k --command true", at="2025-01-01T09:21:00Z")
    assert findings(arco, "--late 5m", at="2025-01-01T09:40:00Z") == []
    assert arco.json("runs list --json")["runs"][0]["waiting_for"] is None
    assert findings(arco, "--late 5m", at="2025-01-01T09:40:01Z") == [("unserved", None)]
    assert arco.json("runs list --json")["runs"][0]["waiting_for"] == "worker"
    arco.ok("runs request --key l --command true --pool other")
    arco.ok("work --once --pool other", at="2025-01-01T09:41:00Z")
    # The first visit of a pool: another may follow soon.
    arco.ok("runs request --key m --command true --pool other")
    assert arco.json("runs list --json")["runs"][0]["waiting_for"] is None
    assert findings(arco, "--late 1d") == [("unserved", None)]


def test_visits_far_apart_promise_nothing(arco: Arco) -> None:
    """Who calls a worker by hand now and then has no interval."""
    arco.ok("init")
    arco.ok("work --once", at="2025-01-01T09:00:00Z")
    arco.ok("work --once", at="2025-01-03T09:00:00Z")
    arco.ok("runs request --key k --command true", at="2025-01-03T09:01:00Z")
    assert findings(arco, "--late 5m", at="2025-01-03T09:05:59Z") == []
    assert findings(arco, "--late 5m", at="2025-01-03T09:06:00Z") == [("late", None)]
    assert "hasn't started: the last `arco work --once` was at 2025-01-03 09:00 UTC" in arco("check --late 5m").out
    assert findings(arco, "--late 5m", at="2025-01-03T09:10:01Z") == [("unserved", None)]


def test_a_clock_that_was_wrong_at_a_visit(arco: Arco) -> None:
    """A visit ahead of the clock serves nobody; the next one counts."""
    arco.ok("init")
    arco.ok("work --once", at="2026-01-01T09:00:00Z")
    arco.ok("runs request --key k --command true", at="2025-01-01T09:00:00Z")
    assert findings(arco, "--late 5m") == [("unserved", None)]
    arco.ok("work --once --pool default --pool x", at="2025-01-01T09:01:00Z")
    arco.ok("runs request --key l --command true")
    assert findings(arco, "--late 5m") == []


def serve(arco: Arco, pool: str = "default") -> None:
    """A worker of another machine gives a sign of life."""
    sql(
        arco.db,
        "INSERT INTO worker_rows VALUES ('far:1:1', 'far', 1, 'local', json_array('" + pool + "'), 4, "
        f"CAST(strftime('%s', '{arco.at}') AS INTEGER))",
    )


def test_late(arco: Arco) -> None:
    """A worker serves the pool, yet a run that could start has not for five minutes; --late has another span."""
    define(arco, one="true")
    arco.ok("tick --quiet", at=DUE)
    arco.at = "2025-01-01T10:05:00Z"
    serve(arco)
    assert findings(arco, "--late 5m") == [("late", "one")]
    assert findings(arco, "--late 6m") == []
    assert findings(arco, "--late 5m", at="2025-01-01T10:04:59Z") == []


@pytest.mark.parametrize("slots", [0, 1])
def test_a_full_pool_makes_nobody_late(arco: Arco, slots: int) -> None:
    """A run that waits for its pool can't start; with room in it, it could."""
    define(arco, one="true")
    arco.ok("tick --quiet", at=DUE)
    sql(arco.db, f"INSERT INTO pool_rows VALUES ('default', 1, {slots})")
    arco.at = "2025-01-01T11:00:00Z"
    serve(arco)
    assert findings(arco, "--late 5m") == ([("late", "one")] if slots else [])


def test_more_runs_wait(arco: Arco) -> None:
    """More than N."""
    define(arco, one="true", two="true")
    arco.ok("tick --quiet", at=DUE)
    assert findings(arco, "--waiting 2") == []
    assert findings(arco, "--waiting 1") == [("waiting", None)]


def test_it_writes_nothing(arco: Arco) -> None:
    """It only reads."""
    define(arco, one="exit 1 -- --success-within 1h")
    work(arco)
    before = arco.content()
    assert findings(arco, at="2025-01-03T00:00:00Z")
    assert arco.content() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [("--late soon", "--late 'soon' is not a duration"), ("--waiting -1", "--waiting must be 0 or more")],
)
def test_mistakes(arco: Arco, options: str, words: str) -> None:
    """One line, exit 2."""
    arco.ok("init")
    result = arco(f"check {options}")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert words in result.err
