"""Definitions as a TOML file: reads one and reports every problem with its line, and writes one that reads back equal.

`docs/definitions-file.md` describes the file for people, `schedules.schema.json` for editors.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

from arco_sched.core.changes import check_schedule_id
from arco_sched.core.definitions import Definition, Version, Wanted
from arco_sched.core.errors import InvalidFile, InvalidInput
from arco_sched.core.fields import BY_NAME, GIVEN, merge, normal
from arco_sched.core.instants import parse_instant
from arco_sched.core.kinds import Instant, Pairs, Span, is_whole, problems_of
from arco_sched.core.problems import CLOSE, NOTHING, Names, Problem
from arco_sched.core.rows import Field
from arco_sched.core.special_kinds import Days
from arco_sched.formats.toml_lines import Path, key_lines

_AT_LINE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class DefinitionsFile(NamedTuple):
    """A file that was read: the schedules it wants, and the line of each (schedule id, field name).

    `says_schedules` is whether it has a `schedules` table at all.
    """

    wanted: tuple[Wanted, ...]
    lines: Mapping[tuple[str, str], int]
    says_schedules: bool


def read(source: bytes, name: str) -> DefinitionsFile:
    """The definitions in a file; `name` is what problems call it.

    Raises `InvalidFile` with every problem of the file, or only the first if it isn't TOML.
    """
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise InvalidFile(name, (line, "the file isn't UTF-8: save it as UTF-8")) from None
    try:
        is_json = text.lstrip().startswith("{")  # as `arco export --json` writes it; TOML never begins like this
        document = _from_json(text) if is_json else tomllib.loads(text)
        lines = {} if is_json else key_lines(text)
    except RecursionError:
        raise InvalidFile(name, (None, "tables or lists are nested too deeply")) from None
    except ValueError as error:
        problem = (getattr(error, "lineno", None), f"not JSON: {error}") if is_json else _syntax(str(error), text)
        raise InvalidFile(name, problem) from None
    reader = _Reader(lines)
    wanted = reader.document(document)
    if reader.problems:
        raise InvalidFile(name, *dict.fromkeys(reader.problems))
    places = {(str(path[1]), KEYS[str(path[2])].name): line for path, line in lines.items() if _is_key(path)}
    for each in wanted:
        for key, field in KEYS.items():
            # A value that a schedule doesn't set comes from the defaults, or is missing where the schedule begins.
            begin = lines.get(("schedules", each.schedule_id), 1)
            if not is_json:
                places.setdefault((each.schedule_id, field.name), lines.get(("defaults", key), begin))
    return DefinitionsFile(wanted, places, "schedules" in document)


def _from_json(text: str) -> dict[str, Any]:
    import json

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = next(key for at, (key, _) in enumerate(pairs) if key in {other for other, _ in pairs[:at]})
            raise ValueError(f"the key {_shown(twice)} appears twice")
        return found

    document: dict[str, Any] = json.loads(text, object_pairs_hook=unique)
    return document


def _is_key(path: Path) -> bool:
    return len(path) == 3 and path[0] == "schedules" and path[2] in KEYS


def _syntax(message: str, text: str) -> tuple[int, str]:
    match = _AT_LINE.search(message)
    last = text.rstrip("\n").count("\n") + 1
    line = last if match is None or match[1] is None else int(match[1])
    what = message if match is None else message[: match.start()]
    return line, f"not TOML: {what[:1].lower()}{what[1:]}"


class _Reader:
    """Reads the document that `tomllib` returns, noting every problem with its line instead of stopping."""

    def __init__(self, lines: Mapping[Path, int]) -> None:
        self.problems: list[tuple[int | None, str]] = []
        self._lines = lines

    def document(self, document: Mapping[str, Any]) -> tuple[Wanted, ...]:
        for key in document:
            if key not in {"defaults", "schedules"}:
                nearest = get_close_matches(key, ("defaults", "schedules"), n=1, cutoff=CLOSE)
                meant = f"; did you mean {nearest[0]}?" if nearest else ""
                self._note((key,), f"unknown key {_shown(key)}: a file has [defaults] and [schedules.ID]{meant}")
        defaults = self._defaults(document.get("defaults", {}))
        schedules = document.get("schedules", {})
        if not isinstance(schedules, dict):
            self._note(("schedules",), "schedules must be tables named by id: write [schedules.ID]")
            return ()
        found = (self._schedule(schedule_id, values, defaults) for schedule_id, values in schedules.items())
        return tuple(wanted for wanted in found if wanted is not None)

    def _defaults(self, values: Any) -> dict[str, Any]:
        if not isinstance(values, dict):
            self._note(("defaults",), "defaults must be a table: write [defaults]")
            return {}
        for key in values:
            if key in KEYS and not KEYS[key].in_defaults:
                self._note(("defaults", key), f"defaults: {key} can't be a default: set it for each schedule")
        return self._values(("defaults",), values, "defaults")

    def _schedule(self, schedule_id: str, values: Any, defaults: Mapping[str, Any]) -> Wanted | None:
        path: Path = ("schedules", schedule_id)
        who = f"schedule {_shown(schedule_id)}" if not _is_plain(schedule_id) else f"schedule {schedule_id}"
        try:
            check_schedule_id(schedule_id)
        except InvalidInput as error:
            self._note(path, str(error))
        if not isinstance(values, dict):
            self._note(path, f"{who} must be a table: write [schedules.{toml_key(schedule_id)}]")
            return None
        before = len(self.problems)
        found = dict(defaults) | self._values(path, values, who)
        if not values.keys() & {"cron_expression", "cron"}:
            self._note(path, f"{who} has no cron_expression")
        return None if len(self.problems) > before else _wanted(schedule_id, found)

    def _values(self, path: Path, values: Mapping[str, Any], who: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in values.items():
            place = (*path, key)
            if key not in KEYS:
                self._note(place, f"{who}: {_unknown(path, key, value)}")
                continue
            field = KEYS[key]
            read_value, problems = _read_value(field, value)
            for problem in problems:
                self._note((*place, *_place(problem)), f"{who}: {problem.sentence(NAMES)}")
            if not problems:
                found[field.name] = read_value
        return found

    def _note(self, path: Path, text: str) -> None:
        line = None
        while line is None and path:
            line = self._lines.get(path)
            path = path[:-1]
        self.problems.append((line, text))


def _unknown(path: Path, key: str, value: Any) -> str:
    if key in _ELSEWHERE:
        return f"unknown key {_shown(key)}: did you mean {_ELSEWHERE[key]}?"
    if isinstance(value, dict) and path[0] == "schedules" and any(name in KEYS or name in _ELSEWHERE for name in value):
        whole = toml_key(f"{path[1]}.{key}")
        return f"unknown table {_shown(key)}: quote an id that contains a dot, [schedules.{whole}]"
    nearest = get_close_matches(key, KEYS, n=1, cutoff=CLOSE)
    meant = f"did you mean {nearest[0]}?" if nearest else f"the keys are {', '.join(KEYS)}"
    return f"unknown key {_shown(key)}: {meant}"


def _wanted(schedule_id: str, values: dict[str, Any]) -> Wanted:
    start_at, enabled = values.pop("start_at", None), values.pop("enabled", None)
    definition = merge(Definition(cron_expression=values["cron_expression"]), values)
    return Wanted(schedule_id, normal(definition), enabled, start_at)


# The keys.

KEYS: Final[Mapping[str, Field]] = {field.stem: field for field in GIVEN}
"""The fields by the keys of a schedule, in the order in which they are written."""

_ELSEWHERE: Final[Mapping[str, str]] = {
    **{field.name: key for key, field in KEYS.items() if field.name != key},
    "cron": "cron_expression",
    "tz": "timezone",
    "zone": "timezone",
    "max_catchup": "max_catchup_ticks",
    "asset": "asset_selection",
    "assets": "asset_selection",
    "partition": "partition_selection",
    "partitions": "partition_selection",
    "label": "labels",
    "start": "start_at",
    "end": "end_at",
    "disabled": "enabled = false",
}
"""What the command line or JSON answers call a key."""

NAMES: Final = Names(lambda name: BY_NAME[name].stem if name in BY_NAME else name)
"""What a file calls the fields."""


def _read_value(field: Field, value: Any) -> tuple[Any, list[Problem]]:
    """The field's value as read from a file, and every problem with it."""
    kind = field.kind
    try:
        if isinstance(kind, Span) and not is_whole(value):
            if not isinstance(value, str):
                return None, [Problem(field.name, "not_span", {"forms": kind.forms})]
            value = kind.parse(value, field.name)
        elif isinstance(kind, Instant):
            # TOML has its own date-times; they arrive as `datetime` values, whose text parse_instant reads.
            text = value.isoformat() if hasattr(value, "isoformat") else value
            if not isinstance(text, str):
                return None, [Problem(field.name, "not_instant")]
            value = parse_instant(text, field.name)
        elif isinstance(kind, Days) and isinstance(value, list):
            # TOML has its own dates, too.
            value = [each.isoformat() if hasattr(each, "isoformat") else each for each in value]
        elif isinstance(kind, Pairs) and isinstance(value, dict):
            nested = [key for key, entry in value.items() if isinstance(entry, dict)]
            if nested:
                return None, [Problem(field.name, "nested_table", {"key": key}) for key in nested]
    except InvalidInput as error:
        return None, list(error.details)
    return value, problems_of(kind, field.name, value)


