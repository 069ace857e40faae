"""A crontab as cron reads it -> schedules, and a word on every line of it.

The rules are those of Vixie's cron as Debian ships it: crontab(5), and where that is silent what cron 3.0pl1-162 was
seen to do. What means something else here, or nothing, is a problem with its reason; nothing is left out in silence.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from arco_sched.changes import MAX_COMMAND, MAX_NAME, check_schedule_id, normal_content, text_problems
from arco_sched.cron import CronExpression, check_expression, load_zone, parse_expression
from arco_sched.errors import InvalidInput
from arco_sched.formats.naming import Names, telling_name
from arco_sched.model import Definition, Wanted

Kind = Literal["schedule", "variable", "comment", "blank", "problem"]

SOURCE: Final = "source"
"""The label that says which crontab a schedule came from."""

_BLANKS: Final = " \t"
_VARIABLE: Final = re.compile(r"""("[^"]*"|'[^']*'|[^\s=]+)[ \t]*=[ \t]*(.*)""", re.DOTALL)
_FIELD: Final = re.compile(r"[0-9A-Za-z*/,-]+")
_COLUMNS: Final = re.compile(
    r"\bdom\b.*\bdow\b|^\*\s.*\buser-name\b|^[.|*┌│├└]|day of (the )?week.*\(0 ?- ?[67]\)", re.IGNORECASE
)
_TO_SUNDAY: Final = re.compile(r"-sun(?![a-z])", re.IGNORECASE)
_EVERY_DAY: Final = sum(1 << day for day in range(1, 32))
_EVERY_WEEKDAY: Final = 0b111_1111
_USERS: Final = frozenset({"root", "www-data", "nobody", "daemon", "postgres", "mysql"})
_COMMANDS_TOO: Final = frozenset({"backup", "games", "list", "mail", "man", "news", "sync", "git", "mysql", "node"})
"""Users that are commands too: alone they don't tell that a crontab is the system's."""


class Line(NamedTuple):
    """A line of a crontab: what it is, the schedule that it became, and what there is to say about it."""

    number: int
    kind: Kind
    text: str
    schedule_id: str | None = None
    message: str | None = None


class Crontab(NamedTuple):
    """A crontab that was read. `system` is whether it has a user field; `unzoned`, whether a zone had to be assumed."""

    wanted: tuple[Wanted, ...]
    lines: tuple[Line, ...]
    system: bool
    unzoned: bool

    @property
    def problems(self) -> tuple[Line, ...]:
        """The lines that can't be carried over."""
        return tuple(line for line in self.lines if line.kind == "problem")


def read(
    source: bytes,
    *,
    name: str,
    system: bool | None = None,
    prefix: str = "",
    timezone: str | None = None,
    users: Iterable[str] = (),
) -> Crontab:
    """The schedules that a crontab means.

    `name` says which crontab it is, in the label `source`; `system` whether its entries name a user (None: whether the
    sixth words are `users`). `timezone` is for entries without a CRON_TZ. Raises `InvalidInput` for a prefix that ids
    can't have, or a zone that there is not.
    """
    _check_options(prefix, timezone)
    texts = source.decode("utf-8", "surrogateescape").split("\n")
    if texts and not texts[-1]:
        texts.pop()
    texts = [text.removesuffix("\r") for text in texts]
    if system is None:
        system = _has_users(texts, frozenset(users))
    reader = _Reader(name, prefix, timezone, system=system)
    lines = tuple(reader.line(number, text) for number, text in enumerate(texts, 1))
    return Crontab(tuple(reader.wanted), lines, system, reader.unzoned)


def _check_options(prefix: str, timezone: str | None) -> None:
    problems: list[str] = []
    try:
        check_schedule_id(prefix + "x")
        if len(prefix) > 50:
            problems.append("--prefix is longer than 50 characters")
    except InvalidInput:
        problems.append(f"--prefix {prefix[:60]!a} must be of A-Z a-z 0-9 . _ -, beginning with a letter or digit")
    try:
        load_zone("UTC" if timezone is None else timezone)
    except InvalidInput as error:
        problems += error.problems
    if problems:
        raise InvalidInput(*problems)


def _has_users(texts: Sequence[str], users: frozenset[str]) -> bool:
    sixth = []
    for text in texts:
        stripped = text.strip(_BLANKS)
        if stripped and stripped[0] != "#" and _VARIABLE.match(stripped) is None:
            parts = re.split(r"[ \t]+", stripped)
            place = 1 if stripped[0] == "@" else 5
            sixth.append(parts[place] if len(parts) > place + 1 else "")
    known = users | _USERS
    return bool(sixth) and all(word in known for word in sixth) and any(word not in _COMMANDS_TOO for word in sixth)


