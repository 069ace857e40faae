"""`arco work`: what its options refuse, and where a worker refuses to work."""

import contextlib
import json
import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from arco_sched.cli.worker import read_size
from arco_sched.core.errors import InvalidInput
from arco_sched.execution.presence import Presence
from tests import everybody
from tests.runner import Arco

MINUTES = "2025-01-15T12:%02d:00Z"


@pytest.fixture
def arco(path: Path) -> Arco:
    """`arco` with a run that waits."""
    arco = Arco(path, MINUTES % 0)
    arco.ok("init")
    arco.ok("runs request --key a --command 'echo $USER $HOME'")
    return arco


def statement(arco: Arco, text: str, *values: object) -> list[tuple[object, ...]]:
    """Ask or change the database behind arco's back."""
    with contextlib.closing(sqlite3.connect(arco.db)) as connection, connection:
        return connection.execute(text, values).fetchall()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--executor cluster", "--executor 'cluster' must be one of local, slurm, program"),
        ("--executor slurm", "--executor slurm needs --spool DIR"),
        ("--executor slurm --spool x", "--spool 'x' must be an absolute path without backslashes and line breaks"),
        ("--partition p --qos q", "--partition, --qos needs --executor slurm"),
        ("--executor slurm --spool /x --sbatch=--array=1", "--sbatch '--array=1': arco sets that itself"),
        ("--executor slurm --spool /x --sbatch x", "--sbatch 'x' is not an option of sbatch"),
        ("--executor program", "--executor program needs --program LINE"),
        ("--program x", "--program needs --executor program"),
        ("--executor program --program x --log-dir y", "--log-dir needs --executor local"),
        ("--log-limit 1k", "--log-limit 1k must be at least 64k"),
        ("--log-limit much", "--log-limit 'much' is not a size: write it like 500k, 64M or 2G"),
        ("--log-keep 3s", "--log-keep"),
        ("--pool external", "no worker serves the pool external"),
        ("--pool a/b", "--pool"),
        ("--grace x --drain y", "--drain"),
        ("--slots 0", "--slots"),
    ],
)
def test_what_the_options_refuse(arco: Arco, options: str, says: str) -> None:
    """Exit 2, every problem at once, and no folder is made."""
    answer = arco(f"work --once {options}")
    assert (answer.code, says in answer.err) == (2, True), answer
    assert not Path(f"{arco.db}.runs").exists()


@pytest.mark.parametrize(
    ("text", "size"), [("64M", 64 << 20), ("500k", 500 << 10), ("2 GiB", 2 << 30), ("65536", 65536), ("1tb", 1 << 40)]
)
def test_sizes(text: str, size: int) -> None:
    """Powers of 1024, with or without the word for bytes."""
    assert read_size(text, "--x") == size


@pytest.mark.parametrize("text", ["", "-1", "1.5M", "64X", "9" * 16])
def test_what_is_no_size(text: str) -> None:
    """Neither fractions nor other units."""
    with pytest.raises(InvalidInput, match="is not a size"):
        read_size(text, "--x")


def test_a_clock_that_stands_still(arco: Arco) -> None:
    """`ARCO_NOW` is the clock of `--once` alone."""
    refused = arco("work")
    assert (refused.code, "ARCO_NOW only works with --once" in refused.err) == (2, True)
    arco.ok("work --once")
    assert statement(arco, "SELECT strftime('%Y-%m-%d', started_at, 'unixepoch') FROM attempt_rows") == [
        ("2025-01-15",)
    ]


def test_old_logs_go(arco: Arco) -> None:
    """`--log-keep` removes the logs that nobody has written to for longer, and no others."""
    arco.ok("work --once")
    (log,) = Path(f"{arco.db}.runs").glob("attempts/*/log")
    arco.ok("work --once --log-keep 1h")
    assert log.exists()
    os.utime(log, (0, 0))
    arco.ok("work --once")
    assert log.exists()
    arco.ok("work --once --log-keep 1h")
    assert not log.exists()


