"""The strict parser of cron expressions: the Open Cron Pattern Specification 1.0 and its increments 1.1 to 1.3.

`LW` and `L-3` are in none of its versions (1.4 is the newest draft); they have Quartz's meaning.

Where the specification leaves a choice, or `arco` departs from it (years, `@reboot`),
`docs/semantics/expressions.md` decides.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from arco_sched.core.cron.expression import FIVE_FIELDS, SIX_FIELDS, CronExpression
from arco_sched.core.cron.pattern_fields import FIELDS, MONTH_NAMES, WEEKDAY_NAMES, Field
from arco_sched.core.errors import InvalidInput

MAX_LENGTH: Final = 1000
"""Maximum characters of an expression. The longest useful lists stay well below it, and hostile input stays cheap."""

NICKNAMES: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
"""OCPS 1.1, 4.1."""

ANCHORED: Final = ("@every", "@once")
"""The nicknames that `arco_sched.core.cron.anchored` reads; they aren't part of OCPS."""

_MONTH_DAY: Final = FIELDS["day-of-month"]
_WEEKDAY: Final = FIELDS["day-of-week"]

_BLANKS: Final = re.compile(r"[ \t]+")
_NEAREST: Final = re.compile(r"([0-9]+)W")
_BEFORE_LAST: Final = re.compile(r"L-([0-9]+)")
_SMALL: Final = re.compile(r"l|l-[0-9]+|[0-9]+w|lw|Lw|lW")
_NTH: Final = re.compile(r"([^#]*)#([^#]*)")
_QUARTZ_DAY: Final = re.compile(r"(?<![#/0-9A-Za-z])[1-7](?![0-9])")
_WEEKDAY_TEXT: Final = re.compile(r"[0-9]+|[A-Za-z]{3}")


