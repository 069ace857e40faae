"""A Slurm of one host under a folder of its own: munged, slurmctld and slurmd, started and ended here by process id."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

_CONF = """\
ClusterName=arco
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={path}/munge/socket
CredType=cred/munge
StateSaveLocation={path}/state
SlurmdSpoolDir={path}/spool
SlurmctldPidFile={path}/slurmctld.pid
SlurmdPidFile={path}/slurmd.pid
SlurmctldLogFile={path}/slurmctld.log
SlurmdLogFile={path}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,default_queue_depth=1000
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
PreemptType=preempt/partition_prio
PreemptMode=CANCEL
ReturnToService=2
MinJobAge={memory}
MaxJobCount=50000
KillWait=2
InactiveLimit=0
SlurmdTimeout=300
MessageTimeout=5
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=p Nodes={host} Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes={host} MaxTime=INFINITE State=UP PriorityTier=10
"""
DAEMONS = ("munged", "slurmctld", "slurmd")
_MUNGE = (
    ("key-file", "key"),
    ("socket", "socket"),
    ("pid-file", "pid"),
    ("log-file", "log"),
    ("seed-file", "seed"),
)
COMMANDS = ("sbatch", "squeue", "scontrol", "scancel")


def lacking() -> str | None:
    """Why there can be no Slurm here; None where there can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a Slurm of one host needs Linux and root"
    missing = [name for name in (*DAEMONS, *COMMANDS) if _find(name) is None]
    return f"Slurm is not installed: no {', '.join(missing)}" if missing else None


class SlurmHost:
    """A running Slurm; `environment` leads its commands to it. `memory`: seconds for which it knows ended jobs."""

    def __init__(self, path: Path, *, cpus: int = 8, memory: int = 300) -> None:
        self.path = path
        self.conf = path / "slurm.conf"
        self.environment = {"SLURM_CONF": str(self.conf)}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        for name in ("state", "spool", "munge"):
            (path / name).mkdir(mode=0o755, parents=True, exist_ok=True)
        (path / "munge").chmod(0o700)
        (path / "munge" / "key").write_bytes(os.urandom(128))
        (path / "munge" / "key").chmod(0o400)
        host = socket.gethostname().partition(".")[0]
        port, node_port = _free_ports(2)
        text = _CONF.format(path=path, host=host, port=port, node_port=node_port, cpus=cpus, memory=memory)
        self.conf.write_text(text)
        self.host = host

    def start(self) -> None:
        """Start the daemons, and wait until jobs can run."""
        munge = self.path / "munge"
        options = [f"--{option}={munge / name}" for option, name in _MUNGE]
        self._start("munged", "--foreground", "--force", "--num-threads=2", *options)
        _wait((munge / "socket").exists, "munged")
        munge.chmod(0o755)
        self.begin("slurmctld")
        self.begin("slurmd")
        self.wait()

    def begin(self, daemon: str) -> None:
        """Start slurmctld or slurmd."""
        self._start(daemon, "-D", *(["-N", self.host] if daemon == "slurmd" else []))

    def kill(self, daemon: str, number: int = signal.SIGKILL) -> None:
        """Send a signal to a daemon, and wait for its end."""
        process = self._running.pop(daemon)
        process.send_signal(number)
        process.wait()

    def wait(self) -> None:
        """Until the node takes jobs."""
        _wait(lambda: self.run("sinfo", "-h", "-o", "%T").strip() in {"idle", "mixed", "allocated"}, "the node")

    def ready(self) -> None:
        """Leave nothing of what a test before did to the partition and the node."""
        self.run("scontrol", "update", "PartitionName=p", "State=UP")
        if self.run("sinfo", "-h", "-p", "p", "-o", "%T").strip() not in {"idle", "mixed", "allocated"}:
            self.run("scontrol", "update", f"NodeName={self.host}", "State=RESUME")
        self.wait()

    def run(self, *arguments: str) -> str:
        """What one of Slurm's commands prints."""
        given = {**os.environ, **self.environment}
        ended = subprocess.run(arguments, env=given, capture_output=True, text=True, check=False, timeout=60)
        return ended.stdout

    def forget(self) -> None:
        """Lose all that the controller knows, as a disk does."""
        self.kill("slurmctld")
        shutil.rmtree(self.path / "state")
        (self.path / "state").mkdir()
        self.begin("slurmctld")
        self.wait()

    def stop(self) -> None:
        """Cancel what is left, and end the daemons."""
        if "slurmctld" in self._running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.run("scancel", "--me")
                deadline = time.monotonic() + 20
                while self.run("squeue", "-h") and time.monotonic() < deadline:
                    time.sleep(0.1)
        for name in ("slurmd", "slurmctld", "munged"):
            if name in self._running:
                with contextlib.suppress(ProcessLookupError):
                    self.kill(name, signal.SIGTERM)

    def _start(self, name: str, *arguments: str) -> None:
        path = _find(name)
        assert path is not None
        output = (self.path / f"{name}.out").open("ab")
        self._running[name] = subprocess.Popen(
            [path, *arguments],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        output.close()


def _find(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


def _wait(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, f"{what} did not start"
        time.sleep(0.05)
