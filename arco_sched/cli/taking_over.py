"""What the `arco import …` commands share: their options, reading files, applying entries, reporting."""

import os
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from arco_sched.cli.apply import note_new, read_bytes, say_besides
from arco_sched.cli.context import Session
from arco_sched.cli.exits import ExitCode
from arco_sched.cli.options import OUTPUT, Problems
from arco_sched.core.definitions import SOURCE, Version, Wanted
from arco_sched.core.errors import Conflict, InvalidInput
from arco_sched.render.terminal import Document, say, write

if TYPE_CHECKING:
    from arco_sched.formats.entries import ReadFile
    from arco_sched.service.apply import Applied, Gone

    Wanting = Callable[[Sequence[Version]], list[Wanted]]

Tz = Annotated[
    str | None,
    typer.Option(
        "--tz",
        metavar="ZONE",
        help="Time zone of the machine or cluster that the files come from, for entries that name none (default: UTC).",
    ),
]
Source = Annotated[
    str | None,
    typer.Option("--source", metavar="NAME", help="Name by which to remember the file, instead of its path."),
]
WithSecrets = Annotated[
    bool,
    typer.Option("--with-secrets", help="Also import variables that look like secrets; the database shows them."),
]
Prefix = Annotated[str, typer.Option("--prefix", metavar="TEXT", help="Prefix for every id.", show_default=False)]
Prune = Annotated[
    bool, typer.Option("--prune", help="Delete schedules that came from these files and are no longer in them.")
]
DisableGone = Annotated[
    bool, typer.Option("--disable-gone", help="Pause schedules that came from these files and are no longer in them.")
]
Toml = Annotated[
    bool,
    typer.Option("--toml", help="Only print a definitions file, for review and `arco apply`.", rich_help_panel=OUTPUT),
]

_SKIPPED: Final = re.compile(r"^\.|^#|~$|\.(?:bak|disabled|dpkg-\w+|old|orig|placeholder|rpm\w+|sw[op])$")


class Given(NamedTuple):
    """A given file: its name, its path (None for stdin), its content, and the label by which it is remembered."""

    name: str
    path: Path | None
    content: bytes
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options of an import that don't depend on what it reads."""

    prefix: str
    dry_run: bool
    prune: bool
    disable_gone: bool
    toml: bool
    as_json: bool

    def check(self) -> None:
        """Raise `InvalidInput` for options that can't be combined."""
        from arco_sched.formats.matching import check_prefix

        problems = Problems()
        problems.add("--prune and --disable-gone contradict each other", when=self.prune and self.disable_gone)
        problems.add("--toml and --json contradict each other", when=self.toml and self.as_json)
        problems.check()
        if self.prefix:
            check_prefix(self.prefix)

    @property
    def gone(self) -> "Gone":
        """What to do with schedules that are no longer in the files."""
        return "delete" if self.prune else "disable" if self.disable_gone else "keep"


def given_files(
    names: Sequence[str],
    source: str | None,
    kind: str,
    *,
    endings: tuple[str, ...] = ("",),
    stands_for: Callable[[str], str] = str,
) -> list[Given]:
    """The files with their contents; of a folder, each file in it that isn't a backup copy. Raises `InvalidInput`.

    A file is remembered by its absolute path, or by `source`. Of a folder only files with one of the `endings` are
    read; `stands_for` returns the file to read for a name.
    """
    paths = [path for name in names for path in _within(name, endings)]
    if source is not None and len(paths) > 1:
        raise InvalidInput("--source names a single file, but there are several: import them one by one")
    found = []
    for path in paths:
        known = _known(path) if source is None else source.removeprefix(f"{kind}:")  # as the label shows it
        at = None if path == "-" else Path(path)
        found.append(Given("stdin" if at is None else path, at, read_bytes(stands_for(path)), f"{kind}:{known}"))
    return found


def _within(name: str, endings: tuple[str, ...]) -> list[str]:
    if name == "-" or not os.path.isdir(name):  # noqa: PTH112 - Path.is_dir raises for a name that is too long
        return [name]
    try:
        files = sorted(str(path) for path in Path(name).iterdir() if path.is_file() and path.name.endswith(endings))
    except OSError as error:
        raise InvalidInput(f"can't read {name}: {error.strerror or error}") from None
    skipped = [path for path in files if _SKIPPED.search(Path(path).name)]
    if files == skipped:
        raise InvalidInput(f"there is nothing to import in the folder {name}")
    if skipped:
        say(f"note: skipped as hidden files or backup copies: {', '.join(skipped)}")
    return [path for path in files if path not in skipped]


