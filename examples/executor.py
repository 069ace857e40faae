"""An executor of your own, for runs in the pool `external`, which no worker takes. An example to start from.

    python examples/executor.py [DATABASE]                    in a checkout
    python -m arco_sched.examples.executor [DATABASE]         with the package installed

Each call executes the requested runs, oldest first, and records how every attempt begins and ends, so that `arco runs
list`, retries and `--on-failure` know of it. DATABASE defaults to $ARCO_DB. cron can call it every minute: while one
call is at work, another exits at once. It needs `flock`, so Linux or macOS.

What it promises: a run has one attempt at a time, and each attempt's command begins at most once, because its start is
recorded first. If the executor is killed, the next call records the attempt as failed once nothing of it is left, and
`--retries` decides whether it's tried again. A command that must not do its work twice can check by ARCO_RUN_KEY.

What it leaves out: it executes one run at a time, keeps no output (that goes to its own stdout), doesn't cancel what is
running, and ignores overlap, `--run-as` and `--env-file`.
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
"""The exit code of a command that took too long, as with timeout(1)."""


def now() -> int:
    """The clock in whole seconds, as the library takes it."""
    return int(time.time())


def alone(database: Path) -> int | None:
    """A lock that no other call holds, or None if one does.

    The commands inherit it: while anything of a killed call is alive, no other call begins.
    """
    lock = os.open(f"{database}.executor", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def runs(workspace: Workspace, status: RunStatus) -> Iterator[RunLife]:
    """The runs of the pool with this status, oldest request first."""
    found = workspace.walk(workspace.run_lives, status=status, now=now())
    return reversed([each for each in found if each.request.policy.pool == POOL])


def give_up_lost(workspace: Workspace, me: str) -> None:
    """Record that the attempts of an earlier call failed: since the lock was free, nothing of them is left."""
    for each in runs(workspace, "running"):
        last = each.state.attempt
        if last is not None and (last.external_id or "").startswith(me):
            workspace.fail_run(each.run.run_id, attempt=last.number, message="its executor was ended", now=now())
            print(f"{each.run.run_key}: attempt {last.number} was lost", flush=True)


def execute(workspace: Workspace, each: RunLife, me: str, lock: int) -> None:
    """Execute one attempt of a run, and record how it begins and ends."""
    run = each.run
    if each.waiting_for != "external":  # it waits for its spread or for a retry
        return
    if run.content.command is None:
        print(f"{run.run_key}: no command, left alone", flush=True)
        return
    try:
        # The id names this attempt: recording the same start again would change nothing.
        started = workspace.start_run(run.run_id, external_id=f"{me}{time.time_ns()}", now=now())
    except Conflict:  # it's too late, or another executor was first
        return
    attempt = started.runs[0].state.attempts
    print(f"{run.run_key}: attempt {attempt}: {run.content.command}", flush=True)
    code, message = call(each, attempt, lock)
    workspace.finish_run(run.run_id, attempt=attempt, exit_code=code, message=message, now=now())
    if code:
        print(f"{run.run_key}: exit {code}{f', {message}' if message else ''}", flush=True)


def call(each: RunLife, attempt: int, lock: int) -> tuple[int, str | None]:
    """Run the command; returns its exit code, and a message if the code doesn't say enough.

    The command line comes from whoever defined the schedule and goes to the shell unchanged. Nothing else of the
    request becomes part of it: other fields go into the environment.
    """
    content = each.run.content
    assert content.command is not None  # noqa: S101 - the caller has checked
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
    """Execute the runs that are requested now."""
    lock = alone(database)
    if lock is None:
        return
    me = f"{socket.gethostname()}:"
    with Workspace.open(database) as workspace:
        give_up_lost(workspace, me)
        for each in runs(workspace, "requested"):
            execute(workspace, each, me, lock)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Execute the requested runs of the pool `external`.")
    parser.add_argument("database", nargs="?", default=os.environ.get("ARCO_DB"), help="default: $ARCO_DB")
    given = parser.parse_args()
    if not given.database:
        parser.error("name a database, or set ARCO_DB")
    try:
        main(Path(given.database))
    except ArcoError as problem:
        sys.exit(f"executor: {problem}")