class _Unfit(Exception):
    """Why a line can't be carried over."""


class _Reader:
    """Reads line by line: variables and comments count for the entries below them."""

    def __init__(self, name: str, prefix: str, timezone: str | None, *, system: bool) -> None:
        self.wanted: list[Wanted] = []
        self.unzoned = False
        self._name = name
        self._system = system
        self._default_zone = timezone
        self._zone: str | None = None
        self._zone_problem: str | None = None
        self._variables: dict[str, str] = {}
        self._comment: list[str] = []
        self._names = Names(prefix)

    def line(self, number: int, text: str) -> Line:
        """What a line is; an entry that can be carried over is added to `wanted`."""
        stripped = text.strip(_BLANKS)
        shown = text.encode("utf-8", "backslashreplace").decode()
        if not stripped:
            self._comment = []
            return Line(number, "blank", shown)
        if stripped[0] == "#":
            return Line(number, "comment", shown, message=self._read_comment(stripped))
        try:
            match = _VARIABLE.match(stripped)
            if match is not None:
                self._comment = []
                return Line(number, "variable", shown, message=self._read_variable(number, match[1], match[2]))
            schedule_id, notes = self._read_entry(text.lstrip(_BLANKS))
            return Line(number, "schedule", shown, schedule_id, "; ".join(notes) or None)
        except _Unfit as reason:
            self._comment = []
            return Line(number, "problem", shown, message=str(reason))

    def _read_comment(self, text: str) -> str | None:
        content = text.lstrip("#").strip()
        parts = content.split(None, 5)
        if _COLUMNS.search(content):
            return None
        off = len(parts) > 5 and all(map(_FIELD.fullmatch, parts[:5])) and _reads(" ".join(parts[:5]))
        if off or (len(parts) > 1 and parts[0].startswith("@") and _reads(parts[0])):
            self._comment = []
            return "looks like an entry that is switched off: it stays a comment"
        if content:
            self._comment.append(content)
        return None

    def _read_variable(self, number: int, name: str, value: str) -> str:
        name = name[1:-1] if name[0] in {'"', "'"} else name
        if value[:1] in {'"', "'"}:
            if len(value) < 2 or value[-1] != value[0] or value[0] in value[1:-1]:
                raise _Unfit("cron refuses it: the quotes of the value are not closed at its end")
            value = value[1:-1]
        if name == "CRON_TZ":
            return self._read_zone(number, value)
        if text_problems("", f"env.{name}") or text_problems("", value, empty=True):
            self._variables.pop(name, None)
            raise _Unfit(f"it can't be a label: names and values are texts of at most {MAX_NAME} characters")
        self._variables[name] = value
        if name == "TZ":
            return "label env.TZ of the entries below; in cron it is for their commands, and CRON_TZ for their times"
        return f"label env.{name} of the entries below"

    def _read_zone(self, number: int, value: str) -> str:
        self._zone = self._zone_problem = None
        if not value:
            return "the entries below have the default zone again"
        try:
            load_zone(value)
        except InvalidInput as error:
            self._zone_problem = f"the CRON_TZ above it, in line {number}, can't be used"
            raise _Unfit(str(error)) from None
        self._zone = value
        return f"the entries below are in {value}"

    def _read_entry(self, text: str) -> tuple[str, list[str]]:
        comment, self._comment = self._comment, []
        notes: list[str] = []
        expression, user, command = self._parts(text, notes)
        command, given = _unescaped(command)
        if given:
            raise _Unfit(
                "what follows the % is the command's standard input, which a schedule has no place for: "
                "let a pipe bring it, as in `printf 'TEXT\\n' | COMMAND` (and a % that is meant is written \\%)"
            )
        if given is not None:
            notes.append("the % at its end, an empty standard input, is left out")
        command = command if command.endswith("\\ ") else command.rstrip(_BLANKS)
        if not command:
            raise _Unfit("there is no command behind the time")
        for problem in text_problems("the command", command, limit=MAX_COMMAND, lines=True):
            raise _Unfit(problem)
        if self._zone_problem is not None:
            raise _Unfit(self._zone_problem)
        zone = self._zone or self._default_zone or "UTC"
        labels = {SOURCE: f"crontab:{self._name}"}
        labels |= {"user": user} if user else {}
        labels |= _comment_label(comment, notes)
        labels |= {f"env.{name}": value for name, value in self._variables.items()}
        schedule_id = self._names.take(telling_name(command, " ".join(comment)), command, f"{expression} {zone} {user}")
        definition = Definition(expression, timezone=zone, request=normal_content(command=command, labels=labels))
        self.wanted.append(Wanted(schedule_id, definition))
        self.unzoned |= self._zone is None and self._default_zone is None
        return schedule_id, notes

    def _parts(self, text: str, notes: list[str]) -> tuple[str, str, str]:
        """The expression, the user (or nothing) and the rest."""
        wanted = 2 if text[0] == "@" else 6
        parts = re.split(r"[ \t]+", text, maxsplit=wanted - 1 + self._system)
        fields = parts[: wanted - 1]
        if len(fields) == 5 and fields[0].startswith("-") and fields[0] != "-":
            fields[0] = fields[0][1:]
            notes.append("the - in front, which keeps cronie from logging, is left out")
        expression = _expression(fields, notes)
        if len(parts) < wanted + self._system:
            what = "a user and a command" if self._system else "a command"
            raise _Unfit(f"there must be {what} behind the time")
        user = parts[wanted - 1] if self._system else ""
        if user and text_problems("the user", user):
            raise _Unfit("the user is not text")
        return expression, user, parts[-1]


