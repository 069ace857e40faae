"""The kinds of values that the fields of a definition have.

A kind says which values are valid, which of several equal values is the normal form, and what a value is in JSON. These
are plain classes, since every evaluation imports them and dataclasses take longer to import.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Final

from arco_sched.core.errors import InvalidInput
from arco_sched.core.instants import (
    FORMS,
    MAX_INSTANT,
    MIN_INSTANT,
    Unit,
    format_instant,
    format_span,
    parse_instant,
    parse_span,
)
from arco_sched.core.problems import Problem

MAX_NAME: Final = 1000
"""Maximum characters of a name, a label or other text on one line."""

MAX_COMMAND: Final = 100_000
"""Maximum characters of a command line."""

Note = Callable[..., None]
"""Called with a problem's code and data."""


class Kind:
    """What the values of a field are. A value is the same in JSON unless the kind says otherwise."""

    def check(self, value: Any, note: Note) -> None:
        """Note what is wrong with a value."""

    def normal(self, value: Any) -> Any:
        """The normal form of a valid value: the one that is kept of all equal values."""
        return value

    def to_json(self, value: Any) -> Any:
        """The value in JSON."""
        return value

    def from_json(self, value: Any) -> Any:
        """The value read from JSON; raises `ValueError` for anything that `to_json` never gives."""
        return value

    def about(self) -> str:
        """What to pass from Python, with bounds and unit, in a few words."""
        raise NotImplementedError

    def show(self, value: Any) -> str:
        """A value as people read and write it."""
        return str(value)


class Text(Kind):
    """A string; with `lines`, one that may have several lines."""

    def __init__(self, limit: int = MAX_NAME, *, lines: bool = False, empty: bool = False) -> None:
        self.limit = limit
        self.lines = lines
        self.empty = empty

    def check(self, value: Any, note: Note) -> None:
        """Not empty unless `empty`, within the limit, and without control characters."""
        if not isinstance(value, str):
            note("not_text")
        elif not value.strip() and not self.empty:
            note("empty")
        elif len(value) > self.limit:
            note("too_long", limit=self.limit)
        elif any(map(self._is_strange, value)):
            note("characters", value=value)

    def _is_strange(self, char: str) -> bool:
        if char < " ":
            return not (self.lines and char in "\n\t")
        return "\x7f" <= char < "\xa0" or "\ud800" <= char <= "\udfff"

    def from_json(self, value: Any) -> str:
        """A text."""
        return str(_of_type(value, str))

    def about(self) -> str:
        """`str`, and its maximum length."""
        return f"str, up to {self.limit:,} characters"


class Choice(Kind):
    """One of several words."""

    def __init__(self, choices: Sequence[str]) -> None:
        self.choices = tuple(choices)

    def check(self, value: Any, note: Note) -> None:
        """One of them."""
        if value not in self.choices:
            note("choice", value=value, choices=self.choices)

    def from_json(self, value: Any) -> str:
        """A string; a word that is no longer one of them is left to `check`."""
        return str(_of_type(value, str))

    def about(self) -> str:
        """The words."""
        return " or ".join((", ".join(self.choices[:-1]), self.choices[-1]))


class Whole(Kind):
    """A whole number from `least` to `most`."""

    def __init__(self, least: int, most: int) -> None:
        self.least = least
        self.most = most

    def check(self, value: Any, note: Note) -> None:
        """A whole number within the bounds."""
        if not is_whole(value):
            note("not_whole")
        elif not self.least <= value <= self.most:
            note("bounds", **self.bounds())

    def bounds(self) -> dict[str, Any]:
        """The bounds, as sentences show them."""
        return {"least": self.least, "most": self.most}

    def from_json(self, value: Any) -> int:
        """A whole number."""
        if not is_whole(value):
            raise ValueError(f"{value!a} is not a whole number")
        return int(value)

    def about(self) -> str:
        """The bounds."""
        return f"whole number, {self.least:,} to {self.most:,}"


class Span(Whole):
    """A duration as a whole number of minutes or seconds; people write it with a unit."""

    def __init__(self, unit: Unit, least: int, most: int) -> None:
        super().__init__(least, most)
        self.unit = unit

    def bounds(self) -> dict[str, Any]:
        """The bounds with their units."""
        return {"least": _span_in_words(self.least, self.unit), "most": _span_in_words(self.most, self.unit)}

    def parse(self, text: str, what: str) -> int:
        """The span that a person wrote; raises `InvalidInput`, which calls the value `what`."""
        value = parse_span(text, self.unit, what)
        if not self.least <= value <= self.most:
            raise InvalidInput(Problem(what, "span_bounds", {"value": text, **self.bounds()}))
        return value

    @property
    def forms(self) -> str:
        """How a person writes it."""
        return FORMS[self.unit]

    def about(self) -> str:
        """The unit and the bounds."""
        return f"{self.unit}, {self.least:,} to {self.most:,}, or a timedelta"

    def show(self, value: Any) -> str:
        """`3d`, `36h`, `90m`."""
        return format_span(value, self.unit)


