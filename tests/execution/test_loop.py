"""The loop of a worker that stays: what wakes it, and that nothing else does."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from arco_sched.configuration import create_store, open_store
from arco_sched.core.definitions import RequestContent
from arco_sched.core.run_subjects import Worker as Sign
from arco_sched.execution import loop
from arco_sched.execution.watching import Watch
from arco_sched.service.workspace import Workspace
from tests.execution.world import until, work
from tests.runner import Arco

NOW = 1_735_689_600
SIGN = Sign("w", "h", 1, "local", ("default",), 2, 0)


class Rounds:
    """A worker that looks after nothing, and counts its rounds; `during` is called in each with its number."""

    interval = 0.1

    def __init__(self, during: Callable[[int], object]) -> None:
        self._during, self.count = during, 0

    def round(self, *_: object, **__: object) -> int:
        """Nothing is left to look after."""
        self.count += 1
        self._during(self.count)
        return 0


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A database."""
    store, _ = create_store(tmp_path / "arco.db", "w")
    store.close()
    return tmp_path / "arco.db"


def commit(path: Path, key: str) -> None:
    """What another process commits."""
    with contextlib.closing(open_store(path)) as store:
        Workspace(store).request_run(key, RequestContent(command="true"), now=NOW)


def serve(store: Any, during: Callable[[int, loop.Stop], object], within: float) -> float:
    """Serve until something in a round asks it to stop, or some seconds are over; returns how long that took."""
    began = time.monotonic()
    with loop.stopping() as stop:

        def clock() -> int:
            if time.monotonic() - began > within:
                stop.asked = True
            return int(time.time())

        loop.serve(store, Rounds(lambda count: during(count, stop)), SIGN, clock, stop, drain=0)  # type: ignore[arg-type]
    return time.monotonic() - began


def ask_to_stop(stop: loop.Stop) -> None:
    """As the first signal does."""
    stop.asked = True


@pytest.mark.slow
@pytest.mark.parametrize("kernel_tells", [True, False])
def test_each_commit_of_others_is_seen_at_once(path: Path, kernel_tells: bool) -> None:
    """Long before the next whole second, at which it looks anyway; also where the kernel does not tell of writes."""
    count, late, committed = 3, list[float](), list[float]()

    class Store:
        """The store, perhaps without a file that can be watched."""

        def __init__(self) -> None:
            self._store = open_store(path)

        def journal(self) -> str | None:
            return self._store.journal() if kernel_tells else None

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

    def during(number: int, stop: loop.Stop) -> None:
        if len(late) < len(committed):
            late.append(time.monotonic() - committed[-1])
        if len(late) == count:
            ask_to_stop(stop)

    def others() -> None:
        for number in range(count):
            time.sleep(2.2 - time.time() % 1)  # everything has settled, and the next whole second is far
            committed.append(time.monotonic())
            commit(path, str(number))
            until(lambda: len(late) == len(committed), "it looked")

    thread = Thread(target=others)
    thread.start()
    store = Store()
    with contextlib.closing(store):
        serve(store, during, 60)
    thread.join()
    assert len(late) == count
    assert sorted(late)[count // 2] < 0.4


def test_a_commit_during_a_round_makes_another_round(path: Path) -> None:
    """The round may have looked before; nothing else would wake it."""

    def during(number: int, stop: loop.Stop) -> None:
        if number == 1:
            commit(path, "k")
        else:
            ask_to_stop(stop)

    with contextlib.closing(open_store(path)) as store:
        assert serve(store, during, 20) < 15


def wakes(pid: int) -> float:
    """How often a process wakes up in a second, measured over three of them."""

    def count() -> int:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("voluntary_ctxt_switches")))

    before, began = count(), time.monotonic()
    time.sleep(3)
    return (count() - before) / (time.monotonic() - began)


@pytest.fixture
def arco(tmp_path: Path) -> Arco:
    """`arco` on the real clock, on a new database."""
    arco = Arco(tmp_path / "arco.db", at=None)
    arco.ok("init")
    return arco


@pytest.mark.slow
def test_idle_it_sleeps(arco: Arco) -> None:
    """Until the next whole second; a little less after its own signs of life."""
    arco.ok("schedule create s --cron @yearly --command true")
    with work(arco, "--tick", "--drain", "0s") as process:
        until(lambda: "No worker" not in arco("workers").err, "it works")
        time.sleep(3)
        assert wakes(process.pid) < 5


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--once",), ("--drain", "0s")])
def test_beside_a_command_it_sleeps(arco: Arco, options: tuple[str, ...]) -> None:
    """The end of a command that it started wakes it, and so does a cancel."""
    arco.ok("runs", "request", "--key", "k", "--command", "sleep 100")
    with work(arco, *options) as process:
        until(lambda: "running" in arco("runs list --json").out, "the command runs")
        time.sleep(3)
        assert wakes(process.pid) < 5
        arco.ok("runs cancel k")
        until(lambda: "canceled" in arco("runs list --json").out, "the command is ended")


def test_a_watch_tells_of_writes(tmp_path: Path) -> None:
    """Of those since it was asked last, of whoever makes them; it works once it has told of one."""
    path = tmp_path / "journal"
    path.touch()
    watch = Watch(str(path))
    assert (watch.take(), watch.works) == (False, False)
    with path.open("ab") as file:
        for _ in range(3):
            file.write(b"x")
            file.flush()
    assert (watch.take(), watch.take(), watch.works) == (True, False, True)
    watch.close()
    assert (watch.take(), watch.works, watch.descriptors()) == (False, False, [])
    watch.close()


def test_a_watch_of_what_is_gone_works_no_more(tmp_path: Path) -> None:
    """Nobody writes to that file any more; where there was none, it never works."""
    path = tmp_path / "journal"
    path.write_text("x")
    watch = Watch(str(path))
    path.write_text("y")
    assert (watch.take(), watch.works) == (True, True)
    path.unlink()
    assert (watch.take(), watch.works, watch.descriptors()) == (True, False, [])
    for none in (Watch(None), Watch(str(path))):
        assert (none.take(), none.works, none.descriptors()) == (False, False, [])
        none.close()
