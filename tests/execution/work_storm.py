"""A storm over whole workers: `python -m tests.execution.work_storm [--kills N] [--seed N]`.

Several workers (`arco work --tick`) share a database with schedules of every overlap, limited pools, retries,
deadlines, spread, timeouts, and requests, triggers, cancels and retries by hand. Workers are killed with kill -9, at
random moments and at each of their own steps (files, processes, statements of SQLite); supervisors and commands
likewise. Every command notes in a file beside that it began and how it ended. Then it must hold: no attempt began
twice; no end that a command noted is recorded otherwise; `lost` is only what had its supervisor killed; nothing runs
for ever; neither the events nor the notes break overlap or a pool. The decisions are drawn from the seed; how the
processes interleave is up to the machine.
"""

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from arco_sched.cli import entry
from arco_sched.configuration import create_store, open_store
from arco_sched.core.definitions import Definition, RequestContent
from arco_sched.core.policy import Policy
from arco_sched.execution import processes, protocol
from arco_sched.service.workspace import Workspace
from arco_sched.store.sqlite import database as sqlite
from tests.execution.storm import lines

WORKERS = 3
"""Workers at a time; each one that is killed is replaced."""
POOLS = {"narrow": 1, "wide": 3}
STEPS = frozenset({"open", "os.mkdir", "os.remove", "os.posix_spawn", "fcntl.fcntl"})
LAST = 120.0
"""Seconds in which all must be over once nobody is killed any more; every command takes less than one."""
PERIOD = 3
"""Seconds between the occurrences of a schedule."""

POLICIES = {
    "queue": Policy(overlap="queue", max_retries=1, retry_delay_seconds=0, on_lost="retry"),
    "skip": Policy(overlap="skip", pool="wide", max_retries=1, retry_delay_seconds=1),
    "cancel": Policy(overlap="cancel", pool="wide", on_lost="retry"),
    "allow": Policy(overlap="allow", pool="wide", spread_seconds=2),
    "narrow": Policy(overlap="allow", pool="narrow", max_retries=2, retry_delay_seconds=0, start_within_seconds=20),
    "timeout": Policy(overlap="queue", timeout_seconds=1, pool="wide", priority=1),
}
COMMANDS = {
    "queue": "sleep 0.0$((RANDOM_ % 9))",
    "skip": "sleep 0.1",
    "cancel": "trap '' TERM; sleep 0.3",
    "allow": "true",
    "narrow": "sleep 0.02",
    "timeout": "[ $((RANDOM_ % 3)) = 0 ] && sleep 60; true",
}


