"""Bringing a cursor back that is ahead of the clock. Pure.

A clock that was wrong for a while (or an `--allow-future` that was a mistake) leaves schedules accounted for far into
the future: nothing would be due until then, and no change would take effect. A rewind ends that. The cursor goes back
to the clock; lapses beyond it are cut there or withdrawn, so that their occurrences are due when their time comes;
versions that had been pushed behind the cursor take effect now. Ticks beyond the clock stay, since their runs were
requested: when their time comes they are found, and not made twice.
"""

from collections.abc import Sequence

from arco_sched.core.definitions import Term
from arco_sched.core.evaluate import stretches
from arco_sched.core.history import LapseCut, Rewinding


def rewind(
    schedule_id: str,
    terms: Sequence[Term],
    cursor: int,
    lapses: Sequence[tuple[int, int, int, int | None]],
    ticks: Sequence[int],
    now: int,
) -> Rewinding | None:
    """What brings the cursor back to `now`, or None where it is not ahead of it.

    `terms` are all versions, newest first; `lapses` those that reach beyond `now`, each (seq, after, before, missed);
    `ticks` the instants of the scheduled ticks after the first of these, and after `now`. A cursor is never brought
    back behind the start of version 1, before which there is nothing to account for.
    """
    start = terms[-1].start_at
    target = max(now, start - 1)
    if cursor <= target:
        return None
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
    pushed = [term for term in terms if term.effective_from > target and term.effective_from != term.start_at]
    return Rewinding(
        schedule_id=schedule_id,
        before=cursor,
        cursor=target,
        versions=tuple((term.version, target + 1) for term in reversed(pushed)),
        lapses=tuple(cuts),
        ticks=sum(at > target for at in ticks),
    )
