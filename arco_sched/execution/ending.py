"""Find all processes of an attempt, and end them step by step: nothing here waits."""

import os
import signal
from typing import Final, NamedTuple

from arco_sched.execution import protocol
from arco_sched.execution.processes import Mark, Process, descendants, holding, marks, processes, send

PASSES: Final = 5
"""Rounds of SIGKILL in one step: what forks faster than it is looked for needs more than one."""


class Scene(NamedTuple):
    """The processes that live at one moment: which attempt's mark each carries, its session and group, its children."""

    living: dict[int, Process]
    marked: dict[Mark, set[int]]
    numbered: dict[int, set[int]]
    children: dict[int, list[int]]


def scene() -> Scene:
    """The scene of now: one look for any number of attempts."""
    living = processes()
    numbered: dict[int, set[int]] = {}
    children: dict[int, list[int]] = {}
    for one in living.values():
        numbered.setdefault(one.session, set()).add(one.pid)
        numbered.setdefault(one.group, set()).add(one.pid)
        children.setdefault(one.parent, []).append(one.pid)
    return Scene(living, marks(living), numbered, children)


def _is(living: dict[int, Process], who: tuple[int, int]) -> bool:
    one = living.get(who[0])
    return one is not None and one.start == who[1]


def members(token: protocol.Token, mark: Mark, now: Scene) -> set[int]:
    """Every process of an attempt that lives, without its supervisor and without this process.

    By session and group, by the mark in the environment, and whatever descends from one of these or the supervisor.
    """
    living = now.living
    roots = set(now.marked.get(mark, ()))
    for who in (token.supervisor, token.leader):
        # While a session or group has members its number is not given to a new process. So where another process has
        # the number, ours is over, and those who carry it belong to others.
        if who is not None and (who[0] not in living or _is(living, who)):
            roots.update(pid for pid in now.numbered.get(who[0], ()) if living[pid].start >= who[1])
            roots.update(now.children.get(who[0], ()) if _is(living, who) else ())
    return descendants(now.children, roots) - {os.getpid(), token.supervisor[0] if _is(living, token.supervisor) else 0}


def lives(token: protocol.Token, mark: Mark, log: str, now: Scene) -> bool:
    """Whether anything of an attempt whose supervisor is gone lives: a process, or somebody who has its log open."""
    return bool(members(token, mark, now)) or _log_is_open(log)


def _log_is_open(log: str) -> bool:
    try:
        return protocol.locked(log)
    except FileNotFoundError:
        return False
    except OSError:
        # Not to be seen, so not to be denied.
        return True


class Targets:
    """Remembers who has been asked to end, so that nobody gets a second SIGTERM: to many programs it means at once."""

    def __init__(self) -> None:
        self._asked: dict[str, set[tuple[int, int]]] = {}

    def find(
        self, name: str, token: protocol.Token, mark: Mark, log: str, now: Scene, *, supervised: bool
    ) -> tuple[set[int], bool]:
        """The processes of an attempt to be ended, and whether there is one more that has its log open, but hides.

        Those that only their open log betrays are looked for last.
        """
        found = members(token, mark, now)
        if found or supervised:
            return found, False
        if _log_is_open(log):
            found = holding(os.path.realpath(log), now.living) - {os.getpid()}
            return found, not found
        self._asked.pop(name, None)
        return found, False

    def end(self, name: str, found: set[int], now: Scene, *, force: bool) -> bool:
        """Send SIGTERM to those of `found` that have not had it, or SIGKILL to all; whether it reached anybody."""
        asked = self._asked.setdefault(name, set())
        reached = False
        for pid in sorted(found):
            target = now.living[pid]
            if force:
                reached |= send(target, signal.SIGKILL)
            elif (target.pid, target.start) not in asked and send(target, signal.SIGTERM):
                asked.add((target.pid, target.start))
                reached = True
        return reached

    def forget(self, name: str) -> None:
        """Forget an attempt that is over."""
        self._asked.pop(name, None)


def wake(token: protocol.Token, now: Scene) -> None:
    """Continue a supervisor that somebody stopped: it has an end to write."""
    if _is(now.living, token.supervisor):
        send(now.living[token.supervisor[0]], signal.SIGCONT)
