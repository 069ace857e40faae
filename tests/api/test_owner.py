"""A workspace that is closed, in another thread or process, or in the middle of a call is refused, by every method."""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from arco_sched import Definition, InvalidInput, Wanted, Workspace
from tests.api.calls import MONTHLY, NEW_YEAR, NOW, calls, prepared
from tests.database import dump

OTHERWISE = Definition(cron_expression="@daily")


@pytest.fixture
def workspace(path: Path) -> Iterator[Workspace]:
    """One in which every call succeeds."""
    with prepared(path) as made:
        yield made


def refused(call: Callable[[], object]) -> str:
    """What an `InvalidInput` says."""
    with pytest.raises(InvalidInput) as raised:
        call()
    return str(raised.value)


def test_a_closed_workspace(workspace: Workspace, path: Path, tmp_path: Path) -> None:
    """Every method says that it is closed, and so do the rows of an evaluation; closing again does nothing."""
    asked = calls(workspace, tmp_path)
    evaluation = workspace.evaluate(NOW)
    assert len(list(evaluation.ticks)) == 4
    rows = iter(evaluation.ticks)
    next(rows)
    workspace.close()
    workspace.close()
    before = dump(path)
    for call in asked:
        assert refused(lambda call=call: call.of(workspace)) == "this workspace is closed: open it again", call
    assert "is closed" in refused(lambda: list(evaluation.ticks))
    assert "is closed" in refused(lambda: list(evaluation.lapses))
    assert dump(path) == before


def test_another_thread(workspace: Workspace, path: Path, tmp_path: Path) -> None:
    """Every method refuses another thread, closing and the rows of an evaluation too, and works on in its own."""
    asked = calls(workspace, tmp_path)
    evaluation = workspace.evaluate(NOW)
    before = dump(path)
    text = "a workspace belongs to the thread that opened it: open one in each thread"
    with ThreadPoolExecutor(1) as other:
        for call in asked:
            assert other.submit(refused, lambda call=call: call.of(workspace)).result() == text, call
        for rows in (evaluation.ticks, evaluation.lapses):
            assert other.submit(refused, lambda rows=rows: list(rows)).result() == text
        assert other.submit(refused, workspace.close).result() == text
    assert dump(path) == before
    assert len(list(evaluation.ticks)) == 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process(workspace: Workspace, path: Path) -> None:
    """The child of a fork is refused, and may open its own; the parent works on."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # leaves by `_exit`, so that nothing of the test runner is done twice
        try:
            said = [refused(lambda: workspace.status(now=NOW)), refused(workspace.close)]
            with Workspace.open(path) as own:
                said.append(own.evaluate(NOW).triggered)
            os.write(writing, json.dumps(said).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = json.load(pipe)
    os.waitpid(child, 0)
    text = "a workspace belongs to the process that opened it: open one after the fork"
    assert said == [text, text, 4]
    assert workspace.evaluate(NOW).triggered == 0
    assert workspace.verify().ok


def test_callbacks_may_only_read(workspace: Workspace, path: Path) -> None:
    """What is called in the middle of a transaction can read, and is refused what would end or change it."""
    text = "this workspace is in the middle of a call: a callback may only read"
    wrong: list[Callable[[], object]] = [
        workspace.close,
        workspace.verify,
        lambda: workspace.trigger("a", now=NOW),
        lambda: workspace.evaluate(NOW),
        lambda: workspace.backup(path.with_name("copy.db")),
    ]
    before = dump(path)
    for call in wrong:
        for outer in (
            lambda call=call: workspace.apply([Wanted("a", OTHERWISE)], now=NOW, refuse=lambda *_: call()),
            lambda call=call: workspace.verify(lambda *_: call()),
        ):
            assert refused(outer) == text
    assert dump(path) == before
    seen: list[int] = []
    workspace.apply([Wanted("a", OTHERWISE)], now=NOW, refuse=lambda *_: seen.append(len(workspace.schedules())))
    assert workspace.verify(lambda *_: seen.append(len(workspace.ticks()))).ok
    assert seen[0] == 2
    assert len(seen) > 1


def test_progress_between_transactions_may_write(workspace: Workspace) -> None:
    """`progress` of an evaluation and of a pruning is called between transactions."""
    made: list[str] = []

    def create(done: int, of: int) -> None:
        made.append(workspace.create_schedule(f"made-{len(made)}", MONTHLY, now=NOW).change)

    workspace.evaluate(NOW, progress=create, batch=1)
    workspace.prune(before=NEW_YEAR, now=NOW, progress=create)
    assert set(made) == {"created"}
    assert workspace.verify().ok
