"""`arco schedule rewind` and `arco schedule discard`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from arco_sched.core.history import LapseRecord, Rewinding
from arco_sched.render.drawing import for_screen
from arco_sched.render.json import Row, instant, lapse_row, line, optional
from arco_sched.render.phrases import DRY_RUN, counted
from arco_sched.render.times import Clocks


def rewound_json(answer: Sequence[Rewinding], now: int, *, dry_run: bool) -> str:
    """`arco schedule rewind --json`; of each lapse what is left of it, null `before` where it is withdrawn."""
    return line(
        {
            "now": instant(now),
            "dry_run": dry_run,
            "rewound": [
                {
                    "schedule_id": each.schedule_id,
                    "from": instant(each.before),
                    "to": instant(each.cursor),
                    "versions": [
                        {
                            "definition_version": shift.version,
                            "effective_from": instant(shift.effective_from),
                            "start_at": optional(shift.start_at),
                        }
                        for shift in each.versions
                    ],
                    "lapses": [
                        {"seq": cut.seq, "before": optional(cut.before), "missed": cut.missed} for cut in each.lapses
                    ],
                    "ticks_ahead": each.ticks,
                }
                for each in answer
            ],
        }
    )


def rewound(answer: Sequence[Rewinding], clocks: Clocks, *, dry_run: bool) -> str:
    """`arco schedule rewind`."""
    if not answer:
        return "No schedule is ahead of the clock.\n"
    said = []
    for each in answer:
        verb = "would be brought" if dry_run else "brought"
        before, cursor = (clocks.show(at, each.schedule_id) for at in (each.before, each.cursor))
        parts = [] if each.before == each.cursor else [f"{verb} back from {before} to {cursor}"]
        parts += _versions(each, clocks)
        withdrawn = sum(cut.before is None for cut in each.lapses)
        if withdrawn:
            parts.append(f"{counted(withdrawn, 'lapse')} withdrawn")
        if len(each.lapses) > withdrawn:
            parts.append(f"{counted(len(each.lapses) - withdrawn, 'lapse')} cut short")
        if each.ticks:
            ran = "its run was requested" if each.ticks == 1 else "their runs were requested"
            parts.append(
                f"{counted(each.ticks, 'tick')} beyond the clock {'stays' if each.ticks == 1 else 'stay'}, {ran}"
            )
        said.append(f"{each.schedule_id}: {'; '.join(parts)}.\n")
    return for_screen((DRY_RUN.strip() + "\n" if dry_run else "") + "".join(said))


def _versions(rewinding: Rewinding, clocks: Clocks) -> list[str]:
    """What is said of the versions: when they take effect, and a start that moved."""
    found: dict[int, list[str]] = {}
    for shift in rewinding.versions:
        found.setdefault(shift.effective_from, []).append(f"v{shift.version}")
    said = [
        f"{', '.join(numbers)} {'takes' if len(numbers) == 1 else 'take'} effect at "
        f"{clocks.show(at, rewinding.schedule_id)}"
        for at, numbers in found.items()
    ]
    starts = {shift.start_at for shift in rewinding.versions if shift.start_at is not None}
    return said + [f"its start is {clocks.show(start, rewinding.schedule_id)}" for start in sorted(starts)]


def discarded_json(schedule_id: str, answer: Sequence[LapseRecord], *, dry_run: bool) -> str:
    """`arco schedule discard --json`."""
    return line(_discarded_row(schedule_id, answer, dry_run=dry_run))


def all_discarded_json(answers: Mapping[str, Sequence[LapseRecord]], *, dry_run: bool) -> str:
    """`arco schedule discard --json` of many."""
    return line({"schedules": [_discarded_row(name, lapses, dry_run=dry_run) for name, lapses in answers.items()]})


def _discarded_row(schedule_id: str, answer: Sequence[LapseRecord], *, dry_run: bool) -> Row:
    count = sum(lapse.missed or 0 for lapse in answer)
    lapses = [lapse_row(lapse) for lapse in answer]
    return {"schedule_id": schedule_id, "discarded": count, "dry_run": dry_run, "lapses": lapses}


def discarded(schedule_id: str, answer: Sequence[LapseRecord], clocks: Clocks, *, dry_run: bool) -> str:
    """`arco schedule discard`."""
    if not answer:
        return f"{schedule_id}: nothing is waiting.\n"
    count = sum(lapse.missed or 0 for lapse in answer)
    verb = "would lapse" if dry_run else "lapsed"
    first, last = clocks.show(answer[0].after, schedule_id), clocks.show(answer[-1].before, schedule_id)
    text = (
        f"{schedule_id}: {counted(count, 'occurrence')} that waited {verb} (discarded), after {first} and before {last}"
    )
    if any(lapse.missed is None for lapse in answer):
        text += "; what a version that can't be evaluated had there is not counted"
    return for_screen(f"{DRY_RUN if dry_run else ''}{text}.\n")
