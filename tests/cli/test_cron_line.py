"""`arco tick --quiet`, the line that cron calls, is done without reading a command line, and nothing shows it."""

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from arco_sched.cli import entry, quick
from arco_sched.configuration import open_store, visit_alone
from arco_sched.core.errors import DatabaseUnusable
from arco_sched.service.nothing_due import nothing_due
from tests import IMPORTABLE
from tests.runner import Arco, Result

HEAVY = {"rich", "croniter", "pendulum", "platformdirs", "dataclasses", "json", "hashlib", "zoneinfo"}
QUESTIONS = {
    f"arco_sched.service.{name}"
    for name in ("why", "timeline", "verification", "status", "apply", "backfill", "pruning", "rewinding", "lists")
}
LEFT_ALONE = {"typer", "pathlib", "typing", "dataclasses", "inspect", "json", "hashlib", "enum", "re", "contextlib"} | {
    f"arco_sched.{name}" for name in ("core.history", "core.errors", "cli.exits", "store.sqlite.database")
}


@pytest.fixture
def arco(tmp_path: Path) -> Arco:
    """`arco` on the real clock, with a schedule that is not due this year."""
    arco = Arco(tmp_path / "arco.db", at=None)
    arco.ok('schedule create yearly --cron "0 0 29 2 *"')
    return arco


def nothing(_: Arco) -> None:
    """Nothing is due."""


def due(arco: Arco) -> None:
    """Something is due."""
    arco.ok(
        'schedule create busy --cron "* * * * *" --start 2025-01-01T00:00:00Z --max-catchup 3 --catchup-window 5000d'
    )


def paused(arco: Arco) -> None:
    """What is due was paused."""
    due(arco)
    arco.ok("schedule disable busy")


def failing(arco: Arco) -> None:
    """A schedule can't be evaluated."""
    due(arco)
    statement(arco, "UPDATE definition_rows SET timezone = 'Lost/Zone' WHERE schedule = 2")


def other_rules(arco: Arco) -> None:
    """The zone rules are others than those last recorded."""
    statement(arco, "UPDATE workspace SET zone_rules = '2001a'")


def newer(arco: Arco) -> None:
    """A newer arco made the database."""
    statement(arco, "PRAGMA user_version = 99")


def gone(arco: Arco) -> None:
    """There is no database."""
    arco.db.unlink()


def empty(arco: Arco) -> None:
    """The database is an empty file."""
    arco.db.write_bytes(b"")


def foreign(arco: Arco) -> None:
    """The file is no database."""
    arco.db.write_bytes(b"no database" * 1000)


def damaged(arco: Arco) -> None:
    """The first page is ours, the others are not."""
    arco.db.write_bytes(arco.db.read_bytes()[:4096] + b"\xff" * 40_000)


def folder(arco: Arco) -> None:
    """A folder has the database's name."""
    arco.db.unlink()
    arco.db.mkdir()


def statement(arco: Arco, text: str) -> None:
    """Change the database behind arco's back."""
    with contextlib.closing(sqlite3.connect(arco.db)) as connection, connection:
        connection.execute(text)


CASES = [nothing, due, paused, failing, other_rules, newer, gone, empty, foreign, damaged, folder]


def content(arco: Arco) -> list[str] | bytes | None:
    """Everything in the database, instants of the last minute alike."""
    try:
        lines = arco.content() if arco.db.is_file() else None
    except sqlite3.Error:
        return arco.db.read_bytes()
    now = int(time.time())
    return lines and [
        re.sub(r"\b\d{10}\b", lambda found: "now" if abs(int(found[0]) - now) < 120 else found[0], line)
        for line in lines
    ]


@pytest.mark.parametrize("environ", [{}, {"ARCO_NOW": "2025-03-01T00:00:00Z"}, {"ARCO_NOW": "noon"}, {"ARCO_NOW": ""}])
@pytest.mark.parametrize("case", CASES)
def test_it_is_the_command(arco: Arco, tmp_path: Path, case: Callable[[Arco], None], environ: dict[str, str]) -> None:
    """Exit code, stdout, stderr and the database are those of the same command spelled so that nothing is early."""
    case(arco)
    twin = Arco(tmp_path / "twin" / "arco.db", at=None)
    shutil.copytree(arco.db, twin.db) if arco.db.is_dir() else twin.db.parent.mkdir()
    if arco.db.is_file():
        shutil.copyfile(arco.db, twin.db)

    early = arco.run(["tick", "--quiet"], **environ)
    usual = twin.run(["tick", "--now", "--quiet"], **environ)

    assert spoken(early, arco) == spoken(usual, twin)
    assert content(arco) == content(twin)


def spoken(result: Result, arco: Arco) -> tuple[int, str, str]:
    """What a command said, whatever the database is called."""
    return result.code, result.out, result.err.replace(str(arco.db), "DB")


