"""Runs that are final for long go with their ticks: the file is bounded, and nothing is made twice because of it."""

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition, RequestContent
from arco_sched.core.errors import ArcoError, Conflict, InvalidInput
from arco_sched.core.policy import Policy
from arco_sched.service.pruning import prune
from tests.database import opened

BEGIN = 1_736_899_200  # 2025-01-15T00:00:00Z
HOUR, DAY = 3600, 86_400
EXTERNAL = Policy(pool="external")


def hourly(**fields: object) -> Definition:
    """A schedule that runs a command each hour."""
    given = {"cron_expression": "0 * * * *", "max_catchup_ticks": 1000, "catchup_window_minutes": 100_000} | fields
    return Definition(request=RequestContent(command="true"), **given)  # type: ignore[arg-type]


def executed(workspace: Workspace, schedule_id: str, at: int, codes: Iterator[int] | None = None) -> None:
    """Everything that a schedule requested was executed at an instant, by somebody else's executor."""
    for run in workspace.chosen_runs(schedule_id, "requested"):
        with suppress(Conflict):  # not due yet
            (life,) = workspace.start_run(run, external_id=f"x-{at}", now=at).runs
            code = next(codes) if codes else 0
            workspace.finish_run(run, attempt=life.state.attempts, exit_code=code, now=at + 5)


def rows(path: Path) -> dict[str, int]:
    """How many rows there are of what grows."""
    tables = ("event_log", "tick_rows", "run_rows", "run_states", "attempt_rows", "conflict_rows", "hook_rows")
    with opened(path) as connection:
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}


@pytest.fixture
def workspace(path: Path) -> Iterator[Workspace]:
    """A schedule of which ten days were evaluated and executed."""
    with Workspace.create(path) as made:
        made.create_schedule("a", hourly(), now=BEGIN)
        made.evaluate(BEGIN + 10 * DAY)
        executed(made, "a", BEGIN + 10 * DAY)
        yield made


def test_what_is_final_goes_with_all_of_its_events(workspace: Workspace, path: Path) -> None:
    """Of 241 runs the last stays: it is the schedule's last run and its last success."""
    before = rows(path)
    assert (before["run_rows"], before["attempt_rows"]) == (241, 241)
    now = BEGIN + 40 * DAY
    looked = workspace.prune(before=now - 20 * DAY, now=now, dry_run=True)
    assert rows(path) == before
    done = workspace.prune(before=now - 20 * DAY, now=now)
    assert (done.ticks, done.runs, done.schedules) == (241, 240, 1) == (looked.ticks, looked.runs, looked.schedules)
    after = rows(path)
    assert (after["run_rows"], after["run_states"], after["attempt_rows"], after["tick_rows"]) == (1, 1, 1, 0)
    # Its definition, the last run with its request, start and end, and the prunings.
    assert after["event_log"] == 1 + 3 + 2
    assert workspace.verify().ok
    assert workspace.verify().notes == ()
    assert workspace.prune(before=now - 20 * DAY, now=now).runs == 0


def test_what_is_not_final_for_long_stays(workspace: Workspace, path: Path) -> None:
    """The tick of a run may be gone while the run waits, runs, was requested by hand, or ended only lately."""
    now = BEGIN + 60 * DAY
    workspace.create_schedule("b", hourly(), now=BEGIN + 20 * DAY)
    workspace.evaluate(BEGIN + 20 * DAY + 4 * HOUR)
    waits, runs, late, skipped, canceled = workspace.chosen_runs("b", "requested")
    workspace.start_run(runs, external_id="x", now=BEGIN + 21 * DAY)
    workspace.start_run(late, external_id="y", now=BEGIN + 21 * DAY)
    workspace.finish_run(late, attempt=1, exit_code=1, now=now - DAY)
    workspace.skip(skipped, now=BEGIN + 21 * DAY)
    workspace.cancel(canceled, now=BEGIN + 21 * DAY)
    by_hand = workspace.request_run("mine", RequestContent(command="true"), now=BEGIN).run.run_id
    workspace.start_run(by_hand, external_id="z", now=BEGIN)
    workspace.finish_run(by_hand, attempt=1, exit_code=0, now=BEGIN)
    assert workspace.prune(before=now - 10 * DAY, now=now).runs == 241 - 1 + 1  # the skipped one; the last tick's stays
    left = {run.run_id for run in workspace.runs(limit=1000).rows}
    assert left >= {waits, runs, late, canceled, by_hand}
    assert skipped not in left
    assert workspace.verify().ok
    # Once it is over for long, a later pruning finds it, though its tick is gone.
    workspace.finish_run(runs, attempt=1, exit_code=0, now=now)
    workspace.start_run(waits, external_id="w", now=now)
    workspace.finish_run(waits, attempt=1, exit_code=0, now=now + HOUR)
    later = now + 60 * DAY
    assert (
        workspace.prune(before=later - 10 * DAY, now=later).runs == 1
    )  # the others are the last success, and the last
    assert workspace.verify().ok


