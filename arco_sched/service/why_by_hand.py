"""`arco why` without an instant: about the last occurrence, or the run that was triggered by hand since."""

from arco_sched.core import identity
from arco_sched.core.history import Tick
from arco_sched.core.instants import MIN_INSTANT, format_instant
from arco_sched.core.ports import Transaction
from arco_sched.service import run_reasons
from arco_sched.service.expression_reasons import Said
from arco_sched.service.life import look
from arco_sched.service.not_found import number_of
from arco_sched.service.requests import tick_detail
from arco_sched.service.signed import of_tick
from arco_sched.service.why import Reason, Why, expected, why


def why_now(transaction: Transaction, schedule_id: str, now: int) -> Why:
    """Why the schedule did or did not fire at its last occurrence through `now`, else its next; or what became of the
    run that was triggered by hand since then. Raises `NotFound`."""
    schedule = number_of(transaction, schedule_id)
    at = expected(transaction.definitions.terms(schedule), now)
    tick = _last_by_hand(transaction, schedule, at + 1 if at <= now else MIN_INSTANT, now)
    if tick is None:
        return why(transaction, schedule_id, at, now)
    return _of_tick(transaction, schedule, tick, at, now)


def is_by_hand(tick: Tick) -> bool:
    """Whether somebody asked for this tick (`arco schedule trigger`)."""
    key = identity.parse_tick_id(tick.tick_id)
    return key is not None and key.origin == "manual"


def _last_by_hand(transaction: Transaction, schedule: int, since: int, now: int) -> Tick | None:
    """The newest tick in `[since, now]`, where it was triggered by hand."""
    newest = transaction.history.ticks(schedule=schedule, status="triggered", since=since, until=now + 1, limit=1)
    return newest[0] if newest and is_by_hand(newest[0]) else None


def _of_tick(transaction: Transaction, schedule: int, tick: Tick, occurrence: int, now: int) -> Why:
    detail = tick_detail(transaction, tick.tick_id)
    life = None if detail.run is None else look(transaction, detail.run.run_id, now)
    who = of_tick(transaction, schedule, tick)
    said: list[Said] = [("tick", True, f"{tick.tick_id} was triggered by hand{f', {who}' if who else ''}")]
    said += run_reasons.of_request(detail)
    said += [] if life is None else run_reasons.of_life(life, now)
    at = format_instant(occurrence)
    which = "last" if occurrence <= now else "next"
    said.append(("occurrence", None, f'the {which} occurrence is at {at}: `arco why {tick.schedule_id} --at "{at}"`'))
    return Why(
        schedule_id=tick.schedule_id,
        at=tick.scheduled_for,
        now=now,
        verdict="triggered",
        reasons=tuple(Reason(about=about, holds=holds, text=text) for about, holds, text in said),
        version=detail.version,
        explanation=None,
        tick=detail,
        lapse=None,
        other_ticks=(),
        life=life,
    )