class Storm:
    """The files of a storm, and what was done to whom."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path, self.chance = path, random.Random(seed)
        self.database, self.notes, self.said = path / "arco.db", path / "notes", path / "said"
        self.runs = Path(f"{self.database}.runs")
        self.killed: dict[str, set[str]] = {"supervisor": set(), "command": set()}
        self.counts: Counter[str] = Counter()
        self.workers: dict[int, int | None] = {}
        self.requested = 0
        store, _ = create_store(self.database, "storm")
        workspace = Workspace(store)
        now = int(time.time())
        for pool, slots in POOLS.items():
            workspace.set_pool(pool, slots, now=now)
        for name, policy in POLICIES.items():
            content = RequestContent(command=self._command(COMMANDS[name]))
            definition = Definition(
                cron_expression=f"*/{PERIOD} * * * * *", request=content, policy=policy, max_catchup_ticks=10
            )
            workspace.create_schedule(name, definition, now=now - 60, start_at=now - 60)
        store.close()

    def _command(self, pause: str) -> str:
        """A command that notes its beginning and its end, and exits with one of a few codes."""
        note = "$ARCO_RUN_ID $ARCO_ATTEMPT ${ARCO_SCHEDULE_ID:--}"
        return (
            f"RANDOM_=$$; echo begin {note} >> {self.notes}; {pause}; code=$((RANDOM_ % 4 == 0 ? RANDOM_ % 7 : 0)); "
            f"echo end {note} $code >> {self.notes}; exit $code"
        )

    def work(self, step: int | None, *, once: bool = False) -> int:
        """Start a worker; its pid. `step`: it is killed when it comes to this step."""
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                _die_at(step)
                line = ["--db", str(self.database), "work", "--tick", "--slots", "4", "--drain", "0s", "--grace", "0s"]
                line += ["--pool", "default", *(word for pool in POOLS for word in ("--pool", pool))]
                said = os.open(self.said, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                os.dup2(said, 1)
                os.dup2(said, 2)
                status = entry.run([*line, *(["--once"] if once else [])], dict(os.environ))
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        return pid

    def replace_workers(self) -> None:
        """As many workers as there shall be; a third of them dies at a step of its own."""
        while len(self.workers) < WORKERS:
            step = self.chance.randrange(600) if self.chance.random() < 0.35 else None
            self.workers[self.work(step)] = step

    def bury(self) -> list[str]:
        """Take note of workers that ended by themselves; what is wrong with that."""
        wrong = []
        for pid, step in list(self.workers.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                del self.workers[pid]
                self.counts["worker"] += 1
                if status != signal.SIGKILL or step is None:
                    wrong.append(f"a worker ended with status {status}: {self.said.read_text()[-2000:]}")
        return wrong

    def open_attempts(self) -> list[str]:
        """The names of the attempts that have their supervisor."""
        with contextlib.suppress(FileNotFoundError):
            newest = sorted((self.runs / "attempts").iterdir(), key=lambda path: -path.stat().st_mtime)[:30]
            return [path.name for path in newest if protocol.is_locked(str(path / "lock"))]
        return []

    def strike(self, what: str) -> None:
        """Kill the supervisor of an attempt, or its command."""
        there = self.open_attempts()
        if not there:
            return
        name = self.chance.choice(there)
        token = protocol.read_token(str(self.runs / "attempts" / name))
        who = token and (token.supervisor if what == "supervisor" else token.leader)
        target = who and processes.process(who.pid)
        if who and target and target.is_same(who):
            # Noted first: it counts as killed even where it was just ending.
            self.killed[what].add(name)
            self.counts[what] += processes.send(target, signal.SIGKILL)

    def ask(self) -> None:
        """Something by hand: a request, a trigger, a cancel, a retry, or a backfill."""
        self.requested += 1
        line = self.chance.choice(
            (
                f"runs request --key k{self.requested} --command true --pool narrow",
                f"schedule trigger {self.chance.choice(list(POLICIES))}",
                f"runs cancel {self.chance.choice(list(POLICIES))}",
                f"runs retry {self.chance.choice(list(POLICIES))}",
            )
        )
        argv = ["--db", str(self.database), *line.split(" ")]
        if "--command" in argv:
            argv[argv.index("true")] = self._command("true")
        pid = os.fork()
        if pid == 0:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            status = 99
            with contextlib.suppress(BaseException):
                status = entry.run(argv, dict(os.environ))
            os._exit(status)
        os.waitpid(pid, 0)

    def blow(self, kills: int) -> list[str]:
        """Kill so many; what is wrong already."""
        wrong: list[str] = []
        while sum(self.counts[what] for what in ("worker", "supervisor", "command")) < kills and not wrong:
            self.replace_workers()
            time.sleep(self.chance.expovariate(1 / 0.03))
            what = self.chance.choice(("worker", "supervisor", "command", "command", "ask"))
            if what == "ask":
                self.ask()
            elif what != "worker":
                self.strike(what)
            else:
                pid = self.chance.choice(list(self.workers))
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                del self.workers[pid]
                self.counts["worker"] += 1
            wrong = self.bury()
        return wrong

    def calm(self) -> list[str]:
        """Kill the workers, pause the schedules, and let one worker after the other come by until all is over."""
        for pid in self.workers:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        store = open_store(self.database)
        workspace = Workspace(store)
        for name in POLICIES:
            workspace.set_enabled(name, enabled=False, now=int(time.time()))
        store.close()
        deadline = time.monotonic() + LAST
        while time.monotonic() < deadline:
            pid = self.work(None, once=True)
            while os.waitpid(pid, os.WNOHANG)[0] == 0:
                if time.monotonic() > deadline + 10:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                    break
                time.sleep(0.01)
            left = self._left()
            if not left:
                return []
            time.sleep(0.5)
        return [f"for ever: {left[:5]}"]

    def _left(self) -> list[str]:
        store = open_store(self.database)
        try:
            with store.read() as transaction:
                waiting = [row.run_id for row in transaction.queue.waiting(1000)]
                return waiting + [each.request.run_id for each in transaction.queue.open_attempts("local")]
        finally:
            store.close()

    def judge(self) -> list[str]:
        """What does not hold, by the database and by the notes."""
        store = open_store(self.database)
        try:
            wrong = list(Workspace(store).verify().differences)
            with store.read() as transaction:
                rows = [
                    (life.request.run_id, each)
                    for number in range(1, transaction.queue.last_number() + 1)
                    for life in transaction.queue.by_number([number]).values()
                    for each in transaction.runs.attempts(life.request.run_id)
                ]
        finally:
            store.close()
        return (
            wrong + self._judge_attempts({(run_id, each.number): each for run_id, each in rows}) + self._judge_notes()
        )

    def _judge_attempts(self, attempts: dict) -> list[str]:
        wrong = []
        begun = Counter((words[1], int(words[2])) for words in self._noted("begin"))
        codes = {(words[1], int(words[2])): int(words[4]) for words in self._noted("end")}
        wrong += [f"{name} began {count} times" for name, count in begun.items() if count > 1]
        wrong += [f"{name} began, and is no attempt" for name in begun if name not in attempts]
        for (run_id, number), each in attempts.items():
            name, end = f"{run_id}.{number}", each.end
            supervisor, command = name in self.killed["supervisor"], name in self.killed["command"]
            if end is None:
                wrong.append(f"{name} has no end")
                continue
            self.counts[end.outcome] += 1
            code = codes.get((run_id, number))
            if end.outcome == "lost" and not supervisor:
                wrong.append(f"{name} is lost, and its supervisor was never killed")
            if end.outcome in {"succeeded", "failed"} and not (command or supervisor) and end.exit_code != code:
                wrong.append(f"{name} is recorded with {end.exit_code}, and ended with {code}")
            if end.outcome == "succeeded" and code != 0 and not command:
                wrong.append(f"{name} succeeded, and noted {code}")
            if end.outcome == "not-started" and not command:
                wrong.append(f"{name} was not started: {end.message}")
        return wrong

    def _noted(self, what: str) -> list[list[str]]:
        return [words for words in lines(self.notes) if words[0] == what]

    def _judge_notes(self) -> list[str]:
        """By the order of the notes alone: of a schedule that does not allow it, and of a pool, nothing ran at once."""
        wrong, running = [], dict[str, list[str]]()
        over = {tuple(words[1:3]) for words in self._noted("end")}
        for words in lines(self.notes):
            name, schedule = (words[1], words[2]), words[3] if len(words) > 3 else ""
            if name not in over or schedule not in POLICIES:
                continue  # it was killed, and nobody noted when that was; or it belongs to no schedule
            for group, most in ((schedule, 1), (f"pool {POLICIES[schedule].pool}", POOLS.get(POLICIES[schedule].pool))):
                if most is None or (group == schedule and POLICIES[schedule].overlap == "allow"):
                    continue
                there = running.setdefault(group, [])
                if words[0] == "begin":
                    there.append(words[1])
                    if len(there) > most:
                        wrong.append(f"{group}: {there} ran at once")
                elif words[1] in there:
                    there.remove(words[1])
        return wrong


def _die_at(step: int | None) -> None:
    """Kill this process when it comes to this step of its own: in the file system, or a statement of SQLite."""
    if step is None:
        return
    to_go = step

    def count() -> None:
        nonlocal to_go
        to_go -= 1
        if to_go < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def on_statement(_: str) -> None:
        count()

    sys.addaudithook(lambda event, _: count() if event in STEPS else None)
    connect = sqlite.connect

    def counted(*given: object, **named: object) -> object:
        connection = connect(*given, **named)  # type: ignore[arg-type]
        connection.set_trace_callback(on_statement)
        return connection

    sqlite.connect = counted  # type: ignore[assignment]


def main() -> int:
    """Let it blow, and tell what was done and what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as path:
        storm = Storm(Path(path), options.seed)
        start = time.monotonic()
        wrong = storm.blow(options.kills) or storm.calm() or storm.judge()
        print(f"seed {options.seed}, {time.monotonic() - start:.0f} s: {dict(storm.counts)}")
        print(*wrong[:20], sep="\n")
        print(f"{len(wrong)} problems")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
