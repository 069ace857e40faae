"""The spool: a folder shared by the worker and an engine's nodes, with a guard that lets each attempt begin only once.

    SPOOL/STORE/guard-…              the script that the engine runs, under the hash of its text
    SPOOL/STORE/attempts/RUN.N/job   what it runs: the environment, then exec SHELL -c COMMAND
                               log   the output
                               token JOB NODE BOOT UPTIME PID .   made whole beside and linked into place: who gets the
                                     link may begin; `void REASON .`: a worker's, so that nobody may
                               end   CODE UPTIME SIGNALLED .      how the command ended; SIGNALLED: TERM, or -
                               refused  WHY .                     why it could not be started
                               alive UPTIME .                     the guard's heartbeat
                               ending   REASON GRACE .            a worker wants it to end
                               term     the guard is to send SIGTERM: the engine could not be asked to
                               released the worker released the job: who holds it now is a person

Every complete line ends with a dot: one without it was cut off, or is still on its way through a network file system.
"""

import contextlib
import hashlib
import os
import shlex
from collections.abc import Mapping
from typing import Final, NamedTuple

from arco_sched.core.executor import Attempt, CannotStart, attempt_name
from arco_sched.execution import supervisor
from arco_sched.execution.protocol import REFUSED, read

NO_SPOOL: Final = 97
"""The exit code of a guard that can't use the spool on its node."""
_GUARD: Final = """\
#!/bin/sh
# Run by the engine: takes the token of an attempt, runs its command, writes down its end. A second copy ends at once.
# $1 the attempt's folder, $2 store, $3 run, $4 attempt
umask 077
PATH=/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin
cd "$1" || exit {no_spool}
read -r b </proc/sys/kernel/random/boot_id
read -r u x </proc/uptime
me="${{SLURM_JOB_ID:-0}} ${{SLURMD_NODENAME:-?}} $b $u $$ ."
mine="token.${{SLURM_JOB_ID:-0}}.$$"
echo "$me" >"$mine" || exit {no_spool}
ln "$mine" token 2>/dev/null
rm -f "$mine"
# Asked of the file: over a network, the answer to a link that was made can get lost.
read -r x <token || exit {no_spool}
[ "$x" = "$me" ] || exit 0
t=-
trap 't=TERM' TERM
trap '' HUP INT QUIT USR1 USR2 PIPE ALRM
beat() {{ read -r u x </proc/uptime; echo "$u ." >alive; }}
# All that has the attempt's mark in its environment, daemons too.
marked() {{
  k=
  for x in $(grep -lzxF "ARCO_RUN_ID=$3" /proc/[0-9]*/environ 2>/dev/null | xargs -r grep -lzxF "ARCO_STORE_ID=$2" \\
    2>/dev/null | xargs -r grep -lzxF "ARCO_ATTEMPT=$4" 2>/dev/null); do x=${{x#/proc/}}; k="$k ${{x%/environ}}"; done
}}
finish() {{
  read -r x g y <ending; read -r u y </proc/uptime; d=$((${{u%.*}} + ${{g%.*}} + 1))
  while marked "$@"; [ -n "$k" ]; do
    beat
    [ "${{u%.*}}" -ge "$d" ] && {{ : >signalled; kill -9 $k 2>/dev/null; }}
    sleep 0.2
  done
}}
(
  trap '' TERM
  while kill -0 $$ 2>/dev/null; do
    beat
    if [ -e term ]; then : >signalled; rm -f term; marked "$@"; kill $k; fi
    [ -e ending ] && finish "$@"
    sleep {beat}
  done
) </dev/null >/dev/null 2>&1 &
w=$!
if [ "$t" = - ] && [ ! -e ending ]; then
  (trap - TERM HUP INT QUIT USR1 USR2 PIPE ALRM; umask 022; . ./job) </dev/null
  r=$?
else
  r=143
  t=TERM
fi
read -r e x </proc/uptime
[ -e ending ] && finish "$@" >/dev/null 2>&1
[ -e signalled ] && t=TERM
until echo "$r $e $t ." >end; do sleep 1; done
kill -9 $w
exit $r
"""

_JOB: Final = """\
n() {{ echo "$1 ." >refused; exit 98; }}
[ -d {directory} ] || n directory
(cd {directory}) 2>/dev/null || n enter
[ -f {shell} ] && [ -x {shell} ] || n shell
cd {directory} || n enter
{exports}
exec {words} -c {command}
"""


class Token(NamedTuple):
    """Who began an attempt: the engine's job, its node, the boot and its uptime then, and `at`, an epoch.

    `job` None: nobody, and nobody may: `reason` says what it was to end for, if anything.
    """

    job: str | None
    node: str
    boot: str
    uptime: float
    at: int
    reason: str | None = None


class End(NamedTuple):
    """How a command ended: exit code, uptime of its node then, and whether it was signaled before."""

    code: int
    uptime: float
    signalled: bool


