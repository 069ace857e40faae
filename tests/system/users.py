"""Running `arco` as another user: where root runs the tests, a process that has become somebody who owns nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests import ROOT
from tests.runner import Result

NOBODY: Final = 65534
NAMELESS: Final = 4711
"""A number that no user has."""

NOW: Final = "2025-01-15T12:00:00Z"

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")

# Everything is imported before root becomes somebody else, who may not enter the folder of every interpreter.
_AS = """
import contextlib, io, json, os, pkgutil, sys
import arco_sched
from arco_sched.cli import entry
uid, groups, elsewhere, commands = json.loads(sys.argv[1])
for name in (
    "array", "binascii", "grp", "pwd", "zlib", "_bisect", "_random", "_sha512", "_struct", "tempfile", "pdb", "rich"
):
    __import__(name)
for module in pkgutil.walk_packages(arco_sched.__path__, "arco_sched."):
    if not module.name.endswith("__main__"):
        __import__(module.name)
def run(argv, environ):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = entry.run(argv, environ)
    return int(code), out.getvalue(), err.getvalue()
environ = dict(os.environ)
first = ["init"], ["schedule", "create", "a", "--cron", "@daily"], ["tick"], ["why", "b"], *commands
for line in first:
    if line[0] not in ("work", "backup"):
        run(line, {**environ, "ARCO_DB": elsewhere})
        run([*line, "--help"], environ)
if os.geteuid() == 0 and uid:
    os.setgroups(groups); os.setgid(groups[0] if groups else uid); os.setuid(uid)
os.chdir("/")
print(json.dumps([run(argv, environ) for argv in commands]))
"""


def run_all_as(
    uid: int,
    database: Path | None,
    elsewhere: Path,
    commands: Sequence[Sequence[str]],
    *,
    environ: Mapping[str, str] | None = None,
    groups: Sequence[int] = (),
) -> list[Result]:
    """Commands, run by a user of that number where root runs the tests, else by the user who does.

    `elsewhere` is a folder in which root may make a database of its own; `groups` are those of the user.
    """
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "ARCO_NOW": NOW}
    if database is not None:
        known["ARCO_DB"] = str(database)
    what = json.dumps([uid, list(groups), str(elsewhere / f"elsewhere-{uid}.db"), list(map(list, commands))])
    done = subprocess.run(
        [sys.executable, "-c", _AS, what],
        env={**known, **(environ or {})},
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done
    assert done.stderr == "", done
    return [Result(*each) for each in json.loads(done.stdout)]


def run_as(
    uid: int, database: Path | None, elsewhere: Path, *argv: str, environ: Mapping[str, str] | None = None
) -> Result:
    """One of them."""
    (result,) = run_all_as(uid, database, elsewhere, [argv], environ=environ)
    return result
