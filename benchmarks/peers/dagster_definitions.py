"""Schedules of every minute for Dagster; how many, the environment says."""

import os

from dagster import DefaultScheduleStatus, Definitions, RunRequest, ScheduleDefinition, job, op


@op
def nothing() -> None:
    """Nobody runs it."""


@job
def summary() -> None:
    """What each schedule requests a run of."""
    nothing()


defs = Definitions(
    jobs=[summary],
    schedules=[
        ScheduleDefinition(
            name=f"s{number:07}",
            cron_schedule="* * * * *",
            execution_timezone="America/New_York",
            job=summary,
            default_status=DefaultScheduleStatus.RUNNING,
            execution_fn=lambda context: RunRequest(run_key=f"{context.scheduled_execution_time.timestamp():.0f}"),
        )
        for number in range(1, int(os.environ["SCHEDULES"]) + 1)
    ],
)
