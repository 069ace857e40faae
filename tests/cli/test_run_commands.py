"""The commands about runs, with a real worker on small commands: how they ended, and what is done with them by hand."""

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from arco_sched.cli import entry
from arco_sched.cli.run_changes import exit_of
from arco_sched.core.attempts import Attempt, End
from arco_sched.core.runs import RunState
from tests.database import opened
from tests.runner import Arco

TICKED = "2025-01-15T10:30:00Z"
LATER = "2025-01-15T12:30:00Z"


def schedule(arco: Arco, name: str, command: str, *options: str) -> None:
    """A schedule that was due twice by `TICKED`: at 10:00 on that day and on the day before."""
    arco.ok(
        *(
            "schedule",
            "create",
            name,
            "--cron",
            "0 10 * * *",
            "--start",
            "2025-01-14T00:00:00Z",
            "--catchup-window",
            "3d",
        ),
        *("--command", command, *options),
    )


def worked(arco: Arco) -> None:
    """Evaluate and work once, at `TICKED`, whatever becomes of the runs."""
    arco.ok("tick", at=TICKED)
    assert arco("work", "--once").code in (0, 5)


@pytest.fixture
def ran(arco: Arco) -> Arco:
    """Two schedules that ran twice, one of which fails with exit code 3; seen two hours later."""
    schedule(arco, "good", "echo well")
    schedule(arco, "bad", "echo one; echo two >&2; exit 3", "--tz", "Europe/Berlin")
    worked(arco)
    arco.at = LATER
    return arco


def page(arco: Arco, options: str) -> list[tuple[str, str]]:
    """(tick id or run key, status) of a page of `runs list`."""
    return [(row["tick_id"] or row["run_key"], row["status"]) for row in arco.json(f"runs list {options}")["runs"]]


# List and show.


def test_a_list_at_eighty_columns(ran: Arco, monkeypatch: pytest.MonkeyPatch) -> None:
    """The columns of the contract, each instant on the schedule's own clock."""
    monkeypatch.setenv("COLUMNS", "80")
    out = ran.ok("runs list --schedule bad").out
    lines = [line.rstrip() for line in out.splitlines()]
    assert [re.sub(r"\b0\.\ds", "0.0s", line) for line in lines] == [
        "SCHEDULE  DUE                      STARTED  TOOK  STATUS",
        "bad       2025-01-15 10:00 +01:00  2h ago   0.0s  failed (exit 3)",
        "bad       2025-01-14 10:00 +01:00  2h ago   0.0s  failed (exit 3)",
    ]


def test_filters(ran: Arco) -> None:
    """By status, by due time, the last of each schedule; they combine."""
    assert page(ran, "--failed") == page(ran, "--status failed") == page(ran, "--schedule bad")
    assert page(ran, "--running") == []
    assert page(ran, "--failed --due-since 2025-01-15") == [("bad:1736931600", "failed")]
    assert page(ran, "--failed --due-until 2025-01-15") == [("bad:1736845200", "failed")]
    last = [("bad:1736931600", "failed"), ("good:1736935200", "succeeded")]
    assert sorted(page(ran, "--last")) == last
    assert page(ran, "--last --failed") == last[:1]
    ran.ok("runs request --key by-hand --command true")
    assert page(ran, "--status requested") == [("by-hand", "requested")]
    assert page(ran, "--status requested --due-since 2020-01-01") == []
    assert ("by-hand", "requested") not in page(ran, "--last")


def test_filters_that_exclude_each_other(ran: Arco) -> None:
    """Bad input, in a line."""
    result = ran("runs list --failed --running")
    assert (result.code, result.out) == (2, "")
    assert "can't be combined" in result.err


