"""The examples run, and do what they say."""

import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from arco_sched.core.instants import format_instant, parse_instant
from tests.docs.documents import ROOT, clean_environment
from tests.execution.world import until
from tests.runner import Arco

pytestmark = pytest.mark.slow

EXAMPLES = ROOT / "examples"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment with `arco` on its PATH, a database to be made in `tmp_path`, and no ARCO_NOW."""
    found = clean_environment(tmp_path)
    del found["ARCO_NOW"]
    return found | {"ARCO_DB": str(tmp_path / "arco.db")}


def _run(environment: dict[str, str], *command: str | Path, now: str | None = None) -> str:
    clock = {} if now is None else {"ARCO_NOW": now}
    done = subprocess.run(
        command, cwd=environment["HOME"], env=environment | clock, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _stripped(script: Path, folder: Path) -> Path:
    """The story without its end: a copy in which a command in the middle fails."""
    text = script.read_text("utf-8")
    copy = folder / script.name
    copy.write_text(text.replace('chapter "3.', 'arco ticks show nobody:1\nchapter "3.'), "utf-8")
    return copy


def test_the_story_is_the_same_each_time_and_leaves_nothing_behind(environment: dict[str, str], tmp_path: Path) -> None:
    """`quickstart.sh` ends well, prints the same twice (but for how long commands took), and removes its database."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    environment["TMPDIR"] = str(folder)
    first, second = (_run(environment, "bash", EXAMPLES / "quickstart.sh") for _ in range(2))
    assert re.sub(r"\b\d+\.\ds", "TOOK", first) == re.sub(r"\b\d+\.\ds", "TOOK", second)
    assert list(folder.iterdir()) == []
    assert not Path(environment["ARCO_DB"]).exists()
    for telling in (
        "2025-03-09 03:00 -04:00",
        "paused",
        "window",
        "nightly:1741503600",
        "exit 5",
        "no mail server",
        "What next",
    ):
        assert telling in first


