"""What the command line calls the fields and arguments that the core names as Python and JSON do."""

import re
from typing import Final

from arco_sched.core.problems import Names

IRREGULAR: Final = {
    "cron_expression": "--cron",
    "timezone": "--tz",
    "max_catchup_ticks": "--max-catchup",
    "asset_selection": "--asset",
    "partition_selection": "--partition",
    "labels": "--label",
    "start_at": "--start",
    "end_at": "--end",
    "enabled": "--disabled",
    "working_directory": "--workdir",
    "environment": "--env",
    "environment_file": "--env-file",
    "excluded_days": "--exclude",
    "resources": "--resource",
    "max_retries": "--retries",
    "retry_exit_codes": "--retry-on",
    # Arguments of `Workspace` that are no fields.
    "start": "--from",
    "stop": "--to",
    "type_": "--type",
    "name": "--workspace",
}
"""The options whose names do not follow from the rule of `option_of`."""


def option_of(name: str) -> str:
    """The option of a field or an argument: `retry_delay_seconds` is `--retry-delay`.

    Dashes for underlines, and no unit, since the value has one. What is no such name (an option, `ARCO_NOW`) stays.
    """
    if re.fullmatch(r"[a-z][a-z_]*", name) is None:
        return name
    bare = name.removesuffix("_minutes").removesuffix("_seconds").replace("_", "-")
    return IRREGULAR.get(name) or f"--{bare}"


HINTS: Final = {
    "create": "create one with `arco init` or `arco schedule create` (or choose another with --db or ARCO_DB)",
    "another": "choose another file with --db or ARCO_DB",
    "create_schedule": "`arco schedule create {schedule_id}` recreates it",
    "update_schedule": "change it with `arco schedule update {schedule_id}`",
    "schedules": "see `arco schedule list`",
    "versions": "see `arco schedule versions {schedule_id}`, then try again",
    "runs": "see `arco runs list`",
    "runs_of": "see `arco runs list --schedule {schedule_id}`",
    "cancel": "`arco runs cancel {run_id}` cancels it",
    "waiting_runs": "`arco runs cancel --schedule {schedule_id} --status requested` cancels them",
    "ticks": "see `arco ticks list`",
    "fingerprints": "`arco runs show {run_id}` shows both fingerprints",
    "force": "`arco runs retry {run_id} --force` repeats it",
    "timeline": "give a shorter time, or see `arco timeline {schedule_id}`",
    "replace": "choose another file, or replace it with --replace",
    "busy": "try again, or wait longer with --busy-timeout SECONDS",
    "verify": "run `arco verify` to see where",
    "restore": "see `arco verify`, and restore a backup",
}
"""What to do about an error; the keys are those of `arco_sched.core.problems.HINTS`."""

OPTIONS: Final = Names(option_of, entry="{field}", key="{field} key {key!a}", value="{field} {key}", hints=HINTS)
"""The names that the command line has."""
