"""`Workspace`: opening, making and keeping a database, and all that can be done with it."""

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

    Open one with `Workspace.open(path)` or `Workspace.create(path)`, and close it, best with `with`. It belongs to the
    thread and the process that opened it.

    Instants are aware `datetime`s or whole seconds since 1970 (`Instant`); answers have seconds. No method reads a
    clock: `now` is an argument of whatever decides by it.

    Every method raises an `ArcoError` whose text is one line for a person: `InvalidInput` for arguments that are not
    acceptable, with all that is wrong with them. What raises has changed nothing, but for a request that conflicts,
    which is recorded before `Conflict` says so.

    Attributes:
        name: The name of the workspace, the key of all its run ids.
        made: Whether `create` made the database just now.
    """

    def __init__(self, store: Store) -> None:
        if not hasattr(store, "audit"):
            raise InvalidInput("open a workspace with Workspace.open(path) or Workspace.create(path)")
        super().__init__(store)

    @classmethod
    def open(cls, path: PathLike, *, busy_timeout: float | None = None, read_only: bool = False) -> Self:
        """An existing database; raises `DatabaseUnusable` when there is none or it can't be used.

        Args:
            path: Where the file is, as str or Path.
            busy_timeout: Seconds to wait while somebody else writes, from 0 on (default: 60).
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
        """The database at a path, made when there is none; `made` says whether it was.

        Raises `Conflict` when it exists under another name than one that is given, `DatabaseUnusable` when it can't be
        made or used.

        Args:
            path: Where the file is or will be, as str or Path; its folder must exist.
            name: The name of the workspace, up to 1,000 characters, which is fixed and the key of all run ids
                (default: `default`, or as it is).
            busy_timeout: Seconds to wait while somebody else writes, from 0 on (default: 60).
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
                f"{path} exists and its workspace is {workspace.name!r}, which is fixed: it was left as it is"
            )
        return workspace

    def backup(self, path: PathLike, *, replace: bool = False) -> None:
        """A consistent copy of the database while others work, readable by its owner only.

        It appears under its name only when it is whole. Raises `DatabaseUnusable` when the file exists and is not to be
        replaced, or can't be written.

        Args:
            path: Where the copy will be, as str or Path; its folder must exist.
            replace: Whether a file that is there is replaced.
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
        """Remove ticks, lapses, runs that were final by then, and their events, before an instant.

        Definitions stay, and nothing is made twice because of it. What waits or is running stays, and of each schedule
        the last run, the last that ended and the last success. So do runs of `request_run` and `retry(current=True)`,
        since their keys stay reserved: the file grows with each new key.

        Args:
            before: The instant, not after `now`: an aware datetime or whole seconds since 1970.
            now: The clock, which the events of the pruning bear.
            unexecuted: Whether runs of ticks go too that are requested, that no worker takes, and that nobody started:
                those of the pool `external`, or without a command.
            dry_run: Whether to answer only what that would be.
            progress: Called after each schedule with the schedules done, and of all.
            by: Who does this, for the record (default: nobody is named).
            note: Why, for the record; with `by`.
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
        """Give the space of what was pruned back to the file system, in one step for which others who write wait.

        The answer has the bytes of the file `before` and `after`; `is_shared` says that others have it open, so that it
        becomes smaller only when they are done.
        """
        return super().compact()

    def verify(self, progress: Callable[[str, int, int], None] | None = None) -> Verification:
        """Fold all events again from nothing and compare every row, count every schedule's occurrences again, and name
        each difference. Writes nothing; others may write meanwhile.

        Args:
            progress: Called with what is being checked, how much of it is done, and how much there is. It may only
                read.
        """
        given = Given()
        return given.call(super().verify, given.callback("progress", progress))


@contextmanager
def _path_errors(path: PathLike) -> Iterator[None]:
    """What the operating system says of a path that SQLite is not asked about: too long, no permission to look."""
    try:
        yield
    except OSError as error:
        raise DatabaseUnusable(f"can't use {path}: {error.strerror or error}") from None
