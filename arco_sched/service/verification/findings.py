"""What `arco verify` finds, and its answer."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

MAX_NAMED: Final = 100
"""How many differences of one kind are listed; the rest are counted in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The answer of `arco verify`: each difference and each note is one line.

    `events` and `schedules` are their numbers; 0 if the file doesn't allow counting them.
    """

    ok: bool
    events: int
    schedules: int
    differences: tuple[str, ...]
    notes: tuple[str, ...]


class Findings:
    """Differences and notes, listed up to a limit for each kind."""

    def __init__(self) -> None:
        self.events = 0
        self.schedules = 0
        self._lines: dict[tuple[str, bool], list[str]] = {}
        self._counts: Counter[tuple[str, bool]] = Counter()

    def add(self, kind: str, text: str, *, note: bool = False) -> None:
        """Add a difference, or a note; beyond the limit of its kind it is only counted."""
        self._counts[kind, note] += 1
        if self._counts[kind, note] <= MAX_NAMED:
            self._lines.setdefault((kind, note), []).append(text)

    def answer(self) -> Verification:
        """The answer, with the lines of each kind together, in the order in which the kinds first appeared."""
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
