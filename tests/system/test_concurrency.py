"""Many processes at once: the outcome is that of some serial order, nobody starves, and who waits too long is told."""

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.errors import DatabaseUnusable
from arco_sched.core.fields import normal_content
from arco_sched.core.instants import parse_instant
from tests import ROOT
from tests.database import locked

pytestmark = pytest.mark.slow

START = parse_instant("2025-03-04T00:00:00Z")
NAMES = tuple(f"s{number}" for number in range(5))
PROCESSES = 16


def define(workspace: Workspace) -> None:
    """Schedules whose bounds bind, under both policies."""
    for number, name in enumerate(NAMES):
        definition = Definition(
            cron_expression=("* * * * *", "*/5 * * * *", "*/2 * * * *")[number % 3],
            catchup_window_minutes=(30, 600)[number % 2],
            max_catchup_ticks=(2, 7, 500)[number % 3],
            catchup_policy=("oldest-first", "latest")[number % 2],  # type: ignore[arg-type]
            request=normal_content(asset_selection=[name]),
        )
        workspace.create_schedule(name, definition, now=START)


def call(workspace: Workspace, what: str, name: str, now: int, value: int) -> list[str]:
    """One call; the idempotency keys of the events that it made."""
    match what:
        case "evaluate":
            made = workspace.evaluate(now)
            lapses = [f"sched_lapse:{it.schedule_id}:{it.after}:{it.before}:{it.reason}" for it in made.lapses]
            return [f"sched_tick:{tick.tick_id}" for tick in made.ticks] + lapses
        case "update":
            changed = workspace.update_schedule(name, {"max_catchup_ticks": value}, now=now)
        case "pause":
            changed = workspace.set_enabled(name, enabled=value % 2 == 0, now=now, discard_waiting=value % 5 == 0)
        case "trigger":
            triggered = workspace.trigger(name, now=now)
            return [f"sched_tick:{triggered.tick.tick_id}"] if triggered.change == "created" else []
        case _:
            raise AssertionError(what)
    version = changed.schedule.version
    made_keys = [] if changed.change == "unchanged" else [f"sched_def:{name}:{version.definition_version}"]
    if changed.discarded:  # also of a change that changes nothing else
        lapses = workspace.lapses(schedule_id=name, reason="discarded").rows
        made_keys += [
            f"sched_lapse:{name}:{it.after}:{it.before}:{it.reason}" for it in lapses if it.recorded_at == now
        ]
    return made_keys


def calls(seed: int) -> list[tuple[str, str, int, int]]:
    """What one of the processes does."""
    chance = random.Random(seed)
    return [
        (
            chance.choice(["evaluate", "evaluate", "evaluate", "update", "pause", "trigger"]),
            chance.choice(NAMES),
            START + 600 * number + chance.randrange(-600, 1200),
            chance.randrange(1, 30),
        )
        for number in range(1, 9)
    ]


def act(path: str, seed: int) -> None:
    """Let go with the others, do it all, and tell what each call made."""
    with Workspace.open(path) as workspace:
        print("ready", flush=True)
        sys.stdin.read()
        for each in calls(seed):
            print(json.dumps([each, call(workspace, *each)]), flush=True)


