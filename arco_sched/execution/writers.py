"""Who can write or replace a file. Imports little, since root's cron line pays for it every minute."""

from __future__ import annotations

import os
import pwd
import stat


def writers(path: str, allowed: int = 0) -> list[str]:
    """Who but root and `allowed` can write a file or folder, or put another in its place: a sentence for each finding.

    Looks at the path, its links resolved, and every folder above it. A folder that everybody can write but where only
    owners can remove (sticky) is no finding above the path. What does not exist is none, what is above it may be.
    """
    found = []
    real = os.path.realpath(path)
    current = real
    while True:
        try:
            status = os.lstat(current)
        except FileNotFoundError:
            pass
        else:
            found += _finding(current, status, allowed, itself=current == real)
        above = os.path.dirname(current)
        if above == current:
            return found
        current = above


def _finding(path: str, status: os.stat_result, allowed: int, *, itself: bool) -> list[str]:
    if status.st_uid not in {0, allowed}:
        return [f"{path} belongs to {name(status.st_uid)}"]
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and (itself or not status.st_mode & stat.S_ISVTX):
        who = "everybody" if status.st_mode & stat.S_IWOTH else "its group"
        return [f"{path} can be written by {who}"]
    return []


def name(uid: int) -> str:
    """The name of a user, or `user UID` if it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
