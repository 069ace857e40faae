"""The database file: opening it, many processes at once, broken content, pages and the plans of the queries."""

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from arco_sched.core.cron import tzdata_release
from arco_sched.core.definitions import Definition
from arco_sched.core.errors import ArcoError, Conflict, DatabaseUnusable, InvalidInput, NotFound
from arco_sched.core.fields import normal_content
from arco_sched.core.instants import format_instant, parse_instant
from arco_sched.service import Workspace
from arco_sched.service import zone_rules as planning
from arco_sched.service.answers import Evaluation, Page
from arco_sched.store.sqlite import reading
from arco_sched.store.sqlite.database import Database

DAY = parse_instant("2025-03-04T00:00:00Z")
ROOT = Path(__file__).parents[2]
MINUTELY = Definition(cron_expression="* * * * *", catchup_window_minutes=100_000, max_catchup_ticks=100_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "arco.db"


@pytest.fixture
def workspace(path: Path) -> Iterator[Workspace]:
    """A new database."""
    with Workspace.create(path) as made:
        yield made


def sql(path: Path, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """What SQL does to the file, or says about it, through another connection."""
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement, values).fetchall()


def counts(evaluation: Evaluation) -> tuple[int, int, int, int, int]:
    """(triggered, skipped, failed, lapsed, deferred)."""
    it = evaluation
    return it.triggered, it.skipped, it.failed, it.lapsed, it.deferred


# Many processes.

EVALUATE = """
import sys
from arco_sched.service import Workspace, zone_rules as planning
path, now, batch, times = sys.argv[1], *map(int, sys.argv[2:])
sys.stdin.read()
made = lapsed = 0
with Workspace.open(path) as workspace:
    for _ in range(times):
        evaluation = workspace.evaluate(now, batch=batch)
        assert len(list(evaluation.ticks)) == evaluation.triggered + evaluation.skipped
        made += evaluation.triggered + evaluation.skipped
        lapsed += evaluation.lapsed
print(made, lapsed)
"""

CREATE = """
import sys
from arco_sched.core.definitions import Definition
from arco_sched.service import Workspace, zone_rules as planning
path, number = sys.argv[1:]
sys.stdin.read()
with Workspace.create(path) as workspace:
    workspace.create_schedule("s" + number, Definition(cron_expression="0 * * * *"), now=0)
    workspace.create_schedule("same", Definition(cron_expression="0 * * * *"), now=0)
    print(int(workspace.made))
"""


def at_once(script: str, arguments: list[list[str]]) -> list[list[int]]:
    """The script in as many processes, all let go together; what each printed. None of them may fail."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, *own],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for own in arguments
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    said = [process.communicate(timeout=120) for process in processes]
    assert [(process.returncode, errors) for process, (_, errors) in zip(processes, said, strict=True)] == [
        (0, "") for _ in processes
    ]
    return [[int(word) for word in out.split()] for out, _ in said]


@pytest.mark.parametrize(("processes", "batch"), [(2, 10_000), (2, 7), (8, 50)])
def test_evaluating_at_once(path: Path, workspace: Workspace, processes: int, batch: int) -> None:
    """Any number of processes that evaluate at once make every tick and run once, and none of them fails."""
    for number in range(6):
        workspace.create_schedule(f"s{number}", MINUTELY, now=DAY, enabled=number != 5)
    said = at_once(EVALUATE, [[str(path), str(DAY + 60 * 59), str(batch), "3"] for _ in range(processes)])
    assert sum(made for made, _ in said) == 6 * 60
    assert sql(path, "SELECT schedule_id, count(*), count(run_id) FROM ticks GROUP BY 1 ORDER BY 1") == [
        *[(f"s{number}", 60, 60) for number in range(5)],
        ("s5", 60, 0),
    ]
    assert sql(path, "SELECT count(*), count(DISTINCT run_key), count(DISTINCT run_id) FROM runs") == [(300, 300, 300)]
    assert workspace.verify().differences == ()


def test_evaluating_at_once_at_different_instants(path: Path, workspace: Workspace) -> None:
    """Evaluators at different instants, bounds binding, both policies: nothing is lost and nothing is made twice."""
    for number, policy in enumerate(("oldest-first", "latest", "oldest-first", "latest")):
        definition = Definition(
            cron_expression="* * * * *", max_catchup_ticks=3 + number, catchup_window_minutes=40, catchup_policy=policy
        )
        workspace.create_schedule(f"s{number}", definition, now=DAY)
    said = at_once(EVALUATE, [[str(path), str(DAY + 600 * number), "2", "4"] for number in range(8)])
    ticks = sql(path, "SELECT count(*) FROM ticks")[0][0]
    lapsed = sql(path, "SELECT sum(missed) FROM lapses")[0][0]
    assert (sum(made for made, _ in said), sum(lost for _, lost in said)) == (ticks, lapsed)
    assert workspace.verify().differences == ()


@pytest.mark.parametrize("round_", range(3))
def test_creating_at_once(path: Path, round_: int) -> None:
    """Processes that make the database at once make it once, and all of them can use it."""
    said = at_once(CREATE, [[str(path), str(number)] for number in range(6)])
    assert sum(made for [made] in said) == 1
    assert len(sql(path, "SELECT * FROM schedules")) == 7


# Events.


def busy_history(workspace: Workspace) -> None:
    """A bit of everything: versions, ticks of all kinds, lapses of all reasons but one, runs, conflicts."""
    content = normal_content(asset_selection=["x"], labels={"a": "b"})
    workspace.create_schedule("a", Definition(cron_expression="*/10 * * * *", request=content), now=DAY)
    workspace.request_run(f"sched:a:{DAY + 600}", normal_content(asset_selection=["other"]), now=DAY)
    workspace.create_schedule(
        "b", Definition(cron_expression="* * * * *", max_catchup_ticks=2, catchup_policy="latest"), now=DAY
    )
    workspace.create_schedule(
        "c", Definition(cron_expression="* * * * *", catchup_window_minutes=5), now=DAY, enabled=False
    )
    workspace.evaluate(DAY + 1800)
    workspace.trigger("a", now=DAY + 1800)
    workspace.request_run("free", content, now=DAY + 1800)
    with pytest.raises(Conflict):
        workspace.request_run("free", normal_content(command="x"), now=DAY + 1801)
    workspace.set_enabled("c", enabled=True, now=DAY + 3000, discard_waiting=True)
    workspace.delete_schedule("b", now=DAY + 3600)
    sql(workspace._database.path, "UPDATE definition_rows SET timezone = 'No/Where' WHERE schedule = 1")
    workspace.evaluate(DAY + 7200)
    sql(workspace._database.path, "UPDATE workspace SET zone_rules = '2001a'")
    workspace.evaluate(DAY + 7260)


def test_events_are_whole(workspace: Workspace, path: Path) -> None:
    """Every event has a type, a unique idempotency key, and a JSON payload whose instants are RFC 3339."""
    busy_history(workspace)
    events = list(all_rows(lambda **page: after_page(workspace, **page), 3))
    assert [event.seq for event in events] == sorted(event.seq for event in events)
    assert {event.type for event in events} == {
        "ScheduleDefinitionUpserted",
        "ScheduleTicked",
        "OccurrencesLapsed",
        "RunRequested",
        "ZoneRulesChanged",
    }
    keys = [event.idempotency_key for event in events]
    assert len(set(keys)) == len(keys)
    instants = {"start_at", "end_at", "created_at", "effective_from", "scheduled_for", "after", "before"}
    for event in events:
        for name in instants & set(event.payload):
            value = event.payload[name]
            assert value is None or format_instant(parse_instant(value)) == value
    by_key = {event.idempotency_key: event.payload for event in events}
    tick = by_key[f"sched_tick:a:{DAY}"]
    assert tick == {
        "tick_id": f"a:{DAY}",
        "schedule_id": "a",
        "scheduled_for": "2025-03-04T00:00:00Z",
        "definition_version": 1,
        "status": "triggered",
        "skip_reason": None,
        "error": None,
        "run_key": f"sched:a:{DAY}",
        "run_id": tick["run_id"],
        "request_fingerprint": tick["request_fingerprint"],
    }
    run = by_key[f"run_req:sched:a:{DAY}:{tick['request_fingerprint']}"]
    assert (run["run_id"], run["labels"], run["asset_selection"]) == (tick["run_id"], {"a": "b"}, ["x"])
    assert by_key["sched_tick:a:failed:1"]["error"]
    assert sql(path, "SELECT count(*) FROM events WHERE NOT json_valid(payload)") == [(0,)]


@pytest.mark.parametrize("first", ["0001-01-01T00:00:00Z", "0999-12-31T23:59:59Z", "1969-12-31T23:59:59Z"])
def test_instants_of_all_years(workspace: Workspace, first: str) -> None:
    """Instants of any year from 1 on go through the event table and the fold unharmed."""
    start = parse_instant(first)
    workspace.create_schedule("a", Definition(cron_expression="* * * * *", max_catchup_ticks=2), now=start)
    workspace.evaluate(start + 90)
    workspace.trigger("a", now=start + 90)
    workspace.evaluate(parse_instant("9999-12-31T23:59:59Z"))
    assert workspace.verify().differences == ()
    for tick in workspace.ticks().rows:
        assert workspace.tick(tick.tick_id).tick == tick


# Opening.


def _no_file(path: Path) -> None:
    pass


def _folder(path: Path) -> None:
    path.mkdir()


def _empty(path: Path) -> None:
    path.touch()


def _text(path: Path) -> None:
    path.write_text("This is not a database, but it is long enough to be one.\n" * 40)


def _other_sqlite(path: Path) -> None:
    sql(path, "CREATE TABLE something (else_ TEXT)")


def _newer(path: Path) -> None:
    Workspace.create(path).close()
    sql(path, "PRAGMA user_version = 99")


def _dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nothing")


def _cut(path: Path) -> None:
    Workspace.create(path).close()
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize("make", [_no_file, _folder, _empty, _text, _other_sqlite, _newer, _dangling, _cut])
def test_what_can_not_be_opened(path: Path, make: Callable[[Path], None]) -> None:
    """What is no database of ours is refused in one line that names it, and left as it is."""
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(DatabaseUnusable) as refusal:
        Workspace.open(path).evaluate(DAY)
    assert str(path) in str(refusal.value)
    assert str(refusal.value).isprintable()
    assert (path.read_bytes() if path.is_file() else None) == before


@pytest.mark.parametrize("make", [_empty, _text, _other_sqlite, _newer])
def test_a_refused_file_is_let_go(path: Path, make: Callable[[Path], None]) -> None:
    """A file that is refused is not kept open."""
    make(path)
    open_files = Path("/proc/self/fd")
    if not open_files.is_dir():
        pytest.skip("the machine does not show its open files")
    refused = []  # kept, with what their tracebacks hold
    for _ in range(3):
        with pytest.raises(DatabaseUnusable) as refusal:
            Workspace.open(path)
        refused.append(refusal)
    held = [link for link in open_files.iterdir() if link.is_symlink() and str(path) in str(link.readlink())]
    assert held == []


@pytest.mark.parametrize("make", [_folder, _text, _other_sqlite, _newer])
def test_what_is_not_made_over(path: Path, make: Callable[[Path], None]) -> None:
    """Making a database where something else is leaves that as it is."""
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(DatabaseUnusable):
        Workspace.create(path)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_no_folder_to_make_it_in(tmp_path: Path) -> None:
    """A database in a folder that is not there can't be made."""
    with pytest.raises(DatabaseUnusable, match="can't make the database"):
        Workspace.create(tmp_path / "none" / "arco.db")


def test_only_its_owner_reads_it(path: Path) -> None:
    """The file is made readable and writable by its owner only, whatever the umask, as is what SQLite puts by it."""
    before = os.umask(0)
    try:
        with Workspace.create(path) as workspace:
            workspace.create_schedule("a", MINUTELY, now=DAY)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(modes, 0o600)
    assert "arco.db" in modes


@pytest.mark.parametrize("name", ["a b?c#d%41&e.db", "日本.db", "-x.db", "a'b\"c.db", "file:x.db"])
def test_odd_file_names(tmp_path: Path, name: str) -> None:
    """The database is in the file of that very name."""
    with Workspace.create(tmp_path / name) as workspace:
        workspace.create_schedule("a", MINUTELY, now=DAY)
    assert (tmp_path / name).is_file()
    with Workspace.open(tmp_path / name) as workspace:
        assert len(workspace.schedules()) == 1


def test_a_path_with_two_slashes(tmp_path: Path) -> None:
    """A path that begins with two slashes is the same file as with one."""
    Workspace.create("/" + str(tmp_path / "arco.db")).close()
    Workspace.open(tmp_path / "arco.db").close()


def test_busy(workspace: Workspace, path: Path) -> None:
    """A database that another process keeps for itself is unusable, with a line that says so, and is not harmed."""
    workspace.create_schedule("a", MINUTELY, now=DAY)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with Workspace.open(path, busy_timeout=0.05) as second:
            with pytest.raises(DatabaseUnusable, match="is busy"):
                second.evaluate(DAY)
            assert len(second.schedules()) == 1  # reading goes on
            other.execute("ROLLBACK")
            assert second.evaluate(DAY).triggered == 1


def test_the_name_is_fixed(path: Path) -> None:
    """The workspace name is fixed when the database is made."""
    with Workspace.create(path, "prod") as workspace:
        assert workspace.made
    with Workspace.create(path) as workspace:
        assert (workspace.name, workspace.made) == ("prod", False)
    with pytest.raises(Conflict):
        Workspace.create(path, "dev")


# Stored content that can't be evaluated.


def break_zone(path: Path, schedule_id: str = "a") -> None:
    """Replace the zone of the newest version by a bad name, straight in the database."""
    number = "(SELECT schedule FROM schedule_ids WHERE schedule_id = ?)"
    newest = f"(SELECT version FROM schedule_rows WHERE schedule = {number})"
    statement = f"UPDATE definition_rows SET timezone = 'No/Where' WHERE schedule = {number} AND version = {newest}"
    sql(path, statement, schedule_id, schedule_id)


def test_a_zone_that_is_lost(workspace: Workspace, path: Path) -> None:
    """One failed tick and no run, others evaluated, no second failed tick a minute later, and an update repairs it."""
    for name in ("a", "b"):
        workspace.create_schedule(name, MINUTELY, now=DAY)
    workspace.evaluate(DAY + 60)
    break_zone(path)
    first = workspace.evaluate(DAY + 120)
    assert counts(first) == (1, 0, 1, 0, 0)
    [failed] = [tick for tick in first.ticks if tick.status == "failed"]
    assert (failed.tick_id, failed.scheduled_for, failed.run_key, failed.run_id) == (
        "a:failed:1",
        DAY + 120,
        None,
        None,
    )
    assert failed.error is not None
    assert "No/Where" in failed.error
    assert workspace.tick("a:failed:1").tick == failed
    second = workspace.evaluate(DAY + 180)
    assert counts(second) == (1, 0, 1, 0, 0)
    assert [tick.schedule_id for tick in second.ticks] == ["b"]
    assert counts(workspace.evaluate(DAY + 180)) == (0, 0, 1, 0, 0)
    shown = workspace.schedule("a", now=DAY + 180)
    assert (shown.schedule.failing, shown.schedule.next_due_at, shown.schedule.cursor) == (True, None, DAY + 60)
    assert len(workspace.ticks(status="failed").rows) == 1
    workspace.update_schedule("a", {"timezone": "UTC"}, now=DAY + 200)
    repaired = workspace.evaluate(DAY + 240)
    assert counts(repaired) == (2, 0, 0, 0, 0)
    [lapse] = repaired.lapses
    assert (lapse.after, lapse.before, lapse.missed, lapse.reason) == (DAY + 60, DAY + 200, None, "unevaluable")
    assert not workspace.schedule("a", now=DAY + 240).schedule.failing


def test_a_lost_zone_of_a_disabled_schedule(workspace: Workspace, path: Path) -> None:
    """A disabled version that can't be evaluated makes neither a failed tick nor a failure; enabled, it does."""
    workspace.create_schedule("a", MINUTELY, now=DAY, enabled=False)
    break_zone(path)
    for now in (DAY + 60, DAY + 120):
        assert counts(workspace.evaluate(now)) == (0, 0, 0, 0, 0)
    assert workspace.ticks().rows == ()
    workspace.set_enabled("a", enabled=True, now=DAY + 150)
    assert counts(workspace.evaluate(DAY + 180)) == (0, 0, 1, 0, 0)
    [lapse] = workspace.lapses().rows
    assert (lapse.before, lapse.reason) == (DAY + 150, "unevaluable")


@pytest.mark.parametrize("batch", [1, 2, 10_000])
def test_a_failure_behind_what_waits(workspace: Workspace, path: Path, batch: int) -> None:
    """Earlier versions are evaluated as ever before the broken one fails, however small the transactions."""
    workspace.create_schedule("a", MINUTELY, now=DAY)
    workspace.update_schedule("a", {"code_version": "2"}, now=DAY + 190)
    break_zone(path)
    evaluation = workspace.evaluate(DAY + 600, batch=batch)
    assert counts(evaluation) == (4, 0, 1, 0, 0)
    assert [tick.status for tick in evaluation.ticks] == ["triggered"] * 4 + ["failed"]
    assert workspace.schedule("a", now=DAY + 600).schedule.cursor == DAY + 180


def test_a_broken_expression_can_be_disabled(workspace: Workspace, path: Path) -> None:
    """A schedule whose stored expression can't be read any more can be paused and deleted, without an error."""
    workspace.create_schedule("a", MINUTELY, now=DAY)
    sql(path, "UPDATE definition_rows SET cron_expression = 'every day'")
    assert workspace.set_enabled("a", enabled=False, now=DAY + 60).change == "updated"
    assert workspace.set_enabled("a", enabled=True, now=DAY + 120).change == "updated"
    assert counts(workspace.evaluate(DAY + 130)) == (0, 0, 1, 0, 0)
    assert workspace.delete_schedule("a", now=DAY + 180).change == "deleted"


def test_two_versions_that_fail_in_one_second(workspace: Workspace, path: Path) -> None:
    """Each broken version gets its failed tick, also where two fail in the same second."""
    workspace.create_schedule("a", MINUTELY, now=DAY)
    break_zone(path)
    workspace.evaluate(DAY + 60)
    workspace.update_schedule("a", {"timezone": "UTC"}, now=DAY + 60)
    break_zone(path)
    assert workspace.evaluate(DAY + 60).failed == 1
    assert workspace.evaluate(DAY + 120).failed == 1
    assert {tick.tick_id for tick in workspace.ticks(status="failed").rows} == {"a:failed:1", "a:failed:2"}


# Zone rules.


def test_zone_rules_that_changed(workspace: Workspace, path: Path) -> None:
    """Another tzdata release than the last recorded one adds one event, and the agenda is seen anew."""
    workspace.create_schedule("a", Definition(cron_expression="0 * * * *"), now=DAY + 60)
    workspace.create_schedule("b", Definition(cron_expression="0 * * * *"), now=DAY + 60)
    workspace.delete_schedule("b", now=DAY + 90)
    agenda = sql(path, "SELECT * FROM agenda")
    sql(path, "UPDATE workspace SET zone_rules = '2001a'")
    sql(path, "DELETE FROM agenda")  # as other rules could have it
    sql(path, "INSERT INTO agenda VALUES (2, ?, 0)", DAY)
    for _ in range(2):
        assert counts(workspace.evaluate(DAY + 120)) == (0, 0, 0, 0, 0)
        [event] = workspace.events(type_="ZoneRulesChanged").rows
        assert event.payload == {"from": "2001a", "to": tzdata_release()}
        assert sql(path, "SELECT * FROM agenda") == agenda
    sql(path, "UPDATE workspace SET zone_rules = '2001a'")
    workspace.evaluate(DAY + 180)
    assert len(workspace.events(type_="ZoneRulesChanged").rows) == 2


def test_zone_rules_that_changed_for_many_schedules(
    workspace: Workspace, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agenda is seen anew in transactions of a bounded size; what somebody who still has the former rules does
    between two of them is made good, and one who is cut short before the end leaves it all to the next."""
    for schedule_id in "abcd":
        workspace.create_schedule(schedule_id, Definition(cron_expression="0 * * * *"), now=DAY + 60)
    monkeypatch.setattr(planning, "PIECE", 1)
    agenda = sql(path, "SELECT * FROM agenda")

    def spoil() -> None:
        sql(path, "UPDATE workspace SET zone_rules = '2001a'")
        sql(path, "UPDATE agenda SET due_at = 5, failing = 1")

    pauses = 0

    def pause() -> None:
        nonlocal pauses
        pauses += 1
        if pauses == 2:
            raise KeyboardInterrupt

    spoil()
    monkeypatch.setattr(Database, "let_others", staticmethod(pause))
    with pytest.raises(KeyboardInterrupt):
        workspace.evaluate(DAY + 120)
    assert workspace.events(type_="ZoneRulesChanged").rows == ()

    def meddle() -> None:
        nonlocal pauses
        pauses += 1
        if pauses == 5:
            with Workspace.open(path) as other:
                other.update_schedule("a", {"max_catchup_ticks": 5}, now=DAY + 100)
            sql(path, "UPDATE agenda SET due_at = 5 WHERE schedule = 1")

    spoil()
    monkeypatch.setattr(Database, "let_others", staticmethod(meddle))
    assert counts(workspace.evaluate(DAY + 120)) == (0, 0, 0, 0, 0)
    assert pauses == 2 + 4
    assert sql(path, "SELECT * FROM agenda") == agenda
    assert len(workspace.events(type_="ZoneRulesChanged").rows) == 1


def test_zone_rules_that_changed_and_nobody_to_evaluate(workspace: Workspace, path: Path) -> None:
    """A schedule that is not there is refused before anything is seen anew under other zone rules."""
    workspace.create_schedule("a", Definition(cron_expression="0 * * * *"), now=DAY)
    sql(path, "UPDATE workspace SET zone_rules = '1970a'")
    sql(path, "UPDATE agenda SET due_at = due_at + 1")
    before = sql(path, "SELECT * FROM agenda")
    with pytest.raises(NotFound):
        workspace.evaluate(DAY, schedules=["a", "nobody"])
    assert sql(path, "SELECT * FROM agenda") == before


def test_dry_run_under_zone_rules_that_changed(workspace: Workspace, path: Path) -> None:
    """A dry run looks at every schedule anew where the zone rules are others than those recorded (section 1)."""
    start = parse_instant("2025-01-01T00:00:00Z")
    workspace.create_schedule("daily", Definition(cron_expression="0 10 * * *"), now=start)
    sql(path, "UPDATE workspace SET zone_rules = '2001a'")
    sql(path, "UPDATE agenda SET due_at = due_at + 999999999")
    now = start + 2 * 86_400
    rehearsed = workspace.evaluate(now, dry_run=True)
    assert [tick.tick_id for tick in rehearsed.ticks] == ["daily:1735812000"]
    assert rehearsed.lapsed == 1
    assert [tick.tick_id for tick in workspace.evaluate(now).ticks] == [tick.tick_id for tick in rehearsed.ticks]


# Runs and conflicts.


def test_a_conflict_that_was_asked_for_before(workspace: Workspace) -> None:
    """A tick whose run key is reserved for another content is counted as a conflict, whoever asked before; a rehearsal
    says the same."""
    content = normal_content(asset_selection=["x"])
    workspace.create_schedule("a", Definition(cron_expression="* * * * *", request=content), now=DAY)
    workspace.request_run(f"sched:a:{DAY}", normal_content(asset_selection=["other"]), now=DAY)
    with pytest.raises(Conflict):
        workspace.request_run(f"sched:a:{DAY}", content, now=DAY)
    assert workspace.evaluate(DAY, dry_run=True).conflicts == 1
    assert workspace.evaluate(DAY).conflicts == 1
    detail = workspace.tick(f"a:{DAY}")
    assert detail.run is not None
    assert detail.run.content == normal_content(asset_selection=["other"])
    [conflict] = detail.conflicts
    assert conflict.first_fingerprint == detail.run.request_fingerprint
    assert conflict.requested_fingerprint == detail.tick.request_fingerprint


@pytest.mark.parametrize("other_first", [False, True])
def test_conflicts_either_way_round(workspace: Workspace, other_first: bool) -> None:
    """Whoever asks second for another content conflicts, whichever content is older; the first run stays as it is."""
    mine, other = normal_content(asset_selection=["x"]), normal_content(asset_selection=["other"])
    workspace.create_schedule("a", Definition(cron_expression="* * * * *", request=mine), now=DAY)
    first, second = (other, mine) if other_first else (mine, other)
    workspace.request_run("k", first, now=DAY)
    for _ in range(2):
        with pytest.raises(Conflict):
            workspace.request_run("k", second, now=DAY + 1)
    [run] = workspace.runs().rows
    assert run.content == first
    [conflict] = run.conflicts
    assert (conflict.first_fingerprint, conflict.requested_at) == (run.request_fingerprint, DAY + 1)
    assert conflict.requested_fingerprint != conflict.first_fingerprint
    workspace.evaluate(DAY)
    with pytest.raises(Conflict):
        workspace.request_run(f"sched:a:{DAY}", other, now=DAY + 2)
    assert workspace.request_run(f"sched:a:{DAY}", mine, now=DAY + 2).change == "existing"
    [shown] = workspace.tick(f"a:{DAY}").conflicts
    assert (shown.run_key, shown.tick_id) == (f"sched:a:{DAY}", f"a:{DAY}")


def test_a_manual_tick_beside_the_scheduled_one(workspace: Workspace) -> None:
    """A trigger does not take the place of the scheduled tick at the same instant; a second one finds the first."""
    workspace.create_schedule("a", MINUTELY, now=DAY)
    assert workspace.trigger("a", now=DAY).change == "created"
    workspace.update_schedule("a", {"command": "another"}, now=DAY)
    assert workspace.trigger("a", now=DAY).change == "existing"
    evaluation = workspace.evaluate(DAY)
    assert [tick.tick_id for tick in evaluation.ticks] == [f"a:{DAY}"]
    assert [tick.tick_id for tick in workspace.ticks().rows] == [f"a:manual:{DAY}", f"a:{DAY}"]
    assert len(workspace.runs(schedule_id="a").rows) == 2


def test_runs_of_an_id_that_comes_later(workspace: Workspace) -> None:
    """A run key of a schedule that does not exist yet is reserved; the schedule finds it when it comes."""
    content = normal_content(asset_selection=["x"])
    run = workspace.request_run(f"sched:later:{DAY}", content, now=DAY - 100).run
    assert (run.schedule_id, run.tick_id) == (None, None)
    workspace.create_schedule("later", Definition(cron_expression="* * * * *", request=content), now=DAY)
    assert workspace.evaluate(DAY).conflicts == 0
    found = workspace.run(run.run_id)
    assert (found.schedule_id, found.tick_id, found.requested_at) == ("later", f"later:{DAY}", DAY - 100)
    assert workspace.verify().differences == ()


def test_writing_while_reading_the_ticks(workspace: Workspace) -> None:
    """What an evaluation made can be acted upon while it is read."""
    workspace.create_schedule("a", MINUTELY, now=DAY)
    evaluation = workspace.evaluate(DAY + 600)
    seen = 0
    for tick in evaluation.ticks:
        workspace.request_run(f"after {tick.tick_id}", normal_content(asset_selection=["y"]), now=DAY + 600)
        seen += 1
    assert seen == 11
    next(iter(evaluation.ticks))
    workspace.evaluate(DAY + 660)
    assert len(list(evaluation.ticks)) == 11


# Pages.


def all_rows(read: Callable[..., Page[Any]], limit: int) -> Iterator[Any]:
    """Every row, page by page."""
    cursor = None
    while True:
        page = read(limit=limit, cursor=cursor)
        assert len(page.rows) <= limit
        yield from page.rows
        if page.next_cursor is None:
            return
        assert len(page.rows) == limit
        cursor = page.next_cursor


def after_page(workspace: Workspace, *, limit: int, cursor: str | None, **filters: Any) -> Page[Any]:
    """Events with the interface of the other lists."""
    return workspace.events(after=int(cursor or 0), limit=limit, **filters)


@pytest.mark.parametrize("limit", [1, 2, 5, 1000])
def test_pages_neither_repeat_nor_drop(workspace: Workspace, path: Path, limit: int) -> None:
    """Pages of every list, with every filter, give each row once, in order, while rows are added on both sides."""
    busy_history(workspace)
    workspace.trigger("c", now=DAY + 600)  # a manual tick at the instant of a scheduled one
    workspace.trigger("a", now=DAY + 600)
    lists: list[tuple[Callable[..., Page[Any]], list[dict[str, Any]]]] = [
        (
            workspace.ticks,
            [
                {},
                {"schedule_id": "a"},
                {"status": "skipped"},
                {"status": "failed"},
                {"status": "triggered", "schedule_id": "c"},
                {"since": DAY + 600, "until": DAY + 1800},
                {"schedule_id": "a", "since": DAY + 600, "status": "triggered"},
            ],
        ),
        (workspace.runs, [{}, {"schedule_id": "a"}, {"status": "requested"}, {"since": DAY + 1, "until": DAY + 1801}]),
        (workspace.lapses, [{}, {"schedule_id": "c"}, {"reason": "window"}, {"since": DAY + 600, "until": DAY + 1200}]),
        (
            lambda **page: after_page(workspace, **page),
            [
                {},
                *({"type_": name} for (name,) in sql(path, "SELECT DISTINCT type FROM events")),
                {"schedule_id": "b"},
                {"schedule_id": "c", "type_": "ScheduleTicked"},
                {"schedule_id": "a", "type_": "RunRequested"},
                {"schedule_id": "c", "type_": "OccurrencesLapsed"},
            ],
        ),
    ]
    for read, filters in lists:
        for chosen in filters:
            whole = list(read(limit=10_000, cursor=None, **chosen).rows)
            assert list(all_rows(lambda read=read, chosen=chosen, **page: read(**page, **chosen), limit)) == whole
            assert whole


def test_pages_while_rows_are_added(workspace: Workspace) -> None:
    """What is added between two pages, newer or older, neither repeats nor drops another row."""
    workspace.create_schedule("a", Definition(cron_expression="* * * * *", max_catchup_ticks=10), now=DAY)
    workspace.create_schedule("b", Definition(cron_expression="* * * * *", max_catchup_ticks=1), now=DAY)
    workspace.evaluate(DAY + 600)
    before = {tick.tick_id for tick in workspace.ticks().rows}
    pages: list[str] = []
    for number, tick in enumerate(all_rows(workspace.ticks, 2)):
        pages.append(tick.tick_id)
        workspace.evaluate(DAY + 660 + number)  # newer ticks of a, older ones of b
    assert len(pages) == len(set(pages))
    assert before <= set(pages)
    runs = [run.run_id for run in workspace.runs(limit=10_000).rows]
    paged = []
    for number, run in enumerate(all_rows(workspace.runs, 3)):
        paged.append(run.run_id)
        workspace.trigger("a", now=DAY + 9000 + number)
    assert paged == runs


def test_filters_choose(workspace: Workspace) -> None:
    """Each filter gives exactly the rows that it names, in the order of the list."""
    busy_history(workspace)
    ticks = workspace.ticks(limit=10_000).rows
    assert list(ticks) == sorted(ticks, key=lambda tick: (tick.scheduled_for, tick.tick_id), reverse=True)
    for status in ("triggered", "skipped", "failed"):
        assert workspace.ticks(status=status, limit=10_000).rows == tuple(it for it in ticks if it.status == status)
    since, until = DAY + 600, DAY + 1800
    assert workspace.ticks(since=since, until=until, limit=10_000).rows == tuple(
        it for it in ticks if since <= it.scheduled_for < until
    )
    lapses = workspace.lapses(limit=10_000).rows
    assert workspace.lapses(since=since, until=until, limit=10_000).rows == tuple(
        it for it in lapses if it.before > since and it.after + 1 < until
    )
    events = workspace.events(limit=10_000).rows
    for type_ in {event.type for event in events}:
        chosen = tuple(event for event in events if event.type == type_)
        assert workspace.events(type_=type_, limit=10_000).rows == chosen
        for name in ("a", "b", "c"):
            own = tuple(event for event in chosen if event.schedule_id == name)
            assert workspace.events(type_=type_, schedule_id=name, limit=10_000).rows == own


@pytest.mark.parametrize(
    "ask",
    [
        lambda workspace: workspace.ticks(status="bogus"),
        lambda workspace: workspace.events(type_="bogus"),
        lambda workspace: workspace.lapses(reason="bogus"),
        lambda workspace: workspace.runs(status="bogus"),
        lambda workspace: workspace.ticks(cursor="bogus"),
        lambda workspace: workspace.ticks(cursor="5"),
        lambda workspace: workspace.runs(cursor="-5"),
        lambda workspace: workspace.lapses(cursor="5~a"),
        lambda workspace: workspace.ticks(limit=0),
        lambda workspace: workspace.runs(limit=10_001),
    ],
)
def test_bad_questions(workspace: Workspace, ask: Callable[[Workspace], object]) -> None:
    """A status, type, reason, cursor or limit that there is not is refused in one line, and not taken for another."""
    busy_history(workspace)
    with pytest.raises(InvalidInput) as refusal:
        ask(workspace)
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("name", ["nobody", "", "a:b", "a" * 200])
def test_questions_about_nobody(workspace: Workspace, name: str) -> None:
    """A schedule, tick or run that is not there is an error of ours, never a foreign one."""
    for ask in (workspace.tick, workspace.run, workspace.versions):
        with pytest.raises(ArcoError):
            ask(name)
    for read in (workspace.ticks, workspace.runs, workspace.lapses, workspace.events):
        with pytest.raises(ArcoError):
            read(schedule_id=name)  # type: ignore[operator]
    with pytest.raises(ArcoError):
        workspace.evaluate(DAY, schedules=[name])


# Plans.


def plans(workspace: Workspace, ask: Callable[[sqlite3.Connection], object]) -> list[str]:
    """The lines of SQLite's plans of the questions that a function asks."""
    asked: list[str] = []
    with workspace._database.read() as connection:
        connection.set_trace_callback(asked.append)
        try:
            result = ask(connection)
            if isinstance(result, Iterator):
                list(result)
        finally:
            connection.set_trace_callback(None)
        return [
            line
            for statement in asked
            if statement.startswith("SELECT")
            for *_, line in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
        ]


OF_ONE_INSTANT = {"USE TEMP B-TREE FOR RIGHT PART OF ORDER BY", "USE TEMP B-TREE FOR LAST TERM OF ORDER BY"}
"""Sorts the ticks of one instant at a time; SQLite's words for it changed."""


@pytest.mark.parametrize(
    ("ask", "first"),
    [
        (lambda it: reading.due(it, DAY), "SEARCH agenda USING COVERING INDEX agenda_due (due_at<?)"),
        (lambda it: reading.still_due(it, 1, DAY), "SEARCH agenda USING INTEGER PRIMARY KEY (rowid=?)"),
        (lambda it: reading.ticks(it, limit=5), "SCAN t USING INDEX tick_order"),
        (lambda it: reading.ticks(it, limit=5, before=(DAY, "a")), "SEARCH t USING INDEX tick_order"),
        (lambda it: reading.ticks(it, limit=5, schedule=1), "SEARCH t USING PRIMARY KEY (schedule=?)"),
        (lambda it: reading.ticks(it, limit=5, status="skipped"), "SCAN t USING INDEX tick_skipped"),
        (lambda it: reading.ticks(it, limit=5, status="failed"), "SCAN t USING INDEX tick_failed"),
        (lambda it: reading.ticks(it, limit=5, since=DAY), "SEARCH t USING INDEX tick_order (instant>?)"),
    ],
)
def test_plans(workspace: Workspace, ask: Callable[[sqlite3.Connection], object], first: str) -> None:
    """What is asked at every evaluation and for a first page goes along an index, and sorts no table."""
    busy_history(workspace)
    lines = plans(workspace, ask)
    assert lines[0].startswith(first)
    for line in lines[1:]:
        assert line.startswith("SEARCH") or line in OF_ONE_INSTANT


@pytest.mark.parametrize("type_", [None, "ScheduleDefinitionUpserted", "OccurrencesLapsed", "ScheduleTicked"])
@pytest.mark.parametrize("schedule", [None, 1])
def test_plans_of_events(workspace: Workspace, type_: str | None, schedule: int | None) -> None:
    """Events are found along an index or in their own order, never by reading all of them."""
    busy_history(workspace)
    for line in plans(workspace, lambda it: reading.events(it, type_=type_, schedule=schedule, limit=5)):
        assert not line.startswith("SCAN event_log") or "USING" in line


def test_nothing_due_reads_one_row(workspace: Workspace) -> None:
    """An evaluation with nothing due looks into the agenda, and not at the schedules."""
    for number in range(20):
        workspace.create_schedule(f"s{number}", Definition(cron_expression="0 0 1 1 *"), now=DAY)
    asked: list[str] = []
    workspace._database._connection.set_trace_callback(asked.append)
    assert workspace.evaluate(DAY + 60).evaluated == 0
    workspace._database._connection.set_trace_callback(None)
    assert len(asked) < 12
    assert not [statement for statement in asked if "definition_rows" in statement or "event_log" in statement]


# Copies.


def test_a_copy_of_the_file_is_the_database(workspace: Workspace, path: Path, tmp_path: Path) -> None:
    """A closed database is its one file, and another machine goes on with it where it was."""
    busy_history(workspace)
    workspace.close()
    assert [file.name for file in tmp_path.iterdir()] == ["arco.db"]
    shutil.copy(path, tmp_path / "copy.db")
    with Workspace.open(tmp_path / "copy.db") as copy, Workspace.open(path) as original:
        one, two = copy.evaluate(DAY + 9000), original.evaluate(DAY + 9000)
        assert list(one.ticks) == list(two.ticks) != []
        assert json.dumps([str(it) for it in one.lapses]) == json.dumps([str(it) for it in two.lapses])
