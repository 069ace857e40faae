"""Phrases that several answers have in common."""

from typing import Final

DRY_RUN: Final = "Dry run, nothing is recorded. "
"""How an answer begins that says what would be done."""


def outcome(word: str) -> str:
    """How an attempt ended, in words: `timed out` for `timed-out`."""
    return word.replace("-", " ")


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 tick`, `2,000 ticks`: the number with its noun; `many` where the plural is irregular."""
    return f"1 {one}" if number == 1 else f"{number:,} {many or one + 's'}"