def test_runs_that_nobody_executed(path: Path) -> None:
    """Whoever executes by events reads every request; only `unexecuted` says that it is done with the old ones."""
    with Workspace.create(path) as workspace:
        workspace.create_schedule("e", hourly(policy=EXTERNAL), now=BEGIN)
        workspace.create_schedule("w", hourly(), now=BEGIN)
        workspace.evaluate(BEGIN + 2 * DAY)
        now = BEGIN + 90 * DAY
        assert workspace.prune(before=now - 30 * DAY, now=now).runs == 0
        looked = workspace.prune(before=now - 30 * DAY, now=now, unexecuted=True, dry_run=True)
        done = workspace.prune(before=now - 30 * DAY, now=now, unexecuted=True)
        assert looked.runs == done.runs == 48  # but the last; those that a worker may take wait
        assert workspace.verify().ok
        assert len(workspace.chosen_runs("w", "requested")) == 49


def test_a_dry_run_counts_before_a_lapse_that_stays(path: Path) -> None:
    """A lapse over the limit stays whole with what lies behind its beginning, and so do the runs there."""
    with Workspace.create(path) as workspace:
        workspace.create_schedule("a", hourly(catchup_window_minutes=60), now=BEGIN)
        for hours in (3, 4, 5, 90, 91, 92):
            workspace.evaluate(BEGIN + hours * HOUR)
        executed(workspace, "a", BEGIN + 93 * HOUR)
        now = BEGIN + 30 * DAY
        before = BEGIN + 50 * HOUR
        workspace.prune(before=before, now=now, dry_run=True)
        looked = workspace.prune(before=BEGIN + 94 * HOUR, now=now, dry_run=True)
        assert looked.runs == workspace.prune(before=BEGIN + 94 * HOUR, now=now).runs > 0
        assert workspace.verify().ok


def test_the_next_evaluation_makes_nothing_again(workspace: Workspace) -> None:
    """The cursor guarantees it: evaluating, backfilling and asking by hand for what is gone make no run."""
    now = BEGIN + 40 * DAY
    workspace.set_enabled("a", False, now=BEGIN + 10 * DAY)
    workspace.prune(before=now - 20 * DAY, now=now)
    runs = workspace.runs(limit=1000).rows
    assert list(workspace.evaluate(BEGIN + 10 * DAY).ticks) == []
    with pytest.raises(InvalidInput, match="was pruned"):
        workspace.backfill("a", start=BEGIN, stop=BEGIN + DAY, now=now)
    for key in (f"sched:a:{BEGIN + HOUR}", f"sched:a:manual:{BEGIN + HOUR}", f"sched:a:backfill:{BEGIN}"):
        with pytest.raises(Conflict, match="was pruned"):
            workspace.request_run(key, RequestContent(command="true"), now=now)
    assert workspace.runs(limit=1000).rows == runs
    # A key of later history is free as ever, and one that is there is found.
    assert workspace.request_run(f"sched:a:{now + 9}", RequestContent(), now=now).change == "created"
    assert (
        workspace.request_run(f"sched:a:{BEGIN + 10 * DAY}", RequestContent(command="true"), now=now).change
        == "existing"
    )
    assert workspace.verify().ok


def test_a_hand_made_key_stays(workspace: Workspace) -> None:
    """Nothing but the row says that it was reserved: no cursor knows of it."""
    content = RequestContent(command="once")
    run = workspace.request_run("import-42", content, now=BEGIN).run.run_id
    workspace.start_run(run, external_id="x", now=BEGIN)
    workspace.finish_run(run, attempt=1, exit_code=0, now=BEGIN)
    workspace.prune(before=BEGIN + 300 * DAY, now=BEGIN + 400 * DAY, unexecuted=True)
    again = workspace.request_run("import-42", content, now=BEGIN + 400 * DAY)
    assert (again.change, again.run.status) == ("existing", "succeeded")


