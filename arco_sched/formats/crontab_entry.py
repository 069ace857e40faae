"""An entry of a crontab, apart from what stands above it: its time, its user, its command, its standard input."""

import re
from typing import Final, NamedTuple

from arco_sched.core.cron import parse_expression
from arco_sched.core.errors import InvalidInput
from arco_sched.formats.crontab_fields import CALLED, DIALECTS, Dialect, expression, parsed
from arco_sched.formats.entries import Unfit

BLANKS: Final = " \t"
_SPLIT: Final = re.compile(r"[ \t]+")
_FIELD: Final = re.compile(r"(?=.*[0-9*?])[0-9*?/,LW#-]+|[a-z]{3}(?:[,-][a-z]{3})+", re.IGNORECASE)
_NAMED: Final = re.compile(r"(?:sun|mon|tue|wed|thu|fri|sat)(?:[,-].*)?", re.IGNORECASE)
_FLAGS: Final = {
    "-n": "mails only what failed",
    "-q": "logs nothing",
    "-s": "starts one at a time (overlap: skip)",
}
"""What cronie (`-n`) and OpenBSD's cron make of an option in front of a command."""


NO_USERS: Final = frozenset({"busybox", "supercronic"})
"""Crons whose entries never name a user."""

_YEAR: Final = r"(?:\*|(?:19[789]|20[0-9])[0-9](?:-(?:19[789]|20[0-9])[0-9])?)(?:/[0-9]+)?"
_YEARS: Final = re.compile(rf"(?:\?|{_YEAR})(?:,{_YEAR})*")


class Parsed(NamedTuple):
    """An entry as a cron reads it; `flags` are the options in front of its command."""

    expression: str
    user: str
    command: str
    stdin: str | None
    flags: tuple[str, ...]


def parse(text: str, dialect: Dialect, notes: list[str], *, system: bool, twice: bool = True) -> Parsed:
    """The entry, with what there is to say in `notes`; raises `Unfit`. `twice` is as in `expression`."""
    fields, rest = _time(text, dialect, notes, system=system)
    time = expression(fields, dialect, notes, twice=twice)
    user = ""
    if system:
        user, *others = _SPLIT.split(rest, maxsplit=1)
        if not others or not others[0]:
            raise Unfit("there must be a user and a command behind the time")
        rest = others[0]
    rest = rest.lstrip(BLANKS)
    flags = []
    while (match := re.match(r"(-[nqs])(?=[ \t])[ \t]+", rest)) is not None:
        flags.append(match[1])
        notes.append(f"{match[1]} in front of the command, with which cronie or OpenBSD's cron {_FLAGS[match[1]]}, ")
        notes[-1] += "is left out" if match[1] != "-s" else "is its overlap"
        rest = rest[match.end() :]
    command, given = _command(rest, dialect, notes)
    stdin = None if given is None or not given else _stdin_of(given)
    if stdin is not None:
        notes.append("what follows the % is its standard input: a here-document of the command (a % is written \\%)")
    elif given is not None:
        notes.append("the % at its end, an empty standard input, is left out")
    command = command if command.endswith("\\ ") else command.rstrip(BLANKS)
    if not command:
        raise Unfit("there is no command behind the time")
    return Parsed(time, user, command, stdin, tuple(flags))


def otherwise(text: str, dialect: Dialect, found: Parsed | None, *, system: bool) -> str | None:
    """Which other crons read the entry otherwise, and what of it; `found` is what that dialect reads, if it does."""
    said: dict[str, list[Dialect]] = {}
    for other in DIALECTS:
        if other == dialect or (system and other in NO_USERS):
            continue
        try:
            theirs = parse(text, other, [], system=system, twice=False)
        except Unfit:
            what = None if found is None else "not so"
        else:
            what = "it" if found is None else _difference(found, theirs)
        if what is not None:
            said.setdefault(what, []).append(other)
    return "; ".join(_told(what, others) for what, others in said.items()) or None


def _told(what: str, others: list[Dialect]) -> str:
    names = " and ".join(CALLED[each] for each in others)
    told = f"{names} {'read' if len(others) > 1 else 'reads'} {what}"
    if what == "not so":
        told = f"{names} {'do' if len(others) > 1 else 'does'} not read it so"
    return f"{told} (--dialect {others[0]})" if what == "it" else told


def _difference(ours: Parsed, theirs: Parsed) -> str | None:
    if "%" in theirs.command and (ours.command, ours.stdin) != (theirs.command, theirs.stdin):
        return "the % as it is written"
    found = []
    if _instants(ours.expression) != _instants(theirs.expression):
        found.append("another time")
    if ours.command != theirs.command:
        found.append("another command")
    if ours.stdin != theirs.stdin:
        found.append("another standard input")
    return " and ".join(found) or None


