"""What is written to stdout and stderr, where they are full, closed, or of another encoding."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests import ROOT
from tests.runner import Arco
from tests.system.small_disk import small_disk

TEXT = "é € ß 日本 😀 ‑ \u2028"
"""Characters that ASCII, latin-1 or cp1252 lack, and a line end that JSON must escape."""

ENCODINGS = ("ascii", "latin-1", "cp1252", "utf-16", "utf-8")


def run(
    db: Path, *argv: str, stdout: str | Path | None = None, stderr: str | None = None, **environ: str
) -> subprocess.CompletedProcess[bytes]:
    """A process of its own, with stdout at a path."""
    known = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "ARCO_DB": str(db),
        "ARCO_NOW": "2025-01-15T12:00:00Z",
    }
    out = subprocess.PIPE if stdout is None else os.open(stdout, os.O_WRONLY | os.O_CREAT, 0o600)
    err = subprocess.PIPE if stderr is None else os.open(stderr, os.O_WRONLY)
    try:
        return subprocess.run(
            [sys.executable, "-m", "arco_sched", *argv],
            env=known | environ,
            cwd="/",
            stdout=out,
            stderr=err,
            check=False,
            timeout=60,
        )
    finally:
        for descriptor in (out, err):
            if descriptor >= 0:
                os.close(descriptor)


@pytest.fixture
def named(arco: Arco) -> Arco:
    """A schedule with a text that few encodings have, and a run of it."""
    arco.ok(
        "schedule", "create", "a", "--cron", "0 10 * * *", "--start", "2025-01-01T00:00:00Z",
        "--label", f"who={TEXT}", "--command", f"echo '{TEXT}'", at="2025-01-15T11:00:00Z",
    )  # fmt: skip
    arco.ok("tick", at="2025-01-15T12:00:00Z")
    return arco


ASKING = [
    "schedule list", "schedule show a", "schedule versions a", "schedule preview a", "ticks list", "lapses list",
    "runs list", "events list", "status", "check", "why a", "next", "timeline", "pool list", "verify",
    "export",
]  # fmt: skip
CHANGING = ["tick --now 2025-01-15T12:00:00Z", "schedule update a --max-catchup 7", "schedule trigger a", "init"]
TABLES = ("ticks list", "lapses list", "runs list", "events list")
FULL = "arco: can't write the answer to stdout: No space left on device"


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        *ASKING,
        *(f"{command} --json" for command in (*ASKING, *CHANGING)),
        *(f"{command} --csv" for command in TABLES),
        *CHANGING,
        "--help", "--version", "schedule --help", "schedule create --help", "runs list --help", "export --schema",
        "schedule show nobody --json", "schedule update a --json", "nonsense --json", "status --prometheus -",
        "setup cron", "setup systemd", "backup copy.db", "prune --older-than 1d", "backfill a --from 2d --to 1d",
        "work --once", "schedule preview --cron @hourly --count 5000", "events list --follow --limit 2",
    ],
)  # fmt: skip
def test_a_full_stdout(named: Arco, tmp_path: Path, command: str) -> None:
    """One line on stderr, exit 1, no traceback; what was done before is said to be done, and is."""
    copy = tmp_path / "copy.db"
    words = [str(copy) if word == "copy.db" else word for word in command.split()]
    before = named.content()
    done = run(named.db, *words, stdout="/dev/full")
    assert done.returncode == 1, done
    *notes, said = done.stderr.decode().splitlines()
    assert all(note.startswith("note: ") for note in notes)
    changed = copy.exists() or named.content() != before
    assert said.startswith(FULL), said
    if changed:
        assert said == f"{FULL}; the changes were made"
    elif not command.startswith(("tick", "work", "prune", "init")):
        assert said == FULL


def test_a_full_stdout_of_cron(named: Arco) -> None:
    """The quick way of cron's line, where it has something to say."""
    named.ok("schedule create b --cron @hourly --tz Europe/Berlin --start 2025-01-01T00:00:00Z")
    named.ok("tick")
    with closing(sqlite3.connect(named.db, isolation_level=None)) as connection:
        connection.execute("UPDATE definition_rows SET timezone = 'Lost/Zone'")
    done = run(named.db, "tick", "--quiet", stdout="/dev/full", ARCO_NOW="2025-01-16T12:00:00Z")
    assert (done.returncode, done.stderr.decode().count("\n")) == (1, 1), done
    assert FULL in done.stderr.decode()


