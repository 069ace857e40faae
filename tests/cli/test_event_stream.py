"""The events that a worker prints, where stdout doesn't take all of them at once."""

import errno
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from arco_sched.cli.event_stream import EventStream
from arco_sched.configuration import create_store
from arco_sched.core.definitions import RequestContent
from arco_sched.service.workspace import Workspace

NOW = 1_735_689_600


class Disk:
    """A file on a disk with some room, which takes as much of a line as fits."""

    def __init__(self, room: int) -> None:
        self.room, self.content = room, b""

    def write(self, text: bytes) -> int:
        """As much as there is room for; raises `OSError` where there is none."""
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = text[: self.room]
        self.content, self.room = self.content + taken, self.room - len(taken)
        return len(taken)


@pytest.mark.parametrize("room", [0, 1, 100, 400, 1000])
def test_what_a_full_disk_does_not_take_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Every event once, each a whole line, in their order; it is told once as long as it lasts."""
    store, _ = create_store(tmp_path / "a.db", "w")
    workspace, said, disk = Workspace(store), list[str](), Disk(room)
    monkeypatch.setattr("sys.stdout", SimpleNamespace(buffer=SimpleNamespace(raw=disk)))
    stream = EventStream(store, said.append)
    through = 0
    for number in range(6):
        for each in ("x", "y"):
            workspace.request_run(f"{each}{number}", RequestContent(command="true"), now=NOW)
        with store.read() as transaction:
            before, through = through, transaction.events.last_seq()
        if number == 4:
            disk.room = 1 << 20
        stream.tell(before, through)
    assert [json.loads(line)["seq"] for line in disk.content.splitlines()] == list(range(1, 13))
    assert said == ["events can't be printed: No space left on device: they follow when they can"]
    store.close()


def test_that_its_reader_is_gone_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker ends then, as any program in a pipe."""

    def gone(_: bytes) -> int:
        raise BrokenPipeError

    store, _ = create_store(tmp_path / "a.db", "w")
    Workspace(store).request_run("k", RequestContent(command="true"), now=NOW)
    monkeypatch.setattr("sys.stdout", SimpleNamespace(buffer=SimpleNamespace(raw=SimpleNamespace(write=gone))))
    with pytest.raises(BrokenPipeError):
        EventStream(store, list[str]().append).tell(0, 1)
    store.close()
