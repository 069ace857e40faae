"""A user's mistake: one line that says what to do, the right exit code, and a database that is as it was."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import IMPORTABLE
from tests.runner import Arco

HUGE = "9" * 5000
CREATE = ("schedule", "create", "new", "--cron", "0 10 * * *")
UPDATE = ("schedule", "update", "daily")

BAD_INPUT = [
    # (arguments, words of the message)
    ((*CREATE, "--tz", "Europe/Berlinn"), "Europe/Berlin"),
    ((*CREATE, "--tz", ""), "time zone"),
    ((*CREATE, "--tz", "../../etc/passwd"), "time zone"),
    (("schedule", "create", "new", "--cron", "61 * * * *"), "minute"),
    (("schedule", "create", "new", "--cron", "0 0 30 2 *"), "never"),
    (("schedule", "create", "new", "--cron", ""), "cron"),
    (("schedule", "create", "new", "--cron", "5/15 * * * *"), "5-59/15"),
    (("schedule", "create", "new", "--cron", "@reboot"), "@reboot"),
    ((*CREATE, "--start", "2025-02-30"), "--start"),
    ((*CREATE, "--start", "2025-02-30T00:00:00Z"), "does not exist"),
    ((*CREATE, "--start", "3 days"), "--start"),
    ((*CREATE, "--start", HUGE), "--start"),
    ((*CREATE, "--end", "2025-01-01T00:00:00"), "--end"),
    ((*CREATE, "--start", "2025-01-02T00:00:00Z", "--end", "2025-01-01T00:00:00Z"), "not after the start"),
    ((*CREATE, "--catchup-window", "0"), "--catchup-window"),
    ((*CREATE, "--catchup-window", "-5m"), "--catchup-window"),
    ((*CREATE, "--catchup-window", "1.5h"), "--catchup-window"),
    ((*CREATE, "--catchup-window", HUGE), "--catchup-window"),
    ((*CREATE, "--max-catchup", "0"), "--max-catchup"),
    ((*CREATE, "--max-catchup", "-1"), "--max-catchup"),
    ((*CREATE, "--max-catchup", "many"), "--max-catchup"),
    ((*CREATE, "--max-catchup", HUGE), "--max-catchup"),
    ((*CREATE, "--max-catchup", "99999999999999999999"), "--max-catchup"),
    ((*CREATE, "--catchup-policy", "newest"), "oldest-first"),
    ((*CREATE, "--dst-gap", "last"), "next"),
    ((*CREATE, "--dst-overlap", "all"), "both"),
    ((*CREATE, "--asset", ""), "--asset"),
    ((*CREATE, "--asset", " "), "--asset"),
    ((*CREATE, "--asset", "a" * 2000), "--asset"),
    ((*CREATE, "--asset", "\x1b[31mred"), "--asset"),
    ((*CREATE, "--asset", "a\nb"), "--asset"),
    ((*CREATE, "--partition", "\x00"), "NUL"),
    ((*CREATE, "--partition", "\udcff"), "UTF-8"),
    ((*CREATE, "--label", "novalue"), "KEY=VALUE"),
    ((*CREATE, "--label", "=v"), "KEY=VALUE"),
    ((*CREATE, "--label", "k=1", "--label", "k=2"), "twice"),
    ((*CREATE, "--command", ""), "--command"),
    ((*CREATE, "--command", "x" * 200_000), "--command"),
    ((*CREATE, "--code-version", "\x07"), "--code-version"),
    (("schedule", "create", "", "--cron", "@daily"), "schedule id"),
    (("schedule", "create", "a b", "--cron", "@daily"), "schedule id"),
    (("schedule", "create", "-x", "--cron", "@daily"), "-x"),
    (("schedule", "create", "é", "--cron", "@daily"), "schedule id"),
    (("schedule", "create", "x" * 101, "--cron", "@daily"), "schedule id"),
    (("schedule", "create", "new\n", "--cron", "@daily"), "schedule id"),
    (("schedule", "create", "new"), "--cron"),
    (("schedule", "create"), "ID"),
    (("schedule", "create", "a", "b", "--cron", "@daily"), "b"),
    ((*UPDATE, "--start", "2025-02-30T00:00:00Z"), "--start"),
    ((*UPDATE, "--cron", "x"), "cron"),
    ((*UPDATE, "--tz", "x"), "time zone"),
    ((*UPDATE, "--end", "2024-01-01T00:00:00Z"), "not after the start"),
    ((*UPDATE, "--asset", "a", "--clear-assets"), "--clear-assets"),
    ((*UPDATE, "--partition", "a", "--clear-partitions"), "--clear-partitions"),
    ((*UPDATE, "--label", "a=b", "--clear-labels"), "--clear-labels"),
    ((*UPDATE, "--command", "a", "--clear-command"), "--clear-command"),
    ((*UPDATE, "--end", "2026-01-01T00:00:00Z", "--clear-end"), "--clear-end"),
    ((*UPDATE, "--code-version", "1", "--clear-code-version"), "--clear-code-version"),
    ((*UPDATE, "--expect-version", "x"), "--expect-version"),
    (("schedule", "preview"), "--cron"),
    (("schedule", "preview", "daily", "--cron", "@daily"), "not both"),
    (("schedule", "preview", "daily", "--tz", "UTC"), "--tz"),
    (("schedule", "preview", "daily", "--count", "0"), "--count"),
    (("schedule", "preview", "daily", "--count", "10001"), "--count"),
    (("schedule", "preview", "daily", "--from", "soon"), "--from"),
    (("schedule", "preview", "--cron", "x", "--tz", "y"), "time zone"),
    (("tick", "--now", "yesterday"), "--now"),
    (("tick", "--now", ""), "--now"),
    (("tick", "--now=2025-01-01T00:01:01Z"), "--allow-future"),
    (("tick", "--now", "9999-12-31T23:59:59Z"), "--allow-future"),
    (("tick", "no such"), "schedule id"),
    (("tick", "--schedule", ""), "schedule id"),
    (("ticks", "list", "--status", "done"), "triggered"),
    (("ticks", "list", "--limit", "0"), "--limit"),
    (("ticks", "list", "--limit", "10001"), "--limit"),
    (("ticks", "list", "--limit", HUGE), "--limit"),
    (("ticks", "list", "--since", "x"), "--since"),
    (("ticks", "list", "--cursor", "x"), "--cursor"),
    (("ticks", "list", "--schedule", "\x7f"), "schedule id"),
    (("lapses", "list", "--reason", "late"), "window"),
    (("lapses", "list", "--cursor", "-1"), "--cursor"),
    (("runs", "list", "--cursor", "1" * 30), "--cursor"),
    (("runs", "list", "--status", "done"), "requested"),
    (("runs", "request"), "--key"),
    (("runs", "request", "--key", ""), "--key"),
    (("runs", "request", "--key", "k", "--label", "x"), "KEY=VALUE"),
    (("runs", "request", "--key", "k", "--asset", "\x85"), "--asset"),
    (("events", "list", "--type", "Ticked"), "ScheduleTicked"),
    (("events", "list", "--after", "-1"), "--after"),
    (("events", "list", "--after", "99999999999999999999"), "--after"),
    (("events", "list", "--limit", "0", "--follow"), "--limit"),
    (("init", "--workspace", ""), "--workspace"),
    (("nonsense",), "nonsense"),
    (("schedul",), "schedule"),
    (("schedule", "creat"), "create"),
    (("schedule",), "command"),
    (("tick", "--jsno"), "--json"),
    (("tick", "--db", "x"), "before the command"),
    (("--nonsense",), "--nonsense"),
]

NOT_FOUND = [
    (("schedule", "show", "dail"), "did you mean daily"),
    (("schedule", "versions", "nobody"), "arco schedule list"),
    (("schedule", "preview", "nobody"), "nobody"),
    (("schedule", "update", "nobody", "--asset", "x"), "nobody"),
    (("schedule", "enable", "nobody"), "nobody"),
    (("schedule", "delete", "nobody"), "nobody"),
    (("schedule", "trigger", "nobody"), "nobody"),
    (("tick", "--schedule", "nobody"), "nobody"),
    (("ticks", "list", "--schedule", "nobody"), "nobody"),
    (("lapses", "list", "--schedule", "nobody"), "nobody"),
    (("runs", "list", "--schedule", "nobody"), "nobody"),
    (("events", "list", "--schedule", "nobody"), "nobody"),
    (("ticks", "show", "daily:1"), "arco ticks list"),
    (("ticks", "show", ""), "arco ticks list"),
    (("ticks", "show", "daily:" + "9" * 40), "arco ticks list"),
    (("ticks", "show", "\x1b[2J"), "arco ticks list"),
    (("runs", "show", "run_x"), "arco runs list"),
    (("runs", "show", "☃" * 3000), "arco runs list"),
]


def shown(case: tuple[tuple[str, ...], str]) -> str:
    """The id of a case: its arguments, short."""
    return ascii(" ".join(argument[:30] for argument in case[0]))[1:70]


@pytest.mark.parametrize(
    ("code", "case"),
    [*((2, case) for case in BAD_INPUT), *((3, case) for case in NOT_FOUND)],
    ids=lambda value: shown(value) if isinstance(value, tuple) else None,
)
def test_one_line_and_nothing_changed(daily: Arco, code: int, case: tuple[tuple[str, ...], str]) -> None:
    """A mistake is one line on stderr, or one document under `--json`, and changes nothing."""
    arguments, words = case
    before = daily.content()
    result = daily.run(arguments)
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith("arco: ")
    assert result.err.count("\n") == 1
    assert len(result.err) < 2100
    assert result.err[:-1].isprintable()
    assert words in result.err
    document = daily.run([*arguments, "--json"])
    assert (document.code, document.err) == (code, "")
    assert list(document.json) == ["error"]
    assert document.json["error"]["code"] == code
    assert daily.content() == before


def test_several_mistakes_are_told_at_once(arco: Arco) -> None:
    """Every problem of a definition is in the one message, and no database was made."""
    result = arco(
        *("schedule", "create", "a b", "--cron", "99 * * * *", "--tz", "Nowhere", "--catchup-window", "0"),
        *("--max-catchup", "0", "--label", "x", "--end", "soon", "--asset", ""),
    )
    assert result.code == 2
    for words in (
        "schedule id",
        "minute",
        "Nowhere",
        "--catchup-window",
        "--max-catchup",
        "--label",
        "--end",
        "--asset",
    ):
        assert words in result.err
    assert result.err.count("\n") == 1
    assert not arco.db.exists()


@pytest.mark.parametrize(
    "line",
    [
        'schedule create s --cron "@daily" --end 2024-01-01T00:00:00Z',
        'schedule create s --cron "@daily" --label x',
        'runs request --key ""',
        "runs request --key k --asset ''",
    ],
)
def test_bad_input_makes_no_database(arco: Arco, line: str) -> None:
    """A command that would make the database leaves none behind when its input is bad."""
    assert arco(line).code == 2
    assert not arco.db.exists()


@pytest.mark.parametrize(
    "line",
    [
        "tick",
        "tick --quiet",
        "tick --dry-run",
        "schedule list",
        "schedule show s",
        "schedule update s --asset a",
        "schedule trigger s",
        "ticks list",
        "ticks show s:1",
        "lapses list",
        "runs list",
        "runs show run_x",
        "events list",
        "events list --follow",
    ],
)
def test_where_no_database_is(arco: Arco, line: str) -> None:
    """Without a database every command but those that make one says so, says how, exits 6, and makes none."""
    result = arco(line)
    assert (result.code, result.out) == (6, "")
    assert "arco init" in result.err
    assert result.err.count("\n") == 1
    assert arco(line + " --json").json["error"]["code"] == 6
    assert not arco.db.exists()


def test_files_that_are_no_database(tmp_path: Path) -> None:
    """A file that is something else or empty, a folder, a path that can't be: exit 6, and the file is as it was."""
    text = tmp_path / "text"
    text.write_text("hello" * 1000)
    empty = tmp_path / "empty"
    empty.touch()
    for path in (text, empty, tmp_path, tmp_path / "none" / "x.db", tmp_path / ("x" * 300), text / "x.db"):
        arco = Arco(path)
        for line in ("tick --quiet", "schedule list", 'schedule create s --cron "@daily"', "init"):
            if path == empty and not line.startswith(("tick", "schedule list")):
                continue
            result = arco(line)
            assert (result.code, result.out) == (6, ""), (path, line, result)
            assert result.err.count("\n") == 1
    assert text.read_text() == "hello" * 1000
    assert Arco(text)("--db", "", "tick").code == 6


