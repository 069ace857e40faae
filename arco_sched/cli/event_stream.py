"""The events that a worker records, printed as lines of JSON while it works."""

import sys
from collections import deque
from collections.abc import Callable

from arco_sched.core.ports import Store
from arco_sched.render.json import event_line


class EventStream:
    """Prints events on stdout like `arco events list --follow --json`.

    What stdout can't take now, because a disk is full, is printed with a later event: the worker goes on meanwhile.
    Raises `BrokenPipeError` if nobody reads it any more.
    """

    def __init__(self, store: Store, say: Callable[[str], None]) -> None:
        self._store, self._say = store, say
        self._ranges: deque[tuple[int, int]] = deque()
        """The events that are left, each range those after the first number through the second."""
        self._rest = b""
        """What is left of a line that was begun."""
        self._is_full = False

    def tell(self, before: int, through: int) -> None:
        """Print the events after the first number through the second, and what was left before."""
        if sys.stdout is None:
            return
        self._ranges.append((before, through))
        try:
            self._print()
        except BrokenPipeError:
            raise
        except OSError as error:
            if not self._is_full:
                self._say(f"events can't be printed: {error.strerror}: they follow when they can")
            self._is_full = True
        else:
            self._is_full = False

    def _print(self) -> None:
        self._write(b"")
        while self._ranges:
            before, through = self._ranges[0]
            with self._store.read() as transaction:
                for event in transaction.events.page(after=before, limit=through - before):
                    self._ranges[0] = (event.seq, through)
                    self._write(event_line(event).encode("utf-8", "backslashreplace"))
            self._ranges.popleft()

    def _write(self, line: bytes) -> None:
        """Write a line after what is left; what can't be written is left. Past all buffers, which would lose some."""
        self._rest += line
        while self._rest:
            stream = sys.stdout.buffer
            written = getattr(stream, "raw", stream).write(self._rest)  # with PYTHONUNBUFFERED it is raw itself
            if written is None:
                raise BlockingIOError(None, "its reader is slow")
            self._rest = self._rest[written:]
