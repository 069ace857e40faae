"""`Workspace`: opening, creating and maintaining a database, and everything that can be done with it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from arco_sched.api.acts import Acts
from arco_sched.api.definitions import Definitions
from arco_sched.api.evaluation import Evaluations
from arco_sched.api.given import Given
from arco_sched.api.lists import Lists
from arco_sched.api.lives import Lives
from arco_sched.api.questions import Questions
from arco_sched.configuration import ask_store, create_store, open_store
from arco_sched.core.errors import Conflict, DatabaseUnusable, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

    from arco_sched.api.values import Instant, PathLike
    from arco_sched.core.ports import Compaction, Store
    from arco_sched.service.pruning import Pruning
    from arco_sched.service.verification.findings import Verification


class Workspace(Definitions, Acts, Evaluations, Lives, Questions, Lists):
    """One database: define schedules, evaluate them, ask what happened.

    Open one with `Workspace.open(path)` or `Workspace.create(path)`, and close it, preferably with `with`. Use it only
    in the thread and process that opened it.

    Instants are aware `datetime`s or whole seconds since 1970 (`Instant`); answers have seconds. No method reads a
    clock: pass the current time as `now`.

    Errors are `ArcoError`s with a message of one line: `InvalidInput` for invalid arguments, with all their problems. A
    call that raises has changed nothing, except that a conflicting request is recorded before `Conflict` is raised.

    Attributes:
        name: The name of the workspace, on which all its run ids depend.
        made: Whether `create` has just created the database.
    """

    def __init__(self, store: Store) -> None:
        if not hasattr(store, "audit"):
            raise InvalidInput("open a workspace with Workspace.open(path) or Workspace.create(path)")
        super().__init__(store)

    @classmethod
    def open(cls, path: PathLike, *, busy_timeout: float | None = None, read_only: bool = False) -> Self:
        """Open an existing database. Raises `DatabaseUnusable` if there is none or it can't be used.

        Args:
            path: The path of the file, as str or Path.
            busy_timeout: How many seconds to wait while another process writes, 0 or more (default: 60).
            read_only: Whether only to ask: for a file that you may read and not write, too. Every method that changes
                something then raises `DatabaseUnusable`.
        """
        given = Given()
        with _path_errors(path):
            store = given.call(
                ask_store if given.flag("read_only", read_only) else open_store,
                given.path("path", path),
                busy_timeout=given.optional(given.seconds, "busy_timeout", busy_timeout),
            )
            return cls(store)

    @classmethod
    def create(cls, path: PathLike, name: str | None = None, *, busy_timeout: float | None = None) -> Self:
        """Open the database at a path, and create it if there is none; `made` says whether it was created.

        Raises `Conflict` if it exists with a different workspace name, and `DatabaseUnusable` if it can't be created or
        used.

        Args:
            path: The path of the file, as str or Path; its folder must exist.
            name: The name of the workspace, up to 1,000 characters. It never changes, and all run ids depend on it
                (default: `default`, or that of the existing database).
            busy_timeout: How many seconds to wait while another process writes, 0 or more (default: 60).
        """
        given = Given()
        with _path_errors(path):
            store, made = given.call(
                create_store,
                given.path("path", path),
                given.optional(given.label, "name", name) or "default",
                busy_timeout=given.optional(given.seconds, "busy_timeout", busy_timeout),
            )
            workspace = cls(store)
        workspace.made = made
        if name is not None and workspace.name != name:
            workspace.close()
            raise Conflict(
                f"{path} exists with the workspace name {workspace.name!r}, which can't be changed: nothing was done"
            )
        return workspace

    def backup(self, path: PathLike, *, replace: bool = False) -> None:
        """Make a consistent copy of the database, readable only by its owner, while others use it.

        The copy only appears under its name once it is complete. Raises `DatabaseUnusable` if the file exists and
        `replace` is False, or if it can't be written.

        Args:
            path: The path of the copy, as str or Path; its folder must exist.
            replace: Whether to replace an existing file.
        """
        given = Given()
        with _path_errors(path):
            given.call(super().backup, given.path("path", path), replace=given.flag("replace", replace))

    def prune(
        self,
        *,
        before: Instant,
        now: Instant,
        unexecuted: bool = False,
        dry_run: bool = False,
        progress: Callable[[int, int], None] | None = None,
        by: str | None = None,
        note: str | None = None,
    ) -> Pruning:
        """Remove ticks and lapses before an instant, runs that were final by then, and their events.

        Definitions stay, and nothing is made twice afterwards. Waiting and running runs stay, and of each schedule the
        last run, the last one that ended and the last success. So do runs of `request_run` and `retry(current=True)`,
        since their keys stay reserved: the file grows with each new key.

        Args:
            before: The instant, not after `now`: an aware datetime or whole seconds since 1970.
            now: The current time, recorded in the events of the pruning.
            unexecuted: Whether to also remove requested runs of ticks that no worker takes and that were never started:
                those of the pool `external`, or without a command.
            dry_run: Whether to only return what would be removed.
            progress: Called after each schedule with the number of schedules done and their total.
            by: Who makes this change, for the record (default: none).
            note: Why you make this change, for the record; needs `by`.
        """
        given = Given()
        return given.signed(self._store, by, note).call(
            super().prune,
            before=given.instant("before", before),
            now=given.instant("now", now),
            unexecuted=given.flag("unexecuted", unexecuted),
            dry_run=given.flag("dry_run", dry_run),
            progress=given.callback("progress", progress),
        )

    def compact(self) -> Compaction:
        """Return the disk space of pruned history to the file system, in one step for which other writers wait.

        The answer has the size of the file in bytes, `before` and `after`. `is_shared` is True if other processes have
        the file open, so that it only shrinks when they close it.
        """
        return super().compact()

    def verify(self, progress: Callable[[str, int, int], None] | None = None) -> Verification:
        """Fold all events again and compare every row, recount the occurrences of every schedule, and return each
        difference. Writes nothing; others may write meanwhile.

        Args:
            progress: Called with what is being checked, how much of it is done, and the total. It may only read.
        """
        given = Given()
        return given.call(super().verify, given.callback("progress", progress))


@contextmanager
def _path_errors(path: PathLike) -> Iterator[None]:
    """Raise `DatabaseUnusable` for errors of the operating system about a path: too long, no permission."""
    try:
        yield
    except OSError as error:
        raise DatabaseUnusable(f"can't use {path}: {error.strerror or error}") from None