def _place(problem: Problem) -> Path:
    """Which entry or key of a value a problem is about."""
    return tuple(problem.data[name] for name in ("entry", "key") if name in problem.data)


def _is_plain(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9._-]{1,100}", text, re.ASCII) is not None


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 60 else text[:57] + "...")


# Writing.


def document(versions: Iterable[Version]) -> dict[str, Any]:
    """What a definitions file says about these schedules, as plain values without those that equal the default."""
    return {"schedules": {version.schedule_id: _entry(version) for version in versions}}


def write(versions: Iterable[Version], comments: Mapping[str, str] = NOTHING) -> str:
    """A definitions file with these schedules, each below its one-line comment."""
    heading = "# Written by `arco export`. `arco apply FILE --dry-run` shows what would change.\n"
    # Without schedules there is no table at all: with an empty one, `apply --prune` would delete every schedule.
    parts = [heading]
    for schedule_id, entry in document(versions)["schedules"].items():
        comment = "".join(char if char.isprintable() else _number(char) for char in comments.get(schedule_id, ""))
        parts.append((f"# {comment}\n" if comment else "") + _toml({"schedules": {schedule_id: entry}}))
    return "\n".join(parts)


def write_wanted(wanted: Iterable[Wanted], heading: str) -> str:
    """A definitions file that asks for these schedules; `heading` says where they come from."""
    entries = {}
    for each in wanted:
        version = Version(
            schedule_id=each.schedule_id,
            definition_version=1,
            definition=each.definition,
            start_at=0 if each.start_at is None else each.start_at,
            enabled=each.enabled is not False,
            deleted=False,
            created_at=0,
            effective_from=0,
        )
        entries[each.schedule_id] = _entry(version)
        if each.start_at is None:
            del entries[each.schedule_id]["start_at"]
    lines = "".join(f"# {line}\n" for line in (heading, "`arco apply FILE --dry-run` shows what would change."))
    return f"{lines}\n{_toml({'schedules': entries})}" if entries else lines


_ALWAYS_WRITTEN: Final = {"cron_expression", "timezone", "start_at"}


def _entry(version: Version) -> dict[str, Any]:
    values = {key: (field, field.value(version)) for key, field in KEYS.items()}
    return {
        key: field.kind.show(value) if isinstance(field.kind, Span) else field.to_json(value)
        for key, (field, value) in values.items()
        if field.name in _ALWAYS_WRITTEN or value != (True if field.name == "enabled" else field.default)
    }


def toml_key(text: str) -> str:
    """The text as a key, quoted if necessary."""
    return _toml({text: 0}).removesuffix(" = 0\n")


def _toml(values: Mapping[str, Any]) -> str:
    r"""The values as TOML; invisible characters are written as `\u202E`, so that no terminal obeys them."""
    from tomli_w import dumps

    # Every string is double-quoted and on one line, so an invisible character is in a string or ends a line.
    return "".join(char if char.isprintable() or char == "\n" else _number(char) for char in dumps(values))


def _number(char: str) -> str:
    number = ord(char)
    return f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"
