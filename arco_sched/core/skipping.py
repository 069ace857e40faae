"""Which occurrences become skipped ticks: those of a pause, and those on excluded days. Pure."""

from collections.abc import Sequence
from itertools import groupby

from arco_sched.core.cron import load_zone
from arco_sched.core.definitions import Term
from arco_sched.core.history import SkipReason
from arco_sched.core.instants import DAY


def skip_reason(term: Term, at: int) -> SkipReason | None:
    """Why the occurrence of a definition version at an instant requests no run; None if it requests one.

    A pause comes first. A day is that of the version's own clock at the instant.
    """
    if not term.enabled or (term.paused_until is not None and at < term.paused_until):
        return "paused"
    if term.excluded_days is not None and _is_excluded(term, term.excluded_days, at):
        return "excluded"
    return None


def _is_excluded(term: Term, days: str, at: int) -> bool:
    from arco_sched.core.days import days_of  # most versions exclude none

    return (at + load_zone(term.timezone).offset_at(at)) // DAY in days_of(days)


def by_reason(term: Term, instants: Sequence[int]) -> list[tuple[SkipReason | None, list[int]]]:
    """Instants in order, grouped: neighbors that are skipped for the same reason, or not skipped, are together."""
    if term.excluded_days is None and term.paused_until is None:
        return [(None if term.enabled else "paused", list(instants))]
    return [(reason, list(some)) for reason, some in groupby(instants, lambda at: skip_reason(term, at))]
