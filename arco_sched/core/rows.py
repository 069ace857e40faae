"""The rows of the table of fields, each declared on the attribute that it describes (docs/architecture.md)."""

from collections.abc import Callable
from dataclasses import KW_ONLY, MISSING, dataclass, fields, is_dataclass, replace
from operator import attrgetter
from typing import Any, Final, Literal, TypeVar

from arco_sched.core.kinds import Kind, Span

T = TypeVar("T")

REQUIRED: Final = object()
"""The default of a field that has none and must be given."""

Group = Literal["when", "catching up", "run", "execution", "version"]
"""What a field is about; those of `version` are never given, they follow from what is done."""


@dataclass(frozen=True, slots=True)
class Field:
    """The row of a field: what its values are, and where it can be given.

    `words` is one sentence for help, schema and documents; `otherwise` describes the default if it is not a constant.
    `always` marks the fields of the first schema: canonical texts and payloads always have their keys, so that what is
    stored stays the same. Any other field has a key only if it differs from its default, so that default must never
    change. `for_requests` says whether `runs request` has the field too, `in_defaults` whether a file may set it for
    all its schedules, `until_begun` whether it can't be changed once the schedule has begun. `name`, `path` (the
    attributes of a `Version` that lead to it), `default` and `value` (which gets the value from a version) are read
    from the class in which the row stands.
    """

    kind: Kind
    group: Group
    words: str
    _: KW_ONLY
    always: bool = False
    for_requests: bool = False
    in_defaults: bool = True
    until_begun: bool = False
    otherwise: str = ""
    examples: tuple[str, ...] = ()
    name: str = ""
    path: tuple[str, ...] = ()
    default: Any = REQUIRED
    value: Callable[[Any], Any] = repr

    @property
    def required(self) -> bool:
        """Whether a definition must have it."""
        return self.default is REQUIRED and not self.otherwise

    @property
    def clearable(self) -> bool:
        """Whether it can be removed again."""
        return self.default in (None, ()) and not self.until_begun

    @property
    def stem(self) -> str:
        """The name without its unit, for a value that is written with one."""
        return self.name.removesuffix("_minutes").removesuffix("_seconds") if isinstance(self.kind, Span) else self.name

    @property
    def default_words(self) -> str:
        """The default as people write it; empty if there is none."""
        if self.otherwise or self.default in (REQUIRED, None, ()):
            return self.otherwise
        return self.kind.show(self.default)

    def sentence(self, more: str = "") -> str:
        """The words, followed by how to write a value, `more`, and the default."""
        forms = f": {self.kind.forms}" if isinstance(self.kind, Span) else ""
        default = f" (default: {self.default_words})" if self.default_words else ""
        return f"{self.words[:-1]}{forms}{more}{default}."

    def to_json(self, value: Any) -> Any:
        """A value in JSON, null if there is none."""
        return None if value is None else self.kind.to_json(value)


def rows(owner: type, path: tuple[str, ...] = ()) -> list[Field]:
    """The rows of a class and of its parts, in order; `path` leads to the class."""
    found: list[Field] = []
    parts = part_types(owner)
    for each in fields(owner):
        if each.name in parts:
            found += rows(parts[each.name], (*path, each.name))
        for row in getattr(each.type, "__metadata__", ()):
            default = REQUIRED if each.default is MISSING else each.default
            value = attrgetter(".".join((*path, each.name)))
            found.append(replace(row, name=each.name, path=path, default=default, value=value))
    return found


def part_types(owner: type) -> dict[str, type]:
    """The parts of a class that have fields themselves, by their names."""
    return {each.name: each.type for each in fields(owner) if isinstance(each.type, type) and is_dataclass(each.type)}


def described(owner: type[T]) -> type[T]:
    """The class with its rows in its docstring, for `help()`, and without them in its signature."""
    lines = []
    for row in rows(owner):
        if not row.path:
            default = "required" if row.default is REQUIRED else f"default {row.default!r}"
            lines.append(f"    {row.name} ({row.kind.about()}; {default}):\n        {row.words}")
    owner.__doc__ = "\n".join([(owner.__doc__ or "").rstrip(), "", "Fields:", *lines])
    taken = owner.__init__.__annotations__
    taken.update({name: type_.__origin__ for name, type_ in taken.items() if _is_row(type_)})
    return owner


def _is_row(type_: Any) -> bool:
    return hasattr(type_, "__metadata__")
