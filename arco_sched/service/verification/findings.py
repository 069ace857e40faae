"""What `arco verify` finds, and its answer."""

from dataclasses import dataclass
from typing import Final

MAX_NAMED: Final = 100
"""How many differences of one kind are named; the rest are counted in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The answer of `arco verify`: each difference and each note is one line."""

    ok: bool
    differences: tuple[str, ...]
    notes: tuple[str, ...]


class Findings:
    """Differences and notes, each kind named up to a bound."""

    def __init__(self) -> None:
        self.differences: list[str] = []
        self.notes: list[str] = []
        self._seen: dict[str, int] = {}

    def add(self, kind: str, text: str, *, note: bool = False) -> None:
        """Add a line; beyond the bound of its kind it is only counted."""
        self._seen[kind] = self._seen.get(kind, 0) + 1
        if self._seen[kind] <= MAX_NAMED:
            (self.notes if note else self.differences).append(text)

    def answer(self) -> Verification:
        """The answer."""
        for kind, count in self._seen.items():
            if count > MAX_NAMED:
                self.differences.append(f"{kind}: {count - MAX_NAMED} more of this kind")
        return Verification(ok=not self.differences, differences=tuple(self.differences), notes=tuple(self.notes))
