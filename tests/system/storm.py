"""A storm: processes evaluate, edit, pause, trigger, discard, rewind and prune, and are killed at random moments.

    python -m tests.system.storm --kills 3000 --seed 1

Afterwards, and every few hundred kills in between: `verify` is clean, what a process was told is done is there, and
nothing was made twice. A process that ends in any way but being killed is a failure too. The decisions are drawn from
the seed; how the processes interleave is up to the machine.
"""

import argparse
import ctypes
import json
import mmap
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.errors import Conflict, InvalidInput, NotFound
from arco_sched.core.fields import normal_content
from tests.database import opened, path_of

START = 1_741_000_020
MINUTE, HOUR, DAY = 60, 3600, 86_400
NAMES = tuple(f"s{number}" for number in range(8))
CRONS = ("* * * * *", "*/5 * * * *", "*/7 * * * *", "13 * * * *", "30 2 * * *", "*/15 * * * * *")
ZONES = ("UTC", "America/New_York", "Asia/Kolkata")
ALIVE = 4
"""Processes at a time."""


@dataclass
class Report:
    """What the storm was, and what it found: nothing, when all is well."""

    kills: int = 0
    inside: int = 0
    """Kills of a process that was in the middle of a call."""
    everybody: int = 0
    """Times at which all processes were killed at once, so that the next one had to recover the log."""
    calls: Counter[str] = field(default_factory=Counter)
    """Calls that were answered."""
    ticks: int = 0
    runs: int = 0
    events: int = 0
    verifications: int = 0
    problems: list[str] = field(default_factory=list)


