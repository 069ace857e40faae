"""`arco tick` itself: the ways to say now, quiet, what it imports, how it ends."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import IMPORTABLE
from tests.runner import Arco

NOT_IMPORTED = {"rich", "croniter", "pendulum", "pydantic", "platformdirs", "asyncio", "zoneinfo"}


def process(*arguments: str, program: str = "") -> list[str]:
    """The command line of a process of its own that runs `arco`, or a program."""
    return [sys.executable, *(("-c", program) if program else ("-m", "arco_sched")), *arguments]


def environment(db: Path, **environ: str) -> dict[str, str]:
    """Its environment."""
    return {
        **os.environ,
        "ARCO_DB": str(db),
        "ARCO_NOW": "2025-01-15T10:30:00Z",
        "PYTHONPATH": IMPORTABLE,
        **environ,
    }


@pytest.mark.parametrize(
    "line",
    [
        "tick",
        "tick --now",
        "tick --now --quiet",
        "tick --quiet --now",
        "tick --now 2025-01-15T10:30:00Z",
        "tick --now=2025-01-15T10:30:00Z",
        "tick --now 2025-01-15T11:30:00.999+01:00 --quiet",
        "tick --now --schedule daily",
        "tick --schedule daily --schedule daily --now",
    ],
)
def test_ways_to_say_now(daily: Arco, line: str) -> None:
    """Bare, with `=`, with a space, or not at all: each evaluates at the same instant."""
    daily.ok(line, at="2025-01-15T10:30:00Z")
    newest = daily.json("ticks list --limit 1")
    assert newest["ticks"][0]["tick_id"] == "daily:1736935200"
    assert newest["ticks"][0]["evaluated_at"] == "2025-01-15T10:30:00Z"
    assert newest["next_cursor"] is not None


def test_a_now_ahead_of_the_clock(daily: Arco) -> None:
    """More than a minute ahead is refused and changes nothing; looking is free, and who means it may."""
    daily.at = "2025-01-15T10:00:00Z"
    before = daily.content()
    assert daily("tick --now 2025-01-15T10:01:01Z").code == 2
    assert daily("tick --now 2125-01-15T10:00:00Z").code == 2
    assert daily("tick --now 2125-01-15T10:00:00Z --dry-run").code == 0
    assert daily.content() == before
    assert daily("tick --now 2025-01-15T10:01:00Z").code == 0
    assert daily.json("tick --now 2025-02-15T10:00:00Z --allow-future")["lapsed"] > 0


def test_quiet(daily: Arco) -> None:
    """`--quiet` prints nothing when all is well; under `--json` the document comes all the same."""
    daily.at = "2025-01-05T10:30:00Z"
    assert daily("tick --quiet").out == ""
    assert daily("tick --quiet", ARCO_NOW="2025-01-06T10:30:00Z").out == ""
    assert '"evaluated": 0' in daily("tick --quiet --json", ARCO_NOW="2025-01-06T10:30:00Z").out
    assert len(daily.json("ticks list")["ticks"]) == 4


def test_nothing_due(daily: Arco) -> None:
    """One plain line, on stdout."""
    daily.at = "2025-01-01T09:00:00Z"
    assert daily("tick").out == "Nothing is due at 2025-01-01 09:00 UTC.\n"


def test_one_of_two_schedules(daily: Arco) -> None:
    """`--schedule` evaluates what it names, and leaves the others for later."""
    daily.ok('schedule create other --cron "0 10 * * *" --start 2025-01-01T00:00:00Z')
    daily.at = "2025-01-01T10:00:00Z"
    assert [each["schedule_id"] for each in daily.json("tick --schedule other")["ticks"]] == ["other"]
    assert [each["schedule_id"] for each in daily.json("tick")["ticks"]] == ["daily"]


def test_a_dry_run_in_words(daily: Arco) -> None:
    """A dry run says that nothing is recorded."""
    daily.at = "2025-01-15T10:30:00Z"
    out = daily("tick --dry-run").out
    assert out.startswith("Dry run, nothing is recorded. 1 schedule at 2025-01-15 10:30 UTC: 3 would be triggered, 12")


def test_more_ticks_than_are_shown(arco: Arco) -> None:
    """A person sees twenty ticks and how many more there are; JSON has them all."""
    arco.ok('schedule create s --cron "* * * * *" --max-catchup 1000', at="2025-01-01T00:00:00Z")
    arco.at = "2025-01-01T00:29:00Z"
    assert len(arco.json("tick --dry-run")["ticks"]) == 30
    out = arco("tick").out
    assert "and 10 more: see `arco ticks list`" in out
    assert out.count("s:17") == 20


@pytest.mark.parametrize("arguments", [["--quiet"], ["--now"], ["--json"]])
def test_what_nothing_due_imports(daily: Arco, arguments: list[str]) -> None:
    """An evaluation with nothing due imports none of the packages that draw, parse or explain."""
    daily.ok("tick", at="2025-01-15T10:30:00Z")
    program = (
        "import sys, atexit, json; from arco_sched.cli.entry import main\n"
        "atexit.register(lambda: print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})), "
        "file=sys.stderr))\n"
        "main()"
    )
    done = subprocess.run(
        process("tick", *arguments, program=program),
        capture_output=True,
        text=True,
        env=environment(daily.db),
        check=True,
    )
    assert not NOT_IMPORTED & set(json.loads(done.stderr))


def test_a_closed_pipe_ends_quietly(daily: Arco) -> None:
    """`arco … | head` is no error, whether the output is a table, JSON or a help page."""
    daily.ok("schedule update daily --max-catchup 5000 --catchup-window 5000d")
    daily.ok("tick", at="2030-01-01T00:00:00Z")
    for arguments in (["ticks", "list", "--limit", "5000"], ["ticks", "list", "--limit", "5000", "--json"]):
        with subprocess.Popen(
            process(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(daily.db),
        ) as running:
            assert running.stdout is not None
            assert running.stderr is not None
            running.stdout.readline()
            running.stdout.close()
            assert (running.stderr.read(), running.wait()) == (b"", 0)


def test_following_events(daily: Arco) -> None:
    """`--follow --json` prints each event as one line, waits for more, and ends with 130 on Ctrl-C, silently."""
    with subprocess.Popen(
        process("events", "list", "--follow", "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(daily.db),
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert json.loads(running.stdout.readline())["idempotency_key"] == "sched_def:daily:1"
        daily.ok("schedule trigger daily", at="2025-01-01T00:00:01Z")
        assert json.loads(running.stdout.readline())["type"] == "ScheduleTicked"
        assert json.loads(running.stdout.readline())["payload"]["run_key"] == "sched:daily:manual:1735689601"
        running.send_signal(signal.SIGINT)
        assert (running.stdout.read(), running.stderr.read(), running.wait()) == ("", "", 130)


def test_following_so_many_events(daily: Arco) -> None:
    """With `--limit`, following stops after so many; with `--type` and `--after` it is what an executor reads."""
    daily.ok("tick", at="2025-01-02T10:30:00Z")
    lines = daily.ok("events list --follow --limit 2 --type RunRequested --json").out.splitlines()
    assert [json.loads(line)["payload"]["run_key"] for line in lines] == [
        "sched:daily:1735725600",
        "sched:daily:1735812000",
    ]
    last = json.loads(lines[-1])["seq"]
    assert daily.json(f"events list --type RunRequested --after {last}") == {"events": [], "next_cursor": None}
    assert "RunRequested" in daily.ok("events list --follow --limit 4").out


def test_two_processes_at_once(daily: Arco) -> None:
    """Two evaluations of the same instant at once: each tick and run exists once, and both are content."""
    running = [
        subprocess.Popen(process("tick", "--quiet"), env=environment(daily.db), stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [each.wait() for each in running] == [0, 0]
    assert len(daily.json("ticks list")["ticks"]) == 3
    assert len(daily.json("runs list")["runs"]) == 3


def test_the_default_database(tmp_path: Path) -> None:
    """Without `--db` and `ARCO_DB` it is the user's data directory, whose folder is made with the database alone."""
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data"), "ARCO_DB": ""}
    made = tmp_path / "data" / "arco" / "arco.db"
    for arguments, code in ((["tick"], 6), (["init"], 0), (["tick"], 0)):
        done = subprocess.run(process(*arguments), capture_output=True, env=environment(made, **home), check=False)
        assert (done.returncode, made.exists()) == (code, arguments == ["init"] or code == 0), done