class _Refused(Exception):
    """One problem of one field, without the field's name."""


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> CronExpression:
    """The expression in `text`: five fields, six with seconds first, or a nickname such as `@daily`.

    Raises `InvalidInput` with every problem found; each names its field and, if possible, what to write instead. An
    expression that never matches a date is still read (OCPS 1.0, 6.2); its `never` says so.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidInput(f"the cron expression has {len(text)} characters, more than {MAX_LENGTH}")
    for character in text:
        if character not in " \t" and (character.isspace() or not character.isprintable()):
            raise InvalidInput(
                f"the cron expression contains the character U+{ord(character):04X}: "
                "separate fields with spaces or tabs"
            )
    parts = [part for part in _BLANKS.split(text) if part]
    if not parts:
        raise InvalidInput(
            "the cron expression is empty: write five fields, minute hour day-of-month month day-of-week"
        )
    normalised = " ".join(parts)
    if parts[0].startswith("@"):
        parts = _nickname(parts)
    names = _names_of(parts)

    problems: list[str] = []
    values: dict[str, tuple[int, ...]] = {"second": (0,)}
    month_days = _MonthDays()
    weekdays = _Weekdays()
    for name, part in zip(names, parts, strict=True):
        try:
            if name == "day-of-month":
                month_days.read(part)
            elif name == "day-of-week":
                weekdays.read(part)
            else:
                values[name] = _values(FIELDS[name], part.split(","))
        except _Refused as refused:
            problems.append(f"in the {name} field, {refused}")
    if problems:
        if len(parts) == 6:
            problems[-1] += " (with six fields, the first is for seconds)"
        raise InvalidInput(*problems, *_weekdays_of_quartz(parts, parts[-1]))

    return CronExpression(
        text=normalised,
        fields=tuple(parts),
        seconds=values["second"],
        minutes=values["minute"],
        hours=values["hour"],
        months=_mask(values["month"]),
        month_days=_mask(month_days.plain),
        last_day=month_days.last,
        last_working_day=month_days.last_working,
        days_before_last=tuple(sorted(month_days.before_last)),
        nearest_weekday=month_days.nearest,
        weekdays=_mask(day % 7 for day in weekdays.plain),
        nth_weekdays=tuple(sorted(weekdays.nth)),
        last_weekdays=tuple(sorted(weekdays.last)),
        month_days_restricted=parts[-3] != "*",
        weekdays_restricted=parts[-1] != "*",
        fixed_time=not parts[-5].startswith("*") and not parts[-4].startswith("*"),
    )


def _nickname(parts: list[str]) -> list[str]:
    name = parts[0]
    if name.lower() == "@reboot":
        raise InvalidInput(
            "the nickname '@reboot' is not supported: it names an event, and arco doesn't see a machine boot"
        )
    if name.lower() in ANCHORED:
        raise InvalidInput(f"the nickname {name} is not a cron expression: only a schedule can have it")
    if name.lower() not in NICKNAMES:
        raise InvalidInput(
            f"the nickname {_shown(name)} is unknown: write one of {', '.join(NICKNAMES)}, @every 90m, @once, "
            "or five fields"
        )
    if name not in NICKNAMES:
        raise InvalidInput(f"the nickname {_shown(name)} must be lowercase: write {name.lower()}")
    if len(parts) > 1:
        raise InvalidInput(f"the nickname {name} must stand alone: write {name}, or fields without it")
    return NICKNAMES[name].split(" ")


def _names_of(parts: list[str]) -> tuple[str, ...]:
    if len(parts) == 5:
        return FIVE_FIELDS
    if len(parts) == 6:
        return SIX_FIELDS
    if len(parts) == 7:
        raise InvalidInput(
            "the cron expression has seven fields, but a year field is not supported: write five or six, and give the "
            "schedule a start and an end",
            *_weekdays_of_quartz(parts, parts[-2]),
        )
    raise InvalidInput(
        f"the cron expression has {len(parts)} field{'' if len(parts) == 1 else 's'}: write five, "
        "minute hour day-of-month month day-of-week, or six with seconds first"
    )


def _weekdays_of_quartz(parts: list[str], weekdays: str) -> list[str]:
    """What to write for numbered weekdays if a `?` shows that Quartz is meant, whose weekdays are one day off."""
    names = {str(day + 1): name for name, day in WEEKDAY_NAMES.items()}
    meant = _QUARTZ_DAY.sub(lambda found: names[found[0]], weekdays)
    if "?" not in parts or "/" in weekdays or meant == weekdays:
        return []
    return [f"in Quartz 1 is SUN, but here it is MON: for Quartz's weekdays {_shown(weekdays)} write {meant}"]


class _MonthDays:
    """The day-of-month field, item by item: plain days, `L` and `15W` (OCPS 1.3, 4.1 and 4.3), `LW` and `L-3`."""

    def __init__(self) -> None:
        self.plain: tuple[int, ...] = ()
        self.last = False
        self.last_working = False
        self.before_last: set[int] = set()
        self.nearest: int | None = None

    def read(self, text: str) -> None:
        plain = []
        for item in text.split(","):
            if item == "L":
                self.last = True
            elif item == "LW":
                self.last_working = True
            elif match := _BEFORE_LAST.fullmatch(item):
                self.before_last.add(_days_before_last(item, match[1]))
            elif match := _NEAREST.fullmatch(item):
                if item != text:
                    raise _Refused(f"{_shown(item)} can't be in a list: W must stand alone, with a single day")
                self.nearest = _number(_MONTH_DAY, match[1])
            elif _SMALL.fullmatch(item):
                raise _Refused(f"{_shown(item)} must be uppercase: write {item.upper()}")
            elif "W" in item.upper():
                raise _Refused(f"{_shown(item)} is not supported: W follows a single day, as in 15W, or L, as in LW")
            elif "L" in item.upper():
                raise _Refused(f"{_shown(item)} is not supported: write L for the last day, LW, or L-3")
            elif "#" in item:
                raise _Refused("'#' belongs to the day-of-week field, as in 2#3 for the third Tuesday")
            else:
                plain.append(item)
        if plain:
            self.plain = _values(_MONTH_DAY, plain)


def _days_before_last(item: str, text: str) -> int:
    digits = text.lstrip("0")
    if not digits:
        raise _Refused(f"{_shown(item)} is the last day itself: write L")
    if len(digits) > 2 or int(digits) > 30:
        raise _Refused(f"{_shown(item)}: write 1 to 30 after L-, since no month is longer")
    return int(digits)


class _Weekdays:
    """The day-of-week field, item by item: plain days, `2#3`, `FRI#L` and `5L` (OCPS 1.3, 4.1 and 4.2)."""

    def __init__(self) -> None:
        self.plain: tuple[int, ...] = ()
        self.nth: set[tuple[int, int]] = set()
        self.last: set[int] = set()

    def read(self, text: str) -> None:
        plain = []
        for item in text.split(","):
            if "#" in item:
                self._read_nth(item)
            elif item.upper() == "L":
                raise _Refused(f"{_shown(item)} needs a weekday: write FRI#L for the last Friday of the month")
            elif item.endswith("L") and _WEEKDAY_TEXT.fullmatch(item[:-1]):
                self.last.add(_value(_WEEKDAY, item[:-1]) % 7)
            elif item.endswith("l") and _WEEKDAY_TEXT.fullmatch(item[:-1]):
                raise _Refused(f"{_shown(item)} must be uppercase: write {item[:-1]}L")
            elif item.endswith("L") and "-" in item:
                raise _Refused(f"{_shown(item)} is not supported: L follows a single weekday, as in 5L")
            elif re.fullmatch(r"[0-9]+[Ww]", item):
                raise _Refused(f"{_shown(item)}: W belongs to the day-of-month field, as in 15W")
            else:
                plain.append(item)
        if plain:
            self.plain = _values(_WEEKDAY, plain)

    def _read_nth(self, item: str) -> None:
        match = _NTH.fullmatch(item)
        if match is None or not _WEEKDAY_TEXT.fullmatch(match[1]):
            raise _Refused(f"{_shown(item)} is not a weekday, '#' and a number: write it like 2#3 or FRI#L")
        weekday = _value(_WEEKDAY, match[1]) % 7
        if match[2] == "L":
            self.last.add(weekday)
        elif match[2] == "l":
            raise _Refused(f"{_shown(item)} must be uppercase: write {match[1]}#L")
        elif match[2] in {"1", "2", "3", "4", "5"}:
            self.nth.add((weekday, int(match[2])))
        else:
            raise _Refused(f"{_shown(item)}: write 1 to 5 after '#', or L for the last")


def _values(field: Field, items: Iterable[str]) -> tuple[int, ...]:
    found: set[int] = set()
    for item in items:
        found.update(_read_item(field, item))
    return tuple(sorted(found))


def _read_item(field: Field, item: str) -> range:
    if not item:
        raise _Refused("an entry of the list is empty: remove the extra comma")
    body, slash, step_text = item.partition("/")
    if slash and body and not step_text:
        raise _Refused(f"{_shown(item)} has no step after its '/': write {body} if you mean no step")
    if body == "*":
        low, high = field.low, field.high
    elif "-" in body:
        low_text, _, high_text = body.partition("-")
        low, high = _value(field, low_text), _value(field, high_text)
        if field is _WEEKDAY and high_text.upper() == "SUN":
            if low_text.upper() == "SUN":
                raise _Refused(f"{_shown(item)} may mean one day or the whole week: write SUN or *")
            high = 7
        if low > high:
            raise _Refused(
                f"{_shown(item)} runs backwards{_forwards(field, low_text, high_text, low, high, step_text)}"
            )
    elif slash:
        if not body:
            raise _Refused(f"{_shown(item)} has nothing before its '/': write */{step_text}")
        low = _value(field, body)
        _step(item, step_text)
        top = 6 if field is _WEEKDAY else field.high
        from_here = f"*/{step_text}" if low == field.low else f"{body}-{top}/{step_text}"
        instead = from_here if low < top else body
        raise _Refused(f"{_shown(item)} has a step without a range: write {instead}")
    else:
        value = _value(field, body)
        return range(value, value + 1)
    if not slash:
        return range(low, high + 1)
    return range(low, high + 1, _step(item, step_text))


def _step(item: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise _Refused(f"{_shown(item)}: the step {_shown(text)} is not a number")
    digits = text.lstrip("0")
    if not digits:
        raise _Refused(f"{_shown(item)}: a step of 0 is not possible: write 1 or more")
    # A step beyond the widest range leaves only the first value, so a huge number doesn't have to be read.
    return int(digits) if len(digits) <= 4 else 10_000


def _value(field: Field, text: str) -> int:
    if text.isascii() and text.isdigit():
        return _number(field, text)
    if (named := field.names.get(text.upper())) is not None:
        return named
    raise _Refused(_why_no_value(field, text))


def _number(field: Field, text: str) -> int:
    digits = text.lstrip("0") or "0"
    if len(digits) > 2 or not field.low <= int(digits) <= field.high:
        raise _Refused(f"{_shown(text)} is outside {field.low}-{field.high}")
    return int(digits)


def _why_no_value(field: Field, text: str) -> str:
    upper = text.upper()
    if not text:
        return f"a number is missing: write {field.wanted}"
    if text == "?":
        return "'?' is Quartz's sign for any day, which is not supported: write *"
    if upper[:3] in field.names:
        return f"{_shown(text)} is not a name: write {upper[:3]}"
    if upper in MONTH_NAMES or upper in WEEKDAY_NAMES:
        owner = "month" if upper in MONTH_NAMES else "day-of-week"
        return f"{_shown(text)} belongs to the {owner} field: write {field.wanted}"
    if upper == "L":
        return "L belongs to the day-of-month field (L) and the day-of-week field (FRI#L)"
    if upper[:1] in {"H", "R"}:
        return f"{_shown(text)} is not supported, since a schedule's times can't be random: write {field.wanted}"
    if "~" in text:
        return f"{_shown(text)} is a random choice, which is not supported: write {field.wanted}"
    if "#" in text:
        return "'#' belongs to the day-of-week field, as in 2#3 for the third Tuesday"
    if "*" in text:
        return f"{_shown(text)} mixes * with other characters: write * alone, or */2 for a step"
    return f"{_shown(text)} is not a value: write {field.wanted}"


def _forwards(field: Field, low_text: str, high_text: str, low: int, high: int, step_text: str) -> str:
    """How to write a range that wraps around; empty if there is no short way."""
    if step_text:
        if not (step_text.isascii() and step_text.isdigit() and len(step_text) <= 4 and int(step_text)):
            return ""
        base = 0 if field.low == 0 else 1
        size = 7 if field is _WEEKDAY else field.high - base + 1
        values = sorted({(value - base) % size + base for value in range(low, high + size + 1, int(step_text))})
        return ": write " + ",".join(map(str, values))
    bottom, top = (1 if field is _WEEKDAY else field.low), field.high
    first_word, last_word = ("MON", "SUN") if field is _WEEKDAY else ("JAN", "DEC")
    before = low_text if low == top else f"{low_text}-{top if low_text.isdigit() else last_word}"
    if high < bottom:
        return f": write {before}"
    after = high_text if high == bottom else f"{bottom if high_text.isdigit() else first_word}-{high_text}"
    return f": write {before},{after}"


def _mask(values: Iterable[int]) -> int:
    mask = 0
    for value in values:
        mask |= 1 << value
    return mask


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
