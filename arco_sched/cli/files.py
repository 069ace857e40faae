"""Files that a command writes besides its answer: whole or not there at all."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from arco_sched.core.errors import InvalidInput


def write_whole(target: str, text: str, what: str) -> None:
    """Write a text file, or replace it, so that whoever reads it sees all of the old or all of the new.

    A link stays, and the file behind it is replaced; it keeps its mode, and its owner where that is permitted. A device
    or a pipe is written to. Raises `InvalidInput`, which begins with `what`, where it can't be written; a file that was
    there is then as it was.
    """
    try:
        _write(target, text.encode())
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise InvalidInput(f"{what} {target}: it can't be written, {error.strerror}") from None


def _write(target: str, content: bytes) -> None:
    found, descriptor = _behind(target)
    if descriptor is not None:
        _write_to(os.dup(descriptor), content)
        return
    there = _status(found)
    if there is None or stat.S_ISREG(there.st_mode):
        _replace(found, content, there)
    else:  # `open` says that a folder or a socket can't be written
        _write_to(os.open(found, os.O_WRONLY | os.O_CLOEXEC | os.O_NOCTTY), content)


def _behind(target: str) -> tuple[Path, int | None]:
    """What a chain of links leads to, and the descriptor of this process where that is one, as in `/dev/stdout`."""
    path = Path.cwd() / target
    for _ in range(40):  # as many as the kernel follows
        path = Path(os.path.realpath(path.parent)) / path.name  # `resolve` raises where links go in a circle
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
    # The name does not end like the target's, so that a collector of `*.prom` never picks up half of it.
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
    """Let a new file have the owner and the mode of the one that it replaces."""
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) != (there.st_uid, there.st_gid):
        with suppress(PermissionError):  # whoever may write the folder may replace the file, and owns it then
            os.fchown(descriptor, there.st_uid, there.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(there.st_mode))