def _instants(text: str) -> tuple[object, ...]:
    """What must be equal in expressions that mean the same instants."""
    found = parse_expression(text)
    days: tuple[object, ...] | None = (
        found.month_days,
        found.last_day,
        found.last_working_day,
        found.days_before_last,
        found.nearest_weekday,
    )
    weekdays: tuple[object, ...] | None = (found.weekdays, found.nth_weekdays, found.last_weekdays)
    every = found.month_days.bit_count() == 31, found.weekdays.bit_count() == 7
    if found.month_days_restricted and found.weekdays_restricted:
        days, weekdays = (None, None) if any(every) else (days, weekdays)
    else:
        days = days if found.month_days_restricted and not every[0] else None
        weekdays = weekdays if found.weekdays_restricted and not every[1] else None
    return found.seconds, found.minutes, found.hours, found.months, days, weekdays


def _time(text: str, dialect: Dialect, notes: list[str], *, system: bool) -> tuple[list[str], str]:
    """The words of the time, and what follows them."""
    if text[0] == "@":
        return _cut(text, 1, system=system)
    if dialect == "supercronic" and (longer := _with_years(text)) is not None:
        return longer
    fields, rest = _cut(text, 5, system=system)
    if fields[0].startswith("-") and fields[0] != "-":
        fields[0] = fields[0][1:]
        notes.append("the - in front, which keeps cronie from logging, is left out")
    following = _SPLIT.split(rest)
    extra = 0
    while extra < 2 and extra < len(following) - 1 and _FIELD.fullmatch(following[extra]):
        extra += 1
    if extra:
        raise Unfit(_too_many(fields, following, extra))
    if _NAMED.fullmatch(following[0]) and not _reads(" ".join(fields)) and _reads(" ".join([*fields, following[0]])):
        raise Unfit(_too_many(fields, following, 1))
    return fields, rest


def _cut(text: str, count: int, *, system: bool) -> tuple[list[str], str]:
    parts = _SPLIT.split(text, maxsplit=count)
    if len(parts) <= count:
        if count > 1:
            parsed(text)
        what = "a user and a command" if system else "a command"
        raise Unfit(f"there must be {what} behind the time")
    return parts[:count], parts[count]


def _with_years(text: str) -> tuple[list[str], str] | None:
    """supercronic takes as many fields as it can read: seven with seconds and years, six with years, five."""
    for count in (7, 6):
        parts = _SPLIT.split(text, maxsplit=count)
        if len(parts) > count and _YEARS.fullmatch(parts[count - 1]):
            try:
                expression([*parts[: count - 1], "*"], "supercronic", [], twice=False)
            except Unfit:
                continue
            return parts[:count], parts[count]
    return None


def _too_many(fields: list[str], following: list[str], extra: int) -> str:
    whole = " ".join([*fields, *following[:extra]])
    count = "six" if extra == 1 else "seven"
    reads = "a sixth field as the year" if extra == 1 else "seven, the seconds first and the year last"
    found = f"it has {count} fields, and this cron reads five: {following[0]!a} would begin the command"
    if extra == 1 and _reads(whole):
        found += f'. With the seconds first, `arco schedule create --cron "{whole}"` takes it'
    return f"{found}. supercronic reads {reads} (--dialect supercronic)"


def _reads(text: str) -> bool:
    try:
        parse_expression(text)
    except InvalidInput:
        return False
    return True


# The command, and its standard input.


def _command(text: str, dialect: Dialect, notes: list[str]) -> tuple[str, str | None]:
    r"""The command, and what follows the first `%`, if it means anything there."""
    if dialect == "supercronic":
        return text, None
    if dialect == "busybox":
        if "#" in text:
            notes.append("busybox cuts the command at its #")
        return text.split("#", 1)[0], None
    return _of_debian(text) if dialect == "debian" else _of_cronie(text)


def _of_debian(text: str) -> tuple[str, str | None]:
    r"""`\%` is a percent sign, `\\` a backslash."""
    command: list[str] = []
    chars = iter(enumerate(text))
    for place, char in chars:
        if char == "\\" and text[place + 1 : place + 2] in {"%", "\\"}:
            command.append(next(chars)[1])
        elif char == "%":
            return "".join(command), text[place + 1 :]
        else:
            command.append(char)
    return "".join(command), None


def _of_cronie(text: str) -> tuple[str, str | None]:
    r"""`\%` is a percent sign; a backslash behind a backslash is as it is, and escapes nothing."""
    command: list[str] = []
    escaped = False
    for place, char in enumerate(text):
        if escaped and char == "%":
            command[-1] = char
        elif char == "%":
            return "".join(command), text[place + 1 :]
        else:
            command.append(char)
        escaped = not escaped and char == "\\"
    return "".join(command), None


def _stdin_of(text: str) -> str:
    r"""The standard input that stands behind the first `%` of an entry: each `%` ends a line, `\%` is a percent sign.

    As `do_command.c` does it, a line end is put behind the last line where there is none.
    """
    read = re.sub(r"\\%|%", lambda found: "%" if len(found[0]) == 2 else "\n", text)
    return read if not read or read.endswith("\n") else f"{read}\n"