def test_a_bad_clock(daily: Arco) -> None:
    """An `ARCO_NOW` that is no instant is refused by name; an empty one is none."""
    result = daily("tick", ARCO_NOW="yesterday")
    assert result.code == 2
    assert "ARCO_NOW" in result.err
    assert daily("tick", ARCO_NOW="").code == 0


def test_an_existing_workspace_keeps_its_name(arco: Arco) -> None:
    """`init` makes the database once; another name is a conflict, and the file stays."""
    made = arco.json("init --workspace team")
    assert made == {"database": str(arco.db), "workspace": "team", "change": "created"}
    assert arco.json("init") == made | {"change": "unchanged"}
    before = arco.content()
    assert arco("init --workspace other").code == 4
    assert arco.content() == before


def test_bytes_that_are_no_text(daily: Arco) -> None:
    """An argument that is not valid UTF-8 is refused by the real process too, without a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "arco_sched", "schedule", "show", b"\xff\xfe"],
        capture_output=True,
        env={**os.environ, "ARCO_DB": str(daily.db), "PYTHONPATH": IMPORTABLE},
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"not valid UTF-8" in done.stderr


def test_unforeseen_errors_are_one_line(daily: Arco) -> None:
    """What nobody thought of is exit 1 and one line; `ARCO_DEBUG` shows where."""
    content = daily.db.read_bytes()
    daily.db.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    result = daily("schedule list")
    assert result.code in {1, 6}
    assert result.err.count("\n") == 1