@pytest.mark.parametrize("case", CASES)
def test_early_only_with_nothing_to_do(arco: Arco, case: Callable[[Arco], None]) -> None:
    """It is answered early exactly when nothing is due, and otherwise has changed nothing."""
    case(arco)
    before = content(arco)
    try:
        with contextlib.closing(open_store(arco.db)) as store:
            assert nothing_due(store, int(time.time())) is (case is nothing)
    except DatabaseUnusable:
        assert case is not nothing
    assert content(arco) == before or case is nothing


@pytest.mark.parametrize("case", CASES)
def test_in_one_statement_only_with_nothing_to_do(arco: Arco, case: Callable[[Arco], None]) -> None:
    """Likewise the quick visit, from the second one on."""
    arco.ok("tick")
    case(arco)
    before = content(arco)
    assert visit_alone(arco.db, int(time.time())) is (case is nothing)
    assert content(arco) == before or case is nothing


def test_the_visit_is_recorded(arco: Arco) -> None:
    """Whoever asks how long ago the evaluator was here gets the clock."""
    started = int(time.time())
    assert quick.tick(["--db", str(arco.db), "tick", "--quiet"], {}) == 0
    with contextlib.closing(sqlite3.connect(arco.db)) as connection:
        (visited_at,) = connection.execute("SELECT visited_at FROM workspace").fetchone()
    assert started <= visited_at <= time.time()


@pytest.mark.parametrize("case", [nothing, due])
def test_the_default_database(arco: Arco, monkeypatch: pytest.MonkeyPatch, case: Callable[[Arco], None]) -> None:
    """Without `--db` and `ARCO_DB` it is the one in the user's data directory."""
    case(arco)
    default = arco.db.parent / "arco" / "arco.db"
    default.parent.mkdir()
    shutil.copyfile(arco.db, default)
    monkeypatch.setenv("XDG_DATA_HOME", str(arco.db.parent))
    assert entry.run(["tick", "--quiet"], {}) == 0
    with contextlib.closing(sqlite3.connect(default)) as connection:
        visited, ticks = connection.execute("SELECT visited_at, (SELECT count(*) FROM ticks) FROM workspace").fetchone()
    assert (visited is not None, ticks) == (True, 0 if case is nothing else 3)


@pytest.mark.parametrize(
    "argv",
    [
        ["tick"],
        ["tick", "--quiet", "--quiet"],
        ["tick", "--quiet", "--json"],
        ["--quiet", "tick"],
        ["--db", "tick", "--quiet"],
        ["--db", "DB", "--db", "DB", "tick", "--quiet"],
        ["--version", "tick", "--quiet"],
        ["schedule", "tick", "--quiet"],
        [],
    ],
)
def test_no_other_line(arco: Arco, argv: list[str]) -> None:
    """Every other command line is read by the command line's own library."""
    line = [str(arco.db) if word == "DB" else word for word in argv]
    assert not quick.is_cron_line(line, {"ARCO_DB": str(arco.db)})


def test_completion(arco: Arco) -> None:
    """A shell that asks what may follow gets an answer, and no evaluation."""
    assert not quick.is_cron_line(["tick", "--quiet"], {"_ARCO_COMPLETE": "complete_bash"})
    assert quick.is_cron_line(["--db", str(arco.db), "tick", "--quiet"], {})


def loading(argv: list[str], arco: Arco) -> str:
    """What a command prints, and then its exit code and the modules that it loaded."""
    ask = (
        f"import sys; before = set(sys.modules); from arco_sched.cli.entry import run; "
        f"code = run({argv!r}, {{'ARCO_DB': {str(arco.db)!r}}}); print(code, *set(sys.modules) - before)"
    )
    command = [sys.executable, "-S", "-c", ask]
    environ = {**os.environ, "PYTHONPATH": IMPORTABLE}
    return subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout


def test_it_loads_next_to_nothing(arco: Arco) -> None:
    """Neither typer nor what takes as long as it does to be imported; nor what only another minute needs."""
    arco.ok("tick")
    done = loading(["tick", "--quiet"], arco)
    code, *loaded = done.split()
    assert code == "0"
    assert "sqlite3" in loaded
    assert not LEFT_ALONE & set(loaded)


@pytest.mark.parametrize("case", [due, paused, other_rules])
def test_with_something_to_do_it_loads_no_typer(arco: Arco, case: Callable[[Arco], None]) -> None:
    """Nor what draws tables, or only a question needs, or only a definition: it reads no command line either."""
    case(arco)
    code, *loaded = loading(["tick", "--quiet"], arco).split()
    assert code == "0"
    assert "arco_sched.core.evaluate" in loaded
    assert not {
        "typer",
        "rich",
        "croniter",
        "pendulum",
        "zoneinfo",
        *QUESTIONS,
        "arco_sched.cli.definition_options",
    } & set(loaded)


