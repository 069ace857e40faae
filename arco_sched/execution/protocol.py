"""The files of an attempt, through which its supervisor and every worker, now and later, tell each other what is so.

    DB.runs/identity                    the id of the store that the folder belongs to
    DB.runs/attempts/RUN.ATTEMPT/lock   locked as long as the supervisor lives; empty
                                token   created by exclusion: who creates it may begin. Then a line for each step:
                                        PID UPTIME BOOT NAMESPACE .  the supervisor, and a moment at which it lived
                                        about JSON .                 what the worker notes of the attempt
                                        leader PID UPTIME .          the process that becomes the command
                                        begun UPTIME .               right before it does; or `refused WHY .`
                                        end CODE UPTIME .            it ended; `end none 0 .`: it never began;
                                                                     `end void UPTIME .`: nobody may begin it
                                begun   the third of them, where the command runs as another user, who could write it
                                ending  REASON UPTIME NOW .          before the first signal
                                log     the output (or in a folder of its own), locked as long as anything has it open

What counts ends with a dot: a line without one was cut off, and says nothing. Nothing but the identity is synced to the
disk: after a power cut it is another boot, and an attempt that has no end then is lost. Its end, once a worker saw it,
is in the database.
"""

import contextlib
import fcntl
import json
import os
import re
import struct
from typing import Final, NamedTuple

from arco_sched.execution.processes import TICKS, Seen

NO_ROOM: Final = 99
"""The exit code of a supervisor's child that could not write down that it begins."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,200}", re.ASCII)
_FLOCK: Final = struct.Struct("hhqqi0q")
_QUERY: Final = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
_TEXT: Final = 1 << 17
"""More bytes than any of these files has."""
REFUSED: Final = {
    "directory": "no such working directory: {directory}",
    "enter": "its user can't enter the working directory: {directory}",
    "shell": "no such shell, or not executable: {shell}",
}


class End(NamedTuple):
    """How an attempt ended. `code` None: its command never began. `uptime` in seconds since the boot.

    `void`: a worker took the token, so that nobody begins an attempt that is canceled.
    """

    code: int | None
    uptime: float
    void: bool = False


class About(NamedTuple):
    """What the worker that submitted an attempt notes of it, for those who come later; empty texts where it did not.

    `log` is the path of the output, `user` the name of whom the command runs as, `spool` the folder of an engine.
    """

    log: str = ""
    directory: str = ""
    shell: str = ""
    user: str = ""
    spool: str = ""


class Token(NamedTuple):
    """Who began an attempt, where, and how far it came: the supervisor, the process that becomes the command, its end.

    `about`: what the worker noted. `begun`: seconds from the boot to when the command began; `refused`: why it did not.
    Of these two at most one is set.
    """

    supervisor: Seen
    boot: str
    namespace: str
    about: About
    leader: Seen | None
    begun: float | None
    refused: str | None
    end: End | None

    def never_began(self) -> bool:
        """Whether the supervisor said that it lacked what it takes to begin: the same attempt may begin again."""
        if self.end is None or self.end.void or self.begun is not None or self.refused is not None:
            return False
        return self.end.code is None or self.end.code == NO_ROOM


class Signalled(NamedTuple):
    """The first signal to an attempt: what for, and when, by the supervisors' clock and the worker's (seconds)."""

    reason: str
    uptime: float
    now: float


def name_of(run_id: str, attempt: int) -> str:
    """The name of an attempt's folder. Raises `ValueError` for a run id that can't be part of a file's name."""
    if not _NAME.fullmatch(run_id):
        raise ValueError(f"{run_id!r} can't name a folder")
    return f"{run_id}.{attempt}"


def lock(descriptor: int) -> bool:
    """Take the lock of an open file, for all who have or inherit this open file; False where someone else has it.

    It is free again when the last of them has closed the file or ended.
    """
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _QUERY)
    except BlockingIOError:
        return False
    except PermissionError:
        return False
    return True


def locked(path: str) -> bool:
    """Whether somebody holds the lock of a file; asked without taking it, so that askers don't see each other.

    Raises `FileNotFoundError`, and `OSError` if the file may not be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _QUERY)
    finally:
        os.close(descriptor)
    return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)


def is_locked(path: str) -> bool:
    """As `locked`; False where there is no such file."""
    try:
        return locked(path)
    except FileNotFoundError:
        return False


def read(path: str) -> str:
    """The text of one of these files; empty if there is none. Raises `OSError` if it may not be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return ""
    try:
        return os.read(descriptor, _TEXT).decode(errors="replace")
    finally:
        os.close(descriptor)


