"""The table of a definition's fields, and everything derived from it. Pure.

Each field is declared as a row in a class of `arco_sched.core.definitions`. Nothing here names a single field, except
for its place in the answers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from arco_sched.core.definitions import Definition, RequestContent, Version
from arco_sched.core.kinds import Instant, is_whole, problems_of
from arco_sched.core.policy import Policy
from arco_sched.core.problems import Problem
from arco_sched.core.rows import Field, part_types, rows

V = TypeVar("V")

_LAST: Final = ("start_at", "end_at", "enabled", "paused_until", "deleted")
"""The fields that come last in an answer."""

_CONTENT_PATH: Final = ("definition", "request")


def table(owner: type) -> tuple[Field, ...]:
    """The fields of a version in the order of the JSON answers; `owner` is `Version` or a similar class."""
    return tuple(sorted(rows(owner), key=lambda row: _LAST.index(row.name) if row.name in _LAST else -1))


FIELDS: Final = table(Version)
"""Every field of a definition version, in the order of the JSON answers."""

CONTENT: Final = tuple(field for field in FIELDS if field.path == _CONTENT_PATH)
"""The fields that the fingerprint of a request covers: what a run is asked to do."""

POLICY: Final = tuple(field for field in FIELDS if field.path == ("definition", "policy"))
"""The fields that say how a run is executed; the fingerprint doesn't cover them."""

GIVEN: Final = tuple(field for field in FIELDS if field.group != "version")
"""The fields that can be given."""

_OF_DEFINITION: Final = tuple(field for field in FIELDS if field.path[:1] == ("definition",))

BY_NAME: Final = {field.name: field for field in FIELDS}

_HEAD: Final = ("schedule_id", "definition_version")
_TAIL: Final = ("created_at", "effective_from")

REQUIRED_NAMES: Final = frozenset((*_HEAD, *_TAIL, *(field.name for field in FIELDS if field.always)))
"""The names that the payload of every `ScheduleDefinitionUpserted` has."""

PAYLOAD_NAMES: Final = REQUIRED_NAMES | BY_NAME.keys()
"""The names that such a payload may have."""


# Checking and the normal form.


def problems(definition: Definition) -> list[Problem]:
    """All problems of a definition."""
    found: list[Problem] = []
    for field in FIELDS:
        if field.path[:1] == ("definition",):
            found += _problems(field, _attribute(definition, field.path[1:], field.name))
    return found


def content_problems(content: RequestContent) -> list[Problem]:
    """All problems of a request content."""
    return [problem for field in CONTENT for problem in _problems(field, getattr(content, field.name))]


def policy_problems(policy: Policy) -> list[Problem]:
    """All problems of an execution policy."""
    return [problem for field in POLICY for problem in _problems(field, getattr(policy, field.name))]


def _problems(field: Field, value: Any) -> list[Problem]:
    return [] if value is None and field.default is None else problems_of(field.kind, field.name, value)


def normal(definition: Definition) -> Definition:
    """The normal form of a valid definition: the same for all definitions that mean the same."""
    values = {}
    for field in FIELDS:
        if field.path[:1] == ("definition",):
            value = _attribute(definition, field.path[1:], field.name)
            values[field.name] = None if value is None else field.kind.normal(value)
    return merge(definition, values)


def normal_content(**values: Any) -> RequestContent:
    """A request content in its normal form, from iterables and mappings by field name.

    Names are sorted without duplicates, labels sorted by key.
    """
    given = [field for field in CONTENT if values.get(field.name) is not None]
    return RequestContent(**values | {field.name: field.kind.normal(values[field.name]) for field in given})


def normal_policy(**values: Any) -> Policy:
    """A policy in its normal form, from values by the names of its fields; the rest are defaults."""
    given = [field for field in POLICY if values.get(field.name) is not None]
    return Policy(**values | {field.name: field.kind.normal(values[field.name]) for field in given})


def merge(definition: Definition, values: Mapping[str, Any]) -> Definition:
    """The definition with some fields replaced; fields of its parts are named like the others."""
    own: dict[str, Any] = {}
    parts: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        part = BY_NAME[name].path[1:] if name in BY_NAME else ()
        (parts.setdefault(part[0], {}) if part else own)[name] = value
    for part_name, inner in parts.items():
        own[part_name] = replace(own.get(part_name, getattr(definition, part_name)), **inner)
    return replace(definition, **own)


def _attribute(owner: Any, path: Iterable[str], name: str) -> Any:
    for part in path:
        owner = getattr(owner, part)
    return getattr(owner, name)


# What differs.


def flat(version: Version, fields: Sequence[Field] = FIELDS) -> dict[str, Any]:
    """The fields of a version by name, in the order of the JSON answers."""
    return {field.name: field.value(version) for field in fields}


def differences(before: Version, after: Version) -> dict[str, tuple[Any, Any]]:
    """The fields that differ between two versions, with the values of both."""
    old, new = flat(before), flat(after)
    return {name: (old[name], new[name]) for name in new if old[name] != new[name]}


