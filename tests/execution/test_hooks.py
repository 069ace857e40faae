"""Hooks: what runs once a run is final, with the environment of the run."""

import os
import time
from pathlib import Path

import pytest

from arco_sched.configuration import create_store
from arco_sched.core.attempts import End
from arco_sched.core.definitions import RequestContent
from arco_sched.core.policy import Policy
from arco_sched.execution.hooks import Hooks
from arco_sched.service import working
from arco_sched.service.working import Ended, News, Terms
from arco_sched.service.workspace import Workspace
from tests.execution.world import until
from tests.runner import Arco

NOW = 1_735_689_600
TERMS = Terms("w", "here", "local", "x", ("default",), 100, "root", is_root=True)


@pytest.fixture
def arco(tmp_path: Path) -> Arco:
    """`arco` on a new database."""
    arco = Arco(tmp_path / "arco.db")
    arco.ok("init")
    return arco


def variables(path: Path) -> dict[str, str]:
    """What `env` wrote."""
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


def test_a_hook_has_the_environment_of_its_run(arco: Arco, tmp_path: Path) -> None:
    """Its definition's variables, its file's, its directory, which run it was, and how it ended."""
    (tmp_path / "secrets").write_text("TOKEN=hush\nCOLOUR=red\n")
    (tmp_path / "there").mkdir()
    line = f"env > {tmp_path}/told; pwd > {tmp_path}/where; umask > {tmp_path}/mask"
    arco.ok("schedule", "create", "load", "--cron", "0 10 * * *", "--tz", "Europe/Vienna", "--command", "exit 3",
            "--env", "COLOUR=blue", "--env", "SIZE=big", "--env-file", f"{tmp_path}/secrets",
            "--workdir", f"{tmp_path}/there", "--on-failure", line)  # fmt: skip
    assert arco("work --once --tick", ARCO_NOW="2025-01-01T10:00:00Z").code == 5
    told = variables(tmp_path / "told")
    [run] = arco.json("runs list --json")["runs"]
    wanted = {
        "COLOUR": "red",
        "SIZE": "big",
        "TOKEN": "hush",
        "ARCO_RUN_ID": run["run_id"],
        "ARCO_RUN_KEY": run["run_key"],
        "ARCO_TICK_ID": run["tick_id"],
        "ARCO_SCHEDULE_ID": "load",
        "ARCO_ATTEMPT": "1",
        "ARCO_SCHEDULED_FOR": "2025-01-01T09:00:00Z",
        "ARCO_SCHEDULED_FOR_LOCAL": "2025-01-01T10:00:00+01:00",
        "ARCO_DEFINITION_VERSION": "1",
        "ARCO_STATUS": "failed",
        "ARCO_OUTCOME": "failed",
        "ARCO_EXIT_CODE": "3",
    }
    assert {name: told.get(name) for name in wanted} == wanted
    assert Path(told["ARCO_LOG"]).exists()
    # It is no process of the attempt: nobody ends it with one, or takes it for one.
    assert "ARCO_STORE_ID" not in told
    assert (tmp_path / "where").read_text() == f"{tmp_path}/there\n"
    assert (tmp_path / "mask").read_text() == "0022\n"


def test_what_the_run_lacked_does_not_keep_its_hook(arco: Arco, tmp_path: Path) -> None:
    """Without the environment file or the directory the hook runs all the same, and the worker says so."""
    arco.ok("runs", "request", "--key", "k", "--command", "true", "--env", "SIZE=big", "--env-file", f"{tmp_path}/none",
            "--workdir", f"{tmp_path}/nowhere", "--on-failure", f"env > {tmp_path}/told")  # fmt: skip
    result = arco("work --once")
    assert "its hook runs without its environment file: the environment file can't be read" in result.err
    told = variables(tmp_path / "told")
    assert (told["SIZE"], told["ARCO_OUTCOME"]) == ("big", "not-started")
    assert "ARCO_EXIT_CODE" not in told


def test_without_its_user_only_the_workers_own_hook_runs(arco: Arco, tmp_path: Path) -> None:
    """What a definition says is never run as somebody else; `--on-finish` is the worker's."""
    (tmp_path / "open").mkdir()
    arco.ok("runs", "request", "--key", "k", "--command", "true", "--run-as", "nobody-at-all", "--env", "SIZE=big",
            "--on-failure", f"touch {tmp_path}/wrong")  # fmt: skip
    if os.geteuid():
        pytest.skip("only a worker that is root takes it")
    result = arco("work", "--once", "--on-finish", f"env > {tmp_path}/told")
    assert "its hook can't run as its user: no such user: nobody-at-all" in result.err
    told = variables(tmp_path / "told")
    assert (told["ARCO_STATUS"], told.get("SIZE")) == ("failed", None)
    assert not (tmp_path / "wrong").exists()


def test_on_finish_runs_for_what_never_began(arco: Arco, tmp_path: Path) -> None:
    """Skipped and canceled runs are final too; variables that do not apply are unset."""
    arco.ok("runs", "request", "--key", "k", "--command", "true")
    arco.ok("runs", "skip", arco.json("runs list --json")["runs"][0]["run_id"])
    arco.ok("work", "--once", "--on-finish", f"env > {tmp_path}/told")
    told = variables(tmp_path / "told")
    assert told["ARCO_STATUS"] == "skipped"
    assert not {"ARCO_ATTEMPT", "ARCO_OUTCOME", "ARCO_EXIT_CODE", "ARCO_LOG"} & told.keys()


