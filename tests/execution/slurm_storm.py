"""A storm of kill -9 on a Slurm's controller, its node daemon and the worker; `python -m tests.execution.slurm_storm
[KILLS [SEED]]`.

Runs are requested while it blows; their commands note when they begin and end. One in eight takes a minute, with a
daemon, ignores SIGTERM, or both, and is cancelled. Then it must hold: no attempt began
twice; every run is over; one that is recorded as it ended noted that end; what is recorded otherwise is `lost`, or
ended by a signal, which is what a controller does to jobs that it forgot; and `arco verify` finds nothing.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from arco_sched.api import Workspace
from arco_sched.core.definitions import RequestContent
from arco_sched.core.errors import Conflict
from arco_sched.core.policy import Policy
from tests import IMPORTABLE
from tests.execution.slurm_host import SlurmHost, lacking

WORKER = """\
import sys
from arco_sched.execution.slurm import SlurmExecutor
SlurmExecutor.__init__.__kwdefaults__.update(beat=0.5, patience=6.0)
from arco_sched.cli.entry import main
sys.argv = ["arco", *sys.argv[1:]]
main()
"""
"""`arco work`, but that a guard gives a sign of life twice a second, and six seconds of silence are enough."""
FOR_EVER = 240.0
"""Seconds after which what is still open counts as running for ever."""


class Storm:
    """A Slurm, a database, a worker, and what was done to them."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path, self.chance = path, random.Random(seed)
        self.notes, self.spool, self.database = path / "notes", path / "spool", path / "arco.db"
        self.spool.mkdir()
        (path / "slurm").mkdir()
        self.host = SlurmHost(path / "slurm", cpus=16)
        self.codes: dict[str, int] = {}
        self.unwanted: dict[str, float] = {}
        self.cancelled: set[str] = set()
        self.killed: Counter[str] = Counter()
        self.worker: subprocess.Popen[bytes] | None = None

    def request(self, workspace: Workspace, count: int) -> None:
        """Request some more runs: up to a second and a half each; one in four is tried again where it was lost."""
        for _ in range(count):
            key = f"k{len(self.codes)}"
            code = self.chance.choice((0, 0, 1, 7))
            nap = self.chance.choice(("", "sleep 0.2;", "sleep 0.7;", "sleep 1.5;"))
            note = '"$ARCO_RUN_ID.$ARCO_ATTEMPT"'
            text = f"echo begin {note} >> {self.notes}; {nap} echo end {note} {code} >> {self.notes}; exit {code}"
            unwanted = self.chance.random() < 0.125
            if unwanted:
                nap = self.chance.choice(("sleep 61;", "setsid sleep 61 & wait;", "trap '' TERM; sleep 61;"))
                text = f"echo begin {note} >> {self.notes}; {nap}"
            policy = Policy(on_lost="retry" if self.chance.random() < 0.25 else "fail", retry_delay_seconds=0)
            content = RequestContent(command=text, working_directory=str(self.path))
            run_id = workspace.request_run(key, content, now=int(time.time()), policy=policy).run.run_id
            self.codes[run_id] = code
            if unwanted:
                self.unwanted[run_id] = time.monotonic() + self.chance.random() * 10

    def cancel(self, workspace: Workspace, *, all_of_them: bool = False) -> None:
        """Cancel the runs that nobody wants any more."""
        for run_id, at in list(self.unwanted.items()):
            if all_of_them or time.monotonic() >= at:
                with contextlib.suppress(Conflict):  # it was lost, with a daemon that was killed
                    workspace.cancel(run_id, now=int(time.time()))
                del self.unwanted[run_id]
                self.cancelled.add(run_id)

    def work(self) -> None:
        """Start a worker."""
        environment = {**os.environ, **self.host.environment, "PYTHONPATH": IMPORTABLE}
        arguments = ["--db", str(self.database), "work", "--executor", "slurm", "--spool", str(self.spool)]
        output = (self.path / "worker").open("ab")
        self.worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, *arguments], env=environment, stdout=output, stderr=output
        )
        output.close()

    def strike(self) -> None:
        """Kill one of the three, and start it again: a worker most often."""
        what = self.chance.choices(("worker", "slurmctld", "slurmd"), (5, 3, 2))[0]
        self.killed[what] += 1
        if what == "worker":
            assert self.worker is not None
            self.worker.kill()
            self.worker.wait()
            self.work()
        else:
            self.host.kill(what)
            time.sleep(self.chance.random() * 0.3)
            self.host.begin(what)

    def run(self, kills: int) -> list[str]:
        """Let it blow; what is wrong, a sentence each."""
        self.host.start()
        try:
            with Workspace.create(self.database) as workspace:
                self.request(workspace, 4)
                self.work()
                for number in range(kills):
                    time.sleep(self.chance.random() * 0.6)
                    self.strike()
                    self.cancel(workspace)
                    if number % 2 == 0:
                        self.request(workspace, self.chance.randrange(1, 4))
                self.host.wait()
                self.cancel(workspace, all_of_them=True)
                return self.settle(workspace) + self.judge(workspace)
        finally:
            if self.worker is not None:
                self.worker.send_signal(signal.SIGTERM)
                time.sleep(0.2)
                self.worker.kill()
                self.worker.wait()
            self.host.stop()

    def settle(self, workspace: Workspace) -> list[str]:
        """Wait until every run is over. A node that Slurm drained, since a controller without memory gave an id again,
        wants an administrator."""
        deadline = time.monotonic() + FOR_EVER
        while time.monotonic() < deadline:
            self.host.ready()
            left = [run_id for run_id in self.codes if not workspace.run_life(run_id, now=int(time.time())).state.final]
            if not left:
                return []
            time.sleep(0.5)
        return [f"{len(left)} runs are not over, one of them {workspace.run_life(left[0], now=0).state}"]

    def judge(self, workspace: Workspace) -> list[str]:
        """What does not hold."""
        words = [line.split() for line in self.notes.read_text().splitlines()]
        begun = Counter(each[1] for each in words if each[0] == "begin")
        ended = {each[1]: int(each[2]) for each in words if each[0] == "end"}
        wrong = [f"{name} began {number} times" for name, number in begun.items() if number > 1]
        outcomes: Counter[str] = Counter()
        for run_id, code in self.codes.items():
            for attempt in workspace.run_life(run_id, now=int(time.time())).attempts:
                name, end = f"{run_id}.{attempt.number}", attempt.end
                how = "open" if end is None else end.outcome
                outcomes[
                    how if how != "failed" or end is None or (end.exit_code or 0) < 128 else "ended by a signal"
                ] += 1
                if end is None:
                    wrong.append(f"{name} is open")
                elif end.outcome in {"succeeded", "failed"} and (end.exit_code or 0) < 128:
                    if (end.exit_code, ended.get(name)) != (code, code):
                        wrong.append(f"{name} is recorded as {end}, is {code} and noted {ended.get(name)}")
                elif run_id in self.cancelled and end.outcome not in {"lost", "failed", "canceled"}:
                    wrong.append(f"{name} was cancelled and is recorded as {end}")
                elif end.outcome not in {"lost", "failed", "canceled"}:
                    wrong.append(f"{name} is recorded as {end}")
                elif end.outcome == "canceled" and name in ended:
                    wrong.append(f"{name} ended with {ended[name]} and is recorded as {end}")
        if left := _marked(self.cancelled):
            wrong.append(f"of cancelled runs there are still {left}")
        answer = workspace.verify()
        if not answer.ok:
            wrong.append(f"arco verify: {answer}")
        self.outcomes = outcomes
        return wrong


def _marked(run_ids: set[str]) -> list[int]:
    """The processes that say in their environment that they belong to one of these runs."""
    found = []
    for each in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if each.name.isdecimal():
                words = (each / "environ").read_bytes().split(b"\0")
                if any(word.startswith(b"ARCO_RUN_ID=") and word[12:].decode() in run_ids for word in words):
                    found.append(int(each.name))
    return found


def main() -> int:
    """Run a storm and tell what was done and what is wrong."""
    reason = lacking()
    if reason is not None:
        print(reason)
        return 0
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory(prefix="arco-storm-") as path:
        storm, start = Storm(Path(path), seed), time.monotonic()
        wrong = storm.run(kills)
        print(f"seed {seed}: {kills} kills, {len(storm.codes)} runs, {time.monotonic() - start:.0f} s")
        print(dict(storm.killed), dict(getattr(storm, "outcomes", {})))
        said = Counter((Path(path) / "worker").read_text().splitlines())
        print(*(f"{number} x {line}" for line, number in said.most_common(12)), sep="\n")
        print(*wrong[:20] or ["nothing is wrong"], sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