class Instant(Kind):
    """An instant as an epoch; RFC 3339 in JSON."""

    def check(self, value: Any, note: Note) -> None:
        """A whole second of the years 1 to 9999."""
        if not is_whole(value):
            note("not_instant")
        elif not MIN_INSTANT <= value <= MAX_INSTANT:
            note("years", value=value)

    def to_json(self, value: Any) -> str:
        """RFC 3339 in UTC."""
        return _instant_text(value)

    def from_json(self, value: Any) -> int:
        """The epoch of an RFC 3339 date-time."""
        try:
            return parse_instant(_of_type(value, str))
        except InvalidInput as error:
            raise ValueError(str(error)) from None

    def about(self) -> str:
        """The two forms."""
        return "aware datetime or epoch, whole UTC seconds"

    def show(self, value: Any) -> str:
        """RFC 3339 in UTC."""
        return format_instant(value)


class Flag(Kind):
    """True or false."""

    def check(self, value: Any, note: Note) -> None:
        """True or false, and nothing that only counts as one of them."""
        if not isinstance(value, bool):
            note("not_flag")

    def from_json(self, value: Any) -> bool:
        """True or false."""
        return bool(_of_type(value, bool))

    def about(self) -> str:
        """The two."""
        return "true or false"

    def show(self, value: Any) -> str:
        """As JSON and TOML write it."""
        return "true" if value else "false"


class Many(Kind):
    """Several values of another kind, as a tuple; order and repeats don't matter."""

    def __init__(self, item: Kind) -> None:
        self.item = item

    def check(self, value: Any, note: Note) -> None:
        """Each of them; the problem's data has its index as `entry`."""
        if not isinstance(value, Sequence) or isinstance(value, str):
            note("not_list", **_several(self.item))
            return
        for place, each in enumerate(value):
            self.item.check(each, partial(note, entry=place))

    def normal(self, value: Any) -> tuple[Any, ...]:
        """Sorted, each once."""
        return tuple(sorted(set(map(self.item.normal, value))))

    def to_json(self, value: Any) -> list[Any]:
        """A list."""
        return [self.item.to_json(each) for each in value]

    def from_json(self, value: Any) -> tuple[Any, ...]:
        """A list, as a tuple."""
        return tuple(self.item.from_json(each) for each in _of_type(value, list))

    def about(self) -> str:
        """What each of them is."""
        return f"one or several, each: {self.item.about()}"

    def show(self, value: Any) -> str:
        """Separated by commas."""
        return ", ".join(map(self.item.show, value))


class Pairs(Kind):
    """Names with a value each, as a tuple of pairs; an object in JSON. The order doesn't matter."""

    def __init__(self, item: Kind) -> None:
        self.item = item
        self.key = Text()

    def check(self, value: Any, note: Note) -> None:
        """Check each name and each value; the problem's data has the name as `key`."""
        for key, each in self._pairs(value, note):
            self.key.check(key, partial(note, key=str(key), side="key"))
            self.item.check(each, partial(note, key=str(key)))

    def _pairs(self, value: Any, note: Note) -> Iterable[tuple[Any, Any]]:
        if isinstance(value, Mapping):
            return list(value.items())
        if isinstance(value, Sequence) and all(isinstance(each, tuple) and len(each) == 2 for each in value):
            return list(value)
        note("not_table", **_several(self.item))
        return []

    def normal(self, value: Any) -> tuple[tuple[str, Any], ...]:
        """Sorted by name."""
        return tuple(sorted((key, self.item.normal(each)) for key, each in dict(value).items()))

    def to_json(self, value: Any) -> dict[str, Any]:
        """An object."""
        return {key: self.item.to_json(each) for key, each in value}

    def from_json(self, value: Any) -> tuple[tuple[str, Any], ...]:
        """An object, as a tuple of pairs."""
        return tuple((key, self.item.from_json(each)) for key, each in _of_type(value, dict).items())

    def about(self) -> str:
        """What names and values are."""
        return f"dict or (name, value) pairs, each value: {self.item.about()}"

    def show(self, value: Any) -> str:
        """`a=1, b=2`."""
        return ", ".join(f"{key}={self.item.show(each)}" for key, each in value)


_instant_text: Final = lru_cache(maxsize=4096)(format_instant)
"""The text of an instant, cached since a schedule has few of them and they repeat."""


def is_whole(value: Any) -> bool:
    """Whether it is a whole number; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def text_problems(
    field: str, text: str, *, limit: int = MAX_NAME, lines: bool = False, empty: bool = False
) -> list[Problem]:
    """The problems of a user's text that is not a field of a definition."""
    return problems_of(Text(limit, lines=lines, empty=empty), field, text)


def problems_of(kind: Kind, field: str, value: Any) -> list[Problem]:
    """The problems of a value that `field` names."""
    found: list[Problem] = []

    def note(code: str, **data: Any) -> None:
        found.append(Problem(field, code, data))

    kind.check(value, note)
    return found


def _several(item: Kind) -> dict[str, str]:
    return {"of": "whole numbers", "example": "1"} if isinstance(item, Whole) else {"of": "strings", "example": '"…"'}


def _of_type(value: Any, type_: type) -> Any:
    if not isinstance(value, type_):
        raise ValueError(f"{value!a} is not a {type_.__name__}")  # noqa: TRY004 - of damaged data, not of a program
    return value


def _span_in_words(value: int, unit: Unit) -> str:
    seconds = value * 60 if unit == "minutes" else value
    for size, name in ((366 * 86_400, "year"), (86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {name}{'' if seconds == size else 's'}"
    return f"0 {unit}"
