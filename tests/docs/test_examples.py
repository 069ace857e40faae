"""The examples run, and do what they say."""

import subprocess
from pathlib import Path

import pytest

from tests.docs.documents import ROOT, clean_environment

pytestmark = pytest.mark.slow

EXAMPLES = ROOT / "examples"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment with `arco` on its PATH, a database to be made in `tmp_path`, and no ARCO_NOW."""
    found = clean_environment(tmp_path)
    del found["ARCO_NOW"]
    return found | {"ARCO_DB": str(tmp_path / "arco.db")}


def _run(environment: dict[str, str], *command: str | Path, now: str | None = None) -> str:
    clock = {} if now is None else {"ARCO_NOW": now}
    done = subprocess.run(
        command, cwd=environment["HOME"], env=environment | clock, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _stripped(script: Path, folder: Path) -> Path:
    """The story without its end: a copy in which a command in the middle fails."""
    text = script.read_text("utf-8")
    copy = folder / script.name
    copy.write_text(text.replace('chapter "3.', 'arco ticks show nobody:1\nchapter "3.'), "utf-8")
    return copy


def test_the_story_is_the_same_each_time_and_leaves_nothing_behind(environment: dict[str, str], tmp_path: Path) -> None:
    """`quickstart.sh` ends well, prints the same twice, and removes its database."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    environment["TMPDIR"] = str(folder)
    first = _run(environment, "bash", EXAMPLES / "quickstart.sh")
    assert _run(environment, "bash", EXAMPLES / "quickstart.sh") == first
    assert list(folder.iterdir()) == []
    assert not Path(environment["ARCO_DB"]).exists()
    for telling in ("2025-03-09 03:00 -04:00", "paused", "window", "nightly:1741503600", "What next"):
        assert telling in first


def test_the_story_fails_loudly(environment: dict[str, str], tmp_path: Path) -> None:
    """A command of the story that fails ends it, with its exit code and a word on stderr."""
    script = _stripped(EXAMPLES / "quickstart.sh", tmp_path)
    done = subprocess.run(["bash", script], env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 3
    assert "What next" not in done.stdout
    assert "quickstart: the last command failed" in done.stderr


def test_the_embedding_prints_the_same_each_time(environment: dict[str, str]) -> None:
    """`embed.py` runs from anywhere, and prints the same twice."""
    assert _run(environment, "python", EXAMPLES / "embed.py") == _run(environment, "python", EXAMPLES / "embed.py")


def test_the_executor_executes_each_request_once(environment: dict[str, str], tmp_path: Path) -> None:
    """It runs the command of each request after the last one it remembers, and none twice."""
    noon, later = "2025-01-15T12:00:00Z", "2025-01-15T13:00:00Z"
    command = "printenv ARCO_RUN_KEY"
    _run(environment, "arco", "schedule", "create", "hourly", "--cron", "0 * * * *", "--command", command, now=noon)
    _run(environment, "arco", "tick", now=noon)
    executor = ("python", EXAMPLES / "executor.py", tmp_path / "seen")
    key = "sched:hourly:1736942400"
    assert _run(environment, *executor) == f"{key}: {command}\n{key}\n"
    assert _run(environment, *executor) == ""
    _run(environment, "arco", "tick", now=later)
    key = "sched:hourly:1736946000"
    assert _run(environment, *executor) == f"{key}: {command}\n{key}\n"


def test_the_executor_leaves_conflicts_alone(environment: dict[str, str], tmp_path: Path) -> None:
    """A request that conflicts with the run of its key is not executed; no shell reads a command; failures go on."""
    request = ("arco", "runs", "request", "--key")
    _run(environment, *request, "a", "--command", "echo first; echo $HOME")
    done = subprocess.run(
        [*request, "a", "--command", "echo second"], env=environment, check=False, capture_output=True
    )
    assert done.returncode == 4
    _run(environment, *request, "b", "--command", "false")
    _run(environment, *request, "c", "--command", "no-such-program")
    _run(environment, *request, "d", "--asset", "orders")
    printed = _run(environment, "python", EXAMPLES / "executor.py", tmp_path / "seen").splitlines()
    assert printed == [
        "a: echo first; echo $HOME",
        "first; echo $HOME",
        "a: conflicts with the run that is there; left alone",
        "b: false",
        "b: exit 1",
        "c: no-such-program",
        "c: not started: [Errno 2] No such file or directory: 'no-such-program'",
        "d: no command",
    ]
