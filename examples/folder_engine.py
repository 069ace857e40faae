#!/usr/bin/env python3
"""An engine over a folder, for `arco work --executor program`: a template for a program of your own.

    arco work --executor program --program "python -m arco_sched.examples.folder_engine /srv/engine --slots 4"

docs/engines.md describes the questions. arco starts this program for each of them, writes one JSON document to its
stdin and reads one from its stdout. It needs nothing but Python on Linux. For another engine, keep `main` and `answer`
and write `submit`, `poll`, `cancel` and `logs`.

What it promises, as every such program must: attempts are told apart by `name`, and a command begins at most once,
however often its attempt is submitted. That's what the file `token` is for: whoever creates it may begin. Everything
alive of an attempt holds `lock`; `end` says how it ended.
"""

import argparse
import base64
import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PROTOCOL = 1


def submit(folder: Path, slots: int, one: dict[str, Any]) -> dict[str, Any]:
    """Take an attempt unless it's here already; {"external_id"}, or {"refused": why} if it can never begin."""
    home = folder / one["name"]
    if one["resources"].get("gpus"):
        return {"refused": "this engine has no GPUs"}
    if one["run_as"] is not None:
        return {"refused": "this engine only runs commands as its own user"}
    home.mkdir(mode=0o700, exist_ok=True)
    lock = lock_of(home)
    if lock is not None and not (home / "token").exists():
        write(home / "attempt.json", json.dumps(one))
        # The runner inherits the lock, so the lock isn't free before the runner has ended.
        runner = [
            sys.executable,
            str(Path(__file__).absolute()),
            str(folder),
            "--slots",
            str(slots),
            "--run",
            home.name,
        ]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.Popen([*runner, str(lock)], pass_fds=(lock,), start_new_session=True, **quiet)  # noqa: S603
    if lock is not None:
        os.close(lock)
    return {"external_id": home.name}


def poll(folder: Path, one: dict[str, Any]) -> dict[str, Any]:
    """Where an attempt is; "none" means it never began, and won't unless it's submitted again."""
    home = folder / one["name"]
    lives = is_locked(home)
    # Read these after the lock: its holder writes the end before it releases the lock.
    token, end = read(home / "token"), read(home / "end")
    if end is not None:
        return end
    if token is None:
        return {"state": "waiting" if lives else "none"}
    if not lives:
        return {"state": "lost", "message": "none of its processes is left, and no end was recorded"}
    return {"state": "running", "started_at": token["started_at"], "elapsed_ms": since(token), "host": token["host"]}


def cancel(folder: Path, one: dict[str, Any]) -> dict[str, Any]:
    """Take a step toward its end: SIGTERM, or SIGKILL with `force`. An attempt that hasn't begun never will."""
    home = folder / one["name"]
    home.mkdir(mode=0o700, exist_ok=True)
    if not (home / "canceled").exists():
        write(home / "canceled", json.dumps({"reason": one["reason"]}))
    if create(home / "token", begun(None)):
        write(home / "end", json.dumps({"state": "ended", "canceled": True}))
        return {}
    token = read(home / "token")
    if token is not None and token["pid"] is not None and is_locked(home) and read(home / "end") is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(token["pid"], signal.SIGKILL if one["force"] else signal.SIGTERM)
    return {}


def logs(folder: Path, one: dict[str, Any]) -> dict[str, Any]:
    """The output from `offset` on, at most `limit` bytes; empty if there is no more."""
    try:
        with (folder / one["name"] / "log").open("rb") as log:
            log.seek(one["offset"])
            return {"base64": base64.b64encode(log.read(one["limit"])).decode()}
    except FileNotFoundError:
        return {}


