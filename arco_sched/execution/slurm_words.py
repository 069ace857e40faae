"""What Slurm is asked, and what its answers mean: the words of sbatch, squeue, scontrol and scancel."""

import re
import shlex
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from arco_sched.core.errors import InvalidInput
from arco_sched.core.executor import Attempt, NotStarted, Outcome
from arco_sched.execution.calls import Answer, Request
from arco_sched.execution.engine import Unreachable

ASK: Final = ("squeue", "--me", "--noheader", "--states=all", "--format=%i|%T|%r|%N|%j")
"""The one question, whatever the number of jobs."""
CONFIG: Final = ("scontrol", "show", "config")
HELD_BY_USER: Final = "JobHeldUser"
_ONE: Final = 20
"""Seconds that one sbatch may take."""

_OVER: Final = {
    "COMPLETED": "it completed",
    "FAILED": "it failed",
    "CANCELLED": "canceled in Slurm",
    "TIMEOUT": "Slurm's time limit",
    "DEADLINE": "Slurm's deadline",
    "OUT_OF_MEMORY": "out of memory",
    "NODE_FAIL": "node failure",
    "BOOT_FAIL": "its node did not boot",
    "PREEMPTED": "preempted",
    "REVOKED": "revoked by Slurm",
}
"""States in which nothing of a job goes on; in any other it waits, runs, or is about to."""
_USUAL: Final = frozenset({"", "None", "Priority", "Resources", "BeginTime", "Dependency", "Cleaning", HELD_BY_USER})
"""Reasons for which a job waits and which pass by themselves."""
_OUTCOMES: Final = {"CANCELLED": Outcome.CANCELED, "TIMEOUT": Outcome.TIMED_OUT, "DEADLINE": Outcome.TIMED_OUT}
_AGAIN: Final = frozenset({"COMPLETED", "NODE_FAIL", "BOOT_FAIL", "PREEMPTED", "REVOKED"})
"""Whoever ended so without a token in the spool did not begin, through no fault of its own."""
_LINE: Final = re.compile(r"([0-9]+)(?:_[^|]*|\+[^|]*)?\|([A-Z_]+)\|([^|]*)\|([^|]*)\|(.*)", re.ASCII)
_SUBMIT: Final = f"""\
go() {{
  n=$1; shift
  o=$(timeout {_ONE} sbatch "$@" </dev/null 2>&1); c=$?
  printf '%s\\n= %s %s\\n' "$o" "$n" "$c"
  [ "$c" != 124 ] || exit
  case $o in *onnect*|*contact*|*ocket*) exit; esac
}}"""
_ID: Final = re.compile(r"[0-9]+", re.ASCII)
_BOOT: Final = re.compile(r"^BOOT_TIME\s*=\s*([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})\s*$", re.MULTILINE)
_FAILED_ID: Final = re.compile(r"job(?: id)? ([0-9]+)", re.ASCII | re.IGNORECASE)
_TRANSIENT: Final = re.compile(
    r"contact|connect|timed out|time ?out|zero bytes|temporar|try again|socket|standby|munge|credential|authenti"
    r"|resolve|configuration source|submit limit|maximum|too many|busy|out of memory|no space|cannot allocate|slurmdbd"
    r"|protocol",
    re.IGNORECASE,
)
"""Of a refusal: not the job's fault."""
_OURS: Final = frozenset(
    {"a", "array", "W", "wait", "requeue", "no-requeue", "wrap", "test-only", "J", "job-name", "o", "output", "e"}
    | {"error", "i", "input", "D", "chdir", "export", "export-file", "parsable", "H", "hold", "M", "clusters", "uid"}
    | {"gid", "open-mode", "h", "help", "usage", "V", "version", "Q", "quiet", "v", "verbose"}
)


