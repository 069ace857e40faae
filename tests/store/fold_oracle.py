"""A second fold, event by event in plain Python: what the folded tables must be, read from the event table alone."""

import json
from pathlib import Path
from typing import Any

from arco_sched.core.identity import run_id
from arco_sched.core.instants import parse_instant
from tests.database import opened
from tests.store.life_oracle import Lives

Tables = dict[str, dict[Any, tuple[Any, ...]]]

STATUSES = {1: "triggered", 2: "skipped", 3: "failed", 4: "skipped"}
INFIXES = ("", "backfill:", "failed:", "manual:")
FAILED = 2
FIELDS = (
    *("cron_expression", "timezone", "catchup_window_minutes", "max_catchup_ticks", "catchup_policy"),
    *("dst_gap", "dst_overlap"),
)
POLICY = (
    *("timeout_seconds", "max_retries", "retry_exit_codes", "retry_delay_seconds", "retry_backoff", "on_lost"),
    *("overlap", "start_within_seconds", "spread_seconds", "pool", "priority", "on_failure", "success_within_seconds"),
)
LIFE = {8: "RunSubmitted", 9: "RunStarted", 10: "RunFinished", 11: "RunSkipped", 12: "RunCancelRequested"}
LIFE |= {13: "RunCanceled", 14: "RunRetryRequested", 15: "PoolSet"}


def there(path: Path) -> Tables:
    """The folded tables as they are."""
    keys = {
        "definition_rows": 2,
        "schedule_rows": 1,
        "tick_rows": 3,
        "lapse_rows": 1,
        "run_rows": 1,
        "conflict_rows": 1,
        "run_states": 1,
        "attempt_rows": 2,
        "pool_rows": 1,
    }
    with opened(path) as connection:
        found = {
            table: {row[:key]: row[key:] for row in connection.execute(f"SELECT * FROM {table}")}
            for table, key in keys.items()
        }
        for key, row in found["run_states"].items():
            found["run_states"][key] = (*row[:-1], json.loads(row[-1]))
        found["workspace"] = {(): connection.execute("SELECT zone_rules FROM workspace").fetchone()}
    return found


def folded(path: Path, zone_rules: str) -> Tables:
    """What the events of the file give; `zone_rules` are those that it was made with."""
    with opened(path) as connection:
        names = dict(connection.execute("SELECT schedule, schedule_id FROM schedule_ids"))
        [(workspace, held_through)] = connection.execute("SELECT name, held_through FROM workspace")
        events = connection.execute("SELECT * FROM event_log ORDER BY seq").fetchall()
    fold = _Fold(workspace, names, zone_rules, held_through)
    for event in events:
        fold.take(*event)
    return fold.tables()


def _epoch(text: str | None) -> int | None:
    return None if text is None else parse_instant(text)


def _text(said: dict[str, Any] | list[str] | None) -> str | None:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")) if said else None