def _known(name: str) -> str:
    if name != "-":
        return os.path.abspath(name)  # noqa: PTH100 - a link stays one: the name that people know it by
    if os.geteuid() != 0:
        import pwd

        try:
            return pwd.getpwuid(os.geteuid()).pw_name
        except KeyError:
            pass
    raise InvalidInput("give stdin a name with --source NAME, so that importing it again finds its schedules")


def take_over(session: Session, files: "Sequence[ReadFile]", wishes: Wishes, unzoned: Callable[[], str]) -> ExitCode:
    """Make schedules of the entries of the files and report on it; returns the exit code."""
    from arco_sched.formats.matching import wanted
    from arco_sched.render import imported

    entries = [entry for file in files for entry in file.entries]
    labels = {file.source for file in files}

    def wanting(there: Sequence[Version]) -> list[Wanted]:
        return wanted(entries, there, wishes.prefix)

    def owns(version: Version) -> bool:
        return dict(version.definition.request.labels).get(SOURCE) in labels

    for file in files:
        for note in file.notes:
            say(f"note: {file.name}: {note}")
    if any(file.unzoned for file in files):
        say(unzoned())
    if wishes.toml:
        return _print(session, files, wanting)
    answer = _apply(session, wanting, owns, wishes, [file.source for file in files])
    if any(entry.definition.request.run_as for entry in entries):
        say("note: entries that name a user need a worker that runs as root or as that user")
    say_besides(answer)
    for note in imported.notes(answer, files):
        say(note)
    if wishes.as_json:
        write(imported.document(files, answer))
    else:
        imported.draw(files, answer)
    return _code(files)


def _apply(
    session: Session, wanting: "Wanting", owns: Callable[[Version], bool], wishes: Wishes, labels: Sequence[str]
) -> "Applied":
    from dataclasses import replace

    from arco_sched.service.apply import from_nothing, take_over
    from arco_sched.service.workspace import Workspace

    if not session.exists():
        made = wanting(())
        answer = from_nothing(made, session.now)  # so that bad input creates no database
        if wishes.dry_run or not made:
            return replace(answer, dry_run=wishes.dry_run)
        with session.create():
            pass
    foreign: list[Version] = []

    def refuse(there: Version, _: Wanted) -> str | None:
        if owns(there):
            return None
        foreign.append(there)
        return there.schedule_id

    with session.store(asking=wishes.dry_run) as store:
        try:
            answer = take_over(
                store, wanting, now=session.now, owns=owns, refuse=refuse, gone=wishes.gone, dry_run=wishes.dry_run
            )
        except Conflict:
            if not foreign:
                raise
            raise Conflict(_refused(foreign, labels)) from None
        note_new(Workspace(store), answer)
    return answer


def _refused(foreign: Sequence[Version], labels: Sequence[str]) -> str:
    """Whose schedules an import may not change, and the option with which it may, once for all of a source."""
    from arco_sched.formats.entries import source_of
    from arco_sched.render.applied import named

    by_source: dict[str, list[str]] = {}
    for version in foreign:
        by_source.setdefault(source_of(version.definition), []).append(version.schedule_id)
    said = []
    for source, ids in by_source.items():
        were = "was" if len(ids) == 1 else "were"
        if not source:
            said.append(f"{named(ids)} {'exists' if len(ids) == 1 else 'exist'} already and {were} not imported.")
            continue
        kind, _, known = source.partition(":")
        option = f"`--source {shlex.quote(known)}`"
        if kind != labels[0].partition(":")[0]:
            said.append(f"{named(ids)} {were} imported from {source}.")
        elif len(labels) > 1:
            said.append(
                f"{named(ids)} {were} imported from {source}: did you mean to import that alone, with {option}?"
            )
        else:
            said.append(f"{named(ids)} {were} imported from {source}, not from {labels[0]}: did you mean {option}?")
    them, others = ("it", "another id") if len(foreign) == 1 else ("them", "other ids")
    again = " a second time" if any(by_source) else ""
    return f"{' '.join(said)} `--prefix TEXT` imports {them}{again}, under {others}"


def _print(session: Session, files: "Sequence[ReadFile]", wanting: "Wanting") -> ExitCode:
    from arco_sched.formats.toml_file import write_wanted

    there: Sequence[Version] = ()
    if session.exists():
        with session.ask() as workspace:
            there = [schedule.version for schedule in workspace.schedules()]
    for file in files:
        for line in file.problems:
            say(f"{file.name}:{line.number}: {line.message}")
    names = ", ".join(file.name for file in files)
    write(Document(write_wanted(wanting(there), f"Imported by `arco import` from {names}.")))
    return _code(files)


def _code(files: "Sequence[ReadFile]") -> ExitCode:
    return ExitCode.CHECK if any(file.problems for file in files) else ExitCode.DONE