def test_a_page_costs_the_same_however_long(ran: Arco) -> None:
    """The number of statements does not depend on the number of runs."""
    for number in range(60):
        ran.ok("runs", "request", "--key", f"k{number}", "--command", "true")

    def statements(limit: int) -> int:
        from arco_sched.service.life import look_at_all
        from arco_sched.service.lists import run_page
        from arco_sched.store.sqlite.transaction import Transaction

        asked: list[str] = []
        with opened(ran.db) as connection:
            connection.set_trace_callback(asked.append)
            rows = run_page(Transaction(connection), None, None, limit=limit).rows
            assert len(look_at_all(Transaction(connection), rows, 0)) == limit
            connection.set_trace_callback(None)
        return len(asked)

    assert statements(60) == statements(2) <= 20


def test_json_of_a_run(ran: Arco) -> None:
    """`runs show` has the keys of a listed run, its attempts, and the end of its log."""
    (listed,) = ran.json("runs list --failed --limit 1")["runs"]
    shown = ran.json("runs show bad")
    attempts, tail = shown.pop("attempts"), shown.pop("log_tail")
    assert shown == listed
    assert (shown["status"], shown["outcome"], shown["exit_code"], shown["attempt"]) == ("failed", "failed", 3, 1)
    assert (shown["scheduled_for"], shown["timezone"]) == ("2025-01-15T09:00:00Z", "Europe/Berlin")
    assert (shown["started_at"], shown["pool"], shown["waiting_for"]) == (TICKED, "default", None)
    assert tail == "one\ntwo\n"
    (attempt,) = attempts
    assert (attempt["attempt"], attempt["executor"], attempt["outcome"]) == (1, "local", "failed")
    assert Path(attempt["log"]).read_text() == "one\ntwo\n"


