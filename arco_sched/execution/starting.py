"""Start a supervisor: what it inherits from the worker, and what it must not inherit."""

import errno
import fcntl
import os
import signal
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from arco_sched.core.executor import CannotStart, NotStarted

LOCK: Final = 3
LOG: Final = 4
_ABOVE: Final = 10
"""Descriptors are copied from here on, so that none is overwritten before it is copied to its place."""


@lru_cache(maxsize=1)
def _signals() -> tuple[int, ...]:
    """The signals that can have an action. Ignored ones are inherited through exec: with SIGCHLD ignored in the worker,
    no shell below it learns an exit code."""
    return tuple(sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}))


def _inheritable() -> list[int]:
    """Open descriptors that a new process would inherit unasked, such as a pipe whose reader waits for its end."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        try:
            if descriptor > LOG and os.get_inheritable(descriptor):
                found.append(descriptor)
        except OSError:
            continue
    return found


def spawn(arguments: list[str], environment: Mapping[bytes, bytes], *, lock: int, log: int) -> int:
    """Start a supervisor in a session of its own, with default signals, nothing blocked and stdin empty; its pid.

    `lock` and `log` become its descriptors 3 and 4; the caller still has to close its own. Raises `CannotStart`, and
    `NotStarted` if the command or environment is longer than the kernel allows.
    """
    copies = []
    try:
        for descriptor in (lock, log):
            copies.append(fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _ABOVE))  # noqa: PERF401 - closed below
        actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            (os.POSIX_SPAWN_DUP2, copies[0], LOCK),
            (os.POSIX_SPAWN_DUP2, copies[1], LOG),
            *((os.POSIX_SPAWN_CLOSE, descriptor) for descriptor in _inheritable()),
        ]
        return os.posix_spawn(
            arguments[0], arguments, environment, file_actions=actions, setsid=True, setsigmask=(), setsigdef=_signals()
        )
    except ValueError as error:
        raise NotStarted(f"the command or its environment can't be passed to a process: {error}") from None
    except OSError as error:
        if error.errno == errno.E2BIG:
            raise NotStarted("the command and its environment are longer than the kernel allows") from None
        raise CannotStart(f"can't start a process: {error.strerror}") from None
    finally:
        for descriptor in copies:
            os.close(descriptor)


def lacking(error: OSError, what: str) -> CannotStart:
    """What the worker lacks, in one line."""
    where = f": {error.filename}" if isinstance(error.filename, str) else ""
    return CannotStart(f"{what}: {error.strerror or error}{where}")
