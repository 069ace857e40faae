"""What `DB.runs/attempts/` has of attempts that an engine executes: where their output is, and that they are over."""

import contextlib
import errno
import os
from typing import Final

from arco_sched.execution import folder, logs, protocol

_OVER: Final = "over"
"""The file that marks an attempt whose end is recorded: nothing writes to its log from then on."""


class EngineFiles:
    """The files of attempts in the runs folder `path`. `log_limit`: bytes on disk at which a log loses its middle."""

    def __init__(self, path: str, log_limit: int) -> None:
        self.path, self._log_limit = path, log_limit
        self._logs: dict[str, str] = {}

    def home(self, name: str) -> str:
        """The folder of an attempt."""
        return f"{self.path}/attempts/{name}"

    def note(self, name: str, about: dict[str, str]) -> None:
        """Note for later workers, and for readers, where the files of an attempt are. Raises `OSError`."""
        descriptor, _ = protocol.open_lock(self.home(name))
        try:
            protocol.write_about(descriptor, about)
        finally:
            os.close(descriptor)
        self._logs.pop(name, None)

    def log_path(self, name: str) -> str:
        """The path of an attempt's output, whether it exists or not."""
        if name not in self._logs:
            self._logs[name] = protocol.log_path(self.home(name))
        return self._logs[name]

    def tend(self, name: str) -> None:
        """Free the middle of a log that has outgrown the limit."""
        with contextlib.suppress(OSError):
            logs.keep_within(self.log_path(name), self._log_limit, free=_free)

    def settle(self, name: str) -> None:
        """Note that an attempt is over; an empty log is removed."""
        path = self.log_path(name)
        with contextlib.suppress(OSError):
            os.close(os.open(f"{self.home(name)}/{_OVER}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            if os.stat(path).st_size == 0:
                os.unlink(path)
        self._logs.pop(name, None)

    def discard(self, name: str) -> None:
        """Remove the log and the files of an attempt. Raises `OSError`."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.log_path(name))
        folder.remove(self.path, name)
        self._logs.pop(name, None)

    def remove_old_logs(self, before: float) -> int:
        """Remove the logs of attempts that are over, last written before an instant (epoch seconds); returns how
        many."""
        over = (name for name in folder.names(self.path) if os.path.exists(f"{self.home(name)}/{_OVER}"))
        return logs.remove_old(map(protocol.log_path, map(self.home, over)), before=before, in_use=lambda _: False)


def _free(descriptor: int, offset: int, length: int) -> bool:
    """Free a part of a log in place or not at all: whatever appends to it counts bytes, or runs on another machine."""
    if not logs.punch(descriptor, offset, length):
        raise OSError(errno.EOPNOTSUPP, "the file system can't free a part of a file")
    return True
