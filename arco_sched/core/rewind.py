"""Bringing a schedule back that is ahead of the clock. Pure.

A clock that was wrong for a while (or a mistaken `--allow-future`) leaves schedules accounted for far into the future:
nothing would be due until then, and no change would take effect. A rewind undoes that. The cursor goes back to the
clock; lapses beyond it are cut there or withdrawn, so that their occurrences are due when their time comes; versions
that had been pushed behind the cursor take effect now, and so do those that the wrong clock made, with the start that
it gave them. Ticks beyond the clock stay, since their runs were requested: when their time comes they are found, and
not made twice.
"""

from collections.abc import Sequence

from arco_sched.core.definitions import Term
from arco_sched.core.evaluate import stretches
from arco_sched.core.history import LapseCut, Rewinding, VersionShift
from arco_sched.core.instants import BEFORE_ALL, CLOCK_TOLERANCE


def rewind(
    schedule_id: str,
    terms: Sequence[Term],
    cursor: int,
    lapses: Sequence[tuple[int, int, int, int | None]],
    ticks: Sequence[int],
    now: int,
    floor: int = BEFORE_ALL,
) -> Rewinding | None:
    """What brings the schedule back to `now`, or None if neither its cursor nor its newest version is ahead of it by
    more than a minute.

    `terms` are all versions, newest first; `lapses` those that reach beyond `now`, each (seq, after, before, missed);
    `ticks` the instants of the scheduled ticks after the first of these and after `now`. A cursor never goes back
    before the beginning of the schedule, where there is nothing to account for, nor before `floor`, through which runs
    were pruned: their keys are no longer reserved, so the runs would be made twice.
    """
    starts = _starts(terms, now)
    begin = min(min(term.effective_from, starts[term.version]) for term in terms)
    target = max(now, begin - 1, floor)
    moved = {}
    for term in reversed(terms):
        start = starts[term.version]
        shift = VersionShift(
            term.version,
            min(term.effective_from, max(target + 1, start)),
            None if start == term.start_at else start,
        )
        if shift.effective_from != term.effective_from or shift.start_at is not None:
            moved[term.version] = shift
    if not (cursor > max(target, now + CLOCK_TOLERANCE) or _is_ahead(terms[0], moved.get(terms[0].version), now)):
        return None
    return Rewinding(
        schedule_id=schedule_id,
        before=cursor,
        cursor=min(cursor, target),
        versions=tuple(moved.values()),
        lapses=tuple(_cuts(terms, lapses, ticks, target)),
        ticks=sum(at > target for at in ticks),
    )


def _starts(terms: Sequence[Term], now: int) -> dict[int, int]:
    """The start of each version; a start that was only the time of a clock far ahead of `now` becomes the second after
    `now`."""
    starts = {}
    wrong: int | None = None
    earlier: Term | None = None
    for term in reversed(terms):
        if earlier is None or earlier.deleted:
            wrong = term.start_at if term.start_at == term.created_at > now + CLOCK_TOLERANCE else None
        starts[term.version] = now + 1 if term.start_at == wrong else term.start_at
        earlier = term
    return starts


def _is_ahead(newest: Term, shift: VersionShift | None, now: int) -> bool:
    """Whether the newest version takes effect, or starts, only at an instant set by a wrong clock."""
    if shift is None:
        return False
    late = now + CLOCK_TOLERANCE
    return (newest.effective_from > late and newest.created_at > late) or shift.start_at is not None


def _cuts(
    terms: Sequence[Term], lapses: Sequence[tuple[int, int, int, int | None]], ticks: Sequence[int], target: int
) -> list[LapseCut]:
    """What becomes of the lapses."""
    cuts = []
    for seq, after, before, missed in lapses:
        if before - 1 <= target:
            continue
        left = None
        if missed is not None:
            parts = stretches(terms, after + 1, target + 1, [at for at in ticks if after < at <= target])
            left = sum(part.occurring(part.start, part.stop) for part in parts)
        gone = after >= target or left == 0
        cuts.append(LapseCut(seq, None if gone else target + 1, None if gone else left))
    return cuts