class _Shared:
    """A clock for all, and for each place whether its process is in the middle of a call; survives any death."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 4096)
        # Eight bytes at once: a process that is killed in the middle of writing them would leave another time to all.
        self._now = ctypes.c_int64.from_buffer(self._memory)
        self.now = START

    @property
    def now(self) -> int:
        return int(self._now.value)

    @now.setter
    def now(self, value: int) -> None:
        self._now.value = value

    def busy(self, place: int) -> bool:
        return self._memory[64 + place] == 1

    def set_busy(self, place: int, value: bool) -> None:
        self._memory[64 + place] = int(value)


def storm(folder: Path, *, seed: int, kills: int, seconds: float = 1e9, every: int = 400) -> Report:
    """Kill `kills` processes, or for `seconds`, verifying after every `every` kills and at the end."""
    path, journal = folder / "arco.db", folder / "journal"
    shared = _Shared()
    chance = random.Random(seed)
    with Workspace.create(path) as workspace:
        for name in NAMES:
            workspace.create_schedule(name, _definition(chance), now=START)
    report = Report()
    alive: dict[int, int] = {}
    until = time.monotonic() + seconds
    births = 0
    try:
        while report.kills < kills and time.monotonic() < until and not report.problems:
            while len(alive) < ALIVE:
                place = min(set(range(ALIVE)) - set(alive.values()))
                births += 1
                alive[_born(path, journal, shared, place, seed * 1_000_003 + births)] = place
            time.sleep(chance.expovariate(1 / chance.choice([0.003, 0.01, 0.03])))
            _bury(alive, report)
            victims = list(alive) if chance.random() < 0.04 else [chance.choice(list(alive))] if alive else []
            report.everybody += len(victims) > 1
            for pid in victims:
                os.kill(pid, signal.SIGKILL)
            for pid in victims:
                _, status = os.waitpid(pid, 0)
                place = alive.pop(pid)
                report.inside += shared.busy(place)
                report.kills += os.WIFSIGNALED(status)
                shared.set_busy(place, value=False)
            if report.kills // every > report.verifications:
                _check(path, journal, report)
    finally:
        for pid in alive:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    _check(path, journal, report)
    return report


def _born(path: Path, journal: Path, shared: _Shared, place: int, seed: int) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        _live(path, journal, shared, place, seed)
    return pid


def _bury(alive: dict[int, int], report: Report) -> None:
    """None may have ended by itself."""
    while alive:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        report.problems.append(f"process {pid} in place {alive.pop(pid)} ended by itself with status {status}")


def _live(path: Path, journal: Path, shared: _Shared, place: int, seed: int) -> NoReturn:
    """Do one thing after another, and write down what was answered, until killed."""
    said = os.open(journal, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    chance = random.Random(seed)
    try:
        while True:
            with Workspace.open(path) as workspace:
                for _ in range(chance.randrange(1, 20)):
                    shared.now = now = shared.now + chance.choice([0, 1, 20, 90, 300, 1200])
                    name, action = chance.choice(_ACTIONS)
                    shared.set_busy(place, value=True)
                    try:
                        answer = action(workspace, chance, now + chance.choice([0, 0, 0, -60, 60, -3600]))
                    except (Conflict, NotFound, InvalidInput) as refused:
                        answer = {"refused": type(refused).__name__}
                    shared.set_busy(place, value=False)
                    os.write(said, json.dumps({"call": name, **answer}).encode() + b"\n")
    except BaseException:  # whatever it is, it is what the storm looks for
        os.write(said, json.dumps({"call": "failure", "problem": traceback.format_exc()}).encode() + b"\n")
    finally:
        os._exit(1)


# What is done. Each action answers what must be there afterwards.

Answer = dict[str, Any]


def _definition(chance: random.Random) -> Definition:
    return Definition(
        cron_expression=chance.choice(CRONS),
        timezone=chance.choice(ZONES),
        catchup_window_minutes=chance.choice([5, 60, 1440, 10_000]),
        max_catchup_ticks=chance.choice([1, 3, 50, 2000]),
        catchup_policy=chance.choice(["oldest-first", "oldest-first", "latest"]),
        request=normal_content(asset_selection=[f"asset{chance.randrange(5)}"]),
    )


def _evaluate(workspace: Workspace, chance: random.Random, now: int) -> Answer:
    names = chance.choice([(), (), (), (chance.choice(NAMES),)])
    answer = workspace.evaluate(now, schedules=names, batch=chance.choice([1, 10, 10_000]))
    ticks = [(tick.tick_id, tick.run_id) for tick in answer.ticks]
    assert len(ticks) >= answer.triggered + answer.skipped
    return {"ticks": ticks}


def _update(workspace: Workspace, chance: random.Random, now: int) -> Answer:
    definition = _definition(chance)
    values = {"cron_expression": definition.cron_expression, "max_catchup_ticks": definition.max_catchup_ticks}
    if chance.random() < 0.5:
        values = {"asset_selection": definition.request.asset_selection, "catchup_policy": definition.catchup_policy}
    changed = workspace.update_schedule(chance.choice(NAMES), values, now=now, discard_waiting=chance.random() < 0.1)
    return _version(changed)


def _pause(workspace: Workspace, chance: random.Random, now: int) -> Answer:
    return _version(workspace.set_enabled(chance.choice(NAMES), chance.random() < 0.6, now=now))


def _delete(workspace: Workspace, chance: random.Random, now: int) -> Answer:
    return _version(workspace.delete_schedule(chance.choice(NAMES), now=now))


def _create(workspace: Workspace, chance: random.Random, now: int) -> Answer:
    return _version(workspace.create_schedule(chance.choice(NAMES), _definition(chance), now=now))


def _version(change: Any) -> Answer:
    version = change.schedule.version
    return {"version": [version.schedule_id, version.definition_version]}


def _trigger(workspace: Workspace, chance: random.Random, now: int) -> Answer:
    triggered = workspace.trigger(chance.choice(NAMES), now=now)
    made = [(triggered.tick.tick_id, triggered.run.run_id)]
    return {"ticks": made} if triggered.change == "created" else {"found": made}


def _request(workspace: Workspace, chance: random.Random, now: int) -> Answer:
    key = chance.choice([f"sched:{chance.choice(NAMES)}:{now - now % MINUTE + MINUTE}", f"key{chance.randrange(500)}"])
    requested = workspace.request_run(key, normal_content(asset_selection=[f"asset{chance.randrange(3)}"]), now=now)
    return {"runs": [requested.run.run_id]}


def _discard(workspace: Workspace, chance: random.Random, now: int) -> Answer:
    return {"lapses": len(workspace.discard(chance.choice(NAMES), now=now))}


def _rewind(workspace: Workspace, chance: random.Random, now: int) -> Answer:
    return {"rewound": len(workspace.rewind(now=now))}


def _backfill(workspace: Workspace, chance: random.Random, now: int) -> Answer:
    done = workspace.backfill(chance.choice(NAMES), start=now - 4 * HOUR, stop=now - HOUR, now=now, limit=50)
    return {"ticks": [(tick.tick_id, tick.run_id) for tick in done.ticks]}


def _prune(workspace: Workspace, chance: random.Random, now: int) -> Answer:
    return {"pruned": workspace.prune(before=now - chance.choice([2, 5]) * DAY, now=now).ticks}


def _look(workspace: Workspace, chance: random.Random, now: int) -> Answer:
    workspace.status(now=now)
    workspace.evaluate(now, dry_run=True)
    return {"looked": len(workspace.ticks(limit=20).rows)}


def _backup(workspace: Workspace, chance: random.Random, now: int) -> Answer:
    path = path_of(workspace)
    copy = path.with_name(f"copy{os.getpid()}")
    workspace.backup(copy)
    with Workspace.open(copy) as copied:
        copied.ticks()
    copy.unlink()
    return {}


_Action = Callable[[Workspace, random.Random, int], Answer]
_WEIGHTS: dict[_Action, int] = {
    _evaluate: 60,
    _update: 8,
    _pause: 6,
    _trigger: 6,
    _request: 4,
    _look: 4,
    _delete: 2,
    _create: 4,
    _discard: 2,
    _backfill: 2,
    _rewind: 1,
    _prune: 1,
    _backup: 1,
}
_ACTIONS = [(action.__name__[1:], action) for action, weight in _WEIGHTS.items() for _ in range(weight)]


# What must hold.


def _check(path: Path, journal: Path, report: Report) -> None:
    report.verifications += 1
    report.calls = Counter()
    made: Counter[str] = Counter()
    ticks: set[str] = set()
    runs: set[str] = set()
    versions: set[tuple[str, int]] = set()
    for line in journal.read_bytes().splitlines(keepends=True) if journal.exists() else ():
        if not line.endswith(b"\n"):
            continue
        said = json.loads(line)
        report.calls[said["call"]] += 1
        if said["call"] == "failure":
            report.problems.append(said["problem"])
        made.update(tick for tick, _ in said.get("ticks", ()))
        for tick, run in [*said.get("ticks", ()), *said.get("found", ())]:
            ticks.add(tick)
            runs |= {run} - {None}
        runs.update(said.get("runs", ()))
        versions |= {tuple(said["version"])} if "version" in said else set()
    with Workspace.open(path) as workspace:
        found = workspace.verify()
        report.problems += found.differences
        with opened(path) as connection:
            there = {row[0] for row in connection.execute("SELECT tick_id FROM tick_rows")}
            run_ids = {row[0] for row in connection.execute("SELECT run_id FROM run_rows")}
            known = set(connection.execute("SELECT schedule_id, definition_version FROM definitions"))
            pruned = dict(
                connection.execute(
                    "SELECT schedule_id, max(CAST(strftime('%s', json_extract(payload, '$.through')) AS INTEGER)) "
                    "FROM events WHERE type = 'HistoryPruned' GROUP BY schedule_id"
                )
            )
            report.events = connection.execute("SELECT count(*) FROM event_log").fetchone()[0]
    report.ticks, report.runs = len(there), len(run_ids)
    gone = {tick for tick in ticks - there if int(tick.rsplit(":", 1)[1]) > pruned.get(tick.split(":")[0], 0)}
    report.problems += [f"tick {tick} was made and is not there" for tick in sorted(gone)]
    report.problems += [f"run {run} was made and is not there" for run in sorted(runs - run_ids)]
    report.problems += [f"version {version} was made and is not there" for version in sorted(versions - known)]
    report.problems += [f"tick {tick} was made {times} times" for tick, times in made.items() if times > 1]


def main() -> int:
    """The long run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=3000)
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after so long, however many were killed")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="arco-storm-"))
    begun = time.monotonic()
    report = storm(folder, seed=options.seed, kills=options.kills, seconds=options.seconds)
    print(
        f"{report.kills} processes killed, {report.inside} of them in the middle of a call, {report.everybody} "
        f"times all at once, in {time.monotonic() - begun:.0f} s; {sum(report.calls.values())} calls were answered; "
        f"{report.ticks} ticks, {report.runs} runs, {report.events} events; {report.verifications} verifications, "
        f"{len(report.problems)} problems"
    )
    print("\n".join(report.problems[:20]))
    if report.problems:
        print(f"left as it is: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
