"""Converting Python values: to the plain value that is kept, or to a problem that says what it should have been.

Each function takes a value of any type. For an invalid one it notes the problem, and its return value is meaningless.
"""

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

from arco_sched.core import kinds, special_kinds
from arco_sched.core.identity import SCHEDULE_ID
from arco_sched.core.instants import MAX_INSTANT, MIN_INSTANT
from arco_sched.core.kinds import Kind, Note

T = TypeVar("T")

Instant: TypeAlias = datetime | int
"""An aware `datetime`, truncated to whole seconds, or whole seconds since 1970 in UTC."""

PathLike: TypeAlias = str | os.PathLike[str]
"""The path of a file: a `str` or a `Path`."""

MAX_NUMBER: Final = (1 << 63) - 1
"""The largest whole number that the database can hold."""

MAX_PATIENCE: Final = 1_000_000
"""Maximum seconds to wait for a database."""

_MOMENT: Final = "an aware datetime or whole seconds since 1970"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SHOWN: Final = 40


def given(value: object) -> str:
    """Any value in a few words, for the message of its problem."""
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return int.__repr__(value) if abs(value) < 10**_SHOWN else f"a number of more than {_SHOWN} digits"
    if isinstance(value, float):
        return float.__repr__(value)
    if isinstance(value, str):
        exact = str.__str__(value)
        return f"the string {exact[:_SHOWN]!a}{'…' if len(exact) > _SHOWN else ''}"
    return f"a value of type {type(value).__name__}"


_CENTURY: Final = 100 * 366 * 86_400
"""Seconds; a number up to as many milliseconds was more likely meant as milliseconds than as a far-off instant."""


def instant(value: object, note: Note) -> int:
    """The epoch of an instant in the years 1 to 9999; a float without a fraction counts as a whole number."""
    if isinstance(value, datetime):
        return _epoch(value, note)
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1:  # NaN's rest is true as well
        is_clock = isinstance(value, float) and MIN_INSTANT <= value <= MAX_INSTANT  # as time.time() is
        note("fraction" if is_clock else "type", what=_MOMENT, given=given(value))
    elif not MIN_INSTANT <= value <= MAX_INSTANT:
        is_near = 0 < value < 1000 * _CENTURY
        note("milliseconds" if is_near else "moment_years", what=_MOMENT, given=given(value))
    else:
        return int(value)
    return 0


def _epoch(value: datetime, note: Note) -> int:
    # A tzinfo or a subclass of datetime can be anyone's code: pandas' NaT is one.
    try:
        if value.utcoffset() is None:
            note("naive", what=_MOMENT, given=str(value))
            return 0
        seconds = (value - _EPOCH) // timedelta(seconds=1)
    except (ArithmeticError, NotImplementedError, TypeError, ValueError):
        note("type", what=_MOMENT, given=f"{given(value)} without a usable tzinfo")
        return 0
    if not MIN_INSTANT <= seconds <= MAX_INSTANT:
        note("moment_years", what=_MOMENT, given=str(value))
    return seconds


def number(value: object, note: Note, what: str = "a whole number") -> int:
    """A whole number, including subclasses of int such as enumerations."""
    if isinstance(value, bool) or not isinstance(value, int):
        note("type", what=what, given=given(value))
        return 0
    return int(value)


def whole(value: object, note: Note, least: int, most: int) -> int:
    """A whole number within bounds."""
    found = number(value, note)
    if type(value) is not bool and isinstance(value, int) and not least <= found <= most:
        note("bounds", least=least, most=most)
    return found


