"""Files that a command writes besides its answer, completely or not at all."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from arco_sched.core.errors import InvalidInput


def write_whole(target: str, text: str, what: str) -> None:
    """Write or replace a text file atomically: a reader sees all of the old content or all of the new.

    A link stays, and the file behind it is replaced; it keeps its mode, and its owner if that is permitted. A device or
    a pipe is written to directly. Raises `InvalidInput`, which names `what`, if the file can't be written; an existing
    file is then unchanged.
    """
    try:
        _write(target, text.encode())
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise InvalidInput(f"can't write {what} {target}: {error.strerror}") from None


def _write(target: str, content: bytes) -> None:
    found, descriptor = _behind(target)
    if descriptor is not None:
        _write_to(os.dup(descriptor), content)
        return
    there = _status(found)
    if there is None or stat.S_ISREG(there.st_mode):
        _replace(found, content, there)
    else:  # `open` refuses a folder or a socket
        _write_to(os.open(found, os.O_WRONLY | os.O_CLOEXEC | os.O_NOCTTY), content)


def _behind(target: str) -> tuple[Path, int | None]:
    """The end of a chain of links, and the descriptor of this process if it is one, as for `/dev/stdout`."""
    path = Path.cwd() / target
    for _ in range(40):  # as many as the kernel follows
        path = Path(os.path.realpath(path.parent)) / path.name  # `resolve` raises for a loop of links
        if str(path.parent) in {f"/proc/{os.getpid()}/fd", "/dev/fd"} and path.name.isdecimal():
            return path, int(path.name)
        if not path.is_symlink():
            break
        path = path.parent / path.readlink()
    return path, None


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _write_to(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _replace(path: Path, content: bytes, there: os.stat_result | None) -> None:
    # Its name doesn't end like the target's, so that a collector of `*.prom` never picks up half a file.
    part = path.with_name(f".{path.name[:100]}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if there is not None:
                _take_after(descriptor, there)
            os.fsync(descriptor)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _take_after(descriptor: int, there: os.stat_result) -> None:
    """Give a new file the owner and mode of the file that it replaces."""
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) != (there.st_uid, there.st_gid):
        with suppress(PermissionError):  # a user who can write to the folder can replace the file, and then owns it
            os.fchown(descriptor, there.st_uid, there.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(there.st_mode))