def test_the_story_fails_loudly(environment: dict[str, str], tmp_path: Path) -> None:
    """A command of the story that fails ends it, with its exit code and a word on stderr."""
    script = _stripped(EXAMPLES / "quickstart.sh", tmp_path)
    done = subprocess.run(["bash", script], env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 3
    assert "What next" not in done.stdout
    assert "quickstart: the last command failed" in done.stderr


def test_the_embedding_prints_the_same_each_time(environment: dict[str, str]) -> None:
    """`embed.py` runs from anywhere, and prints the same twice."""
    assert _run(environment, "python", EXAMPLES / "embed.py") == _run(environment, "python", EXAMPLES / "embed.py")


@pytest.fixture
def executor(environment: dict[str, str]) -> tuple[str | Path, ...]:
    """The executor's command line."""
    return ("python", EXAMPLES / "executor.py", environment["ARCO_DB"])


def _runs(environment: dict[str, str]) -> list[tuple[str, str, int, int | None]]:
    """(key, status, attempts, last exit code) of each run, oldest first."""
    runs = json.loads(_run(environment, "arco", "runs", "list", "--json"))["runs"]
    return [(run["run_key"], run["status"], run["attempt"], run["exit_code"]) for run in reversed(runs)]


def test_the_executor_executes_what_is_external(environment: dict[str, str], executor: tuple[str | Path, ...]) -> None:
    """Its runs have their ends on record, none twice; those of other pools it leaves alone."""
    noon = "2025-01-15T12:00:00Z"
    command = "echo $ARCO_RUN_KEY; exit 3"
    create = ("arco", "schedule", "create")
    _run(environment, *create, "mine", "--cron", "0 * * * *", "--pool", "external", "--command", command, now=noon)
    _run(environment, *create, "other", "--cron", "0 * * * *", "--command", "echo other", now=noon)
    _run(environment, "arco", "tick", now=noon)
    key = "sched:mine:1736942400"
    printed = f"{key}: attempt 1: {command}\n{key}\n{key}: exit 3\n"
    assert sorted(_run(environment, *executor).splitlines()) == sorted(printed.splitlines())
    assert _run(environment, *executor) == ""
    assert sorted(_runs(environment)) == [
        (key, "failed", 1, 3),
        ("sched:other:1736942400", "requested", 0, None),
    ]
    _run(environment, "arco", "verify")


def test_the_executor_heeds_retries_and_timeouts(environment: dict[str, str], executor: tuple[str | Path, ...]) -> None:
    """A retry waits for its time, an attempt that takes too long is ended, a shell that is not there is exit 127."""
    create = ("arco", "schedule", "create")
    ids = {
        "again": ("--retries", "1", "--retry-delay", "0s", "--command", "test $ARCO_ATTEMPT = 2"),
        "later": ("--retries", "1", "--retry-delay", "1h", "--command", "false"),
        "long": ("--timeout", "1s", "--command", "exec sleep 60"),
        "none": ("--shell", "/no/shell", "--command", "true"),
    }
    for name, options in ids.items():
        _run(environment, *create, name, "--cron", "0 0 29 2 *", "--pool", "external", *options)
        _run(environment, "arco", "schedule", "trigger", name)
    _run(environment, *executor)
    _run(environment, *executor)
    assert [row[1:] for row in _runs(environment)] == [
        ("succeeded", 2, 0),
        ("requested", 1, 1),
        ("failed", 1, 124),
        ("failed", 1, 127),
    ]


def test_the_executor_is_alone_and_gives_up_what_was_lost(
    environment: dict[str, str], executor: tuple[str | Path, ...], tmp_path: Path
) -> None:
    """A second call goes at once; after kill -9 the next call waits for what is left, then records that it was lost."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    command = ("--command", f"echo begun; read x < {gate}")
    _run(environment, "arco", "runs", "request", "--key", "a", "--pool", "external", *command)
    with subprocess.Popen(executor, env=environment, cwd=environment["HOME"], stdout=subprocess.PIPE) as killed:
        assert killed.stdout is not None
        while killed.stdout.readline() != b"begun\n":
            assert killed.poll() is None
        assert _run(environment, *executor) == ""
        killed.kill()
    assert _run(environment, *executor) == ""
    gate.write_text("\n")
    until(lambda: "lost" in _run(environment, *executor), "nothing of it is left")
    assert _runs(environment) == [("a", "failed", 1, None)]


JOBS = {
    "fetch": '[ "$ARCO_ATTEMPT" -ge 2 ] || exit 75',
    "check-disk": "exit 2",
    "hang": "sleep 60",
    "last-business-day": "echo month-end",
}
"""What those do that do not simply succeed."""


def test_the_twelve_jobs(environment: dict[str, str], tmp_path: Path) -> None:
    """A day and a month's end of the crontab and of what `setup.sh` says besides: each job does as it should."""
    home = Path(environment["HOME"])
    (home / "jobs").mkdir()
    entries = [line.rpartition("jobs/")[2] for line in (EXAMPLES / "twelve-jobs" / "crontab").read_text().splitlines()]
    jobs = [name for name in entries if name and " " not in name and "=" not in name]
    assert len(jobs) == 12
    for name in jobs:
        script = home / "jobs" / name
        script.write_text(f"#!/bin/sh\n{JOBS.get(name, 'echo done')}\n", "utf-8")
        script.chmod(0o755)
    environment["HANG"] = "1s"
    _run(environment, "sh", EXAMPLES / "twelve-jobs" / "setup.sh", now="2025-01-30T23:00:00Z")
    arco = Arco(Path(environment["ARCO_DB"]), at=None)
    for step in range(0, 24 * 60 + 1, 10):
        at = format_instant(parse_instant("2025-01-30T23:00:00Z") + 60 * step)
        assert arco("work --once --tick --quiet", ARCO_NOW=at).code in {0, 5}
    arco.at = "2025-01-31T23:00:00Z"
    found: dict[str, Counter[str]] = {}
    for run in arco.json("runs list --limit 1000 --json")["runs"]:
        found.setdefault(run["schedule_id"], Counter())[f"{run['status']} {run['outcome']} {run['attempt']}"] += 1
    assert sorted(found) == sorted(set(jobs) - {"quarterly"})
    assert found["nightly-backup"] == found["market-open"] == {"succeeded succeeded 1": 1}
    assert found["last-business-day"] == {"succeeded succeeded 1": 1}
    assert set(found["fetch"]) <= {"succeeded succeeded 2", "requested failed 1"}
    assert found["check-disk"] == {"failed failed 1": 1}
    assert (home / "alerts").read_text("utf-8").startswith("check-disk failed, exit 2: ")
    assert found["hang"] == {"failed timed-out 1": 1}
    assert set(found["heartbeat"]) == {"succeeded succeeded 1"}
    assert [each["kind"] for each in arco("check --failed --json").json["findings"]] == ["failed", "failed"]
    assert arco.json("verify --json")["differences"] == []
