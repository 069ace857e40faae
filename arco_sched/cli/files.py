"""Files that a command writes besides its answer: whole or not there at all."""

import os
from pathlib import Path

from arco_sched.core.errors import InvalidInput


def write_whole(target: str, text: str, option: str) -> None:
    """Write a text file, or replace it, so that whoever reads it sees all of the old or all of the new.

    Raises `InvalidInput`, and leaves what was there, where it can't be written.
    """
    path = Path(target)
    # The name does not end like the target's, so that a collector of `*.prom` never picks up half of it.
    part = path.with_name(f".{path.name[:100]}.{os.getpid()}.part")
    try:
        if path.is_dir():
            raise IsADirectoryError(21, os.strerror(21))
        try:
            with part.open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise InvalidInput(f"{option} {target}: it can't be written, {error.strerror}") from None
