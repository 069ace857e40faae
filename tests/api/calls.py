"""Every public method of a workspace with arguments that it takes, to be made wrong one at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arco_sched import Asked, Definition, Policy, RequestContent, Wanted, Worker, Workspace, parse_instant

NOW = parse_instant("2025-03-04T00:00:00Z")
NEW_YEAR = parse_instant("2025-01-01T00:00:00Z")
DAY = 86_400
MONTHLY = Definition(cron_expression="0 0 1 * *", catchup_window_minutes=525_600, max_catchup_ticks=50)


@dataclass(frozen=True)
class Call:
    """A method by its name, and arguments that it takes."""

    method: str
    arguments: Mapping[str, Any]

    def of(self, workspace: Workspace, **others: Any) -> Any:
        """What the method answers to its arguments, some of them replaced; every row of what is iterated."""
        arguments = {**self.arguments, **others}
        runs = arguments.pop("runs", ())
        answer = getattr(workspace, self.method)(*(runs if isinstance(runs, list | tuple) else [runs]), **arguments)
        return list(answer) if self.method == "walk" else answer

    def __str__(self) -> str:
        return self.method


def prepared(path: Path) -> Workspace:
    """A workspace in which every call of `CALLS` succeeds."""
    workspace = Workspace.create(path)
    for schedule_id in ("a", "b"):
        workspace.create_schedule(schedule_id, MONTHLY, now=NEW_YEAR - 200 * DAY)
    workspace.evaluate(NEW_YEAR + DAY)
    workspace.start_run(_runs(workspace)[0], external_id="x", now=NEW_YEAR + DAY)
    return workspace


def _runs(workspace: Workspace) -> list[str]:
    """The ids of some runs, of which the first was started."""
    return sorted(run.run_id for run in workspace.runs(limit=4))


def calls(workspace: Workspace, folder: Path) -> tuple[Call, ...]:
    """A call of every public method, with all of its arguments."""
    started, run_id, unwanted, discarded = _runs(workspace)
    content = RequestContent(asset_selection=("x",), command="run", labels=(("team", "data"),))
    listed = {"schedule_id": "a", "since": NEW_YEAR, "until": NOW, "limit": 2}

    def refuse(*_: object) -> None:
        return None

    def progress(*_: object) -> None:
        return None

    def is_here(_: Worker) -> bool:
        return True

    signed = {"by": "alice", "note": "why"}
    version = {"now": NOW, "expect_version": 1, "discard_waiting": True, **signed}
    start = {"start_at": workspace.schedule("a", now=NOW).schedule.version.start_at}
    cursor = workspace.ticks(limit=1).next_cursor
    return (
        Call(
            "create_schedule",
            {**signed, "schedule_id": "c", "definition": MONTHLY, "now": NOW, "start_at": NOW, "enabled": True},
        ),
        Call(
            "update_schedule",
            {"schedule_id": "a", "values": {"code_version": "v"}, "enabled": True, **version, **start},
        ),
        Call("choose", {"labels": {}}),
        Call("set_enabled", {"schedule_id": "a", "enabled": False, "until": NOW + DAY, **version}),
        Call("set_enabled_all", {"schedule_ids": ["b"], "enabled": False, "until": NOW + DAY, **version}),
        Call("delete_schedule", {"schedule_id": "a", **version}),
        Call("delete_all", {"schedule_ids": ["b"], **version}),
        Call(
            "apply",
            {
                **signed,
                "wanted": [Wanted("a", MONTHLY, enabled=False)],
                "now": NOW,
                "prune": False,
                "dry_run": False,
                "refuse": refuse,
            },
        ),
        Call("evaluate", {"now": NOW, "schedules": ["a"], "dry_run": False, "progress": progress, "batch": 3}),
        Call("rewind", {**signed, "now": NEW_YEAR, "schedules": ["a"], "dry_run": False}),
        Call("discard", {**signed, "schedule_id": "a", "now": NOW, "dry_run": False}),
        Call("discard_all", {**signed, "schedule_ids": ["a"], "now": NOW, "dry_run": False}),
        Call(
            "backfill",
            {
                **signed,
                "schedule_id": "a",
                "start": NOW - 500 * DAY,
                "stop": NOW,
                "now": NOW,
                "limit": 10,
                "dry_run": False,
            },
        ),
        Call("trigger", {**signed, "schedule_id": "a", "now": NOW}),
        Call("trigger_all", {**signed, "schedule_ids": ["a", "b"], "now": NOW}),
        Call("request_run", {**signed, "key": "mine", "content": content, "now": NOW, "policy": Policy(max_retries=1)}),
        Call("start_run", {**signed, "run": run_id, "external_id": "y", "now": NOW}),
        Call("finish_run", {**signed, "run": started, "attempt": 1, "exit_code": 0, "now": NOW, "message": "done"}),
        Call("retry", {**signed, "runs": [started], "now": NOW, "current": False, "force": True}),
        Call("cancel", {**signed, "runs": [unwanted], "now": NOW}),
        Call("skip", {**signed, "runs": [discarded], "now": NOW}),
        Call("fail_run", {**signed, "run": run_id, "now": NOW, "attempt": 1, "message": "the node is gone"}),
        Call("set_pool", {**signed, "pool": "small", "slots": 2, "now": NOW}),
        Call("pools", {}),
        Call("workers", {}),
        Call("had_worker", {}),
        Call("expect_every", {"minutes": 5}),
        Call("evaluation_minutes", {}),
        Call("backup", {"path": folder / "copy.db", "replace": True}),
        Call(
            "prune",
            {**signed, "before": NEW_YEAR, "now": NOW, "unexecuted": True, "dry_run": False, "progress": progress},
        ),
        Call("compact", {}),
        Call("verify", {"progress": progress}),
        Call("status", {"now": NOW, "is_here": is_here, "results": True}),
        Call("check", {"asked": Asked(max_lag=5, late=5, waiting=1, failed=True), "now": NOW, "is_here": is_here}),
        Call("next", {"now": NOW, "count": 3, "schedules": ["a"]}),
        Call("why", {"schedule_id": "a", "at": NEW_YEAR, "now": NOW}),
        Call("why_during", {"schedule_id": "a", "start": NEW_YEAR, "stop": NOW, "now": NOW}),
        Call("timeline", {"edges": [NEW_YEAR, NOW], "now": NOW, "schedules": ["a"]}),
        Call("schedule", {"schedule_id": "a", "now": NOW, "count": 3}),
        Call("schedules", {"deleted": True, "schedules": ["a"], "labels": {}}),
        Call("timezone", {"schedule_id": "a"}),
        Call("versions", {"schedule_id": "a"}),
        Call("preview", {"schedule_id": "a", "start": NOW, "count": 3}),
        Call("tick", {"tick_id": f"a:{NEW_YEAR}"}),
        Call("run", {"run_id": run_id}),
        Call("run_life", {"run": run_id, "now": NOW}),
        Call("chosen_runs", {"schedule_id": "a", "status": "requested"}),
        Call("ticks", {**listed, "status": "triggered", "cursor": cursor}),
        Call("lapses", {**listed, "reason": "window", "cursor": "5"}),
        Call("runs", {**listed, "status": "requested", "cursor": "5"}),
        Call(
            "run_lives",
            {
                "now": NOW,
                **listed,
                "due_since": NEW_YEAR,
                "due_until": NOW,
                "status": "requested",
                "last": True,
                "cursor": "5",
            },
        ),
        Call("events", {"after": 2, "type_": "RunRequested", "schedule_id": "a", "limit": 2, "cursor": "3"}),
        Call("walk", {"read": workspace.ticks, "limit": 2}),
    )


OPENING: tuple[tuple[Callable[..., Workspace], Mapping[str, Any]], ...] = (
    (Workspace.open, {"busy_timeout": 1.5, "read_only": False}),
    (Workspace.create, {"name": "default", "busy_timeout": 1}),
)
"""The ways to a workspace, with arguments other than the path."""
