"""Progress bars for long commands."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from arco_sched.render.terminal import is_terminal

if TYPE_CHECKING:
    from arco_sched.render.progress import Bar

PATIENCE: Final = 1.0
"""Seconds after which a bar appears."""


@contextmanager
def watched(first: str) -> Iterator[Callable[[str, int, int], None]]:
    """A function to call with (the current step, how much is done, the total): a bar on a terminal's stderr.

    `first` is the step before the first call, whose total isn't known.
    """
    if not is_terminal(to_stderr=True):
        yield lambda _what, _done, _total: None
        return
    bars = _Bars(first)
    try:
        yield bars.show
    finally:
        bars.close()


class _Bars:
    """One bar at a time, from `PATIENCE` on."""

    def __init__(self, first: str) -> None:
        from threading import Lock, Timer

        self._lock = Lock()
        self._bar: Bar | None = None
        self._what, self._done = first, 0
        self._total: int | None = None
        self._closed = False
        self._patient = True
        self._timer = Timer(PATIENCE, self._begin)
        self._timer.daemon = True
        self._timer.start()

    def show(self, what: str, done: int, total: int) -> None:
        with self._lock:
            if what != self._what and self._bar is not None:
                self._bar.close()
                self._bar = None
            self._what, self._done, self._total = what, done, total
            if not self._patient:
                self._draw()

    def close(self) -> None:
        self._timer.cancel()
        with self._lock:
            self._closed = True
            if self._bar is not None:
                self._bar.close()

    def _begin(self) -> None:
        with self._lock:
            self._patient = False
            if not self._closed:
                self._draw()

    def _draw(self) -> None:
        from arco_sched.render.progress import Bar

        if self._bar is None:
            self._bar = Bar(self._what)
        self._bar.update(self._done, self._total)
