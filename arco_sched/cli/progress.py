"""Whether and when a person sees how far a command is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from arco_sched.render.terminal import is_terminal

PATIENCE: Final = 1.0
"""Seconds after which a bar appears."""


@contextmanager
def watched() -> Iterator[Callable[[str, int, int], None]]:
    """What to call with (what is done, how much of it, of how much): a bar on stderr, on a terminal, for long work."""
    if not is_terminal(to_stderr=True):
        yield lambda _what, _done, _total: None
        return
    from arco_sched.render.progress import Bar

    started = time.monotonic()
    bars: dict[str, Bar] = {}

    def show(what: str, done: int, total: int) -> None:
        if time.monotonic() - started < PATIENCE:
            return
        if what not in bars:
            for bar in bars.values():
                bar.close()
            bars[what] = Bar(what)
        bars[what].update(done, total)

    try:
        yield show
    finally:
        for bar in bars.values():
            bar.close()
