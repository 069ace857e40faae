"""Tells when other processes write to a file, so that nobody has to look again and again (inotify, Linux)."""

import contextlib
import os
import struct
from typing import Final

_MODIFY: Final = 0x00000002
_IGNORED: Final = 0x00008000
"""IN_MODIFY, and IN_IGNORED for a file that is gone, of sys/inotify.h."""
_EVENT: Final = struct.Struct("iIII")


class Watch:
    """Watches a file for writes, by this process too. It sees nothing if the kernel or the file system can't tell."""

    def __init__(self, path: str | None) -> None:
        self._descriptor = None if path is None else _watching(path)
        self.works = False
        """Whether it has seen a write, and the file is still there."""

    def descriptors(self) -> list[int]:
        """What becomes readable at a write."""
        return [] if self._descriptor is None else [self._descriptor]

    def take(self) -> bool:
        """Whether there was a write since the last call."""
        if self._descriptor is None:
            return False
        seen = 0
        with contextlib.suppress(BlockingIOError):
            while found := os.read(self._descriptor, 4096):
                seen |= _masks(found)
        if seen & _IGNORED:
            self.close()
        elif seen:
            self.works = True
        return bool(seen)

    def close(self) -> None:
        """Watch no longer; a second time does nothing."""
        self.works = False
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _watching(path: str) -> int | None:
    """The descriptor of an inotify instance that watches a file; None if that can't be had."""
    try:
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    except (ImportError, OSError, AttributeError):
        return None
    if descriptor < 0:  # too many of them, for example
        return None
    if libc.inotify_add_watch(descriptor, os.fsencode(path), _MODIFY) < 0:
        os.close(descriptor)
        return None
    return int(descriptor)


def _masks(found: bytes) -> int:
    """What all events of a read tell, together."""
    masks = position = 0
    while position < len(found):
        _, mask, _, length = _EVENT.unpack_from(found, position)
        masks |= mask
        position += _EVENT.size + length
    return masks