def run(folder: Path, slots: int, name: str) -> None:
    """Wait for a slot, begin the attempt unless it has begun, wait for its end and write it down."""
    home = folder / name
    one = json.loads((home / "attempt.json").read_text())
    with slot(folder, slots):
        environment = {**one["worker_environment"], **one["environment"]}
        directory = one["working_directory"] or os.path.expanduser("~")  # noqa: PTH111
        read_end, write_end = os.pipe()
        log = os.open(home / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        child = os.fork()
        if child == 0:
            # Wait until the token is taken. The lock stays open: the attempt is alive as long as anything of it is.
            os.setsid()
            os.close(write_end)
            if not os.read(read_end, 1):
                os._exit(0)
            for target, descriptor in ((0, os.open(os.devnull, os.O_RDONLY)), (1, log), (2, log)):
                os.dup2(descriptor, target)
            try:
                os.umask(0o022)
                os.chdir(directory)
                os.execve(one["shell"], [one["shell"], "-c", one["command"]], environment)  # noqa: S606
            except OSError as error:
                refused = f"{error.strerror}: {error.filename or one['shell']}"
                write(home / "end", json.dumps({"state": "not-started", "message": refused}))
            os._exit(127)
        token = begun(child)
        if not create(home / "token", token):
            os.close(write_end)
            return
        os.write(write_end, b"x")
        _, status = os.waitpid(child, 0)
    if read(home / "end") is None:
        code = os.waitstatus_to_exitcode(status)
        end = {"state": "ended", "exit_code": code if code >= 0 else 128 - code, "signal": -code if code < 0 else None}
        end |= {"started_at": token["started_at"], "elapsed_ms": since(token), "host": token["host"]}
        # If it was signaled, it is canceled, whatever its exit code.
        write(home / "end", json.dumps(end | {"canceled": (home / "canceled").exists()}))


def begun(pid: int | None) -> dict[str, Any]:
    """The content of a token: who began, when, and where."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"pid": pid, "started_at": now, "boottime": boottime(), "host": os.uname().nodename}


def boottime() -> float:
    """The machine's uptime clock, in seconds; nobody can set it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def since(token: dict[str, Any]) -> int:
    """Milliseconds since an attempt began."""
    return round((boottime() - token["boottime"]) * 1000)


@contextlib.contextmanager
def slot(folder: Path, slots: int) -> Any:
    """Wait for one of the engine's slots, and hold it."""
    paths = [folder / f".slot-{number}" for number in range(slots)]
    while True:
        for path in paths:
            held = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield
                os.close(held)
                return
            os.close(held)
        time.sleep(0.05)


def lock_of(home: Path) -> int | None:
    """The lock of an attempt, or None if something of it is alive."""
    lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def is_locked(home: Path) -> bool:
    """Whether something of an attempt is alive."""
    try:
        lock = os.open(home / "lock", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def create(path: Path, value: dict[str, Any]) -> bool:
    """Create a file with its content in one step; returns False if it exists already."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(value))
    try:
        os.link(beside, path)
    except FileExistsError:
        return False
    finally:
        beside.unlink()
    return True


def write(path: Path, text: str) -> None:
    """Write a file so that no reader sees a part of it."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(text)
    beside.rename(path)


def read(path: Path) -> dict[str, Any] | None:
    """The content of a file, or None if it doesn't exist."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return found


def answer(folder: Path, slots: int, question: dict[str, Any]) -> dict[str, Any]:
    """The answer to a question: for each attempt, what the call's function returns, under the attempt's name."""
    if question["protocol"] != PROTOCOL:
        return {"protocol": PROTOCOL, "error": f"this program only knows protocol {PROTOCOL}"}
    if question["call"] == "capabilities":
        return {"protocol": PROTOCOL, "place": str(folder), "logs": True}
    functions = {"submit": lambda folder, one: submit(folder, slots, one), "poll": poll, "cancel": cancel, "logs": logs}
    ask = functions[question["call"]]
    return {"protocol": PROTOCOL, "attempts": {one["name"]: ask(folder, one) for one in question["attempts"]}}


def main() -> None:
    """Answer one question, or run one attempt."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("folder", type=lambda text: Path(text).absolute(), help="where the engine keeps its attempts")
    parser.add_argument("--slots", type=int, default=2, metavar="N", help="how many attempts run at once (2)")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if given.run is not None:
        run(given.folder, given.slots, given.run[0])
    else:
        json.dump(answer(given.folder, given.slots, json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
