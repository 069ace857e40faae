"""A root worker is no hole (section 4, promise 8)."""

import os
import pwd
from pathlib import Path

import pytest

from arco_sched.core.executor import CannotStart, NotStarted
from arco_sched.execution import folder
from arco_sched.execution.environment import read_file
from arco_sched.execution.rights import user_for, writers
from tests.execution.world import python

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs a worker that is root")
GAMES = 5 if os.geteuid() else pwd.getpwnam("games").pw_uid


def make(common_path: Path) -> tuple[Path, Path]:
    """A database and its runs folder, root's alone, where others can come by."""
    home = common_path / "data"
    home.mkdir(mode=0o755)
    database, runs = home / "arco.db", home / "arco.db.runs"
    database.write_text("")
    database.chmod(0o644)
    folder.create(str(runs), "s")
    return database, runs


def give(path: Path, uid: int) -> None:
    """Give a file or folder, and all in it, to a user."""
    for one in (path, *path.rglob("*")):
        os.chown(one, uid, uid)


def test_roots_alone(common_path: Path) -> None:
    """What root alone can write is worked by root."""
    database, runs = make(common_path)
    assert user_for(str(database), [str(runs)]) is None


def test_the_owners_alone(common_path: Path) -> None:
    """What one user alone can write, beside root, is worked as that user, whatever part of it is theirs."""
    database, runs = make(common_path)
    give(database.parent, GAMES)
    assert user_for(str(database), [str(runs)]) == GAMES


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda home: (home / "arco.db").chmod(0o664), "arco.db can be written by its group"),
        (lambda home: (home / "arco.db").chmod(0o646), "arco.db can be written by everybody"),
        (lambda home: (home / "arco.db-wal").symlink_to(home.parent / "free" / "wal"), "free can be written by every"),
        (lambda home: (home / "arco.db.runs").chmod(0o770), "arco.db.runs can be written by its group"),
        (lambda home: home.chmod(0o777), "data can be written by everybody"),
        (lambda home: give(home / "arco.db.runs", GAMES), "arco.db.runs belongs to games"),
        (lambda home: (give(home, GAMES), os.chown(home / "arco.db.runs", 7, 7)), "arco.db.runs belongs to"),
    ],
)
def test_refused(common_path: Path, change: object, words: str) -> None:
    """What anybody else can write, or put another in its place, is refused with every finding."""
    database, runs = make(common_path)
    (common_path / "free").mkdir()
    (common_path / "free").chmod(0o777)
    (common_path / "free" / "wal").write_text("")
    change(database.parent)  # type: ignore[operator]
    with pytest.raises(CannotStart, match=r"^a worker that is root refuses this database: ") as error:
        user_for(str(database), [str(runs)])
    assert words in str(error.value)


def test_a_sticky_folder_above_is_no_hole(common_path: Path) -> None:
    """Where everybody can write, but not replace what belongs to another (as in the system's temporary folder)."""
    database, runs = make(common_path)
    common_path.chmod(0o1777)
    assert user_for(str(database), [str(runs)]) is None
    common_path.chmod(0o777)
    assert writers(str(database)) == [f"{common_path} can be written by everybody"]


def test_environment_files(common_path: Path) -> None:
    """A root worker reads no environment file that another can write."""
    make(common_path)
    file = common_path / "data" / "secrets"
    file.write_text("A=1\n")
    file.chmod(0o600)
    assert read_file(str(file)) == {"A": "1"}
    file.chmod(0o620)
    with pytest.raises(NotStarted, match=r"a worker that is root refuses the environment file .*written by its group"):
        read_file(str(file))
    file.chmod(0o600)
    os.chown(file, GAMES, 0)
    with pytest.raises(NotStarted, match="belongs to games"):
        read_file(str(file))


def test_becoming_the_owner(common_path: Path) -> None:
    """A worker that became the owner runs commands as the owner alone, and cannot go back."""
    _, runs = make(common_path)
    give(runs, GAMES)
    answer = python(f"""
from arco_sched.core.executor import *
from arco_sched.execution import logs, rights
from arco_sched.execution.local import LocalExecutor
import time
environment = rights.become({GAMES}, {{"PATH": "/usr/bin:/bin", "HOME": "/root"}})
executor = LocalExecutor({str(runs)!r}, "s", worker_environment=environment)
command = Command(command="id -un; id -Gn; echo $HOME $USER; pwd", working_directory="/")
one = AttemptId("r", 1, executor.place())
executor.submit(Attempt(run_id="r", attempt=1, place=one.place, command=command))
while outcome(executor.poll([one])[0]) is None:
    time.sleep(0.005)
print(logs.text(logs.tail(executor.log(one), 9)), end="")
try:
    executor.submit(Attempt(run_id="s", attempt=1, place=one.place, command=Command(command="true", run_as="root")))
except NotStarted as error:
    print(error)
try:
    os.setuid(0)
except OSError as error:
    print(error.strerror)
""")
    home = pwd.getpwuid(GAMES).pw_dir
    assert answer == (
        f"games\ngames\n{home} games\n/\ncan't run as root: only a worker that is root can\nOperation not permitted\n"
    )
