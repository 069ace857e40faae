"""An executor of your own, for runs in the pool `external`, which no worker takes. An example to start from.

    python examples/executor.py [DATABASE]
    * * * * * python -m arco_sched.examples.executor /var/lib/arco/arco.db

Each call executes what is requested, the oldest first, and records the beginning and the end of every attempt, so
that `arco runs list`, retries and `--on-failure` know of it. DATABASE is $ARCO_DB where it is not given. cron may call
it each minute: while one call works, another one goes at once. Linux and macOS (it needs `flock`).

What it promises: a run has one attempt at a time, and each attempt's command begins at most once, since its beginning
is recorded before. An attempt whose executor was killed is recorded as failed by the next call, once nothing of it is
left; whether it is tried again is for the run's `--retries` to say. A command that must not do its work twice asks by
ARCO_RUN_KEY whether it did.

What it leaves out: one at a time, no output kept (it is this process's own), no cancel of what runs, no `--run-as`, no
`--env-file`.
"""

import argparse
import fcntl
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from arco_sched import ArcoError, Conflict, RunLife, RunStatus, Workspace

POOL = "external"
TIMED_OUT = 124
"""The exit code of a command that took too long, as timeout(1) has it."""


def now() -> int:
    """The clock, as the library takes it."""
    return int(time.time())


def alone(database: Path) -> int | None:
    """A lock that nobody else holds, or None where somebody does.

    The commands inherit it: while anything of a killed call lives, no other call begins.
    """
    lock = os.open(f"{database}.executor", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def runs(workspace: Workspace, status: RunStatus) -> Iterator[RunLife]:
    """The runs of the pool with a status, the oldest request first."""
    found = workspace.walk(workspace.run_lives, status=status, now=now())
    return reversed([each for each in found if each.request.policy.pool == POOL])


def give_up_lost(workspace: Workspace, me: str) -> None:
    """Record that the attempts of an earlier call failed: whoever holds the lock knows that nothing of them is left."""
    for each in runs(workspace, "running"):
        last = each.state.attempt
        if last is not None and (last.external_id or "").startswith(me):
            workspace.fail_run(each.run.run_id, attempt=last.number, message="its executor was ended", now=now())
            print(f"{each.run.run_key}: attempt {last.number} was lost", flush=True)


def execute(workspace: Workspace, each: RunLife, me: str, lock: int) -> None:
    """One attempt of a run, from its beginning to its end."""
    run = each.run
    if each.waiting_for != "external":  # it waits for its spread or for a retry
        return
    if run.content.command is None:
        print(f"{run.run_key}: no command, left alone", flush=True)
        return
    try:
        # The id names this attempt: recording the same beginning again would change nothing.
        started = workspace.start_run(run.run_id, external_id=f"{me}{time.time_ns()}", now=now())
    except Conflict:  # it is too late, or somebody else was first
        return
    attempt = started.runs[0].state.attempts
    print(f"{run.run_key}: attempt {attempt}: {run.content.command}", flush=True)
    code, message = call(each, attempt, lock)
    workspace.finish_run(run.run_id, attempt=attempt, exit_code=code, message=message, now=now())
    if code:
        print(f"{run.run_key}: exit {code}{f', {message}' if message else ''}", flush=True)


def call(each: RunLife, attempt: int, lock: int) -> tuple[int, str | None]:
    """Give the command to its shell; returns the exit code, and a message where there is more to say.

    The command line comes from whoever defined the schedule, and is given to the shell as it is; nothing else of the
    request becomes part of it: other fields go into the environment.
    """
    content = each.run.content
    assert content.command is not None  # noqa: S101 - the caller saw to it
    environment = {**os.environ, **dict(content.environment)}
    environment |= {"ARCO_RUN_ID": each.run.run_id, "ARCO_RUN_KEY": each.run.run_key, "ARCO_ATTEMPT": str(attempt)}
    try:
        done = subprocess.run(  # noqa: S603 (executing it is the point)
            [content.shell or "/bin/sh", "-c", content.command],
            cwd=content.working_directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=each.request.policy.timeout_seconds,
            pass_fds=[lock],
            check=False,
        )
    except subprocess.TimeoutExpired:
        return TIMED_OUT, "it took longer than its timeout"
    except OSError as error:
        return 127, f"not started: {error.strerror}"
    return (done.returncode if done.returncode >= 0 else 128 - done.returncode), None


def main(database: Path) -> None:
    """Execute what is requested now."""
    lock = alone(database)
    if lock is None:
        return
    me = f"{socket.gethostname()}:"
    with Workspace.open(database) as workspace:
        give_up_lost(workspace, me)
        for each in runs(workspace, "requested"):
            execute(workspace, each, me, lock)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Execute what waits in the pool `external`.")
    parser.add_argument("database", nargs="?", default=os.environ.get("ARCO_DB"), help="default: $ARCO_DB")
    given = parser.parse_args()
    if not given.database:
        parser.error("name a database, or set ARCO_DB")
    try:
        main(Path(given.database))
    except ArcoError as problem:
        sys.exit(f"executor: {problem}")
