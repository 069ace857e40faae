"""`arco check`: a line for each finding, or one document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from arco_sched.render.drawing import for_screen
from arco_sched.render.json import Row, line
from arco_sched.render.terminal import printable
from arco_sched.render.times import Clocks

if TYPE_CHECKING:
    from arco_sched.service.check import Finding


def rows(found: Sequence[Finding]) -> list[Row]:
    """The findings as JSON."""
    return [each._asdict() for each in found]


def as_json(found: Sequence[Finding]) -> str:
    """`arco check --json`."""
    return line({"ok": not found, "findings": rows(found)})


def lines(found: Sequence[Finding], clocks: Clocks) -> Iterator[str]:
    """`arco check`."""
    if not found:
        yield "ok: nothing needs attention\n"
    for each in found:
        yield for_screen(f"{printable(text(each, clocks))}\n")


def text(finding: Finding, clocks: Clocks) -> str:
    """The kind and the message, its instants on the clock of the schedule."""
    return f"{finding.kind}: {clocks.localized(finding.message, finding.schedule_id)}"