class Spool:
    """The part of the spool `path` that belongs to a store. `beat`: seconds between two signs of life of a guard."""

    def __init__(self, path: str, store_id: str, *, beat: float) -> None:
        self.path = f"{os.path.realpath(path)}/{store_id}"
        self._store_id = store_id
        self._guard = _GUARD.format(no_spool=NO_SPOOL, beat=f"{beat:g}")
        self._script = f"{self.path}/guard-{hashlib.sha256(self._guard.encode()).hexdigest()[:12]}"
        self._spool = path
        self._tokens: dict[str, Token] = {}

    def home(self, name: str) -> str:
        """The folder of an attempt."""
        return f"{self.path}/attempts/{name}"

    def log(self, name: str) -> str:
        """Where its output goes."""
        return f"{self.path}/attempts/{name}/log"

    def check(self) -> None:
        """Raise `CannotStart` if nothing can be written there."""
        if not os.path.isdir(self._spool):
            raise CannotStart(f"the spool is missing: {self._spool}")
        if not os.access(self._spool, os.W_OK | os.X_OK):
            raise CannotStart(f"the spool can't be written: {self._spool}")
        if os.statvfs(self._spool).f_bavail == 0:
            raise CannotStart(f"no space is left in the spool: {self._spool}")

    def arguments(self, attempt: Attempt) -> list[str]:
        """The script to run for an attempt, and its arguments."""
        return [self._script, self.home(attempt_name(attempt)), self._store_id, attempt.run_id, str(attempt.attempt)]

    def prepare(self, attempt: Attempt, environment: Mapping[str, str], directory: str) -> None:
        """Write what the guard needs. Raises `OSError`."""
        os.makedirs(f"{self.path}/attempts", mode=0o700, exist_ok=True)
        if not os.path.exists(self._script):
            _write(self._script, self._guard, 0o700)
        home = self.home(attempt_name(attempt))
        with contextlib.suppress(FileExistsError):
            os.mkdir(home, 0o700)
        words = [attempt.command.shell]
        if odd := [f"{name}={value}" for name, value in environment.items() if not supervisor.exportable(name)]:
            words = ["env", "--", *odd, *words]
        text = _JOB.format(
            directory=shlex.quote(directory),
            shell=shlex.quote(attempt.command.shell),
            exports=supervisor.exports(environment),
            words=shlex.join(words),
            command=shlex.quote(attempt.command.command),
        )
        _write(f"{home}/job", text, 0o600)
        os.close(os.open(f"{home}/log", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))

    def is_there(self, name: str) -> bool:
        """Whether an attempt has its folder."""
        return os.path.isdir(self.home(name))

    def token(self, name: str) -> Token | None:
        """Who began an attempt; None for nobody, as far as can be seen here. Raises `OSError`."""
        found = self._tokens.get(name)
        if found is None and (found := _token(f"{self.home(name)}/token")) is not None:
            self._tokens[name] = found
        return found

    def end(self, name: str) -> End | None:
        """How its command ended; None if that is not written. Raises `OSError`."""
        match read(f"{self.home(name)}/end").split():
            case [code, uptime, ("TERM" | "-") as signalled, "."] if code.isdecimal():
                return End(int(code), _seconds(uptime), signalled == "TERM")
            case _:
                return None

    def refused(self, name: str) -> str | None:
        """Why its command could not be started, a word of `protocol.REFUSED`; None if it could. Raises `OSError`."""
        match read(f"{self.home(name)}/refused").split():
            case [why, "."] if why in REFUSED:
                return why
            case _:
                return None

    def alive(self, name: str) -> float | None:
        """The last heartbeat of its guard, in seconds since the boot of its node. Raises `OSError`."""
        match read(f"{self.home(name)}/alive").split():
            case [uptime, "."]:
                return _seconds(uptime)
            case _:
                return None

    def forestall(self, name: str, reason: str | None) -> bool:
        """Take the token, so that nobody begins the attempt; False where somebody has it. Raises `OSError`."""
        home = self.home(name)
        os.makedirs(home, mode=0o700, exist_ok=True)
        beside = f"{home}/token.void.{os.getpid()}"
        _write(beside, f"void {reason or '-'} .\n", 0o600)
        try:
            os.link(beside, f"{home}/token")
        except FileExistsError:
            return False
        finally:
            os.unlink(beside)
        return True

    def ending(self, name: str) -> str | None:
        """What an attempt is to end for; None if nobody said so. Raises `OSError`."""
        match read(f"{self.home(name)}/ending").split():
            case ["canceled" | "timed-out" as reason, _, "."]:
                return reason
            case _:
                return None

    def write_ending(self, name: str, reason: str, grace: float) -> None:
        """Note that an attempt is to end, before anything is signaled. Raises `OSError`."""
        _write(f"{self.home(name)}/ending", f"{reason} {grace:.1f} .\n", 0o600)

    def mark(self, name: str, what: str) -> None:
        """Make the empty file `what` of an attempt, or make it again, if that can be done."""
        path = f"{self.home(name)}/{what}"
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            os.utime(path)

    def marked_at(self, name: str, what: str) -> float | None:
        """When the file `what` was made, or made again, an epoch; None if it is not there."""
        try:
            return os.stat(f"{self.home(name)}/{what}").st_mtime
        except OSError:
            return None

    def has(self, name: str, what: str) -> bool:
        """Whether an attempt has the file `what`."""
        return os.path.exists(f"{self.home(name)}/{what}")

    def settle(self, name: str) -> None:
        """Remove what is not needed once the end is recorded. The token stays: a late copy of the job does nothing."""
        for each in ("job", "alive", "ending", "term", "released", "refused", "signalled"):
            with contextlib.suppress(OSError):
                os.unlink(f"{self.home(name)}/{each}")
        self._tokens.pop(name, None)


def _write(path: str, text: str, mode: int) -> None:
    """Write a file atomically. Raises `OSError`."""
    beside = f"{path}.{os.getpid()}"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    try:
        raw = memoryview(os.fsencode(text))
        while raw:
            raw = raw[os.write(descriptor, raw) :]
    finally:
        os.close(descriptor)
    os.rename(beside, path)


def _token(path: str) -> Token | None:
    match read(path).split():
        case ["void", reason, "."]:
            return Token(None, "", "", 0.0, 0, None if reason == "-" else reason)
        case [job, node, boot, uptime, _, "."]:
            # Nobody writes it after it was made: by the clock of the file system, that is when the command began.
            return Token(job, node, boot, _seconds(uptime), int(os.stat(path).st_mtime))
        case _:
            return None


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
