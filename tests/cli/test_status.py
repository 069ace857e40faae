"""`arco status`: nobody evaluating and nothing being due must look different."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.cli import entry
from tests.executing import define, work
from tests.runner import Arco


def field(arco: Arco, name: str) -> str:
    """The first line of a field of the screen."""
    lines = [line for line in arco("status").out.splitlines() if line.startswith(name)]
    return lines[0].removeprefix(name).strip()


def test_nobody_has_ever_evaluated(daily: Arco) -> None:
    """It says so, and --max-lag exits 7."""
    assert field(daily, "evaluator").startswith("NOT RUNNING: nothing has ever been evaluated here")
    assert "`arco setup cron --work --install` lets cron call arco every minute" in daily("status").out
    assert "if that is done, the first call comes within 1 minute" in daily("status").out
    assert daily("status").code == 0
    assert daily("status --max-lag 5m").code == 7
    assert (daily("status --max-lag 5m --json").json["late"], daily.json("status")["late"]) == (True, None)


def test_nothing_is_due(daily: Arco) -> None:
    """An evaluator that came by a minute ago, and when something is due next."""
    daily.ok("tick", at="2025-01-01T09:59:00Z")
    daily.at = "2025-01-01T09:59:30Z"
    assert field(daily, "evaluator") == "running: the last evaluation was 30 seconds ago, at 2025-01-01 09:59 UTC"
    assert field(daily, "due") == "nothing now; next due at 2025-01-01 10:00 UTC, in 30 seconds"
    assert daily("status --max-lag 5m").code == 0


def test_nobody_evaluates_any_more(daily: Arco) -> None:
    """The last visit, what waits and since when; --max-lag is inclusive."""
    daily.ok("tick", at="2025-01-01T09:00:00Z")
    daily.at = "2025-01-02T12:00:00Z"
    screen = daily.ok("status").out
    assert "NOT RUNNING: no evaluation for 1 day 3 hours, since 2025-01-01 09:00 UTC" in screen
    assert "2 occurrences of 1 schedule are waiting:" in screen
    assert "daily since 2025-01-01 10:00 UTC, for 1 day" in screen
    assert daily("status --max-lag 27h").code == 0
    assert daily("status --max-lag 1619m").code == 7
    answer = daily.json("status")
    assert answer["overdue_schedules"] == [{"schedule_id": "daily", "due_at": "2025-01-01T10:00:00Z"}]
    assert (answer["backlog"], answer["overdue"], answer["lag_seconds"]) == (2, 1, 27 * 3600)


def test_a_visit_ahead_of_the_clock_is_no_sign_of_life(daily: Arco) -> None:
    """One evaluation with a clock that was wrong must not keep a monitor quiet for years."""
    daily.ok("tick --allow-future --now 2030-01-01T00:00:00Z", at="2025-01-02T12:00:00Z")
    assert field(daily, "evaluator").startswith("UNKNOWN")
    assert daily("status --max-lag 5m").code == 7
    screen = daily.ok("status").out
    assert "Ahead of the clock, so nothing is due before then: daily (until 20" in screen
    assert "`arco schedule rewind` brings them back" in screen


def test_lapses_of_the_last_day(daily: Arco) -> None:
    """They are counted, with where to look."""
    daily.ok("tick", at="2025-01-09T12:00:00Z")
    screen = daily.ok("status").out
    assert "lapsed occurrences: 6" in screen
    assert "arco lapses list" in screen


def assert_exposition(text: str) -> None:
    """Every metric has HELP and TYPE before its samples, and every sample is a number."""
    described: set[str] = set()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            continue
        if line.startswith("# TYPE "):
            described.add(line.split()[2])
            continue
        found = re.fullmatch(r'(arco_[a-z_]+)(\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)+\})? -?\d+(\.\d+)?', line)
        assert found, line
        assert found[1] in described
    assert text.endswith("\n")


def test_prometheus(daily: Arco, tmp_path: Path) -> None:
    """A textfile that node-exporter reads: every metric has HELP and TYPE, and the file appears whole."""
    daily.ok("schedule disable daily")
    target = tmp_path / "arco.prom"
    target.write_text("old")
    result = daily.ok(f"status --prometheus {target}")
    assert (result.out, result.err) == ("", "")
    assert [path.name for path in tmp_path.iterdir() if "prom" in path.name] == ["arco.prom"]
    text = target.read_text()
    assert text == daily.ok("status --prometheus -").out
    assert_exposition(text)
    assert "arco_evaluator_last_visit_timestamp_seconds 0\n" in text
    assert 'arco_schedules{state="paused"} 1\n' in text


def test_prometheus_escapes_labels(tmp_path: Path) -> None:
    """A workspace may be called anything."""
    arco = Arco(tmp_path / "a.db")
    arco.ok("init", "--workspace", 'a"b\\c')
    assert 'workspace="a\\"b\\\\c"' in arco.ok("status --prometheus -").out


def test_prometheus_and_the_exit_code(daily: Arco, tmp_path: Path) -> None:
    """--max-lag and --json work beside the file."""
    result = daily(f"status --prometheus {tmp_path}/x.prom --max-lag 5m --json")
    assert (result.code, result.json["late"]) == (7, True)
    assert (tmp_path / "x.prom").exists()


@pytest.mark.parametrize("target", ["missing/x.prom", "folder", ""])
def test_a_textfile_that_cant_be_written(daily: Arco, tmp_path: Path, target: str) -> None:
    """One line, exit 2, and nothing left behind."""
    (tmp_path / "folder").mkdir()
    result = daily("status", "--prometheus", str(tmp_path / target) if target else "")
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert not list(tmp_path.rglob("*part*"))


def test_runs_and_workers(arco: Arco) -> None:
    """What runs, what waits and for what, who works, and the findings of `check`."""
    define(arco, bad="exit 3", good="true", big="true -- --pool big", slow="true -- --spread 8h")
    work(arco)
    answer = arco.json("status")
    assert (answer["running"], answer["waiting"], answer["workers"]) == (0, 2, [])
    assert {word: count for word, count in answer["waiting_for"].items() if count} == {"due": 1, "worker": 1}
    assert {word: count for word, count in answer["runs_last_day"].items() if count} == {
        "requested": 2,
        "succeeded": 1,
        "failed": 1,
    }
    assert answer["findings"] == arco("check --json").json["findings"]
    assert [each["kind"] for each in answer["findings"]] == ["failed", "unserved"]
    screen = arco.ok("status").out
    assert field(arco, "runs") == "0 running"
    assert "2 waiting: 1 not due yet, 1 for a worker" in screen
    assert "runs: 1 succeeded, 1 failed" in screen
    assert field(arco, "workers") == "none running; `arco work --once` last ran just now"
    arco.at = "2025-01-01T10:01:00Z"
    assert field(arco, "workers") == "none running; `arco work --once` last ran 1 minute ago"
    arco.at = "2025-01-01T11:00:00Z"
    assert field(arco, "workers") == "none"
    assert "failed: the last run of bad failed at 2025-01-01 10:00 UTC" in screen
    assert "no worker serves pool big: start `arco work --pool big`" in screen


def test_nothing_of_runs_where_nobody_executes(daily: Arco) -> None:
    """Who only records sees no word of workers."""
    daily.ok("tick", at="2025-01-01T10:00:00Z")
    screen = daily.ok("status").out
    assert "workers" not in screen
    assert "runs" not in screen


def test_prometheus_of_runs(arco: Arco) -> None:
    """Runs by status, queues by pool, and of each schedule its last success and how long its last run took."""
    define(arco, bad="exit 3", good="true", big="true -- --pool big")
    work(arco)
    text = arco.ok("status --prometheus -").out
    assert_exposition(text)
    for line in (
        'arco_runs_last_day{status="succeeded"} 1',
        'arco_runs_last_day{status="failed"} 1',
        'arco_runs_waiting{waiting_for="worker"} 1',
        'arco_pool_waiting{pool="big"} 1',
        'arco_findings{kind="failed"} 1',
        "arco_workers 0",
        'arco_schedule_last_success_timestamp_seconds{schedule_id="good"} 17357256',
        'arco_schedule_last_duration_seconds{schedule_id="bad"} ',
    ):
        assert f"\n{line}" in text, line
    assert 'last_success_timestamp_seconds{schedule_id="bad"}' not in text


def test_the_clock_that_stands_in(daily: Arco) -> None:
    """`status` says that `ARCO_NOW` is set; without it nothing is said."""
    assert field(daily, "clock") == "2025-01-01 00:00 UTC, set by ARCO_NOW"
    assert daily.json("status")["fixed_clock"] is True
    daily.at = None
    assert "clock " not in daily.ok("status").out
    assert daily.json("status")["fixed_clock"] is False


@pytest.mark.parametrize("command", [["status"], ["schedule", "list", "--json"], ["why", "daily"]])
def test_a_terminal_is_told_once_of_the_clock_that_stands_in(daily: Arco, command: list[str]) -> None:
    """On stderr, where it is a terminal; in a pipe nothing is said besides the answer."""
    note = "note: ARCO_NOW sets the clock to 2025-01-01T00:00:00Z"
    assert note not in daily(*command).err
    screen = Screen()
    with contextlib.redirect_stderr(screen), contextlib.redirect_stdout(io.StringIO()):
        assert entry.run(command, {"ARCO_DB": str(daily.db), "ARCO_NOW": daily.at or ""}) == 0
    assert screen.getvalue().count(note) == 1


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_the_interval_of_evaluations(daily: Arco) -> None:
    """What was set is shown, and decides when nobody evaluates; `--max-lag` and `check --max-lag` stay as they say."""
    assert daily.json("status")["evaluation_minutes"] is None
    with Workspace.open(daily.db) as workspace:
        workspace.expect_every(15)
    daily.ok("tick", at="2025-01-01T09:00:00Z")
    daily.at = "2025-01-01T09:18:00Z"
    assert field(daily, "evaluator").startswith("running: the last evaluation was 18 minutes ago")
    assert "one is expected every 15 minutes" in field(daily, "evaluator")
    assert daily.json("status")["evaluation_minutes"] == 15
    assert daily("check").code == 0
    assert (daily("check --max-lag 5m").code, daily("status --max-lag 5m").code) == (7, 7)
    daily.at = "2025-01-01T09:19:01Z"
    assert field(daily, "evaluator").startswith("NOT RUNNING")
    assert daily("check").code == 7
    daily.ok("tick", at="2025-01-01T09:55:00Z")
    said = daily.ok("why daily --at '2025-01-01 10:00'", at="2025-01-01T10:05:00Z").out
    waits = "it waits for the next evaluation, expected every 15 minutes: the last was at 2025-01-01 09:55 UTC"
    assert f"    evaluator   {waits}" in said
    said = daily.ok("why daily --at '2025-01-01 10:00'", at="2025-01-01T10:30:00Z").out
    assert "!!  evaluator   no evaluation since 2025-01-01 09:55 UTC" in said


def test_warnings_go_by_the_interval(daily: Arco) -> None:
    """A schedule that keeps up each minute may not do so each quarter of an hour; and its window may be too short."""
    create = "schedule create"
    assert daily.ok(f"{create} each --cron '* * * * *'").err == ""
    with Workspace.open(daily.db) as workspace:
        workspace.expect_every(15)
    said = daily.ok(f"{create} x --cron '* * * * *' --catchup-window 10m").err
    assert (
        "evaluated every 15 minutes, x can't keep up: it has 15 occurrences in between but max_catchup_ticks is 10"
        in said
    )
    assert "evaluated every 15 minutes, x loses occurrences: its catchup_window is 10m" in said
    assert daily.ok(f"{create} y --cron '*/5 * * * *'").err == ""
    assert "11 occurrences" in daily.ok(f"{create} z --cron '0-11 * * * *'").err
    assert "can't keep up: it has 90 occurrences" in daily.ok(f"{create} e --cron '@every 10s'").err
    path = daily.file("a.toml", "[schedules.new]\ncron_expression = '* * * * *'\n")
    assert "evaluated every 15 minutes, new can't keep up" in daily.ok(f"apply {path}").err


def test_what_is_due_next_also_of_an_overdue_schedule(arco: Arco) -> None:
    """It is what `arco next` says, also where something of that schedule waits."""
    arco.ok("schedule create often --cron '* * * * *'")
    arco.ok("schedule create seldom --cron '*/15 * * * *'")
    arco.ok("tick", at="2025-01-01T18:09:00Z")
    answer = arco.json("status", at="2025-01-01T18:12:30Z")
    assert (answer["backlog"] > 0, answer["next_due_at"]) == (True, "2025-01-01T18:13:00Z")
    assert arco.json("next --count 1")["occurrences"][0]["at"] == answer["next_due_at"]
    assert "next due at 2025-01-01 18:13 UTC, in 30 seconds" in arco.ok("status").out