def test_a_full_stderr(named: Arco) -> None:
    """Nobody hears what is said, and the exit code is what it was."""
    for command, code in (("schedule show nobody", 3), ("ticks list --limit 1", 0), ("nonsense", 2)):
        done = run(named.db, *command.split(), stderr="/dev/full")
        assert done.returncode == code, done
    assert run(named.db, "schedule", "show", "nobody", stdout="/dev/full", stderr="/dev/full").returncode == 3


def test_a_disk_that_fills_up(named: Arco, tmp_path: Path) -> None:
    """The same where the disk behind a file is full, at the beginning of an answer or in its middle."""
    with small_disk(tmp_path / "disk", 64 << 10) as disk:
        done = run(named.db, "schedule", "preview", "--cron", "* * * * *", "--count", "9000", stdout=disk / "out")
        assert (done.returncode, done.stderr.decode()) == (1, f"{FULL}\n")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("command", ["schedule show a --json", "events list --json", "runs list --json"])
def test_json_is_utf8(named: Arco, command: str, encoding: str) -> None:
    """Whatever the encoding of the streams, JSON reads to the same text."""
    done = run(named.db, *command.split(), PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout.decode("utf-8")) == json.loads(named.ok(command).out)
    assert json.dumps(TEXT)[1:-1] in json.dumps(json.loads(done.stdout))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_export_writes_apply_reads(named: Arco, tmp_path: Path, encoding: str) -> None:
    """A definitions file is UTF-8, and so are CSV, the textfile for Prometheus, the JSON Schema and errors as JSON."""
    file = tmp_path / "exported.toml"
    run(named.db, "export", stdout=file, PYTHONIOENCODING=encoding)
    assert file.read_bytes() == named.ok("export").out.encode()
    done = run(named.db, "apply", str(file), "--dry-run", "--json", PYTHONIOENCODING=encoding)
    assert [each["change"] for each in json.loads(done.stdout)["changes"]] == ["unchanged"]
    for command in ("runs list --csv", "status --prometheus -", "export --schema", "export --json"):
        done = run(named.db, *command.split(), PYTHONIOENCODING=encoding)
        assert done.stdout.decode() == named.ok(command).out
    done = run(named.db, "apply", "/é", "--json", PYTHONIOENCODING=encoding)
    assert "/é" in json.loads(done.stdout.decode())["error"]["message"]


def test_a_table_replaces_what_cant_be_shown(named: Arco) -> None:
    """A person's terminal gets numbers for what it lacks, and its own encoding for what it has."""
    done = run(named.db, "schedule", "show", "a", PYTHONIOENCODING="ascii")
    assert b"who=\\xe9 \\u20ac \\xdf" in done.stdout
    done = run(named.db, "schedule", "show", "a", PYTHONIOENCODING="latin-1")
    assert b"who=\xe9 \\u20ac \xdf" in done.stdout


@pytest.mark.parametrize("shell", ["arco schedule list >&-", "arco tick --json >&- 2>&-", "arco nonsense 2>&-"])
def test_closed_streams(named: Arco, shell: str) -> None:
    """Without stdout or stderr the exit code is all that is told."""
    line = shell.replace("arco", f"{sys.executable} -m arco_sched", 1)
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "ARCO_DB": str(named.db)}
    done = subprocess.run(["/bin/sh", "-c", line], env=environ, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2 if "nonsense" in shell else 0, b"")
    assert b"Traceback" not in done.stderr