def seconds(value: object, note: Note) -> float:
    """A number of seconds to wait, with or without a fraction."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        note("type", what="a number of seconds", given=given(value))
        return 0
    if not 0 <= value <= MAX_PATIENCE:  # so is NaN
        note("bounds", least=0, most=MAX_PATIENCE)
        return 0
    return float(value)


def flag(value: object, note: Note) -> bool:
    """True or False, and nothing that only counts as one of them."""
    if not isinstance(value, bool):
        note("type", what="True or False", given=given(value))
    return value is True


def text(value: object, note: Note, what: str = "a string") -> str:
    """A string, including subclasses of str such as enumerations."""
    if not isinstance(value, str):
        note("type", what=what, given=given(value))
        return ""
    return str.__str__(value)


def label(value: object, note: Note, *, empty: bool = False) -> str:
    """A string of one line."""
    found = text(value, note)
    if isinstance(value, str):
        kinds.Text(empty=empty).check(found, note)
    return found


def schedule_id(value: object, note: Note) -> str:
    """A valid id of a schedule."""
    found = text(value, note)
    if isinstance(value, str) and SCHEDULE_ID.fullmatch(found) is None:
        note("schedule_id", value=found)
    return found


def several(value: object, note: Note, what: str, read: Callable[[object, Note], T]) -> tuple[T, ...]:
    """Several values from any iterable; a single string, or bytes, is not several."""
    if isinstance(value, str | bytes | bytearray | memoryview | Mapping) or not isinstance(value, Iterable):
        note("type", what=what, given=given(value))
        return ()
    return tuple(read(each, partial(note, entry=place)) for place, each in enumerate(value))


def pool(value: object, note: Note) -> str:
    """A valid name of a pool."""
    found = text(value, note)
    if isinstance(value, str):
        special_kinds.Name().check(found, note)
    return found


def path(value: object, note: Note) -> Path:
    """A path from a str or `Path` that a file can have."""
    found = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(found, str):
        note("type", what="a path as str or Path", given=given(found))
        return Path()
    if not found:
        note("empty")
    if found == ":memory:":
        note("memory", value=found)
    try:
        has_nul = b"\0" in os.fsencode(found)
    except UnicodeEncodeError:
        has_nul = True
    if has_nul:
        note("path", value=found)
    return Path(found)


# Fields, by the kind of their values.


def plain(kind: Kind, value: object, note: Note) -> Any:
    """The plain value of a field: of the type that the kind checks, even if the kind then refuses the value."""
    match kind:
        case kinds.Many():
            return _many(kind, value, note)
        case kinds.Pairs():
            return _pairs(kind, value, note)
        case special_kinds.Zone():
            return _zone(value, note)
        case kinds.Span():
            return _span(kind, value, note)
        case special_kinds.DayRange():
            return text(value.isoformat() if type(value) is date else value, note, "a date or a string")
        case special_kinds.AbsolutePath():
            return text(os.fspath(value) if isinstance(value, os.PathLike) else value, note, "a string or a Path")
        case kinds.Text() | kinds.Choice():
            return text(value, note)
        case kinds.Whole():
            return number(value, note)
        case kinds.Instant():
            return instant(value, note)
        case kinds.Flag():
            return flag(value, note)
    return value


def _zone(value: object, note: Note) -> str:
    if not isinstance(value, str):
        from zoneinfo import ZoneInfo

        value = value.key if isinstance(value, ZoneInfo) else value
    return text(value, note, "a string or a ZoneInfo")


def _many(kind: kinds.Many, value: object, note: Note) -> tuple[Any, ...]:
    if isinstance(value, str):
        value = (value,)
    if isinstance(value, bytes | bytearray | memoryview | Mapping) or not isinstance(value, Collection):
        note("type", what="a list", given=given(value))
        return ()
    return tuple(plain(kind.item, each, partial(note, entry=place)) for place, each in enumerate(value))


def _pairs(kind: kinds.Pairs, value: object, note: Note) -> tuple[tuple[str, Any], ...]:
    if isinstance(value, Mapping):
        pairs = list(value.items())
    elif isinstance(value, list | tuple) and all(isinstance(each, list | tuple) and len(each) == 2 for each in value):
        pairs = [(each[0], each[1]) for each in value]
    else:
        note("type", what="a dict, or pairs of name and value", given=given(value))
        return ()
    found: dict[str, Any] = {}
    for key, each in pairs:
        if not isinstance(key, str):
            note("type", what="a string", given=given(key), key=given(key), side="key")
            continue
        exact = str.__str__(key)
        if exact in found:
            note("twice", key=exact, side="key")
        found[exact] = plain(kind.item, each, partial(note, key=exact))
    return tuple(found.items())


def _span(kind: kinds.Span, value: object, note: Note) -> int:
    if not isinstance(value, timedelta):
        return number(value, note, f"a timedelta or whole {kind.unit}")
    count, rest = divmod(value, timedelta(**{kind.unit: 1}))
    if rest:
        note("type", what=f"a timedelta of whole {kind.unit}", given=str(value))
    return count
