"""The answers of the commands that keep a database well, as JSON and in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from arco_sched.core.history import LapseRecord, Rewinding
from arco_sched.core.instants import format_instant
from arco_sched.render.drawing import Page
from arco_sched.render.json import instant, lapse_row, line, optional, tick_row
from arco_sched.render.tables import ticks
from arco_sched.render.terminal import printable
from arco_sched.render.times import Clocks

if TYPE_CHECKING:
    from arco_sched.service.backfill import Backfill
    from arco_sched.service.pruning import Pruning
    from arco_sched.service.verification.findings import Verification

SHOWN: Final = 20
"""Ticks that are shown to a person; the others are in `arco ticks list`."""

NOTHING: Final = "Dry run, nothing is recorded. "


def _plural(number: int, one: str, many: str | None = None) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {many or one + 's'}"


# Verifying.


def verification_json(answer: Verification) -> str:
    """`arco verify --json`."""
    return line({"ok": answer.ok, "differences": answer.differences, "notes": answer.notes})


def verification(answer: Verification, checked: dict[str, int]) -> str:
    """`arco verify`: a line for each difference, then the notes, then the verdict with what was checked."""
    said = [*answer.differences, *(f"note: {each}" for each in answer.notes)]
    looked = " and ".join(
        _plural(checked.get(what, 0), one) for what, one in (("events", "event"), ("schedules", "schedule"))
    )
    if answer.ok:
        said.append(f"ok: {looked} checked, every row and every occurrence accounted for")
    else:
        count = _plural(len(answer.differences), "difference")
        said.append(f"NOT ok: {count}, {looked} checked; keep this file, and compare with a backup")
    return "".join(f"{printable(each)}\n" for each in said)


# Copies.


def backup_json(path: str, size: int) -> str:
    """`arco backup --json`."""
    return line({"backup": path, "bytes": size})


def backup(path: str, size: int) -> str:
    """`arco backup`."""
    path = printable(path)
    return f"Wrote {path}, {size:,} bytes. `arco --db {path} verify` checks it.\n"


# Clocks that were wrong, and backlogs that nobody needs.


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
                        {"definition_version": version, "effective_from": instant(at)} for version, at in each.versions
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
        text = f"{each.schedule_id}: {verb} back from {before} to {cursor}"
        if each.versions:
            numbers = ", ".join(f"v{version}" for version, _ in each.versions)
            text += f"; {numbers} {'takes' if len(each.versions) == 1 else 'take'} effect there"
        withdrawn = sum(cut.before is None for cut in each.lapses)
        if withdrawn:
            text += f"; {_plural(withdrawn, 'lapse')} withdrawn"
        if len(each.lapses) > withdrawn:
            text += f"; {_plural(len(each.lapses) - withdrawn, 'lapse')} cut short"
        if each.ticks:
            ran = "its run was requested" if each.ticks == 1 else "their runs were requested"
            text += f"; {_plural(each.ticks, 'tick')} beyond the clock {'stays' if each.ticks == 1 else 'stay'}, {ran}"
        said.append(f"{text}.\n")
    return (NOTHING.strip() + "\n" if dry_run else "") + "".join(said)


def discarded_json(schedule_id: str, answer: Sequence[LapseRecord], *, dry_run: bool) -> str:
    """`arco schedule discard --json`."""
    count = sum(lapse.missed or 0 for lapse in answer)
    lapses = [lapse_row(lapse) for lapse in answer]
    return line({"schedule_id": schedule_id, "discarded": count, "dry_run": dry_run, "lapses": lapses})


def discarded(schedule_id: str, answer: Sequence[LapseRecord], clocks: Clocks, *, dry_run: bool) -> str:
    """`arco schedule discard`."""
    if not answer:
        return f"{schedule_id}: nothing waits.\n"
    count = sum(lapse.missed or 0 for lapse in answer)
    verb = "would lapse" if dry_run else "lapsed"
    first, last = clocks.show(answer[0].after, schedule_id), clocks.show(answer[-1].before, schedule_id)
    text = (
        f"{schedule_id}: {_plural(count, 'occurrence')} that waited {verb} (discarded), after {first} and before {last}"
    )
    if any(lapse.missed is None for lapse in answer):
        text += "; what a version that can't be evaluated had there is not counted"
    return f"{NOTHING if dry_run else ''}{text}.\n"


# Backfilling and pruning.


def backfill_json(answer: Backfill) -> str:
    """`arco backfill --json`."""
    return line(
        {
            "schedule_id": answer.schedule_id,
            "from": instant(answer.start),
            "to": instant(answer.stop),
            "created": answer.created,
            "existing": answer.existing,
            "ran": answer.ran,
            "waiting": answer.waiting,
            "remaining": answer.remaining,
            "conflicts": answer.conflicts,
            "dry_run": answer.dry_run,
            "ticks": [tick_row(tick) for tick in answer.ticks],
        }
    )


def backfill(answer: Backfill, clocks: Clocks) -> None:
    """`arco backfill`: what was made, and what of the range was not and why."""
    page = Page()
    start, stop = (clocks.show(at, answer.schedule_id) for at in (answer.start, answer.stop))
    verb = "would be backfilled" if answer.dry_run else "backfilled"
    parts = [f"{_plural(answer.created, 'occurrence')} {verb}"]
    parts += [f"{answer.existing:,} backfilled before"] if answer.existing else []
    parts += [f"{answer.ran:,} had run"] if answer.ran else []
    parts += (
        [f"{answer.waiting:,} {'waits' if answer.waiting == 1 else 'wait'} for `arco tick`"] if answer.waiting else []
    )
    head = NOTHING if answer.dry_run else ""
    page.line(f"{head}{answer.schedule_id} from {start} to before {stop}: {', '.join(parts)}.")
    if answer.ticks:
        page.line("")
        ticks(answer.ticks[:SHOWN], clocks, page=page)
        if len(answer.ticks) > SHOWN:
            page.line(f"and {len(answer.ticks) - SHOWN:,} more" + ("." if answer.dry_run else ": `arco ticks list`"))
    if answer.remaining or answer.conflicts:
        page.line("")
    if answer.remaining:
        page.line(f"{answer.remaining:,} more are left by --limit: the same command goes on with them.", "yellow")
    if answer.conflicts:
        count = _plural(answer.conflicts, "run key was", "run keys were")
        page.line(
            f"{count} reserved for another content, and the first run stayed: `arco ticks show` tells.", "bold red"
        )


def pruning_json(answer: Pruning) -> str:
    """`arco prune --json`."""
    return line(
        {
            "before": instant(answer.before),
            "schedules": answer.schedules,
            "ticks": answer.ticks,
            "lapses": answer.lapses,
            "dry_run": answer.dry_run,
        }
    )


def pruning(answer: Pruning) -> str:
    """`arco prune`."""
    before = format_instant(answer.before)
    if not answer.schedules:
        return f"Nothing is older than {before}.\n"
    verb = "would be removed" if answer.dry_run else "removed"
    what = f"{_plural(answer.ticks, 'tick')} and {_plural(answer.lapses, 'lapse record')}"
    of = _plural(answer.schedules, "schedule")
    return f"{NOTHING if answer.dry_run else ''}{what} of {of} {verb}: history before {before}.\n"
