"""`arco verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arco_sched.render.drawing import for_screen
from arco_sched.render.json import line
from arco_sched.render.phrases import counted
from arco_sched.render.terminal import printable

if TYPE_CHECKING:
    from arco_sched.service.verification.findings import Verification


def as_json(answer: Verification) -> str:
    """`arco verify --json`."""
    said = {"ok": answer.ok, "events": answer.events, "schedules": answer.schedules}
    return line(said | {"differences": answer.differences, "notes": answer.notes})


def text(answer: Verification) -> str:
    """`arco verify`: a line for each difference, then the notes, then the verdict with what was checked."""
    said = [*answer.differences, *(f"note: {each}" for each in answer.notes)]
    looked = f"{counted(answer.events, 'event')} and {counted(answer.schedules, 'schedule')}"
    if answer.ok:
        said.append(f"ok: {looked} checked, every row and every occurrence accounted for")
    else:
        count = counted(len(answer.differences), "difference")
        said.append(f"NOT ok: {count}, {looked} checked; keep this file, and compare with a backup")
    return for_screen("".join(f"{printable(each)}\n" for each in said))