def test_a_hook_that_fails_is_told(arco: Arco) -> None:
    """By its exit code or its signal; nothing of the run changes."""
    for key, line in (("a", "exit 7"), ("b", "kill -9 $$")):
        arco.ok("runs", "request", "--key", key, "--command", "exit 3", "--on-failure", line)
    result = arco("work --once")
    assert "its hook failed with exit code 7" in result.err
    assert "its hook was killed by signal 9" in result.err
    assert {run["exit_code"] for run in arco.json("runs list --json")["runs"]} == {3}
    assert arco("work --once").err == ""


def test_every_end_of_a_run_has_its_hooks(arco: Arco, tmp_path: Path) -> None:
    """Also one that follows a retry by hand without another attempt."""
    arco.ok("runs", "request", "--key", "k", "--command", "exit 3",
            "--on-failure", f"echo $ARCO_STATUS $ARCO_ATTEMPT >> {tmp_path}/told")  # fmt: skip
    [run] = arco.json("runs list --json")["runs"]
    assert arco("work --once").code == 5
    arco.ok("runs", "retry", run["run_id"])
    arco.ok("runs", "skip", run["run_id"])
    arco.ok("work --once")
    arco.ok("runs", "retry", run["run_id"])
    arco.ok("runs", "cancel", run["run_id"])
    arco.ok("work --once")
    arco.ok("work --once")
    assert (tmp_path / "told").read_text() == "failed 1\nskipped 1\ncanceled 1\n"


class Scene:
    """A database with one run that failed, whose hook adds a line to a file and takes a while."""

    def __init__(self, path: Path, line: str) -> None:
        self.said: list[str] = []
        self.store, _ = create_store(path / "hooks.db", "w")
        policy = Policy(on_failure=line)
        Workspace(self.store).request_run("k", RequestContent(command="true"), now=NOW, policy=policy)
        [one] = working.claim(self.store, TERMS, NOW).started
        end = End(outcome="failed", ended_at=NOW, exit_code=1)
        working.record(self.store, TERMS, News(ended=[Ended(one.run.run_id, 1, end)]), NOW)

    def hooks(self, longest: float = 60) -> Hooks:
        """The hooks of a worker."""
        return Hooks(dict(os.environ), lambda _: None, self.said.append, clock=time.monotonic, longest=longest)

    def finish(self, hooks: Hooks) -> None:
        """Until nothing runs."""
        until(lambda: not hooks.run(self.store, NOW, "b", lambda _: False), "all hooks ran")


def test_what_another_worker_has_taken_is_left_to_it(tmp_path: Path) -> None:
    """While that worker lives; then the next one runs it again."""
    scene = Scene(tmp_path, f"echo x >> {tmp_path}/told; sleep 0.2")
    first, second = scene.hooks(), scene.hooks()
    assert first.run(scene.store, NOW, "a", lambda _: True) == 1
    assert second.run(scene.store, NOW, "b", lambda who: who == "a") == 0
    assert second.run(scene.store, NOW, "b", lambda _: False) == 1
    scene.finish(second)
    scene.finish(first)
    assert (tmp_path / "told").read_text() == "x\nx\n"
    assert second.run(scene.store, NOW, "b", lambda _: False) == 0


def test_an_end_while_the_hook_of_the_one_before_runs(tmp_path: Path) -> None:
    """The hook that then ends is that of the end before: the new end still has its own to come."""
    scene = Scene(tmp_path, f"echo $ARCO_STATUS >> {tmp_path}/told; sleep 0.2")
    hooks = scene.hooks()
    assert hooks.run(scene.store, NOW, "b", lambda _: False) == 1
    workspace = Workspace(scene.store)
    [run] = workspace.runs()
    workspace.retry(run.run_id, now=NOW)
    workspace.skip(run.run_id, now=NOW)
    scene.finish(hooks)
    assert (tmp_path / "told").read_text() == "failed\nskipped\n"


def test_a_hook_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """With its session; it is told, and not run again."""
    scene = Scene(tmp_path, "sleep 60")
    hooks = scene.hooks(longest=0.1)
    assert hooks.run(scene.store, NOW, "b", lambda _: False) == 1
    scene.finish(hooks)
    assert [text.partition(": ")[2] for text in scene.said] == ["its hook took longer than 0.1 s and was killed"]


def test_a_hook_that_cant_be_started_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a process to spare it stays owed, and is told once."""
    scene = Scene(tmp_path, f"echo x >> {tmp_path}/told")
    hooks = scene.hooks()

    def lacking(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as patch:
        patch.setattr("arco_sched.execution.hooks.subprocess.Popen", lacking)
        assert [hooks.run(scene.store, NOW, "b", lambda _: False) for _ in range(2)] == [0, 0]
    assert len(scene.said) == 1
    assert hooks.run(scene.store, NOW, "b", lambda _: False) == 1
    scene.finish(hooks)
    assert (tmp_path / "told").read_text() == "x\n"
