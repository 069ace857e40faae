"""Definitions as a TOML file: reading one with every problem at its line, and writing one that reads back the same.

`docs/definitions-file.md` describes the file, and `schedules.schema.json` says the same to editors.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any, Final, NamedTuple

from arco_sched.changes import MAX_COMMAND, MAX_TICKS, check_schedule_id, normal_content, text_problems
from arco_sched.cron import check_expression, load_zone
from arco_sched.errors import InvalidFile, InvalidInput
from arco_sched.formats.toml_lines import Path, key_lines
from arco_sched.instants import MAX_MINUTES, format_instant, parse_instant, parse_minutes
from arco_sched.model import CATCHUP_POLICIES, DST_GAPS, DST_OVERLAPS, Definition, Version, Wanted

_AT_LINE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_ELSEWHERE: Final = {
    "cron": "cron_expression",
    "tz": "timezone",
    "zone": "timezone",
    "catchup_window_minutes": "catchup_window",
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
"""Names that the command line or the JSON answers have for a key."""


class DefinitionsFile(NamedTuple):
    """A file that was read: what it wants, and the lines of (schedule id, key).

    `says_schedules` is whether it has a `schedules` table at all.
    """

    wanted: tuple[Wanted, ...]
    lines: Mapping[tuple[str, str], int]
    says_schedules: bool


def read(source: bytes, name: str) -> DefinitionsFile:
    """The definitions that a file holds; `name` is what problems call it.

    Raises `InvalidFile` with every problem of the file; where it is no TOML, with the first.
    """
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise InvalidFile(name, (line, "this is not UTF-8: save the file as UTF-8")) from None
    try:
        document = tomllib.loads(text)
        lines = key_lines(text)
    except RecursionError:
        raise InvalidFile(name, (None, "tables or lists are nested too deeply")) from None
    except ValueError as error:
        raise InvalidFile(name, _syntax(str(error), text)) from None
    reader = _Reader(lines)
    wanted = reader.document(document)
    if reader.problems:
        raise InvalidFile(name, *dict.fromkeys(reader.problems))
    places = {(str(path[1]), str(path[2])): line for path, line in lines.items() if _is_key(path)}
    for each in wanted:
        for key in KEYS:
            # What a schedule does not say itself comes from the defaults, or is missing where the schedule begins.
            begin = lines.get(("schedules", each.schedule_id), 1)
            places.setdefault((each.schedule_id, key), lines.get(("defaults", key), begin))
    return DefinitionsFile(wanted, places, "schedules" in document)


def _is_key(path: Path) -> bool:
    return len(path) == 3 and path[0] == "schedules"


def _syntax(message: str, text: str) -> tuple[int, str]:
    match = _AT_LINE.search(message)
    last = text.rstrip("\n").count("\n") + 1
    line = last if match is None or match[1] is None else int(match[1])
    what = message if match is None else message[: match.start()]
    return line, f"not TOML: {what[:1].lower()}{what[1:]}"


class _Reader:
    """Reads the document as `tomllib` gives it; every problem is noted with its line, and reading goes on."""

    def __init__(self, lines: Mapping[Path, int]) -> None:
        self.problems: list[tuple[int | None, str]] = []
        self._lines = lines

    def document(self, document: Mapping[str, Any]) -> tuple[Wanted, ...]:
        for key in document:
            if key not in {"defaults", "schedules"}:
                nearest = (
                    " or ".join(get_close_matches(key, ("defaults", "schedules"))) or "[defaults] or [schedules.ID]"
                )
                self._note(
                    (key,), f"unknown key {_shown(key)}: a file holds [defaults] and [schedules.ID]; write {nearest}"
                )
        defaults = self._defaults(document.get("defaults", {}))
        schedules = document.get("schedules", {})
        if not isinstance(schedules, dict):
            self._note(("schedules",), "schedules are tables with their ids: write [schedules.ID]")
            return ()
        found = (self._schedule(schedule_id, values, defaults) for schedule_id, values in schedules.items())
        return tuple(wanted for wanted in found if wanted is not None)

    def _defaults(self, values: Any) -> dict[str, Any]:
        if not isinstance(values, dict):
            self._note(("defaults",), "defaults is a table: write [defaults]")
            return {}
        for key in values:
            if key in OWN_KEYS:
                self._note(("defaults", key), f"defaults: {key} belongs to a schedule, not to the defaults")
        return self._values(("defaults",), values, "defaults")

    def _schedule(self, schedule_id: str, values: Any, defaults: Mapping[str, Any]) -> Wanted | None:
        path: Path = ("schedules", schedule_id)
        who = f"schedule {_shown(schedule_id)}" if not _is_plain(schedule_id) else f"schedule {schedule_id}"
        try:
            check_schedule_id(schedule_id)
        except InvalidInput as error:
            self._note(path, str(error))
        if not isinstance(values, dict):
            self._note(path, f"{who} is not a table: write [schedules.{toml_key(schedule_id)}]")
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
            before = len(self.problems)
            read_value = KEYS[key](key, value, partial(self._note_in, place, who))
            if len(self.problems) == before:
                found[key] = read_value
        return found

    def _note_in(self, place: Path, who: str, at: Path, text: str) -> None:
        self._note((*place, *at), f"{who}: {text}")

    def _note(self, path: Path, text: str) -> None:
        line = None
        while line is None and path:
            line = self._lines.get(path)
            path = path[:-1]
        self.problems.append((line, text))


def _unknown(path: Path, key: str, value: Any) -> str:
    if key in _ELSEWHERE:
        return f"unknown key {_shown(key)}: write {_ELSEWHERE[key]}"
    if isinstance(value, dict) and path[0] == "schedules" and any(name in KEYS or name in _ELSEWHERE for name in value):
        whole = toml_key(f"{path[1]}.{key}")
        return f"unknown table {_shown(key)}: an id with a dot in it is quoted, [schedules.{whole}]"
    nearest = get_close_matches(key, KEYS, n=1)
    return f"unknown key {_shown(key)}: " + (f"write {nearest[0]}" if nearest else f"there are {', '.join(KEYS)}")


def _wanted(schedule_id: str, values: dict[str, Any]) -> Wanted:
    content = normal_content(
        values.get("asset_selection", ()),
        values.get("partition_selection", ()),
        values.get("command"),
        values.get("labels", {}),
    )
    names = {"catchup_window": "catchup_window_minutes"}
    plain = {names.get(key, key): value for key, value in values.items() if names.get(key, key) in Definition._fields}
    return Wanted(
        schedule_id, Definition(**plain, request=content), values.get("enabled"), start_at=values.get("start_at")
    )


# The keys.

Note = Callable[[Path, str], None]


def _text(key: str, value: Any, note: Note) -> Any:
    if not isinstance(value, str):
        note((), f"{key} must be a text: write it in quotes")
        return None
    limit, lines = (MAX_COMMAND, True) if key == "command" else (1000, False)
    for problem in text_problems(key, value, limit=limit, lines=lines):
        note((), problem)
    return value


def _judged(key: str, value: Any, note: Note, judge: Callable[[str], Any]) -> Any:
    if not isinstance(value, str):
        return _text(key, value, note)
    try:
        return judge(value)
    except InvalidInput as error:
        for problem in error.problems:
            note((), problem)
        return None


def _cron(key: str, value: Any, note: Note) -> Any:
    return _judged(key, value, note, lambda text: check_expression(text).text)


def _zone(key: str, value: Any, note: Note) -> Any:
    _judged(key, value, note, load_zone)
    return value


def _window(key: str, value: Any, note: Note) -> Any:
    if isinstance(value, str):
        return _judged(key, value, note, lambda text: parse_minutes(text, key))
    if not _is_integer(value):
        note((), f'{key} must be minutes, or a text such as "90m", "24h", "7d"')
    elif not 1 <= value <= MAX_MINUTES:
        note((), f"{key} must be between 1 minute and 100 years")
    return value


def _count(key: str, value: Any, note: Note) -> Any:
    if not _is_integer(value):
        note((), f"{key} must be a whole number")
    elif not 1 <= value <= MAX_TICKS:
        note((), f"{key} must be between 1 and {MAX_TICKS}")
    return value


def _choice(*choices: str) -> Callable[[str, Any, Note], Any]:
    def read_choice(key: str, value: Any, note: Note) -> Any:
        if not isinstance(value, str) or value not in choices:
            named = f" {_shown(value)}" if isinstance(value, str) else ""
            note((), f"{key}{named} must be one of {', '.join(choices)}")
        return value

    return read_choice


def _names(key: str, value: Any, note: Note) -> Any:
    if not isinstance(value, list):
        note((), f'{key} must be a list of texts: write ["…"]')
        return None
    for place, entry in enumerate(value):
        if not isinstance(entry, str):
            note((place,), f"{key} has an entry that is no text: write it in quotes")
            continue
        for problem in text_problems(f"an entry of {key}", entry):
            note((place,), problem)
    return value


def _labels(key: str, value: Any, note: Note) -> Any:
    if not isinstance(value, dict):
        note((), f'{key} must be a table of texts: write {{ name = "value" }}')
        return None
    for label, entry in value.items():
        for problem in text_problems(f"the name of a label, {_shown(label)},", label):
            note((label,), problem)
        if isinstance(entry, dict):
            note((label,), f"label {_shown(label)} is a table: quote a name with a dot in it")
        elif not isinstance(entry, str):
            note((label,), f"label {_shown(label)} must be a text: write it in quotes")
        else:
            for problem in text_problems(f"label {_shown(label)}", entry, empty=True):
                note((label,), problem)
    return value


def _instant(key: str, value: Any, note: Note) -> Any:
    # TOML has instants of its own; they come as values of `datetime`, whose text is what parse_instant reads.
    text = value.isoformat() if hasattr(value, "isoformat") else value
    return _judged(key, text, note, lambda given: parse_instant(given, key))


def _flag(key: str, value: Any, note: Note) -> Any:
    if not isinstance(value, bool):
        note((), f"{key} must be true or false")
    return value


KEYS: Final[Mapping[str, Callable[[str, Any, Note], Any]]] = {
    "cron_expression": _cron,
    "timezone": _zone,
    "catchup_window": _window,
    "max_catchup_ticks": _count,
    "catchup_policy": _choice(*CATCHUP_POLICIES),
    "dst_gap": _choice(*DST_GAPS),
    "dst_overlap": _choice(*DST_OVERLAPS),
    "asset_selection": _names,
    "partition_selection": _names,
    "command": _text,
    "labels": _labels,
    "code_version": _text,
    "start_at": _instant,
    "end_at": _instant,
    "enabled": _flag,
}
"""The keys of a schedule, each with what reads its value, in the order in which `write` writes them."""

OWN_KEYS: Final = ("cron_expression", "start_at", "end_at")
"""Keys that can't be among the defaults."""


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_plain(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9._-]{1,100}", text, re.ASCII) is not None


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 60 else text[:57] + "...")


