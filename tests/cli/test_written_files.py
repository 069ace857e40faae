"""Files that commands write: nothing else is destroyed by it, and nothing half is left."""

import os
import shlex
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT
from tests.runner import Arco
from tests.system.small_disk import small_disk

TEXTS = ("status --prometheus {}", "timeline daily --svg {}")


@pytest.fixture
def written(daily: Arco) -> Iterator[Arco]:
    """The daily schedule, with something in its history."""
    daily.ok("tick", at="2025-01-03T12:00:00Z")
    yield daily
    assert not [each for each in daily.folder.rglob("*") if "part" in each.name]


@pytest.mark.parametrize("command", TEXTS)
def test_a_file_is_replaced_as_a_whole(written: Arco, tmp_path: Path, command: str) -> None:
    """It keeps its mode, since others read it; a new one has the usual mode."""
    target = tmp_path / "made"
    written.ok(command.format(target))
    text, usual = target.read_text(), stat.S_IMODE(target.stat().st_mode)
    assert usual == 0o666 & ~_umask()
    target.write_text("old")
    target.chmod(0o640)
    written.ok(command.format(target))
    assert (target.read_text(), stat.S_IMODE(target.stat().st_mode)) == (text, 0o640)


def _umask() -> int:
    now = os.umask(0o022)
    os.umask(now)
    return now


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_keeps_its_owner(written: Arco, tmp_path: Path) -> None:
    """What root writes for a service stays the service's."""
    target = tmp_path / "made.prom"
    target.write_text("old")
    os.chown(target, 65534, 65534)
    written.ok(f"status --prometheus {target}")
    assert (target.stat().st_uid, target.stat().st_gid) == (65534, 65534)


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("command", [*TEXTS, "backup --replace {}"])
def test_the_file_behind_a_link(written: Arco, tmp_path: Path, command: str, there: bool) -> None:
    """A link stays, over any number of steps, and the file behind it is replaced or made."""
    behind = tmp_path / "folder" / "behind"
    behind.parent.mkdir()
    if there:
        behind.write_text("old")
    (tmp_path / "folder" / "second").symlink_to("behind")
    (tmp_path / "first").symlink_to(tmp_path / "folder" / "second")
    written.ok(command.format(tmp_path / "first"))
    assert (tmp_path / "first").is_symlink()
    assert (tmp_path / "folder" / "second").is_symlink()
    assert behind.is_file()
    assert behind.stat().st_size > 100


@pytest.mark.parametrize("command", TEXTS)
def test_a_pipe_is_written_to(written: Arco, tmp_path: Path, command: str) -> None:
    """Whoever reads it gets the text, and it is a pipe afterwards."""
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    written.ok(command.format(pipe))
    reader.join(20)
    assert len(got[0]) > 100
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("command", TEXTS)
def test_a_device_is_written_to(written: Arco, tmp_path: Path, command: str) -> None:
    """Never replaced: as root, that took `/dev/null` or a terminal from everybody."""
    device = tmp_path / "device"
    try:
        os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 7))  # as /dev/full
    except PermissionError:
        pytest.skip("only root can make a device")
    result = written(command.format(device))
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert "No space left" in result.err
    assert stat.S_ISCHR(device.stat().st_mode)
    written.ok(command.format("/dev/null"))
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("command", TEXTS)
def test_stdout_by_name(written: Arco, tmp_path: Path, command: str, name: str) -> None:
    """It is what the shell opened: a file that others write to as well keeps what they wrote."""
    program = f"{shlex.quote(sys.executable)} -m arco_sched {command.format(name)}"
    done = subprocess.run(
        ["/bin/sh", "-c", f"{{ echo before; {program}; echo after; }} > out"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "ARCO_DB": str(written.db)},
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0
    lines = (tmp_path / "out").read_text().splitlines()
    assert (lines[0], lines[-1]) == ("before", "after")
    assert len(lines) > 10


@pytest.mark.parametrize("command", [*TEXTS, "backup {}", "backup --replace {}"])
@pytest.mark.parametrize("kind", ["folder", "link to a folder", "socket", "circle"])
def test_what_cant_be_written(written: Arco, tmp_path: Path, command: str, kind: str) -> None:
    """A folder and a socket: exit 2, one line, and they are there as before."""
    target = tmp_path / "thing"
    with socket.socket(socket.AF_UNIX) as made:
        if kind == "socket":
            made.bind(str(target))
        else:
            (tmp_path / "folder").mkdir()
            target = tmp_path / "folder"
        if kind == "link to a folder":
            target = tmp_path / "link"
            target.symlink_to("folder")
        if kind == "circle":
            (tmp_path / "circle").symlink_to("circle")
            target = tmp_path / "circle"
        before = target.lstat()
        result = written(command.format(target))
        assert (result.code, result.out, result.err.count("\n")) == (2, "", 1), result
        assert str(target) in result.err
        assert target.lstat().st_ino == before.st_ino


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_backup_needs_a_file(written: Arco, tmp_path: Path, kind: str) -> None:
    """A pipe or a device is refused, since a database can't be written to it, and stays."""
    target = Path("/dev/null")
    if kind == "pipe":
        target = tmp_path / "pipe"
        os.mkfifo(target)
    result = written(f"backup --replace {target}")
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1), result
    assert not target.is_file()


