"""Problems with input, as values, and the one catalog of their sentences.

The core and the services name a field as Python and JSON do. The command line and a file have their own names for it:
each has its `Names`, and the sentences are shared.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

SHOWN: Final = 60
"""Maximum characters of a value that a sentence shows."""

CLOSE: Final = 0.8
"""How similar two names must be (`difflib`) before one is suggested for the other: people follow suggestions."""

SENTENCES: Final[Mapping[str, str]] = {
    "said": "{sentence}",
    # Values of a type that a Python call doesn't accept.
    "type": "{field} must be {what}, not {given}",
    "naive": "{field} must be {what}, not a naive datetime ({given}): give it a tzinfo",
    "milliseconds": (
        "{field} must be {what}, not {given}, which is outside the years 1 to 9999: "
        "if these are milliseconds, divide them by 1000"
    ),
    "moment_years": "{field} must be {what}, not {given}, which is outside the years 1 to 9999",
    "unknown_field": "{field} names {given}, which is not a field of Definition, RequestContent or Policy{meant}",
    "no_clearing": "{field} must not be None{default}",
    "fraction": "{field} must be {what}, not {given}: int() cuts the fraction",
    "signal": "{field} must be between 0 and {most}, not {value}: a command that signal {signal} ended has {shown}",
    "unsigned": "{field} needs by=, the name of who makes the change",
    "memory": "{field} {value!r} is not a file: a database is always one",
    "twice": "{field} appears twice",
    "path": "{field} {value!a} can't be a file name",
    # Values.
    "not_text": "{field} must be a string: put it in quotes",
    "not_whole": "{field} must be a whole number",
    "not_flag": "{field} must be true or false",
    "not_list": "{field} must be a list of {of}: write [{example}]",
    "not_table": "{field} must be a table of {of}: write {{ name = {example} }}",
    "nested_table": "{field} is a table: put a name with a dot in quotes",
    "not_span": "{field} must be {forms}: put a value with a unit in quotes",
    "not_instant": "{field} must be an instant, such as 2025-01-15T10:00:00Z",
    "empty": "{field} must not be empty",
    "too_long": "{field} is longer than {limit} characters",
    "characters": "{field} {value!a} has control characters or is not valid UTF-8",
    "absolute": "{field} {value!a} is not an absolute path: start it with /",
    "name": (
        "{field} {value!a} must be 1 to 100 characters from A-Z a-z 0-9 . _ -, beginning with a letter, a digit or _"
    ),
    "variable": "{field} is not a valid name of an environment variable: write it like HOME or MY_VALUE",
    "own_variable": "{field} is reserved: arco sets it itself",
    "choice": "{field} {value!a} must be one of {choices}",
    "bounds": "{field} must be between {least} and {most}",
    "span": "{field} {value!r} is not a duration: write {forms}",
    "span_bounds": "{field} {value!r} must be between {least} and {most}",
    "instant": "{field} {value!r} is not an RFC 3339 time with a zone: write it like 2025-01-15T10:00:00Z",
    "offset": "{field} {value!r} has an offset beyond 23:59",
    "day": "{field} {value!r} names a day that does not exist",
    "days": "{field} {value!r} is not a day or a range of days: write 2025-12-25 or 2025-12-24..2026-01-01",
    "days_backwards": "{field} {value!r} ends before it begins",
    "too_many_days": "{field} has more than {most:,} days or ranges",
    "time": "{field} {value!r} names a time that does not exist",
    "years": "{field} {value!r} is outside the years 1 to 9999 in UTC",
    "schedule_id": (
        "schedule id {value!a} must be 1 to 100 characters from A-Z a-z 0-9 . _ -, beginning with a letter or a digit"
    ),
    # Definitions.
    "not_ahead": "{field} {until} is not in the future: it is {now} now",
    "end": "{field} {end} is not after the start {start}",
    "fixed_start": (
        "{field} of {schedule_id} is {start} and can no longer be changed, "
        "since occurrences are accounted for: leave it out"
    ),
    "deleted_later": (
        "{field} {start} is before the deletion of {schedule_id} ({deleted}): "
        "history before that can't be created again; leave it out, or give a later instant"
    ),
    "wanted_twice": "it appears twice",
    # What is asked.
    "cursor": "{field} {value!a} is not a valid cursor: use `next_cursor` of the previous page",
    "empty_range": "{field} {stop} is not after {names[start]} {start}",
    "not_past": "{field} {before} is after now {now}: what lies ahead can't be removed",
    "in_future": "{field} {stop} is in the future: only what was due can be backfilled",
    "ahead_of_clock": (
        "now {now} is ahead of the clock ({clock}): "
        "check first with {names[dry_run]}, or add {names[allow_future]} if you mean it"
    ),
}
"""The sentence of each code. `{field}` is the surface's name of the field, `{names[other]}` that of another field."""

