"""What a person sees of long work."""

import os
import pty
import subprocess
import sys

from arco_sched.cli import progress
from tests import ROOT
from tests.runner import Arco


def test_nobody_watches(daily: Arco) -> None:
    """Without a terminal nothing but the answer is said."""
    daily.ok("tick", at="2025-01-03T12:00:00Z")
    assert (daily.ok("verify").err, daily.ok("prune --older-than 1d").err) == ("", "")


def test_one_bar_at_a_time(capsys: object) -> None:
    """What is done first has no length; each later part has its own bar, and nothing follows the end."""
    bars = progress._Bars("first")
    bars._begin()
    assert bars._bar is not None
    first = bars._bar
    bars.show("events", 1, 2)
    assert bars._bar is not first
    bars.close()
    bars._begin()
    assert bars._closed


def test_short_work_shows_no_bar(daily: Arco) -> None:
    """On a terminal too, a verification of a moment is its answer alone."""
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "arco_sched", "verify"],
        env={"PYTHONPATH": str(ROOT), "ARCO_DB": str(daily.db), "HOME": "/nonexistent"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        check=False,
        timeout=60,
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    try:
        said = os.read(ours, 10_000)
    except OSError:
        said = b""
    os.close(ours)
    assert (done.returncode, said) == (0, b"")
    assert done.stdout.startswith("ok")