class Job(NamedTuple):
    """A job as squeue tells of it."""

    number: int
    state: str
    reason: str
    nodes: str

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.state not in _OVER

    @property
    def tells_more(self) -> bool:
        """Whether its state says more than that its command ended."""
        return self.state not in {"COMPLETED", "FAILED"}

    @property
    def hindrance(self) -> str | None:
        """Why it waits, where that may need somebody: not for its turn, nor for its release."""
        usual = self.state != "PENDING" or self.reason in _USUAL
        return None if usual else f"it waits in Slurm as job {self.number}: {self.reason}"

    @property
    def begins_again(self) -> bool:
        """Whether it may be submitted again, where it never began.

        One that was canceled on its node, too: a controller that lost its memory gives the id of a job that runs anew,
        and cancels the new one for the old.
        """
        return self.state in _AGAIN or (self.state == "CANCELLED" and bool(self.nodes))

    @property
    def outcome(self) -> Outcome | None:
        """What an end by a signal means, where Slurm sent it; None for a failure like any other."""
        return _OUTCOMES.get(self.state)

    @property
    def told(self) -> str:
        """How it ended, in a line."""
        where = f" on {self.nodes}" if self.nodes else ""
        return f"{_OVER.get(self.state, self.state)}{where} (job {self.number}, {self.state})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sbatch:
    """The options of every job; `more` are given to sbatch as they are."""

    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    more: tuple[str, ...] = ()

    def arguments(self, attempt: Attempt, job_name: str, folder: str) -> list[str]:
        """The options for an attempt. What keeps submissions single comes last, so that it holds."""
        resources = dict(attempt.resources)
        given = {
            "partition": self.partition,
            "account": self.account,
            "qos": self.qos,
            "cpus-per-task": resources.get("cpus"),
            "mem": f"{resources['memory_mib']}M" if "memory_mib" in resources else None,
            "gres": f"gpu:{resources['gpus']}" if resources.get("gpus") else None,
        }
        return [
            *(f"--{name}={value}" for name, value in given.items() if value is not None),
            *self.more,
            "--hold",
            "--no-requeue",
            "--parsable",
            "--export=ALL",
            f"--job-name={job_name}",
            f"--chdir={folder}",
            f"--output={folder.replace('%', '%%')}/log",
            "--open-mode=append",
        ]


def check_option(text: str) -> None:
    """Raise `InvalidInput` for an `--sbatch` that is no option, or one that the executor itself gives."""
    match = re.fullmatch(r"--([a-z][a-z0-9-]*)(=.*)?|-([A-Za-z])(.*)", text, re.DOTALL)
    if match is None or "\0" in text:
        raise InvalidInput(
            f"--sbatch {text[:60]!a} is not an option of sbatch: write it like --sbatch=--constraint=gpu"
        )
    name = match[1] or match[3]
    if any(ours == name or (len(name) > 1 and len(ours) > 1 and ours.startswith(name)) for ours in _OURS):
        raise InvalidInput(f"--sbatch {text[:60]!a}: arco sets that itself")


def require_commands(worker: Mapping[str, str]) -> None:
    """Raise `InvalidInput` if one of Slurm's commands is not on the PATH of the worker."""
    path = environment(worker)["PATH"]
    missing = [name for name in ("sbatch", "squeue", "scontrol", "scancel") if shutil.which(name, path=path) is None]
    if missing:
        raise InvalidInput(f"--executor slurm needs {', '.join(missing)} on the PATH")


def environment(worker: Mapping[str, str]) -> dict[str, str]:
    """The environment of Slurm's commands, which becomes that of the job, below what the attempt gets."""
    kept = {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "SLURM_CONF", "LD_LIBRARY_PATH", "KRB5CCNAME"}
    return {"PATH": "/usr/bin:/bin"} | {
        name: value for name, value in worker.items() if name in kept or name.startswith("SBATCH_")
    }


def submission(jobs: Sequence[tuple[str, Sequence[str]]], seconds: float) -> Request:
    """One call that submits each (name, arguments of sbatch) in its turn, and stops where Slurm can't be reached."""
    lines = [
        _SUBMIT,
        *(shlex.join(["go", name, *arguments]) for name, arguments in jobs),
        "",
    ]
    return Request(("/bin/sh",), "\n".join(lines).encode(errors="surrogateescape"), seconds + len(jobs))


