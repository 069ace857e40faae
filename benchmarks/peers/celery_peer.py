"""Celery's part, run in an environment of its own: `python celery_peer.py PORT send|run|latency COUNT`.

`send` queues tasks that run `true` in a shell; `run` is a worker with four processes (prefork) until all results are
there; `latency` sends one task after the other to such a worker, and prints the median of the seconds from the call to
the beginning of the command. Broker and result store are one Redis; results are kept.
"""

import subprocess
import sys
import time
from statistics import median

from celery import Celery

port, what, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
url = f"redis://127.0.0.1:{port}/0"
app = Celery("celery_peer", broker=url, backend=url)
# A task that its worker's end interrupts is begun again (late acks): without it, it would be gone.
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1, result_expires=None, task_track_started=True)


@app.task(name="shell")
def shell(line):
    """Run a command line; when it began, and its exit code."""
    begun = time.time()
    return begun, subprocess.run(["/bin/sh", "-c", line], check=False).returncode


def worker():
    """A worker with four processes."""
    given = ["--pool=prefork", "--concurrency=4", "--loglevel=CRITICAL", "--without-gossip", "--without-mingle"]
    command = [sys.executable, __file__, str(port), "serve", "0", "worker", *given]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


if what == "serve":
    app.worker_main(sys.argv[4:])
elif what == "send":
    for number in range(count):
        shell.apply_async(["true"], task_id=f"t{number}")
else:
    process = worker()
    if what == "run":
        codes = [app.AsyncResult(f"t{number}").get()[1] for number in range(count)]
        assert codes == [0] * count
    else:
        shell.delay("true").get()
        taken = []
        for _ in range(count):
            asked = time.time()
            taken.append(shell.delay("true").get()[0] - asked)
        print(median(taken))
    process.terminate()
    process.wait()