def at_once(path: Path, script: str, processes: int) -> list[list[str]]:
    """A line of Python in as many processes, `number` its own, all let go together; the lines that each printed."""
    prelude = "from tests.system import test_concurrency as it; "
    running = [
        subprocess.Popen(
            [sys.executable, "-c", f"{prelude}number = {number}; path = {str(path)!r}; {script}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for number in range(processes)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    said = [process.communicate(timeout=120) for process in running]
    assert [err for _, err in said] == [""] * processes
    return [out.splitlines() for out, _ in said]


def events(path: Path) -> list[tuple[Any, ...]]:
    """All events in the order of their commits."""
    with closing(sqlite3.connect(path)) as connection:
        ask = "SELECT seq, idempotency_key, type, recorded_at, payload FROM events ORDER BY seq"
        return connection.execute(ask).fetchall()


@pytest.mark.parametrize("seed", [0, 1])
def test_some_serial_order(tmp_path: Path, seed: int) -> None:
    """Sixteen processes evaluate at different instants, edit, pause and trigger at once; the same calls one after the
    other, in the order of their commits, make the very same events."""
    path, alone = tmp_path / "arco.db", tmp_path / "alone.db"
    with Workspace.create(path) as workspace:
        define(workspace)
    said = at_once(path, f"it.act(path, number + {seed * 1000})", PROCESSES)
    with Workspace.open(path) as workspace:
        assert workspace.verify().differences == ()
    recorded = events(path)
    order = {key: seq for seq, key, *_ in recorded}
    done = [json.loads(line) for lines in said for line in lines]
    assert len(done) == PROCESSES * 8
    # What was made, by the place of its first event; what made nothing stands nowhere, and changed nothing.
    effective = sorted((min(order[key] for key in made), each, made) for each, made in done if made)
    with Workspace.create(alone) as workspace:
        define(workspace)
        for _, (what, name, now, value), made in effective:
            if what == "evaluate":
                touched = list(dict.fromkeys(key.split(":")[1] for key in sorted(made, key=order.__getitem__)))
                workspace.evaluate(now, schedules=touched)
            else:
                call(workspace, what, name, now, value)
    assert [row[1:] for row in events(alone)] == [row[1:] for row in recorded]


def test_nobody_starves(tmp_path: Path) -> None:
    """During a long evaluation of many transactions, whoever wants to write comes in between, again and again."""
    path = tmp_path / "arco.db"
    with Workspace.create(path) as workspace:
        definition = Definition(
            cron_expression="* * * * * *", catchup_window_minutes=100_000, max_catchup_ticks=1_000_000
        )
        workspace.create_schedule("a", definition, now=START)
        workspace.create_schedule("b", Definition(cron_expression="0 0 1 1 *"), now=START)
        script = (
            f"from tests.system import test_concurrency as it; path = {str(path)!r}; print('ready', flush=True); "
            f"w = it.Workspace.open(path); print(w.evaluate({START + 40_000}, batch=160).triggered)"
        )
        evaluator = subprocess.Popen(
            [sys.executable, "-c", script],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert evaluator.stdout is not None
        assert evaluator.stdout.readline() == "ready\n"
        waited = []
        for number in range(1_000_000):
            begun = time.monotonic()
            workspace.trigger("b", now=START + number)
            waited.append(time.monotonic() - begun)
            if evaluator.poll() is not None:
                break
            time.sleep(0.01)
        assert evaluator.communicate()[0] == "40001\n"
        # 250 transactions, and between any two of them there is a place.
        assert len(waited) >= 25
        assert workspace.verify().differences == ()


@pytest.mark.parametrize("waiting", [0.0, 0.2])
def test_waiting_too_long(tmp_path: Path, waiting: float) -> None:
    """Whoever waits longer than was asked for is told that another process writes, and what to do."""
    path = tmp_path / "arco.db"
    with Workspace.create(path) as workspace:
        define(workspace)
        with locked(path):
            begun = time.monotonic()
            said = subprocess.run(
                [sys.executable, "-m", "arco_sched", "--db", path, "--busy-timeout", str(waiting), "tick"],
                env=os.environ | {"ARCO_NOW": "2025-03-04T01:00:00Z"},
                text=True,
                capture_output=True,
                cwd=ROOT,
                check=False,
            )
            assert time.monotonic() - begun >= waiting
            with Workspace.open(path, busy_timeout=waiting) as other, pytest.raises(DatabaseUnusable, match="is busy"):
                other.trigger("s0", now=START)
            assert len(workspace.schedules()) == len(NAMES)  # reading waits for nobody
    advice = "is busy: another process is writing: try again, or wait longer with --busy-timeout SECONDS"
    assert (said.returncode, said.stdout, said.stderr) == (6, "", f"arco: the database {path} {advice}\n")


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "86401", "soon"])
def test_waits_that_there_are_not(tmp_path: Path, value: str) -> None:
    """A wait that is no number of seconds up to a day is a usage error."""
    said = subprocess.run(
        [sys.executable, "-m", "arco_sched", "--db", tmp_path / "arco.db", "--busy-timeout", value, "init"],
        text=True,
        capture_output=True,
        cwd=ROOT,
        check=False,
    )
    assert said.returncode == 2
    assert said.stderr.count("\n") == 1
    assert not (tmp_path / "arco.db").exists()


def test_waiting_until_it_is_free(tmp_path: Path) -> None:
    """Whoever waits shorter than was asked for writes when the other is done, and is told nothing."""
    path = tmp_path / "arco.db"
    with Workspace.create(path) as workspace:
        define(workspace)
        with locked(path):
            waiting = subprocess.Popen(
                [sys.executable, "-m", "arco_sched", "--db", path, "schedule", "trigger", "s0", "--json"],
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=ROOT,
            )
            with pytest.raises(subprocess.TimeoutExpired):
                waiting.wait(1.0)
        out, err = waiting.communicate(timeout=60)
        assert (waiting.returncode, err) == (0, "")
        assert json.loads(out)["change"] == "created"