def submitted(answer: Answer) -> tuple[dict[str, str | NotStarted], str | None]:
    """The ids, or refusals, by name; and why Slurm could not be reached for the others, if it could not."""
    found: dict[str, str | NotStarted] = {}
    problem = f"sbatch didn't answer within {_ONE} s" if answer.timed_out else None
    said: list[str] = []
    for line in answer.out.decode(errors="replace").splitlines():
        match line.split(" "):
            case ["=", name, code]:
                how = _read_one(said, code)
                if isinstance(how, Unreachable):
                    problem = str(how)
                else:
                    found[name] = how
                said = []
            case _:
                said.append(line.strip())
    if not found and problem is None:
        problem = f"sbatch failed: {answer.complaint or f'exit code {answer.code}'}"
    return found, problem


def _read_one(said: Sequence[str], code: str) -> str | NotStarted | Unreachable:
    """What one sbatch with this exit code said."""
    number = next((each for each in reversed(said) if _ID.match(each)), "").partition(";")[0]
    if code == "0" and _ID.fullmatch(number):
        return number
    if code == "124":
        return Unreachable(f"sbatch didn't answer within {_ONE} s")
    why = _complaint(said)
    if code == "0" or not why or _TRANSIENT.search(why):
        return Unreachable(f"sbatch failed: {why or f'exit code {code}'}")
    return NotStarted(f"Slurm rejected it: {why}")


def jobs(answer: Answer, prefix: str) -> dict[str, list[Job]]:
    """The jobs whose names begin with `prefix`, by the rest of them. Raises `Unreachable`."""
    require(answer, "squeue")
    found: dict[str, list[Job]] = {}
    for line in answer.out.decode(errors="replace").splitlines():
        if not line.strip():
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise Unreachable(f"squeue gave an unexpected answer: {' '.join(line.split())[:100]}")
        number, state, reason, nodes, name = match.groups()
        if name.startswith(prefix):
            found.setdefault(name[len(prefix) :], []).append(Job(int(number), state, reason, nodes))
    return found


def require(answer: Answer, command: str) -> None:
    """Raise `Unreachable` unless the command succeeded."""
    if answer.timed_out:
        raise Unreachable(f"{command} didn't answer in time")
    if answer.code:
        raise Unreachable(f"{command} failed: {_complaint([answer.complaint]) or f'exit code {answer.code}'}")


def release(jobs: Iterable[str], seconds: float) -> Request:
    """The call that releases jobs."""
    return Request(("scontrol", "release", ",".join(jobs)), b"", seconds)


def boot_time(answer: Answer) -> float | None:
    """When the controller was started, an epoch; None if it doesn't say."""
    match = _BOOT.search(answer.out.decode(errors="replace"))
    if answer.code or match is None:
        return None
    try:
        # Slurm's commands tell the time of the machine that they run on, without its zone.
        return datetime.fromisoformat(match[1]).astimezone().timestamp()
    except ValueError:
        return None


def signal(jobs: Iterable[str], seconds: float) -> Request:
    """The call that sends SIGTERM to all processes of jobs."""
    return Request(("scancel", "--signal=TERM", "--full", *sorted(jobs)), b"", seconds)


def cancel(jobs: Iterable[str], seconds: float) -> Request:
    """The call that cancels jobs, whatever they do."""
    return Request(("scancel", *sorted(jobs)), b"", seconds)


def failed(answer: Answer) -> set[str] | None:
    """The jobs of which scancel says that it could not signal them; None if Slurm could not be reached."""
    if answer.timed_out:
        return None
    text = answer.err.decode(errors="replace")
    named = {match[1] for match in _FAILED_ID.finditer(text)}
    return None if answer.code and not named else named


def _complaint(lines: Sequence[str]) -> str:
    """The last line that says something, without the words around it."""
    told = [re.sub(r"^\w+: (?:error|fatal): ", "", line) for line in lines if line]
    text = told[-1] if told else ""
    return text.removeprefix("Batch job submission failed: ")[:300]
