"""The folder `DB.runs/` next to a database: which database it belongs to, and its attempts."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from typing import Final

from arco_sched.execution.protocol import read, read_about

_IDENTITY: Final = "identity"


class NotOurs(Exception):
    """The folder is missing or belongs to another database: nothing in it is ours."""


def create(path: str, store_id: str) -> None:
    """Make the folder, owner-only, for the database with this id; durable when it returns.

    An existing folder changes hands. Raises `OSError`.
    """
    os.makedirs(f"{path}/attempts", mode=0o700, exist_ok=True)
    os.chmod(path, 0o700)
    beside = f"{path}/{_IDENTITY}.{os.getpid()}"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, f"{store_id}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(beside, f"{path}/{_IDENTITY}")
    # The database will record that the folder exists, so the name must survive a power cut.
    for folder in (path, os.path.dirname(os.path.abspath(path))):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def require(path: str, store_id: str) -> None:
    """Raise `NotOurs` unless the folder carries this id, and `OSError` if it can't be read."""
    found = read(f"{path}/{_IDENTITY}")
    if not found:
        raise NotOurs(f"{path} is missing or is not a runs folder")
    if found != f"{store_id}\n":
        raise NotOurs(f"{path} belongs to another database")


@contextlib.contextmanager
def alone(path: str) -> Iterator[bool]:
    """Whether no other process is within such a block for the same folder; also True if there is no folder."""
    try:
        descriptor = os.open(f"{path}/{_IDENTITY}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        yield True
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        got = True
    except OSError:
        got = False
    try:
        yield got
    finally:
        os.close(descriptor)


def has_attempts(path: str) -> bool:
    """Whether there is such a folder with an attempt in it."""
    try:
        return any(True for _ in names(path))
    except FileNotFoundError:
        return False


def names(path: str) -> Iterator[str]:
    """The names of the attempts that have a folder, in any order."""
    with os.scandir(f"{path}/attempts") as entries:
        for entry in entries:
            yield entry.name


def remove(path: str, name: str) -> None:
    """Remove the folder of an attempt, if there is one. Raises `OSError`.

    Only for an attempt that is final: without its token it could begin again.
    """
    spool = read_about(f"{path}/attempts/{name}")["spool"]
    for each in (spool if os.path.basename(spool) == name else "", f"{path}/attempts/{name}"):
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(each)
