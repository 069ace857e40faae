"""What an attempt executes, from the run that was requested."""

import json

from arco_sched.core.cron import load_zone
from arco_sched.core.errors import InvalidInput
from arco_sched.core.executor import Command
from arco_sched.core.history import Run
from arco_sched.core.instants import format_instant, format_local
from arco_sched.core.runs import Request


def command_of(run: Run) -> Command:
    """The command of a run, from its content."""
    content = run.content
    return Command(
        command=content.command or "",
        shell=content.shell or "/bin/sh",
        working_directory=content.working_directory,
        environment=content.environment,
        environment_file=content.environment_file,
        run_as=content.run_as,
    )


def variables_of(
    run: Run, request: Request, *, version: int | None, timezone: str | None
) -> tuple[tuple[str, str], ...]:
    """The `ARCO_…` variables that tell a command which run it is; those that don't apply are left out.

    `version` is the definition version that requested the run, `timezone` the schedule's.
    """
    values = {
        "ARCO_RUN_KEY": run.run_key,
        "ARCO_SCHEDULE_ID": request.schedule_id,
        "ARCO_TICK_ID": run.tick_id,
        "ARCO_CODE_VERSION": run.code_version,
        "ARCO_DEFINITION_VERSION": None if version is None else str(version),
        "ARCO_ASSETS": json.dumps(run.content.asset_selection) if run.content.asset_selection else None,
        "ARCO_PARTITIONS": json.dumps(run.content.partition_selection) if run.content.partition_selection else None,
    }
    if request.scheduled_for is not None:
        values["ARCO_SCHEDULED_FOR"] = format_instant(request.scheduled_for)
        values["ARCO_SCHEDULED_FOR_LOCAL"] = format_local(
            request.scheduled_for, _offset(request.scheduled_for, timezone)
        )
    return tuple((name, value) for name, value in values.items() if value is not None)


def _offset(at: int, timezone: str | None) -> int:
    """The offset of the schedule's clock; 0 if its zone is unknown here."""
    if timezone is None:
        return 0
    try:
        return load_zone(timezone).offset_at(at)
    except InvalidInput:
        return 0
