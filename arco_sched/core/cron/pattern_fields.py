"""The fields of a cron expression: their names, bounds and words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MONTH_NAMES: Final = {
    "JAN": 1,
    "FEB": 2,
    "MAR": 3,
    "APR": 4,
    "MAY": 5,
    "JUN": 6,
    "JUL": 7,
    "AUG": 8,
    "SEP": 9,
    "OCT": 10,
    "NOV": 11,
    "DEC": 12,
}
WEEKDAY_NAMES: Final = {"SUN": 0, "MON": 1, "TUE": 2, "WED": 3, "THU": 4, "FRI": 5, "SAT": 6}
"""OCPS 1.0, 4.2. At the end of a range, `SUN` is 7."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field; `names` are words for its values."""

    name: str
    low: int
    high: int
    names: Mapping[str, int]

    @property
    def wanted(self) -> str:
        """What may be written there."""
        words = list(self.names)
        return f"{self.low}-{self.high}" + (f" or {words[0]}-{words[-1]}" if words else "")


FIELDS: Final = {
    name: Field(name, low, high, names)
    for name, low, high, names in (
        ("second", 0, 59, {}),
        ("minute", 0, 59, {}),
        ("hour", 0, 23, {}),
        ("day-of-month", 1, 31, {}),
        ("month", 1, 12, MONTH_NAMES),
        ("day-of-week", 0, 7, WEEKDAY_NAMES),
    )
}