@pytest.mark.parametrize("command", ["init", "tick", "status"])
def test_a_pipe_is_no_database(tmp_path: Path, command: str) -> None:
    """Nor is a device: exit 6, one line."""
    os.mkfifo(tmp_path / "pipe")
    for name in (str(tmp_path / "pipe"), "/dev/null"):
        result = Arco(Path(name))(command)
        assert (result.code, result.out, result.err.count("\n")) == (6, "", 1), result
        assert "not a database file" in result.err


def test_a_database_behind_a_link(tmp_path: Path) -> None:
    """It is made where the link leads."""
    (tmp_path / "link.db").symlink_to("arco.db")
    Arco(tmp_path / "link.db").ok("init")
    assert (tmp_path / "link.db").is_symlink()
    assert Arco(tmp_path / "arco.db").ok("verify").out.startswith("ok")


def test_units_are_written_whole(written: Arco, tmp_path: Path) -> None:
    """A pipe in the place of a unit is not read for ever; a link to a unit stays one."""
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    folder = tmp_path / "systemd" / "user"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "arco-tick.service")
    with pytest.MonkeyPatch.context() as patched:
        for name, value in home.items():
            patched.setenv(name, value)
        result = written("setup systemd --install", **home)
        assert (result.code, result.err.count("\n")) == (4, 1), result
        (folder / "arco-tick.service").unlink()
        (folder / "arco-tick.service").symlink_to(tmp_path / "mine")
        written.ok("setup", "systemd", "--install")
    assert (folder / "arco-tick.service").is_symlink()
    assert "ExecStart" in (tmp_path / "mine").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("room", [*range(20_000, 240_000, 24_000)])
def test_a_full_disk(told: Path, tmp_path: Path, room: int) -> None:
    """A backup or a text that finds no room leaves nothing behind, wherever the room ended."""
    with small_disk(tmp_path / "disk", room) as disk:
        asking = Arco(told)
        result = asking(f"backup {disk}/copy.db")
        assert (result.code, result.out, result.err.count("\n")) == (6, "", 1), result
        assert f"{disk}/copy.db" in result.err
        assert ".part" not in result.err
        (disk / "filler").write_bytes(bytes(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize))
        for command in TEXTS:
            result = asking(command.format(disk / "made").replace("daily", ""))
            assert (result.code, result.out, result.err.count("\n")) == (2, "", 1), result
        assert [each.name for each in disk.iterdir()] == ["filler"]
