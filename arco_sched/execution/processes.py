"""The processes of this machine, as /proc shows them (Linux): who lives, since when, and of which attempt."""

import contextlib
import os
import signal
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

_DEAD: Final = frozenset({"Z", "X", "x"})
_ENOUGH: Final = 1 << 21
"""More than the kernel allows an environment to have by default, in bytes."""


TICKS: Final = os.sysconf("SC_CLK_TCK")
"""Clock ticks of a second, in which /proc gives the start of a process."""


class Seen(NamedTuple):
    """A process that lived at a moment, in clock ticks since the boot: who has its pid and started later is another."""

    pid: int
    at: int


class Process(NamedTuple):
    """A process. `start`: clock ticks from the boot to its start; together with `pid` it names one process alone."""

    pid: int
    start: int
    parent: int
    group: int
    session: int
    alive: bool

    def is_same(self, seen: Seen) -> bool:
        """Whether it is the process that was seen."""
        return self.pid == seen.pid and self.start <= seen.at


class Mark(NamedTuple):
    """What the environment of a process says of its attempt."""

    store_id: str
    run_id: str
    attempt: str


def uptime() -> float:
    """Seconds since the boot, sleep included, from /proc/uptime: the clock that supervisors read too (10 ms)."""
    with open("/proc/uptime", "rb") as file:
        return float(file.read().split(b" ", 1)[0])


@lru_cache(maxsize=1)
def boot() -> str:
    """The id of this boot. Containers on one machine share it."""
    with open("/proc/sys/kernel/random/boot_id", "rb") as file:
        return file.read().decode().strip()


def place(store_id: str) -> str:
    """Where an attempt of a store is started: in this boot, for this database and no copy of it."""
    return f"{boot()}/{store_id}"


@lru_cache(maxsize=1)
def pid_namespace() -> str:
    """The pid namespace of this process: a number given again once the namespace is gone, so with its init's start."""
    number = os.readlink("/proc/self/ns/pid").strip("pid:[]")
    init = process(1)
    return f"{number}-{init.start if init else 0}"


def process(pid: int) -> Process | None:
    """The process `pid`, or None if there is none (or it is hidden)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return None
    # The name of the program may contain anything, `) ` too: the numbers begin behind the last one.
    fields = text[text.rindex(b")") + 2 :].split(b" ", 20)
    return Process(
        pid=pid,
        start=int(fields[19]),
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        alive=fields[0].decode() not in _DEAD,
    )


def processes() -> dict[int, Process]:
    """Every process that lives now (no zombies), by pid."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (one := process(int(name))) is not None and one.alive:
            found[one.pid] = one
    return found


def mark(pid: int) -> Mark | None:
    """The attempt that the environment of a process names; None if it names none or may not be read."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            text = b"\0" + file.read(_ENOUGH)
    except OSError:
        return None
    values = []
    for name in (b"\0ARCO_STORE_ID=", b"\0ARCO_RUN_ID=", b"\0ARCO_ATTEMPT="):
        _, found, rest = text.partition(name)
        if not found:
            return None
        values.append(rest.partition(b"\0")[0].decode(errors="replace"))
    return Mark(*values)


def marks(pids: Iterable[int]) -> dict[Mark, set[int]]:
    """Which of these processes carry the mark of which attempt."""
    found: dict[Mark, set[int]] = {}
    for pid in pids:
        if (one := mark(pid)) is not None:
            found.setdefault(one, set()).add(pid)
    return found


def descendants(children: dict[int, list[int]], roots: Iterable[int]) -> set[int]:
    """The roots, and all that descend from them; `children` of each living process, by pid."""
    found: set[int] = set()
    open_ends = list(roots)
    while open_ends:
        pid = open_ends.pop()
        if pid not in found:
            found.add(pid)
            open_ends.extend(children.get(pid, ()))
    return found


def holding(path: str, pids: Iterable[int]) -> set[int]:
    """Which of these processes have the file open, as far as this process may see."""
    found = set()
    for pid in pids:
        folder = f"/proc/{pid}/fd"
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            try:
                if os.readlink(f"{folder}/{name}") == path:
                    found.add(pid)
                    break
            except OSError:
                continue
    return found


def send(target: Process, number: int) -> bool:
    """Send a signal to exactly this process; False where it lives no more (another may have its pid) or may not be.

    A stopped process is continued, or it would never see the signal.
    """
    try:
        descriptor = os.pidfd_open(target.pid)
    except OSError:
        return False
    try:
        # Opened first, compared afterwards: from here on the descriptor names the process that was looked at.
        now = process(target.pid)
        if now is None or now.start != target.start or not now.alive:
            return False
        signal.pidfd_send_signal(descriptor, number)
        if number != signal.SIGKILL:
            # It may have ended by the first signal: that one reached it all the same.
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(descriptor, signal.SIGCONT)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
