"""The processes that live at one moment, and which of them belong to an attempt."""

import os
from typing import NamedTuple

from arco_sched.execution import protocol
from arco_sched.execution.processes import Mark, Process, Seen, descendants, marks, processes


class Scene(NamedTuple):
    """The processes that live at one moment: which attempt's mark each carries, its session and group, its children."""

    living: dict[int, Process]
    marked: dict[Mark, set[int]]
    numbered: dict[int, set[int]]
    children: dict[int, list[int]]


def take_scene() -> Scene:
    """The current scene: one look for any number of attempts."""
    living = processes()
    numbered: dict[int, set[int]] = {}
    children: dict[int, list[int]] = {}
    for one in living.values():
        numbered.setdefault(one.session, set()).add(one.pid)
        numbered.setdefault(one.group, set()).add(one.pid)
        children.setdefault(one.parent, []).append(one.pid)
    return Scene(living, marks(living), numbered, children)


def is_there(living: dict[int, Process], who: Seen) -> bool:
    """Whether a process that was seen is among the living."""
    one = living.get(who.pid)
    return one is not None and one.is_same(who)


def members(token: protocol.Token, mark: Mark, now: Scene) -> set[int]:
    """Every living process of an attempt, except its supervisor and this process.

    Found by session and group, by the mark in the environment, and by descent from one of these or the supervisor.
    """
    living = now.living
    roots = set(now.marked.get(mark, ()))
    for who in (token.supervisor, token.leader):
        # While a session or group has members its number is not given to a new process. So where another process has
        # the number, ours is over, and those who carry it belong to others.
        if who is not None and who.pid > 0 and (who.pid not in living or is_there(living, who)):
            others = now.numbered.get(who.pid, ())
            # It was seen before it began anything: what is of its session or group is not older.
            roots.update(pid for pid in others if pid == who.pid or living[pid].start >= who.at)
            roots.update(now.children.get(who.pid, ()) if is_there(living, who) else ())
    return descendants(now.children, roots) - {
        os.getpid(),
        token.supervisor.pid if is_there(living, token.supervisor) else 0,
    }


def lives(token: protocol.Token, mark: Mark, log: str, now: Scene) -> bool:
    """Whether anything lives of an attempt whose supervisor is gone: a process, or one that has its log open."""
    return bool(members(token, mark, now)) or log_is_open(log)


def log_is_open(log: str) -> bool:
    """Whether anybody has the log of an attempt open as the attempt got it."""
    try:
        return protocol.locked(log)
    except FileNotFoundError:
        return False
    except OSError:
        # It can't be read, so it can't be ruled out.
        return True
