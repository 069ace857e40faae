"""Disks that are full, files and folders that can't be written, databases that are damaged or are none."""

import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.errors import ArcoError, DatabaseUnusable
from tests import ROOT
from tests.story import DAY, END, HOUR, START
from tests.system.small_disk import small_disk
from tests.system.users import NOBODY, run_as

pytestmark = pytest.mark.slow


def arco(path: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, on the database at `path`."""
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "ARCO_DB": str(path),
        "ARCO_NOW": options.pop("now", "2025-03-04T00:00:00Z"),
    }
    return subprocess.run(
        [sys.executable, "-m", "arco_sched", *arguments],
        env=environ,
        cwd="/",
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
        **options,
    )


def is_one_line(said: subprocess.CompletedProcess[str], path: Path) -> None:
    """The error of a database that can't be used: exit code 6 and one line that names the file."""
    assert said.returncode == 6, said
    assert said.stdout == ""
    assert said.stderr.count("\n") == 1, said.stderr
    assert said.stderr.startswith("arco: ")
    assert str(path) in said.stderr


# No room.


def backlog(path: Path, ticks: int) -> None:
    """A database whose next evaluation makes so many ticks."""
    with Workspace.create(path) as workspace:
        definition = Definition(
            cron_expression="* * * * * *", catchup_window_minutes=100_000, max_catchup_ticks=1_000_000
        )
        workspace.create_schedule("a", definition, now=START + DAY - ticks + 1)


def counted(path: Path) -> int:
    """How many ticks there are, in a database that verifies."""
    with Workspace.open(path) as workspace:
        assert workspace.verify().differences == ()
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM ticks").fetchone()[0])


def small_files(limit: int) -> Callable[[], None]:
    """For a new process: files may not grow beyond `limit` bytes, and that is an error, not a signal."""

    def restrict() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return restrict


EVALUATE = """
import sys
from arco_sched.core.errors import DatabaseUnusable
from arco_sched.api import Workspace
with Workspace.open(sys.argv[1]) as workspace:
    try:
        workspace.evaluate(int(sys.argv[2]), batch=500)
    except DatabaseUnusable as refused:
        print(refused)
"""


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    """Where a file may not grow in the middle of an evaluation, whole transactions stay, and the next goes on."""
    path = tmp_path / "arco.db"
    backlog(path, 6000)
    done = subprocess.run(
        [sys.executable, "-c", EVALUATE, path, str(START + DAY)],
        cwd=ROOT,
        preexec_fn=small_files(1_000_000),
        text=True,
        capture_output=True,
        check=True,
    )
    assert done.stdout == f"the database {path} can't be read or written: the disk reports an error or is full\n"
    made = counted(path)
    assert 0 < made < 6000
    assert made % 500 == 0
    is_one_line(arco(path, "tick", preexec_fn=small_files(1_000_000)), path)
    assert counted(path) == made
    assert arco(path, "tick", "--quiet").returncode == 0
    assert counted(path) == 6000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    with small_disk(tmp_path / "disk", 4 << 20) as made:
        yield made


def test_a_full_disk(disk: Path) -> None:
    """On a disk that fills up in the middle of a transaction, nothing of it is there; with room the next goes on."""
    path = disk / "arco.db"
    backlog(path, 6_000)
    filler = disk / "filler"
    free = os.statvfs(disk)
    filler.write_bytes(bytes(free.f_bavail * free.f_frsize - 600_000))
    is_one_line(arco(path, "tick"), path)
    assert counted(path) == 0
    filler.unlink()
    assert arco(path, "tick", "--quiet").returncode == 0
    assert counted(path) == 6_000


# No permission.


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that anybody may enter, with a database; removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="arco-"))
    with Workspace.create(folder / "arco.db") as workspace:
        workspace.create_schedule("a", Definition(cron_expression="0 * * * *"), now=START)
        workspace.evaluate(START + 2 * HOUR)
    try:
        yield folder
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)