def changed_fields(before: Version | None, after: Version) -> tuple[str, ...]:
    """The names of the fields that differ between two versions; none for the first version."""
    return () if before is None else tuple(differences(before, after))


# JSON.


def document(version: Version, fields: Sequence[Field] = FIELDS) -> dict[str, Any]:
    """A version as in the JSON answers: every field, set or not."""
    values = {field.name: field.to_json(field.value(version)) for field in fields}
    return _framed(version, values)


def payload(version: Version, fields: Sequence[Field] = FIELDS) -> dict[str, Any]:
    """A version as in its event: every field of the first schema, and others if they differ from their default."""
    found = ((field, field.value(version)) for field in fields)
    return _framed(version, {field.name: field.to_json(value) for field, value in found if _is_said(field, value)})


def version_of(schedule_id: str, payload: Mapping[str, Any], owner: type[V] = Version) -> V:  # type: ignore[assignment]
    """The version of a schedule that `payload` wrote; raises `ValueError` for what it never writes.

    Values are not validated again: an expression that can no longer be parsed is still the one that was given.
    `owner` is `Version`, or a class like it.
    """
    fields = FIELDS if owner is Version else table(owner)
    _refuse_strange(payload, {*_HEAD, *_TAIL}, fields)
    return _built(
        owner,
        (),
        fields,
        {field.name: _read(field, payload[field.name]) for field in fields if field.name in payload},
        schedule_id=schedule_id,
        definition_version=_number(payload["definition_version"]),
        created_at=_instant(payload["created_at"]),
        effective_from=_instant(payload["effective_from"]),
    )


def content_document(content: RequestContent) -> dict[str, Any]:
    """A request content as in the JSON answers: every field, set or not."""
    return {field.name: field.to_json(getattr(content, field.name)) for field in CONTENT}


def canonical(content: RequestContent, fields: Sequence[Field] = CONTENT) -> dict[str, Any]:
    """A request content as its fingerprint covers it, in the normal form and sorted by name.

    A field that is not of the first schema has a key only if it differs from its default, so that contents without it
    keep the fingerprints that they had before the field existed.
    """
    found = {}
    for field in sorted(fields, key=lambda field: field.name):
        value = getattr(content, field.name)
        if _is_said(field, value):
            found[field.name] = field.to_json(None if value is None else field.kind.normal(value))
    return found


def content_of(values: Mapping[str, Any]) -> RequestContent:
    """The content that `canonical` wrote; raises `ValueError` for what it never writes."""
    _refuse_strange(values, set(), CONTENT)
    return RequestContent(**{field.name: _read(field, values[field.name]) for field in CONTENT if field.name in values})


def definition_of(
    values: Mapping[str, Any], *, request: RequestContent, policy: Policy, end_at: int | None
) -> Definition:
    """The definition with these values of its fields, by their names; the rest are defaults."""
    made = _built(Definition, ("definition",), _OF_DEFINITION, values)
    return replace(made, request=request, policy=policy, end_at=end_at)


def read_value(name: str, value: Any) -> Any:
    """The value of a field from JSON; raises `ValueError`, and `KeyError` if there is no such field."""
    return _read(BY_NAME[name], value)


def _refuse_strange(values: Mapping[str, Any], others: set[str], fields: Sequence[Field]) -> None:
    required = others | {field.name for field in fields if field.always}
    strange = (required - values.keys()) | (values.keys() - others - {field.name for field in fields})
    if strange:
        raise ValueError(f"unexpected or missing keys: {', '.join(sorted(map(ascii, strange)))}")


def _is_said(field: Field, value: Any) -> bool:
    return field.always or value != field.default


def _framed(version: Version, values: dict[str, Any]) -> dict[str, Any]:
    instant = Instant().to_json
    return {
        "schedule_id": version.schedule_id,
        "definition_version": version.definition_version,
        **values,
        "created_at": instant(version.created_at),
        "effective_from": instant(version.effective_from),
    }


def _built(owner: type[V], path: tuple[str, ...], fields: Sequence[Field], values: Mapping[str, Any], **more: Any) -> V:
    """A value of a class and of its parts, from the fields' values by their names."""
    own = {field.name: values[field.name] for field in fields if field.path == path and field.name in values}
    parts: dict[str, Any] = {
        name: _built(type_, (*path, name), fields, values) for name, type_ in part_types(owner).items()
    }
    return owner(**own, **parts, **more)


def _read(field: Field, value: Any) -> Any:
    try:
        return None if value is None and field.default is None else field.kind.from_json(value)
    except ValueError as error:
        raise ValueError(f"{field.name}: {error}") from None


def _instant(value: Any) -> int:
    return Instant().from_json(value)


def _number(value: Any) -> int:
    if not is_whole(value):
        raise ValueError(f"{value!a} is not a whole number")
    return int(value)