def test_a_rewind_stops_where_runs_were_pruned(path: Path) -> None:
    """A clock that was wrong for a while evaluated, executed and pruned: what ran then is not made again."""
    wrong = BEGIN + 300 * DAY
    with Workspace.create(path) as workspace:
        workspace.create_schedule("a", hourly(catchup_window_minutes=1_000_000), now=BEGIN)
        workspace.evaluate(BEGIN + 3 * HOUR)
        workspace.evaluate(wrong)
        assert len(workspace.chosen_runs("a", "requested")) == 1004
        ids = set(workspace.chosen_runs("a", "requested"))
        executed(workspace, "a", wrong)
        done = workspace.prune(before=wrong + 2 * DAY, now=wrong + 4 * DAY)
        assert done.runs == 1003
        now = BEGIN + 5 * DAY
        (rewinding,) = workspace.rewind(now=now)
        assert rewinding.cursor == BEGIN + 1002 * HOUR
        assert workspace.rewind(now=now) == []
        assert workspace.verify().ok
        made = list(workspace.evaluate(BEGIN + 30 * DAY).ticks)
        assert made == []
        again = {run.run_id for run in workspace.runs(limit=2000).rows} - ids
        assert again == set()
        made = list(workspace.evaluate(BEGIN + 50 * DAY).ticks)
        assert {tick.scheduled_for for tick in made} == {BEGIN + 1003 * HOUR + n * HOUR for n in range(198)}
        assert workspace.verify().ok


def test_in_parts_and_cut_short(workspace: Workspace, path: Path) -> None:
    """Whatever is done between two transactions, or instead of the rest, verify is clean and the next goes on."""

    class CutShort(Exception):
        pass

    now = BEGIN + 40 * DAY
    store = workspace._store
    left = []
    pause = store.yield_to_writers

    def stop() -> None:
        left.append(rows(path)["run_rows"])
        assert workspace.verify().ok
        if left[-1] < 241:
            raise CutShort
        pause()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(store, "yield_to_writers", stop)
        with pytest.raises(CutShort):
            prune(store, before=now - DAY, now=now, batch=100, runs=50)
    assert left[-1] == 191
    assert set(left[:-1]) == {241}
    assert prune(store, before=now - DAY, now=now, runs=50).runs == 190
    assert workspace.verify().ok


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_long_after_verify_stays_clean(path: Path, seed: int) -> None:
    """Random histories with prunings, rewinds, pauses and retries: clean throughout, and no run made twice."""
    chance = random.Random(seed)
    seen: dict[str, int] = {}
    with Workspace.create(path) as workspace:
        now = BEGIN
        for name in "ab":
            workspace.create_schedule(name, hourly(max_catchup_ticks=chance.choice([3, 50])), now=now)
        for step in range(30):
            now += chance.choice([HOUR, 5 * HOUR, DAY, 3 * DAY])
            name = chance.choice("ab")
            try:
                match chance.randrange(9):
                    case 0:
                        workspace.prune(
                            before=now - chance.choice([1, 4, 9]) * DAY, now=now, unexecuted=chance.random() < 0.3
                        )
                    case 1:
                        wrong = now + chance.choice([2, 20]) * DAY
                        workspace.evaluate(wrong)
                        if chance.random() < 0.5:
                            executed(workspace, name, now)
                            workspace.prune(before=wrong - DAY, now=wrong)
                        workspace.rewind(now=now)
                    case 2:
                        workspace.set_enabled(
                            name, chance.random() < 0.7, now=now, discard_waiting=chance.random() < 0.5
                        )
                    case 3:
                        workspace.trigger(name, now=now)
                    case 4:
                        workspace.backfill(name, start=now - 2 * DAY, stop=now - DAY, now=now, limit=5)
                    case 5 if failed := workspace.chosen_runs(name, "failed"):
                        workspace.retry(failed[0], now=now)
                    case _:
                        workspace.evaluate(now)
            except ArcoError:
                pass
            for run in workspace.runs(limit=5000).rows:
                assert seen.setdefault(run.run_id, run.requested_at) == run.requested_at, (seed, run)
            if chance.random() < 0.6:
                executed(workspace, name, now, iter(lambda: chance.choice([0, 0, 1]), None))
            if step % 4 == 3:
                assert workspace.verify().ok, (seed, workspace.verify())


def test_the_file_is_bounded(path: Path) -> None:
    """Twenty weeks of hours, pruned each week: what is kept follows the span, and compacting gives the rest back."""
    with Workspace.create(path) as workspace:
        workspace.create_schedule("a", hourly(), now=BEGIN)
        counts = []
        for week in range(1, 21):
            now = BEGIN + week * 7 * DAY
            workspace.evaluate(now)
            executed(workspace, "a", now)
            workspace.prune(before=now - 14 * DAY, now=now)
            counts.append(rows(path))
        assert counts[-1]["run_rows"] <= 3 * 7 * 24 + 2
        assert counts[-1]["event_log"] <= counts[8]["event_log"] + 2 * 20
        done = workspace.compact()
        assert done.after < done.before
        assert not done.is_shared
        assert workspace.verify().ok