@pytest.mark.parametrize("command", ["tick", "schedule list", "schedule create b --cron @daily", "init"])
@pytest.mark.parametrize("mode", [0o000, 0o444, 0o666])
def test_no_permission(open_folder: Path, tmp_path: Path, mode: int, command: str) -> None:
    """Whoever may not read or write the file, or write its folder, is told so, and changes nothing; a question is
    answered where the file can be read."""
    path = open_folder / "arco.db"
    before = path.read_bytes()
    path.chmod(mode)
    open_folder.chmod(0o555)
    said = run_as(NOBODY, path, tmp_path, *command.split())
    if mode and command == "schedule list":
        assert (said.code, said.err) == (0, "")
    else:
        assert (said.code, said.out, said.err.count("\n")) == (6, "", 1), said
        assert str(path) in said.err
    open_folder.chmod(0o755)
    path.chmod(0o600)
    assert path.read_bytes() == before
    assert [each.name for each in open_folder.iterdir()] == ["arco.db"]


def test_a_folder_that_may_not_be_written(open_folder: Path, tmp_path: Path) -> None:
    """Where no file may be made, making a database is refused in one line."""
    open_folder.chmod(0o555)
    path = open_folder / "new.db"
    said = run_as(NOBODY, path, tmp_path, "init")
    assert (said.code, said.out, said.err.count("\n")) == (6, "", 1), said
    assert not path.exists()


# No database.

