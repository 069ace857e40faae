"""Answers as plain values, for JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, cast

from arco_sched.api.values import given
from arco_sched.core.errors import InvalidInput
from arco_sched.core.kinds import Pairs
from arco_sched.core.problems import Problem
from arco_sched.core.rows import rows


def as_dict(answer: Any) -> dict[str, Any]:
    """An answer as a dict of its attributes, all the way down, which `json.dumps` takes; raises `InvalidInput`.

    Instants stay whole seconds, tuples become lists, and labels, environment and resources dicts. The ticks and lapses
    of an `Evaluation` are read from the database, all of them.

    Args:
        answer: What a method of `Workspace` answered, or a part of it, such as a `RunLife`, a `Page` or a `Tick`; of a
            list, each of its entries.
    """
    found = _plain(answer) if _names(cast("type", type(answer))) else None
    if not isinstance(found, dict):
        raise InvalidInput(Problem("answer", "type", {"what": "an answer of a Workspace", "given": given(answer)}))
    return found


def _plain(value: Any) -> Any:
    names = _names(cast("type", type(value)))
    if names:
        pairs = _pairs(cast("type", type(value)))
        return {name: dict(getattr(value, name)) if name in pairs else _plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value


@lru_cache(maxsize=128)
def _names(type_: type) -> tuple[str, ...]:
    """The attributes of a class of answers; none of any other class."""
    if is_dataclass(type_):
        return tuple(field.name for field in fields(type_))
    named: tuple[str, ...] = getattr(type_, "_fields", ())
    return named if issubclass(type_, tuple) else ()


@lru_cache(maxsize=128)
def _pairs(type_: type) -> frozenset[str]:
    """The attributes that are pairs of name and value."""
    if not type_.__module__.startswith("arco_sched.core") or not is_dataclass(type_):
        return frozenset()
    return frozenset(field.name for field in rows(type_) if isinstance(field.kind, Pairs) and not field.path)
