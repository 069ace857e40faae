"""The output of attempts: one owner-only file each, whose middle is freed once it outgrows its limit.

An attempt writes directly to its file: nothing in between could block it or lose output. A file that outgrows the limit
loses its middle by hole punching: its blocks are freed, offsets stay, and whatever appends to it doesn't notice. A
worker does that once a round; while none runs, logs grow.
"""

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

LIMIT: Final = 64 << 20
"""Bytes on disk, by default, at which a log loses its middle."""
_CHUNK: Final = 1 << 16
_BLOCK: Final = 4096
_KEEP_SIZE_AND_PUNCH: Final = 0x01 | 0x02
"""FALLOC_FL_KEEP_SIZE and FALLOC_FL_PUNCH_HOLE of linux/falloc.h."""
_NOT_SUPPORTED: Final = frozenset({errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENODEV})

Punch = Callable[[int, int, int], bool]
"""Frees (descriptor, offset, length) of a file; False where the file system can't."""


def open_log(path: str, owner: tuple[int, int] | None) -> int:
    """A descriptor that appends to a log, made owner-only if it is not there.

    `owner`: the uid and gid of another user that the command runs as; the file becomes theirs, so that the command can
    open its own /dev/stderr. Raises `OSError`.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NOCTTY
    descriptor = os.open(path, flags, 0o600)
    if owner is not None:
        try:
            os.fchown(descriptor, *owner)
        except OSError:
            os.close(descriptor)
            raise
    return descriptor


@lru_cache(maxsize=1)
def _fallocate() -> Callable[..., int] | None:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    function = getattr(libc, "fallocate64", None) or getattr(libc, "fallocate", None)
    if function is None:
        return None
    function.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)

    def call(descriptor: int, offset: int, length: int) -> int:
        return 0 if function(descriptor, _KEEP_SIZE_AND_PUNCH, offset, length) == 0 else ctypes.get_errno()

    return call


def punch(descriptor: int, offset: int, length: int) -> bool:
    """Free a part of a file, in place; False where the file system can't. Raises `OSError`."""
    call = _fallocate()
    if call is None:
        return False
    number = call(descriptor, offset, length)
    if number in _NOT_SUPPORTED:
        return False
    if number:
        raise OSError(number, os.strerror(number))
    return True


def keep_within(path: str, limit: int, *, free: Punch = punch) -> bool:
    """Free the middle of a log that takes more than `limit` bytes of disk; returns whether it did. Raises `OSError`.

    The first quarter and the last half of `limit` stay. If the file system can't free the middle in place, the file is
    shortened and its end rewritten after its beginning: output written at that moment may end up before it.
    """
    if os.stat(path).st_blocks * 512 <= limit:
        return False
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        size = os.fstat(descriptor).st_size
        start = -(-limit // 4 // _BLOCK) * _BLOCK
        stop = (size - limit // 2) // _BLOCK * _BLOCK
        if stop <= start:
            return False
        if not free(descriptor, start, stop - start):
            end = os.pread(descriptor, size - stop, stop)
            os.ftruncate(descriptor, start)
            os.write(descriptor, gap(stop - start) + end)
    finally:
        os.close(descriptor)
    return True


def gap(length: int) -> bytes:
    """The line that stands for the missing middle of a log."""
    return b"\n[arco: %d bytes are not kept: see --log-limit]\n" % length


def parts(descriptor: int, start: int, stop: int) -> list[tuple[int, int, bool]]:
    """What lies between two offsets of a file: (start, stop, whether bytes are kept there), in order, without gaps."""
    found = []
    while start < stop:
        try:
            data = min(os.lseek(descriptor, start, os.SEEK_DATA), stop)
        except OSError:
            # No byte from here to the end of the file.
            data = stop
        if data > start:
            found.append((start, data, False))
        if data < stop:
            hole = min(os.lseek(descriptor, data, os.SEEK_HOLE), stop)
            found.append((data, hole, True))
            data = hole
        start = data
    return found


def _bytes(descriptor: int, start: int, stop: int) -> Iterator[bytes]:
    for first, last, kept in parts(descriptor, start, stop):
        if not kept:
            yield gap(last - first)
            continue
        offset = first
        while offset < last and (piece := os.pread(descriptor, min(_CHUNK, last - offset), offset)):
            yield piece
            offset += len(piece)


@contextlib.contextmanager
def _reading(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def whole(path: str) -> Iterator[bytes]:
    """The bytes of a log, as they were written, in pieces; a line of `gap` for what is gone. Raises `OSError`."""
    with _reading(path) as descriptor:
        yield from _bytes(descriptor, 0, os.fstat(descriptor).st_size)


def _tail_offset(descriptor: int, lines: int) -> int:
    """Where the last `lines` lines of a file begin, or 0. A newline at the end doesn't begin another line."""
    size = os.fstat(descriptor).st_size
    position, wanted = size, lines
    while position > 0:
        length = min(_CHUNK, position)
        piece = os.pread(descriptor, length, position - length)
        if position == size and piece.endswith(b"\n"):
            wanted += 1
        # Freed parts read as zeros without a newline: they are skipped quickly and shown as a gap.
        found = piece.count(b"\n")
        if found >= wanted:
            index = len(piece)
            for _ in range(wanted):
                index = piece.rindex(b"\n", 0, index)
            return position - length + index + 1
        wanted -= found
        position -= length
        if not found and position:
            position = _before_hole(descriptor, position)
    return 0


def _before_hole(descriptor: int, position: int) -> int:
    """The end of the last kept bytes before `position`."""
    kept = [last for _, last, kept in parts(descriptor, 0, position) if kept]
    return kept[-1] if kept else 0


def tail(path: str, lines: int, most: int | None = None) -> bytes:
    """The last lines of a log, but at most the last `most` bytes. Raises `OSError`."""
    with _reading(path) as descriptor:
        size = os.fstat(descriptor).st_size
        if lines <= 0:
            return b""
        start = _tail_offset(descriptor, lines)
        if most is not None:
            start = max(start, size - most)
        return b"".join(_bytes(descriptor, start, size))


def text(raw: bytes) -> str:
    """Bytes of a log as text; invalid UTF-8 becomes U+FFFD."""
    return raw.decode(errors="replace")


def follow(
    path: str, *, ended: Callable[[], bool], wait: Callable[[], None], lines: int | None = None
) -> Iterator[bytes]:
    """The bytes of a log as they come, from its beginning or from its last `lines` lines, until `ended` and read.

    `wait` is called whenever there is nothing new. A file that was made shorter is read from its beginning again.
    Raises `OSError`.
    """
    with _reading(path) as descriptor:
        position = 0 if lines is None else _tail_offset(descriptor, lines)
        while True:
            # Checked before reading, so that everything written before the end is read.
            over = ended()
            size = os.fstat(descriptor).st_size
            if size < position:
                position = 0
            if size > position:
                yield from _bytes(descriptor, position, size)
                position = size
            elif over:
                return
            else:
                wait()


def remove_old(paths: Iterator[str], *, before: float, in_use: Callable[[str], bool]) -> int:
    """Remove closed logs that haven't been written to since `before` (epoch seconds); returns how many.

    Raises `OSError` other than that a log is gone.
    """
    removed = 0
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            if os.stat(path).st_mtime < before and not in_use(path):
                os.unlink(path)
                removed += 1
    return removed