class _Fold:
    def __init__(self, workspace: str, names: dict[int, str], zone_rules: str, held_through: int) -> None:
        self.lives = Lives(held_through)
        self.workspace, self.names, self.zone_rules = workspace, names, zone_rules
        self.definitions: dict[Any, dict[str, Any]] = {}
        self.schedules: dict[Any, dict[str, Any]] = {}
        self.ticks: dict[Any, tuple[Any, ...]] = {}
        self.lapses: dict[Any, dict[str, Any]] = {}
        self.runs: dict[Any, tuple[Any, ...]] = {}
        self.conflicts: dict[Any, tuple[Any, ...]] = {}
        self.reserved: dict[Any, tuple[int, int]] = {}

    def tables(self) -> Tables:
        """All of them."""
        return {
            "definition_rows": {key: tuple(row.values()) for key, row in self.definitions.items()},
            "schedule_rows": {key: tuple(row.values()) for key, row in self.schedules.items()},
            "tick_rows": self.ticks,
            "lapse_rows": {key: tuple(row.values()) for key, row in self.lapses.items()},
            "run_rows": {key: self._with_status(row) for key, row in self.runs.items()},
            "conflict_rows": self.conflicts,
            "run_states": self.lives.state_rows(),
            "attempt_rows": self.lives.attempt_rows(),
            "pool_rows": self.lives.pools,
            "workspace": {(): (self.zone_rules,)},
        }

    def take(self, *event: Any) -> None:
        """One event, with the columns of the event table."""
        seq, type_, schedule, origin, instant, version, status, content, key, its_run, at, text, *_ = event
        said = {} if text is None else json.loads(text)
        state = self.schedules.get((schedule,))
        if type_ == 1:
            other = json.dumps({"code_version": said["code_version"]}, ensure_ascii=False, separators=(",", ":"))
            policy = {name: said[name] for name in POLICY if name in said}
            row = {name: said[name] for name in FIELDS} | {"content": content, "policy": _text(policy), "other": other}
            row |= {name: _epoch(said[name]) for name in ("start_at", "end_at")}
            row |= {"enabled": int(said["enabled"]), "deleted": int(said["deleted"]), "created_at": at}
            row |= {"effective_from": _epoch(said["effective_from"]), "excluded_days": _text(said.get("excluded_days"))}
            row |= {"paused_until": _epoch(said.get("paused_until"))}
            self.definitions[schedule, version] = row
            if state is None:
                begin = {"version": version, "cursor": row["start_at"] - 1}
                self.schedules[schedule,] = begin | dict.fromkeys(
                    ("last_instant", "last_run", "rewound_from", "pruned_through")
                )
            else:
                begin = _epoch(said["effective_from"])
                state |= {"version": version, "cursor": min(state["cursor"], begin - 1)}
        elif type_ == 2:
            name = key.removeprefix("sched_tick:") if origin == FAILED else self._name(schedule, origin, instant)
            row = (name, version, STATUSES[status], content, at, said.get("error"))
            row += ("excluded" if status == 4 else None,)
            self.ticks[schedule, instant, origin] = row
            if origin == 0:
                state |= {
                    "cursor": max(state["cursor"], instant),
                    "last_instant": _latest(state["last_instant"], instant),
                }
                state |= {"last_run": _latest(state["last_run"], instant)} if status == 1 else {}
        elif type_ == 3:
            row = {"schedule": schedule, "after": _epoch(said["after"]), "before": _epoch(said["before"])}
            self.lapses[seq,] = row | {"missed": said["missed"], "reason": said["reason"], "recorded_at": at}
            state["cursor"] = max(state["cursor"], row["before"] - 1)
        elif type_ == 4:
            run_key = key or "sched:" + self._name(schedule, origin, instant)
            first, what = self.reserved.setdefault(run_key, (seq, content))
            assert its_run == run_id(self.workspace, run_key)
            if first == seq:
                identity = (schedule, origin, instant, key, version, content, run_id(self.workspace, run_key))
                policy = _text(said.get("policy"))
                self.runs[seq,] = (*identity, "requested", at, policy)
                asked = schedule if version is not None else None
                due_at = at if asked is None or instant is None else instant
                is_backfill = asked is not None and origin == 1
                self.lives.request(its_run, seq, asked, due_at, backfill=is_backfill, policy=policy)
            elif what != content:
                self.conflicts[seq,] = (first, content, at)
        elif type_ == 5:
            self.zone_rules = said["to"]
        elif type_ == 6:
            left = _epoch(said["from"])
            target, pruned = _epoch(said["to"]), state["pruned_through"]
            state |= {"cursor": target, "rewound_from": max(left, state["rewound_from"] or left)}
            state |= {"pruned_through": None if pruned is None else min(pruned, target)}
            for moved in said["versions"]:
                moved_to = {"effective_from": _epoch(moved["effective_from"])}
                moved_to |= {"start_at": _epoch(moved["start_at"])} if "start_at" in moved else {}
                self.definitions[schedule, moved["definition_version"]] |= moved_to
            for cut in said["lapses"]:
                if cut["before"] is None:
                    self.lapses.pop((cut["seq"],), None)
                elif (cut["seq"],) in self.lapses:  # its event may have been pruned since
                    self.lapses[cut["seq"],] |= {"before": _epoch(cut["before"]), "missed": cut["missed"]}
        elif type_ in LIFE:
            self.lives.take(LIFE[type_], said)
        else:
            assert type_ == 7
            through = _epoch(said["through"])
            last = _latest(state["last_instant"], _epoch(said["last_scheduled_for"]))
            state |= {"cursor": _epoch(said["cursor"]), "last_instant": last}
            furthest = through if state["pruned_through"] is None else max(state["pruned_through"], through)
            last_run = _latest(state["last_run"], _epoch(said["last_run_for"]))
            state |= {"last_run": last_run, "pruned_through": furthest}
            for place in [place for place in self.ticks if place[0] == schedule and place[1] <= through]:
                if place[2] != FAILED:
                    del self.ticks[place]
            for place, row in list(self.lapses.items()):
                if row["schedule"] == schedule and row["before"] - 1 <= through:
                    del self.lapses[place]

    def _with_status(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        return (*row[:-3], self.lives.status(row[6]), *row[-2:])

    def _name(self, schedule: int, origin: int, instant: int) -> str:
        return f"{self.names[schedule]}:{INFIXES[origin]}{instant}"


def _latest(*instants: int | None) -> int | None:
    return max((at for at in instants if at is not None), default=None)