def test_the_middle_of_a_long_log_goes(arco: Arco) -> None:
    """`--log-limit` bounds what a log takes on disk, while a worker runs; beginning and end stay."""
    command = "echo first; head -c 3000000 /dev/zero | tr '\\\\0' x; echo; echo last; sleep 0.5"
    arco.ok("runs", "request", "--key", "long", "--command", command)
    arco.ok("work --once --log-limit 64k")
    logs = [log for log in Path(f"{arco.db}.runs").glob("attempts/*/log") if log.stat().st_size > 1000]
    assert len(logs) == 1
    assert logs[0].stat().st_blocks * 512 <= 3 * (64 << 10)
    content = logs[0].read_bytes()
    assert content.startswith(b"first\n")
    assert content.endswith(b"last\n")


def test_another_hosts_database(arco: Arco) -> None:
    """A worker of another host that gave a sign of life within five minutes: one line, exit 6, and nothing is taken."""
    statement(
        arco,
        "INSERT INTO worker_rows (worker, host, pid, executor, pools, slots, seen_at) VALUES (?, ?, ?, ?, ?, ?, "
        "unixepoch('2025-01-15T12:00:00Z'))",
        *("far:1:1", "far", 1, "local", "[]", 2),
    )
    for minute, code in ((4, 6), (5, 0)):
        arco.at = MINUTES % minute
        answer = arco("work --once --json")
        assert answer.code == code, answer
    refused = arco("work --once", ARCO_NOW=MINUTES % 1)
    assert refused.err == (
        "arco: a worker on far was seen 60 s ago, and the database belongs to one machine: stop that worker, or "
        "wait until it has been gone for 300 s\n"
    )


def test_a_worker_of_another_container_that_was_killed(arco: Arco) -> None:
    """Its lock is here, and free, and of this boot: no other machine, so nobody waits; its row goes."""
    arco.ok("work --once")
    presence = Presence(f"{arco.db}.runs")
    presence.arrive("far:1:1")
    statement(
        arco,
        "INSERT INTO worker_rows (worker, host, pid, executor, pools, slots, seen_at) VALUES (?, ?, ?, ?, ?, ?, "
        "unixepoch('2025-01-15T12:00:00Z'))",
        *("far:1:1", "far", 1, "local", "[]", 2),
    )
    arco.ok("work --once", at=MINUTES % 1)
    assert [row["worker"] for row in arco.json("workers --json")["workers"]] == ["far:1:1"]
    assert presence._held is not None
    os.close(presence._held)  # as its kill does; it says no goodbye
    arco.ok("runs request --key more --command true")
    arco.ok("work --once")
    assert arco.json("workers --json")["workers"] == []
    assert list(Path(f"{arco.db}.runs/workers").iterdir()) == []


def test_prune_removes_the_output_of_old_runs(arco: Arco) -> None:
    """What ended before the span goes, what ended since stays, and so do the runs themselves."""
    arco.ok("work --once")
    arco.ok("runs request --key new --command 'echo new'", at="2025-01-20T00:00:00Z")
    arco.ok("work --once")
    attempts = Path(f"{arco.db}.runs/attempts")
    assert len(list(attempts.iterdir())) == 2
    arco.at = "2025-01-21T00:00:00Z"
    looked = arco.ok("prune --older-than 2d --dry-run")
    assert looked.err == "note: the output of 1 attempt would be removed\n"
    assert len(list(attempts.iterdir())) == 2
    assert arco.ok("prune --older-than 2d").err == "note: the output of 1 attempt was removed\n"
    assert [log.read_text("utf-8") for log in attempts.glob("*/log")] == ["new\n"]
    assert arco.ok("prune --older-than 2d").err == ""
    assert len(arco.json("runs list")["runs"]) == 2
    Path(f"{arco.db}.runs/identity").write_text("another\n", "utf-8")
    assert "warning: the output of old runs was not removed: " in arco.ok("prune --older-than 2d").err


# A worker that is root.

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs a worker that is root")


@pytest.fixture
def common() -> Iterator[Arco]:
    """A database in a folder that every user may enter, all of it root's."""
    with tempfile.TemporaryDirectory(prefix="arco-") as folder:
        Path(folder).chmod(0o755)
        data = Path(folder) / "data"
        data.mkdir()
        arco = Arco(data / "arco.db", MINUTES % 0)
        arco.ok("init")
        arco.ok("runs", "request", "--key", "a", "--command", "echo $(id -un) $LOGNAME $HOME")
        yield arco


