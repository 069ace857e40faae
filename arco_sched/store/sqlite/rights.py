"""Why a user may not write a database: which file it is, whose, and what to do about it."""

import os
import stat
from pathlib import Path


def problem(path: Path | str) -> str:
    """What follows the name of a database that can't be opened or written."""
    real = Path(os.path.realpath(path))
    folder = real.parent
    if _is_read_only(folder):
        return "can't be written: its file system is mounted read-only"
    if not os.access(real, os.R_OK):
        return f"can't be opened: {_whose(real)}, and this user may not read it"
    if not os.access(real, os.W_OK):
        return f"can't be written: {_whose(real)}, and this user may only read it"
    for log in (Path(f"{real}-wal"), Path(f"{real}-shm")):
        if log.exists() and not os.access(log, os.W_OK):
            return (
                f"can't be written: {log} next to it {_whose(log, said=False)}, and this user may not write it: "
                f"as root, run `chown --reference={real} {real}-*`, and `chmod` likewise"
            )
    if not os.access(folder, os.W_OK | os.X_OK):
        whose = _whose(folder, said=False)
        return f"can't be written: its folder {folder} {whose}, and this user may not create files there"
    return "can't be opened or written: check the permissions of the file and its folder"


def _is_read_only(folder: Path) -> bool:
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _whose(path: Path, *, said: bool = True) -> str:
    """To whom a file belongs, with its mode."""
    try:
        there = path.stat()
    except OSError as error:
        return f"{'it' if said else ''} can't be looked at ({error.strerror})".strip()
    owner = f"belongs to {_user(there.st_uid)}:{_group(there.st_gid)}, mode {stat.S_IMODE(there.st_mode):o}"
    return f"it {owner}" if said else owner


def _user(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    import grp

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