IMAGES: dict[str, Callable[[bytes], bytes]] = {
    "text": lambda _: b"What the file says is no database.\n" * 300,
    "zeros": lambda image: bytes(len(image)),
    "half a header": lambda image: image[:50],
    "half a page": lambda image: image[:2000],
    "header alone": lambda image: image[:100] + bytes(8092),
    "first page": lambda image: image[:4096],
    "half": lambda image: image[: len(image) // 8192 * 4096],
    "another program's": lambda image: image[:68] + b"\0\0\0\x07" + image[72:],
    "newer": lambda image: image[:60] + (99).to_bytes(4, "big") + image[64:],
}


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("command", ["tick", "schedule list", "schedule create b --cron @daily"])
def test_no_database(told: Path, tmp_path: Path, image: str, command: str) -> None:
    """What is no database of ours, or a part of one, is refused in one line; the file stays as it is."""
    path = tmp_path / "arco.db"
    path.write_bytes(IMAGES[image](told.read_bytes()))
    before = path.read_bytes()
    is_one_line(arco(path, *command.split()), path)
    assert path.read_bytes() == before


def test_a_folder_instead(tmp_path: Path) -> None:
    """A folder is no database."""
    is_one_line(arco(tmp_path, "tick"), tmp_path)


# Damage of the file.


def content(path: Path) -> list[str]:
    """Everything that is stored, but for the evaluator's last visit and the comments of the schema."""
    with closing(sqlite3.connect(path)) as connection:
        dump = [line for line in connection.iterdump() if not line.startswith('INSERT INTO "workspace"')]
    return [re.sub("--.*", "", line) if line.startswith("CREATE") else line for line in dump]


def spoil(image: bytes, chance: random.Random) -> bytes:
    """The file with some bits turned, a page of it overwritten, or its end missing."""
    spoiled = bytearray(image)
    page = chance.randrange(len(image) // 4096) * 4096
    match chance.choice(["bit", "bit", "bits", "zeros", "noise", "end"]):
        case "bit":
            spoiled[chance.randrange(len(spoiled))] ^= 1 << chance.randrange(8)
        case "bits":
            for _ in range(50):
                spoiled[chance.randrange(len(spoiled))] ^= 1 << chance.randrange(8)
        case "zeros":
            spoiled[page : page + 4096] = bytes(4096)
        case "noise":
            spoiled[page : page + 4096] = chance.randbytes(4096)
        case _:
            del spoiled[chance.randrange(len(spoiled)) :]
    return bytes(spoiled)


CALLS: tuple[Callable[[Workspace], object], ...] = (
    lambda workspace: workspace.status(now=END),
    lambda workspace: workspace.schedules(deleted=True),
    lambda workspace: workspace.ticks(limit=1000),
    lambda workspace: workspace.runs(limit=1000),
    lambda workspace: workspace.lapses(limit=1000),
    lambda workspace: workspace.events(limit=1000),
    lambda workspace: workspace.versions("oldest"),
    lambda workspace: workspace.why("latest", now=END),
    lambda workspace: list(workspace.evaluate(END + HOUR).ticks),
    lambda workspace: workspace.trigger("oldest", now=END + 5),
    lambda workspace: workspace.update_schedule("oldest", {"max_catchup_ticks": 7}, now=END + 6),
    lambda workspace: workspace.rewind(now=END - DAY),
    lambda workspace: workspace.backfill("oldest", start=END - 3 * DAY, stop=END - DAY, now=END),
    lambda workspace: workspace.prune(before=END - DAY, now=END),
)


def judge(told: Path, path: Path, seed: int) -> str:
    """Spoil a copy and use it: `refused`, `named` by verify (the data of a zone in a note, since another package may
    have written them), or `harmless`, where nothing that is stored is other.

    Raises `AssertionError` where damage goes unseen, and whatever is raised that is not one of our own errors.
    """
    for leftover in path.parent.glob("arco.db*"):
        leftover.unlink()
    path.write_bytes(spoil(told.read_bytes(), random.Random(seed)))
    try:
        with Workspace.open(path) as workspace:
            found = workspace.verify()
            if found.ok and not found.notes:
                assert content(path) == content(told), f"unseen damage: seed {seed}"
            for call in CALLS:
                with suppress(ArcoError):
                    call(workspace)
    except DatabaseUnusable:
        return "refused"
    return "harmless" if found.ok and not found.notes else "named"


PART = int(os.environ.get("ARCO_SPOILED_FILES", "48")) // 4
"""A quarter of the files that are spoiled; `make faults` spoils more."""


@pytest.mark.parametrize("part", range(4))
def test_damaged_files(told: Path, tmp_path: Path, part: int) -> None:
    """Bits that turned, pages that were lost, a cut end: refused in one line or named by verify, unless all that is
    stored is as it was; and no call raises anything foreign."""
    seen = {judge(told, tmp_path / "arco.db", seed) for seed in range(part * PART, part * PART + PART)}
    assert "named" in seen


@pytest.mark.parametrize("seed", [742])
def test_a_damaged_file_that_was_not_refused(told: Path, tmp_path: Path, seed: int) -> None:
    """Found by `make faults`: the pool of a waiting run is gone, which ended a question with a traceback."""
    assert judge(told, tmp_path / "arco.db", seed) == "named"


# A log left behind.


def test_a_log_left_behind(tmp_path: Path) -> None:
    """What a process committed that died without closing is there for the next, also where its index is lost."""
    path = tmp_path / "arco.db"
    script = (
        "import os, sys\nfrom arco_sched.api import Workspace\nfrom arco_sched.core.definitions import Definition\n"
        "w = Workspace.create(sys.argv[1])\nw.create_schedule('a', Definition(cron_expression='* * * * *'), now=0)\n"
        "w.evaluate(300)\nos._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", script, path], check=True, cwd=ROOT)
    assert path.with_name("arco.db-wal").stat().st_size > 0
    path.with_name("arco.db-shm").unlink()
    assert counted(path) == 6


@pytest.mark.parametrize("seed", range(12))
def test_a_torn_log(tmp_path: Path, seed: int) -> None:
    """A log that is cut or spoiled loses whole transactions from its end at most; what is left verifies."""
    chance = random.Random(seed)
    first, path = tmp_path / "first.db", tmp_path / "arco.db"
    with Workspace.create(first) as workspace:
        workspace.create_schedule("a", Definition(cron_expression="* * * * *", max_catchup_ticks=1000), now=START)
    with Workspace.open(first) as workspace:
        for minutes in (7, 31, 150):
            workspace.evaluate(START + minutes * 60)
        log = bytearray(first.with_name("first.db-wal").read_bytes())
        shutil.copy(first, path)
    if chance.random() < 0.5:
        del log[chance.randrange(len(log)) :]
    else:
        log[chance.randrange(len(log))] ^= 1 << chance.randrange(8)
    path.with_name("arco.db-wal").write_bytes(log)
    assert counted(path) in {0, 8, 32, 151}


# A fault in every call.


def test_faults_in_the_calls_of_sqlite() -> None:
    """Killed before or in the middle of a write, no space, an error of the disk, once or for ever: nothing is lost."""
    if shutil.which("cc") is None or sys.platform != "linux":
        pytest.skip("the faults are injected by a library that a C compiler must make, on Linux")
    said = subprocess.run(
        [sys.executable, "-m", "tests.system.injector", "--step", "197", "--offset", "40"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert (said.returncode, said.stderr) == (0, ""), said.stdout
    assert " 0 problems" in said.stdout
