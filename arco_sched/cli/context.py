"""What a command gets besides its options: the clock, read once, and the database."""

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from arco_sched.core.errors import DatabaseUnusable, InvalidInput
from arco_sched.core.instants import parse_instant

if TYPE_CHECKING:
    from arco_sched.core.cron import Zone
    from arco_sched.core.definitions import RequestContent, Version
    from arco_sched.core.history import Signature
    from arco_sched.core.policy import Policy
    from arco_sched.core.ports import Store
    from arco_sched.render.times import Clocks
    from arco_sched.service.workspace import Workspace

_NAME_ONE: Final = "choose a database with --db or ARCO_DB"


class Session:
    """One command: its database, and what time it is."""

    def __init__(self, database: str | None, environ: Mapping[str, str], busy_timeout: float | None = None) -> None:
        self._database = database
        self._busy_timeout = busy_timeout
        self._environ = environ
        self._now: int | None = None
        self._signature: Signature | None = None
        self.has_changed = False
        """Whether the command has changed anything, even if its answer can't be written."""

    @property
    def has_fixed_clock(self) -> bool:
        """Whether `ARCO_NOW` replaces the clock."""
        return bool(self._environ.get("ARCO_NOW"))

    @property
    def now(self) -> int:
        """The time of the clock, or `ARCO_NOW`; always the same within a command. Raises `InvalidInput`."""
        if self._now is None:
            stands_in = self._environ.get("ARCO_NOW")
            self._now = parse_instant(stands_in, "ARCO_NOW") if stands_in else int(time.time())
            if stands_in:
                _note_fixed_clock(stands_in)
        return self._now

    def sign(self, by: str | None, note: str | None) -> None:
        """Sign what the command records; raises `InvalidInput` for a name or note that is not a line of text."""
        from arco_sched.cli.signing import signature_of

        self._signature = signature_of(by, note, self._environ)

    @property
    def runs_folder(self) -> str:
        """The folder in which workers keep the output of runs: `DB.runs`, as an absolute path."""
        return f"{self.path.absolute()}.runs"

    @contextmanager
    def store(self, *, asking: bool = False) -> Iterator["Store"]:
        """The store of the database, which must exist; with `asking`, read-only, for anyone who can read the file."""
        from arco_sched.configuration import ask_store, open_store

        with _naming_the_path(self.path) as path:
            store = (ask_store if asking else open_store)(path, busy_timeout=self._busy_timeout)
            store.signature = self._signature
            note_upgrade(store)
            try:
                yield store
            finally:
                self.has_changed |= store.has_changed
                store.close()

    @contextmanager
    def open(self, *, asking: bool = False) -> Iterator["Workspace"]:
        """The database, which must exist; with `asking`, as `ask` does."""
        from arco_sched.service.workspace import Workspace

        with self.store(asking=asking) as store:
            yield Workspace(store)

    def ask(self) -> AbstractContextManager["Workspace"]:
        """The database, which must exist, read-only, for anyone who can read the file."""
        return self.open(asking=True)

    @contextmanager
    def create(self, name: str | None = None) -> Iterator["Workspace"]:
        """The database, created if there is none (with the default folder; any other folder must exist)."""
        from arco_sched.api import Workspace

        with _naming_the_path(self.path) as path:
            if self._given() is None:
                try:
                    path.parent.mkdir(parents=True, exist_ok=True)
                except OSError as error:
                    raise DatabaseUnusable(f"can't create {path.parent}: {error.strerror}: {_NAME_ONE}") from None
            with Workspace.create(path, name, busy_timeout=self._busy_timeout) as workspace:
                workspace._store.signature = self._signature  # noqa: SLF001 - no business of callers
                note_upgrade(workspace._store)  # noqa: SLF001 - no business of callers
                try:
                    yield workspace
                finally:
                    self.has_changed |= workspace.made or workspace._store.has_changed  # noqa: SLF001 - no business of callers

    def exists(self) -> bool:
        """Whether the database file exists."""
        with _naming_the_path(self.path) as path:
            return path.exists()

    def _given(self) -> str | None:
        return self._database if self._database is not None else self._environ.get("ARCO_DB") or None

    @property
    def path(self) -> Path:
        """The database file: `--db`, else `ARCO_DB`, else the default."""
        given = self._given()
        if given is not None:
            return Path(given)
        import platformdirs

        try:
            path = Path(platformdirs.user_data_dir("arco", appauthor=False)) / "arco.db"
        except RuntimeError:  # a user without a name and HOME, as in a container
            path = Path()
        if not path.is_absolute():
            raise DatabaseUnusable(f"this user has no home directory for the database: {_NAME_ONE}")
        return path


