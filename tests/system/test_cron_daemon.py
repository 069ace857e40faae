"""A real cron daemon calls `arco tick`, by the line of examples/crontab, and the ticks appear."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import ROOT

pytestmark = pytest.mark.slow

CRON_D = Path("/etc/cron.d")
PATIENCE = 130.0
"""Seconds: cron acts at the next minute, or at the one after it where it has to notice the new file first."""


def _cron() -> str:
    found = shutil.which("cron", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        pytest.skip("no `cron` here: apt-get install cron")
    if os.geteuid() != 0:
        pytest.skip("a cron daemon and its crontab need root")
    if not os.access(CRON_D, os.W_OK):
        pytest.skip(f"{CRON_D} can't be written")
    return found


@pytest.fixture
def daemon() -> Iterator[None]:
    """A cron daemon: our own, or the one that runs here already; one test at a time uses it."""
    command = _cron()
    with (Path(tempfile.gettempdir()) / "arco-cron-test.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # A second daemon does not get the lock on the pid file and ends at once; then the first one serves.
        process = subprocess.Popen([command, "-f"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=10)


def test_cron_calls_tick_and_the_ticks_appear(tmp_path: Path, daemon: None) -> None:
    """The example's crontab line, with its paths set, makes a minutely schedule's ticks and their runs."""
    log = tmp_path / "log"
    database = tmp_path / "arco.db"
    arco = tmp_path / "arco"
    arco.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m arco_sched "$@"\n', "utf-8")
    arco.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if name != "ARCO_NOW"} | {"ARCO_DB": str(database)}

    def answer(*arguments: str) -> dict[str, list[dict[str, object]]]:
        done = subprocess.run([arco, *arguments, "--json"], env=environment, check=True, capture_output=True, text=True)
        document: dict[str, list[dict[str, object]]] = json.loads(done.stdout)
        return document

    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=2)
    first = f"{start:%Y-%m-%dT%H:%M:%SZ}"
    answer("schedule", "create", "minutely", "--cron", "* * * * *", "--start", first, "--asset", "heartbeat")
    assert answer("ticks", "list")["ticks"] == []

    crontab = CRON_D / f"arco-test-{os.getpid()}"
    try:
        crontab.write_text(_crontab(tmp_path, database, log), "utf-8")
        crontab.chmod(0o644)
        deadline = time.monotonic() + PATIENCE
        while not answer("ticks", "list")["ticks"]:
            said = log.read_text("utf-8") if log.exists() else "cron has not called it"
            assert time.monotonic() < deadline, f"no ticks after {PATIENCE:.0f} s: {said}"
            time.sleep(1)
    finally:
        crontab.unlink(missing_ok=True)

    ticks = answer("ticks", "list", "--limit", "1000")["ticks"]
    assert [tick["status"] for tick in ticks] == ["triggered"] * len(ticks)
    assert ticks[-1]["scheduled_for"] == first
    assert len(answer("runs", "list", "--limit", "1000")["runs"]) >= len(ticks) >= 3
    assert log.read_text("utf-8") == "", "`--quiet` says nothing when all is well"


def _crontab(folder: Path, database: Path, log: Path) -> str:
    """examples/crontab as a file of /etc/cron.d, with this test's paths."""
    lines = []
    for line in (ROOT / "examples" / "crontab").read_text("utf-8").splitlines():
        name, equals, _ = line.partition("=")
        if line.startswith("*"):
            assert line == "* * * * * arco tick --quiet"
            lines.append(f"* * * * * root arco tick --quiet >>{log} 2>&1")
        elif equals and name == "PATH":
            lines.append(f"PATH={folder}:/usr/local/bin:/usr/bin:/bin")
        elif equals and name == "ARCO_DB":
            lines.append(f"ARCO_DB={database}")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"
