"""What `arco verify` finds, and its answer."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

MAX_NAMED: Final = 100
"""How many differences of one kind are named; the rest are counted in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The answer of `arco verify`: each difference and each note is one line.

    `events` and `schedules` are how many there are; 0 of a file in which they can't be counted.
    """

    ok: bool
    events: int
    schedules: int
    differences: tuple[str, ...]
    notes: tuple[str, ...]


class Findings:
    """Differences and notes, each kind named up to a bound."""

    def __init__(self) -> None:
        self.events = 0
        self.schedules = 0
        self._lines: dict[tuple[str, bool], list[str]] = {}
        self._counts: Counter[tuple[str, bool]] = Counter()

    def add(self, kind: str, text: str, *, note: bool = False) -> None:
        """Add a difference, or a note; beyond the bound of its kind it is only counted."""
        self._counts[kind, note] += 1
        if self._counts[kind, note] <= MAX_NAMED:
            self._lines.setdefault((kind, note), []).append(text)

    def answer(self) -> Verification:
        """The answer: the lines of each kind together, in the order in which the kinds were first met."""
        said: dict[bool, list[str]] = {False: [], True: []}
        for (kind, note), lines in self._lines.items():
            more = self._counts[kind, note] - len(lines)
            said[note] += [*lines, *([f"{kind}: {more:,} more of this kind"] if more else [])]
        return Verification(
            ok=not said[False],
            events=self.events,
            schedules=self.schedules,
            differences=tuple(said[False]),
            notes=tuple(said[True]),
        )
