"""A small executor: reads run requests from `arco`, and runs their commands. An example to start from, not a product.

    python examples/executor.py STATE_FILE

Each call executes what was requested since the last one, oldest first, and remembers the sequence number of the last
event it is done with in STATE_FILE. It needs `arco` on PATH and, unless the database is at its default place, ARCO_DB.

What it promises: every run is started at least once. The number is remembered after a command ended, so a crash between
the two starts that command again. A command that must not run twice can take ARCO_RUN_KEY as its own idempotency key.
What it leaves out: one at a time, no retries, no limits of time. A command that fails is reported and not tried again.
"""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def arco(*arguments: str) -> dict[str, Any]:
    """What an `arco` command answers as JSON."""
    command = ["arco", *arguments, "--json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 (no shell, our own words)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def requests(after: int) -> Iterator[dict[str, Any]]:
    """The `RunRequested` events after a sequence number, oldest first."""
    cursor: str | None = str(after)
    while cursor is not None:
        page = arco("events", "list", "--type", "RunRequested", "--after", cursor)
        yield from page["events"]
        cursor = page["next_cursor"]


def execute(request: dict[str, Any]) -> None:
    """Run the command of one request."""
    if request["conflict"]:
        print(f"{request['run_key']}: conflicts with the run that is there; left alone", flush=True)
        return
    if request["command"] is None:
        print(f"{request['run_key']}: no command", flush=True)
        return
    # The command line comes from whoever defined the schedule. It is split as a shell would, but no shell reads it, and
    # nothing else of the request becomes part of it: other fields go into the environment.
    environment = os.environ | {
        "ARCO_RUN_ID": request["run_id"],
        "ARCO_RUN_KEY": request["run_key"],
        "ARCO_ASSETS": json.dumps(request["asset_selection"]),
        "ARCO_PARTITIONS": json.dumps(request["partition_selection"]),
    }
    print(f"{request['run_key']}: {request['command']}", flush=True)
    try:
        words = shlex.split(request["command"])
        code = subprocess.run(words, env=environment, check=False).returncode  # noqa: S603 (executing it is the point)
    except (OSError, ValueError) as error:
        print(f"{request['run_key']}: not started: {error}", flush=True)
        return
    if code != 0:
        print(f"{request['run_key']}: exit {code}", flush=True)


def main(state: Path) -> None:
    """Execute everything that was requested since the last call."""
    after = int(state.read_text("ascii")) if state.exists() else 0
    for event in requests(after):
        execute(event["payload"])
        # Written beside and moved into place, so that a crash leaves the old number or the new one.
        beside = state.with_name(state.name + ".new")
        beside.write_text(f"{event['seq']}\n", "ascii")
        beside.replace(state)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/executor.py STATE_FILE")
    main(Path(sys.argv[1]))
