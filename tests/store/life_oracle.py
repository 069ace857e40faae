"""The lives of runs a second time: from the payloads of their events alone, by plain rules in plain dictionaries."""

import json
from typing import Any

from arco_sched.core.instants import parse_instant

FINAL = {"succeeded", "failed", "canceled", "skipped"}
ATTEMPT = (
    *("executor", "worker", "host", "place", "external_id", "submissions", "submitted_at", "started_at"),
    *("ended_at", "duration_ms", "outcome", "exit_code", "signal", "message"),
)


class Lives:
    """What the events of runs and pools, taken in their order, come to."""

    def __init__(self, held_through: int) -> None:
        self.held_through = held_through
        self.requests: dict[str, dict[str, Any]] = {}
        self.states: dict[str, dict[str, Any]] = {}
        self.attempts: dict[str, list[dict[str, Any]]] = {}
        self.pools: dict[tuple[str], tuple[Any, ...]] = {}

    def request(
        self, run_id: str, run: int, schedule: int | None, due_at: int, *, backfill: bool, policy: str | None
    ) -> None:
        """A run was requested; `schedule` is None for one that nobody but a person asked for."""
        pool = json.loads(policy or "{}").get("pool", "default")
        self.requests[run_id] = {"run": run, "schedule": schedule, "backfill": backfill, "pool": pool, "due_at": due_at}

    def take(self, name: str, said: dict[str, Any]) -> None:
        """One event of a run or a pool."""
        said = {key: parse_instant(value) if key.endswith("_at") and value else value for key, value in said.items()}
        if name == "PoolSet":
            self.pools[said["pool"],] = (said["number"], said["slots"])
            return
        run_id = said["run_id"]
        state = self.states.setdefault(run_id, self._new(self.requests[run_id]["run"]))
        attempts = self.attempts.setdefault(run_id, [])
        if name in {"RunSubmitted", "RunStarted"}:
            self._begin(name, said, state, attempts)
        elif name == "RunFinished":
            assert said["attempt"] == len(attempts)
            attempts[-1] |= {key: said[key] for key in ATTEMPT[8:]}
            lost, again = said["outcome"] == "lost", said["status"] == "requested"
            state |= {"lost_in_row": state["lost_in_row"] + 1 if lost else 0, "cancel": None}
            state |= {"retries": state["retries"] + int(again and not lost)}
            state |= {key: said[key] for key in ("status", "reason", "retry_at")}
        elif name in {"RunSkipped", "RunCanceled"}:
            reason = None if said["reason"] == "hand" else said["reason"]
            state |= {"status": name.removeprefix("Run").lower(), "reason": reason, "retry_at": None}
        elif name == "RunCancelRequested":
            state["cancel"] = said["reason"]
        else:
            assert name == "RunRetryRequested"
            self.states[run_id] = self._new(0) | {
                "held": False,
                "round": said["number"],
                "attempts": state["attempts"],
            }

    def _new(self, run: int) -> dict[str, Any]:
        counts = dict.fromkeys(("round", "attempts", "round_attempts", "retries", "lost_in_row"), 0)
        rest = {"retry_at": None, "cancel": None}
        return {"status": "requested", "reason": None, "held": run <= self.held_through, **counts, **rest}

    def _begin(self, name: str, said: dict[str, Any], state: dict[str, Any], attempts: list[dict[str, Any]]) -> None:
        if said["attempt"] > len(attempts):
            attempts.append(dict.fromkeys(ATTEMPT) | {"submissions": 0, "place": said["place"]})
            counts = {"attempts": len(attempts), "round_attempts": state["round_attempts"] + 1}
            state |= {"held": False, "retry_at": None, **counts}
        attempts[-1] |= {key: said[key] for key in ("executor", "worker", "host", "external_id")}
        if name == "RunSubmitted":
            attempts[-1] |= {"submissions": said["submission"], "submitted_at": said["submitted_at"]}
        else:
            attempts[-1]["started_at"] = said["started_at"]
            state["status"] = "running"

    def status(self, run_id: str) -> str:
        """How a run stands."""
        return str(self.states[run_id]["status"]) if run_id in self.states else "requested"

    def state_rows(self) -> dict[Any, tuple[Any, ...]]:
        """The table of states: of the runs that something happened to."""
        found = {}
        for run_id, state in self.states.items():
            request, attempts = self.requests[run_id], self.attempts[run_id]
            is_open = bool(attempts) and attempts[-1]["outcome"] is None
            occupies = request["schedule"] is not None and state["round_attempts"] > 0 and state["status"] not in FINAL
            found[request["run"],] = (
                *(request["schedule"], int(request["backfill"]), request["pool"], state["status"], int(occupies)),
                *(request["due_at"], attempts[-1]["ended_at"] if attempts else None),
                *(attempts[-1]["executor"] if is_open else None, state),
            )
        return found

    def attempt_rows(self) -> dict[Any, tuple[Any, ...]]:
        """The table of attempts."""
        return {
            (self.requests[run_id]["run"], number): tuple(attempt[key] for key in ATTEMPT)
            for run_id, attempts in self.attempts.items()
            for number, attempt in enumerate(attempts, 1)
        }
