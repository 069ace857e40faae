"""Running `arco` as another user: where root runs the tests, a process that has become somebody who owns nothing."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests import ROOT

NOBODY = 65534
NAMELESS = 4711
"""A number that no user has."""

# Everything is imported before root becomes somebody else, who may not enter the folder of every interpreter.
_AS = """
import contextlib, io, os, pkgutil, sys
import arco_sched
from arco_sched.cli import entry
uid, elsewhere, *argv = sys.argv[1:]
for module in pkgutil.walk_packages(arco_sched.__path__, "arco_sched."):
    if not module.name.endswith("__main__"):
        __import__(module.name)
environ = dict(os.environ)
first = ["init"], ["schedule", "create", "a", "--cron", "@daily"], ["tick"], argv, [*argv, "--help"], ["why", "b"]
for line in first:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        entry.run(line, {**environ, "ARCO_DB": elsewhere})
if os.geteuid() == 0 and int(uid):
    os.setgroups([]); os.setgid(int(uid)); os.setuid(int(uid))
os.chdir("/")
sys.exit(entry.run(argv, environ))
"""


def run_as(
    uid: int, database: Path | None, elsewhere: Path, *argv: str, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The command line, run by a user of that number where root runs the tests, else by the user who does.

    `elsewhere` is a folder in which root may make a database of its own.
    """
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    if database is not None:
        known["ARCO_DB"] = str(database)
    return subprocess.run(
        [sys.executable, "-c", _AS, str(uid), elsewhere / f"elsewhere-{uid}.db", *argv],
        env={**known, **(environ or {})},
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )
