"""A store that lets a test act between two transactions of one operation."""

from collections.abc import Callable
from typing import Any

from arco_sched.core.ports import Store


class Pausing:
    """A store that does something in each pause between two transactions."""

    def __init__(self, store: Store, pause: Callable[[], None]) -> None:
        self._store, self.yield_to_writers = store, pause

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)
