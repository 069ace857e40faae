"""A storm of kill -9 on workers, supervisors and commands; `python tests.execution.storm.py [ROUNDS [SEED]]`.

Each command notes in a file beside that it began and that it ended. A worker submits what it is given, polls, and notes
each end that it sees. Workers, supervisors and commands are killed at random moments, workers also at each of their own
steps in the file system. Then it must hold: no command began twice; every end that was there to be seen is recorded as
it was; `lost` is only what had its supervisor killed, and only once nothing of it lived; nothing runs for ever.
"""

import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from arco_sched.core.executor import Attempt, AttemptId, Cancellation, Command, Outcome, State, outcome
from arco_sched.execution import folder, processes, protocol
from arco_sched.execution.local import LocalExecutor
from arco_sched.execution.scene import take_scene

STORE = f"storm-{os.getpid()}"
"""Unlike that of storms at the same time."""
FOR_EVER = 30.0
"""Seconds after which what has not ended counts as running for ever; every command takes less than one."""
CROWD = 50
"""Open attempts at which no more are added."""
STEPS = frozenset({"open", "os.mkdir", "os.remove", "os.posix_spawn", "fcntl.fcntl"})


def append(path: Path, text: str) -> None:
    """Add a line to a file, in one write."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{text}\n".encode())
    finally:
        os.close(descriptor)


def lines(path: Path) -> list[list[str]]:
    """The words of each line of a file."""
    return [line.split(" ") for line in path.read_text().splitlines()] if path.exists() else []


class Storm:
    """The files of a storm, and what was done to whom."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path, self.chance = path, random.Random(seed)
        self.runs, self.notes, self.seen = path / "runs", path / "notes", path / "seen"
        folder.create(str(self.runs), STORE)
        self.codes: dict[str, int] = {}
        self.unwanted: set[str] = set()
        self.killed: dict[str, set[str]] = {"supervisor": set(), "command": set()}
        self.counts: Counter[str] = Counter()

    def executor(self) -> LocalExecutor:
        """A worker's executor."""
        return LocalExecutor(str(self.runs), STORE, worker_environment={"PATH": "/usr/bin:/bin", "HOME": "/"})

    def attempt(self, run_id: str) -> Attempt:
        """An attempt whose command notes its beginning and its end, and takes up to 60 ms. One in five is unwanted:
        it takes a minute, in various ways, and is cancelled by each worker that comes to it."""
        pause = self.chance.choice(("", "sleep 0.01;", "sleep 0.03; ", "sleep 0.06;"))
        code = self.codes.setdefault(run_id, self.chance.randrange(100))
        if self.chance.random() < 0.2:
            self.unwanted.add(run_id)
            pause = self.chance.choice(("sleep 60;", "trap '' TERM; sleep 60;", "setsid sleep 60 & wait;"))
        text = f"echo begin {run_id} >> {self.notes}; {pause} echo end {run_id} >> {self.notes}; exit {code}"
        return Attempt(run_id=run_id, attempt=1, place=processes.place(STORE), command=Command(command=text))

    def work(self, attempts: list[Attempt], step: int | None) -> None:
        """What a worker does, in a process of its own: submit, poll until all is over, note each end. `step`: it is
        killed when it comes to this step in the file system."""
        to_go = step

        def count(event: str, _: tuple[object, ...]) -> None:
            nonlocal to_go
            if to_go is not None and event in STEPS:
                to_go -= 1
                if to_go < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        executor = self.executor()
        sys.addaudithook(count)
        waiting = {AttemptId(one.run_id, one.attempt, one.place): one for one in attempts}
        for one in attempts:
            executor.submit(one)
        unwanted = {name.run_id for name in waiting} & self.unwanted
        while waiting:
            wishes = [Cancellation(name, Outcome.CANCELED) for name in waiting if name.run_id in unwanted]
            steps = executor.cancel(wishes, now=processes.uptime(), grace=0.03)
            left = {wish.attempt for wish, step in zip(wishes, steps, strict=True) if step.left}
            for name, seen in zip(waiting, executor.poll(list(waiting)), strict=True):
                if seen.state is State.NOT_BEGUN:
                    executor.submit(waiting[name])
                if outcome(seen) is not None and name not in left:
                    ended = sum(words == ["end", name.run_id] for words in lines(self.notes))
                    append(self.seen, json.dumps([name.run_id, outcome(seen), seen.exit_code, ended]))
                    waiting = {other: one for other, one in waiting.items() if other != name}
            time.sleep(0.002)

    def fork(self, attempts: list[Attempt], step: int | None = None) -> int:
        """Start a worker; its pid."""
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                self.work(attempts, step)
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        return pid

    def lives(self, run_id: str) -> bool:
        """Whether an attempt has its supervisor."""
        try:
            return protocol.locked(str(self.runs / "attempts" / f"{run_id}.1" / "lock"))
        except FileNotFoundError:
            return False

    def strike(self, what: str, run_id: str) -> None:
        """Kill the supervisor of an attempt or its command, if it is there."""
        token = protocol.read_token(str(self.runs / "attempts" / f"{run_id}.1"))
        who = token and (token.supervisor if what == "supervisor" else token.leader)
        target = who and processes.process(who.pid)
        if who and target and target.is_same(who):
            # Noted first: it counts as killed even where it was just ending.
            self.killed[what].add(run_id)
            if processes.send(target, signal.SIGKILL):
                self.counts[what] += 1

    def round(self, number: int, open_attempts: dict[str, Attempt]) -> None:
        """A worker with what is open and some more; blows at random moments; the worker's end."""
        more = self.chance.randrange(1, 4)
        for extra in range(more if len(open_attempts) < CROWD else 0):
            one = self.attempt(f"r{number}-{extra}")
            open_attempts[one.run_id] = one
        step = self.chance.randrange(80) if self.chance.random() < 0.4 else None
        worker = self.fork(list(open_attempts.values()), step)
        for _ in range(self.chance.randrange(4)):
            time.sleep(self.chance.random() * 0.015)
            what = self.chance.choice(("supervisor", "command"))
            there = [one for one in open_attempts if self.lives(one)]
            if there:
                self.strike(what, self.chance.choice(there))
        # On a busy machine a worker must come further than to what it has to submit again.
        time.sleep(self.chance.random() * (0.03 + 0.003 * len(open_attempts)))
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
        self.counts["worker"] += os.waitpid(worker, 0)[1] == signal.SIGKILL
        for run_id, *_ in self.noted():
            open_attempts.pop(run_id, None)

    def noted(self) -> list[tuple[str, str, int | None, int]]:
        """What workers noted: run, state, exit code, and how many ends the command had noted by then."""
        return [tuple(json.loads(" ".join(words))) for words in lines(self.seen)]

    def run(self, count: int) -> list[str]:
        """Let it blow `count` rounds, or more until some of each kind were killed; what is wrong, a sentence each."""
        open_attempts: dict[str, Attempt] = {}
        for number in range(4 * count):
            if number >= count and all(self.counts[what] for what in ("worker", "supervisor", "command")):
                break
            self.round(number, open_attempts)
        last = self.fork(list(open_attempts.values()))
        deadline = time.monotonic() + FOR_EVER
        while os.waitpid(last, os.WNOHANG)[0] == 0:
            if time.monotonic() > deadline:
                os.kill(last, signal.SIGKILL)
                os.waitpid(last, 0)
                names = sorted(set(open_attempts) - {run_id for run_id, *_ in self.noted()})
                return [f"{names} run for ever: {self.executor().poll([_id(name) for name in names])}"]
            time.sleep(0.01)
        return self.judge()

    def judge(self) -> list[str]:
        """What does not hold."""
        wrong = []
        begun = Counter(words[1] for words in lines(self.notes) if words[0] == "begin")
        ended = {words[1] for words in lines(self.notes) if words[0] == "end"}
        noted = self.noted()
        wrong += [f"{run_id} began {number} times" for run_id, number in begun.items() if number > 1]
        if missing := set(self.codes) - {run_id for run_id, *_ in noted}:
            wrong.append(f"no end was recorded of {sorted(missing)}")
        states: dict[str, set[tuple[str, int | None]]] = {}
        for run_id, how, code, ends in noted:
            states.setdefault(run_id, set()).add((how, code))
            right = {("failed" if self.codes[run_id] else "succeeded", self.codes[run_id])}
            if run_id in self.killed["command"]:
                right.add(("failed", 137))
                if run_id not in begun:  # killed between the note of who it is and its first step
                    right.add(("not-started", None))
            if run_id in self.killed["supervisor"]:
                right.add(("lost", None))
            if run_id in self.unwanted:
                right = {one for one in right if one[1] in {137, None}} | {("canceled", code)}
            if (how, code) not in right:
                wrong.append(f"{run_id} is recorded as {how} {code}, and is one of {sorted(map(str, right))}")
            if how in {"failed", "succeeded"} and code != 137 and run_id not in ended:
                wrong.append(f"{run_id} is recorded as {how}, and did not end")
            if how == "lost" and run_id in begun and not ends and run_id not in self.killed["command"] | self.unwanted:
                wrong.append(f"{run_id} was recorded as lost while it ran")
            self.counts[how] += 1
        # What an attempt that ended by itself leaves behind goes on, as a daemon does; of a cancelled one nothing does.
        now = take_scene()
        for run_id in self.codes:
            pids = now.marked.get(processes.Mark(STORE, run_id, "1"), set())
            if pids and "canceled" in {how for how, _ in states.get(run_id, ())}:
                wrong.append(f"{run_id} was cancelled, and is still there as {pids}")
            for pid in pids:
                processes.send(now.living[pid], signal.SIGKILL)
        wrong += [
            f"{run_id} is recorded as {sorted(map(str, seen))}" for run_id, seen in states.items() if len(seen) > 1
        ]
        return wrong


def _id(run_id: str) -> AttemptId:
    return AttemptId(run_id, 1, processes.place(STORE))


def main() -> int:
    """Run a storm and tell what was done and what is wrong."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as path:
        storm = Storm(Path(path), seed)
        start = time.monotonic()
        wrong = storm.run(count)
        print(f"seed {seed}: {count} rounds, {len(storm.codes)} attempts, {time.monotonic() - start:.0f} s")
        print(dict(storm.counts))
        print(*wrong or ["nothing is wrong"], sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
