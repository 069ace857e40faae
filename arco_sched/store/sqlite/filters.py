"""Conditions of a list, and their values."""

from typing import Any


class Filter:
    """Conditions that combine, and their values."""

    def __init__(self) -> None:
        self.conditions: list[str] = []
        self.values: list[Any] = []

    def add(self, condition: str, *values: Any, when: bool = True) -> "Filter":
        if when:
            self.conditions.append(condition)
            self.values += values
        return self

    def __str__(self) -> str:
        return f"WHERE {' AND '.join(self.conditions)} " if self.conditions else ""