# Writing.


def document(versions: Iterable[Version]) -> dict[str, Any]:
    """What a definitions file says of these schedules, as plain values; what is as by default is left out."""
    return {"schedules": {version.schedule_id: _entry(version) for version in versions}}


def write(versions: Iterable[Version]) -> str:
    """A definitions file that says what these schedules are."""
    heading = "# Written by `arco export`. `arco apply FILE --dry-run` shows what would change.\n"
    said = document(versions)
    # Without schedules there is not even an empty table, with which `apply --prune` would delete all there are.
    return f"{heading}\n{_toml(said)}" if said["schedules"] else heading


def _entry(version: Version) -> dict[str, Any]:
    definition = version.definition
    default = Definition(definition.cron_expression)
    request = definition.request
    minutes = definition.catchup_window_minutes
    values: dict[str, Any] = {
        "catchup_window": None if minutes == default.catchup_window_minutes else _span(minutes),
        "asset_selection": list(request.asset_selection),
        "partition_selection": list(request.partition_selection),
        "command": request.command,
        "labels": dict(request.labels),
        "start_at": format_instant(version.start_at),
        "end_at": None if definition.end_at is None else format_instant(definition.end_at),
        "enabled": None if version.enabled else False,
    }
    for key in KEYS:
        if key not in values:
            value = getattr(definition, key)
            values[key] = value if key == "timezone" or value != getattr(default, key, None) else None
    values["cron_expression"] = definition.cron_expression
    return {key: values[key] for key in KEYS if values[key] not in (None, [], {})}


def _span(minutes: int) -> int | str:
    for unit, letter in ((1440, "d"), (60, "h")):
        if minutes % unit == 0:
            return f"{minutes // unit}{letter}"
    return f"{minutes}m"


def toml_key(text: str) -> str:
    """The text as a key, in quotes where it needs them."""
    return _toml({text: 0}).removesuffix(" = 0\n")


def _toml(values: Mapping[str, Any]) -> str:
    r"""The values as TOML; what can't be seen is written as its number, `\u202E`, so that no terminal obeys it."""
    from tomli_w import dumps

    # Every string is in double quotes and on one line, so what can't be seen is in a string, or it ends a line.
    return "".join(char if char.isprintable() or char == "\n" else _number(char) for char in dumps(values))


def _number(char: str) -> str:
    number = ord(char)
    return f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"