def test_a_run_at_eighty_columns(ran: Arco, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything about a run on one screen."""
    monkeypatch.setenv("COLUMNS", "80")
    run_id = ran.json("runs show bad")["run_id"]
    fingerprint = ran.json("runs show bad")["request_fingerprint"]
    out = ran.ok("runs show bad").out
    assert [re.sub(r"\b0\.\ds", "0.0s", line.rstrip()) for line in out.splitlines()] == [
        f"run           {run_id}",
        "status        failed (exit 3)",
        "run key       sched:bad:1736931600",
        "schedule      bad",
        "tick          bad:1736931600",
        "due           2025-01-15 10:00 +01:00",
        "requested at  2025-01-15 11:30 +01:00",
        "pool          default",
        "command       echo one; echo two >&2; exit 3",
        f"fingerprint   {fingerprint}",
        "",
        "ATTEMPT  STARTED                  TOOK  OUTCOME",
        "      1  2025-01-15 11:30 +01:00  0.0s  failed (exit 3)",
        "",
        f"Last lines of the log (all: `arco runs log {run_id}`):",
        "  one",
        "  two",
    ]


def test_the_end_of_a_log_is_bounded(arco: Arco) -> None:
    """The last 20 lines, 4 KiB at most, and what is no UTF-8 replaced."""
    schedule(arco, "talks", "seq 1 100; printf 'a\\377b\\n'")
    schedule(arco, "pours", "head -c 100000 /dev/zero | tr '\\0' x")
    worked(arco)
    assert arco.json("runs show talks")["log_tail"] == "".join(f"{n}\n" for n in range(82, 101)) + "a\ufffdb\n"
    assert arco.json("runs show pours")["log_tail"] == "x" * 4096


@pytest.mark.parametrize("cut", [30, 16, 8, 6])
def test_naming_a_run(ran: Arco, cut: int) -> None:
    """A run id and its beginning, a tick id, a schedule id: the same run."""
    run = ran.json("runs show bad:1736931600")
    assert ran.json(f"runs show {run['run_id'][:cut]}") == run == ran.json("runs show bad")


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("nothing", 3, "no run 'nothing'"),
        ("run_", 3, "no run 'run_'"),
        ("bad:1736931601", 3, "no run 'bad:1736931601'"),
    ],
)
def test_naming_no_run(ran: Arco, name: str, code: int, said: str) -> None:
    """Exit 3 and a line that says where to look."""
    result = ran("runs", "show", name)
    assert (result.code, result.out, result.err.count("\n")) == (code, "", 1)
    assert said in result.err
    assert "`arco runs list`" in result.err


# Output.


def test_a_log_is_raw(arco: Arco) -> None:
    """In a pipe, what was written and nothing else."""
    schedule(arco, "talks", "printf 'a\\033[2Jb\\n\\377\\nlast'")
    worked(arco)
    raw = Bytes()
    with redirect_stdout(raw):
        assert entry.run(["runs", "log", "talks"], {"ARCO_DB": str(arco.db), "ARCO_NOW": TICKED}) == 0
    assert raw.buffer.getvalue() == b"a\x1b[2Jb\n\xff\nlast"
    assert arco.ok("runs log talks --tail 2").out == "\ufffd\nlast"
    assert arco.json("runs log talks")["output"] == "a\x1b[2Jb\n\ufffd\nlast"


def test_a_log_steers_no_terminal(arco: Arco) -> None:
    """There control characters are numbers, and lines and tabs stay."""
    schedule(arco, "talks", "printf 'a\\033[2Jb\\n\\tx\\377\\r\\n'")
    worked(arco)
    screen = Screen()
    with redirect_stdout(screen):
        assert entry.run(["runs", "log", "talks"], {"ARCO_DB": str(arco.db), "ARCO_NOW": TICKED}) == 0
    assert screen.getvalue() == "a\\x1b[2Jb\n\tx\ufffd\\r\n"


class Bytes(io.TextIOWrapper):
    """stdout as a pipe."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO())


class Screen(io.StringIO):
    """stdout as a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_log_of_each_attempt(arco: Arco) -> None:
    """`--attempt` chooses one, the last is what is shown without it."""
    schedule(arco, "again", "echo try $ARCO_ATTEMPT; exit 1", "--retries", "1", "--retry-delay", "1m")
    worked(arco)
    arco.at = LATER
    assert arco("work", "--once").code == 5
    assert arco.ok("runs log again:1736848800").out == "try 2\n"
    assert arco.ok("runs log again:1736848800 --attempt 1").out == "try 1\n"
    result = arco("runs log again:1736848800 --attempt 3")
    assert (result.code, result.out) == (3, "")
    assert "has no attempt 3: it had 2" in result.err


def test_no_log(arco: Arco) -> None:
    """A run that has not begun, and one that printed nothing."""
    schedule(arco, "mute", "true")
    arco.ok("tick", at=TICKED)
    result = arco("runs log mute")
    assert (result.code, result.out) == (3, "")
    assert "had no attempt" in result.err
    arco.ok("work --once")
    result = arco.ok("runs log mute")
    assert result.out == ""
    assert "it printed nothing" in result.err


def process(arco: Arco, *argv: str) -> "subprocess.Popen[bytes]":
    """`arco` as a process of its own."""
    environ = os.environ | {"ARCO_DB": str(arco.db), "ARCO_NOW": arco.at or "", "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-m", "arco_sched", *argv], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds; a minute at most."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_following(arco: Arco) -> None:
    """The output comes while the run is executed, and following ends with the attempt."""
    gate = arco.folder / "gate"
    schedule(arco, "slow", f"echo first; while ! test -e {gate}; do sleep 0.02; done; echo last; exit 4")
    arco.ok("tick", at=TICKED)
    arco.ok("runs skip slow:1736848800")
    follower = process(arco, "runs", "log", "slow", "--follow")
    worker = process(arco, "work", "--once")
    assert follower.stdout is not None
    assert follower.stdout.readline() == b"first\n"
    gate.touch()
    assert follower.communicate(timeout=60) == (b"last\n", b"")
    assert follower.returncode == 0
    worker.communicate(timeout=60)
    assert worker.returncode == 5


# Retry, cancel, skip.


def test_retrying_the_last_failed_run(ran: Arco) -> None:
    """A schedule id means its last run that failed; the content is repeated as it was."""
    answer = ran.json("runs retry bad")
    assert answer["change"] == "changed"
    assert [(run["tick_id"], run["status"]) for run in answer["runs"]] == [("bad:1736931600", "requested")]
    assert ran.json("runs retry bad:1736931600")["change"] == "existing"
    assert ran("work --once").code == 5
    shown = ran.json("runs show bad")
    assert (shown["status"], [each["attempt"] for each in shown["attempts"]]) == ("failed", [1, 2])
    ran.ok("verify")


def test_retrying_a_success(ran: Arco) -> None:
    """Only with --force, and a schedule without a failed run has nothing to retry."""
    result = ran("runs retry good")
    assert (result.code, result.err) == (
        3,
        "arco: good has no failed run: see `arco runs list --schedule good`\n",
    )
    result = ran("runs retry good:1736935200")
    assert result.code == 4
    assert "--force" in result.err
    assert ran.json("runs retry good:1736935200 --force")["runs"][0]["status"] == "requested"


def test_retrying_with_the_current_content(ran: Arco) -> None:
    """A new run for the same due time under a key of its own; the failed one stays as it is."""
    ran.ok('schedule update bad --command "echo better"')
    (run,) = ran.json("runs retry bad --current")["runs"]
    assert (run["run_key"], run["command"], run["status"]) == (
        "sched:bad:1736931600:retry:1",
        "echo better",
        "requested",
    )
    assert (run["schedule_id"], run["tick_id"], run["scheduled_for"]) == ("bad", None, "2025-01-15T09:00:00Z")
    assert ran.json("runs retry bad:1736931600 --current")["runs"][0]["run_key"] == "sched:bad:1736931600:retry:2"
    ran.ok("work --once")
    assert ran.ok("runs log bad").out == "better\n"
    assert ran.json("runs show bad:1736931600")["status"] == "failed"
    # A repeated run is repeated under the key of the first.
    (again,) = ran.json(f"runs retry {run['run_id']} --current --force")["runs"]
    assert again["run_key"] == "sched:bad:1736931600:retry:3"
    ran.ok("verify")


def test_current_content_needs_a_schedule(ran: Arco) -> None:
    """A run that was requested by hand has none; a deleted schedule neither."""
    ran.ok("runs request --key by-hand --command false")
    assert ran("work --once").code == 5
    run_id = ran.json("runs list --limit 1")["runs"][0]["run_id"]
    result = ran("runs", "retry", run_id, "--current")
    assert result.code == 2
    assert "belongs to no schedule" in result.err
    ran.ok("schedule delete bad")
    assert ran("runs retry bad --current").code == 3


def test_many_at_once(ran: Arco) -> None:
    """With --schedule: off a terminal the count and exit 2, with --yes all of them."""
    result = ran("runs retry --schedule bad --status failed")
    assert (result.code, result.out) == (2, "")
    assert result.err == "arco: this would retry 2 failed runs of schedule bad: add --yes to confirm\n"
    assert page(ran, "--status requested") == []
    answer = ran.json("runs retry --schedule bad --status failed --yes")
    assert (answer["change"], len(answer["runs"])) == ("changed", 2)
    assert ran("runs skip --schedule bad").code == 2
    skipped = ran.json("runs skip --schedule bad --status requested --yes")["runs"]
    assert {(run["status"], run["status_reason"]) for run in skipped} == {("skipped", "discarded")}
    assert ran.json("runs cancel --schedule bad --yes") == {"runs": [], "change": "existing"}


@pytest.mark.parametrize("options", ["", "bad --schedule bad"])
@pytest.mark.parametrize("verb", ["retry", "cancel", "skip"])
def test_one_or_many(ran: Arco, verb: str, options: str) -> None:
    """A RUN or a schedule, not none and not both."""
    result = ran(f"runs {verb} {options}")
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)


def test_canceling_what_runs(arco: Arco) -> None:
    """By schedule the one that is running: it is asked to end, and is canceled once it has."""
    schedule(arco, "slow", "echo up; exec sleep 600")
    arco.ok("tick", at=TICKED)
    arco.ok("runs skip slow:1736848800")
    worker = process(arco, "work", "--once")
    until(lambda: page(arco, "--running") != [])
    (run,) = arco.json("runs cancel slow")["runs"]
    assert run["tick_id"] == "slow:1736935200"
    assert arco("runs wait slow --timeout 60s").code == 5
    worker.communicate(timeout=60)
    shown = arco.json("runs show slow")
    assert (shown["status"], shown["outcome"]) == ("canceled", "canceled")
    result = arco("runs cancel slow")
    assert (result.code, "no run of slow is running: see" in result.err) == (3, True)
    (again,) = arco.json("runs retry slow:1736848800")["runs"]
    result = arco("runs cancel slow")
    said = f"arco: no run of slow is running; 1 is waiting: `arco runs cancel {again['run_id']}` cancels it\n"
    assert (result.code, result.err) == (3, said)
    arco.ok("runs retry slow:1736935200")
    said = "; 2 are waiting: `arco runs cancel --schedule slow --status requested` cancels them\n"
    assert arco("runs cancel slow").err.endswith(said)
    said = f"slow: requested ({again['run_id']}); nothing changed\n"
    assert arco.ok("runs retry slow:1736848800").out.startswith(said)


# An executor of one's own.


def test_an_executor_of_ones_own(arco: Arco) -> None:
    """start, finish and fail; again with the same answer is `existing`, with another exit 4."""
    schedule(arco, "mine", "true", "--pool", "external")
    arco.ok("tick", at=TICKED)
    name = "mine:1736935200"
    started = arco.json(f"runs start {name} --external-id pod-1")
    assert started["change"] == "changed"
    assert [(run["status"], run["attempt"], run["executor"]) for run in started["runs"]] == [("running", 1, "external")]
    assert arco.json(f"runs start {name} --external-id pod-1")["change"] == "existing"
    assert arco(f"runs start {name} --external-id pod-2").code == 4
    assert arco(f"runs finish {name} --attempt 2 --exit 0").code == 4
    arco.at = LATER
    (run,) = arco.json(f"runs finish {name} --attempt 1 --exit 7 --message 'no room'")["runs"]
    assert (run["status"], run["exit_code"], run["duration_ms"]) == ("failed", 7, 7_200_000)
    assert arco.json(f"runs finish {name} --attempt 1 --exit 7")["change"] == "existing"
    assert arco(f"runs finish {name} --attempt 1 --exit 0").code == 4
    assert arco(f"runs wait {name}").code == 7
    assert "has ended (failed): give the next" in arco(f"runs start {name} --external-id pod-1").err
    arco.ok("runs start mine:1736848800 --external-id pod-3")
    assert arco("runs fail mine --attempt 2").code == 4
    (run,) = arco.json("runs fail mine --attempt 1 --message 'the node is gone'")["runs"]
    assert (run["tick_id"], run["status"], run["exit_code"]) == ("mine:1736848800", "failed", None)
    assert arco.json(f"runs show {run['run_id']}")["attempts"][0]["message"] == "the node is gone"
    arco.ok("verify")


@pytest.mark.parametrize("act", ["finish two --attempt 1 --exit 0", "fail two", "cancel two"])
def test_a_schedule_of_which_two_runs_are_running_names_none_of_them(arco: Arco, act: str) -> None:
    """finish, fail and cancel end a run that is running: which one must be clear."""
    schedule(arco, "two", "true", "--pool", "external")
    arco.ok("tick", at=TICKED)
    arco.at = TICKED
    result = arco(f"runs {act}")
    assert (result.code, "no run of two is running" in result.err) == (3, True)
    runs = [
        arco.json(f"runs start two:{at} --external-id {at}")["runs"][0]["run_id"] for at in (1736848800, 1736935200)
    ]
    result = arco(f"runs {act}")
    assert result.code == 2
    assert result.err == f"arco: 2 runs of two are running: name one by its run id, such as {runs[0]}\n"
    arco.ok(f"runs fail {runs[0]}")
    assert arco.json(f"runs {act}")["runs"][0]["run_id"] == runs[1]


@pytest.mark.parametrize("options", ["--attempt 1 --exit 256", "--attempt 1 --exit -1", "--attempt 0 --exit 0"])
def test_what_is_no_end(ran: Arco, options: str) -> None:
    """Exit codes are 0 to 255, attempts count from 1."""
    assert ran(f"runs finish good {options}").code == 2


# Waiting.


def end(outcome: Any, exit_code: int | None = None, signal: int | None = None) -> Attempt:
    """An attempt that ended."""
    return Attempt(number=1, executor="local", end=End(outcome=outcome, ended_at=0, exit_code=exit_code, signal=signal))


@pytest.mark.parametrize(
    ("status", "attempt", "code"),
    [
        ("succeeded", end("succeeded", 0), 0),
        ("failed", end("failed", 3), 3),
        ("failed", end("failed", None, 9), 137),
        ("failed", end("failed", 137, 9), 137),
        ("failed", end("timed-out", None, 15), 124),
        ("failed", end("lost"), 5),
        ("failed", end("not-started"), 5),
        ("failed", end("failed"), 5),
        ("canceled", end("canceled", None, 15), 5),
        ("canceled", None, 5),
        ("skipped", None, 5),
        ("skipped", end("failed", 3), 5),
    ],
)
def test_how_waiting_exits(status: Any, attempt: Attempt | None, code: int) -> None:
    """As the run did."""
    assert exit_of(RunState(run_id="run_a", status=status, attempt=attempt)) == code


def test_waiting(arco: Arco) -> None:
    """It ends with the run, or after its own time; JSON says whether it had to wait."""
    schedule(arco, "bad", "exit 3")
    arco.ok("tick", at=TICKED)
    result = arco("runs wait bad --timeout 0s --json")
    assert (result.code, result.json["change"], result.json["runs"][0]["status"]) == (8, "existing", "requested")
    waiter = process(arco, "runs", "wait", "bad", "--json")
    assert arco("work --once").code == 5
    out, _ = waiter.communicate(timeout=60)
    assert (waiter.returncode, json.loads(out)["runs"][0]["exit_code"]) == (3, 3)
    result = arco("runs wait bad --json")
    assert (result.code, result.json["change"]) == (3, "existing")


def test_triggering_and_waiting(arco: Arco) -> None:
    """`schedule trigger --wait` exits as the run did, `--follow` prints its output too."""
    schedule(arco, "bad", "echo $ARCO_TICK_ID; exit 3")
    arco.at = TICKED
    waiter = process(arco, "schedule", "trigger", "bad", "--follow")
    until(lambda: page(arco, "") != [])
    assert arco("work --once").code == 5
    out, err = waiter.communicate(timeout=60)
    assert (waiter.returncode, out) == (3, b"bad:manual:1736937000\n")
    assert b": attempt 1 failed with exit code 3" in err
    # This second's trigger was made before, and its run is over.
    result = arco("schedule trigger bad --wait --json")
    assert (result.code, result.json["change"], result.json["run"]["exit_code"]) == (3, "existing", 3)
    assert arco("schedule trigger bad --follow --json").code == 2


def test_a_copy_begins_nothing_again(arco: Arco) -> None:
    """What is open in the original when a copy is made is lost in the copy, and its command is not started there."""
    began, gate = arco.folder / "began", arco.folder / "gate"
    schedule(
        arco,
        "slow",
        f"echo began >> {began}; i=0; until test -e {gate} || test $i -gt 500; do i=$((i + 1)); sleep 0.02; done",
    )
    arco.ok("tick", at=TICKED)
    arco.ok("runs skip slow:1736848800")
    worker = process(arco, "work", "--once")
    try:
        until(began.exists)
        copy = Arco(arco.folder / "copy.db", arco.at)
        arco.ok(f"backup {copy.db}")
        refused = copy("work --once")
        assert (refused.code, "--adopt-copy" in refused.err) == (2, True)
        copy("work --once --adopt-copy")
        assert began.read_text() == "began\n"
        run = copy.json("runs show slow")
        assert (run["status"], run["attempts"][-1]["outcome"]) == ("failed", "lost")
        assert "copy" in run["attempts"][-1]["message"]
        copy.ok("verify")
    finally:
        gate.touch()
        worker.communicate(timeout=60)
    assert arco.json("runs show slow")["status"] == "succeeded"
