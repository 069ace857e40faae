"""`python -m benchmarks.peers.executing`: commands executed by arco, by Celery with Redis, and by task-spooler.

Whole processes, in turns, each as durable as it comes, four commands at once, each command `true` in a shell. It needs
`redis-server` and `tsp` (`apt-get install redis-server task-spooler`); who is not there is left out, and named.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from arco_sched import RequestContent, Workspace
from benchmarks.harness import Bench, environment, in_turns, install, run, seconds
from benchmarks.peers.__main__ import environment_of

HERE: Final = Path(__file__).resolve().parent
NEEDS: Final = ["celery[redis]>=5.5,<6", "packaging"]
SLOTS: Final = 4


class Peer(NamedTuple):
    """Somebody who executes commands: the seconds for all of them, and from one's request to its beginning."""

    name: str
    run_all: Callable[[], float]
    latency: Callable[[], float]
    lacks: str


def main(arguments: list[str] | None = None) -> int:
    """Measure and print a line each; returns 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.executing", description=__doc__)
    parser.add_argument("--venvs", type=Path, required=True, help="where the environments are, or are made")
    parser.add_argument("--count", type=int, default=1000, help="commands")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bin", type=Path, help="an environment's bin folder with arco installed; default: a new one")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="arco-peers-") as name:
        folder = Path(name)
        bench = Bench(folder, quick=False, bin=(options.bin or install(folder)).absolute(), say=_say)
        with _peers(bench, options) as peers:
            _say(f"{options.count:,} runs of true, {options.rounds} rounds in turns")
            taken = in_turns(options.rounds, *(peer.run_all for peer in peers))
            for peer, best in zip(peers, taken, strict=True):
                print(f"{peer.name:16}{options.count / best:6,.0f} a second   begins after {seconds(peer.latency()):>8}"
                      f"   {peer.lacks}")  # fmt: skip
    return 0


@contextmanager
def _peers(bench: Bench, options: argparse.Namespace) -> Iterator[list[Peer]]:
    peers = [_ours(bench, options.count)]
    if shutil.which("tsp"):
        peers.append(_spooler(bench, options.count))
    else:
        _say("no task-spooler here: apt-get install task-spooler")
    if not shutil.which("redis-server"):
        _say("no redis-server here: apt-get install redis-server")
        yield peers
        return
    with _redis(bench) as port:
        python = environment_of(options.venvs / "celery", NEEDS)
        yield [*peers, _celery(bench, python, port, options.count)]


def _ours(bench: Bench, size: int) -> Peer:
    paths = count()

    def requested() -> Path:
        path = bench.path(f"ours-{next(paths)}")
        now = int(time.time()) - 1
        with Workspace.create(path) as workspace:
            for number in range(size):
                workspace.request_run(f"k{number}", RequestContent(command="true"), now=now)
        return path

    def run_all() -> float:
        path = requested()
        return run(bench.arco(path, "work", "--once", "--quiet", "--slots", str(SLOTS)), cwd=bench.folder)

    def latency() -> float:
        path, notes = bench.path("latency"), bench.folder / "begun"
        Workspace.create(path).close()
        taken = []
        with subprocess.Popen(bench.arco(path, "work"), env=environment(), cwd=bench.folder) as worker:
            time.sleep(2)
            with Workspace.open(path) as workspace:
                for number in range(30):
                    notes.unlink(missing_ok=True)
                    asked = time.time()
                    content = RequestContent(command=f"date +%s.%N > {notes}.new; mv {notes}.new {notes}")
                    workspace.request_run(f"k{number}", content, now=int(asked))
                    while not notes.exists():
                        time.sleep(0.002)
                    taken.append(float(notes.read_text()) - asked)
            worker.terminate()
        return median(taken)

    return Peer("arco", run_all, latency, "every start and end is on the disk before anything follows from it")


def _celery(bench: Bench, python: str, port: int, size: int) -> Peer:
    program = [python, str(HERE / "celery_peer.py"), str(port)]

    def run_all() -> float:
        run(["redis-cli", "-p", str(port), "flushall"])
        run([*program, "send", str(size)])
        return run([*program, "run", str(size)])

    def latency() -> float:
        done = subprocess.run(
            [*program, "latency", "30"], env=environment(), check=True, text=True, capture_output=True, cwd=bench.folder
        )
        return float(done.stdout)

    lacks = "no output, no attempts; results in Redis, on the disk once a second; killed with its worker, and run again"
    return Peer("Celery, prefork", run_all, latency, lacks)


@contextmanager
def _redis(bench: Bench) -> Iterator[int]:
    """A Redis of its own, which appends to its file and syncs once a second, as it does by default where it appends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--appendonly", "yes", "--dir", bench.folder]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        while subprocess.run(["redis-cli", "-p", str(port), "ping"], capture_output=True, check=False).returncode:
            time.sleep(0.05)
        try:
            yield port
        finally:
            server.terminate()


_SPOOL: Final = 'i=0; while [ $i -lt "$1" ]; do tsp -n sh -c true >/dev/null; i=$((i + 1)); done; tsp -w >/dev/null'


def _spooler(bench: Bench, size: int) -> Peer:
    os.environ["TS_SOCKET"] = str(bench.folder / "tsp")
    os.environ["TS_MAXFINISHED"] = str(size)

    def run_all() -> float:
        run(["tsp", "-S", str(SLOTS)])
        taken = run(["sh", "-c", _SPOOL, "sh", str(size)], cwd=bench.folder)
        run(["tsp", "-K"])
        return taken

    def latency() -> float:
        notes, taken = bench.folder / "spooled", []
        for _ in range(30):
            notes.unlink(missing_ok=True)
            asked = time.time()
            run(["tsp", "-n", "sh", "-c", f"date +%s.%N > {notes}.new; mv {notes}.new {notes}"])
            while not notes.exists():
                time.sleep(0.002)
            taken.append(float(notes.read_text()) - asked)
        run(["tsp", "-K"])
        return median(taken)

    lacks = (
        "queue, exit codes and times in the memory of its server alone: a restart forgets all; no retries, no overlap"
    )
    return Peer("task-spooler", run_all, latency, lacks)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