def note_upgrade(store: "Store") -> None:
    """Say on stderr that opening the database upgraded it, and where the old file is."""
    if store.brought_forward is not None:
        from arco_sched.render.terminal import printable, say

        before, after, kept = store.brought_forward
        path = printable(str(store.path))
        say(f"note: upgraded {path} from schema {before} to schema {after}; the old file is kept as {printable(kept)}")


def _note_fixed_clock(stands_in: str) -> None:
    """Note on a terminal that the clock is not the machine's: the variable may have been forgotten."""
    from arco_sched.render.terminal import is_terminal, printable, say

    if is_terminal(to_stderr=True):
        say(f"note: ARCO_NOW sets the clock to {printable(stands_in)}: `unset ARCO_NOW` to use the machine's clock")


def clocks(workspace: "Workspace", zone: str | None) -> "Clocks":
    """The clocks for tables: the given zone, or the zone of each schedule."""
    from arco_sched.render.times import Clocks

    return Clocks(workspace.timezone, zone)


def clock_of(workspace: "Workspace", schedule_id: str | None, zone: str | None) -> "Zone":
    """The clock for instants without a zone: `zone`, else that of the one named schedule, else UTC."""
    return clock_named(zone or (None if schedule_id is None else workspace.timezone(schedule_id)))


def clock_named(zone: str | None) -> "Zone":
    """The clock of a zone; UTC without one, and for a zone that is unknown (or no longer known)."""
    from arco_sched.core.cron import load_zone

    try:
        return load_zone(zone or "UTC")
    except InvalidInput:
        return load_zone("UTC")


def note_no_worker(workspace: "Workspace", *asked: "tuple[RequestContent, Policy]") -> None:
    """Note on stderr what may not work as intended: no worker has run on the database yet, a pool has no limit, or the
    local executor ignores resources."""
    from arco_sched.core.policy import DEFAULT, EXTERNAL_POOL

    for_workers = [
        (content, policy) for content, policy in asked if content.command is not None and policy.pool != EXTERNAL_POOL
    ]
    if not for_workers:
        return
    from arco_sched.render import sentences
    from arco_sched.render.terminal import say

    if not workspace.had_worker():
        say(sentences.NO_WORKER)
    pools = {policy.pool for _, policy in for_workers} - {DEFAULT.pool}
    if pools:
        for pool in sorted(pools - {each.pool for each in workspace.pools() if each.slots is not None}):
            say(sentences.no_limit(pool))
    if any(content.resources for content, _ in for_workers):
        say(sentences.RESOURCES)


def note_no_command(workspace: "Workspace", *created: "Version") -> None:
    """Say on stderr which new schedules have no command, where workers or other commands show that one is expected."""
    from arco_sched.core.policy import EXTERNAL_POOL

    without = [
        version.schedule_id
        for version in created
        if version.definition.request.command is None and version.definition.policy.pool != EXTERNAL_POOL
    ]
    if without and (
        workspace.had_worker() or any(each.version.definition.request.command for each in workspace.schedules())
    ):
        from arco_sched.render import sentences
        from arco_sched.render.terminal import say

        say(sentences.no_command(without))


@contextmanager
def _naming_the_path(path: Path) -> Iterator[Path]:
    # Errors of the operating system about a path (too long, no permission) before SQLite opens it.
    try:
        yield path
    except OSError as error:
        raise unusable_path(path, error) from None


def unusable_path(path: Path | str, error: OSError) -> Exception:
    """The error to raise for an `OSError` while a database is used: `DatabaseUnusable` if it is about the database's
    folder, else the error itself."""
    about = isinstance(error.filename, str) and error.filename.startswith(str(Path(path).parent))
    if isinstance(error, (BrokenPipeError, InterruptedError)) or not about:
        return error
    return DatabaseUnusable(f"can't use the database {path}: {error.strerror}")