HINTS: Final[Mapping[str, str]] = {
    "create": "make one with `Workspace.create(path)`",
    "another": "choose another path",
    "create_schedule": "`create_schedule` recreates it",
    "update_schedule": "change it with `update_schedule`",
    "schedules": "see `schedules()`",
    "versions": "see `versions({schedule_id!r})`, then try again",
    "runs": "see `runs()`",
    "runs_of": "see `runs(schedule_id={schedule_id!r})`",
    "cancel": "`cancel({run_id!r})` cancels it",
    "waiting_runs": "see `runs(schedule_id={schedule_id!r}, status='requested')`",
    "ticks": "see `ticks()`",
    "fingerprints": "`run({run_id!r})` shows both fingerprints",
    "force": "`retry({run_id!r}, force=True)` repeats it",
    "timeline": "ask about a shorter time, or use `timeline`",
    "replace": "choose another file, or replace it with `replace=True`",
    "busy": "try again, or wait longer with `busy_timeout=`",
    "verify": "`verify()` shows where",
    "restore": "see `verify()`, and restore a backup",
}
"""What to do about an error, in Python; other surfaces say each in their own words (`Names.hint`)."""

_SHOWN: Final = {"schedule_id": 120}


class Names:
    """A surface's names of the fields, of the entries of their lists, and of the keys and values of their tables."""

    def __init__(
        self,
        call: Callable[[str], str] = str,
        *,
        entry: str = "an entry of {field}",
        key: str = "the key {key!a} of {field}",
        value: str = "the value of {key!a} in {field}",
        hints: Mapping[str, str] = HINTS,
    ) -> None:
        self._call = call
        self._entry = entry
        self._key = key
        self._value = value
        self._hints = hints

    def __getitem__(self, name: str) -> str:
        return self._call(name)

    def hint(self, code: str, data: Mapping[str, Any]) -> str:
        """What to do about an error on this surface: a code of `HINTS`, and what its sentence needs."""
        return self._hints[code].format(**data)

    def of(self, problem: "Problem") -> str:
        """The surface's name of what the problem is about."""
        field, data = self._call(problem.field), problem.data
        if "entry" in data:
            return self._entry.format(field=field)
        if "key" in data:
            form = self._key if data.get("side") == "key" else self._value
            return form.format(field=field, key=data["key"][:SHOWN])
        return field


PLAIN: Final = Names()
"""The names of Python and JSON."""

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Problem(NamedTuple):
    """One problem with a given value.

    `field` is the name of the field or argument in Python and JSON, empty if the sentence says it all; `code` is a key
    of `SENTENCES`. `data` holds what the sentence needs, instants as RFC 3339: `entry` is the index in a list, `key`
    the key in a table (with `side` = "key" if the key itself is wrong).
    """

    field: str
    code: str
    data: Mapping[str, Any] = NOTHING

    def sentence(self, names: Names = PLAIN) -> str:
        """The problem in words."""
        if self.code == "said":
            hint = self.data.get("hint")
            return f"{self.data['sentence']}{'' if hint is None else f': {names.hint(hint, self.data)}'}"
        width = _SHOWN.get(self.code, SHOWN)
        data = {name: _short(value, width) for name, value in self.data.items()}
        sentence = SENTENCES[self.code]
        if data.get("side") == "key":  # the field's name has the key already
            sentence = sentence.replace("{field} {value!a}", "{field}")
        return sentence.format(**data, field=names.of(self), names=names)


def _short(value: Any, width: int) -> Any:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return value[:width] if isinstance(value, str) else value


def said(sentence: str, field: str = "", *, hint: str | None = None, **data: Any) -> Problem:
    """A problem given as a finished sentence, the same on every surface; then what to do, which each surface says in
    its own words (a code of `HINTS`, and the data that its sentences need)."""
    more = {} if hint is None else {"hint": hint, **data}
    return Problem(field, "said", {"sentence": sentence, **more})