def place_text(boot: str, namespace: str) -> str:
    """The part of the token's first line that says where the supervisor lives."""
    return f"{boot} {namespace} ."


def log_path(folder: str) -> str:
    """The path of an attempt's output, whether it exists or not."""
    return read_about(folder)["log"] or f"{folder}/log"


def read_token(folder: str) -> Token | None:
    """The token of an attempt; None if nobody has begun it.

    An empty or broken one counts as none: its supervisor ended before it began anything. (Ask for the lock first.)
    """
    lines = read(f"{folder}/token").split("\n")
    about = _about(lines[1]) if len(lines) > 1 else None
    match lines[0].split(" "):
        case [pid, uptime, boot, namespace, "."] if about is not None and (supervisor := _seen(pid, uptime)):
            pass
        case _:
            return None
    leader, begun, refused, end = None, None, None, None
    for line in lines[2:]:
        match line.split(" "):
            case ["leader", number, lived, "."]:
                leader = _seen(number, lived)
            case ["end", "none", _, "."]:
                end = End(None, 0.0)
            case ["end", "void", uptime, "."]:
                end = End(None, _number(uptime) or 0.0, void=True)
            case ["end", code, uptime, "."] if code.isdigit():
                end = End(int(code), _number(uptime) or 0.0)
            case words:
                begun, refused = _step(words, begun, refused)
    if begun is None and refused is None:
        # The user that the command runs as could write here: nothing but a time and a known word is taken from it.
        begun, refused = _step(read(f"{folder}/begun").split(), begun, refused)
    return Token(supervisor, boot, namespace, about, leader, begun, refused, end)


def about_text(about: About) -> str:
    """What the worker notes, as written in the token."""
    return json.dumps(about._asdict())


def _about(line: str) -> About | None:
    if not (line.startswith("about {") and line.endswith("} .")):
        return None
    try:
        return About(**json.loads(line.removeprefix("about ").removesuffix(" .")))
    except (ValueError, TypeError):
        return None


def _seen(pid: str, uptime: str) -> Seen | None:
    at = _number(uptime)
    return None if at is None or not pid.isdigit() else Seen(int(pid), round(at * TICKS))


def _step(words: list[str], begun: float | None, refused: str | None) -> tuple[float | None, str | None]:
    match words:
        case ["begun", uptime, ".", *_]:
            return _number(uptime), None
        case ["refused", why, ".", *_] if why in REFUSED:
            return None, why
        case _:
            return begun, refused


def take_token(folder: str, place: str, uptime: float) -> None:
    """Take the token of an attempt that has none that counts, so that nobody begins it.

    The caller holds the attempt's lock. Raises `OSError`.
    """
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{folder}/token")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(f"{folder}/token", flags, 0o600)
    try:
        os.write(descriptor, f"0 0 {place}\nabout {about_text(About())} .\nend void {uptime:.2f} .\n".encode())
    finally:
        os.close(descriptor)


def open_lock(folder: str) -> tuple[int, bool]:
    """The open lock of an attempt, made with its folder if they are not there, and whether the folder is new.

    Raises `OSError`.
    """
    try:
        os.mkdir(folder, 0o700)
        new = True
    except FileExistsError:
        new = False
    return os.open(f"{folder}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), new


def read_ending(folder: str) -> Signalled | None:
    """Why and when an attempt was first signaled; None if it never was."""
    match read(f"{folder}/ending").split():
        case ["canceled" | "timed-out" as reason, uptime, now, "."]:
            return Signalled(reason, _number(uptime) or 0.0, _number(now) or 0.0)
        case _:
            return None


def write_ending(folder: str, ending: Signalled) -> None:
    """Write down that an attempt is about to be signaled for the first time. Raises `OSError`."""
    path = f"{folder}/ending"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.write(descriptor, f"{ending.reason} {ending.uptime:.2f} {ending.now:.3f} .\n".encode())
    finally:
        os.close(descriptor)


def write_about(descriptor: int, about: dict[str, str]) -> None:
    """Note in the open `lock` of an attempt that gets no token here what others need to know of it: `About`."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(about).encode(), 0)


def read_about(folder: str) -> dict[str, str]:
    """What the worker that submitted an attempt noted of it (`About`); empty texts where it noted nothing."""
    try:
        token = read_token(folder)
        about = token.about._asdict() if token is not None else json.loads(read(f"{folder}/lock") or "{}")
    except (OSError, ValueError):
        about = {}
    return {key: str(about.get(key, "")) for key in About._fields}


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", text, re.ASCII) else None