def work(arco: Arco) -> "subprocess.CompletedProcess[str]":
    """`arco work --once` as a process: one that becomes somebody else can't come back."""
    program, path = everybody.python()
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/root", "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [program, "-m", "arco_sched", "--db", str(arco.db), "work", "--once", "--json"]
    return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False)


def logs(arco: Arco) -> list[str]:
    """What the runs printed."""
    return [log.read_text("utf-8") for log in Path(f"{arco.db}.runs").glob("attempts/*/log")]


@needs_root
def test_what_root_alone_can_write_is_executed_by_root(common: Arco) -> None:
    """Nobody else decides what runs."""
    assert work(common).returncode == 0
    assert logs(common)[0].split()[0] == "root"


@needs_root
def test_what_its_owner_alone_can_write_is_executed_as_the_owner(common: Arco) -> None:
    """The worker becomes the owner before it opens anything, so what it makes is the owner's too."""
    entry = pwd.getpwnam("games")
    for path in (common.folder, *common.folder.iterdir()):
        os.chown(path, entry.pw_uid, entry.pw_gid)
    done = work(common)
    assert done.returncode == 0, done
    assert logs(common) == [f"games games {entry.pw_dir}\n"]
    assert {path.stat().st_uid for path in common.folder.rglob("*")} == {entry.pw_uid}


@needs_root
def test_the_owners_hooks_and_files_are_the_owners(common: Arco) -> None:
    """A hook runs as the owner too; a schedule that wants to be somebody else waits for a worker that may."""
    entry = pwd.getpwnam("games")
    hook = f"id -un > {common.folder}/told"
    common.ok("runs", "request", "--key", "b", "--command", "exit 3", "--on-failure", hook)
    common.ok("runs", "request", "--key", "c", "--command", "true", "--run-as", "daemon")
    for path in (common.folder, *common.folder.iterdir()):
        os.chown(path, entry.pw_uid, entry.pw_gid)
    done = work(common)
    assert done.returncode == 5, done
    assert (common.folder / "told").read_text("utf-8") == "games\n"
    assert json.loads(done.stdout)["waiting"] == 1


@needs_root
def test_run_as_with_real_users(common: Arco) -> None:
    """Each run is its user, with that user's groups, home and umask; its hook as well; root's own stays root's."""
    for user in ("games", "daemon"):
        common.ok(
            *("runs", "request", "--key", user, "--run-as", user, "--workdir", "/", "--env", f"A={user}"),
            *("--command", 'echo "$(id -un) $(id -gn) $HOME $USER $A $(umask)"; exit 3'),
            *("--on-failure", f"echo $(id -un) $A $ARCO_EXIT_CODE > {common.folder}/free/{user}"),
        )
    (common.folder / "free").mkdir()
    (common.folder / "free").chmod(0o1777)
    assert work(common).returncode == 5
    homes = {user: pwd.getpwnam(user).pw_dir for user in ("games", "daemon", "root")}
    assert sorted(logs(common)) == [
        f"daemon daemon {homes['daemon']} daemon daemon 0022\n",
        f"games games {homes['games']} games games 0022\n",
        f"root root {homes['root']}\n",
    ]
    told = {path.name: path.read_text("utf-8") for path in (common.folder / "free").iterdir()}
    assert told == {"games": "games games 3\n", "daemon": "daemon daemon 3\n"}


@needs_root
@pytest.mark.parametrize("how", ["others", "folder", "group"])
def test_what_anybody_else_can_write_is_refused(common: Arco, how: str) -> None:
    """Exit 2, with the reason, and nothing is opened or made."""
    if how == "others":
        common.db.chmod(0o666)
    elif how == "group":
        common.db.chmod(0o660)
    else:
        common.folder.chmod(0o777)
    done = work(common)
    assert done.returncode == 2
    assert "a worker that is root refuses this database" in done.stdout
    assert sorted(path.name for path in common.folder.iterdir()) == ["arco.db"]
    shutil.rmtree(common.folder)
