"""`arco check`: a line for each finding, or one document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from arco_sched.render.json import Row, line
from arco_sched.render.terminal import printable

if TYPE_CHECKING:
    from arco_sched.service.check import Finding


def rows(found: Sequence[Finding]) -> list[Row]:
    """The findings as JSON."""
    return [each._asdict() for each in found]


def as_json(found: Sequence[Finding]) -> str:
    """`arco check --json`."""
    return line({"ok": not found, "findings": rows(found)})


def lines(found: Sequence[Finding]) -> Iterator[str]:
    """`arco check`."""
    if not found:
        yield "ok: nothing asks for attention\n"
    for each in found:
        yield f"{each.kind}: {printable(each.message)}\n"