WORK = [
    ["work", "--once", "--quiet"],
    ["work", "--once", "--tick", "--quiet"],
    ["work", "--once", "--tick", "--quiet", "--slots", "16"],
]


def waiting(arco: Arco) -> None:
    """A run waits for a worker."""
    arco.ok("runs request --key a --command true")


def late(arco: Arco) -> None:
    """A retry has become due, or a run is too late to start: both are looked at."""
    waiting(arco)
    statement(arco, "UPDATE queue SET aside = 2, ready_at = 1")


def running(arco: Arco) -> None:
    """An attempt is open, whose worker may be gone."""
    waiting(arco)
    arco.ok("work --once")
    statement(arco, "UPDATE run_states SET executor = 'local'")


def hooked(arco: Arco) -> None:
    """A run is final, and its hooks have not run."""
    waiting(arco)
    arco.ok("work --once")
    statement(arco, "UPDATE hook_rows SET done_at = NULL")


def elsewhere(arco: Arco) -> None:
    """A run waits in a pool that this worker does not take from; another one is over."""
    waiting(arco)
    arco.ok("work --once")
    arco.ok("runs request --key b --command true")
    statement(arco, "UPDATE queue SET pool = 'heavy'")


@pytest.mark.parametrize("argv", WORK)
def test_the_first_worker_of_a_database_has_something_to_do(arco: Arco, argv: list[str]) -> None:
    """It makes the folder, and from then on it is known that somebody works."""
    assert not quick.is_done(["--db", str(arco.db), *argv], {})
    assert arco.run(argv).code == 0
    assert quick.is_done(["--db", str(arco.db), *argv], {})


@pytest.mark.parametrize("argv", WORK)
@pytest.mark.parametrize("case", [nothing, elsewhere, due, waiting, late, running, hooked])
def test_work_is_done_at_once_only_with_nothing_to_do(
    arco: Arco, case: Callable[[Arco], None], argv: list[str]
) -> None:
    """Nothing to start, to look after or to tell, and with `--tick` nothing due: else nothing is changed."""
    arco.ok("work --once")
    case(arco)
    before = content(arco)
    done = quick.is_done(["--db", str(arco.db), *argv], {})
    assert done is (case in {nothing, elsewhere} or (case is due and "--tick" not in argv))
    with contextlib.closing(sqlite3.connect(arco.db)) as connection:
        (visited_at,) = connection.execute("SELECT visited_at FROM workspace").fetchone()
    assert (visited_at is not None) is (done and "--tick" in argv)
    after = content(arco)
    visits = [line for line in [*before, *after] if "visit_rows" in line and "INSERT" in line]
    assert visited_at is not None or [line for line in after if line not in visits] == [
        line for line in before if line not in visits
    ]


@pytest.mark.parametrize("case", [gone, empty, newer, folder])
def test_work_says_what_is_wrong_with_a_database(arco: Arco, case: Callable[[Arco], None]) -> None:
    """Early or not, the line and the exit code are the command's."""
    case(arco)
    assert spoken(arco.run(WORK[0]), arco) == spoken(arco.run(["work", "--quiet", "--once"]), arco)


@pytest.mark.skipif(os.geteuid() != 0, reason="only a worker that is root refuses")
def test_a_worker_that_is_root_looks_twice(arco: Arco) -> None:
    """A database that somebody else could write is left to the command, which refuses it."""
    arco.db.chmod(0o666)
    assert not quick.is_done(["--db", str(arco.db), *WORK[0]], {})


@pytest.mark.parametrize("argv", WORK)
def test_work_with_nothing_to_do_loads_next_to_nothing(arco: Arco, argv: list[str]) -> None:
    """Neither typer nor a worker."""
    arco.ok("work --once")
    code, *loaded = loading(argv, arco).split()
    assert code == "0"
    left_alone = LEFT_ALONE | {"arco_sched.execution.worker", "subprocess", "signal"}
    assert set(loaded) & left_alone == {"contextlib", "arco_sched.core.errors", "arco_sched.store.sqlite.database"}


def test_a_tick_of_nothing_loads_little(arco: Arco) -> None:
    """`arco tick` with nothing due loads neither what evaluates nor what draws tables."""
    done = loading(["tick"], arco)
    code, *loaded = done.splitlines()[-1].split()
    assert code == "0"
    assert "typer" in loaded
    ours = {
        "arco_sched.cli.definition_options",
        "arco_sched.cli.names",
        "arco_sched.core.cron",
        "arco_sched.core.definitions",
        "arco_sched.core.evaluate",
        "arco_sched.core.fields",
        "arco_sched.core.history",
        "arco_sched.core.kinds",
        "arco_sched.core.problems",
        "arco_sched.service.workspace",
    }
    assert not (ours | HEAVY) & set(loaded)
