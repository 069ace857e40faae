"""What the time fields of an entry mean to a cron, as an expression that means the same here.

Debian stands for cron 3.0pl1-162 and its `entry.c`; cronie, busybox (`crond.c`) and supercronic (`cronexpr`) are those
of 2024. What no expression here can mean is `Unfit`, with its reason.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal, get_args

from arco_sched.core.cron import CronExpression, check_expression, parse_expression
from arco_sched.core.errors import InvalidInput
from arco_sched.formats.entries import Unfit

Dialect = Literal["debian", "cronie", "busybox", "supercronic"]

DIALECTS: Final[tuple[Dialect, ...]] = get_args(Dialect)
CALLED: Final[Mapping[Dialect, str]] = {
    "debian": "Debian's cron",
    "cronie": "cronie",
    "busybox": "busybox",
    "supercronic": "supercronic",
}

_ONE_SUNDAY: Final = re.compile(r"(?<![a-z0-9])sun-sun(?:/[0-9]+)?(?![a-z0-9])", re.IGNORECASE)
_TO_SUNDAY: Final = re.compile(r"(?<!sun)-sun(?![a-z])", re.IGNORECASE)
_TO_ZERO: Final = re.compile(r"\b(?!sun\b|0+\b)([a-z0-9]+)-(?:sun|0+)\b(?!/)", re.IGNORECASE)
_EVERY_DAY: Final = sum(1 << day for day in range(1, 32))
_EVERY_WEEKDAY: Final = 0b111_1111


def expression(fields: list[str], dialect: Dialect, notes: list[str], *, twice: bool = True) -> str:
    """The expression that means here what the fields mean to that cron; raises `Unfit`.

    `twice` also asks the second reader, which is slow.
    """
    if fields[0].startswith("@"):
        if dialect == "supercronic" and fields[0] == "@midnight":
            raise Unfit("supercronic doesn't know @midnight: write @daily")
        return _checked(" ".join(fields), twice=twice)
    # All of them read both ends as 0.
    fields = [_ONE_SUNDAY.sub("SUN", field) for field in fields]
    read = _READERS[dialect](fields, notes)
    text = _checked(" ".join(read), twice=twice)
    if "*" not in {read[-3], read[-1]} and _either_matches(text):
        notes.append(f"runs on days {read[-3]} of the month and on weekdays {read[-1]}: cron needs only one to match")
    return text


def _either_matches(text: str) -> bool:
    """Whether both day fields leave days out, so that either one makes more days match than it names."""
    found = parsed(text)
    return found.month_days != _EVERY_DAY and found.weekdays != _EVERY_WEEKDAY


def parsed(text: str) -> CronExpression:
    """The expression; raises `Unfit`, saying what crons do with it."""
    try:
        return parse_expression(text)
    except InvalidInput as error:
        raise Unfit("; ".join(map(_explained, error.problems))) from None


def _checked(text: str, *, twice: bool) -> str:
    found = parsed(text)
    if not twice:
        return found.text
    try:
        return check_expression(text).text
    except InvalidInput as error:
        raise Unfit(str(error)) from None


def _explained(problem: str) -> str:
    if "runs backwards" in problem:
        return f"{problem} (Debian's cron and cronie accept it and never run the command; busybox wraps around)"
    if "without a range" in problem:
        return f"{problem} (Debian's cron and cronie reject it; busybox reads a single value)"
    return problem


# Vixie's cron and its heirs.


def _debian(fields: list[str], notes: list[str]) -> list[str]:
    if _TO_SUNDAY.search(fields[4]):
        raise Unfit(
            f"in the day-of-week field, {fields[4]!a} ends in SUN, which cron reads as 0, so the range runs "
            "backwards and never matches: write 7, as in FRI-7"
        )
    return _vixie(fields, notes)


def _cronie(fields: list[str], notes: list[str]) -> list[str]:
    if re.search(r"-(?:sun|0+)/", fields[4], re.IGNORECASE):
        raise Unfit(
            f"in the day-of-week field, {fields[4]!a} has a step after a range that ends in 0, which cronie accepts "
            "and never runs: write 7"
        )
    # cronie reads a 0 at the end of a range as 7 where the range would run backwards.
    return _vixie([*fields[:4], _TO_ZERO.sub(r"\1-7", fields[4])], notes)


def _vixie(fields: list[str], notes: list[str]) -> list[str]:
    found = parsed(" ".join(fields))
    if found.special_days:
        raise Unfit("cron doesn't know L, W and #, so it is unclear what is meant: use `arco schedule create` for them")
    same = _same_days(found, fields)
    if same != fields:
        notes.append(f"written as {' '.join(same)}, which means the same: here cron requires both day fields to match")
    return same


def _same_days(found: CronExpression, fields: list[str]) -> list[str]:
    """The fields, rewritten to keep what cron means by its day fields.

    In cron, either day field may match only if neither begins with `*`; otherwise both must, and `*/2` begins with
    `*`. Here either may match unless one of them is a plain `*`.
    """
    month_day, weekday = fields[2], fields[4]
    if "*" in {month_day, weekday} or not (month_day.startswith("*") or weekday.startswith("*")):
        return fields
    if found.month_days == _EVERY_DAY:
        return [*fields[:2], "*", *fields[3:]]
    if found.weekdays == _EVERY_WEEKDAY:
        return [*fields[:4], "*"]
    raise Unfit(
        f"cron requires both the day of the month {month_day} and the day of the week {weekday} to match, since one "
        "of them begins with *, but arco would accept either: check one of them in the command, as in "
        '`[ "$(date +%u)" = 1 ] && COMMAND`'
    )


# busybox.

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_BUSYBOX: Final[tuple[tuple[str, int, int, tuple[str, ...]], ...]] = (
    ("minute", 60, 0, ()),
    ("hour", 24, 0, ()),
    ("day-of-month", 32, 0, ()),
    ("month", 12, 1, _MONTHS),
    ("day-of-week", 7, 0, _WEEKDAYS),
)
"""For each field: its name, the number of places busybox keeps for it, the first one's value, the places' names."""
_ITEM: Final = re.compile(r"(\*|[0-9]+|[a-z]{3})(?:-([0-9]+|[a-z]{3}))?(?:/([0-9]+))?")


def _busybox(fields: list[str], notes: list[str]) -> list[str]:
    sets = [_places(place, text) for place, text in enumerate(fields)]
    written = [_written(place, text, sets[place]) for place, text in enumerate(fields)]
    # busybox ignores a day field in which every place is set; if neither is ignored, either may match.
    days_used, weekdays_used = len(sets[2]) < 32, len(sets[4]) < 7
    if not days_used or (weekdays_used and sets[2] == {0}):
        written[2] = "*"
    if not weekdays_used:
        written[4] = "*"
    if not weekdays_used and sets[2] == {0}:
        raise Unfit(f"in the day-of-month field, {fields[2]!a} matches no day in busybox")
    if written != fields:
        notes.append(f"written as {' '.join(written)}, which is how busybox reads it")
    return written


def _places(field: int, text: str) -> set[int]:
    """The places that busybox sets: a range counts up from its beginning and wraps around the end."""
    name, size, first, _ = _BUSYBOX[field]
    found: set[int] = set()
    for item in text.lower().split(","):
        match = _ITEM.fullmatch(item)
        if match is None or (match[1] == "*" and match[2]):
            raise Unfit(f"in the {name} field, busybox can't read {item!a}")
        low, high = (0, size - 1) if match[1] == "*" else (_place(field, match[1]), _place(field, match[2] or match[1]))
        if not (0 <= low < size and 0 <= high < size):
            if field == 4 and "7" in {match[1], match[2]}:
                raise Unfit("busybox doesn't know 7 as Sunday and runs such an entry every day: write 0")
            raise Unfit(f"in the {name} field, {item!a} is outside {first}-{size - 1 + first}")
        step = int(match[3]) if match[3] else 1
        if not step:
            raise Unfit(f"in the {name} field, {item!a}: a step of 0 is not possible: write 1 or more")
        found |= {(low + walked) % size for walked in range(0, (high - low) % size + 1, step)}
    return found


def _place(field: int, text: str) -> int:
    name, _, first, names = _BUSYBOX[field]
    if text.isdigit():
        return int(text) - first
    if text not in names:
        raise Unfit(f"in the {name} field, {text!a} is not a name that busybox knows")
    return names.index(text)


def _written(field: int, text: str, places: set[int]) -> str:
    """The field unchanged if it means the same here, else a list of what busybox sets."""
    _, _, first, _ = _BUSYBOX[field]
    values = sorted(place + first for place in places if not (field == 2 and place == 0))
    whole = ["0", "0", "1", "1", "0"]
    whole[field] = text
    try:
        here = parse_expression(" ".join(whole))
    except InvalidInput:
        return _listed(values)
    same = {
        0: lambda: list(here.minutes),
        1: lambda: list(here.hours),
        2: lambda: _bits(here.month_days),
        3: lambda: _bits(here.months),
        4: lambda: _bits(here.weekdays),
    }[field]()
    return text if same == values else _listed(values)


def _bits(mask: int) -> list[int]:
    return [value for value in range(mask.bit_length()) if mask >> value & 1]


def _listed(values: Iterable[int]) -> str:
    ranges: list[list[int]] = []
    for value in values:
        if ranges and value == ranges[-1][1] + 1:
            ranges[-1][1] = value
        else:
            ranges.append([value, value])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)


# supercronic.

_HIGHS: Final = (59, 59, 23, 31, 12, 6)
_FULL_NAMES: Final = {
    **{name.lower(): name[:3].lower() for name in ("January", "February", "March", "April", "June", "July", "August")},
    **{name: name[:3] for name in ("september", "october", "november", "december")},
    **{name: name[:3] for name in ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")},
}


def _supercronic(fields: list[str], notes: list[str]) -> list[str]:
    if len(fields) > 5 and fields[-1] not in {"*", "?"}:
        raise Unfit(
            f"supercronic reads the last of {len(fields)} fields, {fields[-1]!a}, as the year, and arco has no year "
            "field: give the schedule a start and an end instead (`arco schedule create --start --end`)"
        )
    five = fields[-5:] if len(fields) == 5 else fields[-6:-1]
    given = (fields[:1] if len(fields) == 7 else []) + five
    found = [_supercronic_field(len(given) - place, text) for place, text in enumerate(given)]
    if found != fields:
        notes.append(f"written as {' '.join(found)}, which is how supercronic reads it")
    return found


def _supercronic_field(from_end: int, text: str) -> str:
    high = _HIGHS[6 - from_end]
    items = [_supercronic_item(item.lower(), high, is_weekday=from_end == 1) for item in text.split(",") if item]
    found = "*" if "*" in items else ",".join(items)
    return text if found == text.lower() else found


def _supercronic_item(item: str, high: int, *, is_weekday: bool) -> str:
    body, slash, step = item.partition("/")
    if item == "?":
        return "*"
    if slash and (not step.isdigit() or not 1 <= int(step) <= high):
        raise Unfit(f"supercronic rejects the step of {item!a}: write 1 to {high}")
    if is_weekday and (re.search(r"-0?7$|(?<!sun)(?<!sunday)-sun(?:day)?$", body) or re.fullmatch(r"0[1-7]", body)):
        raise Unfit(f"supercronic doesn't read the weekday {item!a} the way it looks: write 0 for Sunday")
    parts = [_FULL_NAMES.get(part, part) for part in body.split("-")]
    if re.fullmatch(r"l|lw|[0-9]+w|[a-z0-9]+l|[a-z0-9]+#[1-5]", body):
        parts = [re.sub(r"([lw]+)$", lambda found: found[0].upper(), parts[0])]
    body = "-".join(parts)
    if slash and body != "*" and len(parts) == 1:
        body = f"{body}-{high}"
    return f"{body}{slash}{step}"


_READERS: Final[Mapping[Dialect, Callable[[list[str], list[str]], list[str]]]] = {
    "debian": _debian,
    "cronie": _cronie,
    "busybox": _busybox,
    "supercronic": _supercronic,
}
