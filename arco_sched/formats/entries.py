"""What an import reads any foreign file into, before its schedules have ids."""

from typing import Final, Literal, NamedTuple

from arco_sched.core.definitions import SOURCE, Definition

Kind = Literal["schedule", "variable", "setting", "comment", "blank", "problem"]

MAX_PREFIX: Final = 50


class Entry(NamedTuple):
    """A schedule that a file asks for.

    `asked_id` is the id that the file itself gives. `owned` names the fields that the file decides; an existing
    schedule keeps all others.
    """

    definition: Definition
    asked_id: str | None = None
    enabled: bool | None = None
    owned: frozenset[str] = frozenset()

    @property
    def source(self) -> str:
        """Which file it comes from, by its label."""
        return source_of(self.definition)


class Line(NamedTuple):
    """A line of a file: what it is, the index of its entry among the file's entries, and a message about it.

    `text` is the line as it may be shown, without secrets. `remarks` are the sentences of the message where it has
    several.
    """

    number: int
    kind: Kind
    text: str
    entry: int | None = None
    message: str | None = None
    remarks: tuple[str, ...] = ()


class ReadFile(NamedTuple):
    """A file that was read. `name` is what messages call it; `format` says in a word how it was read.

    `unzoned` is whether a zone had to be assumed; `notes` are sentences about the whole file.
    """

    name: str
    source: str
    format: str
    entries: tuple[Entry, ...]
    lines: tuple[Line, ...]
    unzoned: bool = False
    notes: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[Line, ...]:
        """The lines that can't be carried over."""
        return tuple(line for line in self.lines if line.kind == "problem")


class Unfit(Exception):
    """Why a line can't be carried over."""


def source_of(definition: Definition) -> str:
    """Which file a schedule was imported from; empty if it wasn't imported."""
    return dict(definition.request.labels).get(SOURCE, "")
