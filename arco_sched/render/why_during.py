"""`arco why --at DAY`: what became of the occurrences of a day, in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arco_sched.core.instants import DAY, format_instant
from arco_sched.render.drawing import Cell, Column, Screen, status
from arco_sched.render.phrases import counted
from arco_sched.render.times import Clocks, instant_in
from arco_sched.render.why import VERDICT_STYLES

if TYPE_CHECKING:
    from arco_sched.core.cron import Zone
    from arco_sched.service.why_during import Occasion, WhyDuring

_BETTER = ("triggered", "future")


def draw(answer: WhyDuring, clocks: Clocks, zone: Zone) -> None:
    """`arco why` about a stretch of time with no occurrence or several; `zone` is the clock of its days."""
    from arco_sched.render import why

    screen = Screen()
    if not answer.occasions:
        screen.line(f"{answer.why.schedule_id} has no occurrence {_when(answer, zone)}. Where one would have been:")
        screen.line("")
        why.draw(answer.why, clocks, None)
        return
    counts: dict[str, int] = {}
    for each in answer.occasions:
        counts[each.verdict] = counts.get(each.verdict, 0) + (each.count or 0)
    said = ", ".join(f"{count:,} {verdict}" if count else verdict for verdict, count in counts.items())
    schedule_id = answer.why.schedule_id
    screen.line(f"{schedule_id}: {counted(answer.count, 'occurrence')} {_when(answer, zone)}: {said}.")
    screen.line("")
    columns = [Column("FIRST", whole=True), Column("LAST", whole=True), Column("COUNT", right=True)]
    columns += [Column("VERDICT"), Column("RUNS")]
    screen.table(columns, (_row(each, clocks, schedule_id) for each in answer.occasions))
    worst = next((each for each in answer.occasions if each.verdict not in _BETTER), None)
    worst = worst or next((each for each in answer.occasions if each.run_status == "failed"), answer.occasions[-1])
    screen.line("")
    at = clocks.show(worst.first, schedule_id)
    screen.line(f'Next: `arco why {schedule_id} --at "{at}"` explains that one.')


def _row(each: Occasion, clocks: Clocks, schedule_id: str) -> list[Cell]:
    alone = each.first == each.last
    return [
        clocks.show(each.first, schedule_id),
        "" if alone else clocks.show(each.last, schedule_id),
        "" if each.count is None else f"{each.count:,}",
        (each.verdict + (f" ({each.reason})" if each.reason else ""), VERDICT_STYLES.get(each.verdict, "")),
        status(each.run_status) if each.run_status else "",
    ]


def _when(answer: WhyDuring, zone: Zone) -> str:
    """`on Monday 2025-01-13`, or from when to when."""
    start, stop = answer.start + zone.offset_at(answer.start), answer.stop + zone.offset_at(answer.stop)
    if start % DAY == 0 and stop - start == DAY:
        name = ("Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday")[start // DAY % 7]
        where = "" if zone.name == "UTC" else f" in {zone.name}"
        return f"on {name} {format_instant(start)[:10]}{where}"
    shown = [instant_in(at, None if zone.name == "UTC" else zone.offset_at(at)) for at in (answer.start, answer.stop)]
    return f"from {shown[0]} to {shown[1]}"
