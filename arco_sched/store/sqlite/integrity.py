"""SQLite's own integrity check, and Ctrl-C in the middle of a statement."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from threading import Event
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from arco_sched.store.sqlite.database import Database

_STEPS: Final = 1_000_000
"""Steps of SQLite's machine between two looks at signals, a fiftieth of a second or so."""


@contextmanager
def integrity(database: "Database") -> Iterator[Callable[[], list[str]]]:
    """SQLite's own integrity check, in a thread and on a connection of its own, beside what is done within the block.

    Calling what the block gets waits for the end, and answers what the check says, nothing where all is well. The check
    takes seconds for a large file, in which it does not come back to Python once. A block that is left before is Ctrl-C
    or a failure: it ends the check at once.
    """
    opened: list[sqlite3.Connection] = []
    unwanted = Event()

    def ask(connection: sqlite3.Connection) -> list[str]:
        opened.append(connection)
        return [] if unwanted.is_set() else [row[0] for row in connection.execute("PRAGMA integrity_check")]

    def check() -> list[str]:
        with database.another() as own:
            return own.ask(ask)

    def answer() -> list[str]:
        said = checking.result()
        return [] if said == ["ok"] else [str(line) for line in said]

    with ThreadPoolExecutor(1) as pool:
        checking = pool.submit(check)
        try:
            yield answer
        finally:
            unwanted.set()
            # Again and again: to interrupt a connection whose statement has not begun means nothing.
            while not wait([checking], timeout=0.02).done:
                for connection in opened:
                    with suppress(sqlite3.ProgrammingError):  # it is closed by now
                        connection.interrupt()


@contextmanager
def interruptible(connection: sqlite3.Connection) -> Iterator[None]:
    """Ctrl-C ends a statement of this connection at once, and not only when it is done."""
    # Calling any function at all is what lets Python act on a signal. What it raises there SQLite takes for the wish to
    # end the statement, and says so, and `Database` says what was meant.
    connection.set_progress_handler(lambda: 0, _STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)
