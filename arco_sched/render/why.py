"""`arco why`: the verdict in a sentence, the chain that leads to it, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from arco_sched.core.cron import Explanation
from arco_sched.render.drawing import ALARM, BAD, BUSY, GOOD, NOTE, Cell, Column, Screen, Styled
from arco_sched.render.json import (
    Row,
    conflict_rows,
    instant,
    lapse_row,
    line,
    optional,
    tick_row,
    version_row,
)
from arco_sched.render.lives import attempt_row, life_row
from arco_sched.render.times import Clocks, distance, instant_in, span
from arco_sched.render.waits import advice as run_advice
from arco_sched.render.waits import outcome

if TYPE_CHECKING:
    from arco_sched.service.life import RunLife
    from arco_sched.service.why import Why
    from arco_sched.service.why_during import Occasion, WhyDuring

VERDICT_STYLES: Final = {
    "triggered": GOOD,
    "skipped": NOTE,
    "waiting": NOTE,
    "lapsed": BAD,
    "unevaluable": ALARM,
    "unaccounted": ALARM,
}
_RUN_STYLES: Final = {"succeeded": GOOD, "failed": ALARM, "running": BUSY}
_SKIPPED: Final = {None: "", "paused": "the schedule was paused", "excluded": "its day is excluded"}
_IN_THE_FUTURE: Final = {
    "no-occurrence": "will not fire: its expression does not occur then",
    "not-started": "will not fire: it will not have started",
    "ended": "will not fire: it will have ended",
    "deleted": "will not fire: it is deleted",
    "unevaluable": "can't be evaluated",
}
_WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MARKS: Final = {True: ("ok", GOOD), False: ("!!", ALARM), None: ("", "")}
"""Whether a link of the chain is as it is for a run, or is what stands in its way."""


def as_json(answer: Why, logs: Sequence[str | None], log_tail: str | None, during: WhyDuring | None = None) -> str:
    """`arco why --json`; `logs` are the paths of what each attempt printed, `log_tail` is the end of the last; `during`
    is there where more than an instant was asked about."""
    detail = answer.tick
    return line(
        {
            "schedule_id": answer.schedule_id,
            "at": instant(answer.at),
            "now": instant(answer.now),
            "verdict": answer.verdict,
            "late_seconds": late_seconds(answer),
            "reasons": [{"about": each.about, "holds": each.holds, "text": each.text} for each in answer.reasons],
            "version": None if answer.version is None else version_row(answer.version),
            "explanation": None if answer.explanation is None else _explanation(answer.explanation),
            "tick": None if detail is None else tick_row(detail.tick),
            "run": _run(answer, logs, log_tail),
            "conflicts": [] if detail is None else conflict_rows(detail.conflicts),
            "lapse": None if answer.lapse is None else lapse_row(answer.lapse),
            "other_ticks": [tick_row(tick) for tick in answer.other_ticks],
            "from": None if during is None else instant(during.start),
            "to": None if during is None else instant(during.stop),
            "occurrences": None if during is None else [_occasion(each) for each in during.occasions],
        }
    )


def _occasion(each: Occasion) -> Row:
    return {
        "first": instant(each.first),
        "last": instant(each.last),
        "count": each.count,
        "verdict": each.verdict,
        "reason": each.reason,
        "run_status": each.run_status,
        "tick_id": each.tick_id,
        "run_id": each.run_id,
    }


def _run(answer: Why, logs: Sequence[str | None], log_tail: str | None) -> Row | None:
    life = answer.life
    if life is None:
        return None
    attempts = [attempt_row(each, log) for each, log in zip(life.attempts, logs, strict=True)]
    return life_row(life) | {"attempts": attempts, "log_tail": log_tail}


def _explanation(explanation: Explanation) -> Row:
    return {
        "timezone": explanation.timezone,
        "local": explanation.local,
        "kind": explanation.kind,
        "fields": [
            {"name": field.name, "text": field.text, "value": field.value, "matches": field.matches}
            for field in explanation.fields
        ],
        "day_rule": explanation.day_rule,
        "day_matches": explanation.day_matches,
        "clock": explanation.clock,
        "shift_seconds": explanation.shift,
        "occurs": explanation.occurs,
        "note": explanation.note,
        "previous": optional(explanation.previous),
        "next": optional(explanation.next),
    }


def draw(answer: Why, clocks: Clocks, log_tail: str | None) -> None:
    """`arco why`; `log_tail` is the end of what the run printed."""
    screen = Screen()
    screen.line(_verdict(answer, clocks), VERDICT_STYLES.get(answer.verdict, "bold"))
    screen.line("")
    screen.table(
        [Column("", whole=True), Column("LOOKED AT"), Column("FOUND")],
        ([_MARKS[each.holds], each.about, clocks.localized(each.text, answer.schedule_id)] for each in answer.reasons),
    )
    if answer.explanation is not None and not all(field.matches for field in answer.explanation.fields):
        screen.line("")
        _draw_fields(screen, answer.explanation)
    if answer.life is not None and answer.life.attempts:
        screen.line("")
        screen.line(
            f"The run: {outcome(answer.life)}{_begun(answer.life, answer.at)}.",
            _RUN_STYLES.get(answer.life.state.status, ""),
        )
        if log_tail is not None:
            screen.line("The end of its log:")
            for each in log_tail.splitlines():
                screen.line(f"  {each}")
    advice = list(_advice(answer, clocks))
    if advice:
        screen.line("")
    for each in advice:
        screen.line(f"Next: {each}")


def _begun(life: RunLife, at: int) -> str:
    """How long after the instant the first attempt began, where it was a minute or more."""
    began = life.attempts[0].started_at
    return "" if began is None or began - at < 60 else f", begun {span(began - at)} after it was due"


def _draw_fields(screen: Screen, explanation: Explanation) -> None:
    zone = explanation.timezone
    screen.line(f"The clock in {zone} reads {instant_in(explanation.instant, explanation.offset)}.")
    rows: list[list[Cell]] = []
    for field in explanation.fields:
        if field.name == "second" and field.text == "0" and field.matches:
            continue  # an expression of five fields says nothing of seconds
        value = _WEEKDAYS[field.value] if field.name == "day-of-week" else str(field.value)
        mark: Styled = ("matches", GOOD) if field.matches else ("does NOT match", ALARM)
        rows.append([field.name, field.text, value, mark])
    if rows:
        screen.table([Column("FIELD", whole=True), Column("EXPRESSION"), Column("CLOCK", right=True), Column("")], rows)
    if explanation.day_rule == "either":
        screen.line(f"A day that either day field matches counts: {'yes' if explanation.day_matches else 'no'}.")


def _verdict(answer: Why, clocks: Clocks) -> str:
    schedule_id = answer.schedule_id
    when = f"{clocks.show(answer.at, schedule_id)} ({distance(answer.at, answer.now)})"
    conflict = answer.tick is not None and answer.tick.run is not None and _lost(answer)
    lapse = answer.lapse
    late = _late(answer)
    sentence = {
        "triggered": "was triggered"
        + late
        + (", but its run key was reserved for another content" if conflict else ""),
        "skipped": f"was skipped{late}, since {_SKIPPED[_skip_reason(answer)]}",
        "lapsed": "lapsed" + ("" if lapse is None else f" ({lapse.reason})") + ": it was never evaluated",
        "waiting": "is due and waits: it has not been evaluated yet",
        "future": "is yet to come",
        "no-occurrence": "did not fire: its expression does not occur then",
        "not-started": "did not fire: it had not started",
        "ended": "did not fire: it had ended",
        "deleted": "did not fire: it was deleted",
        "unevaluable": "could not be evaluated",
        "pruned": "was accounted for, and that history has been pruned",
        "moved": "was accounted for at another instant, under other zone rules",
        "unaccounted": "is NOT accounted for, which must not be",
    }[answer.verdict]
    if answer.at > answer.now:
        sentence = _IN_THE_FUTURE.get(answer.verdict, sentence)
    return f"{answer.verdict.upper()}: {schedule_id} at {when} {sentence}."


def _late(answer: Why) -> str:
    """How late the occurrence was evaluated, where it was a minute or more."""
    late = late_seconds(answer)
    return f" {span(late)} late" if late is not None and late >= 60 else ""


def late_seconds(answer: Why) -> int | None:
    """How long after the instant its scheduled tick was evaluated; None where there is no such tick."""
    return None if answer.tick is None else answer.tick.tick.evaluated_at - answer.at


def _skip_reason(answer: Why) -> str | None:
    return None if answer.tick is None else answer.tick.tick.skip_reason


def _lost(answer: Why) -> bool:
    detail = answer.tick
    return (
        detail is not None
        and detail.run is not None
        and detail.run.request_fingerprint != detail.tick.request_fingerprint
    )


def _advice(answer: Why, clocks: Clocks) -> Iterator[str]:
    """What to do next, a sentence each."""
    schedule_id, at = answer.schedule_id, answer.at
    ends = [clocks.show(each, schedule_id) for each in (at, at + 1)]
    again = f'`arco backfill {schedule_id} --from "{ends[0]}" --to "{ends[1]}"`'
    backfilled = any(tick.tick_id.startswith(f"{schedule_id}:backfill:") for tick in answer.other_ticks)
    if answer.life is not None:
        yield run_advice(answer.life, answer.now, clocks)
    if _skip_reason(answer) == "excluded":
        yield f"`arco schedule trigger {schedule_id}` requests a run now; a backfill leaves excluded days alone."
    elif answer.verdict in {"lapsed", "skipped"} and not backfilled:
        yield f"{again} requests its run after all."
    occurs = answer.explanation is not None and answer.explanation.occurs
    if answer.verdict == "not-started" and occurs and at <= answer.now and not backfilled:
        yield f"{again} requests a run as if it had started earlier."
    if answer.verdict == "waiting":
        yield "`arco tick` evaluates it, and `arco status` says whether anybody does."
        yield f"`arco schedule discard {schedule_id}` lets all that waits lapse instead."
    if answer.verdict == "no-occurrence":
        yield f"`arco schedule preview {schedule_id}` shows when it is due."
    if answer.verdict == "unevaluable":
        yield f"`arco ticks list --schedule {schedule_id} --status failed` has the error, which an update can mend."
    if answer.verdict in {"deleted", "ended"}:
        yield f"`arco schedule versions {schedule_id}` shows what changed and when."
    if answer.verdict == "unaccounted":
        yield "`arco verify` names every such difference."