def _reads(text: str) -> bool:
    try:
        parse_expression(text)
    except InvalidInput:
        return False
    return True


def _comment_label(comment: Sequence[str], notes: list[str]) -> dict[str, str]:
    text = " ".join(comment)
    if not text:
        return {}
    if len(text) > MAX_NAME:
        text = text[: MAX_NAME - 1] + "…"
        notes.append(f"its comment is cut to {MAX_NAME} characters")
    if text_problems("", text):
        notes.append("its comment has control characters or is not UTF-8, and is no label")
        return {}
    return {"comment": text}


def _expression(fields: list[str], notes: list[str]) -> str:
    """The expression that means here what the fields mean to cron; raises `_Unfit`."""
    text = " ".join(fields)
    try:
        found = parse_expression(text)
    except InvalidInput as error:
        raise _Unfit("; ".join(map(_explained, error.problems))) from None
    if len(fields) == 5:
        _refuse_foreign(found, fields)
        same = _same_days(found, fields)
        if same != fields:
            text = " ".join(same)
            notes.append(f"written as {text}, which means the same: cron takes both day fields together here")
    try:
        return check_expression(text).text
    except InvalidInput as error:
        raise _Unfit(str(error)) from None


def _explained(problem: str) -> str:
    if "runs backwards" in problem:
        return f"{problem} (cron takes it, and never runs the command)"
    if "without a range" in problem:
        return f"{problem} (Debian's cron refuses it, others read a single value)"
    return problem


def _refuse_foreign(found: CronExpression, fields: Sequence[str]) -> None:
    if found.last_day or found.nearest_weekday is not None or found.nth_weekdays or found.last_weekdays:
        raise _Unfit(
            "cron does not know L, W and #, so it is not clear what is meant: `arco schedule create` takes them"
        )
    if _TO_SUNDAY.search(fields[4]):
        raise _Unfit(
            f"in the day-of-week field, {fields[4]!a} ends with SUN, which cron reads as 0: the range runs "
            "backwards and never happens; write 7, as in FRI-7"
        )


def _same_days(found: CronExpression, fields: list[str]) -> list[str]:
    """The fields with the meaning that cron gives to its day fields.

    cron lets either match only where neither begins with `*`; otherwise both must, and `*/2` begins with one. Here
    either matches unless one of them is `*` alone.
    """
    month_day, weekday = fields[2], fields[4]
    if "*" in {month_day, weekday} or not (month_day.startswith("*") or weekday.startswith("*")):
        return fields
    if found.month_days == _EVERY_DAY:
        return [*fields[:2], "*", *fields[3:]]
    if found.weekdays == _EVERY_WEEKDAY:
        return [*fields[:4], "*"]
    raise _Unfit(
        f"cron wants both the day of the month {month_day} and the day of the week {weekday} to match, since one of "
        "them begins with *; here either would do. Let the command look at one of them, as in "
        '`[ "$(date +%u)" = 1 ] && COMMAND`'
    )


def _unescaped(text: str) -> tuple[str, str | None]:
    r"""The command, and what follows the first `%`, if there is one. `\%` is a percent sign, `\\` a backslash."""
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
