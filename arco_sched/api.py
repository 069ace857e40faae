"""The door for Python users: docs/python.md shows the way."""

from __future__ import annotations

from pathlib import Path

from arco_sched.configuration import create_store, open_store
from arco_sched.core.errors import Conflict, InvalidInput
from arco_sched.core.kinds import text_problems
from arco_sched.service.workspace import Workspace as Facade


class Workspace(Facade):
    """One database: define schedules, evaluate them, ask what happened.

    Every method raises an `ArcoError` whose text is one line for a person. What raises has changed nothing, but for a
    request that conflicts, which is recorded before `Conflict` says so.
    """

    @classmethod
    def open(cls, path: str | Path, *, busy_timeout: float | None = None) -> Workspace:
        """An existing database; raises `DatabaseUnusable` when there is none or it can't be used.

        `busy_timeout` is how many seconds to wait for another writer (60).
        """
        return cls(open_store(path, busy_timeout=busy_timeout))

    @classmethod
    def create(cls, path: str | Path, name: str | None = None, *, busy_timeout: float | None = None) -> Workspace:
        """The database at `path`, made when there is none; `name` (default `default`) is the key of all run ids.

        Raises `Conflict` when it exists under another name than one that is given.
        """
        problems = [] if name is None else text_problems("name", name)
        if problems:
            raise InvalidInput(*problems)
        store, made = create_store(Path(path), name or "default", busy_timeout=busy_timeout)
        workspace = cls(store)
        workspace.made = made
        if name is not None and workspace.name != name:
            workspace.close()
            raise Conflict(
                f"{path} exists and its workspace is {workspace.name!r}, which is fixed: it was left as it is"
            )
        return workspace
