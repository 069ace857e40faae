"""Rows 15 to 18: an engine. Submissions to Slurm against sbatch and scontrol, a poll of a thousand against one squeue,
and runs of `true` from end to end against a loop of `sbatch --wait` and an array. A Slurm of one host is started;
where there can be none, there are no rows."""

import contextlib
import json
import os
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from arco_sched import RequestContent, Workspace
from arco_sched.core.executor import Attempt, AttemptId, Command
from arco_sched.execution import folder
from arco_sched.execution.slurm import SlurmExecutor
from arco_sched.execution.slurm_words import ASK, Sbatch
from benchmarks.harness import Bench, Row, compared, environment, run, timed
from tests.execution.slurm_host import SlurmHost, lacking


def rows(bench: Bench) -> Iterator[Row]:
    """Measure with a Slurm of one host."""
    reason = lacking()
    if reason is not None:
        bench.say(f"rows 15 to 18 are left out: {reason}")
        return
    path = bench.folder / "slurm"
    path.mkdir()
    host = SlurmHost(path, cpus=64)
    host.start()
    os.environ.update(host.environment)
    try:
        yield from _measure(bench, host)
    finally:
        host.stop()


def _measure(bench: Bench, host: SlurmHost) -> Iterator[Row]:
    script = bench.folder / "true.sh"
    script.write_text("#!/bin/sh\ntrue\n")
    count, many, runs = bench.size(200, 10), bench.size(1000, 30), bench.size(500, 10)
    bench.say(f"submitting {count:,} attempts to Slurm")
    bare, ours = [], []
    with _down(host):
        for _ in range(bench.size(3, 1)):
            bare.append(timed(lambda: _submit_bare(script, count)))
            ours.append(_submit(bench, count)[0])
            subprocess.run(["scancel", "--me"], check=True)
        yield compared("15", f"{count:,} submits to Slurm : sbatch --hold, release", min(ours), min(bare), 1.5)
        bench.say(f"polling {many:,} attempts in Slurm")
        yield _poll(bench, many)
        subprocess.run(["scancel", "--me"], check=True)
    bench.say(f"{runs:,} runs of true through Slurm")
    through = _through(bench, runs)
    few = bench.size(10, 2)
    submit = ["sbatch", "--wait", "--quiet", "--output=/dev/null"]
    # Two seconds and more each: measured are a few of them.
    waiting = timed(lambda: [subprocess.run([*submit, str(script)], check=True) for _ in range(few)]) / few * runs
    yield compared(
        "17", f"{runs:,} runs of true through Slurm : a loop of sbatch --wait ({few})", through, waiting, 1.0
    )
    array = timed(lambda: subprocess.run([*submit, f"--array=1-{runs}", str(script)], check=True))
    yield compared("18", f"{runs:,} runs of true through Slurm : one array", through, array, 3.0)


@contextlib.contextmanager
def _down(host: SlurmHost) -> Iterator[None]:
    """The partition takes jobs and starts none."""
    host.run("scontrol", "update", "PartitionName=p", "State=DOWN")
    yield
    host.run("scontrol", "update", "PartitionName=p", "State=UP")


def _submit_bare(script: Path, count: int) -> None:
    for _ in range(count):
        options = ["--hold", "--no-requeue", "--parsable", "--output=/dev/null", str(script)]
        job = subprocess.run(["sbatch", *options], check=True, capture_output=True, text=True).stdout.strip()
        subprocess.run(["scontrol", "release", job], check=True)


def _submit(bench: Bench, count: int) -> tuple[float, SlurmExecutor, dict[str, str | None]]:
    """Seconds until so many attempts are submitted, their ids known, and all of them released."""
    path, store = bench.folder / uuid.uuid4().hex, uuid.uuid4().hex
    (path / "spool").mkdir(parents=True)
    folder.create(str(path / "runs"), store)
    executor = SlurmExecutor(
        str(path / "runs"), store, spool=str(path / "spool"), sbatch=Sbatch(), worker_environment=environment()
    )
    place = executor.place()
    ids: dict[str, str | None] = {f"r{number}": None for number in range(count)}
    begin = time.perf_counter()
    for run_id in ids:
        executor.submit(Attempt(run_id=run_id, attempt=1, place=place, command=Command(command="true")))
    spool = Path(executor.place())
    while not all((spool / "attempts" / f"{run_id}.1" / "released").exists() for run_id in ids):
        attempts = [AttemptId(run_id, 1, place, external_id) for run_id, external_id in ids.items()]
        for one, seen in zip(attempts, executor.poll(attempts), strict=True):
            ids[one.run_id] = seen.external_id
        time.sleep(0.01)
    return time.perf_counter() - begin, executor, ids


def _poll(bench: Bench, count: int) -> Row:
    """A question about all of them and the observations from its answer, next to squeue alone."""
    _, executor, ids = _submit(bench, count)
    attempts = [AttemptId(run_id, 1, executor.place(), external_id) for run_id, external_id in ids.items()]
    alone, polled = [], []
    for _ in range(10):
        alone.append(timed(lambda: subprocess.run(ASK, check=True, capture_output=True)))
        executor._not_before.clear()  # noqa: SLF001 - it would wait a second between two questions
        before, begin = executor._answered, time.perf_counter()  # noqa: SLF001
        while executor._answered == before:  # noqa: SLF001
            executor.poll(attempts)
            time.sleep(0.002)
        polled.append(time.perf_counter() - begin)
    executor.close()
    return compared("16", f"a poll of {count:,} jobs : one squeue", min(polled), min(alone), 3.0)


def _through(bench: Bench, count: int) -> float:
    """Seconds that `arco work --once` takes for so many runs of `true`."""
    database, spool = bench.path("slurm"), bench.folder / "runs-spool"
    spool.mkdir()
    run(bench.arco(database, "init"))
    with Workspace.open(database) as workspace:
        for number in range(count):
            workspace.request_run(f"k{number}", RequestContent(command="true"), now=int(time.time()))
    work = bench.arco(database, "work", "--once", "--json", "--executor", "slurm", "--spool", str(spool))
    begin = time.perf_counter()
    done = subprocess.run(work, check=True, capture_output=True, env=environment())
    taken = time.perf_counter() - begin
    assert json.loads(done.stdout)["succeeded"] == count, done
    return taken
