"""One entry of a crontab, without what stands above it: its time, user, command and standard input."""

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
    "-n": "mail only failures",
    "-q": "log nothing",
    "-s": "run one at a time",
}
"""What an option before a command tells cronie (`-n`) and OpenBSD's cron to do."""

NO_USERS: Final = frozenset({"busybox", "supercronic"})
"""Crons whose entries never name a user."""

_YEAR: Final = r"(?:\*|(?:19[789]|20[0-9])[0-9](?:-(?:19[789]|20[0-9])[0-9])?)(?:/[0-9]+)?"
_YEARS: Final = re.compile(rf"(?:\?|{_YEAR})(?:,{_YEAR})*")


class Parsed(NamedTuple):
    """An entry as a cron reads it; `flags` are the options before its command."""

    expression: str
    user: str
    command: str
    stdin: str | None
    flags: tuple[str, ...]


def parse(text: str, dialect: Dialect, notes: list[str], *, system: bool, twice: bool = True) -> Parsed:
    """The entry; remarks are appended to `notes`. Raises `Unfit`. `twice` is as in `expression`."""
    fields, rest = _time(text, dialect, notes, system=system)
    time = expression(fields, dialect, notes, twice=twice)
    user = ""
    if system:
        user, *others = _SPLIT.split(rest, maxsplit=1)
        if not others or not others[0]:
            raise Unfit("a user and a command must follow the time")
        rest = others[0]
    rest = rest.lstrip(BLANKS)
    flags = []
    while (match := re.match(r"(-[nqs])(?=[ \t])[ \t]+", rest)) is not None:
        flags.append(match[1])
        becomes = "becomes overlap: skip" if match[1] == "-s" else "is left out"
        notes.append(
            f"{match[1]} before the command tells cronie or OpenBSD's cron to {_FLAGS[match[1]]}: it {becomes}"
        )
        rest = rest[match.end() :]
    command, given = _command(rest, dialect, notes)
    stdin = None if given is None or not given else _stdin_of(given)
    if stdin is not None:
        notes.append(
            "the text after the % is standard input and becomes a here-document (write \\% for a percent sign)"
        )
    elif given is not None:
        notes.append("the % at its end, an empty standard input, is left out")
    command = command if command.endswith("\\ ") else command.rstrip(BLANKS)
    if not command:
        raise Unfit("no command follows the time")
    return Parsed(time, user, command, stdin, tuple(flags))


_UNREAD: Final = "unread"


def otherwise(text: str, dialect: Dialect, found: Parsed | None, *, system: bool) -> str | None:
    """Which other crons read the entry differently, and what differs; `found` is this dialect's reading, if any."""
    said: dict[str, list[Dialect]] = {}
    for other in DIALECTS:
        if other == dialect or (system and other in NO_USERS):
            continue
        try:
            theirs = parse(text, other, [], system=system, twice=False)
        except Unfit:
            what = None if found is None else _UNREAD
        else:
            what = "it" if found is None else _difference(found, theirs)
        if what is not None:
            said.setdefault(what, []).append(other)
    return "; ".join(_told(what, others) for what, others in said.items()) or None


def _told(what: str, others: list[Dialect]) -> str:
    names = " and ".join(CALLED[each] for each in others)
    if what == _UNREAD:
        return f"{names} {'don' if len(others) > 1 else 'doesn'}'t read it that way"
    told = f"{names} {'read' if len(others) > 1 else 'reads'} {what}"
    return f"{told} (--dialect {others[0]})" if what == "it" else told


def _difference(ours: Parsed, theirs: Parsed) -> str | None:
    if "%" in theirs.command and (ours.command, ours.stdin) != (theirs.command, theirs.stdin):
        return "the % literally"
    found = []
    if _instants(ours.expression) != _instants(theirs.expression):
        found.append("a different time")
    if ours.command != theirs.command:
        found.append("a different command")
    if ours.stdin != theirs.stdin:
        found.append("a different standard input")
    return " and ".join(found) or None


def _instants(text: str) -> tuple[object, ...]:
    """Equal for expressions that mean the same instants."""
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
        notes.append("the leading -, which keeps cronie from logging, is left out")
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
        raise Unfit(f"{what} must follow the time")
    return parts[:count], parts[count]


def _with_years(text: str) -> tuple[list[str], str] | None:
    """supercronic takes as many fields as it can read: seven with seconds and years, six with years, or five."""
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
    reads = "a sixth field as the year" if extra == 1 else "seven, with seconds first and the year last"
    found = f"it has {count} fields, but this cron reads five, so the command would begin with {following[0]!a}"
    if extra == 1 and _reads(whole):
        found += f'. If seconds come first, use `arco schedule create --cron "{whole}"`'
    return f"{found}. supercronic reads {reads} (--dialect supercronic)"


def _reads(text: str) -> bool:
    try:
        parse_expression(text)
    except InvalidInput:
        return False
    return True


# The command and its standard input.


def _command(text: str, dialect: Dialect, notes: list[str]) -> tuple[str, str | None]:
    r"""The command, and what follows the first `%` where that is special."""
    if dialect == "supercronic":
        return text, None
    if dialect == "busybox":
        if "#" in text:
            notes.append("busybox cuts off the command at the #")
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
    r"""`\%` is a percent sign; a backslash after a backslash is literal and escapes nothing."""
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
    r"""The standard input after the first `%` of an entry: each `%` ends a line, `\%` is a percent sign.

    Like `do_command.c`, it ends the last line if nothing else does.
    """
    read = re.sub(r"\\%|%", lambda found: "%" if len(found[0]) == 2 else "\n", text)
    return read if not read or read.endswith("\n") else f"{read}\n"
