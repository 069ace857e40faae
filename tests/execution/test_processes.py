"""/proc is read as it is, and a signal reaches exactly the process that was looked at."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from arco_sched.execution import processes
from tests.execution.world import alive


def test_a_name_may_contain_anything(tmp_path: Path) -> None:
    """The numbers of a process begin behind the last parenthesis of its name."""
    sleep = tmp_path / "a) R 1 1"
    shutil.copy("/bin/sleep", sleep)
    with subprocess.Popen([sleep, "60"], start_new_session=True) as other:
        one = processes.process(other.pid)
        assert one
        assert (one.parent, one.group, one.session, one.alive) == (os.getpid(), other.pid, other.pid, True)
        assert processes.processes()[other.pid] == one
        other.kill()


def test_a_signal_reaches_nobody_else() -> None:
    """A pid with another start is another process: it gets no signal. Nor does one that has ended."""
    with subprocess.Popen(["sleep", "60"]) as other:
        one = processes.process(other.pid)
        assert one
        assert not processes.send(one._replace(start=one.start - 1), signal.SIGKILL)
        assert alive(other.pid)
        assert processes.send(one, signal.SIGKILL)
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        assert not processes.send(one, signal.SIGKILL)
    assert not processes.send(one, signal.SIGKILL)
    assert processes.process(other.pid) is None


def test_descendants() -> None:
    """The roots and all below them; a circle, which /proc can show while pids come again, ends."""
    assert processes.descendants({1: [2, 3], 3: [4], 4: [3]}, [3]) == {3, 4}
    assert processes.descendants({}, [7]) == {7}
