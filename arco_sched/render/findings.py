"""`arco check`: a line for each finding, or one document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from arco_sched.render.drawing import for_screen
from arco_sched.render.json import Row, line
from arco_sched.render.terminal import printable
from arco_sched.render.times import Clocks
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


def brief(found: Sequence[Finding]) -> list[Finding]:
    """The findings of a screen: what no worker serves is one line a pool, if several runs wait there."""
    pools: dict[str, list[Finding]] = {}
    for each in found:
        if each.kind == "unserved":
            pools.setdefault(_remedy(each), []).append(each)
    short: list[Finding] = []
    for each in found:
        alike = pools.get(_remedy(each), [each]) if each.kind == "unserved" else [each]
        if len(alike) == 1:
            short.append(each)
        elif each is alike[0]:
            count = sum(1 if one.run_id else int(one.message.split(" ")[0].replace(",", "")) for one in alike)
            short.append(Finding(each.kind, None, None, f"{count:,} runs are waiting, but {_remedy(each)}"))
    return short


def _remedy(unserved: Finding) -> str:
    return unserved.message.partition(", but ")[2]


def text(finding: Finding, clocks: Clocks) -> str:
    """The kind and the message, its instants on the clock of the schedule."""
    return f"{finding.kind}: {clocks.localized(finding.message, finding.schedule_id)}"
