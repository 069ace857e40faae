"""The kinds of single fields: cron expressions, zones, days, paths, names, environments, resources.

Their base classes and all other kinds are in `arco_sched.core.kinds`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from arco_sched.core.errors import InvalidInput
from arco_sched.core.kinds import MAX_COMMAND, Many, Note, Pairs, Text, Whole


class Cron(Text):
    """A cron expression."""

    def check(self, value: Any, note: Note) -> None:
        """One that both parsers read the same way, and that some date matches."""
        from arco_sched.core.cron import check_expression

        _judge(value, note, check_expression)

    def normal(self, value: Any) -> str:
        """With single spaces, and the nickname in its normal spelling."""
        from arco_sched.core.cron import read_expression

        return read_expression(value).text

    def about(self) -> str:
        """What it is."""
        return "cron expression"


class Zone(Text):
    """A time zone by its IANA name."""

    def check(self, value: Any, note: Note) -> None:
        """A name from the installed database, spelled the way it is there."""
        from arco_sched.core.cron import load_zone

        _judge(value, note, load_zone)

    def about(self) -> str:
        """What it is."""
        return "IANA name or ZoneInfo"


class AbsolutePath(Text):
    """An absolute path of a file or folder."""

    def check(self, value: Any, note: Note) -> None:
        """A string that begins with a slash."""
        super().check(value, note)
        if isinstance(value, str) and value and not value.startswith("/"):
            note("absolute", value=value)

    def about(self) -> str:
        """What it is."""
        return "absolute path"


class Name(Text):
    """The name of a user or a pool."""

    def check(self, value: Any, note: Note) -> None:
        """1 to 100 of letters, digits, `.`, `_`, `-`, beginning with a letter, a digit or `_`."""
        if not isinstance(value, str):
            note("not_text")
        elif re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", value) is None:
            note("name", value=value)

    def about(self) -> str:
        """What it is."""
        return "name, up to 100 characters from A-Z a-z 0-9 . _ -"


class Environment(Pairs):
    """Environment variables."""

    def __init__(self) -> None:
        super().__init__(Text(MAX_COMMAND, lines=True, empty=True))

    def check(self, value: Any, note: Note) -> None:
        """Names that a shell accepts, and that arco doesn't set itself."""
        super().check(value, note)
        for name in _names(value):
            if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is None:
                note("variable", key=name, side="key")
            elif name.startswith("ARCO_"):
                note("own_variable", key=name, side="key")


class Resources(Pairs):
    """What an engine reserves for a run."""

    names: Final = ("cpus", "memory_mib", "gpus")

    def __init__(self) -> None:
        super().__init__(Whole(1, 1_000_000_000))

    def check(self, value: Any, note: Note) -> None:
        """Only known names."""
        super().check(value, note)
        for name in _names(value):
            if name not in self.names:
                note("choice", key=name, side="key", value=name, choices=self.names)


class DayRange(Text):
    """A day or a range of days, both ends included."""

    def check(self, value: Any, note: Note) -> None:
        """`2025-12-25` or `2025-12-24..2026-01-01`, of days that exist."""
        from arco_sched.core import days  # most evaluations don't need it

        if not isinstance(value, str):
            note("not_text")
        elif re.fullmatch(days.RANGE, value) is None:
            note("days", value=value)
        else:
            try:
                first, last = days.parse_days(value)
            except ValueError:
                note("day", value=value)
            else:
                if last < first:
                    note("days_backwards", value=value)

    def about(self) -> str:
        """The two forms."""
        return "date, or str such as 2025-12-24..2026-01-01"


class Days(Many):
    """Calendar days, as the texts of the fewest ranges that cover them."""

    most: Final = 1000
    """Maximum ranges: each evaluation of the schedule reads them all."""

    def __init__(self) -> None:
        super().__init__(DayRange())

    def check(self, value: Any, note: Note) -> None:
        """Check each of them and their number."""
        found: list[str] = []

        def noted(code: str, **data: Any) -> None:
            found.append(code)
            note(code, **data)

        super().check(value, noted)
        if not found and len(self.normal(value)) > self.most:
            note("too_many_days", most=self.most)

    def normal(self, value: Any) -> tuple[str, ...]:
        """Sorted; ranges that touch or overlap become one."""
        from arco_sched.core import days

        return tuple(days.format_days(*each) for each in days.merged(map(days.parse_days, value)))


def _judge(value: Any, note: Note, judge: Callable[[str], object]) -> None:
    if not isinstance(value, str):
        note("not_text")
        return
    try:
        judge(value)
    except InvalidInput as error:
        for sentence in error.problems:
            note("said", sentence=sentence)


def _names(value: Any) -> list[str]:
    """The names of the pairs that are strings."""
    pairs = value.items() if isinstance(value, Mapping) else value
    try:
        return [name for name, _ in pairs if isinstance(name, str)]
    except (TypeError, ValueError):  # the value as a whole is reported
        return []
