"""What a command is given besides its options: the clock, asked once, and the database."""

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

_NAME_ONE: Final = "name a database with --db or ARCO_DB"


class Session:
    """One command: which database, and what time it is."""

    def __init__(self, database: str | None, environ: Mapping[str, str], busy_timeout: float | None = None) -> None:
        self._database = database
        self._busy_timeout = busy_timeout
        self._environ = environ
        self._now: int | None = None
        self._signature: Signature | None = None
        self.has_changed = False
        """Whether the command has done what stays, whatever becomes of its answer."""

    @property
    def has_fixed_clock(self) -> bool:
        """Whether `ARCO_NOW` stands in for the clock."""
        return bool(self._environ.get("ARCO_NOW"))

    @property
    def now(self) -> int:
        """The clock, or `ARCO_NOW` in its stead; the same however often it is asked for. Raises `InvalidInput`."""
        if self._now is None:
            stands_in = self._environ.get("ARCO_NOW")
            self._now = parse_instant(stands_in, "ARCO_NOW") if stands_in else int(time.time())
            if stands_in:
                _note_fixed_clock(stands_in)
        return self._now

    def sign(self, by: str | None, note: str | None) -> None:
        """Sign what the command records; raises `InvalidInput` for a name or a note that is no line of text."""
        from arco_sched.cli.signing import signature_of

        self._signature = signature_of(by, note, self._environ)

    @property
    def runs_folder(self) -> str:
        """Where workers of this database keep what runs print: `DB.runs`, as an absolute path."""
        return f"{self.path.absolute()}.runs"

    @contextmanager
    def store(self, *, asking: bool = False) -> Iterator["Store"]:
        """The store of the database, which must exist; with `asking`, of whoever may read it, to change nothing."""
        from arco_sched.configuration import ask_store, open_store

        with _naming_the_path(self.path) as path:
            store = (ask_store if asking else open_store)(path, busy_timeout=self._busy_timeout)
            store.signature = self._signature
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
        """The database, which must exist, for questions: whoever may read it can ask, and nothing is changed."""
        return self.open(asking=True)

    @contextmanager
    def create(self, name: str | None = None) -> Iterator["Workspace"]:
        """The database, made when there is none (with the default folder; any other must exist)."""
        from arco_sched.api import Workspace

        with _naming_the_path(self.path) as path:
            if self._given() is None:
                try:
                    path.parent.mkdir(parents=True, exist_ok=True)
                except OSError as error:
                    raise DatabaseUnusable(f"can't make {path.parent}: {error.strerror}: {_NAME_ONE}") from None
            with Workspace.create(path, name, busy_timeout=self._busy_timeout) as workspace:
                workspace._store.signature = self._signature  # noqa: SLF001 - no business of callers
                try:
                    yield workspace
                finally:
                    self.has_changed |= workspace.made or workspace._store.has_changed  # noqa: SLF001 - no business of callers

    def exists(self) -> bool:
        """Whether there is a file where the database should be."""
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
        except RuntimeError:  # a user without a name and a HOME, as in a container
            path = Path()
        if not path.is_absolute():
            raise DatabaseUnusable(f"this user has no home directory for the database: {_NAME_ONE}")
        return path


def _note_fixed_clock(stands_in: str) -> None:
    """Tell a person at a terminal that the clock is not the machine's: a variable that was forgotten looks like it."""
    from arco_sched.render.terminal import is_terminal, printable, say

    if is_terminal(to_stderr=True):
        say(
            f"note: ARCO_NOW is set, so it is {printable(stands_in)} for arco: `unset ARCO_NOW` for the machine's clock"
        )


def clocks(workspace: "Workspace", zone: str | None) -> "Clocks":
    """The clocks of tables: that of a zone, or of each schedule's zone."""
    from arco_sched.render.times import Clocks

    return Clocks(workspace.timezone, zone)


def clock_of(workspace: "Workspace", schedule_id: str | None, zone: str | None) -> "Zone":
    """The clock on which instants are read that name no zone: `zone`, else that of the one schedule named, else UTC."""
    return clock_named(zone or (None if schedule_id is None else workspace.timezone(schedule_id)))


def clock_named(zone: str | None) -> "Zone":
    """The clock of a zone; UTC for none, and for one that is not known (or lost since the schedule was defined)."""
    from arco_sched.core.cron import load_zone

    try:
        return load_zone(zone or "UTC")
    except InvalidInput:
        return load_zone("UTC")


def note_no_worker(workspace: "Workspace", *asked: "tuple[RequestContent, Policy]") -> None:
    """Say on stderr what a worker may take otherwise than it is meant: that none has run on the database yet, that a
    pool has no limit, that resources mean nothing to `local`."""
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
    # What the operating system says of a path (too long, no permission to look) before SQLite is asked.
    try:
        yield path
    except OSError as error:
        raise unusable_path(path, error) from None


def unusable_path(path: Path | str, error: OSError) -> Exception:
    """The error to raise for what the operating system says while a database is used: about its path, that it can't be
    used, and about anything else the error itself."""
    about = isinstance(error.filename, str) and error.filename.startswith(str(Path(path).parent))
    if isinstance(error, (BrokenPipeError, InterruptedError)) or not about:
        return error
    return DatabaseUnusable(f"can't use the database {path}: {error.strerror}")
