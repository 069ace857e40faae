"""Dagster's part, run in an environment of its own: `python dagster_peer.py FOLDER INSTANT [EXPECTED_RUNS]`.

One iteration of its scheduler daemon at an instant, by the daemon's own function, on its own SQLite storage in FOLDER.
The runs that the schedules request are created and queued, which is where Dagster's request ends; none is executed.
The first iteration on a new storage takes note of the schedules, each later one evaluates them.
"""

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

import dagster._daemon.daemon  # noqa: F401 (its scheduler can't be imported before it)
from dagster import DagsterInstance
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.load_target import PythonFileTarget
from dagster._scheduler.scheduler import launch_scheduled_runs

folder, instant = Path(sys.argv[1]), int(sys.argv[2])
definitions = Path(__file__).with_name("dagster_definitions.py")
folder.mkdir(parents=True, exist_ok=True)
queue = "run_coordinator:\n  module: dagster._core.run_coordinator\n  class: QueuedRunCoordinator\n"
(folder / "dagster.yaml").write_text(queue + "telemetry:\n  enabled: false\n", "utf-8")
target = PythonFileTarget(str(definitions), attribute=None, working_directory=None, location_name="peer")
log = logging.getLogger("peer")
with (
    DagsterInstance.from_config(str(folder)) as instance,
    create_test_daemon_workspace_context(target, instance) as context,
):
    for _ in launch_scheduled_runs(context, log, datetime.fromtimestamp(instant, UTC), {}):
        pass
    found = instance.get_runs_count()
    if len(sys.argv) > 3 and found != int(sys.argv[3]):
        raise SystemExit(f"{found} runs, not {sys.argv[3]}")
